//! From the terminal's events to [`Input`]: the only place that knows crossterm's words for keys.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::thread;
use std::time::Duration;

use crossterm::event::{self, Event, EventStream, KeyCode as Code, KeyEvent, KeyEventKind, KeyModifiers};
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::app::input::{Input, Key, KeyCode};
use crate::app::msg::Msg;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::{self, clean_line};

/// Events that may wait; more stay in the terminal's own buffer.
const QUEUE: usize = 256;
/// How long one wait for input lasts: long enough to be no wake-up, short enough for every system's timers.
const WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a stopped reader may take to let the terminal go.
const STOP: Duration = Duration::from_secs(1);

/// Reads the terminal in a thread of its own.
///
/// Not with crossterm's `EventStream` (measured with 0.29): each of its streams polls in a hidden thread that
/// nobody can wait for, and two of those share one wake-up. After a stream is dropped the next one may therefore
/// block until a key is pressed: seen once in some hundred suspensions.
#[derive(Debug)]
pub struct InputReader {
    queue: Receiver<Msg>,
    bell: Arc<Bell>,
    ended: blocking::Receiver<()>,
    // Never polled: dropping it is crossterm's only public way to end a wait for input.
    alarm: Option<EventStream>,
}

/// How far stopping is.
#[derive(Debug, Default)]
struct Bell {
    /// The reader shall stop.
    stop: AtomicBool,
    /// The wait for input was ended; the end may still be on its way.
    rung: AtomicBool,
}

impl InputReader {
    /// Begins to read. The terminal must be in raw mode; at most one reader may be alive.
    ///
    /// # Errors
    /// If the operating system gives us no thread.
    pub fn spawn() -> Outcome<Self> {
        let alarm = EventStream::new();
        Self::over(|wait| if event::poll(wait)? { event::read().map(Some) } else { Ok(None) }, Some(alarm))
    }

    /// Reads from `source`, which takes how long to wait, and returns nothing when that is over or it was woken.
    fn over(
        source: impl FnMut(Duration) -> io::Result<Option<Event>> + Send + 'static,
        alarm: Option<EventStream>,
    ) -> Outcome<Self> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let (ending, ended) = blocking::channel();
        let bell = Arc::new(Bell::default());
        let heard = Arc::clone(&bell);
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || {
                // Dropped when the thread ends, however it does.
                let _ending: blocking::Sender<()> = ending;
                forward(source, &heard, &sender);
            })
            .map_err(|e| refused(clean_line(&e.to_string())))?;
        Ok(Self { queue, bell, ended, alarm })
    }

    /// The next thing a person did. When the terminal is gone, [`Msg::Terminate`] once, and then nothing for ever.
    /// May be cancelled without losing anything.
    pub async fn next(&mut self) -> Option<Msg> {
        self.queue.recv().await
    }

    /// What is already there, without waiting.
    pub fn try_next(&mut self) -> Option<Msg> {
        self.queue.try_recv().ok()
    }

    /// Stops reading and returns, in well under a millisecond, when the terminal is free for another reader, such
    /// as an editor. What was typed and not taken yet is dropped.
    ///
    /// # Errors
    /// If the reader does not let go. Then no other may be started.
    pub fn stop(mut self) -> Outcome<()> {
        self.wake();
        match self.ended.recv_timeout(STOP) {
            Err(blocking::RecvTimeoutError::Timeout) => Err(refused("it is still being read")),
            _ => Ok(()),
        }
    }

    fn wake(&mut self) {
        self.bell.stop.store(true, Ordering::SeqCst);
        self.alarm = None;
        self.bell.rung.store(true, Ordering::SeqCst);
        self.queue.close();
    }
}

impl Drop for InputReader {
    /// Does not wait: crossterm 0.29 never returns from reading a terminal that was hung up (its mio source loops on
    /// every error but `WouldBlock`).
    fn drop(&mut self) {
        self.wake();
    }
}

fn refused(reason: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Local, Service::Local, "read the terminal", reason)
}

fn forward(mut source: impl FnMut(Duration) -> io::Result<Option<Event>>, bell: &Bell, sender: &Sender<Msg>) {
    while !bell.stop.load(Ordering::SeqCst) {
        let msg = match source(WAIT).map(|event| event.and_then(input)) {
            Ok(Some(input)) => Msg::Input(input),
            Ok(None) => continue,
            Err(error) => {
                // A terminal that is gone reports errors without end: the first is the last.
                tracing::warn!(%error, "the terminal cannot be read");
                let _ = sender.blocking_send(Msg::Terminate);
                return;
            }
        };
        if sender.blocking_send(msg).is_err() {
            break;
        }
    }
    while !bell.rung.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    // Take the wake-up away if nobody has: the next reader would find it together with the first key, and crossterm
    // then forgets that there is a key until another one is pressed.
    let _ = source(Duration::ZERO);
}

/// What an event means to us; none for releases, mouse, focus and keys we do not know.
fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(event) => key(event).map(Input::Key),
        Event::Paste(pasted) => Some(Input::Paste(text::clean(&pasted))),
        Event::Resize(width, height) => Some(Input::Resize { width, height }),
        Event::Mouse(_) | Event::FocusGained | Event::FocusLost => None,
    }
}

fn key(event: KeyEvent) -> Option<Key> {
    let modifiers = event.modifiers;
    if event.kind == KeyEventKind::Release
        || modifiers.intersects(KeyModifiers::SUPER | KeyModifiers::HYPER | KeyModifiers::META)
    {
        return None;
    }
    let ctrl = modifiers.contains(KeyModifiers::CONTROL);
    let code = match event.code {
        // Terminals send the same byte for both; those that could tell them apart are not asked to.
        Code::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
        Code::Char(c) if !c.is_control() => KeyCode::Char(c),
        Code::Enter => KeyCode::Enter,
        Code::Esc => KeyCode::Esc,
        Code::Tab if modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => KeyCode::BackTab,
        Code::Backspace => KeyCode::Backspace,
        Code::Delete => KeyCode::Delete,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        Code::F(n) => KeyCode::F(n),
        _ => return None,
    };
    Some(Key {
        code,
        ctrl,
        alt: modifiers.contains(KeyModifiers::ALT),
        shift: modifiers.contains(KeyModifiers::SHIFT) && !matches!(code, KeyCode::Char(_) | KeyCode::BackTab),
        repeat: event.kind == KeyEventKind::Repeat,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn event(code: Code, modifiers: KeyModifiers, kind: KeyEventKind) -> Option<Key> {
        key(KeyEvent::new_with_kind(code, modifiers, kind))
    }

    fn press(code: Code, modifiers: KeyModifiers) -> Option<Key> {
        event(code, modifiers, KeyEventKind::Press)
    }

    #[test]
    fn characters_carry_their_shift_in_themselves() {
        assert_eq!(press(Code::Char('G'), KeyModifiers::SHIFT), Some(Key::char('G')));
        assert_eq!(press(Code::Char('猫'), KeyModifiers::NONE), Some(Key::char('猫')));
        assert_eq!(press(Code::Char('C'), KeyModifiers::CONTROL | KeyModifiers::SHIFT), Some(Key::ctrl('c')));
        assert_eq!(press(Code::Char('x'), KeyModifiers::ALT), Some(Key { alt: true, ..Key::char('x') }));
    }

    #[test]
    fn shift_and_tab_is_one_key_however_it_is_sent() {
        let back = Some(Key::plain(KeyCode::BackTab));
        assert_eq!(press(Code::BackTab, KeyModifiers::SHIFT), back);
        assert_eq!(press(Code::Tab, KeyModifiers::SHIFT), back);
        assert_eq!(press(Code::Up, KeyModifiers::SHIFT), Some(Key { shift: true, ..Key::plain(KeyCode::Up) }));
    }

    #[test]
    fn a_held_key_says_so_and_a_released_one_says_nothing() {
        let held = event(Code::Enter, KeyModifiers::NONE, KeyEventKind::Repeat);
        assert_eq!(held, Some(Key { repeat: true, ..Key::plain(KeyCode::Enter) }));
        assert_eq!(event(Code::Enter, KeyModifiers::NONE, KeyEventKind::Release), None);
    }

    #[test]
    fn keys_we_do_not_know_are_left_alone() {
        assert_eq!(press(Code::Insert, KeyModifiers::NONE), None);
        assert_eq!(press(Code::Char('q'), KeyModifiers::SUPER), None);
        assert_eq!(input(Event::FocusLost), None);
    }

    #[test]
    fn pasted_text_is_cleaned() {
        assert_eq!(input(Event::Paste("a\x1b[2J\r\nb".into())), Some(Input::Paste("a␛[2J\nb".into())));
    }

    #[tokio::test]
    async fn the_end_of_the_terminal_ends_the_program_once() {
        let typed = Event::Key(KeyEvent::new(Code::Char('j'), KeyModifiers::NONE));
        let gone = || Err(io::Error::from(io::ErrorKind::BrokenPipe));
        let mut events = [Ok(Some(typed)), Ok(None), Ok(Some(Event::Resize(80, 24))), gone(), gone()].into_iter();
        let mut reader = InputReader::over(move |_| events.next().unwrap(), None).unwrap();
        assert_eq!(reader.next().await, Some(Msg::Input(Input::Key(Key::char('j')))));
        assert_eq!(reader.next().await, Some(Msg::Input(Input::Resize { width: 80, height: 24 })));
        assert_eq!(reader.next().await, Some(Msg::Terminate));
        assert_eq!(reader.next().await, None);
    }

    #[tokio::test]
    async fn a_reader_stops_though_nobody_takes_what_it_read() {
        let reader = InputReader::over(|_| Ok(Some(Event::Resize(80, 24))), None).unwrap();
        assert_eq!(reader.stop(), Ok(()));
    }

    #[tokio::test]
    async fn a_reader_that_cannot_be_stopped_is_reported() {
        let (hold, held) = blocking::channel::<()>();
        let (enter, entered) = blocking::channel();
        let source = move |_| {
            enter.send(()).map_err(io::Error::other)?;
            held.recv().map(|()| None).map_err(io::Error::other)
        };
        let reader = InputReader::over(source, None).unwrap();
        entered.recv().unwrap();
        assert!(reader.stop().unwrap_err().reason.contains("still"));
        drop(hold);
    }
}
