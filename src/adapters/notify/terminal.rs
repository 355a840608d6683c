//! The terminal itself: a bell, and a notification in the way the terminal knows.

use std::io::{IsTerminal as _, Write as _};

use super::failure;
use crate::domain::event::{Event, say};
use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::text::{clean_line, shorten};

/// The longest text of a notification, in characters.
const LONGEST: usize = 200;

/// How a terminal shows a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// As iTerm2 does, and many after it.
    Osc9,
    /// As rxvt-unicode does: a title and a text.
    Osc777,
    Off,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TerminalSettings {
    pub bell: bool,
    pub notice: Notice,
    /// Whether the window's title says how much waits.
    pub title: bool,
    /// Whether this runs inside tmux, which passes nothing on that is not wrapped.
    pub in_tmux: bool,
}

impl TerminalSettings {
    /// The bytes that tell of something.
    pub fn sequence(&self, text: &str) -> String {
        let text = shorten(&clean_line(text), LONGEST);
        let notice = match self.notice {
            Notice::Osc9 => format!("\x1b]9;{text}\x1b\\"),
            // A semicolon would end the text.
            Notice::Osc777 => format!("\x1b]777;notify;signoff;{}\x1b\\", text.replace(';', ",")),
            Notice::Off => String::new(),
        };
        let bell = if self.bell { "\x07" } else { "" };
        format!("{}{bell}", self.passed_on(&notice))
    }

    /// The bytes that set the window's title.
    pub fn title(&self, text: &str) -> String {
        match self.title {
            // tmux has a title for each of its panes, and shows it.
            true => format!("\x1b]2;{}\x1b\\", shorten(&clean_line(text), LONGEST)),
            false => String::new(),
        }
    }

    fn passed_on(&self, sequence: &str) -> String {
        match self.in_tmux && !sequence.is_empty() {
            true => format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")),
            false => sequence.to_owned(),
        }
    }

    /// Tells the terminal that this command runs in.
    pub(super) fn send(&self, event: &Event) -> Outcome<()> {
        let refuse = |why: String| failure(FailureKind::Rejected, "terminal", why);
        let mut out = std::io::stdout();
        if !out.is_terminal() {
            return Err(refuse("the output is not a terminal".to_owned()));
        }
        let sequence = self.sequence(&say::headline(event));
        out.write_all(sequence.as_bytes()).and_then(|()| out.flush()).map_err(|e| refuse(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(notice: Notice, in_tmux: bool) -> TerminalSettings {
        TerminalSettings { bell: true, notice, title: true, in_tmux }
    }

    #[test]
    fn remote_text_ends_no_sequence_and_tmux_passes_it_on() {
        let evil = "x\u{1b}]0;pwned\u{7}\u{9c};y";
        for notice in [Notice::Osc9, Notice::Osc777] {
            let plain = settings(notice, false).sequence(evil);
            assert_eq!(plain.matches('\u{1b}').count(), 2, "{plain:?}");
            assert_eq!(plain.matches('\u{7}').count(), 1, "the bell alone: {plain:?}");
            assert!(!plain.contains('\u{9c}'));
            let wrapped = settings(notice, true).sequence(evil);
            assert!(
                wrapped.starts_with("\u{1b}Ptmux;\u{1b}\u{1b}]") && wrapped.ends_with("\u{1b}\\\u{7}"),
                "{wrapped:?}"
            );
        }
        assert_eq!(settings(Notice::Off, true).sequence("x"), "\u{7}");
        assert_eq!(settings(Notice::Off, true).title("3 waiting"), "\u{1b}]2;3 waiting\u{1b}\\");
    }
}
