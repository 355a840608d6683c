//! What was painted in an earlier frame, for as long as nothing that it shows has changed: a cursor that moves over a
//! list paints two of its lines. The others stay where they are, or are copied if they scrolled.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher, Hash};

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Style;

/// Most cells that are kept, in screens: beyond that only what is in sight.
const MOST: usize = 8;

/// A piece of the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Piece {
    /// A line that every screen has.
    Bar(Bar),
    /// The headings of the columns.
    Head,
    /// What the list leaves empty.
    Below,
    /// The row of the list at this index, under the cursor or not.
    Row(usize, bool),
    /// What stands beside the list about the row at this index.
    Beside(usize),
}

/// The lines of every screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bar {
    Header,
    UpperRule,
    LowerRule,
    Footer,
}

/// The pieces of the screen, and of the list that is on it.
#[derive(Debug, Default)]
pub struct Kept(RefCell<Pieces>);

/// Tells whether what was painted still holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fresh {
    /// Changes with all but the place of the cursor, the first row in sight and the time.
    pub edition: u64,
    /// The time, in whole seconds; see [`Kept::holds`].
    pub second: i64,
}

/// A piece as it was painted.
#[derive(Debug)]
struct Painted {
    area: Rect,
    cells: Vec<Cell>,
    /// The second from which on it does not hold.
    until: i64,
}

#[derive(Debug, Default)]
struct Pieces {
    fresh: Fresh,
    /// The second from which on what is being painted does not hold.
    until: i64,
    /// The style of what is blank.
    ground: Style,
    painted: HashMap<Piece, Painted>,
    /// How many cells were painted since the last look at what is kept.
    cells: usize,
    /// The hash of what a bar says.
    said: HashMap<Bar, u64>,
    /// What is where in this frame, in the order in which it was painted.
    here: Vec<(Rect, Piece)>,
    /// The same of the frame before, which is in the buffer.
    before: Vec<(Rect, Piece)>,
    /// Areas of pieces that are not as they were in the frame before.
    changed: Vec<Rect>,
    /// What the pieces leave of the buffer, line by line.
    open: Vec<Rect>,
    /// A piece has another place than the one before it had.
    moved: bool,
    /// Something is drawn over the pieces.
    covered: bool,
}

impl Kept {
    /// Paints a frame into a buffer that has the frame before, and returns the areas in which it may differ from that.
    /// Everything is painted again if that was another edition. What `paint` does not paint as a piece is blank before,
    /// in the style `ground`.
    pub fn frame(
        &self,
        fresh: Fresh,
        ground: Style,
        buf: &mut Buffer,
        mut paint: impl FnMut(&mut Buffer),
    ) -> Vec<Rect> {
        self.begin(fresh, ground, buf);
        paint(buf);
        if !self.fits() {
            // The lines of the screen are divided in another way.
            self.0.borrow_mut().here.clear();
            self.begin(fresh, ground, buf);
            paint(buf);
        }
        let pieces = &mut *self.0.borrow_mut();
        if pieces.before.is_empty() {
            pieces.open = gaps(buf.area, &pieces.here);
        }
        if pieces.before.is_empty() || pieces.covered {
            return vec![buf.area];
        }
        pieces.changed.extend_from_slice(&pieces.open);
        std::mem::take(&mut pieces.changed)
    }

    /// Something is drawn over the pieces of this frame.
    pub fn cover(&self) {
        self.0.borrow_mut().covered = true;
    }

    /// Paints the piece into the lines of `area`, unless it is there, or copies it from where it was painted in lines of
    /// that width.
    pub fn paint(&self, piece: Piece, area: Rect, buf: &mut Buffer, paint: impl FnOnce(&mut Buffer)) {
        let area = area.intersection(buf.area);
        if self.0.borrow_mut().place(piece, area, buf) {
            return;
        }
        self.0.borrow_mut().until = i64::MAX;
        paint(buf);
        let mut cells = Vec::with_capacity(area.area() as usize);
        area.rows().for_each(|row| cells.extend_from_slice(line(row, buf)));
        let pieces = &mut *self.0.borrow_mut();
        pieces.cells += cells.len();
        pieces.painted.insert(piece, Painted { area, cells, until: pieces.until });
    }

    /// What is being painted holds until this second of the time: later it is painted again.
    pub fn holds(&self, until: i64) {
        let pieces = &mut *self.0.borrow_mut();
        pieces.until = pieces.until.min(until);
    }

    /// Paints a line, unless it is there and says the same: its text depends on nothing but the edition and `said`.
    pub fn bar(&self, bar: Bar, said: impl Hash, area: Rect, buf: &mut Buffer, paint: impl FnOnce(&mut Buffer)) {
        let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(said);
        {
            let pieces = &mut *self.0.borrow_mut();
            if pieces.said.insert(bar, hash) != Some(hash) {
                pieces.painted.remove(&Piece::Bar(bar));
            }
        }
        self.paint(Piece::Bar(bar), area, buf, paint);
    }

    fn begin(&self, fresh: Fresh, ground: Style, buf: &mut Buffer) {
        let pieces = &mut *self.0.borrow_mut();
        if pieces.fresh.edition != fresh.edition || pieces.covered {
            *pieces = Pieces { ground, ..Pieces::default() };
        }
        if pieces.cells > MOST * buf.content.len() {
            let here = &pieces.here;
            pieces.painted.retain(|piece, _| here.iter().any(|(_, there)| there == piece));
            pieces.cells = pieces.painted.values().map(|painted| painted.cells.len()).sum();
        }
        pieces.fresh = fresh;
        std::mem::swap(&mut pieces.before, &mut pieces.here);
        pieces.here.clear();
        pieces.changed.clear();
        pieces.moved = false;
        match pieces.before.is_empty() {
            true => clear(buf.area, buf, ground),
            false => pieces.open.iter().for_each(|open| clear(*open, buf, ground)),
        }
    }

    /// Whether the pieces that stayed in the buffer are those of this frame.
    fn fits(&self) -> bool {
        let pieces = self.0.borrow();
        pieces.before.is_empty() || !pieces.moved && pieces.here.len() == pieces.before.len()
    }
}

impl Pieces {
    /// Puts a piece in its place, if it was painted before.
    fn place(&mut self, piece: Piece, area: Rect, buf: &mut Buffer) -> bool {
        let before = self.before.get(self.here.len()).copied();
        self.here.push((area, piece));
        let painted = self.painted.get(&piece).filter(|painted| self.fresh.second < painted.until);
        if before == Some((area, piece)) && painted.is_some() {
            return true;
        }
        self.changed.push(area);
        self.moved |= before.is_none_or(|(there, _)| there != area);
        let fits = |from: Rect| (from.x, from.width, from.height) == (area.x, area.width, area.height);
        let Some(painted) = painted.filter(|painted| fits(painted.area)) else {
            clear(area, buf, self.ground);
            return false;
        };
        let rows = painted.cells.chunks(usize::from(area.width).max(1));
        area.rows().zip(rows).for_each(|(row, cells)| line(row, buf).clone_from_slice(cells));
        true
    }
}

/// What the pieces leave of `area`, line by line.
fn gaps(area: Rect, pieces: &[(Rect, Piece)]) -> Vec<Rect> {
    let mut gaps = Vec::new();
    for row in area.rows() {
        let mut x = row.x;
        let on = |taken: &&Rect| taken.top() <= row.y && row.y < taken.bottom();
        let mut there: Vec<&Rect> = pieces.iter().map(|(area, _)| area).filter(on).collect();
        there.sort_by_key(|taken| taken.x);
        for taken in there {
            if taken.x > x {
                gaps.push(Rect { x, width: taken.x - x, ..row });
            }
            x = x.max(taken.right());
        }
        if row.right() > x {
            gaps.push(Rect { x, width: row.right() - x, ..row });
        }
    }
    gaps
}

fn clear(area: Rect, buf: &mut Buffer, ground: Style) {
    area.rows().for_each(|row| line(row, buf).iter_mut().for_each(Cell::reset));
    if ground != Style::new() {
        buf.set_style(area, ground);
    }
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
    use crate::ui::widgets::testing::lines;

    /// A frame of the pieces, each with its text.
    fn frame(kept: &Kept, edition: u64, buf: &mut Buffer, pieces: &[(Piece, Rect, &str)]) -> Vec<Rect> {
        kept.frame(Fresh { edition, second: 0 }, Style::new(), buf, |buf| {
            for (piece, area, text) in pieces {
                kept.paint(*piece, *area, buf, |buf| {
                    for (line, row) in text.split('/').zip(area.rows()) {
                        buf.set_string(row.x, row.y, line, Style::new());
                    }
                });
            }
        })
    }

    fn buffer() -> Buffer {
        Buffer::filled(Rect::new(0, 0, 8, 3), Cell::new("?"))
    }

    #[test]
    fn a_piece_is_painted_once_and_again_in_another_edition_or_width() {
        let (kept, row, mut buf) = (Kept::default(), Piece::Row(7, false), buffer());
        let mut drawn = |edition, piece, area, text| {
            frame(&kept, edition, &mut buf, &[(piece, area, text)]);
            lines(&buf)
        };
        assert_eq!(drawn(1, row, Rect::new(1, 0, 4, 1), "one"), [" one", "", ""]);
        assert_eq!(drawn(1, row, Rect::new(1, 2, 4, 1), "two"), ["", "", " one"], "it scrolled");
        assert_eq!(drawn(1, Piece::Row(7, true), Rect::new(1, 2, 4, 1), "two"), ["", "", " two"]);
        assert_eq!(drawn(1, row, Rect::new(1, 0, 5, 1), "two"), [" two", "", ""]);
        assert_eq!(drawn(2, row, Rect::new(1, 0, 5, 1), "six"), [" six", "", ""]);
    }

    #[test]
    fn what_stays_where_it_was_has_not_changed() {
        let (kept, mut buf) = (Kept::default(), buffer());
        let (upper, lower) = (Rect::new(0, 0, 3, 1), Rect::new(0, 1, 3, 1));
        let mut drawn = |pieces: &[(Piece, Rect, &str)]| frame(&kept, 1, &mut buf, pieces);
        let (one, two) = ((Piece::Row(0, false), upper, "abc"), (Piece::Row(1, false), lower, "def"));
        assert_eq!(drawn(&[one, two]), [Rect::new(0, 0, 8, 3)]);
        let beside = [Rect::new(3, 0, 5, 1), Rect::new(3, 1, 5, 1), Rect::new(0, 2, 8, 1)];
        assert_eq!(drawn(&[one, two]), beside);
        let marked = (Piece::Row(1, true), lower, "DEF");
        assert_eq!(drawn(&[one, marked]), [lower, beside[0], beside[1], beside[2]]);
        assert_eq!(drawn(&[marked]), [Rect::new(0, 0, 8, 3)], "there are fewer lines");
        assert_eq!(lines(&buf), ["", "DEF", ""]);
    }

    #[test]
    fn after_something_was_drawn_over_the_pieces_all_is_painted() {
        let (kept, mut buf) = (Kept::default(), buffer());
        let piece = (Piece::Head, Rect::new(0, 0, 3, 1), "abc");
        frame(&kept, 1, &mut buf, &[piece]);
        let all = kept.frame(Fresh { edition: 1, second: 0 }, Style::new(), &mut buf, |buf| {
            kept.paint(piece.0, piece.1, buf, |_| ());
            buf.set_string(1, 0, "xx", Style::new());
            kept.cover();
        });
        assert_eq!((all, lines(&buf)[0].as_str()), (vec![buf.area], "axx"));
        assert_eq!(frame(&kept, 1, &mut buf, &[piece]), [buf.area]);
        assert_eq!(lines(&buf), ["abc", "", ""]);
        assert_eq!(frame(&kept, 1, &mut buf, &[piece]).len(), 3);
    }

    #[test]
    fn what_says_a_time_is_painted_again_when_that_is_over() {
        let (kept, mut buf) = (Kept::default(), buffer());
        let mut drawn = |second: i64| {
            kept.frame(Fresh { edition: 1, second }, Style::new(), &mut buf, |buf| {
                for (row, until) in [(0, i64::MAX), (1, 60)] {
                    let area = Rect::new(0, row, 8, 1);
                    kept.paint(Piece::Row(usize::from(row), false), area, buf, |buf| {
                        kept.holds(until);
                        buf.set_string(0, row, format!("{second}s"), Style::new());
                    });
                }
            });
            lines(&buf)
        };
        assert_eq!(drawn(3), ["3s", "3s", ""]);
        assert_eq!(drawn(59), ["3s", "3s", ""]);
        assert_eq!(drawn(60), ["3s", "60s", ""]);
    }

    #[test]
    fn of_what_is_out_of_sight_only_a_few_screens_are_kept() {
        let (kept, mut buf) = (Kept::default(), buffer());
        for at in 0..100 {
            frame(&kept, 1, &mut buf, &[(Piece::Beside(at), buffer().area, "a/b/c")]);
            let cells: usize = kept.0.borrow().painted.values().map(|painted| painted.cells.len()).sum();
            assert!(cells <= (MOST + 1) * buf.content.len(), "{cells} cells after {at} pieces");
        }
        assert_eq!(frame(&kept, 1, &mut buf, &[(Piece::Beside(99), buffer().area, "never")]), []);
        assert_eq!(lines(&buf), ["a", "b", "c"]);
    }

    #[test]
    fn a_piece_of_several_lines_keeps_them_apart() {
        let (kept, mut buf) = (Kept::default(), buffer());
        let mut drawn = |area, text| {
            frame(&kept, 1, &mut buf, &[(Piece::Beside(0), area, text)]);
            lines(&buf)
        };
        assert_eq!(drawn(Rect::new(2, 1, 3, 2), "abc/def"), ["", "  abc", "  def"]);
        assert_eq!(drawn(Rect::new(2, 0, 3, 2), "never"), ["  abc", "  def", ""]);
        assert_eq!(drawn(Rect::new(9, 0, 3, 2), "outside"), ["", "", ""]);
    }
}
