//! Drawing of the help.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{Help, HelpRow};
use crate::app::action::Action;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
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
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        if self.list.is_empty() {
            let message = format!("No key matches '{}'.", self.list.filter().query());
            return format::empty(area, buf, ctx, skin, &message, &[(Action::Back, "all keys")]);
        }
        let columns = [Column::left("KEYS").min(20), Column::left("WHAT THEY DO").stretch()];
        let widths = Widths::of(&columns, [Row::new(vec![Phrase::new("PgDn, Ctrl-D, Ctrl-F"), Phrase::new("x")])]);
        let row = |i: usize| match self.list.item(i, &self.rows) {
            Some(HelpRow::Heading(group)) => Row::across(Phrase::of(Role::Heading, group.heading())),
            Some(HelpRow::Key(action, keys)) => {
                Row::new(vec![Phrase::of(Role::Key, keys.join(", ")), Phrase::new(action.help())])
            }
            Some(HelpRow::Own(keys, name)) => {
                let name = Phrase::new(name.clone()).add(Role::Muted, "   your command");
                Row::new(vec![Phrase::of(Role::Key, keys.clone()), name])
            }
            None => Row::default(),
        };
        let table = Table::new(skin, &columns, &widths, self.list.len(), &row);
        (&table.scrolled(self.list.offset()).cursor(Some(self.list.cursor()))).render(area, buf);
    }
}
