//! Files of a run or a logged model.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::failure::Outcome;
use super::ids::{ModelName, RunId, VersionNumber};
use super::registry::ModelVersion;

/// The owner of the files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactRoot {
    Run(RunId),
    /// A logged model (MLflow 3.x), by its id `m-...`.
    LoggedModel(String),
    /// A version itself, where the registry keeps files of its own.
    Version(ModelName, VersionNumber),
}

impl ArtifactRoot {
    /// Whether both are of the same kind.
    pub fn is_like(&self, other: &Self) -> bool {
        matches!((self, other), (Self::Run(_), Self::Run(_)) | (Self::LoggedModel(_), Self::LoggedModel(_)))
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactEntry {
    /// Path from the root, raw, for further requests. Show it cleaned.
    pub path: String,
    pub is_dir: bool,
    /// Size in bytes, if the server reports it.
    pub size: Option<u64>,
}

/// The start of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactHead {
    /// The first bytes.
    pub bytes: Vec<u8>,
    /// There are more bytes.
    pub truncated: bool,
    /// Size of the whole file in bytes, if the server reports it.
    pub total: Option<u64>,
}

/// The signature of a model: its inputs and outputs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// In order.
    pub inputs: Vec<SignatureField>,
    /// In order.
    pub outputs: Vec<SignatureField>,
    /// Inference parameters.
    pub params: Vec<SignatureField>,
}

/// A version's `MLmodel` file, read once for its digest and its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MlModelFile {
    pub bytes: Vec<u8>,
    /// The signature in it; none if it has none.
    pub signature: Outcome<Option<Signature>>,
}

/// One column or tensor of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureField {
    /// Empty if it has none, as tensors may.
    pub name: String,
    /// Type as text, such as `double` or `tensor(float32, [-1, 28])`.
    pub kind: String,
    /// Defaults to true.
    pub required: bool,
}

/// Where a version's own files are, according to its source: their owner, and the folder in its files (empty for the
/// root). Where the source is neither a run, nor a logged model, nor the store's own URL of its run's files: what the
/// registry keeps of the version, if it does.
pub fn home(version: &ModelVersion) -> Option<(ArtifactRoot, String)> {
    let own =
        || version.keeps_files.then(|| (ArtifactRoot::Version(version.model.clone(), version.number), String::new()));
    named_home(version).or_else(own)
}

fn named_home(version: &ModelVersion) -> Option<(ArtifactRoot, String)> {
    let source = version.source.trim_end_matches('/');
    let of_run = |run: &str, path: &str| (ArtifactRoot::Run(RunId::new(run)), path.trim_matches('/').to_owned());
    if let Some(rest) = source.strip_prefix("runs:/") {
        let (run, path) = rest.trim_start_matches('/').split_once('/').unwrap_or((rest, ""));
        return Some(of_run(run, path));
    }
    if let Some(id) = logged_model(source) {
        return Some((ArtifactRoot::LoggedModel(id.to_owned()), String::new()));
    }
    // `s3://bucket/1/<run>/artifacts/model`: the store's own URL of a run's files.
    let run = version.run_id.as_ref()?;
    let (_, path) = source.split_once(&format!("/{}/artifacts", run.as_str()))?;
    (path.is_empty() || path.starts_with('/')).then(|| of_run(run.as_str(), path))
}

/// The id of the logged model in a source such as `models:/m-1a2b` (MLflow 3.x).
pub fn logged_model(source: &str) -> Option<&str> {
    // A server never assigns an id that needs escaping in a URL.
    let is_id = |id: &str| id.starts_with("m-") && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    source.trim_end_matches('/').strip_prefix("models:/").filter(|id| is_id(id))
}

/// Converts a server's path to a relative local path; `None` if it might escape its folder or name something other than
/// a file on any system: `..`, absolute paths, drive letters, backslashes, control characters.
pub fn safe_relative_path(path: &str) -> Option<PathBuf> {
    let drive = |part: &str| part.as_bytes().get(1) == Some(&b':') && part.as_bytes()[0].is_ascii_alphabetic();
    // Windows strips trailing dots and spaces, so that `.. .` is `..`. This also covers empty parts.
    let dots = |part: &str| part.chars().all(|c| c == '.' || c == ' ');
    let bad = |part: &str| dots(part) || drive(part) || part.contains(|c: char| c == '\\' || c.is_control());
    // An absolute path starts with an empty part.
    if path.split('/').any(bad) { None } else { Some(path.split('/').collect()) }
}

/// A human-readable size: `812 B`, `18.3 KiB`, `1.2 GiB`.
pub fn human_size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let mut size = bytes as f64;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut unit = "B";
    for next in ["KiB", "MiB", "GiB", "TiB"] {
        if size < 1023.95 {
            break;
        }
        size /= 1024.0;
        unit = next;
    }
    format!("{size:.1} {unit}")
}

/// One file of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// Path below the version's folder.
    pub path: String,
    /// Size in bytes, if the server reports it.
    pub size: Option<u64>,
    /// `sha256:<hex>`; `None` if it was too large to be read for a signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What is known about a version's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactFacts {
    /// SHA-256 of the `MLmodel` file, `sha256:<hex>`.
    pub mlmodel: Option<String>,
    /// SHA-256 over the sorted list of paths and sizes.
    pub listing: Option<String>,
    pub files: Option<u64>,
    pub bytes: Option<u64>,
    /// Every file by path; empty in records of earlier versions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tree: Vec<FileFacts>,
    /// Why any of this is missing.
    pub unavailable: Option<String>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn plain_paths_stay_as_they_are() {
        for path in ["MLmodel", "plots/roc_curve.png", "a/..b/c..", "…/客户 🚀.csv", ".hidden", "12:30.txt"] {
            assert_eq!(safe_relative_path(path).unwrap(), Path::new(path), "{path}");
        }
    }

    #[test]
    fn paths_that_might_lead_elsewhere_are_none() {
        for path in [
            "",
            "/",
            "/etc/passwd",
            "//host/share",
            "..",
            "../x",
            "a/../../x",
            "a/..",
            ".",
            "a/./b",
            "a//b",
            "a/",
            "... ",
            ".. /x",
            "C:",
            "C:/x",
            "c:x",
            "a/C:x",
            "\\\\host\\x",
            "a\\..\\b",
            "..\\x",
            "a\0b",
            "a\nb",
            "\u{9b}x",
        ] {
            assert_eq!(safe_relative_path(path), None, "{path:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_comes_stays_below(path in r"([./\\ :a-cC]|\PC){0,12}") {
            if let Some(safe) = safe_relative_path(&path) {
                prop_assert!(safe.components().count() > 0);
                prop_assert!(safe.components().all(|c| matches!(c, Component::Normal(_))));
            }
        }
    }
}
