//! Evidence about a commit: pull requests with their reviews, check runs, statuses.

use serde_json::{Value, json};
use signoff::adapters::demo::github::{Check, File, Merge, Pull};
use signoff::domain::ids::CommitSha;

use super::super::double::Answer;
use super::api::{Call, error, page, time};
use super::world::Repo;

/// A commit status, as sent by services older than check runs.
#[derive(Clone, Debug)]
pub struct Status {
    pub context: String,
    pub state: String,
    pub created_at: String,
}

/// An open pull request by `dana` with these commits.
pub fn open_pull(number: u64, commits: &[&CommitSha]) -> Pull {
    Pull {
        number,
        title: format!("Change {number}"),
        author: Some("dana".to_owned()),
        state: "open".to_owned(),
        merge: None,
        commits: commits.iter().map(|c| (*c).clone()).collect(),
        reviews: Vec::new(),
    }
}

/// Later states of a pull request.
pub trait Reviewed {
    /// Merged by `lee` on this day of November, which created the last of its commits.
    fn merged(self, day: u32) -> Self;

    /// With these reviews, oldest first.
    fn reviewed(self, reviews: &[(&str, &str)]) -> Self;
}

impl Reviewed for Pull {
    fn merged(mut self, day: u32) -> Self {
        let at = format!("2026-11-{day:02}T12:00:00Z").parse().unwrap();
        let commit = self.commits.last().cloned().unwrap();
        self.state = "closed".to_owned();
        self.merge = Some(Merge { by: Some("lee".to_owned()), at, commit });
        self
    }

    fn reviewed(mut self, reviews: &[(&str, &str)]) -> Self {
        self.reviews.extend(reviews.iter().map(|(login, state)| (Some((*login).to_owned()), (*state).to_owned())));
        self
    }
}

/// A completed check run that started in this minute.
pub fn check(id: u64, name: &str, conclusion: &str, minute: u32) -> Check {
    Check {
        id,
        name: name.to_owned(),
        status: "completed".to_owned(),
        conclusion: Some(conclusion.to_owned()),
        started_at: Some(format!("2026-11-20T12:{minute:02}:00Z").parse().unwrap()),
    }
}

/// A file that a commit changed.
pub fn modified(path: &str) -> File {
    File { path: path.to_owned(), previous_path: None, status: "modified".to_owned(), additions: 3, deletions: 1 }
}

fn account(login: Option<&str>) -> Value {
    login.map_or(Value::Null, |login| json!({"login": login, "id": 1, "type": "User"}))
}

fn pull_json(call: &Call<'_>, pull: &Pull) -> Value {
    // An open pull request has the commit of a test merge.
    let merged = pull.merge.as_ref().map_or("0000000000000000000000000000000000000000", |m| m.commit.as_str());
    json!({
        "number": pull.number, "title": pull.title, "user": account(pull.author.as_deref()), "state": pull.state,
        "draft": false, "body": null, "merged_at": pull.merge.as_ref().map(|m| time(m.at)),
        "merge_commit_sha": merged, "html_url": format!("{}/pull/{}", call.web, pull.number), "auto_merge": null,
        "base": {"ref": "main", "repo": {"license": {"key": "other", "spdx_id": null}}},
    })
}

/// For a commit of the default branch the merged ones; for others also the open ones.
pub(super) fn of_commit(repo: &Repo, call: &Call<'_>, sha: &CommitSha) -> Answer {
    let listed = page(call.request, repo.pulls_of(sha).map(|p| pull_json(call, p)).collect());
    Answer::new(200, listed.into())
}

pub(super) fn pull(repo: &Repo, call: &Call<'_>, number: &str) -> Answer {
    let Some(pull) = repo.pulls.iter().find(|p| p.number.to_string() == number) else {
        return error(404, "Not Found");
    };
    let mut body = pull_json(call, pull);
    body["merged_by"] = account(pull.merge.as_ref().and_then(|m| m.by.as_deref()));
    body["mergeable"] = Value::Null;
    Answer::new(200, body)
}

pub(super) fn reviews(repo: &Repo, call: &Call<'_>, number: &str) -> Answer {
    let Some(pull) = repo.pulls.iter().find(|p| p.number.to_string() == number) else {
        return error(404, "Not Found");
    };
    let review = |(n, (login, state)): (usize, &(Option<String>, String))| {
        let at = (state != "PENDING").then_some("2026-11-20T12:00:00Z");
        json!({"id": n + 1, "user": account(login.as_deref()), "state": state, "body": "", "submitted_at": at, "commit_id": null})
    };
    Answer::new(200, page(call.request, pull.reviews.iter().enumerate().map(review).collect()).into())
}

/// All of them: the double leaves it to the client to keep the latest of each name.
pub(super) fn check_runs(repo: &Repo, call: &Call<'_>, sha: &CommitSha) -> Answer {
    let run = |run: &Check| {
        json!({
            "id": run.id, "name": run.name, "head_sha": sha.as_str(), "status": run.status,
            "conclusion": run.conclusion, "started_at": run.started_at.map(time), "completed_at": null,
            "output": {"title": null, "summary": null}, "html_url": format!("{}/runs/{}", call.web, run.id),
            "app": null, "pull_requests": [],
        })
    };
    let all: Vec<Value> = repo.commits[sha].checks.iter().map(run).collect();
    Answer::new(200, json!({"total_count": all.len(), "check_runs": page(call.request, all)}))
}

/// `pending` if there are no statuses at all.
pub(super) fn combined_status(repo: &Repo, call: &Call<'_>, sha: &CommitSha) -> Answer {
    let status = |(n, s): (usize, &Status)| {
        json!({
            "id": n + 1, "context": s.context, "state": s.state, "description": null, "target_url": null,
            "created_at": s.created_at, "updated_at": s.created_at,
        })
    };
    let sent = repo.statuses.get(sha).map_or(&[][..], Vec::as_slice);
    let all: Vec<Value> = sent.iter().enumerate().map(status).collect();
    let worst = match sent.iter().find(|s| s.state != "success") {
        _ if all.is_empty() => "pending",
        Some(status) => &status.state,
        None => "success",
    };
    Answer::new(
        200,
        json!({"state": worst, "sha": sha.as_str(), "total_count": all.len(), "statuses": page(call.request, all)}),
    )
}
