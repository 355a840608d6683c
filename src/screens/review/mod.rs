//! Should this go to production? One version against what is there.

pub mod diff;
pub mod rows;
pub mod view;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::screens::parts::{Ctx, Event, Step};

use diff::Diff;
use rows::{Row, fact_rows};

/// The parts of a review, in tab order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// What differs from production.
    #[default]
    Diff,
    /// Version, run and lineage.
    Facts,
    /// The description.
    Description,
}

impl Tab {
    /// Every tab, in order.
    pub const ALL: [Self; 3] = [Self::Diff, Self::Facts, Self::Description];

    /// Its title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Diff => "Diff",
            Self::Facts => "Run and lineage",
            Self::Description => "Description",
        }
    }
}

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    model: ModelName,
    version: VersionNumber,
    tab: Tab,
    diff: Diff,
    rows: Vec<Row>,
    digest: Option<String>,
    cursor: Cursor<usize>,
}

impl Review {
    /// The review of one version; it opens on the differences to production.
    #[must_use]
    pub fn new(model: ModelName, version: VersionNumber) -> Self {
        let diff = Diff::new(model.clone(), version);
        Self { model, version, tab: Tab::Diff, diff, rows: Vec::new(), digest: None, cursor: Cursor::default() }
    }

    /// Whether this is the review of `version`.
    #[must_use]
    pub fn shows(&self, model: &ModelName, version: VersionNumber) -> bool {
        self.model == *model && self.version == version
    }

    /// Contexts from the innermost outwards.
    #[must_use]
    pub fn contexts(&self) -> &'static [Context] {
        if self.captures_text() {
            return &[Context::Prompt, Context::Global];
        }
        &[Context::Review, Context::List, Context::Global]
    }

    /// The keys that matter most here.
    #[must_use]
    pub fn hints(&self) -> &'static [Action] {
        use Action::{
            Approve, Back, Baseline, Browse, Copy, Differences, Down, Files, Help, NextTab, Open, SortBySize, Up,
            Versions,
        };
        match self.tab {
            Tab::Diff if self.diff.takes_back() => &[Up, Down, Copy, Back, Help],
            Tab::Diff => {
                &[Approve, Open, Differences, Baseline, SortBySize, NextTab, Files, Versions, Browse, Copy, Back, Help]
            }
            _ => &[Approve, NextTab, Files, Versions, Browse, Copy, Back, Help],
        }
    }

    /// Whether keys go into a text field.
    #[must_use]
    pub fn captures_text(&self) -> bool {
        self.tab == Tab::Diff && self.diff.captures_text()
    }

    /// Whether Esc has something to close.
    #[must_use]
    pub fn takes_back(&self) -> bool {
        self.tab == Tab::Diff && self.diff.takes_back()
    }

    /// The facts, and what the tab in front needs besides.
    #[must_use]
    pub fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = vec![self.query()];
        if self.tab == Tab::Diff {
            needs.extend(self.diff.needs(ctx));
        }
        needs
    }

    /// Handles one event.
    pub fn update(&mut self, event: Event<'_>, ctx: &Ctx<'_>) -> Step {
        if self.takes_back() {
            return self.diff.update(event, ctx);
        }
        let Event::Action(action) = event else {
            self.diff.update(event, ctx);
            self.settle(ctx);
            return Step::none();
        };
        if let Some(tab) = action.tab().and_then(|i| Tab::ALL.get(i)) {
            self.show(*tab, ctx);
            return Step::none();
        }
        let (model, version) = (self.model.clone(), self.version);
        match action {
            Action::NextTab => self.turn(1, ctx),
            Action::PreviousTab => self.turn(Tab::ALL.len() - 1, ctx),
            Action::Approve => return Step::push(Route::Approve(model, version)),
            Action::Versions => return Step::push(Route::Versions(model)),
            Action::Files => return Step::push(Route::Files(model, version)),
            Action::Refresh => return Step::refresh(self.refreshes(ctx)),
            Action::Browse => return Step::effect(Effect::Browse(self.place())),
            Action::Copy => return Step::copy(self.selected_text()),
            action if self.tab == Tab::Diff => return self.diff.update(Event::Action(action), ctx),
            moving if moving.is_movement() => {
                let keys: Vec<usize> = (0..self.rows.len()).collect();
                self.cursor.step(moving, &keys, self.visible(ctx));
            }
            _ => {}
        }
        Step::none()
    }

    fn query(&self) -> Query {
        Query::Facts { model: self.model.clone(), version: self.version }
    }

    fn refreshes(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut queries = vec![self.query()];
        if self.tab == Tab::Diff {
            queries.extend(self.diff.refreshes(ctx));
        }
        queries
    }

    fn visible(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(1)
    }

    fn turn(&mut self, by: usize, ctx: &Ctx<'_>) {
        let at = Tab::ALL.iter().position(|t| *t == self.tab).unwrap_or(0);
        self.show(Tab::ALL[(at + by) % Tab::ALL.len()], ctx);
    }

    fn show(&mut self, tab: Tab, ctx: &Ctx<'_>) {
        self.tab = tab;
        self.cursor = Cursor::default();
        self.remake(ctx);
    }

    /// Makes the rows again only if the facts are others than before.
    fn settle(&mut self, ctx: &Ctx<'_>) {
        let digest = ctx.catalog.facts(&self.model, self.version).map(crate::domain::facts::ReviewedFacts::digest);
        if digest != self.digest || self.tab == Tab::Description {
            self.digest = digest;
            self.remake(ctx);
        }
    }

    fn remake(&mut self, ctx: &Ctx<'_>) {
        self.rows = match (ctx.catalog.facts(&self.model, self.version), self.tab) {
            (None, _) => Vec::new(),
            (Some(_), Tab::Diff) => Vec::new(),
            (Some(facts), Tab::Facts) => fact_rows(facts, ctx.rules),
            (Some(facts), Tab::Description) => rows::text_rows(&facts.version.description, ctx.width),
        };
        let keys: Vec<usize> = (0..self.rows.len()).collect();
        self.cursor.settle(&keys, self.visible(ctx));
    }

    fn selected_text(&self) -> String {
        let fallback = format!("models:/{}/{}", self.model.as_str(), self.version.0);
        let row = match self.tab {
            Tab::Diff => self.diff.copied(),
            _ => self.rows.get(self.cursor.index()).and_then(Row::copied),
        };
        row.unwrap_or(fallback)
    }

    fn place(&self) -> Place {
        match self.rows.get(self.cursor.index()) {
            Some(Row::Fact { place: Some(place), .. }) if self.tab != Tab::Diff => place.clone(),
            _ => Place::Version(self.model.clone(), self.version),
        }
    }
}
