//! Line charts in braille dots: two by four per cell.
//!
//! However many points there are, a column of dots shows the first, lowest, highest and last point that falls into it:
//! peaks and gaps are preserved, and the cost is one pass over the points.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::ui::scale::Scale;
use crate::ui::skin::{Role, Skin};
use crate::ui::text;
use crate::ui::{Draw as _, Phrase};

/// One line of a chart.
#[derive(Clone, Copy, Debug)]
pub struct Series<'a> {
    pub role: Role,
    /// Points by ascending x. A y that is not finite is a gap.
    pub points: &'a [(f64, f64)],
}

/// A highlighted point, drawn as a symbol over the dots.
#[derive(Clone, Copy, Debug)]
pub struct Flag<'a> {
    /// Position. Not drawn if it is not finite or out of range.
    pub at: (f64, f64),
    pub role: Role,
    /// One column wide.
    pub symbol: &'a str,
}

/// A chart with axes. Later series are drawn over earlier ones.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)]
pub struct Chart<'a> {
    pub skin: &'a Skin,
    pub series: &'a [Series<'a>],
    /// Highlighted points, drawn over all lines.
    pub flags: &'a [Flag<'a>],
    pub x: Scale,
    pub y: Scale,
    /// Position of the cursor, in values of the horizontal axis.
    pub cursor: Option<f64>,
    /// Formats a value of the horizontal axis.
    pub x_label: &'a dyn Fn(f64) -> String,
    /// Formats a value of the vertical axis.
    pub y_label: &'a dyn Fn(f64) -> String,
}

/// Dots in one column of one series, from the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    first: i32,
    last: i32,
    low: i32,
    high: i32,
}

/// The dots set in the cells of the plot.
struct Plot {
    width: usize,
    height: usize,
    cells: Vec<u8>,
}

/// Bits of a braille cell by column and row.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

impl Plot {
    fn new(area: Rect) -> Self {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        Self { width, height, cells: vec![0; width * height] }
    }

    fn set(&mut self, x: usize, y: i32) {
        let Ok(y) = usize::try_from(y) else { return };
        let (column, row) = (x / 2, y / 4);
        if column < self.width && row < self.height {
            self.cells[row * self.width + column] |= DOTS[x % 2][y % 4];
        }
    }

    fn line(&mut self, x: usize, from: i32, to: i32) {
        let bottom = (self.height * 4) as i32 - 1;
        for y in from.min(to).max(0)..=from.max(to).min(bottom) {
            self.set(x, y);
        }
    }

    fn draw(&mut self, series: &Series<'_>, x: Scale, y: Scale) {
        let columns = self.width * 2;
        let bottom = (self.height * 4).saturating_sub(1) as f64;
        let mut spans: Vec<Option<Span>> = vec![None; columns];
        let mut broken = vec![false; columns];
        for (px, py) in series.points {
            let Some(at) = x.place(*px).filter(|p| (-0.001..=1.001).contains(p)) else { continue };
            let column = ((at * (columns.saturating_sub(1)) as f64).round() as usize).min(columns.saturating_sub(1));
            let Some(place) = y.place(*py) else {
                broken[column] = true;
                continue;
            };
            let dot = ((1.0 - place) * bottom).round().clamp(-1.0, bottom + 1.0) as i32;
            spans[column] = Some(match spans[column] {
                None => Span { first: dot, last: dot, low: dot, high: dot },
                Some(s) => Span { last: dot, low: s.low.max(dot), high: s.high.min(dot), ..s },
            });
        }
        let mut before: Option<(usize, Span)> = None;
        for column in 0..columns {
            if let Some(span) = spans[column] {
                self.line(column, span.high, span.low);
                if let Some((from, last)) = before {
                    self.connect(from, last.last, column, span.first);
                }
                before = Some((column, span));
            }
            if broken[column] {
                before = None;
            }
        }
    }

    /// Connects two columns by a straight line; both ends are already drawn.
    fn connect(&mut self, from: usize, y0: i32, to: usize, y1: i32) {
        let steps = (to - from).max(1);
        let mut last = y0;
        for step in 1..=steps {
            let y = y0 + ((y1 - y0) as f64 * step as f64 / steps as f64).round() as i32;
            self.line(from + step, last, y);
            last = y;
        }
    }
}

impl Widget for &Chart<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if area.width < 12 || area.height < 3 {
            return;
        }
        let rows = area.height - 1;
        let ticks = self.y.ticks(usize::from(rows / 3).clamp(2, 8));
        let labels: Vec<String> = ticks.iter().map(|t| (self.y_label)(*t)).collect();
        let gutter =
            labels.iter().map(|l| text::width(l)).max().unwrap_or(0).min(usize::from(area.width) / 3) as u16 + 1;
        let plot_area = Rect { x: area.x + gutter, width: area.width - gutter, height: rows, ..area };
        for (tick, label) in ticks.iter().zip(&labels) {
            let Some(place) = self.y.place(*tick) else { continue };
            let y = area.y + ((1.0 - place) * f64::from(rows - 1)).round() as u16;
            let width = text::width(label) as u16;
            let x = area.x + (gutter - 1).saturating_sub(width);
            Phrase::of(Role::Muted, label.as_str()).draw(Rect { x, y, width: gutter - 1, height: 1 }, buf, self.skin);
        }
        self.draw_x_axis(Rect { y: area.bottom() - 1, height: 1, ..plot_area }, buf);
        if let Some(place) = self.cursor.and_then(|c| self.x.place(c)).filter(|p| (0.0..=1.0).contains(p)) {
            let x = plot_area.x + (place * f64::from(plot_area.width - 1)).round() as u16;
            for y in plot_area.top()..plot_area.bottom() {
                buf.set_stringn(x, y, self.skin.symbols().frame[4], 1, self.skin.style(Role::Rule));
            }
        }
        for series in self.series {
            let mut plot = Plot::new(plot_area);
            plot.draw(series, self.x, self.y);
            let style = self.skin.style(series.role);
            for (i, bits) in plot.cells.iter().enumerate().filter(|(_, bits)| **bits != 0) {
                let (x, y) = (plot_area.x + (i % plot.width) as u16, plot_area.y + (i / plot.width) as u16);
                // Keep the dots of the line below where this one has none.
                let below = buf[(x, y)].symbol().chars().next().map_or(0, |c| c as u32);
                let below = if (0x2800..0x2900).contains(&below) { below - 0x2800 } else { 0 };
                let glyph = char::from_u32(0x2800 + (below | u32::from(*bits))).unwrap_or(' ');
                buf.set_stringn(x, y, glyph.to_string(), 1, style);
            }
        }
        for flag in self.flags {
            let within = |p: &f64| (0.0..=1.0).contains(p);
            let places = self.x.place(flag.at.0).filter(within).zip(self.y.place(flag.at.1).filter(within));
            let Some((px, py)) = places else { continue };
            // The cell containing the point's dot: two columns and four rows of dots per cell.
            let dot = |place: f64, cells: u16, dots: u16| {
                (place * f64::from((cells * dots).saturating_sub(1))).round() as u16 / dots
            };
            let x = plot_area.x + dot(px, plot_area.width, 2);
            let y = plot_area.y + dot(1.0 - py, plot_area.height, 4);
            buf.set_stringn(x, y, flag.symbol, 1, self.skin.style(flag.role));
        }
    }
}

impl Chart<'_> {
    fn draw_x_axis(&self, area: Rect, buf: &mut Buffer) {
        let mut free = area.x;
        for tick in self.x.ticks(usize::from(area.width / 12).clamp(2, 10)) {
            let Some(place) = self.x.place(tick) else { continue };
            let label = (self.x_label)(tick);
            let width = text::width(&label) as u16;
            let centre = area.x + (place * f64::from(area.width.saturating_sub(1))).round() as u16;
            let x = centre.saturating_sub(width / 2).max(area.x).min(area.right().saturating_sub(width));
            if x < free || width > area.width {
                continue;
            }
            Phrase::of(Role::Muted, label).draw(Rect { x, width, ..area }, buf, self.skin);
            free = x + width + 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::draw;
    use proptest::prelude::*;

    fn chart(width: u16, height: u16, points: &[(f64, f64)], cursor: Option<f64>) -> Vec<String> {
        let skin = Skin::new(Theme::Dark, true);
        let series = [Series { role: Role::Candidate, points }];
        let label = |v: f64| format!("{v}");
        let chart = Chart {
            skin: &skin,
            series: &series,
            flags: &[],
            x: Scale::over(points.iter().map(|p| p.0), false),
            y: Scale::over(points.iter().map(|p| p.1), false),
            cursor,
            x_label: &label,
            y_label: &label,
        };
        draw(width, height, &chart)
    }

    #[test]
    fn a_rising_line_rises_from_corner_to_corner() {
        let lines = chart(22, 6, &[(0.0, 0.0), (10.0, 1.0)], None);
        let dotted =
            |line: &str, at: usize| line.chars().nth(at).is_some_and(|c| ('\u{2801}'..'\u{2900}').contains(&c));
        assert!(dotted(&lines[0], 21) && dotted(&lines[4], 4), "{lines:#?}");
        assert!(!dotted(&lines[0], 4) && !dotted(&lines[4], 21), "{lines:#?}");
        assert!(lines[5].contains('0') && lines[5].contains("10"), "{lines:#?}");
    }

    #[test]
    fn a_gap_in_the_values_is_a_gap_in_the_line() {
        let solid = [(0.0, 1.0), (5.0, 1.0), (10.0, 1.0)];
        let broken = [(0.0, 1.0), (5.0, f64::NAN), (10.0, 1.0)];
        let dots = |lines: &[String]| lines.concat().chars().filter(|c| ('\u{2801}'..'\u{2900}').contains(c)).count();
        assert!(dots(&chart(40, 6, &broken, None)) < dots(&chart(40, 6, &solid, None)) / 2);
    }

    #[test]
    fn one_peak_among_a_million_points_is_seen() {
        let points: Vec<(f64, f64)> =
            (0..1_000_000).map(|i| (f64::from(i), if i == 777_777 { 9.0 } else { 0.0 })).collect();
        let lines = chart(60, 10, &points, None);
        assert!(lines[0].chars().any(|c| ('\u{2801}'..'\u{2900}').contains(&c)), "{lines:#?}");
    }

    proptest! {
        #[test]
        fn any_points_at_any_size_are_drawn_without_panic(
            points in prop::collection::vec((any::<f64>(), any::<f64>()), 0..40), width in 0u16..60, height in 0u16..20, cursor in any::<f64>(),
        ) {
            chart(width, height, &points, Some(cursor));
        }
    }
}
