//! Which earlier production version should be restored?

pub mod view;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::decision::{Candidate, Found};
use crate::domain::failure::Note;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::record::Decision;
use crate::screens::parts::view as format;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent, hold};
use crate::ui::Phrase;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Rollback {
    model: ModelName,
    cursor: Cursor<VersionNumber>,
}

impl Rollback {
    /// The rollback candidates of `model`.
    pub fn new(model: ModelName) -> Self {
        Self { model, cursor: Cursor::default() }
    }

    /// What was found; nothing that a roll back from here has made untrue.
    fn found<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Found> {
        ctx.cache.rollback_candidates(&self.model).filter(|_| !ctx.cache.is_overtaken(&self.query()))
    }

    fn candidates<'a>(&self, ctx: &Ctx<'a>) -> &'a [Candidate] {
        self.found(ctx).map_or(&[], |found| &found.candidates)
    }

    /// Versions of which it is doubtful whether they were in production, and what could not be read.
    fn notes(&self, ctx: &Ctx<'_>) -> Vec<Phrase<'static>> {
        let found = self.found(ctx);
        let doubts = found.into_iter().flat_map(|found| found.doubts.values().rev().cloned().map(Note::Said));
        let notes: Vec<Note> = doubts.chain(found.into_iter().flat_map(|found| found.notes.iter().cloned())).collect();
        format::notes(&notes, ctx.width, "and more: see `signoff log`")
    }

    /// Lines below the list.
    fn below(&self, ctx: &Ctx<'_>) -> u16 {
        u16::try_from(self.notes(ctx).len()).unwrap_or(0)
    }

    fn query(&self) -> Query {
        Query::RollbackCandidates { model: self.model.clone() }
    }
}

impl Component for Rollback {
    fn heading(&self) -> &'static str {
        "roll back"
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Rollback, Context::List, Context::Global]
    }

    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Help, Open, Refresh};
        match self.candidates(ctx) {
            [] => &[Refresh, Back, Help],
            _ => &[Open, Browse, Refresh, Back, Help],
        }
    }

    fn needs(&self, _: &Ctx<'_>) -> Vec<Query> {
        vec![self.query()]
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let keys: Vec<VersionNumber> = self.candidates(ctx).iter().map(|c| c.version).collect();
        let rows = ctx.rows(2 + self.below(ctx));
        hold(&mut self.cursor, event);
        self.cursor.settle(&keys, rows);
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        if action.is_movement() {
            self.cursor.step(action, &keys, rows);
            return Response::none();
        }
        let model = self.model.clone();
        match (action, keys.get(self.cursor.index())) {
            (Action::Refresh, _) => Response::refresh(vec![self.query()]),
            (Action::Open, Some(version)) => Response::push(Route::Approve(model, *version, Decision::Rollback)),
            (Action::Browse, Some(version)) => Response::effect(Effect::Browse(Place::Version(model, *version))),
            (Action::Copy, Some(version)) => Response::copy(format!("models:/{}/{}", model.as_str(), version.0)),
            (other, _) => Response::pass(other),
        }
    }
}
