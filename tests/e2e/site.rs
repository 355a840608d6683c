//! The servers of one test: a model of its own on a real MLflow server, and its own GitHub double.

use std::time::{Duration, Instant};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::support::fake_github::{FakeGithub, Fault, Gate, Moment, Pace, REVIEWER, Rule};
use crate::support::http;
use crate::support::mlflow_server::{Server, Version};
use crate::support::seed::{Api, RunSeed};

/// Commit of the version in production.
pub const OLD_COMMIT: &str = "2222222222222222222222222222222222222222";
/// Commit of the candidate: the head of `main`.
pub const COMMIT: &str = "3f9c1ab000000000000000000000000000000000";
/// The repository of the double.
pub const REPO: &str = "acme/churn-model";

/// A model with v1 in Production and v2 in Staging.
pub struct Site {
    pub model: String,
    pub github: FakeGithub,
    pub server: &'static Server,
}

impl Site {
    /// On the 3.x server that all tests of this binary share. `model` must be unique to this test.
    pub fn new(model: &str) -> Self {
        Self::on(Version::V3_17, model)
    }

    /// On the shared server of this version.
    pub fn on(version: Version, model: &str) -> Self {
        let site = Self::bare(version, model);
        site.add_version(OLD_COMMIT, 0.81, "In production.");
        site.add_version(COMMIT, 0.84, "Fewer false alarms.");
        site.api().stage(model, 1, "Production");
        site.api().stage(model, 2, "Staging");
        site
    }

    /// A model without versions. CD succeeds at once, so that tests of earlier steps do not wait for it.
    pub fn bare(version: Version, model: &str) -> Self {
        Self::at(Server::shared(version), model)
    }

    /// A model without versions on this server.
    pub fn at(server: &'static Server, model: &str) -> Self {
        Api::new(server).model(model, &[]);
        let github = FakeGithub::start_blocking();
        let site = Self { model: model.to_owned(), github, server };
        site.cd_ends("success");
        site
    }

    pub fn api(&self) -> Api {
        Api::new(self.server)
    }

    /// Makes CD runs finished when first seen.
    pub fn cd_ends(&self, conclusion: &str) {
        self.pace(Pace { seen: vec![Moment::Over], fails: conclusion == "failure", ..Pace::usual() });
    }

    /// Makes CD runs go from queued to running to finished.
    pub fn cd_takes_its_time(&self) {
        self.pace(Pace::usual());
    }

    /// Sets the pace of CD runs that start from now on.
    pub fn pace(&self, pace: Pace) {
        self.github.change_repo(|repo| repo.pace = pace);
    }

    /// Adds a version, trained from `commit` (none if empty).
    pub fn add_version(&self, commit: &str, auc: f64, description: &str) -> u64 {
        let api = self.api();
        let name = format!("{}-{auc}", self.model);
        let experiment = api.experiment(&name);
        let mut tags = vec![("mlflow.user", "dana"), ("mlflow.source.git.branch", "main")];
        if !commit.is_empty() {
            tags.push(("mlflow.source.git.commit", commit));
        }
        let metrics = [("test_auc", auc), ("test_log_loss", 0.4)];
        let params = [("depth", if auc > 0.82 { "8" } else { "6" }), ("lr", "0.1")];
        let run = api.run(&experiment, &RunSeed { name: "gbm", metrics: &metrics, params: &params, tags: &tags });
        api.version(&self.model, Some(&run), description, &[])
    }

    /// Holds the next matching request to GitHub before it is applied.
    pub fn hold(&self, method: &str, path: &str) -> Held {
        let gate = Gate::default();
        self.github.fault(Rule::new(method, path, Fault::Delay(gate.clone())));
        Held(gate)
    }

    /// Waits until the candidate's tag exists.
    pub fn wait_for_tag(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.github.repo().tags.contains_key(&self.tag().parse().unwrap()) {
            assert!(Instant::now() < deadline, "the tag was never cut");
            self.settle();
        }
    }

    /// Waits until GitHub has handled every request released before. Requests are served on one thread in the order
    /// they are woken, so one more answer is enough.
    pub fn settle(&self) {
        let port = self.github.url().rsplit(':').next().and_then(|p| p.parse().ok()).unwrap();
        http::request(port, "GET", "/settled", "", "").unwrap();
    }

    /// A desk with the reviewer's token, connected to these servers through the environment.
    pub fn desk(&self) -> Desk {
        self.desk_of(REVIEWER)
    }

    /// The same with another token.
    pub fn desk_of(&self, token: &str) -> Desk {
        Desk::empty()
            .with("MLFLOW_TRACKING_URI", &self.server.url())
            .with("GITHUB_API_URL", &self.github.url())
            .with("GH_TOKEN", token)
            .with("GH_REPO", REPO)
    }

    /// `model/2`, as the command line expects it.
    pub fn candidate(&self) -> String {
        format!("{}/2", self.model)
    }

    /// The tag of the candidate.
    pub fn tag(&self) -> String {
        format!("{}-v2", self.model)
    }

    /// The current state of a version on the server.
    pub fn version(&self, number: u64) -> Value {
        version(&self.api(), &self.model, number)
    }

    pub fn stage(&self, number: u64) -> String {
        self.stage_of(&self.model, number)
    }

    /// The stage of a version of any model.
    pub fn stage_of(&self, model: &str, number: u64) -> String {
        version(&self.api(), model, number)["current_stage"].as_str().unwrap().to_owned()
    }

    /// The current value of a version's tag on the server.
    pub fn version_tag(&self, number: u64, key: &str) -> Option<String> {
        let version = self.version(number);
        let tags = version["tags"].as_array().cloned().unwrap_or_default();
        tags.iter().find(|t| t["key"] == key).map(|t| t["value"].as_str().unwrap().to_owned())
    }

    /// Keys of signoff's own tags on the candidate.
    pub fn own_tags(&self) -> Vec<String> {
        let version = self.version(2);
        let tags = version["tags"].as_array().cloned().unwrap_or_default();
        let keys = tags.iter().map(|t| t["key"].as_str().unwrap().to_owned());
        keys.filter(|k| k.starts_with("signoff.")).collect()
    }

    /// Asserts that both servers are as seeded, and that GitHub received no write at all.
    #[track_caller]
    pub fn assert_untouched(&self) {
        assert_eq!((self.stage(1), self.stage(2)), ("Production".to_owned(), "Staging".to_owned()));
        assert_eq!(self.own_tags(), Vec::<String>::new());
        let writes: Vec<_> = self.github.writes().iter().map(|w| format!("{} {}", w.method, w.target)).collect();
        assert_eq!(writes, Vec::<String>::new());
    }

    /// Asserts that the candidate is in production, marked, tagged and released exactly once, by `login`.
    #[track_caller]
    pub fn assert_released_once(&self, login: &str) {
        assert_eq!((self.stage(1), self.stage(2)), ("Archived".to_owned(), "Production".to_owned()));
        let repo = self.github.repo();
        let tags: Vec<_> = repo.tags.keys().collect();
        assert_eq!(tags, [&self.tag().parse().unwrap()]);
        let (commit, object) = repo.peel(tags[0]).unwrap();
        assert_eq!(commit.as_str(), COMMIT);
        let message = &object.expect("the tag is annotated").1.message;
        assert!(message.contains(&format!("Signoff-Model: {}\nSignoff-Version: 2\n", self.model)), "{message}");
        assert!(message.contains(&format!("(@{login})")), "{message}");
        let releases: Vec<_> = repo.releases.iter().map(|r| (r.tag.as_str(), r.draft)).collect();
        assert_eq!(releases, [(self.tag().as_str(), false)]);
        assert_eq!(repo.runs.len(), 1, "CD started other than once");
        assert_eq!(self.version_tag(2, "signoff.approved_by").as_deref(), Some(login));
        assert_eq!(self.version_tag(2, "signoff.tag"), Some(self.tag()));
        let mark = self.version_tag(2, "signoff.promotion").unwrap_or_default();
        assert!(mark.starts_with("released ") && mark.contains(&format!(" by {login} for ")), "{mark}");
    }
}

fn version(api: &Api, model: &str, number: u64) -> Value {
    let name = utf8_percent_encode(model, NON_ALPHANUMERIC);
    let path = format!("model-versions/get?name={name}&version={number}");
    api.call("GET", &path, &json!({}))["model_version"].clone()
}

/// A request that GitHub holds. It is applied when released, even if nobody waits for the answer any more.
pub struct Held(pub Gate);

impl Held {
    /// Waits until the request has arrived.
    pub fn wait(&self) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let arrived = runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), self.0.reached()).await });
        assert!(arrived.is_ok(), "the request never came");
    }

    /// Releases it.
    pub fn release(&self) {
        self.0.release();
    }
}
