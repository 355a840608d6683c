//! One-line text editing: applies keys to a [`tui_input::Input`].

use tui_input::{Input as Field, InputRequest as Edit};

use super::input::{Key, KeyCode};
use crate::domain::text;

/// Applies `key` to `field`. Returns false if the key does not edit, so that it can have another meaning.
pub fn edit(field: &mut Field, key: Key) -> bool {
    let request = match (key.code, key.ctrl || key.alt) {
        (KeyCode::Char(c), false) => Edit::InsertChar(c),
        (KeyCode::Backspace, false) => Edit::DeletePrevChar,
        (KeyCode::Backspace, true) => Edit::DeletePrevWord,
        (KeyCode::Char('w'), true) => Edit::DeletePrevWord,
        (KeyCode::Char('u'), true) => Edit::DeleteLine,
        (KeyCode::Char('k'), true) => Edit::DeleteTillEnd,
        (KeyCode::Char('a'), true) => Edit::GoToStart,
        (KeyCode::Char('e'), true) => Edit::GoToEnd,
        (KeyCode::Delete, false) => Edit::DeleteNextChar,
        (KeyCode::Left, false) => Edit::GoToPrevChar,
        (KeyCode::Right, false) => Edit::GoToNextChar,
        (KeyCode::Left, true) => Edit::GoToPrevWord,
        (KeyCode::Right, true) => Edit::GoToNextWord,
        (KeyCode::Home, _) => Edit::GoToStart,
        (KeyCode::End, _) => Edit::GoToEnd,
        _ => return false,
    };
    field.handle(request);
    true
}

/// Inserts pasted text at the cursor, cleaned and on one line.
pub fn paste(field: &mut Field, pasted: &str) {
    for c in text::clean_line(pasted.trim_end()).chars() {
        field.handle(Edit::InsertChar(if c == '⏎' { ' ' } else { c }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_text_stays_on_one_line() {
        let mut field = Field::default();
        paste(&mut field, "two\nlines\x1b[2J\n");
        assert_eq!(field.value(), "two lines␛[2J");
    }

    #[test]
    fn keys_that_edit_nothing_are_left_to_others() {
        let mut field = Field::default();
        assert!(edit(&mut field, Key::char('x')));
        assert!(!edit(&mut field, Key::plain(KeyCode::Enter)));
        assert!(!edit(&mut field, Key::plain(KeyCode::Tab)));
        assert!(!edit(&mut field, Key::ctrl('p')));
        assert_eq!(field.value(), "x");
    }
}
