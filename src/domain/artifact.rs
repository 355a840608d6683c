//! Files that a run or a logged model left behind.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ids::RunId;

/// Whose files.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactRoot {
    /// A run's.
    Run(RunId),
    /// A logged model's (MLflow 3.x), by its id `m-...`.
    LoggedModel(String),
}

/// One file or folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArtifactEntry {
    /// Path from the root, raw, for asking again. Show it cleaned.
    pub path: String,
    /// A folder.
    pub is_dir: bool,
    /// Size in bytes, where the server says it.
    pub size: Option<u64>,
}

/// The beginning of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArtifactHead {
    /// The first bytes.
    pub bytes: Vec<u8>,
    /// There are more.
    pub truncated: bool,
    /// Size of the whole file in bytes, where the server says it.
    pub total: Option<u64>,
}

/// The signature of a model: what goes in and what comes out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Inputs in order.
    pub inputs: Vec<SignatureField>,
    /// Outputs in order.
    pub outputs: Vec<SignatureField>,
    /// Parameters of inference.
    pub params: Vec<SignatureField>,
}

/// One column or tensor of a signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureField {
    /// Name; tensors may have none.
    pub name: String,
    /// Type as text, such as `double` or `tensor(float32, [-1, 28])`.
    pub kind: String,
    /// Whether it must be there; true where nothing is said.
    pub required: bool,
}

/// A logged model (MLflow 3.x).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedModel {
    /// Its id, `m-...`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `LOGGED_MODEL_READY`, ... as the server spells it.
    pub status: String,
    /// The run that logged it.
    pub source_run: Option<RunId>,
}

/// A server's path as a path below a folder of this machine; none if it might lead out of that folder, or onto
/// something that is no file, on any system: `..`, absolute paths, drive letters, backslashes, control characters.
#[must_use]
pub fn safe_relative_path(path: &str) -> Option<PathBuf> {
    let drive = |part: &str| part.as_bytes().get(1) == Some(&b':') && part.as_bytes()[0].is_ascii_alphabetic();
    // Windows cuts dots and spaces off the end, so that `.. .` is `..`. This covers the empty part as well.
    let dots = |part: &str| part.chars().all(|c| c == '.' || c == ' ');
    let bad = |part: &str| dots(part) || drive(part) || part.contains(|c: char| c == '\\' || c.is_control());
    // An absolute path begins with an empty part.
    if path.split('/').any(bad) { None } else { Some(path.split('/').collect()) }
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
