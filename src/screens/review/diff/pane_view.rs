//! Drawing of the right pane of wide terminals: the curve of the selected metric, or the selected text in full.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::rows::DiffRow;
use super::{Diff, reader};
use crate::app::action::Action;
use crate::domain::compare::MetricRow;
use crate::domain::text::clean_line;
use crate::screens::parts::Ctx;
use crate::screens::parts::plot::{Axis, NO_CURVE, PlotLine};
use crate::screens::parts::plot_view::{Plot, role, statistics};
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Pager, Rule};

/// Lines of statistics below the curve.
const STATISTICS: u16 = 4;

impl Diff {
    /// Draws the pane.
    pub(super) fn draw_pane(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        match self.selected() {
            Some(DiffRow::Metric { row, .. }) => self.draw_curve(row, area, buf, ctx, skin),
            Some(DiffRow::Text { row, .. }) => {
                let area = titled(Phrase::of(Role::Title, clean_line(row.name.trim())), area, buf, skin);
                let old = self.facts(ctx).and_then(|f| self.against.label(f, ctx)).unwrap_or_default();
                let mut lines = reader::lines(row, &old, &self.version.to_string(), usize::from(area.width));
                let room = usize::from(area.height);
                if lines.len() > room && room > 0 {
                    lines.truncate(room - 1);
                    lines.push(Phrase::of(Role::Key, skin.symbols().enter).add(Role::Muted, " shows all of it"));
                }
                let line = |i: usize| lines.get(i).cloned().unwrap_or_default();
                (&Pager::new(skin, lines.len(), 0, &line)).render(area, buf);
            }
            _ => {
                let area = titled(Phrase::default(), area, buf, skin);
                let word = "Select a metric to see its curve, or a text to see all of it.";
                format::empty(area, buf, ctx, skin, word, &[]);
            }
        }
    }

    fn draw_curve(&self, metric: &MetricRow, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let symbols = skin.symbols();
        let runs = self.runs(ctx);
        let mut title = Phrase::of(Role::Title, clean_line(&metric.name));
        let value = |v: Option<crate::domain::run::MetricValue>| v.map_or_else(|| "-".to_owned(), |v| v.to_string());
        title = title.add(role(0), format!("  {} {}", symbols.candidate, value(metric.new)));
        if let Some(base) = self.facts(ctx).and_then(|f| self.against.label(f, ctx)) {
            title = title.add(Role::Muted, format!("  {} {base} {}", symbols.production, value(metric.old)));
        }
        let area = titled(title, area, buf, skin);
        let Some(query) = self.curve(ctx) else {
            return format::empty(area, buf, ctx, skin, "Neither run could be read.", &[]);
        };
        if let Some(failure) = ctx.cache.failure(&query) {
            let below = format::banner(area, buf, ctx, skin, Some(failure), None);
            return format::empty(below, buf, ctx, skin, "", &[]);
        }
        let Some(found) = ctx.cache.histories(&query) else {
            return format::empty(area, buf, ctx, skin, "reading the history …", &[]);
        };
        let mut lines: Vec<PlotLine<'_>> = Vec::new();
        for (place, (label, id)) in runs.into_iter().enumerate() {
            if let Some(history) = found.iter().find(|h| h.run == id) {
                lines.push(PlotLine { label, place, history });
            }
        }
        // The candidate is in front, so it is drawn last.
        lines.reverse();
        if lines.iter().all(|l| l.history.points.is_empty()) {
            return format::empty(area, buf, ctx, skin, "This metric has no history.", &[]);
        }
        let width = usize::from(area.width);
        let symbol = |place| if place == 0 { symbols.candidate } else { symbols.production };
        let below: Vec<_> = lines.iter().rev().flat_map(|l| statistics(l, symbol(l.place)).wrap(width, 4)).collect();
        let (chart, under) = format::split_bottom(area, STATISTICS.max(below.len() as u16).min(area.height / 2));
        if !Axis::Steps.is_curve(&lines) {
            format::empty(chart, buf, ctx, skin, NO_CURVE, &[(Action::Trend, "from version to version")]);
        } else {
            let sight = Axis::Steps.range(&lines);
            let plot = Plot { lines: &lines, axis: Axis::Steps, sight, log: false, cursor: None, baseline: true };
            plot.draw(chart, buf, skin);
        }
        format::lines(under, buf, skin, below);
    }
}

/// Draws the title line of the pane, and returns the area below it.
fn titled(title: Phrase<'static>, area: Rect, buf: &mut Buffer, skin: &Skin) -> Rect {
    let (line, below) = format::split_top(area, 1);
    (&Rule { left: title, ..Rule::new(skin) }).render(line, buf);
    Rect { x: below.x + 1, width: below.width.saturating_sub(2), ..below }
}
