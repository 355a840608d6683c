//! The frame of a dialog, the only widget with a border.

use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::bars::{inset, share};
use crate::ui::skin::{Role, Skin};
use crate::ui::{Draw as _, Phrase};

/// A frame that covers what is below it.
#[derive(Clone, Debug)]
pub struct Dialog<'a> {
    pub skin: &'a Skin,
    /// In the top border, at the left.
    pub title: Phrase<'a>,
    /// In the top border, at the right.
    pub right: Phrase<'a>,
    /// Whether the dialog confirms an irreversible action.
    pub danger: bool,
}

impl Dialog<'_> {
    /// The area inside the frame, two columns away from its sides.
    pub fn inner(area: Rect) -> Rect {
        let (dx, dy) = (3.min(area.width / 2), 1.min(area.height / 2));
        Rect { x: area.x + dx, y: area.y + dy, width: area.width - 2 * dx, height: area.height - 2 * dy }
    }
}

impl Widget for &Dialog<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        clear(area, buf, self.skin);
        let style = self.skin.style(if self.danger { Role::BorderDanger } else { Role::Border });
        let s = self.skin.symbols();
        let [top_left, top_right, bottom_left, bottom_right, side] = s.frame;
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        let mut put = |x, y, symbol: &str| {
            buf.set_stringn(x, y, symbol, 1, style);
        };
        for x in area.left()..area.right() {
            put(x, area.y, s.line);
            put(x, bottom, s.line);
        }
        for y in area.top()..area.bottom() {
            put(area.x, y, side);
            put(right, y, side);
        }
        put(area.x, area.y, top_left);
        put(right, area.y, top_right);
        put(area.x, bottom, bottom_left);
        put(right, bottom, bottom_right);
        let top = inset(Rect { height: 1, ..area });
        let spaced = |phrase: &Phrase<'_>| {
            let phrase = phrase.clone().into_owned();
            if phrase.is_empty() { phrase } else { Phrase::new(" ").join(phrase).text(" ") }
        };
        let (title, right) = (spaced(&self.title), spaced(&self.right));
        let (title_area, right_area) = share(top, &title, &right, 8);
        title.draw(title_area, buf, self.skin);
        right.draw(right_area, buf, self.skin);
    }
}

/// Clears an area. Also clears a wide character that overlaps it from the left: half of it would hide the frame.
fn clear(area: Rect, buf: &mut Buffer, skin: &Skin) {
    for y in area.top()..area.bottom() {
        if area.x > buf.area.x && buf[(area.x - 1, y)].symbol().cell_width() > 1 {
            buf[(area.x - 1, y)].set_symbol(" ");
        }
        for x in area.left()..area.right() {
            buf[(x, y)].reset();
        }
    }
    buf.set_style(area, skin.style(Role::Text));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::{draw, lines};

    fn dialog(skin: &Skin) -> Dialog<'_> {
        Dialog { skin, title: Phrase::of(Role::Title, "APPROVE"), right: Phrase::new("staging"), danger: true }
    }

    #[test]
    fn the_frame_carries_its_titles() {
        let skin = Skin::new(Theme::Dark, true);
        assert_eq!(
            draw(30, 3, &dialog(&skin)),
            ["┌ APPROVE ────────── staging ┐", "│                            │", "└────────────────────────────┘",]
        );
        let plain = Skin::new(Theme::Dark, false);
        assert_eq!(draw(12, 2, &dialog(&plain)), ["+ APPROVE -+", "+----------+"]);
    }

    #[test]
    fn what_is_under_a_dialog_is_gone_and_half_a_character_does_not_hide_it() {
        let skin = Skin::new(Theme::Dark, true);
        let mut buf = Buffer::with_lines(["猫猫猫猫猫猫"]);
        dialog(&skin).render(Rect::new(1, 0, 6, 1), &mut buf);
        let line = lines(&buf).remove(0);
        assert!(line.starts_with(" └") && line.contains("猫"), "{line}");
    }

    #[test]
    fn the_danger_frame_looks_different() {
        for theme in Theme::ALL {
            let skin = Skin::new(theme, true);
            assert_ne!(skin.style(Role::Border), skin.style(Role::BorderDanger), "{theme:?}");
        }
    }

    #[test]
    fn what_is_inside_keeps_away_from_the_frame() {
        assert_eq!(Dialog::inner(Rect::new(10, 7, 60, 10)), Rect::new(13, 8, 54, 8));
        assert_eq!(Dialog::inner(Rect::new(0, 0, 2, 1)), Rect::new(1, 0, 0, 1));
    }
}
