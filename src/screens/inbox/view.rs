//! Drawing of the inbox.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Inbox;
use crate::app::query::Query;
use crate::domain::compare::metric_change;
use crate::domain::inbox::Waiting;
use crate::domain::promotion::SagaState;
use crate::domain::run::{MetricValue, Run};
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};
use crate::ui::{Phrase, text};

impl Inbox {
    /// What the title line says: left and right.
    #[must_use]
    pub fn title(&self, ctx: &Ctx<'_>) -> (Phrase<'static>, Phrase<'static>) {
        let waiting = self.rows.len();
        let reading = if ctx.catalog.models.has_more() && self.failure(ctx).is_none() { "…" } else { "" };
        (Phrase::of(Role::Title, "Inbox"), Phrase::new(format!("{waiting}{reading} waiting")))
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let unfinished: Vec<_> = ctx.catalog.unfinished().take(3).map(|s| warning(s, ctx, skin)).collect();
        let used = format::lines(area, buf, skin, unfinished);
        let area = Rect { y: area.y + used, height: area.height - used, ..area };
        let area = format::filter_line(&self.filter, area, buf, skin);
        if self.shown.is_empty() {
            let message = match (self.filter.query(), ctx.catalog.models.has_more()) {
                ("", true) if self.failure(ctx).is_none() => "reading models …",
                ("", true) => "",
                ("", false) => "Nothing waits for you.   m  all models",
                _ => "Nothing waiting matches.   Esc  clears the filter",
            };
            format::empty(area, buf, skin, message);
        } else {
            let columns = columns();
            let widths = Widths::of(&columns, [sample()]);
            let first = self.cursor.offset();
            let visible: Vec<_> = self.visible().skip(first).take(usize::from(area.height)).collect();
            let row = |i: usize| visible.get(i.wrapping_sub(first)).map(|w| row(w, ctx, skin)).unwrap_or_default();
            let table = Table::new(skin, &columns, &widths, self.shown.len(), &row);
            (&table.scrolled(first).cursor(Some(self.cursor.index()))).render(area, buf);
        }
        if let Some(failure) = self.failure(ctx) {
            format::banner(area, buf, skin, failure, !self.rows.is_empty());
        }
    }

    fn failure<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a crate::failure::Failure> {
        ctx.catalog.failure(&Query::Models { page: ctx.catalog.models.next_page() })
    }
}

fn warning(state: &SagaState, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let draft = &state.plan.draft;
    let word = if ctx.busy { "is at work" } else { "is unfinished" };
    Phrase::of(
        Role::Warn,
        format!(" {} the promotion of {} {} {word}", skin.symbols().warn, draft.model(), draft.version()),
    )
    .add(Role::Key, "   H")
    .add(Role::Muted, " promotions")
}

fn columns() -> Vec<Column<'static>> {
    vec![
        Column::left("MODEL").min(14).max(44).stretch(),
        Column::right("VER"),
        Column::right("AGE"),
        Column::left("AUTHOR").rank(4).min(8),
        Column::left("STAGE").rank(3),
        Column::left("METRIC").rank(2).min(8),
        Column::point("VALUE"),
        Column::left("Δ PROD").rank(1),
    ]
}

/// Widths are decided once, from what a row usually holds: nothing jumps when data arrives.
fn sample() -> Row<'static> {
    Row::new(
        ["telco-churn-class", "v1234", "59m", "ci-trainer", "Staging", "test_accuracy", "1234.56789", "▲ +0.123456"]
            .map(Phrase::new)
            .to_vec(),
    )
}

fn row(waiting: &Waiting, ctx: &Ctx<'_>, skin: &Skin) -> Row<'static> {
    let candidate = &waiting.candidate;
    let run = candidate.run_id.as_ref().map(|id| ctx.catalog.run(id));
    let known: Option<&Run> = run.flatten().flatten();
    let name = known.and_then(|r| ctx.rules.main_metric(r));
    let value = name.zip(known).and_then(|(n, r)| r.metrics.get(n)).map(|p| p.value);
    let shown = match run {
        // Asked for, and not there yet.
        Some(None) => None,
        _ => Some(value),
    };
    let author = candidate.author.as_deref().or_else(|| known.and_then(|r| r.user.as_deref()));
    Row::new(vec![
        Phrase::new(candidate.model.to_string()),
        Phrase::of(Role::Candidate, candidate.number.to_string()),
        Phrase::new(format::age(candidate.created_at, ctx.now)),
        Phrase::new(text::fit(author.unwrap_or("?"), 16, skin.symbols().ellipsis)),
        Phrase::of(Role::Muted, candidate.stage.to_string()),
        Phrase::of(Role::Muted, name.unwrap_or_default().to_owned()),
        format::metric(shown),
        against(waiting, name, value, ctx, skin),
    ])
}

/// The main metric's difference to production, or why there is none.
fn against(
    waiting: &Waiting,
    name: Option<&str>,
    value: Option<MetricValue>,
    ctx: &Ctx<'_>,
    skin: &Skin,
) -> Phrase<'static> {
    let Some(production) = waiting.production else {
        return Phrase::of(Role::Muted, "first");
    };
    let run = waiting.production_version.as_ref().and_then(|p| p.run_id.as_ref()).map(|id| ctx.catalog.run(id));
    let Some(run) = run else {
        // The page that listed the model did not carry the version an alias points to.
        return Phrase::of(Role::Muted, format!("vs {production}"));
    };
    match (run, name) {
        (None, _) => Phrase::of(Role::Muted, "…"),
        (Some(Some(run)), Some(name)) => {
            let old = run.metrics.get(name).map(|p| p.value);
            let (change, delta) = metric_change(old, value, ctx.rules.directions.of(name));
            format::delta(change, delta, skin)
        }
        _ => Phrase::of(Role::Muted, "-"),
    }
}
