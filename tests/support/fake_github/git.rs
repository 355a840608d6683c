//! Tag objects and refs: the objects are content-addressed, the refs are created only if absent.

use serde_json::{Value, json};
use signoff::adapters::demo::Refusal;
use signoff::adapters::demo::github::TagObject;
use signoff::domain::ids::TagName;

use super::super::double::Answer;
use super::api::{Call, error, time};
use super::world::Repo;

/// All whose names begin with this one, in order.
pub(super) fn matching_refs(repo: &Repo, call: &Call<'_>, name: &str) -> Answer {
    let prefix = name.strip_prefix("tags/").unwrap_or("no such name");
    let found = repo.tags.iter().filter(|(tag, _)| tag.as_str().starts_with(prefix));
    Answer::new(200, found.map(|(tag, object)| ref_json(repo, call, &format!("refs/tags/{tag}"), object)).collect())
}

pub(super) fn create_ref(repo: &mut Repo, call: &Call<'_>) -> Answer {
    let (Some(name), Some(sha)) = (call.request.text("ref"), call.request.text("sha")) else {
        return error(422, "Invalid request.\n\n\"sha\" wasn't supplied.");
    };
    let Some(tag) = name.strip_prefix("refs/tags/").and_then(|tag| tag.parse::<TagName>().ok()) else {
        return error(422, "Reference name must start with 'refs/' and have at least two slashes.");
    };
    // Git's own limit, with `refs/tags/`.
    if name.len() > 255 {
        return error(422, "Reference name is too long (maximum is 255 characters)");
    }
    if repo.protected_tags.iter().any(|prefix| tag.as_str().starts_with(prefix.as_str())) {
        let message = "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n";
        return error(422, message);
    }
    match repo.create_tag_ref(&tag, sha, call.now) {
        Ok(()) => Answer::new(201, ref_json(repo, call, name, sha)),
        Err(Refusal::Exists(_)) => error(422, "Reference already exists"),
        Err(_) => error(422, "Object does not exist"),
    }
}

pub(super) fn create_tag_object(repo: &mut Repo, call: &Call<'_>) -> Answer {
    let text = |name| call.request.text(name);
    let (Some(tag), Some(message), Some(Ok(commit)), Some("commit")) = (
        text("tag").and_then(|tag| tag.parse().ok()),
        text("message").map(str::to_owned),
        text("object").map(str::parse),
        text("type"),
    ) else {
        return error(422, "Invalid request.\n\n\"object\" wasn't supplied.");
    };
    let given = |name| call.request.body["tagger"][name].as_str().map(str::to_owned);
    let object = TagObject {
        tag,
        message,
        commit,
        tagger: given("name").unwrap_or_else(|| call.user.login.clone()),
        // Without a tagger every attempt creates another object, as the times differ.
        email: given("email").unwrap_or_else(|| format!("noreply+{}", repo.tag_objects.len())),
        at: given("date").map_or(call.now, |date| date.parse().unwrap()),
    };
    match repo.create_tag_object(object) {
        Ok(id) => Answer::new(201, tag_json(repo, call, &id)),
        Err(_) => error(422, "Object does not exist"),
    }
}

pub(super) fn read_tag_object(repo: &Repo, call: &Call<'_>, sha: &str) -> Answer {
    if repo.tag_objects.contains_key(sha) {
        return Answer::new(200, tag_json(repo, call, sha));
    }
    error(404, "Not Found")
}

fn ref_json(repo: &Repo, call: &Call<'_>, name: &str, object: &str) -> Value {
    let kind = if repo.tag_objects.contains_key(object) { "tag" } else { "commit" };
    json!({
        "ref": name, "node_id": "REF_x", "url": format!("{}/git/{name}", call.web),
        "object": {"type": kind, "sha": object, "url": ""},
    })
}

fn tag_json(repo: &Repo, call: &Call<'_>, sha: &str) -> Value {
    let tag = &repo.tag_objects[sha];
    let object = match repo.nested_tags.get(sha) {
        Some(inner) => json!({"type": "tag", "sha": inner, "url": ""}),
        None => json!({"type": "commit", "sha": tag.commit.as_str(), "url": ""}),
    };
    json!({
        "node_id": "TA_x", "sha": sha, "url": format!("{}/git/tags/{sha}", call.web), "tag": tag.tag.as_str(),
        "message": tag.message, "tagger": {"name": tag.tagger, "email": tag.email, "date": time(tag.at)},
        "object": object,
        "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
    })
}
