//! The demo's registry.

use super::*;

#[tokio::test]
async fn moving_to_production_archives_the_old_holder_only_if_told_to() {
    let (demo, target) = (Demo::new(), PromotionTarget::Stage(Stage::Production));
    let j = journaled().await;
    let holders = || async {
        let all = demo.registry.holders(&name(CHURN), &target).await.unwrap();
        all.iter().map(|v| v.number.0).collect::<Vec<_>>()
    };
    demo.clock.advance(Duration::from_secs(60));
    let to = |number, stage: Stage, archive| {
        let (registry, j) = (&demo.registry, &j);
        async move { registry.move_stage(j, &name(CHURN), VersionNumber(number), &stage, archive, "").await }
    };
    to(42, Stage::Production, false).await.unwrap();
    assert_eq!(holders().await, [39, 42]);
    to(41, Stage::Production, true).await.unwrap();
    assert_eq!(holders().await, [41]);
    let (moved, archived) = (demo.version(CHURN, 41).await, demo.version(CHURN, 39).await);
    assert_eq!(archived.stage, Stage::Archived);
    assert_eq!((moved.updated_at, archived.updated_at), (Some(demo.clock.now()), Some(demo.clock.now())));
    // Sending it again changes only the time.
    demo.clock.advance(Duration::from_secs(1));
    to(41, Stage::Production, true).await.unwrap();
    assert_eq!(holders().await, [41]);
    assert_eq!(demo.version(CHURN, 41).await.updated_at, Some(demo.clock.now()));
}

#[tokio::test]
async fn a_refused_move_changes_nothing() {
    let demo = Demo::new();
    let j = journaled().await;
    let before = demo.store.snapshot().unwrap();
    for (model, number, stage, archive, expected) in [
        (CHURN, 99, Stage::Production, true, FailureKind::NotFound),
        ("nope", 1, Stage::Production, true, FailureKind::NotFound),
        (CHURN, 42, Stage::Archived, true, FailureKind::Rejected),
        (CHURN, 42, Stage::Other("Live".into()), false, FailureKind::Rejected),
    ] {
        let done = demo.registry.move_stage(&j, &name(model), VersionNumber(number), &stage, archive, "").await;
        assert_eq!(kind(done), expected);
    }
    assert_eq!(demo.store.snapshot().unwrap(), before);
}

#[tokio::test]
async fn an_alias_has_one_holder_and_vanishes_quietly() {
    let demo = Demo::new();
    let (j, model) = (journaled().await, name(CHURN));
    let alias = |a: &'static str| {
        let (registry, model) = (&demo.registry, &model);
        async move { registry.version_by_alias(model, a).await }
    };
    assert_eq!(alias("champion").await.unwrap().number.0, 39);
    demo.registry.set_alias(&j, &model, "champion", VersionNumber(42)).await.unwrap();
    assert_eq!(alias("champion").await.unwrap().aliases, ["challenger", "champion"]);
    let holders = demo.registry.holders(&model, &PromotionTarget::Alias("champion".into())).await.unwrap();
    assert_eq!(holders.iter().map(|v| v.number.0).collect::<Vec<_>>(), [42]);
    for _ in 0..2 {
        demo.registry.delete_alias(&j, &model, "champion").await.unwrap();
    }
    assert_eq!(kind(alias("champion").await), FailureKind::NotFound);
    assert_eq!(kind(alias("Challenger").await), FailureKind::NotFound);
    for (bad, number, expected) in [
        ("champion", 99, FailureKind::NotFound),
        ("latest", 42, FailureKind::Rejected),
        ("v7", 42, FailureKind::Rejected),
        ("two words", 42, FailureKind::Rejected),
    ] {
        assert_eq!(kind(demo.registry.set_alias(&j, &model, bad, VersionNumber(number)).await), expected, "{bad}");
    }
}

#[tokio::test]
async fn tags_are_overwritten_removed_twice_and_do_not_move_the_time() {
    let demo = Demo::new();
    let (j, model, number) = (journaled().await, name(CHURN), VersionNumber(42));
    let before = demo.version(CHURN, 42).await;
    demo.clock.advance(Duration::from_secs(5));
    for value in ["one", "two"] {
        demo.registry.set_version_tag(&j, &model, number, "signoff.promotion", value).await.unwrap();
    }
    let tagged = demo.version(CHURN, 42).await;
    assert_eq!((tagged.own_tag("promotion"), tagged.updated_at), (Some("two"), before.updated_at));
    for _ in 0..2 {
        demo.registry.delete_version_tag(&j, &model, number, "signoff.promotion").await.unwrap();
    }
    assert_eq!(demo.version(CHURN, 42).await, before);
    let long = "x".repeat(5001);
    for (number, key, value, expected) in [
        (99, "k", "v", FailureKind::NotFound),
        (42, "", "v", FailureKind::Rejected),
        (42, "k", long.as_str(), FailureKind::Rejected),
    ] {
        let done = demo.registry.set_version_tag(&j, &model, VersionNumber(number), key, value).await;
        assert_eq!(kind(done), expected);
    }
}

#[tokio::test]
async fn lists_are_paged_ordered_and_narrowed() {
    let demo = Demo::new();
    let shared: Arc<dyn Clock> = demo.clock.clone();
    let registry = DemoRegistry::new(demo.store.clone(), shared, Latency::NONE).with_page_size(3);
    let (mut seen, mut page) = (Vec::new(), None);
    loop {
        let got = registry.versions(&name(CHURN), page.as_deref()).await.unwrap();
        assert!(got.items.len() <= 3);
        seen.extend(got.items.iter().map(|v| v.number.0));
        match got.next {
            Some(next) => page = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, [42, 41, 40, 39, 38, 37, 36, 35]);
    let like = registry.models(Some("CHURN"), None).await.unwrap();
    assert_eq!(like.items.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["churn-uplift", CHURN]);
    assert_eq!(like.next, None);
    assert_eq!(kind(registry.models(None, Some("soon")).await), FailureKind::Rejected);
    assert_eq!(kind(registry.model(&name("nope")).await), FailureKind::NotFound);
}

#[tokio::test]
async fn runs_are_found_by_id_deleted_ones_included_unknown_ones_left_out() {
    let demo = Demo::new();
    let (binned, good) = (demo.version(CHURN, 36).await.run_id.unwrap(), demo.version(CHURN, 42).await.run_id.unwrap());
    let ids = [binned.clone(), good, binned, RunId::new("gone")];
    let runs = demo.registry.runs(&ids).await.unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs.iter().filter(|r| r.deleted).count(), 1);
}
