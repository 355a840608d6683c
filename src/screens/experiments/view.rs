//! Drawing of the experiments.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Experiments;
use crate::app::action::Action;
use crate::app::query::Query;
use crate::domain::experiment::Experiment;
use crate::present::number;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Experiments {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let list = &ctx.cache.experiments;
        let query = Query::Experiments { page: list.next_page() };
        let failed = ctx.cache.failure(&query).is_some();
        let right = vec![
            number::length(list.read_at.map(|_| list.items.len()), list.has_more(), "experiment"),
            format::freshness(ctx.cache.is_loading(&query), failed, list.read_at, ctx, skin),
        ];
        (Phrase::of(Role::Title, "Experiments"), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let list = &ctx.cache.experiments;
        let failure = ctx.cache.failure(&Query::Experiments { page: list.next_page() });
        let area = format::banner(area, buf, ctx, skin, failure, list.read_at);
        if self.list.is_empty() {
            let (message, keys): (&str, &[_]) = match (self.list.filter().query(), list.read_at) {
                (_, None) if failure.is_some() => ("", &[]),
                (_, None) => ("reading experiments …", &[]),
                ("", Some(_)) => ("This server has no experiments you can read.", &[(Action::Refresh, "reads again")]),
                _ => ("No experiment matches.", &[(Action::Back, "clears the filter")]),
            };
            return format::empty(area, buf, ctx, skin, message, keys);
        }
        let columns = columns();
        let widths = Widths::of(&columns, [sample()]);
        let row = |i: usize| self.list.item(i, &list.items).map(|e| Row::new(cells(e, ctx))).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.list.len(), &row);
        (&table.scrolled(self.list.offset()).cursor(Some(self.list.cursor()))).render(area, buf);
    }
}

fn columns() -> Vec<Column<'static>> {
    vec![
        Column::left("EXPERIMENT").min(20).stretch().middle(),
        Column::right("CHANGED"),
        Column::right("CREATED").rank(1),
        Column::left("ID").rank(2).min(4).max(20),
    ]
}

fn sample() -> Row<'static> {
    Row::new(["churn-training-experiment", "59m", "59m", "123456789012345678"].map(Phrase::new).to_vec())
}

pub(super) fn cells(experiment: &Experiment, ctx: &Ctx<'_>) -> Vec<Phrase<'static>> {
    let age = |at| Phrase::of(Role::Muted, ctx.now.age(at));
    vec![
        Phrase::new(experiment.name.clone()),
        age(experiment.updated_at),
        age(experiment.created_at),
        Phrase::of(Role::Muted, experiment.id.to_string()),
    ]
}
