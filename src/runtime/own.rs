//! Runs a command of the user's own: its output is collected, and it is stopped with everything that it started.

use std::collections::VecDeque;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::mpsc::{Sender, UnboundedSender, channel};
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::app::msg::Msg;
use crate::app::own::{Ended, MOST_LINES, OwnNews};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::{clean_line, shorten};

/// The most characters of a line.
const MOST_CHARS: usize = 2_000;
/// Time between two looks at what it wrote.
const LOOK: Duration = Duration::from_millis(100);
/// How long what it left running may still write.
const LEFT: Duration = Duration::from_millis(200);

/// Runs it to its end, or until `stop`.
pub(super) async fn run(argv: Vec<String>, replies: UnboundedSender<Msg>, stop: CancellationToken) {
    let mut said = Said::default();
    let ended = ran(&argv, &replies, &stop, &mut said).await;
    let tell = |news| drop(replies.send(Msg::Own(news)));
    tell(said.news());
    tell(ended.map_or_else(OwnNews::Failed, OwnNews::Ended));
}

async fn ran(
    argv: &[String],
    replies: &UnboundedSender<Msg>,
    stop: &CancellationToken,
    said: &mut Said,
) -> Outcome<Ended> {
    let (program, arguments) = argv.split_first().ok_or_else(|| failure("", "it names no program"))?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    // A group of its own: Ctrl-C is ours, and what it starts is stopped with it.
    command.process_group(0);
    let mut child = command.spawn().map_err(|e| failure(program, &e.to_string()))?;
    let _group = Group(child.id());
    // Two pieces ahead: a program that writes without end waits for the reader.
    let (pieces, mut written) = channel(2);
    if let Some(out) = child.stdout.take() {
        tokio::spawn(read(out, 0, pieces.clone()));
    }
    if let Some(err) = child.stderr.take() {
        tokio::spawn(read(err, 1, pieces.clone()));
    }
    drop(pieces);
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut open, mut status, mut until) = (true, None, None::<Instant>);
    while open || status.is_none() {
        let late = until.unwrap_or_else(Instant::now);
        tokio::select! {
            () = stop.cancelled() => return Ok(Ended::Stopped),
            piece = written.recv(), if open => match piece {
                Some((stream, bytes)) => said.take(stream, &bytes),
                None => open = false,
            },
            ended = child.wait(), if status.is_none() => {
                status = Some(ended.map_err(|e| failure(program, &e.to_string()))?);
                until = Some(Instant::now() + LEFT);
            }
            () = tokio::time::sleep_until(late), if until.is_some() => open = false,
            _ = look.tick() => if said.changed {
                let _ = replies.send(Msg::Own(said.news()));
            },
        }
    }
    Ok(status.map_or(Ended::Stopped, |status| ending(&status)))
}

fn ending(status: &std::process::ExitStatus) -> Ended {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(status) {
        return Ended::Signal(signal);
    }
    Ended::Code(status.code().unwrap_or(-1))
}

async fn read(mut from: impl AsyncRead + Unpin, stream: usize, pieces: Sender<(usize, Vec<u8>)>) {
    let mut piece = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut piece).await {
        if pieces.send((stream, piece[..count].to_vec())).await.is_err() {
            return;
        }
    }
}

fn failure(program: &str, why: &str) -> Failure {
    let operation = format!("run {}", shorten(&clean_line(program), 60));
    Failure::new(FailureKind::Local, Service::Local, operation, clean_line(why))
        .with_hint("[[commands]] in the configuration names it.")
}

/// What it wrote: the last lines, of both streams as they came.
#[derive(Debug, Default)]
struct Said {
    lines: VecDeque<String>,
    dropped: usize,
    /// The line that each stream has begun.
    begun: [Vec<u8>; 2],
    changed: bool,
}

impl Said {
    fn take(&mut self, stream: usize, bytes: &[u8]) {
        self.changed = true;
        for part in bytes.split_inclusive(|b| *b == b'\n') {
            let line = &mut self.begun[stream];
            let room = (4 * MOST_CHARS).saturating_sub(line.len());
            line.extend_from_slice(&part[..part.len().min(room)]);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun[stream]);
                self.push(&line);
            }
        }
    }

    fn push(&mut self, line: &[u8]) {
        self.lines.push_back(shown(line));
        if self.lines.len() > MOST_LINES {
            self.lines.pop_front();
            self.dropped += 1;
        }
    }

    fn news(&mut self) -> OwnNews {
        self.changed = false;
        let begun = self.begun.iter().filter(|line| !line.is_empty()).map(|line| shown(line));
        OwnNews::Wrote { lines: self.lines.iter().cloned().chain(begun).collect(), dropped: self.dropped }
    }
}

/// A line as it is shown. Of a line that overwrites itself, as progress bars do, what is last.
fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    let last = text.rsplit('\r').next().unwrap_or_default();
    shorten(&clean_line(&last.replace('\t', "    ")), MOST_CHARS)
}

/// The processes that a command started. Killed when it is dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(id) = self.0.and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    async fn told(argv: &[&str], stop: CancellationToken) -> Vec<OwnNews> {
        let (replies, mut news) = unbounded_channel();
        run(argv.iter().map(|s| (*s).to_owned()).collect(), replies, stop).await;
        let mut out = Vec::new();
        while let Ok(msg) = news.try_recv() {
            match msg {
                Msg::Own(news) => out.push(news),
                other => panic!("{other:?}"),
            }
        }
        out
    }

    fn last(news: &[OwnNews]) -> (&[String], usize, &OwnNews) {
        match news {
            [.., OwnNews::Wrote { lines, dropped }, end] => (lines, *dropped, end),
            other => panic!("{other:?}"),
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn both_streams_and_the_exit_code_are_told() {
        let script = "echo one; echo two >&2; printf 'a\\rb\\tc\\033[2J'; exit 3";
        let news = told(&["sh", "-c", script], CancellationToken::new()).await;
        let (lines, _, end) = last(&news);
        let mut lines = lines.to_vec();
        lines.sort();
        assert_eq!(
            (lines.as_slice(), end),
            (["b    c␛[2J", "one", "two"].map(String::from).as_slice(), &OwnNews::Ended(Ended::Code(3)))
        );
        let news = told(&["sh", "-c", "kill -9 $$"], CancellationToken::new()).await;
        assert_eq!(last(&news).2, &OwnNews::Ended(Ended::Signal(9)));
        let news = told(&["/no/such/program"], CancellationToken::new()).await;
        assert!(matches!(last(&news).2, OwnNews::Failed(why) if why.to_string().contains("/no/such/program")));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn output_without_end_is_bounded_and_stopping_stops_what_it_started() {
        let stop = CancellationToken::new();
        let (replies, mut news) = unbounded_channel();
        let argv = ["sh", "-c", "sh -c 'echo $$; exec yes' & wait"].map(str::to_owned).to_vec();
        let task = tokio::spawn(run(argv, replies, stop.clone()));
        let mut inner = None;
        while let Some(msg) = news.recv().await {
            let Msg::Own(OwnNews::Wrote { lines, dropped }) = msg else { continue };
            assert!(lines.len() <= MOST_LINES + 1);
            inner = inner.or_else(|| lines.first().and_then(|line| line.parse::<i32>().ok()));
            if dropped > 0 {
                break;
            }
        }
        stop.cancel();
        task.await.unwrap();
        let mut ended = false;
        while let Ok(msg) = news.try_recv() {
            ended |= msg == Msg::Own(OwnNews::Ended(Ended::Stopped));
        }
        assert!(ended);
        if let Some(pid) = inner.and_then(rustix::process::Pid::from_raw) {
            // A killed process may still be there until somebody waits for it, but it runs no more.
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
            assert!(stat.is_empty() || stat.contains(") Z"), "{stat}");
        }
    }
}
