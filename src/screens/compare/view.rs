//! Drawing of several versions or runs side by side.

use crate::domain::compare::Directions;
use crate::present::number;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;
use std::borrow::Cow;

use super::Compare;
use super::rows::CompareRow;
use crate::domain::beside::{Cells, ValueRow as Laid};
use crate::domain::compare::{Change, metric_change};
use crate::domain::text::clean_line;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Compare {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, _: &Ctx<'_>, _: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let left = match self.subjects.as_slice() {
            [a, b] => {
                let model = a.version.as_ref().map(|(m, _)| format!("  {m}")).unwrap_or_default();
                Phrase::of(Role::Title, format!("{} and {}", a.label, b.label)).add(Role::Muted, model)
            }
            many => Phrase::of(Role::Title, format!("{} side by side", many.len())),
        };
        let mut right = Vec::new();
        if self.first > 0 {
            right.push(Phrase::of(Role::Muted, format!("columns {}-{}", self.first + 1, self.subjects.len())));
        }
        let what = if self.choice.differences_only { "only differences" } else { "everything" };
        right.push(Phrase::of(Role::Muted, what));
        if self.choice.by_size {
            right.push(Phrase::of(Role::Muted, "largest change first"));
        }
        (left, right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let failure = self.subjects.iter().find_map(|s| ctx.cache.run_failure(s.run.as_ref()?));
        let area = format::banner(area, buf, ctx, skin, failure, None);
        let columns = self.columns();
        let widths = Widths::of(&columns, [self.sample("telco-20.123456"), self.sample(&self.widest)]);
        let row = |i: usize| self.rows.get(i).map(|r| self.row(r, ctx, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row);
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }

    fn in_sight(&self) -> impl Iterator<Item = usize> {
        self.first..self.subjects.len()
    }

    fn has_delta(&self) -> bool {
        self.subjects.len() == 2 && self.first == 0
    }

    fn columns(&self) -> Vec<Column<'static>> {
        let number = u16::try_from(self.widest.len()).unwrap_or(u16::MAX);
        let most = if self.has_delta() { 30 } else { 20 };
        let mut columns = vec![Column::left("").min(18).max(40).middle()];
        columns.extend(self.in_sight().enumerate().map(|(n, i)| {
            // The first column stays; of the others, those on the right are dropped until scrolled to.
            let rank = u8::try_from(n).unwrap_or(u8::MAX);
            let column = Column::point(self.subjects[i].label.clone()).rank(rank);
            column.min(number.max(10)).max(most.max(number)).middle()
        }));
        if self.has_delta() {
            columns.push(Column::left("CHANGE"));
        }
        columns
    }

    fn sample(&self, value: &str) -> Row<'static> {
        let mut cells = vec![Phrase::new("~ validation_macro_f1_score")];
        cells.extend(self.in_sight().map(|_| Phrase::new(value.to_owned())));
        if self.has_delta() {
            cells.push(Phrase::new("▲ +0.123456"));
        }
        Row::new(cells)
    }

    fn row(&self, row: &CompareRow, ctx: &Ctx<'_>, skin: &Skin) -> Row<'static> {
        match row {
            CompareRow::Gap => Row::default(),
            CompareRow::Section { title, word } => {
                Row::across(Phrase::of(Role::Heading, *title).add(Role::Muted, format!("  {word}")))
            }
            CompareRow::Group { prefix, count, differing, open } => {
                let mark = if *open { "-" } else { "+" };
                let name = format!("{mark} {}* ({count})", clean_line(prefix));
                let word = if *differing > 0 { format!("   {differing} differ") } else { String::new() };
                Row::across(Phrase::of(Role::Link, name).add(Role::Muted, word))
            }
            CompareRow::Value { row, inside } => self.value(row, *inside, ctx, skin),
            CompareRow::Text(line) => Row::across(Phrase::of(Role::Muted, format!("    {line}"))),
        }
    }

    /// Metric directions of the model whose versions are compared.
    fn directions<'a>(&self, ctx: &Ctx<'a>) -> Cow<'a, Directions> {
        let model = self.subjects.iter().find_map(|s| s.version.as_ref().map(|(model, _)| model));
        model.map_or(Cow::Borrowed(&ctx.rules.directions), |model| ctx.rules.directions_for(model))
    }

    fn value(&self, row: &Laid, inside: bool, ctx: &Ctx<'_>, skin: &Skin) -> Row<'static> {
        let differs = row.differs();
        let indent = if inside { "  " } else { "" };
        let mark = if differs { "~ " } else { "  " };
        let mut cells = vec![
            Phrase::of(Role::Unknown, format!("{indent}{mark}"))
                .add(if differs { Role::Text } else { Role::Muted }, clean_line(&row.name)),
        ];
        cells.extend(self.in_sight().map(|i| {
            let reading = format::reading(self.subjects[i].run.as_ref(), ctx);
            let value = match &row.cells {
                Cells::Numbers(v) => v.get(i).copied().flatten().map(|n| n.to_string()),
                Cells::Texts(v) => v.get(i).and_then(Option::as_deref).map(clean_line),
            };
            format::known_or(value, reading)
        }));
        if self.has_delta() {
            cells.push(match &row.cells {
                Cells::Numbers(v) => {
                    let of = |i: usize| v.get(i).copied().flatten();
                    let (change, delta) = metric_change(of(0), of(1), self.directions(ctx).of(&row.name));
                    number::delta(change, delta, skin.symbols())
                }
                Cells::Texts(v) => match v.as_slice() {
                    [Some(_), None] => number::delta(Change::Removed, None, skin.symbols()),
                    [None, Some(_)] => number::delta(Change::Added, None, skin.symbols()),
                    _ if differs => Phrase::of(Role::Unknown, "~ changed"),
                    _ => number::delta(Change::Same, None, skin.symbols()),
                },
            });
        }
        Row::new(cells)
    }
}
