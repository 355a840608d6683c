//! A paged list that is read to its end.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::experiment::Experiment;
use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::page::Page;
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::run::Run;

pub trait Item {
    /// Identifies the item, on any page.
    type Id: Eq + Hash;

    fn id(&self) -> &Self::Id;
}

impl Item for RegisteredModel {
    type Id = ModelName;

    fn id(&self) -> &ModelName {
        &self.name
    }
}

impl Item for ModelVersion {
    type Id = VersionNumber;

    fn id(&self) -> &VersionNumber {
        &self.number
    }
}

impl Item for Experiment {
    type Id = ExperimentId;

    fn id(&self) -> &ExperimentId {
        &self.id
    }
}

impl Item for Arc<Run> {
    type Id = RunId;

    fn id(&self) -> &RunId {
        &self.id
    }
}

/// Appends the items of a page. MLflow's pages are offsets into a live table: items created since the previous page
/// shift its last items to the next page, where they occur again.
pub fn append<T: Item>(items: &mut Vec<T>, page: Vec<T>) {
    let tail = &items[items.len().saturating_sub(page.len())..];
    let seen: HashSet<&T::Id> = tail.iter().map(Item::id).collect();
    let new: Vec<bool> = page.iter().map(|item| !seen.contains(item.id())).collect();
    items.extend(page.into_iter().zip(new).filter_map(|(item, new)| new.then_some(item)));
}

/// A list read page by page. A refresh reads into a second list, which replaces the first when complete.
#[derive(Clone, Debug, PartialEq)]
pub struct EagerPages<T> {
    /// The items to show.
    pub items: Vec<T>,
    /// Whether every page was read.
    pub complete: bool,
    /// When the last page of `items` was read.
    pub read_at: Option<Timestamp>,
    edition: u64,
    next: Option<String>,
    fresh: Option<Vec<T>>,
}

/// The extent of a list. Within an edition items are only appended; a refresh starts a new edition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    edition: u64,
    len: usize,
}

impl Extent {
    /// The edition. Anything derived from an item stays valid within it.
    pub fn edition(self) -> u64 {
        self.edition
    }

    /// Number of leading items that are unchanged since the list was `before`.
    pub fn kept_from(self, before: Option<Self>) -> usize {
        before.filter(|before| before.edition == self.edition).map_or(0, |before| before.len)
    }
}

impl<T> Default for EagerPages<T> {
    fn default() -> Self {
        Self { items: Vec::new(), complete: false, read_at: None, edition: 0, next: None, fresh: None }
    }
}

impl<T: Item> EagerPages<T> {
    /// Token of the next page; none for the first.
    pub fn next_page(&self) -> Option<String> {
        self.next.clone()
    }

    /// Whether there are more pages.
    pub fn has_more(&self) -> bool {
        !self.complete || self.fresh.is_some()
    }

    /// Whether it is being read anew.
    pub fn is_refreshing(&self) -> bool {
        self.fresh.is_some()
    }

    /// The extent that rows were built from: they stay valid until it changes.
    pub fn extent(&self) -> Extent {
        Extent { edition: self.edition, len: self.items.len() }
    }

    /// Restarts from the first page. Current items stay until the last page is read.
    pub fn restart(&mut self) {
        self.next = None;
        if self.items.is_empty() {
            self.complete = false;
        } else {
            self.fresh = Some(Vec::new());
        }
    }

    /// Adds the page requested last.
    pub fn take(&mut self, page: Page<T>, now: Timestamp) {
        if self.fresh.is_none() {
            self.read_at = Some(now);
        }
        let into = self.fresh.as_mut().unwrap_or(&mut self.items);
        append(into, page.items);
        // Stop at a repeated token, which would loop forever.
        self.complete = page.next.is_none() || page.next == self.next;
        self.next = page.next;
        if self.complete {
            self.next = None;
            if let Some(fresh) = self.fresh.take() {
                self.items = fresh;
                self.edition += 1;
                self.read_at = Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Item for u8 {
        type Id = Self;

        fn id(&self) -> &Self {
            self
        }
    }

    fn page(items: &[u8], next: Option<&str>) -> Page<u8> {
        Page { items: items.to_vec(), next: next.map(str::to_owned) }
    }

    #[test]
    fn what_a_shifted_page_brings_again_is_there_once() {
        let mut list = EagerPages::default();
        list.take(page(&[1, 2, 3], Some("3")), Timestamp::UNIX_EPOCH);
        list.take(page(&[3, 4, 5], None), Timestamp::UNIX_EPOCH);
        assert_eq!(list.items, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn pages_leave_what_was_there_and_a_refresh_does_not() {
        let mut list = EagerPages::default();
        list.take(page(&[1], Some("1")), Timestamp::UNIX_EPOCH);
        let before = Some(list.extent());
        list.take(page(&[2], None), Timestamp::UNIX_EPOCH);
        assert_eq!(list.extent().kept_from(before), 1);
        list.restart();
        let before = Some(list.extent());
        list.take(page(&[1], Some("1")), Timestamp::UNIX_EPOCH);
        assert_eq!(Some(list.extent()), before, "what is shown stays until the last page was read");
        list.take(page(&[2], None), Timestamp::UNIX_EPOCH);
        assert_eq!(list.extent().kept_from(before), 0);
    }
}
