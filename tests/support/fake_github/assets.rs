//! Files of releases: uploads, interrupted ones too, and downloads that are sent on to a storage on another port, which
//! takes requests without a token only.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::api::{Answer, Call};
use super::world::{Asset, Repo, World};

pub(super) fn upload(repo: &mut Repo, call: &Call<'_>, release: &str) -> Answer {
    let (immutable, broken) = (repo.immutable, repo.unfinished_uploads > 0);
    let Some(release) = repo.releases.iter_mut().find(|r| r.id.to_string() == release) else {
        return Answer::error(404, "Not Found");
    };
    if immutable && !release.draft {
        return Answer::error(422, "Cannot upload assets to an immutable release.");
    }
    let Some(name) = call.request.query("name").map(str::to_owned) else {
        return Answer::invalid(json!({"resource": "ReleaseAsset", "code": "missing_field", "field": "name"}));
    };
    if release.assets.iter().any(|a| a.name == name) {
        return Answer::invalid(json!({"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}));
    }
    let bytes = if broken { Vec::new() } else { call.request.bytes.clone() };
    let asset = Asset { id: call.new_id(), name, bytes, complete: !broken };
    let answer = Answer::new(201, asset_json(call, &asset));
    release.assets.push(asset);
    if broken {
        repo.unfinished_uploads -= 1;
        return Answer::error(502, "Server Error");
    }
    answer
}

/// The bytes are elsewhere: who asks for them is sent on.
pub(super) fn read(repo: &Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some(asset) = repo.releases.iter().flat_map(|r| &r.assets).find(|a| a.id.to_string() == id) else {
        return Answer::error(404, "Not Found");
    };
    if !call.request.wants_bytes {
        return Answer::new(200, asset_json(call, asset));
    }
    let to = format!("{}/storage/{}/{id}?signature=x%2Fy", call.storage, call.slug);
    Answer::new(302, Value::Null).with("location", &to)
}

pub(super) fn delete(repo: &mut Repo, id: &str) -> Answer {
    let immutable = repo.immutable;
    for release in &mut repo.releases {
        let Some(at) = release.assets.iter().position(|a| a.id.to_string() == id) else {
            continue;
        };
        if immutable && !release.draft {
            return Answer::error(422, "Cannot delete assets of an immutable release.");
        }
        release.assets.remove(at);
        return Answer::new(204, Value::Null);
    }
    Answer::error(404, "Not Found")
}

/// The storage. A token that arrives here was given away; object stores refuse it as a second sign-in.
pub(super) fn stored(world: &World, slug: &str, id: &str, signed_in: bool) -> Answer {
    if signed_in {
        return Answer::error(400, "Only one auth mechanism allowed");
    }
    let repo = world.repos.get(slug);
    let asset = repo.and_then(|r| r.releases.iter().flat_map(|r| &r.assets).find(|a| a.id.to_string() == id));
    asset.map_or_else(|| Answer::error(404, "Not Found"), |a| Answer::bytes_of(&a.bytes))
}

pub(super) fn asset_json(call: &Call<'_>, asset: &Asset) -> Value {
    let digest: String = Sha256::digest(&asset.bytes).iter().map(|b| format!("{b:02x}")).collect();
    json!({
        "id": asset.id, "node_id": "RA_x", "name": asset.name, "label": null, "size": asset.bytes.len(),
        "state": if asset.complete { "uploaded" } else { "starter" },
        "digest": asset.complete.then(|| format!("sha256:{digest}")), "content_type": "application/json",
        "download_count": 0, "created_at": call.now, "updated_at": call.now, "uploader": {"login": call.user.login},
        "browser_download_url": format!("{}/releases/download/x/{}", call.web, asset.name),
    })
}
