//! What was painted in an earlier frame, for as long as nothing that it shows has changed: a cursor that moves over a
//! list paints two of its lines, the others are copied, and those that stay where they are need not be compared with the
//! terminal.

use std::cell::RefCell;
use std::collections::HashMap;

use ratatui::buffer::{Buffer, Cell, CellDiffOption};
use ratatui::layout::Rect;

/// Most pieces that are kept; more are painted again.
const MOST: usize = 512;

/// A piece of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// The headings of the columns.
    Head,
    /// What the list leaves empty.
    Below,
    /// The row of the list at this index, under the cursor or not.
    Row(usize, bool),
    /// What stands beside the list about the row at this index.
    Beside(usize),
}

/// The pieces of the list that is on the screen.
#[derive(Debug, Default)]
pub struct Kept(RefCell<Pieces>);

#[derive(Debug, Default)]
struct Pieces {
    edition: u64,
    painted: HashMap<Piece, (Rect, Vec<Cell>)>,
    /// Where they are in this frame.
    here: Vec<(Rect, Piece)>,
    /// Where they were in the frame that is on the terminal.
    before: Vec<(Rect, Piece)>,
    /// What is on the terminal already.
    same: Vec<Rect>,
}

impl Kept {
    /// Begins a frame. Forgets everything if it was painted in another edition: a number that changes with all but the
    /// place of the cursor and the first row in sight.
    pub fn renew(&self, edition: u64) {
        let pieces = &mut *self.0.borrow_mut();
        if pieces.edition != edition || pieces.painted.len() > MOST {
            *pieces = Pieces { edition, ..Pieces::default() };
        }
        std::mem::swap(&mut pieces.before, &mut pieces.here);
        pieces.here.clear();
        pieces.same.clear();
    }

    /// Something is drawn over the pieces of this frame.
    pub fn cover(&self) {
        self.0.borrow_mut().here.clear();
    }

    /// Ends a frame that is on the terminal: takes the marks off the cells that were not compared with it.
    pub fn settle(&self, buf: &mut Buffer) {
        for area in &self.0.borrow().same {
            mark(*area, buf, CellDiffOption::None);
        }
    }

    /// Paints the piece into the lines of `area`, or copies it from where it was painted in lines of that width.
    pub fn paint(&self, piece: Piece, area: Rect, buf: &mut Buffer, paint: impl FnOnce(&mut Buffer)) {
        let area = area.intersection(buf.area);
        if !self.copy(piece, area, buf) {
            paint(buf);
            let mut cells = Vec::with_capacity(area.area() as usize);
            area.rows().for_each(|row| cells.extend_from_slice(line(row, buf)));
            self.0.borrow_mut().painted.insert(piece, (area, cells));
        }
        let pieces = &mut *self.0.borrow_mut();
        if pieces.before.contains(&(area, piece)) {
            mark(area, buf, CellDiffOption::Skip);
            pieces.same.push(area);
        }
        pieces.here.push((area, piece));
    }

    fn copy(&self, piece: Piece, area: Rect, buf: &mut Buffer) -> bool {
        let pieces = self.0.borrow();
        let fits = |from: &Rect| (from.x, from.width, from.height) == (area.x, area.width, area.height);
        let Some((_, cells)) = pieces.painted.get(&piece).filter(|(from, _)| fits(from)) else { return false };
        let rows = cells.chunks(usize::from(area.width).max(1));
        area.rows().zip(rows).for_each(|(row, cells)| line(row, buf).clone_from_slice(cells));
        true
    }
}

fn mark(area: Rect, buf: &mut Buffer, option: CellDiffOption) {
    area.rows().for_each(|row| line(row, buf).iter_mut().for_each(|cell| cell.diff_option = option));
}

/// The cells of a row.
fn line(row: Rect, buf: &mut Buffer) -> &mut [Cell] {
    if row.is_empty() {
        return &mut [];
    }
    let start = buf.index_of(row.x, row.y);
    &mut buf.content[start..start + usize::from(row.width)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn painted(kept: &Kept, piece: Piece, area: Rect, text: &str) -> Vec<String> {
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 3));
        kept.paint(piece, area, &mut buf, |buf| buf.set_string(area.x, area.y, text, Style::new()));
        crate::ui::widgets::testing::lines(&buf)
    }

    #[test]
    fn a_piece_is_painted_once_and_again_in_another_edition_or_width() {
        let (kept, row) = (Kept::default(), Piece::Row(7, false));
        assert_eq!(painted(&kept, row, Rect::new(1, 0, 4, 1), "one"), [" one", "", ""]);
        assert_eq!(painted(&kept, row, Rect::new(1, 2, 4, 1), "two"), ["", "", " one"], "it scrolled");
        assert_eq!(painted(&kept, Piece::Row(7, true), Rect::new(1, 2, 4, 1), "two"), ["", "", " two"]);
        assert_eq!(painted(&kept, row, Rect::new(1, 0, 5, 1), "two"), [" two", "", ""]);
        kept.renew(1);
        assert_eq!(painted(&kept, row, Rect::new(1, 0, 5, 1), "six"), [" six", "", ""]);
    }

    #[test]
    fn what_stays_where_it_was_is_not_compared_with_the_terminal() {
        let kept = Kept::default();
        let frame = |y: u16, covered: bool| {
            let area = Rect::new(0, y, 3, 1);
            let mut buf = Buffer::empty(Rect::new(0, 0, 3, 2));
            kept.renew(1);
            kept.paint(Piece::Row(0, false), area, &mut buf, |buf| buf.set_string(0, y, "abc", Style::new()));
            let same = buf[(0, y)].diff_option == CellDiffOption::Skip;
            kept.settle(&mut buf);
            assert_eq!(buf[(0, y)].diff_option, CellDiffOption::None);
            if covered {
                kept.cover();
            }
            same
        };
        assert_eq!([frame(0, false), frame(0, false), frame(1, false)], [false, true, false]);
        assert_eq!([frame(1, true), frame(1, false), frame(1, false)], [true, false, true]);
    }

    #[test]
    fn a_piece_of_several_lines_keeps_them_apart() {
        let kept = Kept::default();
        let area = Rect::new(2, 1, 3, 2);
        let paint = |buf: &mut Buffer| {
            buf.set_string(2, 1, "abc", Style::new());
            buf.set_string(2, 2, "def", Style::new());
        };
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 3));
        kept.paint(Piece::Beside(0), area, &mut buf, paint);
        assert_eq!(painted(&kept, Piece::Beside(0), area, "never"), ["", "  abc", "  def"]);
        assert_eq!(painted(&kept, Piece::Beside(0), Rect::new(9, 0, 3, 2), "outside"), ["", "", ""]);
    }
}
