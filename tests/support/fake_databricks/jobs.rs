//! Runs of deployment jobs (Jobs API 2.2), and who may do what with them.

use jiff::Timestamp;
use serde_json::{Value, json};
use signoff::adapters::demo::world::{JobRun, JobTask};

use super::super::double::{Answer, Request};
use super::registry::refused;
use super::state::{User, Workspace};
use super::{arg, denied, invalid, missing, ok};

pub(super) fn get(state: &Workspace, request: &Request) -> Answer {
    let known = ["run_id", "include_history", "include_resolved_values", "page_token"];
    if let Some(name) = request.query_names().find(|name| !known.contains(name)) {
        return invalid(&format!("Unknown parameter '{name}'."));
    }
    let history = arg(request, "include_history") == "true";
    let page: usize = arg(request, "page_token").parse().unwrap_or_default();
    let found =
        state.store.look(|world| world.job_run(&arg(request, "run_id")).map(|run| json(state, run, history, page)));
    match found.unwrap() {
        Ok(body) => ok(body),
        Err(refusal) => refused(refusal),
    }
}

pub(super) fn repair(state: &mut Workspace, user: &User, request: &Request) -> Answer {
    if state.job_level(&user.name) == Some("CAN_VIEW") {
        return denied(&format!("User {} does not have Manage Run permission on the job.", user.name));
    }
    let (id, latest) = (arg(request, "run_id"), Some(arg(request, "latest_repair_id")).filter(|id| !id.is_empty()));
    let tasks: Vec<&str> =
        request.body["rerun_tasks"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let [task] = tasks.as_slice() else { return invalid("rerun_tasks is empty.") };
    if request.body["rerun_dependent_tasks"] != json!(true) {
        return invalid("The tasks behind it would not run.");
    }
    let done = state.store.change(|world| world.repair_job(&id, task, latest.as_deref(), Timestamp::now()));
    match done.unwrap() {
        Ok(repair) => ok(json!({"repair_id": repair.parse::<i64>().unwrap()})),
        Err(refusal) => refused(refusal),
    }
}

pub(super) fn access(state: &Workspace, job: &str) -> Answer {
    let Some(listed) = &state.job_access else { return denied("You may not see the permissions of the job.") };
    if state.store.look(|world| !world.jobs.iter().any(|run| run.job == job)).unwrap() {
        return missing(&format!("Job {job} does not exist."));
    }
    let entry = |(who, level): &(&str, &str)| {
        let kind = if who.contains('@') { "user_name" } else { "group_name" };
        json!({kind: who, "all_permissions": [{"permission_level": level, "inherited": false}]})
    };
    let entries: Vec<Value> = listed.iter().map(entry).collect();
    ok(json!({"object_id": format!("/jobs/{job}"), "object_type": "job", "access_control_list": entries}))
}

/// What a version says of its run.
pub(super) fn said(run: &JobRun) -> Value {
    let now = Timestamp::now();
    let (word, task) = match run.tasks.iter().find(|task| task.result == "FAILED") {
        _ if run.is_at_work(now) => ("RUNNING", ""),
        Some(task) if run.waits(now) => ("APPROVAL", task.name.as_str()),
        Some(task) => ("FAILED", task.name.as_str()),
        None => ("SUCCEEDED", ""),
    };
    json!({
        "job_id": run.job, "run_id": run.id, "job_state": "CONNECTED", "run_state": word, "current_task_name": task,
    })
}

/// One task a page: the real server has a hundred.
fn json(state: &Workspace, run: &JobRun, history: bool, page: usize) -> Value {
    let now = Timestamp::now();
    let ended = |result: &str| {
        let life = if result == "UPSTREAM_FAILED" { "SKIPPED" } else { "TERMINATED" };
        json!({"life_cycle_state": life, "result_state": result})
    };
    let task = |task: &JobTask| json!({"task_key": task.name, "attempt_number": run.repairs.len(), "state": ended(&task.result)});
    let tasks: Vec<Value> = run.tasks.iter().map(task).collect();
    let whole = match run.is_at_work(now) {
        true => json!({"life_cycle_state": "RUNNING"}),
        false => ended(run.result()),
    };
    let number = |id: &str| id.parse::<i64>().unwrap();
    let mut body = json!({
        "job_id": number(&run.job), "run_id": number(&run.id), "state": whole,
        "run_page_url": "https://elsewhere.example/?o=1#job/1/run/1",
    });
    body["tasks"] = tasks.iter().skip(page).take(1).cloned().collect();
    if page + 1 < tasks.len() {
        body["next_page_token"] = (page + 1).to_string().into();
    }
    if history {
        let repair = |id: &String| json!({"type": "REPAIR", "id": number(id), "state": ended(run.result())});
        let original = json!({"type": "ORIGINAL", "start_time": state.id});
        body["repair_history"] = [original].into_iter().chain(run.repairs.iter().map(repair)).collect();
    }
    body
}
