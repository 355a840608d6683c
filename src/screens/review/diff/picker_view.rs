//! Drawing of the baseline picker.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Diff;
use super::against::Against;
use super::picker::{List, Picker};
use crate::app::action::Action;
use crate::domain::facts::ReviewedFacts;
use crate::domain::ids::ModelName;
use crate::domain::text::first_line;
use crate::present::version as words;
use crate::present::version::run_label;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Diff {
    /// Draws the input line and the entries.
    pub(super) fn draw_picker(&self, picker: &Picker, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let (label, other) = match picker.list() {
            List::Versions => (" against version ", " runs of its experiment "),
            List::Runs => (" against run ", " versions of the model "),
        };
        let hint = Phrase::of(Role::Key, ctx.keys.named(Action::NextTab)).add(Role::Muted, other);
        let area = format::Prompt::new(skin, label, picker.field()).hint(hint).draw(area, buf);
        let query = picker.query(ctx);
        let failure = query.as_ref().and_then(|q| ctx.cache.failure(q));
        let shown_since = (!picker.entries().is_empty()).then_some(ctx.now.read());
        let area = format::banner(area, buf, ctx, skin, failure, shown_since);
        if picker.entries().is_empty() {
            let loading = query.as_ref().is_some_and(|q| ctx.cache.is_loading(q));
            let message = match picker.list() {
                _ if failure.is_some() => "",
                _ if loading => "reading …",
                List::Runs if query.is_none() => {
                    "The candidate's run names no experiment. You can enter the ID of a run."
                }
                List::Runs => "No loaded run matches. You can enter the full ID of any run.",
                List::Versions => "No version matches. You can enter the full ID of a run.",
            };
            return format::empty(area, buf, ctx, skin, message, &[(Action::Back, "back")]);
        }
        let columns = [
            Column::left("").min(12).max(28),
            Column::left("").min(12),
            Column::right("").rank(1),
            Column::left("").rank(2).min(12).stretch(),
        ];
        let sample = ["current-run-of-somebody-00001", "● in Production", "59m", "Tuned"].map(Phrase::new).to_vec();
        let widths = Widths::of(&columns, [Row::new(sample)]);
        let row = |i: usize| {
            let entry = picker.entries().get(i);
            let facts = self.facts(ctx);
            entry.map(|e| entry_row(e, facts, &self.model, ctx, skin).marked(*e == self.against)).unwrap_or_default()
        };
        let table = Table::new(skin, &columns, &widths, picker.entries().len(), &row).without_header();
        let (cursor, offset) = picker.place();
        (&table.scrolled(offset).cursor(Some(cursor))).render(area, buf);
    }
}

fn entry_row(
    entry: &Against,
    facts: Option<&ReviewedFacts>,
    model: &ModelName,
    ctx: &Ctx<'_>,
    skin: &Skin,
) -> Row<'static> {
    let symbols = skin.symbols();
    let target = &ctx.rules.promote_to;
    match entry {
        Against::Production => {
            let base = facts.and_then(|f| f.baseline.as_ref()).map(|b| &b.version);
            let number = base.map_or_else(|| "nothing".to_owned(), |v| v.number.to_string());
            Row::new(vec![
                Phrase::of(Role::Production, number),
                Phrase::of(Role::Production, format!("{} in {target}", symbols.production)),
                Phrase::of(Role::Muted, base.map(|v| ctx.now.age(v.created_at)).unwrap_or_default()),
                Phrase::of(Role::Muted, base.map(|v| first_line(&v.description).to_owned()).unwrap_or_default()),
            ])
        }
        Against::Version(number) => {
            let found = ctx.cache.versions(model).and_then(|v| v.items.iter().find(|v| v.number == *number));
            let Some(version) = found else {
                return Row::new(vec![Phrase::new(number.to_string()), Phrase::of(Role::Muted, "  by its number")]);
            };
            let stage = words::stage(version, target, symbols);
            Row::new(vec![
                Phrase::new(number.to_string()),
                stage,
                Phrase::of(Role::Muted, ctx.now.age(version.created_at)),
                Phrase::of(Role::Muted, first_line(&version.description).to_owned()),
            ])
        }
        Against::Run(id) => match ctx.cache.run(id).flatten() {
            Some(run) => Row::new(vec![
                Phrase::new(run_label(run)),
                Phrase::of(Role::Muted, format!("run {}", id.short())),
                Phrase::of(Role::Muted, ctx.now.age(run.started_at)),
                words::run_status(run, skin.symbols()),
            ]),
            None => Row::new(vec![Phrase::new(format!("run {}", id.short())), Phrase::of(Role::Muted, "by its id")]),
        },
    }
}
