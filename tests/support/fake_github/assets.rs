//! Release assets: uploads, including interrupted ones, and downloads that redirect to a storage on another port, which
//! only accepts requests without a token.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use signoff::adapters::demo::Refusal;
use signoff::adapters::demo::github::{Asset, Blob, Release};

use super::super::double::Answer;
use super::api::{Call, error, invalid, raw, time};
use super::world::{Repo, World};

pub(super) fn upload(repo: &mut Repo, call: &Call<'_>, release: &str) -> Answer {
    let Some(release) = release.parse().ok().and_then(|id| repo.release(id).ok()) else {
        return error(404, "Not Found");
    };
    if repo.immutable && !release.draft {
        return error(422, "Cannot upload assets to an immutable release.");
    }
    let Some(name) = call.request.query("name") else {
        return invalid(json!({"resource": "ReleaseAsset", "code": "missing_field", "field": "name"}));
    };
    let id = release.id;
    let asset = match repo.attach(id, name, &call.request.bytes, &call.user.login, call.now) {
        Ok(asset) => asset,
        Err(Refusal::Exists(_)) => {
            return invalid(json!({"resource": "ReleaseAsset", "code": "already_exists", "field": "name"}));
        }
        Err(_) => return error(404, "Not Found"),
    };
    if repo.unfinished_uploads > 0 {
        repo.unfinished_uploads -= 1;
        let broken = repo.releases.iter_mut().flat_map(|r| &mut r.assets).find(|a| a.id == asset.id).unwrap();
        (broken.content, broken.complete) = (Blob(Vec::new()), false);
        return error(502, "Server Error");
    }
    Answer::new(201, asset_json(call, &asset))
}

/// Redirects to the storage, which has the bytes.
pub(super) fn read(repo: &Repo, call: &Call<'_>, id: &str) -> Answer {
    let Some((_, asset)) = found(repo, id) else {
        return error(404, "Not Found");
    };
    if !call.request.header("accept").is_some_and(|a| a.contains("octet-stream")) {
        return Answer::new(200, asset_json(call, asset));
    }
    let to = format!("{}/storage/{}/{id}?signature=x%2Fy", call.storage, call.slug);
    Answer::new(302, Value::Null).with("location", &to)
}

pub(super) fn delete(repo: &mut Repo, id: &str) -> Answer {
    let Some((release, asset)) = found(repo, id) else {
        return error(404, "Not Found");
    };
    if repo.immutable && !release.draft {
        return error(422, "Cannot delete assets of an immutable release.");
    }
    let id = asset.id;
    repo.remove_asset(id).unwrap();
    Answer::new(204, Value::Null)
}

/// The storage. A token that arrives here was leaked; object stores reject it as a second authentication.
pub(super) fn stored(world: &World, slug: &str, id: &str, signed_in: bool) -> Answer {
    if signed_in {
        return error(400, "Only one auth mechanism allowed");
    }
    let asset = world.repos.get(slug).and_then(|repo| found(repo, id));
    asset.map_or_else(|| error(404, "Not Found"), |(_, a)| raw(&a.content.0))
}

fn found<'a>(repo: &'a Repo, id: &str) -> Option<(&'a Release, &'a Asset)> {
    repo.asset(id.parse().ok()?).ok()
}

pub(super) fn asset_json(call: &Call<'_>, asset: &Asset) -> Value {
    let (bytes, now) = (&asset.content.0, asset.created_at.map(time));
    let uploader = asset.uploader.as_ref().map(|login| json!({"login": login, "id": (call.accounts)(login)}));
    let digest: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
    json!({
        "id": asset.id, "node_id": "RA_x", "name": asset.name, "label": null, "size": bytes.len(),
        "state": if asset.complete { "uploaded" } else { "starter" },
        "digest": asset.complete.then(|| format!("sha256:{digest}")), "content_type": "application/json",
        "download_count": 0, "created_at": now, "updated_at": now, "uploader": uploader,
        "browser_download_url": format!("{}/releases/download/x/{}", call.web, asset.name),
    })
}
