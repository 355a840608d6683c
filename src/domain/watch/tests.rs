#![allow(clippy::unwrap_used)]
use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::identity::Identity;
use crate::domain::inbox::all_waiting;
use crate::domain::record::mark::{APPROVAL, DECISION};
use crate::domain::registry::{ModelVersion, OWN_TAG_PREFIX, PromotionTarget, RegisteredModel, Stage, VersionStatus};

fn at(minute: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap()
}

fn home() -> Home {
    Home { registry: "http://mlflow".into(), workspace: None }
}

fn target() -> PromotionTarget {
    PromotionTarget::Stage(Stage::Production)
}

fn version(model: &str, number: u64, stage: Stage, made: i64) -> ModelVersion {
    ModelVersion {
        model: ModelName::new(model),
        number: VersionNumber(number),
        stage,
        status: VersionStatus::Ready,
        created_at: Some(at(made)),
        updated_at: Some(at(made)),
        author: None,
        source: format!("runs:/r{model}{number}-{made}/m"),
        run_id: Some(RunId::new(format!("r{model}{number}-{made}"))),
        description: String::new(),
        tags: Default::default(),
        aliases: Vec::new(),
        logged_model: None,
        run_elsewhere: None,
        keeps_files: false,
        deployment: None,
    }
}

fn mark(version: &ModelVersion, decision: Decision, record: &str, minute: i64) -> DecisionMark {
    DecisionMark {
        decision,
        by: "lee".into(),
        at: at(minute),
        reason: "because".into(),
        until: None,
        record: record.into(),
        to: decision.promotes().then(|| target().to_string()),
        of: Identity::of(&Home::default(), version).stamp(),
    }
}

fn decide(version: &mut ModelVersion, decision: Decision, record: &str, minute: i64) {
    let mark = mark(version, decision, record, minute);
    version.tags.insert(&format!("{OWN_TAG_PREFIX}{DECISION}"), mark.to_value());
}

fn approve(version: &mut ModelVersion, who: &str, record: &str, minute: i64) {
    let mark = mark(version, Decision::Approve, record, minute);
    version.tags.insert(&format!("{OWN_TAG_PREFIX}{APPROVAL}{who}"), format!("{} https://x/1", mark.to_value()));
}

/// The model as the list of models has it.
fn model(name: &str, versions: &[ModelVersion]) -> RegisteredModel {
    let highest = |v: &&ModelVersion| !versions.iter().any(|o| o.stage == v.stage && o.number > v.number);
    RegisteredModel {
        name: ModelName::new(name),
        description: String::new(),
        tags: Default::default(),
        aliases: Default::default(),
        latest: versions.iter().filter(highest).cloned().collect(),
        told: true,
        created_at: None,
        updated_at: versions.iter().filter_map(|v| v.updated_at).max(),
        browse_only: false,
        there: Default::default(),
    }
}

fn whole(name: &str, versions: &[ModelVersion]) -> SeenModel {
    let model = model(name, versions);
    SeenModel {
        entry: entry_of(&model),
        versions: seen(&model, versions, &target(), at(1_000)),
        name: model.name,
        whole: true,
    }
}

fn kinds(happened: &[Happening]) -> Vec<(&'static str, u64)> {
    happened.iter().map(|h| (h.kind.name(), h.version.0)).collect()
}

#[test]
fn a_first_start_tells_nothing_by_itself_and_the_same_world_again_neither() {
    let mut held = version("m", 3, Stage::None, 0);
    decide(&mut held, Decision::Hold, "sha256:1", 1);
    let world = [whole("m", &[version("m", 1, Stage::Production, 0), version("m", 2, Stage::Staging, 0), held])];
    let cursor = Cursor::first(at(5), &world);
    assert_eq!(cursor.fold(&world), (cursor.clone(), Vec::new()));
    let text = serde_json::to_string(&cursor).unwrap();
    assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
}

#[test]
fn each_change_of_a_version_is_the_event_that_it_is() {
    let base = || version("m", 2, Stage::Staging, 10);
    let with = |change: fn(&mut ModelVersion)| {
        let mut version = base();
        change(&mut version);
        version
    };
    let known = [whole("m", &[version("m", 1, Stage::Production, 0)])];
    let empty = Cursor::first(at(5), &known);
    let fold = |cursor: &Cursor, version: ModelVersion| {
        cursor.fold(&[whole("m", &[self::version("m", 1, Stage::Production, 0), version])])
    };
    let (arrived, happened) = fold(&empty, base());
    assert_eq!(kinds(&happened), [("version.arrived", 2)]);
    for (change, kinds_wanted) in [
        ((|v| decide(v, Decision::Reject, "sha256:r", 20)) as fn(&mut ModelVersion), vec!["version.rejected"]),
        (|v| decide(v, Decision::Hold, "sha256:h", 20), vec!["version.held"]),
        (|v| decide(v, Decision::Approve, "sha256:a", 20), vec!["version.approved", "version.released"]),
        (|v| decide(v, Decision::Rollback, "sha256:b", 20), vec!["version.rolled_back"]),
        (|v| approve(v, "kim", "sha256:k", 20), vec!["approval.given"]),
        (|v| v.description = "edited".into(), vec![]),
    ] {
        let (after, happened) = fold(&arrived, with(change));
        assert_eq!(happened.iter().map(|h| h.kind.name()).collect::<Vec<_>>(), kinds_wanted);
        assert!(happened.iter().all(|h| h.actor.as_deref() == Some("lee") && h.reason.as_deref() == Some("because")));
        assert_eq!(fold(&after, with(change)).1, [], "once");
    }
    // A decision that is taken away, and an approval that falls away, need another one.
    for change in [
        (|v| decide(v, Decision::Reject, "sha256:r", 20)) as fn(&mut ModelVersion),
        |v| decide(v, Decision::Hold, "sha256:h", 20),
        |v| approve(v, "kim", "sha256:k", 20),
    ] {
        let (after, _) = fold(&arrived, with(change));
        assert_eq!(kinds(&fold(&after, base()).1), [("decision.needed", 2)]);
    }
}

#[test]
fn facts_that_changed_under_an_approval_need_another_decision() {
    let mut approved = version("m", 2, Stage::Staging, 10);
    approve(&mut approved, "kim", "sha256:k", 20);
    let with = |facts: Option<&str>| {
        let mut model = whole("m", std::slice::from_ref(&approved));
        model.versions[0].facts = facts.map(str::to_owned);
        [model]
    };
    let cursor = Cursor::first(at(5), &with(Some("sha256:1")));
    let (unread, happened) = cursor.fold(&with(None));
    assert_eq!(happened, []);
    assert_eq!(unread.fold(&with(Some("sha256:1"))).1, [], "nothing changed while it was not looked at");
    let (changed, happened) = unread.fold(&with(Some("sha256:2")));
    assert_eq!(kinds(&happened), [("decision.needed", 2)]);
    assert_eq!(changed.fold(&with(Some("sha256:2"))).1, []);
}

/// A hold with a date is told when it passes, once; one whose date passed before the watch began is no news.
#[test]
fn a_hold_whose_date_passes_needs_a_decision() {
    let held = |until: i64, record: &str| {
        let mut version = version("m", 2, Stage::Staging, 10);
        let mark = DecisionMark { until: Some(at(until)), ..mark(&version, Decision::Hold, record, 20) };
        version.tags.insert(&format!("{OWN_TAG_PREFIX}{DECISION}"), mark.to_value());
        version
    };
    let look = |now: i64, version: &ModelVersion| {
        let versions = std::slice::from_ref(version);
        let model = model("m", versions);
        [SeenModel { versions: seen(&model, versions, &target(), at(now)), ..whole("m", versions) }]
    };
    let first = held(60, "sha256:h");
    let cursor = Cursor::first(at(30), &look(30, &first));
    let (cursor, happened) = cursor.fold(&look(59, &first));
    assert_eq!(happened, []);
    let (after, happened) = cursor.fold(&look(61, &first));
    assert_eq!(kinds(&happened), [("decision.needed", 2)]);
    let due = &happened[0];
    assert_eq!(due.reason.as_deref(), Some("it was held until 2027-01-15 09:00 UTC, which has passed: because"));
    assert_eq!((due.actor.as_ref(), due.record.as_deref()), (None, Some("sha256:h")), "the clock has no name");
    assert_eq!(cursor.fold(&look(500, &first)).1[0].id(&home()), due.id(&home()), "whenever it is seen");
    assert_eq!(after.fold(&look(900, &first)).1, [], "once");
    // Held again until later: its own date counts.
    let second = held(120, "sha256:i");
    let (later, happened) = after.fold(&look(62, &second));
    assert_eq!(kinds(&happened), [("version.held", 2)]);
    assert_eq!(happened[0].reason.as_deref(), Some("because (until 2027-01-15 10:00 UTC)"));
    let (_, happened) = later.fold(&look(121, &second));
    assert_eq!(kinds(&happened), [("decision.needed", 2)]);
    assert_ne!(happened[0].id(&home()), due.id(&home()));
    // What was over when the watch began was in its first message.
    assert_eq!(Cursor::first(at(200), &look(200, &second)).fold(&look(201, &second)).1, []);
    let mut known = Cursor::first(at(200), &[]);
    assert_eq!(known.fold(&look(201, &second)).1, [], "and what comes into sight later is no news either");
    known.since = at(100);
    assert_eq!(kinds(&known.fold(&look(201, &second)).1), [("decision.needed", 2)]);
}

#[test]
fn what_was_decided_before_the_watch_is_no_news_when_it_comes_into_sight() {
    let mut old = version("m", 2, Stage::None, 0);
    decide(&mut old, Decision::Reject, "sha256:r", 1);
    let newest = version("m", 3, Stage::None, 2);
    let listed = |versions: &[ModelVersion]| SeenModel { whole: false, ..whole("m", versions) };
    let cursor = Cursor::first(at(5), &[listed(std::slice::from_ref(&newest))]);
    assert_eq!(cursor.fold(&[listed(&[old])]).1, [], "the newer one was deleted, and the list shows the older one");
}

#[test]
fn a_model_that_comes_back_or_gets_another_name_is_not_new() {
    let world = [whole("m", &[version("m", 1, Stage::None, 0)])];
    let cursor = Cursor::first(at(5), &world);
    let (gone, happened) = cursor.fold(&[]);
    assert_eq!((happened, gone.models[&ModelName::new("m")].gone), (vec![], true));
    assert_eq!(gone.fold(&world).1, []);
    let mut renamed = version("m", 1, Stage::None, 0);
    renamed.model = ModelName::new("n");
    assert_eq!(cursor.fold(&[whole("n", &[renamed])]).1, []);
    let again = [whole("m", &[version("m", 1, Stage::None, 9)])];
    assert_eq!(kinds(&gone.fold(&again).1), [("version.arrived", 1)], "it was deleted and made anew");
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Register(u8),
    Stage(u8, u8, u8),
    Decide(u8, u8, u8),
    Clear(u8, u8),
    Delete(u8, u8),
    Look { killed: bool },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..3_u8).prop_map(Step::Register),
        2 => (0..3_u8, any::<u8>(), 0..4_u8).prop_map(|(m, v, s)| Step::Stage(m, v, s)),
        2 => (0..3_u8, any::<u8>(), 0..4_u8).prop_map(|(m, v, d)| Step::Decide(m, v, d)),
        1 => (0..3_u8, any::<u8>()).prop_map(|(m, v)| Step::Clear(m, v)),
        1 => (0..3_u8, any::<u8>()).prop_map(|(m, v)| Step::Delete(m, v)),
        3 => any::<bool>().prop_map(|killed| Step::Look { killed }),
    ]
}

proptest! {
    /// A world in random motion; a watch that is killed between telling and remembering. What is told is told once, what
    /// waits in the end was told, and a watch that was never killed tells the same.
    #[test]
    fn nothing_is_lost_and_nothing_is_another_event_the_second_time(steps in prop::collection::vec(step(), 1..60)) {
        let mut world: BTreeMap<String, Vec<ModelVersion>> = BTreeMap::new();
        let mut next: BTreeMap<String, u64> = BTreeMap::new();
        let look = |world: &BTreeMap<String, Vec<ModelVersion>>| -> Vec<SeenModel> {
            world.iter().filter(|(_, v)| !v.is_empty()).map(|(name, versions)| whole(name, versions)).collect()
        };
        let first = Cursor::first(at(0), &[]);
        let (mut cursor, mut steady) = (first.clone(), first);
        let mut touched: BTreeSet<(String, u64)> = BTreeSet::new();
        let (mut told, mut told_steadily): (BTreeSet<EventId>, BTreeSet<EventId>) = Default::default();
        let steps = steps.into_iter().chain([Step::Look { killed: false }]);
        for (minute, step) in (1_i64..).zip(steps) {
            let name = |m: u8| format!("m{m}");
            match step {
                Step::Register(m) => {
                    let number = next.entry(name(m)).or_insert(0);
                    *number += 1;
                    world.entry(name(m)).or_default().push(version(&name(m), *number, Stage::None, minute));
                }
                Step::Stage(m, v, s) => {
                    let versions = world.entry(name(m)).or_default();
                    let stage = [Stage::None, Stage::Staging, Stage::Production, Stage::Archived][usize::from(s)].clone();
                    let index = usize::from(v) % versions.len().max(1);
                    if let Some(version) = versions.get_mut(index) {
                        version.stage = stage;
                    }
                }
                Step::Decide(m, v, d) => {
                    let versions = world.entry(name(m)).or_default();
                    let index = usize::from(v) % versions.len().max(1);
                    if let Some(version) = versions.get_mut(index) {
                        touched.insert((name(m), version.number.0));
                        let record = format!("sha256:{minute}");
                        match d {
                            0 => decide(version, Decision::Reject, &record, minute),
                            1 => decide(version, Decision::Hold, &record, minute),
                            2 => decide(version, Decision::Approve, &record, minute),
                            _ => approve(version, "kim", &record, minute),
                        }
                    }
                }
                Step::Clear(m, v) => {
                    let versions = world.entry(name(m)).or_default();
                    let index = usize::from(v) % versions.len().max(1);
                    if let Some(version) = versions.get_mut(index) {
                        touched.insert((name(m), version.number.0));
                        version.tags = Default::default();
                    }
                }
                Step::Delete(m, v) => {
                    let versions = world.entry(name(m)).or_default();
                    if !versions.is_empty() {
                        let index = usize::from(v) % versions.len();
                        versions.remove(index);
                    }
                }
                Step::Look { killed } => {
                    let seen = look(&world);
                    let (after, happened) = cursor.fold(&seen);
                    let ids: Vec<EventId> = happened.iter().map(|h| h.id(&home())).collect();
                    prop_assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "one look tells nothing twice");
                    told.extend(ids.clone());
                    let (_, again) = cursor.fold(&seen);
                    prop_assert_eq!(again.iter().map(|h| h.id(&home())).collect::<Vec<_>>(), ids);
                    prop_assert_eq!(after.fold(&seen).1, vec![]);
                    if !killed {
                        cursor = after;
                    }
                    let (after, happened) = steady.fold(&seen);
                    told_steadily.extend(happened.iter().map(|h| h.id(&home())));
                    steady = after;
                }
            }
        }
        // Whatever waits in the end and was never decided on was told, by both.
        for (name, versions) in &world {
            let model = model(name, versions);
            for waiting in all_waiting(&model, versions, &target()) {
                let version = waiting.candidate;
                if touched.contains(&(name.clone(), version.number.0)) {
                    continue;
                }
                let known = seen(&model, std::slice::from_ref(version), &target(), at(1_000));
                let arrived = Happening::of(EventKind::Arrived, &version.model, &known[0], "").id(&home());
                prop_assert!(told.contains(&arrived) && told_steadily.contains(&arrived), "{} {}", name, version.number);
            }
        }
        // Every decision in force was told, by both.
        for versions in world.values() {
            for version in versions {
                let Some(mark) = DecisionMark::on(version) else { continue };
                let kind = match mark.decision {
                    Decision::Approve => EventKind::Approved,
                    Decision::Reject => EventKind::Rejected,
                    Decision::Hold => EventKind::Held,
                    Decision::Rollback => EventKind::RolledBack,
                };
                let known = seen(&model("m", versions), std::slice::from_ref(version), &target(), at(1_000));
                let id = Happening::of(kind, &version.model, &known[0], &mark.record).id(&home());
                prop_assert!(told.contains(&id) && told_steadily.contains(&id), "{:?}", mark);
            }
        }
    }
}
