//! The keys that work on the screen below, in groups.

pub mod view;

use crate::app::action::{Action, Group};
use crate::app::keymap::Context;
use crate::screens::parts::narrowed::Narrowed;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent};

/// A key, or the heading above some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HelpRow {
    Heading(Group),
    Key(Action, Vec<String>),
    /// A command of the user's own: its keys and its name.
    Own(String, String),
}

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Help {
    title: String,
    rows: Vec<HelpRow>,
    list: Narrowed<usize>,
}

impl Help {
    /// The keys of the screen called `title`.
    pub fn new(title: String, keys: Vec<(Action, Vec<String>)>, own: Vec<(String, String)>) -> Self {
        let mut rows = Vec::new();
        for group in Group::ALL {
            let of_group = keys.iter().filter(|(action, _)| action.group() == group);
            let of_group: Vec<_> = of_group.map(|(action, keys)| HelpRow::Key(*action, keys.clone())).collect();
            let own = own.iter().filter(|_| group == Group::Here);
            let own: Vec<_> = own.map(|(keys, name)| HelpRow::Own(keys.clone(), name.clone())).collect();
            if !of_group.is_empty() || !own.is_empty() {
                rows.push(HelpRow::Heading(group));
                rows.extend(of_group.into_iter().chain(own));
            }
        }
        let mut help = Self { title, rows, list: Narrowed::default() };
        help.narrow();
        help
    }

    /// The rows that match, each group with its heading.
    fn narrow(&mut self) {
        let keys = (0..self.rows.len()).filter(|i| !matches!(self.rows[*i], HelpRow::Heading(_)));
        let keys: Vec<usize> = keys.collect();
        let text = |row: &usize| match &self.rows[*row] {
            HelpRow::Key(action, keys) => format!("{} {}", keys.join(" "), action.help()),
            HelpRow::Own(keys, name) => format!("{keys} {name}"),
            HelpRow::Heading(_) => String::new(),
        };
        let mut shown = Vec::new();
        for i in self.list.pick(&keys, text) {
            let heading = (0..keys[i]).rev().find(|row| matches!(self.rows[*row], HelpRow::Heading(_)));
            shown.extend(heading.filter(|heading| !shown.contains(heading)));
            shown.push(keys[i]);
        }
        self.list.show(shown, |row| row);
    }

    fn is_heading(&self) -> bool {
        matches!(self.list.selected(&self.rows), Some(HelpRow::Heading(_)))
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
        &[Action::Up, Action::Down, Action::Filter, Action::Back]
    }

    fn finder(&self) -> Option<&Filter> {
        Some(self.list.filter())
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        Some(self.list.filter_mut())
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if self.list.is_refiltered() {
            self.narrow();
        }
        let rows = ctx.rows(1);
        let passed = self.list.act(event, rows);
        if self.is_heading() {
            let up = matches!(event, ScreenEvent::Action(Action::Up | Action::PageUp));
            let onwards = if up && self.list.cursor() > 0 { Action::Up } else { Action::Down };
            self.list.act(ScreenEvent::Action(onwards), rows);
        }
        passed.map(Response::pass).unwrap_or_default()
    }
}
