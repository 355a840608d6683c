//! Columns and order of a list, as the user chooses them: `C` shows and hides columns, `s` sorts.

use super::picker::{Picker, Purpose};
use super::{Ctx, Response, ScreenEvent};
use crate::app::action::Action;
use crate::app::prefs::{ListChoice, ListSort, Remember};

/// A column of a list that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choosable {
    /// Its heading.
    pub title: &'static str,
    /// Whether it can be hidden.
    pub hides: bool,
    /// Whether the list can be sorted by it, and whether the usual order is from the largest.
    pub sorts: Option<bool>,
}

impl Choosable {
    /// A column that may be hidden.
    pub const fn new(title: &'static str) -> Self {
        Self { title, hides: true, sorts: None }
    }

    /// A column without which the rows say nothing.
    pub const fn needed(self) -> Self {
        Self { hides: false, ..self }
    }

    /// The list can be sorted by it.
    pub const fn sorted(self, descending: bool) -> Self {
        Self { sorts: Some(descending), ..self }
    }
}

/// The choice for one list, and its picker while it is open.
#[derive(Clone, Debug)]
pub struct Choice {
    list: &'static str,
    all: &'static [Choosable],
    picker: Option<Picker<Choosable>>,
}

impl PartialEq for Choice {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list && self.picker == other.picker
    }
}

impl Choice {
    /// The choice for the list with this name, out of `all` its columns.
    pub fn new(list: &'static str, all: &'static [Choosable]) -> Self {
        Self { list, all, picker: None }
    }

    /// The name of the list.
    pub fn list(&self) -> &'static str {
        self.list
    }

    /// The open picker, for drawing.
    pub fn picker(&self) -> Option<&Picker<Choosable>> {
        self.picker.as_ref()
    }

    /// What Enter and Esc do in the picker.
    pub fn prompt_words(&self) -> Option<(&'static str, &'static str)> {
        Some(match self.picker.as_ref()?.purpose() {
            Purpose::Columns => ("show or hide", "done"),
            Purpose::Sort => ("sort by it", "leave it"),
        })
    }

    /// Whether the column with this heading is shown.
    pub fn shows(&self, title: &str, ctx: &Ctx<'_>) -> bool {
        ctx.prefs.lists.get(self.list).is_none_or(|choice| !choice.hidden.contains(title))
    }

    /// The chosen order, if there is one.
    pub fn sort<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a ListSort> {
        ctx.prefs.lists.get(self.list)?.sort.as_ref()
    }

    /// What is chosen, for a saved view.
    pub fn chosen(&self, ctx: &Ctx<'_>) -> ListChoice {
        ctx.prefs.lists.get(self.list).cloned().unwrap_or_default()
    }

    /// `choice` as the choice for this list.
    pub fn remembered(&self, choice: ListChoice) -> Remember {
        Remember::List(self.list, choice)
    }

    /// Handles events for the picker, and the keys that open it; none for other events.
    pub fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Option<Response> {
        let Some(picker) = &mut self.picker else {
            let purpose = match event {
                ScreenEvent::Action(Action::Columns) => Purpose::Columns,
                ScreenEvent::Action(Action::Sort) => Purpose::Sort,
                ScreenEvent::Action(_) | ScreenEvent::Key(_) | ScreenEvent::Paste(_) | ScreenEvent::Changed => {
                    return None;
                }
            };
            self.picker = Some(picker(purpose, self.all));
            return Some(Response::none());
        };
        if matches!(event, ScreenEvent::Action(Action::Back)) {
            self.picker = None;
            return Some(Response::none());
        }
        let purpose = picker.purpose();
        let Some(column) = picker.update(event, ctx) else { return Some(Response::none()) };
        let mut choice = self.chosen(ctx);
        match purpose {
            Purpose::Columns => {
                if !choice.hidden.remove(column.title) {
                    choice.hidden.insert(column.title.to_owned());
                }
            }
            Purpose::Sort => {
                self.picker = None;
                choice.sort = next(choice.sort.take(), column);
            }
        }
        Some(Response { remember: Some(self.remembered(choice)), ..Response::none() })
    }
}

/// The usual order of the column; chosen again, the reverse; and after that the list's own.
fn next(sort: Option<ListSort>, column: Choosable) -> Option<ListSort> {
    let usual = column.sorts.unwrap_or_default();
    let by = |descending| Some(ListSort { by: column.title.to_owned(), descending });
    match sort.filter(|sort| sort.by == column.title) {
        None => by(usual),
        Some(sort) if sort.descending == usual => by(!usual),
        Some(_) => None,
    }
}

fn picker(purpose: Purpose, all: &[Choosable]) -> Picker<Choosable> {
    let fits = |column: &&Choosable| match purpose {
        Purpose::Columns => column.hides,
        Purpose::Sort => column.sorts.is_some(),
    };
    Picker::new(purpose, all.iter().filter(fits).copied().collect(), 0, |column| column.title)
}

/// What `choice` says of a column in a picker: whether it is shown, or how the list is sorted by it.
pub fn word(picker: &Picker<Choosable>, column: Choosable, choice: Option<&ListChoice>) -> &'static str {
    match picker.purpose() {
        Purpose::Columns if choice.is_some_and(|choice| choice.hidden.contains(column.title)) => "[ ] ",
        Purpose::Columns => "[x] ",
        Purpose::Sort => match choice.and_then(|choice| choice.sort.as_ref()).filter(|sort| sort.by == column.title) {
            Some(sort) if sort.descending => "descending",
            Some(_) => "ascending",
            None => "",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_sorts_as_usual_then_the_other_way_and_then_not_at_all() {
        let age = Choosable::new("AGE").sorted(true);
        let usual = next(None, age);
        assert_eq!(usual, Some(ListSort { by: "AGE".into(), descending: true }));
        let reverse = next(usual, age);
        assert_eq!(reverse, Some(ListSort { by: "AGE".into(), descending: false }));
        assert_eq!(next(reverse.clone(), age), None);
        let name = next(reverse, Choosable::new("MODEL").sorted(false));
        assert_eq!(name, Some(ListSort { by: "MODEL".into(), descending: false }), "another column begins anew");
    }
}
