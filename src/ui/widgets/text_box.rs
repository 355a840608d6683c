//! A multi-line input field.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::widgets::Widget;

use crate::ui::skin::{Role, Skin};
use crate::ui::text;

/// A wrapped text input; the cursor stays visible.
#[derive(Clone, Copy, Debug)]
pub struct TextBox<'a> {
    pub skin: &'a Skin,
    /// Text before the cursor.
    pub before: &'a str,
    /// Text after the cursor.
    pub after: &'a str,
    /// Whether the field has the focus.
    pub focused: bool,
}

/// Wraps `typed` into lines of at most `width` cells. Keeps every character, so that text does not jump while typing.
fn rows(typed: &str, width: usize) -> Vec<String> {
    let mut out = Vec::new();
    for line in typed.split('\n') {
        let (mut row, mut used) = (String::new(), 0);
        for (grapheme, w) in text::graphemes(line) {
            if used + w > width {
                out.push(std::mem::take(&mut row));
                used = 0;
            }
            row.push_str(grapheme);
            used += w;
        }
        out.push(row);
    }
    out
}

impl Widget for &TextBox<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        // Leave one column for a cursor after a full line.
        let width = usize::from(area.width.saturating_sub(1)).max(1);
        buf.set_style(area, self.skin.style(if self.focused { Role::FieldFocus } else { Role::Field }));
        let above = rows(self.before, width);
        let (row, column) = (above.len() - 1, above.last().map_or(0, |l| text::width(l)));
        let all = rows(&format!("{}{}", self.before, self.after), width);
        let height = usize::from(area.height);
        let first = (row + 1).saturating_sub(height);
        for (line, y) in all.iter().skip(first).zip(area.top()..area.bottom()) {
            buf.set_stringn(area.x, y, line, width, self.skin.style(Role::Text));
        }
        buf.set_style(area, self.skin.style(if self.focused { Role::FieldFocus } else { Role::Field }));
        if self.focused {
            let at = Position { x: area.x + column.min(width) as u16, y: area.y + (row - first) as u16 };
            buf[at].set_style(Style::new().add_modifier(Modifier::REVERSED));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::draw;

    #[test]
    fn long_lines_go_on_below_and_the_cursor_stays_in_sight() {
        let skin = Skin::new(Theme::Dark, true);
        let typed = |before, after| TextBox { skin: &skin, before, after, focused: true };
        assert_eq!(draw(5, 3, &typed("abcdef\ng", "h")), ["abcd", "ef", "gh"]);
        assert_eq!(draw(5, 2, &typed("1\n2\n3", "\n4")), ["2", "3"]);
        assert_eq!(draw(5, 1, &typed("", "")), [""]);
    }
}
