//! A one-line input field.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;
use tui_input::Input;

use super::bars::{after, first_line};
use crate::ui::skin::{Role, Skin};
use crate::ui::text;
use crate::ui::{Draw as _, Phrase};

/// A label and a text input.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    pub skin: &'a Skin,
    /// Shown before the input, including the gap.
    pub label: Phrase<'a>,
    /// The text and the cursor.
    pub input: &'a Input,
    /// Shown if the field is empty.
    pub placeholder: Cow<'a, str>,
    /// Whether the field has the focus.
    pub focused: bool,
}

/// Minimum columns for the input if the label is long.
const LEAST: u16 = 12;

impl Field<'_> {
    /// Position of the cursor in `inner`; none without focus or space.
    fn cursor(&self, inner: Rect) -> Option<Position> {
        if !self.focused || inner.is_empty() {
            return None;
        }
        // Never below `skipped`: both are sums over the same graphemes, and skipping ends at the cursor's.
        let (skipped, _) = self.scrolled(inner.width);
        let x = (self.before_cursor() - skipped).min(usize::from(inner.width) - 1) as u16;
        Some(Position { x: inner.x + x, y: inner.y })
    }

    fn inner(&self, area: Rect) -> Rect {
        let area = Rect { height: area.height.min(1), ..area };
        // Truncate a label that leaves too little space for the input.
        let most = area.width.saturating_sub(LEAST).max(area.width / 2);
        let label = (self.label.width().min(usize::from(most))) as u16;
        after(area, label)
    }

    /// Cells before the grapheme at the cursor. The cursor counts characters and may be inside a grapheme, whose start
    /// may have a different width than a part of it, so that grapheme is not counted at all.
    fn before_cursor(&self) -> usize {
        let value = self.input.value();
        let cursor = value.char_indices().nth(self.input.cursor()).map_or(value.len(), |(at, _)| at);
        ends(value).take_while(|(end, _)| *end <= cursor).map(|(_, w)| w).sum()
    }

    /// Cells scrolled out at the left, and the text after them: just enough to show the cursor.
    fn scrolled(&self, width: u16) -> (usize, &str) {
        let hide = (self.before_cursor() + 1).saturating_sub(usize::from(width));
        let value = self.input.value();
        let (mut skipped, mut rest) = (0, value);
        for (end, w) in ends(value) {
            if skipped >= hide {
                break;
            }
            skipped += w;
            rest = &value[end..];
        }
        (skipped, rest)
    }
}

/// End of each grapheme of `value` in bytes, and its width in cells.
fn ends(value: &str) -> impl Iterator<Item = (usize, usize)> {
    // Graphemes are slices of `value`.
    text::graphemes(value).map(|(g, w)| (g.as_ptr() as usize - value.as_ptr() as usize + g.len(), w))
}

impl Widget for &Field<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = first_line(area, buf);
        let inner = self.inner(area);
        self.label.draw(Rect { width: area.width - inner.width, ..area }, buf, self.skin);
        let style = self.skin.style(if self.focused { Role::FieldFocus } else { Role::Field });
        if self.input.value().is_empty() {
            Phrase::of(Role::Placeholder, self.placeholder.as_ref()).draw(inner, buf, self.skin);
        } else {
            let (_, visible) = self.scrolled(inner.width);
            let (visible, used) = text::cut(visible, usize::from(inner.width));
            if !inner.is_empty() {
                buf.set_stringn(inner.x, inner.y, visible, used, self.skin.style(Role::Text));
            }
        }
        buf.set_style(inner, style);
        // Drawn by us, so that it is visible on terminals that hide their cursor, and in screenshots.
        if let Some(at) = self.cursor(inner) {
            buf[at].set_style(Style::new().add_modifier(Modifier::REVERSED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::{buffer, draw};

    fn field<'a>(skin: &'a Skin, input: &'a Input) -> Field<'a> {
        Field { skin, label: Phrase::new("Reason  "), input, placeholder: "why".into(), focused: true }
    }

    /// The column of the cell drawn as the cursor.
    fn cursor(field: &Field<'_>, width: u16) -> Option<u16> {
        let buf = buffer(width, 1, field);
        (0..width).find(|x| buf[(*x, 0)].modifier.contains(Modifier::REVERSED))
    }

    #[test]
    fn an_empty_field_shows_what_it_is_for() {
        let (skin, input) = (Skin::new(Theme::Dark, true), Input::default());
        assert_eq!(draw(20, 1, &field(&skin, &input))[0], "Reason  why");
        assert_eq!(cursor(&field(&skin, &input), 20), Some(8));
    }

    #[test]
    fn the_cursor_is_in_sight_wherever_it_is() {
        let skin = Skin::new(Theme::Dark, true);
        let input = Input::new("0123456789abcdef".to_owned());
        let at_end = field(&skin, &input);
        assert_eq!(draw(18, 1, &at_end)[0], "Reason  789abcdef");
        assert_eq!(cursor(&at_end, 18), Some(17));
        let input = input.with_cursor(0);
        assert_eq!(draw(18, 1, &field(&skin, &input))[0], "Reason  0123456789");
        let wide = Input::new("猫猫猫猫猫猫".to_owned());
        assert_eq!(cursor(&field(&skin, &wide), 18), Some(16));
        assert_eq!(draw(18, 1, &field(&skin, &wide))[0], "Reason  猫猫猫猫");
    }

    #[test]
    fn a_cursor_within_a_grapheme_is_drawn_where_the_grapheme_begins() {
        let skin = Skin::new(Theme::Dark, true);
        let family = Input::new("ab👩\u{200d}👩\u{200d}👧cd".to_owned());
        for (at, column) in [8, 9, 10, 10, 10, 10, 10, 12, 13, 14].into_iter().enumerate() {
            let input = family.clone().with_cursor(at);
            assert_eq!(cursor(&field(&skin, &input), 30), Some(column), "at {at}");
        }
        // If there is only one cell, it shows the cursor. A part may be narrower than the whole, too.
        let input = Input::new("\u{1b}[2J👩\u{200d}👩\u{200d}👧猫👩\u{200d}👩\u{200d}👧\u{ff9e}".to_owned());
        for at in 0..input.value().chars().count() {
            let input = input.clone().with_cursor(at);
            let bare = Field { label: Phrase::default(), ..field(&skin, &input) };
            assert_eq!(cursor(&bare, 1), Some(0), "at {at}");
        }
    }

    #[test]
    fn without_focus_there_is_no_cursor() {
        let (skin, input) = (Skin::new(Theme::Dark, true), Input::default());
        let field = Field { focused: false, ..field(&skin, &input) };
        assert_eq!(cursor(&field, 20), None);
    }
}
