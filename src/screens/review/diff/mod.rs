//! What differs from production, or from another chosen baseline?

pub mod against;
pub mod pane_view;
pub mod picker;
pub mod picker_view;
pub mod reader;
pub mod rows;
pub mod view;

use crate::app::action::Action;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::{Route, Subject};
use crate::domain::artifact::ArtifactRoot;
use crate::domain::facts::ReviewedFacts;
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::logged::file_roots;
use crate::domain::pattern::matches;
use crate::domain::policy::Finding;
use crate::domain::registry::{FilesOf, ModelVersion};
use crate::present::number;
use crate::screens::parts::{Ctx, Filter, Response, ScreenEvent, code, hold};
use crate::screens::review::above;
use crate::ui::layout::Breadth;
use std::borrow::Cow;
use std::ops::Deref as _;

use against::{Against, Held};
use picker::Picker;
use reader::Reader;
use rows::{Choice, DiffRow, Sides, Signed};

/// Said while nothing of the version is there yet.
pub const READING: &str = "reading the version, its run and the version in production …";

/// State of the tab.
#[derive(Clone, Debug, PartialEq)]
pub struct Diff {
    model: ModelName,
    version: VersionNumber,
    against: Against,
    choice: Choice,
    rows: Vec<DiffRow>,
    keys: Vec<String>,
    cursor: Cursor<String>,
    picker: Option<Picker>,
    reader: Option<Reader>,
    filter: Filter,
    /// As wide as the widest number.
    widest: String,
    /// The query for the curve in the pane. While it is running the next one waits, however far the cursor moves, so
    /// that holding a key down does not request a curve per row.
    asked: Option<Query>,
}

/// What a version is compared with, by its label and where its files are.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    pub label: String,
    pub roots: Vec<ArtifactRoot>,
}

impl Diff {
    /// The differences between one version and production.
    pub fn new(model: ModelName, version: VersionNumber) -> Self {
        Self {
            model,
            version,
            against: Against::Production,
            choice: Choice { differences_only: true, ..Choice::default() },
            rows: Vec::new(),
            keys: Vec::new(),
            cursor: Cursor::default(),
            picker: None,
            reader: None,
            filter: Filter::default(),
            widest: String::new(),
            asked: None,
        }
    }

    /// What the candidate of `facts` is compared with, once it is read.
    pub fn baseline(&self, facts: &ReviewedFacts, ctx: &Ctx<'_>) -> Option<Baseline> {
        let roots = match self.against.held(facts, ctx) {
            Held::Version(version, ..) => file_roots(version),
            Held::Run(run) => vec![ArtifactRoot::Run(run.id.clone())],
            Held::Reading | Held::Failed(_) | Held::Missing | Held::Nothing => return None,
        };
        Some(Baseline { label: self.against.label(facts, ctx)?, roots })
    }

    /// The most important keys here.
    pub fn hints(&self) -> &'static [Action] {
        use Action::{
            Approve, Back, Baseline, Browse, Copy, Differences, Down, Files, Help, Hold, NextTab, Open, Reject,
            SortBySize, Up, Versions,
        };
        if self.takes_back() {
            return &[Up, Down, Copy, Back, Help];
        }
        &[
            Approve,
            Reject,
            Hold,
            Open,
            Differences,
            Baseline,
            SortBySize,
            NextTab,
            Files,
            Versions,
            Browse,
            Copy,
            Back,
            Help,
        ]
    }

    /// The filter of the rows; none while something is in front of them.
    pub fn filter(&self) -> Option<&Filter> {
        (!self.takes_back()).then_some(&self.filter)
    }

    pub fn filter_mut(&mut self) -> Option<&mut Filter> {
        (!self.takes_back()).then_some(&mut self.filter)
    }

    /// Whether keys go into a text field.
    pub fn captures_text(&self) -> bool {
        self.picker.is_some()
    }

    /// Whether Esc has something to close.
    pub fn takes_back(&self) -> bool {
        self.picker.is_some() || self.reader.is_some()
    }

    /// Queries besides the facts: the chosen baseline, the signatures, the curve in the pane, and the list of the
    /// picker.
    pub fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = self.against.needs(&self.model, ctx);
        if let Some(facts) = self.facts(ctx) {
            needs.push(signature_of(&facts.version));
            if let Some(version) = self.against.held(facts, ctx).version() {
                needs.push(signature_of(version));
            }
            needs.extend(self.asked.clone());
            let judged = ctx.cache.evaluation(&self.model, self.version);
            let source = judged.and_then(|judged| judged.evidence.code.source.as_ref().ok());
            needs.extend(source.map(code::needs).unwrap_or_default());
        }
        if let Some(picker) = &self.picker {
            needs.extend(picker.needs(ctx));
        }
        needs
    }

    pub fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if self.picker.is_some() {
            self.pick(event, ctx);
            return Response::none();
        }
        hold(&mut self.cursor, event);
        let ScreenEvent::Action(action) = event else {
            self.remake(ctx);
            return Response::none();
        };
        if let Some(reader) = &mut self.reader {
            match action {
                Action::Back => self.reader = None,
                Action::Copy => return Response::copy(reader.copied()),
                action => reader.update(action, ctx.rows(1 + above(&self.model, self.version, ctx)), ctx),
            }
            return Response::none();
        }
        if action.is_movement() {
            self.cursor.step(action, &self.keys, self.visible(ctx));
            self.look_up(ctx);
            return Response::none();
        }
        self.act(action, ctx)
    }

    /// The queries to repeat on a refresh.
    pub fn refreshes(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut queries = self.against.refreshes(&self.model);
        queries.extend(self.needs(ctx));
        queries
    }

    /// Text to copy for the selected row.
    pub fn copied(&self) -> Option<String> {
        self.selected().and_then(DiffRow::copied)
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&DiffRow> {
        self.rows.get(self.cursor.index())
    }

    /// The name of the metric under the cursor, raw.
    pub fn metric(&self) -> Option<&str> {
        match self.selected() {
            Some(DiffRow::Metric { row, .. }) => Some(&row.name),
            _ => None,
        }
    }

    fn act(&mut self, action: Action, ctx: &Ctx<'_>) -> Response {
        match action {
            Action::Differences => self.choice.differences_only = !self.choice.differences_only,
            Action::SortBySize => {
                self.choice.by_size = !self.choice.by_size;
                // After sorting, show the top.
                self.cursor = Cursor::default();
                self.keys.clear();
            }
            Action::Fold => self.fold(),
            Action::Baseline => {
                let experiment = self.facts(ctx).and_then(|f| f.run.known()).map(|r| r.experiment.clone());
                self.picker = Some(Picker::new(self.model.clone(), self.version, experiment));
                self.pick(ScreenEvent::Changed, ctx);
            }
            Action::Open | Action::Curve => return self.open(ctx),
            other => return Response::pass(other),
        }
        self.remake(ctx);
        Response::none()
    }

    /// Handles Enter: the curve of a metric, the full text, or the content of a group.
    fn open(&mut self, ctx: &Ctx<'_>) -> Response {
        match self.selected() {
            Some(DiffRow::Metric { row, .. }) => return Response::push(self.curve_route(row.metric.clone(), ctx)),
            Some(DiffRow::Text { row, .. }) => {
                let label = self.facts(ctx).and_then(|f| self.against.label(f, ctx));
                self.reader = Some(Reader::new(row.clone(), label.unwrap_or_default(), self.version.to_string()));
            }
            Some(DiffRow::Group { .. }) => {
                self.fold();
                self.remake(ctx);
            }
            Some(DiffRow::Gap | DiffRow::Section { .. } | DiffRow::Word { .. } | DiffRow::Note { .. }) | None => {
                return Response::pass(Action::Open);
            }
        }
        Response::none()
    }

    /// Folds or unfolds the group under the cursor; on a member, folds the group and moves to it.
    fn fold(&mut self) {
        let at = self.cursor.index();
        let inside = matches!(
            self.rows.get(at),
            Some(DiffRow::Metric { inside: true, .. } | DiffRow::Text { inside: true, .. })
        );
        let group = (0..=at.min(self.rows.len().saturating_sub(1)))
            .rev()
            .take(if inside { usize::MAX } else { 1 })
            .find(|i| matches!(self.rows.get(*i), Some(DiffRow::Group { .. })));
        if let Some(key) = group.and_then(|i| self.keys.get(i)).cloned() {
            if !self.choice.open.remove(&key) {
                self.choice.open.insert(key.clone());
            }
            self.cursor.aim(key);
        }
    }

    fn pick(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) {
        if matches!(event, ScreenEvent::Action(Action::Back)) {
            self.picker = None;
            self.remake(ctx);
            return;
        }
        let production = self.facts(ctx).and_then(|f| f.baseline.as_ref()).map(|b| b.version.number);
        let Some(picker) = &mut self.picker else { return };
        if let Some(chosen) = picker.update(event, production, ctx) {
            self.against = chosen;
            self.picker = None;
            self.remake(ctx);
        }
    }

    fn facts<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a ReviewedFacts> {
        ctx.cache.facts(&self.model, self.version).map(|facts| facts.deref())
    }

    /// Visible rows, below the headings, and the line on the code or the notice that the baseline is not production.
    fn visible(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(above(&self.model, self.version, ctx) + 2)
    }

    fn remake(&mut self, ctx: &Ctx<'_>) {
        let fresh = self.keys.is_empty();
        (self.rows, self.keys) = match self.facts(ctx).map(|facts| (facts, self.against.held(facts, ctx))) {
            Some((facts, held @ (Held::Nothing | Held::Version(..) | Held::Run(_)))) => {
                let label = self.against.label(facts, ctx).unwrap_or_default();
                let old = match held {
                    Held::Version(version, ..) => signed(version, ctx),
                    Held::Run(_) => Signed::NoVersion,
                    // Without a baseline everything is new.
                    _ => Signed::Nothing,
                };
                let signatures = (old, signed(&facts.version, ctx));
                let evaluation = ctx.cache.evaluation(&self.model, self.version);
                let configured = ctx.rules.policy.configured.for_model(&self.model);
                let patterns = || configured.iter().flat_map(|policy| &policy.metrics).map(|rule| rule.metric.as_str());
                let found = |name: &str| {
                    let asked = |finding: &Finding| finding.metric.as_deref() == Some(name);
                    evaluation.is_some_and(|judged| judged.verdict.findings.iter().any(asked))
                };
                let ruled = |name: &str| found(name) || patterns().any(|pattern| matches(pattern, name));
                let sides = Sides { facts, held, label: &label, signatures, ruled: &ruled };
                let directions = match evaluation {
                    Some(evaluation) => Cow::Owned(evaluation.directions(&ctx.rules.directions)),
                    None => ctx.rules.directions_for(&self.model),
                };
                // What is equal or folded away can be found, too.
                let all = Choice { differences_only: false, all_open: true, ..self.choice.clone() };
                rows::rows(&sides, &directions, if self.filter.narrows() { &all } else { &self.choice })
            }
            _ => Default::default(),
        };
        self.widest = number::widest(self.rows.iter().flat_map(DiffRow::numbers));
        let (rows, keys) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.keys));
        (self.rows, self.keys) =
            self.filter.rows(rows, keys, DiffRow::text, |row| matches!(row, DiffRow::Section { .. }));
        let visible = self.visible(ctx);
        self.cursor.settle(&self.keys, visible);
        let on_heading = self.filter.narrows() && !self.selected().is_some_and(DiffRow::is_item);
        if on_heading {
            self.cursor.step(Action::Down, &self.keys, visible);
        }
        if fresh && self.cursor.index() == 0 {
            // Headings have no actions.
            for _ in 0..self.rows.iter().position(DiffRow::is_item).unwrap_or(0) {
                self.cursor.step(Action::Down, &self.keys, visible);
            }
        }
        self.look_up(ctx);
    }

    /// Requests the curve of the selected metric, unless one is loading.
    fn look_up(&mut self, ctx: &Ctx<'_>) {
        let under_way = self.asked.as_ref().is_some_and(|query| ctx.cache.is_loading(query));
        if !under_way {
            self.asked = self.curve(ctx);
        }
    }

    /// The runs on screen with their labels: the candidate's, then the baseline's.
    fn runs(&self, ctx: &Ctx<'_>) -> Vec<(String, RunId)> {
        let Some(facts) = self.facts(ctx) else {
            return Vec::new();
        };
        let candidate = facts.run.known().map(|r| (self.version.to_string(), r.id.clone()));
        let baseline = self.against.held(facts, ctx).run().map(|r| r.id.clone());
        let baseline = self.against.label(facts, ctx).zip(baseline);
        let mut runs: Vec<(String, RunId)> = candidate.into_iter().collect();
        // A version compared with itself, or two versions with the same run, are one line.
        runs.extend(baseline.filter(|(_, id)| runs.iter().all(|(_, other)| other != id)));
        runs
    }

    /// The query for the curve in the pane, if there is a pane and a metric to show in it.
    fn curve(&self, ctx: &Ctx<'_>) -> Option<Query> {
        match self.selected() {
            Some(DiffRow::Metric { row, .. }) if Breadth::of(ctx.width, ctx.height) == Breadth::Wide => {
                let runs: Vec<RunId> = self.runs(ctx).into_iter().map(|(_, id)| id).collect();
                (!runs.is_empty()).then(|| Query::Histories { runs, metric: row.metric.clone(), window: None })
            }
            _ => None,
        }
    }

    fn curve_route(&self, metric: String, ctx: &Ctx<'_>) -> Route {
        if self.against == Against::Production {
            return Route::Curve(self.model.clone(), self.version, metric);
        }
        let subject = |(label, run): (String, RunId)| Subject { label, version: None, run: Some(run) };
        Route::Curves(self.runs(ctx).into_iter().map(subject).collect(), metric)
    }
}

fn signature_of(version: &ModelVersion) -> Query {
    Query::Signature { version: version.into() }
}

fn signed<'a>(version: &ModelVersion, ctx: &Ctx<'a>) -> Signed<'a> {
    let failure = ctx.cache.failure(&signature_of(version));
    match (ctx.cache.signature(FilesOf::from(version)).map(Option::as_ref), failure) {
        (Some(signature), _) => Signed::Read(signature),
        (None, Some(failure)) => Signed::Failed(failure),
        (None, None) => Signed::Reading,
    }
}
