//! Candidates in a staging workspace, production in another, and a CD that copies versions from one to the other.

use std::convert::Infallible;
use std::sync::Arc;

use signoff::adapters::demo::World;
use signoff::adapters::demo::world::Model;
use signoff::domain::ids::{ModelName, RunId, VersionNumber};

use crate::desk::Desk;
use crate::site::{COMMIT, OLD_COMMIT, REPO};
use crate::support::fake_databricks::{FakeDatabricks, PERSON, PRINCIPAL, SCHEMA};
use crate::support::fake_github::{FakeGithub, Moment, Pace, REVIEWER};

const CHURN: &str = "telco-churn";
const LIVE: &str = "telco-churn-live";
const CANDIDATE: VersionNumber = VersionNumber(42);
const HOLDER: VersionNumber = VersionNumber(39);

const CONFIG: &str = "default_target = \"staging\"\n\
     [targets.staging]\ntracking_uri = \"databricks\"\nregistry_uri = \"databricks-uc\"\n\
     databricks_host_env = \"DATABRICKS_STAGING_HOST\"\ndatabricks_token_env = \"DATABRICKS_STAGING_TOKEN\"\n\
     [targets.prod]\ntracking_uri = \"databricks\"\nregistry_uri = \"databricks-uc\"\n\
     databricks_host_env = \"DATABRICKS_PROD_HOST\"\ndatabricks_token_env = \"DATABRICKS_PROD_TOKEN\"\n\
     [promote]\nfrom = \"staging\"\nto = \"prod\"\nmodel = \"prod.{schema}.{model}-live\"\n\
     [release]\ncd_wait_seconds = 1\n";

/// Two workspaces, and the repository that the models were trained from. v7 is in production under another name.
struct Both {
    staging: FakeDatabricks,
    prod: FakeDatabricks,
    github: FakeGithub,
}

impl Both {
    fn start() -> Self {
        let (staging, prod) = (FakeDatabricks::start(), FakeDatabricks::start());
        let github = FakeGithub::start_blocking();
        github.change_repo(|repo| repo.pace = Pace { seen: vec![Moment::Over], ..Pace::usual() });
        let both = Self { staging, prod, github };
        both.staging.change(|state| {
            let trained = |world: &mut World| {
                let runs = Arc::make_mut(&mut world.runs);
                for (number, version) in &world.models[&ModelName::new(CHURN)].versions {
                    if let Some(run) = version.run_id.as_ref().and_then(|id| runs.get_mut(id)) {
                        let commit = if *number == CANDIDATE { COMMIT } else { OLD_COMMIT };
                        run.tags.insert("mlflow.source.git.commit".to_owned(), commit.to_owned());
                        run.tags.remove("mlflow.source.git.repoURL");
                    }
                }
                Ok::<_, Infallible>(())
            };
            state.store.change(trained).unwrap().unwrap();
        });
        both.in_prod(|world| {
            let mut model = world.models.remove(&ModelName::new(CHURN)).unwrap();
            let mut seven = model.versions[&HOLDER].clone();
            let there = RunId::new("0123456789abcdef0123456789abcdef");
            let runs = Arc::make_mut(&mut world.runs);
            let mut run = runs[seven.run_id.as_ref().unwrap()].clone();
            run.tags.insert("mlflow.source.git.commit".to_owned(), OLD_COMMIT.to_owned());
            run.tags.remove("mlflow.source.git.repoURL");
            *runs = [(there.clone(), run)].into();
            (seven.source, seven.run_id) = ("dbfs:/prod/7".to_owned(), Some(there));
            model.versions = [(VersionNumber(7), seven)].into();
            model.aliases = [("champion".to_owned(), VersionNumber(7))].into();
            world.models = [(ModelName::new(LIVE), model)].into();
        });
        both
    }

    fn in_prod(&self, change: impl FnOnce(&mut World)) {
        self.prod.change(|state| {
            let change = |world: &mut World| {
                change(world);
                Ok::<_, Infallible>(())
            };
            state.store.change(change).unwrap().unwrap();
        });
    }

    /// As CD does. It names the signed version by its tag.
    fn copy(&self) {
        self.in_prod(|world| {
            let model = world.models.get_mut(&ModelName::new(LIVE)).unwrap();
            let mut copied = model.versions[&VersionNumber(7)].clone();
            copied.source = "dbfs:/prod/8".to_owned();
            copied.tags.insert("copied_from".to_owned(), format!("{SCHEMA}{CHURN}/42"));
            model.versions.insert(VersionNumber(8), copied);
        });
    }

    /// The model where it is reviewed.
    fn reviewed(&self) -> Model {
        self.staging.state().store.snapshot().unwrap().models[&ModelName::new(CHURN)].clone()
    }

    fn desk(&self) -> Desk {
        Desk::empty()
            .with("DATABRICKS_STAGING_HOST", &self.staging.url())
            .with("DATABRICKS_STAGING_TOKEN", PERSON)
            .with("DATABRICKS_PROD_HOST", &self.prod.url())
            .with("DATABRICKS_PROD_TOKEN", PRINCIPAL)
            .with("GH_TOKEN", REVIEWER)
            .with("GH_REPO", REPO)
            .with("GITHUB_API_URL", &self.github.url())
            .configured(CONFIG)
    }

    #[track_caller]
    fn assert_prod_was_only_read(&self) {
        let writes: Vec<_> = self.prod.writes().iter().map(|w| format!("{} {}", w.method, w.target)).collect();
        assert_eq!(writes, Vec::<String>::new());
    }
}

fn candidate() -> String {
    format!("{SCHEMA}{CHURN}/42")
}

#[test]
fn a_version_is_compared_with_production_elsewhere_and_its_copy_is_awaited() {
    let both = Both::start();
    let desk = both.desk();
    let reference = candidate();
    let before = both.reviewed();
    let inbox = desk.json(&["inbox"])["waiting"].clone();
    let row = inbox.as_array().unwrap().iter().find(|row| row["version"] == 42).unwrap().clone();
    assert_eq!(row["production"], 7, "{row}");
    let shown = desk.json(&["compare", &reference]);
    assert!(shown.to_string().contains(&format!("{SCHEMA}{LIVE}")), "{shown}");
    // The plan says where it goes.
    let planned = desk.run(&["approve", &reference, "--reason", "fine"]).ends(2);
    assert!(planned.out.contains("a copy of this version, by CD"), "{planned:?}");
    // The release stands, and CD has not copied yet.
    desk.run(&["approve", &reference, "--reason", "fine", "--confirm", "v42"]).ends(0);
    both.copy();
    let said = desk.run(&["resume", "--wait"]).ends(0);
    assert!(said.out.contains(&format!("{SCHEMA}{LIVE} v8 in prod is this one")), "{said:?}");
    both.assert_prod_was_only_read();
    assert_eq!(both.github.repo().releases.len(), 1);
    let after = both.reviewed();
    assert_eq!(
        (after.aliases, &after.versions[&CANDIDATE].stage),
        (before.aliases, &before.versions[&CANDIDATE].stage)
    );
    assert_eq!(after.versions[&CANDIDATE].tags.get("signoff_approved_by").map(String::as_str), Some("rev1"));
    // What was released does not wait any more.
    let inbox = desk.json(&["inbox"]).to_string();
    assert!(!inbox.contains("\"version\":42"), "{inbox}");
    desk.run(&["verify", &format!("{SCHEMA}{CHURN}-v42")]).ends(0);
}

#[test]
fn a_version_that_never_comes_ends_with_seven() {
    let both = Both::start();
    let desk = both.desk();
    let said = desk.run(&["approve", &candidate(), "--reason", "fine", "--confirm", "v42", "--wait"]).ends(7);
    let missing = format!("no version of {SCHEMA}{LIVE} in prod names this one");
    assert!(said.out.contains(&missing), "{said:?}");
    assert_eq!(both.github.repo().releases.len(), 1, "the release stands");
    both.assert_prod_was_only_read();
}

#[test]
fn the_other_target_is_named_by_config_and_doctor() {
    let both = Both::start();
    let desk = both.desk();
    let shown = desk.run(&["config", "show"]).ends(0);
    for words in ["promote.from", "promote.to", "prod.{schema}.{model}-live", "the target prod"] {
        assert!(shown.out.contains(words), "{words}: {}", shown.out);
    }
    let doctor = desk.run(&["doctor"]);
    assert!(doctor.out.contains("other target"), "{doctor:?}");
    assert!(doctor.out.contains(&both.prod.url()), "{doctor:?}");
    both.assert_prod_was_only_read();
}
