//! Commits and how they stand to each other.

use std::collections::BTreeSet;

use serde_json::json;

use super::api::{Answer, Call};
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

pub(super) fn compare(repo: &Repo, _call: &Call<'_>, range: &str) -> Answer {
    let sides = range.split_once("...").and_then(|(base, head)| Some((repo.resolve(base)?, repo.resolve(head)?)));
    let Some((base, head)) = sides else {
        return Answer::error(404, "Not Found");
    };
    let (of_base, of_head) = (ancestors(repo, &base), ancestors(repo, &head));
    let (ahead, behind) = (of_head.difference(&of_base).count(), of_base.difference(&of_head).count());
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    Answer::new(200, json!({"status": status, "ahead_by": ahead, "behind_by": behind, "commits": [], "files": null}))
}

/// The commit itself and everything before it.
fn ancestors(repo: &Repo, sha: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut left = vec![sha.to_owned()];
    while let Some(sha) = left.pop() {
        if let Some(commit) = repo.commits.get(&sha)
            && all.insert(sha)
        {
            left.extend(commit.parents.iter().cloned());
        }
    }
    all
}
