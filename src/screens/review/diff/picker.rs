//! Choosing a baseline for the candidate: a version of the model, or a run of its experiment.

use tui_input::Input as Field;

use super::against::Against;
use crate::app::action::Action;
use crate::app::edit;
use crate::app::fuzzy;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::domain::experiment::RunQuery;
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::registry::ModelVersion;
use crate::domain::run::Run;
use crate::present::version::run_label;
use crate::screens::parts::{Ctx, ScreenEvent};
use crate::screens::review::above;

/// The kind of list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum List {
    /// The production version, then the versions of the model, newest first.
    #[default]
    Versions,
    /// The runs of the candidate's experiment, newest first.
    Runs,
}

/// State of the picker.
#[derive(Clone, Debug)]
pub struct Picker {
    model: ModelName,
    candidate: VersionNumber,
    experiment: Option<ExperimentId>,
    list: List,
    field: Field,
    entries: Vec<Against>,
    cursor: Cursor<String>,
}

impl PartialEq for Picker {
    fn eq(&self, other: &Self) -> bool {
        self.list == other.list && self.field.value() == other.field.value() && self.cursor == other.cursor
    }
}

impl Picker {
    /// A picker for this candidate. `experiment` is the experiment of its run, if known.
    pub fn new(model: ModelName, candidate: VersionNumber, experiment: Option<ExperimentId>) -> Self {
        let (list, field, cursor) = (List::default(), Field::default(), Cursor::default());
        Self { model, candidate, experiment, list, field, entries: Vec::new(), cursor }
    }

    pub fn list(&self) -> List {
        self.list
    }

    /// The input line, for drawing.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// The matching entries.
    pub fn entries(&self) -> &[Against] {
        &self.entries
    }

    /// The row of the cursor, and the first visible row.
    pub fn place(&self) -> (usize, usize) {
        (self.cursor.index(), self.cursor.offset())
    }

    /// The next page of the list, when the cursor nears the end or a match may be on a later page.
    pub fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let near_end = self.cursor.offset() + 2 * self.rows(ctx).max(1) >= self.entries.len();
        let query = self.query(ctx);
        let begun = match self.list {
            List::Versions => ctx.cache.versions(&self.model).map(|v| v.has_more()),
            List::Runs => self.search().and_then(|s| ctx.cache.found_runs(&s)).map(|f| f.list.has_more()),
        };
        let wanted = match begun {
            None => true,
            Some(more) => more && near_end,
        };
        query.filter(|_| wanted).into_iter().collect()
    }

    /// The query for the next page; none if there is nothing to list.
    pub fn query(&self, ctx: &Ctx<'_>) -> Option<Query> {
        match self.list {
            List::Versions => {
                let page = ctx.cache.versions(&self.model).and_then(|v| v.next_page());
                Some(Query::Versions { model: self.model.clone(), page })
            }
            List::Runs => {
                let search = self.search()?;
                let page = ctx.cache.found_runs(&search).and_then(|f| f.list.next_page());
                Some(Query::SearchRuns { search: RunQuery { page, ..search } })
            }
        }
    }

    /// Handles one event; returns the chosen entry, if any. `production` is the production version.
    pub fn update(
        &mut self,
        event: ScreenEvent<'_>,
        production: Option<VersionNumber>,
        ctx: &Ctx<'_>,
    ) -> Option<Against> {
        match event {
            ScreenEvent::Key(key) => {
                edit::edit(&mut self.field, key);
                self.cursor = Cursor::default();
            }
            ScreenEvent::Paste(text) => {
                edit::paste(&mut self.field, text);
                self.cursor = Cursor::default();
            }
            ScreenEvent::Action(Action::NextTab) => {
                self.list = if self.list == List::Versions { List::Runs } else { List::Versions };
                self.cursor = Cursor::default();
            }
            ScreenEvent::Action(Action::Open) => return self.entries.get(self.cursor.index()).cloned(),
            ScreenEvent::Action(_) | ScreenEvent::Changed => {}
        }
        self.entries = self.find(production, ctx);
        let keys: Vec<String> = self.entries.iter().map(|e| format!("{e:?}")).collect();
        let rows = self.rows(ctx);
        match event {
            ScreenEvent::Action(action) if action.is_movement() => self.cursor.step(action, &keys, rows),
            _ => self.cursor.settle(&keys, rows),
        }
        None
    }

    fn find(&self, production: Option<VersionNumber>, ctx: &Ctx<'_>) -> Vec<Against> {
        let typed = self.field.value().trim();
        let mut entries = match self.list {
            List::Versions => {
                let list = ctx.cache.versions(&self.model);
                let items = list.map(|v| v.items.as_slice()).unwrap_or_default();
                let items: Vec<&ModelVersion> = items.iter().filter(|v| v.number != self.candidate).collect();
                let found = fuzzy::filter(typed, &items, |v| version_text(v));
                let entry = |number| match Some(number) == production {
                    true => Against::Production,
                    false => Against::Version(number),
                };
                let versions = found.into_iter().map(|i| entry(items[i].number));
                // The default comes first, whatever else is in the list.
                let first = typed.is_empty();
                let rest = versions.filter(|v| !first || *v != Against::Production);
                let mut entries: Vec<_> = first.then_some(Against::Production).into_iter().chain(rest).collect();
                // An exact version number comes first, and is offered even if its page was not read.
                let named = typed.parse().ok().filter(|number| *number != self.candidate).map(entry);
                if let Some(named) = named
                    && (entries.contains(&named) || list.is_none_or(|v| v.has_more()))
                {
                    entries.retain(|e| *e != named);
                    entries.insert(0, named);
                }
                entries
            }
            List::Runs => {
                let found = self.search().and_then(|s| ctx.cache.found_runs(&s));
                let runs = found.map(|f| f.list.items.as_slice()).unwrap_or_default();
                let kept = fuzzy::filter(typed, runs, |r| run_text(r));
                kept.into_iter().map(|i| Against::Run(runs[i].id.clone())).collect::<Vec<_>>()
            }
        };
        if let Some(id) = run_id(typed) {
            entries.retain(|e| *e != Against::Run(id.clone()));
            entries.push(Against::Run(id));
        }
        entries
    }

    fn search(&self) -> Option<RunQuery> {
        self.experiment.clone().map(RunQuery::of)
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(1 + above(&self.model, self.candidate, ctx))
    }
}

/// The run id typed or pasted, plain or in MLflow's form `runs:/<id>`: 32 hexadecimal digits.
pub fn run_id(typed: &str) -> Option<RunId> {
    let id = typed.strip_prefix("runs:/").unwrap_or(typed).trim_end_matches('/');
    (id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit())).then(|| RunId::new(id))
}

fn version_text(v: &ModelVersion) -> String {
    format!("{} {} {} {}", v.number, v.stage, v.aliases.join(" "), v.description)
}

fn run_text(run: &Run) -> String {
    format!("{} {} {}", run_label(run), run.id, run.user.as_deref().unwrap_or_default())
}
