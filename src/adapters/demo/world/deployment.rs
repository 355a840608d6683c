//! Deployment jobs: a run for a version, whose approval tasks fail until they are approved and the run is repaired.
//! Semantics as the vendor documents them; no live workspace was reached.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::World;
use crate::adapters::demo::Refusal;
use crate::domain::deployment::{is_approval, is_approved};
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::text;

/// A run of a deployment job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRun {
    pub job: String,
    pub id: String,
    pub model: ModelName,
    pub version: VersionNumber,
    /// In the order in which they run.
    pub tasks: Vec<JobTask>,
    /// Ids of its repairs, oldest first.
    pub repairs: Vec<String>,
    /// When it was started or repaired last.
    pub begun_at: Timestamp,
    /// How long a repair takes.
    pub takes_ms: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobTask {
    pub name: String,
    /// Tasks that have to succeed before it.
    pub after: Vec<String>,
    /// `SUCCESS`, `FAILED`, `UPSTREAM_FAILED`, `EXCLUDED`.
    pub result: String,
    /// How it ends when it runs, if it is no approval task.
    pub ends: String,
}

const SUCCESS: &str = "SUCCESS";
const FAILED: &str = "FAILED";
const UPSTREAM_FAILED: &str = "UPSTREAM_FAILED";

impl JobTask {
    fn new(name: &str, after: &[&str], result: &str) -> Self {
        let after = after.iter().map(|name| (*name).to_owned()).collect();
        Self { name: name.to_owned(), after, result: result.to_owned(), ends: SUCCESS.to_owned() }
    }
}

impl JobRun {
    /// A run that evaluated the version, and waits in the first of these approval tasks, one after the other, or in all
    /// of them at once if they are `beside` each other. Then it deploys.
    pub fn waiting(of: (&ModelName, VersionNumber), approvals: &[&str], beside: bool, at: Timestamp) -> Self {
        let mut tasks = vec![JobTask::new("evaluate", &[], SUCCESS)];
        for (n, name) in approvals.iter().enumerate() {
            let before = if beside || n == 0 { "evaluate" } else { approvals[n - 1] };
            tasks.push(JobTask::new(name, &[before], if beside || n == 0 { FAILED } else { UPSTREAM_FAILED }));
        }
        let last = if beside { 0 } else { approvals.len().saturating_sub(1) };
        tasks.push(JobTask::new("deploy", &approvals[last..], UPSTREAM_FAILED));
        Self {
            job: "991".to_owned(),
            id: "7003".to_owned(),
            model: of.0.clone(),
            version: of.1,
            tasks,
            repairs: Vec::new(),
            begun_at: at,
            takes_ms: 0,
        }
    }

    pub fn is_at_work(&self, now: Timestamp) -> bool {
        let ends = self.begun_at.checked_add(SignedDuration::from_millis(self.takes_ms));
        self.takes_ms > 0 && ends.is_ok_and(|ends| now < ends)
    }

    /// How it has ended.
    pub fn result(&self) -> &'static str {
        if self.tasks.iter().all(|task| matches!(task.result.as_str(), SUCCESS | "EXCLUDED")) {
            SUCCESS
        } else {
            FAILED
        }
    }

    /// Whether it waits for a person.
    pub fn waits(&self, now: Timestamp) -> bool {
        !self.is_at_work(now) && self.tasks.iter().any(|task| is_approval(&task.name) && task.result == FAILED)
    }
}

impl World {
    /// The newest run of a version's deployment job.
    pub fn job_of(&self, model: &ModelName, version: VersionNumber) -> Option<&JobRun> {
        self.jobs.iter().rev().find(|run| run.model == *model && run.version == version)
    }

    /// One run.
    ///
    /// # Errors
    /// [`Refusal::NotFound`].
    pub fn job_run(&self, id: &str) -> Result<&JobRun, Refusal> {
        self.jobs.iter().find(|run| run.id == id).ok_or_else(|| no_run(id))
    }

    /// Runs this task again, and those that come after it. Returns the id of the repair.
    ///
    /// # Errors
    /// Unknown run or task, a run that is at work, or `latest` is not the id of its last repair.
    pub fn repair_job(
        &mut self,
        id: &str,
        task: &str,
        latest: Option<&str>,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let at = self.jobs.iter().position(|run| run.id == id).ok_or_else(|| no_run(id))?;
        let run = &self.jobs[at];
        let invalid = |what: &str| Refusal::Invalid(what.to_owned());
        if run.is_at_work(now) {
            return Err(invalid("the run is active and cannot be repaired"));
        }
        if run.repairs.last().map(String::as_str) != latest {
            return Err(invalid("latest_repair_id is not the id of the latest repair"));
        }
        if !run.tasks.iter().any(|t| t.name == task) {
            return Err(invalid("the run has no such task"));
        }
        let approved = |name: &str| {
            let tags = self.version(&run.model, run.version).map(|version| &version.tags);
            tags.is_ok_and(|tags| tags.get(name).is_some_and(|value| is_approved(value)))
        };
        let mut tasks = run.tasks.clone();
        let mut again: Vec<String> = Vec::new();
        for n in 0..tasks.len() {
            let JobTask { name, after, ends, .. } = tasks[n].clone();
            if name != task && !after.iter().any(|before| again.contains(before)) {
                continue;
            }
            let passed = |before: &String| tasks.iter().any(|t| t.name == *before && t.result == SUCCESS);
            let result = match (after.iter().all(passed), is_approval(&name)) {
                (false, _) => UPSTREAM_FAILED,
                (true, true) if approved(&name) => SUCCESS,
                (true, true) => FAILED,
                (true, false) => ends.as_str(),
            }
            .to_owned();
            tasks[n].result = result;
            again.push(name);
        }
        let run = &mut self.jobs[at];
        let repair = format!("{}", 500 + run.repairs.len());
        (run.tasks, run.begun_at) = (tasks, now);
        run.repairs.push(repair.clone());
        Ok(repair)
    }
}

fn no_run(id: &str) -> Refusal {
    Refusal::NotFound(format!("there is no job run {}", text::clean_line(id)))
}
