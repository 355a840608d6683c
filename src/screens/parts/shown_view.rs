//! Drawing of the beginning of a file.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::shown::Made;
use crate::domain::preview::{Content, Grid, Preview};
use crate::preview::hex_line;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Cells, Pager, Picture, Row, Table, TerminalPicture};

/// Maximum columns of a table cell.
const WIDEST: u16 = 40;

/// What of a text or a table is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Lines or rows, in order.
    pub rows: &'a [usize],
    /// The first visible one of them.
    pub offset: usize,
    /// The first visible column of a table.
    pub column: usize,
}

/// Draws a file as it was laid out.
pub fn draw(file: &Preview, made: &Made, part: Part<'_>, area: Rect, buf: &mut Buffer, skin: &Skin) {
    let picture = |p: &crate::domain::preview::Picture, cells, buf: &mut Buffer| {
        (&Picture { skin, cells, width: p.width, height: p.height, rgb: &p.rgb }).render(area, buf);
    };
    match (made, &file.content) {
        (Made::Lines(lines), _) => {
            let line = |i: usize| part.rows.get(i).and_then(|i| lines.get(*i)).cloned().unwrap_or_default();
            (&Pager::new(skin, part.rows.len(), part.offset, &line)).render(area, buf);
        }
        (Made::Blocks(p), _) => picture(p, Cells::Halves, buf),
        (Made::Sextants(p), _) => picture(p, Cells::Sextants, buf),
        (Made::Octants(p), _) => picture(p, Cells::Octants, buf),
        (Made::Graphic(g), _) => {
            let cell = |at: usize| g.cells.get(at)?.as_ref().map(|c| (c.symbol.as_str(), c.colour));
            (&TerminalPicture { columns: g.columns, rows: g.rows, cell: &cell }).render(area, buf);
        }
        (Made::Nothing, Content::Table(grid)) => draw_grid(grid, part, area, buf, skin),
        (Made::Nothing, Content::Bytes(bytes)) => {
            let line = |i: usize| {
                let (at, numbers, text) = hex_line(bytes, i).unwrap_or_default();
                Phrase::of(Role::Muted, at).text(format!("  {numbers}  ")).add(Role::Key, text)
            };
            (&Pager::new(skin, bytes.len().div_ceil(16), part.offset, &line)).render(area, buf);
        }
        // Not laid out before the first size is known.
        (Made::Nothing, Content::Text(_) | Content::Picture(_)) => {}
    }
}

/// Draws a table. Columns never shrink: they are cut at the edge and can be scrolled.
pub fn draw_grid(grid: &Grid, part: Part<'_>, area: Rect, buf: &mut Buffer, skin: &Skin) {
    let from = part.column.min(grid.columns.len().saturating_sub(1));
    let columns: Vec<Column<'_>> = grid.columns[from..]
        .iter()
        .map(|c| if c.numeric { Column::point(c.title.as_str()) } else { Column::left(c.title.as_str()) })
        .map(|c| c.max(WIDEST))
        .collect();
    let sample: Vec<Phrase<'_>> = grid.columns[from..].iter().map(|c| Phrase::new(c.widest.as_str())).collect();
    let widths = Widths::of(&columns, [Row::new(sample)]);
    let row = |i: usize| {
        let cells =
            part.rows.get(i).and_then(|i| grid.rows.get(*i)).and_then(|row| row.get(from..)).unwrap_or_default();
        Row::new(cells.iter().map(|cell| Phrase::new(cell.as_str())).collect())
    };
    (&Table::new(skin, &columns, &widths, part.rows.len(), &row).scrolled(part.offset)).render(area, buf);
}
