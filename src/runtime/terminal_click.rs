//! Clicks: on a row, a tab, or a key in the footer. What is where is read from the screen as it is drawn, and a click does
//! no more than the keys that lead there.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::input::{Input, Key, KeyCode};
use crate::app::keymap::Context;
use crate::app::msg::Msg;
use crate::program::state::State;
use crate::program::update::update;
use crate::program::view::view;
use crate::ui::skin::Skin;

/// Columns in which the cursor of a list is marked.
const MARKS: u16 = 3;
/// The line of the tabs, where a screen has some.
const TABS: u16 = 2;

/// Does what a click asks for. Nothing where something is typed or decided.
pub(super) fn click(state: &mut State, column: u16, row: u16, skin: &Skin) -> Vec<Effect> {
    let contexts = state.contexts();
    if state.is_too_small() || state.captures_text() || contexts.iter().any(|context| context.is_closed()) {
        return Vec::new();
    }
    let has_tabs = contexts.iter().any(|context| matches!(context, Context::Review | Context::Run));
    if let Some(key) = tab_at(&screen(state, skin), column, row).filter(|_| has_tabs) {
        return update(state, Msg::Input(Input::Key(Key::char(key))));
    }
    let Some(mut at) = mark(state, skin) else { return Vec::new() };
    if at == row {
        return open(state);
    }
    let mut effects = Vec::new();
    // Headings between rows are no steps: it looks after each where the cursor is.
    for _ in 0..state.height {
        let before = at;
        let step = if row > at { 1 } else { -1 };
        effects.extend(update(state, Msg::Input(Input::Scroll(step))));
        match mark(state, skin) {
            Some(now) if now != before => at = now,
            _ => break,
        }
        if (step > 0 && at >= row) || (step < 0 && at <= row) {
            break;
        }
    }
    effects
}

/// Opens the row under the cursor, where Enter does no more than that.
fn open(state: &mut State) -> Vec<Effect> {
    let enter = Key::plain(KeyCode::Enter);
    match state.keymap.action(state.contexts(), enter) {
        Some(Action::Open | Action::Review | Action::Run | Action::Curve) => {
            update(state, Msg::Input(Input::Key(enter)))
        }
        _ => Vec::new(),
    }
}

fn screen(state: &State, skin: &Skin) -> Buffer {
    let area = Rect::new(0, 0, state.width, state.height);
    let mut buf = Buffer::empty(area);
    view(state, skin, area, &mut buf);
    buf
}

/// The row in which a list marks its cursor.
fn mark(state: &State, skin: &Skin) -> Option<u16> {
    let buf = screen(state, skin);
    let symbol = skin.symbols().cursor;
    (TABS..buf.area.height).find(|y| (0..MARKS.min(buf.area.width)).any(|x| buf[(x, *y)].symbol() == symbol))
}

/// The key of the tab at this place: tabs are a digit, a blank and a name, with two blanks between them.
fn tab_at(buf: &Buffer, column: u16, row: u16) -> Option<char> {
    if row != TABS || column >= buf.area.width {
        return None;
    }
    let cells: Vec<&str> = (0..buf.area.width).map(|x| buf[(x, row)].symbol()).collect();
    let at = usize::from(column);
    let start = (0..=at).rev().find(|i| *i == 0 || cells[i - 1] == " " && (*i == 1 || cells[i - 2] == " "))?;
    let digit = cells.get(start)?.chars().next().filter(char::is_ascii_digit)?;
    (cells.get(start + 1) == Some(&" ")).then_some(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_is_found_under_each_of_its_columns() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 40, 4));
        buf.set_string(1, TABS, "1 Diff  2 Lineage  3 Artifacts", ratatui::style::Style::new());
        let found = |column| tab_at(&buf, column, TABS);
        assert_eq!((found(1), found(4), found(6)), (Some('1'), Some('1'), Some('1')));
        assert_eq!((found(9), found(15)), (Some('2'), Some('2')));
        assert_eq!((found(20), found(30)), (Some('3'), Some('3')));
        assert_eq!((found(39), tab_at(&buf, 4, 1)), (None, None));
    }
}
