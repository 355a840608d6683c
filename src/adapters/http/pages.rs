//! Lists that an adapter reads to the end itself.

use std::ops::ControlFlow;

use crate::domain::failure::{Outcome, Service};
use crate::domain::page::follow;

/// One page as a server sent it.
#[derive(Debug)]
pub struct Part<T> {
    pub items: Vec<T>,
    /// Token of the next page; empty on the last.
    pub next: String,
    /// Size of the response.
    pub bytes: usize,
    /// The total number of entries, if the server reports it.
    pub total: Option<usize>,
}

impl<T> Part<T> {
    pub fn new(items: Vec<T>, next: String, bytes: usize) -> Self {
        Self { items, next, bytes, total: None }
    }
}

/// The part of a list that was read.
#[derive(Debug)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// The total number of entries, if the server reports it.
    pub total: Option<usize>,
    /// Whether the last page was read.
    pub complete: bool,
}

/// Reads at most `limit` pages. `read` takes a page token, empty for the first page.
///
/// # Errors
/// As [`follow`].
pub async fn read_pages<T, F: Future<Output = Outcome<Part<T>>>>(
    service: Service,
    operation: &str,
    limit: usize,
    read: impl FnMut(String) -> F,
) -> Outcome<Listed<T>> {
    let (mut listed, mut left) = (Listed { items: Vec::new(), total: None, complete: false }, limit);
    let each = |part: Part<T>| {
        left = left.saturating_sub(1);
        listed.items.extend(part.items);
        listed.total = part.total;
        listed.complete = part.next.is_empty() || part.total.is_some_and(|total| total <= listed.items.len());
        match listed.complete || left == 0 {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue((part.next, part.bytes)),
        }
    };
    follow(service, operation, read, each).await?;
    Ok(listed)
}
