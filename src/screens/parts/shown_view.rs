//! Drawing of the beginning of a file.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::shown::Made;
use super::view as format;
use crate::domain::preview::{Content, Grid, GridColumn, Preview};
use crate::present::number;
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
    let columns: Vec<Column<'_>> = grid.columns[from..].iter().map(|c| column(c).max(WIDEST)).collect();
    draw_columns(grid, &columns, Part { column: from, ..part }, area, buf, skin);
}

/// Draws the first columns of a table that are seen whole, where none can be scrolled, and says how many others there are,
/// and which key shows them.
pub fn draw_beginning(grid: &Grid, part: Part<'_>, key: &str, area: Rect, buf: &mut Buffer, skin: &Skin) {
    let mut columns: Vec<Column<'_>> = grid.columns.iter().map(|c| column(c).max(WIDEST)).collect();
    // What names the rows leaves room for their numbers.
    if let (Some(first), [named, _, ..]) = (columns.first_mut(), grid.columns.as_slice())
        && !named.numeric
    {
        *first = column(named).max(WIDEST.min(area.width / 2)).middle();
    }
    let whole = Table::whole(&columns, &widths(grid, &columns, 0), area.width);
    let columns_more = columns.len().saturating_sub(whole);
    columns.truncate(whole);
    let rows_more = |area: Rect| part.rows.len().saturating_sub(usize::from(area.height.saturating_sub(1)));
    let is_whole = columns_more + rows_more(area) == 0;
    let (table, _) = if is_whole { (area, area) } else { format::split_bottom(area, 1) };
    draw_columns(grid, &columns, Part { column: 0, ..part }, table, buf, skin);
    let count = |n: usize, what| (n > 0).then(|| number::count(n as u64, what));
    let more: Vec<String> =
        [count(columns_more, "column"), count(rows_more(table), "row")].into_iter().flatten().collect();
    if !more.is_empty() {
        let word = Phrase::of(Role::Muted, format!("   + {}, {key} shows all", more.join(" and ")));
        let used = u16::try_from(1 + part.rows.len()).unwrap_or(u16::MAX).min(table.height);
        let (_, below) = format::split_top(area, used);
        format::lines(below, buf, skin, [word.fit(usize::from(below.width), skin.symbols().ellipsis)]);
    }
}

fn column(column: &GridColumn) -> Column<'_> {
    match column.numeric {
        true => Column::point(column.title.as_str()),
        false => Column::left(column.title.as_str()),
    }
}

fn widths(grid: &Grid, columns: &[Column<'_>], from: usize) -> Widths {
    let sample: Vec<Phrase<'_>> = grid.columns[from..].iter().map(|c| Phrase::new(c.widest.as_str())).collect();
    Widths::of(columns, [Row::new(sample)])
}

fn draw_columns(grid: &Grid, columns: &[Column<'_>], part: Part<'_>, area: Rect, buf: &mut Buffer, skin: &Skin) {
    let widths = widths(grid, columns, part.column);
    let row = |i: usize| {
        let row = part.rows.get(i).and_then(|i| grid.rows.get(*i)).and_then(|row| row.get(part.column..));
        Row::new(row.unwrap_or_default().iter().map(|cell| Phrase::new(cell.as_str())).collect())
    };
    (&Table::new(skin, columns, &widths, part.rows.len(), &row).scrolled(part.offset)).render(area, buf);
}
