//! A tag that was left behind: cut, never released, its journal lost with the machine.

use std::time::Duration;

use signoff::domain::ids::{ModelName, PromotionId};
use signoff::domain::preflight::{CheckState, Preflight};
use signoff::domain::promotion::{Ending, Phase, PromotionPlan};
use signoff::domain::record::Decision;
use signoff::services::{audit, prepare};

use crate::doubles::{Journals, Point};
use crate::lab::{CANDIDATE, CHURN, Lab, now};
use crate::support::rules::rules;

/// A machine that died between tag and release.
fn lost() -> (Lab, PromotionPlan) {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    // Opened, verified, and both entries of mark, move, tag object and tag.
    lab.journals.die_at(Point::Before(10));
    lab.approve(&plan).unwrap_err();
    let world = lab.world();
    assert!(world.repo.tags.contains_key(&plan.draft.tag));
    assert!(world.repo.releases.iter().all(|r| r.tag != plan.draft.tag));
    (lab, plan)
}

/// The same reviewer at another machine.
fn elsewhere(lab: &Lab) -> Lab {
    Lab::wired(lab.store.clone(), lab.clock.clone(), Journals::default(), rules())
}

fn preflight(lab: &Lab) -> Preflight {
    now(prepare::promotion(&lab.services, &ModelName::new(CHURN), CANDIDATE, Decision::Approve)).unwrap()
}

#[track_caller]
fn tag_check(found: &Preflight, state: CheckState, says: &str) {
    let check = found.checks.iter().find(|c| c.title == "tag").unwrap();
    assert_eq!(check.state, state, "{check:?}");
    assert!(check.detail.contains(says), "{check:?}");
    assert!(check.hint.is_some(), "what to do about it? {check:?}");
}

fn later(lab: &Lab) {
    lab.clock.advance(Duration::from_secs(31 * 60));
}

#[test]
fn a_tag_left_behind_is_superseded_by_a_new_decision_and_stays_as_it_is() {
    let (lost, old) = lost();
    let lab = elsewhere(&lost);
    tag_check(&preflight(&lab), CheckState::Block, "a moment ago");
    later(&lab);
    let found = preflight(&lab);
    tag_check(&found, CheckState::Warn, &format!("cut by promotion {}", old.id));
    assert!(found.may_confirm(), "{:?}", found.blocking().collect::<Vec<_>>());
    let before = lab.world().repo.tags[&old.draft.tag].clone();
    let plan = lab.plan(CANDIDATE);
    assert_eq!((plan.draft.tag.as_str(), plan.draft.supersedes), ("telco-churn-v42-r2", Some(old.id)));
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done), "{state:?}");
    let world = lab.world();
    assert_eq!(world.repo.tags[&old.draft.tag], before);
    assert_eq!(world.repo.releases.iter().filter(|r| r.tag == plan.draft.tag && !r.draft).count(), 1);
    assert_eq!(lab.holders(), [CANDIDATE]);
    let verified = now(audit::verify::verify(&lab.services, &plan.draft.tag, None)).unwrap();
    assert!(verified.holds(), "{:?}", verified.lines.iter().filter(|l| l.state.refuses()).collect::<Vec<_>>());
}

#[test]
fn on_the_machine_that_has_the_journal_it_is_to_be_finished() {
    let (lab, old) = lost();
    later(&lab);
    tag_check(&preflight(&lab), CheckState::Block, &format!("promotion {} of this machine", old.id));
    assert_eq!(lab.resume(old.id).unwrap().phase, Phase::Ended(Ending::Done));
}

#[test]
fn a_tag_that_proves_nothing_is_named_and_left_alone() {
    type Change = fn(&mut String);
    let changes: [(&str, Change); 5] = [
        ("names no promotion", |m| *m = m.replace("Signoff-Operation", "Something")),
        ("names no record", |m| *m = m.replace("Signoff-Record", "Something")),
        ("the tag of telco-churn v41", |m| *m = m.replace("Signoff-Version: 42", "Signoff-Version: 41")),
        ("the tag of other v42", |m| *m = m.replace("Signoff-Model: telco-churn", "Signoff-Model: other")),
        ("a version in http://elsewhere", |m| {
            *m = m
                .lines()
                .map(|l| match l.strip_prefix("Signoff-Registry: ") {
                    Some(_) => "Signoff-Registry: http://elsewhere\n".to_owned(),
                    None => format!("{l}\n"),
                })
                .collect();
        }),
    ];
    for (says, change) in changes {
        let (lost, old) = lost();
        lost.meddle(|w, _| {
            let object = w.repo.tags[&old.draft.tag].clone();
            change(&mut w.repo.tag_objects.get_mut(&object).unwrap().message);
        });
        let lab = elsewhere(&lost);
        later(&lab);
        let found = preflight(&lab);
        tag_check(&found, CheckState::Block, says);
        assert!(!found.may_confirm());
    }
}

#[test]
fn another_commit_under_the_same_name_is_no_proof() {
    let (lost, old) = lost();
    lost.meddle(|w, _| {
        let object = w.repo.tags[&old.draft.tag].clone();
        let other = w.repo.commits.keys().find(|c| *c != old.commit()).unwrap().clone();
        w.repo.tag_objects.get_mut(&object).unwrap().commit = other;
    });
    let lab = elsewhere(&lost);
    later(&lab);
    tag_check(&preflight(&lab), CheckState::Block, "at another commit");
}

#[test]
fn a_mark_without_a_tag_of_its_promotion_still_blocks() {
    let lab = Lab::new();
    let stranger: PromotionId = "01a207a2-0000-7000-8000-00000000dead".parse().unwrap();
    lab.meddle(|w, _| {
        w.set_version_tag(
            &ModelName::new(CHURN),
            CANDIDATE,
            "signoff.promotion",
            &format!("promoting {stranger} by rev9"),
        )
        .unwrap();
    });
    assert!(!preflight(&lab).may_confirm());
}
