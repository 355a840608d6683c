//! What one thread of a test logs.
//!
//! One subscriber serves the whole process. `tracing` remembers for each place that logs whether anybody listens, and
//! asks only the thread that comes there first: with a subscriber for one thread, what another test asked before stays
//! true and nothing is logged.
#![allow(dead_code, clippy::unwrap_used)]

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use tracing::Level;

thread_local! {
    static LINES: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Keeps what this thread logs from now on, in every library and at every level.
#[derive(Debug)]
pub struct Log(());

impl Log {
    pub fn begin() -> Self {
        static ONE: Once = Once::new();
        ONE.call_once(|| {
            let all = tracing_subscriber::fmt().with_ansi(false).with_max_level(Level::TRACE);
            tracing::subscriber::set_global_default(all.with_writer(|| Lines).finish()).unwrap();
            tracing::callsite::rebuild_interest_cache();
        });
        LINES.set(Some(Vec::new()));
        Self(())
    }

    /// All that was logged at `level` or a more severe one, one line each.
    pub fn end(self, level: Level) -> String {
        let text = String::from_utf8(LINES.take().unwrap()).unwrap();
        let level_of = |line: &str| line.split_whitespace().nth(1).and_then(|word| word.parse::<Level>().ok());
        text.lines().filter(|line| level_of(line).is_none_or(|l| l <= level)).map(|line| format!("{line}\n")).collect()
    }
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.iter_mut().for_each(|lines| lines.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
