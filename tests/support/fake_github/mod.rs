//! A stateful double of the part of GitHub's REST API that signoff uses, on a real port of 127.0.0.1.
//!
//! The state of a repository, and the effect of requests on it, are the demo's `adapters::demo::github`; this module
//! adds routes, JSON, authentication, permissions, pages, quirks and faults.
//!
//! Addresses: [`FakeGithub::url`] as on github.com, [`FakeGithub::enterprise_url`] with the prefix `/api/v3` as
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
mod git;
mod pulls;
mod releases;
mod world;

use std::ops::Deref;

use serde_json::json;

use super::double::{Answer, Double, Request, State};

pub use super::double::{Fault, Gate, Recorded, Rule};
pub use pulls::{Reviewed, Status, check, modified, open_pull};
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
pub struct FakeGithub(Double<World>);

impl Deref for FakeGithub {
    type Target = Double<World>;

    fn deref(&self) -> &Double<World> {
        &self.0
    }
}

impl State for World {
    fn route(path: &str) -> &str {
        path.strip_prefix("/api/v3").or(path.strip_prefix("/api/uploads")).unwrap_or(path)
    }

    fn answer(&mut self, request: &Request) -> Answer {
        api::answer(self, request)
    }

    fn owner(&self, token: Option<&str>) -> Option<String> {
        self.user_of(token).map(|u| u.login.clone())
    }

    fn unauthorized() -> Answer {
        Answer::new(401, json!({"message": "Bad credentials"}))
    }

    /// A primary rate limit is a 403 with the time of its end, a secondary one a 429.
    fn limited(reset_at: Option<i64>, retry_after: Option<u64>) -> Answer {
        let status = if retry_after.is_some() { 429 } else { 403 };
        let mut answer = Answer::new(status, json!({"message": "API rate limit exceeded for user ID 7."}));
        if let Some(reset) = reset_at {
            answer = answer.with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", &reset.to_string());
        }
        if let Some(seconds) = retry_after {
            answer = answer.with("retry-after", &seconds.to_string());
        }
        answer
    }
}

impl FakeGithub {
    /// Starts it with the usual world ([`World::usual`]).
    pub async fn start() -> Self {
        Self::start_blocking()
    }

    /// [`FakeGithub::start`] for tests without a runtime.
    pub fn start_blocking() -> Self {
        Self(Double::start(|api, storage| {
            let mut world = World::usual(api);
            world.storage = storage.to_owned();
            world
        }))
    }

    /// URL of the API as on an Enterprise Server.
    pub fn enterprise_url(&self) -> String {
        format!("{}/api/v3", self.url())
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
}
