//! The log: a file in the state directory. Never writes to the terminal, never logs a secret.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::Mutex;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::local;

/// A log larger than this, in bytes, is truncated at the next start.
const MAX_BYTES: u64 = 1_000_000;

/// Starts logging to `<state>/signoff.log`. `asked` is `SIGNOFF_LOG`, such as `debug` or `signoff::adapters=trace`;
/// without it, warnings and errors are logged.
///
/// If the log cannot be written, nothing is logged.
pub fn begin(state: &Path, asked: Option<&str>) {
    let Ok(file) = open(state) else { return };
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(Mutex::new(file));
    let _ = tracing_subscriber::registry().with(lines.with_filter(filter(asked))).try_init();
}

/// The log filter. Other crates are limited to warnings, because their debug output contains request headers.
fn filter(asked: Option<&str>) -> Targets {
    let asked: Targets = asked.and_then(|asked| asked.parse().ok()).unwrap_or_default();
    let all = asked.default_level().map(|level| ("signoff".to_owned(), level));
    let own = |target: &str| target == "signoff" || target.starts_with("signoff::");
    let named = asked.into_iter().filter(|(target, _)| own(target));
    // `signoff::services` is in the crate `signoff_core`, which nobody who reads a log needs to know.
    let in_both = |(target, level): (String, LevelFilter)| {
        [(target.replacen("signoff", "signoff_core", 1), level), (target, level)]
    };
    Targets::new().with_default(LevelFilter::WARN).with_targets(all.into_iter().chain(named).flat_map(in_both))
}

fn open(state: &Path) -> std::io::Result<File> {
    local::private_dir(state)?;
    let path = state.join("signoff.log");
    // A link would lead what is appended, and the cut of a full log, to another file.
    local::writable(&path, false)?;
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

    use tracing_subscriber::filter::LevelFilter as Max;

    #[test]
    fn only_this_program_says_more_than_warnings() {
        for (asked, own, adapters, services, others) in [
            (None, Max::WARN, Max::WARN, Max::WARN, Max::WARN),
            (Some("debug"), Max::DEBUG, Max::DEBUG, Max::DEBUG, Max::WARN),
            (Some("signoff=trace"), Max::TRACE, Max::TRACE, Max::TRACE, Max::WARN),
            (Some("info,signoff::adapters=trace,reqwest=trace"), Max::INFO, Max::TRACE, Max::INFO, Max::WARN),
            (Some("signoff::services=debug"), Max::WARN, Max::WARN, Max::DEBUG, Max::WARN),
            (Some("trace,signoff=error"), Max::ERROR, Max::ERROR, Max::ERROR, Max::WARN),
            (Some("so loud"), Max::WARN, Max::WARN, Max::WARN, Max::WARN),
        ] {
            let filter = filter(asked);
            let most = |target: &str| {
                let levels = [Max::TRACE, Max::DEBUG, Max::INFO, Max::WARN, Max::ERROR];
                let enabled = |max: &Max| max.into_level().is_some_and(|level| filter.would_enable(target, &level));
                levels.into_iter().find(enabled).unwrap()
            };
            let (ours, theirs) = (most("signoff_core::services::promote"), most("reqwest::connect"));
            let found = (most("signoff::cli"), most("signoff::adapters::http"), ours, theirs);
            assert_eq!(found, (own, adapters, services, others), "{asked:?}");
        }
    }

    #[test]
    fn a_log_that_grew_too_large_is_begun_anew() {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path()).unwrap().write_all(&vec![b'x'; 1_000_001]).unwrap();
        open(dir.path()).unwrap().write_all(b"fresh").unwrap();
        open(dir.path()).unwrap().write_all(b" more").unwrap();
        assert_eq!(fs::read(dir.path().join("signoff.log")).unwrap(), b"fresh more");
    }

    #[cfg(unix)]
    #[test]
    fn a_log_that_leads_elsewhere_or_has_no_end_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("signoff.log");
        for target in ["/dev/null", "precious", "missing"] {
            fs::write(dir.path().join("precious"), vec![b'x'; 1_000_001]).unwrap();
            std::os::unix::fs::symlink(target, &log).unwrap();
            assert!(open(dir.path()).is_err(), "{target}");
            assert_eq!(fs::metadata(dir.path().join("precious")).unwrap().len(), 1_000_001);
            fs::remove_file(&log).unwrap();
        }
        // Opening a pipe for writing would wait for a reader.
        assert!(std::process::Command::new("mkfifo").arg(&log).status().unwrap().success());
        assert!(open(dir.path()).is_err());
    }
}
