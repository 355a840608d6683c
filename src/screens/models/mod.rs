//! Which models are there?

pub mod view;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::fuzzy;
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::paged::Extent;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::ids::ModelName;
use crate::domain::registry::RegisteredModel;
use crate::screens::parts::{Ctx, Event, Filter, Step};

/// State of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Models {
    shown: Vec<usize>,
    keys: Vec<ModelName>,
    made_from: Option<Extent>,
    cursor: Cursor<ModelName>,
    filter: Filter,
}

impl Models {
    /// Contexts from the innermost outwards.
    #[must_use]
    pub fn contexts(&self) -> &'static [Context] {
        if self.filter.is_editing() {
            &[Context::Prompt, Context::Global]
        } else {
            &[Context::Models, Context::List, Context::Global]
        }
    }

    /// The keys that matter most here.
    #[must_use]
    pub fn hints(&self) -> &'static [Action] {
        use Action::{Back, Browse, Copy, Filter, Help, Open, Refresh, Rollback};
        &[Open, Filter, Rollback, Browse, Copy, Refresh, Back, Help]
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

    /// Models, page after page.
    #[must_use]
    pub fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        if ctx.catalog.models.has_more() {
            vec![Query::Models { page: ctx.catalog.models.next_page() }]
        } else {
            Vec::new()
        }
    }

    /// Handles one event.
    pub fn update(&mut self, event: Event<'_>, ctx: &Ctx<'_>) -> Step {
        // The Enter that keeps the filter is not the one that opens.
        let typing = self.filter.is_editing();
        let extent = ctx.catalog.models.extent();
        if self.filter.update(event) || self.made_from != Some(extent) {
            self.made_from = Some(extent);
            let models = &ctx.catalog.models.items;
            self.shown = fuzzy::filter(self.filter.query(), models, |m| m.name.to_string());
            self.keys = self.shown.iter().map(|i| models[*i].name.clone()).collect();
        }
        let rows = ctx.rows(1 + u16::from(self.filter.is_active()));
        self.cursor.settle(&self.keys, rows);
        let Event::Action(action) = event else {
            return Step::none();
        };
        if action.is_movement() {
            self.cursor.step(action, &self.keys, rows);
            return Step::none();
        }
        if action == Action::Refresh {
            return Step::refresh(vec![Query::Models { page: None }]);
        }
        let Some(model) = self.selected(ctx) else {
            return Step::none();
        };
        match action {
            Action::Open if !typing => Step::push(Route::Versions(model.name.clone())),
            Action::Rollback => Step::push(Route::Rollback(model.name.clone())),
            Action::Browse => match model.latest.iter().map(|v| v.number).max() {
                Some(newest) => Step::effect(Effect::Browse(Place::Version(model.name.clone(), newest))),
                None => Step::notice(format!("{} has no versions to open", model.name)),
            },
            Action::Copy => Step::copy(model.name.as_str().to_owned()),
            _ => Step::none(),
        }
    }

    fn selected<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a RegisteredModel> {
        ctx.catalog.models.items.get(*self.shown.get(self.cursor.index())?)
    }
}
