//! The properties the fixtures promise.

use super::*;

#[tokio::test]
async fn the_inbox_finds_every_candidate_the_demo_describes() {
    let demo = Demo::new();
    let target = PromotionTarget::Stage(Stage::Production);
    let mut found = BTreeMap::new();
    for model in all_models(&demo.registry).await {
        let waits = waiting(&model, &target);
        let pair = waits.map(|w| (w.candidate.number.0, w.production.map(|p| p.0)));
        found.insert(model.name.as_str().to_owned(), pair);
    }
    let expected = [
        ("card-fraud", Some((9, Some(8)))),
        ("churn-uplift", Some((2, None))),
        ("credit-limit", Some((6, Some(5)))),
        ("pricing-elasticity", Some((17, Some(16)))),
        ("support-triage", Some((17, Some(14)))),
        ("telco-churn", Some((42, Some(39)))),
        ("客户流失 🚀", Some((3, Some(2)))),
    ];
    assert_eq!(found, expected.map(|(name, pair)| (name.to_owned(), pair)).into());
}

#[tokio::test]
async fn the_good_candidate_is_better_and_the_regressed_one_is_not() {
    let demo = Demo::new();
    for (model, old, new, better) in [(CHURN, 39, 42, true), ("card-fraud", 8, 9, false)] {
        let mut auc = Vec::new();
        for number in [old, new] {
            let version = demo.version(model, number).await;
            auc.push(demo.run_of(&version).await.unwrap().metrics.get("auc").unwrap().value.0);
        }
        assert_eq!(auc[1] > auc[0], better, "{model}: {auc:?}");
    }
}

#[tokio::test]
async fn every_run_names_a_commit_of_the_repository_but_the_one_that_should_not() {
    let demo = Demo::new();
    let mut without = Vec::new();
    let mut off_main = Vec::new();
    for version in all_versions(&demo.registry).await {
        let Some(run) = demo.run_of(&version).await else { continue };
        let label = format!("{}/{}", version.model, version.number.0);
        let Some(rev) = run.source_commit() else {
            without.push(label);
            continue;
        };
        let commit = demo.host.commit(&repo(), rev).await.unwrap();
        assert!(commit.at < run.started_at, "{label}: the commit is younger than its run");
        if demo.host.ancestry(&repo(), "main", &commit.sha).await.unwrap() == Ancestry::OffBranch {
            off_main.push(label);
        }
        let (host, slug) = RepoSlug::from_remote_url(run.source_repo_url().unwrap()).unwrap();
        assert_eq!((host, slug), (demo.host.host(), repo()));
    }
    assert_eq!(without, ["pricing-elasticity/17"]);
    assert_eq!(off_main, ["churn-uplift/1"]);
}

#[tokio::test]
async fn every_version_has_a_plausible_history() {
    let demo = Demo::new();
    let now = demo.clock.now();
    for version in all_versions(&demo.registry).await {
        let label = format!("{}/{}", version.model, version.number.0);
        assert!(version.created_at.unwrap() < now && version.updated_at >= version.created_at, "{label}");
        let Some(run) = demo.run_of(&version).await else {
            assert_eq!((label.as_str(), version.run_id), ("telco-churn/35", None));
            continue;
        };
        assert!((8..=20).contains(&run.metrics.len()), "{label} has {} metrics", run.metrics.len());
        assert!(run.started_at < run.ended_at && run.ended_at <= version.created_at, "{label}");
        assert!(!run.params.is_empty() && !run.datasets.is_empty(), "{label}");
        let user = run.user.unwrap();
        assert!(["dana", "lee", "mio", "ci-train"].contains(&user.as_str()), "{label}: {user}");
    }
}

#[tokio::test]
async fn what_is_in_production_was_released_and_its_cd_ended_well() {
    let demo = Demo::new();
    let target = PromotionTarget::Stage(Stage::Production);
    for model in all_models(&demo.registry).await {
        for holder in demo.registry.holders(&model.name, &target).await.unwrap() {
            let tag = release::tag_name("{model}-v{version}", &model.name, holder.number).unwrap();
            let state = demo.host.tag(&repo(), &tag).await.unwrap().unwrap();
            let operation = release::trailer(state.message.as_deref().unwrap(), release::OPERATION_TRAILER).unwrap();
            assert!(holder.own_tag("promotion").unwrap().starts_with(&format!("released {operation} by ")));
            assert_eq!(state.commit, demo.run_of(&holder).await.unwrap().source_commit().unwrap());
            let marker = release::notes_marker(operation);
            let releases = demo.host.releases(&repo(), &tag, &marker).await.unwrap();
            assert_eq!(releases.len(), 1, "{tag}");
            assert!(releases[0].body.contains(&marker));
        }
    }
    for run in demo.store.snapshot().unwrap().repo.runs {
        assert_eq!(demo.host.cd_run(&repo(), run.id).await.unwrap().state, CdState::Success);
    }
}

#[tokio::test]
async fn hostile_text_is_kept_raw_and_leaves_defused() {
    let demo = Demo::new();
    let model = "客户流失 🚀";
    let raw = &demo.store.snapshot().unwrap().models[&name(model)].versions[&VersionNumber(3)];
    assert!(raw.description.contains('\u{1b}') && raw.description.contains('\u{202e}'));
    let version = demo.version(model, 3).await;
    let run = demo.run_of(&version).await.unwrap();
    let mut shown = version.description.clone();
    for (key, value) in version.tags.texts().chain(run.tags.texts()).chain(run.params.texts()) {
        assert!(!key.contains('\n'));
        shown.push_str(key);
        shown.push_str(value);
    }
    let bad = |c: char| (c.is_control() && c != '\n') || ('\u{200b}'..='\u{200f}').contains(&c);
    let bidi = |c: char| ('\u{202a}'..='\u{202e}').contains(&c) || ('\u{2060}'..='\u{206f}').contains(&c);
    assert_eq!(shown.chars().find(|c| bad(*c) || bidi(*c)), None);
    assert!(version.description.contains("␛[2J") && version.description.contains("<U+202E>"));
    assert!(
        run.metrics.get("fairness_gap").unwrap().value.0.is_nan()
            && run.metrics.get("worst_residual").unwrap().value.0.is_infinite()
    );
}
