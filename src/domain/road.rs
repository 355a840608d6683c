//! The road of a version on one page: every step from the pull request to deployment, done or missing.

use jiff::Timestamp;
use serde::Serialize;

use super::cd::{CdRun, CdRuns, CdState};
use super::evidence::Evidence;
use super::failure::{Failure, Outcome};
use super::lineage::{CheckConclusion, CheckResult};
use super::log::{Effect, LogEntry};
use super::provenance::Provenance;
use super::text::clean_line;

/// Where a Databricks job run is recorded.
const JOB_RUN: &str = "mlflow.databricks.jobRunID";

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

    fn at(self, at: Option<Timestamp>) -> Self {
        Self { at, ..self }
    }

    fn url(self, url: Option<String>) -> Self {
        Self { url, ..self }
    }
}

/// What the registry and the code host say beside the evidence.
#[derive(Clone, Debug, Default)]
pub struct Beyond {
    /// Why decisions may be missing.
    pub unread: Option<Failure>,
    /// Web page of the version.
    pub version_page: Option<String>,
    /// Web page of its run.
    pub run_page: Option<String>,
    /// Web page of the release.
    pub release_page: Option<String>,
    /// The runs that the release started; `None` if there is no release.
    pub cd: Option<Outcome<Option<CdRuns>>>,
}

/// The road of the version of `evidence`. `decisions` are about this version, newest first.
pub fn road(evidence: &Evidence, decisions: &[&LogEntry], beyond: &Beyond) -> Vec<RoadStep> {
    let mut steps = pull_request(evidence);
    steps.push(training(evidence, beyond));
    let version = &evidence.facts.version;
    let by = version.author.as_deref().map(|by| format!(" by {by}")).unwrap_or_default();
    steps.push(
        RoadStep::new("registered", StepState::Done, format!("{} of {}{by}", version.number, version.model))
            .at(version.created_at)
            .url(beyond.version_page.clone()),
    );
    steps.push(RoadStep::new("notified", StepState::Missing, "not recorded by MLflow"));
    steps.extend(signed_off(decisions, beyond));
    steps.push(deployed(beyond));
    steps
}

fn pull_request(evidence: &Evidence) -> Vec<RoadStep> {
    use StepState::{Done, Missing};
    let code = &evidence.code;
    let checks = checks(&code.checks);
    let pull = match (&code.source, &code.pull_request) {
        (Err(failure), _) | (Ok(_), Err(failure)) => {
            let unread = |step| RoadStep::unread(step, failure);
            return vec![unread("pull request"), checks, unread("approved"), unread("merged")];
        }
        (Ok(_), Ok(None)) => {
            let why = "the commit was pushed directly";
            let missing = |step| RoadStep::new(step, Missing, why);
            return vec![missing("pull request"), checks, missing("approved"), missing("merged")];
        }
        (Ok(_), Ok(Some(pull))) => pull,
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

fn checks(checks: &Outcome<Vec<CheckResult>>) -> RoadStep {
    let all = match checks {
        Err(failure) => return RoadStep::unread("tests", failure),
        Ok(all) if all.is_empty() => return RoadStep::new("tests", StepState::Missing, "the commit has no checks"),
        Ok(all) => all,
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

fn training(evidence: &Evidence, beyond: &Beyond) -> RoadStep {
    let said = Provenance::from(&evidence.facts);
    let started = said.run.and_then(|run| run.started_at);
    let workflow = match &evidence.code.training {
        Ok(Some(training)) => {
            let run = &training.run;
            let what = format!("{} run {} of {}", clean_line(&run.path), run.number, training.repo);
            return RoadStep::new("trained", state_of(run), what)
                .at(run.created_at.or(started))
                .url(Some(run.web_url.clone()));
        }
        Ok(None) => None,
        Err(failure) => Some(failure),
    };
    let by = said.user().map(|by| format!(" by {by}")).unwrap_or_default();
    match (said.tag(JOB_RUN), said.run, workflow) {
        (Some(job), ..) => {
            let what = format!("Databricks job run {}{by}", clean_line(job));
            RoadStep::new("trained", StepState::Done, what).at(started).url(beyond.run_page.clone())
        }
        (None, Some(run), _) => {
            let what = format!("run {}{by}; no workflow or job is recorded", run.id.short());
            RoadStep::new("trained", StepState::Done, what).at(started).url(beyond.run_page.clone())
        }
        (None, None, Some(failure)) => RoadStep::unread("trained", failure),
        (None, None, None) => RoadStep::new("trained", StepState::Missing, "the version names no run that can be read"),
    }
}

fn signed_off(decisions: &[&LogEntry], beyond: &Beyond) -> [RoadStep; 3] {
    use StepState::{Done, Failed, Missing};
    let missing = |step, why: &str| RoadStep::new(step, Missing, why);
    let Some(last) = decisions.first() else {
        if let Some(failure) = &beyond.unread {
            return ["reviewed", "signed off", "tagged"].map(|step| RoadStep::unread(step, failure));
        }
        return [
            missing("reviewed", "no decision is recorded"),
            missing("signed off", "not yet"),
            missing("tagged", "not yet"),
        ];
    };
    let also = if last.also.is_empty() { String::new() } else { format!(", with {}", last.also.join(", ")) };
    let decided = format!("{} by {}{also}", last.decision.past(), last.by);
    let reviewed = RoadStep::new("reviewed", Done, decided.clone()).at(Some(last.at));
    let page = beyond.release_page.clone();
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

fn deployed(beyond: &Beyond) -> RoadStep {
    match &beyond.cd {
        None => RoadStep::new("deployed", StepState::Missing, "not released"),
        Some(Err(failure)) => RoadStep::unread("deployed", failure),
        Some(Ok(None)) => RoadStep::new("deployed", StepState::Missing, "no CD run is found for the release"),
        Some(Ok(Some(runs))) => {
            let run = &runs.decides;
            let what = format!("{} run {}: {}", clean_line(&run.path), run.number, word(&run.state));
            RoadStep::new("deployed", state_of(run), what).at(run.created_at).url(Some(run.web_url.clone()))
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
