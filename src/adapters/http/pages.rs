//! Lists that an adapter reads to the end itself.

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::page::Place;

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
/// Those of `read`; [`FailureKind::Protocol`] if the tokens repeat or the list is unreasonably large.
pub async fn read_pages<T, F: Future<Output = Outcome<Part<T>>>>(
    service: Service,
    operation: &str,
    limit: usize,
    mut read: impl FnMut(String) -> F,
) -> Outcome<Listed<T>> {
    let (mut listed, mut place) = (Listed { items: Vec::new(), total: None, complete: false }, Place::default());
    for _ in 0..limit {
        let part = read(place.token().to_owned()).await?;
        listed.items.extend(part.items);
        listed.total = part.total;
        listed.complete = part.next.is_empty() || part.total.is_some_and(|total| total <= listed.items.len());
        if listed.complete {
            break;
        }
        let next = place.next(part.next, part.bytes);
        let next = next.map_err(|why| Failure::new(FailureKind::Protocol, service, operation, why))?;
        place = next.unwrap_or_default();
    }
    Ok(listed)
}
