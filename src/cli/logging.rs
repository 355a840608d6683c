//! The log: a file in the state folder, for what no screen shows. Never the terminal, never a secret.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::EnvFilter;

/// A log larger than this is begun anew at the next start, in bytes.
const MAX_BYTES: u64 = 1_000_000;

/// Begins to log into `<state>/signoff.log`. `filter` is `SIGNOFF_LOG`, as in `debug` or `signoff=trace`; without
/// it, warnings and errors.
///
/// A log that cannot be written is not worth failing for: then there is none.
pub fn begin(state: &Path, filter: Option<&str>) {
    let Ok(file) = open(state) else { return };
    // Other crates log requests: their debug lines would hold headers.
    let filter = EnvFilter::try_new(filter.map_or_else(|| "warn".to_owned(), |f| format!("warn,signoff={f}")))
        .unwrap_or_else(|_| EnvFilter::new("warn"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).try_init();
}

fn open(state: &Path) -> std::io::Result<File> {
    fs::create_dir_all(state)?;
    let path = state.join("signoff.log");
    let full = fs::metadata(&path).is_ok_and(|m| m.len() > MAX_BYTES);
    let mut options = OpenOptions::new();
    options.create(true).append(!full).write(true).truncate(full);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Write as _;

    #[test]
    fn a_log_that_grew_too_large_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).unwrap().write_all(&vec![b'x'; 1_000_001]).unwrap();
        open(dir.path()).unwrap().write_all(b"fresh").unwrap();
        open(dir.path()).unwrap().write_all(b" more").unwrap();
        assert_eq!(fs::read(dir.path().join("signoff.log")).unwrap(), b"fresh more");
    }
}
