//! A lazily paged list: pages are read as the user scrolls.
//!
//! Unlike [`super::eager_pages::EagerPages`], a refresh reads only the first page and starts over from there: an
//! experiment may hold far more runs than anyone looks at.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::eager_pages::{Item, append};
use crate::domain::page::Page;
use crate::domain::run::Run;

#[derive(Clone, Debug, PartialEq)]
pub struct LazyPages<T> {
    /// The items read so far.
    pub items: Vec<T>,
    /// Time the last page was read; none before the first.
    pub read_at: Option<Timestamp>,
    /// Change counter: rows built from the items stay valid until it changes.
    pub changed: u64,
    next: Option<String>,
    complete: bool,
    stale: bool,
}

impl<T> Default for LazyPages<T> {
    fn default() -> Self {
        Self { items: Vec::new(), read_at: None, changed: 0, next: None, complete: false, stale: false }
    }
}

impl<T: Item> LazyPages<T> {
    /// Token of the next page; none for the first.
    pub fn next_page(&self) -> Option<String> {
        if self.stale { None } else { self.next.clone() }
    }

    /// Whether the server has more pages.
    pub fn has_more(&self) -> bool {
        !self.complete
    }

    /// Whether to read a page without scrolling: the first, initially or for a refresh.
    pub fn is_due(&self) -> bool {
        self.stale || self.read_at.is_none()
    }

    /// Restarts from the first page. Current items stay until it arrives.
    pub fn restart(&mut self) {
        self.stale = true;
    }

    /// Adds the page requested with token `asked`.
    pub fn take(&mut self, asked: Option<&str>, page: Page<T>, now: Timestamp) {
        if asked.is_none() {
            self.items.clear();
            self.stale = false;
        } else if self.stale || asked != self.next.as_deref() {
            // A page of the list before it was restarted.
            return;
        }
        append(&mut self.items, page.items);
        // Stop at a repeated token, which would loop forever.
        self.complete = page.next.is_none() || page.next.as_deref() == asked;
        self.next = page.next;
        self.read_at = Some(now);
        self.changed += 1;
    }
}

/// The runs of one search, and the names of their metrics and params.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundRuns {
    /// In server order: newest first.
    pub list: LazyPages<Arc<Run>>,
    pub metrics: BTreeSet<String>,
    pub params: BTreeSet<String>,
}

impl FoundRuns {
    /// Adds the page requested with token `asked`.
    pub fn take(&mut self, asked: Option<&str>, page: Page<Arc<Run>>, now: Timestamp) {
        for run in &page.items {
            note(&mut self.metrics, run.metrics.names());
            note(&mut self.params, run.params.names());
        }
        self.list.take(asked, page, now);
    }
}

fn note<'a>(into: &mut BTreeSet<String>, names: impl Iterator<Item = &'a str>) {
    for name in names {
        if !into.contains(name) {
            into.insert(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: &[u8], next: Option<&str>) -> Page<u8> {
        Page { items: items.to_vec(), next: next.map(str::to_owned) }
    }

    #[test]
    fn it_grows_until_the_server_has_no_more() {
        let mut list = LazyPages::default();
        assert!(list.is_due());
        list.take(None, page(&[1], Some("a")), Timestamp::UNIX_EPOCH);
        assert!(list.has_more() && !list.is_due());
        list.take(Some("a"), page(&[2], None), Timestamp::UNIX_EPOCH);
        assert_eq!((list.items.as_slice(), list.has_more()), ([1, 2].as_slice(), false));
    }

    #[test]
    fn a_repeated_token_ends_it() {
        let mut list = LazyPages::default();
        list.take(None, page(&[1], Some("a")), Timestamp::UNIX_EPOCH);
        list.take(Some("a"), page(&[2], Some("a")), Timestamp::UNIX_EPOCH);
        assert!(!list.has_more());
    }

    #[test]
    fn a_refresh_keeps_the_rows_until_the_first_page_is_there_and_drops_late_pages() {
        let mut list = LazyPages::default();
        list.take(None, page(&[1], Some("a")), Timestamp::UNIX_EPOCH);
        list.restart();
        assert_eq!((list.items.as_slice(), list.next_page()), ([1].as_slice(), None));
        list.take(Some("a"), page(&[2], None), Timestamp::UNIX_EPOCH);
        assert_eq!(list.items, [1]);
        list.take(None, page(&[3], Some("a")), Timestamp::UNIX_EPOCH);
        assert_eq!((list.items.as_slice(), list.is_due()), ([3].as_slice(), false));
    }
}
