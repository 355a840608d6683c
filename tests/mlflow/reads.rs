//! Every read, on both servers.

use signoff::adapters::mlflow::Tuning;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::RunId;
use signoff::domain::registry::{PromotionTarget, Stage, VersionStatus};
use signoff::ports::ModelRegistry;
use signoff::services::evidence;

use crate::support::mlflow_server::{Server, Version};
use crate::support::seed::{
    Api, CHURN, COMMIT, HOSTILE_MODEL, PROMPT, QUOTED_MODEL, RunSeed, SLASH_MODEL, START, UNICODE_MODEL, World,
};
use crate::{adapter, all, all_models, name, on_real_servers, tuned, v};

on_real_servers! {
    info_tells_version_and_limits,
    models_come_in_name_order_without_prompts,
    models_are_found_by_part_of_the_name,
    a_model_has_its_aliases,
    versions_come_newest_first_with_aliases,
    small_pages_give_the_same_versions,
    one_version_is_read_whole,
    aliases_lead_to_versions,
    every_holder_of_a_stage_is_found,
    an_alias_has_one_holder_or_none,
    unusual_names_are_read_everywhere,
    what_is_not_there_is_not_found,
    runs_are_read_together,
    a_run_of_a_new_experiment_is_found,
    many_missing_runs_are_given_up,
    one_run_is_read_whole,
    addresses_lead_to_pages,
}

fn production() -> PromotionTarget {
    PromotionTarget::Stage(Stage::Production)
}

fn champion() -> PromotionTarget {
    PromotionTarget::Alias("champion".to_owned())
}

fn odd_names(version: Version) -> Vec<&'static str> {
    let mut odd = vec![UNICODE_MODEL, QUOTED_MODEL, HOSTILE_MODEL];
    odd.extend((version == Version::V2_22).then_some(SLASH_MODEL));
    odd
}

async fn info_tells_version_and_limits(version: Version) {
    let info = adapter(version).info().await.unwrap();
    assert_eq!(info.version, version.number());
    assert_eq!(info.user, None);
    assert!(info.stages && info.aliases);
    assert_eq!(info.tag_value_limit, if version == Version::V2_22 { 5_000 } else { 100_000 });
}

async fn models_come_in_name_order_without_prompts(version: Version) {
    let small = tuned(version, Tuning { models_per_page: 2, ..Tuning::default() });
    // Other tests add models during paging; names sorted before theirs do not move.
    let seeded = |names: Vec<String>| -> Vec<String> { names.into_iter().filter(|n| !n.starts_with("own-")).collect() };
    let mut expected: Vec<String> = odd_names(version).into_iter().map(str::to_owned).collect();
    expected.push(CHURN.to_owned());
    expected.sort();
    assert_eq!(seeded(all_models(&adapter(version), None).await), expected);
    let mut paged = seeded(all_models(&small, None).await);
    paged.dedup();
    assert_eq!(paged, expected);
}

async fn models_are_found_by_part_of_the_name(version: Version) {
    let mlflow = adapter(version);
    for (part, found) in [
        ("TELCO-ch", vec![CHURN]),
        ("流失", vec![UNICODE_MODEL]),
        ("失 🚀", vec![UNICODE_MODEL]),
        ("'S \"Q", vec![QUOTED_MODEL]),
        ("\u{1b}[2", vec![HOSTILE_MODEL]),
        ("%", if version == Version::V2_22 { vec![SLASH_MODEL] } else { vec![] }),
        ("' OR name != '", vec![]),
        ("nothing has this name", vec![]),
    ] {
        assert_eq!(all_models(&mlflow, Some(part)).await, found, "{part}");
    }
}

async fn a_model_has_its_aliases(version: Version) {
    let model = adapter(version).model(&name(CHURN)).await.unwrap();
    let aliases: Vec<_> = model.aliases.iter().map(|(a, n)| (a.as_str(), n.0)).collect();
    assert_eq!(aliases, [("challenger", 3), ("champion", 2)]);
    assert_eq!(model.tags.text("owner").unwrap(), "retention");
    assert_eq!(model.description, "Churn within 30 days.");
    let mut latest: Vec<_> = model.latest.iter().map(|v| (v.number.0, v.stage.as_str(), v.aliases.join(","))).collect();
    latest.sort_unstable();
    let latest: Vec<_> = latest.iter().map(|(n, stage, aliases)| (*n, *stage, aliases.as_str())).collect();
    assert_eq!(
        latest,
        [(1, "Archived", ""), (2, "Production", "champion"), (3, "Staging", "challenger"), (4, "None", "")]
    );
    assert!(model.created_at.is_some() && model.updated_at >= model.created_at);
}

async fn versions_come_newest_first_with_aliases(version: Version) {
    let page = adapter(version).versions(&name(CHURN), None).await.unwrap();
    let shown: Vec<_> = page.items.iter().map(|v| (v.number.0, v.aliases.join(","))).collect();
    assert_eq!(shown, [(4, ""), (3, "challenger"), (2, "champion"), (1, "")].map(|(n, a)| (n, a.to_owned())));
    assert_eq!(page.next, None);
}

async fn small_pages_give_the_same_versions(version: Version) {
    for model in odd_names(version).into_iter().chain([CHURN]) {
        let model = name(model);
        let whole = adapter(version).versions(&model, None).await.unwrap().items;
        let small = tuned(version, Tuning { versions_per_page: 1, ..Tuning::default() });
        let (small, name) = (&small, &model);
        let pages = all(|token| async move { small.versions(name, token.as_deref()).await }).await;
        assert!(pages.len() >= whole.len(), "{model}");
        assert_eq!(pages.concat(), whole, "{model}");
    }
}

async fn one_version_is_read_whole(version: Version) {
    let world = World::shared(version);
    let mlflow = adapter(version);
    let third = mlflow.version(&name(CHURN), v(3)).await.unwrap();
    assert_eq!((third.number, third.stage, third.status), (v(3), Stage::Staging, VersionStatus::Ready));
    assert_eq!(third.run_id, Some(RunId::new(world.runs[2].id.as_str())));
    assert_eq!(third.aliases, ["challenger"]);
    assert_eq!(third.tags.text("qa.status").unwrap(), "pending");
    assert!(
        third.tags.text("note").unwrap().contains("␛[2J<U+009B>2J") && third.description.contains("<U+202E>gnp.exe")
    );
    assert!(!third.description.contains(|c: char| c.is_control() && c != '\n'));
    assert!(third.source.ends_with("/model") && third.created_at.is_some());
}

async fn aliases_lead_to_versions(version: Version) {
    let mlflow = adapter(version);
    let found = mlflow.version_by_alias(&name(CHURN), "champion").await.unwrap();
    assert_eq!(found, mlflow.version(&name(CHURN), v(2)).await.unwrap());
    for alias in ["Champion", "nope", "v2", "a b"] {
        let failure = mlflow.version_by_alias(&name(CHURN), alias).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotFound, "{alias}: {failure:?}");
        assert_eq!(failure.reason, format!("telco-churn has no alias '{alias}'"));
    }
}

async fn every_holder_of_a_stage_is_found(version: Version) {
    let api = Api::new(Server::shared(version));
    let model = "own-two-in-production";
    api.model(model, &[]);
    for _ in 0..5 {
        api.version(model, None, "", &[]);
    }
    for held in [1, 4] {
        api.stage(model, held, "Production");
    }
    api.alias(model, "newest", 4);
    for tuning in [Tuning::default(), Tuning { versions_per_scan: 2, ..Tuning::default() }] {
        let mlflow = tuned(version, tuning);
        let holders = mlflow.holders(&name(model), &production()).await.unwrap();
        assert_eq!(holders.iter().map(|v| v.number.0).collect::<Vec<_>>(), [1, 4]);
        let facts = evidence::facts(&mlflow, &production(), &name(model), v(2)).await.unwrap();
        assert_eq!(facts.baseline.unwrap().version.aliases, ["newest"]);
    }
    let staging = PromotionTarget::Stage(Stage::Staging);
    assert_eq!(adapter(version).holders(&name(model), &staging).await.unwrap(), []);
}

async fn an_alias_has_one_holder_or_none(version: Version) {
    let mlflow = adapter(version);
    let held = mlflow.holders(&name(CHURN), &champion()).await.unwrap();
    assert_eq!(held.iter().map(|v| v.number.0).collect::<Vec<_>>(), [2]);
    let nobody = PromotionTarget::Alias("nobody".to_owned());
    assert_eq!(mlflow.holders(&name(CHURN), &nobody).await.unwrap(), []);
}

async fn unusual_names_are_read_everywhere(version: Version) {
    let mlflow = adapter(version);
    for odd in odd_names(version) {
        let model = name(odd);
        assert_eq!(mlflow.model(&model).await.unwrap().name, model);
        let numbers: Vec<_> = mlflow.versions(&model, None).await.unwrap().items.iter().map(|v| v.number.0).collect();
        assert_eq!(numbers, [2, 1], "{model}");
        assert_eq!(mlflow.version(&model, v(2)).await.unwrap().description, "two");
        assert_eq!(mlflow.version_by_alias(&model, "champion").await.unwrap().number, v(1));
        for target in [production(), champion()] {
            let held = mlflow.holders(&model, &target).await.unwrap();
            assert_eq!(held.iter().map(|v| v.number.0).collect::<Vec<_>>(), [1], "{model} {target}");
        }
    }
}

async fn what_is_not_there_is_not_found(version: Version) {
    let mlflow = adapter(version);
    let (churn, nope) = (name(CHURN), name("nope"));
    let failures = [
        mlflow.model(&nope).await.unwrap_err(),
        mlflow.model(&name(PROMPT)).await.unwrap_err(),
        mlflow.version(&churn, v(99)).await.unwrap_err(),
        mlflow.version(&nope, v(1)).await.unwrap_err(),
        mlflow.versions(&nope, None).await.unwrap_err(),
        mlflow.version_by_alias(&nope, "champion").await.unwrap_err(),
        mlflow.holders(&nope, &production()).await.unwrap_err(),
        mlflow.holders(&nope, &champion()).await.unwrap_err(),
    ];
    for failure in failures {
        assert_eq!(failure.kind, FailureKind::NotFound, "{failure:?}");
        assert!(failure.reason.len() > 10, "{failure:?}");
    }
}

async fn runs_are_read_together(version: Version) {
    let world = World::shared(version);
    let mut ids: Vec<RunId> = world.runs.iter().map(|r| RunId::new(r.id.as_str())).collect();
    let mut expected: Vec<String> = world.runs.iter().map(|r| r.id.clone()).collect();
    expected.sort();
    ids.push(ids[0].clone());
    ids.extend(["0123456789abcdef0123456789abcdef", "') OR ('1'='1", ""].map(RunId::new));
    for tuning in [Tuning::default(), Tuning { runs_per_search: 2, experiments_per_page: 1, ..Tuning::default() }] {
        let mut runs = tuned(version, tuning).runs(&ids).await.unwrap();
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        assert_eq!(runs.iter().map(|r| r.id.as_str().to_owned()).collect::<Vec<_>>(), expected);
        let deleted: Vec<_> = runs.iter().filter(|r| r.deleted).map(|r| r.id.as_str()).collect();
        assert_eq!(deleted, [world.runs[3].id.as_str()]);
    }
    assert_eq!(adapter(version).runs(&[]).await.unwrap(), []);
}

async fn a_run_of_a_new_experiment_is_found(version: Version) {
    let world = World::shared(version);
    let mlflow = adapter(version);
    let known = [&world.runs[0], &world.runs[1]].map(|r| RunId::new(r.id.as_str()));
    assert_eq!(mlflow.runs(&known).await.unwrap().len(), 2);
    let api = Api::new(Server::shared(version));
    let experiment = api.experiment("made after the list was read");
    let seed = RunSeed { name: "late", metrics: &[], params: &[], tags: &[] };
    let late: Vec<RunId> = (0..7).map(|_| RunId::new(api.run(&experiment, &seed).id)).collect();
    // One is read directly; seven make the adapter read the list again.
    assert_eq!(mlflow.runs(&[known[0].clone(), late[0].clone()]).await.unwrap().len(), 2);
    assert_eq!(adapter(version).runs(&late).await.unwrap().len(), 7);
    let fresh = adapter(version);
    fresh.runs(&known).await.unwrap();
    let later = api.experiment("made later still");
    let later: Vec<RunId> = (0..7).map(|_| RunId::new(api.run(&later, &seed).id)).collect();
    assert_eq!(fresh.runs(&later).await.unwrap().len(), 7);
}

async fn many_missing_runs_are_given_up(version: Version) {
    let world = World::shared(version);
    let mut ids: Vec<RunId> = (0..150).map(|n| RunId::new(format!("{n:032x}"))).collect();
    ids.push(RunId::new(world.runs[0].id.as_str()));
    let runs = adapter(version).runs(&ids).await.unwrap();
    assert_eq!(runs.len(), 1);
}

async fn one_run_is_read_whole(version: Version) {
    let world = World::shared(version);
    let mlflow = adapter(version);
    let read = async |n: usize| mlflow.runs(&[RunId::new(world.runs[n].id.as_str())]).await.unwrap().remove(0);
    let second = read(1).await;
    assert_eq!((second.name.as_str(), second.status.as_str(), second.deleted), ("gbm-2", "FINISHED", false));
    assert_eq!(second.experiment.as_str(), world.experiment);
    assert_eq!(second.user.as_deref(), Some("amara.diallo"));
    assert_eq!(second.source_commit(), Some(COMMIT));
    assert_eq!(second.started_at.unwrap().as_millisecond(), START);
    assert!(second.ended_at > second.started_at);
    assert_eq!(second.metrics.get("test_auc").unwrap().value.to_string(), "0.82");
    assert_eq!(
        (second.metrics.get("test_auc").unwrap().step, second.metrics.get("divergence").unwrap().value.0),
        (3, f64::INFINITY)
    );
    assert_eq!(second.params.text("depth").unwrap(), "3");
    let data: Vec<_> = second.datasets.iter().map(|d| (d.name.as_str(), d.context.as_deref(), d.rows)).collect();
    assert_eq!(data, [("telco-2026-10", Some("training"), Some(2400))]);

    let third = read(2).await;
    assert_eq!(third.source_commit(), None);
    assert!(third.metrics.get("val_loss").unwrap().value.0.is_nan());
    assert!(third.params.text("note").unwrap().contains('␛') && !third.params.get("note").unwrap().contains('\u{1b}'));
    assert!(read(3).await.deleted);
    assert_eq!(mlflow.runs(&[RunId::new("0123456789abcdef0123456789abcdef")]).await.unwrap(), []);
}

async fn addresses_lead_to_pages(version: Version) {
    let world = World::shared(version);
    let mlflow = adapter(version);
    let base = Server::shared(version).url();
    assert_eq!(mlflow.url(), base);
    assert_eq!(
        mlflow.version_page(&name(UNICODE_MODEL), v(2)).unwrap(),
        format!("{base}/#/models/%E5%AE%A2%E6%88%B7%E6%B5%81%E5%A4%B1%20%F0%9F%9A%80/versions/2")
    );
    let run = mlflow.runs(&[RunId::new(world.runs[0].id.as_str())]).await.unwrap().remove(0);
    let page = format!("{base}/#/experiments/{}/runs/{}", world.experiment, world.runs[0].id);
    assert_eq!(mlflow.run_page(&run.experiment, &run.id), Some(page));
}
