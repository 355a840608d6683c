//! The documented example configuration, and writing it to the configuration path.

use std::io::Write as _;
use std::path::Path;

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};

/// Every option with its meaning, unit and default. Checked by tests.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Writes a configuration to `path`, for this user alone, creating its directory. Never overwrites.
///
/// # Errors
/// [`FailureKind::Conflict`] if the file exists; [`FailureKind::Local`] on an I/O error.
pub fn write(path: &Path, text: &str) -> Outcome<()> {
    let refuse = |kind, why: String| {
        Failure::new(kind, Service::Config, format!("write the configuration {}", path.display()), why)
    };
    let local = |e: std::io::Error| refuse(FailureKind::Local, e.to_string());
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(local)?;
    }
    let mut new = std::fs::OpenOptions::new();
    new.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut new, 0o600);
    let mut file = new.open(path).map_err(|e| {
        if e.kind() == std::io::ErrorKind::AlreadyExists {
            refuse(FailureKind::Conflict, "a file exists there and was not overwritten".to_owned())
                .with_hint("`signoff config init --print` shows every option without writing anything.")
        } else {
            local(e)
        }
    })?;
    file.write_all(text.as_bytes()).map_err(local)
}
