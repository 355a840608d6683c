//! Drawing of the help.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Help;
use crate::screens::parts::Ctx;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Help {
    /// The title line.
    pub fn title(&self, _: &Ctx<'_>, _: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        (Phrase::of(Role::Title, "Keys").text(format!(" on the screen '{}'", self.title)), Vec::new())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, _: &Ctx<'_>, skin: &Skin) {
        let columns = [Column::left("KEYS").min(20), Column::left("WHAT THEY DO").stretch()];
        let widths = Widths::of(&columns, [Row::new(vec![Phrase::new("PgDn, Ctrl-D, Ctrl-F"), Phrase::new("x")])]);
        let row = |i: usize| {
            self.rows
                .get(i)
                .map(|(action, keys)| {
                    Row::new(vec![Phrase::of(Role::Key, keys.join(", ")), Phrase::new(action.help())])
                })
                .unwrap_or_default()
        };
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row);
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }
}
