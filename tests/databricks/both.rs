//! Every port method, over both registries.

use signoff::adapters::databricks::Registry;
use signoff::domain::experiment::RunQuery;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::{ModelName, RunId};
use signoff::domain::registry::{UserKind, VersionStatus};

use crate::support::fake_databricks::{CLIENT, FakeDatabricks, PRINCIPAL, READER};
use crate::support::journal::journaled;
use crate::{BOTH, CANDIDATE, HOLDER, churn, ports, ports_as, target, token};

#[tokio::test]
async fn models_are_listed_to_the_end_in_name_order_and_found_by_a_part_of_the_name() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        fake.change(|state| (state.page_size, state.empty_pages) = (2, registry == Registry::Catalog));
        let (models, _) = ports(&fake, registry);
        let (mut all, mut page) = (Vec::new(), None);
        loop {
            let read = models.models(None, page.as_deref()).await.unwrap();
            all.extend(read.items.into_iter().map(|m| m.name.to_string()));
            page = read.next;
            if page.is_none() {
                break;
            }
        }
        let there = fake.state().store.look(|world| world.models.len()).unwrap();
        assert_eq!(all.len(), there, "{registry:?}");
        assert!(all.is_sorted() && all.contains(&churn(registry).to_string()), "{registry:?}: {all:?}");
        fake.change(|state| (state.page_size, state.empty_pages) = (100, false));
        let found = models.models(Some("CHURN"), None).await.unwrap().items;
        let none_else = found.iter().all(|m| m.name.as_str().to_lowercase().contains("churn"));
        assert!(none_else && found.iter().any(|m| m.name == churn(registry)), "{registry:?}: {found:?}");
    }
}

#[tokio::test]
async fn versions_come_newest_first_with_their_aliases_whatever_the_pages() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        let (models, _) = ports(&fake, registry);
        let whole = models.versions(&churn(registry), None).await.unwrap();
        fake.change(|state| (state.page_size, state.empty_pages) = (3, true));
        let paged = models.versions(&churn(registry), None).await.unwrap();
        assert_eq!(whole, paged, "{registry:?}");
        assert_eq!(whole.next, None);
        let numbers: Vec<u64> = whole.items.iter().map(|v| v.number.0).collect();
        let there = fake.state().store.look(|w| w.models[&ModelName::new("telco-churn")].versions.len()).unwrap();
        assert!(numbers.len() == there && numbers.is_sorted_by(|a, b| a > b), "{registry:?}: {numbers:?}");
        let missing = models.versions(&ModelName::new("prod.telco.nowhere"), None).await.unwrap_err();
        assert_eq!(missing.kind, FailureKind::NotFound, "{registry:?}: {missing}");
    }
}

#[tokio::test]
async fn a_version_is_read_whole_with_times_as_numbers_or_as_text() {
    for registry in BOTH {
        for as_text in [true, false] {
            let fake = FakeDatabricks::start();
            fake.change(|state| state.ints_as_text = as_text);
            let (models, _) = ports(&fake, registry);
            let version = models.version(&churn(registry), CANDIDATE).await.unwrap();
            assert_eq!((version.number, &version.model), (CANDIDATE, &churn(registry)));
            assert!(version.created_at.is_some() && version.status == VersionStatus::Ready, "{version:?}");
            let run = version.run_id.unwrap();
            let found = models.runs(std::slice::from_ref(&run)).await.unwrap();
            assert_eq!(found.iter().map(|r| &r.id).collect::<Vec<_>>(), [&run]);
            let missing = models.version(&churn(registry), signoff::domain::ids::VersionNumber(999)).await.unwrap_err();
            assert_eq!(missing.kind, FailureKind::NotFound, "{missing}");
        }
    }
}

#[tokio::test]
async fn many_runs_and_logged_models_are_read_in_few_requests() {
    let fake = FakeDatabricks::start();
    let (models, tracking) = ports(&fake, Registry::Workspace);
    let ids: Vec<RunId> = fake
        .state()
        .store
        .look(|w| w.runs.iter().filter(|(_, r)| !r.deleted).map(|(id, _)| id.clone()).collect())
        .unwrap();
    fake.forget();
    assert_eq!(models.runs(&ids).await.unwrap().len(), ids.len());
    assert!(fake.requests().len() <= 3 + ids.len() / 100 * 2, "{}", fake.requests().len());
    let listed = tracking.experiments(None).await.unwrap().items;
    let searched = tracking.search_runs(&RunQuery::of(listed[0].id.clone())).await.unwrap();
    assert!(!searched.items.is_empty());
    let run = models.version(&churn(Registry::Workspace), CANDIDATE).await.unwrap().run_id.unwrap();
    let history = tracking.histories(&[run], "auc", None, 100).await.unwrap();
    assert!(!history[0].points.is_empty());
}

#[tokio::test]
async fn a_tag_of_ours_is_written_read_and_deleted_under_one_name() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        let ((models, _), proof) = (ports(&fake, registry), journaled().await);
        let model = churn(registry);
        models.set_version_tag(&proof, &model, CANDIDATE, "signoff.promotion", "p-1").await.unwrap();
        let read = models.version(&model, CANDIDATE).await.unwrap();
        assert_eq!(read.tags.text("signoff.promotion"), Some("p-1"), "{registry:?}");
        let sent = fake.writes()[0].body["key"].clone();
        let wanted = if registry == Registry::Catalog { "signoff_promotion" } else { "signoff.promotion" };
        assert_eq!(sent, wanted, "{registry:?}");
        models.delete_version_tag(&proof, &model, CANDIDATE, "signoff.promotion").await.unwrap();
        let read = models.version(&model, CANDIDATE).await.unwrap();
        assert_eq!(read.tags.text("signoff.promotion"), None, "{registry:?}");
        // A missing one is fine.
        models.delete_version_tag(&proof, &model, CANDIDATE, "signoff.promotion").await.unwrap();
    }
}

#[tokio::test]
async fn who_is_signed_in_is_said_with_what_kind_of_user() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        let info = ports(&fake, registry).0.info().await.unwrap();
        assert_eq!((info.user.as_deref(), info.user_kind), (Some("dana@acme.example"), UserKind::Person));
        assert_eq!((info.stages, info.aliases), (registry == Registry::Workspace, registry == Registry::Catalog));
        let program = ports_as(&fake.url(), registry, &token(PRINCIPAL), "").0.info().await.unwrap();
        assert_eq!((program.user.as_deref(), program.user_kind), (Some(CLIENT.0), UserKind::Service));
        fake.change(|state| state.scim_is_closed = true);
        let untold = ports(&fake, registry).0.info().await.unwrap();
        assert_eq!((untold.user, untold.user_kind), (None, UserKind::Untold), "{registry:?}");
    }
}

#[tokio::test]
async fn pages_name_the_workspace_once_it_is_known() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        let (models, tracking) = ports(&fake, registry);
        models.info().await.unwrap();
        let (id, model) = (fake.state().id, churn(registry));
        let page = models.version_page(&model, CANDIDATE).unwrap();
        let wanted = match registry {
            Registry::Catalog => format!("{}/explore/data/models/prod/telco/telco-churn/version/42?o={id}", fake.url()),
            _ => format!("{}/?o={id}#mlflow/models/telco-churn/versions/42", fake.url()),
        };
        assert_eq!(page, wanted);
        let experiment = signoff::domain::ids::ExperimentId::new("7");
        assert_eq!(
            tracking.experiment_page(&experiment).unwrap(),
            format!("{}/?o={id}#mlflow/experiments/7", fake.url())
        );
        let run = models.run_page(&experiment, &RunId::new("a")).unwrap();
        assert_eq!(run, format!("{}/?o={id}#mlflow/experiments/7/runs/a", fake.url()));
    }
}

#[tokio::test]
async fn holders_are_found_and_production_is_moved() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        fake.change(|state| {
            let name = ModelName::new("telco-churn");
            state.store.change(|w| w.set_alias(&name, "champion", HOLDER)).unwrap().unwrap();
        });
        let ((models, _), proof, model) = (ports(&fake, registry), journaled().await, churn(registry));
        let held = |all: Vec<signoff::domain::registry::ModelVersion>| all.iter().map(|v| v.number).collect::<Vec<_>>();
        assert_eq!(held(models.holders(&model, &target(registry)).await.unwrap()), [HOLDER], "{registry:?}");
        match &target(registry) {
            signoff::domain::registry::PromotionTarget::Stage(stage) => {
                models.move_stage(&proof, &model, CANDIDATE, stage, true, "looks right").await.unwrap();
                let old = models.version(&model, HOLDER).await.unwrap();
                assert_eq!(old.stage, signoff::domain::registry::Stage::Archived);
            }
            signoff::domain::registry::PromotionTarget::Alias(alias) => {
                models.set_alias(&proof, &model, alias, CANDIDATE).await.unwrap();
                assert_eq!(models.version_by_alias(&model, alias).await.unwrap().number, CANDIDATE);
            }
            signoff::domain::registry::PromotionTarget::Release
            | signoff::domain::registry::PromotionTarget::DeploymentJob
            | signoff::domain::registry::PromotionTarget::Elsewhere(_) => unreachable!("nothing is written"),
        }
        assert_eq!(held(models.holders(&model, &target(registry)).await.unwrap()), [CANDIDATE], "{registry:?}");
    }
}

#[tokio::test]
async fn who_may_only_read_is_told_what_is_missing() {
    for registry in BOTH {
        let fake = FakeDatabricks::start();
        let ((models, _), proof) = (ports_as(&fake.url(), registry, &token(READER), ""), journaled().await);
        let model = churn(registry);
        let failure = models.set_version_tag(&proof, &model, CANDIDATE, "k", "v").await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Forbidden, "{failure}");
        let hint = failure.hint.unwrap();
        let needed = if registry == Registry::Catalog { "APPLY TAG" } else { "Can Edit" };
        assert!(hint.contains(&format!("{needed} on the model {model}")), "{hint}");
        assert!(models.version(&model, CANDIDATE).await.is_ok());
    }
}
