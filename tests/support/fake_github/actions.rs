//! Workflows and their runs. A run goes on by one state with each reading, so that no test has to wait.

use serde_json::{Value, json};

use super::api::{Answer, Call};
use super::world::{Kind, Repo, Run, Trigger, Workflow};

/// Starts the runs of every active workflow that listens to `trigger`.
pub(super) fn start(repo: &mut Repo, call: &Call<'_>, trigger: Trigger, tag: &str, commit: &str) {
    if call.user.kind == Kind::Actions && trigger != Trigger::Dispatch {
        return;
    }
    let listening: Vec<Workflow> =
        repo.workflows.iter().filter(|w| w.state == "active" && w.on.contains(&trigger)).cloned().collect();
    for workflow in listening {
        repo.runs.push(new_run(repo, call, &workflow, trigger, tag, commit));
    }
}

fn new_run(repo: &Repo, call: &Call<'_>, workflow: &Workflow, trigger: Trigger, tag: &str, commit: &str) -> Run {
    let event = match trigger {
        Trigger::Tag => "push",
        Trigger::Release => "release",
        Trigger::Dispatch => "workflow_dispatch",
    };
    Run {
        id: call.new_id(),
        number: repo.runs.len() as u64 + 1,
        attempt: 1,
        workflow: workflow.file.clone(),
        event: event.to_owned(),
        tag: tag.to_owned(),
        commit: commit.to_owned(),
        actor: call.user.login.clone(),
        created_at: call.now.to_owned(),
        hidden_polls: workflow.hidden_polls,
        script: workflow.script.clone(),
        jobs: workflow.jobs.clone(),
    }
}

pub(super) fn workflow(repo: &Repo, _call: &Call<'_>, file: &str) -> Answer {
    match repo.workflows.iter().find(|w| w.file == file) {
        Some(w) => {
            let path = format!(".github/workflows/{}", w.file);
            Answer::new(200, json!({"id": w.id, "name": "CD", "path": path, "state": w.state}))
        }
        None => Answer::error(404, "Not Found"),
    }
}

pub(super) fn dispatch(repo: &mut Repo, call: &Call<'_>, file: &str) -> Answer {
    let Some(workflow) = repo.workflows.iter().find(|w| w.file == file).cloned() else {
        return Answer::error(404, "Not Found");
    };
    let name = call.request.text("ref").unwrap_or_default().to_owned();
    let Some(commit) = repo.resolve(&name) else {
        return Answer::error(422, &format!("No ref found for: {name}"));
    };
    if !workflow.on.contains(&Trigger::Dispatch) {
        return Answer::error(422, "Workflow does not have 'workflow_dispatch' trigger");
    }
    if workflow.state != "active" {
        return Answer::error(422, "Cannot trigger a 'workflow_dispatch' on a disabled workflow");
    }
    let run = new_run(repo, call, &workflow, Trigger::Dispatch, &name, &commit);
    repo.runs.push(run);
    Answer::new(204, Value::Null)
}

pub(super) fn runs(repo: &mut Repo, call: &Call<'_>, file: Option<&str>) -> Answer {
    if file.is_some_and(|f| !repo.workflows.iter().any(|w| w.file == f)) {
        return Answer::error(404, "Not Found");
    }
    let wanted = |name, value: &str| call.request.query(name).is_none_or(|q| q == value);
    let mut shown = Vec::new();
    for run in &mut repo.runs {
        let fits = file.is_none_or(|f| f == run.workflow)
            && wanted("event", &run.event)
            && wanted("branch", &run.tag)
            && wanted("head_sha", &run.commit);
        if fits && run.hidden_polls > 0 {
            run.hidden_polls -= 1;
        } else if fits {
            shown.push(run_json(call, run));
        }
    }
    shown.reverse();
    let total = shown.len();
    Answer::new(200, json!({"total_count": total, "workflow_runs": call.request.page(shown)}))
}

pub(super) fn run(repo: &mut Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some(run) = repo.runs.iter_mut().find(|r| r.id.to_string() == id) else {
        return Answer::error(404, "Not Found");
    };
    let answer = Answer::new(200, run_json(call, run));
    run.advance();
    answer
}

/// All jobs but the last are done while the run is at work; the last one ends as the run does.
pub(super) fn jobs(repo: &Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some(run) = repo.runs.iter().find(|r| r.id.to_string() == id) else {
        return Answer::error(404, "Not Found");
    };
    let (status, conclusion) = run.now();
    let job = |(i, name): (usize, &String)| {
        let last = i + 1 == run.jobs.len();
        let (status, conclusion) = match (status.as_str(), last) {
            ("in_progress" | "completed", false) => ("completed", Some("success")),
            (status, _) => (status, conclusion.as_deref()),
        };
        let step = if conclusion.is_some() { "completed" } else { status };
        json!({
            "id": run.id + 1 + i as u64, "run_id": run.id, "name": name, "status": status, "conclusion": conclusion,
            "started_at": call.now, "completed_at": conclusion.map(|_| call.now), "workflow_name": null,
            "head_branch": null, "html_url": null, "runner_id": null,
            "steps": [
                {"number": 1, "name": "Set up job", "status": "completed", "conclusion": "success"},
                {"number": 2, "name": format!("Run {name}"), "status": step, "conclusion": conclusion},
            ],
        })
    };
    let all: Vec<Value> = run.jobs.iter().enumerate().map(job).collect();
    Answer::new(200, json!({"total_count": all.len(), "jobs": call.request.page(all)}))
}

fn run_json(call: &Call<'_>, run: &Run) -> Value {
    let (status, conclusion) = run.now();
    json!({
        "id": run.id, "name": null, "event": run.event, "status": status, "conclusion": conclusion,
        "head_branch": run.tag, "head_sha": run.commit, "head_commit": null, "pull_requests": null,
        "path": format!(".github/workflows/{}", run.workflow), "display_title": "CD", "run_number": run.number,
        "run_attempt": run.attempt, "workflow_id": 159_038, "created_at": run.created_at, "updated_at": call.now,
        "actor": {"login": run.actor}, "html_url": format!("{}/actions/runs/{}", call.web, run.id),
    })
}
