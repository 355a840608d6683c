//! Drawing of the palette.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Palette;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Palette {
    /// What the title line says: left and right.
    #[must_use]
    pub fn title(&self) -> (Phrase<'static>, Phrase<'static>) {
        (Phrase::of(Role::Title, "Commands"), Phrase::default())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let typed = Phrase::of(Role::Key, " : ").add(Role::FieldFocus, format!("{}▏", self.field.value()));
        let used = format::lines(area, buf, skin, [typed]);
        let area = Rect { y: area.y + used, height: area.height - used, ..area };
        if self.shown.is_empty() {
            return format::empty(area, buf, skin, "No command matches.");
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
