//! The rows of two sides: content, order, folding.

use proptest::prelude::*;

use super::*;
use crate::domain::failure::{FailureKind, Service};
use crate::domain::promotion::samples;
use crate::domain::run::{MetricPoint, MetricValue, Run};

fn choice(differences_only: bool, by_size: bool) -> Choice {
    Choice { differences_only, by_size, ..Choice::default() }
}

fn facts(old: &[(&str, f64)], new: &[(&str, f64)]) -> ReviewedFacts {
    let metrics = |run: &mut RunFacts, values: &[(&str, f64)]| {
        if let RunFacts::Known(run) = run {
            let point = |v: f64| MetricPoint { value: MetricValue(v), step: 0, at: None };
            run.metrics = values.iter().map(|(name, v)| ((*name).to_owned(), point(*v))).collect();
        }
    };
    let mut facts = samples::facts();
    metrics(&mut facts.run, new);
    if let Some(base) = &mut facts.baseline {
        metrics(&mut base.run, old);
    }
    facts
}

fn made(facts: &ReviewedFacts, choice: &Choice) -> (Vec<DiffRow>, Vec<String>) {
    let held = facts.baseline.as_ref().map_or(Held::Nothing, |b| Held::Version(&b.version, &b.run, b.logged.as_ref()));
    let signatures = (Signed::Read(None), Signed::Read(None));
    rows(&Sides { facts, held, label: "v39", signatures, ruled: &|_| false }, &Directions::default(), choice)
}

fn metrics(rows: &[DiffRow]) -> Vec<(&str, Change)> {
    rows.iter()
        .filter_map(|row| match row {
            DiffRow::Metric { row, .. } => Some((row.name.as_str(), row.change)),
            _ => None,
        })
        .collect()
}

#[test]
fn metrics_of_one_side_and_values_that_are_no_numbers_are_shown_and_never_judged() {
    let old = [("auc", 0.9), ("broken", 1.0), ("gone", 1.0), ("nan", f64::NAN)];
    let new = [("auc", 0.91), ("broken", f64::INFINITY), ("added", 1.0), ("nan", f64::NAN)];
    let facts = facts(&old, &new);
    let directions = Directions { higher: vec!["*".into()], ..Directions::default() };
    let held = facts.baseline.as_ref().map_or(Held::Nothing, |b| Held::Version(&b.version, &b.run, b.logged.as_ref()));
    let signatures = (Signed::Read(None), Signed::Read(None));
    let sides = Sides { facts: &facts, held, label: "v39", signatures, ruled: &|_| false };
    let (by_name, _) = rows(&sides, &directions, &choice(true, false));
    assert_eq!(
        metrics(&by_name),
        [("added", Change::Added), ("auc", Change::Better), ("broken", Change::Unknown), ("gone", Change::Removed)]
    );
    let (by_size, _) = rows(&sides, &directions, &choice(true, true));
    let names: Vec<&str> = metrics(&by_size).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["added", "broken", "gone", "auc"]);
}

#[test]
fn a_hundred_metrics_that_begin_alike_are_one_row_until_it_is_unfolded_or_sorted_by_size() {
    let names: Vec<String> = (0..100).map(|i| format!("val/{i:02}")).collect();
    let old: Vec<(&str, f64)> = names.iter().map(|n| (n.as_str(), 1.0)).collect();
    let new: Vec<(&str, f64)> = names.iter().map(|n| (n.as_str(), 2.0)).collect();
    let facts = facts(&old, &new);
    let (folded, keys) = made(&facts, &choice(true, false));
    let group = folded
        .iter()
        .position(|r| matches!(r, DiffRow::Group { prefix, tally, .. } if prefix == "val/" && tally.changed == 100));
    let key = group.map(|i| keys[i].clone()).unwrap_or_default();
    assert_eq!((metrics(&folded).len(), key.as_str()), (0, "METRICS val/*"));
    let open = Choice { open: [key].into(), ..choice(true, false) };
    assert_eq!(metrics(&made(&facts, &open).0).len(), 100);
    assert_eq!(metrics(&made(&facts, &choice(true, true)).0).len(), 100);
}

#[test]
fn what_a_run_that_cannot_be_read_does_not_have_is_neither_new_nor_gone() {
    let mut facts = facts(&[("auc", 0.9)], &[("auc", 0.91)]);
    if let Some(base) = &mut facts.baseline {
        base.run = RunFacts::Unreadable("no permission".into());
    }
    let (rows, _) = made(&facts, &choice(true, false));
    assert_eq!(metrics(&rows), [("auc", Change::Unknown)]);
    assert!(matches!(&rows[0], DiffRow::Word { text, warn: true } if text == "v39: no permission"), "{:?}", rows[0]);
    let claims =
        |r: &DiffRow| matches!(r, DiffRow::Text { row, .. } if matches!(row.change, Change::Added | Change::Removed));
    assert!(!rows.iter().any(claims), "{rows:?}");
}

#[test]
fn a_run_is_compared_without_the_tags_that_only_a_version_has() {
    let facts = facts(&[], &[("auc", 0.91)]);
    let run: Run = samples::run(7, 0.5);
    let sides = Sides {
        facts: &facts,
        held: Held::Run(&run),
        label: "train-7",
        signatures: (Signed::NoVersion, Signed::Read(None)),
        ruled: &|_| false,
    };
    let (rows, keys) = rows(&sides, &Directions::default(), &choice(false, false));
    assert!(!keys.contains(&"TAGS team".to_owned()), "{keys:?}");
    assert!(
        rows.iter().any(|r| matches!(r, DiffRow::Word { text, .. } if text.contains("only versions have a signature"))),
        "{rows:?}"
    );
}

#[test]
fn a_signature_that_is_missing_on_its_way_or_forbidden_says_so_and_counts_no_change() {
    let facts = samples::facts();
    let known = Signature::default();
    let failure = Failure::new(FailureKind::Forbidden, Service::Mlflow, "read it", "you may not read it");
    for (signed, word, warn) in [
        (Signed::Reading, "v39: reading …", false),
        (Signed::Read(None), "v39: the model was logged without a signature", true),
        (Signed::Failed(&failure), "v39: you may not read it", true),
    ] {
        let held =
            facts.baseline.as_ref().map_or(Held::Nothing, |b| Held::Version(&b.version, &b.run, b.logged.as_ref()));
        let sides = Sides {
            facts: &facts,
            held,
            label: "v39",
            signatures: (signed, Signed::Read(Some(&known))),
            ruled: &|_| false,
        };
        let (rows, _) = rows(&sides, &Directions::default(), &choice(true, false));
        let wanted = DiffRow::Word { text: word.to_owned(), warn };
        assert!(rows.contains(&wanted), "{rows:?}");
        let tally = rows.iter().find_map(|r| match r {
            DiffRow::Section { title: "SIGNATURE", tally, .. } => Some(*tally),
            _ => None,
        });
        assert_eq!(tally, Some(Tally::default()));
    }
}

#[test]
fn a_data_set_that_differs_shows_its_name_its_digest_and_how_many_rows_more() {
    let mut facts = samples::facts();
    if let RunFacts::Known(run) = &mut facts.run {
        run.datasets[0].rows = Some(1_002_400);
    }
    let (rows, keys) = made(&facts, &choice(true, false));
    let at = |key: &str| keys.iter().position(|k| k == key).map(|i| rows[i].clone());
    assert!(matches!(at("DATA 0 0"), Some(DiffRow::Text { row, .. }) if row.change == Change::Same));
    assert_eq!(at("DATA 0 1"), None, "the digest is the same");
    assert!(matches!(at("DATA 0 2"), Some(DiffRow::Text { figure: Some(f), .. }) if f == "+1,000,000"), "{rows:?}");
}

proptest! {
    #[test]
    fn differences_only_shows_exactly_the_rows_that_differ(
        old in prop::collection::btree_map("[a-d]{1,2}", prop::sample::select(vec![0.0, 1.0, -1.0, f64::NAN, f64::INFINITY]), 0..12),
        new in prop::collection::btree_map("[a-d]{1,2}", prop::sample::select(vec![0.0, 1.0, -1.0, f64::NAN, f64::INFINITY]), 0..12),
        by_size in any::<bool>(),
    ) {
        let old: Vec<(&str, f64)> = old.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        let new: Vec<(&str, f64)> = new.iter().map(|(k, v)| (k.as_str(), *v)).collect();
        let facts = facts(&old, &new);
        let (all, all_keys) = made(&facts, &choice(false, by_size));
        let (only, only_keys) = made(&facts, &choice(true, by_size));
        let differing = |r: &DiffRow| matches!(r, DiffRow::Metric { row, .. } if row.change != Change::Same) || matches!(r, DiffRow::Text { row, .. } if row.change != Change::Same);
        let keys = |rows: &[DiffRow], keys: &[String]| rows.iter().zip(keys).filter(|(r, _)| differing(r)).map(|(_, k)| k.clone()).collect::<Vec<_>>();
        prop_assert_eq!(keys(&all, &all_keys), keys(&only, &only_keys));
        let plain = only.iter().filter(|r| matches!(r, DiffRow::Metric { .. } | DiffRow::Text { .. })).count();
        prop_assert_eq!(plain, keys(&only, &only_keys).len());
        let mut unique = all_keys.clone();
        unique.sort();
        unique.dedup();
        prop_assert_eq!(unique.len(), all_keys.len(), "every row has a key of its own");
    }
}
