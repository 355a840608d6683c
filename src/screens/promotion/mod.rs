//! What is its state? One promotion, live or from its journal.

pub mod view;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::domain::cd::CdOutcome;
use crate::domain::ids::PromotionId;
use crate::domain::promotion::{SagaState, Step as SagaStep, StepState};
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

    fn jobs_query(&self, ctx: &Ctx<'_>) -> Option<Query> {
        let state = ctx.cache.promotion(self.id)?;
        match &state.cd {
            Some(CdOutcome::Run(run)) => Some(Query::Jobs { repo: state.plan.draft.repo.clone(), run: run.id }),
            _ => None,
        }
    }

    /// Queries the jobs again with every journal entry, and every few seconds while CD runs. A failed query counts too,
    /// so that an unreachable server is not queried without a pause.
    fn refresh_jobs(&mut self, ctx: &Ctx<'_>) -> Response {
        let Some((query, state)) = self.jobs_query(ctx).zip(ctx.cache.promotion(self.id)) else {
            return Response::none();
        };
        let Some(slot) = ctx.cache.slot(&query) else {
            // The first query is in `needs`.
            self.jobs_asked_at = state.next_seq;
            return Response::none();
        };
        let Some(tried_at) = slot.tried_at.filter(|_| self.show_jobs && slot.loading.is_none()) else {
            return Response::none();
        };
        let moved = std::mem::replace(&mut self.jobs_asked_at, state.next_seq) != state.next_seq;
        let ended = matches!(&state.cd, Some(CdOutcome::Run(run)) if run.state.is_final());
        let due = moved || (!ended && ctx.now.duration_since(tried_at).as_secs() >= JOBS_EVERY_S);
        if due { Response::refresh(vec![query]) } else { Response::none() }
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
        use Action::{Back, Browse, Copy, Help, Jobs, Resume, Undo};
        match ctx.cache.promotion(self.id) {
            Some(state) if !ctx.busy && !state.is_over() => {
                if state.may_undo() || state.is_tag_in_doubt() {
                    &[Resume, Undo, Browse, Copy, Back, Help]
                } else {
                    &[Resume, Browse, Jobs, Copy, Back, Help]
                }
            }
            _ => &[Browse, Jobs, Copy, Back, Help],
        }
    }

    /// The journal, and the jobs of the CD run while shown.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = vec![Query::Promotions];
        if self.show_jobs {
            needs.extend(self.jobs_query(ctx));
        }
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let ScreenEvent::Action(action) = event else {
            return self.refresh_jobs(ctx);
        };
        let armed = std::mem::take(&mut self.undo_asked);
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
        Some(CdOutcome::Run(run)) => Place::Url(run.web_url.clone()),
        _ if matches!(state.step(SagaStep::TagRef), StepState::Done(_)) => {
            Place::Tag(draft.repo.clone(), draft.tag.clone())
        }
        _ => Place::Version(draft.model().clone(), draft.version()),
    }
}
