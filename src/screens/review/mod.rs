//! Should this go to production? One version against the one there now.

pub mod artifacts;
mod caution;
pub mod checklist;
mod checklist_view;
pub mod diff;
pub mod rows;
pub mod standing;
pub mod verdict;
pub mod view;

use std::ops::Deref as _;

use crate::app::action::Action;
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::owner::Owner;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::app::under::Under;
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::FailureKind;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::name::shown;
use crate::domain::record::Decision;
use crate::screens::parts::lineage::{Lineage, Root};
use crate::screens::parts::save::Save;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, requests};

use artifacts::Artifacts;
use checklist::Checklist;
use diff::Diff;
use rows::TabRow;

/// The tabs of a review, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// The differences from production.
    #[default]
    Diff,
    /// The origin of the version.
    Lineage,
    /// Its files, beside those of production.
    Artifacts,
    /// The result of the policy.
    Verdict,
    /// The questions the policy asks the reviewer.
    Checklist,
    Description,
}

impl Tab {
    pub const ALL: [Self; 6] =
        [Self::Diff, Self::Lineage, Self::Artifacts, Self::Verdict, Self::Checklist, Self::Description];

    pub fn title(self) -> &'static str {
        match self {
            Self::Diff => "Diff",
            Self::Lineage => "Lineage",
            Self::Artifacts => "Artifacts",
            Self::Description => "Description",
            Self::Verdict => "Verdict",
            Self::Checklist => "Checklist",
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
    lineage: Lineage,
    artifacts: Artifacts,
    checklist: Checklist,
    /// The rows of the other tabs, what they are filtered by, and the cursor in them.
    filter: Filter,
    rows: Vec<TabRow>,
    cursor: Cursor<usize>,
}

impl Review {
    /// The review of one version; it opens on the diff tab.
    pub fn new(model: ModelName, version: VersionNumber) -> Self {
        Self {
            tab: Tab::Diff,
            diff: Diff::new(model.clone(), version),
            lineage: Lineage::of_version(),
            artifacts: Artifacts::default(),
            checklist: Checklist::new(model.clone(), version),
            filter: Filter::default(),
            rows: Vec::new(),
            cursor: Cursor::default(),
            model,
            version,
        }
    }

    /// Whether this is the review of `version`.
    pub fn shows(&self, model: &ModelName, version: VersionNumber) -> bool {
        self.model == *model && self.version == version
    }

    /// Whether a checklist note is being edited.
    pub fn is_noting(&self) -> bool {
        self.tab == Tab::Checklist && self.checklist.is_typing()
    }

    fn query(&self) -> Query {
        Query::Facts { model: self.model.clone(), version: self.version }
    }

    fn facts<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a ReviewedFacts> {
        ctx.cache.facts(&self.model, self.version).map(|facts| facts.deref())
    }

    fn root<'a>(&self, ctx: &Ctx<'a>) -> Option<Root<'a>> {
        self.facts(ctx).map(Root::Version)
    }

    fn refreshes(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        if self.tab != Tab::Diff {
            return self.needs(ctx);
        }
        let mut queries = vec![self.query()];
        queries.extend(verdict::query(&self.model, self.version, ctx));
        queries.extend(self.diff.refreshes(ctx));
        queries
    }

    fn visible(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(above(&self.model, self.version, ctx))
    }

    fn turn(&mut self, by: usize, ctx: &Ctx<'_>) {
        let at = Tab::ALL.iter().position(|t| *t == self.tab).unwrap_or(0);
        self.show(Tab::ALL[(at + by) % Tab::ALL.len()], ctx);
    }

    fn show(&mut self, tab: Tab, ctx: &Ctx<'_>) {
        self.tab = tab;
        self.filter = Filter::default();
        self.cursor = Cursor::default();
        self.remake(ctx);
    }

    /// Rebuilds the current tab; the others are rebuilt when shown.
    fn remake(&mut self, ctx: &Ctx<'_>) {
        let facts = self.facts(ctx);
        match self.tab {
            Tab::Diff => {
                self.diff.update(ScreenEvent::Changed, ctx);
            }
            Tab::Lineage => {
                self.lineage.update(ScreenEvent::Changed, self.root(ctx), self.visible(ctx), ctx);
            }
            Tab::Artifacts => {
                self.show_files(ScreenEvent::Changed, ctx);
            }
            Tab::Description => {
                self.rows = facts.map(|f| rows::text_rows(&f.version.description, ctx.width)).unwrap_or_default();
                self.settle(ctx);
            }
            Tab::Checklist => {
                let visible = self.visible(ctx).saturating_sub(1 + usize::from(checklist::BELOW));
                self.checklist.update(ScreenEvent::Changed, visible, ctx);
            }
            Tab::Verdict => {
                self.rows = verdict::rows(&self.model, self.version, ctx);
                self.settle(ctx);
            }
        }
    }

    fn show_files(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Option<Response> {
        let (facts, rows) = (self.facts(ctx), self.visible(ctx));
        let baseline = facts.and_then(|facts| self.diff.baseline(facts, ctx));
        self.artifacts.update(event, facts.map(|facts| &facts.version), baseline, rows, ctx)
    }

    fn settle(&mut self, ctx: &Ctx<'_>) {
        let rows = std::mem::take(&mut self.rows);
        let keys: Vec<usize> = (0..rows.len()).collect();
        (self.rows, _) = self.filter.rows(rows, keys, TabRow::text, |_| false);
        let keys: Vec<usize> = (0..self.rows.len()).collect();
        self.cursor.settle(&keys, self.visible(ctx));
    }

    fn selected_text(&self) -> String {
        let row = match self.tab {
            Tab::Diff => self.diff.copied(),
            Tab::Lineage | Tab::Checklist => None,
            Tab::Artifacts => self.artifacts.copied(),
            Tab::Description | Tab::Verdict => self.rows.get(self.cursor.index()).and_then(TabRow::copied),
        };
        row.unwrap_or_else(|| format!("models:/{}/{}", self.model.as_str(), self.version.0))
    }
}

impl Component for Review {
    fn heading(&self) -> &'static str {
        "review"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Review(self.model.clone(), self.version))
    }

    fn under(&self, _: &Ctx<'_>) -> Under {
        Under::version(self.model.clone(), self.version)
    }

    fn finder(&self) -> Option<&Filter> {
        match self.tab {
            Tab::Diff => self.diff.filter(),
            Tab::Lineage => Some(self.lineage.filter()),
            Tab::Artifacts => (!self.is_asking()).then(|| self.artifacts.filter()),
            Tab::Description | Tab::Verdict => Some(&self.filter),
            Tab::Checklist => None,
        }
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        match self.tab {
            Tab::Diff => self.diff.filter_mut(),
            Tab::Lineage => Some(self.lineage.filter_mut()),
            Tab::Artifacts => (!self.is_asking()).then(|| self.artifacts.filter_mut()),
            Tab::Description | Tab::Verdict => Some(&mut self.filter),
            Tab::Checklist => None,
        }
    }

    fn tabs(&self) -> Vec<&'static str> {
        Tab::ALL.map(Tab::title).to_vec()
    }

    fn contexts(&self) -> &'static [Context] {
        match self.tab {
            _ if self.captures_text() => &[Context::Prompt, Context::Global],
            Tab::Artifacts => self.artifacts.contexts(),
            Tab::Lineage => &[Context::Lineage, Context::Review, Context::List, Context::Global],
            Tab::Checklist => &[Context::Checklist, Context::Review, Context::List, Context::Global],
            Tab::Diff | Tab::Description | Tab::Verdict => &[Context::Review, Context::List, Context::Global],
        }
    }

    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action] {
        use Action::{
            Approve, Back, Browse, Copy, Files, Fold, Help, Hold, NextTab, Open, Refresh, Reject, Run, Versions,
        };
        match self.tab {
            _ if self.is_missing(ctx) => &[Versions, Refresh, Back, Help],
            Tab::Diff => self.diff.hints(),
            Tab::Lineage => &[Approve, Open, Fold, Run, Browse, Copy, NextTab, Back, Help],
            Tab::Artifacts => self.artifacts.hints(),
            Tab::Checklist => Checklist::HINTS,
            Tab::Description | Tab::Verdict => {
                &[Approve, Reject, Hold, NextTab, Files, Versions, Browse, Copy, Back, Help]
            }
        }
    }

    fn captures_text(&self) -> bool {
        (self.tab == Tab::Diff && self.diff.captures_text()) || self.is_noting() || self.is_asking()
    }

    /// A download goes on while another tab is looked at.
    fn save(&self) -> Option<&Save> {
        Some(self.artifacts.save())
    }

    fn moves_while_typing(&self) -> bool {
        !self.is_noting()
    }

    fn prompt_words(&self) -> (&'static str, &'static str) {
        if self.is_noting() { ("keep the note", "leave it as it was") } else { ("compare with it", "leave it") }
    }

    fn model(&self) -> Option<&ModelName> {
        Some(&self.model)
    }

    /// Whether Esc has something to close.
    fn takes_back(&self) -> bool {
        self.has_front() || self.is_noting() || (self.tab == Tab::Artifacts && self.artifacts.takes_back())
    }

    /// The facts, the verdict, and what else the current tab needs.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = vec![self.query()];
        needs.extend(verdict::query(&self.model, self.version, ctx));
        needs.extend(ctx.cache.requests_to_ask([(self.model.clone(), self.version)]));
        match self.tab {
            Tab::Diff => needs.extend(self.diff.needs(ctx)),
            Tab::Lineage => needs.extend(self.lineage.needs(self.root(ctx), ctx)),
            Tab::Artifacts => {
                needs.extend(self.artifacts.needs(self.facts(ctx).map(|facts| &facts.version), ctx));
            }
            Tab::Description | Tab::Verdict | Tab::Checklist => {}
        }
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let mut step = self.handle(event, ctx);
        step.effects.extend(self.artifacts.paints());
        step
    }
}

impl Review {
    /// Whether the server has no such version, as far as it was asked.
    fn is_missing(&self, ctx: &Ctx<'_>) -> bool {
        let failure = ctx.cache.failure(&self.query());
        failure.is_some_and(|failure| failure.kind == FailureKind::NotFound) && self.facts(ctx).is_none()
    }

    /// Whether it is asked where to save a file.
    fn is_asking(&self) -> bool {
        self.tab == Tab::Artifacts && self.artifacts.save().is_asking()
    }

    /// Whether the picker of the baseline or the reader of a text is in front of the diff.
    fn has_front(&self) -> bool {
        self.tab == Tab::Diff && self.diff.takes_back()
    }

    fn handle(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if self.tab == Tab::Checklist {
            let visible = self.visible(ctx).saturating_sub(1 + usize::from(checklist::BELOW));
            if let Some(step) = self.checklist.update(event, visible, ctx) {
                return step;
            }
        }
        if self.has_front() {
            return self.diff.update(event, ctx);
        }
        if self.tab == Tab::Artifacts
            && let Some(step) = self.show_files(event, ctx)
        {
            return step;
        }
        if self.tab == Tab::Lineage
            && let Some(step) = self.lineage.update(event, self.root(ctx), self.visible(ctx), ctx)
        {
            return step;
        }
        let ScreenEvent::Action(action) = event else {
            self.remake(ctx);
            return Response::none();
        };
        if let Some(tab) = action.tab().and_then(|i| Tab::ALL.get(i)) {
            self.show(*tab, ctx);
            return Response::none();
        }
        let (model, version) = (self.model.clone(), self.version);
        let of_version = matches!(
            action,
            Action::Approve | Action::Reject | Action::Hold | Action::Files | Action::Browse | Action::Copy
        );
        if of_version && self.is_missing(ctx) {
            return Response::vain(action, format!("There is no {version} of {}.", shown(model.as_str())));
        }
        match action {
            Action::NextTab => self.turn(1, ctx),
            Action::PreviousTab => self.turn(Tab::ALL.len() - 1, ctx),
            Action::Trend => {
                return match self.diff.metric().filter(|_| self.tab == Tab::Diff) {
                    Some(metric) => Response::push(Route::Trend(model, version, metric.to_owned())),
                    None => Response::vain(action, "Select a metric to see its trend over the versions."),
                };
            }
            Action::Approve => return Response::push(Route::Approve(model, version, Decision::Approve)),
            Action::Reject => return Response::push(Route::Decide(model, version, Decision::Reject)),
            Action::Hold => return Response::push(Route::Decide(model, version, Decision::Hold)),
            Action::Rollback => return Response::push(Route::Rollback(model)),
            Action::Versions => return Response::push(Route::Versions(model)),
            Action::Files => return Response::push(Route::Files(Owner::Version(model, version))),
            Action::Refresh => return Response::refresh(self.refreshes(ctx)),
            Action::Browse => return Response::effect(Effect::Browse(Place::Version(model, version))),
            Action::Copy => return Response::copy(self.selected_text()),
            action if self.tab == Tab::Diff => return self.diff.update(ScreenEvent::Action(action), ctx),
            moving if moving.is_movement() => {
                let keys: Vec<usize> = (0..self.rows.len()).collect();
                self.cursor.step(moving, &keys, self.visible(ctx));
            }
            other => return Response::pass(other),
        }
        Response::none()
    }
}

/// Lines above the content of a tab: the tabs, the verdict if there may be a policy, the current decision, open requests,
/// and what to know before any number is read.
fn above(model: &ModelName, version: VersionNumber, ctx: &Ctx<'_>) -> u16 {
    let facts = ctx.cache.facts(model, version).map(|facts| facts.deref());
    1 + u16::from(ctx.rules.may_have_policy(model))
        + u16::from(standing::is_shown(facts))
        + requests::count(model, version, ctx)
        + caution::count(facts, ctx)
}
