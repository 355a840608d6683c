//! Lineage reads on both servers: an experiment by its id, the parent of a run and its children.

use serde_json::json;
use signoff::domain::experiment::RunQuery;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::{ExperimentId, RunId};
use signoff::ports::ModelRegistry;
use signoff::ports::tracking::TrackingServer;

use crate::support::mlflow_server::{Server, Version};
use crate::support::seed::{Api, RunSeed};
use crate::{adapter, on_real_servers};

on_real_servers! {
    an_experiment_is_read_by_its_id_deleted_or_not,
    what_is_no_experiment_says_so,
    a_run_leads_to_its_parent_and_that_to_its_children,
    experiments_and_logged_models_have_pages,
}

async fn an_experiment_is_read_by_its_id_deleted_or_not(version: Version) {
    let api = Api::new(Server::shared(version));
    let id = api.experiment("lineage 客\u{1b}[2J");
    let mlflow = adapter(version);
    let found = mlflow.experiment(&ExperimentId::new(&*id)).await.unwrap();
    assert_eq!((found.id.as_str(), found.name.as_str(), found.deleted), (id.as_str(), "lineage 客␛[2J", false));
    assert!(found.created_at.is_some() && found.updated_at >= found.created_at);
    api.post("experiments/delete", json!({"experiment_id": id}));
    assert!(mlflow.experiment(&ExperimentId::new(&*id)).await.unwrap().deleted);
}

async fn what_is_no_experiment_says_so(version: Version) {
    for id in ["987654321", "0' OR 1=1", "no number"] {
        let failure = adapter(version).experiment(&ExperimentId::new(id)).await.unwrap_err();
        assert!(matches!(failure.kind, FailureKind::NotFound | FailureKind::Rejected), "{id}: {failure:?}");
        assert!(failure.operation.contains("read the experiment"), "{failure:?}");
    }
}

async fn a_run_leads_to_its_parent_and_that_to_its_children(version: Version) {
    let api = Api::new(Server::shared(version));
    let experiment = api.experiment("lineage of runs");
    let make =
        |name: &str, tags: &[(&str, &str)]| api.run(&experiment, &RunSeed { name, metrics: &[], params: &[], tags }).id;
    let parent = make("sweep", &[]);
    let child = make("sweep-1", &[("mlflow.parentRunId", &parent)]);
    make("stranger", &[]);
    let deleted = make("sweep-2", &[("mlflow.parentRunId", &parent)]);
    api.delete_run(&deleted);

    let mlflow = adapter(version);
    let run = mlflow.runs(&[RunId::new(&*child)]).await.unwrap().remove(0);
    assert_eq!(run.parent(), Some(RunId::new(&*parent)));
    let parent = mlflow.runs(&[run.parent().unwrap()]).await.unwrap().remove(0);
    assert_eq!((parent.name.as_str(), parent.parent()), ("sweep", None));
    let children = mlflow.search_runs(&RunQuery::children_of(&parent)).await.unwrap();
    assert_eq!(children.items.iter().map(|r| r.name.as_str()).collect::<Vec<_>>(), ["sweep-1"]);
    assert_eq!(mlflow.search_runs(&RunQuery::children_of(&run)).await.unwrap().items, []);
    // An id with filter syntax in it finds nothing and causes no error.
    let mut odd = parent.clone();
    odd.id = RunId::new("x' OR tags.a = 'b\\");
    assert_eq!(mlflow.search_runs(&RunQuery::children_of(&odd)).await.unwrap().items, []);
}

async fn experiments_and_logged_models_have_pages(version: Version) {
    let (mlflow, base) = (adapter(version), Server::shared(version).url());
    let experiment = ExperimentId::new("7");
    assert_eq!(mlflow.experiment_page(&experiment), Some(format!("{base}/#/experiments/7")));
    assert_eq!(mlflow.logged_model_page(&experiment, "m-1"), Some(format!("{base}/#/experiments/7/models/m-1")));
}
