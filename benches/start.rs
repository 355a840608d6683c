//! Time from starting the binary to its first frame in a terminal. Target: under 50 ms, before any server response.
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use std::io::Read as _;
use std::num::NonZero;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use support::{SIZE, say};

/// Starts the demo in its own pseudo-terminal and waits until `word` is on the screen.
fn until(word: &str, state: &std::path::Path) -> Duration {
    let pty = native_pty_system();
    let pair = pty.openpty(PtySize { rows: SIZE.1, cols: SIZE.0, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_signoff"));
    command.arg("demo");
    command.env("SIGNOFF_STATE_DIR", state);
    command.env("HOME", state);
    command.env("TERM", "xterm-256color");
    let mut reader = pair.master.try_clone_reader().unwrap();
    let size = (NonZero::new(SIZE.1).unwrap(), NonZero::new(SIZE.0).unwrap());
    let mut screen = vt100::Parser::new(size.0, size.1, 0);
    let mut bytes = [0; 65_536];
    let start = Instant::now();
    let mut child = pair.slave.spawn_command(command).unwrap();
    drop(pair.slave);
    let taken = loop {
        let got = reader.read(&mut bytes).unwrap();
        assert!(got > 0, "it ended before its first frame: {}", screen.screen().contents());
        screen.process(&bytes[..got]);
        if screen.screen().contents().contains(word) {
            break start.elapsed();
        }
    };
    child.kill().unwrap();
    child.wait().unwrap();
    taken
}

fn start(criterion: &mut Criterion) {
    let state = tempfile::tempdir().unwrap();
    // The first start creates the demo data; only later starts are typical.
    until("telco-churn", state.path());
    say("first_frame", (0..30).map(|_| until("Inbox", state.path())).collect());
    let rows = "first rows";
    say(rows, (0..10).map(|_| until("telco-churn", state.path())).collect());
    let mut group = criterion.benchmark_group("start");
    group.sample_size(10);
    group.bench_function("first_frame", |bencher| {
        bencher.iter_custom(|turns| (0..turns).map(|_| until("Inbox", state.path())).sum());
    });
    group.finish();
}

criterion_group!(benches, start);
criterion_main!(benches);
