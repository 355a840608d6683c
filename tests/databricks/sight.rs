//! What a reviewer is told of a workspace: runs elsewhere, privileges that are missing, limits, links that have ended.

use std::convert::Infallible;
use std::sync::Arc;

use signoff::adapters::databricks::{self, Registry};
use signoff::adapters::demo::World;
use signoff::adapters::mlflow::Connection;
use signoff::domain::artifact::ArtifactRoot;
use signoff::domain::facts::RunFacts;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::{ExperimentId, ModelName, RunId};
use signoff::domain::job::JobRun;
use signoff::domain::registry::{PromotionTarget, RegisteredModel, Stage};
use signoff::services::evidence;

use crate::support::fake_databricks::{FakeDatabricks, Level, PERSON, READER};
use crate::support::journal::journaled;
use crate::{BOTH, CANDIDATE, Known, churn, ports, ports_as, target, token};

#[tokio::test]
async fn a_run_in_another_workspace_is_explained_with_its_id() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        let (models, _) = ports(&fake, registry);
        let here = models.version(&churn(registry), CANDIDATE).await.unwrap();
        assert_eq!(here.run_elsewhere, None, "{registry:?}: the run is in this workspace");
        fake.change(|state| state.runs_in = Some(77_001));
        let facts = evidence::facts(&*models, &target(registry), &churn(registry), CANDIDATE).await.unwrap();
        assert_eq!(facts.version.run_elsewhere.as_deref(), Some("77001"), "{registry:?}");
        let RunFacts::Unreadable(why) = &facts.run else { panic!("{registry:?}: {:?}", facts.run) };
        assert!(why.reason().contains("is in another Databricks workspace, 77001"), "{registry:?}: {why}");
        assert!(why.failure().hint.as_deref().unwrap_or_default().contains("tracking_uri"), "{registry:?}");
    }
}

#[tokio::test]
async fn a_run_in_the_workspace_of_another_target_is_read_through_that() {
    for registry in BOTH {
        let (fake, there) = (FakeDatabricks::start(), FakeDatabricks::start());
        there.change(|state| state.id = 77_001);
        let run =
            fake.state().store.look(|w| w.models[&ModelName::new("telco-churn")].versions[&CANDIDATE].run_id.clone());
        let run = run.unwrap().unwrap();
        // Here the run is not known.
        fake.change(|state| {
            let forget = |world: &mut World| Ok::<_, Infallible>(Arc::make_mut(&mut world.runs).remove(&run).is_some());
            state.runs_in = Some(77_001);
            assert!(state.store.change(forget).unwrap().unwrap());
        });
        let connect = |fake: &FakeDatabricks| {
            let mut settings = Connection::settings();
            settings.paced = false;
            Connection::new(databricks::endpoint(&fake.url().parse().unwrap(), &token(PERSON), &settings).unwrap())
        };
        let ports =
            |others: &[Connection]| databricks::ports_beside(&connect(&fake), registry, Arc::new(Known("")), others);
        let (models, tracking) = ports(&[connect(&there)]);
        let facts = evidence::facts(&*models, &target(registry), &churn(registry), CANDIDATE).await.unwrap();
        let known = facts.run.known().unwrap_or_else(|| panic!("{registry:?}: {:?}", facts.run));
        assert_eq!(known.id, run, "{registry:?}");
        let root = ArtifactRoot::Run(run.clone());
        let head = tracking.artifact_head(&root, "config.yaml", 10).await.unwrap();
        assert_eq!(head.bytes.len(), 10, "{registry:?}");
        let history = tracking.histories(std::slice::from_ref(&run), "auc", None, 100).await.unwrap();
        assert!(!history[0].points.is_empty(), "{registry:?}");
        let page = models.run_page(&known.experiment, &run).unwrap();
        assert!(page.starts_with(&there.url()) && page.contains("o=77001"), "{page}");
        // Another workspace is none, whatever it has; and it is only asked who it is.
        there.change(|state| state.id = 77_002);
        there.forget();
        let (models, _) = ports(&[connect(&there)]);
        let facts = evidence::facts(&*models, &target(registry), &churn(registry), CANDIDATE).await.unwrap();
        assert!(facts.run.known().is_none(), "{registry:?}");
        let asked: Vec<String> = there.requests().into_iter().map(|r| r.target).collect();
        assert!(asked.iter().all(|target| target.ends_with("/scim/v2/Me")), "{registry:?}: {asked:?}");
    }
}

/// Whoever may read a version in Unity Catalog sees its metrics, whatever workspace its run is in.
#[tokio::test]
async fn what_the_catalog_keeps_of_a_model_is_used_where_the_tracking_server_has_none() {
    let fake = FakeDatabricks::start();
    fake.change(|state| (state.embeds, state.runs_in) = (true, Some(77_001)));
    let (models, _) = ports(&fake, Registry::Catalog);
    let name = churn(Registry::Catalog);
    let facts = evidence::facts(&*models, &target(Registry::Catalog), &name, CANDIDATE).await.unwrap();
    let logged = facts.logged.as_ref().and_then(|logged| logged.known()).unwrap();
    assert!(logged.id.starts_with("m-") && logged.params.text("num_leaves") == Some("45"), "{logged:?}");
    let metric = &logged.metrics[0];
    assert_eq!((metric.name.as_str(), metric.value.0), ("kept_auc", 0.84));
    assert_eq!(metric.data.as_ref().map(|data| data.name.as_str()), Some("holdout"));
    // The same facts, read again, are the same.
    let again = evidence::facts(&*models, &target(Registry::Catalog), &name, CANDIDATE).await.unwrap();
    assert_eq!(facts.digest(), again.digest());
}

#[tokio::test]
async fn each_refusal_names_the_privilege_and_what_it_is_missing_on() {
    let catalog = [
        ("tag", "APPLY TAG on the model prod.telco.telco-churn"),
        ("alias", "MANAGE or ownership on the model prod.telco.telco-churn"),
        ("no alias", "MANAGE or ownership on the model prod.telco.telco-churn"),
    ];
    let fake = FakeDatabricks::start();
    let (models, _) = ports_as(&fake.url(), Registry::Catalog, &token(READER), "");
    let (proof, name) = (journaled().await, churn(Registry::Catalog));
    for (call, says) in catalog {
        let refused = match call {
            "tag" => models.set_version_tag(&proof, &name, CANDIDATE, "signoff.x", "y").await,
            "alias" => models.set_alias(&proof, &name, "champion", CANDIDATE).await,
            _ => models.delete_alias(&proof, &name, "champion").await,
        };
        let refused = refused.unwrap_err();
        let hint = refused.hint.clone().unwrap_or_default();
        assert!(refused.kind == FailureKind::Forbidden && hint.contains(says), "{call}: {refused:?}");
        assert!(hint.contains("USE CATALOG on prod and USE SCHEMA on prod.telco"), "{hint}");
    }
    let fake = FakeDatabricks::start();
    let (models, _) = ports_as(&fake.url(), Registry::Workspace, &token(READER), "");
    let name = churn(Registry::Workspace);
    let tagged = models.set_version_tag(&proof, &name, CANDIDATE, "signoff.x", "y").await.unwrap_err();
    assert!(tagged.hint.unwrap_or_default().contains("Can Edit on the model telco-churn"));
    fake.change(|state| state.users.get_mut(PERSON).unwrap().level = Level::ManageStaging);
    let (models, _) = ports(&fake, Registry::Workspace);
    let moved = models.move_stage(&proof, &name, CANDIDATE, &Stage::Production, true, "").await.unwrap_err();
    assert!(moved.hint.unwrap_or_default().contains("Can Manage Production Versions on the model telco-churn"));
}

#[tokio::test]
async fn the_usual_target_follows_the_registry_that_there_is() {
    for has in [true, false] {
        let fake = FakeDatabricks::start();
        fake.change(|state| state.has_metastore = has);
        let (models, _) = ports(&fake, Registry::Assumed);
        let usual = models.usual_target().await.unwrap();
        let info = models.info().await.unwrap();
        let chosen = info.chosen.unwrap();
        match has {
            true => assert!(usual.is_none() && chosen.contains("has a metastore"), "{chosen}"),
            false => {
                assert_eq!(usual, Some(PromotionTarget::Stage(Stage::Production)));
                assert!(chosen.contains("METASTORE_DOES_NOT_EXIST") && chosen.contains("stage Production"), "{chosen}");
            }
        }
        assert!(!info.holes.is_empty() && info.requests != has);
    }
}

#[tokio::test]
async fn links_lead_to_the_workspace_after_any_answer() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        let (models, tracking) = ports(&fake, registry);
        let id = fake.state().id;
        // Nobody was asked who is signed in.
        let version = models.version(&churn(registry), CANDIDATE).await.unwrap();
        let job = JobRun { job: Some("12".to_owned()), run: "345".to_owned(), workspace: Some(id.to_string()) };
        for page in [
            models.version_page(&version.model, CANDIDATE),
            models.run_page(&ExperimentId::new("7"), &RunId::new("a1")),
            models.job_page(&job),
            tracking.experiment_page(&ExperimentId::new("7")),
        ] {
            assert!(page.as_deref().unwrap_or_default().contains(&format!("?o={id}")), "{registry:?}: {page:?}");
        }
        assert_eq!(models.job_page(&JobRun { workspace: Some("1".to_owned()), ..job }), None);
    }
}

#[tokio::test]
async fn a_schema_is_asked_for_and_models_to_browse_say_so() {
    let fake = FakeDatabricks::start();
    fake.change(|state| (state.page_size, state.browse_only) = (2, vec!["card-fraud"]));
    let all_of = |catalog: Option<&str>| {
        let mut connection = Connection::new(
            databricks::endpoint(&fake.url().parse().unwrap(), &token(PERSON), &Connection::settings()).unwrap(),
        );
        connection.catalog = catalog.map(str::to_owned);
        let (models, _) = databricks::ports(&connection, Registry::Catalog, Arc::new(Known("")));
        async move {
            let (mut all, mut page) = (Vec::new(), None);
            loop {
                let read = models.models(None, page.as_deref()).await.unwrap();
                all.extend(read.items);
                page = read.next;
                if page.is_none() {
                    return all;
                }
            }
        }
    };
    let whole = all_of(None).await;
    fake.forget();
    let schema = all_of(Some("prod.telco")).await;
    let names = |all: &[RegisteredModel]| all.iter().map(|m| m.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&schema), names(&whole));
    assert!(fake.requests().iter().all(|r| r.target.contains("catalog_name=prod&schema_name=telco")));
    let browse: Vec<_> = schema.iter().filter(|m| m.browse_only).map(|m| m.name.to_string()).collect();
    assert_eq!(browse, ["prod.telco.card-fraud"]);
    assert_eq!(names(&all_of(Some("prod")).await), names(&whole));
    assert_eq!(names(&all_of(Some("staging")).await), Vec::<String>::new());
    assert_eq!(names(&all_of(Some("prod.other")).await), Vec::<String>::new());
}
