//! What the palette offers: the things of this target, and the commands of the screen below.

use super::Below;
use crate::app::action::Action;
use crate::app::prefs::KeptPlace;
use crate::app::route::{RecordAt, Route};
use crate::domain::ids::{ModelName, RepoSlug, RunId, TagName, VersionNumber};
use crate::domain::inbox::production_among;
use crate::domain::name::shown;
use crate::domain::reference::page::{Named, Servers, spelled};
use crate::domain::reference::{Selector, VersionRef};
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::release::version_of_tag;
use crate::domain::text::clean_line;
use crate::present::version::{place, run_label, run_word};
use crate::screens::parts::waiting::{known, waiting_in};
use crate::screens::parts::{Ctx, Order};

/// What happens on Enter.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    Act(Action),
    Order(Order),
    Go(Route),
    /// The version of this model that waits, else its versions.
    Model(ModelName),
    /// Another target.
    Switch(String),
    Theme(String),
    /// It leads nowhere, and why.
    Refused(String),
}

/// The kind of an entry; of entries that match alike, the first kinds lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Model,
    Version,
    Experiment,
    Run,
    Release,
    View,
    Own,
    Command,
    Target,
    Theme,
    Refused,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Version => "version",
            Self::Experiment => "experiment",
            Self::Run => "run",
            Self::Release => "release",
            Self::View => "view",
            Self::Own => "your command",
            Self::Command => "command",
            Self::Target => "target",
            Self::Theme => "theme",
            Self::Refused => "no way",
        }
    }
}

/// Where a version stands, for its symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Production,
    Candidate,
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub goal: Goal,
    pub kind: Kind,
    pub standing: Standing,
    /// Shown, matched, and what Tab completes.
    pub name: String,
    /// As the server spells it, for an exact match.
    pub raw: String,
    /// What else is known of it.
    pub note: String,
}

impl Entry {
    fn new(kind: Kind, goal: Goal, name: impl Into<String>, note: impl Into<String>) -> Self {
        let name = name.into();
        Self { goal, kind, standing: Standing::Other, raw: name.clone(), name, note: note.into() }
    }

    fn of_route(kind: Kind, route: Route, name: impl Into<String>, note: impl Into<String>) -> Self {
        Self::new(kind, Goal::Go(route), name, note)
    }

    fn refused(why: impl Into<String>) -> Self {
        let why = why.into();
        Self::new(Kind::Refused, Goal::Refused(why.clone()), why, "")
    }
}

/// Everything that has a name: commands first, as that is the order of an empty line.
pub fn all(below: &Below, ctx: &Ctx<'_>) -> Vec<Entry> {
    let mut out: Vec<Entry> = below.commands.iter().map(|(action, keys)| command(*action, keys)).collect();
    out.extend(below.programs.iter().enumerate().map(|(i, program)| {
        let kind = if program.built_in { Kind::Command } else { Kind::Own };
        let note = if program.here { "" } else { "not on this screen" };
        Entry::new(kind, Goal::Order(Order::Own(i)), program.name.clone(), note)
    }));
    out.extend(ctx.prefs.views.iter().filter(|_| below.has_target).map(|view| {
        let filter = if view.chosen.filter.is_empty() { String::new() } else { format!(": {}", view.chosen.filter) };
        let note = format!("yours, {}{}", of_place(&view.place), clean_line(&filter));
        Entry::new(Kind::View, Goal::Order(Order::View(view.name.clone())), clean_line(&view.name), note)
    }));
    let here = &ctx.rules.target_name;
    let targets = ctx.targets.iter().filter(|target| target.name != *here);
    out.extend(targets.map(|target| {
        let (goal, note) = match &target.servers {
            Ok(servers) => (Goal::Switch(target.name.clone()), servers.clone()),
            Err(failure) => (Goal::Refused(failure.sentence()), failure.sentence()),
        };
        Entry::new(Kind::Target, goal, clean_line(&target.name), note)
    }));
    out.extend(
        ctx.themes.iter().map(|theme| {
            Entry::new(Kind::Theme, Goal::Theme(theme.clone()), theme.clone(), "colours, for this session")
        }),
    );
    if !below.has_target {
        return out;
    }
    for model in &ctx.cache.models.items {
        out.push(of_model(model, ctx));
        let versions = versions(model, ctx);
        let production = production_among(model, versions.iter().copied(), &ctx.rules.promote_to);
        out.extend(versions.iter().map(|version| of_version(version, production, ctx)));
    }
    out.extend(ctx.cache.experiments.items.iter().map(|experiment| {
        let route = Route::Runs(experiment.id.clone(), experiment.name.clone());
        Entry::of_route(Kind::Experiment, route, experiment.name.clone(), format!("id {}", experiment.id))
    }));
    out
}

/// The screen of a saved view.
fn of_place(place: &KeptPlace) -> String {
    match place {
        KeptPlace::Inbox => "inbox".to_owned(),
        KeptPlace::Models => "models".to_owned(),
        KeptPlace::Versions { model } => format!("versions of {model}"),
        KeptPlace::Review { model, version } => format!("{model} {version}"),
        KeptPlace::Experiments => "experiments".to_owned(),
        KeptPlace::Runs { name, .. } => format!("runs of {}", clean_line(name)),
        KeptPlace::Run { run } => format!("run {}", run.short()),
        KeptPlace::History { .. } => "history".to_owned(),
    }
}

/// Saves or forgets a view: `save NAME`, `forget NAME`, and with the word `view` before the name.
fn of_views(text: &str, below: &Below, ctx: &Ctx<'_>) -> Option<Entry> {
    let (verb, rest) = text.split_once(' ')?;
    let known = |name: &str| ctx.prefs.views.iter().any(|view| view.name == name);
    let rest = clean_line(rest.trim());
    let named = match rest.split_once(' ') {
        Some(("view", name)) => name.trim(),
        None if rest == "view" => "",
        Some(_) | None => &rest,
    };
    let (goal, name, note) = match verb {
        "save" if below.has_view && named.is_empty() => {
            return Some(Entry::refused("Type a name for the view: save NAME"));
        }
        "save" if below.has_view && known(named) => {
            (Order::SaveView(named.to_owned()), named, "replaces the view of that name")
        }
        "save" if below.has_view => {
            (Order::SaveView(named.to_owned()), named, "filter, sort and columns of this screen")
        }
        "forget" => {
            let name = [rest.as_str(), named].into_iter().find(|name| known(name))?;
            (Order::ForgetView(name.to_owned()), name, "drops the view of that name")
        }
        _ => return None,
    };
    Some(Entry::new(Kind::View, Goal::Order(goal), format!("{verb} {name}"), note))
}

fn command(action: Action, keys: &[String]) -> Entry {
    let help = action.help().split_once(": ").map_or("", |(_, rest)| rest);
    let keys = keys.join(", ");
    let note = if help.is_empty() { keys } else { format!("{keys}   {help}") };
    let raw = action.id().replace('_', " ");
    Entry { raw, ..Entry::new(Kind::Command, Goal::Act(action), action.name(), note) }
}

/// The versions of a model that were read, newest first.
fn versions<'a>(model: &'a RegisteredModel, ctx: &Ctx<'a>) -> Vec<&'a ModelVersion> {
    let mut all: Vec<&ModelVersion> = known(model, ctx).collect();
    all.sort_by_key(|version| std::cmp::Reverse(version.number));
    all
}

/// The version of a model that a reviewer would open: the newest that waits and is not held back.
pub fn waiting(model: &RegisteredModel, ctx: &Ctx<'_>) -> Option<VersionNumber> {
    let waiting = waiting_in(model, ctx);
    let free = waiting.iter().find(|waiting| waiting.held().is_none());
    free.or(waiting.first()).map(|waiting| waiting.candidate.number)
}

fn of_model(model: &RegisteredModel, ctx: &Ctx<'_>) -> Entry {
    let note = match waiting(model, ctx) {
        Some(number) => format!("{number} waits: its review"),
        None => "its versions".to_owned(),
    };
    let raw = model.name.as_str().to_owned();
    Entry { raw, ..Entry::new(Kind::Model, Goal::Model(model.name.clone()), model.name.to_string(), note) }
}

fn of_version(version: &ModelVersion, production: Option<VersionNumber>, ctx: &Ctx<'_>) -> Entry {
    let (model, number) = (&version.model, version.number);
    let target = &ctx.rules.promote_to;
    let (standing, note) = match Some(number) == production || target.is_held_by(version) {
        true => (Standing::Production, format!("in {target}")),
        false => (Standing::Candidate, place(version, target)),
    };
    let aliases: String = version.aliases.iter().map(|alias| format!(" @{}", clean_line(alias))).collect();
    let age = version.created_at.map(|at| format!(", {}", ctx.now.age(at))).unwrap_or_default();
    let (raw, route) = (format!("{} {number}", model.as_str()), Route::Review(model.clone(), number));
    let entry = Entry::of_route(Kind::Version, route, format!("{model} {number}"), format!("{note}{aliases}{age}"));
    Entry { raw, standing, ..entry }
}

/// What the text itself names, whether or not it is listed: an address, a reference, the id of a run, a tag.
pub fn typed(text: &str, below: &Below, ctx: &Ctx<'_>) -> Vec<Entry> {
    let text = text.trim();
    if text.is_empty() {
        return Vec::new();
    }
    let home = ctx.home();
    let servers = Servers {
        registry: ctx.registry,
        tracking: ctx.tracking,
        workspace: home.workspace.as_deref(),
        host: &ctx.rules.host,
    };
    if let Some(spelled) = spelled(text, servers) {
        return match spelled {
            Ok(named) => of_named(named, ctx),
            Err(why) => vec![Entry::refused(format!("{why}{}", elsewhere(text, ctx)))],
        };
    }
    if let Some(entry) = of_views(text, below, ctx) {
        return vec![entry];
    }
    let is_model = ctx.cache.models.items.iter().any(|model| model.name.as_str() == text);
    let mut out = match text.parse::<VersionRef>() {
        Ok(reference) if !is_model => of_reference(reference, ctx),
        _ => Vec::new(),
    };
    out.extend(of_tag(text, None, ctx));
    let runs = ctx.cache.known_runs().filter(|run| is_id(text) && run.id.as_str().starts_with(text));
    out.extend(runs.map(|run| {
        let note = format!("{} {}", run_label(run), run_word(run));
        Entry::of_route(Kind::Run, Route::Run(run.id.clone()), run.id.to_string(), note)
    }));
    out
}

/// Whether it may be the beginning of the id of a run.
fn is_id(text: &str) -> bool {
    text.len() >= 4 && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Which other target an address belongs to.
fn elsewhere(address: &str, ctx: &Ctx<'_>) -> String {
    let Some(place) = url::Url::parse(address).ok().map(|url| url.origin().ascii_serialization()) else {
        return String::new();
    };
    let at = |target: &&crate::domain::target::TargetEntry| {
        let servers = target.servers.as_deref().unwrap_or_default();
        target.name != ctx.rules.target_name && servers.split_whitespace().any(|word| word.starts_with(&place))
    };
    let target = ctx.targets.iter().find(at);
    target.map(|target| format!(" The target {} is there.", clean_line(&target.name))).unwrap_or_default()
}

fn of_named(named: Named, ctx: &Ctx<'_>) -> Vec<Entry> {
    match named {
        Named::Version(reference) => of_reference(reference, ctx),
        Named::Model(name) => match ctx.cache.models.items.iter().find(|model| model.name == name) {
            Some(model) => vec![of_model(model, ctx)],
            None => {
                let shown = name.to_string();
                vec![Entry::new(Kind::Model, Goal::Model(name), shown, "not among the models that were read")]
            }
        },
        Named::Run(id) => vec![of_run(id, ctx)],
        Named::Experiment(id) => {
            let known = ctx.cache.experiments.items.iter().find(|experiment| experiment.id == id);
            let name = known.map_or_else(|| format!("experiment {id}"), |experiment| experiment.name.clone());
            vec![Entry::of_route(Kind::Experiment, Route::Runs(id.clone(), name.clone()), name, format!("id {id}"))]
        }
        Named::Tag(repo, tag) => {
            let mut found = of_tag(tag.as_str(), Some(&repo), ctx);
            if found.is_empty() {
                found.push(of_release(repo, tag));
            }
            found
        }
    }
}

fn of_run(id: RunId, ctx: &Ctx<'_>) -> Entry {
    let note = ctx.cache.run(&id).flatten().map(|run| format!("{} {}", run_label(run), run_word(run)));
    let name = id.to_string();
    Entry::of_route(Kind::Run, Route::Run(id), name, note.unwrap_or_default())
}

fn of_reference(reference: VersionRef, ctx: &Ctx<'_>) -> Vec<Entry> {
    let model = ctx.cache.models.items.iter().find(|model| model.name == reference.model);
    if model.is_none() {
        // The last of the three names of a model in Unity Catalog, which nobody types whole.
        let last = |name: &str| name.rsplit_once('.').is_some_and(|(_, last)| last == reference.model.as_str());
        let mut named = ctx.cache.models.items.iter().filter(|model| last(model.name.as_str())).peekable();
        if named.peek().is_some() {
            let whole = |model: &RegisteredModel| VersionRef { model: model.name.clone(), ..reference.clone() };
            return named.flat_map(|model| of_reference(whole(model), ctx)).collect();
        }
    }
    let number = match &reference.selector {
        Selector::Number(number) => *number,
        Selector::Alias(alias) => {
            let on = |version: &&ModelVersion| version.aliases.iter().any(|there| there == alias);
            let listed = model.and_then(|model| model.aliases.get(alias).copied());
            let read = || model.and_then(|model| versions(model, ctx).into_iter().find(on)).map(|v| v.number);
            match listed.or_else(read) {
                Some(number) => number,
                None if model.is_none() => return Vec::new(),
                None => {
                    let why = format!("{} has no alias '{}'.", reference.model, clean_line(alias));
                    return vec![Entry::refused(why)];
                }
            }
        }
    };
    let known = model.and_then(|model| versions(model, ctx).into_iter().find(|v| v.number == number));
    let production = model.and_then(|model| {
        let versions = versions(model, ctx);
        production_among(model, versions.iter().copied(), &ctx.rules.promote_to)
    });
    vec![match known {
        Some(version) => of_version(version, production, ctx),
        None => {
            let route = Route::Review(reference.model.clone(), number);
            Entry::of_route(Kind::Version, route, format!("{} {number}", reference.model), "its review")
        }
    }]
}

/// The version that a tag was made for, by the tags' template, and what was signed. `repo` is where the tag is.
fn of_tag(text: &str, repo: Option<&RepoSlug>, ctx: &Ctx<'_>) -> Vec<Entry> {
    let Ok(tag) = text.parse::<TagName>() else { return Vec::new() };
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    let rules = ctx.rules;
    let version = ctx
        .cache
        .models
        .items
        .iter()
        .find_map(|model| Some((&model.name, version_of_tag(&rules.tag_template, &model.name, tag.as_str())?)));
    let Some((model, number)) = version else { return Vec::new() };
    let its = rules.repository.resolve(Some(model), None, &rules.host).ok();
    let selector = Selector::Number(number);
    let mut out = of_reference(VersionRef { model: model.clone(), selector }, ctx);
    match (repo, its) {
        // The tag of a namesake in another repository is not the tag of this version.
        (Some(repo), Some(its)) if *repo != its => return vec![of_release(repo.clone(), tag)],
        (Some(repo), _) => out.push(of_release(repo.clone(), tag)),
        (None, Some(its)) => out.push(of_release(its, tag)),
        (None, None) => {}
    }
    out
}

fn of_release(repo: RepoSlug, tag: TagName) -> Entry {
    let (name, note) = (tag.to_string(), format!("what was signed, on its release in {repo}"));
    Entry::of_route(Kind::Release, Route::Record(RecordAt::Release(repo, tag)), name, note)
}

/// What is said where nothing matches.
pub fn nothing(text: &str) -> String {
    match text.trim() {
        "" => "There is nothing to go to.".to_owned(),
        text => format!("Nothing here is called '{}'.", shown(&crate::domain::text::shorten(text, 60))),
    }
}
