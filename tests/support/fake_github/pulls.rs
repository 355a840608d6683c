//! Evidence about a commit: pull requests with their reviews, check runs, statuses, changed files.

use serde_json::{Value, json};

use super::api::{Answer, Call};
use super::world::Repo;

/// A pull request.
#[derive(Clone, Debug)]
pub struct Pull {
    pub number: u64,
    pub title: String,
    /// None for an account that is gone.
    pub author: Option<String>,
    /// `open` or `closed`.
    pub state: String,
    pub merge: Option<Merge>,
    /// Full ids of the commits it holds, or brought in.
    pub commits: Vec<String>,
    /// Who said what, oldest first.
    pub reviews: Vec<(Option<String>, String)>,
}

/// How a pull request was merged.
#[derive(Clone, Debug)]
pub struct Merge {
    pub by: Option<String>,
    pub at: String,
    /// The commit the merge made.
    pub commit: String,
}

impl Pull {
    /// An open one by `dana` that holds these commits.
    pub fn open(number: u64, commits: &[&str]) -> Self {
        Self {
            number,
            title: format!("Change {number}"),
            author: Some("dana".to_owned()),
            state: "open".to_owned(),
            merge: None,
            commits: commits.iter().map(|c| (*c).to_owned()).collect(),
            reviews: Vec::new(),
        }
    }

    /// Merged by `lee` on this day of November, which made the last of its commits.
    pub fn merged(mut self, day: u32) -> Self {
        let commit = self.commits.last().cloned().unwrap_or_default();
        self.state = "closed".to_owned();
        self.merge = Some(Merge { by: Some("lee".to_owned()), at: format!("2026-11-{day:02}T12:00:00Z"), commit });
        self
    }

    /// With these reviews, oldest first.
    pub fn reviewed(mut self, reviews: &[(&str, &str)]) -> Self {
        self.reviews.extend(reviews.iter().map(|(login, state)| (Some((*login).to_owned()), (*state).to_owned())));
        self
    }

    fn json(&self, call: &Call<'_>) -> Value {
        json!({
            "number": self.number, "title": self.title, "user": account(self.author.as_deref()), "state": self.state,
            "draft": false, "body": null, "merged_at": self.merge.as_ref().map(|m| &m.at),
            // An open one has the commit of a merge that was only tried.
            "merge_commit_sha": self.merge.as_ref().map_or("0000000000000000000000000000000000000000", |m| &m.commit),
            "html_url": format!("{}/pull/{}", call.web, self.number), "auto_merge": null,
            "base": {"ref": "main", "repo": {"license": {"key": "other", "spdx_id": null}}},
        })
    }
}

/// A check run.
#[derive(Clone, Debug)]
pub struct CheckRun {
    pub id: u64,
    pub name: String,
    pub status: String,
    pub conclusion: Option<String>,
    pub started_at: Option<String>,
}

impl CheckRun {
    /// A completed one that began in this minute.
    pub fn completed(id: u64, name: &str, conclusion: &str, minute: u32) -> Self {
        Self {
            id,
            name: name.to_owned(),
            status: "completed".to_owned(),
            conclusion: Some(conclusion.to_owned()),
            started_at: Some(format!("2026-11-20T12:{minute:02}:00Z")),
        }
    }
}

/// A commit status, as services older than check runs send it.
#[derive(Clone, Debug)]
pub struct Status {
    pub context: String,
    pub state: String,
    pub created_at: String,
}

/// A file that a commit changed.
#[derive(Clone, Debug)]
pub struct File {
    pub path: String,
    pub previous: Option<String>,
    pub status: String,
}

impl File {
    /// A modified one.
    pub fn modified(path: &str) -> Self {
        Self { path: path.to_owned(), previous: None, status: "modified".to_owned() }
    }

    pub(super) fn json(&self) -> Value {
        let mut file = json!({
            "sha": "0", "filename": self.path, "status": self.status, "additions": 3, "deletions": 1, "changes": 4,
        });
        if let Some(previous) = &self.previous {
            file["previous_filename"] = json!(previous);
        }
        file
    }
}

fn account(login: Option<&str>) -> Value {
    login.map_or(Value::Null, |login| json!({"login": login, "id": 1, "type": "User"}))
}

fn unknown(rev: &str) -> Answer {
    Answer::error(422, &format!("No commit found for SHA: {rev}"))
}

/// For a commit of the default branch the merged ones; for others the open ones too.
pub(super) fn of_commit(repo: &Repo, call: &Call<'_>, rev: &str) -> Answer {
    let Some(sha) = repo.resolve(rev) else { return unknown(rev) };
    let pulls = repo.pulls.iter().filter(|p| p.commits.contains(&sha));
    let listed = call.request.page(pulls.map(|p| p.json(call)).collect());
    Answer::new(200, listed.into())
}

pub(super) fn pull(repo: &Repo, call: &Call<'_>, number: &str) -> Answer {
    let Some(pull) = repo.pulls.iter().find(|p| p.number.to_string() == number) else {
        return Answer::error(404, "Not Found");
    };
    let mut body = pull.json(call);
    body["merged_by"] = account(pull.merge.as_ref().and_then(|m| m.by.as_deref()));
    body["mergeable"] = Value::Null;
    Answer::new(200, body)
}

pub(super) fn reviews(repo: &Repo, call: &Call<'_>, number: &str) -> Answer {
    let Some(pull) = repo.pulls.iter().find(|p| p.number.to_string() == number) else {
        return Answer::error(404, "Not Found");
    };
    let review = |(n, (login, state)): (usize, &(Option<String>, String))| {
        let at = (state != "PENDING").then_some("2026-11-20T12:00:00Z");
        json!({"id": n + 1, "user": account(login.as_deref()), "state": state, "body": "", "submitted_at": at, "commit_id": null})
    };
    Answer::new(200, call.request.page(pull.reviews.iter().enumerate().map(review).collect()).into())
}

/// All of them: the double leaves it to the client to keep the latest of each name.
pub(super) fn check_runs(repo: &Repo, call: &Call<'_>, rev: &str) -> Answer {
    let Some(sha) = repo.resolve(rev) else { return unknown(rev) };
    let run = |run: &CheckRun| {
        json!({
            "id": run.id, "name": run.name, "head_sha": sha, "status": run.status, "conclusion": run.conclusion,
            "started_at": run.started_at, "completed_at": null, "output": {"title": null, "summary": null},
            "html_url": format!("{}/runs/{}", call.web, run.id), "app": null, "pull_requests": [],
        })
    };
    let all: Vec<Value> = repo.check_runs.get(&sha).into_iter().flatten().map(run).collect();
    Answer::new(200, json!({"total_count": all.len(), "check_runs": call.request.page(all)}))
}

/// `pending` where there are no statuses at all.
pub(super) fn combined_status(repo: &Repo, call: &Call<'_>, rev: &str) -> Answer {
    let Some(sha) = repo.resolve(rev) else { return unknown(rev) };
    let status = |(n, s): (usize, &Status)| {
        json!({
            "id": n + 1, "context": s.context, "state": s.state, "description": null, "target_url": null,
            "created_at": s.created_at, "updated_at": s.created_at,
        })
    };
    let all: Vec<Value> = repo.statuses.get(&sha).into_iter().flatten().enumerate().map(status).collect();
    let worst = match repo.statuses.get(&sha).into_iter().flatten().find(|s| s.state != "success") {
        _ if all.is_empty() => "pending",
        Some(status) => &status.state,
        None => "success",
    };
    Answer::new(200, json!({"state": worst, "sha": sha, "total_count": all.len(), "statuses": call.request.page(all)}))
}
