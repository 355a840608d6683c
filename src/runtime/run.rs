//! The event loop: messages in order, `update`, effects, a frame.
//!
//! Awaits nothing but the next message. Frames are drawn on changes; without changes there is no timer and no wake-up.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use super::executor::{Executor, Local};
use super::input::InputReader;
use super::signals::Signals;
use super::terminal::TerminalGuard;
use super::terminal_click::click;
use super::terminal_pictures::Painter;
use crate::app::arrivals::Alert;
use crate::app::effect::Effect;
use crate::app::input::{Input, Key};
use crate::app::msg::Msg;
use crate::app::own::OwnNews;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::first_start::Beginning;
use crate::domain::ids::PromotionId;
use crate::domain::waiting::Waiting;
use crate::program::ask::ask;
use crate::program::state::State;
use crate::program::update::{begin, update};
use crate::program::view::view_again;
use crate::services::{Services, Targets};
use crate::ui::Kept;
use crate::ui::skin::Skin;

/// Minimum time between frames while answers arrive: thirty per second are enough to read, and leave time for keys,
/// which are drawn at once. Drawing an answer 16 ms after a key delays the next key (measured).
const FRAME: Duration = Duration::from_millis(33);
/// Time between spinner frames.
const TICK: Duration = Duration::from_millis(100);
/// Asks the terminal for its background: xterm's "OSC 11 ; ?".
const BACKGROUND: &str = "\x1b]11;?\x1b\\";
/// Maximum messages handled before a frame is drawn.
const BATCH: usize = 256;

/// Why the program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The user quit, and left this promotion unfinished, if any.
    Quit(Option<PromotionId>),
    /// The user opens another target.
    Switch(String),
    /// The user chose how to begin, at the first start.
    Begin(Beginning),
}

/// The look of a theme by its name.
pub type Dress = Box<dyn Fn(&str) -> Option<Skin> + Send + Sync>;

/// What the screens need from around them, to stay up to date and to tell the terminal.
#[allow(missing_debug_implementations)]
pub struct Around {
    /// Which request has waited longest for its answer.
    pub waiting: fn() -> Option<Waiting>,
    /// Time between two refreshes; none for no refresh.
    pub refresh: Option<Duration>,
    /// What is to be said of channels that gave up messages.
    pub given_up: Box<dyn Fn() -> BoxFuture<'static, Option<String>> + Send + Sync>,
    /// The bytes that make the terminal tell of something.
    pub tell: Box<dyn Fn(&Alert) -> String + Send + Sync>,
    /// The bytes that set the window's title.
    pub title: Box<dyn Fn(&str) -> String + Send + Sync>,
    /// The look of a theme; none if there is no such theme.
    pub dress: Dress,
    /// Whether the terminal is asked for the mouse.
    pub mouse: bool,
    /// Whether the terminal is asked for its background.
    pub ask_background: bool,
}

/// Runs the program on the terminal until the user quits or opens another target.
/// Preferences are stored in `prefs`; `painter` encodes pictures if the terminal supports them.
///
/// # Errors
/// If the terminal cannot be set up or written to.
pub async fn run(
    mut state: State,
    services: Services,
    targets: Arc<dyn Targets>,
    prefs: PathBuf,
    painter: Option<Painter>,
    skin: &mut Skin,
    around: Around,
) -> Outcome<Ended> {
    // Before setting up the terminal: a signal in between would exit without restoring it.
    let mut signals = Signals::listen()
        .map_err(|e| Failure::new(FailureKind::Local, Service::Local, "listen for signals", e.to_string()))?;
    let mut terminal = TerminalGuard::enter(around.mouse)?;
    let size = terminal.size()?;
    let mut effects = update(&mut state, Msg::Input(Input::Resize { width: size.width, height: size.height }));
    // Draw the first frame before the first request, so that something is visible at once.
    let mut kept = Kept::default();
    draw(&state, skin, &kept, &mut terminal)?;
    let mut input = InputReader::spawn()?;
    if around.ask_background {
        // Nothing waits for the answer.
        terminal.tell(BACKGROUND)?;
    }
    let (replies, mut answers) = unbounded_channel();
    let clock = services.clock.clone();
    look_at_channels(&around, &replies);
    let mut executor = Executor::new(services, targets, replies.clone());
    executor.keep_prefs(prefs);
    executor.paint_with(painter);
    let mut last_frame = Instant::now();
    let mut frame_due: Option<Instant> = None;
    let mut used = false;
    // Ctrl-Z that arrived together with other messages: they come first.
    let mut held_back: Option<Msg> = None;
    let mut refreshed = Instant::now();
    let mut titled = None;
    let mut asker = Asker::default();
    loop {
        let mut told = state.alert.take().map(|alert| (around.tell)(&alert)).unwrap_or_default();
        if let Some(count) = state.arrivals.waiting().filter(|count| titled != Some(*count)) {
            titled = Some(count);
            told.push_str(&(around.title)(&format!("{count} waiting")));
        }
        terminal.tell(&told)?;
        for effect in effects.drain(..) {
            match executor.run(effect) {
                Some(Local::Quit) => {
                    executor.finish().await;
                    return Ok(Ended::Quit(state.left_behind()));
                }
                Some(Local::Switch(target)) => {
                    executor.finish().await;
                    return Ok(Ended::Switch(target));
                }
                Some(Local::Begin(beginning)) => {
                    executor.finish().await;
                    return Ok(Ended::Begin(beginning));
                }
                Some(Local::Dress(theme)) => {
                    if let Some(new) = (around.dress)(&theme) {
                        *skin = new;
                        kept = Kept::default();
                    }
                }
                Some(Local::Copy(text)) => {
                    if let Err(failure) = terminal.copy(&text) {
                        update(&mut state, Msg::Failed(failure));
                    }
                }
                None => {}
            }
        }
        if frame_due.is_some_and(|due| due <= Instant::now()) {
            draw(&state, skin, &kept, &mut terminal)?;
            last_frame = Instant::now();
            frame_due = None;
            // The terminal may wait for this very processor to show the frame.
            std::thread::yield_now();
        }
        effects.extend(asker.ask(&mut state));
        if !effects.is_empty() {
            // What is asked for shows that it is being read.
            frame_due = Some(Instant::now());
            continue;
        }
        let first = tokio::select! {
            biased;
            Some(key) = std::future::ready(held_back.take()) => key,
            Some(key) = input.next() => key,
            Some(answer) = answers.recv() => answer,
            _ = signals.recv() => Msg::Terminate,
            () = tokio::time::sleep_until(frame_due.unwrap_or(last_frame)), if frame_due.is_some() => continue,
            () = tokio::time::sleep_until(refreshed + around.refresh.unwrap_or_default()), if around.refresh.is_some() => {
                refreshed = Instant::now();
                look_at_channels(&around, &replies);
                Msg::Refresh
            }
            () = tokio::time::sleep(TICK), if state.animates() => Msg::Tick(clock.now()),
        };
        if is_suspend(&first) {
            input = suspend(input, &mut terminal)?;
            kept = Kept::default();
            let size = terminal.size()?;
            let resized = Input::Resize { width: size.width, height: size.height };
            effects.extend(update(&mut state, Msg::Clock(clock.now())));
            effects.extend(update(&mut state, Msg::Input(resized)));
            frame_due = Some(Instant::now());
            continue;
        }
        let mut at_once = matches!(first, Msg::Input(_));
        let mut repaint = has_left_the_screen(&first);
        effects.extend(update(&mut state, Msg::Clock(clock.now())));
        if matches!(first, Msg::Tick(_)) {
            effects.extend(update(&mut state, Msg::Waiting((around.waiting)())));
        }
        let mut resized = is_resize(&first);
        effects.extend(asker.take(&mut state, first, skin));
        for _ in 1..BATCH {
            let Some(next) = input.try_next().or_else(|| answers.try_recv().ok()) else { break };
            // A key may directly follow an answer.
            at_once |= matches!(next, Msg::Input(_));
            repaint |= has_left_the_screen(&next);
            resized |= is_resize(&next);
            if is_suspend(&next) {
                held_back = Some(next);
                break;
            }
            effects.extend(asker.take(&mut state, next, skin));
        }
        if resized {
            terminal.fit()?;
            kept = Kept::default();
        }
        if repaint {
            terminal.repaint()?;
            kept = Kept::default();
        }
        let now = Instant::now();
        // Before the first key there is none to leave time for, and somebody waits for the first rows.
        used |= at_once;
        let soonest = if at_once || !used { now } else { now.max(last_frame + FRAME) };
        frame_due = Some(frame_due.map_or(soonest, |due| due.min(soonest)));
    }
}

/// After a key that moves the cursor, asks what the screens need when the frame is drawn: holding a key down stays smooth.
#[derive(Debug, Default)]
struct Asker {
    owes: bool,
}

impl Asker {
    fn ask(&mut self, state: &mut State) -> Vec<Effect> {
        if std::mem::take(&mut self.owes) { ask(state) } else { Vec::new() }
    }

    fn take(&mut self, state: &mut State, msg: Msg, skin: &Skin) -> Vec<Effect> {
        let mut effects = self.ask(state);
        effects.extend(match msg {
            Msg::Input(Input::Key(_)) => {
                let (effects, owes) = begin(state, msg);
                self.owes = owes;
                effects
            }
            Msg::Input(Input::Click { column, row }) => click(state, column, row, skin),
            msg => update(state, msg),
        });
        effects
    }
}

fn is_resize(msg: &Msg) -> bool {
    matches!(msg, Msg::Input(Input::Resize { .. }))
}

/// A command ended that may have written to the terminal itself.
fn has_left_the_screen(msg: &Msg) -> bool {
    matches!(msg, Msg::Own(OwnNews::Ended(_)))
}

/// Reads the outbox, beside everything else.
fn look_at_channels(around: &Around, replies: &UnboundedSender<Msg>) {
    let (look, replies) = ((around.given_up)(), replies.clone());
    tokio::spawn(async move {
        let _ = replies.send(Msg::GivenUp(look.await));
    });
}

/// Ctrl-Z, which the terminal does not act on itself while keys are read one by one.
fn is_suspend(msg: &Msg) -> bool {
    cfg!(unix) && matches!(msg, Msg::Input(Input::Key(key)) if *key == Key { rushed: key.rushed, ..Key::ctrl('z') })
}

/// Gives the terminal back and stops this process, as the terminal would on Ctrl-Z; goes on here when the shell
/// continues it (`fg`). A promotion at work stops with it, and goes on with it: its journal says where it is.
fn suspend(input: InputReader, terminal: &mut TerminalGuard) -> Outcome<InputReader> {
    input.stop()?;
    terminal.suspend();
    #[cfg(unix)]
    signal_hook::low_level::raise(signal_hook::consts::SIGTSTP)
        .map_err(|e| Failure::new(FailureKind::Local, Service::Local, "stop until `fg`", e.to_string()))?;
    terminal.resume()?;
    InputReader::spawn()
}

fn draw(state: &State, skin: &Skin, kept: &Kept, terminal: &mut TerminalGuard) -> Outcome<()> {
    terminal.draw(|buf| view_again(state, skin, kept, buf))
}
