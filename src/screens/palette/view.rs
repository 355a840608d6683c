//! Drawing of the palette.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Palette;
use super::entries::{Entry, Kind, Standing};
use crate::app::action::Action;
use crate::present::number;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Palette {
    /// The title line.
    pub fn title(&self, _: &Ctx<'_>, _: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        (Phrase::of(Role::Title, "Go to"), Vec::new())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let hits = match self.going || self.is_reading(ctx) {
            true => Phrase::of(Role::Muted, "reading … "),
            false => Phrase::of(Role::Muted, format!("{} ", number::count(self.rows.len() as u64, "hit"))),
        };
        let prompt = format::Prompt::new(skin, " : ", &self.field);
        let placeholder = "a model, NAME/VERSION, a run, an address, a tag, a target, a command";
        let area = prompt.placeholder(placeholder).hint(hits).draw(area, buf);
        if self.rows.is_empty() {
            let message = match self.is_reading(ctx) {
                true => "The list of models is still being read …".to_owned(),
                false => super::entries::nothing(self.field.value()),
            };
            return format::empty(area, buf, ctx, skin, &message, &[(Action::Back, "back")]);
        }
        let columns = [Column::left("").min(24).max(44), Column::left(""), Column::left("").min(12).stretch()];
        let names = self.rows.iter().take(500).filter_map(|row| self.entry(*row));
        let sample = names.map(|(entry, _)| cells(entry, skin)).map(Row::new);
        let widths = Widths::of(&columns, sample);
        let row = |i: usize| self.entry(i).map(|(entry, _)| line(entry, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).without_header();
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }
}

fn line(entry: &Entry, skin: &Skin) -> Row<'static> {
    match entry.kind {
        Kind::Refused => Row::across(Phrase::of(Role::Warn, format!("{} {}", skin.symbols().warn, entry.name))),
        _ => Row::new(cells(entry, skin)),
    }
}

fn cells(entry: &Entry, skin: &Skin) -> Vec<Phrase<'static>> {
    let symbols = skin.symbols();
    let name = match entry.standing {
        Standing::Production => Phrase::of(Role::Production, format!("{} {}", symbols.production, entry.name)),
        Standing::Candidate => Phrase::of(Role::Candidate, format!("{} {}", symbols.candidate, entry.name)),
        Standing::Other => Phrase::new(format!("  {}", entry.name)),
    };
    vec![name, Phrase::of(Role::Muted, entry.kind.word()), Phrase::of(Role::Muted, entry.note.clone())]
}
