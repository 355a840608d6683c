//! What waits for me? The home screen.

pub mod verdict;
pub mod view;

use std::collections::HashSet;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::fuzzy;
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::ids::ModelName;
use crate::domain::inbox::{Waiting, candidate, waiting};
use crate::domain::record::{Decision, DecisionMark};
use crate::screens::parts::{Ctx, Event, Filter, Step};

/// State of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inbox {
    /// Places, among the models that were read, of those with a version that waits; the longest waiting first.
    rows: Vec<usize>,
    /// Of these places, those of versions that are held back.
    held: HashSet<usize>,
    shown: Vec<usize>,
    keys: Vec<ModelName>,
    made_from: Option<u64>,
    cursor: Cursor<ModelName>,
    filter: Filter,
}

impl Inbox {
    /// Contexts from the innermost outwards.
    #[must_use]
    pub fn contexts(&self) -> &'static [Context] {
        if self.filter.is_editing() {
            &[Context::Prompt, Context::Global]
        } else {
            &[Context::Inbox, Context::List, Context::Global]
        }
    }

    /// The keys that matter most here.
    #[must_use]
    pub fn hints(&self) -> &'static [Action] {
        use Action::{Approve, Filter, Help, History, Hold, Models, Palette, Reject, Review, Versions};
        &[Review, Approve, Reject, Hold, Versions, Filter, Models, History, Palette, Help]
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

    /// All models, page after page, and the runs of the rows in sight.
    #[must_use]
    pub fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = vec![Query::Promotions];
        if ctx.catalog.models.has_more() {
            needs.push(Query::Models { page: ctx.catalog.models.next_page() });
        }
        let first = self.cursor.offset();
        let in_sight = (first..first + self.visible_rows(ctx)).filter_map(|i| self.row(i, ctx));
        needs.extend(ctx.catalog.runs_to_ask(in_sight.flat_map(|w| {
            let baseline = w.production_version.as_ref().and_then(|p| p.run_id.clone());
            w.candidate.run_id.clone().into_iter().chain(baseline)
        })));
        needs
    }

    /// Handles one event.
    pub fn update(&mut self, event: Event<'_>, ctx: &Ctx<'_>) -> Step {
        let typed = self.filter.update(event);
        if self.made_from != Some(ctx.catalog.models.revision) {
            self.collect(ctx);
        } else if typed {
            self.narrow(ctx);
        }
        let rows = self.visible_rows(ctx);
        self.cursor.settle(&self.keys, rows);
        let Event::Action(action) = event else {
            return Step::none();
        };
        if action.is_movement() {
            self.cursor.step(action, &self.keys, rows);
            return Step::none();
        }
        if action == Action::Refresh {
            return Step::refresh(vec![Query::Models { page: None }, Query::Promotions, Query::Session]);
        }
        let Some(row) = self.selected(ctx) else {
            return Step::none();
        };
        let (model, version) = (row.candidate.model.clone(), row.candidate.number);
        match action {
            Action::Review => Step::push(Route::Review(model, version)),
            Action::Approve => Step::push(Route::Approve(model, version, Decision::Approve)),
            Action::Reject => Step::push(Route::Decide(model, version, Decision::Reject)),
            Action::Hold => Step::push(Route::Decide(model, version, Decision::Hold)),
            Action::Versions => Step::push(Route::Versions(model)),
            Action::Browse => Step::effect(Effect::Browse(Place::Version(model, version))),
            Action::Copy => Step::copy(format!("models:/{}/{}", model.as_str(), version.0)),
            _ => Step::none(),
        }
    }

    /// What is held back comes last; else oldest first. A version without a date comes last: nobody knows how long it waits.
    fn collect(&mut self, ctx: &Ctx<'_>) {
        self.made_from = Some(ctx.catalog.models.revision);
        let models = &ctx.catalog.models.items;
        let mut waiting: Vec<_> = (0..models.len())
            .filter_map(|i| {
                let version = candidate(&models[i], &ctx.rules.promote_to)?;
                let held = DecisionMark::on(version).is_some_and(|mark| mark.decision == Decision::Hold);
                Some((held, version.created_at.is_none(), version.created_at, &models[i].name, i))
            })
            .collect();
        waiting.sort_unstable();
        let held = waiting.iter().filter(|(held, ..)| *held).count();
        self.held = waiting.iter().rev().take(held).map(|(.., i)| *i).collect();
        self.rows = waiting.into_iter().map(|(.., i)| i).collect();
        self.narrow(ctx);
    }

    fn narrow(&mut self, ctx: &Ctx<'_>) {
        let models = &ctx.catalog.models.items;
        self.shown = fuzzy::filter(self.filter.query(), &self.rows, |i| models[*i].name.to_string());
        // A filter sorts by how well a row fits; what is held back stays below the line all the same.
        self.shown.sort_by_key(|i| self.held.contains(&self.rows[*i]));
        self.keys = self.shown.iter().map(|i| models[self.rows[*i]].name.clone()).collect();
    }

    /// Where what is held back begins among what the filter leaves; none if nothing is.
    fn line(&self) -> Option<usize> {
        self.shown.iter().position(|i| self.held.contains(&self.rows[*i]))
    }

    /// The row that stands at `index` of what the filter leaves.
    fn row(&self, index: usize, ctx: &Ctx<'_>) -> Option<Waiting> {
        let place = *self.rows.get(*self.shown.get(index)?)?;
        waiting(ctx.catalog.models.items.get(place)?, &ctx.rules.promote_to)
    }

    fn selected(&self, ctx: &Ctx<'_>) -> Option<Waiting> {
        self.row(self.cursor.index(), ctx)
    }

    fn visible_rows(&self, ctx: &Ctx<'_>) -> usize {
        let banners = u16::try_from(ctx.catalog.unfinished().count().min(3)).unwrap_or(0);
        ctx.rows(1 + banners + u16::from(self.filter.is_active()) + u16::from(!self.held.is_empty()))
    }
}
