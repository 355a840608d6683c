//! Two reviewers at two machines, concurrently.

use std::pin::pin;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::Outcome;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::promotion::Until;
use signoff::domain::promotion::plan::{MARK, live_promotion};
use signoff::domain::promotion::{Ending, Phase, PromotionPlan, SagaState};
use signoff::domain::registry::{OWN_TAG_PREFIX, PromotionTarget};
use signoff::services::promote::Watch;

use crate::doubles::Call;
use crate::lab::{CANDIDATE, CHURN, Lab, champion, now, production};

/// The other candidate.
const RIVAL: VersionNumber = VersionNumber(41);

/// How both promotions ended, and the resulting world.
struct Outcomes {
    first: (PromotionPlan, SagaState),
    second: (PromotionPlan, SagaState),
    lab: Lab,
}

/// Runs the first for `head` calls, then the second for `middle`, then the first to its end, then the second.
fn interleave(target: &PromotionTarget, versions: [VersionNumber; 2], head: usize, middle: usize) -> Outcomes {
    let first = Lab::on(target.clone(), CdTrigger::Release);
    let second = first.colleague();
    // Both reviewed the same world, before either one acted.
    let plans = [first.plan(versions[0]), second.plan(versions[1])];
    first.script.step_by_step();
    second.script.step_by_step();
    let states = {
        let mut a = pin!(first.promoter.approve(plans[0].clone(), Until::CdEnded, Watch::default()));
        let mut b = pin!(second.promoter.approve(plans[1].clone(), Until::CdEnded, Watch::default()));
        let (mut done_a, mut done_b) = (None::<Outcome<SagaState>>, None::<Outcome<SagaState>>);
        // One poll runs up to the next call.
        let mut advance = |a_turn: bool, polls: usize| {
            for _ in 0..polls {
                match (a_turn, done_a.is_none(), done_b.is_none()) {
                    (true, true, _) => done_a = a.as_mut().now_or_never(),
                    (false, _, true) => done_b = b.as_mut().now_or_never(),
                    _ => return,
                }
            }
        };
        advance(true, head);
        advance(false, middle);
        advance(true, 10_000);
        advance(false, 10_000);
        [done_a.expect("the first came to an end"), done_b.expect("the second came to an end")]
    };
    let [a, b] = states.map(|s| s.unwrap());
    let [p, q] = plans;
    assert_eq!((first.script.wrong(), second.script.wrong()), (vec![], vec![]));
    Outcomes { first: (p, a), second: (q, b), lab: first }
}

fn is_done(state: &SagaState) -> bool {
    state.phase == Phase::Ended(Ending::Done)
}

fn truth_is_as_meant(state: &SagaState) -> bool {
    state.truth.iter().all(|t| t.as_meant == Some(true))
}

/// Slightly more calls than a promotion makes until it looks for CD.
const CALLS: usize = 36;

/// Orders of two switches: every `step`th for the stage, some for the alias.
fn orders(step: usize) -> impl Iterator<Item = (PromotionTarget, usize, usize)> {
    let grid = |target: PromotionTarget, step: usize| {
        (0..CALLS)
            .flat_map(move |head| (head % step..CALLS).step_by(step).map(move |middle| (head, middle)))
            .map(move |(head, middle)| (target.clone(), head, middle))
    };
    grid(production(), step).chain(grid(champion(), 7)).chain(grid(PromotionTarget::Release, 5))
}

#[test]
fn two_approvals_of_one_version_make_one_release_whatever_the_order() {
    for (target, head, middle) in orders(1) {
        let outcomes = interleave(&target, [CANDIDATE, CANDIDATE], head, middle);
        check_one_release(&outcomes, &format!("{target}, {head} calls, then {middle}"));
    }
}

fn check_one_release(outcomes: &Outcomes, order: &str) {
    let Outcomes { first: (plan, a), second: (_, b), lab } = outcomes;
    let world = lab.world();
    let tag = &plan.draft.tag;
    let releases = world.repo.releases.iter().filter(|r| r.tag == *tag).count();
    assert_eq!(releases, 1, "{order}: {:?} and {:?}", a.phase, b.phase);
    assert!(world.repo.tags.contains_key(tag));
    let (winner, loser) = match (is_done(a), is_done(b)) {
        (true, false) => (&outcomes.first, &outcomes.second),
        (false, true) => (&outcomes.second, &outcomes.first),
        _ => panic!("{order}: {:?} and {:?}", a.phase, b.phase),
    };
    assert_eq!(lab.holders(), [CANDIDATE], "{order}: the winner's version stays in production");
    match &loser.1.phase {
        Phase::Ended(Ending::Superseded { .. } | Ending::Undone { .. } | Ending::Refused { .. }) => {}
        other => panic!("{order}: the loser is {other:?}"),
    }
    let version = world.version(&ModelName::new(CHURN), CANDIDATE).unwrap();
    let mark = version.tags.get(&format!("{OWN_TAG_PREFIX}{MARK}")).cloned();
    let said = (!plan.draft.promote_to.spares_registry()).then(|| winner.0.mark_released());
    assert_eq!(mark, said, "{order}: the version says who released it");
    assert!(truth_is_as_meant(&winner.1), "{order}: {:?}", winner.1.truth);
}

#[test]
fn two_approvals_of_two_versions_never_leave_both_in_production_or_a_silent_loser() {
    for (target, head, middle) in orders(2) {
        let outcomes = interleave(&target, [CANDIDATE, RIVAL], head, middle);
        check_two_versions(&outcomes, &format!("{target}, {head} calls, then {middle}"));
    }
}

fn check_two_versions(outcomes: &Outcomes, order: &str) {
    let Outcomes { first: (p, a), second: (q, b), lab } = outcomes;
    let world = lab.world();
    let held = lab.holders();
    assert!(held.len() == 1, "{order}: {held:?} in production");
    for (plan, state) in [(p, a), (q, b)] {
        let released = world.repo.releases.iter().any(|r| r.tag == plan.draft.tag && !r.draft);
        let tagged = world.repo.tags.contains_key(&plan.draft.tag);
        assert_eq!(released, is_done(state), "{order}: {:?}", state.phase);
        assert_eq!(tagged, is_done(state), "{order}: {:?}", state.phase);
        let version = world.version(&ModelName::new(CHURN), plan.draft.version()).unwrap();
        let mark = version.tags.get(&format!("{OWN_TAG_PREFIX}{MARK}")).map(String::as_str);
        assert!(mark.and_then(live_promotion).is_none(), "{order}: {mark:?} was left behind");
    }
    if is_done(a) && is_done(b) {
        // No server has a compare-and-set: one reviewer can release between the other's check and its move. Then both
        // are released, one after the other, and the one whose version was replaced before its end reports that.
        let (winner, loser) = if held == [p.draft.version()] { (a, b) } else { (b, a) };
        assert!(truth_is_as_meant(winner), "{order}: {:?}", winner.truth);
        let replaced_at_once = loser.updated_at >= winner.opened_at && !truth_is_as_meant(loser);
        let replaced_later = loser.updated_at <= winner.updated_at;
        assert!(replaced_at_once || replaced_later, "{order}: {:?}", loser.truth);
    }
}

#[test]
fn a_whole_approval_between_any_two_calls_of_another_is_noticed() {
    for number in [CANDIDATE, RIVAL] {
        let mut at = 0;
        loop {
            let first = Lab::new();
            let second = first.colleague();
            let plan = first.plan(CANDIDATE);
            let rival = second.plan(number);
            let ended = Arc::new(Mutex::new(None));
            let keep = Arc::clone(&ended);
            let rival_plan = rival.clone();
            first.script.before_call(move |call: Call| {
                if call.n == at {
                    let approve = second.promoter.approve(rival_plan.clone(), Until::CdEnded, Watch::default());
                    *keep.lock().unwrap() = Some(now(approve).unwrap());
                }
            });
            let a = first.approve(&plan).unwrap();
            let Some(b) = ended.lock().unwrap().take() else { break };
            let outcomes = Outcomes { first: (plan, a), second: (rival, b), lab: first };
            let order = format!("{number} approved at call {at} of the other");
            if number == CANDIDATE {
                check_one_release(&outcomes, &order);
            } else {
                check_two_versions(&outcomes, &order);
            }
            at += 1;
        }
        assert!(at > 30, "a promotion makes more than {at} calls");
    }
}
