//! Why not, or why not yet? The form that rejects a version or holds it back.
//!
//! No single key decides: nothing is submitted without a reason, and Enter only breaks the line.

pub mod view;

use tui_input::Input as Field;

use crate::app::action::Action;
use crate::app::edit;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::prefs::Remember;
use crate::app::query::Query;
use crate::app::route::Nav;
use crate::app::text_area::{self, TextArea};
use crate::domain::failure::Failure;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::record::mark::read_day;
use crate::domain::record::{Decision, SignOff};
use crate::screens::parts::{self, Component, Ctx, Response, ScreenEvent};

/// Shown when submitting too early.
const READING: &str = "Still reading. Wait for it, then submit.";

/// Progress of the decision.
#[derive(Clone, Debug, Default, PartialEq)]
enum Phase {
    /// Reading, or waiting for the user.
    #[default]
    Open,
    /// Submitted once; it cannot be submitted again.
    Submitted,
    /// It failed, wholly or in part.
    Failed(Failure),
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct Decide {
    model: ModelName,
    version: VersionNumber,
    decision: Decision,
    reason: TextArea,
    /// The day until which it is held back, as typed; only of a hold.
    until: Field,
    /// Whether keys go to the day.
    in_until: bool,
    /// Whether nothing was typed before.
    began_empty: bool,
    phase: Phase,
    word: Option<String>,
}

impl PartialEq for Decide {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version
            && self.model == other.model
            && self.decision == other.decision
            && self.phase == other.phase
            && self.word == other.word
            && self.reason == other.reason
            && self.in_until == other.in_until
            && self.until.value() == other.until.value()
    }
}

impl Decide {
    /// The form for one version, with the reason typed last time.
    pub fn new(model: ModelName, version: VersionNumber, decision: Decision, typed: &str) -> Self {
        let began_empty = typed.is_empty();
        Self {
            model,
            version,
            decision,
            reason: TextArea::new(typed),
            until: Field::default(),
            in_until: false,
            began_empty,
            phase: Phase::Open,
            word: None,
        }
    }

    /// Keeps the typed text for next time.
    fn remember(&self, ctx: &Ctx<'_>) -> Remember {
        let draft = ctx.draft(&self.model, self.version);
        Remember::Draft(parts::keep(draft, self.decision, self.reason.text(), self.began_empty))
    }

    fn submit(&mut self, ctx: &Ctx<'_>) -> Response {
        match self.obstacle(ctx) {
            Some(word) => {
                self.word = Some(word);
                Response::none()
            }
            None => {
                let Some(draft) = ctx.cache.decision_draft(&self.model, self.version, self.decision) else {
                    return Response::none();
                };
                self.phase = Phase::Submitted;
                let effect = Effect::Decide { draft: Box::new(draft.clone()), sign_off: self.sign_off(ctx) };
                // Kept until it is known to be in a record, so that a crash in between loses nothing.
                Response { remember: Some(self.remember(ctx)), ..Response::effect(effect) }
            }
        }
    }

    /// What blocks submitting.
    fn obstacle(&self, ctx: &Ctx<'_>) -> Option<String> {
        let say = |word: &str| Some(word.to_owned());
        let again = || ctx.keys.named(Action::Refresh);
        if matches!(self.phase, Phase::Failed(_)) {
            return Some(format!("Read everything again first ({}). What you typed stays.", again()));
        }
        if self.reason.text().trim().is_empty() {
            return Some(format!("Enter a reason to {}.", self.decision.word()));
        }
        if let Err(why) = read_day(self.until.value(), ctx.now.read()) {
            return Some(why);
        }
        if ctx.cache.is_loading(&self.query()) {
            return say(READING);
        }
        if ctx.cache.failure(&self.query()).is_some() {
            return Some(format!("The last read failed. Read it again first ({}).", again()));
        }
        let Some(draft) = ctx.cache.decision_draft(&self.model, self.version, self.decision) else {
            return say("Not read yet.");
        };
        if ctx.rules.readonly {
            return say("This target is read-only. Decisions are disabled.");
        }
        if ctx.busy {
            return say("A promotion or another decision is running. Wait until it is done.");
        }
        let objections = draft.basis.objections(&self.sign_off(ctx));
        (!objections.is_empty()).then(|| objections.join("; "))
    }

    fn sign_off(&self, ctx: &Ctx<'_>) -> SignOff {
        SignOff {
            answers: ctx.draft(&self.model, self.version).answers,
            opened_at: ctx.opened_at(&self.model, self.version),
            until: read_day(self.until.value(), ctx.now.read()).ok().flatten(),
            ..SignOff::because(self.reason.text())
        }
    }

    fn query(&self) -> Query {
        Query::Decision { model: self.model.clone(), version: self.version, decision: self.decision }
    }
}

impl Component for Decide {
    fn heading(&self) -> &'static str {
        self.decision.word()
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Decide, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, NextField, Refresh, Submit};
        match (self.is_submitted(), self.decision) {
            (true, _) => &[Back],
            (false, Decision::Hold) => &[Submit, NextField, Refresh, Browse, Back],
            (false, Decision::Approve | Decision::Reject | Decision::Rollback) => &[Submit, Refresh, Browse, Back],
        }
    }

    /// Whether keys go into a text field: always, until submitted.
    fn captures_text(&self) -> bool {
        !self.is_submitted()
    }

    fn takes_back(&self) -> bool {
        // Save the typed text first.
        true
    }

    fn needs(&self, _: &Ctx<'_>) -> Vec<Query> {
        if self.is_submitted() { Vec::new() } else { vec![self.query()] }
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if self.is_submitted() {
            let leaving = matches!(event, ScreenEvent::Action(Action::Back));
            return Response { nav: leaving.then_some(Nav::Pop), ..Response::none() };
        }
        match event {
            ScreenEvent::Key(key) => {
                self.word = None;
                if self.in_until {
                    edit::edit(&mut self.until, key);
                } else {
                    self.reason.edit(key);
                }
            }
            ScreenEvent::Action(Action::NextField) => {
                self.in_until = self.decision == Decision::Hold && !self.in_until;
            }
            ScreenEvent::Paste(text) if self.in_until => {
                self.word = (!edit::paste(&mut self.until, text)).then(|| parts::cut_at(edit::MOST));
            }
            ScreenEvent::Paste(text) => {
                self.word = (!self.reason.paste(text)).then(|| parts::cut_at(text_area::MOST));
            }
            ScreenEvent::Action(Action::Back) => {
                return Response { nav: Some(Nav::Pop), remember: Some(self.remember(ctx)), ..Response::none() };
            }
            ScreenEvent::Action(Action::Browse) => {
                return Response::effect(Effect::Browse(Place::Version(self.model.clone(), self.version)));
            }
            ScreenEvent::Action(Action::Refresh) => {
                (self.phase, self.word) = (Phase::Open, None);
                return Response::refresh(vec![self.query()]);
            }
            ScreenEvent::Action(Action::Submit) => return self.submit(ctx),
            // The wait for reading is over.
            ScreenEvent::Changed if self.word.as_deref() == Some(READING) && !ctx.cache.is_loading(&self.query()) => {
                self.word = None;
            }
            ScreenEvent::Action(other) => return Response::pass(other),
            ScreenEvent::Changed => {}
        }
        Response::none()
    }

    fn is_submitted(&self) -> bool {
        self.phase == Phase::Submitted
    }

    fn failed(&mut self, failure: Failure) {
        self.word = None;
        self.phase = Phase::Failed(failure);
    }

    fn unsaved(&self, ctx: &Ctx<'_>) -> Option<Remember> {
        (!self.is_submitted()).then(|| self.remember(ctx))
    }
}
