//! Drawing phrases.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::skin::{Role, Skin};
use super::{Phrase, text};

/// Something that can be drawn on one line.
pub trait Draw {
    /// Draws on the first line of `area`, truncated with an ellipsis if too long. Returns the cells used.
    fn draw(&self, area: Rect, buf: &mut Buffer, skin: &Skin) -> u16 {
        self.draw_over(area, buf, skin, Style::new())
    }

    /// As [`Draw::draw`], with `over` applied over the style of every piece.
    fn draw_over(&self, area: Rect, buf: &mut Buffer, skin: &Skin, over: Style) -> u16;
}

impl Draw for Phrase<'_> {
    fn draw_over(&self, area: Rect, buf: &mut Buffer, skin: &Skin, over: Style) -> u16 {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return 0;
        }
        let whole = self.width();
        let max = usize::from(area.width);
        let ellipsis = skin.symbols().ellipsis;
        let mut room = if whole > max { max - 1 } else { max };
        let mut x = area.x;
        let mut last = Role::Text;
        for (role, piece) in self.pieces() {
            let (shown, used) = text::cut(piece, room);
            put(buf, x, area.y, shown, skin.style(role).patch(over));
            x += used as u16;
            room -= used;
            last = role;
            if shown.len() < piece.len() && room == 0 || text::width(piece) > used {
                break;
            }
        }
        if whole > max {
            put(buf, x, area.y, text::cut(ellipsis, 1).0, skin.style(last).patch(over));
            x += 1;
        }
        x - area.x
    }
}

/// Draws text that fits.
fn put(buf: &mut Buffer, x: u16, y: u16, text: &str, style: Style) {
    if !text::is_plain(text) {
        buf.set_string(x, y, text, style);
        return;
    }
    if text.is_empty() {
        return;
    }
    let start = buf.index_of(x, y);
    let starts = text.char_indices().map(|(at, c)| &text[at..at + c.len_utf8()]);
    for (cell, symbol) in buf.content[start..].iter_mut().zip(starts) {
        cell.set_symbol(symbol).set_style(style);
    }
}

/// Fills a line with a symbol of one cell.
pub(super) fn repeat(buf: &mut Buffer, line: Rect, symbol: &str, style: Style) {
    if line.is_empty() {
        return;
    }
    let start = buf.index_of(line.x, line.y);
    for cell in &mut buf.content[start..start + usize::from(line.width)] {
        cell.set_symbol(symbol).set_style(style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::lines;
    use proptest::prelude::*;
    use ratatui::buffer::CellWidth as _;

    fn drawn(phrase: &Phrase<'_>, width: u16) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        phrase.draw(buf.area, &mut buf, &Skin::new(Theme::Dark, true));
        lines(&buf).remove(0)
    }

    #[test]
    fn what_does_not_fit_is_cut_with_a_mark() {
        let phrase = Phrase::new("abc").add(Role::Good, "def");
        assert_eq!(drawn(&phrase, 6), "abcdef");
        assert_eq!(drawn(&phrase, 5), "abcd…");
        assert_eq!(drawn(&phrase, 4), "abc…");
        assert_eq!(drawn(&phrase, 1), "…");
        assert_eq!(drawn(&Phrase::new("猫猫"), 3), "猫…");
    }

    proptest! {
        #[test]
        fn a_phrase_is_drawn_as_ratatui_draws_its_text(
            text in any::<String>(),
            plain in "[ -~]{0,30}",
            symbols in "[ -~·…\u{2190}-\u{25ff}\u{fe0f}\u{200d}]{0,30}",
        ) {
            for text in [text, plain, symbols] {
                let width = text::width(&text) as u16;
                let mut theirs = Buffer::empty(Rect::new(0, 0, width + 1, 1));
                let mut ours = theirs.clone();
                Phrase::new(text.clone()).draw(ours.area, &mut ours, &Skin::new(Theme::Dark, true));
                theirs.set_string(0, 0, &text, Skin::new(Theme::Dark, true).style(Role::Text));
                prop_assert_eq!(ours, theirs);
            }
        }

        #[test]
        fn widths_agree_with_what_ratatui_draws(text in any::<String>()) {
            for (grapheme, width) in text::graphemes(&text) {
                prop_assert_eq!(width, usize::from(grapheme.cell_width()), "{:?}", grapheme);
            }
        }

        #[test]
        fn a_plain_text_is_measured_as_its_graphemes_are(text in "[ -~·…\u{2190}-\u{25ff}]{0,30}", max in 0usize..40) {
            prop_assert_eq!(text::width(&text), text::graphemes(&text).map(|(_, width)| width).sum::<usize>());
            let (start, used) = text::cut(&text, max);
            prop_assert_eq!(text::width(start), used);
            prop_assert!(used <= max && (start.len() == text.len() || used + 2 > max));
        }
    }
}
