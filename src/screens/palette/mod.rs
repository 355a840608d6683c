//! Searchable list of all commands of the screen below.

pub mod view;

use tui_input::Input as Field;

use crate::app::action::Action;
use crate::app::edit;
use crate::app::fuzzy;
use crate::app::keymap::{Context, Keymap};
use crate::app::list::Cursor;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};

/// State of the screen.
#[derive(Clone, Debug)]
pub struct Palette {
    below: &'static [Context],
    field: Field,
    commands: Vec<(Action, Vec<String>)>,
    shown: Vec<usize>,
    cursor: Cursor<usize>,
}

impl PartialEq for Palette {
    fn eq(&self, other: &Self) -> bool {
        self.below == other.below && self.field.value() == other.field.value() && self.cursor == other.cursor
    }
}

impl Palette {
    /// The commands of a screen with the contexts `below`.
    pub fn new(below: &'static [Context], keymap: &Keymap) -> Self {
        let mut commands = keymap.reachable_actions(below);
        commands.retain(|(action, _)| !action.is_movement() && !matches!(action, Action::Palette | Action::Back));
        let shown = (0..commands.len()).collect();
        Self { below, field: Field::default(), commands, shown, cursor: Cursor::default() }
    }

    fn narrow(&mut self) {
        self.shown = fuzzy::best(self.field.value(), &self.commands, |(action, _)| {
            format!("{} {}", action.id().replace('_', " "), action.help())
        });
        self.cursor = Cursor::default();
    }
}

impl Component for Palette {
    fn heading(&self) -> &'static str {
        "commands"
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Prompt, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        &[Action::Open, Action::Up, Action::Down, Action::Back]
    }

    fn captures_text(&self) -> bool {
        true
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let rows = ctx.rows(1);
        match event {
            ScreenEvent::Key(key) => {
                edit::edit(&mut self.field, key);
                self.narrow();
            }
            ScreenEvent::Paste(text) => {
                edit::paste(&mut self.field, text);
                self.narrow();
            }
            ScreenEvent::Action(Action::Open) => {
                let chosen = self.shown.get(self.cursor.index()).map(|i| self.commands[*i].0);
                return Response { action: chosen, ..Response::none() };
            }
            ScreenEvent::Action(action) if action.is_movement() => self.cursor.step(action, &self.shown, rows),
            ScreenEvent::Action(other) => return Response::pass(other),
            ScreenEvent::Changed => {}
        }
        self.cursor.settle(&self.shown, rows);
        Response::none()
    }
}
