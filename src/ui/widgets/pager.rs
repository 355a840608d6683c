//! A long text of which only the visible lines are built.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::ui::scroll;
use crate::ui::skin::Skin;
use crate::ui::{Draw as _, Phrase};

/// Scrollable lines. `line` is called for the visible ones only; wrap beforehand with [`Phrase::wrap`].
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)]
pub struct Pager<'a, 'l> {
    skin: &'a Skin,
    len: usize,
    line: &'a dyn Fn(usize) -> Phrase<'l>,
    offset: usize,
}

impl<'a, 'l> Pager<'a, 'l> {
    /// A text of `len` lines, scrolled by `offset` as far as possible.
    pub fn new(skin: &'a Skin, len: usize, offset: usize, line: &'a dyn Fn(usize) -> Phrase<'l>) -> Self {
        Self { skin, len, line, offset }
    }

    /// The first visible line in `area`, to keep for the next frame.
    pub fn offset(&self, area: Rect) -> usize {
        scroll::clamp(self.offset, usize::from(area.height), self.len)
    }
}

impl Widget for &Pager<'_, '_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let visible = area.intersection(buf.area);
        let window = scroll::window(self.offset(area), usize::from(visible.height), self.len);
        for (index, y) in window.zip(visible.top()..visible.bottom()) {
            (self.line)(index).draw(Rect { y, height: 1, ..visible }, buf, self.skin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::draw;
    use std::cell::Cell;

    #[test]
    fn only_visible_lines_are_built_and_the_end_fills_the_view() {
        let skin = Skin::new(Theme::Dark, true);
        let built = Cell::new(0);
        let line = |i| {
            built.set(built.get() + 1);
            Phrase::new(format!("line {i}"))
        };
        let pager = Pager::new(&skin, 1000, 5000, &line);
        assert_eq!(draw(20, 3, &pager), ["line 997", "line 998", "line 999"]);
        assert_eq!((built.get(), pager.offset(Rect::new(0, 0, 20, 3))), (3, 997));
    }
}
