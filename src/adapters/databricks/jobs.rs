//! Runs of a job, over the Jobs API 2.2. Read-only: starting a job is CD's work.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::adapters::http::int;
use crate::adapters::mlflow::{Connection, Mlflow, client};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::clean_line;
use crate::domain::witness::{PipelineRun, RunState};
use crate::ports::witness::JobRuns;

/// Runs that are read, newest first.
const RUNS: &str = "25";

/// The jobs of the workspace that has the runs.
#[derive(Debug)]
pub struct Jobs {
    api: Mlflow,
}

impl Jobs {
    /// None if the tracking server of `connection` is no workspace.
    pub fn new(connection: &Connection) -> Option<Arc<Self>> {
        (!connection.tracking.is_mlflow()).then(|| Arc::new(Self { api: Mlflow::new(connection) }))
    }

    /// The id of a job that is named by its id or its name.
    async fn id(&self, job: &str) -> Outcome<i64> {
        if let Ok(id) = job.parse() {
            return Ok(id);
        }
        let what = format!("find the job {}", clean_line(job));
        let call = client::get_raw("api/2.2/jobs/list", &what).query("name", job).query("limit", "25");
        let answer: JobList = self.api.tracking.json(call).await?;
        let named = |j: &&JobDto| j.settings.name.eq_ignore_ascii_case(job);
        let mut found = answer.jobs.iter().filter(named).filter_map(|j| j.job_id);
        match (found.next(), found.next()) {
            (Some(id), None) => Ok(id),
            (None, _) => {
                Err(Failure::new(FailureKind::NotFound, Service::Mlflow, what, "the workspace has no job of that name"))
            }
            (Some(_), Some(_)) => {
                let reason = "several jobs have that name";
                Err(Failure::new(FailureKind::Conflict, Service::Mlflow, what, reason).with_hint("Name the job's id."))
            }
        }
    }
}

#[async_trait]
impl JobRuns for Jobs {
    async fn runs(&self, job: &str, since: Timestamp) -> Outcome<Vec<PipelineRun>> {
        let id = self.id(job).await?;
        let call = client::get_raw("api/2.2/jobs/runs/list", format!("list the runs of the job {}", clean_line(job)))
            .query("job_id", id.to_string())
            .query("limit", RUNS)
            .query("start_time_from", since.as_millisecond().to_string());
        let answer: RunList = self.api.tracking.json(call).await?;
        Ok(answer.runs.into_iter().map(run).collect())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobList {
    jobs: Vec<JobDto>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobDto {
    #[serde(deserialize_with = "int")]
    job_id: Option<i64>,
    settings: JobSettings,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct JobSettings {
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RunList {
    runs: Vec<RunDto>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RunDto {
    #[serde(deserialize_with = "int")]
    run_id: Option<i64>,
    #[serde(deserialize_with = "int")]
    start_time: Option<i64>,
    state: StateDto,
    job_parameters: Vec<ParameterDto>,
    overriding_parameters: Map<String, Value>,
}

/// The older of the two ways in which a run tells its state; both are sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StateDto {
    life_cycle_state: String,
    result_state: String,
}

impl StateDto {
    pub(super) fn told(&self) -> RunState {
        match (self.life_cycle_state.as_str(), self.result_state.as_str()) {
            ("TERMINATED", "SUCCESS" | "SUCCESS_WITH_FAILURES") => RunState::Succeeded,
            ("TERMINATED", result) => RunState::Failed(clean_line(result)),
            // A task that does not run because of another one says so.
            ("SKIPPED", result) if !result.is_empty() => RunState::Failed(clean_line(result)),
            (ended @ ("INTERNAL_ERROR" | "SKIPPED"), _) => RunState::Failed(ended.to_owned()),
            (open, _) => RunState::Open(clean_line(&open.to_ascii_lowercase())),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ParameterDto {
    name: String,
    default: Option<String>,
    value: Option<String>,
}

fn run(dto: RunDto) -> PipelineRun {
    let mut conf = Map::new();
    for parameter in dto.job_parameters {
        let value = parameter.value.or(parameter.default);
        conf.insert(parameter.name, value.map_or(Value::Null, Value::String));
    }
    // `notebook_params` and the like: what was given for this run.
    for given in dto.overriding_parameters.into_iter().filter_map(|(_, given)| given.as_object().cloned()) {
        conf.extend(given);
    }
    PipelineRun {
        id: dto.run_id.map(|id| id.to_string()).unwrap_or_default(),
        state: dto.state.told(),
        started_at: dto.start_time.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
        conf: Value::Object(conf),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_run_tells_its_state_and_the_parameters_it_was_given() {
        let dto = r#"{"run_id": 7, "start_time": "1791745528500", "state": {"life_cycle_state": "TERMINATED",
            "result_state": "SUCCESS"}, "job_parameters": [{"name": "model_version", "default": "1", "value": "42"},
            {"name": "day", "default": "x"}], "overriding_parameters": {"notebook_params": {"day": "y"}}}"#;
        let run = run(serde_json::from_str(dto).unwrap());
        assert_eq!((run.id.as_str(), &run.state), ("7", &RunState::Succeeded));
        assert_eq!(run.conf, serde_json::json!({"model_version": "42", "day": "y"}));
        assert_eq!(run.started_at.unwrap().as_millisecond(), 1_791_745_528_500);
        for (life, result, open) in
            [("RUNNING", "", true), ("QUEUED", "", true), ("TERMINATED", "FAILED", false), ("SKIPPED", "", false)]
        {
            let dto = RunDto {
                state: StateDto { life_cycle_state: life.to_owned(), result_state: result.to_owned() },
                ..RunDto::default()
            };
            assert_eq!(matches!(super::run(dto).state, RunState::Open(_)), open, "{life} {result}");
        }
    }
}
