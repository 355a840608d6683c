//! Comments on commits, by the token's account.

use serde_json::{Value, json};
use signoff::adapters::demo::github::Comment;
use signoff::domain::ids::CommitSha;

use super::super::double::Answer;
use super::api::{Call, invalid, page, time, too_long};
use super::world::Repo;

pub(super) fn list(repo: &Repo, call: &Call<'_>, sha: &CommitSha) -> Answer {
    let all = repo.comments.iter().filter(|c| c.commit == *sha).map(|c| comment_json(call, c)).collect();
    Answer::new(200, Value::Array(page(call.request, all)))
}

pub(super) fn create(repo: &mut Repo, call: &Call<'_>, sha: &CommitSha) -> Answer {
    let Some(body) = call.request.text("body").filter(|b| !b.trim().is_empty()) else {
        return invalid(json!({"resource": "CommitComment", "code": "missing_field", "field": "body"}));
    };
    match repo.comment(sha, (&call.user.login, call.user.id), body, call.now) {
        Ok(comment) => Answer::new(201, comment_json(call, &comment)),
        Err(refusal) => too_long("CommitComment", &refusal),
    }
}

fn comment_json(call: &Call<'_>, comment: &Comment) -> Value {
    let commit = comment.commit.as_str();
    json!({
        "id": comment.id, "node_id": "CC_x", "body": comment.body, "commit_id": commit, "path": null,
        "position": null, "line": null, "user": {"login": comment.login, "id": comment.author_id},
        "created_at": time(comment.created_at), "updated_at": time(comment.updated_at),
        "author_association": "MEMBER",
        "html_url": format!("{}/commit/{commit}#commitcomment-{}", call.web, comment.id),
    })
}
