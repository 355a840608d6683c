//! What all screens share: their context, their responses, and the filter line.

pub mod cd;
pub mod choice;
pub mod choice_view;
pub mod code;
pub mod known;
pub mod lineage;
pub mod moment;
pub mod narrowed;
pub mod picker;
pub mod plot;
pub mod plot_view;
pub mod production;
pub mod requests;
pub mod save;
pub mod shown;
pub mod shown_view;
pub mod version_view;
pub mod view;
pub mod waiting;
pub mod written;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use tui_input::Input as Field;

use moment::Moment;
use save::Save;

use crate::app::action::Action;
use crate::app::cache::Cache;
use crate::app::edit;
use crate::app::effect::Effect;
use crate::app::find;
use crate::app::fuzzy::CELLS;
use crate::app::input::Key;
use crate::app::keymap::Context;
use crate::app::keys::Keys;
use crate::app::list::Cursor;
use crate::app::own::OwnRun;
use crate::app::owner::Owner;
use crate::app::paint::Pictures;
use crate::app::prefs::{Chosen, Draft, Prefs, Remember};
use crate::app::query::Query;
use crate::app::route::{Nav, Route};
use crate::app::saving::Saving;
use crate::app::under::Under;
use crate::domain::failure::Failure;
use crate::domain::identity::Home;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::record::Decision;
use crate::domain::rules::Rules;
use crate::domain::target::TargetEntry;
use crate::domain::text::{cleaned_line, grouped, shorten};
use crate::present::Phrase;
use crate::present::time::Zone;
use crate::ui::Kept;

/// What a filter finds a row by: all that its cells show. The first names the row.
pub fn text_of(cells: &[Phrase<'_>]) -> String {
    cells.iter().map(|cell| cell.plain()).collect::<Vec<_>>().join(&CELLS.to_string())
}

/// What is said of a paste that did not fit.
pub fn cut_at(most: usize) -> String {
    format!("The pasted text was cut: {} characters fit here.", grouped(most as u64))
}

/// The draft with the reason as it is typed now. A form that began empty and is empty changes nothing: it may have been
/// opened before it was known which version it is about.
pub fn keep(draft: Draft, decision: Decision, typed: &str, began_empty: bool) -> Draft {
    if began_empty && typed.trim().is_empty() { draft } else { draft.with_reason(decision, typed) }
}

/// Read-only context of a screen.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// The keys of this screen.
    pub keys: Keys<'a>,
    /// Everything read so far.
    pub cache: &'a Cache,
    /// Settings from the configuration.
    pub rules: &'a Rules,
    /// URL of the registry, without credentials.
    pub registry: &'a str,
    /// URL of the tracking server, without credentials.
    pub tracking: &'a str,
    /// All configured targets.
    pub targets: &'a [TargetEntry],
    /// Names of the themes.
    pub themes: &'a [String],
    /// The user's saved preferences.
    pub prefs: &'a Prefs,
    pub now: Moment<'a>,
    /// The zone in which times are said.
    pub zone: Zone<'a>,
    /// Tenths of a second, for the spinner.
    pub ticks: u64,
    /// Whether the timer, and no key, asks to read again.
    pub by_timer: bool,
    /// Whether another screen lies on this one.
    pub covered: bool,
    /// Versions that arrived or changed while the screens are open, and that nobody looked at since.
    pub fresh: &'a BTreeSet<(ModelName, VersionNumber)>,
    /// How images are displayed.
    pub pictures: Pictures,
    /// What was painted in earlier frames, while a frame is drawn.
    pub kept: Option<&'a Kept>,
    /// Columns of the terminal.
    pub width: u16,
    /// Rows of the terminal.
    pub height: u16,
    /// Whether this process is running a promotion.
    pub busy: bool,
    /// The command of the user's own that was run last.
    pub own: Option<&'a OwnRun>,
    /// The file being downloaded.
    pub saving: Option<&'a Saving>,
    /// When each review was first opened in this session.
    pub opened: &'a BTreeMap<(ModelName, VersionNumber), Timestamp>,
}

impl<'a> Ctx<'a> {
    /// The same while a frame is drawn.
    pub fn drawn(self, kept: &'a Kept) -> Self {
        Self { kept: Some(kept), now: self.now.drawn(kept), ..self }
    }

    /// When the review of this version was first opened in this session.
    pub fn opened_at(&self, model: &ModelName, version: VersionNumber) -> Option<Timestamp> {
        self.opened.get(&(model.clone(), version)).copied()
    }

    /// The registry, and the workspace once it was read.
    pub fn home(&self) -> Home {
        let read = self.cache.session().and_then(|session| session.registry.as_ref().ok());
        Home { registry: self.registry.to_owned(), workspace: read.and_then(|registry| registry.workspace.clone()) }
    }

    /// What the reviewer typed and answered for this version so far.
    pub fn draft(&self, model: &ModelName, version: VersionNumber) -> Draft {
        self.prefs.draft(model, version, self.cache.stamp(model, version))
    }

    /// Rows for a list below `above` lines of the screen's own; title, rules and footer are subtracted.
    pub fn rows(&self, above: u16) -> usize {
        usize::from(self.height.saturating_sub(CHROME + above))
    }
}

/// Lines every screen uses for title, rules and footer.
pub const CHROME: u16 = 4;

/// The behaviour of a screen. Its drawing is in its `view.rs`.
pub trait Component {
    /// Its name in the help.
    fn heading(&self) -> &'static str;

    /// Contexts from the innermost outwards.
    fn contexts(&self) -> &'static [Context];

    /// The most important keys at the moment.
    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action];

    /// Whether typed characters go into a text field.
    fn captures_text(&self) -> bool {
        false
    }

    /// Whether the key that confirms would confirm something: then one that comes with pasted text is not taken for it.
    fn may_confirm(&self, _: &Ctx<'_>) -> bool {
        true
    }

    /// Whether up and down move through a list while typing.
    fn moves_while_typing(&self) -> bool {
        true
    }

    /// What Enter and Esc do in a prompt of its own, for the footer.
    fn prompt_words(&self) -> (&'static str, &'static str) {
        Default::default()
    }

    /// The titles of its tabs, if it has a line of them at its top, in the order of the tab actions.
    fn tabs(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The model it is about, to open the history of that model only.
    fn model(&self) -> Option<&ModelName> {
        None
    }

    /// The route that leads here; none for what is no place to come back to, such as a form.
    fn route(&self) -> Option<Route> {
        None
    }

    /// The filter of what is shown here; none where nothing can be filtered. The program draws its line above the screen,
    /// and gives it what is typed unless something in front of it has the keys.
    fn finder(&self) -> Option<&Filter> {
        None
    }

    /// As [`Component::finder`], and `None` with it.
    fn finder_mut(&mut self) -> Option<&mut Filter> {
        None
    }

    /// What is chosen here, to be saved as a view; none on screens that have no views.
    fn chosen(&self, _: &Ctx<'_>) -> Option<Chosen> {
        None
    }

    /// Shows what a saved view chose; with what must be remembered for it.
    fn choose(&mut self, _: &Chosen) -> Option<Remember> {
        None
    }

    /// What is under the cursor, for commands of the user's own.
    fn under(&self, _: &Ctx<'_>) -> Under {
        Under::default()
    }

    /// Whether it shows the command that was run last.
    fn runs_own(&self) -> bool {
        false
    }

    /// Whether what is shown goes on at a server, and is read again while somebody looks at it.
    fn follows(&self, _: &Ctx<'_>) -> bool {
        false
    }

    /// Whether Esc means something here other than going back.
    fn takes_back(&self) -> bool {
        false
    }

    /// The save prompt; none if the screen shows no files.
    fn save(&self) -> Option<&Save> {
        None
    }

    /// Queries this screen needs. Queries that no screen on the stack needs any more are cancelled.
    fn needs(&self, _: &Ctx<'_>) -> Vec<Query> {
        Vec::new()
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response;

    /// Whether it is a form whose decision is being executed.
    fn is_submitted(&self) -> bool {
        false
    }

    /// The decision made here failed: shows why, and blocks deciding until everything is read again.
    fn failed(&mut self, _: Failure) {}

    /// Text typed into a form that is in no record yet, kept for next time.
    fn unsaved(&self, _: &Ctx<'_>) -> Option<Remember> {
        None
    }
}

/// An event for a screen.
#[derive(Clone, Copy, Debug)]
pub enum ScreenEvent<'a> {
    /// A key bound to an action.
    Action(Action),
    /// A key was typed into the screen's text field.
    Key(Key),
    /// Text was pasted.
    Paste(&'a str),
    /// The cache, the size or the time changed.
    Changed,
}

/// What the palette has the program do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Run a command of the user's own.
    Own(usize),
    /// Show the saved view of this name.
    View(String),
    /// Save what is chosen on the screen below under this name.
    SaveView(String),
    ForgetView(String),
}

/// A screen's response to an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// Navigation.
    pub nav: Option<Nav>,
    /// Effects to run.
    pub effects: Vec<Effect>,
    /// Queries to run again.
    pub refresh: Vec<Query>,
    /// State to restore when coming back.
    pub remember: Option<Remember>,
    /// Action to run on the screen below, replacing this one.
    pub action: Option<Action>,
    /// What the program is to do on the screen below, in place of this one.
    pub order: Option<Order>,
    /// Message for the footer.
    pub notice: Option<String>,
    /// The action of the event, if it means nothing here.
    pub passed: Option<Action>,
    /// A movement of the cursor changed more than its place: rows stand elsewhere.
    pub rearranged: bool,
}

impl Response {
    pub fn none() -> Self {
        Self::default()
    }

    /// Hands back an action that means nothing here, on this row or in this state.
    pub fn pass(action: Action) -> Self {
        Self { passed: Some(action), ..Self::default() }
    }

    /// As [`Self::pass`], and says why.
    pub fn vain(action: Action, why: impl Into<String>) -> Self {
        Self { notice: Some(why.into()), ..Self::pass(action) }
    }

    /// Opens a screen on top of this one.
    pub fn push(route: Route) -> Self {
        Self { nav: Some(Nav::Push(route)), ..Self::default() }
    }

    /// Runs an effect.
    pub fn effect(effect: Effect) -> Self {
        Self { effects: vec![effect], ..Self::default() }
    }

    /// Runs these queries again.
    pub fn refresh(queries: Vec<Query>) -> Self {
        Self { refresh: queries, ..Self::default() }
    }

    /// Shows a message.
    pub fn notice(text: impl Into<String>) -> Self {
        Self { notice: Some(text.into()), ..Self::default() }
    }

    /// Copies `text`, as one line without control characters, and says so.
    pub fn copy(text: String) -> Self {
        // Pasted into a shell, a line break would run what is before it.
        let line = cleaned_line(text);
        Self { notice: Some(format!("copied {}", shorten(&line, 200))), ..Self::effect(Effect::Copy(line)) }
    }
}

/// Keeps the cursor on its row once a key was pressed; to read again chooses no row.
pub fn hold<K: Clone + PartialEq>(cursor: &mut Cursor<K>, event: ScreenEvent<'_>) {
    if matches!(event, ScreenEvent::Action(action) if action != Action::Refresh) {
        cursor.hold();
    }
}

/// Opens the versions to go back to, where the files of a version are shown.
pub fn roll_back(owner: &Owner) -> Response {
    match owner {
        Owner::Version(model, _) => Response::push(Route::Rollback(model.clone())),
        Owner::Run(_) => Response::vain(Action::Rollback, "A run is in no model: open a version to roll back."),
    }
}

/// The filter line of a screen. It stays until Esc clears it.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    field: Field,
    editing: bool,
    /// How many fit, of how many; or why the line cannot be read.
    found: Option<Result<(usize, usize), String>>,
    /// The text that rows were made for.
    applied: Option<String>,
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        self.field.value() == other.field.value() && self.editing == other.editing
    }
}

impl Filter {
    /// The text typed so far.
    pub fn query(&self) -> &str {
        self.field.value()
    }

    /// Indices of the items that fit, in their order; all while the line cannot be read.
    pub fn pick<T>(&mut self, items: &[T], text: impl Fn(&T) -> String) -> Vec<usize> {
        let all = || (0..items.len()).collect();
        if self.query().trim().is_empty() {
            self.found = None;
            return all();
        }
        let found = find::pick(self.query(), items, text);
        self.found = Some(found.as_ref().map(|found| (found.len(), items.len())).map_err(Clone::clone));
        found.unwrap_or_else(|_| all())
    }

    /// How many fit, of how many; or why the line cannot be read. None if nothing is filtered.
    pub fn found(&self) -> Option<Result<(usize, usize), &str>> {
        self.found.as_ref().map(|found| found.as_ref().map(|found| *found).map_err(String::as_str))
    }

    /// The rows that fit, with the headings that are above some, and their keys; all of them if nothing is typed. `text` is
    /// what a row is found by; rows without a text are left out.
    pub fn rows<R, K>(
        &mut self,
        rows: Vec<R>,
        keys: Vec<K>,
        text: impl Fn(&R) -> Option<String>,
        is_heading: impl Fn(&R) -> bool,
    ) -> (Vec<R>, Vec<K>) {
        if !self.narrows() {
            self.found = None;
            return (rows, keys);
        }
        let texts: Vec<(usize, String)> = rows.iter().enumerate().filter_map(|(i, r)| Some((i, text(r)?))).collect();
        let fit: Vec<usize> = self.pick(&texts, |(_, text)| text.clone()).into_iter().map(|i| texts[i].0).collect();
        let mut kept = vec![false; rows.len()];
        for i in fit {
            kept[i] = true;
            if let Some(heading) = (0..i).rev().find(|above| is_heading(&rows[*above])) {
                kept[heading] = true;
            }
        }
        rows.into_iter().zip(keys).zip(kept).filter_map(|(row, kept)| kept.then_some(row)).unzip()
    }

    /// Tells how many fit, for a screen that applies [`Self::pick`] to a copy.
    pub fn count(&mut self, fit: usize, all: impl FnOnce() -> usize) {
        self.found = match find::pick(self.query(), &[(); 0], |_| String::new()) {
            _ if !self.narrows() => None,
            Ok(_) => Some(Ok((fit, all()))),
            Err(why) => Some(Err(why)),
        };
    }

    /// Filters by this text, as if it had been typed and kept.
    pub fn set(&mut self, text: &str) {
        self.field = Field::new(text.to_owned());
        self.editing = false;
    }

    /// Whether the text is another one than when this was asked last: then the rows must be made anew.
    pub fn is_changed(&mut self) -> bool {
        let is_changed = self.applied.as_deref() != Some(self.query());
        if is_changed {
            self.applied = Some(self.query().to_owned());
        }
        is_changed
    }

    /// Whether it leaves something out.
    pub fn narrows(&self) -> bool {
        !self.query().trim().is_empty()
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

    /// Handles events for the filter. Returns true if the event is not for the screen.
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
            ScreenEvent::Paste(text) if self.editing => {
                edit::paste(&mut self.field, text);
            }
            _ => return false,
        }
        true
    }
}
