//! The documented example: the text of `config.example.toml`, and writing it where the configuration belongs.

use std::io::Write as _;
use std::path::Path;

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};

/// Every option with meaning, unit and default. Tests keep it true.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Writes the example to `path`, making its directory. Never overwrites.
///
/// # Errors
/// [`FailureKind::Conflict`] if there is something already; [`FailureKind::Local`] if the disk refuses.
pub fn write(path: &Path) -> Outcome<()> {
    let refuse = |kind, why: String| {
        Failure::new(kind, Service::Config, format!("write the configuration {}", path.display()), why)
    };
    let local = |e: std::io::Error| refuse(FailureKind::Local, e.to_string());
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(local)?;
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(|e| {
        if e.kind() == std::io::ErrorKind::AlreadyExists {
            refuse(FailureKind::Conflict, "a file exists there and was not overwritten".to_owned())
                .with_hint("`signoff config init --print` shows every option without writing anything.")
        } else {
            local(e)
        }
    })?;
    file.write_all(EXAMPLE.as_bytes()).map_err(local)
}
