//! The background, and the message for a terminal that is too small.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use crate::ui::layout::SMALLEST;
use crate::ui::skin::{Role, Skin};
use crate::ui::{Draw as _, Phrase};

/// Fills an area with the style of ordinary text. Draw it first, for themes with their own background.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    pub skin: &'a Skin,
}

impl Widget for &Ground<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let style = self.skin.style(Role::Text);
        if style != Style::new() {
            buf.set_style(area, style);
        }
    }
}

/// A message with the required terminal size.
#[derive(Clone, Copy, Debug)]
pub struct TooSmall<'a> {
    pub skin: &'a Skin,
}

impl Widget for &TooSmall<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let (width, height) = SMALLEST;
        let text = format!("{}x{} is too small: make it {width}x{height} or more. q quits.", area.width, area.height);
        let lines = Phrase::of(Role::Warn, text).wrap(usize::from(area.width), 0);
        for (line, y) in lines.iter().zip(area.top()..area.bottom()) {
            line.draw(Rect { y, height: 1, ..area }, buf, self.skin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::{buffer, draw};

    #[test]
    fn a_small_terminal_is_told_what_it_needs() {
        let skin = Skin::new(Theme::Dark, true);
        let lines = draw(30, 4, &TooSmall { skin: &skin });
        assert_eq!(lines.join(" ").trim(), "30x4 is too small: make it 60x15 or more. q quits.");
    }

    #[test]
    fn a_theme_with_a_ground_of_its_own_covers_the_screen() {
        let skin = Skin::new(Theme::HighContrast, true);
        let buf = buffer(4, 2, &Ground { skin: &skin });
        assert!(buf.content.iter().all(|c| c.style().bg == skin.style(Role::Text).bg));
    }
}
