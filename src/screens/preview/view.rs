//! Drawing of the beginning of a file.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{MARGIN, Made, Preview};
use crate::domain::preview::{Content, Grid};
use crate::domain::text::clean_line;
use crate::preview::hex_line;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Pager, Picture, Row, Table, TerminalPicture};

/// Maximum columns of a table cell.
const WIDEST: u16 = 40;

impl Preview {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let left =
            Phrase::of(Role::Title, clean_line(&self.path)).text("  ").join(format::owner(&self.owner, ctx, skin));
        let right = ctx
            .cache
            .slot(&self.query())
            .map(|slot| format::freshness(slot.loading.is_some(), slot.failure.is_some(), slot.read_at, skin));
        (left, right.into_iter().collect())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let area = format::save_line(&self.save, area, buf, skin);
        let slot = ctx.cache.slot(&self.query());
        let failure = slot.and_then(|s| s.failure.as_ref());
        let area = format::banner(area, buf, skin, failure, slot.and_then(|s| s.read_at));
        let Some(file) = self.file() else {
            if failure.is_none() {
                format::empty(area, buf, skin, "reading the file …", &[]);
            }
            return;
        };
        let above = self.above(file, ctx.width);
        let used = format::lines(area, buf, skin, above);
        let (_, area) = format::split_top(area, used);
        let inner = Rect { x: area.x + MARGIN, width: area.width.saturating_sub(2 * MARGIN), ..area };
        match (&self.made, &file.content) {
            (Made::Lines(lines), _) => {
                let line = |i: usize| self.shown.get(i).and_then(|i| lines.get(*i)).cloned().unwrap_or_default();
                (&Pager::new(skin, self.shown.len(), self.offset, &line)).render(inner, buf);
            }
            (Made::Picture(p), _) => {
                (&Picture { skin, width: p.width, height: p.height, rgb: &p.rgb }).render(inner, buf);
            }
            (Made::Graphic(g), _) => {
                let cell = |at: usize| g.cells.get(at)?.as_ref().map(|c| (c.symbol.as_str(), c.colour));
                (&TerminalPicture { columns: g.columns, rows: g.rows, cell: &cell }).render(inner, buf);
            }
            (_, Content::Table(grid)) => self.draw_grid(grid, area, buf, skin),
            (_, Content::Bytes(bytes)) => {
                let line = |i: usize| {
                    let (at, numbers, text) = hex_line(bytes, i).unwrap_or_default();
                    Phrase::of(Role::Muted, at).text(format!("  {numbers}  ")).add(Role::Key, text)
                };
                (&Pager::new(skin, bytes.len().div_ceil(16), self.offset, &line)).render(inner, buf);
            }
            // Not laid out before the first size is known.
            (Made::Nothing, Content::Text(_) | Content::Picture(_)) => {}
        }
        if matches!(&file.content, Content::Bytes(b) if b.is_empty()) || is_empty(&file.content) {
            format::empty(area, buf, skin, "The file is empty.", &[("Esc", "back")]);
        }
    }

    fn draw_grid(&self, grid: &Grid, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let from = self.column.min(grid.columns.len().saturating_sub(1));
        let columns: Vec<Column<'_>> = grid.columns[from..]
            .iter()
            .map(|c| if c.numeric { Column::point(c.title.as_str()) } else { Column::left(c.title.as_str()) })
            // Columns never shrink: they are cut at the screen's edge and can be scrolled.
            .map(|c| c.max(WIDEST))
            .collect();
        let sample: Vec<Phrase<'_>> = grid.columns[from..].iter().map(|c| Phrase::new(c.widest.as_str())).collect();
        let widths = Widths::of(&columns, [Row::new(sample)]);
        let row = |i: usize| {
            let cells =
                self.shown.get(i).and_then(|i| grid.rows.get(*i)).and_then(|row| row.get(from..)).unwrap_or_default();
            Row::new(cells.iter().map(|cell| Phrase::new(cell.as_str())).collect())
        };
        let table = Table::new(skin, &columns, &widths, self.shown.len(), &row);
        (&table.scrolled(self.offset)).render(area, buf);
    }
}

fn is_empty(content: &Content) -> bool {
    matches!(content, Content::Text(lines) if lines.iter().all(|l| l.pieces.iter().all(|(_, t)| t.is_empty())))
}
