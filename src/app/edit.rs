//! One-line text editing: applies keys to a [`tui_input::Input`].

use tui_input::{Input as Field, InputRequest as Edit};

use super::input::{Key, KeyCode};
use crate::domain::text;

/// Applies `key` to `field`. Returns false if the key does not edit, so that it can have another meaning.
pub fn edit(field: &mut Field, key: Key) -> bool {
    let request = match (key.code, key.ctrl || key.alt) {
        // The field is full.
        (KeyCode::Char(_), false) if field.value().len() > MOST && field.value().chars().count() >= MOST => {
            return true;
        }
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

/// The most characters in a field of one line.
pub const MOST: usize = 4_000;

/// Inserts pasted text at the cursor, cleaned and on one line. Returns false if it had to be cut.
pub fn paste(field: &mut Field, pasted: &str) -> bool {
    let room = MOST.saturating_sub(field.value().chars().count());
    // Cleaning may lengthen a text, but never by so much that what fits is not in its beginning.
    let start: String = pasted.trim_end().chars().take(room).collect();
    let inserted: String =
        text::clean_line(&start).chars().take(room).map(|c| if c == '⏎' { ' ' } else { c }).collect();
    let whole = start.len() == pasted.trim_end().len() && inserted.chars().count() < room;
    let (before, after): (String, String) = {
        let chars = field.value().char_indices().nth(field.cursor()).map_or(field.value().len(), |(at, _)| at);
        let (before, after) = field.value().split_at(chars);
        (before.to_owned(), after.to_owned())
    };
    let cursor = before.chars().count() + inserted.chars().count();
    *field = Field::new(format!("{before}{inserted}{after}")).with_cursor(cursor);
    whole || room == 0 && pasted.trim_end().is_empty()
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
    fn a_paste_goes_in_at_the_cursor_and_ends_where_the_field_is_full() {
        let mut field = Field::new("äd".to_owned()).with_cursor(1);
        assert!(paste(&mut field, "bc"));
        assert_eq!((field.value(), field.cursor()), ("äbcd", 3));
        // 200 kB and more, several times: no more work than a full field is.
        for _ in 0..100 {
            assert!(!paste(&mut field, &"猫".repeat(200_000)));
        }
        assert_eq!(field.value().chars().count(), MOST);
        assert!(edit(&mut field, Key::char('x')));
        assert_eq!(field.value().chars().count(), MOST);
        assert!(edit(&mut field, Key::plain(KeyCode::Backspace)));
        assert!(edit(&mut field, Key::char('x')));
        assert_eq!(field.value().chars().count(), MOST);
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
