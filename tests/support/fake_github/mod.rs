//! A stateful double of the part of GitHub's REST API that signoff uses, on a real port of 127.0.0.1.
//!
//! The state of a repository, and the effect of requests on it, are the demo's `adapters::demo::github`; this module
//! adds routes, JSON, authentication, permissions, pages, quirks and faults.
//!
//! It runs on its own thread, so that it serves async tests (paused clocks included), plain tests and child processes
//! alike. Addresses: [`FakeGithub::url`] as on github.com, [`FakeGithub::enterprise_url`] with the prefix `/api/v3` as
//! on an Enterprise Server.
//!
//! ```ignore
//! let fake = FakeGithub::start().await;
//! fake.fault(Rule::new("POST", "*/git/refs", Fault::DropAfterApply));   // applied, reply lost; once
//! // ... run the code under test against fake.url() with token fake_github::REVIEWER ...
//! assert_eq!(fake.repo().tags.len(), 1);
//! assert_eq!(fake.writes().len(), 2);
//! ```

mod actions;
mod api;
mod assets;
mod comments;
mod commits;
mod faults;
mod git;
mod pulls;
mod releases;
mod server;
mod world;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub use faults::{Fault, Gate, Rule};
pub use pulls::{Reviewed, Status, check, modified, open_pull};
pub use server::Recorded;
pub use world::{Access, Kind, Moment, Pace, Repo, User, World};

/// Token of `rev1` (id 7), who may push to `acme/churn-model`.
pub const REVIEWER: &str = "ghp_reviewer0000000000000000000000000000";
/// Token of `rev2` (id 8), who may push too.
pub const SECOND_REVIEWER: &str = "ghp_reviewer2000000000000000000000000000";
/// Token of `reader` (id 9), who may only read.
pub const READER: &str = "ghp_reader000000000000000000000000000000";
/// Fine-grained token of `rev1` without the permission Contents: write.
pub const NARROW: &str = "github_pat_narrow00000000000000000000000";
/// Token of an App: belongs to no user.
pub const APP: &str = "ghs_app000000000000000000000000000000000";

/// A running double. Stops when dropped.
pub struct FakeGithub {
    address: SocketAddr,
    shared: Arc<server::Shared>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl FakeGithub {
    /// Starts it with the usual world ([`World::usual`]).
    pub async fn start() -> Self {
        Self::start_blocking()
    }

    /// [`FakeGithub::start`] for tests without a runtime.
    pub fn start_blocking() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let storage = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        storage.set_nonblocking(true).unwrap();
        let mut world = World::usual(&format!("http://{address}"));
        world.storage = format!("http://{}", storage.local_addr().unwrap());
        let shared =
            Arc::new(server::Shared { world: Mutex::new(world), faults: Mutex::default(), requests: Mutex::default() });
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::spawn(move || server::run([listener, storage], served, stopped));
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// URL of the API as on github.com, without a trailing slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// URL of the API as on an Enterprise Server.
    pub fn enterprise_url(&self) -> String {
        format!("http://{}/api/v3", self.address)
    }

    /// A copy of the current state.
    pub fn state(&self) -> World {
        self.shared.world.lock().unwrap().clone()
    }

    /// Changes the world between requests.
    pub fn change<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        change(&mut self.shared.world.lock().unwrap())
    }

    /// A copy of the usual repository, `acme/churn-model`.
    pub fn repo(&self) -> Repo {
        self.state().repo("acme/churn-model").clone()
    }

    /// Changes the usual repository.
    pub fn change_repo<R>(&self, change: impl FnOnce(&mut Repo) -> R) -> R {
        self.change(|world| change(world.repo_mut("acme/churn-model")))
    }

    /// Adds a user who may push to every repository, and returns their token.
    pub fn add_user(&self, login: &str, id: u64) -> String {
        self.change(|world| world.add_user(login, id))
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

    /// The requests that reached the storage, which is on another port and must never see a token.
    pub fn stored(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(|r| r.target.starts_with("/storage/")).collect()
    }

    /// The requests other than reads.
    pub fn writes(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(|r| r.method != "GET").collect()
    }
}

impl Drop for FakeGithub {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
