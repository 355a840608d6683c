//! Which versions does this model have, and which is in production?

pub mod view;

use std::cmp::Ordering;

use crate::app::action::Action;
use crate::app::eager_pages::{EagerPages, Extent};
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::owner::Owner;
use crate::app::prefs::{Chosen, ListSort, Remember};
use crate::app::query::Query;
use crate::app::route::{Route, Subject};
use crate::app::under::Under;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::record::{Decision, DecisionMark};
use crate::domain::registry::ModelVersion;
use crate::present::version as words;
use crate::screens::parts::choice::{Choice, Choosable};
use crate::screens::parts::known::known;
use crate::screens::parts::narrowed::Narrowed;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent};

/// Number of versions in the sparkline of a row: its own and those before it.
const SPARK: usize = 8;

/// The columns, in their order; see [`Choice`].
const COLUMNS: &[Choosable] = &[
    Choosable::new("VER").needed().sorted(true),
    Choosable::new("STAGE").sorted(false),
    Choosable::new("ALIASES").sorted(false),
    Choosable::new("AGE").sorted(true),
    Choosable::new("AUTHOR").sorted(false),
    Choosable::new("METRIC"),
    Choosable::new("VALUE").sorted(true),
    Choosable::new(view::LAST),
    Choosable::new(view::DECISION),
    Choosable::new(view::DESCRIPTION),
];

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Versions {
    choice: Choice,
    /// The order that the rows are in.
    sorted: Option<ListSort>,
    model: ModelName,
    list: Narrowed<VersionNumber>,
    made_from: Option<Extent>,
    /// Whether any version was rejected or held.
    decided: bool,
    /// Text each version is filtered by; empty without a filter.
    haystacks: Vec<String>,
    /// Versions marked for comparison, in the order they were marked.
    marks: Vec<VersionNumber>,
}

impl Versions {
    /// The versions of `model`.
    pub fn new(model: ModelName) -> Self {
        Self {
            choice: Choice::new("versions", COLUMNS),
            sorted: None,
            model,
            list: Narrowed::default(),
            made_from: None,
            decided: false,
            haystacks: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Applies the filter. The first `kept` items are unchanged since last time.
    fn narrow(&mut self, items: &[ModelVersion], kept: usize, ctx: &Ctx<'_>) -> Vec<usize> {
        if self.list.filter().query().is_empty() {
            self.haystacks = Vec::new();
            return (0..items.len()).collect();
        }
        // Process only the new page, so that a page added to a list of thousands stays cheap.
        self.haystacks.truncate(kept);
        let new = items.iter().skip(self.haystacks.len());
        self.haystacks.extend(new.map(|version| view::text(version, ctx)));
        self.list.pick(&self.haystacks, String::clone)
    }

    /// Whether rows in sight show something else than they are found by: their runs were read meanwhile.
    fn is_found_by_more(&mut self, items: &[ModelVersion], ctx: &Ctx<'_>) -> bool {
        let mut changed = false;
        let rows = self.rows(ctx);
        for i in self.list.shown().iter().skip(self.list.offset()).take(rows) {
            if let (Some(known), Some(version)) = (self.haystacks.get_mut(*i), items.get(*i)) {
                let text = view::text(version, ctx);
                changed |= *known != text;
                *known = text;
            }
        }
        changed
    }

    /// Puts the rows in the chosen order; what is not known comes last.
    fn order(&self, shown: &mut [usize], items: &[ModelVersion], ctx: &Ctx<'_>) {
        let Some(ListSort { by, descending }) = &self.sorted else { return };
        let key = |i: &usize| key(by, &items[*i], ctx);
        let compare = |a: &Option<SortKey>, b: &Option<SortKey>| match (a, b) {
            (Some(a), Some(b)) => {
                let order = a.partial_cmp(b).unwrap_or(Ordering::Equal);
                if *descending { order.reverse() } else { order }
            }
            (a, b) => b.is_some().cmp(&a.is_some()),
        };
        let mut keyed: Vec<_> = shown.iter().map(|i| (key(i), *i)).collect();
        keyed.sort_by(|(a, _), (b, _)| compare(a, b));
        for (slot, (_, i)) in shown.iter_mut().zip(keyed) {
            *slot = i;
        }
    }

    /// Compares the marked versions; a single marked version is compared with the one under the cursor.
    fn compare(&self, under_cursor: VersionNumber, items: &[ModelVersion], ctx: &Ctx<'_>) -> Response {
        let mut numbers = self.marks.clone();
        if let [only] = numbers.as_slice()
            && *only != under_cursor
        {
            numbers.push(under_cursor);
        }
        if numbers.len() < 2 {
            let mark = ctx.keys.named(Action::Mark);
            return Response::notice(format!("Mark at least two versions with {mark}, then compare them."));
        }
        let subject = |number: VersionNumber| Subject {
            label: number.to_string(),
            version: Some((self.model.clone(), number)),
            run: items.iter().find(|v| v.number == number).and_then(|v| v.run_id.clone()),
        };
        Response::push(Route::Compare(numbers.into_iter().map(subject).collect()))
    }

    /// The trend of this version's main metric; if it has none, of the newest version that has one.
    fn trend(&self, version: VersionNumber, items: &[ModelVersion], ctx: &Ctx<'_>) -> Response {
        let here = items.iter().filter(|v| v.number == version);
        let metric = here.chain(items).find_map(|v| ctx.rules.main_metric(ctx.cache.said(v)));
        match metric {
            Some(metric) => Response::push(Route::Trend(self.model.clone(), version, metric.to_owned())),
            None => Response::vain(Action::Trend, "No run has one of the main metrics. Set them with [metrics] main."),
        }
    }

    fn query(&self, page: Option<String>) -> Query {
        Query::Versions { model: self.model.clone(), page }
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(1)
    }
}

impl Component for Versions {
    fn heading(&self) -> &'static str {
        "versions"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Versions(self.model.clone()))
    }

    fn chosen(&self, ctx: &Ctx<'_>) -> Option<Chosen> {
        Some(Chosen { list: Some(self.choice.chosen(ctx)), ..self.list.chosen() })
    }

    fn choose(&mut self, chosen: &Chosen) -> Option<Remember> {
        self.list.choose(&chosen.filter);
        self.made_from = None;
        chosen.list.clone().map(|list| self.choice.remembered(list))
    }

    fn under(&self, ctx: &Ctx<'_>) -> Under {
        let items = ctx.cache.versions(&self.model).map(|v| v.items.as_slice()).unwrap_or_default();
        let version = self.list.selected(items).map(|v| v.number);
        version.map(|number| Under::version(self.model.clone(), number)).unwrap_or_default()
    }

    fn contexts(&self) -> &'static [Context] {
        match self.choice.picker() {
            Some(_) => &[Context::Prompt, Context::Global],
            None => &[Context::Versions, Context::List, Context::Global],
        }
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{
            Approve, Back, Browse, Columns, Compare, Copy, Files, Filter, Help, Hold, Mark, Refresh, Reject, Review,
            Rollback, Sort, Trend,
        };
        if self.list.is_empty() {
            return &[Filter, Refresh, Back, Help];
        }
        &[
            Review, Approve, Reject, Hold, Rollback, Trend, Files, Filter, Mark, Compare, Sort, Columns, Browse, Copy,
            Back, Help,
        ]
    }

    fn captures_text(&self) -> bool {
        self.choice.picker().is_some()
    }

    fn finder(&self) -> Option<&Filter> {
        self.choice.picker().is_none().then(|| self.list.filter())
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        self.choice.picker().is_none().then(|| self.list.filter_mut())
    }

    fn prompt_words(&self) -> (&'static str, &'static str) {
        self.choice.prompt_words().unwrap_or_default()
    }

    fn model(&self) -> Option<&ModelName> {
        Some(&self.model)
    }

    fn takes_back(&self) -> bool {
        self.choice.picker().is_some()
    }

    /// The next page when the cursor nears the end, and the runs of the visible rows.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let Some(versions) = ctx.cache.versions(&self.model) else {
            return vec![self.query(None)];
        };
        let rows = self.rows(ctx);
        let near_end = self.list.offset() + 2 * rows.max(1) >= versions.items.len();
        let mut needs = Vec::new();
        if versions.has_more() && (near_end || self.list.filter().is_active()) {
            needs.push(self.query(versions.next_page()));
        }
        let in_sight = self.list.shown().iter().skip(self.list.offset()).take(rows);
        // Also the versions before each row, for its sparkline.
        let drawn = in_sight.flat_map(|i| versions.items.iter().skip(*i).take(SPARK));
        needs.extend(ctx.cache.said_to_ask(drawn));
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let versions = ctx.cache.versions(&self.model);
        let items = versions.map(|v| v.items.as_slice()).unwrap_or_default();
        if let Some(step) = self.choice.update(event, ctx) {
            if let Some(Remember::List(_, chosen)) = &step.remember {
                self.sorted = chosen.sort.clone();
                let mut shown = self.narrow(items, items.len(), ctx);
                self.order(&mut shown, items, ctx);
                self.list.show(shown, |i| items[i].number);
                self.list.act(ScreenEvent::Changed, self.rows(ctx));
            }
            return step;
        }
        let extent = versions.map(EagerPages::extent);
        let refiltered = self.list.is_refiltered();
        let is_sorted = self.choice.sort(ctx) == self.sorted.as_ref();
        let same = self.made_from == extent;
        if refiltered || !same || !is_sorted || self.is_found_by_more(items, ctx) {
            self.sorted = self.choice.sort(ctx).cloned();
            let kept = extent.map_or(0, |extent| extent.kept_from(self.made_from));
            self.made_from = extent;
            let sets_aside = |v: &ModelVersion| DecisionMark::on(v).is_some_and(|mark| mark.sets_aside());
            self.decided = (self.decided && kept > 0) || items.iter().skip(kept).any(sets_aside);
            let mut shown = self.narrow(items, kept, ctx);
            self.order(&mut shown, items, ctx);
            self.list.show(shown, |i| items[i].number);
        }
        let rows = self.rows(ctx);
        let Some(action) = self.list.act(event, rows) else {
            return Response::none();
        };
        if action == Action::Refresh {
            return Response::refresh(vec![self.query(None)]);
        }
        let Some(version) = self.list.selected(items).map(|v| v.number) else {
            return Response::pass(action);
        };
        let model = self.model.clone();
        match action {
            Action::Mark => {
                match self.marks.iter().position(|m| *m == version) {
                    Some(at) => {
                        self.marks.remove(at);
                    }
                    None => self.marks.push(version),
                }
                self.list.act(ScreenEvent::Action(Action::Down), rows);
                Response::none()
            }
            Action::Compare => self.compare(version, items, ctx),
            Action::Review => Response::push(Route::Review(model, version)),
            Action::Approve => Response::push(Route::Approve(model, version, Decision::Approve)),
            Action::Reject => Response::push(Route::Decide(model, version, Decision::Reject)),
            Action::Hold => Response::push(Route::Decide(model, version, Decision::Hold)),
            Action::Rollback => Response::push(Route::Rollback(model)),
            Action::Files => Response::push(Route::Files(Owner::Version(model, version))),
            Action::Trend => self.trend(version, items, ctx),
            Action::Browse => Response::effect(Effect::Browse(Place::Version(model, version))),
            Action::Copy => Response::copy(format!("models:/{}/{}", model.as_str(), version.0)),
            other => Response::pass(other),
        }
    }
}

/// What a row is sorted by.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum SortKey {
    Text(String),
    Number(f64),
}

fn key(by: &str, version: &ModelVersion, ctx: &Ctx<'_>) -> Option<SortKey> {
    let said = ctx.cache.said(version);
    match by {
        "VER" => Some(SortKey::Number(version.number.0 as f64)),
        "STAGE" => Some(SortKey::Text(version.stage.to_string())),
        "ALIASES" => version.aliases.first().map(|alias| SortKey::Text(alias.clone())),
        // Older is larger.
        "AGE" => version.created_at.map(|at| SortKey::Number(-(at.as_second() as f64))),
        "AUTHOR" => words::author(version, said).map(|author| SortKey::Text(author.to_owned())),
        "VALUE" => {
            let value = known(version, ctx.rules.main_metric(said)?, ctx).value()?.0;
            value.is_finite().then_some(SortKey::Number(value))
        }
        _ => None,
    }
}
