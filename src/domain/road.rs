//! The road of a version on one page: every step from the pull request to deployment, done or missing.

use jiff::Timestamp;
use serde::Serialize;

use super::cd::{CdRun, CdRuns, CdState};
use super::evidence::Evidence;
use super::failure::{Failure, Outcome};
use super::ids::{RepoSlug, TagName};
use super::job::JobRun;
use super::lineage::{CheckConclusion, CheckResult, PullRequest};
use super::log::{Effect, Log, LogEntry};
use super::provenance::Provenance;
use super::registry::ModelVersion;
use super::text::clean_line;

/// What is known of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    Done,
    /// It went wrong.
    Failed,
    /// It did not happen, or nothing records it.
    Missing,
    /// It could not be read.
    Unknown,
    /// It is being read.
    Underway,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoadStep {
    pub step: &'static str,
    pub state: StepState,
    /// What happened, or why it is not known, as a phrase.
    pub what: String,
    pub at: Option<Timestamp>,
    pub url: Option<String>,
}

impl RoadStep {
    fn new(step: &'static str, state: StepState, what: impl Into<String>) -> Self {
        Self { step, state, what: what.into(), at: None, url: None }
    }

    fn unread(step: &'static str, failure: &Failure) -> Self {
        Self::new(step, StepState::Unknown, failure.reason.clone())
    }

    fn underway(step: &'static str) -> Self {
        Self::new(step, StepState::Underway, "")
    }

    fn at(self, at: Option<Timestamp>) -> Self {
        Self { at, ..self }
    }

    fn url(self, url: Option<String>) -> Self {
        Self { url, ..self }
    }
}

/// A part of the road as far as it was read.
#[derive(Clone, Copy, Debug)]
pub enum Part<'a, T> {
    Known(T),
    Unread(&'a Failure),
    Underway,
}

impl<'a, T> Part<'a, T> {
    /// A part that was read, or could not be.
    pub fn of<S>(read: &'a Outcome<S>, known: impl FnOnce(&'a S) -> T) -> Self {
        match read {
            Ok(read) => Self::Known(known(read)),
            Err(failure) => Self::Unread(failure),
        }
    }
}

/// All that the road is made of.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    pub version: &'a ModelVersion,
    pub said: Provenance<'a>,
    /// `None` inside if the commit was pushed directly.
    pub pull_request: Part<'a, Option<&'a PullRequest>>,
    pub checks: Part<'a, &'a [CheckResult]>,
    /// The workflow run that trained the version, and its repository; `None` inside if none is recorded.
    pub training: Part<'a, Option<(&'a RepoSlug, &'a CdRun)>>,
    /// What the outbox of this machine knows of the message that the version is there; `None` inside if nothing.
    pub notified: Part<'a, Option<&'a Notified>>,
    /// The decisions on this version, newest first.
    pub decisions: Part<'a, Vec<&'a LogEntry>>,
    /// The runs that the release started; `None` outside if there is no release, inside if none is found.
    pub deployed: Option<Part<'a, Option<&'a CdRuns>>>,
    pub pages: Pages,
}

/// A message that a version is there, as this machine sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notified {
    /// When it was put into the outbox, as far as that is kept.
    pub at: Option<Timestamp>,
    /// Channels that delivered it.
    pub sent: Vec<String>,
    /// Channels that did not, yet or for good.
    pub open: Vec<String>,
}

/// Web pages of what the road leads over, where they are known.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    pub version: Option<String>,
    /// Of the training run.
    pub run: Option<String>,
    /// Of the job run that trained it.
    pub job: Option<String>,
    pub release: Option<String>,
}

impl<'a> Known<'a> {
    /// What `evidence` says; decisions and deployment are not in it.
    pub fn of(evidence: &'a Evidence) -> Self {
        let code = &evidence.code;
        let pull_request = match &code.source {
            Err(failure) => Part::Unread(failure),
            Ok(_) => Part::of(&code.pull_request, Option::as_ref),
        };
        Self {
            version: &evidence.facts.version,
            said: Provenance::from(&evidence.facts),
            pull_request,
            checks: Part::of(&code.checks, Vec::as_slice),
            training: Part::of(&code.training, |training| training.as_ref().map(|t| (&t.repo, &t.run))),
            notified: Part::Known(None),
            decisions: Part::Known(Vec::new()),
            deployed: None,
            pages: Pages::default(),
        }
    }
}

/// The decisions of `log` on `version`, newest first; none that are about another version of its name.
pub fn decisions_on<'a>(log: &'a Log, version: &ModelVersion) -> Part<'a, Vec<&'a LogEntry>> {
    let about_it = |entry: &&LogEntry| {
        entry.version == version.number && entry.about.as_ref().is_none_or(|about| about.another().is_none())
    };
    let found: Vec<&LogEntry> = log.entries.iter().filter(about_it).collect();
    match log.notes.iter().find_map(|note| note.failure()) {
        Some(failure) if found.is_empty() => Part::Unread(failure),
        _ => Part::Known(found),
    }
}

/// The release that put the version into production, and `code` as its repository where the decision names none.
pub fn released(decisions: &[&LogEntry], code: Option<&RepoSlug>) -> Option<(RepoSlug, TagName)> {
    let entry = decisions.iter().find(|entry| entry.effect == Effect::Production)?;
    let repo = entry.repository.clone().or_else(|| code.cloned())?;
    Some((repo, entry.tag.as_ref()?.parse().ok()?))
}

/// The road of a version.
pub fn road(known: &Known<'_>) -> Vec<RoadStep> {
    let mut steps = pull_request(known);
    steps.push(training(known));
    let version = known.version;
    let by = version.author.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    steps.push(
        RoadStep::new("registered", StepState::Done, format!("{} of {}{by}", version.number, version.model))
            .at(version.created_at)
            .url(known.pages.version.clone()),
    );
    steps.push(notified(known));
    steps.extend(signed_off(known));
    steps.push(deployed(known));
    steps
}

fn notified(known: &Known<'_>) -> RoadStep {
    let step = "notified";
    match known.notified {
        Part::Underway => RoadStep::underway(step),
        Part::Unread(failure) => RoadStep::unread(step, failure),
        Part::Known(None) => RoadStep::new(step, StepState::Missing, "not recorded by MLflow"),
        Part::Known(Some(told)) => {
            let (sent, open) = (told.sent.join(", "), told.open.join(", "));
            let (state, what) = match (told.sent.is_empty(), told.open.is_empty()) {
                (false, true) => (StepState::Done, format!("by this machine, through {sent}")),
                (false, false) => (StepState::Done, format!("by this machine, through {sent}; not yet through {open}")),
                (true, false) => (StepState::Missing, format!("by this machine, but not delivered through {open}")),
                (true, true) => (StepState::Missing, "seen by this machine, which has no channel for it".to_owned()),
            };
            RoadStep::new(step, state, what).at(told.at)
        }
    }
}

fn pull_request(known: &Known<'_>) -> Vec<RoadStep> {
    use StepState::{Done, Missing};
    let checks = checks(&known.checks);
    let pull = match known.pull_request {
        Part::Unread(failure) => {
            let unread = |step| RoadStep::unread(step, failure);
            return vec![unread("pull request"), checks, unread("approved"), unread("merged")];
        }
        Part::Underway => {
            let [pull, approved, merged] = ["pull request", "approved", "merged"].map(RoadStep::underway);
            return vec![pull, checks, approved, merged];
        }
        Part::Known(None) => {
            let why = "the commit was pushed directly";
            let missing = |step| RoadStep::new(step, Missing, why);
            return vec![missing("pull request"), checks, missing("approved"), missing("merged")];
        }
        Part::Known(Some(pull)) => pull,
    };
    let url = Some(pull.web_url.clone());
    let by = pull.author.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    let approved = match pull.approvers.as_slice() {
        [] => RoadStep::new("approved", Missing, "nobody approved the pull request"),
        names => RoadStep::new("approved", Done, format!("by {}", names.join(", "))),
    };
    let merged = match pull.merged_at {
        Some(at) => {
            let by = pull.merged_by.as_deref().map(|by| format!("by {by}")).unwrap_or_default();
            RoadStep::new("merged", Done, by).at(Some(at))
        }
        None => RoadStep::new("merged", Missing, "the pull request is not merged"),
    };
    vec![
        RoadStep::new("pull request", Done, format!("#{} {}{by}", pull.number, pull.title)).url(url.clone()),
        checks,
        approved.url(url.clone()),
        merged.url(url),
    ]
}

fn checks(checks: &Part<'_, &[CheckResult]>) -> RoadStep {
    let all = match checks {
        Part::Unread(failure) => return RoadStep::unread("tests", failure),
        Part::Underway => return RoadStep::underway("tests"),
        Part::Known([]) => return RoadStep::new("tests", StepState::Missing, "the commit has no checks"),
        Part::Known(all) => all,
    };
    let named = |wanted: CheckConclusion| {
        let names: Vec<&str> = all.iter().filter(|c| c.standing() == wanted).map(|c| c.name.as_str()).collect();
        names.join(", ")
    };
    let (failed, open, passed) =
        (named(CheckConclusion::Failed), named(CheckConclusion::Open), named(CheckConclusion::Passed));
    match (failed.is_empty(), open.is_empty()) {
        (false, _) => RoadStep::new("tests", StepState::Failed, format!("failed: {failed}")),
        (true, false) => RoadStep::new("tests", StepState::Missing, format!("not finished: {open}")),
        (true, true) if passed.is_empty() => RoadStep::new("tests", StepState::Missing, "all checks were skipped"),
        (true, true) => RoadStep::new("tests", StepState::Done, format!("passed: {passed}")),
    }
}

fn training(known: &Known<'_>) -> RoadStep {
    let said = known.said;
    let started = said.run.and_then(|run| run.started_at);
    let failure = match known.training {
        Part::Known(Some((repo, run))) => {
            let what = format!("{} run {} of {repo}", clean_line(&run.path), run.number);
            return RoadStep::new("trained", state_of(run), what)
                .at(run.created_at.or(started))
                .url(Some(run.web_url.clone()));
        }
        Part::Underway => return RoadStep::underway("trained"),
        Part::Known(None) => None,
        Part::Unread(failure) => Some(failure),
    };
    let by = said.user().map(|by| format!(" by {by}")).unwrap_or_default();
    let done = |what: String| RoadStep::new("trained", StepState::Done, what).at(started);
    let page = known.pages.run.clone();
    match (JobRun::of(said), said.run, failure) {
        (Some(job), ..) => done(format!("{job}{by}")).url(known.pages.job.clone().or(page)),
        (None, Some(run), _) => done(format!("run {}{by}; no workflow or job is recorded", run.id.short())).url(page),
        (None, None, Some(failure)) => RoadStep::unread("trained", failure),
        (None, None, None) => RoadStep::new("trained", StepState::Missing, "the version names no run that can be read"),
    }
}

fn signed_off(known: &Known<'_>) -> [RoadStep; 3] {
    use StepState::{Done, Failed, Missing};
    let missing = |step, why: &str| RoadStep::new(step, Missing, why);
    let steps = ["reviewed", "signed off", "tagged"];
    let last = match &known.decisions {
        Part::Unread(failure) => return steps.map(|step| RoadStep::unread(step, failure)),
        Part::Underway => return steps.map(RoadStep::underway),
        Part::Known(decisions) => decisions.first(),
    };
    let Some(last) = last else {
        return [
            missing("reviewed", "no decision is recorded"),
            missing("signed off", "not yet"),
            missing("tagged", "not yet"),
        ];
    };
    let also = if last.also.is_empty() { String::new() } else { format!(", with {}", last.also.join(", ")) };
    let decided = format!("{} by {}{also}", last.decision.past(), last.by);
    let reviewed = RoadStep::new("reviewed", Done, decided.clone()).at(Some(last.at));
    let page = known.pages.release.clone();
    match (&last.effect, &last.tag) {
        (Effect::Production, tag) => [
            reviewed,
            RoadStep::new("signed off", Done, format!("by {}: {}", last.by, clean_line(&last.reason)))
                .at(Some(last.at)),
            match tag {
                Some(tag) => RoadStep::new("tagged", Done, tag.clone()).url(page),
                None => missing("tagged", "no release tag is recorded"),
            },
        ],
        (Effect::Said, _) => [reviewed, missing("signed off", &decided), missing("tagged", "nothing is released")],
        (Effect::Failed(why) | Effect::Open(why), _) => [
            reviewed,
            RoadStep::new("signed off", Failed, format!("{decided}: {why}")).at(Some(last.at)),
            missing("tagged", "not released as far as it is known here"),
        ],
    }
}

fn deployed(known: &Known<'_>) -> RoadStep {
    let step = "deployed";
    match (&known.deployed, &known.decisions) {
        (Some(Part::Underway), _) | (None, Part::Underway) => RoadStep::underway(step),
        (Some(Part::Unread(failure)), _) | (None, Part::Unread(failure)) => RoadStep::unread(step, failure),
        (None, Part::Known(_)) => RoadStep::new(step, StepState::Missing, "not released"),
        (Some(Part::Known(None)), _) => RoadStep::new(step, StepState::Missing, "no CD run is found for the release"),
        (Some(Part::Known(Some(runs))), _) => {
            let run = &runs.decides;
            let what = format!("{} run {}: {}", clean_line(&run.path), run.number, word(&run.state));
            RoadStep::new(step, state_of(run), what).at(run.created_at).url(Some(run.web_url.clone()))
        }
    }
}

fn state_of(run: &CdRun) -> StepState {
    match &run.state {
        CdState::Success => StepState::Done,
        CdState::Failed(_) => StepState::Failed,
        CdState::Queued | CdState::Waiting | CdState::Running | CdState::Other(_) => StepState::Missing,
    }
}

fn word(state: &CdState) -> String {
    match state {
        CdState::Success => "succeeded".to_owned(),
        CdState::Failed(word) => clean_line(word),
        CdState::Queued | CdState::Waiting | CdState::Running | CdState::Other(_) => "not finished".to_owned(),
    }
}
