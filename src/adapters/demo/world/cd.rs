//! The demo's CD workflow: a script played against the clock. Nothing runs; how far a run is follows from
//! when it was created, so that every process sees the same.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::cd::{CdJob, CdState, CdTrigger};
use crate::domain::ids::{CommitSha, TagName};
use crate::domain::text;

/// A workflow file and what it does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// File name in `.github/workflows`.
    pub file: String,
    pub starts_on: Vec<CdTrigger>,
    /// How long a run is queued, in milliseconds.
    pub queue_ms: i64,
    /// Its jobs, each needing the one before.
    pub jobs: Vec<JobScript>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobScript {
    pub name: String,
    pub steps: Vec<StepScript>,
}

/// A step of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepScript {
    pub name: String,
    /// How long it takes, in milliseconds.
    pub ms: i64,
}

/// A run of the workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkflowRun {
    pub id: u64,
    /// Number counted per workflow.
    pub number: u64,
    /// What started it.
    pub trigger: CdTrigger,
    /// The tag it runs on.
    pub tag: TagName,
    /// The commit that tag points to.
    pub commit: CommitSha,
    /// When it was created.
    pub created_at: Timestamp,
    /// The job whose last step fails, if one does.
    pub fails_at: Option<String>,
}

impl Workflow {
    /// Path in the repository.
    pub fn path(&self) -> String {
        format!(".github/workflows/{}", self.file)
    }

    /// Whether `name` means this workflow, as a file name or a path.
    pub fn is_called(&self, name: &str) -> bool {
        name == self.file || name == self.path()
    }
}

impl WorkflowRun {
    /// How far the run and its jobs are at `now`.
    pub fn at(&self, workflow: &Workflow, now: Timestamp) -> (CdState, Vec<CdJob>) {
        let mut start = self.after(workflow.queue_ms);
        let mut state = if now < start { CdState::Queued } else { CdState::Running };
        let mut broken = false;
        let mut jobs = Vec::new();
        for script in &workflow.jobs {
            let end = later(start, script.steps.iter().map(|s| s.ms).sum());
            let fails = self.fails_at.as_deref() == Some(script.name.as_str());
            let job_state = match () {
                () if broken => CdState::Failed("skipped".to_owned()),
                () if now < start => CdState::Queued,
                () if now < end => CdState::Running,
                () if fails => CdState::Failed("failure".to_owned()),
                () => CdState::Success,
            };
            let started = !broken && now >= start;
            jobs.push(CdJob {
                name: text::clean_line(&script.name),
                current_step: (job_state == CdState::Running).then(|| step_at(script, start, now)).flatten(),
                started_at: started.then_some(start),
                ended_at: (started && now >= end).then_some(end),
                state: job_state,
            });
            if fails && now >= end && !broken {
                broken = true;
                state = CdState::Failed("failure".to_owned());
            }
            start = end;
        }
        if !broken && now >= start {
            state = CdState::Success;
        }
        (state, jobs)
    }

    fn after(&self, ms: i64) -> Timestamp {
        later(self.created_at, ms)
    }
}

fn later(time: Timestamp, ms: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}

fn step_at(script: &JobScript, mut start: Timestamp, now: Timestamp) -> Option<String> {
    for step in &script.steps {
        start = later(start, step.ms);
        if now < start {
            return Some(text::clean_line(&step.name));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn workflow() -> Workflow {
        let job = |name: &str, steps: &[(&str, i64)]| JobScript {
            name: name.to_owned(),
            steps: steps.iter().map(|(name, ms)| StepScript { name: (*name).to_owned(), ms: *ms }).collect(),
        };
        Workflow {
            file: "cd.yml".into(),
            starts_on: vec![CdTrigger::Release],
            queue_ms: 1000,
            jobs: vec![job("build", &[("compile", 500), ("push", 1500)]), job("deploy", &[("roll out", 3000)])],
        }
    }

    fn run(fails_at: Option<&str>) -> WorkflowRun {
        WorkflowRun {
            id: 1,
            number: 1,
            trigger: CdTrigger::Release,
            tag: "v1".parse().unwrap(),
            commit: "a".repeat(40).parse().unwrap(),
            created_at: "2026-11-23T09:00:00Z".parse().unwrap(),
            fails_at: fails_at.map(str::to_owned),
        }
    }

    fn seen(run: &WorkflowRun, ms: i64) -> String {
        let (state, jobs) = run.at(&workflow(), run.after(ms));
        let jobs = jobs.iter().map(|j| match &j.current_step {
            Some(step) => format!("{} {} ({step})", j.name, j.state),
            None => format!("{} {}", j.name, j.state),
        });
        format!("{state}: {}", jobs.collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn a_run_goes_from_queued_to_success_as_time_passes() {
        let run = run(None);
        for (ms, expected) in [
            (-5000, "queued: build queued, deploy queued"),
            (0, "queued: build queued, deploy queued"),
            (1000, "running: build running (compile), deploy queued"),
            (1600, "running: build running (push), deploy queued"),
            (3000, "running: build success, deploy running (roll out)"),
            (6000, "success: build success, deploy success"),
            (600_000, "success: build success, deploy success"),
        ] {
            assert_eq!(seen(&run, ms), expected, "after {ms} ms");
        }
    }

    #[test]
    fn a_failing_job_fails_the_run_at_its_end_and_skips_the_rest() {
        let run = run(Some("build"));
        assert_eq!(seen(&run, 2999), "running: build running (push), deploy queued");
        assert_eq!(seen(&run, 3000), "failure: build failure, deploy skipped");
        let (_, jobs) = run.at(&workflow(), run.after(9000));
        assert_eq!((jobs[1].started_at, jobs[1].ended_at), (None, None));
    }

    #[test]
    fn jobs_say_when_they_started_and_ended() {
        let run = run(None);
        let (_, jobs) = run.at(&workflow(), run.after(3500));
        assert_eq!((jobs[0].started_at, jobs[0].ended_at), (Some(run.after(1000)), Some(run.after(3000))));
        assert_eq!((jobs[1].started_at, jobs[1].ended_at), (Some(run.after(3000)), None));
    }
}
