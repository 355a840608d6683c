//! What exactly was decided, by whom, on what evidence? One sign-off record, and whether it still holds.

pub mod view;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::app::route::{RecordAt, Route};
use crate::app::under::Under;
use crate::domain::ids::TagName;
use crate::domain::record::Sealed;
use crate::present::{Phrase, Symbols, UNICODE};
use crate::screens::parts::cd;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent};

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    at: RecordAt,
    /// Whether the release is verified beside the record.
    verify: bool,
    filter: Filter,
    /// The first visible line.
    offset: usize,
}

impl Record {
    pub fn new(at: RecordAt) -> Self {
        Self { at, verify: false, filter: Filter::default(), offset: 0 }
    }

    fn query(&self) -> Query {
        match &self.at {
            RecordAt::Machine(_) => Query::Records,
            RecordAt::Release(repo, tag) => Query::ReleasedRecord { repo: repo.clone(), tag: tag.clone() },
        }
    }

    fn sealed<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Sealed> {
        match &self.at {
            RecordAt::Machine(id) => ctx.cache.record(*id),
            RecordAt::Release(repo, tag) => ctx.cache.released_record(repo.clone(), tag.clone()),
        }
    }

    /// The tag of its release, if it has one.
    fn tag(&self, ctx: &Ctx<'_>) -> Option<TagName> {
        match &self.at {
            RecordAt::Release(_, tag) => Some(tag.clone()),
            RecordAt::Machine(_) => Some(self.sealed(ctx)?.record.change.as_ref()?.tag.clone()),
        }
    }

    fn verification(&self, ctx: &Ctx<'_>) -> Option<Query> {
        let tag = self.tag(ctx).filter(|_| self.verify)?;
        Some(Query::Verification { tag })
    }
}

impl Component for Record {
    fn heading(&self) -> &'static str {
        "record"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Record(self.at.clone()))
    }

    fn under(&self, ctx: &Ctx<'_>) -> Under {
        let record = self.sealed(ctx).map(|sealed| &sealed.record.model);
        record.map(|model| Under::version(model.name.clone(), model.version)).unwrap_or_default()
    }

    fn finder(&self) -> Option<&Filter> {
        Some(&self.filter)
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        Some(&mut self.filter)
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Record, Context::List, Context::Global]
    }

    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Copy, Export, Help, PageDown, Refresh, Verify};
        match self.tag(ctx) {
            _ if self.sealed(ctx).is_none() => &[Refresh, Back, Help],
            Some(_) => &[PageDown, Verify, Export, Browse, Copy, Refresh, Back, Help],
            None => &[PageDown, Export, Browse, Copy, Refresh, Back, Help],
        }
    }

    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        // The journals say what became of it; CD is as it is now.
        let promotion = self.sealed(ctx).and_then(|sealed| ctx.cache.promotion(sealed.record.record_id));
        let cd = promotion.and_then(|state| cd::query(state, ctx));
        [self.query(), Query::Promotions].into_iter().chain(cd).chain(self.verification(ctx)).collect()
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let rows = ctx.rows(0);
        let (fit, all) = (self.found(ctx, &UNICODE).len(), || self.lines(ctx, &UNICODE).len());
        let all = self.filter.narrows().then(all).unwrap_or_default();
        self.filter.count(fit, || all);
        let most = fit.saturating_sub(rows);
        let page = rows.saturating_sub(1).max(1);
        self.offset = self.offset.min(most);
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        let nothing = || Response::vain(action, "There is no record to do that with.");
        self.offset = match action {
            Action::Up => self.offset.saturating_sub(1),
            Action::Down => self.offset + 1,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::PageDown => self.offset + page,
            Action::Top => 0,
            Action::Bottom => most,
            Action::Refresh => return Response::refresh(self.needs(ctx)),
            Action::Verify if self.tag(ctx).is_none() => {
                return Response::vain(action, "It has no release, so there is nothing to verify.");
            }
            Action::Verify => {
                // Again on each press: what was true a minute ago may not be now.
                let again = std::mem::replace(&mut self.verify, true);
                self.offset = 0;
                return if again {
                    Response::refresh(self.verification(ctx).into_iter().collect())
                } else {
                    Response::none()
                };
            }
            Action::Browse => {
                return self.place(ctx).map_or_else(nothing, |p| Response::effect(Effect::Browse(p)));
            }
            Action::Rollback => {
                let model = self.sealed(ctx).map(|sealed| sealed.record.model.name.clone());
                return model.map_or_else(nothing, |model| Response::push(Route::Rollback(model)));
            }
            Action::Export => {
                let sealed = self.sealed(ctx).cloned();
                return sealed.map_or_else(nothing, |s| Response::effect(Effect::Export(Box::new(s))));
            }
            Action::Copy => {
                let hash = self.sealed(ctx).map(|s| s.record_hash.clone());
                return hash.map_or_else(nothing, Response::copy);
            }
            other => return Response::pass(other),
        }
        .min(most);
        Response::none()
    }
}

impl Record {
    /// The lines that the filter leaves.
    fn found(&self, ctx: &Ctx<'_>, symbols: &Symbols) -> Vec<Phrase<'static>> {
        let lines = self.lines(ctx, symbols);
        let fit = self.filter.clone().pick(&lines, |line| line.plain().into_owned());
        fit.into_iter().map(|i| lines[i].clone()).collect()
    }

    /// Its release, or else the version.
    fn place(&self, ctx: &Ctx<'_>) -> Option<Place> {
        if let RecordAt::Release(repo, tag) = &self.at {
            return Some(Place::Tag(repo.clone(), tag.clone()));
        }
        let record = &self.sealed(ctx)?.record;
        Some(match &record.change {
            Some(change) => Place::Tag(change.repository.clone(), change.tag.clone()),
            None => Place::Version(record.model.name.clone(), record.model.version),
        })
    }
}
