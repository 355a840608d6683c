//! The rows of the tree while parts are loading, missing, stale, or in another repository.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::app::cache::Cache;
use crate::app::keymap::{Context, Keymap};
use crate::app::keys::Keys;
use crate::app::prefs::Prefs;
use crate::app::query::{Query, Reply, RequestId};
use crate::domain::cd::{CdRun, CdState};
use crate::domain::experiment::{Experiment, RunQuery};
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::ids::{CommitSha, ModelName, RepoSlug, RunId, VersionNumber};
use crate::domain::lineage::{ChangedFile, CheckResult, CodeChange, PullRequest};
use crate::domain::page::Page;
use crate::domain::promotion::samples;
use crate::domain::rules::{RepositoryRule, Rules};
use crate::domain::run::Run;
use crate::domain::sorted_map::Tags;
use crate::screens::parts::moment::Moment;

/// A cache, and a user looking at the tab.
struct Desk {
    cache: Cache,
    rules: Rules,
    facts: ReviewedFacts,
    lineage: Lineage,
    asked: u64,
}

fn repo() -> RepoSlug {
    "acme/churn-model".parse().unwrap()
}

fn sha(digit: char) -> CommitSha {
    digit.to_string().repeat(40).parse().unwrap()
}

impl Desk {
    /// The sample version 42 against 39, with no lineage read.
    fn new() -> Self {
        let draft = samples::draft();
        let rules = Rules {
            target_name: "staging".into(),
            production: false,
            colour: None,
            demo: false,
            readonly: false,
            policy: crate::domain::rules::PolicyRule::default(),
            service_principals: false,
            promote_to: draft.decision.promote_to,
            candidate_alias: None,
            promote_to_is_usual: false,
            host: "github.com".into(),
            repository: RepositoryRule { fixed: Some(repo()), ..RepositoryRule::default() },
            commit_from_branch: None,
            tag_template: String::new(),
            title_template: String::new(),
            notes_template: String::new(),
            cd: draft.cd,
            directions: draft.decision.directions,
            main_metrics: Vec::new(),
            watched_paths: vec!["src/train/**".into()],
            preview_bytes: 1 << 18,
            drift: Default::default(),
        };
        let mut desk =
            Self { cache: Cache::default(), rules, facts: samples::facts(), lineage: Lineage::of_version(), asked: 0 };
        desk.run(|run| {
            run.tags.insert("mlflow.source.git.commit", sha('a').as_str());
        });
        if let Some(RunFacts::Known(run)) = desk.facts.baseline.as_mut().map(|b| &mut b.run) {
            run.tags.insert("mlflow.source.git.commit", sha('b').as_str());
        }
        desk
    }

    fn run(&mut self, change: impl FnOnce(&mut Run)) {
        if let RunFacts::Known(run) = &mut self.facts.run {
            change(run);
        }
    }

    fn learn(&mut self, reply: Reply) {
        let query = reply.query();
        self.asked += 1;
        self.cache.refresh(&query);
        self.cache.begin(&query, RequestId(self.asked));
        assert!(self.cache.settle(RequestId(self.asked), reply, samples::now()));
    }

    fn deny(&mut self, what: Query) {
        let failure = Failure::new(FailureKind::Forbidden, Service::Github, "read it", "not for you");
        self.learn(Reply::failed(what, failure.with_hint("Ask for access.")));
    }

    fn learn_commits(&mut self) {
        for (digit, title) in [('a', "Tune threshold"), ('b', "Monotone")] {
            let commit = crate::domain::commit::Commit {
                sha: sha(digit),
                title: title.into(),
                author: Some("dana".into()),
                at: None,
                web_url: format!("https://github.com/acme/churn-model/commit/{digit}"),
            };
            self.learn(Reply::Commit { repo: repo(), rev: sha(digit).as_str().into(), answer: Ok(commit) });
        }
    }

    fn send(&mut self, event: ScreenEvent<'_>) -> Option<Response> {
        let prefs = Prefs::default();
        let ctx = ctx(&self.cache, &self.rules, &prefs);
        self.lineage.update(event, Some(Root::Version(&self.facts)), 40, &ctx)
    }

    /// The rows as lines: label, tone unless plain, value.
    fn lines(&mut self) -> Vec<String> {
        self.send(ScreenEvent::Changed);
        let line = |row: &TreeRow| match row.tone {
            Tone::Plain => format!("{}: {}", row.label, row.value),
            tone => format!("{}: {tone:?} {}", row.label, row.value),
        };
        // The road says again what the rows below it say.
        self.lineage.rows().iter().filter(|row| !row.key.starts_with("road")).map(line).collect()
    }

    /// The line of a node, and the unlabelled lines below it.
    fn node(&mut self, label: &str) -> String {
        let lines = self.lines();
        let at =
            lines.iter().position(|l| l.starts_with(&format!("{label}: "))).unwrap_or_else(|| panic!("{lines:#?}"));
        let below = lines[at + 1..].iter().take_while(|l| l.starts_with(": "));
        std::iter::once(&lines[at]).chain(below).cloned().collect::<Vec<_>>().join("\n")
    }

    fn unfold(&mut self, node: &str) {
        self.lineage.open.insert(node.to_owned());
    }

    fn needs(&self) -> Vec<Query> {
        let prefs = Prefs::default();
        self.lineage.needs(Some(Root::Version(&self.facts)), &ctx(&self.cache, &self.rules, &prefs))
    }
}

static KEYMAP: std::sync::LazyLock<Keymap> = std::sync::LazyLock::new(Keymap::built_in);
static NONE: std::collections::BTreeSet<(ModelName, VersionNumber)> = std::collections::BTreeSet::new();
static UNOPENED: std::collections::BTreeMap<(ModelName, VersionNumber), jiff::Timestamp> =
    std::collections::BTreeMap::new();

fn ctx<'a>(cache: &'a Cache, rules: &'a Rules, prefs: &'a Prefs) -> Ctx<'a> {
    Ctx {
        keys: Keys::new(&KEYMAP, &[Context::Lineage, Context::Review, Context::List, Context::Global]),
        targets: &[],
        cache,
        rules,
        registry: "http://mlflow:5000",
        tracking: "http://mlflow:5000",
        themes: &[],
        prefs,
        now: Moment::of(samples::now()),
        zone: crate::present::time::Zone::Utc,
        ticks: 0,
        by_timer: false,
        covered: false,
        fresh: &NONE,
        kept: None,
        width: 200,
        height: 50,
        busy: false,
        saving: None,
        own: None,
        opened: &UNOPENED,
        pictures: crate::app::paint::Pictures::default(),
    }
}

fn pull(approvers: &[&str]) -> PullRequest {
    PullRequest {
        number: 128,
        title: "Tune threshold".into(),
        author: Some("dana".into()),
        approvers: approvers.iter().map(|a| (*a).to_owned()).collect(),
        merged_by: Some("lee".into()),
        merged_at: Some("2026-11-20T10:00:00Z".parse().unwrap()),
        web_url: "https://github.com/acme/churn-model/pull/128".into(),
    }
}

fn change(ahead_by: u64, behind_by: u64) -> CodeChange {
    let file = |path: &str| ChangedFile {
        path: path.into(),
        previous_path: None,
        status: "modified".into(),
        additions: 3,
        deletions: 1,
    };
    CodeChange {
        ahead_by,
        behind_by,
        commits: vec![("aaaaaaa".into(), "Tune threshold".into())],
        files: vec![file("README.md"), file("src/train/model.py")],
        truncated: false,
        web_url: "https://github.com/acme/churn-model/compare".into(),
    }
}

fn of_pull() -> Query {
    Query::PullRequest { repo: repo(), commit: sha('a') }
}

fn pull_is(pull: Option<PullRequest>) -> Reply {
    Reply::PullRequest { repo: repo(), commit: sha('a'), answer: Ok(pull) }
}

fn of_checks() -> Query {
    Query::Checks { repo: repo(), commit: sha('a') }
}

fn checks_are(answer: Vec<CheckResult>) -> Reply {
    Reply::Checks { repo: repo(), commit: sha('a'), answer: Ok(answer) }
}

fn of_changes() -> Query {
    Query::Changes { repo: repo(), old: sha('b'), new: sha('a') }
}

fn changes_are(answer: CodeChange) -> Reply {
    Reply::Changes { repo: repo(), old: sha('b'), new: sha('a'), answer: Ok(answer) }
}

#[test]
fn what_is_on_its_way_has_its_row_and_what_is_known_of_it() {
    let mut desk = Desk::new();
    assert_eq!(desk.node("version"), "version: v42, in Staging, ready");
    assert_eq!(desk.node("child runs"), "child runs: Loading ");
    assert_eq!(desk.node("experiment"), "experiment: Loading id 1");
    assert_eq!(desk.node("commit"), "commit: Loading aaaaaaaaaaaa");
    for label in ["pull request", "checks"] {
        assert_eq!(desk.node(label), format!("{label}: Loading "));
    }
    assert_eq!(desk.node("changes"), "changes: Loading since v39");
    assert!(!desk.lines().iter().any(|l| l.starts_with("logged model") || l.starts_with("parent run")));
}

#[test]
fn rows_keep_their_place_when_what_is_usual_arrives() {
    let mut desk = Desk::new();
    let places = |desk: &mut Desk| {
        desk.send(ScreenEvent::Changed);
        desk.lineage.keys.clone()
    };
    let before = places(&mut desk);
    desk.learn_commits();
    desk.learn(pull_is(Some(pull(&["lee"]))));
    desk.learn(checks_are(Vec::new()));
    desk.learn(changes_are(change(2, 0)));
    assert_eq!(places(&mut desk), before);
    assert_eq!(desk.node("approved by"), "approved by: Good lee");
    assert_eq!(desk.node("author"), "author: dana, merged by lee on 2026-11-20");
}

#[test]
fn a_question_is_asked_as_soon_as_what_it_needs_is_known_and_not_before() {
    let mut desk = Desk::new();
    let first = desk.needs();
    assert_eq!(first.len(), 6, "children, experiment, both commits, the decisions, who was told: {first:?}");
    desk.learn_commits();
    let then: Vec<Query> = desk.needs().into_iter().filter(|q| !first.contains(q)).collect();
    assert_eq!(then, [of_pull(), of_checks(), of_changes()]);
}

#[test]
fn a_part_that_may_not_be_read_says_why_and_hides_no_other() {
    let mut desk = Desk::new();
    desk.learn_commits();
    desk.deny(of_pull());
    desk.learn(changes_are(change(2, 0)));
    assert_eq!(desk.node("pull request"), "pull request: Unknown could not read it: not for you. Ask for access.");
    assert_eq!(desk.node("changes"), "changes: 2 commits, 2 files since v39, 1 watched");
}

#[test]
fn what_was_read_stays_when_it_cannot_be_read_again() {
    let mut desk = Desk::new();
    desk.learn_commits();
    desk.learn(pull_is(Some(pull(&["lee"]))));
    desk.lineage.open.clear();
    desk.deny(of_pull());
    let stale = ": Stale not read again: could not read it: not for you. Ask for access.";
    assert_eq!(desk.node("pull request"), format!("pull request: #128 Tune threshold\n{stale}"));
    desk.learn(pull_is(None));
    assert!(desk.node("pull request").contains("pushed directly"));
}

#[test]
fn without_a_run_nothing_is_asked_and_every_row_says_what_is_missing() {
    let mut desk = Desk::new();
    (desk.facts.run, desk.facts.version.run_id) = (RunFacts::NotRecorded, None);
    let decisions = Query::Log { model: Some(desk.facts.version.model.clone()) };
    let needs = desk.needs();
    assert!(
        matches!(&needs[..], [first, Query::Notified { .. }] if *first == decisions),
        "nothing of a run: {needs:?}"
    );
    assert_eq!(desk.node("run"), "run: Unknown the version names no run");
    assert_eq!(
        desk.node("commit"),
        "commit: Unknown the version names no training run. Set `commit_from_branch` to allow the head of a branch."
    );
    assert_eq!(desk.node("checks"), "checks: Unknown the commit is not known");
    assert_eq!(desk.node("trained by"), "trained by: Unknown the version names no training run");
}

#[test]
fn a_run_that_recorded_no_commit_or_data_says_so() {
    let mut desk = Desk::new();
    desk.run(|run| {
        run.tags = Tags::default();
        run.datasets.clear();
    });
    assert_eq!(
        desk.node("commit"),
        "commit: Unknown the training run recorded no commit. Train from a Git checkout, or set `commit_from_branch` to allow the head of a branch."
    );
    assert_eq!(desk.node("data"), "data: Unknown the run recorded no data");
}

#[test]
fn the_head_of_a_branch_in_place_of_a_commit_is_said() {
    let mut desk = Desk::new();
    desk.run(|run| run.tags = Tags::default());
    desk.rules.commit_from_branch = Some("main".into());
    desk.learn_commits();
    assert_eq!(desk.node("commit"), "commit: Loading main");
    let commit = crate::domain::commit::Commit { ..samples::draft().commit };
    desk.learn(Reply::Commit { repo: repo(), rev: "main".into(), answer: Ok(commit) });
    let note = ": Warn head of main: the run recorded no commit";
    assert_eq!(desk.node("commit"), format!("commit: 3f9c1ab Tune threshold\n{note}"));
}

#[test]
fn an_abbreviated_commit_that_cannot_be_resolved_says_what_was_recorded() {
    let mut desk = Desk::new();
    desk.run(|run| {
        run.tags.insert("mlflow.source.git.commit", "abc1234");
    });
    desk.deny(Query::Commit { repo: repo(), rev: "abc1234".into() });
    let why = "commit: Unknown could not read it: not for you. Ask for access.";
    assert_eq!(desk.node("commit"), format!("{why}\n: Muted the run recorded only 'abc1234' of its id"));
    assert_eq!(desk.node("changes"), "changes: Unknown the commit is not known");
}

#[test]
fn a_run_from_another_repository_is_remarked_on() {
    let mut desk = Desk::new();
    desk.run(|run| {
        run.tags.insert("mlflow.source.git.repoURL", "https://token@github.com/dana/fork.git");
    });
    let note = ": Warn looked for in acme/churn-model, but the run names another repository: github.com/dana/fork";
    assert_eq!(desk.node("commit"), format!("commit: Loading aaaaaaaaaaaa\n{note}"));
    assert!(!desk.lines().concat().contains("token"), "an address may carry credentials");
}

#[test]
fn code_of_production_in_another_repository_cannot_be_compared() {
    let mut desk = Desk::new();
    desk.rules.repository = RepositoryRule { from_run: true, ..RepositoryRule::default() };
    const URL: &str = "mlflow.source.git.repoURL";
    desk.run(|run| run.tags.insert(URL, "https://github.com/acme/churn-model"));
    if let Some(RunFacts::Known(run)) = desk.facts.baseline.as_mut().map(|b| &mut b.run) {
        run.tags.insert(URL, "https://github.com/acme/old-churn");
    }
    desk.learn_commits();
    let why = "of v39: its code is in acme/old-churn, this version's in acme/churn-model";
    assert_eq!(desk.node("changes"), format!("changes: Unknown {why}"));
}

#[test]
fn a_workflow_run_elsewhere_says_where() {
    let mut desk = Desk::new();
    desk.run(|run| {
        run.tags.insert("ci.run_url", "https://github.com/acme/pipelines/actions/runs/7");
    });
    let pipelines: RepoSlug = "acme/pipelines".parse().unwrap();
    let note = ": Warn ran in acme/pipelines, the code is in acme/churn-model";
    assert_eq!(desk.node("trained by"), "trained by: Loading workflow run 7 in acme/pipelines");
    let run = CdRun {
        id: 7,
        number: 3,
        attempt: 1,
        path: ".github/workflows/train.yml".into(),
        state: CdState::Failed("failure".into()),
        created_at: None,
        restarted_at: None,
        event: None,
        actor: None,
        web_url: "https://github.com/acme/pipelines/actions/runs/7".into(),
    };
    desk.learn(Reply::Workflow { repo: pipelines, run: 7, answer: Ok(run) });
    assert_eq!(desk.node("trained by"), format!("trained by: Bad train.yml run #3: failure\n{note}"));
    desk.run(|run| {
        run.tags.insert("ci.run_url", "https://ghe.acme.example/a/b/actions/runs/7");
    });
    assert!(desk.node("trained by").contains("but this target uses github.com"));
}

#[test]
fn failed_checks_are_named_though_folded_and_the_others_when_unfolded() {
    let mut desk = Desk::new();
    desk.learn_commits();
    let check = |name: &str, state| CheckResult { name: name.into(), state, web_url: None };
    let failed = CdState::Failed("failure".into());
    let checks = vec![check("lint", CdState::Success), check("smoke", failed), check("slow", CdState::Running)];
    desk.learn(checks_are(checks));
    let folded = "checks: Bad 1 failed, 1 not finished, 1 passed";
    assert_eq!(desk.node("checks"), folded);
    assert_eq!(desk.node("failed"), "failed: Bad smoke: failure");
    desk.unfold("checks");
    assert_eq!(desk.node("others"), "others: Good lint: success\n: Unknown slow: running");
}

#[test]
fn watched_files_stand_first_and_an_older_or_diverged_code_is_said() {
    let mut desk = Desk::new();
    desk.learn_commits();
    desk.unfold("changes");
    desk.learn(changes_are(change(2, 1)));
    assert!(desk.node("changes").ends_with(": Warn 1 commit of v39 is missing here: the code diverged"));
    assert_eq!(
        desk.node("files"),
        "files: Watched src/train/model.py  +3 -1 modified\n: Unwatched README.md  +3 -1 modified"
    );
    let older = CodeChange { commits: Vec::new(), files: Vec::new(), ..change(0, 4) };
    desk.learn(changes_are(older));
    let note = ": Warn 4 commits of v39 are missing here: this code is older";
    assert_eq!(desk.node("changes"), format!("changes: none since v39\n{note}"));
}

#[test]
fn the_same_commit_in_production_is_no_question() {
    let mut desk = Desk::new();
    if let Some(RunFacts::Known(run)) = desk.facts.baseline.as_mut().map(|b| &mut b.run) {
        run.tags.insert("mlflow.source.git.commit", sha('a').as_str());
    }
    desk.learn_commits();
    assert_eq!(desk.node("changes"), "changes: Muted none since v39: the same commit");
    assert!(!desk.needs().iter().any(|q| matches!(q, Query::Changes { .. })));
    desk.facts.baseline = None;
    assert_eq!(desk.node("changes"), "changes: Muted no other version is in production");
}

#[test]
fn parents_children_and_the_experiment_are_runs_one_can_go_to() {
    let mut desk = Desk::new();
    desk.run(|run| {
        run.tags.insert("mlflow.parentRunId", "run40");
    });
    let parent = Query::Runs { ids: vec![RunId::new("run40")] };
    assert!(desk.needs().contains(&parent));
    desk.learn(Reply::Runs { ids: vec![RunId::new("run40")], answer: Ok(vec![samples::run(40, 0.9)]) });
    assert_eq!(desk.node("parent run"), "parent run: Good train-40, finished");
    let children = RunQuery::children_of(&samples::run(42, 0.9));
    let page = Page { items: vec![samples::run(43, 0.9), samples::run(44, 0.9)], next: Some("t".into()) };
    desk.learn(Reply::SearchRuns { search: children, answer: Ok(page) });
    assert_eq!(desk.node("child runs"), "child runs: 2, and more on the server");
    let experiment = samples::run(42, 0.9).experiment;
    let found =
        Experiment { id: experiment.clone(), name: "churn".into(), deleted: true, created_at: None, updated_at: None };
    desk.learn(Reply::Experiment { id: experiment, answer: Ok(found) });
    assert_eq!(desk.node("experiment"), "experiment: Warn churn (id 1), deleted");

    desk.unfold("child runs");
    desk.lines();
    desk.lineage.cursor.aim("child runs/1".into());
    let step = desk.send(ScreenEvent::Action(Action::Open)).unwrap();
    assert_eq!(step, Response::push(Route::Run(RunId::new("run44"))));
    desk.lineage.cursor.aim("data".into());
    let step = desk.send(ScreenEvent::Action(Action::Run)).unwrap();
    assert_eq!(step, Response::push(Route::Run(RunId::new("run42"))), "from elsewhere R shows the version's own run");
}

#[test]
fn a_run_on_its_own_stands_at_the_top_of_its_tree() {
    let (mut desk, prefs) = (Desk::new(), Prefs::default());
    desk.run(|run| {
        run.tags.insert("mlflow.parentRunId", "run40");
    });
    desk.learn(Reply::Runs { ids: vec![RunId::new("run40")], answer: Ok(vec![samples::run(40, 0.9)]) });
    desk.learn_commits();
    let run = desk.facts.run.known().unwrap().clone();
    let ctx = ctx(&desk.cache, &desk.rules, &prefs);
    let root = Some(Root::Run(&run));
    let mut lineage = Lineage::of_run();
    let asked = lineage.needs(root, &ctx);
    assert!(asked.iter().any(|q| matches!(q, Query::PullRequest { .. })), "{asked:?}");
    assert!(!asked.iter().any(|q| matches!(q, Query::Changes { .. } | Query::LoggedModel { .. })), "{asked:?}");
    lineage.update(ScreenEvent::Changed, root, 40, &ctx);
    let nodes = lineage.rows().iter().filter(|row| !row.key.contains('/'));
    let nodes: Vec<_> = nodes.map(|row| (row.depth, row.label.as_str())).collect();
    assert_eq!(nodes[..3], [(0, "run"), (1, "parent run"), (1, "child runs")]);
    assert!(nodes.contains(&(1, "commit")) && nodes.contains(&(2, "pull request")), "{nodes:?}");
    assert!(!nodes.iter().any(|(_, label)| ["version", "changes"].contains(label)), "{nodes:?}");

    let own = lineage.update(ScreenEvent::Action(Action::Run), root, 40, &ctx).unwrap();
    assert!(own.notice.is_some() && own.nav.is_none(), "one is there already");
    lineage.cursor.aim("parent run".into());
    lineage.update(ScreenEvent::Changed, root, 40, &ctx);
    let parent = lineage.update(ScreenEvent::Action(Action::Run), root, 40, &ctx).unwrap();
    assert_eq!(parent, Response::push(Route::Run(RunId::new("run40"))));
}

#[test]
fn a_logged_model_is_asked_for_only_if_the_version_names_one() {
    let mut desk = Desk::new();
    desk.facts.version.source = "models:/m-0123".into();
    let what = Query::LoggedModel { id: "m-0123".into() };
    assert!(desk.needs().contains(&what));
    assert_eq!(desk.node("logged model"), "logged model: Loading m-0123");
    let model = crate::domain::logged::LoggedModel {
        id: "m-0123".into(),
        name: "model".into(),
        status: "LOGGED_MODEL_READY".into(),
        source_run: Some(RunId::new("run7")),
        ..Default::default()
    };
    desk.learn(Reply::LoggedModel { id: "m-0123".into(), answer: Ok(model) });
    let note = ": Warn logged by another run than the version names: run7";
    assert_eq!(desk.node("logged model"), format!("logged model: m-0123, ready\n{note}"));
    for source in ["runs:/run42/model", "models:/other/3", "s3://bucket/m-1"] {
        desk.facts.version.source = source.into();
        assert!(!desk.needs().iter().any(|q| matches!(q, Query::LoggedModel { .. })), "{source}");
    }
}

#[test]
fn folding_everything_and_back_keeps_the_cursor_on_its_node() {
    let mut desk = Desk::new();
    desk.lines();
    desk.lineage.cursor.aim("version/source".into());
    desk.send(ScreenEvent::Changed);
    desk.send(ScreenEvent::Action(Action::Fold));
    assert_eq!(desk.lineage.keys[desk.lineage.cursor.index()], "version");
    assert!(desk.lineage.rows().iter().all(|r| r.open != Some(true)));
    desk.send(ScreenEvent::Action(Action::Fold));
    assert!(desk.lineage.rows().iter().all(|r| r.open != Some(false)));
    let copied = desk.send(ScreenEvent::Action(Action::Copy)).unwrap();
    assert_eq!(copied, Response::copy("models:/telco-churn/42".into()));
}
