//! The keys that work on the screen below.

pub mod view;

use crate::app::action::Action;
use crate::app::keymap::{Context, Keymap};
use crate::app::list::Cursor;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Help {
    title: String,
    rows: Vec<(Action, Vec<String>)>,
    cursor: Cursor<usize>,
}

impl Help {
    /// The keys of the screen called `title` with the contexts `below`.
    pub fn new(title: String, below: &[Context], keymap: &Keymap) -> Self {
        Self { title, rows: keymap.reachable_actions(below), cursor: Cursor::default() }
    }
}

impl Component for Help {
    fn heading(&self) -> &'static str {
        "help"
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Help, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        &[Action::Up, Action::Down, Action::Back]
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        if !action.is_movement() {
            return Response::pass(action);
        }
        let keys: Vec<usize> = (0..self.rows.len()).collect();
        self.cursor.step(action, &keys, ctx.rows(1));
        Response::none()
    }
}
