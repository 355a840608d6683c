//! Which target?

pub mod view;

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::app::route::Nav;
use crate::domain::target::TargetEntry;
use crate::present::Phrase;
use crate::screens::parts::narrowed::Narrowed;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, text_of};

/// State of the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    list: Narrowed<String>,
}

impl Component for Targets {
    fn heading(&self) -> &'static str {
        "targets"
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::List, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Filter, Help, Open, Quit, Refresh};
        &[Open, Filter, Refresh, Back, Quit, Help]
    }

    fn finder(&self) -> Option<&Filter> {
        Some(self.list.filter())
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        Some(self.list.filter_mut())
    }

    /// What waits in each target that can be used.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let usable = ctx.targets.iter().filter(|target| target.servers.is_ok());
        usable.map(|target| Query::WaitingIn { target: target.name.clone() }).collect()
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if self.list.is_refiltered() {
            let shown = self.list.pick(ctx.targets, |target| haystack(target, ctx));
            self.list.show(shown, |i| ctx.targets[i].name.clone());
        }
        let rows = ctx.rows(1);
        let Some(action) = self.list.act(event, rows) else {
            return Response::none();
        };
        if action == Action::Refresh {
            return Response::refresh(self.needs(ctx));
        }
        match (action, self.list.selected(ctx.targets)) {
            (Action::Open, Some(target)) => match &target.servers {
                Ok(_) if target.name == ctx.rules.target_name => Response { nav: Some(Nav::Pop), ..Response::none() },
                Ok(_) => Response::effect(Effect::Switch(target.name.clone())),
                Err(failure) => Response::notice(failure.sentence()),
            },
            (other, _) => Response::pass(other),
        }
    }
}

/// The text a filter matches against.
fn haystack(target: &TargetEntry, ctx: &Ctx<'_>) -> String {
    let mut cells = view::cells(target, ctx);
    cells.push(Phrase::new(if target.production { "production" } else { "" }));
    text_of(&cells)
}
