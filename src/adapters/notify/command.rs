//! A program that gets the event as one JSON document on its standard input. No shell takes part.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::failure;
use crate::domain::event::Event;
use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::text::{clean_line, shorten};

/// The most that is read of what the program says.
const MOST_BYTES: u64 = 4_096;

/// What to run.
#[derive(Clone, Debug)]
pub struct CommandSettings {
    /// The program and its arguments.
    pub run: Vec<String>,
    pub timeout: Duration,
}

impl CommandSettings {
    pub(super) async fn send(&self, channel: &str, event: &Event) -> Outcome<()> {
        let refuse = |kind, why: String| failure(kind, channel, why);
        let Some((program, arguments)) = self.run.split_first() else {
            return Err(refuse(FailureKind::Config, "it names no program".to_owned()));
        };
        let mut body = super::json(event)?;
        body.push(b'\n');
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| refuse(FailureKind::Unavailable, format!("{} cannot be run: {e}", clean_line(program))))?;
        let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
        let write = async {
            if let Some(mut stdin) = stdin {
                // A program need not read what it does not want.
                let _ = stdin.write_all(&body).await;
            }
        };
        let read = async {
            let mut said = Vec::new();
            if let Some(stderr) = stderr {
                let mut some = stderr.take(MOST_BYTES);
                let _ = some.read_to_end(&mut said).await;
                // The rest is thrown away, so that the program is not stopped by a full pipe.
                let _ = tokio::io::copy(&mut some.into_inner(), &mut tokio::io::sink()).await;
            }
            said
        };
        let ran = async {
            // A grandchild may keep the pipe open: the program's own end counts.
            let ended = async {
                let ended = child.wait().await;
                tokio::time::sleep(Duration::from_millis(50)).await;
                ended
            };
            let talk = async {
                let ((), said) = tokio::join!(write, read);
                said
            };
            tokio::pin!(ended, talk);
            tokio::select! {
                ended = &mut ended => (ended, Vec::new()),
                said = &mut talk => (ended.await, said),
            }
        };
        let (ended, said) = tokio::time::timeout(self.timeout, ran).await.map_err(|_| {
            refuse(
                FailureKind::Unavailable,
                format!("{} did not end within {} s", clean_line(program), self.timeout.as_secs()),
            )
        })?;
        let status = ended.map_err(|e| refuse(FailureKind::Unavailable, e.to_string()))?;
        if status.success() {
            return Ok(());
        }
        let last = String::from_utf8_lossy(&said).lines().rev().find(|line| !line.trim().is_empty()).map(clean_line);
        let words = last.map(|line| format!(": \"{}\"", shorten(&line, 200))).unwrap_or_default();
        let how = status.code().map_or_else(|| "by a signal".to_owned(), |code| format!("with exit code {code}"));
        Err(refuse(FailureKind::Rejected, format!("{} ended {how}{words}", clean_line(program))))
    }
}
