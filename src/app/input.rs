//! Terminal input, independent of any terminal crate.

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key press or repeat.
    Key(Key),
    /// Pasted text (bracketed paste). Never treated as typing.
    Paste(String),
    /// Scrolled with the mouse: lines down, or up if negative.
    Scroll(i8),
    /// Clicked with the mouse.
    Click {
        /// Column, from the left.
        column: u16,
        /// Row, from the top.
        row: u16,
    },
    /// The terminal was resized.
    Resize {
        /// In columns.
        width: u16,
        /// In rows.
        height: u16,
    },
}

/// A key with its modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
    pub alt: bool,
    /// Never set for characters: the shifted form is another character.
    pub shift: bool,
    /// The terminal reports a held key. Many terminals cannot.
    pub repeat: bool,
    /// It was there at once after another key, as in text that a terminal without bracketed paste pastes.
    pub rushed: bool,
}

/// The supported keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyCode {
    /// A character as typed: Shift-a is `A`.
    Char(char),
    Enter,
    Esc,
    Tab,
    /// Shift-Tab.
    BackTab,
    Backspace,
    Delete,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    /// A function key.
    F(u8),
}

impl Key {
    pub const fn plain(code: KeyCode) -> Self {
        Self { code, ctrl: false, alt: false, shift: false, repeat: false, rushed: false }
    }

    pub const fn char(c: char) -> Self {
        Self::plain(KeyCode::Char(c))
    }

    pub const fn ctrl(c: char) -> Self {
        Self { ctrl: true, ..Self::char(c) }
    }

    /// The character this key inserts into a text field, if any.
    pub fn typed(&self) -> Option<char> {
        match self.code {
            KeyCode::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}
