//! Which models are there?

pub mod view;

use crate::app::action::Action;
use crate::app::eager_pages::Extent;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::prefs::{Chosen, Remember};
use crate::app::query::Query;
use crate::app::route::Route;
use crate::app::under::Under;
use crate::domain::ids::ModelName;
use crate::domain::inbox::production;
use crate::screens::parts::narrowed::Narrowed;
use crate::screens::parts::{self, Component, Ctx, Filter, Response, ScreenEvent};

/// State of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Models {
    list: Narrowed<ModelName>,
    made_from: Option<Extent>,
}

impl Models {
    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(1)
    }

    /// The models in sight that have a version in production.
    fn in_production<'a>(&self, ctx: &Ctx<'a>) -> impl Iterator<Item = &'a ModelName> {
        let (target, models) = (&ctx.rules.promote_to, &ctx.cache.models.items);
        let first = self.list.offset();
        let in_sight = (first..first + self.rows(ctx)).filter_map(|row| self.list.item(row, models));
        in_sight.filter(|model| production(model, target).is_some()).map(|model| &model.name)
    }
}

impl Component for Models {
    fn heading(&self) -> &'static str {
        "models"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Models)
    }

    fn chosen(&self, _: &Ctx<'_>) -> Option<Chosen> {
        Some(self.list.chosen())
    }

    fn choose(&mut self, chosen: &Chosen) -> Option<Remember> {
        self.list.choose(&chosen.filter);
        self.made_from = None;
        None
    }

    fn under(&self, ctx: &Ctx<'_>) -> Under {
        let model = self.list.selected(&ctx.cache.models.items);
        model.map(|model| Under::model(model.name.clone())).unwrap_or_default()
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Models, Context::List, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Copy, Filter, Help, Open, Refresh, Rollback};
        if self.list.is_empty() {
            return &[Filter, Refresh, Back, Help];
        }
        &[Open, Filter, Rollback, Browse, Copy, Refresh, Back, Help]
    }

    fn finder(&self) -> Option<&Filter> {
        Some(self.list.filter())
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        Some(self.list.filter_mut())
    }

    /// Models, page after page, and what is in production of those in sight.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = Vec::new();
        if ctx.cache.models.has_more() {
            needs.push(Query::Models { page: ctx.cache.models.next_page() });
        }
        if !ctx.covered {
            needs.extend(parts::production::to_ask(self.in_production(ctx), ctx));
        }
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let (models, extent) = (&ctx.cache.models.items, ctx.cache.models.extent());
        let refiltered = self.list.is_refiltered();
        if refiltered || self.made_from != Some(extent) {
            self.made_from = Some(extent);
            let shown = self.list.pick(models, |model| view::text(model, ctx));
            self.list.show(shown, |i| models[i].name.clone());
        }
        let rows = self.rows(ctx);
        let Some(action) = self.list.act(event, rows) else {
            return Response::none();
        };
        if action == Action::Refresh {
            let mut anew = vec![Query::Models { page: None }];
            anew.extend(parts::production::anew(self.in_production(ctx), ctx));
            return Response::refresh(anew);
        }
        let Some(model) = self.list.selected(models) else {
            return Response::pass(action);
        };
        match action {
            Action::Open => Response::push(Route::Versions(model.name.clone())),
            Action::Rollback => Response::push(Route::Rollback(model.name.clone())),
            Action::Browse => match model.latest.iter().map(|v| v.number).max() {
                Some(newest) => Response::effect(Effect::Browse(Place::Version(model.name.clone(), newest))),
                None => Response::vain(Action::Browse, format!("{} has no versions to open", model.name)),
            },
            Action::Copy => Response::copy(model.name.as_str().to_owned()),
            other => Response::pass(other),
        }
    }
}
