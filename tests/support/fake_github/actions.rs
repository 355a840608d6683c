//! Workflows and their runs.

use jiff::Timestamp;
use serde_json::{Value, json};
use signoff::adapters::demo::Refusal;
use signoff::adapters::demo::github::Run;
use signoff::domain::cd::{CdJob, CdState};

use super::super::double::Answer;
use super::api::{Call, error, page, time};
use super::world::{Moment, Repo};

const WORKFLOW: u64 = 159_038;

pub(super) fn workflow(repo: &Repo, file: &str) -> Answer {
    match repo.workflow(file) {
        Some(w) => {
            let path = format!(".github/workflows/{}", w.file);
            Answer::new(200, json!({"id": WORKFLOW, "name": "CD", "path": path, "state": w.state}))
        }
        None => error(404, "Not Found"),
    }
}

pub(super) fn dispatch(repo: &mut Repo, call: &Call<'_>, file: &str) -> Answer {
    let name = call.request.text("ref").unwrap_or_default();
    let Ok(tag) = name.parse() else {
        return error(422, &format!("No ref found for: {name}"));
    };
    match repo.dispatch(file, &tag, call.now) {
        Ok(()) => Answer::new(204, Value::Null),
        Err(Refusal::NotFound(_)) => error(404, "Not Found"),
        Err(refusal) => error(422, &refusal.to_string()),
    }
}

pub(super) fn runs(repo: &mut Repo, call: &Call<'_>, file: Option<&str>) -> Answer {
    if file.is_some_and(|f| repo.workflow(f).is_none()) {
        return error(404, "Not Found");
    }
    let wanted = |name, value: &str| call.request.query(name).is_none_or(|q| q == value);
    let fits = |run: &Run| {
        file.is_none_or(|f| f == run.workflow)
            && wanted("event", run.trigger.event().unwrap_or_default())
            && wanted("branch", run.tag.as_str())
            && wanted("head_sha", run.commit.as_str())
    };
    let fitting: Vec<Run> = repo.runs.iter().rev().filter(|run| fits(run)).cloned().collect();
    let mut shown = Vec::new();
    for run in fitting {
        match repo.paces.get_mut(&run.id) {
            Some(pace) if pace.hidden_polls > 0 => pace.hidden_polls -= 1,
            _ => shown.push(run_json(repo, call, &run)),
        }
    }
    Answer::new(200, json!({"total_count": shown.len(), "workflow_runs": page(call.request, shown)}))
}

pub(super) fn run(repo: &mut Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some(run) = found(repo, id) else {
        return error(404, "Not Found");
    };
    let answer = Answer::new(200, run_json(repo, call, run));
    let id = run.id;
    if let Some(pace) = repo.paces.get_mut(&id).filter(|pace| pace.seen.len() > 1) {
        pace.seen.remove(0);
    }
    answer
}

pub(super) fn jobs(repo: &Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some(run) = found(repo, id) else {
        return error(404, "Not Found");
    };
    let jobs = repo.progress(run, moment(repo, run)).1;
    let all: Vec<Value> = (run.id + 1..).zip(&jobs).map(|(id, job)| job_json(run, id, job)).collect();
    Answer::new(200, json!({"total_count": all.len(), "jobs": page(call.request, all)}))
}

fn found<'a>(repo: &'a Repo, id: &str) -> Option<&'a Run> {
    repo.run(id.parse().ok()?).ok()
}

/// The time at which a run is in the state to show now.
fn moment(repo: &Repo, run: &Run) -> Timestamp {
    let workflow = repo.workflow(&run.workflow).unwrap();
    let over = workflow.takes_ms();
    run.after(match repo.paces.get(&run.id).and_then(|pace| pace.seen.first()) {
        Some(Moment::Queued) => 0,
        Some(Moment::Running) => over - workflow.jobs.last().unwrap().takes_ms(),
        Some(Moment::Over) | None => over,
    })
}

/// Status and conclusion as GitHub spells them.
fn words(state: &CdState) -> (&str, Option<&str>) {
    match state {
        CdState::Queued => ("queued", None),
        CdState::Waiting => ("waiting", None),
        CdState::Running => ("in_progress", None),
        CdState::Success => ("completed", Some("success")),
        CdState::Failed(word) => ("completed", Some(word)),
        CdState::Other(word) => (word, None),
    }
}

fn job_json(run: &Run, id: u64, job: &CdJob) -> Value {
    let (status, conclusion) = words(&job.state);
    let done = json!({"number": 1, "name": "Set up job", "status": "completed", "conclusion": "success"});
    let current = job.current_step.iter();
    let current = current.map(|name| json!({"number": 2, "name": name, "status": status, "conclusion": null}));
    json!({
        "id": id, "run_id": run.id, "name": job.name, "status": status, "conclusion": conclusion,
        "started_at": job.started_at.map(time), "completed_at": job.ended_at.map(time), "workflow_name": null,
        "head_branch": null, "html_url": null, "runner_id": null,
        "steps": std::iter::once(done).chain(current).collect::<Vec<_>>(),
    })
}

fn run_json(repo: &Repo, call: &Call<'_>, run: &Run) -> Value {
    let state = repo.progress(run, moment(repo, run)).0;
    let (status, conclusion) = words(&state);
    let actor = repo.paces.get(&run.id).map(|pace| &pace.actor);
    json!({
        "id": run.id, "name": null, "event": run.trigger.event(), "status": status, "conclusion": conclusion,
        "head_branch": run.tag.as_str(), "head_sha": run.commit.as_str(), "head_commit": null, "pull_requests": null,
        "path": run.path(), "display_title": "CD", "run_number": run.number, "run_attempt": run.attempt,
        "workflow_id": WORKFLOW, "created_at": time(run.created_at), "updated_at": time(call.now),
        "actor": {"login": actor}, "html_url": format!("{}/actions/runs/{}", call.web, run.id),
    })
}
