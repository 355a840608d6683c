//! Drawing of the palette.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Palette;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Palette {
    /// The title line.
    pub fn title(&self, _: &Ctx<'_>, _: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        (Phrase::of(Role::Title, "Commands"), Vec::new())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, _: &Ctx<'_>, skin: &Skin) {
        let area = format::Prompt::new(skin, " : ", &self.field).draw(area, buf);
        if self.shown.is_empty() {
            return format::empty(area, buf, skin, "No command matches.", &[("Esc", "back")]);
        }
        let columns = [Column::left("").min(20), Column::left("").stretch()];
        let widths = Widths::of(&columns, [Row::new(vec![Phrase::new("Ctrl-D, PgDn, Ctrl-F"), Phrase::new("x")])]);
        let row = |i: usize| {
            self.shown
                .get(i)
                .and_then(|i| self.commands.get(*i))
                .map(|(action, keys)| {
                    Row::new(vec![Phrase::of(Role::Key, keys.join(", ")), Phrase::new(action.help())])
                })
                .unwrap_or_default()
        };
        let table = Table::new(skin, &columns, &widths, self.shown.len(), &row).without_header();
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }
}
