//! Workflows and their runs: scripts played against a clock. Nothing is executed; a run's progress follows from its
//! creation time, so every process sees the same.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Repo;
use crate::adapters::demo::Refusal;
use crate::domain::cd::{CdJob, CdState, CdTrigger};
use crate::domain::ids::{CommitSha, TagName};
use crate::domain::text;

/// A workflow file and its script.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workflow {
    /// File name in `.github/workflows`.
    pub file: String,
    /// `active`, `disabled_manually`, ...
    #[serde(default = "active")]
    pub state: String,
    pub starts_on: Vec<CdTrigger>,
    /// How long a run is queued, in milliseconds.
    pub queue_ms: i64,
    /// Its jobs, each needing the previous one.
    pub jobs: Vec<JobScript>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobScript {
    pub name: String,
    pub steps: Vec<StepScript>,
    /// What it prints before it fails, if it does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fails_with: Vec<String>,
    /// The environment that it deploys to, if somebody has to approve that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Protected>,
}

/// A deployment environment with required reviewers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protected {
    pub id: u64,
    pub name: String,
    /// Logins.
    pub reviewers: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepScript {
    pub name: String,
    /// Duration in milliseconds.
    pub ms: i64,
}

fn active() -> String {
    "active".to_owned()
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    pub id: u64,
    /// File name of the workflow.
    pub workflow: String,
    /// Run number, per workflow.
    pub number: u64,
    /// What started it.
    pub trigger: CdTrigger,
    pub tag: TagName,
    /// The commit of that tag.
    pub commit: CommitSha,
    pub created_at: Timestamp,
    /// The job whose last step fails, if any.
    pub fails_at: Option<String>,
    /// From 1, incremented by each re-run.
    #[serde(default = "first")]
    pub attempt: u64,
    /// When the latest attempt began, if it is not the first.
    #[serde(default)]
    pub restarted_at: Option<Timestamp>,
    /// How it ends instead of its script's way: `cancelled`, `skipped`.
    #[serde(default)]
    pub conclusion: Option<String>,
    /// When its deployment to each environment was approved, by the environment's name, in this attempt.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub approved: BTreeMap<String, Timestamp>,
}

fn first() -> u64 {
    1
}

impl Workflow {
    /// Duration of its runs in milliseconds, if no job fails.
    pub fn takes_ms(&self) -> i64 {
        self.queue_ms + self.jobs.iter().map(JobScript::takes_ms).sum::<i64>()
    }

    fn is_active(&self) -> bool {
        self.state == "active"
    }

    fn is_called(&self, name: &str) -> bool {
        name == self.file || name == path(&self.file)
    }
}

impl Repo {
    /// The workflow with this file name or path.
    pub fn workflow(&self, name: &str) -> Option<&Workflow> {
        self.workflows.iter().find(|w| w.is_called(name))
    }

    /// Starts a workflow on a tag by `workflow_dispatch`.
    ///
    /// # Errors
    /// Unknown workflow or tag; the workflow has no such trigger or is disabled.
    pub fn dispatch(&mut self, workflow: &str, tag: &TagName, now: Timestamp) -> Result<(), Refusal> {
        let shown = text::clean_line(workflow);
        let Some(found) = self.workflow(workflow) else {
            return Err(Refusal::NotFound(format!("{} has no workflow '{shown}'", self.slug)));
        };
        if self.peel(tag).is_none() {
            return Err(Refusal::Invalid(format!("{} has no tag '{tag}'", self.slug)));
        }
        if !found.starts_on.contains(&CdTrigger::Dispatch) {
            return Err(Refusal::Invalid(format!("the workflow '{shown}' does not listen to workflow_dispatch")));
        }
        if !found.is_active() {
            return Err(Refusal::Invalid(format!("the workflow '{shown}' is disabled")));
        }
        let file = found.file.clone();
        self.start(&file, CdTrigger::Dispatch, tag, now);
        Ok(())
    }

    /// One run.
    ///
    /// # Errors
    /// Unknown id.
    pub fn run(&self, id: u64) -> Result<&Run, Refusal> {
        let missing = || Refusal::NotFound(format!("{} has no workflow run with the id {id}", self.slug));
        self.runs.iter().find(|r| r.id == id).ok_or_else(missing)
    }

    /// The state of a run and its jobs at `now`. A run whose workflow is missing stays queued.
    pub fn progress(&self, run: &Run, now: Timestamp) -> (CdState, Vec<CdJob>) {
        self.workflow(&run.workflow).map_or((CdState::Queued, Vec::new()), |workflow| run.at(workflow, now))
    }

    /// Runs everything again, as a person does after a failure: the same run, its next attempt, with no failing job.
    ///
    /// # Errors
    /// Unknown id.
    pub fn rerun(&mut self, id: u64, now: Timestamp) -> Result<(), Refusal> {
        self.run(id)?;
        if let Some(run) = self.runs.iter_mut().find(|r| r.id == id) {
            run.attempt += 1;
            (run.restarted_at, run.fails_at, run.conclusion) = (Some(now), None, None);
            run.approved.clear();
        }
        Ok(())
    }

    /// The environments that a run waits for at `now`.
    ///
    /// # Errors
    /// Unknown id.
    pub fn pending(&self, id: u64, now: Timestamp) -> Result<Vec<Protected>, Refusal> {
        let run = self.run(id)?;
        let Some(workflow) = self.workflow(&run.workflow) else { return Ok(Vec::new()) };
        let (_, jobs) = run.at(workflow, now);
        let waiting = workflow.jobs.iter().zip(jobs).filter(|(_, job)| job.state == CdState::Waiting);
        Ok(waiting.filter_map(|(script, _)| script.environment.clone()).collect())
    }

    /// Approves the deployment of a run to environments, as `login`.
    ///
    /// # Errors
    /// Unknown id; it does not wait for one of them, or `login` is not among its reviewers.
    pub fn approve(&mut self, id: u64, environments: &[u64], login: &str, now: Timestamp) -> Result<(), Refusal> {
        let pending = self.pending(id, now)?;
        for environment in environments {
            let Some(there) = pending.iter().find(|p| p.id == *environment) else {
                return Err(Refusal::Invalid("No pending deployment requests to approve or reject".to_owned()));
            };
            if !there.reviewers.iter().any(|reviewer| reviewer.eq_ignore_ascii_case(login)) {
                return Err(Refusal::Invalid(format!("{login} is no reviewer of {}", there.name)));
            }
            if let Some(run) = self.runs.iter_mut().find(|r| r.id == id) {
                run.approved.insert(there.name.clone(), now);
            }
        }
        Ok(())
    }

    /// What a job printed, as the runner writes it.
    ///
    /// # Errors
    /// Unknown id; the job is not over.
    pub fn job_log(&self, job: u64, now: Timestamp) -> Result<String, Refusal> {
        let missing = || Refusal::NotFound(format!("{} has no log of job {job}", self.slug));
        let run = self.runs.iter().find(|run| (run.first_job()..run.first_job() + 100).contains(&job));
        let run = run.ok_or_else(missing)?;
        let workflow = self.workflow(&run.workflow).ok_or_else(missing)?;
        let (_, jobs) = run.at(workflow, now);
        let found = workflow.jobs.iter().zip(jobs).find(|(_, there)| there.id == job);
        let (script, seen) = found.ok_or_else(missing)?;
        let (Some(from), Some(_)) = (seen.started_at, seen.ended_at) else { return Err(missing()) };
        Ok(script.log(from, matches!(seen.state, CdState::Failed(_))))
    }

    /// Sets `trigger` as the only trigger of all workflows.
    pub fn listen_to(&mut self, trigger: CdTrigger) {
        for workflow in &mut self.workflows {
            workflow.starts_on = if trigger == CdTrigger::None { Vec::new() } else { vec![trigger] };
        }
    }

    /// Starts the active workflows with this `trigger` after an event on a tag.
    pub(super) fn happened(&mut self, trigger: CdTrigger, tag: &TagName, now: Timestamp) {
        let listening = self.workflows.iter().filter(|w| w.is_active() && w.starts_on.contains(&trigger));
        for file in listening.map(|w| w.file.clone()).collect::<Vec<_>>() {
            self.start(&file, trigger, tag, now);
        }
    }

    /// Starts a run of a workflow, as `trigger` on the tag does.
    pub fn start(&mut self, workflow: &str, trigger: CdTrigger, tag: &TagName, now: Timestamp) {
        let Some(commit) = self.peel(tag).map(|(commit, _)| commit.clone()) else { return };
        let fails_at = self.commits.get(&commit).and_then(|c| c.cd_fails_at.clone());
        let id = self.next_id();
        let number = self.runs.iter().filter(|r| r.workflow == workflow).map(|r| r.number).max().unwrap_or(0) + 1;
        let workflow = workflow.to_owned();
        self.runs.push(Run {
            id,
            workflow,
            number,
            trigger,
            tag: tag.clone(),
            commit,
            created_at: now,
            fails_at,
            attempt: 1,
            restarted_at: None,
            conclusion: None,
            approved: BTreeMap::new(),
        });
    }
}

impl Run {
    /// The state of the run and its jobs at `now`. Names are raw.
    pub fn at(&self, workflow: &Workflow, now: Timestamp) -> (CdState, Vec<CdJob>) {
        let mut start = self.after(workflow.queue_ms);
        let mut state = if now < start { CdState::Queued } else { CdState::Running };
        let (mut broken, mut held) = (false, false);
        let mut jobs = Vec::new();
        for (id, script) in (self.first_job()..).zip(&workflow.jobs) {
            let approved = script.environment.as_ref().map(|e| self.approved.get(&e.name).copied());
            start = start.max(approved.flatten().unwrap_or(start));
            let waits = approved == Some(None) && now >= start && !broken && !held;
            held |= waits;
            let end = later(start, script.takes_ms());
            let fails = self.fails_at.as_deref() == Some(script.name.as_str());
            let job_state = match () {
                () if broken => CdState::Failed("skipped".to_owned()),
                () if waits => CdState::Waiting,
                () if held => CdState::Queued,
                () if now < start => CdState::Queued,
                () if now < end => CdState::Running,
                () if fails => CdState::Failed("failure".to_owned()),
                () => CdState::Success,
            };
            let started = !broken && !held && now >= start;
            jobs.push(CdJob {
                id,
                name: script.name.clone(),
                current_step: (job_state == CdState::Running).then(|| step_at(script, start, now)).flatten(),
                started_at: started.then_some(start),
                ended_at: (started && now >= end).then_some(end),
                state: job_state,
            });
            if fails && now >= end && !broken && !held {
                broken = true;
                state = CdState::Failed("failure".to_owned());
            }
            start = end;
        }
        if held {
            state = CdState::Waiting;
        } else if !broken && now >= start {
            state = match &self.conclusion {
                Some(word) => CdState::Failed(word.clone()),
                None => CdState::Success,
            };
        }
        (state, jobs)
    }

    /// Path of its workflow in the repository.
    pub fn path(&self) -> String {
        path(&self.workflow)
    }

    /// The id of the first job of its latest attempt; the others follow.
    fn first_job(&self) -> u64 {
        (self.id * 100 + self.attempt % 100) * 100 + 1
    }

    /// The time `ms` milliseconds after its latest attempt began.
    pub fn after(&self, ms: i64) -> Timestamp {
        later(self.restarted_at.unwrap_or(self.created_at), ms)
    }
}

impl JobScript {
    /// Its duration in milliseconds.
    pub fn takes_ms(&self) -> i64 {
        self.steps.iter().map(|s| s.ms).sum()
    }

    /// Its log, from its start on.
    fn log(&self, from: Timestamp, failed: bool) -> String {
        let (mut out, mut at) = (String::from("\u{feff}"), from);
        let mut line = |at: Timestamp, text: &str| {
            out.push_str(&format!("{}0000Z {text}\n", at.strftime("%Y-%m-%dT%H:%M:%S.%3f")));
        };
        for step in &self.steps {
            line(at, &format!("##[group]Run {}", step.name));
            line(at, "##[endgroup]");
            at = later(at, step.ms);
        }
        if failed {
            self.fails_with.iter().for_each(|text| line(at, text));
            line(at, "##[error]Process completed with exit code 1.");
        }
        line(at, "Post job cleanup.");
        out
    }
}

fn path(file: &str) -> String {
    format!(".github/workflows/{file}")
}

fn later(time: Timestamp, ms: i64) -> Timestamp {
    time.checked_add(SignedDuration::from_millis(ms)).unwrap_or(Timestamp::MAX)
}

fn step_at(script: &JobScript, mut start: Timestamp, now: Timestamp) -> Option<String> {
    for step in &script.steps {
        start = later(start, step.ms);
        if now < start {
            return Some(step.name.clone());
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
            fails_with: Vec::new(),
            environment: None,
        };
        Workflow {
            file: "cd.yml".into(),
            state: active(),
            starts_on: vec![CdTrigger::Release],
            queue_ms: 1000,
            jobs: vec![job("build", &[("compile", 500), ("push", 1500)]), job("deploy", &[("roll out", 3000)])],
        }
    }

    fn run(fails_at: Option<&str>) -> Run {
        Run {
            id: 1,
            workflow: "cd.yml".into(),
            number: 1,
            trigger: CdTrigger::Release,
            tag: "v1".parse().unwrap(),
            commit: "a".repeat(40).parse().unwrap(),
            created_at: "2026-11-23T09:00:00Z".parse().unwrap(),
            fails_at: fails_at.map(str::to_owned),
            attempt: 1,
            restarted_at: None,
            conclusion: None,
            approved: BTreeMap::new(),
        }
    }

    fn seen(run: &Run, ms: i64) -> String {
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

    #[test]
    fn a_job_waits_for_its_environment_and_goes_on_when_it_is_approved() {
        let mut workflow = workflow();
        let protected = Protected { id: 7, name: "production".into(), reviewers: vec!["rev1".into()] };
        workflow.jobs[1].environment = Some(protected);
        let mut run = run(None);
        let at = |run: &Run, ms| {
            let (state, jobs) = run.at(&workflow, run.after(ms));
            format!("{state}: {}, {}", jobs[0].state, jobs[1].state)
        };
        assert_eq!(at(&run, 1600), "running: running, queued");
        assert_eq!(at(&run, 60_000), "waiting for approval: success, waiting for approval");
        run.approved.insert("production".into(), run.after(60_000));
        assert_eq!(at(&run, 60_000), "running: success, running");
        assert_eq!(at(&run, 63_000), "success: success, success");
    }
}
