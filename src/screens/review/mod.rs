//! Should this go to production? One version against what is there.

pub mod lineage;
pub mod rows;
pub mod verdict;
pub mod view;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::facts::ReviewedFacts;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::record::Decision;
use crate::screens::parts::{Ctx, Event, Step};

use lineage::Lineage;
use rows::{Row, diff_rows};

/// The parts of a review, in tab order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// What differs from production.
    #[default]
    Diff,
    /// Where it came from.
    Lineage,
    /// The description.
    Description,
    /// What the policy says.
    Verdict,
}

impl Tab {
    /// Every tab, in order.
    pub const ALL: [Self; 4] = [Self::Diff, Self::Lineage, Self::Description, Self::Verdict];

    /// Its title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Diff => "Diff",
            Self::Lineage => "Lineage",
            Self::Description => "Description",
            Self::Verdict => "Verdict",
        }
    }
}

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Review {
    model: ModelName,
    version: VersionNumber,
    tab: Tab,
    differences_only: bool,
    rows: Vec<Row>,
    digest: Option<String>,
    cursor: Cursor<usize>,
    lineage: Lineage,
}

impl Review {
    /// The review of one version; it opens on the differences to production.
    #[must_use]
    pub fn new(model: ModelName, version: VersionNumber) -> Self {
        Self {
            model,
            version,
            tab: Tab::Diff,
            differences_only: true,
            rows: Vec::new(),
            digest: None,
            cursor: Cursor::default(),
            lineage: Lineage::default(),
        }
    }

    /// Whether this is the review of `version`.
    #[must_use]
    pub fn shows(&self, model: &ModelName, version: VersionNumber) -> bool {
        self.model == *model && self.version == version
    }

    /// Contexts from the innermost outwards.
    #[must_use]
    pub fn contexts(&self) -> &'static [Context] {
        match self.tab {
            Tab::Lineage => &[Context::Lineage, Context::Review, Context::List, Context::Global],
            Tab::Diff | Tab::Description | Tab::Verdict => &[Context::Review, Context::List, Context::Global],
        }
    }

    /// The keys that matter most here.
    #[must_use]
    pub fn hints(&self) -> &'static [Action] {
        use Action::{Approve, Back, Browse, Copy, Curve, Differences, Files, Help, NextTab, Versions};
        if self.tab == Tab::Lineage {
            return Lineage::HINTS;
        }
        &[Approve, Curve, Differences, NextTab, Files, Versions, Browse, Copy, Back, Help]
    }

    /// The facts, and on the lineage's tab what that is made of.
    #[must_use]
    pub fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = vec![self.query()];
        needs.extend(verdict::query(&self.model, self.version, ctx));
        if self.tab == Tab::Lineage {
            needs.extend(self.lineage.needs(self.facts(ctx), ctx));
        }
        needs
    }

    /// Handles one event.
    pub fn update(&mut self, event: Event<'_>, ctx: &Ctx<'_>) -> Step {
        if self.tab == Tab::Lineage
            && let Some(step) = self.lineage.update(event, self.facts(ctx), ctx)
        {
            return step;
        }
        let Event::Action(action) = event else {
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
            Action::Differences => {
                self.differences_only = !self.differences_only;
                self.remake(ctx);
            }
            Action::Curve => {
                if let Some(Row::Metric(metric)) = self.rows.get(self.cursor.index()) {
                    return Step::push(Route::Curve(model, version, metric.name.clone()));
                }
            }
            Action::Trend => {
                return match self.rows.get(self.cursor.index()) {
                    Some(Row::Metric(metric)) => Step::push(Route::Trend(model, version, metric.name.clone())),
                    _ => Step::notice("Put the cursor on a metric to see it from version to version."),
                };
            }
            Action::Approve => return Step::push(Route::Approve(model, version, Decision::Approve)),
            Action::Versions => return Step::push(Route::Versions(model)),
            Action::Files => return Step::push(Route::Files(model, version)),
            Action::Refresh => return Step::refresh(self.needs(ctx)),
            Action::Browse => return Step::effect(Effect::Browse(self.place())),
            Action::Copy => return Step::copy(self.selected_text()),
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

    fn facts<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a ReviewedFacts> {
        ctx.catalog.facts(&self.model, self.version)
    }

    fn visible(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(1 + u16::from(ctx.rules.may_have_policy(&self.model)))
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
        let digest = self.facts(ctx).map(ReviewedFacts::digest);
        if digest != self.digest || matches!(self.tab, Tab::Description | Tab::Verdict) {
            self.digest = digest;
            self.remake(ctx);
        }
    }

    fn remake(&mut self, ctx: &Ctx<'_>) {
        self.rows = match (self.facts(ctx), self.tab) {
            (None, _) => Vec::new(),
            (facts, Tab::Lineage) => {
                self.lineage.update(Event::Changed, facts, ctx);
                Vec::new()
            }
            (Some(_), Tab::Verdict) => verdict::rows(&self.model, self.version, ctx),
            (Some(facts), Tab::Diff) => diff_rows(facts, &ctx.rules.directions, self.differences_only),
            (Some(facts), Tab::Description) => rows::text_rows(&facts.version.description, ctx.width),
        };
        let keys: Vec<usize> = (0..self.rows.len()).collect();
        self.cursor.settle(&keys, self.visible(ctx));
    }

    fn selected_text(&self) -> String {
        let fallback = format!("models:/{}/{}", self.model.as_str(), self.version.0);
        self.rows.get(self.cursor.index()).and_then(Row::copied).unwrap_or(fallback)
    }

    fn place(&self) -> Place {
        match self.rows.get(self.cursor.index()) {
            Some(Row::Fact { place: Some(place), .. }) => place.clone(),
            _ => Place::Version(self.model.clone(), self.version),
        }
    }
}
