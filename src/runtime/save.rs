//! Saves a file on this machine: to a temporary file, then renamed atomically.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::UnboundedSender;

use crate::app::msg::Msg;
use crate::app::saving::{SaveNews, SaveRequest};
use crate::domain::artifact::{ArtifactRoot, safe_relative_path};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::clean_line;
use crate::services::Services;

/// Time between progress messages.
const EVERY: Duration = Duration::from_millis(100);

/// Saves one file and sends progress to `news`. Dropping the future stops it and removes what was written.
pub async fn save(services: Services, request: SaveRequest, news: UnboundedSender<Msg>) {
    let word = match try_save(&services, &request, &news).await {
        Ok(word) => word,
        Err(failure) => SaveNews::Failed(failure),
    };
    // Closed only when the program exits.
    let _ = news.send(Msg::Save(word));
}

async fn try_save(services: &Services, request: &SaveRequest, news: &UnboundedSender<Msg>) -> Outcome<SaveNews> {
    let operation = format!("save {}", clean_line(&request.path));
    let fail = |reason: String| Failure::new(FailureKind::Local, Service::Local, operation.clone(), reason);
    let name = file_name(&request.path)
        .ok_or_else(|| fail("its name leads out of the folder, or is no name of a file here".to_owned()))?;
    let folder = folder(&request.into, std::env::home_dir());
    let place = folder.join(&name);
    let shown = clean_line(&place.display().to_string());
    if !folder.is_dir() {
        let what = clean_line(&folder.display().to_string());
        return Err(fail(format!("there is no folder {what}")).with_hint("Make it first, or name another with w."));
    }
    if place.is_dir() {
        return Err(fail(format!("{shown} is a folder")));
    }
    // Do not follow links: a dangling link also counts as existing.
    if !request.overwrite && place.symlink_metadata().is_ok() {
        return Ok(SaveNews::Exists(shown));
    }
    let last = std::sync::Mutex::new(Instant::now());
    let progress = |bytes: u64| {
        if let Ok(mut last) = last.lock()
            && last.elapsed() >= EVERY
        {
            *last = Instant::now();
            let _ = news.send(Msg::Save(SaveNews::Progress(bytes)));
        }
    };
    let fetched = fetch(services, &request.root, &request.path, &place, request.overwrite, &progress).await?;
    Ok(match fetched {
        Some(bytes) => SaveNews::Done { path: shown, bytes },
        // The file was created by somebody else in the meantime.
        None => SaveNews::Exists(shown),
    })
}

/// Downloads the file at `path` to `place`, by way of a temporary file beside it. Returns its bytes; `None` if something
/// is at `place` already and stays.
///
/// # Errors
/// Failures of the server; [`FailureKind::Local`] if the file cannot be written.
pub async fn fetch(
    services: &Services,
    root: &ArtifactRoot,
    path: &str,
    place: &Path,
    overwrite: bool,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Outcome<Option<u64>> {
    let refused = |e: std::io::Error| {
        let why = format!("{} cannot be written: {e}", clean_line(&place.display().to_string()));
        Failure::new(FailureKind::Local, Service::Local, format!("save {}", clean_line(path)), why)
    };
    let temporary = temporary(place.parent().unwrap_or(Path::new("."))).map_err(refused)?;
    let mut file = tokio::fs::File::from_std(temporary.reopen().map_err(refused)?);
    let bytes = services.tracking.download(root, path, &mut file, progress).await?;
    file.flush().await.map_err(refused)?;
    file.sync_all().await.map_err(refused)?;
    drop(file);
    let is_there = put(temporary, place, overwrite).map_err(refused)?;
    Ok(is_there.then_some(bytes))
}

/// Renames the finished file. False if the name is taken; that file stays.
fn put(temporary: NamedTempFile, place: &Path, overwrite: bool) -> std::io::Result<bool> {
    let done = if overwrite { temporary.persist(place) } else { temporary.persist_noclobber(place) };
    match done {
        Ok(_) => Ok(true),
        Err(e) if !overwrite && e.error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) => Err(e.error),
    }
}

/// The last component of a server path, if it is a valid file name on every system.
fn file_name(path: &str) -> Option<PathBuf> {
    // Check the whole path: one that escapes its folder is malicious.
    safe_relative_path(path)?;
    safe_relative_path(path.rsplit('/').next()?)
}

/// The folder as typed: empty is the current one, `~` the home folder.
fn folder(typed: &str, home: Option<PathBuf>) -> PathBuf {
    match (typed, home) {
        ("", _) => PathBuf::from("."),
        ("~", Some(home)) => home,
        (typed, Some(home)) if typed.starts_with("~/") => home.join(&typed[2..]),
        (typed, _) => PathBuf::from(typed),
    }
}

/// A temporary file with the permissions of any new file.
fn temporary(folder: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".signoff-").suffix(".part");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Reduced by the umask, as for every file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_names_of_files_are_written() {
        for (path, name) in [("plots/roc.png", Some("roc.png")), ("MLmodel", Some("MLmodel"))] {
            assert_eq!(file_name(path), name.map(PathBuf::from), "{path}");
        }
        for path in ["", "..", "a/..", "../a", "/etc/passwd", "a/b/", "C:x", "a\\..\\b", "a/\u{7}"] {
            assert_eq!(file_name(path), None, "{path:?}");
        }
    }

    #[test]
    fn the_home_folder_is_found_and_nothing_is_here() {
        let home = || Some(PathBuf::from("/home/dana"));
        for (typed, folded) in [("", "."), ("~", "/home/dana"), ("~/x", "/home/dana/x"), ("a/b", "a/b"), ("~x", "~x")] {
            assert_eq!(folder(typed, home()), PathBuf::from(folded), "{typed}");
        }
    }

    #[test]
    fn a_file_that_is_there_is_replaced_only_when_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.txt");
        let new = |text: &str| {
            let file = temporary(folder.path()).unwrap();
            std::fs::write(file.path(), text).unwrap();
            file
        };
        assert!(put(new("one"), &place, false).unwrap());
        assert!(!put(new("two"), &place, false).unwrap());
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "one");
        assert!(put(new("three"), &place, true).unwrap());
        assert_eq!(std::fs::read_to_string(&place).unwrap(), "three");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
