//! What is its state? One promotion, live or from its journal.

mod aftermath;
mod note;
pub mod view;

use std::borrow::Cow;

use jiff::Timestamp;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::app::route::{Nav, RecordAt, Route};
use crate::app::under::Under;
use crate::domain::cd::{CdOutcome, CdRun, CdRuns, CdState};
use crate::domain::cd_act::CdAct;
use crate::domain::ids::PromotionId;
use crate::domain::promotion::{SagaState, Step as SagaStep, StepState};
use crate::domain::record::Decision;
use crate::present::promotion::not_deployed;
use crate::screens::parts::cd;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};
use note::Note;

/// Seconds between two queries for the jobs of a running CD run, and while it only waits for an approval.
const JOBS_EVERY_S: i64 = 3;
const APPROVALS_EVERY_S: i64 = 15;
/// Seconds that the host may take to begin what was asked of CD.
const BEGINS_S: i64 = 60;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Promotion {
    id: PromotionId,
    show_jobs: bool,
    /// Length of the journal when the jobs were last queried.
    jobs_asked_at: u64,
    armed: Option<Armed>,
    note: Note,
}

/// What the same key once more does.
#[derive(Clone, Debug, PartialEq)]
enum Armed {
    Undo,
    Ask(CdAct),
}

impl Promotion {
    /// The screen of one promotion.
    pub fn new(id: PromotionId) -> Self {
        Self { id, show_jobs: true, jobs_asked_at: 0, armed: None, note: Note::default() }
    }

    /// The note is kept with the record of `id`.
    pub fn noted(&mut self, id: PromotionId) {
        if self.id == id {
            self.note.clear();
        }
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
        cd::query(&state, ctx).into_iter().chain(jobs).chain(aftermath::queries(&state, ctx)).collect()
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
        let every = self.every(ctx);
        let due =
            |at: Timestamp| moved || every.is_some_and(|every| ctx.now.read().duration_since(at).as_secs() >= every);
        let again: Vec<Query> = idle.into_iter().filter(|(_, at)| due(*at)).map(|(query, _)| query).collect();
        if again.is_empty() { Response::none() } else { Response::refresh(again) }
    }

    /// Seconds between two looks at CD, while it may change.
    fn every(&self, ctx: &Ctx<'_>) -> Option<i64> {
        let state = self.current(ctx)?;
        let runs = runs(&state)?;
        let asked = state.asked_of_cd.last().filter(|asked| !matches!(asked.answer, Some(Err(_))));
        if asked.is_some_and(|asked| ctx.now.read().duration_since(asked.at).as_secs() < BEGINS_S) {
            return Some(JOBS_EVERY_S);
        }
        let waits = |run: &CdRun| run.state.is_final() || run.state == CdState::Waiting;
        match runs.is_final() {
            true => None,
            false if runs.iter().all(waits) => Some(APPROVALS_EVERY_S),
            false => Some(JOBS_EVERY_S),
        }
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

    fn route(&self) -> Option<Route> {
        Some(Route::Promotion(self.id))
    }

    fn under(&self, ctx: &Ctx<'_>) -> Under {
        let draft = ctx.cache.promotion(self.id).map(|state| &state.plan.draft);
        draft.map(|draft| Under::version(draft.model().clone(), draft.version())).unwrap_or_default()
    }

    fn contexts(&self) -> &'static [Context] {
        if self.note.is_writing() {
            &[Context::Prompt, Context::Global]
        } else {
            &[Context::Promotion, Context::Global]
        }
    }

    fn captures_text(&self) -> bool {
        self.note.is_writing()
    }

    fn moves_while_typing(&self) -> bool {
        false
    }

    fn prompt_words(&self) -> (&'static str, &'static str) {
        ("keep it with the record", "leave it")
    }

    fn takes_back(&self) -> bool {
        self.note.is_writing()
    }

    fn follows(&self, ctx: &Ctx<'_>) -> bool {
        let can_change = ctx.cache.promotion(self.id).is_some_and(|state| cd::query(state, ctx).is_some());
        can_change && self.every(ctx).is_some()
    }

    /// The most important keys at the moment; those for undo only while undo is possible.
    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action] {
        use Action::{
            ApproveDeployment, Back, Browse, Copy, Help, JobLog, Jobs, Note, Record, Rerun, Resume, Rollback, Undo,
        };
        let Some(state) = self.current(ctx) else {
            return &[Back, Help];
        };
        if aftermath::approval(&state, ctx).is_some() {
            return &[ApproveDeployment, Browse, Jobs, Record, Copy, Back, Help];
        }
        let failed = aftermath::is_after_a_failure(&state, ctx) && state.is_released() && not_deployed(&state);
        match (!ctx.busy && !state.is_over(), failed) {
            (true, _) if state.may_undo() || state.is_tag_in_doubt() => &[Resume, Undo, Note, Browse, Copy, Back, Help],
            (true, _) => &[Resume, Note, Browse, Jobs, Copy, Back, Help],
            (false, true) if aftermath::failed_run(&state).is_some() => {
                &[Rollback, Rerun, JobLog, Note, Browse, Record, Jobs, Copy, Back, Help]
            }
            (false, true) => &[Rollback, Note, Record, Browse, Jobs, Copy, Back, Help],
            (false, false) => &[Record, Browse, Jobs, Copy, Back, Help],
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
        if self.note.is_writing() && !matches!(event, ScreenEvent::Changed) {
            return self.note.update(event, self.id, ctx);
        }
        let ScreenEvent::Action(action) = event else {
            return self.refresh_cd(ctx);
        };
        let armed = self.armed.take();
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
            Action::Resume if ctx.busy => return Response::vain(action, "It is running already."),
            Action::Undo if !idle => return Response::vain(action, "There is nothing to undo."),
            Action::Undo if state.may_be_cut() && !state.is_tag_in_doubt() => {
                let resume = ctx.keys.press(Action::Resume, "resume");
                let why = format!("The tag exists or may exist, so it cannot be undone. {resume}");
                return Response::vain(action, why);
            }
            // Undo writes to the registry, so it takes more than one key.
            Action::Undo if armed == Some(Armed::Undo) => return Response::effect(Effect::Undo(self.id)),
            Action::Undo => self.armed = Some(Armed::Undo),
            Action::Rerun | Action::ApproveDeployment => return self.ask(action, armed, ctx),
            Action::JobLog => {
                let current = self.current(ctx);
                let job = current.as_deref().and_then(|state| aftermath::failed_job(state, ctx));
                return match job {
                    Some((repo, job)) => Response::push(Route::JobLog(repo, job.id, job.name.clone())),
                    None => Response::vain(action, "No job of its CD failed."),
                };
            }
            Action::Note => self.note.begin(),
            Action::Record => return Response::push(Route::Record(RecordAt::Machine(self.id))),
            Action::Rollback => return roll_back(state),
            Action::Browse => return Response::effect(Effect::Browse(place(state))),
            Action::Copy => return Response::copy(self.id.to_string()),
            other => return Response::pass(other),
        }
        Response::none()
    }
}

impl Promotion {
    /// Asks the host for something about CD: with the same key twice, because it writes.
    fn ask(&mut self, action: Action, armed: Option<Armed>, ctx: &Ctx<'_>) -> Response {
        let Some(state) = self.current(ctx) else { return Response::pass(action) };
        if ctx.rules.readonly {
            return Response::vain(action, "This target is read-only.");
        }
        if ctx.busy && !state.is_released() {
            return Response::vain(action, "Another promotion is running. Wait until it is done.");
        }
        let act = match action {
            Action::Rerun => aftermath::failed_run(&state).map(|run| CdAct::Rerun { run: run.id }),
            _ => aftermath::approval(&state, ctx),
        };
        match (act, action) {
            (Some(act), _) if armed == Some(Armed::Ask(act.clone())) => Response::effect(Effect::AskCd(self.id, act)),
            (Some(act), _) => {
                self.armed = Some(Armed::Ask(act));
                Response::none()
            }
            (None, Action::Rerun) => Response::vain(action, "No run of its CD failed."),
            (None, _) if aftermath::pending(&state, ctx).is_some() => {
                Response::vain(action, "GitHub does not let you approve it: its reviewers are named above.")
            }
            (None, _) => Response::vain(action, "CD waits for no approval."),
        }
    }
}

/// The plan to go back to what was in production before, over the other versions that were.
fn roll_back(state: &SagaState) -> Response {
    let draft = &state.plan.draft;
    let (model, before) = (draft.model().clone(), draft.facts.baseline.as_ref().map(|b| b.version.number));
    let others = Route::Rollback(model.clone());
    Response {
        nav: Some(match before {
            Some(before) => Nav::PushOver(others, Route::Approve(model, before, Decision::Rollback)),
            None => Nav::Push(others),
        }),
        ..Response::none()
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
