//! The loop: messages in one order, `update`, effects, a frame.
//!
//! Nothing is awaited but the next message. A frame is drawn when something changed; while nothing changes
//! there is no timer and no wake-up.

use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::Instant;

use super::executor::{Executor, Local};
use super::signals::Signals;
use super::terminal::Screen;
use crate::app::input::Input;
use crate::app::msg::Msg;
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::program::state::State;
use crate::program::update::{start, update};
use crate::program::view::view;
use crate::services::Services;
use crate::ui::skin::Skin;

/// Time between two frames while answers stream in. Keys are drawn at once.
const FRAME: Duration = Duration::from_millis(16);
/// Time between two frames of a spinner.
const TICK: Duration = Duration::from_millis(100);
/// Messages handled before a frame is drawn, at most.
const BATCH: usize = 256;

/// Runs the program on the terminal until it is left.
///
/// # Errors
/// If the terminal cannot be written to.
pub async fn run(
    mut state: State,
    services: Services,
    skin: &Skin,
    screen: &mut Screen,
    mut input: UnboundedReceiver<Input>,
) -> Outcome<()> {
    let (replies, mut answers) = unbounded_channel();
    let clock = services.clock.clone();
    let mut executor = Executor::new(services, replies);
    let mut signals = Signals::listen().map_err(terminal_failed)?;
    if let Ok((width, height)) = screen.size() {
        update(&mut state, Msg::Input(Input::Resize { width, height }));
    }
    // The first frame comes before the first request, so that something is there at once.
    draw(&state, skin, screen)?;
    let mut effects = start(&mut state);
    let mut frame_due: Option<Instant> = Some(Instant::now());
    let mut last_frame = Instant::now();
    loop {
        for effect in effects.drain(..) {
            match executor.run(effect) {
                Some(Local::Quit) => return Ok(()),
                Some(Local::Copy(text)) => screen.copy(&text).map_err(terminal_failed)?,
                None => {}
            }
        }
        if frame_due.is_some_and(|due| due <= Instant::now()) {
            draw(&state, skin, screen)?;
            last_frame = Instant::now();
            frame_due = None;
        }
        let first = tokio::select! {
            biased;
            // A terminal that is gone cannot be asked anything: leave, and let the journal keep what is at work.
            key = input.recv() => key.map_or(Msg::Terminate, Msg::Input),
            Some(answer) = answers.recv() => answer,
            () = signals.recv() => Msg::Terminate,
            () = tokio::time::sleep_until(frame_due.unwrap_or(last_frame)), if frame_due.is_some() => continue,
            () = tokio::time::sleep(TICK), if state.animates() => Msg::Tick(clock.now()),
        };
        let at_once = matches!(first, Msg::Input(_));
        effects.extend(update(&mut state, Msg::Tick(clock.now())));
        effects.extend(update(&mut state, first));
        for _ in 1..BATCH {
            let Some(next) = input.try_recv().map(Msg::Input).or_else(|_| answers.try_recv()).ok() else { break };
            effects.extend(update(&mut state, next));
        }
        let now = Instant::now();
        frame_due = Some(if at_once { now } else { frame_due.unwrap_or(now).min(now.max(last_frame + FRAME)) });
    }
}

fn draw(state: &State, skin: &Skin, screen: &mut Screen) -> Outcome<()> {
    screen.draw(|frame| view(state, skin, frame.area(), frame.buffer_mut())).map_err(terminal_failed)
}

fn terminal_failed(error: std::io::Error) -> Failure {
    Failure::new(FailureKind::Local, Service::Local, "use the terminal", error.to_string())
}
