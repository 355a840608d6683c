//! Tag objects and refs: the objects are content-addressed, the refs create-if-absent.

use serde_json::{Value, json};

use super::actions;
use super::api::{Answer, Call};
use super::world::{GitObject, Repo, TagObject, Trigger, sha_of};

pub(super) fn read_ref(repo: &Repo, call: &Call<'_>, name: &str) -> Answer {
    match name.strip_prefix("tags/").and_then(|tag| repo.tags.get(tag)) {
        Some(object) => Answer::new(200, ref_json(call, &format!("refs/{name}"), object)),
        None => Answer::error(404, "Not Found"),
    }
}

pub(super) fn create_ref(repo: &mut Repo, call: &Call<'_>) -> Answer {
    let (Some(name), Some(sha)) = (call.request.text("ref"), call.request.text("sha")) else {
        return Answer::error(422, "Invalid request.\n\n\"sha\" wasn't supplied.");
    };
    let Some(tag) = name.strip_prefix("refs/tags/").filter(|t| !t.is_empty()) else {
        return Answer::error(422, "Reference name must start with 'refs/' and have at least two slashes.");
    };
    if repo.protected_tags.iter().any(|prefix| tag.starts_with(prefix.as_str())) {
        let message = "Repository rule violations found\n\nCannot create ref due to creations being restricted.\n\n";
        return Answer::error(422, message);
    }
    let kind = match (repo.commits.contains_key(sha), repo.tag_objects.contains_key(sha)) {
        (true, _) => "commit",
        (_, true) => "tag",
        _ => return Answer::error(422, "Object does not exist"),
    };
    if repo.tags.contains_key(tag) {
        return Answer::error(422, "Reference already exists");
    }
    let object = GitObject { kind: kind.to_owned(), sha: sha.to_owned() };
    let answer = Answer::new(201, ref_json(call, name, &object));
    add_tag(repo, call, tag, object);
    answer
}

/// Adds a tag ref, which starts workflows that listen to tags.
pub(super) fn add_tag(repo: &mut Repo, call: &Call<'_>, tag: &str, object: GitObject) {
    let commit = repo.peel(&object);
    repo.tags.insert(tag.to_owned(), object);
    actions::start(repo, call, Trigger::Tag, tag, &commit);
}

pub(super) fn create_tag_object(repo: &mut Repo, call: &Call<'_>) -> Answer {
    let text = |name| call.request.text(name).map(str::to_owned);
    let (Some(tag), Some(message), Some(sha), Some(kind)) =
        (text("tag"), text("message"), text("object"), text("type"))
    else {
        return Answer::error(422, "Invalid request.\n\n\"object\" wasn't supplied.");
    };
    if !repo.commits.contains_key(&sha) {
        return Answer::error(422, "Object does not exist");
    }
    // Without a tagger it is the user, now: then no two tries make the same object.
    let tagger = call.request.body.get("tagger").cloned().unwrap_or_else(
        || json!({"name": call.user.login, "email": "noreply", "date": format!("{}#{}", call.now, call.new_id())}),
    );
    let id = sha_of(&format!("object {sha}\ntype {kind}\ntag {tag}\ntagger {tagger}\n\n{message}"));
    let object = TagObject { tag, message, object: GitObject { kind, sha }, tagger };
    let body = tag_json(call, &id, &object);
    repo.tag_objects.insert(id, object);
    Answer::new(201, body)
}

pub(super) fn read_tag_object(repo: &Repo, call: &Call<'_>, sha: &str) -> Answer {
    match repo.tag_objects.get(sha) {
        Some(tag) => Answer::new(200, tag_json(call, sha, tag)),
        None => Answer::error(404, "Not Found"),
    }
}

fn ref_json(call: &Call<'_>, name: &str, object: &GitObject) -> Value {
    json!({
        "ref": name, "node_id": "REF_x", "url": format!("{}/git/{name}", call.web),
        "object": {"type": object.kind, "sha": object.sha, "url": ""},
    })
}

fn tag_json(call: &Call<'_>, sha: &str, tag: &TagObject) -> Value {
    json!({
        "node_id": "TA_x", "sha": sha, "url": format!("{}/git/tags/{sha}", call.web), "tag": tag.tag,
        "message": tag.message, "tagger": tag.tagger,
        "object": {"type": tag.object.kind, "sha": tag.object.sha, "url": ""},
        "verification": {"verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null},
    })
}
