//! The tracking server: `/api/2.0/mlflow/{experiments,runs,metrics,logged-models,artifacts}/...`, over the demo's.

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt as _;
use serde_json::{Value, json};
use signoff::adapters::clock::SystemClock;
use signoff::adapters::demo::{DemoRegistry, Latency};
use signoff::domain::experiment::{Experiment, RunQuery};
use signoff::domain::failure::{Failure, FailureKind, Outcome};
use signoff::domain::ids::{ExperimentId, RunId};
use signoff::domain::logged::LoggedModel;
use signoff::domain::run::{MetricPoint, Run};
use signoff::ports::ModelRegistry as _;
use signoff::ports::tracking::TrackingServer as _;

use super::super::double::{Answer, Request};
use super::registry::listed;
use super::state::Workspace;
use super::{arg, error, files, invalid, missing, ok, page};

type Answered = Result<Answer, Answer>;

/// None if it is not a route of the tracking server.
pub(super) fn answer(state: &mut Workspace, request: &Request, route: &str) -> Option<Answer> {
    let answer = match route {
        "POST experiments/search" | "GET experiments/search" => experiments(state, request),
        "GET experiments/get" => one_experiment(state, request),
        "POST runs/search" => runs(state, request),
        "GET runs/get" => one_run(state, request),
        "GET metrics/get-history" => history(state, request),
        "POST logged-models/search" => logged_models(state, request),
        "GET artifacts/list" => files::list(state, request),
        "POST artifacts/credentials-for-read" => files::credentials_of_run(state, request),
        _ => match route.split_once(" logged-models/")? {
            ("GET", rest) if !rest.contains('/') => one_logged_model(state, rest),
            ("GET", rest) => files::list_of_logged_model(state, request, rest.strip_suffix("/artifacts/directories")?),
            ("POST", rest) => {
                let id = rest.strip_suffix("/artifacts/credentials-for-download")?;
                files::credentials_of_logged_model(state, request, id)
            }
            _ => return None,
        },
    };
    Some(answer.unwrap_or_else(|refused| refused))
}

/// The demo's tracking server over the same world.
pub(super) fn demo(state: &Workspace) -> DemoRegistry {
    DemoRegistry::new(state.store.clone(), Arc::new(SystemClock), Latency::NONE).with_page_size(usize::MAX)
}

/// What the demo's server says, at once.
pub(super) fn said<T>(answer: impl Future<Output = Outcome<T>>) -> Result<T, Answer> {
    answer.now_or_never().expect("the demo's world is in memory").map_err(|failure| refused(&failure))
}

fn refused(failure: &Failure) -> Answer {
    match failure.kind {
        FailureKind::NotFound => missing(&failure.reason),
        _ => invalid(&failure.reason),
    }
}

fn experiment_json(e: &Experiment) -> Value {
    json!({
        "experiment_id": e.id.as_str(), "name": e.name,
        "lifecycle_stage": if e.deleted { "deleted" } else { "active" },
        "artifact_location": format!("dbfs:/databricks/mlflow-tracking/{}", e.id.as_str()),
        "creation_time": e.created_at.map(|at| at.as_millisecond()),
        "last_update_time": e.updated_at.map(|at| at.as_millisecond()),
    })
}

fn experiments(state: &Workspace, request: &Request) -> Answered {
    let all = said(demo(state).experiments(None))?.items;
    let (items, next) = page(state, request, 3_000, all.iter().map(experiment_json).collect())?;
    Ok(ok(listed("experiments", items, next)))
}

fn one_experiment(state: &Workspace, request: &Request) -> Answered {
    let id = ExperimentId::new(arg(request, "experiment_id"));
    Ok(ok(json!({"experiment": experiment_json(&said(demo(state).experiment(&id))?)})))
}

fn runs(state: &Workspace, request: &Request) -> Answered {
    let ids = request.body.get("experiment_ids").and_then(Value::as_array).cloned().unwrap_or_default();
    if ids.is_empty() {
        return Err(invalid("Missing value for required parameter 'experiment_ids'."));
    }
    let experiments: Vec<ExperimentId> = ids.iter().filter_map(Value::as_str).map(ExperimentId::new).collect();
    let filter = arg(request, "filter");
    // The demo's language has no lists.
    let (filter, wanted) = match filter.split_once(" IN (") {
        Some((_, list)) => {
            let quoted = list.trim_end_matches(')').split(',').map(|id| id.trim().trim_matches('\'').to_owned());
            (String::new(), Some(quoted.collect::<Vec<_>>()))
        }
        None => (filter, None),
    };
    if state.runs_in.is_some() {
        return Ok(ok(json!({})));
    }
    let query = RunQuery { experiments, filter, order: Default::default(), page: None };
    let found = said(demo(state).search_runs(&query))?.items;
    let kept = found.iter().filter(|run| wanted.as_ref().is_none_or(|ids| ids.iter().any(|id| id == run.id.as_str())));
    let (items, next) = page(state, request, 50_000, kept.map(run_json).collect())?;
    Ok(ok(listed("runs", items, next)))
}

fn one_run(state: &Workspace, request: &Request) -> Answered {
    let id = RunId::new(arg(request, "run_id"));
    match said(demo(state).runs(std::slice::from_ref(&id)))?.first().filter(|_| state.runs_in.is_none()) {
        Some(run) => Ok(ok(json!({"run": run_json(run)}))),
        None => Err(missing(&format!("Run '{}' not found.", id.as_str()))),
    }
}

fn metric_json(name: &str, point: &MetricPoint) -> Value {
    json!({
        "key": name, "value": point.value, "step": point.step,
        "timestamp": point.at.map(|at| at.as_millisecond()),
    })
}

fn pairs<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<Value> {
    all.map(|(key, value)| json!({"key": key, "value": value})).collect()
}

fn run_json(run: &Run) -> Value {
    let metrics: Vec<Value> = run.metrics.iter().map(|(name, point)| metric_json(name, point)).collect();
    let sets = run.datasets.iter().map(|d| {
        json!({
            "dataset": {"name": d.name, "digest": d.digest, "source_type": "delta_table", "source": "{}"},
            "tags": [{"key": "mlflow.data.context", "value": d.context}],
        })
    });
    json!({
        "info": {
            "run_id": run.id.as_str(), "run_uuid": run.id.as_str(), "run_name": run.name,
            "experiment_id": run.experiment.as_str(), "status": run.status,
            "start_time": run.started_at.map(|at| at.as_millisecond()),
            "end_time": run.ended_at.map(|at| at.as_millisecond()),
            "lifecycle_stage": if run.deleted { "deleted" } else { "active" },
            "artifact_uri": format!(
                "dbfs:/databricks/mlflow-tracking/{}/{}/artifacts", run.experiment.as_str(), run.id.as_str()
            ),
        },
        "data": {
            "metrics": metrics,
            "params": pairs(run.params.iter().map(|(k, v)| (k, &**v))),
            "tags": pairs(run.tags.iter().map(|(k, v)| (k, &**v))),
        },
        "inputs": {"dataset_inputs": sets.collect::<Vec<_>>()},
    })
}

fn history(state: &Workspace, request: &Request) -> Answered {
    let most = arg(request, "max_results");
    if most.parse::<usize>().is_ok_and(|most| most > 25_000) {
        return Err(invalid("max_results must be at most 25000"));
    }
    let (run, metric) = (RunId::new(arg(request, "run_id")), arg(request, "metric_key"));
    let read = said(demo(state).histories(&[run], &metric, None, usize::MAX))?;
    let points = read.iter().flat_map(|h| &h.points);
    let all = points.map(|p| metric_json(&metric, &MetricPoint { value: p.value, step: p.step, at: p.at })).collect();
    let (items, next) = page(state, request, 25_000, all)?;
    Ok(ok(listed("metrics", items, next)))
}

fn logged_json(model: &LoggedModel) -> Value {
    let metric = |m: &signoff::domain::logged::ModelMetric| {
        let mut body = metric_json(&m.name, &MetricPoint { value: m.value, step: m.step, at: m.at });
        body["run_id"] = m.run.as_ref().map(RunId::as_str).into();
        if let Some(data) = &m.data {
            body["dataset_name"] = data.name.as_str().into();
            body["dataset_digest"] = data.digest.as_str().into();
        }
        body
    };
    json!({
        "info": {
            "model_id": model.id, "name": model.name, "status": "LOGGED_MODEL_READY",
            "experiment_id": model.experiment.as_ref().map(ExperimentId::as_str),
            "source_run_id": model.source_run.as_ref().map(RunId::as_str),
            "tags": pairs(model.tags.iter().map(|(k, v)| (k, &**v))),
        },
        "data": {
            "metrics": model.metrics.iter().map(metric).collect::<Vec<_>>(),
            "params": pairs(model.params.iter().map(|(k, v)| (k, &**v))),
        },
    })
}

fn one_logged_model(state: &Workspace, id: &str) -> Answered {
    if state.runs_in.is_some() {
        return Err(missing(&format!("Logged model '{id}' does not exist.")));
    }
    Ok(ok(json!({"model": logged_json(&said(demo(state).logged_model(id))?)})))
}

/// Searches by id only through single reads: `filter` knows no ids here.
fn logged_models(_state: &Workspace, _request: &Request) -> Answered {
    Err(error(400, "INVALID_PARAMETER_VALUE", "Invalid attribute key 'model_id' in the filter."))
}
