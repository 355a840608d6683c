//! Which experiments are there?

pub mod view;

use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::prefs::{Chosen, Remember};
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::ids::ExperimentId;
use crate::screens::parts::narrowed::Narrowed;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, text_of};

/// State of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Experiments {
    list: Narrowed<ExperimentId>,
    made_from: Option<u64>,
}

impl Experiments {
    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(1)
    }
}

impl Component for Experiments {
    fn heading(&self) -> &'static str {
        "experiments"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Experiments)
    }

    fn chosen(&self, _: &Ctx<'_>) -> Option<Chosen> {
        Some(self.list.chosen())
    }

    fn choose(&mut self, chosen: &Chosen) -> Option<Remember> {
        self.list.choose(&chosen.filter);
        self.made_from = None;
        None
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Experiments, Context::List, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Copy, Filter, Help, Open, Refresh};
        if self.list.is_empty() {
            return &[Filter, Refresh, Back, Help];
        }
        &[Open, Filter, Copy, Refresh, Back, Help]
    }

    fn finder(&self) -> Option<&Filter> {
        Some(self.list.filter())
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        Some(self.list.filter_mut())
    }

    /// The first page, and the next one when the cursor nears the end or a filter needs more.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let list = &ctx.cache.experiments;
        let near_end = self.list.is_near_end(self.rows(ctx));
        if list.is_due() || list.has_more() && (near_end || self.list.filter().is_active()) {
            vec![Query::Experiments { page: list.next_page() }]
        } else {
            Vec::new()
        }
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let list = &ctx.cache.experiments;
        let refiltered = self.list.is_refiltered();
        if refiltered || self.made_from != Some(list.changed) {
            self.made_from = Some(list.changed);
            let shown = self.list.pick(&list.items, |e| text_of(&view::cells(e, ctx)));
            self.list.show(shown, |i| list.items[i].id.clone());
        }
        let rows = self.rows(ctx);
        let Some(action) = self.list.act(event, rows) else {
            return Response::none();
        };
        if action == Action::Refresh {
            return Response::refresh(vec![Query::Experiments { page: None }]);
        }
        match (action, self.list.selected(&list.items)) {
            (Action::Open, Some(e)) => Response::push(Route::Runs(e.id.clone(), e.name.clone())),
            (Action::Copy, Some(e)) => Response::copy(e.id.as_str().to_owned()),
            (other, _) => Response::pass(other),
        }
    }
}
