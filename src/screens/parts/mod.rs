//! What all screens share: what they are given, what they answer, and the filter line.

pub mod known;
pub mod lineage;
pub mod narrowed;
pub mod plot;
pub mod plot_view;
pub mod save;
pub mod version_view;
pub mod view;
pub mod written;

use std::collections::BTreeMap;

use jiff::Timestamp;
use tui_input::Input as Field;

use save::Save;

use crate::app::action::Action;
use crate::app::cache::Cache;
use crate::app::edit;
use crate::app::effect::Effect;
use crate::app::input::Key;
use crate::app::keymap::Context;
use crate::app::paint::Pictures;
use crate::app::prefs::{Prefs, Remember};
use crate::app::query::Query;
use crate::app::route::{Nav, Route};
use crate::app::saving::Saving;
use crate::domain::failure::Failure;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::rules::Rules;

/// What a screen may look at.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// Everything that was read.
    pub cache: &'a Cache,
    /// What the configuration decides.
    pub rules: &'a Rules,
    /// What a person chose before.
    pub prefs: &'a Prefs,
    pub now: Timestamp,
    /// Tenths of a second, for the spinner.
    pub ticks: u64,
    /// How pictures are shown.
    pub pictures: Pictures,
    /// Columns of the terminal.
    pub width: u16,
    /// Rows of the terminal.
    pub height: u16,
    /// This program drives a promotion right now.
    pub busy: bool,
    /// The file on its way to this machine.
    pub saving: Option<&'a Saving>,
    /// When each review was first opened in this sitting.
    pub opened: &'a BTreeMap<(ModelName, VersionNumber), Timestamp>,
}

impl Ctx<'_> {
    /// When the review of this version was first opened in this sitting.
    pub fn opened_at(&self, model: &ModelName, version: VersionNumber) -> Option<Timestamp> {
        self.opened.get(&(model.clone(), version)).copied()
    }

    /// Rows left for a list below `above` lines of its own screen: title, rule and footer are taken off.
    pub fn rows(&self, above: u16) -> usize {
        usize::from(self.height.saturating_sub(CHROME + above))
    }
}

/// Lines every screen spends on title, rules and footer.
pub const CHROME: u16 = 4;

/// What a screen says of itself and does. How it looks is in its `view.rs`.
pub trait Component {
    /// What it is called, for the help.
    fn heading(&self) -> &'static str;

    /// Contexts from the innermost outwards.
    fn contexts(&self) -> &'static [Context];

    /// The keys that matter most now.
    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action];

    /// Whether typed characters go into a text field.
    fn captures_text(&self) -> bool {
        false
    }

    /// Whether up and down move through a list while one types.
    fn moves_while_typing(&self) -> bool {
        true
    }

    /// What Enter and Esc do while one types, for the footer.
    fn prompt_words(&self) -> (&'static str, &'static str) {
        ("keep the filter", "clear it")
    }

    /// The model it is about, for the history of that model alone.
    fn model(&self) -> Option<&ModelName> {
        None
    }

    /// Whether Esc means something here other than going back.
    fn takes_back(&self) -> bool {
        false
    }

    /// Whether it asks where a file shall be saved, or shows files at all.
    fn save(&self) -> Option<&Save> {
        None
    }

    /// What has to be known for it to be shown. What no screen on the stack needs any more is cancelled.
    fn needs(&self, _: &Ctx<'_>) -> Vec<Query> {
        Vec::new()
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response;

    /// Whether it is a form whose decision is being carried out.
    fn is_submitted(&self) -> bool {
        false
    }

    /// What was decided here could not be carried out: say so, and let nothing be decided before all is read again.
    fn failed(&mut self, _: Failure) {}

    /// What was typed into a form and is in no record, for the next time.
    fn unsaved(&self, _: &Ctx<'_>) -> Option<Remember> {
        None
    }
}

/// What happened to a screen.
#[derive(Clone, Copy, Debug)]
pub enum ScreenEvent<'a> {
    /// A key meant something.
    Action(Action),
    /// A key was typed into the screen's text field.
    Key(Key),
    /// Text was pasted.
    Paste(&'a str),
    /// The cache, the size or the time changed.
    Changed,
}

/// What a screen answers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// Where to go.
    pub nav: Option<Nav>,
    /// What the outside shall do.
    pub effects: Vec<Effect>,
    /// What to read anew.
    pub refresh: Vec<Query>,
    /// What to find again when coming back.
    pub remember: Option<Remember>,
    /// What to do on the screen below, in place of this one.
    pub action: Option<Action>,
    /// A word for the footer.
    pub notice: Option<String>,
}

impl Response {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Go on top of the present screen.
    pub fn push(route: Route) -> Self {
        Self { nav: Some(Nav::Push(route)), ..Self::default() }
    }

    /// Do something outside.
    pub fn effect(effect: Effect) -> Self {
        Self { effects: vec![effect], ..Self::default() }
    }

    /// Read these anew.
    pub fn refresh(queries: Vec<Query>) -> Self {
        Self { refresh: queries, ..Self::default() }
    }

    /// Say something.
    pub fn notice(text: impl Into<String>) -> Self {
        Self { notice: Some(text.into()), ..Self::default() }
    }

    /// Copy `text` and say so.
    pub fn copy(text: String) -> Self {
        Self { notice: Some(format!("copied {text}")), ..Self::effect(Effect::Copy(text)) }
    }
}

/// The line that narrows a list. Stays until Esc clears it.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    field: Field,
    editing: bool,
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.field.value() == other.field.value() && self.editing == other.editing
    }
}

impl Filter {
    /// What is typed so far.
    pub fn query(&self) -> &str {
        self.field.value()
    }

    /// Whether keys go into the line.
    pub fn is_editing(&self) -> bool {
        self.editing
    }

    /// Whether Esc has something to clear.
    pub fn is_active(&self) -> bool {
        self.editing || !self.query().is_empty()
    }

    /// The field, for drawing.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Handles what concerns the filter. Returns true if the rows must be made again.
    pub fn update(&mut self, event: ScreenEvent<'_>) -> bool {
        match event {
            ScreenEvent::Action(Action::Filter) => self.editing = true,
            ScreenEvent::Action(Action::Open) if self.editing => self.editing = false,
            ScreenEvent::Action(Action::Back) => {
                self.editing = false;
                self.field.reset();
            }
            ScreenEvent::Key(key) if self.editing => {
                edit::edit(&mut self.field, key);
            }
            ScreenEvent::Paste(text) if self.editing => edit::paste(&mut self.field, text),
            _ => return false,
        }
        true
    }
}
