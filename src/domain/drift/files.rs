//! The files of a version: by path and size, and by digest where both sides have one.

use std::collections::{BTreeMap, BTreeSet};

use super::{FilesNow, Finding, Kind, Told, Value};
use crate::domain::artifact::{ArtifactFacts, FileFacts};
use crate::domain::record::seal::{canonical, sha256};

/// The folder of a path; the root is the empty text.
fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Compares recorded files with those that are there.
pub(super) fn compare(signed: &ArtifactFacts, now: &FilesNow, told: &mut Told) {
    if let Some(failure) = &now.unread {
        told.cannot(format!("the files of the version: {failure}"));
        if now.folders.is_empty() {
            return;
        }
    }
    if signed.tree.is_empty() {
        return listing(signed, now, told);
    }
    let there: BTreeMap<&str, Option<u64>> =
        now.folders.values().flatten().map(|(path, size)| (path.as_str(), *size)).collect();
    let listed = |path: &str| now.folders.contains_key(folder(path)) || now.complete;
    for file in signed.tree.iter().filter(|file| listed(&file.path)) {
        match there.get(file.path.as_str()) {
            None => told.found(Finding::of(Kind::Artifact, &file.path, size(file), None)),
            Some(now_size) => told.findings.extend(changed(file, *now_size, now.digests.get(&file.path))),
        }
    }
    let known: BTreeSet<&str> = signed.tree.iter().map(|file| file.path.as_str()).collect();
    for (path, size) in there.iter().filter(|(path, _)| !known.contains(*path)) {
        told.found(Finding::of(Kind::Artifact, *path, None, Some(size.map_or(Value::text("a file"), Value::Size))));
    }
}

fn size(file: &FileFacts) -> Option<Value> {
    Some(file.size.map_or(Value::text("a file"), Value::Size))
}

fn changed(file: &FileFacts, now: Option<u64>, digest: Option<&String>) -> Option<Finding> {
    if let (Some(then), Some(now)) = (file.size, now)
        && then != now
    {
        return Some(Finding::of(Kind::Artifact, &file.path, Some(Value::Size(then)), Some(Value::Size(now))));
    }
    let (then, now) = (file.digest.as_ref()?, digest?);
    let value = |digest: &String| Some(Value::text(digest.as_str()));
    (then != now).then(|| {
        Finding::of(Kind::Artifact, &file.path, value(then), value(now))
            .because(format!("the file {} has the size that was signed, and another content", named(&file.path)))
    })
}

fn named(path: &str) -> String {
    crate::domain::text::clean_line(path)
}

/// A record of an earlier version has one digest of all paths and sizes.
fn listing(signed: &ArtifactFacts, now: &FilesNow, told: &mut Told) {
    let mlmodel = now.digests.get("MLmodel");
    if let (Some(then), Some(now)) = (&signed.mlmodel, mlmodel)
        && then != now
    {
        return told.found(Finding::of(
            Kind::Artifact,
            "MLmodel",
            Some(Value::text(then.as_str())),
            Some(Value::text(now.as_str())),
        ));
    }
    // Without a list the signer was told that there is none, and why.
    let Some(then) = signed.listing.as_ref().filter(|_| now.complete) else { return };
    let mut files: Vec<&(String, Option<u64>)> = now.folders.values().flatten().collect();
    files.sort();
    let digest = sha256(&canonical(&files));
    if digest != *then {
        told.found(
            Finding::of(Kind::Artifact, "", Some(Value::text(then.as_str())), Some(Value::text(digest))).because(
                "the list of files is not the one that was signed; an older record does not say which file changed",
            ),
        );
    }
}
