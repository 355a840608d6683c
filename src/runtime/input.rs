//! From the terminal's events to [`Input`]: the only place that knows crossterm's words for keys.

use crossterm::event::{Event, EventStream, KeyCode as Code, KeyEvent, KeyEventKind, KeyModifiers};
use futures_util::{Stream, StreamExt as _};
use std::io;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinHandle;

use crate::app::input::{Input, Key, KeyCode};
use crate::app::msg::Msg;
use crate::domain::text;

/// Events that may wait; more stay in the terminal's own buffer.
const QUEUE: usize = 256;

/// Reads the terminal in a task of its own.
///
/// One task owns the event stream and forwards: crossterm's stream remembers the first waker it was polled with,
/// so polling it from elsewhere as well (`now_or_never`) loses wake-ups and hangs (measured with 0.29).
#[derive(Debug)]
pub struct InputReader {
    queue: Receiver<Msg>,
    task: JoinHandle<()>,
}

impl InputReader {
    /// Begins to read. The terminal must be in raw mode; at most one reader may be alive.
    #[must_use]
    pub fn spawn() -> Self {
        Self::over(EventStream::new())
    }

    fn over(events: impl Stream<Item = io::Result<Event>> + Send + Unpin + 'static) -> Self {
        let (sender, queue) = mpsc::channel(QUEUE);
        Self { queue, task: tokio::spawn(forward(events, sender)) }
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

    /// Stops reading and returns when the terminal is free for another reader, such as an editor.
    pub async fn stop(mut self) {
        self.task.abort();
        // Cancelled, by us.
        let _ = (&mut self.task).await;
    }
}

impl Drop for InputReader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn forward(mut events: impl Stream<Item = io::Result<Event>> + Unpin, sender: mpsc::Sender<Msg>) {
    loop {
        let msg = match events.next().await {
            Some(Ok(event)) => match input(event) {
                Some(input) => Msg::Input(input),
                None => continue,
            },
            // A terminal that is gone reports errors without end: the first is the last.
            Some(Err(error)) => {
                tracing::warn!(%error, "the terminal cannot be read");
                let _ = sender.send(Msg::Terminate).await;
                return;
            }
            None => {
                let _ = sender.send(Msg::Terminate).await;
                return;
            }
        };
        if sender.send(msg).await.is_err() {
            return;
        }
    }
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
    use futures_util::stream;

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
        let events = stream::iter([Ok(typed), Ok(Event::Resize(80, 24)), gone(), gone()]);
        let mut reader = InputReader::over(events);
        assert_eq!(reader.next().await, Some(Msg::Input(Input::Key(Key::char('j')))));
        assert_eq!(reader.next().await, Some(Msg::Input(Input::Resize { width: 80, height: 24 })));
        assert_eq!(reader.next().await, Some(Msg::Terminate));
        assert_eq!(reader.next().await, None);
        let mut closed = InputReader::over(stream::empty());
        assert_eq!(closed.next().await, Some(Msg::Terminate));
    }

    #[tokio::test]
    async fn a_stopped_reader_has_let_its_stream_go() {
        let (alive, gone) = tokio::sync::oneshot::channel::<()>();
        let mut held = Some(alive);
        let events = stream::poll_fn(move |_| {
            // Owned by the stream; dropped with it.
            let _ = held.as_mut();
            std::task::Poll::Pending
        });
        let reader = InputReader::over(events);
        tokio::task::yield_now().await;
        reader.stop().await;
        assert!(gone.await.is_err());
    }
}
