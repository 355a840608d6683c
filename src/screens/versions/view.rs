//! Drawing of a model's versions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{SPARK, Versions};
use crate::app::action::Action;
use crate::app::eager_pages::EagerPages;
use crate::domain::promotion::mark::promotion_on;
use crate::domain::record::DecisionMark;
use crate::domain::registry::ModelVersion;
use crate::domain::text::first_line;
use crate::present::decision;
use crate::present::number;
use crate::present::version as words;
use crate::screens::parts::choice_view::{self, Chosen};
use crate::screens::parts::known::{Known, known};
use crate::screens::parts::{Ctx, text_of};
use crate::screens::parts::{version_view, view as format};
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Spark, Table};

impl Versions {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let versions = ctx.cache.versions(&self.model);
        let query = self.query(versions.and_then(EagerPages::next_page));
        let failed = ctx.cache.failure(&query).is_some();
        let (known, more) = (versions.map(|v| v.items.len()), versions.is_none_or(|v| !v.complete));
        let right = vec![
            number::length(known, more, "version"),
            format::freshness(ctx.cache.is_loading(&query), failed, versions.and_then(|v| v.read_at), ctx, skin),
        ];
        (Phrase::of(Role::Title, self.model.to_string()), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        if let Some(picker) = self.choice.picker() {
            return choice_view::draw(picker, self.choice.list(), area, buf, ctx, skin);
        }
        let versions = ctx.cache.versions(&self.model);
        let items = versions.map(|v| v.items.as_slice()).unwrap_or_default();
        let selected = self.list.selected(items);
        let failure = ctx
            .cache
            .failure(&self.query(versions.and_then(EagerPages::next_page)))
            .or_else(|| ctx.cache.run_failure(selected?.run_id.as_ref()?));
        let area = format::banner(area, buf, ctx, skin, failure, versions.and_then(|v| v.read_at));
        if self.list.is_empty() {
            let (message, keys): (&str, &[_]) = match (self.list.filter().query(), versions) {
                (_, None) if failure.is_some() => ("", &[]),
                (_, None) => ("reading versions …", &[]),
                ("", Some(_)) => {
                    ("This model has no versions.", &[(Action::Back, "back"), (Action::Refresh, "reads again")])
                }
                _ => ("No version matches.", &[(Action::Back, "clears the filter")]),
            };
            return format::empty(area, buf, ctx, skin, message, keys);
        }
        let (area, pane) = version_view::panes(area, ctx);
        // Columns that the pane shows in full are dropped.
        let shown = if pane.is_some() && !self.decided { 8 } else { 9 };
        let columns: Vec<_> = columns(self.decided).into_iter().take(shown).collect();
        let chosen = Chosen::of(columns, &self.choice, ctx);
        let widths = Widths::of(&chosen.columns, [chosen.row(sample(self.decided))]);
        let row = |i: usize| {
            let shown = self.list.shown();
            shown
                .get(i)
                .and_then(|i| items.get(*i..))
                .and_then(|from| {
                    let cells = cells(from.first()?, from, ctx, skin);
                    Some(chosen.row(cells).marked(self.marks.contains(&from[0].number)))
                })
                .unwrap_or_default()
        };
        let table = Table::new(skin, &chosen.columns, &widths, self.list.len(), &row);
        let table = table.sorted(chosen.sorted(&self.choice, ctx)).kept(ctx.kept);
        (&table.scrolled(self.list.offset()).cursor(Some(self.list.cursor()))).render(area, buf);
        if let Some((pane, version)) = pane.zip(selected) {
            version_view::beside(self.list.cursor(), pane, buf, ctx, |buf| {
                version_view::draw(version, pane, buf, ctx, skin);
            });
        }
    }
}

pub const LAST: &str = "LAST 8";
pub const DECISION: &str = "DECISION / DESCRIPTION";
pub const DESCRIPTION: &str = "DESCRIPTION";

/// Reasons of rejections and holds replace descriptions, and get more room.
fn columns(decided: bool) -> Vec<Column<'static>> {
    vec![
        Column::right("VER"),
        Column::left("STAGE"),
        Column::left("ALIASES").rank(3).max(24).min(8),
        Column::right("AGE"),
        Column::left("AUTHOR").rank(4).min(8),
        Column::left("METRIC").rank(2).min(8),
        Column::point("VALUE").rank(1),
        Column::right(LAST).rank(6),
        if decided {
            Column::left(DECISION).min(36).stretch()
        } else {
            Column::left(DESCRIPTION).rank(5).min(16).stretch()
        },
    ]
}

fn sample(decided: bool) -> Vec<Phrase<'static>> {
    [
        "v1234",
        "● Production",
        "champion, shadow",
        "59m",
        "ci-trainer",
        "test_accuracy",
        "123.4567",
        "▁▂▃▄▅▆▇█",
        if decided { "! rejected by reviewer 12d ago: too low" } else { "Tuned" },
    ]
    .map(Phrase::new)
    .to_vec()
}

/// Sparkline of the metric over the versions up to the first of `from`, which is the one in this row; the rest are
/// those before it, newest first. Scaled to these values alone: the shape matters, the value is beside it.
fn spark(metric: &str, from: &[ModelVersion], ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let last = &from[..from.len().min(SPARK)];
    let known: Vec<Known> = last.iter().rev().map(|v| known(v, metric, ctx)).collect();
    let values: Vec<f64> = known.iter().map(|k| k.value().map_or(f64::NAN, |v| v.0)).collect();
    let spark = Spark { skin, values: &values, role: Role::Text };
    let symbols = skin.symbols();
    // In ASCII the dot is a level of the curve.
    let gap = if symbols.levels.contains(&symbols.dot) { " " } else { symbols.dot };
    let cells = spark.cells(SPARK).into_iter().zip(known);
    cells.fold(Phrase::default(), |phrase, (cell, known)| match (cell, known) {
        (Some(symbol), _) => phrase.text(symbol),
        (None, Known::Underway) => phrase.add(Role::Muted, symbols.ellipsis),
        (None, _) => phrase.add(Role::Muted, gap),
    })
}

/// The text a filter matches against: every column, and what is cut or left out in them.
pub(super) fn text(version: &ModelVersion, ctx: &Ctx<'_>) -> String {
    let mut cells = cells(version, &[], ctx, &Skin::plain());
    let run = version.run_id.as_ref().map(ToString::to_string);
    cells.extend(
        [version.author.clone(), Some(version.description.clone()), run].into_iter().flatten().map(Phrase::new),
    );
    text_of(&cells)
}

/// The cells of a row. `from` starts with `version`; the rest are those before it, newest first.
fn cells(version: &ModelVersion, from: &[ModelVersion], ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let symbols = skin.symbols();
    let in_production = ctx.rules.promote_to.is_held_by(version);
    let reading = format::reading_of(version, ctx);
    let said = ctx.cache.said(version);
    let name = ctx.rules.main_metric(said);
    let value = name.and_then(|name| known(version, name, ctx).value());
    let stage =
        words::not_ready(version, symbols).unwrap_or_else(|| words::stage(version, &ctx.rules.promote_to, symbols));
    let author = words::author(version, said);
    let word = match promotion_on(version) {
        Some((_, by)) => Phrase::of(Role::Warn, format!("{} {by} is promoting this   ", symbols.warn)),
        None => match DecisionMark::on(version).filter(DecisionMark::sets_aside) {
            Some(mark) => {
                Phrase::of(Role::Warn, format!("{} {}   ", symbols.warn, decision::mark(&mark, ctx.now.read())))
            }
            None => Phrase::default(),
        },
    };
    vec![
        Phrase::of(if in_production { Role::Production } else { Role::Text }, version.number.to_string()),
        stage,
        Phrase::new(version.aliases.join(", ")),
        Phrase::new(ctx.now.age(version.created_at)),
        format::known_or(author.map(str::to_owned), reading),
        format::known_or(name.map(str::to_owned), reading),
        format::known_or(value.map(|v| v.to_string()), reading),
        name.map_or_else(|| format::known_or(None, reading), |name| spark(name, from, ctx, skin)),
        word.add(Role::Muted, first_line(&version.description).to_owned()),
    ]
}
