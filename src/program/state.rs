//! Everything the screen depends on.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::app::cache::Cache;
use crate::app::keymap::Keymap;
use crate::app::paint::Pictures;
use crate::app::prefs::Prefs;
use crate::app::query::{Query, RequestId};
use crate::app::route::Route;
use crate::app::saving::Saving;
use crate::domain::failure::Failure;
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::rules::Rules;
use crate::screens::parts::Ctx;
use crate::screens::{
    Screen, approve, compare, curve, decide, experiments, files, help, history, inbox, models, palette, preview,
    promotion, record, review, rollback, run, runs, trend, versions,
};

/// Below this many columns nothing is shown but a request for more room.
pub const MIN_WIDTH: u16 = 60;
/// Below this many rows likewise.
pub const MIN_HEIGHT: u16 = 15;

/// Whether this program drives a promotion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driving {
    /// No. Only from here a promotion can begin.
    #[default]
    Idle,
    /// The human confirmed; the journal is being opened.
    Starting,
    At(PromotionId),
    /// None, but a decision is being written, which takes a moment.
    Deciding,
}

/// A word in the footer, until the next key.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// Something worth knowing.
    Word(String),
    /// Something in the background failed.
    Failure(Failure),
}

/// The whole state of the program.
#[derive(Clone, Debug)]
pub struct State {
    /// Everything that was read.
    pub cache: Cache,
    /// What a person chose while browsing.
    pub prefs: Prefs,
    /// What the configuration decides.
    pub rules: Rules,
    /// Address of the registry, for the title line.
    pub registry_url: String,
    /// Which key means what.
    pub keymap: Keymap,
    /// The stack of screens; never empty.
    pub screens: Vec<Screen>,
    pub now: Timestamp,
    /// How pictures are shown.
    pub pictures: Pictures,
    /// Columns of the terminal.
    pub width: u16,
    /// Rows of the terminal.
    pub height: u16,
    /// A word in the footer.
    pub notice: Option<Notice>,
    /// Whether this program drives a promotion.
    pub driving: Driving,
    /// The file on its way to this machine.
    pub saving: Option<Saving>,
    /// A person asked to quit while a promotion was at work: it stops after its step, then the program ends.
    pub leaving: bool,
    /// The promotion this program drove last.
    pub(super) driven: Option<PromotionId>,
    /// Tenths of a second, for the spinner.
    pub ticks: u64,
    /// When each review was first opened in this sitting: it goes into the record.
    opened: BTreeMap<(ModelName, VersionNumber), Timestamp>,
    next_request: u64,
}

impl State {
    /// A fresh program, on the inbox, with `routes` on top of it.
    pub fn new(rules: Rules, registry_url: String, keymap: Keymap, now: Timestamp, routes: &[Route]) -> Self {
        let mut state = Self {
            cache: Cache::default(),
            prefs: Prefs::default(),
            rules,
            registry_url,
            keymap,
            screens: vec![inbox::Inbox::default().into()],
            now,
            pictures: Pictures::default(),
            width: 80,
            height: 24,
            notice: None,
            driving: Driving::Idle,
            saving: None,
            leaving: false,
            driven: None,
            ticks: 0,
            opened: BTreeMap::new(),
            next_request: 1,
        };
        for route in routes {
            let screen = state.make(route);
            state.screens.push(screen);
        }
        state
    }

    /// What screens may look at.
    pub fn ctx(&self) -> Ctx<'_> {
        Ctx {
            cache: &self.cache,
            prefs: &self.prefs,
            rules: &self.rules,
            now: self.now,
            ticks: self.ticks,
            pictures: self.pictures,
            width: self.width,
            height: self.height,
            busy: self.driving != Driving::Idle,
            saving: self.saving.as_ref(),
            opened: &self.opened,
        }
    }

    /// The screen on top.
    ///
    /// # Panics
    /// Never: the stack is not emptied by any transition; if it were, the inbox stands in.
    pub fn top(&self) -> &Screen {
        &self.screens[self.screens.len() - 1]
    }

    /// Whether the terminal is too small to show anything, and therefore to decide anything.
    pub fn is_too_small(&self) -> bool {
        self.width < MIN_WIDTH || self.height < MIN_HEIGHT
    }

    /// Whether anything on screen moves by itself: only then does the timer run.
    pub fn animates(&self) -> bool {
        self.cache.is_busy() || self.driving != Driving::Idle
    }

    /// The promotion that was at work when the person asked to leave, and that is not over: they have to be told.
    pub fn left_behind(&self) -> Option<PromotionId> {
        let id = if let Driving::At(id) = self.driving { Some(id) } else { self.driven };
        id.filter(|id| self.leaving && self.cache.promotion(*id).is_some_and(|s| !s.is_over()))
    }

    pub(super) fn tell_time(&mut self, now: Timestamp) {
        self.now = now;
        self.ticks = u64::try_from(now.as_millisecond() / 100).unwrap_or(0);
    }

    pub(super) fn request_id(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }

    /// Makes the screen for a route.
    pub(super) fn make(&mut self, route: &Route) -> Screen {
        match route {
            Route::Inbox => inbox::Inbox::default().into(),
            Route::Models => models::Models::default().into(),
            Route::Versions(model) => versions::Versions::new(model.clone()).into(),
            Route::Review(model, version) => {
                self.opened.entry((model.clone(), *version)).or_insert(self.now);
                review::Review::new(model.clone(), *version).into()
            }
            Route::Decide(model, version, decision) => {
                self.cache.forget(&Query::Decision { model: model.clone(), version: *version, decision: *decision });
                let draft = self.prefs.draft(model, *version);
                let form = decide::Decide::new(model.clone(), *version, *decision, draft.reason(*decision));
                form.into()
            }
            Route::Rollback(model) => rollback::Rollback::new(model.clone()).into(),
            Route::Record(id) => record::Record::new(*id).into(),
            Route::Approve(model, version, decision) => {
                // The plan is always read anew; what was planned some time ago is worth nothing.
                self.cache.forget(&Query::Preflight { model: model.clone(), version: *version, decision: *decision });
                let on_screen = match self.screens.last() {
                    Some(Screen::Review(review)) if review.shows(model, *version) => {
                        self.cache.facts(model, *version).map(|facts| facts.digest().to_owned())
                    }
                    _ => None,
                };
                let draft = self.prefs.draft(model, *version);
                let reason = draft.reason(*decision);
                approve::Approve::new(model.clone(), *version, *decision, on_screen, reason).into()
            }
            Route::Promotion(id) => promotion::Promotion::new(*id).into(),
            Route::Curve(model, version, metric) => curve::Curve::new(model.clone(), *version, metric.clone()).into(),
            Route::Trend(model, version, metric) => trend::Trend::new(model.clone(), *version, metric.clone()).into(),
            Route::Files(owner) => files::Files::new(owner.clone()).into(),
            Route::Preview(owner, root, path) => {
                let preview = preview::Preview::new(owner.clone(), root.clone(), path.clone());
                preview.into()
            }
            Route::Experiments => experiments::Experiments::default().into(),
            Route::Runs(experiment, name) => runs::Runs::new(experiment.clone(), name.clone()).into(),
            Route::Run(id) => run::RunDetail::new(id.clone()).into(),
            Route::Compare(subjects) => compare::Compare::new(subjects.clone()).into(),
            Route::Curves(subjects, metric) => curve::Curve::of_runs(subjects, metric.clone()).into(),
            Route::History(model) => history::History::new(model.clone()).into(),
            Route::Help => {
                let top = self.top();
                help::Help::new(top.heading().to_owned(), top.contexts(), &self.keymap).into()
            }
            Route::Palette => palette::Palette::new(self.top().contexts(), &self.keymap).into(),
        }
    }
}
