//! The continuous delivery (CD) run started by a release.

use std::fmt;

use super::ids::{CommitSha, TagName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdTrigger {
    /// The workflow is triggered by `release: published`.
    #[default]
    Release,
    /// The workflow is triggered by `push: tags`.
    Tag,
    /// signoff sends `workflow_dispatch` itself, with the tag as ref.
    Dispatch,
    /// No CD run is expected or looked for.
    None,
}

impl CdTrigger {
    /// The `event` that GitHub reports for runs started this way.
    pub fn event(self) -> Option<&'static str> {
        match self {
            Self::Release => Some("release"),
            Self::Tag => Some("push"),
            Self::Dispatch => Some("workflow_dispatch"),
            Self::None => None,
        }
    }
}

/// One workflow run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdRun {
    /// The host's id; re-runs keep it.
    pub id: u64,
    /// Counted per workflow.
    pub number: u64,
    /// From 1, incremented by each re-run.
    pub attempt: u64,
    /// Workflow file, such as `.github/workflows/cd.yml`.
    pub path: String,
    pub state: CdState,
    pub created_at: Option<Timestamp>,
    /// When this attempt began, if it is not the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted_at: Option<Timestamp>,
    /// What started it, in the host's words: `release`, `push`, `workflow_run`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Login of whoever started or re-ran it.
    #[serde(default)]
    pub actor: Option<String>,
    pub web_url: String,
}

/// One job of a workflow run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdJob {
    /// The host's id; 0 if it was not said.
    #[serde(default)]
    pub id: u64,
    /// Cleaned.
    pub name: String,
    pub state: CdState,
    /// Name of the running step, cleaned.
    pub current_step: Option<String>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
}

impl CdJob {
    /// Whether it ran and failed.
    pub fn failed(&self) -> bool {
        matches!(&self.state, CdState::Failed(word) if word != "skipped")
    }
}

/// The state of a run or job. Only [`CdState::Success`] means deployed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CdState {
    /// Not started: requested, queued or pending.
    Queued,
    /// Waiting for approval of a deployment environment.
    Waiting,
    Running,
    Success,
    /// Ended without success, with GitHub's conclusion (`failure`, `cancelled`, `skipped`, `timed_out`, ...).
    Failed(String),
    /// A state unknown to this program.
    Other(String),
}

impl CdState {
    /// Converts GitHub's status and conclusion.
    pub fn from_github(status: Option<&str>, conclusion: Option<&str>) -> Self {
        match (status.unwrap_or("queued"), conclusion) {
            ("completed", Some("success")) => Self::Success,
            ("completed", Some(other)) => Self::Failed(super::text::clean_line(other)),
            ("completed", None) => Self::Other("completed".to_owned()),
            ("requested" | "queued" | "pending", _) => Self::Queued,
            ("waiting", _) => Self::Waiting,
            ("in_progress", _) => Self::Running,
            (other, _) => Self::Other(super::text::clean_line(other)),
        }
    }

    /// Worst first: what failed, what is not over, what succeeded.
    fn rank(&self) -> u8 {
        match self {
            Self::Failed(_) => 0,
            Self::Other(_) => 1,
            Self::Waiting => 2,
            Self::Queued => 3,
            Self::Running => 4,
            Self::Success => 5,
        }
    }

    /// Whether another run of the same workflow may stand for it: a concurrency group cancels one of two, and a
    /// workflow that listens to tag and release skips one.
    fn is_set_aside(&self) -> bool {
        matches!(self, Self::Failed(word) if word == "cancelled" || word == "skipped")
    }

    /// Whether the state can no longer change without a re-run.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Success | Self::Failed(_))
    }
}

impl fmt::Display for CdState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting for approval",
            Self::Running => "running",
            Self::Success => "success",
            Self::Failed(word) | Self::Other(word) => word,
        })
    }
}

/// The result so far of finding and following the CD run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "cd")]
pub enum CdOutcome {
    /// The configuration expects no CD.
    NotExpected,
    /// No run appeared in time. It may still do so. The workflow may not exist at the tagged commit, may be disabled,
    /// or the token may belong to Actions, whose events start no workflows.
    NotStarted {
        /// Seconds waited.
        waited_s: u64,
    },
    /// The runs as last seen; [`CdRuns::is_final`] tells whether they can still change.
    Run(Box<CdRuns>),
}

impl CdOutcome {
    /// Whether CD was expected to deploy the release, is over, and did not.
    pub fn failed(&self) -> bool {
        match self {
            Self::Run(runs) => runs.is_final() && !runs.succeeded(),
            Self::NotStarted { .. } => true,
            Self::NotExpected => false,
        }
    }

    /// The runs that are known, worst first.
    pub fn runs(&self) -> impl Iterator<Item = &CdRun> {
        let runs = match self {
            Self::Run(runs) => Some(runs),
            Self::NotStarted { .. } | Self::NotExpected => None,
        };
        runs.into_iter().flat_map(|runs| runs.iter())
    }

    /// The run that failed, of several the first.
    pub fn failed_run(&self) -> Option<&CdRun> {
        self.runs().find(|run| matches!(run.state, CdState::Failed(_)))
    }

    /// The runs that wait for an approval.
    pub fn waiting(&self) -> impl Iterator<Item = &CdRun> {
        self.runs().filter(|run| run.state == CdState::Waiting)
    }

    /// Whether nothing can change any more without a re-run.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Run(runs) => runs.is_final(),
            Self::NotStarted { .. } | Self::NotExpected => true,
        }
    }
}

/// Every run that a release started. Journals of earlier versions hold one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdRuns {
    /// The one that decides: the worst.
    #[serde(flatten)]
    pub decides: CdRun,
    /// The others, worst first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<CdRun>,
    /// Workflows that should have followed on these and did not start in time.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl CdRuns {
    /// The runs of one release, if what `plan` waits for has started: a run by its trigger.
    pub fn of(mut runs: Vec<CdRun>, plan: &CdPlan) -> Option<Self> {
        let started = |r: &CdRun| r.event.as_deref().is_none_or(|e| plan.trigger.event() == Some(e));
        if !runs.iter().any(started) {
            return None;
        }
        let succeeded: Vec<String> =
            runs.iter().filter(|r| r.state == CdState::Success).map(|r| r.path.clone()).collect();
        runs.sort_by_key(|run| {
            let set_aside = run.state.is_set_aside() && succeeded.contains(&run.path);
            (set_aside, run.state.rank(), std::cmp::Reverse((run.created_at, run.id)))
        });
        let mut runs = runs.into_iter();
        Some(Self { decides: runs.next()?, others: runs.collect(), missing: Vec::new() })
    }

    /// All of them, worst first.
    pub fn iter(&self) -> impl Iterator<Item = &CdRun> {
        std::iter::once(&self.decides).chain(&self.others)
    }

    /// Whether none can change any more without a re-run.
    pub fn is_final(&self) -> bool {
        self.iter().all(|run| run.state.is_final())
    }

    /// Whether the release was deployed.
    pub fn succeeded(&self) -> bool {
        self.missing.is_empty() && self.is_final() && self.decides.state == CdState::Success
    }

    /// The workflows of the plan's chain of which no run is there. A chain is not waited for behind a failure.
    pub fn awaited(&self, plan: &CdPlan) -> Vec<String> {
        if !self.is_final() || self.decides.state != CdState::Success {
            return Vec::new();
        }
        let there = |file: &&String| !self.iter().any(|run| run.is_of(file));
        plan.chain.iter().filter(there).cloned().collect()
    }
}

impl CdRun {
    /// Whether it is a run of this workflow file.
    pub fn is_of(&self, file: &str) -> bool {
        self.path.rsplit('/').next() == Some(file.rsplit('/').next().unwrap_or(file))
    }
}

/// What starts CD and how long to wait for it to appear.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CdPlan {
    /// What starts it.
    pub trigger: CdTrigger,
    /// The workflow file, such as `cd.yml`; any workflow with the right event counts if none is named.
    pub workflow: Option<String>,
    /// Seconds to wait for a run to appear.
    pub wait_s: u64,
    /// Workflow files that start when others have ended (`workflow_run`), and belong to CD too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<String>,
}

/// Events of runs that a tag and its release start, besides the trigger's own.
pub const TAG_EVENTS: [&str; 3] = ["push", "create", "release"];

/// The event of runs that start when another run has ended.
pub const CHAIN_EVENT: &str = "workflow_run";

/// What to look for when following CD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdQuery {
    pub trigger: CdTrigger,
    /// Restricts the search to this workflow file, if set.
    pub workflow: Option<String>,
    pub tag: TagName,
    /// The tagged commit.
    pub commit: CommitSha,
    /// Ignore runs created before this time by the host's clock (less a margin); none if that clock was never seen.
    pub since: Option<Timestamp>,
    /// Workflow files that start when the others have ended.
    pub chain: Vec<String>,
    /// Look through all recent runs of the repository: filtered lists have been seen to miss some for minutes.
    pub wide: bool,
}

impl CdQuery {
    /// Whether runs with this event count.
    pub fn counts(&self, event: &str) -> bool {
        self.trigger.event() == Some(event) || TAG_EVENTS.contains(&event)
    }

    /// Of the runs of one workflow of the chain, the one that belongs to a release whose runs began at `from`: the
    /// first that succeeded since, else the last. The host does not say which run started which.
    pub fn follower(runs: impl IntoIterator<Item = CdRun>, from: Option<Timestamp>) -> Option<CdRun> {
        let mut since: Vec<CdRun> = runs.into_iter().filter(|r| r.created_at >= from).collect();
        since.sort_by_key(|r| (r.created_at, r.id));
        let first = since.iter().position(|r| r.state == CdState::Success);
        match first {
            Some(at) => Some(since.swap_remove(at)),
            None => since.pop(),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn run(id: u64, file: &str, event: &str, state: CdState) -> CdRun {
        CdRun {
            id,
            number: id,
            attempt: 1,
            path: format!(".github/workflows/{file}"),
            state,
            created_at: Timestamp::from_second(1_000 + i64::try_from(id).unwrap()).ok(),
            restarted_at: None,
            event: Some(event.to_owned()),
            actor: None,
            web_url: String::new(),
        }
    }

    fn plan(chain: &[&str]) -> CdPlan {
        let chain = chain.iter().map(|c| (*c).to_owned()).collect();
        CdPlan { trigger: CdTrigger::Release, workflow: None, wait_s: 90, chain }
    }

    fn failed(word: &str) -> CdState {
        CdState::Failed(word.to_owned())
    }

    /// Every state a run can be in.
    fn states() -> Vec<CdState> {
        let words = ["failure", "cancelled", "skipped", "timed_out", "neutral"];
        let open = [CdState::Queued, CdState::Waiting, CdState::Running, CdState::Other("x".into()), CdState::Success];
        words.iter().map(|w| failed(w)).chain(open).collect()
    }

    #[test]
    fn two_workflows_succeed_only_together_in_every_pair_of_states() {
        for a in states() {
            for b in states() {
                let runs = vec![run(1, "docs.yml", "release", a.clone()), run(2, "cd.yml", "release", b.clone())];
                let all = CdRuns::of(runs, &plan(&[])).unwrap();
                assert_eq!(all.succeeded(), a == CdState::Success && b == CdState::Success, "{a} {b}");
                assert_eq!(all.is_final(), a.is_final() && b.is_final(), "{a} {b}");
                let red = [&a, &b].iter().any(|s| matches!(s, CdState::Failed(_)));
                assert_eq!(matches!(all.decides.state, CdState::Failed(_)), red, "{a} {b}");
            }
        }
    }

    #[test]
    fn of_two_runs_of_one_workflow_a_cancelled_or_skipped_one_is_no_failure_beside_a_success() {
        for a in states() {
            for b in states() {
                let runs = vec![run(1, "cd.yml", "push", a.clone()), run(2, "cd.yml", "release", b.clone())];
                let all = CdRuns::of(runs, &plan(&[])).unwrap();
                let aside = |s: &CdState| *s == failed("cancelled") || *s == failed("skipped");
                let good = |s: &CdState, t: &CdState| *s == CdState::Success && (*t == CdState::Success || aside(t));
                assert_eq!(all.succeeded(), good(&a, &b) || good(&b, &a), "{a} {b}");
            }
        }
    }

    #[test]
    fn a_run_of_the_tag_is_not_the_start_of_a_cd_that_the_release_starts() {
        let docs = run(1, "docs.yml", "push", CdState::Success);
        assert_eq!(CdRuns::of(vec![docs.clone()], &plan(&[])), None);
        let cd = run(2, "cd.yml", "release", CdState::Running);
        assert_eq!(CdRuns::of(vec![docs, cd], &plan(&[])).unwrap().iter().count(), 2);
    }

    #[test]
    fn a_chain_is_awaited_behind_success_only() {
        let of = |state| CdRuns::of(vec![run(1, "build.yml", "release", state)], &plan(&["deploy.yml"])).unwrap();
        assert_eq!(of(CdState::Success).awaited(&plan(&["deploy.yml"])), ["deploy.yml"]);
        assert_eq!(of(CdState::Running).awaited(&plan(&["deploy.yml"])), Vec::<String>::new());
        assert_eq!(of(failed("failure")).awaited(&plan(&["deploy.yml"])), Vec::<String>::new());
    }

    #[test]
    fn a_follower_began_after_the_release_and_is_the_first_that_succeeded() {
        let one = |id, state| run(id, "deploy.yml", CHAIN_EVENT, state);
        let from = Timestamp::from_second(1_005).ok();
        let pick = |runs: Vec<CdRun>| CdQuery::follower(runs, from).map(|r| r.id);
        assert_eq!(pick(vec![one(3, CdState::Success)]), None, "it belongs to an earlier release");
        assert_eq!(pick(vec![one(9, CdState::Success), one(6, failed("skipped")), one(7, CdState::Success)]), Some(7));
        assert_eq!(pick(vec![one(6, failed("failure")), one(8, CdState::Running)]), Some(8));
    }

    #[test]
    fn a_run_of_an_earlier_journal_is_read() {
        let old = r#"{"cd":"run","id":1,"number":2,"attempt":1,"path":"cd.yml","state":"success","created_at":null,"web_url":"x"}"#;
        let CdOutcome::Run(runs) = serde_json::from_str(old).unwrap() else { panic!("a run") };
        assert!(runs.succeeded() && runs.others.is_empty());
    }
}
