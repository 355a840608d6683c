//! What every double of a server shares: a real port of 127.0.0.1 and a second one for its storage, connections that can
//! be cut, a record of all requests, and a script of faults before and after the effect. What a server answers is its
//! [`State`].
//!
//! A double runs on its own thread, so that it serves async tests (paused clocks included), plain tests and child
//! processes alike.

mod faults;
mod request;
mod server;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::json;

pub use faults::{Fault, Gate, Rule};
pub use request::{Answer, Port, Request};
pub use server::Recorded;

/// The state of a server, and how it answers.
pub trait State: Send + Sized + 'static {
    /// The part of a path that routes and the fault script go by.
    fn route(path: &str) -> &str {
        path
    }
    /// Answers one request, and changes with it.
    fn answer(&mut self, request: &Request) -> Answer;
    /// The name of a token's owner.
    fn owner(&self, token: Option<&str>) -> Option<String>;
    /// The answer to a token that is not, or no longer, valid.
    fn unauthorized() -> Answer;
    /// The answer if there were too many requests.
    fn limited(reset_at: Option<i64>, retry_after: Option<u64>) -> Answer;
    /// The answer to a request for what has moved.
    fn moved(to: &str) -> Answer {
        Answer::new(301, json!({"message": "Moved Permanently", "url": to})).with("location", to)
    }
    /// Whether a request changes nothing.
    fn is_read(request: &Recorded) -> bool {
        request.method == "GET"
    }
}

/// A running double. Stops when dropped.
pub struct Double<S> {
    api: SocketAddr,
    storage: SocketAddr,
    shared: Arc<server::Shared<S>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<S: State> Double<S> {
    /// Starts it with the state that `make` returns for the URLs of its two ports.
    pub fn start(make: impl FnOnce(&str, &str) -> S) -> Self {
        let bind = || {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let address = listener.local_addr().unwrap();
            (listener, address)
        };
        let ((listener, api), (second, storage)) = (bind(), bind());
        let state = make(&format!("http://{api}"), &format!("http://{storage}"));
        let shared =
            Arc::new(server::Shared { state: Mutex::new(state), faults: Mutex::default(), requests: Mutex::default() });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || server::run([listener, second], served, stopped));
        Self { api, storage, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// URL of the API, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.api)
    }

    /// URL of the storage.
    pub fn storage_url(&self) -> String {
        format!("http://{}", self.storage)
    }

    /// A copy of the current state.
    pub fn state(&self) -> S
    where
        S: Clone,
    {
        self.shared.state.lock().unwrap().clone()
    }

    /// Changes the state between requests.
    pub fn change<R>(&self, change: impl FnOnce(&mut S) -> R) -> R {
        change(&mut self.shared.state.lock().unwrap())
    }

    /// Adds a rule to the fault script. Rules are tried in the order they were added.
    pub fn fault(&self, rule: Rule) {
        self.shared.faults.lock().unwrap().push(rule);
    }

    /// Removes all rules.
    pub fn heal(&self) {
        self.shared.faults.lock().unwrap().clear();
    }

    /// Every request so far, including faulty ones, in order of arrival.
    pub fn requests(&self) -> Vec<Recorded> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// Forgets the requests so far.
    pub fn forget(&self) {
        self.shared.requests.lock().unwrap().clear();
    }

    /// The requests that reached the storage, which must never see a token.
    pub fn stored(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(|r| r.port == Port::Storage).collect()
    }

    /// The requests other than reads.
    pub fn writes(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(|r| !S::is_read(r)).collect()
    }
}

impl<S> Drop for Double<S> {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
