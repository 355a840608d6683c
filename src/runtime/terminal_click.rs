//! Clicks: on a row or a tab. What is where is read from the screen as it is drawn. A click does what it is on says, whatever
//! keys that has.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::input::{Input, Key, KeyCode};
use crate::app::keymap::{Context, Keymap};
use crate::app::msg::Msg;
use crate::program::state::State;
use crate::program::update::update;
use crate::program::view::view;
use crate::ui::skin::Skin;

/// Columns in which the cursor of a list is marked.
const MARKS: u16 = 3;
/// The first line of a screen, below the header. The tabs are there, or below the line of the filter.
const BODY: u16 = 2;
/// Lines below a screen: a rule and the footer.
const BELOW: u16 = 2;

/// Where a list marks its cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    row: u16,
    /// How wide the list is: something else may stand beside it.
    width: u16,
}

/// Does what a click asks for. Nothing where something is typed or decided.
pub fn click(state: &mut State, column: u16, row: u16, skin: &Skin) -> Vec<Effect> {
    let contexts = state.contexts();
    if state.is_too_small() || state.captures_text() || contexts.iter().any(|context| context.is_closed()) {
        return Vec::new();
    }
    let filter = state.top().finder().is_some_and(|filter| filter.is_active());
    if row == BODY + u16::from(filter)
        && let Some(tab) = tab_at(&screen(state, skin), column, row, &state.top().tabs())
    {
        return update(state, Msg::Act(tab));
    }
    // There what moves the cursor of a list moves the part of a picture.
    let is_list = !contexts.contains(&Context::Zoomed);
    let is_body = (BODY..state.height.saturating_sub(BELOW)).contains(&row);
    let Some(mark) = mark(state, skin).filter(|mark| is_list && is_body && column < mark.width) else {
        return Vec::new();
    };
    if mark.row == row { open(state) } else { step_to(state, mark.row, row, skin) }
}

/// Moves the cursor from one row of the screen to another.
fn step_to(state: &mut State, mut at: u16, row: u16, skin: &Skin) -> Vec<Effect> {
    let mut effects = Vec::new();
    // Headings between rows are no steps: it looks after each where the cursor is.
    for _ in 0..state.height {
        let before = at;
        let step = if row > at { 1 } else { -1 };
        effects.extend(update(state, Msg::Input(Input::Scroll(step))));
        match mark(state, skin) {
            Some(now) if now.row != before => at = now.row,
            _ => break,
        }
        if (step > 0 && at >= row) || (step < 0 && at <= row) {
            break;
        }
    }
    effects
}

/// Opens the row under the cursor, where Enter does no more than that if nobody gave it another meaning.
fn open(state: &mut State) -> Vec<Effect> {
    let opens = Keymap::built_in().action(state.contexts(), Key::plain(KeyCode::Enter));
    match opens.filter(|action| matches!(action, Action::Open | Action::Review | Action::Run | Action::Curve)) {
        Some(action) => update(state, Msg::Act(action)),
        None => Vec::new(),
    }
}

fn screen(state: &State, skin: &Skin) -> Buffer {
    let area = Rect::new(0, 0, state.width, state.height);
    let mut buf = Buffer::empty(area);
    view(state, skin, &mut buf);
    buf
}

fn mark(state: &State, skin: &Skin) -> Option<Mark> {
    let buf = screen(state, skin);
    let symbol = skin.symbols().cursor;
    let is_selected = |x: u16, y: u16| skin.is_selected(buf[(x, y)].style());
    // The doors mark their cursor by the symbol alone, and nothing stands beside them.
    let by_symbol = state.contexts().contains(&Context::Doors);
    let is_marked = |x: u16, y: u16| buf[(x, y)].symbol() == symbol && (by_symbol || is_selected(x, y));
    let row = (BODY..buf.area.height).find(|y| (0..MARKS.min(buf.area.width)).any(|x| is_marked(x, *y)))?;
    let width = (0..buf.area.width).take_while(|x| by_symbol || is_selected(*x, row)).count();
    Some(Mark { row, width: u16::try_from(width).unwrap_or(u16::MAX) })
}

/// The tab at this place, among tabs with these titles. Two blanks stand between two of them.
fn tab_at(buf: &Buffer, column: u16, row: u16, titles: &[&str]) -> Option<Action> {
    if titles.is_empty() || column >= buf.area.width {
        return None;
    }
    let cells: Vec<&str> = (0..buf.area.width).map(|x| buf[(x, row)].symbol()).collect();
    let (at, is_gap) = (usize::from(column), |i: usize| cells[i] == " " && cells.get(i + 1).is_none_or(|c| *c == " "));
    if is_gap(at) {
        return None;
    }
    let start = (0..at).rev().find(|i| is_gap(*i)).map_or(0, |i| i + 2);
    let end = (at..cells.len()).find(|i| is_gap(*i)).unwrap_or(cells.len());
    let tab = format!(" {} ", cells.get(start..end)?.concat().trim());
    let place = titles.iter().position(|title| tab.contains(&format!(" {title} ")))?;
    Action::ALL.iter().copied().find(|action| action.tab() == Some(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tab_is_found_under_each_of_its_columns_whatever_its_key_is() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 60, 4));
        buf.set_string(
            1,
            BODY,
            "1 Diff  Ctrl-L Lineage  Artifacts  9 Checklist 2/4    lineage",
            ratatui::style::Style::new(),
        );
        let titles = ["Diff", "Lineage", "Artifacts", "Verdict", "Checklist"];
        let found = |column| tab_at(&buf, column, BODY, &titles);
        assert_eq!((found(1), found(4), found(6)), (Some(Action::Tab1), Some(Action::Tab1), Some(Action::Tab1)));
        assert_eq!((found(9), found(15), found(22)), (Some(Action::Tab2), Some(Action::Tab2), Some(Action::Tab2)));
        assert_eq!((found(25), found(33)), (Some(Action::Tab3), Some(Action::Tab3)));
        assert_eq!((found(36), found(50)), (Some(Action::Tab5), Some(Action::Tab5)));
        assert_eq!((found(7), found(52), found(55), tab_at(&buf, 4, 1, &titles)), (None, None, None, None));
    }
}
