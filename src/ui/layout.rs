//! Screen breadth and column layout.

use std::borrow::Cow;

use super::Phrase;
use super::text;

/// Minimum terminal size, in cells.
pub const SMALLEST: (u16, u16) = (60, 15);

/// Breadth classes of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breadth {
    /// Below [`SMALLEST`]: only a message.
    TooSmall,
    /// Below 100 columns: one pane, the essential columns.
    Narrow,
    /// Below 140 columns: one pane, every column.
    Normal,
    /// Two panes.
    Wide,
}

impl Breadth {
    /// The breadth of a terminal of this size.
    pub fn of(width: u16, height: u16) -> Self {
        match width {
            _ if width < SMALLEST.0 || height < SMALLEST.1 => Self::TooSmall,
            ..100 => Self::Narrow,
            100..140 => Self::Normal,
            _ => Self::Wide,
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Align {
    #[default]
    Left,
    Right,
    /// On the decimal point.
    Point,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column<'a> {
    /// Column heading, including the unit.
    pub title: Cow<'a, str>,
    pub align: Align,
    /// The column is dropped rather than made narrower than this.
    pub min: u16,
    /// Maximum width.
    pub max: u16,
    /// Columns with the highest rank are dropped first; rank 0 is never dropped.
    pub rank: u8,
    /// Takes the space left when every column has its preferred width.
    pub stretch: bool,
    /// What does not fit is left out in the middle, not at the end.
    pub middle: bool,
}

impl<'a> Column<'a> {
    /// A column that is never dropped, as wide as its title and content.
    pub fn new(title: impl Into<Cow<'a, str>>, align: Align) -> Self {
        Self { title: title.into(), align, min: u16::MAX, max: u16::MAX, rank: 0, stretch: false, middle: false }
    }

    pub fn left(title: impl Into<Cow<'a, str>>) -> Self {
        Self::new(title, Align::Left)
    }

    pub fn right(title: impl Into<Cow<'a, str>>) -> Self {
        Self::new(title, Align::Right)
    }

    pub fn point(title: impl Into<Cow<'a, str>>) -> Self {
        Self::new(title, Align::Point)
    }

    /// Sets the minimum width; without it, the column does not shrink.
    pub fn min(self, min: u16) -> Self {
        Self { min, ..self }
    }

    pub fn max(self, max: u16) -> Self {
        Self { max, ..self }
    }

    /// Sets the drop order: the highest rank is dropped first.
    pub fn rank(self, rank: u8) -> Self {
        Self { rank, ..self }
    }

    /// For names, whose ends differ: what does not fit is left out in the middle.
    pub fn middle(self) -> Self {
        Self { middle: true, ..self }
    }

    /// Lets the column take the remaining space.
    pub fn stretch(self) -> Self {
        Self { stretch: true, ..self }
    }
}

/// Content width of each column. Measured once over all rows, so that columns do not move while scrolling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Widths(Vec<Extent>);

/// Content width of a column: the part before the decimal point, and the rest. Without a point, all of it is before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Extent {
    before: usize,
    after: usize,
}

impl Widths {
    pub fn of<'a, R>(columns: &[Column<'_>], rows: impl IntoIterator<Item = R>) -> Self
    where
        R: AsRef<[Phrase<'a>]>,
    {
        let mut widths = Self::default();
        for row in rows {
            widths.widen(columns, row.as_ref());
        }
        widths
    }

    /// Makes room for one more row. Columns never shrink.
    pub fn widen(&mut self, columns: &[Column<'_>], row: &[Phrase<'_>]) {
        self.0.resize(columns.len().max(self.0.len()), Extent::default());
        for ((extent, column), cell) in self.0.iter_mut().zip(columns).zip(row) {
            let width = cell.width();
            let before = if column.align == Align::Point { text::point(&cell.plain()) } else { width };
            extent.before = extent.before.max(before);
            extent.after = extent.after.max(width.saturating_sub(before));
        }
    }
}

/// A visible column and its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its index among the columns.
    pub index: usize,
    /// Cells from the left edge.
    pub x: u16,
    /// In cells.
    pub width: u16,
    /// Position of the decimal point, in cells from `x`.
    pub point: u16,
}

/// Selects the columns to show in `available` cells, and their widths, `gap` cells apart.
///
/// Drops columns by rank while their minimum widths do not fit (rank 0 is kept and cut at the edge), then widens each
/// to its content in order of rank, then gives the rest to the stretching columns.
pub fn place(columns: &[Column<'_>], widths: &Widths, available: u16, gap: u16) -> Vec<Placed> {
    let wanted: Vec<(u16, u16)> = columns.iter().enumerate().map(|(i, c)| wanted(c, widths.0.get(i))).collect();
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let total = |shown: &[usize]| {
        let gaps = u32::from(gap) * shown.len().saturating_sub(1) as u32;
        gaps + shown.iter().map(|i| u32::from(wanted[*i].0)).sum::<u32>()
    };
    while total(&shown) > u32::from(available) {
        // The rightmost of the highest rank.
        let Some(at) = (0..shown.len()).rev().max_by_key(|at| (columns[shown[*at]].rank, *at)) else { break };
        if columns[shown[at]].rank == 0 {
            break;
        }
        shown.remove(at);
    }
    let mut left = u32::from(available).saturating_sub(total(&shown));
    let mut width: Vec<u16> = shown.iter().map(|i| wanted[*i].0).collect();
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|at| columns[shown[*at]].rank);
    for at in order {
        let more = u32::from(wanted[shown[at]].1 - width[at]).min(left);
        width[at] += more as u16;
        left -= more;
    }
    let stretching: Vec<usize> = (0..shown.len()).filter(|at| columns[shown[*at]].stretch).collect();
    for (n, at) in stretching.iter().enumerate() {
        let share = left / (stretching.len() - n) as u32;
        let share = share.min(u32::from(columns[shown[*at]].max.saturating_sub(width[*at])));
        width[*at] += share as u16;
        left -= share;
    }
    let mut x = 0u16;
    let mut placed = Vec::with_capacity(shown.len());
    for (at, index) in shown.into_iter().enumerate() {
        if x >= available {
            break;
        }
        let width = width[at].min(available - x);
        let extent = widths.0.get(index).copied().unwrap_or_default();
        // Numbers are right-aligned in a column widened by its title.
        let point = usize::from(width).saturating_sub(extent.after).min(usize::from(u16::MAX)) as u16;
        placed.push(Placed { index, x, width, point });
        x = x.saturating_add(width).saturating_add(gap);
    }
    placed
}

/// The minimum and the preferred width of a column.
fn wanted(column: &Column<'_>, extent: Option<&Extent>) -> (u16, u16) {
    let content = extent.map_or(0, |e| e.before + e.after);
    // One more for the sort mark, so that sorting does not move columns.
    let ideal = content.max(text::width(&column.title) + 1).min(usize::from(column.max)) as u16;
    (column.min.min(ideal), ideal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn columns() -> Vec<Column<'static>> {
        vec![
            Column::left("MODEL").min(8).max(30).stretch(),
            Column::right("VER"),
            Column::left("AUTHOR").rank(2).min(4),
            Column::point("AUC").rank(1),
        ]
    }

    fn rows() -> Vec<Vec<Phrase<'static>>> {
        let row = |a, b, c, d| [a, b, c, d].map(Phrase::new).to_vec();
        vec![row("telco-churn-of-the-north", "v42", "dana", "0.9140"), row("fraud", "v9", "ci-train", "12.8")]
    }

    fn shown(available: u16) -> Vec<(usize, u16)> {
        let widths = Widths::of(&columns(), rows());
        place(&columns(), &widths, available, 2).iter().map(|p| (p.index, p.width)).collect()
    }

    #[test]
    fn breakpoints_are_those_of_the_design() {
        for (size, breadth) in [
            ((59, 40), Breadth::TooSmall),
            ((200, 14), Breadth::TooSmall),
            ((60, 15), Breadth::Narrow),
            ((99, 24), Breadth::Narrow),
            ((100, 24), Breadth::Normal),
            ((140, 24), Breadth::Wide),
        ] {
            assert_eq!(Breadth::of(size.0, size.1), breadth, "{size:?}");
        }
    }

    #[test]
    fn with_room_every_column_has_what_it_wants_and_one_takes_the_rest() {
        assert_eq!(shown(60), [(0, 30), (1, 4), (2, 8), (3, 7)]);
    }

    #[test]
    fn with_less_room_the_last_rank_is_squeezed_and_then_dropped() {
        assert_eq!(shown(49), [(0, 24), (1, 4), (2, 8), (3, 7)]);
        assert_eq!(shown(30), [(0, 9), (1, 4), (2, 4), (3, 7)]);
        assert_eq!(shown(25), [(0, 10), (1, 4), (3, 7)]);
        assert_eq!(shown(16), [(0, 10), (1, 4)]);
        assert_eq!(shown(9), [(0, 8)]);
    }

    #[test]
    fn decimal_points_share_a_column() {
        let widths = Widths::of(&columns(), rows());
        let auc = place(&columns(), &widths, 60, 2)[3];
        // "12" before, ".9140" after; the point is five from the right edge.
        assert_eq!((auc.width, auc.point), (7, 2));
    }

    proptest! {
        #[test]
        fn placed_columns_stay_inside_and_apart(available in 0u16..200, gap in 0u16..4, mins in prop::collection::vec((0u16..40, 0u8..4, any::<bool>()), 0..8)) {
            let columns: Vec<_> = mins.iter().map(|(m, r, s)| Column { stretch: *s, ..Column::left("T").min(*m).rank(*r) }).collect();
            let row: Vec<_> = mins.iter().map(|(m, ..)| Phrase::new("x".repeat(usize::from(*m)))).collect();
            let placed = place(&columns, &Widths::of(&columns, [row]), available, gap);
            for pair in placed.windows(2) {
                prop_assert!(pair[0].x + pair[0].width + gap <= pair[1].x);
            }
            prop_assert!(placed.last().is_none_or(|p| p.x + p.width <= available));
        }
    }
}
