//! A list that grows by scrolling: page after page as somebody wants to see more, never to its end by itself.
//!
//! Unlike [`super::eager_pages::EagerPages`], a refresh reads the first page only and begins again from there: an experiment
//! may hold far more runs than anyone looks at.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use super::eager_pages::{Item, append};
use crate::domain::page::Page;
use crate::domain::run::Run;

/// What was read of a list so far.
#[derive(Clone, Debug, PartialEq)]
pub struct LazyPages<T> {
    /// What can be shown.
    pub items: Vec<T>,
    /// When the last page was read; none before the first.
    pub read_at: Option<Timestamp>,
    /// Counts every change: rows made from it need not be made again before it moves.
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
    /// Token of the page to read next; none for the first.
    pub fn next_page(&self) -> Option<String> {
        if self.stale { None } else { self.next.clone() }
    }

    /// Whether there is more on the server.
    pub fn has_more(&self) -> bool {
        !self.complete
    }

    /// Whether a page should be read although nobody scrolls: the first, or the first again.
    pub fn is_due(&self) -> bool {
        self.stale || self.read_at.is_none()
    }

    /// Lets the next read begin from the first page. What is here stays until then.
    pub fn restart(&mut self) {
        self.stale = true;
    }

    /// Takes the page that `asked` named in.
    pub fn take(&mut self, asked: Option<&str>, page: Page<T>, now: Timestamp) {
        if asked.is_none() {
            self.items.clear();
            self.stale = false;
        } else if self.stale || asked != self.next.as_deref() {
            // A page of the list as it was before it began again.
            return;
        }
        append(&mut self.items, page.items);
        // A server that repeats its token would never end.
        self.complete = page.next.is_none() || page.next.as_deref() == asked;
        self.next = page.next;
        self.read_at = Some(now);
        self.changed += 1;
    }
}

/// The runs of one search, and which metrics and params there are among them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FoundRuns {
    /// The runs, as the server sorts them: newest first.
    pub list: LazyPages<Arc<Run>>,
    /// Names of the metrics among them.
    pub metrics: BTreeSet<String>,
    /// Names of the params among them.
    pub params: BTreeSet<String>,
}

impl FoundRuns {
    /// Takes the page that `asked` named in.
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
