//! Drawing of the targets.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Targets;
use crate::app::action::Action;
use crate::app::query::Query;
use crate::domain::target::{TargetEntry, WaitingCount};
use crate::present::number;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Targets {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, _: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let count = number::count(ctx.targets.len() as u64, "target");
        (Phrase::of(Role::Title, "Targets"), vec![Phrase::of(Role::Muted, count)])
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        if self.list.is_empty() {
            let (message, keys): (&str, &[_]) = match self.list.filter().query() {
                "" => ("The configuration has no targets.", &[]),
                _ => ("No target matches.", &[(Action::Back, "clears the filter")]),
            };
            return format::empty(area, buf, ctx, skin, message, keys);
        }
        let columns = [
            Column::left("TARGET").min(10).max(24),
            Column::left("WAITING").min(22),
            Column::left("SERVERS").rank(1).min(20).stretch(),
        ];
        let sample = ["staging", "12 waiting, 1 held back", "https://staging.cloud.databricks.com"];
        let widths = Widths::of(&columns, [Row::new(sample.map(Phrase::new).to_vec())]);
        let row =
            |i: usize| self.list.item(i, ctx.targets).map(|target| Row::new(cells(target, ctx))).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.list.len(), &row);
        (&table.scrolled(self.list.offset()).cursor(Some(self.list.cursor()))).render(area, buf);
    }
}

pub(super) fn cells(target: &TargetEntry, ctx: &Ctx<'_>) -> Vec<Phrase<'static>> {
    let name = if target.production { Role::Bad } else { Role::Text };
    let query = Query::WaitingIn { target: target.name.clone() };
    let waiting = match (&target.servers, ctx.cache.waiting_in(target.name.as_str()), ctx.cache.failure(&query)) {
        (Err(_), ..) => Phrase::of(Role::Warn, "cannot be used"),
        (Ok(_), Some(count), _) => counted(*count),
        (Ok(_), None, Some(_)) => Phrase::of(Role::Warn, "cannot be read"),
        (Ok(_), None, None) => Phrase::of(Role::Muted, "…"),
    };
    let servers = match (&target.servers, ctx.cache.failure(&query)) {
        (Err(failure), _) => Phrase::of(Role::Warn, failure.reason.clone()),
        (Ok(_), Some(failure)) => Phrase::of(Role::Warn, failure.reason.clone()),
        (Ok(servers), None) => Phrase::of(Role::Muted, servers.clone()),
    };
    vec![Phrase::of(name, target.name.clone()), waiting, servers]
}

fn counted(count: WaitingCount) -> Phrase<'static> {
    let more = if count.more { "+" } else { "" };
    let held = if count.held > 0 { format!(", {} held back", count.held) } else { String::new() };
    match count.waiting - count.held {
        0 => Phrase::of(Role::Muted, format!("nothing waits{held}")),
        waiting => Phrase::of(Role::Candidate, format!("{waiting}{more} waiting{held}")),
    }
}
