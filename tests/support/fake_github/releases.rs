//! Releases and drafts, with GitHub's pitfalls: a missing tag is created, a draft has none, a tag may be somebody
//! else's.

use serde_json::{Value, json};
use signoff::adapters::demo::Refusal;
use signoff::adapters::demo::github::{self, NewRelease, Release};
use signoff::domain::ids::TagName;

use super::super::double::Answer;
use super::api::{Call, error, invalid, page, time, too_long};
use super::assets;
use super::world::Repo;

pub(super) fn list(repo: &Repo, call: &Call<'_>, sees_drafts: bool) -> Answer {
    let shown = repo.releases.iter().rev().filter(|r| sees_drafts || !r.draft);
    let all = shown.map(|r| release_json(call, r)).collect();
    Answer::new(200, Value::Array(page(call.request, all)))
}

pub(super) fn by_tag(repo: &Repo, call: &Call<'_>, tag: &str) -> Answer {
    match repo.releases.iter().find(|r| r.tag.as_str() == tag && !r.draft) {
        Some(release) => Answer::new(200, release_json(call, release)),
        None => error(404, "Not Found"),
    }
}

pub(super) fn by_id(repo: &Repo, call: &Call<'_>, id: &str, sees_drafts: bool) -> Answer {
    match repo.releases.iter().any(|r| r.id.to_string() == id && (sees_drafts || !r.draft)) {
        true => shown(repo, call, id.parse().unwrap_or_default(), 200),
        false => error(404, "Not Found"),
    }
}

pub(super) fn create(repo: &mut Repo, call: &Call<'_>) -> Answer {
    let request = call.request;
    let text = |name| request.text(name).unwrap_or_default().to_owned();
    let Ok(tag) = text("tag_name").parse::<TagName>() else {
        return invalid(json!({"resource": "Release", "code": "missing_field", "field": "tag_name"}));
    };
    let draft = request.body.get("draft").and_then(Value::as_bool).unwrap_or(false);
    if draft && request.text("make_latest") == Some("true") {
        return error(422, "Latest release cannot be draft or prerelease.");
    }
    let new = NewRelease { tag, title: text("name"), body: text("body"), draft, author: call.user.login.clone() };
    match repo.create_release(new, call.now) {
        Ok(id) => shown(repo, call, id, 201),
        Err(refusal) => refused(&refusal),
    }
}

pub(super) fn update(repo: &mut Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some(release) = repo.releases.iter_mut().find(|r| r.id.to_string() == id) else {
        return error(404, "Not Found");
    };
    if let Some(body) = call.request.text("body")
        && let Err(refusal) = github::at_most(body, github::Repo::NOTES_LIMIT)
    {
        return refused(&refusal);
    }
    for (field, value) in [("name", &mut release.title), ("body", &mut release.body)] {
        if let Some(text) = call.request.text(field) {
            text.clone_into(value);
        }
    }
    let id = release.id;
    if call.request.body.get("draft") == Some(&Value::Bool(false))
        && let Err(refusal) = repo.publish_release(id, call.now)
    {
        return refused(&refusal);
    }
    shown(repo, call, id, 200)
}

fn refused(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::Exists(_) => invalid(json!({"resource": "Release", "code": "already_exists", "field": "tag_name"})),
        Refusal::Invalid(_) => too_long("Release", refusal),
        _ => error(404, "Not Found"),
    }
}

fn shown(repo: &Repo, call: &Call<'_>, id: u64, status: u16) -> Answer {
    match repo.release(id) {
        Ok(release) => Answer::new(status, release_json(call, release)),
        Err(_) => error(404, "Not Found"),
    }
}

/// Fields that were never set are null.
fn release_json(call: &Call<'_>, release: &Release) -> Value {
    let tag = release.tag.as_str();
    let page = if release.draft { format!("untagged-{:x}", release.id) } else { tag.to_owned() };
    let given = |text: &String| (!text.is_empty()).then(|| text.clone());
    json!({
        "id": release.id, "tag_name": tag, "target_commitish": "main", "name": given(&release.title),
        "body": given(&release.body), "draft": release.draft, "prerelease": false, "immutable": false,
        "created_at": time(release.created_at), "published_at": release.published_at.map(time),
        "html_url": format!("{}/releases/tag/{page}", call.web),
        "author": {"login": release.author, "id": (call.accounts)(&release.author)},
        "assets": release.assets.iter().map(|a| assets::asset_json(call, a)).collect::<Vec<_>>(),
        "upload_url": format!("{}/repos/{}/releases/{}/assets{{?name,label}}", call.uploads, call.slug, release.id),
        "node_id": "RE_x",
    })
}
