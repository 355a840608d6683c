//! Files on this machine: read with a bound, and kept where only their owner can write.

use std::fs::{self, File, Metadata};
use std::io::{self, Read as _};
use std::path::Path;

/// One mebibyte.
pub const MIB: u64 = 1024 * 1024;

/// Reads a regular file of at most `limit` bytes. A link to one is followed.
///
/// # Errors
/// Those of the file system; for pipes and devices, which may have no end or no beginning; for larger files.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Before opening: opening a pipe waits for its other end.
    regular(&fs::metadata(path)?)?;
    read_open(&mut File::open(path)?, limit)
}

/// As [`read`], for text.
///
/// # Errors
/// As [`read`]; [`io::ErrorKind::InvalidData`] if it is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
}

/// Reads an open file to its end.
///
/// # Errors
/// As [`read`].
pub fn read_open(file: &mut File, limit: u64) -> io::Result<Vec<u8>> {
    regular(&file.metadata()?)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let most = if limit < MIB { format!("{limit} bytes") } else { format!("{} MiB", limit / MIB) };
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {most}")));
    }
    Ok(bytes)
}

/// Whether a file that will be opened for writing is a regular one or does not exist yet.
///
/// # Errors
/// For anything else. A link too unless `links`: it could lead to a file that is not ours to change.
pub fn writable(path: &Path, links: bool) -> io::Result<()> {
    let found = if links { fs::metadata(path) } else { fs::symlink_metadata(path) };
    match found {
        Ok(found) => regular(&found),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(e),
    }
}

fn regular(found: &Metadata) -> io::Result<()> {
    if found.is_file() { Ok(()) } else { Err(io::Error::other("it is not a regular file")) }
}

/// Makes a directory that only its owner can enter, or makes sure that this one is.
///
/// # Errors
/// Those of the file system, and of [`guarded`].
pub fn private_dir(dir: &Path) -> io::Result<()> {
    if !guarded(dir)? {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(dir)?;
        return guarded(dir).map(drop);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mut permissions = fs::metadata(dir)?.permissions();
        if permissions.mode() & 0o077 != 0 {
            permissions.set_mode(0o700);
            fs::set_permissions(dir, permissions)?;
        }
    }
    Ok(())
}

/// Whether the directory exists. What is in it is believed, so others must not have been able to put it there.
///
/// # Errors
/// If it belongs to somebody else, or everybody may write to it.
pub fn guarded(dir: &Path) -> io::Result<bool> {
    let found = match fs::metadata(dir) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found?,
    };
    if !found.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a directory"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        if found.mode() & 0o002 != 0 {
            return Err(refused("everybody can write to it, so what is in it may be anybody's"));
        }
        // A file made there belongs to who runs this, however the file system maps owners.
        match tempfile::tempfile_in(dir).and_then(|file| file.metadata()) {
            Ok(made) if made.uid() != found.uid() => return Err(refused("it belongs to another user")),
            // What others left for reading only, or a full disk: told by whoever writes to it.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(true)
}

#[cfg(unix)]
fn refused(why: &str) -> io::Error {
    io::Error::other(why)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::process::Command;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_has_no_end_is_not_read_and_what_has_no_beginning_is_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
        for (name, to) in [("zero", "/dev/zero"), ("null", "/dev/null"), ("circle", "circle"), ("folder", "/tmp")] {
            symlink(if to == "circle" { path(to) } else { to.into() }, path(name)).unwrap();
        }
        for name in ["pipe", "zero", "null", "circle", "folder", "missing"] {
            assert!(read(&path(name), 10).is_err(), "{name}");
            assert!(name == "missing" || writable(&path(name), true).is_err(), "{name}");
        }
        fs::write(path("file"), "0123456789").unwrap();
        symlink(path("file"), path("link")).unwrap();
        assert_eq!(read_text(&path("link"), 10).unwrap(), "0123456789");
        assert_eq!(read(&path("link"), 9).unwrap_err().to_string(), "it is larger than 9 bytes");
        assert!(writable(&path("link"), true).is_ok() && writable(&path("link"), false).is_err());
        assert!(writable(&path("missing"), false).is_ok());
    }

    #[test]
    fn the_directory_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("deep/er");
        private_dir(&state).unwrap();
        assert_eq!((mode(&state), mode(state.parent().unwrap())), (0o700, 0o700));
        for loose in [0o755, 0o775, 0o750] {
            set(&state, loose);
            private_dir(&state).unwrap();
            assert_eq!(mode(&state), 0o700, "{loose:o}");
        }
        set(&state, 0o777);
        let refused = private_dir(&state).unwrap_err().to_string();
        assert!(refused.contains("everybody can write to it"), "{refused}");
        assert!(guarded(&state).is_err());
        assert!(!guarded(&dir.path().join("missing")).unwrap());
        fs::write(dir.path().join("file"), "").unwrap();
        assert!(guarded(&dir.path().join("file")).is_err());
    }

    /// Only root can give a directory away.
    #[test]
    fn the_directory_of_somebody_else_is_not_used() {
        let dir = tempfile::tempdir().unwrap();
        if std::os::unix::fs::chown(dir.path(), Some(65_534), None).is_ok() {
            let refused = private_dir(dir.path()).unwrap_err().to_string();
            assert!(refused.contains("another user"), "{refused}");
        }
    }
}
