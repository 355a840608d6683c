//! Comments on commits, by the account that the token belongs to.

use serde_json::{Value, json};

use super::api::{Answer, Call};
use super::world::{Comment, Repo};

pub(super) fn list(repo: &Repo, call: &Call<'_>, rev: &str) -> Answer {
    let Some(sha) = repo.resolve(rev) else {
        return Answer::error(422, &format!("No commit found for SHA: {rev}"));
    };
    let all = repo.comments.iter().filter(|c| c.commit == sha).map(|c| comment_json(call, c)).collect();
    Answer::new(200, Value::Array(call.request.page(all)))
}

pub(super) fn create(repo: &mut Repo, call: &Call<'_>, rev: &str) -> Answer {
    let Some(sha) = repo.resolve(rev) else {
        return Answer::error(422, &format!("No commit found for SHA: {rev}"));
    };
    let Some(body) = call.request.text("body").filter(|b| !b.trim().is_empty()) else {
        return Answer::invalid(json!({"resource": "CommitComment", "code": "missing_field", "field": "body"}));
    };
    let comment = Comment {
        id: call.new_id(),
        commit: sha,
        login: call.user.login.clone(),
        author_id: call.user.id,
        body: body.to_owned(),
        created_at: call.now.to_owned(),
        updated_at: call.now.to_owned(),
    };
    let answer = Answer::new(201, comment_json(call, &comment));
    repo.comments.push(comment);
    answer
}

fn comment_json(call: &Call<'_>, comment: &Comment) -> Value {
    json!({
        "id": comment.id, "node_id": "CC_x", "body": comment.body, "commit_id": comment.commit, "path": null,
        "position": null, "line": null, "user": {"login": comment.login, "id": comment.author_id},
        "created_at": comment.created_at, "updated_at": comment.updated_at, "author_association": "MEMBER",
        "html_url": format!("{}/commit/{}#commitcomment-{}", call.web, comment.commit, comment.id),
    })
}
