//! Which experiments are there?

pub mod view;

use crate::app::action::Action;
use crate::app::fuzzy;
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::ids::ExperimentId;
use crate::ports::tracking::Experiment;
use crate::screens::parts::{Ctx, Event, Filter, Step};

/// State of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiments {
    shown: Vec<usize>,
    keys: Vec<ExperimentId>,
    made_from: Option<u64>,
    cursor: Cursor<ExperimentId>,
    filter: Filter,
}

impl Experiments {
    /// Contexts from the innermost outwards.
    #[must_use]
    pub fn contexts(&self) -> &'static [Context] {
        if self.filter.is_editing() {
            &[Context::Prompt, Context::Global]
        } else {
            &[Context::Experiments, Context::List, Context::Global]
        }
    }

    /// The keys that matter most here.
    #[must_use]
    pub fn hints(&self) -> &'static [Action] {
        use Action::{Back, Copy, Filter, Help, Open, Refresh};
        &[Open, Filter, Copy, Refresh, Back, Help]
    }

    /// The line that narrows the list.
    #[must_use]
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Whether keys go into a text field.
    #[must_use]
    pub fn captures_text(&self) -> bool {
        self.filter.is_editing()
    }

    /// The first page, and the next when the cursor comes near the end or a filter looks for more.
    #[must_use]
    pub fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let list = &ctx.catalog.experiments;
        let near_end = self.cursor.offset() + 2 * self.rows(ctx).max(1) >= self.shown.len();
        if list.is_due() || list.has_more() && (near_end || self.filter.is_active()) {
            vec![Query::Experiments { page: list.next_page() }]
        } else {
            Vec::new()
        }
    }

    /// Handles one event.
    pub fn update(&mut self, event: Event<'_>, ctx: &Ctx<'_>) -> Step {
        let list = &ctx.catalog.experiments;
        // The Enter that keeps the filter is not the one that opens.
        let typing = self.filter.is_editing();
        if self.filter.update(event) || self.made_from != Some(list.changed) {
            self.made_from = Some(list.changed);
            self.shown = fuzzy::filter(self.filter.query(), &list.items, |e| e.name.clone());
            self.keys = self.shown.iter().map(|i| list.items[*i].id.clone()).collect();
        }
        let rows = self.rows(ctx);
        self.cursor.settle(&self.keys, rows);
        let Event::Action(action) = event else {
            return Step::none();
        };
        if action.is_movement() {
            self.cursor.step(action, &self.keys, rows);
            return Step::none();
        }
        if action == Action::Refresh {
            return Step::refresh(vec![Query::Experiments { page: None }]);
        }
        match (action, self.selected(ctx)) {
            (Action::Open, Some(e)) if !typing => Step::push(Route::Runs(e.id.clone(), e.name.clone())),
            (Action::Copy, Some(e)) => Step::copy(e.id.as_str().to_owned()),
            _ => Step::none(),
        }
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(1 + u16::from(self.filter.is_active()))
    }

    fn selected<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Experiment> {
        ctx.catalog.experiments.items.get(*self.shown.get(self.cursor.index())?)
    }
}
