//! Drawing of one promotion: its state, a timeline, the observed state of the servers, and the available actions.

mod now;
mod steps;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{Armed, Promotion, aftermath};
use crate::app::action::Action;
use crate::app::query::Query;
use crate::domain::cd_act::{CdAct, PendingDeployment};
use crate::domain::promotion::SagaState;
use crate::present::promotion::{self, PromotionState};
use crate::present::status as words;
use crate::present::time;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Moment, Timeline, TimelineMark};

/// Maximum columns of the timeline: times far from their steps are hard to read.
const WIDEST: u16 = 104;

/// Lines on what is in production: the steps have to stay visible.
const MOST_LINES: usize = 5;

/// Rows of the body that are not lines of a log, and the fewest and most lines of it.
const AROUND_LOG: usize = 15;
const LOG: (usize, usize) = (2, 8);

impl Promotion {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, _: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let Some(state) = ctx.cache.promotion(self.id) else {
            return (Phrase::of(Role::Title, format!("Promotion {}", self.id.short())), Vec::new());
        };
        let draft = &state.plan.draft;
        let end = if state.is_over() || !ctx.busy { state.updated_at } else { ctx.now.read() };
        let right = vec![
            Phrase::of(Role::Muted, time::between(state.opened_at, end)),
            Phrase::of(Role::Muted, format!("started {}", ctx.zone.clock(state.opened_at))),
        ];
        (
            Phrase::of(Role::Title, draft.model().to_string()).add(Role::Candidate, format!("  {}", draft.version())),
            right,
        )
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let Some(state) = self.current(ctx) else {
            let failure = ctx.cache.failure(&Query::Promotions);
            let area = format::banner(area, buf, ctx, skin, failure, None);
            let message = if failure.is_some() { "" } else { "reading the journal …" };
            return format::empty(area, buf, ctx, skin, message, &[]);
        };
        let state = &*state;
        let area = match self.note.is_writing() {
            true => {
                let hint = Phrase::of(Role::Muted, "for the record ");
                format::Prompt::new(skin, " note  ", self.note.field()).hint(hint).draw(area, buf)
            }
            false => area,
        };
        let width = usize::from(area.width.saturating_sub(2));
        // The state comes first, then the keys, so that they are always visible.
        let mut head = headline(state, ctx, skin).wrap(width, 3);
        match &self.armed {
            Some(armed) => head.extend(again(armed, state, ctx, skin).wrap(width, 3)),
            None if !ctx.busy && !state.is_over() => head.extend(choices(state, ctx).wrap(width, 3)),
            None => {}
        }
        head.extend(pending(state, ctx, skin).into_iter().flat_map(|line| line.wrap(width, 3)));
        head.extend(standing(state, ctx, skin).into_iter().flat_map(|line| line.wrap(width, 3)));
        let roomy = area.height > 14;
        if aftermath::is_after_a_failure(state, ctx) {
            head.extend(roomy.then(Phrase::default));
            let log = usize::from(area.height).saturating_sub(AROUND_LOG).clamp(LOG.0, LOG.1);
            head.extend(now::lines(state, width, log, ctx, skin));
        }
        if roomy {
            head.insert(0, Phrase::default());
            head.push(Phrase::default());
        }
        let used = format::lines(area, buf, skin, head);
        let (_, below) = format::split_top(area, used);
        let below = Rect { width: below.width.min(WIDEST), ..below };
        let jobs = self.show_jobs;
        let moments = steps::moments(state, jobs, ctx, skin);
        let tick = usize::try_from(ctx.ticks % 1024).unwrap_or(0);
        let mut timeline = Timeline { skin, moments: &moments, tick, offset: 0 };
        // Keeps the current step visible: the first that is not done, or the end.
        let open = |m: &Moment<'_>| match state.is_over() {
            true => matches!(m.mark, TimelineMark::Failed | TimelineMark::Attention | TimelineMark::Running),
            false => m.mark != TimelineMark::Done,
        };
        let at = moments.iter().position(open).unwrap_or(moments.len().saturating_sub(1));
        timeline.offset = timeline.offset_of(at, below);
        (&timeline).render(below, buf);
    }
}

/// What the armed key does.
fn again(armed: &Armed, state: &SagaState, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let say = |action: Action, what: String| {
        let again = match ctx.keys.label(action) {
            Some(key) => format!("Press {key} again"),
            None => format!("Choose '{}' again", action.name()),
        };
        Phrase::of(Role::Warn, format!(" {} {again} to ", skin.symbols().warn)).text(what)
    };
    match armed {
        Armed::Undo => {
            let (version, target) = (state.plan.draft.version(), &state.plan.draft.promote_to);
            let what = match target.remark() {
                "" => format!("{version} leaves {target}, and what was there before returns."),
                remark => format!("{version} is not released; {remark}."),
            };
            say(Action::Undo, format!("undo: {what}"))
        }
        Armed::Ask(CdAct::Rerun { .. }) => {
            let run = aftermath::failed_run(state).map(promotion::run).unwrap_or_default();
            say(Action::Rerun, format!("run the failed jobs again: {run}"))
        }
        Armed::Ask(CdAct::Approve { environments, .. }) => {
            let names = environments.iter().map(|e| e.name.as_str()).collect::<Vec<_>>().join(", ");
            let me = ctx.cache.session().and_then(|session| session.host.as_ref().ok().map(|me| me.login.clone()));
            let me = me.map(|me| format!(" as {me}")).unwrap_or_default();
            say(
                Action::ApproveDeployment,
                format!(
                    "approve{me} that CD deploys {} to {names}. It is kept with the record.",
                    state.plan.draft.version()
                ),
            )
        }
    }
}

/// The environments that CD waits for, and who may approve them.
fn pending(state: &SagaState, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let symbols = skin.symbols();
    let line = |p: &PendingDeployment| {
        let said = Phrase::new(" ").join(promotion::pending(p, symbols));
        match ctx.keys.label(Action::ApproveDeployment).filter(|_| p.may_approve) {
            Some(key) => said.add(Role::Key, format!("   {key}")).text(" approve"),
            None => said,
        }
    };
    let known = aftermath::pending(state, ctx).map(|(_, pending)| pending).unwrap_or_default();
    let failed = aftermath::waiting(state)
        .find_map(|run| ctx.cache.failure(&Query::Pending { repo: state.plan.draft.repo.clone(), run: run.id }));
    let failed = failed.map(|failure| {
        Phrase::of(Role::Unknown, format!(" {} what CD waits for cannot be read: {}", symbols.unknown, failure.reason))
    });
    known.iter().map(line).chain(failed).collect()
}

/// What is in production and what runs, where the version is the one that this promotion put there.
fn standing(state: &SagaState, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let draft = &state.plan.draft;
    // What is known is of the version that was signed, and not of what is at the other target instead.
    if promotion::is_missing_there(state) {
        return Vec::new();
    }
    let known = ctx.cache.in_production(draft.model()).and_then(Option::as_ref);
    // Another version may be there by now.
    let old = ctx.cache.is_overtaken(&Query::InProduction { model: draft.model().clone() });
    let Some(status) = known.filter(|_| !old).filter(|status| status.record_id == Some(state.plan.id)) else {
        return Vec::new();
    };
    let symbols = skin.symbols();
    let now = Phrase::of(Role::Muted, " in production: ").join(words::state(status, symbols));
    let running = status.running.iter().map(|said| Phrase::new(" ").join(words::testimony(said, symbols)));
    let drift = status.drift.iter().map(|finding| Phrase::new(" ").join(words::finding(finding, ctx.zone, symbols)));
    std::iter::once(now).chain(running).chain(drift).take(MOST_LINES).collect()
}

/// The current state in one sentence.
fn headline(state: &SagaState, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let phrase = Phrase::new(" ").join(promotion::headline(state, ctx.busy, skin.symbols()));
    match PromotionState::of(state, ctx.busy) {
        PromotionState::Running => phrase.add(Role::Muted, " It goes on if you leave this screen."),
        _ => phrase,
    }
}

/// The actions available for a promotion that is not running.
fn choices(state: &SagaState, ctx: &Ctx<'_>) -> Phrase<'static> {
    let resume = match state.is_released() {
        true => " follow CD to its end",
        false => " resume: check what is there, then go on",
    };
    let undo = (state.may_undo() || state.is_tag_in_doubt()).then_some((Action::Undo, " undo"));
    let choices = std::iter::once((Action::Resume, resume)).chain(undo);
    choices.fold(Phrase::default(), |phrase, (action, word)| match ctx.keys.label(action) {
        Some(key) => phrase.add(Role::Key, format!("   {key}")).text(word),
        None => phrase,
    })
}
