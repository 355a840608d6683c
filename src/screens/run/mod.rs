//! What is in this run? One run, without a version.

pub mod rows;
pub mod view;

use std::collections::HashSet;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::owner::Owner;
use crate::app::query::Query;
use crate::app::route::{Route, Subject};
use crate::app::under::Under;
use crate::domain::ids::RunId;
use crate::domain::run::Run;
use crate::present::version::run_label;
use crate::screens::parts::lineage::{Lineage, Root};
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, hold};
use rows::RunRow;

/// The tabs of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The latest value of each metric.
    #[default]
    Metrics,
    Params,
    /// Tags, including those set by MLflow.
    Tags,
    /// Its origin: experiment, parent, data, code, training workflow.
    Lineage,
    /// The author's description.
    Description,
}

impl Tab {
    pub const ALL: [Self; 5] = [Self::Metrics, Self::Params, Self::Tags, Self::Lineage, Self::Description];

    pub fn title(self) -> &'static str {
        match self {
            Self::Metrics => "Metrics",
            Self::Params => "Params",
            Self::Tags => "Tags",
            Self::Lineage => "Lineage",
            Self::Description => "Description",
        }
    }
}

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct RunDetail {
    id: RunId,
    tab: Tab,
    /// Groups and long texts the user folded or unfolded.
    toggled: HashSet<String>,
    lineage: Lineage,
    filter: Filter,
    rows: Vec<RunRow>,
    keys: Vec<usize>,
    cursor: Cursor<usize>,
}

impl RunDetail {
    /// The run with this id.
    pub fn new(id: RunId) -> Self {
        Self {
            id,
            tab: Tab::default(),
            toggled: HashSet::new(),
            lineage: Lineage::of_run(),
            filter: Filter::default(),
            rows: Vec::new(),
            keys: Vec::new(),
            cursor: Cursor::default(),
        }
    }

    fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Response {
        let at = Tab::ALL.iter().position(|t| *t == self.tab).unwrap_or(0);
        match action {
            Action::NextTab => self.go_to((at + 1) % Tab::ALL.len()),
            Action::PreviousTab => self.go_to((at + Tab::ALL.len() - 1) % Tab::ALL.len()),
            Action::Refresh => return Response::refresh(self.needs(ctx)),
            Action::Curve => return self.open(ctx),
            Action::Files => return Response::push(Route::Files(Owner::Run(self.id.clone()))),
            Action::Browse => {
                let run = self.run(ctx).map(|r| Place::Run(r.experiment.clone(), r.id.clone()));
                return run.map_or_else(Response::none, |place| Response::effect(Effect::Browse(place)));
            }
            Action::Copy => {
                return match self.rows.get(self.cursor.index()) {
                    Some(RunRow::Metric { point, .. }) => Response::copy(point.value.0.to_string()),
                    Some(RunRow::Text { value, .. }) => Response::copy(value.clone()),
                    _ => Response::copy(self.id.as_str().to_owned()),
                };
            }
            other => match other.tab() {
                Some(tab) => self.go_to(tab),
                None => return Response::pass(other),
            },
        }
        Response::none()
    }

    /// Handles Enter: the curve of a metric, a group, or the full text.
    fn open(&mut self, ctx: &Ctx<'_>) -> Response {
        let key = match self.rows.get(self.cursor.index()) {
            Some(RunRow::Metric { name, .. }) => {
                let label = self.run(ctx).map_or_else(|| self.id.short(), run_label);
                let subject = Subject { label, version: None, run: Some(self.id.clone()) };
                return Response::push(Route::Curves(vec![subject], name.clone()));
            }
            Some(RunRow::Group { prefix, .. }) => prefix.clone(),
            Some(RunRow::Text { name, .. }) => name.clone(),
            Some(RunRow::Line(_)) | None => return Response::pass(Action::Curve),
        };
        if !self.toggled.remove(&key) {
            self.toggled.insert(key);
        }
        Response::none()
    }

    fn go_to(&mut self, tab: usize) {
        if let Some(tab) = Tab::ALL.get(tab).filter(|t| **t != self.tab) {
            self.tab = *tab;
            self.toggled.clear();
            self.filter = Filter::default();
            self.cursor = Cursor::default();
        }
    }

    fn root<'a>(&self, ctx: &Ctx<'a>) -> Option<Root<'a>> {
        self.run(ctx).map(Root::Run)
    }

    fn run<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Run> {
        ctx.cache.run(&self.id).flatten()
    }

    fn make_rows(&self, run: &Run, ctx: &Ctx<'_>) -> Vec<RunRow> {
        let width = usize::from(ctx.width.saturating_sub(10));
        match self.tab {
            Tab::Metrics => rows::metrics(run, &self.toggled, self.filter.narrows()),
            Tab::Params => rows::texts(&run.params, &self.toggled, width),
            Tab::Tags => rows::texts(&run.tags, &self.toggled, width),
            Tab::Description => rows::description(run, width),
            Tab::Lineage => Vec::new(),
        }
    }
}

impl Component for RunDetail {
    fn heading(&self) -> &'static str {
        "run"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Run(self.id.clone()))
    }

    fn under(&self, _: &Ctx<'_>) -> Under {
        Under::run(self.id.clone())
    }

    fn finder(&self) -> Option<&Filter> {
        Some(if self.tab == Tab::Lineage { self.lineage.filter() } else { &self.filter })
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        Some(if self.tab == Tab::Lineage { self.lineage.filter_mut() } else { &mut self.filter })
    }

    fn tabs(&self) -> Vec<&'static str> {
        Tab::ALL.map(Tab::title).to_vec()
    }

    fn contexts(&self) -> &'static [Context] {
        match self.tab {
            Tab::Lineage => &[Context::Lineage, Context::Run, Context::List, Context::Global],
            _ => &[Context::Run, Context::List, Context::Global],
        }
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Copy, Curve, Files, Fold, Help, NextTab, Open, Run};
        match self.tab {
            Tab::Metrics => &[Curve, NextTab, Files, Browse, Copy, Back, Help],
            Tab::Lineage => &[Open, Fold, Run, Browse, Copy, NextTab, Files, Back, Help],
            Tab::Params | Tab::Tags | Tab::Description => &[NextTab, Files, Browse, Copy, Back, Help],
        }
    }

    /// The run, unless a list already loaded it; on the lineage tab also its origin.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = ctx.cache.runs_to_ask([self.id.clone()]);
        if self.tab == Tab::Lineage {
            needs.extend(self.lineage.needs(self.root(ctx), ctx));
        }
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if self.tab == Tab::Lineage
            && let Some(step) = self.lineage.update(event, self.root(ctx), ctx.rows(1), ctx)
        {
            return step;
        }
        hold(&mut self.cursor, event);
        let step = match event {
            ScreenEvent::Action(action) if action.is_movement() => {
                self.cursor.step(action, &self.keys, ctx.rows(2));
                Response::none()
            }
            ScreenEvent::Action(action) => self.act(action, ctx),
            ScreenEvent::Key(_) | ScreenEvent::Paste(_) | ScreenEvent::Changed => Response::none(),
        };
        self.rows = self.run(ctx).map(|run| self.make_rows(run, ctx)).unwrap_or_default();
        self.keys = (0..self.rows.len()).collect();
        let rows = std::mem::take(&mut self.rows);
        let text = |row: &RunRow| row.text();
        (self.rows, self.keys) = self.filter.rows(rows, std::mem::take(&mut self.keys), text, |_| false);
        self.cursor.settle(&self.keys, ctx.rows(2));
        step
    }
}
