//! Commits and comparisons.

use serde_json::{Value, json};
use signoff::adapters::demo::github::File;
use signoff::domain::ids::CommitSha;

use super::super::double::Answer;
use super::api::{Call, error, page, raw, time};
use super::world::Repo;

pub(super) fn commit(repo: &Repo, call: &Call<'_>, sha: &CommitSha) -> Answer {
    let commit = &repo.commits[sha];
    let person = json!({"name": commit.author, "email": "dana@acme.example", "date": time(commit.at)});
    let body = json!({
        "sha": sha.as_str(), "html_url": format!("{}/commit/{sha}", call.web),
        "commit": {"message": commit.message, "author": person, "committer": person, "comment_count": 0},
        // No account is known for the e-mail address.
        "author": null, "committer": null,
        "parents": commit.parent.iter().map(|p| json!({"sha": p.as_str()})).collect::<Vec<_>>(),
    });
    Answer::new(200, body)
}

/// Without page parameters, the last 250 commits; with them, pages from the oldest on. Files, 300 at most, are on the
/// first page only. GitHub's order of commits with the same date is undefined; the double keeps its own order.
pub(super) fn compare(repo: &Repo, call: &Call<'_>, range: &str) -> Answer {
    let found = range.split_once("...").and_then(|(base, head)| {
        let (base, head) = (repo.resolve(base).ok()?.0, repo.resolve(head).ok()?.0);
        repo.between(base, head).ok()
    });
    let Some(between) = found else {
        return error(404, "Not Found");
    };
    let (ahead, behind) = (between.ahead.len(), between.behind);
    let status = match (ahead, behind) {
        (0, 0) => "identical",
        (_, 0) => "ahead",
        (0, _) => "behind",
        _ => "diverged",
    };
    let listed: Vec<Value> = between
        .ahead
        .iter()
        .rev()
        .map(|(sha, c)| json!({"sha": sha.as_str(), "commit": {"message": c.message, "author": null, "committer": null}, "author": null}))
        .collect();
    let paged = call.request.query("per_page").is_some() || call.request.query("page").is_some();
    let commits =
        if paged { page(call.request, listed) } else { listed.split_at(ahead.saturating_sub(250)).1.to_vec() };
    let first = call.request.query("page").is_none_or(|page| page == "1");
    let files: Vec<Value> = between.files.iter().take(300).map(file_json).collect();
    Answer::new(
        200,
        json!({
            "status": status, "ahead_by": ahead, "behind_by": behind, "total_commits": ahead, "commits": commits,
            "files": first.then_some(files), "html_url": format!("{}/compare/{range}", call.web),
        }),
    )
}

fn file_json(file: &File) -> Value {
    let mut json = json!({
        "sha": "0", "filename": file.path, "status": file.status, "additions": file.additions,
        "deletions": file.deletions, "changes": file.additions + file.deletions,
    });
    if let Some(previous) = &file.previous_path {
        json["previous_filename"] = json!(previous);
    }
    json
}

/// One file, raw if requested, otherwise in Base64, which no caller reads.
pub(super) fn contents(repo: &Repo, call: &Call<'_>, path: &str) -> Answer {
    let rev = call.request.query("ref").unwrap_or(&repo.default_branch);
    let Ok((sha, _)) = repo.resolve(rev) else {
        return error(404, &format!("No commit found for the ref {rev}"));
    };
    let Ok(Some(file)) = repo.file(sha, path) else {
        return error(404, "Not Found");
    };
    if call.request.header("accept").is_some_and(|a| a.starts_with("application/vnd.github.raw")) {
        return raw(&file.0);
    }
    Answer::new(200, json!({"type": "file", "encoding": "base64", "size": file.0.len(), "path": path, "content": ""}))
}
