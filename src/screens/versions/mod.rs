//! Which versions does this model have, and which is in production?

pub mod view;

use crate::app::action::Action;
use crate::app::eager_pages::{EagerPages, Extent};
use crate::app::effect::{Effect, Place};
use crate::app::keymap::Context;
use crate::app::owner::Owner;
use crate::app::query::Query;
use crate::app::route::{Route, Subject};
use crate::app::under::Under;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::record::{Decision, DecisionMark};
use crate::domain::registry::ModelVersion;
use crate::screens::parts::narrowed::Narrowed;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};

/// Number of versions in the sparkline of a row: its own and those before it.
const SPARK: usize = 8;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Versions {
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
            model,
            list: Narrowed::default(),
            made_from: None,
            decided: false,
            haystacks: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Applies the filter. The first `kept` items are unchanged since last time.
    fn narrow(&mut self, items: &[ModelVersion], kept: usize) -> Vec<usize> {
        if self.list.filter().query().is_empty() {
            self.haystacks = Vec::new();
            return (0..items.len()).collect();
        }
        // Process only the new page, so that a page added to a list of thousands stays cheap.
        self.haystacks.truncate(kept);
        self.haystacks.extend(items.iter().skip(self.haystacks.len()).map(haystack));
        self.list.pick(&self.haystacks, String::clone)
    }

    /// Compares the marked versions; a single marked version is compared with the one under the cursor.
    fn compare(&self, under_cursor: VersionNumber, items: &[ModelVersion]) -> Response {
        let mut numbers = self.marks.clone();
        if let [only] = numbers.as_slice()
            && *only != under_cursor
        {
            numbers.push(under_cursor);
        }
        if numbers.len() < 2 {
            return Response::notice("Mark at least two versions with Space, then compare them.");
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
            None => Response::notice("No run has one of the main metrics. Set them with [metrics] main."),
        }
    }

    fn query(&self, page: Option<String>) -> Query {
        Query::Versions { model: self.model.clone(), page }
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(1 + u16::from(self.list.filter().is_active()))
    }
}

impl Component for Versions {
    fn heading(&self) -> &'static str {
        "versions"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Versions(self.model.clone()))
    }

    fn under(&self, ctx: &Ctx<'_>) -> Under {
        let items = ctx.cache.versions(&self.model).map(|v| v.items.as_slice()).unwrap_or_default();
        let version = self.list.selected(items).map(|v| v.number);
        version.map(|number| Under::version(self.model.clone(), number)).unwrap_or_default()
    }

    fn contexts(&self) -> &'static [Context] {
        self.list.contexts(&[Context::Versions, Context::List, Context::Global])
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{
            Approve, Back, Browse, Compare, Copy, Files, Filter, Help, Hold, Mark, Reject, Review, Rollback, Trend,
        };
        &[Review, Approve, Reject, Hold, Rollback, Trend, Files, Filter, Mark, Compare, Browse, Copy, Back, Help]
    }

    fn captures_text(&self) -> bool {
        self.list.filter().is_editing()
    }

    fn model(&self) -> Option<&ModelName> {
        Some(&self.model)
    }

    fn takes_back(&self) -> bool {
        self.list.filter().is_active()
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
        let extent = versions.map(EagerPages::extent);
        let typed = self.list.hear(event);
        if typed || self.made_from != extent {
            let kept = extent.map_or(0, |extent| extent.kept_from(self.made_from));
            self.made_from = extent;
            let sets_aside = |v: &ModelVersion| DecisionMark::on(v).is_some_and(|mark| mark.sets_aside());
            self.decided = (self.decided && kept > 0) || items.iter().skip(kept).any(sets_aside);
            let shown = self.narrow(items, kept);
            self.list.show(shown, |i| items[i].number);
        }
        let rows = self.rows(ctx);
        let Some(action) = self.list.act(event, rows).filter(|_| !typed) else {
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
            Action::Compare => self.compare(version, items),
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

/// The text a filter matches against.
fn haystack(v: &ModelVersion) -> String {
    let (author, run) = (v.author.as_deref().unwrap_or_default(), v.run_id.as_ref().map(ToString::to_string));
    let aliases = v.aliases.join(" ");
    format!("{} {} {aliases} {author} {} {}", v.number, v.stage, v.description, run.unwrap_or_default())
}
