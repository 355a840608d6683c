//! The code behind a version: every part is read independently, and a failed one hides no other.

use async_trait::async_trait;
use signoff::adapters::desktop::SystemDesktop;
use signoff::adapters::journal::JournalDir;
use signoff::domain::cd::CdRun;
use signoff::domain::commit::CommitComment;
use signoff::domain::evidence::{Code, Source};
use signoff::domain::facts::{ReviewedFacts, RunFacts};
use signoff::domain::failure::{Failure, Service};
use signoff::domain::ids::CommitSha;
use signoff::domain::lineage::{CheckResult, CodeChange, PullRequest};
use signoff::domain::rules::Rules;
use signoff::ports::code::CodeHost;
use signoff::services::Services;
use signoff::services::evidence::{self, Scope};

use super::*;

/// The demo's host, refusing one kind of read.
struct Guarded {
    inner: Arc<DemoHost>,
    denied: &'static str,
}

impl Guarded {
    fn ask(&self, what: &str) -> Outcome<()> {
        let no = || Failure::new(FailureKind::Forbidden, Service::Github, format!("read {what}"), "not for you");
        if self.denied == what { Err(no()) } else { Ok(()) }
    }
}

#[async_trait]
impl CodeHost for Guarded {
    async fn pull_request(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Option<PullRequest>> {
        self.ask("pull request")?;
        self.inner.pull_request(repo, commit).await
    }
    async fn checks(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CheckResult>> {
        self.ask("checks")?;
        self.inner.checks(repo, commit).await
    }
    async fn changes(&self, repo: &RepoSlug, old: &CommitSha, new: &CommitSha) -> Outcome<CodeChange> {
        self.ask("changes")?;
        self.inner.changes(repo, old, new).await
    }
    async fn workflow_run(&self, repo: &RepoSlug, id: u64) -> Outcome<CdRun> {
        self.ask("training")?;
        self.inner.workflow_run(repo, id).await
    }
    async fn comments(&self, repo: &RepoSlug, commit: &CommitSha) -> Outcome<Vec<CommitComment>> {
        self.inner.comments(repo, commit).await
    }
    async fn is_member(&self, org: &str, team: &str, login: &str) -> Outcome<bool> {
        self.inner.is_member(org, team, login).await
    }
    async fn may_write(&self, repo: &RepoSlug, login: &str) -> Outcome<bool> {
        self.inner.may_write(repo, login).await
    }
    async fn asset(&self, repo: &RepoSlug, id: u64, limit: usize) -> Outcome<Vec<u8>> {
        self.inner.asset(repo, id, limit).await
    }
    async fn file(&self, repo: &RepoSlug, commit: &CommitSha, path: &str) -> Outcome<Option<Vec<u8>>> {
        self.ask("file")?;
        self.inner.file(repo, commit, path).await
    }
    fn commit_page(&self, repo: &RepoSlug, commit: &CommitSha) -> String {
        self.inner.commit_page(repo, commit)
    }
}

impl Demo {
    fn services(&self, denied: &'static str, change: impl FnOnce(&mut Rules)) -> Services {
        let mut rules = crate::support::rules::rules();
        rules.watched_paths = vec!["src/train/**".into()];
        change(&mut rules);
        Services {
            witnesses: Default::default(),
            outbox: None,
            names: None,
            registry: self.registry.clone(),
            tracking: self.registry.clone(),
            host: self.host.clone(),
            code: Arc::new(Guarded { inner: self.host.clone(), denied }),
            // Reading lineage does not open a journal.
            journals: Arc::new(JournalDir::new(std::path::Path::new("nowhere"))),
            records: Arc::new(crate::support::records::Records::default()),
            signer: Arc::new(signoff::adapters::ssh::NoKey),
            clock: self.clock.clone(),
            desktop: Arc::new(SystemDesktop::default()),
            rules: Arc::new(rules),
        }
    }

    async fn facts(&self, model: &str, number: u64) -> ReviewedFacts {
        let target = PromotionTarget::Stage(Stage::Production);
        evidence::facts(self.registry.as_ref(), &target, &name(model), VersionNumber(number)).await.unwrap()
    }
}

async fn read(services: &Services, facts: &ReviewedFacts) -> Code {
    evidence::of(services, facts.clone(), Scope::Lineage).await.evidence.code
}

async fn source(services: &Services, facts: &ReviewedFacts) -> Outcome<Source> {
    read(services, facts).await.source
}

/// The facts with a change to the candidate's run.
fn with_run(mut facts: ReviewedFacts, change: impl FnOnce(&mut Run)) -> ReviewedFacts {
    if let RunFacts::Known(run) = &mut facts.run {
        change(run);
    }
    facts
}

const COMMIT: &str = "mlflow.source.git.commit";

#[tokio::test]
async fn everything_about_the_code_of_a_version_is_found() {
    let demo = Demo::new();
    let code = read(&demo.services("", |_| {}), &demo.facts(CHURN, 41).await).await;
    assert_eq!(code.source.unwrap().commit.title, "Telco: wider calibration set");
    assert_eq!(code.pull_request.unwrap().unwrap().approvers, ["mio"]);
    assert_eq!(code.checks.unwrap().len(), 6);
    let changes = code.changes.unwrap().unwrap();
    assert_eq!((changes.baseline, changes.change.ahead_by), (VersionNumber(39), 5));
    assert_eq!(changes.from.title, "Telco: monotone constraint on tenure");
    assert!(changes.watched.unwrap() > 0);
    let training = code.training.unwrap().unwrap();
    assert_eq!((training.tag.as_str(), training.run.path.as_str()), ("ci.run_url", ".github/workflows/train.yml"));
}

#[tokio::test]
async fn a_part_that_may_not_be_read_hides_no_other() {
    let demo = Demo::new();
    let facts = demo.facts(CHURN, 41).await;
    for denied in ["pull request", "checks", "changes", "training"] {
        let code = read(&demo.services(denied, |_| {}), &facts).await;
        assert!(code.source.is_ok(), "{denied}");
        let failed: Vec<String> =
            [code.pull_request.map(drop), code.checks.map(drop), code.changes.map(drop), code.training.map(drop)]
                .into_iter()
                .filter_map(Result::err)
                .map(|failure| failure.operation)
                .collect();
        assert_eq!(failed, [format!("read {denied}")]);
    }
}

#[tokio::test]
async fn an_abbreviated_commit_is_resolved_and_an_unknown_one_is_said_where_it_stands() {
    let demo = Demo::new();
    let services = demo.services("", |_| {});
    let facts = demo.facts(CHURN, 41).await;
    let short = with_run(facts.clone(), |run| run.tags.insert(COMMIT, "f3c8cd9"));
    assert_eq!(read(&services, &short).await, read(&services, &facts).await);

    let unknown = with_run(facts, |run| run.tags.insert(COMMIT, "deadbeef"));
    let code = read(&services, &unknown).await;
    let failure = code.source.unwrap_err();
    assert!(failure.kind == FailureKind::NotFound && failure.reason.contains("deadbeef"), "{failure}");
    assert_eq!(code.pull_request.unwrap_err(), failure);
    assert!(code.training.unwrap().is_some(), "the workflow run needs no commit");
}

#[tokio::test]
async fn without_a_run_or_a_commit_or_a_repository_the_sentence_says_which() {
    let demo = Demo::new();
    let facts = demo.facts(CHURN, 41).await;
    let services = demo.services("", |_| {});
    let none = ReviewedFacts { run: RunFacts::NotRecorded, ..facts.clone() };
    let gone = ReviewedFacts { run: RunFacts::Unreadable("the server has no such run".into()), ..facts.clone() };
    let bare = with_run(facts.clone(), |run| run.tags.retain(|key| key != COMMIT));
    for (facts, why) in [
        (&none, "the version names no training run"),
        (&gone, "the server has no such run"),
        (&bare, "the training run recorded no commit"),
    ] {
        assert_eq!(source(&services, facts).await.unwrap_err().reason, why);
    }
    let code = read(&services, &gone).await;
    assert_eq!(code.training.unwrap_err().reason, "the server has no such run");

    let nowhere = demo.services("", |rules| rules.repository.fixed = None);
    let failure = source(&nowhere, &facts).await.unwrap_err();
    assert!(failure.kind == FailureKind::Config && failure.hint.unwrap().contains("--repo"));
    let branch = demo.services("", |rules| rules.commit_from_branch = Some("main".into()));
    let head = source(&branch, &none).await.unwrap();
    assert_eq!(head.origin, CommitOrigin::BranchHead("main".into()));
    assert_eq!(head.commit.title, "Raise the base image");
}

#[tokio::test]
async fn changes_need_a_version_in_production_with_a_commit_in_the_same_repository() {
    let demo = Demo::new();
    let services = demo.services("", |_| {});
    let first = demo.facts("churn-uplift", 2).await;
    assert_eq!(read(&services, &first).await.changes.unwrap(), None);

    let facts = demo.facts(CHURN, 42).await;
    let with_baseline = |change: &dyn Fn(&mut Run)| {
        let mut facts = facts.clone();
        if let Some(RunFacts::Known(run)) = facts.baseline.as_mut().map(|b| &mut b.run) {
            change(run);
        }
        facts
    };
    let bare = with_baseline(&|run| run.tags.retain(|key| key != COMMIT));
    let failure = read(&services, &bare).await.changes.unwrap_err();
    assert_eq!(failure.reason, "the training run recorded no commit");
    assert!(failure.operation.contains("v39"), "{failure}");

    let from_run = demo.services("", |rules| {
        rules.repository.fixed = None;
        rules.repository.from_run = true;
    });
    let key = "mlflow.source.git.repoURL";
    let moved = with_baseline(&|run| run.tags.insert(key, "https://github.demo/acme/old.git"));
    let code = read(&from_run, &moved).await;
    assert_eq!(code.changes.unwrap_err().reason, "its code is in acme/old, this version's in acme/churn-models");
    assert!(code.pull_request.is_ok() && code.checks.is_ok());
}

#[tokio::test]
async fn a_workflow_run_on_another_host_is_not_asked_for() {
    let demo = Demo::new();
    let services = demo.services("", |_| {});
    let tagged = |facts: ReviewedFacts, value: &str| with_run(facts, |run| run.tags.insert("ci.run_url", value));
    let facts = demo.facts(CHURN, 41).await;
    let away = tagged(facts.clone(), "https://github.com/acme/churn-models/actions/runs/1");
    let failure = read(&services, &away).await.training.unwrap_err();
    assert!(failure.reason.contains("on github.com, but this target uses github.demo"), "{failure}");
    let other = tagged(facts.clone(), "https://github.demo/acme/other/actions/runs/1");
    assert_eq!(read(&services, &other).await.training.unwrap_err().kind, FailureKind::NotFound);
    let id = read(&services, &facts).await.training.unwrap().unwrap().run.id;
    let bare = with_run(tagged(facts, ""), |run| run.tags.insert("GITHUB_RUN_ID", id.to_string()));
    assert_eq!(read(&services, &bare).await.training.unwrap().unwrap().tag, "GITHUB_RUN_ID");
}
