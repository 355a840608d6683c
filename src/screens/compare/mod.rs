//! How do these differ? Several versions or runs side by side.

pub mod rows;
pub mod view;

use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::{Route, Subject};
use crate::domain::beside::{Cells, Column, lay};
use crate::domain::provenance::Provenance;
use crate::domain::registry::ModelVersion;
use crate::present::number;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, hold};
use rows::{Choice, CompareRow};

/// State of the screen.
/// Which runs and logged models were loaded, the choice, the width, and the filter.
type MadeFrom = (Vec<(bool, bool)>, Choice, u16, String);

#[derive(Clone, Debug, PartialEq)]
pub struct Compare {
    subjects: Vec<Subject>,
    choice: Choice,
    /// The first visible subject.
    first: usize,
    filter: Filter,
    rows: Vec<CompareRow>,
    keys: Vec<String>,
    /// As wide as the widest number.
    widest: String,
    /// What the rows were made from.
    made_from: Option<MadeFrom>,
    cursor: Cursor<String>,
}

impl Compare {
    /// Compares these side by side; the first is the reference.
    pub fn new(subjects: Vec<Subject>) -> Self {
        Self {
            subjects: distinct(subjects),
            widest: String::new(),
            choice: Choice { differences_only: true, ..Choice::default() },
            first: 0,
            filter: Filter::default(),
            rows: Vec::new(),
            keys: Vec::new(),
            made_from: None,
            cursor: Cursor::default(),
        }
    }

    fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Response {
        let last = self.subjects.len().saturating_sub(1);
        match action {
            Action::Refresh => return Response::refresh(self.needs(ctx)),
            Action::Differences => self.choice.differences_only = !self.choice.differences_only,
            Action::SortBySize if self.subjects.len() == 2 => self.choice.by_size = !self.choice.by_size,
            Action::SortBySize => {
                return Response::vain(Action::SortBySize, "Sorting by size needs exactly two columns.");
            }
            Action::CursorLeft => self.first = self.first.saturating_sub(1),
            Action::CursorRight => self.first = (self.first + 1).min(last),
            Action::Curve => return self.open(),
            Action::Copy => {
                if let Some(CompareRow::Value { row, .. }) = self.rows.get(self.cursor.index()) {
                    return Response::copy(row.name.clone());
                }
            }
            other => return Response::pass(other),
        }
        Response::none()
    }

    /// Handles Enter: opens the curve of a metric, or unfolds a group or a long text.
    fn open(&mut self) -> Response {
        match self.rows.get(self.cursor.index()) {
            Some(CompareRow::Value { row, .. }) if matches!(row.cells, Cells::Numbers(_)) => {
                let subjects = self.subjects.iter().filter(|s| s.run.is_some()).cloned().collect();
                return Response::push(Route::Curves(subjects, row.name.clone()));
            }
            Some(CompareRow::Value { .. } | CompareRow::Group { .. }) => {
                if let Some(key) = self.keys.get(self.cursor.index())
                    && !self.choice.open.remove(key)
                {
                    self.choice.open.insert(key.clone());
                }
            }
            Some(CompareRow::Gap | CompareRow::Section { .. } | CompareRow::Text(_)) | None => {
                return Response::pass(Action::Curve);
            }
        }
        Response::none()
    }

    fn settle(&mut self, ctx: &Ctx<'_>) {
        let known: Vec<(bool, bool)> = self.subjects.iter().map(|s| self.column(s, ctx).said).map(parts).collect();
        let all = Choice { differences_only: false, all_open: true, ..self.choice.clone() };
        let choice = if self.filter.narrows() { all } else { self.choice.clone() };
        let made_from = (known, choice.clone(), ctx.width, self.filter.query().to_owned());
        if self.made_from.as_ref() != Some(&made_from) {
            self.made_from = Some(made_from);
            let columns: Vec<_> = self.subjects.iter().map(|s| self.column(s, ctx)).collect();
            let labels: Vec<&str> = self.subjects.iter().map(|s| s.label.as_str()).collect();
            let width = usize::from(ctx.width.saturating_sub(10));
            let (rows, keys) = rows::rows(lay(&columns), &labels, &choice, width);
            self.widest = number::widest(rows.iter().flat_map(CompareRow::numbers));
            let is_heading = |row: &CompareRow| matches!(row, CompareRow::Section { .. });
            (self.rows, self.keys) = self.filter.rows(rows, keys, CompareRow::text, is_heading);
        }
        self.cursor.settle(&self.keys, ctx.rows(1));
    }

    fn column<'a>(&self, subject: &Subject, ctx: &Ctx<'a>) -> Column<'a> {
        match version(subject, ctx) {
            Some(version) => Column {
                said: ctx.cache.said(version),
                from: ctx.rules.metrics_from(&version.model),
                tags: Some(&version.tags),
            },
            None => {
                let run = subject.run.as_ref().and_then(|id| ctx.cache.run(id)).flatten();
                Column { said: run.map(Provenance::from).unwrap_or_default(), ..Column::default() }
            }
        }
    }
}

/// Whether run and logged model are known.
fn parts(said: Provenance<'_>) -> (bool, bool) {
    (said.run.is_some(), said.logged.is_some())
}

/// The version of a subject, from the list it was chosen in.
fn version<'a>(subject: &Subject, ctx: &Ctx<'a>) -> Option<&'a ModelVersion> {
    let (model, number) = subject.version.as_ref()?;
    ctx.cache.versions(model)?.items.iter().find(|v| v.number == *number)
}

/// Runs of one name, and versions of several models with one number, by labels that tell them apart.
fn distinct(subjects: Vec<Subject>) -> Vec<Subject> {
    let is_alone = |label: &str| subjects.iter().filter(|other| other.label == label).count() < 2;
    let label = |subject: &Subject| match (&subject.version, &subject.run) {
        _ if is_alone(&subject.label) => subject.label.clone(),
        (Some((model, _)), _) => format!("{model} {}", subject.label),
        (None, Some(run)) => format!("{} {}", subject.label, run.short()),
        (None, None) => subject.label.clone(),
    };
    let labels: Vec<String> = subjects.iter().map(label).collect();
    subjects.into_iter().zip(labels).map(|(subject, label)| Subject { label, ..subject }).collect()
}

impl Component for Compare {
    fn heading(&self) -> &'static str {
        "compare"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Compare(self.subjects.clone()))
    }

    fn finder(&self) -> Option<&Filter> {
        Some(&self.filter)
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        Some(&mut self.filter)
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Compare, Context::List, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Copy, CursorLeft, CursorRight, Curve, Differences, Help, SortBySize};
        if self.subjects.len() == 2 {
            &[Curve, Differences, SortBySize, Copy, Back, Help]
        } else {
            &[Curve, Differences, CursorLeft, CursorRight, Copy, Back, Help]
        }
    }

    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = ctx.cache.runs_to_ask(self.subjects.iter().filter_map(|s| s.run.clone()));
        for query in ctx.cache.said_to_ask(self.subjects.iter().filter_map(|s| version(s, ctx))) {
            if !needs.contains(&query) {
                needs.push(query);
            }
        }
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        hold(&mut self.cursor, event);
        let step = match event {
            ScreenEvent::Action(action) if action.is_movement() => {
                self.cursor.step(action, &self.keys, ctx.rows(1));
                Response::none()
            }
            ScreenEvent::Action(action) => self.act(action, ctx),
            ScreenEvent::Key(_) | ScreenEvent::Paste(_) | ScreenEvent::Changed => Response::none(),
        };
        self.settle(ctx);
        step
    }
}
