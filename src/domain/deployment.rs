//! Deployment jobs of Unity Catalog: a job that is connected to a model and runs for each of its versions. It waits for
//! people in approval tasks: tasks that fail until a tag of their name on the version says yes and the run is repaired.

use serde::{Deserialize, Serialize};

use super::witness::RunState;

/// The value of a task's tag that lets the task pass.
pub const APPROVED: &str = "Approved";
/// The value that keeps it failing.
pub const REJECTED: &str = "Rejected";

/// How the names of approval tasks begin, in any case.
const PREFIX: &str = "approval";
/// How a task ends that waits for a person.
const WAITS: &str = "FAILED";
/// How a task ends that the run went around.
const LEFT_OUT: [&str; 2] = ["EXCLUDED", "DISABLED"];

/// Whether a task of this name waits for people.
pub fn is_approval(task: &str) -> bool {
    task.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// Whether the value of a task's tag lets the task pass.
pub fn is_approved(value: &str) -> bool {
    value.eq_ignore_ascii_case(APPROVED)
}

/// What a version says of the run of its deployment job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub job: String,
    pub run: String,
    /// It waits in an approval task.
    pub waits: bool,
}

/// A run of a deployment job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentRun {
    pub state: RunState,
    /// Each once, in the job's order.
    pub tasks: Vec<DeploymentTask>,
    /// Ids of its repairs, oldest first.
    pub repairs: Vec<String>,
    /// Its web page.
    pub page: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentTask {
    pub name: String,
    pub state: RunState,
}

impl DeploymentTask {
    fn ended(&self) -> Option<&str> {
        match &self.state {
            RunState::Failed(how) => Some(how),
            RunState::Open(_) | RunState::Succeeded => None,
        }
    }
}

impl DeploymentRun {
    /// The approval tasks that wait for a person, in the job's order. None waits while the run is at work.
    pub fn waiting(&self) -> Vec<&str> {
        if matches!(self.state, RunState::Open(_)) {
            return Vec::new();
        }
        let waits = |task: &&DeploymentTask| is_approval(&task.name) && task.ended() == Some(WAITS);
        self.tasks.iter().filter(waits).map(|task| task.name.as_str()).collect()
    }

    /// Whether this task has not passed yet.
    pub fn is_stopped_at(&self, task: &str) -> bool {
        self.tasks.iter().any(|t| t.name == task && t.ended().is_some())
    }

    /// The approval that is asked for now, with those that are left after it.
    pub fn asks(&self, of: &Deployment) -> Option<ApprovalTask> {
        let task = (*self.waiting().first()?).to_owned();
        let left = |t: &&DeploymentTask| {
            let open = !matches!(t.state, RunState::Succeeded) && !t.ended().is_some_and(|how| LEFT_OUT.contains(&how));
            is_approval(&t.name) && t.name != task && open
        };
        let left = self.tasks.iter().filter(left).map(|t| t.name.clone()).collect();
        Some(ApprovalTask { job: of.job.clone(), run: of.run.clone(), task, left })
    }

    /// The first repair after `known`, the last one of then.
    pub fn repaired_since(&self, known: Option<&str>) -> Option<&str> {
        let seen = known.and_then(|known| self.repairs.iter().position(|id| id == known));
        self.repairs.get(seen.map_or(0, |at| at + 1)).map(String::as_str)
    }

    /// What became of it.
    pub fn outcome(&self) -> JobOutcome {
        let page = self.page.clone();
        match &self.state {
            RunState::Open(word) => JobOutcome::Running { word: word.clone(), page },
            RunState::Succeeded => JobOutcome::Succeeded { page },
            RunState::Failed(word) => {
                let failed = |t: &DeploymentTask| match t.ended() {
                    Some(how) if how == WAITS && is_approval(&t.name) => Some(format!("{} was not passed", t.name)),
                    // Those behind a failed task fail because of it.
                    Some(how) if !how.starts_with("UPSTREAM") && !LEFT_OUT.contains(&how) => {
                        Some(format!("{} ended as {how}", t.name))
                    }
                    Some(_) | None => None,
                };
                let tasks: Vec<String> = self.tasks.iter().filter_map(failed).collect();
                let why = if tasks.is_empty() { format!("it ended as {word}") } else { tasks.join(", ") };
                JobOutcome::Failed { why, page }
            }
        }
    }
}

/// The approval that a decision gives or refuses: one task of one run. Fixed when the plan is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApprovalTask {
    pub job: String,
    pub run: String,
    pub task: String,
    /// Approval tasks that have not passed either: while there are any, an approval releases nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
}

impl ApprovalTask {
    /// `Approval_Check of run 7003 of job 991`.
    pub fn name(&self) -> String {
        format!("{} of run {} of job {}", self.task, self.run, self.job)
    }

    /// The approval tasks that are left after this one: `Approval_Legal and Approval_Risk`.
    pub fn left(&self) -> String {
        self.left.join(" and ")
    }
}

/// What became of a deployment job after the approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "job")]
pub enum JobOutcome {
    Running {
        /// In the workspace's word.
        word: String,
        #[serde(default)]
        page: Option<String>,
    },
    Succeeded {
        #[serde(default)]
        page: Option<String>,
    },
    Failed {
        why: String,
        #[serde(default)]
        page: Option<String>,
    },
    /// It was not told to go on.
    Withheld { why: String },
}

impl JobOutcome {
    pub fn is_final(&self) -> bool {
        match self {
            Self::Running { .. } => false,
            Self::Succeeded { .. } | Self::Failed { .. } | Self::Withheld { .. } => true,
        }
    }

    /// Whether it has certainly not deployed.
    pub fn failed(&self) -> bool {
        match self {
            Self::Running { .. } | Self::Succeeded { .. } => false,
            Self::Failed { .. } | Self::Withheld { .. } => true,
        }
    }

    pub fn page(&self) -> Option<&str> {
        match self {
            Self::Running { page, .. } | Self::Succeeded { page } | Self::Failed { page, .. } => page.as_deref(),
            Self::Withheld { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn failed(how: &str) -> RunState {
        RunState::Failed(how.to_owned())
    }

    fn run(state: RunState, tasks: &[(&str, RunState)]) -> DeploymentRun {
        let tasks = tasks.iter().map(|(name, state)| DeploymentTask { name: (*name).to_owned(), state: state.clone() });
        DeploymentRun { state, tasks: tasks.collect(), repairs: Vec::new(), page: None }
    }

    fn asks(run: &DeploymentRun) -> Option<(String, Vec<String>)> {
        let of = Deployment { job: "991".to_owned(), run: "7003".to_owned(), waits: true };
        run.asks(&of).map(|asked| (asked.task, asked.left))
    }

    #[test]
    fn a_failed_task_whose_name_begins_with_approval_waits() {
        let behind = || failed("UPSTREAM_FAILED");
        for (name, state, waits) in [
            ("Approval_Check", failed("FAILED"), true),
            ("approval", failed("FAILED"), true),
            ("APPROVAL-legal", failed("FAILED"), true),
            ("Approval_Check", RunState::Succeeded, false),
            ("Approval_Check", failed("CANCELED"), false),
            ("Approval_Check", behind(), false),
            ("Check_Approval", failed("FAILED"), false),
            ("approva", failed("FAILED"), false),
            ("äpproval", failed("FAILED"), false),
        ] {
            let run = run(failed("FAILED"), &[("evaluate", RunState::Succeeded), (name, state), ("deploy", behind())]);
            assert_eq!(run.waiting(), if waits { vec![name] } else { vec![] }, "{run:?}");
        }
        let open = run(RunState::Open("running".into()), &[("Approval_Check", failed("FAILED"))]);
        assert_eq!(asks(&open), None, "somebody repaired it");
    }

    #[test]
    fn approval_tasks_that_have_not_passed_are_left() {
        let beside = [("Approval_Legal", failed("FAILED")), ("Approval_Risk", failed("FAILED"))];
        let legal = |left: &[&str]| {
            Some(("Approval_Legal".to_owned(), left.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>()))
        };
        assert_eq!(asks(&run(failed("FAILED"), &beside)), legal(&["Approval_Risk"]));
        let behind = [beside[0].clone(), ("approval_2", failed("UPSTREAM_FAILED"))];
        assert_eq!(asks(&run(failed("FAILED"), &behind)), legal(&["approval_2"]));
        let passed = [beside[0].clone(), ("Approval_Risk", RunState::Succeeded), ("Approval_No", failed("EXCLUDED"))];
        assert_eq!(asks(&run(failed("FAILED"), &passed)), legal(&[]));
    }

    #[test]
    fn a_repair_is_seen_after_the_last_one_that_was_known() {
        let run = DeploymentRun { repairs: vec!["1".into(), "2".into(), "3".into()], ..run(RunState::Succeeded, &[]) };
        assert_eq!(run.repaired_since(None), Some("1"));
        assert_eq!(run.repaired_since(Some("2")), Some("3"));
        assert_eq!(run.repaired_since(Some("3")), None);
    }

    #[test]
    fn a_failed_job_names_the_tasks_that_failed_themselves() {
        let tasks = [
            ("Approval_Check", RunState::Succeeded),
            ("deploy", failed("TIMEDOUT")),
            ("smoke", failed("UPSTREAM_FAILED")),
        ];
        let outcome = run(failed("FAILED"), &tasks).outcome();
        assert_eq!(outcome, JobOutcome::Failed { why: "deploy ended as TIMEDOUT".to_owned(), page: None });
        assert!(outcome.failed() && outcome.is_final());
        let again = run(failed("FAILED"), &[("Approval_Check", failed("FAILED"))]).outcome();
        assert_eq!(again, JobOutcome::Failed { why: "Approval_Check was not passed".to_owned(), page: None });
    }
}
