//! One line that goes anywhere: to a model, version, run, experiment or release, to another target, and to the commands
//! of the screen below.

pub mod entries;
pub mod rank;
pub mod view;

use tui_input::Input as Field;

use crate::app::action::Action;
use crate::app::eager_pages::Extent;
use crate::app::edit;
use crate::app::effect::Effect;
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::{Nav, Route};
use crate::domain::ids::ModelName;
use crate::domain::inbox::may_hide;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};
use entries::{Entry, Goal};
use rank::Fit;

/// Experiments that are read to be found by name. Servers may have many thousands.
const MOST_EXPERIMENTS: usize = 2_000;

/// A command that runs a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    pub name: String,
    /// Whether it can be run on the screen below.
    pub here: bool,
    /// Whether it comes with signoff; else it is the user's own.
    pub built_in: bool,
}

/// What is below the palette.
#[derive(Clone, Debug, PartialEq)]
pub struct Below {
    pub commands: Vec<(Action, Vec<String>)>,
    /// In the order of the commands of the state.
    pub programs: Vec<Program>,
    /// Whether what is chosen there can be saved as a view.
    pub has_view: bool,
    /// Whether a target is open.
    pub has_target: bool,
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct Palette {
    below: Below,
    field: Field,
    entries: Vec<Entry>,
    /// What the text itself names. These rows come first.
    typed: Vec<Entry>,
    shown: Vec<(usize, Fit)>,
    /// Numbers of the rows.
    rows: Vec<usize>,
    cursor: Cursor<usize>,
    made_from: Option<(Extent, u64, u64)>,
    /// Enter was pressed, and what it needs is not read yet.
    going: bool,
}

impl PartialEq for Palette {
    fn eq(&self, other: &Self) -> bool {
        self.below == other.below && self.field.value() == other.field.value() && self.cursor == other.cursor
    }
}

impl Palette {
    /// Goes from a screen with these commands.
    pub fn new(mut below: Below) -> Self {
        below.commands.retain(|(action, _)| !action.is_movement() && !matches!(action, Action::Palette | Action::Back));
        Self {
            below,
            field: Field::default(),
            entries: Vec::new(),
            typed: Vec::new(),
            shown: Vec::new(),
            rows: Vec::new(),
            cursor: Cursor::default(),
            made_from: None,
            going: false,
        }
    }

    fn collect(&mut self, ctx: &Ctx<'_>) -> bool {
        let now = (ctx.cache.models.extent(), ctx.cache.experiments.changed, ctx.cache.version_changes());
        if self.made_from == Some(now) {
            return false;
        }
        self.made_from = Some(now);
        self.entries = entries::all(&self.below, ctx);
        true
    }

    fn narrow(&mut self, ctx: &Ctx<'_>) {
        let text = self.field.value();
        self.typed = if self.below.has_target { entries::typed(text, &self.below, ctx) } else { Vec::new() };
        self.shown = rank::rank(text, &self.entries);
        let typed = &self.typed;
        self.shown.retain(|(i, _)| typed.iter().all(|entry| entry.goal != self.entries[*i].goal));
        self.rows = (0..self.typed.len() + self.shown.len()).collect();
    }

    /// The entry in a row, and how well it matches.
    fn entry(&self, row: usize) -> Option<(&Entry, Fit)> {
        match row.checked_sub(self.typed.len()) {
            None => self.typed.get(row).map(|entry| (entry, Fit::Exact)),
            Some(row) => self.shown.get(row).and_then(|(i, fit)| Some((self.entries.get(*i)?, *fit))),
        }
    }

    /// Whether names may arrive that are not known yet.
    fn is_reading(&self, ctx: &Ctx<'_>) -> bool {
        let next = Query::Models { page: ctx.cache.models.next_page() };
        self.below.has_target && !ctx.cache.models.complete && ctx.cache.failure(&next).is_none()
    }

    fn choose(&mut self, ctx: &Ctx<'_>) -> Response {
        self.going = false;
        let text = self.field.value().trim();
        let chosen = self.entry(self.cursor.index());
        // A name that arrives may fit better than what merely resembles it.
        let moved = self.cursor.index() > 0;
        let sure = chosen.is_some_and(|(_, fit)| fit <= Fit::Start || moved);
        if !text.is_empty() && !sure && self.is_reading(ctx) {
            self.going = true;
            return Response::none();
        }
        let Some((entry, _)) = chosen else { return Response::notice(entries::nothing(text)) };
        match entry.goal.clone() {
            Goal::Order(order) => Response { order: Some(order), ..Response::none() },
            Goal::Act(action) => Response { action: Some(action), ..Response::none() },
            Goal::Go(route) => Response { nav: Some(Nav::Jump(route)), ..Response::none() },
            Goal::Model(name) => match self.of_model(&name, ctx) {
                Some(route) => Response { nav: Some(Nav::Jump(route)), ..Response::none() },
                None => {
                    self.going = true;
                    Response::none()
                }
            },
            Goal::Switch(target) => Response::effect(Effect::Switch(target)),
            Goal::Theme(theme) => Response { nav: Some(Nav::Pop), ..Response::effect(Effect::Dress(theme)) },
            Goal::Refused(why) => Response::notice(why),
        }
    }

    /// Where the name of a model leads; none while that is not known.
    fn of_model(&self, name: &ModelName, ctx: &Ctx<'_>) -> Option<Route> {
        let versions = Route::Versions(name.clone());
        let Some(model) = ctx.cache.models.items.iter().find(|model| model.name == *name) else {
            return Some(versions);
        };
        if let Some(number) = entries::waiting(model, ctx) {
            return Some(Route::Review(name.clone(), number));
        }
        let unread = ctx.cache.versions(name).is_none() && ctx.cache.failure(&of_versions(name)).is_none();
        (!unread || !may_hide(model, None, &ctx.rules.promote_to)).then_some(versions)
    }

    /// Puts the name of the selected entry into the line.
    fn complete(&mut self, ctx: &Ctx<'_>) {
        if let Some((entry, _)) = self.entry(self.cursor.index()) {
            self.field = Field::new(entry.name.clone());
            self.narrow(ctx);
            self.cursor = Cursor::default();
        }
    }
}

fn of_versions(model: &ModelName) -> Query {
    Query::Versions { model: model.clone(), page: None }
}

impl Component for Palette {
    fn heading(&self) -> &'static str {
        "go to"
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Prompt, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        &[Action::Open, Action::Up, Action::Down, Action::Back]
    }

    fn captures_text(&self) -> bool {
        true
    }

    /// All models, the first experiments, and the versions of a model that may hide one that waits.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = Vec::new();
        if !self.below.has_target {
            return needs;
        }
        if ctx.cache.models.has_more() {
            needs.push(Query::Models { page: ctx.cache.models.next_page() });
        }
        let experiments = &ctx.cache.experiments;
        if experiments.is_due() || experiments.has_more() && experiments.items.len() < MOST_EXPERIMENTS {
            needs.push(Query::Experiments { page: experiments.next_page() });
        }
        if let (true, Some((Entry { goal: Goal::Model(name), .. }, _))) = (self.going, self.entry(self.cursor.index()))
        {
            needs.push(of_versions(name));
        }
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let rows = ctx.rows(1);
        let edited = match event {
            ScreenEvent::Key(key) => edit::edit(&mut self.field, key),
            ScreenEvent::Paste(text) => {
                edit::paste(&mut self.field, text);
                true
            }
            ScreenEvent::Action(_) | ScreenEvent::Changed => false,
        };
        if edited {
            self.going = false;
            self.cursor = Cursor::default();
        }
        if self.collect(ctx) || edited {
            self.narrow(ctx);
        }
        self.cursor.settle(&self.rows, rows);
        match event {
            ScreenEvent::Action(Action::Open) => self.choose(ctx),
            ScreenEvent::Action(Action::NextTab) => {
                self.complete(ctx);
                self.cursor.settle(&self.rows, rows);
                Response::none()
            }
            ScreenEvent::Action(action) if action.is_movement() => {
                self.cursor.step(action, &self.rows, rows);
                Response::none()
            }
            ScreenEvent::Action(other) => Response::pass(other),
            ScreenEvent::Changed if self.going => self.choose(ctx),
            ScreenEvent::Key(_) | ScreenEvent::Paste(_) | ScreenEvent::Changed => Response::none(),
        }
    }
}
