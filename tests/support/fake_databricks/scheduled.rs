//! Jobs and their runs as Jobs API 2.2 lists them.

use serde_json::{Value, json};

use super::super::double::{Answer, Request};
use super::state::Workspace;
use super::{arg, invalid, missing, ok};

/// A job, and its runs in the order in which they began.
#[derive(Clone, Debug)]
pub struct Scheduled {
    pub id: i64,
    pub name: &'static str,
    pub runs: Vec<Began>,
}

/// One run.
#[derive(Clone, Debug)]
pub struct Began {
    pub id: i64,
    pub at: jiff::Timestamp,
    /// `life_cycle_state` and `result_state`, which is empty until the end.
    pub state: (&'static str, &'static str),
    /// Its `job_parameters`, as name and value.
    pub parameters: Vec<(&'static str, &'static str)>,
    /// Its `notebook_params`, as name and value.
    pub notebook: Vec<(&'static str, &'static str)>,
}

fn unknown(request: &Request, known: &[&str]) -> Option<Answer> {
    let name = request.query_names().find(|name| !known.contains(name))?;
    Some(invalid(&format!("Unknown parameter '{name}'.")))
}

/// The page that `limit` and `page_token` ask for, and the token of the next one.
fn page(request: &Request, all: Vec<Value>) -> (Vec<Value>, Option<String>) {
    let number = |name: &str, usual| arg(request, name).parse().unwrap_or(usual);
    let (from, limit): (usize, usize) = (number("page_token", 0), number("limit", 20));
    let more = all.len() > from + limit;
    (all.into_iter().skip(from).take(limit).collect(), more.then(|| (from + limit).to_string()))
}

pub(super) fn list(state: &Workspace, request: &Request) -> Answer {
    if let Some(refused) = unknown(request, &["name", "limit", "page_token", "expand_tasks", "offset"]) {
        return refused;
    }
    let name = arg(request, "name").to_lowercase();
    let fits = |job: &&Scheduled| name.is_empty() || job.name.to_lowercase() == name;
    let job = |job: &Scheduled| json!({"job_id": job.id, "creator_user_name": "dana@acme.example", "settings": {"name": job.name, "max_concurrent_runs": 1}});
    let (jobs, next) = page(request, state.scheduled.iter().filter(fits).map(job).collect());
    // An empty list is left out.
    let mut body = json!({"has_more": next.is_some()});
    if !jobs.is_empty() {
        body["jobs"] = jobs.into();
    }
    if let Some(next) = next {
        body["next_page_token"] = next.into();
    }
    ok(body)
}

pub(super) fn runs(state: &Workspace, request: &Request) -> Answer {
    let known = [
        "job_id",
        "limit",
        "page_token",
        "start_time_from",
        "start_time_to",
        "active_only",
        "completed_only",
        "run_type",
        "expand_tasks",
        "offset",
    ];
    if let Some(refused) = unknown(request, &known) {
        return refused;
    }
    if arg(request, "limit").parse().is_ok_and(|limit: usize| limit > 25) {
        return invalid("limit must be at most 25.");
    }
    let id = arg(request, "job_id");
    let Some(job) = state.scheduled.iter().find(|job| job.id.to_string() == id) else {
        return missing(&format!("Job {id} does not exist."));
    };
    let since: i64 = arg(request, "start_time_from").parse().unwrap_or(0);
    let pairs = |all: &[(&str, &str)], name: &str| -> Vec<Value> {
        all.iter().map(|(key, value)| json!({"name": key, "default": "", name: value})).collect()
    };
    let run = |run: &Began| {
        let mut body = json!({
            "job_id": job.id, "run_id": run.id, "number_in_job": run.id, "start_time": run.at.as_millisecond(),
            "run_type": "JOB_RUN", "trigger": "ONE_TIME", "run_page_url": "https://elsewhere.example/#job/1/run/1",
            "state": {"life_cycle_state": run.state.0, "user_cancelled_or_timedout": false, "state_message": ""},
        });
        if !run.state.1.is_empty() {
            body["state"]["result_state"] = run.state.1.into();
        }
        if !run.parameters.is_empty() {
            body["job_parameters"] = pairs(&run.parameters, "value").into();
        }
        if !run.notebook.is_empty() {
            let given: serde_json::Map<String, Value> =
                run.notebook.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
            body["overriding_parameters"] = json!({"notebook_params": given});
        }
        body
    };
    let newest = job.runs.iter().rev().filter(|run| run.at.as_millisecond() >= since);
    let (runs, next) = page(request, newest.map(run).collect());
    let mut body = json!({"has_more": next.is_some()});
    if !runs.is_empty() {
        body["runs"] = runs.into();
    }
    if let Some(next) = next {
        body["next_page_token"] = next.into();
    }
    ok(body)
}
