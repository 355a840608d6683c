//! Drawing of a curve.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Curve, Subject};
use crate::app::action::Action;
use crate::domain::text::clean_line;
use crate::screens::parts::Ctx;
use crate::screens::parts::plot::{Axis, NO_CURVE, PlotLine};
use crate::screens::parts::plot_view::{Plot, role, statistics};
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// Lines of statistics below the chart.
const STATISTICS: u16 = 4;

impl Curve {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let symbols = skin.symbols();
        let mut left = Phrase::of(Role::Title, clean_line(&self.metric));
        match &self.subject {
            Subject::Version(model, version) => {
                left = left
                    .add(Role::Muted, format!("  {model}"))
                    .add(Role::Candidate, format!(" {} {version}", symbols.candidate));
                if let Some(base) = self.lines(ctx).iter().find(|l| l.place == 1) {
                    left = left.add(Role::Production, format!("  {} {}", symbols.production, base.label));
                }
            }
            Subject::Runs(runs) => {
                for (place, (label, _)) in runs.iter().enumerate() {
                    left = left.add(role(place), format!("  {} {label}", self.symbol(place, skin)));
                }
            }
        }
        (left, Vec::new())
    }

    /// Draws the body: values under the cursor, the chart, statistics.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let lines = self.lines(ctx);
        let query = self.whole(self.runs(ctx));
        let facts = self.facts();
        let failure = ctx.cache.failure(&query).or_else(|| ctx.cache.failure(facts.as_ref()?));
        let area = format::banner(area, buf, ctx, skin, failure, ctx.cache.slot(&query).and_then(|s| s.read_at));
        if lines.iter().all(|l| l.history.points.is_empty()) {
            let message = match (failure, ctx.cache.histories(&query)) {
                (Some(_), _) => "",
                (None, None) => "reading the history …",
                (None, Some(_)) => "This metric has no history.",
            };
            return format::empty(area, buf, ctx, skin, message, &[]);
        }
        let (first, rest) = format::split_top(area, 1);
        let (chart, below) = format::split_bottom(rest, STATISTICS);
        format::lines(first, buf, skin, [self.under_cursor(ctx)]);
        if self.axis.is_curve(&lines) {
            self.chart(chart, buf, &lines, skin);
        } else {
            let by_time = (Action::TimeAxis, "over time");
            let trend = (Action::Trend, "from version to version");
            let keys = [
                (self.axis == Axis::Steps && Axis::Time.is_curve(&lines)).then_some(by_time),
                matches!(self.subject, Subject::Version(..)).then_some(trend),
            ];
            format::empty(chart, buf, ctx, skin, NO_CURVE, &keys.into_iter().flatten().collect::<Vec<_>>());
        }
        let width = usize::from(area.width);
        format::lines(
            below,
            buf,
            skin,
            lines.iter().rev().flat_map(|l| statistics(l, &self.symbol(l.place, skin)).wrap(width, 4)),
        );
    }

    /// A version has its own symbol; several runs are numbered.
    fn symbol(&self, place: usize, skin: &Skin) -> String {
        match (&self.subject, place) {
            (Subject::Version(..), 0) => skin.symbols().candidate.to_owned(),
            (Subject::Version(..), _) => skin.symbols().production.to_owned(),
            (Subject::Runs(_), place) => (place + 1).to_string(),
        }
    }

    fn under_cursor(&self, ctx: &Ctx<'_>) -> Phrase<'static> {
        let points = self.at_cursor(ctx);
        let Some(candidate) = points.first() else {
            return Phrase::default();
        };
        let mut phrase = Phrase::of(Role::Muted, format!(" step {}   ", candidate.step));
        if let Some(at) = candidate.at {
            phrase = phrase.add(Role::Muted, format!("{}   ", ctx.zone.second(at)));
        }
        for (line, point) in self.lines(ctx).iter().rev().zip(&points) {
            phrase = phrase.add(role(line.place), format!("{}   ", point.value.0));
        }
        let scale = if self.log { "log scale   " } else { "" };
        phrase.add(Role::Muted, scale)
    }

    fn chart(&self, area: Rect, buf: &mut Buffer, lines: &[PlotLine<'_>], skin: &Skin) {
        let (low, high) = self.range(lines);
        let place = |at: f64| low + at * (high - low);
        let plot = Plot {
            lines,
            axis: self.axis,
            sight: (place(self.sight.0), place(self.sight.1)),
            log: self.log,
            cursor: Some(place(self.cursor)),
            // Several runs need distinct styles.
            baseline: matches!(self.subject, Subject::Version(..)),
        };
        plot.draw(area, buf, skin);
    }
}
