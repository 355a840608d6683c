//! The state of the program.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::action::Action;
use crate::app::arrivals::{Alert, Arrivals};
use crate::app::cache::Cache;
use crate::app::keymap::{Context, Keymap, key_name};
use crate::app::keys::Keys;
use crate::app::own::OwnRun;
use crate::app::paint::Pictures;
use crate::app::prefs::{KeptPlace, Prefs, ShownTime};
use crate::app::query::{Query, RequestId};
use crate::app::route::Route;
use crate::app::saving::Saving;
use crate::domain::command::OwnCommand;
use crate::domain::failure::Failure;
use crate::domain::first_start::Surroundings;
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::rules::Rules;
use crate::domain::target::TargetEntry;
use crate::domain::text::clean_line;
use crate::domain::waiting::Waiting;
use crate::program::places::{Places, place_of};
use crate::screens::parts::moment::Moment;
use crate::screens::parts::{Ctx, Filter, ScreenEvent};
use crate::screens::{
    Screen, approve, command, compare, curve, decide, experiments, files, help, history, inbox, job_log, models,
    palette, preview, promotion, record, review, rollback, run, runs, targets, trend, versions, welcome,
};

/// Minimum width in columns; below it only a message is shown.
pub const MIN_WIDTH: u16 = 60;
/// Minimum height in rows.
pub const MIN_HEIGHT: u16 = 15;

/// Whether this program is running a promotion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Driving {
    /// A promotion can only start from here.
    #[default]
    Idle,
    /// Confirmed by the user; the journal is being opened.
    Starting,
    At(PromotionId),
    /// No promotion, but a decision is being recorded.
    Deciding,
}

/// A message in the footer, until the next key.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    Word(String),
    /// A background failure.
    Failure(Failure),
}

/// The state of the program.
#[derive(Clone, Debug)]
pub struct State {
    pub cache: Cache,
    /// Preferences set while browsing.
    pub prefs: Prefs,
    pub rules: Rules,
    /// All configured targets.
    pub targets: Vec<TargetEntry>,
    /// URL of the registry, for the header.
    pub registry_url: String,
    /// URL of the tracking server; that of the registry unless it is another one.
    pub tracking_url: String,
    /// Names of the themes.
    pub themes: Vec<String>,
    pub keymap: Keymap,
    /// The screen stack; never empty.
    pub screens: Vec<Screen>,
    pub(super) places: Places,
    /// Whether the screens open where the last session ended.
    pub restore: bool,
    /// The themes for a dark and for a light background, while the terminal was not heard of.
    pub grounds: Option<(String, String)>,
    /// Whether anything was pressed.
    pub(super) touched: bool,
    /// After `/` on a screen without a filter: what is typed is ignored.
    pub(super) ignores_typing: bool,
    pub now: Timestamp,
    /// The zone of this machine.
    pub local: TimeZone,
    /// The zone of times, as configured.
    pub time: ShownTime,
    pub pictures: Pictures,
    /// In columns.
    pub width: u16,
    /// In rows.
    pub height: u16,
    /// Whether the timer, and no key, asks to read again.
    pub(super) by_timer: bool,
    /// The request that has waited longest for its answer.
    pub(super) waiting: Option<Waiting>,
    /// A message in the footer.
    pub notice: Option<Notice>,
    pub driving: Driving,
    /// The commands of the user's own.
    pub commands: Vec<OwnCommand>,
    /// The one that was run last.
    pub own: Option<OwnRun>,
    /// The file being saved to this machine.
    pub saving: Option<Saving>,
    /// The user quit while a promotion was running: it stops after its current step, then the program exits.
    pub leaving: bool,
    /// The last promotion run by this program.
    pub(super) driven: Option<PromotionId>,
    /// In tenths of a second, for the spinner.
    pub ticks: u64,
    pub arrivals: Arrivals,
    /// What the terminal is to be told, once.
    pub alert: Option<Alert>,
    /// What is to be said of channels that gave up messages, and whether it was.
    pub(super) given_up: Option<(String, bool)>,
    /// When each review was first opened in this session; part of the record.
    opened: BTreeMap<(ModelName, VersionNumber), Timestamp>,
    /// See [`State::edition`].
    pub(super) edition: u64,
    next_request: u64,
}

impl State {
    /// The target's name, with the workspace on a server that has workspaces.
    pub fn target_name(&self) -> Cow<'_, str> {
        let registry = self.cache.session().and_then(|session| session.registry.as_ref().ok());
        match registry.and_then(|registry| registry.workspace.as_deref()) {
            Some(workspace) => format!("{} / {}", self.rules.target_name, clean_line(workspace)).into(),
            None => self.rules.target_name.as_str().into(),
        }
    }

    /// The initial state: the inbox, with `routes` on top.
    pub fn new(rules: Rules, registry_url: String, keymap: Keymap, now: Timestamp, routes: &[Route]) -> Self {
        let mut state = Self {
            cache: Cache::default(),
            prefs: Prefs::default(),
            rules,
            targets: Vec::new(),
            tracking_url: registry_url.clone(),
            registry_url,
            themes: Vec::new(),
            keymap,
            places: Places::default(),
            restore: false,
            grounds: None,
            touched: false,
            ignores_typing: false,
            screens: vec![inbox::Inbox::default().into()],
            now,
            local: TimeZone::UTC,
            time: ShownTime::default(),
            pictures: Pictures::default(),
            width: 80,
            height: 24,
            by_timer: false,
            waiting: None,
            notice: None,
            driving: Driving::Idle,
            commands: Vec::new(),
            own: None,
            saving: None,
            leaving: false,
            driven: None,
            ticks: 0,
            arrivals: Arrivals::default(),
            alert: None,
            given_up: None,
            opened: BTreeMap::new(),
            edition: 1,
            next_request: 1,
        };
        for route in routes {
            let screen = state.make(route);
            state.screens.push(screen);
        }
        state
    }

    /// The state before any target is chosen: the list of targets, and nothing else. `rules` are of no target.
    pub fn choosing(rules: Rules, keymap: Keymap, now: Timestamp) -> Self {
        let mut state = Self::new(rules, String::new(), keymap, now, &[]);
        state.screens = vec![targets::Targets::default().into()];
        state
    }

    /// The state at the first start: the ways to begin, and nothing else. `rules` are of no target.
    pub fn welcoming(rules: Rules, keymap: Keymap, now: Timestamp, around: Surroundings) -> Self {
        let mut state = Self::new(rules, String::new(), keymap, now, &[]);
        state.screens = vec![welcome::Welcome::new(around).into()];
        state
    }

    /// Whether a target is open.
    pub fn has_target(&self) -> bool {
        !matches!(self.screens.first(), Some(Screen::Targets(_) | Screen::Welcome(_)))
    }

    /// Where a key is pressed.
    pub fn contexts(&self) -> &'static [Context] {
        match self.is_finding() {
            true => &[Context::Prompt, Context::Global],
            false => self.top().contexts(),
        }
    }

    /// Whether the filter of the screen is typed.
    pub fn is_finding(&self) -> bool {
        self.top().finder().is_some_and(Filter::is_editing)
    }

    /// Whether typed characters go into a text field.
    pub fn captures_text(&self) -> bool {
        self.is_finding() || self.top().captures_text()
    }

    /// Whether Esc means something on the screen other than going back.
    pub fn takes_back(&self) -> bool {
        self.top().finder().is_some_and(Filter::is_active) || self.top().takes_back()
    }

    /// The place that the top screen is, to come back to in a later session.
    pub(super) fn place(&self) -> Option<KeptPlace> {
        place_of(&self.top().route()?)
    }

    /// What can be done on this screen, on the row under the cursor, with the keys for it. A screen that is asked on trial
    /// hands back what means nothing to it.
    fn works(&self) -> Vec<(Action, Vec<String>)> {
        let mut actions = self.keymap.reachable_actions(self.contexts());
        let filters = |action: Action| action == Action::Filter && self.top().finder().is_some();
        actions.retain(|(action, _)| {
            let event = ScreenEvent::Action(*action);
            let tried = || self.top().clone().update(event, &self.ctx_of(self.top())).passed.is_none();
            // Places belong to a target; so does what is read there, unless the screen itself says so.
            let of_program = match action {
                _ if self.has_target() => action.is_of_program(),
                Action::Back => self.screens.len() > 1 || self.takes_back(),
                _ => matches!(action, Action::Palette | Action::Zone | Action::Help | Action::Quit),
            };
            match action.is_movement() {
                true => self.moves(*action),
                false => of_program || filters(*action) || tried(),
            }
        });
        actions
    }

    /// Whether there is anything to move through with an action: where everything is in sight, there is not.
    fn moves(&self, action: Action) -> bool {
        let (back, forth) = match action {
            Action::PageUp | Action::PageDown => (Action::PageUp, Action::PageDown),
            Action::Top | Action::Bottom => (Action::Top, Action::Bottom),
            _ => (Action::Up, Action::Down),
        };
        let (mut screen, ctx) = (self.top().clone(), self.ctx_of(self.top()));
        screen.update(ScreenEvent::Action(back), &ctx);
        let before = screen.clone();
        screen.update(ScreenEvent::Action(forth), &ctx);
        screen != before
    }

    /// The commands of the user's own that have a key here, with it.
    fn own_keys(&self) -> Vec<(String, String)> {
        let contexts = self.contexts();
        let keys = |i| self.keymap.command_keys(contexts, i).into_iter().map(key_name).collect::<Vec<_>>().join(", ");
        let named = self.commands.iter().enumerate().map(|(i, command)| (keys(i), command.name.clone()));
        named.filter(|(keys, _)| !keys.is_empty()).collect()
    }

    /// The commands that run programs.
    fn programs(&self) -> Vec<palette::Program> {
        let contexts = self.contexts();
        let here =
            |i| !self.top().under(&self.ctx_of(self.top())).is_nothing() && self.keymap.command_is_for(contexts, i);
        let program = |(i, command): (usize, &OwnCommand)| palette::Program {
            name: command.name.clone(),
            here: command.built_in || here(i),
            built_in: command.built_in,
        };
        self.commands.iter().enumerate().map(program).collect()
    }

    /// The context for screens.
    pub fn ctx(&self) -> Ctx<'_> {
        // While a screen is asked it may be off the stack.
        let contexts = self.screens.last().map_or(&[][..], |screen| screen.contexts());
        Ctx {
            keys: Keys::new(&self.keymap, contexts),
            cache: &self.cache,
            prefs: &self.prefs,
            rules: &self.rules,
            registry: &self.registry_url,
            tracking: &self.tracking_url,
            themes: &self.themes,
            targets: &self.targets,
            now: Moment::of(self.now),
            zone: self.zone(),
            ticks: self.ticks,
            by_timer: self.by_timer,
            covered: false,
            fresh: self.arrivals.fresh(),
            pictures: self.pictures,
            kept: None,
            width: self.width,
            height: self.height,
            busy: self.driving != Driving::Idle,
            own: self.own.as_ref(),
            saving: self.saving.as_ref(),
            opened: &self.opened,
        }
    }

    /// The context for one screen: its filter takes a line of its height.
    pub fn ctx_of(&self, screen: &Screen) -> Ctx<'_> {
        let line = u16::from(screen.finder().is_some_and(Filter::is_active));
        let keys = Keys::new(&self.keymap, screen.contexts());
        Ctx { keys, height: self.height.saturating_sub(line), ..self.ctx() }
    }

    /// The top screen.
    ///
    /// # Panics
    /// Never: no transition empties the stack; if it were empty, the inbox is used.
    pub fn top(&self) -> &Screen {
        &self.screens[self.screens.len() - 1]
    }

    /// Whether the terminal is too small to show anything, and therefore to decide anything.
    pub fn is_too_small(&self) -> bool {
        self.width < MIN_WIDTH || self.height < MIN_HEIGHT
    }

    /// Whether anything on screen is animated: only then does the timer run.
    pub fn animates(&self) -> bool {
        self.cache.is_busy() || self.driving != Driving::Idle || self.runs_own() || self.top().follows(&self.ctx())
    }

    /// Whether a command of the user's own runs.
    pub fn runs_own(&self) -> bool {
        self.own.as_ref().is_some_and(OwnRun::is_running)
    }

    /// What is waited for, once that takes so long that a person should know.
    pub fn told_to_wait(&self) -> Option<&Waiting> {
        self.waiting.as_ref().filter(|waiting| waiting.is_told() && self.animates())
    }

    /// Whether Esc cancels what is waited for. What writes is not cancelled: it stops after its step.
    pub fn may_cancel(&self) -> bool {
        self.told_to_wait().is_some() && self.cache.is_busy() && !self.takes_back()
    }

    /// The promotion that was running when the user quit, if it is unfinished; reported on exit.
    pub fn left_behind(&self) -> Option<PromotionId> {
        let id = if let Driving::At(id) = self.driving { Some(id) } else { self.driven };
        id.filter(|id| self.leaving && self.cache.promotion(*id).is_some_and(|s| !s.is_over()))
    }

    /// A number that changes with everything that may change more on the screen than the place of the cursor.
    pub fn edition(&self) -> u64 {
        self.edition
    }

    pub(super) fn tell_time(&mut self, now: Timestamp) {
        self.now = now;
        self.ticks = u64::try_from(now.as_millisecond() / 100).unwrap_or(0);
    }

    pub(super) fn request_id(&mut self) -> RequestId {
        self.next_request += 1;
        RequestId(self.next_request)
    }

    /// Creates the screen for a route.
    pub(super) fn make(&mut self, route: &Route) -> Screen {
        self.arrivals.opened(route);
        match route {
            Route::Targets => targets::Targets::default().into(),
            Route::Inbox => inbox::Inbox::default().into(),
            Route::Models => models::Models::default().into(),
            Route::Versions(model) => versions::Versions::new(model.clone()).into(),
            Route::Review(model, version) => {
                self.opened.entry((model.clone(), *version)).or_insert(self.now);
                review::Review::new(model.clone(), *version).into()
            }
            Route::Decide(model, version, decision) => {
                let draft = self.ctx().draft(model, *version);
                self.cache.forget(&Query::Decision { model: model.clone(), version: *version, decision: *decision });
                let form = decide::Decide::new(model.clone(), *version, *decision, draft.reason(*decision));
                form.into()
            }
            Route::Rollback(model) => rollback::Rollback::new(model.clone()).into(),
            Route::Record(at) => record::Record::new(at.clone()).into(),
            Route::Approve(model, version, decision) => {
                let draft = self.ctx().draft(model, *version);
                // Always reload the plan: an old one is useless.
                self.cache.forget(&Query::Preflight { model: model.clone(), version: *version, decision: *decision });
                let on_screen = match self.screens.last() {
                    Some(Screen::Review(review)) if review.shows(model, *version) => {
                        self.cache.facts(model, *version).map(|facts| facts.digest().to_owned())
                    }
                    _ => None,
                };
                let reason = draft.reason(*decision);
                approve::Approve::new(model.clone(), *version, *decision, on_screen, reason).into()
            }
            Route::Promotion(id) => promotion::Promotion::new(*id).into(),
            Route::JobLog(repo, job, name) => job_log::JobLog::new(repo.clone(), *job, name.clone()).into(),
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
            Route::Own(command, under) => match self.commands.get(*command).cloned() {
                Some(own) => {
                    self.cache.forget(&Query::Values { under: under.clone(), wanted: own.form.wanted() });
                    command::Command::new(own, under.clone()).into()
                }
                // The keys name no other ones.
                None => inbox::Inbox::default().into(),
            },
            Route::Help => {
                let own = self.own_keys();
                help::Help::new(self.top().heading().to_owned(), self.works(), own).into()
            }
            Route::Palette => {
                let has_view = self.top().chosen(&self.ctx()).is_some() && self.place().is_some();
                let (commands, programs) = (self.works(), self.programs());
                palette::Palette::new(palette::Below { commands, programs, has_view, has_target: self.has_target() })
                    .into()
            }
        }
    }
}
