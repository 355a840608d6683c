//! Drawing of a column picker, and of a table as it is chosen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::choice::{Choice, Choosable, word};
use super::picker::{Picker, Purpose};
use super::{Ctx, view as format};
use crate::app::action::Action;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Sorted, Table};

/// The columns of a table that are shown, by their index among all.
#[derive(Clone, Debug)]
pub struct Chosen {
    shown: Vec<usize>,
    pub columns: Vec<Column<'static>>,
}

impl Chosen {
    /// Those of `all` that the choice shows.
    pub fn of(all: Vec<Column<'static>>, choice: &Choice, ctx: &Ctx<'_>) -> Self {
        let shown: Vec<usize> = (0..all.len()).filter(|i| choice.shows(&all[*i].title, ctx)).collect();
        let columns = all.into_iter().enumerate().filter(|(i, _)| shown.contains(i)).map(|(_, c)| c).collect();
        Self { shown, columns }
    }

    /// A row of the cells that are shown.
    pub fn row(&self, cells: Vec<Phrase<'static>>) -> Row<'static> {
        let cells = cells.into_iter().enumerate().filter(|(i, _)| self.shown.contains(i)).map(|(_, cell)| cell);
        Row::new(cells.collect())
    }

    /// The mark of the column that the list is sorted by.
    pub fn sorted(&self, choice: &Choice, ctx: &Ctx<'_>) -> Option<Sorted> {
        let sort = choice.sort(ctx)?;
        let column = self.columns.iter().position(|column| column.title == sort.by)?;
        Some(Sorted { column, descending: sort.descending })
    }
}

/// Draws the picker of a list.
pub fn draw(picker: &Picker<Choosable>, list: &str, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
    let prompt = match picker.purpose() {
        Purpose::Columns => " columns ",
        Purpose::Sort => " sort by ",
    };
    let area = format::Prompt::new(skin, prompt, picker.field()).draw(area, buf);
    if picker.is_empty() {
        return format::empty(area, buf, ctx, skin, "No column matches.", &[(Action::Back, "back")]);
    }
    let choice = ctx.prefs.lists.get(list);
    let columns = [Column::left("").min(20).stretch()];
    let widths = Widths::of(&columns, [Row::new(vec![Phrase::new("x")])]);
    let row = |i: usize| {
        let Some(column) = picker.entry(i).copied() else { return Row::default() };
        let said = word(picker, column, choice);
        Row::new(vec![match picker.purpose() {
            Purpose::Columns => Phrase::of(Role::Key, said).text(column.title),
            Purpose::Sort => Phrase::new(format!("{:<16}", column.title)).add(Role::Muted, said),
        }])
    };
    let table = Table::new(skin, &columns, &widths, picker.len(), &row).without_header();
    let (cursor, offset) = picker.place();
    (&table.scrolled(offset).cursor(Some(cursor))).render(area, buf);
}
