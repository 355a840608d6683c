//! Every write, on both servers, each test on its own model.

use signoff::domain::failure::FailureKind;
use signoff::domain::registry::Stage;
use signoff::ports::ModelRegistry;

use crate::support::journal::journaled;
use crate::support::mlflow_server::{Server, Version};
use crate::support::seed::{Api, HOSTILE};
use crate::{adapter, name, on_real_servers, v};

on_real_servers! {
    tags_are_set_replaced_and_removed,
    a_move_to_production_archives_the_old_holder,
    a_move_can_leave_the_others_alone,
    aliases_are_set_moved_and_removed,
    unusual_names_are_written,
    refused_writes_say_why_and_change_nothing,
}

/// A fresh model with versions 1 and 2.
fn own_model(version: Version, model: &str) -> String {
    let api = Api::new(Server::shared(version));
    api.model(model, &[]);
    for _ in 0..2 {
        api.version(model, None, "", &[]);
    }
    model.to_owned()
}

async fn tags_are_set_replaced_and_removed(version: Version) {
    let (mlflow, token) = (adapter(version), journaled().await);
    let model = name(&own_model(version, "own-tags"));
    let tags = async || mlflow.version(&model, v(1)).await.unwrap().tags;
    for value in ["first", "{\"id\": \"é🚀'\\\"\"}", ""] {
        mlflow.set_version_tag(&token, &model, v(1), "signoff.promotion", value).await.unwrap();
        assert_eq!(tags().await.text("signoff.promotion").unwrap(), value);
    }
    mlflow.set_version_tag(&token, &model, v(1), "a key/with: odd_things", HOSTILE).await.unwrap();
    assert!(tags().await.text("a key/with: odd_things").unwrap().starts_with("fine␛]0;pwned␇"));
    for _ in 0..2 {
        mlflow.delete_version_tag(&token, &model, v(1), "signoff.promotion").await.unwrap();
        assert_eq!(tags().await.len(), 1);
    }
    assert!(mlflow.version(&model, v(2)).await.unwrap().tags.is_empty());
}

async fn a_move_to_production_archives_the_old_holder(version: Version) {
    let (mlflow, token) = (adapter(version), journaled().await);
    let model = name(&own_model(version, "own-stage"));
    for n in [1, 2, 2] {
        mlflow.move_stage(&token, &model, v(n), &Stage::Production, true, "").await.unwrap();
    }
    let stages: Vec<_> = mlflow.versions(&model, None).await.unwrap().items.into_iter().map(|v| v.stage).collect();
    assert_eq!(stages, [Stage::Production, Stage::Archived]);
}

async fn a_move_can_leave_the_others_alone(version: Version) {
    let (mlflow, token) = (adapter(version), journaled().await);
    let model = name(&own_model(version, "own-stage-alone"));
    for (n, stage) in [(1, Stage::Production), (2, Stage::Production), (1, Stage::None), (1, Stage::Archived)] {
        mlflow.move_stage(&token, &model, v(n), &stage, false, "").await.unwrap();
        assert_eq!(mlflow.version(&model, v(n)).await.unwrap().stage, stage);
    }
    assert_eq!(mlflow.version(&model, v(2)).await.unwrap().stage, Stage::Production);
}

async fn aliases_are_set_moved_and_removed(version: Version) {
    let (mlflow, token) = (adapter(version), journaled().await);
    let model = name(&own_model(version, "own-alias"));
    for n in [1, 2, 2] {
        mlflow.set_alias(&token, &model, "champion", v(n)).await.unwrap();
        assert_eq!(mlflow.version_by_alias(&model, "champion").await.unwrap().number, v(n));
    }
    for _ in 0..2 {
        mlflow.delete_alias(&token, &model, "champion").await.unwrap();
        assert_eq!(mlflow.model(&model).await.unwrap().aliases.len(), 0);
    }
}

async fn unusual_names_are_written(version: Version) {
    let (mlflow, token) = (adapter(version), journaled().await);
    let mut names = vec!["own-客户 🚀", "own-it's \"x\"", "own-\u{1b}[2J\n?#%"];
    names.extend((version == Version::V2_22).then_some("own-a/b:c"));
    for odd in names {
        let model = name(&own_model(version, odd));
        mlflow.set_version_tag(&token, &model, v(2), "k", "v").await.unwrap();
        mlflow.move_stage(&token, &model, v(2), &Stage::Production, true, "").await.unwrap();
        mlflow.set_alias(&token, &model, "champion", v(2)).await.unwrap();
        let read = mlflow.version(&model, v(2)).await.unwrap();
        assert_eq!(
            (read.tags.text("k").unwrap(), read.stage, read.aliases.join(",")),
            ("v", Stage::Production, "champion".to_owned())
        );
        mlflow.delete_version_tag(&token, &model, v(2), "k").await.unwrap();
        mlflow.delete_alias(&token, &model, "champion").await.unwrap();
        let read = mlflow.version(&model, v(2)).await.unwrap();
        assert_eq!((read.tags.len(), read.aliases.len()), (0, 0));
    }
}

async fn refused_writes_say_why_and_change_nothing(version: Version) {
    let (mlflow, token) = (adapter(version), journaled().await);
    let model = name(&own_model(version, "own-refused"));
    mlflow.move_stage(&token, &model, v(1), &Stage::Production, false, "").await.unwrap();
    let before = mlflow.versions(&model, None).await.unwrap();
    let too_long = "x".repeat(100_001);
    use FailureKind::{NotFound, Rejected};
    for (failure, kind) in [
        (mlflow.set_version_tag(&token, &model, v(99), "k", "v").await.unwrap_err(), NotFound),
        (mlflow.set_version_tag(&token, &model, v(1), "k", &too_long).await.unwrap_err(), Rejected),
        (mlflow.delete_version_tag(&token, &name("own-nope"), v(1), "k").await.unwrap_err(), NotFound),
        (mlflow.move_stage(&token, &model, v(99), &Stage::Production, true, "").await.unwrap_err(), NotFound),
        (
            mlflow.move_stage(&token, &model, v(2), &Stage::Other("Live".to_owned()), false, "").await.unwrap_err(),
            Rejected,
        ),
        (mlflow.move_stage(&token, &model, v(1), &Stage::Archived, true, "").await.unwrap_err(), Rejected),
        (mlflow.set_alias(&token, &model, "champion", v(99)).await.unwrap_err(), NotFound),
        (mlflow.set_alias(&token, &model, "not an alias", v(1)).await.unwrap_err(), Rejected),
    ] {
        assert_eq!(failure.kind, kind, "{failure:?}");
        assert!(failure.operation.contains("own-") && failure.reason.len() > 10, "{failure:?}");
    }
    assert_eq!(mlflow.versions(&model, None).await.unwrap(), before);
}
