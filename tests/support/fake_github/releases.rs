//! Releases and drafts, with GitHub's traps: a missing tag is made, a draft has none, a tag may be somebody else's.

use serde_json::{Value, json};

use super::api::{Answer, Call};
use super::world::{GitObject, Release, Repo, Trigger};
use super::{actions, assets, git};

pub(super) fn list(repo: &Repo, call: &Call<'_>, sees_drafts: bool) -> Answer {
    let shown = repo.releases.iter().rev().filter(|r| sees_drafts || !r.draft);
    let all = shown.map(|r| release_json(call, r)).collect();
    Answer::new(200, Value::Array(call.request.page(all)))
}

pub(super) fn by_tag(repo: &Repo, call: &Call<'_>, tag: &str) -> Answer {
    found(call, repo.releases.iter().find(|r| r.tag == tag && !r.draft))
}

pub(super) fn by_id(repo: &Repo, call: &Call<'_>, id: &str) -> Answer {
    found(call, repo.releases.iter().find(|r| r.id.to_string() == id))
}

pub(super) fn create(repo: &mut Repo, call: &Call<'_>) -> Answer {
    let request = call.request;
    let Some(tag) = request.text("tag_name").map(str::to_owned) else {
        return Answer::invalid(json!({"resource": "Release", "code": "missing_field", "field": "tag_name"}));
    };
    let draft = request.body.get("draft").and_then(Value::as_bool).unwrap_or(false);
    if draft && request.text("make_latest") == Some("true") {
        return Answer::error(422, "Latest release cannot be draft or prerelease.");
    }
    let release = Release {
        id: call.new_id(),
        tag,
        name: request.text("name").map(str::to_owned),
        body: request.text("body").map(str::to_owned),
        draft: true,
        author: call.user.login.clone(),
        author_id: call.user.id,
        assets: Vec::new(),
    };
    if draft {
        let answer = Answer::new(201, release_json(call, &release));
        repo.releases.push(release);
        return answer;
    }
    if !repo.published(&release.tag).is_empty() {
        return taken();
    }
    if repo.leave_drafts > 0 {
        repo.leave_drafts -= 1;
        let answer = Answer::new(201, release_json(call, &release));
        repo.releases.push(release);
        return answer;
    }
    let target = request.text("target_commitish").map(str::to_owned);
    let id = release.id;
    repo.releases.push(release);
    publish(repo, call, id, target.as_deref(), 201)
}

pub(super) fn update(repo: &mut Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some(release) = repo.releases.iter_mut().find(|r| r.id.to_string() == id) else {
        return Answer::error(404, "Not Found");
    };
    for (field, value) in [("name", &mut release.name), ("body", &mut release.body)] {
        if let Some(text) = call.request.text(field) {
            *value = Some(text.to_owned());
        }
    }
    let (id, tag, was_draft) = (release.id, release.tag.clone(), release.draft);
    let publishes = was_draft && call.request.body.get("draft") == Some(&Value::Bool(false));
    if !publishes {
        return by_id(repo, call, &id.to_string());
    }
    if !repo.published(&tag).is_empty() {
        return taken();
    }
    publish(repo, call, id, None, 200)
}

/// Publishes a draft. A tag that is not there is made, lightweight, at `target` or the default branch's head.
fn publish(repo: &mut Repo, call: &Call<'_>, id: u64, target: Option<&str>, status: u16) -> Answer {
    let Some(release) = repo.releases.iter_mut().find(|r| r.id == id) else {
        return Answer::error(404, "Not Found");
    };
    release.draft = false;
    let release = release.clone();
    if !repo.tags.contains_key(&release.tag) {
        let at = target.unwrap_or(&repo.default_branch).to_owned();
        let sha = repo.resolve(&at).unwrap_or_default();
        git::add_tag(repo, call, &release.tag, GitObject { kind: "commit".to_owned(), sha });
    }
    let commit = repo.tags.get(&release.tag).map(|object| repo.peel(object)).unwrap_or_default();
    actions::start(repo, call, Trigger::Release, &release.tag, &commit);
    Answer::new(status, release_json(call, &release))
}

fn taken() -> Answer {
    Answer::invalid(json!({"resource": "Release", "code": "already_exists", "field": "tag_name"}))
}

fn found(call: &Call<'_>, release: Option<&Release>) -> Answer {
    release.map_or_else(|| Answer::error(404, "Not Found"), |r| Answer::new(200, release_json(call, r)))
}

fn release_json(call: &Call<'_>, release: &Release) -> Value {
    let page = if release.draft { format!("untagged-{:x}", release.id) } else { release.tag.clone() };
    json!({
        "id": release.id, "tag_name": release.tag, "target_commitish": "main", "name": release.name,
        "body": release.body, "draft": release.draft, "prerelease": false, "immutable": false,
        "created_at": "2026-11-20T12:00:00Z", "published_at": (!release.draft).then_some(call.now),
        "html_url": format!("{}/releases/tag/{page}", call.web), "author": {"login": release.author, "id": release.author_id},
        "assets": release.assets.iter().map(|a| assets::asset_json(call, a)).collect::<Vec<_>>(),
        "upload_url": format!("{}/repos/{}/releases/{}/assets{{?name,label}}", call.uploads, call.slug, release.id),
        "node_id": "RE_x",
    })
}
