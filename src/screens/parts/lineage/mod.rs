//! The origin of a version or run: one tree whose nodes are read independently.
//!
//! Nothing is queried before the tab is opened. A node that cannot be read says why in its own row.

mod code;
mod road;
mod rows;
#[cfg(test)]
mod tests;
mod trail;
mod tree;
pub mod view;

use std::collections::BTreeSet;

pub use trail::Root;
pub use tree::{Tone, TreeRow};

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::screens::parts::{Ctx, Filter, Response, ScreenEvent, hold};

/// State of the tab.
#[derive(Clone, Debug, PartialEq)]
pub struct Lineage {
    /// Keys of unfolded nodes.
    open: BTreeSet<String>,
    filter: Filter,
    rows: Vec<TreeRow>,
    keys: Vec<String>,
    cursor: Cursor<String>,
}

impl Lineage {
    /// The lineage of a version under review.
    pub fn of_version() -> Self {
        Self::beginning_with("version")
    }

    /// The lineage of a single run.
    pub fn of_run() -> Self {
        Self::beginning_with("run")
    }

    fn beginning_with(node: &str) -> Self {
        let open = rows::UNFOLDED.into_iter().chain([node]).map(str::to_owned).collect();
        Self { open, filter: Filter::default(), rows: Vec::new(), keys: Vec::new(), cursor: Cursor::default() }
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    pub fn filter_mut(&mut self) -> &mut Filter {
        &mut self.filter
    }

    /// Every query that can be made so far.
    pub fn needs(&self, root: Option<Root<'_>>, ctx: &Ctx<'_>) -> Vec<Query> {
        let Some(root) = root else { return Vec::new() };
        let trail = trail::Trail::new(root, ctx);
        let mut queries = trail.questions();
        queries.extend(root.facts().into_iter().flat_map(|facts| road::questions(&trail, facts, ctx)));
        queries
    }

    /// The rows as shown.
    pub fn rows(&self) -> &[TreeRow] {
        &self.rows
    }

    /// Handles events for the tree, `visible` rows of which are on screen; none if the event is for the screen.
    pub fn update(
        &mut self,
        event: ScreenEvent<'_>,
        root: Option<Root<'_>>,
        visible: usize,
        ctx: &Ctx<'_>,
    ) -> Option<Response> {
        hold(&mut self.cursor, event);
        self.remake(root, visible, ctx);
        let ScreenEvent::Action(action) = event else {
            return Some(Response::none());
        };
        if action.is_movement() {
            self.cursor.step(action, &self.keys, visible);
            return Some(Response::none());
        }
        let row = self.rows.get(self.cursor.index())?.clone();
        match action {
            Action::Open => match (row.open, row.run) {
                (Some(_), _) => self.toggle(row.key),
                (None, Some(run)) => return Some(Response::push(Route::Run(run))),
                (None, None) => {}
            },
            Action::Fold => self.fold_all(),
            Action::Run => {
                let own = root.and_then(Root::run).map(|run| run.id.clone());
                let alone = matches!(root, Some(Root::Run(_)));
                return Some(match row.run.filter(|run| !alone || Some(run) != own.as_ref()) {
                    Some(run) => Response::push(Route::Run(run)),
                    None if alone => Response::notice(format!(
                        "This is that run. {} opens another run under the cursor.",
                        ctx.keys.named(Action::Run)
                    )),
                    None => own.map_or_else(
                        || Response::notice("The version's run cannot be shown."),
                        |run| Response::push(Route::Run(run)),
                    ),
                });
            }
            Action::Browse => return row.place.map(|place| Response::effect(Effect::Browse(place))),
            Action::Copy => return Some(Response::copy(row.copy.unwrap_or(row.value))),
            _ => return None,
        }
        self.remake(root, visible, ctx);
        Some(Response::none())
    }

    fn toggle(&mut self, node: String) {
        if !self.open.remove(&node) {
            self.open.insert(node);
        }
    }

    /// Folds everything, or unfolds everything if all is folded.
    fn fold_all(&mut self) {
        if self.open.is_empty() {
            self.open = rows::FOLDABLE.map(str::to_owned).into();
        } else {
            self.open.clear();
        }
        // The cursor moves to the node that its detail row belonged to.
        if let Some(node) = self.keys.get(self.cursor.index()).and_then(|key| key.split('/').next()) {
            self.cursor.aim(node.to_owned());
        }
    }

    fn remake(&mut self, root: Option<Root<'_>>, visible: usize, ctx: &Ctx<'_>) {
        // A row that is folded away can be found, too.
        let all = || rows::FOLDABLE.map(str::to_owned).into();
        let open = if self.filter.narrows() { all() } else { self.open.clone() };
        let rows = root.map(|root| rows::rows(root, &open, ctx)).unwrap_or_default();
        let keys = rows.iter().map(|row| row.key.clone()).collect();
        let text = |row: &TreeRow| Some(format!("{} {}", row.label, row.value));
        (self.rows, self.keys) = self.filter.rows(rows, keys, text, |_| false);
        self.cursor.settle(&self.keys, visible);
    }
}
