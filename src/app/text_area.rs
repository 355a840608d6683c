//! Multi-line text input. Wrapping is up to the view.

use super::input::{Key, KeyCode};
use crate::domain::text::clean;

/// The most characters of a text.
pub const MOST: usize = 20_000;

/// A text and the cursor position.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextArea {
    text: String,
    /// Cursor as a byte offset, on a character boundary.
    at: usize,
}

impl TextArea {
    /// A text area containing `text`, with the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), at: text.len() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before and after the cursor.
    pub fn halves(&self) -> (&str, &str) {
        self.text.split_at(self.at)
    }

    /// Applies a key; returns false if it does not edit.
    pub fn edit(&mut self, key: Key) -> bool {
        match (key.code, key.ctrl || key.alt) {
            (KeyCode::Char(c), false) => self.insert(c),
            (KeyCode::Enter, false) => self.insert('\n'),
            (KeyCode::Backspace, false) => self.remove(self.before(), self.at),
            (KeyCode::Backspace, true) | (KeyCode::Char('w'), true) => self.remove(self.word(), self.at),
            (KeyCode::Char('u'), true) => self.remove(self.line_start(), self.at),
            (KeyCode::Char('k'), true) => self.remove(self.at, self.line_end()),
            (KeyCode::Delete, false) => self.remove(self.at, self.after()),
            (KeyCode::Left, false) => self.at = self.before(),
            (KeyCode::Right, false) => self.at = self.after(),
            (KeyCode::Left, true) => self.at = self.word(),
            (KeyCode::Home, _) | (KeyCode::Char('a'), true) => self.at = self.line_start(),
            (KeyCode::End, _) | (KeyCode::Char('e'), true) => self.at = self.line_end(),
            (KeyCode::Up, _) => self.line_up(),
            (KeyCode::Down, _) => self.line_down(),
            _ => return false,
        }
        true
    }

    /// Inserts pasted text, cleaned; line breaks stay. Returns false if it had to be cut.
    pub fn paste(&mut self, pasted: &str) -> bool {
        let room = MOST.saturating_sub(self.text.chars().count());
        let start: String = pasted.chars().take(room).collect();
        let inserted: String = clean(&start).chars().take(room).collect();
        self.text.insert_str(self.at, &inserted);
        self.at += inserted.len();
        start.len() == pasted.len() && (inserted.chars().count() < room || pasted.is_empty())
    }

    fn insert(&mut self, c: char) {
        if self.text.len() >= MOST && self.text.chars().count() >= MOST {
            return;
        }
        self.text.insert(self.at, c);
        self.at += c.len_utf8();
    }

    fn remove(&mut self, from: usize, to: usize) {
        self.text.replace_range(from..to, "");
        self.at = from;
    }

    fn before(&self) -> usize {
        self.halves().0.char_indices().next_back().map_or(0, |(i, _)| i)
    }

    fn after(&self) -> usize {
        self.halves().1.chars().next().map_or(self.at, |c| self.at + c.len_utf8())
    }

    /// Start of the word before the cursor.
    fn word(&self) -> usize {
        let before = self.halves().0.trim_end();
        before.rfind(char::is_whitespace).map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8))
    }

    fn line_start(&self) -> usize {
        self.halves().0.rfind('\n').map_or(0, |i| i + 1)
    }

    fn line_end(&self) -> usize {
        self.halves().1.find('\n').map_or(self.text.len(), |i| self.at + i)
    }

    fn line_up(&mut self) {
        let start = self.line_start();
        if start == 0 {
            self.at = 0;
            return;
        }
        let column = self.text[start..self.at].chars().count();
        self.at = start - 1;
        self.at = self.column(self.line_start(), column);
    }

    fn line_down(&mut self) {
        let column = self.text[self.line_start()..self.at].chars().count();
        let end = self.line_end();
        self.at = if end == self.text.len() { end } else { self.column(end + 1, column) };
    }

    /// The `column`th character of the line starting at `start`, or the end of the line.
    fn column(&self, start: usize, column: usize) -> usize {
        let line = self.text[start..].split('\n').next().unwrap_or_default();
        start + line.char_indices().nth(column).map_or(line.len(), |(i, _)| i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(keys: &[KeyCode]) -> TextArea {
        let mut area = TextArea::new("first line\nsecond");
        for code in keys {
            area.edit(Key::plain(*code));
        }
        area
    }

    #[test]
    fn enter_breaks_the_line_and_arrows_move_between_lines() {
        use KeyCode::{Char, Enter, Up};
        assert_eq!(typed(&[Enter, Char('x')]).text(), "first line\nsecond\nx");
        assert_eq!(typed(&[Up, Char('x')]).text(), "first xline\nsecond");
        assert_eq!(typed(&[Up, Up, Char('x')]).text(), "xfirst line\nsecond");
        assert_eq!(typed(&[Up, KeyCode::End, KeyCode::Down, Char('x')]).text(), "first line\nsecondx");
    }

    #[test]
    fn a_paste_keeps_its_lines_and_loses_its_control_characters() {
        let mut area = TextArea::default();
        area.paste("a\r\nb\x1b[2J");
        assert!(area.text().starts_with("a\nb") && !area.text().contains('\x1b'), "{:?}", area.text());
    }

    #[test]
    fn a_text_ends_where_it_is_full() {
        let mut area = TextArea::default();
        assert!(area.paste("b") && area.edit(Key::plain(KeyCode::Home)) && area.paste("ä"));
        assert_eq!(area.text(), "äb");
        for _ in 0..100 {
            assert!(!area.paste(&"猫\n".repeat(200_000)));
        }
        assert_eq!(area.text().chars().count(), MOST);
        area.edit(Key::char('x'));
        assert_eq!(area.text().chars().count(), MOST);
    }

    proptest! {
        #[test]
        fn no_key_breaks_a_character(keys in prop::collection::vec(0usize..12, 0..60)) {
            use KeyCode::{Backspace, Char, Delete, Down, End, Enter, Home, Left, Right, Up};
            let all = [Char('é'), Char('猫'), Char(' '), Enter, Backspace, Delete, Left, Right, Up, Down, Home, End];
            let mut area = TextArea::default();
            for k in keys {
                area.edit(Key::plain(all[k]));
                area.edit(Key { alt: k % 5 == 0, ..Key::plain(all[k]) });
                let (before, after) = area.halves();
                prop_assert_eq!(format!("{before}{after}"), area.text());
            }
        }
    }
}
