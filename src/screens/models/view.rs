//! Drawing of the models.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Models;
use crate::app::action::Action;
use crate::app::query::Query;
use crate::domain::inbox::{production, waiting};
use crate::domain::registry::RegisteredModel;
use crate::domain::text::first_line;
use crate::present::number;
use crate::screens::parts::production as in_production;
use crate::screens::parts::view as format;
use crate::screens::parts::{Ctx, text_of};
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Models {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let models = &ctx.cache.models;
        let failed = ctx.cache.failure(&Query::Models { page: models.next_page() }).is_some();
        let known = models.read_at.map(|_| models.items.len());
        let right = vec![
            number::length(known, !models.complete, "model"),
            format::freshness(models.has_more() && !failed, failed, models.read_at, ctx, skin),
        ];
        (Phrase::of(Role::Title, "Models"), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let models = &ctx.cache.models;
        let failure = ctx.cache.failure(&Query::Models { page: models.next_page() });
        let area = format::banner(area, buf, ctx, skin, failure, models.read_at);
        if self.list.is_empty() {
            let (message, keys): (&str, &[_]) = match (self.list.filter().query(), models.has_more()) {
                ("", true) if failure.is_none() => ("reading models …", &[]),
                ("", true) => ("", &[]),
                ("", false) => ("This registry has no models you can read.", &[(Action::Refresh, "reads again")]),
                _ => ("No model matches.", &[(Action::Back, "clears the filter")]),
            };
            return format::empty(area, buf, ctx, skin, message, keys);
        }
        let columns = columns();
        let widths = Widths::of(&columns, [sample()]);
        let row =
            |i: usize| self.list.item(i, &models.items).map(|m| Row::new(cells(m, ctx, skin))).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.list.len(), &row).kept(ctx.kept);
        (&table.scrolled(self.list.offset()).cursor(Some(self.list.cursor()))).render(area, buf);
    }
}

fn columns() -> Vec<Column<'static>> {
    vec![
        Column::left("MODEL").min(14).max(44).middle(),
        Column::right("PROD"),
        Column::left(in_production::HEADING).rank(3),
        Column::right("NEWEST"),
        Column::right("WAITING"),
        Column::right("CHANGED").rank(1),
        Column::left("DESCRIPTION").rank(2).min(16).stretch(),
    ]
}

fn sample() -> Row<'static> {
    Row::new(
        ["telco-churn-classifier", "v1234", in_production::WIDEST, "v1234", "v1234", "59m", "Churn within 30 days."]
            .map(Phrase::new)
            .to_vec(),
    )
}

/// The text a filter matches against: every column, and what is cut or left out in them.
pub(super) fn text(model: &RegisteredModel, ctx: &Ctx<'_>) -> String {
    let mut cells = cells(model, ctx, &Skin::plain());
    cells.extend(model.aliases.keys().map(|alias| Phrase::new(format!("@{alias}"))));
    cells.extend(model.latest.iter().map(|v| Phrase::new(format!("{} {}", v.number, v.stage))));
    cells.push(Phrase::new(model.description.clone()));
    text_of(&cells)
}

fn cells(model: &RegisteredModel, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let target = &ctx.rules.promote_to;
    let version = |role, v: Option<crate::domain::ids::VersionNumber>| match v {
        Some(v) => Phrase::of(role, v.to_string()),
        None => Phrase::of(Role::Muted, "-"),
    };
    let browse = if model.browse_only { "  (browse only)" } else { "" };
    vec![
        Phrase::new(model.name.to_string()).add(Role::Muted, browse),
        version(Role::Production, production(model, target)),
        match production(model, target) {
            Some(_) => in_production::cell(&model.name, ctx, skin.symbols()),
            None => Phrase::of(Role::Muted, "-"),
        },
        version(Role::Text, model.latest.iter().map(|v| v.number).max()),
        version(Role::Candidate, waiting(model, target).map(|w| w.candidate.number)),
        Phrase::of(Role::Muted, ctx.now.age(model.updated_at)),
        Phrase::of(Role::Muted, first_line(&model.description).to_owned()),
    ]
}
