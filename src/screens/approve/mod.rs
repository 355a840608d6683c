//! What exactly will happen? The plan, and the one place where a human decides.
//!
//! A small state machine: `Planning -> Ready -> Submitted`. Only Enter leaves `Ready`, and only with exactly the
//! version typed in; pasted text and held keys never count as typing.

pub mod view;

use tui_input::Input as Field;

use crate::app::action::Action;
use crate::app::edit;
use crate::app::effect::{Effect, Place};
use crate::app::input::Key;
use crate::app::keymap::Context;
use crate::app::prefs::Remember;
use crate::app::query::Query;
use crate::app::route::Nav;
use crate::domain::confirmation::confirmation;
use crate::domain::failure::Failure;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::preflight::Preflight;
use crate::domain::record::{Decision, SignOff};
use crate::screens::parts::{self, Component, Ctx, Response, ScreenEvent};

/// Lines that a page moves.
const PAGE: usize = 5;
/// Facts older than this, in seconds, are read again before anything is done.
pub const MAX_AGE_S: i64 = 60;

/// Where typed characters go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Focus {
    #[default]
    Confirmation,
    Reason,
}

/// Progress of the decision.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Phase {
    /// Reading, or waiting for the user.
    #[default]
    Open,
    /// Confirmed once; it cannot be confirmed again.
    Submitted,
    /// The promotion could not start.
    Failed(Failure),
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct Approve {
    model: ModelName,
    version: VersionNumber,
    decision: Decision,
    reviewed: Option<String>,
    confirmation: Field,
    reason: Field,
    /// Whether nothing was typed before.
    began_empty: bool,
    focus: Focus,
    phase: Phase,
    show_notes: bool,
    /// The first visible line of the plan.
    offset: usize,
    /// Lines of the plan in all, and those that were on screen, from the first on.
    seen: (usize, usize),
    word: Option<String>,
    /// The word is said of what is being read, and goes once it is there.
    waits: bool,
}

impl PartialEq for Approve {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
            && self.model == other.model
            && self.decision == other.decision
            && self.phase == other.phase
            && self.focus == other.focus
            && self.confirmation.value() == other.confirmation.value()
            && self.reason.value() == other.reason.value()
    }
}

impl Approve {
    /// The form for one version. `reviewed` is the digest of the facts the review showed, if there was one; `reason` is
    /// the reason typed last time.
    pub fn new(
        model: ModelName,
        version: VersionNumber,
        decision: Decision,
        reviewed: Option<String>,
        reason: &str,
    ) -> Self {
        Self {
            model,
            version,
            decision,
            reviewed,
            confirmation: Field::default(),
            reason: Field::new(reason.to_owned()),
            began_empty: reason.is_empty(),
            focus: Focus::default(),
            phase: Phase::default(),
            show_notes: false,
            offset: 0,
            seen: (0, 0),
            word: None,
            waits: false,
        }
    }

    /// The version this form is for.
    pub fn subject(&self) -> (&ModelName, VersionNumber) {
        (&self.model, self.version)
    }

    /// Keeps the typed reason for next time. The version is always typed anew.
    fn remember(&self, ctx: &Ctx<'_>) -> Remember {
        let draft = ctx.draft(&self.model, self.version);
        Remember::Draft(parts::keep(draft, self.decision, self.reason.value(), self.began_empty))
    }

    fn typed(&mut self, key: Key) {
        self.word = None;
        match self.focus {
            Focus::Reason => {
                edit::edit(&mut self.reason, key);
            }
            // Key repeat must not count as typing, such as a cat on the keyboard.
            Focus::Confirmation if key.repeat && key.typed().is_some() => {
                self.word = Some("A held key does not confirm. Type it key by key.".to_owned());
            }
            Focus::Confirmation => {
                edit::edit(&mut self.confirmation, key);
            }
        }
    }

    fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Response {
        match action {
            Action::NextField => {
                self.focus = match self.focus {
                    Focus::Confirmation => Focus::Reason,
                    Focus::Reason => Focus::Confirmation,
                };
            }
            Action::Notes => self.show_notes = !self.show_notes,
            Action::Up => self.offset = self.offset.saturating_sub(1),
            Action::Down => self.offset += 1,
            Action::PageUp => self.offset = self.offset.saturating_sub(PAGE),
            Action::PageDown => self.offset += PAGE,
            Action::Refresh => {
                self.phase = Phase::Open;
                return Response::refresh(vec![self.query()]);
            }
            Action::Browse => {
                return Response::effect(Effect::Browse(Place::Version(self.model.clone(), self.version)));
            }
            // The version is typed last, unless it is there already.
            Action::Confirm if self.focus == Focus::Reason && !self.is_typed() => self.focus = Focus::Confirmation,
            Action::Confirm => return self.confirm(ctx),
            other => return Response::pass(other),
        }
        Response::none()
    }

    fn confirm(&mut self, ctx: &Ctx<'_>) -> Response {
        match self.obstacle(ctx) {
            Err(Obstacle::Silent) => Response::none(),
            Err(Obstacle::Say(word)) => {
                self.word = Some(word);
                Response::none()
            }
            Err(Obstacle::Wait) => {
                self.word =
                    Some(format!("Still reading. Wait for it, then press {}.", ctx.keys.named(Action::Confirm)));
                self.waits = true;
                Response::none()
            }
            Err(Obstacle::ReadAgain) => {
                let enter = ctx.keys.named(Action::Confirm);
                self.word = Some(format!("This is more than a minute old. Reading it again; then press {enter}."));
                Response::refresh(vec![self.query()])
            }
            Ok(preflight) => {
                let Some(draft) = preflight.draft.clone() else {
                    return Response::none();
                };
                self.phase = Phase::Submitted;
                let sign_off = self.sign_off(preflight, ctx);
                Response::effect(if draft.completes() {
                    Effect::Promote { draft: Box::new(draft), sign_off }
                } else {
                    Effect::Decide { draft: Box::new(draft.decision), sign_off }
                })
            }
        }
    }

    /// The plan that Enter would execute now, or what blocks it.
    fn obstacle<'a>(&self, ctx: &Ctx<'a>) -> Result<&'a Preflight, Obstacle> {
        let say = |word: &str| Err(Obstacle::Say(word.to_owned()));
        let key = |action| ctx.keys.named(action);
        if matches!(self.phase, Phase::Failed(_)) {
            return say(&format!("It did not start. Read everything again first ({}).", key(Action::Refresh)));
        }
        let wanted = confirmation(&self.model, self.version);
        if !self.is_typed() {
            return match self.confirmation.value() {
                "" => Err(Obstacle::Silent),
                _ => Err(Obstacle::Say(format!("Type exactly {wanted}."))),
            };
        }
        if ctx.cache.is_loading(&self.query()) {
            return Err(Obstacle::Wait);
        }
        if ctx.cache.failure(&self.query()).is_some() {
            return say(&format!("The last read failed. Read it again first ({}).", key(Action::Refresh)));
        }
        let Some(preflight) = ctx.cache.preflight(&self.model, self.version, self.decision) else {
            return say("The plan is not read yet.");
        };
        if !preflight.may_confirm() {
            return say("It cannot be approved. See the lines marked ✗.");
        }
        if let Some(draft) = &preflight.draft
            && let [first, ..] = draft.basis.objections(&self.sign_off(preflight, ctx)).as_slice()
        {
            let is_reason = self.reason.value().trim().is_empty() && first.contains("reason");
            let tab = if is_reason { format!(" {} goes there.", key(Action::NextField)) } else { String::new() };
            return Err(Obstacle::Say(format!("Not yet: {first}.{tab}")));
        }
        if self.seen.1 < self.seen.0 {
            let (down, enter) = (key(Action::PageDown), key(Action::Confirm));
            let word = format!("Not all of the plan was on screen yet: {down} shows the rest. Then press {enter}.");
            return Err(Obstacle::Say(word));
        }
        if !self.changes(preflight, ctx).is_empty() {
            let back = key(Action::Back);
            return say(&format!("It changed since you reviewed it. Press {back} and review it again."));
        }
        if ctx.busy {
            return say("Another promotion is running. Wait until it is done.");
        }
        if ctx.now.read().duration_since(preflight.read_at).as_secs() > MAX_AGE_S {
            return Err(Obstacle::ReadAgain);
        }
        Ok(preflight)
    }

    /// What changed between the review and the plan, one sentence per change.
    fn changes(&self, preflight: &Preflight, ctx: &Ctx<'_>) -> Vec<String> {
        let (Some(draft), Some(reviewed)) = (&preflight.draft, &self.reviewed) else {
            return Vec::new();
        };
        if draft.facts.digest() == *reviewed {
            return Vec::new();
        }
        match ctx.cache.facts(&self.model, self.version) {
            Some(facts) if facts.digest() == *reviewed => facts.changes_to(&draft.facts),
            _ => vec!["the facts are not those that were reviewed".to_owned()],
        }
    }

    /// The signer's input so far.
    fn sign_off(&self, preflight: &Preflight, ctx: &Ctx<'_>) -> SignOff {
        let mut answers = ctx.draft(&self.model, self.version).answers;
        // Only the questions asked: a rollback asks none, and the policy may have dropped one.
        let asked = preflight.draft.iter().flat_map(|d| &d.basis.demands.checklist);
        let asked: Vec<&str> = asked.map(|q| q.id.as_str()).collect();
        answers.retain(|id, _| asked.contains(&id.as_str()));
        SignOff {
            reason: self.reason.value().to_owned(),
            answers,
            opened_at: ctx.opened_at(&self.model, self.version),
            overrides: preflight.needs_override(),
            until: None,
        }
    }

    /// Number of rules that confirming would override.
    fn overridden(&self, ctx: &Ctx<'_>) -> usize {
        let preflight = ctx.cache.preflight(&self.model, self.version, self.decision);
        preflight.filter(|p| p.needs_override()).map_or(0, |p| p.blocking().count())
    }

    /// Whether the version stands in its field as it must.
    fn is_typed(&self) -> bool {
        self.confirmation.value() == confirmation(&self.model, self.version)
    }

    /// Whether there is nothing to approve: the plan cannot be carried out, or was never read.
    fn is_blocked(&self, ctx: &Ctx<'_>) -> bool {
        match ctx.cache.preflight(&self.model, self.version, self.decision) {
            Some(preflight) => !preflight.may_confirm(),
            None => ctx.cache.failure(&self.query()).is_some(),
        }
    }

    /// Keeps count of what was on screen: nobody may confirm what they could not see.
    fn look(&mut self, ctx: &Ctx<'_>) {
        let (lines, rows) = self.extent(ctx);
        self.offset = self.offset.min(lines.saturating_sub(rows));
        let before = if self.seen.0 == lines { self.seen.1 } else { 0 };
        // What is skipped was not seen.
        let now = if self.offset <= before { (self.offset + rows).min(lines) } else { before };
        self.seen = (lines, before.max(now));
    }

    fn is_rollback(&self) -> bool {
        self.decision == Decision::Rollback
    }

    fn query(&self) -> Query {
        Query::Preflight { model: self.model.clone(), version: self.version, decision: self.decision }
    }
}

impl Component for Approve {
    fn heading(&self) -> &'static str {
        "approve"
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Approve, Context::Global]
    }

    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Confirm, NextField, Notes, PageDown, Refresh};
        if self.is_submitted() {
            return &[Back];
        }
        if self.is_blocked(ctx) {
            return &[PageDown, Refresh, Browse, Back];
        }
        if self.seen.1 < self.seen.0 {
            return &[PageDown, Confirm, NextField, Notes, Refresh, Back];
        }
        &[Confirm, NextField, Notes, Refresh, Browse, Back]
    }

    /// Whether keys go into a text field: always, until submitted.
    fn may_confirm(&self, ctx: &Ctx<'_>) -> bool {
        ctx.cache.preflight(&self.model, self.version, self.decision).is_none_or(Preflight::may_confirm)
    }

    fn captures_text(&self) -> bool {
        self.phase != Phase::Submitted
    }

    fn takes_back(&self) -> bool {
        // Save the typed text first.
        true
    }

    /// The checks and the plan.
    fn needs(&self, _: &Ctx<'_>) -> Vec<Query> {
        if self.phase == Phase::Submitted { Vec::new() } else { vec![self.query()] }
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let leaving = matches!(event, ScreenEvent::Action(Action::Back));
        if self.phase == Phase::Submitted {
            return Response { nav: leaving.then_some(Nav::Pop), ..Response::none() };
        }
        if std::mem::take(&mut self.waits) {
            self.waits = matches!(event, ScreenEvent::Changed) && ctx.cache.is_loading(&self.query());
            if !self.waits {
                self.word = None;
            }
        }
        match event {
            _ if leaving => {
                return Response { nav: Some(Nav::Pop), remember: Some(self.remember(ctx)), ..Response::none() };
            }
            ScreenEvent::Key(key) => self.typed(key),
            ScreenEvent::Paste(text) => match self.focus {
                Focus::Reason => {
                    self.word = (!edit::paste(&mut self.reason, text)).then(|| parts::cut_at(edit::MOST));
                }
                Focus::Confirmation => self.word = Some("A paste does not confirm. Type it.".to_owned()),
            },
            ScreenEvent::Action(action) => {
                let response = self.act(action, ctx);
                self.look(ctx);
                return response;
            }
            ScreenEvent::Changed => {}
        }
        self.look(ctx);
        Response::none()
    }

    fn is_submitted(&self) -> bool {
        self.phase == Phase::Submitted
    }

    fn failed(&mut self, failure: Failure) {
        self.confirmation.reset();
        self.phase = Phase::Failed(failure);
    }

    fn unsaved(&self, ctx: &Ctx<'_>) -> Option<Remember> {
        (!self.is_submitted()).then(|| self.remember(ctx))
    }
}

enum Obstacle {
    Silent,
    Say(String),
    /// It is being read.
    Wait,
    ReadAgain,
}
