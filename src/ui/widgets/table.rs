//! A table of which only the visible rows are built.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use crate::ui::kept::{Kept, Piece};
use crate::ui::layout::{self, Align, Column, Placed, Widths};
use crate::ui::scroll;
use crate::ui::skin::{Role, Skin};
use crate::ui::text;
use crate::ui::{Draw as _, Phrase};

/// Cells before the first column: a blank, the cursor or the mark, a blank.
const GUTTER: u16 = 3;
/// Cells between two columns.
const GAP: u16 = 2;

/// A row: one phrase per column, in column order. Missing ones are blank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row<'a> {
    cells: Vec<Phrase<'a>>,
    across: bool,
    marked: bool,
    over: Option<Role>,
}

impl<'a> Row<'a> {
    pub fn new(cells: Vec<Phrase<'a>>) -> Self {
        Self { cells, ..Self::default() }
    }

    /// A phrase across all columns.
    pub fn across(phrase: Phrase<'a>) -> Self {
        Self { cells: vec![phrase], across: true, ..Self::default() }
    }

    /// Sets whether the user marked the row.
    pub fn marked(self, marked: bool) -> Self {
        Self { marked, ..self }
    }

    /// Applies a role's style to the whole row, such as [`Role::Muted`].
    pub fn over(self, role: Role) -> Self {
        Self { over: Some(role), ..self }
    }
}

impl<'a> AsRef<[Phrase<'a>]> for Row<'a> {
    fn as_ref(&self) -> &[Phrase<'a>] {
        &self.cells
    }
}

/// The column the rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sorted {
    /// Column index.
    pub column: usize,
    pub descending: bool,
}

/// A table. `row` is called for the visible rows only.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)]
pub struct Table<'a, 'r> {
    skin: &'a Skin,
    columns: &'a [Column<'a>],
    widths: &'a Widths,
    len: usize,
    row: &'a dyn Fn(usize) -> Row<'r>,
    offset: usize,
    cursor: Option<usize>,
    sorted: Option<Sorted>,
    header: bool,
    kept: Option<&'a Kept>,
}

impl<'a, 'r> Table<'a, 'r> {
    /// A table of `len` rows, with a header, unsorted, scrolled to the top, without a cursor.
    pub fn new(
        skin: &'a Skin,
        columns: &'a [Column<'a>],
        widths: &'a Widths,
        len: usize,
        row: &'a dyn Fn(usize) -> Row<'r>,
    ) -> Self {
        Self { skin, columns, widths, len, row, offset: 0, cursor: None, sorted: None, header: true, kept: None }
    }

    /// How many of the first columns are seen whole in a table of this width; at least one.
    pub fn whole(columns: &[Column<'_>], widths: &Widths, width: u16) -> usize {
        let room = width.saturating_sub(GUTTER);
        let fits = |placed: &&Placed| placed.x.saturating_add(placed.width) <= room;
        layout::place(columns, widths, u16::MAX, GAP).iter().take_while(fits).count().max(1)
    }

    /// Shows the cursor on a row, and scrolls from `offset` only as far as needed. [`Table::offset`] returns the offset
    /// to keep for the next frame.
    pub fn cursor(self, cursor: Option<usize>) -> Self {
        Self { cursor, ..self }
    }

    /// Sets the first visible row of the previous frame.
    pub fn scrolled(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    /// Marks the column the rows are sorted by.
    pub fn sorted(self, sorted: Option<Sorted>) -> Self {
        Self { sorted, ..self }
    }

    /// Copies rows that were painted before. Only one table of a screen may, and only if its rows depend on nothing that
    /// a movement of the cursor changes; see [`Kept::frame`].
    pub fn kept(self, kept: Option<&'a Kept>) -> Self {
        Self { kept, ..self }
    }

    /// Hides the header.
    pub fn without_header(self) -> Self {
        Self { header: false, ..self }
    }

    /// The first visible row in `area`, to keep for the next frame.
    pub fn offset(&self, area: Rect) -> usize {
        let height = self.body_height(area);
        match self.cursor {
            Some(cursor) => scroll::follow(self.offset, cursor, height, self.len, 1),
            None => scroll::clamp(self.offset, height, self.len),
        }
    }

    fn paint(&self, piece: Piece, area: Rect, buf: &mut Buffer, paint: impl FnOnce(&mut Buffer)) {
        match self.kept {
            Some(kept) => kept.paint(piece, area, buf, paint),
            None => paint(buf),
        }
    }

    /// Number of rows that fit into `area`: the page size.
    pub fn body_height(&self, area: Rect) -> usize {
        usize::from(area.height.saturating_sub(u16::from(self.header)))
    }

    fn draw_header(&self, area: Rect, buf: &mut Buffer, placed: &[Placed]) {
        for place in placed {
            let column = &self.columns[place.index];
            // Right-align the titles of numbers.
            let align = if column.align == Align::Point { Align::Right } else { column.align };
            let mut title = Phrase::of(Role::Heading, column.title.as_ref());
            if let Some(sorted) = self.sorted.filter(|s| s.column == place.index) {
                let s = self.skin.symbols();
                let mark = Phrase::of(Role::Heading, if sorted.descending { s.descending } else { s.ascending });
                // On the side opposite to the alignment, so that the title does not move.
                title = if align == Align::Left { title.join(mark) } else { mark.join(title) };
            }
            let title = if column.middle { self.shortened(title, place.width) } else { title };
            self.draw_cell(&title, Placed { point: place.width, ..*place }, align, area, buf, Style::new());
        }
    }

    fn draw_row(&self, index: usize, area: Rect, buf: &mut Buffer, placed: &[Placed]) {
        let row = (self.row)(index);
        let over = row.over.map_or(Style::new(), |r| self.skin.style(r));
        let selected = self.cursor == Some(index);
        if selected {
            // Under the cells: what has a colour of its own keeps it.
            buf.set_style(area, self.skin.style(Role::Selected));
        }
        let whole = [Placed { index: 0, x: 0, width: area.width.saturating_sub(GUTTER), point: 0 }];
        for place in if row.across { &whole } else { placed } {
            if let (Some(cell), Some(column)) = (row.cells.get(place.index), self.columns.get(place.index)) {
                let align = if row.across { Align::Left } else { column.align };
                if column.middle && !row.across && cell.width() > usize::from(place.width) {
                    self.draw_cell(&self.shortened(cell.clone(), place.width), *place, align, area, buf, over);
                } else {
                    self.draw_cell(cell, *place, align, area, buf, over);
                }
            }
        }
        let symbols = self.skin.symbols();
        let mark = match (selected, row.marked) {
            (_, true) => Phrase::of(Role::Marked, symbols.marked),
            (true, false) => Phrase::new(symbols.cursor),
            (false, false) => Phrase::default(),
        };
        let cursor = if selected && row.marked { symbols.cursor } else { " " };
        Phrase::new(cursor).join(mark).draw(Rect { width: area.width.min(GUTTER), ..area }, buf, self.skin);
        if selected {
            buf.set_style(area, Style { fg: None, ..self.skin.style(Role::Selected) });
        }
    }

    /// A name, without its middle. What has several pieces is no name.
    fn shortened<'p>(&self, cell: Phrase<'p>, width: u16) -> Phrase<'p> {
        let ellipsis = self.skin.symbols().ellipsis;
        let width = usize::from(width);
        if cell.pieces().count() == 1 { cell.middle(width, ellipsis) } else { cell.fit(width, ellipsis) }
    }

    fn draw_cell(&self, cell: &Phrase<'_>, place: Placed, align: Align, row: Rect, buf: &mut Buffer, over: Style) {
        let width = cell.width();
        let room = usize::from(place.width);
        let indent = match align {
            Align::Left => 0,
            Align::Right => room.saturating_sub(width),
            Align::Point => {
                usize::from(place.point).saturating_sub(text::point(&cell.plain())).min(room.saturating_sub(width))
            }
        } as u16;
        let x = row.x.saturating_add(GUTTER + place.x + indent);
        let area = Rect { x, width: place.width - indent, ..row }.intersection(row);
        cell.draw_over(area, buf, self.skin, over);
    }
}

impl Widget for &Table<'_, '_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.is_empty() {
            return;
        }
        let placed = layout::place(self.columns, self.widths, area.width.saturating_sub(GUTTER), GAP);
        let mut body = area;
        if self.header {
            let line = Rect { height: 1, ..area };
            self.paint(Piece::Head, line, buf, |buf| self.draw_header(line, buf, &placed));
            body = Rect { y: area.y + 1, height: area.height - 1, ..area };
        }
        let window = scroll::window(self.offset(area), usize::from(body.height), self.len);
        let mut y = body.y;
        for index in window.take(usize::from(body.height)) {
            let line = Rect { y, height: 1, ..body };
            let piece = Piece::Row(index, self.cursor == Some(index));
            self.paint(piece, line, buf, |buf| self.draw_row(index, line, buf, &placed));
            y += 1;
        }
        self.paint(Piece::Below, Rect { y, height: body.bottom() - y, ..body }, buf, |_| ());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::{buffer, draw};
    use std::cell::RefCell;

    fn columns() -> Vec<Column<'static>> {
        vec![
            Column::left("MODEL").min(6).max(20),
            Column::right("VER"),
            Column::left("VERDICT").rank(2).min(9),
            Column::point("AUC").rank(1),
        ]
    }

    fn row(i: usize) -> Row<'static> {
        let auc = ["0.9140", "12.84", "1", "…"][i % 4];
        Row::new(vec![
            Phrase::new(["telco-churn", "card-fraud", "猫-classifier", "x"][i % 4]),
            Phrase::of(Role::Candidate, format!("v{i}")),
            Phrase::of(Role::Good, "✓ ").text("pass 11/11"),
            Phrase::new(auc),
        ])
    }

    fn skin() -> Skin {
        Skin::new(Theme::Dark, true)
    }

    fn widths(rows: usize) -> Widths {
        Widths::of(&columns(), (0..rows).map(row))
    }

    #[test]
    fn names_are_shortened_in_the_middle_so_that_their_ends_tell_them_apart() {
        let skin = Skin::new(Theme::Dark, true);
        let columns = [Column::left("").max(11).middle(), Column::point("honest-trees-wide-2").max(11).middle()];
        let row = |i: usize| Row::new(vec![Phrase::new(format!("honest-trees-wide-{i}")), Phrase::new("1")]);
        let widths = Widths::of(&columns, [row(1)]);
        let table = Table::new(&skin, &columns, &widths, 2, &row);
        let lines = crate::ui::widgets::testing::lines(&buffer(30, 3, &table));
        assert!(lines[0].contains("hones…ide-2"), "{lines:?}");
        assert!(lines[1].contains("hones…ide-0") && lines[2].contains("hones…ide-1"), "{lines:?}");
    }

    #[test]
    fn cells_line_up_and_the_cursor_is_marked() {
        let (skin, columns, widths) = (skin(), columns(), widths(4));
        let table = Table::new(&skin, &columns, &widths, 4, &row).cursor(Some(1));
        assert_eq!(
            draw(60, 5, &table),
            [
                "   MODEL           VER  VERDICT           AUC",
                "   telco-churn      v0  ✓ pass 11/11   0.9140",
                " ▸ card-fraud       v1  ✓ pass 11/11  12.84",
                "   猫-classifier    v2  ✓ pass 11/11   1",
                "   x                v3  ✓ pass 11/11   …",
            ]
        );
    }

    #[test]
    fn columns_go_in_their_stated_order() {
        let (skin, columns, widths) = (skin(), columns(), widths(4));
        let table = Table::new(&skin, &columns, &widths, 1, &row);
        assert_eq!(draw(30, 2, &table)[0], "   MODEL          VER      AUC");
        assert_eq!(draw(27, 2, &table)[1], "   telco-ch…    v0   0.9140");
        assert_eq!(draw(18, 2, &table)[1], "   telco-ch…    v0");
    }

    #[test]
    fn a_row_across_takes_the_room_of_all_columns() {
        let (skin, columns, widths) = (skin(), columns(), widths(4));
        let row = |_| Row::across(Phrase::new("this says more than any one column holds"));
        let table = Table::new(&skin, &columns, &widths, 1, &row).without_header();
        assert_eq!(draw(50, 1, &table)[0], "   this says more than any one column holds");
    }

    #[test]
    fn only_visible_rows_are_asked_for() {
        let (skin, columns, widths) = (skin(), columns(), widths(4));
        let asked = RefCell::new(Vec::new());
        let row = |i| {
            asked.borrow_mut().push(i);
            row(i)
        };
        let table = Table::new(&skin, &columns, &widths, 100_000, &row).cursor(Some(50_000)).scrolled(49_999);
        draw(60, 4, &table);
        assert_eq!(*asked.borrow(), [49_999, 50_000, 50_001]);
        assert_eq!(table.offset(Rect::new(0, 0, 60, 4)), 49_999);
    }

    #[test]
    fn the_sorted_column_says_so_without_moving_any_other() {
        let (skin, columns, widths) = (skin(), columns(), widths(4));
        let plain = Table::new(&skin, &columns, &widths, 4, &row);
        let by = |column, descending| draw(60, 5, &plain.sorted(Some(Sorted { column, descending })));
        let plain = draw(60, 5, &plain);
        assert_eq!(by(0, true)[0], plain[0].replace("MODEL ", "MODEL↓"));
        assert_eq!(by(3, false)[0], plain[0].replace(" AUC", "↑AUC"));
        assert_eq!(by(3, false)[1..], plain[1..]);
    }

    #[test]
    fn the_cursor_row_is_painted_to_the_edge_and_keeps_its_roles() {
        let (skin, columns, widths) = (skin(), columns(), widths(4));
        let table = Table::new(&skin, &columns, &widths, 2, &row).cursor(Some(0));
        let buf = buffer(60, 3, &table);
        let selected = skin.style(Role::Selected);
        assert!((0..60).all(|x| buf[(x, 1)].style().bg == selected.bg));
        assert_eq!(buf[(20, 1)].style().fg, skin.style(Role::Candidate).fg);
    }

    #[test]
    fn a_marked_row_under_the_cursor_shows_both() {
        let (skin, columns, widths) = (skin(), columns(), widths(4));
        let row = |i| row(i).marked(true);
        let table = Table::new(&skin, &columns, &widths, 2, &row).cursor(Some(0)).without_header();
        let lines = draw(20, 2, &table);
        assert!(lines[0].starts_with("▸◆ telco") && lines[1].starts_with(" ◆ card"), "{lines:?}");
    }
}
