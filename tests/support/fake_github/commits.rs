//! Commits and how they stand to each other.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::api::{Answer, Call};
use super::pulls::File;
use super::world::Repo;

pub(super) fn commit(repo: &Repo, call: &Call<'_>, rev: &str) -> Answer {
    let found = repo.resolve(rev).and_then(|sha| Some((repo.commits.get(&sha)?, sha)));
    let Some((commit, sha)) = found else {
        return Answer::error(422, &format!("No commit found for SHA: {rev}"));
    };
    let person = json!({"name": commit.author, "email": "dana@acme.example", "date": commit.date});
    let body = json!({
        "sha": sha, "html_url": format!("{}/commit/{sha}", call.web),
        "commit": {"message": commit.message, "author": person, "committer": person, "comment_count": 0},
        // No account is known for the mail address.
        "author": null, "committer": null,
        "parents": commit.parents.iter().map(|p| json!({"sha": p})).collect::<Vec<_>>(),
    });
    Answer::new(200, body)
}

/// Without page parameters the last 250 commits; with them, pages from the oldest on. Files, 300 at most, are on the
/// first page only. Commits of one date are told apart by nothing, so those of the double stand in their order.
pub(super) fn compare(repo: &Repo, call: &Call<'_>, range: &str) -> Answer {
    let sides = range.split_once("...").and_then(|(base, head)| Some((repo.resolve(base)?, repo.resolve(head)?)));
    let Some((base, head)) = sides else {
        return Answer::error(404, "Not Found");
    };
    let (of_base, of_head) = (ancestors(repo, &base), ancestors(repo, &head));
    let new: Vec<&String> = of_head.iter().filter(|sha| !of_base.contains(sha)).collect();
    let (ahead, behind) = (new.len(), of_base.iter().filter(|sha| !of_head.contains(sha)).count());
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let oldest_first = new.iter().rev().filter_map(|sha| Some((*sha, repo.commits.get(*sha)?)));
    let listed: Vec<Value> = oldest_first
        .clone()
        .map(|(sha, c)| json!({"sha": sha, "commit": {"message": c.message, "author": null, "committer": null}, "author": null}))
        .collect();
    let paged = call.request.query("per_page").is_some() || call.request.query("page").is_some();
    let commits = if paged { call.request.page(listed) } else { listed.split_at(ahead.saturating_sub(250)).1.to_vec() };
    let first = call.request.query("page").is_none_or(|page| page == "1");
    let files: Vec<Value> = oldest_first.flat_map(|(_, c)| &c.files).take(300).map(File::json).collect();
    Answer::new(
        200,
        json!({
            "status": status, "ahead_by": ahead, "behind_by": behind, "total_commits": ahead, "commits": commits,
            "files": first.then_some(files), "html_url": format!("{}/compare/{range}", call.web),
        }),
    )
}

/// One file, raw if asked for so, else in Base64, which nothing here reads.
pub(super) fn contents(repo: &Repo, call: &Call<'_>, path: &str) -> Answer {
    let rev = call.request.query("ref").unwrap_or(&repo.default_branch);
    let Some(commit) = repo.resolve(rev).and_then(|sha| repo.commits.get(&sha)) else {
        return Answer::error(404, &format!("No commit found for the ref {rev}"));
    };
    let Some(bytes) = commit.tree.get(path) else {
        return Answer::error(404, "Not Found");
    };
    if call.request.accept.as_deref().is_some_and(|a| a.starts_with("application/vnd.github.raw")) {
        return Answer::raw(bytes);
    }
    Answer::new(200, json!({"type": "file", "encoding": "base64", "size": bytes.len(), "path": path, "content": ""}))
}

/// The commit itself and everything before it, newest first.
fn ancestors(repo: &Repo, sha: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut left = VecDeque::from([sha.to_owned()]);
    while let Some(sha) = left.pop_front() {
        if let Some(commit) = repo.commits.get(&sha)
            && !all.contains(&sha)
        {
            all.push(sha);
            left.extend(commit.parents.iter().cloned());
        }
    }
    all
}
