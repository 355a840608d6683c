//! Checks that tag, release and record belong together.

use super::{Lines, Proof, Reread};
use crate::domain::commit::{ReleaseState, TagState};
use crate::domain::identity::DEFAULT_WORKSPACE;
use crate::domain::record::seal::sha256;
use crate::domain::record::{ASSET, Sealed, text};
use crate::domain::release::{MODEL_TRAILER, OPERATION_TRAILER, RECORD_TRAILER, VERSION_TRAILER, trailer};
use crate::domain::text::clean_line;

/// The trailers that identify a tag's decision.
const TRAILERS: [&str; 4] = [OPERATION_TRAILER, MODEL_TRAILER, VERSION_TRAILER, RECORD_TRAILER];

pub(super) fn tag(proof: &Proof, lines: &mut Lines) {
    let name = &proof.place.tag;
    match &proof.tag {
        Err(failure) => lines.unread("tag", failure),
        Ok(None) => lines.fail("tag", format!("{} has no tag {name}", proof.place.repo)),
        Ok(Some(TagState { message: None, .. })) => {
            lines.fail("tag", format!("{name} is a lightweight tag: nobody signed it off"));
        }
        Ok(Some(TagState { message: Some(message), .. })) => {
            lines.pass("tag", format!("{name} is annotated"));
            let missing: Vec<&str> = TRAILERS.into_iter().filter(|key| trailer(message, key).is_none()).collect();
            if missing.is_empty() {
                lines.pass("trailers", "the tag's message names model, version and record");
            } else {
                lines.fail("trailers", format!("the tag's message lacks {}", missing.join(", ")));
            }
        }
    }
}

pub(super) fn releases(proof: &Proof, lines: &mut Lines) {
    let name = &proof.place.tag;
    match &proof.releases {
        Err(failure) => lines.unread("release", failure),
        Ok(all) => match (all.iter().filter(|r| !r.draft).count(), all.len()) {
            (1, _) => lines.pass("release", format!("{name} has one release, and it is published")),
            (0, 0) => lines.fail("release", format!("{name} has no release")),
            (0, _) => lines.fail("release", format!("the release of {name} is a draft")),
            (n, _) => lines.fail("release", format!("{name} has {n} releases")),
        },
    }
}

/// The published release; drafts do not count.
pub(super) fn published(proof: &Proof) -> Option<&ReleaseState> {
    proof.releases.as_ref().ok()?.iter().find(|r| !r.draft)
}

/// Checks the record against tag and release.
pub(super) fn fits(proof: &Proof, sealed: &Sealed, lines: &mut Lines) {
    let record = &sealed.record;
    if let Ok(Some(tag)) = &proof.tag {
        message(tag, sealed, lines);
    }
    if let Some(release) = published(proof) {
        attached(proof, release, sealed, lines);
        author(release, sealed, lines);
    }
    match (record.demo, proof.place.demo) {
        (true, false) => lines.fail("world", "the record was made in the demo, where no real server is involved"),
        (false, true) => lines.fail("world", "the record was made on real servers, and this is the demo"),
        _ => {}
    }
    if record.decision.promotes() {
        lines
            .pass("decision", format!("{} by {} at {}", record.decision.past(), record.signer.login, record.signed_at));
    } else {
        lines.fail("decision", format!("the version was {}", record.decision.past()));
    }
    let Some(change) = &record.change else {
        return lines.fail("commit", "the record promotes nothing: further approvals were missing");
    };
    if let Ok(Some(tag)) = &proof.tag {
        if tag.commit == change.commit.as_str() {
            lines.pass("commit", format!("{} is what was signed", change.commit.short()));
        } else {
            let now: String = clean_line(&tag.commit).chars().take(7).collect();
            lines.fail("commit", format!("the tag is at {now}, but {} was signed", change.commit.short()));
        }
    }
    let mut wrong = Vec::new();
    let mut same = |what: &str, signed: String, here: String| {
        if signed != here {
            wrong.push(format!("{what}: '{signed}' was signed, and this is '{here}'"));
        }
    };
    same("host", change.host.clone(), proof.place.host.clone());
    same("repository", change.repository.to_string(), proof.place.repo.to_string());
    same("tag", change.tag.to_string(), proof.place.tag.to_string());
    let home = &proof.place.home;
    same("registry", record.model.registry.clone(), home.registry.clone());
    let named = |workspace: &Option<String>| workspace.as_deref().map_or_else(|| "none".to_owned(), clean_line);
    match (&record.model.workspace, &home.workspace) {
        // A record of an earlier version, or of the server before it had workspaces.
        (None, Some(here)) if record.model.registered_at.is_none() => {
            lines.note("names", format!("the record names no workspace, and this is '{}'", clean_line(here)));
        }
        (None, Some(here)) if here == DEFAULT_WORKSPACE => {}
        (there, here) => same("workspace", named(there), named(here)),
    }
    lines.all("names", wrong, "host, repository, tag and registry are those that were signed");
}

fn message(tag: &TagState, sealed: &Sealed, lines: &mut Lines) {
    let Some(message) = &tag.message else { return };
    let record = &sealed.record;
    match trailer(message, RECORD_TRAILER) {
        Some(hash) if hash == sealed.record_hash => lines.pass("record hash", "the tag's message names this record"),
        Some(hash) => lines.fail(
            "record hash",
            format!("the tag's message names the record {}, but {ASSET} is {}", clean_line(hash), sealed.record_hash),
        ),
        None => lines.fail("record hash", "the tag's message names no record"),
    }
    let mut wrong = Vec::new();
    for (key, signed) in
        [(MODEL_TRAILER, record.model.name.plain()), (VERSION_TRAILER, record.model.version.0.to_string())]
    {
        let said = trailer(message, key).unwrap_or("nothing");
        if said != signed {
            wrong.push(format!("the tag's message says '{}' as {key}, the record '{signed}'", clean_line(said)));
        }
    }
    // The message read is cleaned, so only the digest of the raw bytes proves that it is unchanged.
    let whole = text::tag_message(sealed);
    if tag.message_digest.as_deref() != Some(sha256(whole.as_bytes()).as_str()) {
        wrong.push("the tag's message is not the one that follows from the record".to_owned());
    }
    lines.all("tag message", wrong, "it is the one that follows from the record, to the byte");
}

fn attached(proof: &Proof, release: &ReleaseState, sealed: &Sealed, lines: &mut Lines) {
    if release.tag != proof.place.tag.as_str() {
        lines.fail("release", format!("it is the release of the tag {}", clean_line(&release.tag)));
    }
    // The host's own digest, if any, proves that the file was not changed in transit.
    let digest = release.assets.iter().find(|a| a.name == ASSET).and_then(|a| a.digest.as_deref());
    if let (Some(digest), Ok(Some(bytes))) = (digest, &proof.asset)
        && digest != sha256(bytes)
    {
        lines.fail("record", format!("the host says {ASSET} is {}, and sends another", clean_line(digest)));
    }
    let marker = crate::domain::release::notes_marker(&sealed.record.record_id.to_string());
    if !release.body.contains(&marker) {
        lines.fail("release", "its notes do not belong to the record's promotion");
    }
}

fn author(release: &ReleaseState, sealed: &Sealed, lines: &mut Lines) {
    let signer = &sealed.record.signer;
    let login = release.author.as_deref().map_or_else(|| "nobody".to_owned(), clean_line);
    let is_signer = match release.author_id {
        // A login can be reassigned, an id cannot.
        Some(id) => id == signer.id,
        None => login.eq_ignore_ascii_case(&signer.login),
    };
    if is_signer {
        lines.pass("author", format!("the release was made by {login}, who signed"));
    } else {
        lines.fail("author", format!("the release was made by {login}, but {} signed", clean_line(&signer.login)));
    }
}

/// The tag is in the repository from which the verifier's configuration releases this model.
pub(super) fn repository(proof: &Proof, named: &Reread, lines: &mut Lines) {
    match &named.repository {
        Ok(repo) if *repo == proof.place.repo => {}
        Ok(repo) => lines.fail("names", format!("this model is released from {repo}, not from {}", proof.place.repo)),
        Err(why) => lines.fail("names", clean_line(why)),
    }
}
