//! The terminal: set up in one place, always restored in reverse order, drawn to in whole frames.
//!
//! `leave` restores it, called by [`TerminalGuard::drop`], [`TerminalGuard::suspend`] and the panic hook. A panic in a
//! spawned task does not end the program: it is caught and reported by the code that spawned the task, so the hook
//! leaves the screen alone.

use std::io::{self, IsTerminal as _, Stdout, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::thread::{self, ThreadId};

use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{
    self, BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
};
use ratatui::backend::{Backend as _, ClearType, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::clean_line;
use crate::ui::Frames;

/// Capacity for a large frame; the first at 160x50 takes 6 kB (measured).
const FRAME_BYTES: usize = 64 * 1024;
/// Clicks and the wheel, and no movements, each of which would wake the program up: xterm's modes 1000 and 1006.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";
/// Maximum text copied to the clipboard, in bytes: xterm and tmux silently drop longer sequences.
const MAX_COPY: usize = 74_000;

/// Sets up the terminal: raw mode, alternate screen, bracketed paste, hidden cursor. Restored on drop.
#[derive(Debug)]
pub struct TerminalGuard {
    screen: Screen<Stdout>,
    state: Arc<ScreenState>,
}

impl TerminalGuard {
    /// Sets up the terminal, with the mouse if it is wanted. Call it on the drawing thread: a panic there restores the terminal.
    ///
    /// # Errors
    /// If standard input or output is not a terminal, or on an I/O error.
    pub fn enter(mouse: bool) -> Outcome<Self> {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            let reason = "standard input and output are not a terminal";
            return Err(refused(reason).with_hint("In scripts use the commands: `signoff --help` lists them."));
        }
        let state = Arc::new(ScreenState { mouse, ..ScreenState::default() });
        let mut guard = Self { screen: Screen::new(io::stdout(), &state), state };
        guard.take()?;
        give_back_on_panic(&guard.state);
        Ok(guard)
    }

    /// Draws a frame in a single write, as a synchronized update (CSI ?2026): terminals that support it never show half
    /// a frame. It is as large as the terminal was when [`TerminalGuard::fit`] was called last. `paint` gets the frame
    /// before it, and returns the areas that it changed.
    ///
    /// # Errors
    /// If the terminal is gone. The program can only exit then.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer) -> Vec<Rect>) -> Outcome<()> {
        self.screen.draw(&self.state, paint).map_err(|e| told(&e))
    }

    /// Takes over the terminal's size, after it said that it has another. Asking before every frame would hold it up.
    ///
    /// # Errors
    /// If the size cannot be determined, or the terminal is gone.
    pub fn fit(&mut self) -> Outcome<()> {
        match self.size()? == self.screen.frames.area().as_size() {
            true => Ok(()),
            false => self.repaint(),
        }
    }

    /// The terminal's size in cells.
    ///
    /// # Errors
    /// If the size cannot be determined.
    pub fn size(&self) -> Outcome<Size> {
        self.screen.backend.size().map_err(|e| told(&e))
    }

    /// Copies text to the terminal's clipboard (OSC 52), which also works over ssh. Terminals do not report success;
    /// tmux needs `set -g set-clipboard on`.
    ///
    /// # Errors
    /// If the text is too long for terminals, or the terminal cannot be written to.
    pub fn copy(&mut self, text: &str) -> Outcome<()> {
        if text.len() > MAX_COPY {
            let reason = format!("{} bytes are more than terminals take", text.len());
            return Err(Failure::new(FailureKind::Local, Service::Local, "copy to the clipboard", reason));
        }
        let backend = &mut self.screen.backend;
        queue!(backend, CopyToClipboard::to_clipboard_from(text))
            .and_then(|()| io::Write::flush(backend))
            .map_err(|e| told(&e))
    }

    /// Writes bytes that the terminal acts on and does not show.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn tell(&mut self, sequence: &str) -> Outcome<()> {
        if sequence.is_empty() {
            return Ok(());
        }
        let backend = &mut self.screen.backend;
        backend.write_all(sequence.as_bytes()).and_then(|()| io::Write::flush(backend)).map_err(|e| told(&e))
    }

    /// Restores the terminal temporarily, for an editor or the shell. Nothing is drawn until
    /// [`TerminalGuard::resume`]. Stop reading input first.
    pub fn suspend(&mut self) {
        self.state.give_back();
    }

    /// Sets the terminal up again after [`TerminalGuard::suspend`]. The next frame is drawn in full.
    ///
    /// # Errors
    /// On an I/O error.
    pub fn resume(&mut self) -> Outcome<()> {
        self.take()
    }

    /// Draws the next frame in full, over whatever another program wrote.
    ///
    /// # Errors
    /// If the terminal cannot be written to.
    pub fn repaint(&mut self) -> Outcome<()> {
        self.screen.clear().map_err(|e| told(&e))
    }

    fn take(&mut self) -> Outcome<()> {
        if self.state.live.load(Ordering::SeqCst) {
            return Ok(());
        }
        let entered = terminal::enable_raw_mode().and_then(|()| {
            self.state.live.store(true, Ordering::SeqCst);
            enter(&mut io::stdout(), self.state.mouse)?;
            self.screen.clear()
        });
        entered.map_err(|e| {
            self.state.give_back();
            told(&e)
        })
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        self.state.give_back();
    }
}

/// Shared by the guard, the writer and the panic hook.
#[derive(Debug, Default)]
struct ScreenState {
    /// The terminal tells of the mouse.
    mouse: bool,
    /// The terminal is set up: it may be written to and must be restored.
    live: AtomicBool,
    /// A frame is being built: flushing is deferred to its end.
    building: AtomicBool,
}

impl ScreenState {
    /// Restores the terminal once, as far as possible.
    fn give_back(&self) {
        if self.live.swap(false, Ordering::SeqCst) {
            // Errors cannot be reported, and the remaining steps must run in any case.
            let _ = leave(&mut io::stdout(), self.mouse);
            let _ = terminal::disable_raw_mode();
        }
    }
}

/// Collects a frame and writes it at once. Output collected while the terminal is suspended is dropped, so that half a
/// frame never ends up on the shell's screen.
#[derive(Debug)]
pub struct FrameWriter<W: Write> {
    out: W,
    pending: Vec<u8>,
    state: Arc<ScreenState>,
}

impl<W: Write> FrameWriter<W> {
    fn new(out: W, state: &Arc<ScreenState>) -> Self {
        Self { out, pending: Vec::with_capacity(FRAME_BYTES), state: Arc::clone(state) }
    }
}

impl<W: Write> Write for FrameWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.state.live.load(Ordering::SeqCst) {
            self.pending.clear();
            return Ok(());
        }
        if self.state.building.load(Ordering::SeqCst) || self.pending.is_empty() {
            return Ok(());
        }
        let written = self.out.write_all(&self.pending).and_then(|()| self.out.flush());
        self.pending.clear();
        written
    }
}

/// What is drawn to. Not [`ratatui::Terminal`], which asks for the terminal's size at each frame, and builds and compares
/// all of it.
#[derive(Debug)]
struct Screen<W: Write> {
    backend: CrosstermBackend<FrameWriter<W>>,
    frames: Frames,
}

impl<W: Write> Screen<W> {
    /// [`Screen::clear`] must follow: nothing is known of the terminal yet, not even its size.
    fn new(out: W, state: &Arc<ScreenState>) -> Self {
        Self { backend: CrosstermBackend::new(FrameWriter::new(out, state)), frames: Frames::default() }
    }

    /// Clears the terminal, and takes over its size.
    fn clear(&mut self) -> io::Result<()> {
        let size = self.backend.size()?;
        self.frames = Frames::new(Rect::from((Position::ORIGIN, size)));
        self.backend.clear_region(ClearType::All)
    }

    fn draw(&mut self, state: &ScreenState, paint: impl FnOnce(&mut Buffer) -> Vec<Rect>) -> io::Result<()> {
        self.frames.draw(paint);
        state.building.store(true, Ordering::SeqCst);
        let drawn = queue!(self.backend, BeginSynchronizedUpdate)
            .and_then(|()| self.backend.draw(self.frames.changes()))
            .and_then(|()| queue!(self.backend, EndSynchronizedUpdate));
        state.building.store(false, Ordering::SeqCst);
        drawn.and_then(|()| io::Write::flush(&mut self.backend))
    }
}

/// What [`leave`] undoes, except raw mode.
fn enter(out: &mut impl Write, mouse: bool) -> io::Result<()> {
    queue!(out, EnterAlternateScreen, EnableBracketedPaste, Hide)?;
    if mouse {
        queue!(out, Print(MOUSE_ON))?;
    }
    out.flush()
}

/// Undoes [`enter`] in reverse order. First ends a synchronized update interrupted by a panic.
fn leave(out: &mut impl Write, mouse: bool) -> io::Result<()> {
    queue!(out, EndSynchronizedUpdate)?;
    if mouse {
        queue!(out, Print(MOUSE_OFF))?;
    }
    queue!(out, Show, DisableBracketedPaste, LeaveAlternateScreen)?;
    out.flush()
}

/// The screen restored by a panic on its thread.
static SCREEN: Mutex<Option<(ThreadId, Arc<ScreenState>)>> = Mutex::new(None);

fn give_back_on_panic(state: &Arc<ScreenState>) {
    static HOOK: Once = Once::new();
    *SCREEN.lock().unwrap_or_else(PoisonError::into_inner) = Some((thread::current().id(), Arc::clone(state)));
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| on_panic(panic, &before)));
    });
}

fn on_panic(panic: &PanicHookInfo<'_>, before: &dyn Fn(&PanicHookInfo<'_>)) {
    let screen = SCREEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match screen {
        Some((owner, state)) if state.live.load(Ordering::SeqCst) => {
            // Tasks also run on the drawing thread, and the runtime catches their panics.
            if owner == thread::current().id() && tokio::task::try_id().is_none() {
                state.give_back();
                before(panic);
            } else {
                tracing::error!(panic = %clean_line(&panic.to_string()), "a task panicked");
            }
        }
        _ => before(panic),
    }
}

fn refused(reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Local, Service::Local, "use the terminal", reason)
}

fn told(error: &io::Error) -> Failure {
    refused(clean_line(&error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Records the writes.
    #[derive(Clone, Default)]
    struct Tape(Arc<Mutex<Vec<String>>>);

    impl Write for Tape {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(String::from_utf8(bytes.to_vec()).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn screen() -> (Screen<Tape>, Arc<ScreenState>, Tape) {
        let (tape, state) = (Tape::default(), Arc::new(ScreenState::default()));
        state.live.store(true, Ordering::SeqCst);
        let screen = Screen::new(tape.clone(), &state);
        (Screen { frames: Frames::new(Rect::new(0, 0, 10, 2)), ..screen }, state, tape)
    }

    fn hello(buf: &mut Buffer) -> Vec<Rect> {
        buf.set_string(0, 0, "hello", ratatui::style::Style::new());
        vec![buf.area]
    }

    #[test]
    fn a_frame_is_one_write_within_one_synchronized_update() {
        let (mut screen, state, tape) = screen();
        screen.draw(&state, hello).unwrap();
        let writes = tape.0.lock().unwrap().clone();
        assert_eq!(writes.len(), 1, "{writes:?}");
        assert!(writes[0].starts_with("\x1b[?2026h") && writes[0].ends_with("\x1b[?2026l"), "{writes:?}");
        assert!(writes[0].contains("hello"));
    }

    #[test]
    fn after_the_terminal_was_given_back_nothing_is_written_to_it() {
        let (mut screen, state, tape) = screen();
        state.live.store(false, Ordering::SeqCst);
        screen.draw(&state, hello).unwrap();
        drop(screen);
        assert!(tape.0.lock().unwrap().is_empty());
    }

    #[test]
    fn leaving_undoes_entering_in_reverse() {
        let bytes = |f: fn(&mut Vec<u8>, bool) -> io::Result<()>, mouse| {
            let mut out = Vec::new();
            f(&mut out, mouse).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(bytes(enter, false), "\x1b[?1049h\x1b[?2004h\x1b[?25l");
        assert_eq!(bytes(leave, false), "\x1b[?2026l\x1b[?25h\x1b[?2004l\x1b[?1049l");
        let set = |text: &str, end: char| text.matches(end).count();
        assert!(bytes(enter, true).contains("\x1b[?1000h"));
        assert_eq!(
            set(&bytes(enter, true), 'h') - 2,
            set(&bytes(leave, true), 'l') - 3,
            "each mode of the mouse is left"
        );
    }
}
