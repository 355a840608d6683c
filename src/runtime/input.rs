//! Converts terminal events to [`Input`]. The only module that uses crossterm's key types.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::thread;
use std::time::Duration;

use crossterm::event::{
    self, Event, EventStream, KeyCode as Code, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};
use crossterm::terminal;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::app::background::{Answer, Heard};
use crate::app::input::{Input, Key, KeyCode};
use crate::app::msg::Msg;
use crate::app::text_area;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text::{self, clean_line};

/// The most characters of a paste that are handed on: one more than any field takes, so that it can say it was cut.
const MOST_PASTED: usize = text_area::MOST + 1;
/// Lines of one step of the mouse wheel.
const WHEEL: i8 = 3;
/// Maximum queued events; more stay in the terminal's buffer.
const QUEUE: usize = 256;
/// Timeout of one wait for input: long enough to cause no wake-ups, short enough for the timers of every system.
const WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// Time from a key to a look at the terminal's size; see [`watching`].
const LOOK: Duration = Duration::from_millis(50);
/// How long a stopped reader may take to release the terminal.
const STOP: Duration = Duration::from_secs(1);

/// Reads the terminal in its own thread.
///
/// Does not use crossterm's `EventStream` (measured with 0.29): each stream polls in a hidden thread that cannot be
/// joined, and two of them share one wake-up. After a stream is dropped the next one may therefore block until a key
/// is pressed: seen once in about a hundred suspensions.
#[derive(Debug)]
pub struct InputReader {
    queue: Receiver<Msg>,
    bell: Arc<Bell>,
    ended: blocking::Receiver<()>,
    // Never polled: dropping it is crossterm's only public way to interrupt a wait for input.
    alarm: Option<EventStream>,
}

/// Progress of stopping the reader.
#[derive(Debug, Default)]
struct Bell {
    /// The reader must stop.
    stop: AtomicBool,
    /// The wait for input was interrupted; the interruption may still be pending.
    rung: AtomicBool,
}

impl InputReader {
    /// Starts reading. The terminal must be in raw mode; only one reader may exist at a time.
    ///
    /// # Errors
    /// If the operating system cannot create a thread.
    pub fn spawn() -> Outcome<Self> {
        let alarm = EventStream::new();
        let read = |wait| if event::poll(wait)? { event::read().map(Some) } else { Ok(None) };
        Self::over(watching(read, terminal::size), Some(alarm))
    }

    /// Reads from `source`, which takes a timeout and returns nothing if it expires or is interrupted.
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
                // Dropped when the thread ends, even by a panic.
                let _ending: blocking::Sender<()> = ending;
                forward(source, &heard, &sender);
            })
            .map_err(|e| refused(clean_line(&e.to_string())))?;
        Ok(Self { queue, bell, ended, alarm })
    }

    /// The next input. If the terminal is gone, [`Msg::Terminate`] once, then nothing forever.
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<Msg> {
        self.queue.recv().await
    }

    /// The next input if already available.
    pub fn try_next(&mut self) -> Option<Msg> {
        self.queue.try_recv().ok()
    }

    /// Stops reading and returns, in well under a millisecond, once the terminal is free for another reader, such as an
    /// editor. Pending input is dropped.
    ///
    /// # Errors
    /// If the reader does not stop. Then no other reader may be started.
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

/// Looks at the size of the terminal a moment after a key. crossterm 0.29 loses a resize that comes together with a key:
/// its mio source returns with the first of two things that are ready, and is not told of the other again.
fn watching(
    mut read: impl FnMut(Duration) -> io::Result<Option<Event>>,
    mut size: impl FnMut() -> io::Result<(u16, u16)>,
) -> impl FnMut(Duration) -> io::Result<Option<Event>> {
    let (mut known, mut looks) = (size().ok(), false);
    move |wait| {
        let soon = looks && wait > LOOK;
        let event = read(if soon { LOOK } else { wait })?;
        match event {
            Some(Event::Resize(width, height)) => known = Some((width, height)),
            Some(_) => looks = true,
            None if soon => {
                looks = false;
                if let Ok(now) = size()
                    && known.replace(now) != Some(now)
                {
                    return Ok(Some(Event::Resize(now.0, now.1)));
                }
            }
            None => {}
        }
        Ok(event)
    }
}

fn forward(mut source: impl FnMut(Duration) -> io::Result<Option<Event>>, bell: &Bell, sender: &Sender<Msg>) {
    // What arrived together with the key before it.
    let (mut together, mut answer) = (None, Answer::default());
    while !bell.stop.load(Ordering::SeqCst) {
        let rushed = together.is_some();
        let event = together.take().unwrap_or_else(|| source(WAIT));
        // Before the key is passed on: nothing that answers what it did on the screen can be here yet. This look may
        // consume the wake-up, which comes after the stop.
        if matches!(event, Ok(Some(Event::Key(_)))) {
            together = Some(source(Duration::ZERO)).filter(|next| !matches!(next, Ok(None)));
        }
        let msgs = match event.map(|event| event.and_then(input)) {
            Ok(Some(Input::Key(key))) => match answer.hear(Key { rushed, ..key }) {
                Heard::Keys(keys) => pressed(keys),
                Heard::Waiting => continue,
                Heard::Background { light } => vec![Msg::Background { light }],
            },
            Ok(Some(input)) => pressed(answer.interrupted()).into_iter().chain([Msg::Input(input)]).collect(),
            Ok(None) => continue,
            Err(error) => {
                // A lost terminal reports errors forever: stop at the first.
                tracing::warn!(%error, "the terminal cannot be read");
                let _ = pass(sender, Msg::Terminate);
                return;
            }
        };
        if msgs.into_iter().any(|msg| !pass(sender, msg)) {
            break;
        }
    }
    while !bell.rung.load(Ordering::SeqCst) {
        thread::yield_now();
    }
    // Consume a pending wake-up: the next reader would find it together with the first key, and crossterm then holds
    // the key back until another one is pressed.
    let _ = source(Duration::ZERO);
}

/// Whether somebody takes it. Waiting for room needs more than there usually is to do, so it comes second.
fn pass(sender: &Sender<Msg>, msg: Msg) -> bool {
    match sender.try_send(msg) {
        Ok(()) => true,
        Err(TrySendError::Full(msg)) => sender.blocking_send(msg).is_ok(),
        Err(TrySendError::Closed(_)) => false,
    }
}

fn pressed(keys: Vec<Key>) -> Vec<Msg> {
    keys.into_iter().map(|key| Msg::Input(Input::Key(key))).collect()
}

/// Converts an event; none for releases, focus, unsupported keys, and what the mouse does besides clicks and its wheel.
fn input(event: Event) -> Option<Input> {
    match event {
        Event::Key(event) => key(event).map(Input::Key),
        Event::Paste(pasted) => {
            let end = pasted.char_indices().nth(MOST_PASTED).map_or(pasted.len(), |(at, _)| at);
            Some(Input::Paste(text::clean(&pasted[..end])))
        }
        Event::Resize(width, height) => Some(Input::Resize { width, height }),
        Event::Mouse(mouse) => match mouse.kind {
            MouseEventKind::ScrollDown => Some(Input::Scroll(WHEEL)),
            MouseEventKind::ScrollUp => Some(Input::Scroll(-WHEEL)),
            MouseEventKind::Down(MouseButton::Left) => Some(Input::Click { column: mouse.column, row: mouse.row }),
            _ => None,
        },
        Event::FocusGained | Event::FocusLost => None,
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
        // Terminals send the same byte for both cases; we do not enable protocols that distinguish them.
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
        rushed: false,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
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

    #[test]
    fn of_a_huge_paste_no_more_is_handed_on_than_fits_anywhere() {
        let Some(Input::Paste(text)) = input(Event::Paste("猫".repeat(1_000_000))) else { panic!("no paste") };
        assert_eq!(text.chars().count(), MOST_PASTED);
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
    async fn a_key_that_is_there_at_once_after_another_says_so() {
        let key = |code| Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
        // `v3` and Enter in one read, then a key after a wait.
        let mut events = [
            (false, key(Code::Char('v'))),
            (true, key(Code::Char('3'))),
            (true, key(Code::Enter)),
            (false, key(Code::Char('j'))),
        ]
        .into_iter()
        .peekable();
        let mut reader = InputReader::over(
            move |wait| match events.peek() {
                Some((at_once, _)) if *at_once || !wait.is_zero() => Ok(events.next().map(|(_, event)| event)),
                Some(_) => Ok(None),
                None if wait.is_zero() => Ok(None),
                None => Err(io::Error::from(io::ErrorKind::BrokenPipe)),
            },
            None,
        )
        .unwrap();
        let mut rushed = Vec::new();
        while let Some(Msg::Input(Input::Key(key))) = reader.next().await {
            rushed.push(key.rushed);
        }
        assert_eq!(rushed, [false, true, true, false]);
    }

    #[test]
    fn enter_that_answers_what_is_on_the_screen_did_not_come_with_the_text_before_it() {
        let key = |code| Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
        let (sender, mut queue) = mpsc::channel(QUEUE);
        let (mut presses, seen) = ([Code::Char('3'), Code::Enter].into_iter().enumerate().peekable(), sender.clone());
        let source = move |wait: Duration| match presses.peek() {
            // Whoever waits for the screen presses the next key once the one before it was passed on.
            Some((before, _)) if seen.capacity() == QUEUE - before => Ok(presses.next().map(|(_, code)| key(code))),
            _ if wait.is_zero() => Ok(None),
            _ => Err(io::Error::from(io::ErrorKind::BrokenPipe)),
        };
        forward(source, &Bell { rung: AtomicBool::new(true), ..Bell::default() }, &sender);
        let keys = std::iter::from_fn(|| queue.try_recv().ok());
        let rushed = keys.filter_map(|msg| if let Msg::Input(Input::Key(key)) = msg { Some(key.rushed) } else { None });
        assert_eq!(rushed.collect::<Vec<_>>(), [false, false]);
    }

    #[test]
    fn a_resize_that_was_lost_beside_a_key_is_found() {
        let key = || Ok(Some(Event::Key(KeyEvent::new(Code::Char('j'), KeyModifiers::NONE))));
        let mut sizes = [(80, 24), (80, 24), (60, 15), (60, 15)].into_iter();
        let mut events = [key(), Ok(None), Ok(None), key(), Ok(None), key(), Ok(None)].into_iter();
        let mut waits = Vec::new();
        let read = |wait| {
            waits.push(wait);
            events.next().unwrap()
        };
        let mut source = watching(read, || Ok(sizes.next().unwrap()));
        let seen: Vec<_> = std::iter::from_fn(|| Some(source(WAIT).unwrap())).take(7).collect();
        assert_eq!(seen.iter().position(|event| *event == Some(Event::Resize(60, 15))), Some(4), "{seen:?}");
        assert_eq!(seen.iter().filter(|event| matches!(event, Some(Event::Resize(..)))).count(), 1);
        drop(source);
        assert_eq!(waits, [WAIT, LOOK, WAIT, WAIT, LOOK, WAIT, LOOK]);
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
