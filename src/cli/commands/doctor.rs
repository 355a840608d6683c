//! `signoff doctor`

use futures_util::future::{join, join_all, join4};

use crate::cli::args::Format;
use crate::cli::commands::promotions;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::output::Sink;
use crate::cli::text;
use crate::config::{Loaded, Target, promotion_target_name};
use crate::domain::failure::{Failure, Outcome};
use crate::domain::ids::ModelName;
use crate::domain::outbox::LastSend;
use crate::domain::preflight::{Check, CheckState};
use crate::domain::record::ClockFacts;
use crate::domain::registry::PromotionTarget;
use crate::domain::registry::{RegistryInfo, SignInEnd, UserKind};
use crate::domain::rules::PolicyFrom;
use crate::domain::text::clean_line;
use crate::ports::notify::Channel as _;
use crate::present::{CheckRow, Role, number};
use crate::runtime::answer;
use crate::services::Services;
use crate::services::audit::chain::{self, Checked};
use crate::services::prepare::{
    self,
    checks::{CLOCK_HINT, lacking, repository_check, workflow_check},
};
use CheckState::{Block, Pass, Unknown, Warn};

/// Findings, and the exit code of the first blocking one.
#[derive(Default)]
struct Findings {
    checks: Vec<json::DoctorCheck>,
    end: Option<Exit>,
    /// Failures that were told, by check.
    told: Vec<(String, Failure)>,
}

impl Findings {
    fn add(&mut self, check: &str, state: CheckState, found: impl Into<String>, hint: Option<&str>) {
        self.checks.push(json::DoctorCheck {
            check: check.to_owned(),
            state,
            found: found.into(),
            hint: hint.map(str::to_owned),
        });
        if state == Block {
            self.end.get_or_insert(Exit::Refused);
        }
    }

    /// A check that an approval makes too.
    fn check(&mut self, check: Check) {
        if let (Block, Some(kind)) = (check.state, check.failure) {
            self.end.get_or_insert(Exit::of_kind(kind));
        }
        self.add(&check.title, check.state, check.detail, check.hint.as_deref());
    }

    /// One cause is told once: what else it hinders refers to that.
    fn fail(&mut self, check: &str, failure: &Failure) {
        self.end.get_or_insert(Exit::of(failure));
        if let Some((first, _)) = self.told.iter().find(|(_, told)| told.same_cause(failure)) {
            return self.add(check, Unknown, format!("not read, for the same reason as {first}"), None);
        }
        self.told.push((check.to_owned(), failure.clone()));
        self.add(check, Block, failure.to_string(), failure.hint.as_deref());
    }

    fn was_told(&self, failure: &Failure) -> bool {
        self.told.iter().any(|(_, told)| told.same_cause(failure))
    }
}

/// Runs the command.
///
/// # Errors
/// Only if the output cannot be produced; everything else that fails is a finding.
pub async fn run(
    services: &Services,
    target: &Target,
    loaded: &Loaded,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let mut findings = Findings::default();
    let kind = if target.rules.demo { "the built-in demo, no real server" } else { "in use" };
    let readonly = if target.rules.readonly { ", read-only" } else { "" };
    let production = if target.rules.production { ", production" } else { "" };
    let what = format!("{} is {kind}{production}{readonly}", target.name);
    findings.add("target", Pass, what, None);
    for notice in &target.notices {
        findings.add("configuration", Warn, notice.clone(), None);
    }
    let registry = services.registry.as_ref();
    let (info, models, who, stored) =
        join4(registry.info(), registry.models(None, None), services.host.whoami(), answer::promotions(services)).await;
    let listed = models.as_ref().map(|page| page.items.iter().map(|m| m.name.clone()).collect()).unwrap_or_default();
    mlflow(services, &info, models.err().as_ref(), &mut findings);
    let skew_ms = who.as_ref().ok().and_then(|who| prepare::skew(services, who));
    permissions(services, listed, &mut findings).await;
    other(services, &mut findings).await;
    match registry.sign_in_ends().await {
        Ok(Some(SignInEnd { said, soon })) => {
            let hint = soon.then_some("Get a new token before it ends.");
            findings.add("sign-in", if soon { Warn } else { Pass }, said, hint);
        }
        Ok(None) => {}
        // Whether it is told depends on the workspace, and nothing else on whether it is.
        Err(failure) => findings.add("sign-in", Unknown, failure.to_string(), None),
    }
    match &who {
        Ok(who) => {
            let name = who.name.as_ref().map(|n| format!(" ({n})")).unwrap_or_default();
            let found = format!("signed in to {} as {}{name}", services.host.host(), who.login);
            findings.add("GitHub", Pass, found, None);
        }
        Err(failure) => findings.fail("GitHub", failure),
    }
    if let Some(odd) = (ClockFacts { skew_ms, ..ClockFacts::default() }).oddity() {
        let found = format!("this machine's clock is {odd} {}'s", services.host.host());
        findings.add("clock", Warn, found, Some(CLOCK_HINT));
    }
    repositories(services, &mut findings).await;
    match loaded.paths.check_state_is_writable(target.rules.demo) {
        Ok(()) => {
            let dir = loaded.paths.state_of(target.rules.demo);
            findings.add("state", Pass, format!("{} is writable", dir.display()), None);
        }
        Err(failure) => findings.fail("state", &failure),
    }
    journal(stored, &mut findings);
    records(chain::check(services).await, &mut findings);
    policy(services, &mut findings);
    witnesses(services, &mut findings).await;
    signing(services, who.ok().map(|who| who.login), &mut findings).await;
    channels(loaded, target.rules.demo, &mut findings).await;
    let holes = holes(services, info.as_ref().ok());
    told(findings, holes, format.json, sink)
}

/// What can be said though no target can be used: the configuration, each target, this machine's files, and channels.
///
/// # Errors
/// As [`run`].
pub async fn without_target(loaded: &Loaded, why: &Failure, json: bool, sink: &mut Sink) -> Outcome<Exit> {
    let mut findings = Findings::default();
    findings.fail("target", why);
    let file = loaded.paths.config.value.display();
    match loaded.file_exists {
        true => findings.add("configuration", Pass, format!("{file} can be read"), None),
        false => {
            let hint = "`signoff config init` writes one, and `signoff demo` needs none.";
            findings.add("configuration", Unknown, format!("there is no file {file}"), Some(hint));
        }
    }
    for notice in &loaded.notices {
        findings.add("configuration", Warn, notice.clone(), None);
    }
    for name in loaded.target_names() {
        let check = format!("target {}", clean_line(name));
        match loaded.target_named(name) {
            Ok(target) => findings.add(&check, Pass, target.servers(), None),
            Err(failure) => findings.fail(&check, &failure),
        }
    }
    match loaded.paths.check_state_is_writable(false) {
        Ok(()) => {
            let found = format!("{} is writable", loaded.paths.state_of(false).display());
            findings.add("state", Pass, found, None);
        }
        Err(failure) => findings.fail("state", &failure),
    }
    channels(loaded, false, &mut findings).await;
    told(findings, Vec::new(), json, sink)
}

/// Prints what was found.
fn told(findings: Findings, holes: Vec<String>, json: bool, sink: &mut Sink) -> Outcome<Exit> {
    let end = findings.end.unwrap_or(Exit::Done);
    if json {
        let ok = end == Exit::Done;
        sink.json(&json::Doctor { schema: "signoff.doctor/1", ok, checks: findings.checks, holes })?;
    } else {
        print(&findings.checks, &holes, sink);
    }
    Ok(end)
}

/// Every channel, and whether its last message went out.
async fn channels(loaded: &Loaded, demo: bool, findings: &mut Findings) {
    let configured = crate::cli::channels::all(loaded);
    if configured.is_empty() {
        return;
    }
    let outbox = match crate::cli::channels::outbox(&loaded.paths.state_of(demo)).read().await {
        Ok(outbox) => outbox,
        Err(failure) => return findings.fail("channels", &failure),
    };
    for (channel, described) in configured.iter().zip(loaded.channels()) {
        let (name, kind) = (channel.name(), described.kind.name());
        let check = format!("channel {name}");
        let given_up = outbox.given_up(name);
        let waiting = outbox.open(name).count();
        if let Some(why) = channel.broken() {
            findings.add(&check, Warn, format!("{kind}, cannot be used: {why}"), None);
        } else if channel.is_passing() {
            findings.add(&check, Pass, format!("{kind}, while the screens are open"), None);
        } else if given_up > 0 {
            let found = format!("{kind}, {} given up", number::count(given_up as u64, "message"));
            let hint = format!("`signoff notify --test {name}` tries it.");
            findings.add(&check, Warn, found, Some(&hint));
        } else {
            match outbox.last(name) {
                Some(LastSend { at, failed: Some(why) }) => {
                    let left = number::count(waiting as u64, "message");
                    let at = at.strftime("%Y-%m-%d %H:%M UTC");
                    let found = format!("{kind}, the last message did not go out ({at}): {why}; {left} waiting");
                    findings.add(&check, Warn, found, Some(&format!("`signoff notify --test {name}` tries it.")));
                }
                Some(LastSend { at, failed: None }) => {
                    let at = at.strftime("%Y-%m-%d %H:%M UTC");
                    findings.add(&check, Pass, format!("{kind}, the last message went out at {at}"), None);
                }
                None => findings.add(&check, Pass, format!("{kind}, no message yet"), None),
            }
        }
    }
}

fn mlflow(services: &Services, info: &Outcome<RegistryInfo>, models: Option<&Failure>, findings: &mut Findings) {
    let url = services.registry.url();
    match info {
        Ok(info) => {
            // Databricks tells no number.
            let version = if info.version.contains(' ') { "" } else { "version " };
            findings.add("MLflow", Pass, format!("{version}{} at {url}", info.version), None);
            if let Some(chosen) = &info.chosen {
                findings.add("registry", Pass, chosen.clone(), None);
            }
            if let Some(workspace) = &info.workspace {
                findings.add("workspace", Pass, format!("'{}' of this server", clean_line(workspace)), None);
            } else if let Some(workspace) = services.registry.named_workspace() {
                let what =
                    format!("'{}' is set, but this server has no workspaces: it is ignored", clean_line(&workspace));
                findings.add(
                    "workspace",
                    Warn,
                    what,
                    Some("Leave out `workspace` and MLFLOW_WORKSPACE for this target."),
                );
            }
            match &info.user {
                Some(user) if info.user_kind == UserKind::Service => {
                    let may = services.rules.service_principals;
                    let what = format!("signed in as the service principal {user}");
                    let hint = (!may).then_some("It may read. To sign, use a login of your own.");
                    findings.add("MLflow user", if may { Pass } else { Warn }, what, hint);
                }
                Some(user) => findings.add("MLflow user", Pass, format!("signed in as {user}"), None),
                None if info.user_kind == UserKind::Untold => {
                    let what = "the workspace does not say who is signed in, so nothing can be signed";
                    findings.add("MLflow user", Warn, what, Some("Ask for access to its SCIM API (scim/v2/Me)."));
                }
                None => findings.add("MLflow user", Unknown, "the server does not say who is signed in", None),
            }
            let target = &services.rules.promote_to;
            let (kind, has) = match target {
                PromotionTarget::Stage(_) => ("stages", info.stages),
                PromotionTarget::Alias(_) => ("aliases", info.aliases),
                PromotionTarget::Release => ("writes", true),
                // Unity Catalog alone has them, and it has aliases.
                PromotionTarget::Elsewhere(_) => ("tags", true),
                PromotionTarget::DeploymentJob => ("deployment jobs", info.aliases && !info.stages),
            };
            if has {
                let how = match target.remark() {
                    "" => format!("versions are promoted to {}", promotion_target_name(target)),
                    remark => format!("versions are promoted to {target}: {remark}"),
                };
                findings.add("promotion", Pass, how, None);
            } else {
                let what = format!("the target promotes to {target}, but this server has no {kind}");
                findings.add("promotion", Block, what, Some("Set promote_to in the configuration."));
            }
        }
        Err(failure) => findings.fail("MLflow", failure),
    }
    if let (Some(failure), Ok(_)) = (models, info) {
        findings.fail("models", failure);
    }
}

/// The target that CD copies versions to.
async fn other(services: &Services, findings: &mut Findings) {
    let (Some(other), place) = (services.registry.other(), &services.rules.promote_to) else { return };
    match other.registry.info().await {
        Ok(info) => {
            let (name, url) = (place.name(), other.registry.url());
            let what = format!("{name} is {} at {url}; in production there is {}", info.version, other.promote_to);
            findings.add("other target", Pass, what, None);
        }
        Err(failure) => findings.fail("other target", &failure),
    }
}

/// Every witness of what runs. Nothing here stops an approval.
async fn witnesses(services: &Services, findings: &mut Findings) {
    let checks = services.witnesses.0.iter().map(|witness| async move {
        (format!("running {}", clean_line(witness.name())), witness.kind(), witness.check().await)
    });
    for (check, kind, found) in join_all(checks).await {
        match found {
            Ok(found) => findings.add(&check, Pass, format!("{kind}: {}", clean_line(&found)), None),
            Err(why) => {
                let hint = "Without it `signoff status` cannot tell what runs there.";
                findings.add(&check, Warn, format!("{kind}: {}", clean_line(&why)), Some(hint));
            }
        }
    }
}

/// Every repository named in the configuration.
async fn repositories(services: &Services, findings: &mut Findings) {
    let rule = &services.rules.repository;
    let repos = rule.configured();
    if repos.is_empty() && rule.from_run {
        findings.add("repository", Unknown, "each training run names its own", None);
    } else if repos.is_empty() {
        let hint = "Set `repository` for the target, GH_REPO or --repo.";
        findings.add("repository", Block, "none is configured: nothing can be released", Some(hint));
    }
    let cd = &services.rules.cd;
    for repo in repos {
        let workflow = async {
            match (&cd.workflow, cd.trigger.event()) {
                (Some(file), Some(_)) => Some((file, services.host.workflow(repo, file).await)),
                _ => None,
            }
        };
        let (repository, workflow) = join(services.host.repository(repo), workflow).await;
        match repository {
            Ok(repository) => findings.check(repository_check(&repository, repo)),
            Err(failure) => findings.fail("repository", &failure),
        }
        match workflow {
            Some((_, Err(failure))) if findings.was_told(&failure) => findings.fail("CD", &failure),
            Some((file, read)) => match workflow_check(file, &read) {
                Some(check) => findings.check(check),
                None => findings.add("CD", Pass, format!("{repo} has {file}"), None),
            },
            None if cd.trigger.event().is_none() => findings.add("CD", Pass, "not expected", None),
            None => {
                let hint = "Set cd_workflow to check it.";
                findings.add("CD", Unknown, "any workflow that the release starts", Some(hint));
            }
        }
    }
}

/// The policy sources.
fn policy(services: &Services, findings: &mut Findings) {
    let rule = &services.rules.policy;
    let general = rule.configured.general.as_ref().map(|table| format!(" ({})", table.summary())).unwrap_or_default();
    let of_models = match rule.configured.models.len() {
        0 => String::new(),
        n => format!(", and {} for single models", number::count(n as u64, "table")),
    };
    let configured = format!("the configuration{general}{of_models}");
    let file = format!("{} in each model's repository at the reviewed commit", rule.file);
    match rule.from {
        PolicyFrom::Configuration if services.rules.configures_policy() => {
            findings.add("policy", Pass, configured, None);
        }
        PolicyFrom::Configuration => {
            let hint = "Set [policy] or policy_from. `signoff config init --print` explains both.";
            findings.add("policy", Unknown, "no policy: versions are not checked", Some(hint));
        }
        PolicyFrom::Repository => findings.add("policy", Pass, file, None),
        PolicyFrom::Both => findings.add("policy", Pass, format!("both {configured} and {file}"), None),
    }
}

/// Whether records can be signed and signatures checked.
async fn signing(services: &Services, login: Option<String>, findings: &mut Findings) {
    // The text states its purpose, so that the signature cannot be passed off as anything else.
    let probe = b"signoff doctor: a trial, no record";
    let signed = match services.signer.sign(probe).await {
        Ok(Some(signature)) => {
            findings.add("signing", Pass, "records are signed", None);
            Some(signature)
        }
        Ok(None) => {
            let hint = "Set ssh_key in [signing] to sign them.";
            findings.add("signing", Unknown, "no key configured: records are not signed", Some(hint));
            None
        }
        Err(failure) => {
            findings.fail("signing", &failure);
            None
        }
    };
    let who = login.as_deref().unwrap_or("nobody");
    match (services.signer.verify(who, probe, signed.as_deref().unwrap_or_default()).await, signed) {
        (Ok(Ok(())), _) => findings.add("signers", Pass, format!("the allowed signers list your key for {who}"), None),
        (Ok(Err(why)), Some(_)) => {
            let hint = "Others cannot check your signatures. Add your key to the file.";
            findings.add("signers", Warn, why, Some(hint));
        }
        (Ok(Err(_)), None) => findings.add("signers", Pass, "signatures can be checked", None),
        // Signing is not configured; the line above already says so.
        (Err(failure), None) if failure.hint.is_none() => {}
        (Err(failure), _) => findings.add("signers", Warn, failure.to_string(), failure.hint.as_deref()),
    }
}

fn journal(stored: Outcome<Vec<crate::app::query::Promotion>>, findings: &mut Findings) {
    let stored = match stored {
        Ok(stored) => stored,
        Err(failure) => return findings.fail("journal", &failure),
    };
    let damaged: Vec<_> = stored.iter().filter_map(|p| Some((p, p.state.as_ref().err()?))).collect();
    for (_, failure) in &damaged {
        findings.fail("journal", failure);
    }
    let unfinished = stored.iter().filter(|p| promotions::progress(p).is_unfinished()).count();
    if unfinished > 0 {
        let hint = "List them with `signoff promotions --unfinished`.";
        findings.add(
            "journal",
            Warn,
            format!("{} unfinished", number::count(unfinished as u64, "promotion")),
            Some(hint),
        );
    } else if damaged.is_empty() {
        findings.add(
            "journal",
            Pass,
            format!("{}, none unfinished", number::count(stored.len() as u64, "promotion")),
            None,
        );
    }
}

/// Which of the first models may be changed, where the server says. Servers that ask nobody say nothing of the first
/// one either.
async fn permissions(services: &Services, models: Vec<ModelName>, findings: &mut Findings) {
    let (mut allowed, mut denied) = (Vec::new(), Vec::new());
    for model in models.into_iter().take(MODELS_ASKED) {
        match services.registry.permission(&model).await {
            Ok(Some(permission)) if permission.enough => allowed.push(model),
            Ok(Some(permission)) => denied.push((model, permission)),
            // Not told here, so not told for the others.
            Ok(None) => return,
            Err(failure) => return findings.add("MLflow permission", Unknown, failure.to_string(), None),
        }
    }
    let list =
        |names: &mut dyn Iterator<Item = &ModelName>| names.map(ToString::to_string).collect::<Vec<_>>().join(", ");
    match (allowed.first(), denied.first()) {
        (Some(_), None) => {
            let found = format!("you may change {}", list(&mut allowed.iter()));
            findings.add("MLflow permission", Pass, found, None);
        }
        (Some(_), Some((_, permission))) => {
            let may = list(&mut allowed.iter());
            let not = list(&mut denied.iter().map(|(model, _)| model));
            let found =
                format!("you may change {may}, but not {not} ({}; it needs {})", permission.level, permission.needed);
            findings.add("MLflow permission", Warn, found, None);
        }
        (None, Some((model, permission))) => findings.fail("MLflow permission", &lacking(model, permission)),
        (None, None) => {}
    }
}

/// Models whose permission is asked for.
const MODELS_ASKED: usize = 10;

/// Whether the records of this machine are whole.
fn records(checked: Outcome<Checked>, findings: &mut Findings) {
    match checked {
        Err(failure) => findings.fail("records", &failure),
        Ok(Checked { records, breaks }) if breaks.is_empty() => {
            let found = format!("{}, each follows the one before it", number::count(records as u64, "record"));
            findings.add("records", Pass, found, None);
        }
        Ok(Checked { breaks, .. }) => {
            findings.end.get_or_insert(Exit::Journal);
            let hint =
                "Somebody changed records.jsonl. Restore it from a backup; what the releases hold is not affected.";
            for broken in breaks {
                findings.add("records", Block, broken, Some(hint));
            }
        }
    }
}

/// What signoff cannot prevent. Always printed, so that it does not promise too much.
fn holes(services: &Services, info: Option<&RegistryInfo>) -> Vec<String> {
    if services.rules.demo {
        return vec!["This is the demo. It says nothing about real servers.".to_owned()];
    }
    let target = &services.rules.promote_to;
    let mut holes = Vec::new();
    if target.is_told_by_releases() {
        holes.push(
            "Anyone who can publish a release with a record changes what counts as in production. `signoff verify` tells \
             what was signed."
                .to_owned(),
        );
    } else {
        if info.is_some_and(|i| i.user.is_none()) {
            holes.push(format!(
                "This MLflow server has no users: anyone who can reach it can move any version to {target}."
            ));
        } else {
            holes.push(format!(
                "Anyone who can edit a model in MLflow can move it to {target} without signoff. Only the server can prevent that."
            ));
        }
    }
    holes.extend(info.into_iter().flat_map(|info| info.holes.iter().cloned()));
    holes.push(
        "Anyone who can push to the repository can create a tag that starts CD, and change an unprotected release. Tag \
         rulesets and immutable releases prevent that; a CD that runs `signoff verify` refuses what nobody signed."
            .to_owned(),
    );
    holes.push("Only the tag keeps two people on two machines apart: the first to create it wins.".to_owned());
    holes
}

fn print(checks: &[json::DoctorCheck], holes: &[String], sink: &mut Sink) {
    let style = sink.style();
    let row = |check: &json::DoctorCheck| CheckRow {
        mark: check.state.into(),
        name: check.check.clone(),
        found: check.found.clone(),
        hint: check.hint.clone(),
    };
    let table = text::checks(checks.iter().map(row), style);
    // Do not cut sentences: the important part is often at the end.
    sink.text(&table.render(crate::cli::output::Style { width: None, ..style }));
    sink.line("");
    sink.line(&style.paint(Role::Title, "Known limits"));
    for hole in holes {
        sink.line(&format!("  - {hole}"));
    }
}
