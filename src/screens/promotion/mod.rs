//! What is its state? One promotion, live or from its journal.

pub mod view;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::app::route::{RecordAt, Route};
use crate::domain::cd::{CdOutcome, CdRuns};
use crate::domain::ids::PromotionId;
use crate::domain::promotion::{SagaState, Step as SagaStep, StepState};
use crate::present::promotion::not_deployed;
use crate::screens::parts::cd;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};

/// Seconds between two queries for the jobs of a running CD run.
const JOBS_EVERY_S: i64 = 3;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Promotion {
    id: PromotionId,
    show_jobs: bool,
    /// Length of the journal when the jobs were last queried.
    jobs_asked_at: u64,
    undo_asked: bool,
}

impl Promotion {
    /// The screen of one promotion.
    pub fn new(id: PromotionId) -> Self {
        Self { id, show_jobs: true, jobs_asked_at: 0, undo_asked: false }
    }

    /// The promotion, with CD as it is now.
    fn current<'a>(&self, ctx: &Ctx<'a>) -> Option<Cow<'a, SagaState>> {
        ctx.cache.promotion(self.id).map(|state| cd::now(state, ctx))
    }

    /// CD as it is now, and the jobs of every run while they are shown.
    fn cd_queries(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let Some(state) = self.current(ctx) else {
            return Vec::new();
        };
        let repo = &state.plan.draft.repo;
        let runs = runs(&state).filter(|_| self.show_jobs).into_iter().flat_map(CdRuns::iter);
        let jobs = runs.map(|run| Query::Jobs { repo: repo.clone(), run: run.id });
        cd::query(&state, ctx).into_iter().chain(jobs).collect()
    }

    /// The query for what runs now, once the promotion is over and CD has ended.
    fn in_production(&self, ctx: &Ctx<'_>) -> Option<Query> {
        let state = self.current(ctx)?;
        let ended = state.is_over() && state.is_released() && runs(&state).is_none_or(CdRuns::is_final);
        ended.then(|| Query::InProduction { model: state.plan.draft.model().clone() })
    }

    /// Queries CD and its jobs again with every journal entry, and every few seconds while CD runs. A failed query counts too,
    /// so that an unreachable server is not queried without a pause.
    fn refresh_cd(&mut self, ctx: &Ctx<'_>) -> Response {
        let Some(state) = ctx.cache.promotion(self.id) else {
            return Response::none();
        };
        let queries = self.cd_queries(ctx);
        let asked: Vec<Query> = queries.iter().filter(|q| ctx.cache.slot(q).is_some()).cloned().collect();
        if asked.is_empty() {
            // The first query is in `needs`.
            self.jobs_asked_at = state.next_seq;
            return Response::none();
        }
        let tried = |query: &Query| ctx.cache.slot(query).filter(|s| s.loading.is_none()).and_then(|s| s.tried_at);
        let idle: Vec<(Query, Timestamp)> = asked.into_iter().filter_map(|q| tried(&q).map(|at| (q, at))).collect();
        if idle.is_empty() {
            return Response::none();
        }
        let moved = std::mem::replace(&mut self.jobs_asked_at, state.next_seq) != state.next_seq;
        let running = self.current(ctx).as_deref().and_then(runs).is_some_and(|runs| !runs.is_final());
        let due = |at: Timestamp| moved || (running && ctx.now.duration_since(at).as_secs() >= JOBS_EVERY_S);
        let again: Vec<Query> = idle.into_iter().filter(|(_, at)| due(*at)).map(|(query, _)| query).collect();
        if again.is_empty() { Response::none() } else { Response::refresh(again) }
    }
}

/// The CD runs, if any was seen.
fn runs(state: &SagaState) -> Option<&CdRuns> {
    match &state.cd {
        Some(CdOutcome::Run(runs)) => Some(runs),
        _ => None,
    }
}

impl Component for Promotion {
    fn heading(&self) -> &'static str {
        "promotion"
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Promotion, Context::Global]
    }

    /// The most important keys at the moment; those for undo only while undo is possible.
    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Copy, Help, Jobs, Record, Resume, Rollback, Undo};
        match ctx.cache.promotion(self.id) {
            Some(state) if !ctx.busy && !state.is_over() => {
                if state.may_undo() || state.is_tag_in_doubt() {
                    &[Resume, Undo, Browse, Copy, Back, Help]
                } else {
                    &[Resume, Browse, Jobs, Copy, Back, Help]
                }
            }
            Some(state) if state.is_released() && state.is_over() && not_deployed(state) => {
                &[Rollback, Record, Browse, Jobs, Copy, Back, Help]
            }
            _ => &[Record, Browse, Jobs, Copy, Back, Help],
        }
    }

    /// The journal, CD as it is now, and its jobs while shown.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = vec![Query::Promotions];
        needs.extend(self.cd_queries(ctx));
        needs.extend(self.in_production(ctx));
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let ScreenEvent::Action(action) = event else {
            return self.refresh_cd(ctx);
        };
        let armed = std::mem::take(&mut self.undo_asked);
        if action == Action::Refresh {
            return Response::refresh(self.needs(ctx));
        }
        let Some(state) = ctx.cache.promotion(self.id) else {
            return Response::pass(action);
        };
        let idle = !ctx.busy && !state.is_over();
        match action {
            Action::Jobs => self.show_jobs = !self.show_jobs,
            Action::Resume if idle => return Response::effect(Effect::Resume(self.id)),
            Action::Resume if ctx.busy => return Response::notice("It is running already."),
            Action::Undo if !idle => return Response::notice("There is nothing to undo."),
            Action::Undo if state.may_be_cut() && !state.is_tag_in_doubt() => {
                return Response::notice("The tag exists or may exist, so it cannot be undone. Press r to resume.");
            }
            // Undo writes to the registry, so it takes more than one key.
            Action::Undo if armed => return Response::effect(Effect::Undo(self.id)),
            Action::Undo => self.undo_asked = true,
            Action::Record => return Response::push(Route::Record(RecordAt::Machine(self.id))),
            Action::Rollback => return Response::push(Route::Rollback(state.plan.draft.model().clone())),
            Action::Browse => return Response::effect(Effect::Browse(place(state))),
            Action::Copy => return Response::copy(self.id.to_string()),
            other => return Response::pass(other),
        }
        Response::none()
    }
}

/// The most useful page so far.
fn place(state: &SagaState) -> Place {
    let draft = &state.plan.draft;
    match &state.cd {
        Some(CdOutcome::Run(runs)) => Place::Url(runs.decides.web_url.clone()),
        _ if matches!(state.step(SagaStep::TagRef), StepState::Done(_)) => {
            Place::Tag(draft.repo.clone(), draft.tag.clone())
        }
        _ => Place::Version(draft.model().clone(), draft.version()),
    }
}
