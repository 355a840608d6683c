//! Workflows and their runs.

use jiff::Timestamp;
use serde_json::{Value, json};
use signoff::adapters::demo::Refusal;
use signoff::adapters::demo::github::Run;
use signoff::domain::cd::{CdJob, CdState};

use super::super::double::Answer;
use super::api::{Call, error, page, time};
use super::world::{Moment, Pace, Repo, World};

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
    let all: Vec<Value> = jobs.iter().map(|job| job_json(run, job)).collect();
    Answer::new(200, json!({"total_count": all.len(), "jobs": page(call.request, all)}))
}

/// Redirects to the storage, which has the log.
pub(super) fn job_log(call: &Call<'_>, id: &str) -> Answer {
    let to = format!("{}/storage/{}/logs/{id}?signature=x%2Fy", call.storage, call.slug);
    Answer::new(302, Value::Null).with("location", &to)
}

/// The storage. A token that arrives here was leaked.
pub(super) fn stored_log(world: &World, slug: &str, id: &str, signed_in: bool) -> Answer {
    if signed_in {
        return error(400, "Only one auth mechanism allowed");
    }
    let repo = world.repos.get(slug);
    let job: Option<u64> = id.parse().ok();
    let log = repo.zip(job).and_then(|(repo, job)| {
        let own = repo.logs.get(&job).cloned();
        own.or_else(|| repo.job_log(job, Timestamp::MAX).ok().map(String::into_bytes))
    });
    log.map_or_else(|| error(404, "Not Found"), |log| Answer::file(200, &log, "text/plain"))
}

pub(super) fn pending(repo: &Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some(run) = found(repo, id) else {
        return error(404, "Not Found");
    };
    let reviewer = |login: &String| json!({"type": "User", "reviewer": {"login": login, "id": (call.accounts)(login)}});
    let pending = repo.pending(run.id, moment(repo, run)).unwrap_or_default();
    let all = pending.iter().map(|there| {
        json!({
            "environment": {"id": there.id, "node_id": "EN_x", "name": there.name, "url": "", "html_url": ""},
            "wait_timer": 0, "wait_timer_started_at": null,
            "current_user_can_approve": there.reviewers.contains(&call.user.login),
            "reviewers": there.reviewers.iter().map(reviewer).collect::<Vec<_>>(),
        })
    });
    Answer::new(200, Value::Array(all.collect()))
}

pub(super) fn review_pending(repo: &mut Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some((id, at)) = found(repo, id).map(|run| (run.id, moment(repo, run))) else {
        return error(404, "Not Found");
    };
    let body = &call.request.body;
    let ids: Vec<u64> = body["environment_ids"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    if body["state"] != "approved" || ids.is_empty() || !body["comment"].is_string() {
        return error(422, "Invalid request.");
    }
    if let Err(refusal) = repo.approve(id, &ids, &call.user.login, at) {
        return error(422, &refusal.to_string());
    }
    // Its pace says how far it is, not the time.
    let run = repo.runs.iter_mut().find(|run| run.id == id).unwrap();
    let begun = run.after(0);
    run.approved.values_mut().for_each(|at| *at = begun);
    Answer::new(200, json!([{"id": 1, "task": "deploy"}]))
}

pub(super) fn rerun_failed(repo: &mut Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some((id, state)) = found(repo, id).map(|run| (run.id, repo.progress(run, moment(repo, run)).0)) else {
        return error(404, "Not Found");
    };
    if !matches!(state, CdState::Failed(_)) {
        return error(403, "This workflow run cannot be retried");
    }
    repo.rerun(id, call.now).unwrap();
    let pace = repo.pace.clone();
    repo.paces.insert(id, Pace { actor: call.user.login.clone(), ..pace });
    Answer::new(201, json!({}))
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

fn job_json(run: &Run, job: &CdJob) -> Value {
    let (status, conclusion) = words(&job.state);
    let done = json!({"number": 1, "name": "Set up job", "status": "completed", "conclusion": "success"});
    let current = job.current_step.iter();
    let current = current.map(|name| json!({"number": 2, "name": name, "status": status, "conclusion": null}));
    json!({
        "id": job.id, "run_id": run.id, "name": job.name, "status": status, "conclusion": conclusion,
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
        "run_started_at": time(run.restarted_at.unwrap_or(run.created_at)),
        "actor": {"login": actor}, "html_url": format!("{}/actions/runs/{}", call.web, run.id),
    })
}
