//! The review's tab on where a version came from: one tree, of which every node is read on its own.
//!
//! Nothing is asked before the tab is opened. What cannot be found out says so in its own row, and why.

mod code;
mod rows;
#[cfg(test)]
mod tests;
mod trail;
mod tree;
pub mod view;

use std::collections::BTreeSet;

pub use tree::{Row, Tone};

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::list::Cursor;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::facts::ReviewedFacts;
use crate::screens::parts::{Ctx, Event, Step};

/// State of the tab.
#[derive(Clone, Debug, PartialEq)]
pub struct Lineage {
    /// The nodes that are unfolded.
    open: BTreeSet<String>,
    rows: Vec<Row>,
    keys: Vec<String>,
    cursor: Cursor<String>,
}

impl Default for Lineage {
    fn default() -> Self {
        let open = rows::UNFOLDED.map(str::to_owned).into();
        Self { open, rows: Vec::new(), keys: Vec::new(), cursor: Cursor::default() }
    }
}

impl Lineage {
    /// The keys that matter most here.
    pub const HINTS: &'static [Action] = {
        use Action::{Approve, Back, Browse, Copy, Fold, Help, NextTab, Open, Run};
        &[Approve, Open, Fold, Run, Browse, Copy, NextTab, Back, Help]
    };

    /// Every part that can be asked for by now.
    #[must_use]
    pub fn needs(&self, facts: Option<&ReviewedFacts>, ctx: &Ctx<'_>) -> Vec<Query> {
        facts.map(|facts| trail::Trail::new(facts, ctx).questions()).unwrap_or_default()
    }

    /// The rows, as they are shown.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Handles what concerns the tree; none if the review has to.
    pub fn update(&mut self, event: Event<'_>, facts: Option<&ReviewedFacts>, ctx: &Ctx<'_>) -> Option<Step> {
        self.remake(facts, ctx);
        let Event::Action(action) = event else {
            return Some(Step::none());
        };
        if action.is_movement() {
            self.cursor.step(action, &self.keys, visible(facts, ctx));
            return Some(Step::none());
        }
        let row = self.rows.get(self.cursor.index())?.clone();
        match action {
            Action::Open => match (row.open, row.run) {
                (Some(_), _) => self.toggle(row.key),
                (None, Some(run)) => return Some(Step::push(Route::Run(run))),
                (None, None) => {}
            },
            Action::Fold => self.fold_all(),
            Action::Run => {
                let run = row.run.or_else(|| facts.and_then(|f| f.run.known()).map(|run| run.id.clone()));
                return Some(run.map_or_else(
                    || Step::notice("The version's run cannot be shown."),
                    |run| Step::push(Route::Run(run)),
                ));
            }
            Action::Browse => return row.place.map(|place| Step::effect(Effect::Browse(place))),
            Action::Copy => return Some(Step::copy(row.copy.unwrap_or(row.value))),
            _ => return None,
        }
        self.remake(facts, ctx);
        Some(Step::none())
    }

    fn toggle(&mut self, node: String) {
        if !self.open.remove(&node) {
            self.open.insert(node);
        }
    }

    /// Folds everything, or unfolds everything if nothing is unfolded.
    fn fold_all(&mut self) {
        if self.open.is_empty() {
            self.open = rows::FOLDABLE.map(str::to_owned).into();
        } else {
            self.open.clear();
        }
        // The cursor goes to the node whose detail it was on.
        if let Some(node) = self.keys.get(self.cursor.index()).and_then(|key| key.split('/').next()) {
            self.cursor.aim(node.to_owned());
        }
    }

    fn remake(&mut self, facts: Option<&ReviewedFacts>, ctx: &Ctx<'_>) {
        self.rows = facts.map(|facts| rows::rows(facts, &self.open, ctx)).unwrap_or_default();
        self.keys = self.rows.iter().map(|row| row.key.clone()).collect();
        self.cursor.settle(&self.keys, visible(facts, ctx));
    }
}

/// Rows in sight.
fn visible(facts: Option<&ReviewedFacts>, ctx: &Ctx<'_>) -> usize {
    ctx.rows(facts.map_or(1, |facts| super::above(&facts.version.model, facts.version.number, ctx)))
}
