//! A production workspace of Databricks, named by two variables and no file: approved on the command line, killed in
//! the middle, and resumed.

use std::convert::Infallible;
use std::sync::Arc;

use serde_json::Value;
use signoff::adapters::demo::World;
use signoff::adapters::demo::world::JobRun;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::registry::Stage;

use crate::desk::Desk;
use crate::site::{COMMIT, Held, OLD_COMMIT, REPO};
use crate::support::fake_databricks::{FakeDatabricks, PERSON, READER, SCHEMA};
use crate::support::fake_github::{FakeGithub, Fault, Gate, Moment, Pace, REVIEWER, Rule};

const CHURN: &str = "telco-churn";
const CANDIDATE: VersionNumber = VersionNumber(42);
const HOLDER: VersionNumber = VersionNumber(39);

/// A workspace with v39 in production and v42 to review, and the repository they were trained from.
struct Prod {
    workspace: FakeDatabricks,
    github: FakeGithub,
}

impl Prod {
    fn start() -> Self {
        let (workspace, github) = (FakeDatabricks::start(), FakeGithub::start_blocking());
        github.change_repo(|repo| repo.pace = Pace { seen: vec![Moment::Over], ..Pace::usual() });
        workspace.change(|state| {
            let changed = state.store.change(|world| {
                let name = ModelName::new(CHURN);
                let runs = Arc::make_mut(&mut world.runs);
                for (number, version) in &world.models[&name].versions {
                    if let Some(run) = version.run_id.as_ref().and_then(|id| runs.get_mut(id)) {
                        let commit = if *number == CANDIDATE { COMMIT } else { OLD_COMMIT };
                        run.tags.insert("mlflow.source.git.commit".to_owned(), commit.to_owned());
                        run.tags.remove("mlflow.source.git.repoURL");
                    }
                }
                world.set_alias(&name, "champion", HOLDER)
            });
            changed.unwrap().unwrap();
        });
        Self { workspace, github }
    }

    /// A machine with the secrets of the project, and nothing else.
    fn desk(&self) -> Desk {
        Desk::empty()
            .with("DATABRICKS_PROD_HOST", &self.workspace.url())
            .with("DATABRICKS_PROD_TOKEN", PERSON)
            .with("GH_TOKEN", REVIEWER)
            .with("GH_REPO", REPO)
            .with("GITHUB_API_URL", &self.github.url())
    }

    /// The stages of the old and the new version, and where the alias points.
    fn production(&self) -> (Stage, Stage, Option<VersionNumber>) {
        let read = self.workspace.state().store.look(|world| {
            let model = &world.models[&ModelName::new(CHURN)];
            let stage = |number| model.versions[number].stage.clone();
            (stage(&HOLDER), stage(&CANDIDATE), model.aliases.get("champion").copied())
        });
        read.unwrap()
    }

    /// Approves on the command line, and kills the program while GitHub holds the tag.
    fn killed(&self, desk: &Desk, reference: &str) {
        let held = Held(Gate::default());
        self.github.fault(Rule::new("POST", "*/git/refs", Fault::Delay(held.0.clone())));
        let reason = ["--reason", "metrics are fine"];
        let confirm = ["approve", reference, "--target", "prod", "--confirm", "v42"];
        let running = desk.start(&[&confirm[..], &reason[..]].concat());
        held.wait();
        running.signal("KILL");
        assert_eq!(running.wait().code, None, "it was killed");
        // The reply reaches nobody.
        held.release();
    }

    fn assert_released_once(&self, tag: &str) {
        let repo = self.github.repo();
        assert_eq!(repo.tags.keys().map(|t| t.as_str()).collect::<Vec<_>>(), [tag]);
        let (commit, object) = repo.peel(&tag.parse().unwrap()).unwrap();
        assert_eq!(commit.as_str(), COMMIT);
        assert!(object.unwrap().1.message.contains("metrics are fine"));
        let releases: Vec<_> = repo.releases.iter().map(|r| (r.tag.as_str(), r.draft)).collect();
        assert_eq!(releases, [(tag, false)]);
        assert_eq!(repo.runs.len(), 1, "CD started other than once");
    }
}

#[test]
fn unity_catalog_is_promoted_killed_and_resumed_with_the_secrets_alone() {
    let prod = Prod::start();
    let desk = prod.desk();
    let reference = format!("{SCHEMA}{CHURN}/42");
    prod.killed(&desk, &reference);
    desk.run(&["resume", "--target", "prod", "--wait"]).ends(0).says("done");
    prod.assert_released_once(&format!("{SCHEMA}{CHURN}-v42"));
    assert_eq!(prod.production().2, Some(CANDIDATE));
    // The reviewer's tags have keys that Unity Catalog takes, and the reason is in none of them.
    let tags =
        prod.workspace.state().store.look(|w| w.models[&ModelName::new(CHURN)].versions[&CANDIDATE].tags.clone());
    let tags = tags.unwrap();
    assert_eq!(tags.get("signoff_approved_by").map(String::as_str), Some("rev1"), "{tags:?}");
    assert!(tags.iter().filter(|(k, _)| k.starts_with("signoff_")).all(|(_, v)| !v.contains("metrics")), "{tags:?}");
    let again = desk.run(&["approve", &reference, "--target", "prod", "--confirm", "v42", "--reason", "x"]).ends(1);
    assert!(again.out.contains("exists already"), "{again:?}");
    prod.assert_released_once(&format!("{SCHEMA}{CHURN}-v42"));
}

#[test]
fn a_workspace_registry_is_promoted_killed_and_resumed_with_the_secrets_alone() {
    let prod = Prod::start();
    let desk = prod.desk().with("MLFLOW_REGISTRY_URI", "databricks");
    let reference = format!("{CHURN}/42");
    prod.killed(&desk, &reference);
    desk.run(&["resume", "--target", "prod", "--wait"]).ends(0).says("done");
    prod.assert_released_once(&format!("{CHURN}-v42"));
    let (old, new, _) = prod.production();
    assert_eq!((old, new), (Stage::Archived, Stage::Production));
    let [moved] = prod.workspace.state().activities.try_into().unwrap();
    assert_eq!((moved.kind, moved.by.as_str()), ("APPLIED_TRANSITION", "dana@acme.example"));
    // The comment names the record that the tag names too.
    let (reason, hash) = moved.comment.rsplit_once("record ").unwrap();
    assert!(reason.starts_with("metrics are fine\n") && hash.len() >= 64, "{}", moved.comment);
    let repo = prod.github.repo();
    let (_, object) = repo.peel(repo.tags.keys().next().unwrap()).unwrap();
    assert!(object.unwrap().1.message.contains(hash), "{hash}");
}

#[test]
fn a_deployment_job_is_approved_killed_and_resumed_and_its_end_decides() {
    for (ends, code) in [("SUCCESS", 0), ("FAILED", 7)] {
        let prod = Prod::start();
        prod.workspace.change(|state| {
            let of = (&ModelName::new(CHURN), CANDIDATE);
            let mut run = JobRun::waiting(of, &["Approval_Check"], false, "2026-11-23T09:00:00Z".parse().unwrap());
            run.tasks.last_mut().unwrap().ends = ends.to_owned();
            let waits = |world: &mut World| {
                world.jobs.push(run);
                Ok::<_, Infallible>(())
            };
            state.store.change(waits).unwrap().unwrap();
        });
        let desk = prod.desk().configured(
            "[targets.prod]\ntracking_uri = \"databricks\"\nregistry_uri = \"databricks-uc\"\n\
             databricks_host_env = \"DATABRICKS_PROD_HOST\"\ndatabricks_token_env = \"DATABRICKS_PROD_TOKEN\"\n\
             promote_to = \"deployment-job\"\n",
        );
        let reference = format!("{SCHEMA}{CHURN}/42");
        let waiting = desk.json(&["inbox"]).to_string();
        assert!(waiting.contains(&format!("{SCHEMA}{CHURN}")), "{waiting}");
        prod.killed(&desk, &reference);
        let said = desk.run(&["resume", "--target", "prod", "--wait"]).ends(code);
        let words = if code == 0 { "run 7003 of job 991: success" } else { "run 7003 of job 991 failed: deploy ended" };
        assert!(said.out.contains(words), "{said:?}");
        prod.assert_released_once(&format!("{SCHEMA}{CHURN}-v42"));
        let world = prod.workspace.state().store.snapshot().unwrap();
        assert_eq!(world.jobs[0].repairs.len(), 1);
        let tags = &world.models[&ModelName::new(CHURN)].versions[&CANDIDATE].tags;
        assert_eq!(tags.get("Approval_Check").map(String::as_str), Some("Approved"));
        let listed = desk.json(&["promotions"]);
        assert_eq!(listed["promotions"][0]["deployment_job"]["state"], if code == 0 { "success" } else { "failed" });
    }
}

#[test]
fn doctor_says_what_you_may_in_a_workspace_and_when_your_token_ends() {
    let prod = Prod::start();
    let in_days = |days: i64| (jiff::Timestamp::now().as_second() + days * 86_400 + 3_600) * 1_000;
    let ask = |token: &str, ends: Option<Vec<i64>>| {
        prod.workspace.change(|state| state.token_ends = ends);
        let desk = prod.desk().with("MLFLOW_REGISTRY_URI", "databricks").with("DATABRICKS_PROD_TOKEN", token);
        desk.run(&["doctor", "--target", "prod"])
    };
    let said = ask(PERSON, Some(vec![in_days(5)])).out;
    for words in ["signed in as dana@acme.example", "you may change ", "telco-churn", "in 5 days", "Get a new token"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let said = ask(PERSON, Some(vec![in_days(90), in_days(200)])).out;
    assert!(said.contains("the first of your 2 tokens ends on") && !said.contains("Get a new token"), "{said}");
    // Not every workspace lists them.
    let said = ask(PERSON, None).out;
    assert!(!said.contains("token ends"), "{said}");
    let said = ask(READER, None);
    assert!(said.out.contains("Can Manage Production Versions"), "{said:?}");
    assert_ne!(said.code, Some(0), "{said:?}");
}

#[test]
fn a_version_without_room_for_our_tags_is_refused_before_the_first_write() {
    let prod = Prod::start();
    let tags = |count: usize| {
        prod.workspace.change(|state| {
            let change = |world: &mut World| {
                let model = world.models.get_mut(&ModelName::new(CHURN)).unwrap();
                let version = model.versions.get_mut(&CANDIDATE).unwrap();
                version.tags = (0..count).map(|n| (format!("team_{n}"), "x".to_owned())).collect();
                Ok::<_, Infallible>(())
            };
            state.store.change(change).unwrap().unwrap();
        });
        prod.workspace.forget();
    };
    let desk = prod.desk();
    let reference = format!("{SCHEMA}{CHURN}/42");
    let approve = ["approve", &reference, "--target", "prod", "--confirm", "v42", "--reason", "x"];
    // Unity Catalog takes 50 tags.
    tags(48);
    let said = desk.run(&approve).ends(1);
    assert!(said.out.contains("v42 has 48 tags") && said.out.contains("and 50 are taken"), "{said:?}");
    tags(50);
    let reject = desk.run(&["reject", &reference, "--target", "prod", "--reason", "x"]);
    assert!(reject.code == Some(1) && format!("{reject:?}").contains("has 50 tags"), "{reject:?}");
    assert!(prod.workspace.writes().is_empty() && prod.github.writes().is_empty());
    tags(30);
    desk.run(&approve).ends(0);
}

#[test]
fn a_model_to_browse_is_listed_as_one_and_waits_for_nobody() {
    let prod = Prod::start();
    prod.workspace.change(|state| state.browse_only = vec!["telco-churn"]);
    let desk = prod.desk().configured(
        "[targets.prod]\ntracking_uri = \"databricks\"\nregistry_uri = \"databricks-uc\"\n\
         catalog = \"prod.telco\"\n\
         databricks_host_env = \"DATABRICKS_PROD_HOST\"\ndatabricks_token_env = \"DATABRICKS_PROD_TOKEN\"\n",
    );
    let listed = desk.json(&["models"])["models"].clone();
    let name = format!("{SCHEMA}{CHURN}");
    let of = |name: &str| listed.as_array().unwrap().iter().find(|m| m["name"] == name).unwrap().clone();
    assert_eq!(of(&name)["browse_only"], true, "{listed}");
    assert_eq!(of(&format!("{SCHEMA}card-fraud"))["browse_only"], Value::Null, "{listed}");
    assert!(desk.run(&["models"]).ends(0).out.contains("browse only"));
    let waiting = desk.json(&["inbox"]).to_string();
    assert!(!waiting.contains(&name), "{waiting}");
}

#[test]
fn a_reader_releases_without_a_write_to_the_registry() {
    let prod = Prod::start();
    let desk = prod.desk().with("DATABRICKS_PROD_TOKEN", READER).configured(
        "[targets.prod]\ntracking_uri = \"databricks\"\nregistry_uri = \"databricks-uc\"\n\
         databricks_host_env = \"DATABRICKS_PROD_HOST\"\ndatabricks_token_env = \"DATABRICKS_PROD_TOKEN\"\n\
         promote_to = \"release\"\n",
    );
    let reference = format!("{SCHEMA}{CHURN}/42");
    let planned = desk.run(&["approve", &reference, "--reason", "fine"]);
    assert!(planned.out.contains("nothing is written to the registry"), "{planned:?}");
    prod.killed(&desk, &reference);
    desk.run(&["resume", "--wait"]).ends(0).says("done");
    prod.assert_released_once(&format!("{SCHEMA}{CHURN}-v42"));
    let writes: Vec<_> = prod.workspace.writes().iter().map(|w| format!("{} {}", w.method, w.target)).collect();
    assert_eq!(writes, Vec::<String>::new(), "the registry is only read");
    let shown = desk.json(&["show", &reference]).to_string();
    assert!(shown.contains("approve"), "the decision is told by the release: {shown}");
    assert!(!desk.json(&["inbox"]).to_string().contains("\"version\":42"));
    let status = desk.json(&["status"]);
    assert!(status.to_string().contains("42"), "{status}");
}

#[test]
fn no_token_is_in_any_file_or_line() {
    let prod = Prod::start();
    let desk = prod.desk();
    let reference = format!("{SCHEMA}{CHURN}/42");
    let approve = ["approve", &reference, "--target", "prod", "--confirm", "v42", "--reason", "x", "--wait"];
    let said = desk.run(&approve).ends(0);
    for text in [said.out, said.err, desk.everything()] {
        assert!(!text.contains(PERSON) && !text.contains(REVIEWER), "{text}");
    }
    assert_eq!(prod.workspace.stored().len(), prod.workspace.stored().iter().filter(|r| r.user.is_none()).count());
}
