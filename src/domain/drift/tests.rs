#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::domain::artifact::FileFacts;
use crate::domain::commit::{ReleaseAsset, ReleaseState, TagState};
use crate::domain::facts::{RunFacts, Standing};
use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::identity::{Home, Identity};
use crate::domain::ids::ModelName;
use crate::domain::promotion::samples;
use crate::domain::record::seal::sha256;
use crate::domain::record::{ASSET, Sealed, text};
use crate::domain::registry::{PromotionTarget, Stage};
use crate::domain::run::{MetricPoint, Run};

const STAGE: fn() -> PromotionTarget = || PromotionTarget::Stage(Stage::Production);
const ALIAS: fn() -> PromotionTarget = || PromotionTarget::Alias("champion".to_owned());

/// A sign-off with everything that a record can carry.
fn signed(to: PromotionTarget) -> Sealed {
    let mut draft = samples::draft();
    draft.decision.promote_to = to;
    draft.decision.facts.version.aliases = vec!["blue".to_owned(), "challenger".to_owned()];
    let file =
        |path: &str, size| FileFacts { path: path.to_owned(), size: Some(size), digest: Some(sha256(path.as_bytes())) };
    draft.decision.basis.artifact.tree = vec![file("MLmodel", 900), file("data/model.pkl", 5_000)];
    let at = samples::now();
    draft.sign(samples::id(1), at, &crate::domain::record::SignOff::because("fine")).unwrap().record
}

/// The world as signoff left it.
fn left(signed: &Sealed) -> Now {
    let facts = samples::facts();
    let mut version = facts.version.clone();
    version.tags.insert("signoff.promotion", "released");
    version.tags.insert("signoff.decision", "{}");
    version.aliases = vec!["blue".to_owned(), "challenger".to_owned()];
    let change = signed.record.change.as_ref().unwrap();
    match &change.to {
        PromotionTarget::Stage(stage) => version.stage = stage.clone(),
        PromotionTarget::Alias(alias) => version.aliases.push(alias.clone()),
        PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {}
    }
    // As a transition does.
    version.updated_at = Some(samples::now() + SignedDuration::from_mins(1));
    let number = version.number;
    let aliases = version.aliases.iter().map(|alias| (alias.clone(), number)).collect();
    let message = text::tag_message(signed);
    let tag = TagState {
        name: change.tag.clone(),
        commit: change.commit.to_string(),
        object: Some("1".repeat(40)),
        message_digest: Some(sha256(message.as_bytes())),
        message: Some(message),
    };
    let bytes = signed.to_bytes();
    let asset = ReleaseAsset {
        id: 1,
        name: ASSET.to_owned(),
        size: bytes.len() as u64,
        digest: Some(sha256(&bytes)),
        complete: true,
        uploader: Some("rev1".to_owned()),
        uploader_id: Some(7),
        created_at: Some(samples::now()),
    };
    let release = ReleaseState {
        id: 1,
        tag: change.tag.to_string(),
        draft: false,
        body: String::new(),
        author: Some("rev1".to_owned()),
        author_id: Some(7),
        published_at: None,
        assets: vec![asset],
        upload_url: None,
        web_url: String::new(),
    };
    let root = vec![("MLmodel".to_owned(), Some(900))];
    let data = vec![("data/model.pkl".to_owned(), Some(5_000))];
    Now {
        version: VersionNow::There(Box::new(Standing { version, run: facts.run, logged: None })),
        holders: vec![number],
        under_way: None,
        aliases: Some(aliases),
        files: FilesNow {
            folders: [(String::new(), root), ("data".to_owned(), data)].into_iter().collect(),
            complete: true,
            digests: BTreeMap::new(),
            unread: None,
        },
        release: ReleaseNow { tag: Some(Some(tag)), release: Some(Some(release)), record: None, unread: None },
    }
}

fn standing(now: &mut Now) -> &mut Standing {
    match &mut now.version {
        VersionNow::There(standing) | VersionNow::Renamed(standing, _) => standing,
        other => panic!("{other:?}"),
    }
}

fn run(now: &mut Now) -> &mut Run {
    match &mut standing(now).run {
        RunFacts::Known(run) => run,
        other => panic!("{other:?}"),
    }
}

fn point(value: f64, at: Option<Timestamp>) -> MetricPoint {
    MetricPoint { value: MetricValue(value), step: 9, at }
}

/// One edit of the world, the kind that it is, and the name that the finding must have.
type Edit = (Kind, &'static str, fn(&mut Now));

const EDITS: [Edit; 31] = [
    (Kind::Metric, "auc", |n| run(n).metrics.insert("auc", point(0.95, None))),
    (Kind::Metric, "auc", |n| run(n).metrics.retain(|k| k != "auc")),
    (Kind::Metric, "extra", |n| run(n).metrics.insert("extra", point(1.0, None))),
    (Kind::Param, "depth", |n| run(n).params.insert("depth", "9")),
    (Kind::Param, "new", |n| run(n).params.insert("new", "9")),
    (Kind::Param, "depth", |n| run(n).params.retain(|k| k != "depth")),
    (Kind::RunTag, "team", |n| run(n).tags.insert("team", "x")),
    (Kind::RunTag, "mlflow.source.git.commit", |n| run(n).tags.insert("mlflow.source.git.commit", "x")),
    (Kind::VersionTag, "team", |n| standing(n).version.tags.insert("team", "fraud")),
    (Kind::VersionTag, "qa", |n| standing(n).version.tags.insert("qa", "")),
    (Kind::VersionTag, "team", |n| standing(n).version.tags.retain(|k| k != "team")),
    (Kind::Description, "", |n| standing(n).version.description = "Another.".to_owned()),
    (Kind::Description, "", |n| standing(n).version.description.clear()),
    (Kind::Artifact, "MLmodel", |n| n.files.folders.get_mut("").unwrap()[0].1 = Some(901)),
    (Kind::Artifact, "data/model.pkl", |n| n.files.folders.get_mut("data").unwrap().clear()),
    (Kind::Artifact, "data/model.pkl", |n| {
        n.files.folders.remove("data");
    }),
    (Kind::Artifact, "evil.py", |n| n.files.folders.get_mut("").unwrap().push(("evil.py".to_owned(), Some(3)))),
    (Kind::Artifact, "data/model.pkl", |n| {
        n.files.digests = [("data/model.pkl".to_owned(), sha256(b"other"))].into_iter().collect();
    }),
    (Kind::RunDeleted, "run42", |n| run(n).deleted = true),
    (Kind::Alias, "blue", |n| {
        n.aliases.as_mut().unwrap().insert("blue".to_owned(), VersionNumber(41));
    }),
    (Kind::Alias, "blue", |n| {
        n.aliases.as_mut().unwrap().remove("blue");
    }),
    (Kind::VersionDeleted, "v42", |n| n.version = VersionNow::Deleted { model: false }),
    (Kind::VersionDeleted, "v42", |n| n.version = VersionNow::Deleted { model: true }),
    (Kind::ModelRenamed, "telco-churn", |n| {
        n.version = VersionNow::Renamed(Box::new(standing(n).clone()), ModelName::new("churn"));
    }),
    (Kind::ModelRecreated, "telco-churn", |n| {
        n.version = VersionNow::Another { registered_at: None, what: "registered later".to_owned() };
    }),
    (Kind::GitTag, "telco-churn-v42", |n| n.release.tag = Some(None)),
    (Kind::GitTag, "telco-churn-v42", |n| n.release.tag.as_mut().unwrap().as_mut().unwrap().commit = "4".repeat(40)),
    (Kind::GitTag, "telco-churn-v42", |n| {
        n.release.tag.as_mut().unwrap().as_mut().unwrap().message_digest = Some(sha256(b"other"));
    }),
    (Kind::Release, "telco-churn-v42", |n| n.release.release = Some(None)),
    (Kind::ReleaseAsset, ASSET, |n| {
        n.release.release.as_mut().unwrap().as_mut().unwrap().assets[0].digest = Some(sha256(b"other"));
    }),
    (Kind::ReleaseAsset, ASSET, |n| n.release.release.as_mut().unwrap().as_mut().unwrap().assets.clear()),
];

fn kinds(told: &Told) -> Vec<(Kind, &str)> {
    told.findings.iter().map(|f| (f.kind, f.what.as_str())).collect()
}

#[test]
fn an_unchanged_world_has_no_drift_and_nothing_is_in_doubt() {
    for to in [STAGE(), ALIAS()] {
        let signed = signed(to);
        assert_eq!(compare(&signed, &left(&signed), &Ignored::default()), Told::default());
    }
}

#[test]
fn each_single_edit_is_exactly_its_kind_and_says_old_and_new() {
    for to in [STAGE(), ALIAS()] {
        let signed = signed(to);
        for (at, (kind, what, edit)) in EDITS.iter().enumerate() {
            let mut now = left(&signed);
            edit(&mut now);
            let told = compare(&signed, &now, &Ignored::default());
            assert_eq!(kinds(&told), [(*kind, *what)], "edit {at}: {told:?}");
            let finding = &told.findings[0];
            assert!(finding.old != finding.new, "edit {at}: {finding:?}");
            assert_eq!(told.unknown, Vec::<String>::new(), "edit {at}");
        }
    }
}

#[test]
fn a_version_that_was_moved_by_hand_is_said_by_stage_or_alias() {
    let stage = signed(STAGE());
    let mut now = left(&stage);
    standing(&mut now).version.stage = Stage::Archived;
    now.holders = vec![VersionNumber(39)];
    let told = compare(&stage, &now, &Ignored::default());
    assert_eq!(kinds(&told), [(Kind::Stage, "Production")]);
    let finding = &told.findings[0];
    assert_eq!(finding.since, standing(&mut now).version.updated_at);
    assert_eq!(finding.reason, "v42 was put into Production, and is in Archived now; v39 is there instead");

    let mut now = left(&stage);
    now.holders = vec![VersionNumber(39), VersionNumber(42)];
    assert_eq!(kinds(&compare(&stage, &now, &Ignored::default())), [(Kind::Stage, "Production")]);

    let alias = signed(ALIAS());
    for (holders, new) in [(vec![], None), (vec![VersionNumber(41)], Some(Value::Version(VersionNumber(41))))] {
        let mut now = left(&alias);
        now.holders = holders;
        let told = compare(&alias, &now, &Ignored::default());
        assert_eq!(kinds(&told), [(Kind::Alias, "champion")]);
        assert_eq!(told.findings[0].new, new);
    }
}

#[test]
fn what_signoff_itself_is_doing_is_no_drift() {
    let signed = signed(STAGE());
    let mut now = left(&signed);
    standing(&mut now).version.stage = Stage::Archived;
    now.holders = vec![VersionNumber(43)];
    now.under_way = Some(VersionNumber(43));
    let told = compare(&signed, &now, &Ignored::default());
    assert_eq!(told.findings, []);
    assert_eq!(told.unknown, ["a promotion of v43 is under way"]);
}

#[test]
fn an_alias_that_follows_the_newest_candidate_is_no_drift_and_a_tag_may_be_left_out() {
    let signed = signed(STAGE());
    let mut now = left(&signed);
    now.aliases.as_mut().unwrap().insert("challenger".to_owned(), VersionNumber(43));
    standing(&mut now).version.tags.insert("cd.deployed_at", "noon");
    let ignored = Ignored { tags: vec!["cd.*".to_owned()], ..Ignored::default() };
    assert_eq!(compare(&signed, &now, &ignored), Told::default());
}

#[test]
fn what_an_older_record_does_not_carry_cannot_be_told_and_is_no_drift() {
    let mut record = signed(STAGE()).record;
    record.observed = None;
    record.artifact.tree.clear();
    let older = Sealed::new(record);
    for (at, (kind, _, edit)) in EDITS.iter().enumerate() {
        let mut now = left(&older);
        edit(&mut now);
        let told = compare(&older, &now, &Ignored::default());
        let kept = !matches!(
            kind,
            Kind::Param | Kind::RunTag | Kind::VersionTag | Kind::Description | Kind::Artifact | Kind::Alias
        );
        let found: Vec<Kind> = told.findings.iter().map(|f| f.kind).collect();
        assert_eq!(found, if kept { vec![*kind] } else { vec![] }, "edit {at}");
        assert!(now.version.standing().is_none() || told.unknown.len() == 1, "edit {at}: {told:?}");
    }
}

#[test]
fn what_cannot_be_read_now_is_no_drift() {
    let down = || Failure::new(FailureKind::Unavailable, Service::Mlflow, "read it", "the server is down");
    let signed = signed(STAGE());
    let edits: [fn(&mut Now, Failure); 4] = [
        |n, f| n.version = VersionNow::Unread(f),
        |n, f| standing(n).run = RunFacts::Unreadable(f.into()),
        |n, f| n.files = FilesNow { unread: Some(f), ..FilesNow::default() },
        |n, f| n.release = ReleaseNow { unread: Some(f), ..ReleaseNow::default() },
    ];
    for edit in edits {
        let mut now = left(&signed);
        edit(&mut now, down());
        let told = compare(&signed, &now, &Ignored::default());
        assert_eq!(told.findings, []);
        assert!(told.unknown[0].contains("the server is down"), "{told:?}");
    }
}

#[test]
fn a_folder_that_was_not_listed_says_nothing_of_its_files() {
    let signed = signed(STAGE());
    let mut now = left(&signed);
    now.files.complete = false;
    now.files.folders.remove("data");
    assert_eq!(compare(&signed, &now, &Ignored::default()), Told::default());
}

#[test]
fn the_time_of_a_change_is_said_only_if_it_is_later_than_the_sign_off() {
    let signed = signed(STAGE());
    let later = samples::now() + SignedDuration::from_hours(1);
    for (at, since) in [(later, Some(later)), (samples::now() - SignedDuration::from_hours(1), None)] {
        let mut now = left(&signed);
        run(&mut now).metrics.insert("auc", point(0.95, Some(at)));
        assert_eq!(compare(&signed, &now, &Ignored::default()).findings[0].since, since);
    }
}

#[test]
fn a_version_is_found_again_under_another_name_and_told_from_one_made_anew() {
    let signed = signed(STAGE());
    let (record, home) = (&signed.record, Home { registry: signed.record.model.registry.clone(), workspace: None });
    let then = Identity::from(&record.model);
    let there = left(&signed).version.standing().unwrap().clone();
    let of = |version, renamed| VersionNow::of(&then, &home, version, None, renamed);
    assert!(matches!(of(Some(there.clone()), None), VersionNow::There(_)));
    assert!(matches!(of(None, None), VersionNow::Deleted { model: true }));
    let mut anew = there.clone();
    anew.version.created_at = Some(samples::now());
    assert!(matches!(of(Some(anew), None), VersionNow::Another { .. }));
    let mut renamed = there;
    renamed.version.model = ModelName::new("churn");
    assert!(matches!(of(None, Some(renamed)), VersionNow::Renamed(_, name) if name.as_str() == "churn"));
}

#[test]
fn json_has_the_names_that_are_fixed() {
    let mut now = left(&signed(STAGE()));
    run(&mut now).metrics.insert("auc", point(0.95, None));
    let told = compare(&signed(STAGE()), &now, &Ignored::default());
    let json = serde_json::to_value(&told.findings).unwrap();
    assert_eq!(
        json,
        serde_json::json!([{"kind": "metric", "what": "auc", "old": 0.914, "new": 0.95, "since": null, "by": null,
            "reason": "the metric auc was 0.914 when it was signed, and is 0.95"}])
    );
    for kind in Kind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
    }
}

proptest! {
    /// Any set of edits of what can be edited independently is found whole, and nothing else.
    #[test]
    fn any_edits_together_are_found_and_nothing_else(chosen in 0_u32..1 << 20) {
        let signed = signed(STAGE());
        let mut now = left(&signed);
        let mut expected = BTreeSet::new();
        // The first of each name, up to the aliases.
        for (at, (kind, what, edit)) in EDITS.iter().take(20).enumerate() {
            if chosen & 1 << at != 0 && expected.insert((*kind, *what)) {
                edit(&mut now);
            }
        }
        let told = compare(&signed, &now, &Ignored::default());
        let found: BTreeSet<(Kind, &str)> = kinds(&told).into_iter().collect();
        prop_assert_eq!(found.len(), told.findings.len());
        // Listing a folder again after it was removed shows its files as they are.
        prop_assert_eq!(found, expected);
    }
}
