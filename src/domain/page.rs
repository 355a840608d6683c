//! Paginated lists, and how far they are followed.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::ControlFlow;

use super::failure::{Failure, FailureKind, Outcome, Service};

/// Maximum pages read of one list: a million entries at a hundred per page.
const MAX_PAGES: usize = 10_000;
/// Maximum bytes read of one list.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// One page of a list, with the token of the next.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Token of the next page; `None` on the last.
    pub next: Option<String>,
}

/// A position in a list: the server's page token plus the state to detect cycles, so that every list ends however its
/// tokens repeat.
///
/// Cycles are detected by comparing with one saved token, which is replaced at each power of two (Brent's algorithm).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    token: String,
    pages: usize,
    bytes: u64,
    mark: u64,
}

impl Place {
    /// Parses one of our own page tokens; `None` as input is the start of the list. Returns `None` for any other token.
    pub fn read(page: Option<&str>) -> Option<Self> {
        let Some(page) = page else { return Some(Self::default()) };
        let mut parts = page.splitn(4, '.');
        let (pages, bytes, mark) = (parts.next()?, parts.next()?, parts.next()?);
        let mark = u64::from_str_radix(mark, 16).ok()?;
        Some(Self { token: parts.next()?.to_owned(), pages: pages.parse().ok()?, bytes: bytes.parse().ok()?, mark })
    }

    /// Formats it as a page token.
    pub fn write(&self) -> String {
        format!("{}.{}.{:x}.{}", self.pages, self.bytes, self.mark, self.token)
    }

    /// The server's token; empty at the start.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The position after this page, which was `bytes` long and has `token` for the next; `None` if that is empty.
    ///
    /// # Errors
    /// A phrase, if the tokens repeat or the list exceeds the limits.
    pub fn next(&self, token: impl Into<String>, bytes: usize) -> Result<Option<Self>, &'static str> {
        let token = token.into();
        if token.is_empty() {
            return Ok(None);
        }
        let mut hasher = DefaultHasher::new();
        token.hash(&mut hasher);
        let hash = hasher.finish();
        if self.pages > 0 && hash == self.mark {
            return Err("the server repeats the same pages");
        }
        let (pages, bytes) = (self.pages + 1, self.bytes.saturating_add(bytes as u64));
        if pages >= MAX_PAGES || bytes > MAX_BYTES {
            return Err("the list has no end");
        }
        let mark = if pages.is_power_of_two() { hash } else { self.mark };
        Ok(Some(Self { token, pages, bytes, mark }))
    }
}

/// Follows a list from page to page. `read` takes a page token, empty at the start; `each` takes what was read, and
/// returns the token of the next page and the size of this one, or breaks. `operation` is a phrase after "could not".
///
/// # Errors
/// The error of a read; [`FailureKind::Protocol`] for a list without an end.
pub async fn follow<P, F: Future<Output = Outcome<P>>>(
    service: Service,
    operation: &str,
    mut read: impl FnMut(String) -> F,
    mut each: impl FnMut(P) -> ControlFlow<(), (String, usize)>,
) -> Outcome<()> {
    let mut place = Place::default();
    while let ControlFlow::Continue((token, bytes)) = each(read(place.token().to_owned()).await?) {
        let next = place.next(token, bytes);
        match next.map_err(|why| Failure::new(FailureKind::Protocol, service, operation, why))? {
            Some(next) => place = next,
            None => break,
        }
    }
    Ok(())
}

/// Reads a list page by page and passes each page to `each`, until that breaks or the list ends. Returns whether the
/// list ended, that is, no page is left.
///
/// # Errors
/// As [`follow`].
pub async fn walk<T, F: Future<Output = Outcome<Page<T>>>>(
    operation: &str,
    mut read: impl FnMut(Option<String>) -> F,
    mut each: impl FnMut(Vec<T>) -> ControlFlow<()>,
) -> Outcome<bool> {
    let mut ended = false;
    let read = |token: String| read(Some(token).filter(|token| !token.is_empty()));
    let each = |page: Page<T>| {
        ended = page.next.is_none();
        each(page.items)?;
        page.next.map_or(ControlFlow::Break(()), |token| ControlFlow::Continue((token, 0)))
    };
    follow(Service::Mlflow, operation, read, each).await?;
    Ok(ended)
}

/// The first `limit` entries of a list, and whether there are more.
///
/// # Errors
/// As [`follow`].
pub async fn first<T, F: Future<Output = Outcome<Page<T>>>>(
    operation: &str,
    limit: usize,
    read: impl FnMut(Option<String>) -> F,
) -> Outcome<(Vec<T>, bool)> {
    let mut out = Vec::new();
    let each = |items| {
        out.extend(items);
        if out.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let complete = walk(operation, read, each).await?;
    let more = !complete || out.len() > limit;
    out.truncate(limit);
    Ok((out, more))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Follows tokens that repeat after `lead` with a cycle of `length`; returns the number of pages read before
    /// detection.
    fn follow(lead: usize, length: usize) -> usize {
        let token = |n: usize| if n < lead { format!("lead{n}") } else { format!("circle{}", (n - lead) % length) };
        let mut place = Place::default();
        for n in 0.. {
            let Ok(next) = place.next(token(n), 10) else { return n };
            // Through the text form, as callers do.
            place = Place::read(Some(&next.unwrap().write())).unwrap();
        }
        unreachable!()
    }

    #[test]
    fn every_circle_is_found_soon() {
        for (lead, length) in [(0, 1), (0, 2), (1, 1), (3, 2), (5, 7), (100, 13)] {
            let read = follow(lead, length);
            assert!(read > lead && read <= 4 * (lead + length), "{lead} {length}: {read}");
        }
    }

    #[test]
    fn a_list_ends_at_a_number_of_pages_and_of_bytes() {
        let mut place = Place::default();
        let mut pages = 0;
        while let Ok(Some(next)) = place.next(format!("t{pages}"), 1) {
            (place, pages) = (next, pages + 1);
        }
        assert_eq!(pages, MAX_PAGES - 1);
        let full = Place::default().next("a", usize::try_from(MAX_BYTES).unwrap()).unwrap().unwrap();
        assert!(full.next("b", 1).is_err() && full.next("", 1) == Ok(None));
    }

    #[test]
    fn a_token_survives_with_dots_and_a_foreign_one_is_none() {
        let place = Place::default().next("a.b.c", 7).unwrap().unwrap();
        assert_eq!(Place::read(Some(&place.write())), Some(place));
        for foreign in ["", "eyJ", "1.2.3", "x.2.3.t"] {
            assert_eq!(Place::read(Some(foreign)), None, "{foreign}");
        }
    }

    #[test]
    fn a_walk_ends_with_the_list_with_its_reader_or_with_an_error() {
        use std::task::{Context, Poll, Waker};
        let run = |last: usize, enough: usize| {
            let mut got = Vec::new();
            let read = |page: Option<String>| {
                let n: usize = page.map_or(0, |p| p.parse().unwrap());
                std::future::ready(Ok(Page { items: vec![n], next: (n < last).then(|| ((n + 1) % 5).to_string()) }))
            };
            let each = |items: Vec<usize>| {
                got.extend(items);
                if got.len() >= enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            };
            let mut walking = std::pin::pin!(walk("list it", read, each));
            let Poll::Ready(end) = walking.as_mut().poll(&mut Context::from_waker(Waker::noop())) else { panic!() };
            end.map_err(|f| f.kind)
        };
        assert_eq!(run(3, 100), Ok(true));
        assert_eq!(run(3, 4), Ok(true));
        assert_eq!(run(3, 2), Ok(false));
        assert_eq!(run(9, 100), Err(FailureKind::Protocol));
    }
}
