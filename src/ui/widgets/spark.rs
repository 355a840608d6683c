//! A one-line chart.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::bars::first_line;
use crate::ui::skin::{Role, Skin};

/// Values from left to right, scaled between minimum and maximum. Gaps (NaN, infinite) are blank.
#[derive(Clone, Copy, Debug)]
pub struct Spark<'a> {
    pub skin: &'a Skin,
    pub values: &'a [f64],
    pub role: Role,
}

impl Spark<'_> {
    /// Symbols for up to `width` columns, for a table cell; none for a gap.
    pub fn cells(&self, width: usize) -> Vec<Option<&'static str>> {
        let width = width.min(self.values.len());
        let finite = || self.values.iter().copied().filter(|v| v.is_finite());
        let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
        let cell = |at: usize| {
            let from = at * self.values.len() / width;
            let to = (at + 1) * self.values.len() / width;
            let bin = || self.values[from..to].iter().filter(|v| v.is_finite());
            let count = bin().count();
            // Scale before summing: the sum of large values may not be finite.
            let level = bin().map(|v| scale(*v, low, high)).sum::<f64>() / count as f64;
            (count > 0).then(|| self.skin.symbols().level(level))
        };
        (0..width).map(cell).collect()
    }
}

impl Widget for &Spark<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = first_line(area, buf);
        for (cell, x) in self.cells(usize::from(area.width)).into_iter().zip(area.left()..) {
            if let Some(symbol) = cell {
                buf.set_stringn(x, area.y, symbol, 1, self.skin.style(self.role));
            }
        }
    }
}

/// Position of `value` between `low` (0) and `high` (1); 0.5 if they are equal.
fn scale(value: f64, low: f64, high: f64) -> f64 {
    // Halved, so that the difference of two huge values is finite.
    let span = high / 2.0 - low / 2.0;
    if span > 0.0 { (value / 2.0 - low / 2.0) / span } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::draw;

    fn spark(width: u16, values: &[f64]) -> String {
        let skin = Skin::new(Theme::Dark, true);
        draw(width, 1, &Spark { skin: &skin, values, role: Role::Candidate }).remove(0)
    }

    #[test]
    fn a_curve_spans_its_range_and_shows_its_gaps() {
        assert_eq!(spark(8, &[0.0, 1.0, 2.0, 3.0]), "▁▃▆█");
        assert_eq!(spark(8, &[0.0, f64::NAN, 2.0]), "▁ █");
        assert_eq!(spark(4, &[5.0, 5.0]), "▅▅");
        assert_eq!(spark(2, &[0.0, 0.0, 9.0, 9.0]), "▁█");
        assert_eq!(spark(2, &[f64::MIN, f64::MAX]), "▁█");
        assert_eq!(spark(2, &[]), "");
    }
}
