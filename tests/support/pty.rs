//! Simulates a user at a terminal: the program in a pseudo-terminal, its screen read back, keys pressed one by one.
//!
//! Nothing here sleeps. A reader thread feeds a terminal emulator and wakes up waiters; every wait has a deadline and
//! fails with the current screen.

use std::collections::BTreeMap;
use std::io::{Read as _, Write};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Time limit for anything to appear. Only a failing test waits that long.
const DEADLINE: Duration = Duration::from_secs(40);
/// Marks the cursor cell in the text of a screen.
const CURSOR: char = '▏';

/// Held while a child is started: a file descriptor that is not yet marked close-on-exec must not leak into it.
static STARTING: Mutex<()> = Mutex::new(());

/// Ensures that no pseudo-terminal is being opened while a child is started.
pub fn starting() -> MutexGuard<'static, ()> {
    STARTING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Ctrl(char),
    Enter,
    Esc,
    Tab,
    Backspace,
    Up,
    Down,
}

impl Key {
    fn bytes(self) -> Vec<u8> {
        match self {
            Self::Char(c) => c.to_string().into_bytes(),
            Self::Ctrl(c) => vec![c as u8 & 0x1f],
            Self::Enter => b"\r".to_vec(),
            Self::Esc => b"\x1b".to_vec(),
            Self::Backspace => vec![0x7f],
            Self::Tab => b"\t".to_vec(),
            Self::Up => b"\x1b[A".to_vec(),
            Self::Down => b"\x1b[B".to_vec(),
        }
    }
}

/// How the program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    Code(u32),
    Signal(String),
}

/// Terminal output other than screen content.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub titles: Vec<String>,
    pub clipboard: Vec<String>,
    /// Sequences and control characters the program should not send.
    pub strange: Vec<String>,
    in_frame: bool,
}

impl vt100::Callbacks for Told {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.strange.push("bell".to_owned());
    }

    fn resize(&mut self, _: &mut vt100::Screen, to: (u16, u16)) {
        self.strange.push(format!("resize to {to:?}"));
    }

    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.titles.push(String::from_utf8_lossy(name).into_owned());
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.titles.push(String::from_utf8_lossy(title).into_owned());
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.clipboard.push(String::from_utf8_lossy(data).into_owned());
    }

    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.strange.push("asks for the clipboard".to_owned());
    }

    fn unhandled_char(&mut self, _: &mut vt100::Screen, c: char) {
        self.strange.push(format!("character {c:?}"));
    }

    fn unhandled_control(&mut self, _: &mut vt100::Screen, byte: u8) {
        self.strange.push(format!("control {byte:#x}"));
    }

    fn unhandled_escape(&mut self, _: &mut vt100::Screen, one: Option<u8>, two: Option<u8>, byte: u8) {
        // The end of a string (ST), such as that of the clipboard sequence, which was already recorded.
        if (one, two, byte) != (None, None, b'\\') {
            self.strange.push(format!("escape {one:?} {two:?} {byte:#x}"));
        }
    }

    fn unhandled_csi(&mut self, _: &mut vt100::Screen, one: Option<u8>, _: Option<u8>, params: &[&[u16]], c: char) {
        match (one, params, c) {
            // Markers of a synchronized update: between them the frame is incomplete.
            (Some(b'?'), [[2026]], 'h') => self.in_frame = true,
            (Some(b'?'), [[2026]], 'l') => self.in_frame = false,
            // Underline colour (SGR 58 and 59), which this emulator does not support.
            (None, [[58 | 59, ..], ..], 'm') => {}
            _ => self.strange.push(format!("CSI {one:?} {params:?} {c}")),
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        // The question for the background, to which this terminal has no answer.
        if params == [&b"11"[..], &b"?"[..]] {
            return;
        }
        let text: Vec<_> = params.iter().map(|p| String::from_utf8_lossy(p)).collect();
        self.strange.push(format!("OSC {}", text.join(";")));
    }
}

struct Inner {
    parser: vt100::Parser<Told>,
    exit: Option<Exit>,
    closing: bool,
}

#[derive(Clone)]
struct Shared(Arc<(Mutex<Inner>, Condvar)>);

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.lock());
        self.0.1.notify_all();
    }
}

/// The program, running in a pseudo-terminal. Dropping it kills it.
pub struct Pty {
    shared: Shared,
    pid: u32,
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    reader: Option<JoinHandle<()>>,
}

/// A program that has exited, and the state of its terminal.
#[derive(Clone, Debug)]
pub struct Ended {
    pub exit: Exit,
    /// The screen from before the program started.
    pub screen: String,
    pub told: Told,
    pub alternate_screen: bool,
    pub bracketed_paste: bool,
    pub cursor_hidden: bool,
    pub mouse_reported: bool,
}

impl Ended {
    /// Asserts that all modes that were switched on are off again.
    pub fn assert_restored(&self) {
        let left_on = [
            (self.alternate_screen, "the alternate screen"),
            (self.bracketed_paste, "bracketed paste"),
            (self.cursor_hidden, "the hidden cursor"),
            (self.mouse_reported, "mouse reports"),
        ];
        let left: Vec<_> = left_on.iter().filter(|(on, _)| *on).map(|(_, what)| *what).collect();
        assert!(left.is_empty(), "left behind: {left:?}\n{}", self.screen);
    }
}

impl Pty {
    /// Starts `program` with exactly these variables in `dir`, on a terminal of this width and height.
    pub fn start(program: &Path, args: &[&str], env: &BTreeMap<String, String>, dir: &Path, size: (u16, u16)) -> Self {
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.env_clear();
        for (name, value) in env {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        command.cwd(dir);
        let one_at_a_time = starting();
        let pair = native_pty_system().openpty(pty_size(size)).expect("no pseudo-terminal");
        let mut child = pair.slave.spawn_command(command).expect("cannot start the program");
        drop(one_at_a_time);
        // The program must be the last user of the terminal, so that its exit closes it.
        drop(pair.slave);
        let parser = vt100::Parser::new_with_callbacks(rows(size.1), rows(size.0), 0, Told::default());
        let shared = Shared(Arc::new((Mutex::new(Inner { parser, exit: None, closing: false }), Condvar::new())));
        let mut output = pair.master.try_clone_reader().expect("cannot read the terminal");
        let seen = shared.clone();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 16 * 1024];
            while let Ok(n) = output.read(&mut bytes) {
                let mut closing = false;
                seen.change(|inner| {
                    inner.parser.process(&bytes[..n]);
                    closing = inner.closing;
                });
                if n == 0 || closing {
                    return;
                }
            }
        });
        let pid = child.process_id().expect("a child has an id");
        let ended = shared.clone();
        std::thread::spawn(move || {
            let status = child.wait().expect("cannot wait for the program");
            let exit = match status.signal() {
                Some(signal) => Exit::Signal(signal.to_owned()),
                None => Exit::Code(status.exit_code()),
            };
            ended.change(|inner| inner.exit = Some(exit));
        });
        let writer = pair.master.take_writer().expect("cannot write to the terminal");
        Self { shared, pid, master: Some(pair.master), writer: Some(writer), reader: Some(reader) }
    }

    /// The screen as text, one line per row.
    pub fn screen(&self) -> String {
        text(self.shared.lock().parser.screen())
    }

    /// Waits until `text` is on the screen and returns the screen.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contains(text))
    }

    /// Waits until `text` is no longer on the screen.
    pub fn wait_gone(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} gone"), |screen| !screen.contains(text))
    }

    /// Waits until a complete frame of the screen matches.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut inner = self.shared.lock();
        loop {
            let screen = text(inner.parser.screen());
            if !inner.parser.callbacks().in_frame && wanted(&screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain for {what}; the screen is\n{screen}");
            if let Some(exit) = &inner.exit {
                panic!("the program ended ({exit:?}) before {what}; the screen is\n{screen}");
            }
            inner = self.shared.0.1.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Presses a key.
    pub fn press(&mut self, key: Key) {
        self.send(&key.bytes());
    }

    /// Types `text` as a person would: each key after the previous one is on the screen.
    pub fn type_slowly(&mut self, text: &str) {
        let mut typed = String::new();
        for c in text.chars() {
            self.press(Key::Char(c));
            typed.push(c);
            self.wait_for(&format!("{typed}{CURSOR}"));
        }
    }

    /// Pastes `text` as a bracketed paste.
    pub fn paste(&mut self, text: &str) {
        self.send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
    }

    /// Changes the size of the terminal.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.shared.lock().parser.set_size(rows(size.1), rows(size.0));
        self.master.as_ref().expect("the terminal is open").resize(pty_size(size)).expect("cannot resize");
    }

    /// Sends a signal such as `TERM`.
    pub fn signal(&self, name: &str) {
        signal(self.pid, name);
    }

    /// Kills the program with no chance to react.
    pub fn kill(self) -> Ended {
        self.signal("KILL");
        self.wait_exit()
    }

    /// Waits until the program has exited and all its output was read.
    pub fn wait_exit(mut self) -> Ended {
        let exit = self.exit();
        self.reader.take().expect("read once").join().expect("the reader failed");
        let inner = self.shared.lock();
        let screen = inner.parser.screen();
        Ended {
            exit,
            screen: text(screen),
            told: inner.parser.callbacks().clone(),
            alternate_screen: screen.alternate_screen(),
            bracketed_paste: screen.bracketed_paste(),
            cursor_hidden: screen.hide_cursor(),
            mouse_reported: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
        }
    }

    /// Closes the terminal, as when a window is closed or a connection drops, and waits for the program to exit.
    pub fn hang_up(mut self) -> Exit {
        // The reader holds the terminal open too. A resize makes the program draw, which wakes the reader.
        self.shared.lock().closing = true;
        let size = self.shared.lock().parser.screen().size();
        self.resize((size.1.get() + 1, size.0.get()));
        self.reader.take().expect("read once").join().expect("the reader failed");
        self.writer = None;
        self.master = None;
        self.exit()
    }

    fn exit(&self) -> Exit {
        let deadline = Instant::now() + DEADLINE;
        let mut inner = self.shared.lock();
        loop {
            if let Some(exit) = &inner.exit {
                return exit.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the program did not end; the screen is\n{}", text(inner.parser.screen()));
            inner = self.shared.0.1.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn send(&mut self, bytes: &[u8]) {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(bytes).and_then(|()| writer.flush()).expect("cannot write to the terminal");
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if self.shared.lock().exit.is_none() {
            self.signal("KILL");
        }
    }
}

/// Sends a signal to a process started by this test.
pub fn signal(pid: u32, name: &str) {
    let _one_at_a_time = starting();
    let sent = Command::new("sh").args(["-c", r#"kill -s "$1" "$2""#, "sh", name, &pid.to_string()]).status();
    assert!(sent.is_ok_and(|s| s.success()), "cannot send {name} to {pid}");
}

/// The screen as text, one line per row, with [`CURSOR`] before the cell drawn as cursor: reversed, alone in its row.
fn text(screen: &vt100::Screen) -> String {
    let (height, width) = screen.size();
    let reversed = |row: u16, col: Option<u16>| col.and_then(|c| screen.cell(row, c)).is_some_and(vt100::Cell::inverse);
    let mut lines = Vec::new();
    for row in 0..height.get() {
        let mut line = String::new();
        for col in 0..width.get() {
            let Some(cell) = screen.cell(row, col).filter(|c| !c.is_wide_continuation()) else { continue };
            if reversed(row, Some(col)) && !reversed(row, col.checked_sub(1)) && !reversed(row, Some(col + 1)) {
                line.push(CURSOR);
            }
            line.push_str(if cell.has_contents() { cell.contents() } else { " " });
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.join("\n")
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn rows(n: u16) -> std::num::NonZeroU16 {
    std::num::NonZeroU16::new(n).expect("a terminal has a size")
}
