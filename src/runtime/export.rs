//! Writes a sign-off record into the current folder, as it was signed.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::record::Sealed;
use crate::domain::text::clean_line;

/// Most files of one record beside one another.
const MOST: usize = 100;

/// Writes the record under a name that is free, and returns its path.
///
/// # Errors
/// If the folder cannot be written to.
pub fn export(sealed: &Sealed, folder: &Path) -> Outcome<PathBuf> {
    let name = name(sealed);
    let fail = |reason: String| {
        let operation = format!("export the record to {}", clean_line(&folder.display().to_string()));
        Failure::new(FailureKind::Local, Service::Local, operation, reason)
    };
    for nth in 1..=MOST {
        let again = if nth == 1 { String::new() } else { format!("-{nth}") };
        let path = folder.join(format!("{name}{again}.json"));
        // Never over what is there, a link included.
        match std::fs::OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let written = file.write_all(&sealed.to_bytes()).and_then(|()| file.sync_all());
                return written.map(|()| path).map_err(|e| fail(e.to_string()));
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(fail(e.to_string())),
        }
    }
    Err(fail(format!("{name}.json and {MOST} after it are there already")))
}

/// `signoff-telco-churn-v42-0a1b2c3d`: nothing of a model's name leads out of the folder.
fn name(sealed: &Sealed) -> String {
    let record = &sealed.record;
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    let model: String = record.model.name.as_str().chars().take(80).map(plain).collect();
    let id: String = record.record_id.to_string().chars().rev().take(8).collect::<Vec<_>>().into_iter().rev().collect();
    format!("signoff-{model}-{}-{id}", record.model.version)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::ids::ModelName;
    use crate::domain::promotion::samples;

    #[test]
    fn an_export_is_the_signed_record_and_never_replaces_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut sealed = samples::plan().record;
        let first = export(&sealed, folder.path()).unwrap();
        std::fs::write(&first, "mine").unwrap();
        let second = export(&sealed, folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(&first).unwrap(), "mine");
        assert_eq!(std::fs::read(&second).unwrap(), sealed.to_bytes());
        assert!(second.file_name().unwrap().to_str().unwrap().ends_with("-2.json"), "{second:?}");
        sealed.record.model.name = ModelName::new("../../etc/\u{202e}x");
        let hostile = export(&sealed, folder.path()).unwrap();
        assert_eq!(hostile.parent().unwrap(), folder.path());
        assert!(hostile.to_str().unwrap().is_ascii(), "{hostile:?}");
    }
}
