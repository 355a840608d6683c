//! The terminal guard and the input reader in a real pseudo-terminal: this binary runs itself in one.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use ratatui::buffer::Buffer;
use ratatui::style::Style;
use signoff::app::input::{Input, Key, KeyCode};
use signoff::app::msg::Msg;
use signoff::runtime::input::InputReader;
use signoff::runtime::terminal::TerminalGuard;

/// Time limit, for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Polling interval while nothing is written.
const POLL: Duration = Duration::from_millis(20);

/// The program inside: shows what was typed; some keys cause failures.
#[test]
#[ignore = "the other tests run it in a pseudo-terminal"]
fn inside() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut terminal = TerminalGuard::enter(false).unwrap();
        let mut reader = InputReader::spawn().unwrap();
        let mut seen = String::new();
        let mut suspended = 0;
        loop {
            draw(&mut terminal, &format!("seen: {seen}"));
            match reader.next().await {
                Some(Msg::Input(Input::Key(key))) if key == Key::ctrl('z') => {
                    reader.stop().unwrap();
                    terminal.suspend();
                    draw(&mut terminal, "must not show");
                    terminal.resume().unwrap();
                    reader = InputReader::spawn().unwrap();
                    suspended += 1;
                    seen = format!("z{suspended};");
                }
                Some(Msg::Input(Input::Key(Key { code: KeyCode::Char(c), .. }))) => match c {
                    'q' => break,
                    'P' => panic!("on the drawing thread"),
                    'T' => {
                        assert!(tokio::spawn(async { panic!("in a task") }).await.is_err());
                        seen.push('T');
                    }
                    'B' => {
                        assert!(tokio::task::spawn_blocking(|| panic!("on a blocking thread")).await.is_err());
                        seen.push('B');
                    }
                    'c' => terminal.copy("copied").unwrap(),
                    c => seen.push(c),
                },
                Some(Msg::Input(Input::Paste(text))) => seen.push_str(&format!("[{text}]")),
                Some(Msg::Input(Input::Resize { width, height })) => {
                    terminal.fit().unwrap();
                    seen.push_str(&format!("{width}x{height}"));
                }
                Some(_) => {}
                None => break,
            }
        }
    });
}

fn draw(terminal: &mut TerminalGuard, text: &str) {
    let paint = |buf: &mut Buffer| {
        buf.reset();
        buf.set_stringn(0, 0, text, usize::from(buf.area.width), Style::new());
        vec![buf.area]
    };
    terminal.draw(paint).unwrap();
}

/// The current screen, everything ever written to it, and a signal for changes.
struct Shown {
    state: Mutex<(vt100::Parser, Vec<u8>)>,
    changed: Condvar,
}

fn cells(n: u16) -> NonZero<u16> {
    NonZero::new(n).unwrap()
}

/// The program in a pseudo-terminal.
struct Pty {
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn std::io::Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    shown: Arc<Shown>,
}

impl Pty {
    fn start() -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows: 10, cols: 60, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "inside", "--ignored", "--nocapture", "--test-threads=1"]);
        command.env("RUST_BACKTRACE", "0");
        let child = pair.slave.spawn_command(command).unwrap();
        let mut output = pair.master.try_clone_reader().unwrap();
        let state = Mutex::new((vt100::Parser::new(cells(10), cells(60), 0), Vec::new()));
        let shown = Arc::new(Shown { state, changed: Condvar::new() });
        let fed = Arc::clone(&shown);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                let mut state = fed.state.lock().unwrap();
                state.0.process(&bytes[..n]);
                state.1.extend(&bytes[..n]);
                fed.changed.notify_all();
            }
        });
        let pty = Self { keys: pair.master.take_writer().unwrap(), master: pair.master, child, shown };
        pty.wait("the first frame", |s| s.contents().contains("seen:"));
        pty
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn wait(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let begun = Instant::now();
        let mut state = self.shown.state.lock().unwrap();
        while !wanted(state.0.screen()) {
            let contents = state.0.screen().contents();
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}; the screen is:\n{contents}");
            state = self.shown.changed.wait_timeout(state, POLL).unwrap().0;
        }
    }

    fn sees(&self, text: &str) {
        self.wait(text, |s| s.contents().contains(text));
    }

    /// Waits for the exit and asserts that the terminal is restored.
    fn ends(&mut self) {
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < PATIENCE, "it does not end");
            drop(self.shown.changed.wait_timeout(self.shown.state.lock().unwrap(), POLL).unwrap());
        }
        self.wait("the terminal as it was", |s| !s.alternate_screen() && !s.hide_cursor() && !s.bracketed_paste());
        assert!(!self.is_raw());
    }

    fn is_raw(&self) -> bool {
        let name = self.master.tty_name().unwrap();
        let flag = if cfg!(target_os = "linux") { "-F" } else { "-f" };
        let out = Command::new("stty").arg(flag).arg(name).arg("-a").output().unwrap();
        assert!(out.status.success());
        String::from_utf8(out.stdout).unwrap().contains("-icanon")
    }

    fn wrote(&self, bytes: &str) -> bool {
        let state = self.shown.state.lock().unwrap();
        state.1.windows(bytes.len()).any(|w| w == bytes.as_bytes())
    }
}

#[test]
fn a_terminal_is_taken_and_given_back() {
    let mut pty = Pty::start();
    pty.wait("our modes", |s| s.alternate_screen() && s.hide_cursor() && s.bracketed_paste());
    assert!(pty.is_raw());
    pty.press("ab");
    pty.sees("seen: ab");
    pty.press("\x1b[200~pasted\x1b[201~");
    pty.sees("[pasted]");
    pty.press("q");
    pty.ends();
    assert!(pty.wrote("\x1b[?2026h") && !pty.wrote("\x1b[6n"), "frames are marked and the terminal is asked nothing");
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_speaks() {
    let mut pty = Pty::start();
    pty.press("P");
    pty.ends();
    let written = String::from_utf8_lossy(&pty.shown.state.lock().unwrap().1).into_owned();
    let (left, said) = (written.find("\x1b[?1049l").unwrap(), written.find("on the drawing thread").unwrap());
    assert!(left < said, "the message would be on a screen that is gone: {written:?}");
}

#[test]
fn a_panic_in_a_task_leaves_the_screen_alone() {
    let mut pty = Pty::start();
    pty.press("TB");
    pty.sees("seen: TB");
    assert!(!pty.wrote("in a task") && !pty.wrote("blocking thread"));
    pty.press("q");
    pty.ends();
}

#[test]
fn two_hundred_times_suspended_it_still_hears_every_key() {
    let mut pty = Pty::start();
    for n in 1..=200 {
        pty.press("\x1a");
        pty.wait("the resumed screen", |s| s.contents().contains(&format!("z{n};")));
    }
    pty.press("!");
    pty.sees("z200;!");
    assert!(!pty.wrote("must not show"));
    pty.press("q");
    pty.ends();
}

#[test]
fn a_resize_arrives_and_the_next_frame_has_the_new_size() {
    let mut pty = Pty::start();
    pty.shown.state.lock().unwrap().0.screen_mut().set_size(cells(12), cells(40));
    pty.master.resize(PtySize { rows: 12, cols: 40, pixel_width: 0, pixel_height: 0 }).unwrap();
    pty.sees("40x12");
    pty.press("q");
    pty.ends();
}

#[test]
fn copied_text_goes_through_the_terminal() {
    let mut pty = Pty::start();
    pty.press("c.");
    pty.sees("seen: .");
    assert!(pty.wrote("\x1b]52;c;Y29waWVk"));
    pty.press("q");
    pty.ends();
}
