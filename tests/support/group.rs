//! A server in a process group of its own, with its files.
//!
//! Statics are not dropped, and test processes get killed. So each has a watchdog: a shell that waits until the pipe from
//! the test process closes, for any reason, and then kills the group (a server may leave workers behind if only its own
//! process is stopped) and removes the files.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

#[derive(Debug)]
pub struct Group {
    process: Child,
    /// Closing its stdin stops the group.
    watchdog: Child,
}

impl Group {
    /// Starts a server whose files are in `dir`.
    pub fn start(mut command: Command, dir: &Path) -> Self {
        let process = command.process_group(0).spawn().unwrap_or_else(|e| panic!("cannot start {command:?}: {e}"));
        let watchdog = Command::new("sh")
            .args(["-c", r#"cat >/dev/null; kill -s KILL -- "-$1"; rm -rf -- "$2""#, "watchdog"])
            .arg(process.id().to_string())
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Not reached by a Ctrl-C that stops the tests.
            .process_group(0)
            .spawn()
            .expect("cannot start a shell");
        Self { process, watchdog }
    }

    /// Whether the server has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.process.try_wait().is_ok_and(|exit| exit.is_some())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
        // Already dead; reaped, so that no zombie remains.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
