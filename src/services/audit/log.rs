//! Reads what was decided and what was in production when, from every source: this machine, the repository's releases,
//! and version tags. Bounded; the log says what was not read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::future::join;
use futures_util::stream;

use crate::domain::commit::ReleaseState;
use crate::domain::failure::{Failure, Note, Outcome};
use crate::domain::identity::{Home, Identity};
use crate::domain::ids::{ModelName, RepoSlug, VersionNumber};
use crate::domain::limits;
pub use crate::domain::log::{Effect, FoundIn, Log, LogEntry, compare, merge, other_versions};
use crate::domain::origin::repository_at;
use crate::domain::page::walk;
use crate::domain::promotion::{Ending, Phase, SagaState, fold};
use crate::domain::provenance::Provenance;
use crate::domain::record::chain::ChainLine;
use crate::domain::record::{ASSET, DecisionMark, Record, Sealed};
use crate::domain::registry::{ModelVersion, PromotionTarget, RegisteredModel};
use crate::domain::release::{REGISTRY_TRAILER, WORKSPACE_TRAILER, operation_in, trailer};
use crate::domain::text::{self, clean_line};
use crate::services::Services;
use crate::services::audit::chain;
use crate::services::notes::unread;

/// Most pages of a hundred releases per repository.
const RELEASE_PAGES: usize = 3;
/// Most records read from releases, one request each; records on this machine are not read again.
const MAX_RECORDS: usize = 100;
/// Most models whose versions are read if none is named.
const MAX_MODELS: usize = 50;
/// Most pages of versions per model.
const VERSION_PAGES: usize = 3;
/// Concurrent requests.
const AT_ONCE: usize = 6;

/// The result of one source.
#[derive(Default)]
struct Found {
    entries: Vec<LogEntry>,
    seen: Option<String>,
    notes: Vec<Note>,
    /// Decisions that belong to other registries, by registry.
    others: BTreeMap<String, usize>,
}

impl Found {
    fn say(&mut self, text: impl Into<String>) {
        self.notes.push(Note::Said(text.into()));
    }

    /// Counts a decision that is not listed because it is about the place `there`.
    fn left(&mut self, there: String) {
        *self.others.entry(there).or_default() += 1;
    }

    /// Says where the decisions of `place` that are not listed belong.
    fn elsewhere(&mut self, place: &str) -> Option<String> {
        let others = std::mem::take(&mut self.others);
        let list: Vec<String> = others.iter().map(|(home, n)| format!("{n} of {home}")).collect();
        (!list.is_empty()).then(|| format!("decisions of {place} that belong elsewhere: {}", list.join(", ")))
    }
}

/// Reads the log of `model`, or of every model. Never fails: a source that cannot be read becomes a note.
pub async fn read(services: &Services, model: Option<&ModelName>) -> Log {
    let home = match services.home().await {
        Ok(home) => home,
        Err(failure) => {
            let unnamed = Home { registry: services.registry.url(), workspace: None };
            let log = read_at(services, model, &unnamed).await;
            return Log { notes: std::iter::once(unread(failure)).chain(log.notes).collect(), ..log };
        }
    };
    read_at(services, model, &home).await
}

async fn read_at(services: &Services, model: Option<&ModelName>, home: &Home) -> Log {
    let mut machine = machine(services, model, home).await;
    let elsewhere = machine.elsewhere("this machine");
    let known: BTreeSet<String> = machine.entries.iter().filter_map(|e| Some(e.record_id?.to_string())).collect();
    let repos = repositories(services, model, &machine.entries);
    let (mut releases, (mut log, versions)) =
        join(releases(services, model, home, &repos, &known, &machine.entries), tags(services, model, home)).await;
    let mut entries = machine.entries;
    entries.append(&mut releases.entries);
    entries.append(&mut log.entries);
    // What is read of the versions says which entries are about a model that has another name now.
    compare(&mut entries, &versions);
    entries.retain(|e| model.is_none_or(|m| *m == e.model || m == e.model_now()));
    log.entries = merge(entries);
    log.target = Some(services.rules.promote_to.clone());
    let mut notes = machine.notes;
    notes.append(&mut releases.notes);
    notes.append(&mut log.notes);
    log.notes = notes;
    log.seen = [machine.seen, releases.seen].into_iter().flatten().chain(std::mem::take(&mut log.seen)).collect();
    // What cannot be read is a note already.
    log.breaks = chain::check(services).await.map(|checked| checked.breaks).unwrap_or_default();
    let (others, contradictions) = (other_versions(&log.entries), log.contradictions());
    log.notes.extend(others.into_iter().map(Note::Said));
    log.notes.extend(beside(&log.entries, &services.rules.promote_to).map(Note::Said));
    log.notes.extend(elsewhere.map(Note::Said));
    log.notes.extend(contradictions.into_iter().map(Note::Said));
    log
}

/// Says which entries are about another place of this registry: what was signed before the target changed from a stage
/// to an alias, for example.
fn beside(entries: &[LogEntry], target: &PromotionTarget) -> Option<String> {
    let mut places: Vec<String> = Vec::new();
    let others = entries.iter().filter(|e| e.is_beside(target));
    let count = others.inspect(|e| places.extend(e.place.as_ref().map(ToString::to_string))).count();
    places.sort();
    places.dedup();
    let what = if count == 1 { "1 decision is".to_owned() } else { format!("{count} decisions are") };
    (count > 0).then(|| format!("{what} about {}, not about {target} of this target", places.join(", ")))
}

/// The place of another registry or workspace that a record is about, if it is not about this one.
fn there(services: &Services, home: &Home, record: &Record) -> Option<String> {
    record.elsewhere(home, services.rules.demo)
}

async fn machine(services: &Services, model: Option<&ModelName>, home: &Home) -> Found {
    let mut found = Found::default();
    let (mut read, mut elsewhere) = (Vec::new(), BTreeSet::new());
    match services.records.read().await {
        Ok(lines) => {
            read.push("records");
            let sealed = lines.into_iter().filter_map(|line| match line {
                ChainLine::Record(sealed) => Some(*sealed),
                ChainLine::Outcome(_) => None,
            });
            for s in sealed {
                if let Some(there) = there(services, home, &s.record) {
                    elsewhere.insert(s.record.record_id);
                    if model.is_none_or(|m| *m == s.record.model.name) {
                        found.left(there);
                    }
                    continue;
                }
                let effect = match s.record.change {
                    Some(_) => Effect::Open("its promotion is not known here".to_owned()),
                    None => Effect::Said,
                };
                found.entries.push(LogEntry::of(&s, effect, FoundIn::Machine));
            }
        }
        Err(failure) => found.notes.push(unread(failure)),
    }
    match services.journals.list().await {
        Ok(stored) => {
            read.push("journals");
            for promotion in stored {
                match promotion.entries.map(|entries| if entries.is_empty() { None } else { Some(fold(&entries)) }) {
                    // Interrupted before its first entry: nothing was written to a server.
                    Ok(None) => {}
                    Ok(Some(Ok(state))) => match there(services, home, &state.plan.record.record) {
                        None => {
                            add(&mut found.entries, LogEntry::of(&state.plan.record, effect(&state), FoundIn::Machine));
                        }
                        // Its record was counted.
                        Some(_) if elsewhere.contains(&state.plan.id) => {}
                        Some(there) if model.is_none_or(|m| m == state.plan.draft.model()) => found.left(there),
                        Some(_) => {}
                    },
                    Ok(Some(Err(why))) => found.say(format!("promotion {} cannot be read: {why}", promotion.id)),
                    Err(failure) => found.notes.push(unread(failure)),
                }
            }
        }
        Err(failure) => found.notes.push(unread(failure)),
    }
    if !read.is_empty() {
        found.seen = Some(format!("{} of this machine", read.join(" and ")));
    }
    found
}

/// Adds an entry, replacing one for the same record: the journal knows the outcome.
fn add(entries: &mut Vec<LogEntry>, entry: LogEntry) {
    match entries.iter_mut().find(|e| e.record_id == entry.record_id) {
        Some(there) => *there = entry,
        None => entries.push(entry),
    }
}

fn effect(state: &SagaState) -> Effect {
    match &state.phase {
        Phase::Ended(Ending::Done) => Effect::Production,
        Phase::Ended(Ending::Undone { why }) => Effect::Failed(format!("taken back: {why}")),
        Phase::Ended(Ending::Refused { why }) => Effect::Failed(format!("refused: {why}")),
        Phase::Ended(Ending::Superseded { by }) => Effect::Failed(format!("superseded: {by}")),
        _ if state.is_released() => Effect::Production,
        _ => Effect::Open("unfinished".to_owned()),
    }
}

/// Where releases may be: the configured repositories, and those this machine released to.
fn repositories(services: &Services, model: Option<&ModelName>, here: &[LogEntry]) -> Vec<RepoSlug> {
    let rules = &services.rules;
    let configured: Vec<RepoSlug> = match model {
        Some(model) => {
            repository_at(rules, Some(model), Provenance::default(), &services.host.host()).into_iter().collect()
        }
        None => rules.repository.configured().into_iter().cloned().collect(),
    };
    let released = here.iter().filter(|e| model.is_none_or(|m| *m == e.model)).filter_map(|e| e.repository.clone());
    let mut out: Vec<RepoSlug> = Vec::new();
    for repo in configured.into_iter().chain(released) {
        if !out.contains(&repo) {
            out.push(repo);
        }
    }
    out
}

async fn releases(
    services: &Services,
    model: Option<&ModelName>,
    home: &Home,
    repos: &[RepoSlug],
    known: &BTreeSet<String>,
    here: &[LogEntry],
) -> Found {
    let mut found = Found::default();
    if repos.is_empty() {
        found.say("no repository is configured, so no releases were looked at; --repo names one");
    }
    let mut seen = Vec::new();
    for repo in repos {
        let (all, complete) = match services.host.recent_releases(repo, RELEASE_PAGES).await {
            Ok(listed) => listed,
            Err(failure) => {
                found.notes.push(unread(failure));
                continue;
            }
        };
        if !complete {
            found.say(format!("{repo} has more releases; only the newest {} were looked at", all.len()));
        }
        seen.push(format!("{} of {repo}", text::count(all.len(), "release")));
        let mut unread = Vec::new();
        for release in all {
            let Some(id) = operation_in(&release.body) else { continue };
            match here.iter().find(|e| known.contains(id) && e.record_id.is_some_and(|r| r.to_string() == id)) {
                // The release exists, whatever this machine recorded about the end of its promotion.
                Some(entry) => found.entries.push(LogEntry {
                    effect: Effect::Production,
                    sources: vec![FoundIn::Release],
                    ..entry.clone()
                }),
                None => unread.push(release),
            }
        }
        if unread.len() > MAX_RECORDS {
            found.say(format!("{repo}: only the records of the newest {MAX_RECORDS} releases were read"));
            unread.truncate(MAX_RECORDS);
        }
        let read =
            stream::iter(unread.into_iter().map(|release| async move { record(services, home, repo, &release).await }));
        let mut without = 0;
        let mut read = std::pin::pin!(read.buffered(AT_ONCE));
        while let Some(read) = read.next().await {
            match read {
                Ok(Told::Record(sealed)) => match there(services, home, &sealed.record) {
                    None => found.entries.push(LogEntry::of(&sealed, Effect::Production, FoundIn::Release)),
                    Some(there) if model.is_none_or(|m| *m == sealed.record.model.name) => found.left(there),
                    Some(_) => {}
                },
                Ok(Told::Message(entry)) => found.entries.push(*entry),
                Ok(Told::Nothing) => without += 1,
                Err(note) => found.notes.push(note),
            }
        }
        if let Some(others) = found.elsewhere(&format!("releases of {repo}")) {
            found.say(others);
        }
        if without > 0 {
            found.say(format!("{repo}: {without} releases have no {ASSET}, and their tags do not say enough"));
        }
    }
    if !seen.is_empty() {
        found.seen = Some(seen.join(", "));
    }
    found
}

/// What a release says about the decision behind it.
enum Told {
    Record(Box<Sealed>),
    Message(Box<LogEntry>),
    Nothing,
}

async fn record(services: &Services, home: &Home, repo: &RepoSlug, release: &ReleaseState) -> Result<Told, Note> {
    let what = format!("the record of {} in {repo}", clean_line(&release.tag));
    let failed = |failure| unread(Failure { operation: format!("read {what}"), ..failure });
    if let Some(file) = release.assets.iter().find(|a| a.complete && a.name == ASSET) {
        let bytes = services.code.asset(repo, file.id, limits::RECORD).await.map_err(failed)?;
        let sealed = Sealed::from_bytes(&bytes).map_err(|why| Note::Said(format!("{what} cannot be used: {why}")))?;
        return Ok(Told::Record(Box::new(sealed)));
    }
    let Ok(name) = release.tag.parse() else { return Ok(Told::Nothing) };
    let tag = services.host.tag(repo, &name).await.map_err(failed)?;
    let message = tag.and_then(|t| t.message).unwrap_or_default();
    // The same repository may hold another registry's releases.
    let says = |key: &str| trailer(&message, key);
    if says(REGISTRY_TRAILER).is_some_and(|url| url != home.registry)
        || says(WORKSPACE_TRAILER).zip(home.workspace.as_deref()).is_some_and(|(there, here)| there != here)
    {
        return Ok(Told::Nothing);
    }
    let author = release.author.as_deref().unwrap_or("nobody");
    let entry = LogEntry::of_message(&message, author, &release.tag, repo);
    Ok(entry.map_or(Told::Nothing, |e| Told::Message(Box::new(e))))
}

/// Decisions from version tags, and what the registry has in production now.
/// What was read of each model's versions, and whether that is all.
type Versions = BTreeMap<ModelName, (Vec<Identity>, bool)>;

async fn tags(services: &Services, model: Option<&ModelName>, home: &Home) -> (Log, Versions) {
    let (mut log, mut known) = (Log::default(), Versions::new());
    let models = match models(services, model, &mut log.notes).await {
        Ok(models) => models,
        Err(failure) => {
            log.notes.push(unread(failure));
            return (log, known);
        }
    };
    let count = models.len();
    let target = &services.rules.promote_to;
    let read = stream::iter(models.into_iter().map(|name| async move {
        let (versions, holders) = join(versions(services, &name, home), services.registry.holders(&name, target)).await;
        (name, versions, holders)
    }));
    let mut read = std::pin::pin!(read.buffered(AT_ONCE));
    while let Some((name, listed, holders)) = read.next().await {
        log.entries.extend(listed.entries);
        log.notes.extend(listed.notes);
        known.insert(name.clone(), (listed.versions, listed.complete));
        match holders {
            Ok(holders) => {
                let numbers: Vec<VersionNumber> = holders.iter().map(|v| v.number).collect();
                log.in_production.insert(name, numbers);
            }
            Err(failure) => log.notes.push(unread(failure)),
        }
    }
    log.seen.push(format!("tags on versions of {}", text::count(count, "model")));
    (log, known)
}

async fn models(services: &Services, model: Option<&ModelName>, notes: &mut Vec<Note>) -> Outcome<Vec<ModelName>> {
    if let Some(model) = model {
        return Ok(vec![model.clone()]);
    }
    let mut all: Vec<RegisteredModel> = Vec::new();
    let read = |page: Option<String>| async move { services.registry.models(None, page.as_deref()).await };
    let each = |items| {
        all.extend(items);
        if all.len() < MAX_MODELS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let complete = walk("list the models", read, each).await?;
    if !complete || all.len() > MAX_MODELS {
        notes.push(format!("only the first {MAX_MODELS} models were looked at; name one to see it whole").into());
        all.truncate(MAX_MODELS);
    }
    Ok(all.into_iter().map(|m| m.name).collect())
}

/// What was read of one model's versions.
#[derive(Default)]
struct Listed {
    entries: Vec<LogEntry>,
    versions: Vec<Identity>,
    complete: bool,
    notes: Vec<Note>,
}

async fn versions(services: &Services, model: &ModelName, home: &Home) -> Listed {
    let (mut listed, mut pages) = (Listed::default(), 0);
    let read = |page: Option<String>| async move { services.registry.versions(model, page.as_deref()).await };
    let each = |items: Vec<ModelVersion>| {
        listed.entries.extend(items.iter().filter_map(|v| LogEntry::on(home, v)));
        listed.versions.extend(items.iter().map(|v| Identity::of(home, v)));
        let copied = items.iter().filter_map(|v| DecisionMark::copied_to(v).map(|mark| (v.number, mark)));
        listed.notes.extend(copied.map(|(number, mark)| {
            let past = mark.decision.past();
            Note::Said(format!(
                "tags say that {number} of {model} was {past} by {}; they were copied from another version",
                mark.by
            ))
        }));
        pages += 1;
        if pages < VERSION_PAGES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    match walk(&format!("list the versions of {model}"), read, each).await {
        Ok(true) => listed.complete = true,
        Ok(false) => listed.notes.push(format!("older versions of {model} were not looked at").into()),
        Err(failure) => listed.notes.push(unread(failure)),
    }
    listed
}
