//! The fault script: which faults, on which requests, how often.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Semaphore;

/// A fault of one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Held before it is applied, until the gate is released. Then applied even if the client has gone.
    Delay(Gate),
    /// Applied at once; the reply is held until the gate is released.
    DelayReply(Gate),
    /// Not applied; this status and body.
    Status(u16, Value),
    /// Applied; this status and body anyway.
    StatusAfterApply(u16, Value),
    /// Not applied; a rate limit that ends at this Unix time in seconds, or to be retried after this many seconds, in the
    /// words of the server.
    RateLimited { reset_at: Option<i64>, retry_after: Option<u64> },
    /// Not applied; as for a revoked token.
    Unauthorized,
    /// Not applied; the connection is closed without a response.
    DropBefore,
    /// Applied; the connection is closed without a response.
    DropAfterApply,
    /// Applied; the connection is closed in the middle of the response body.
    TruncateBody,
    /// Applied; the response body has the declared length but only half of the JSON.
    HalfBody,
    /// Not applied; an HTML page with this status, as from a proxy or a server's own error page.
    Html(u16),
    /// Not applied; a redirect to this URL.
    Redirect(String),
    /// Not applied; 200 with this body.
    Answer(Value),
}

/// Holds requests until a test releases them. Clones share it.
#[derive(Clone, Debug)]
pub struct Gate {
    reached: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Default for Gate {
    fn default() -> Self {
        Self { reached: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) }
    }
}

impl Gate {
    /// Waits until one more request is held.
    pub async fn reached(&self) {
        self.reached.acquire().await.unwrap().forget();
    }

    /// Releases one held or future request.
    pub fn release(&self) {
        self.open.add_permits(1);
    }

    pub(super) async fn hold(&self) {
        self.reached.add_permits(1);
        self.open.acquire().await.unwrap().forget();
    }
}

/// A rule of the fault script.
#[derive(Clone, Debug)]
pub struct Rule {
    method: String,
    path: String,
    fault: Fault,
    skip: u32,
    left: Option<u32>,
}

impl Rule {
    /// The next request with this method (`*` for any) whose route, which is its path without query and without what
    /// [`super::State::route`] takes off, matches `path`, where `*` matches anything.
    pub fn new(method: &str, path: &str, fault: Fault) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), fault, skip: 0, left: Some(1) }
    }

    /// This many requests instead of one.
    pub fn times(mut self, times: u32) -> Self {
        self.left = Some(times);
        self
    }

    /// Every request from now on.
    pub fn always(mut self) -> Self {
        self.left = None;
        self
    }

    /// Skips this many matching requests first.
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    fn take(&mut self, method: &str, path: &str) -> Option<Fault> {
        if self.left == Some(0) || !(self.method == "*" || self.method == method) || !fits(&self.path, path) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        Some(self.fault.clone())
    }
}

/// The fault of this request, if the script has one.
pub(super) fn take(rules: &mut [Rule], method: &str, path: &str) -> Option<Fault> {
    rules.iter_mut().find_map(|rule| rule.take(method, path))
}

fn fits(pattern: &str, path: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == path,
        Some((start, rest)) => path
            .strip_prefix(start)
            .is_some_and(|tail| (0..=tail.len()).filter(|i| tail.is_char_boundary(*i)).any(|i| fits(rest, &tail[i..]))),
    }
}
