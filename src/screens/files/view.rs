//! Drawing of the files of a version.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{FileRow, Files, Kind};
use crate::app::action::Action;
use crate::domain::artifact::human_size;
use crate::screens::parts::view as format;
use crate::screens::parts::{Component as _, Ctx};
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Files {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let left = format::owner(&self.owner, ctx, skin).add(Role::Muted, "  files");
        let needs = self.needs(ctx);
        let reading = needs.iter().any(|q| ctx.cache.is_loading(q));
        let unread = self.owner.failure(ctx.cache).is_some();
        let failed = unread || needs.iter().any(|q| ctx.cache.failure(q).is_some());
        let read_at = needs.iter().filter_map(|q| ctx.cache.slot(q)?.read_at).min();
        (left, vec![format::freshness(reading, failed, read_at, ctx, skin)])
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let area = format::save_line(&self.save, area, buf, ctx, skin);
        let failure = self.owner.failure(ctx.cache);
        let area = format::banner(area, buf, ctx, skin, failure, self.owner.read_at(ctx.cache));
        if self.rows.is_empty() {
            let known = self.owner.roots(ctx.cache).is_some();
            let (message, keys): (&str, &[_]) = match (known, self.filter.query()) {
                (false, _) if failure.is_some() => ("", &[]),
                (false, _) => ("reading the version …", &[]),
                (true, "") => {
                    ("This version has no files: it names no run and no logged model.", &[(Action::Back, "back")])
                }
                (true, _) => ("No matching file was read.", &[(Action::Back, "clears the filter")]),
            };
            return format::empty(area, buf, ctx, skin, message, keys);
        }
        let columns = [Column::left("").min(20).stretch(), Column::right("").min(10)];
        let widths = Widths::of(&columns, [Row::new(vec![Phrase::new("x"), Phrase::new("1023.9 KiB")])]);
        let row = |i: usize| self.rows.get(i).map(|r| draw_row(r, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).without_header();
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }
}

fn draw_row(row: &FileRow, skin: &Skin) -> Row<'static> {
    let symbols = skin.symbols();
    let indent = Phrase::new("  ".repeat(row.depth));
    let fold = if row.open { "- " } else { "+ " };
    match &row.kind {
        Kind::Root(_) => Row::new(vec![Phrase::of(Role::Muted, fold).add(Role::Heading, row.name.clone())]),
        Kind::Folder => Row::new(vec![indent.add(Role::Muted, fold).add(Role::Link, format!("{}/", row.name))]),
        Kind::File(size) => {
            let size = size.map(human_size).unwrap_or_default();
            Row::new(vec![indent.text(format!("  {}", row.name)), Phrase::of(Role::Muted, size)])
        }
        Kind::Word(word) => Row::across(indent.add(Role::Muted, format!("  {word}"))),
        Kind::Failed { first } => {
            let mark = if *first { symbols.block } else { " " };
            Row::across(indent.add(Role::Bad, format!("  {mark} {}", row.name)))
        }
    }
}
