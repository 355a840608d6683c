//! What was read before, in memory: a second look asks only whether it changed (`If-None-Match`). GitHub does not count
//! a request that it answers with 304 against its limit.
//!
//! The server still answers every time, so what is read is never older than without this.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderValue, Method, header};

use crate::adapters::http::{Access, Answer, Call};

/// Most bodies that are kept. A look at 500 models in production reads a few of each.
const ENTRIES: usize = 4_096;
/// Most bytes of one of them: a page of a hundred releases with long notes.
const LARGEST: usize = 8 * 1024 * 1024;
/// Most bytes of all.
const BYTES: usize = 64 * 1024 * 1024;

/// A body, and the name of its state (`ETag`).
#[derive(Debug)]
pub(super) struct Body {
    etag: HeaderValue,
    bytes: Vec<u8>,
}

/// The bodies that were read through one client, and so with one token. The least used is dropped first.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<Shelf>);

#[derive(Debug, Default)]
struct Shelf {
    /// By path with query, and media type.
    bodies: HashMap<(String, Option<HeaderValue>), (Arc<Body>, u64)>,
    bytes: usize,
    used: u64,
}

impl Known {
    /// The call, which asks only for what changed if its answer is known, and that answer.
    pub(super) fn asking(&self, call: Call) -> (Call, Option<Arc<Body>>) {
        if !is_read(&call) {
            return (call, None);
        }
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.used += 1;
        let used = shelf.used;
        let Some((body, last)) = shelf.bodies.get_mut(&key(&call)) else { return (call, None) };
        *last = used;
        let body = Arc::clone(body);
        (call.header(header::IF_NONE_MATCH, body.etag.clone()), Some(body))
    }

    /// Keeps an answer that was understood.
    pub(super) fn keep(&self, call: &Call, answer: &Answer) {
        let Some(etag) = answer.headers.get(header::ETAG).filter(|_| is_read(call) && answer.status == 200) else {
            return;
        };
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.forget(&key(call));
        if answer.body.len() > LARGEST {
            return;
        }
        shelf.used += 1;
        shelf.bytes += answer.body.len();
        let used = shelf.used;
        let body = Body { etag: etag.clone(), bytes: answer.body.clone() };
        shelf.bodies.insert(key(call), (Arc::new(body), used));
        while shelf.bytes > BYTES || shelf.bodies.len() > ENTRIES {
            let Some(oldest) = shelf.bodies.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| key.clone())
            else {
                break;
            };
            shelf.forget(&oldest);
        }
    }
}

impl Shelf {
    fn forget(&mut self, key: &(String, Option<HeaderValue>)) {
        if let Some((body, _)) = self.bodies.remove(key) {
            self.bytes -= body.bytes.len();
        }
    }
}

impl Body {
    /// The answer that a 304 stands for: what is known, with the headers of now.
    pub(super) fn again(&self, unchanged: Answer) -> Answer {
        Answer { status: 200, body: self.bytes.clone(), ..unchanged }
    }
}

/// Whether an answer says that what was asked for did not change. Only a call that asks for that may get one.
pub(super) fn is_unchanged(call: &Call, answer: &Answer) -> bool {
    answer.status == 304 && call.headers.iter().any(|(name, _)| name == header::IF_NONE_MATCH)
}

fn is_read(call: &Call) -> bool {
    call.access == Access::Read && call.method == Method::GET
}

fn key(call: &Call) -> (String, Option<HeaderValue>) {
    let accept = call.headers.iter().find(|(name, _)| name == header::ACCEPT).map(|(_, value)| value.clone());
    (call.path().to_owned(), accept)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;

    fn read(path: &str) -> Call {
        Call::new(Method::GET, path, Access::Read, "read x")
    }

    fn answer(etag: &'static str, size: usize) -> Answer {
        let headers = HeaderMap::from_iter([(header::ETAG, HeaderValue::from_static(etag))]);
        Answer { status: 200, headers, body: vec![b'x'; size] }
    }

    fn knows(known: &Known, path: &str) -> bool {
        known.asking(read(path)).1.is_some()
    }

    #[test]
    fn memory_is_bounded_and_the_least_used_goes_first() {
        let known = Known::default();
        for number in 0..8 {
            known.keep(&read(&format!("/{number}")), &answer("\"a\"", LARGEST));
        }
        assert!(knows(&known, "/0"));
        known.keep(&read("/8"), &answer("\"a\"", 1));
        assert!(knows(&known, "/0") && !knows(&known, "/1") && knows(&known, "/8"));
        known.keep(&read("/0"), &answer("\"b\"", LARGEST + 1));
        assert!(!knows(&known, "/0"), "what is too large is not kept, and neither is what was there");
        for number in 0..=ENTRIES {
            known.keep(&read(&format!("/small/{number}")), &answer("\"a\"", 1));
        }
        assert!(!knows(&known, "/8") && knows(&known, &format!("/small/{ENTRIES}")));
        let shelf = known.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(shelf.bodies.len() <= ENTRIES && shelf.bytes == shelf.bodies.len());
    }

    #[test]
    fn only_reads_are_conditional_and_each_form_of_a_thing_is_its_own() {
        let known = Known::default();
        let write = Call::new(Method::POST, "/x", Access::Write, "write x");
        known.keep(&write, &answer("\"a\"", 1));
        assert!(!knows(&known, "/x"));
        known.keep(&read("/x"), &answer("\"a\"", 1));
        let raw = read("/x").header(header::ACCEPT, HeaderValue::from_static("application/vnd.github.raw+json"));
        assert!(known.asking(raw).1.is_none() && known.asking(write).1.is_none());
        let (call, body) = known.asking(read("/x"));
        let unchanged = Answer { status: 304, headers: HeaderMap::new(), body: Vec::new() };
        assert!(is_unchanged(&call, &unchanged) && !is_unchanged(&read("/x"), &unchanged));
        let again = body.map(|body| body.again(unchanged)).map(|answer| (answer.status, answer.body));
        assert_eq!(again, Some((200, b"x".to_vec())));
    }
}
