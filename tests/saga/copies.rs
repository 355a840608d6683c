//! Two copies of one journal: a restored home directory, or a disk that two machines share. The second sees what the
//! first one did, and together they do not release a version and take it back.

use std::future::Future;
use std::pin::pin;

use futures_util::FutureExt as _;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::Outcome;
use signoff::domain::promotion::{Ending, Entry, Event, Phase, PromotionPlan, SagaState, Step, Until};
use signoff::domain::registry::PromotionTarget;
use signoff::services::promote::Watch;

use crate::doubles::{Journals, Point};
use crate::lab::{CANDIDATE, Lab, champion, production};

/// The same reviewer at another machine, with a copy of the journal.
fn copy(lab: &Lab, plan: &PromotionPlan, journal: &[Entry]) -> Lab {
    let rules = (*lab.services.rules).clone();
    let other = Lab::wired(lab.store.clone(), lab.clock.clone(), Journals::default(), rules);
    other.journals.put(plan.id, journal);
    other
}

/// A promotion that died with so many entries on disk.
fn dead_after(target: &PromotionTarget, entries: usize) -> (Lab, PromotionPlan) {
    let lab = Lab::on(target.clone(), CdTrigger::Release);
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::After(entries - 1));
    lab.approve(&plan).unwrap_err();
    lab.journals.live_on();
    (lab, plan)
}

/// A release stands with its version in production, or neither.
fn check_whole(lab: &Lab, plan: &PromotionPlan, what: &str) -> bool {
    let world = lab.world();
    let released = world.repo.releases.iter().filter(|r| r.tag == plan.draft.tag && !r.draft).count();
    let tagged = world.repo.tags.contains_key(&plan.draft.tag);
    assert!(released == usize::from(tagged), "{what}: tagged {tagged}, {released} releases");
    assert_eq!(lab.holders() == [CANDIDATE], tagged, "{what}: {:?} in production, tagged: {tagged}", lab.holders());
    assert!(world.repo.runs.iter().filter(|r| r.tag == plan.draft.tag).count() <= 1, "{what}");
    assert_eq!(lab.script.wrong(), Vec::<String>::new(), "{what}");
    tagged
}

fn tells_of_a_copy(lab: &Lab, plan: &PromotionPlan) -> bool {
    lab.journals.entries(plan.id).iter().any(|e| matches!(e.event, Event::Found { .. }))
}

/// The number of entries of a promotion that ran to its end.
fn all_entries(target: &PromotionTarget) -> usize {
    let lab = Lab::on(target.clone(), CdTrigger::Release);
    let plan = lab.plan(CANDIDATE);
    lab.approve(&plan).unwrap();
    lab.journals.len(plan.id)
}

/// The number of entries before that of the tag's request.
fn up_to_the_tag(target: &PromotionTarget) -> usize {
    3 + 2 * Step::sequence(target, CdTrigger::Release).iter().position(|step| *step == Step::TagRef).unwrap()
}

#[test]
fn a_copy_of_what_was_finished_finishes_too_and_is_not_undone() {
    for target in [production(), champion(), PromotionTarget::Release] {
        for entries in 1..all_entries(&target) {
            for undo_first in [false, true] {
                let what = format!("{target}, copied after {entries} entries, undo: {undo_first}");
                let (first, plan) = dead_after(&target, entries);
                let journal = first.journals.entries(plan.id);
                assert_eq!(first.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done), "{what}");
                let second = copy(&first, &plan, &journal);
                if undo_first {
                    let failure = second.undo(plan.id).unwrap_err();
                    assert!(failure.reason.contains("tag exists"), "{what}: {failure}");
                }
                let state = second.resume(plan.id).unwrap();
                assert_eq!(state.phase, Phase::Ended(Ending::Done), "{what}: {:?}", state.paused);
                assert!(check_whole(&second, &plan, &what));
                // Up to the tag, the journal says who did it.
                assert!(entries >= up_to_the_tag(&target) || tells_of_a_copy(&second, &plan), "{what}");
            }
        }
    }
}

#[test]
fn a_copy_of_what_was_undone_is_undone_or_done_but_not_both() {
    for target in [production(), champion(), PromotionTarget::Release] {
        for died in 1..up_to_the_tag(&target) {
            for copied in 1..=died {
                for undo in [false, true] {
                    let what = format!("{target}, undone after {died} entries, copied after {copied}, undo: {undo}");
                    let (first, plan) = dead_after(&target, died);
                    let journal = first.journals.entries(plan.id)[..copied].to_vec();
                    first.undo(plan.id).unwrap();
                    let second = copy(&first, &plan, &journal);
                    let state = if undo { second.undo(plan.id) } else { second.resume(plan.id) }.unwrap();
                    assert!(state.is_over(), "{what}: {:?}", state.paused);
                    let tagged = check_whole(&second, &plan, &what);
                    assert_eq!(tagged, state.phase == Phase::Ended(Ending::Done), "{what}: {:?}", state.phase);
                    assert!(!(tagged && undo), "{what}");
                    // Marked in this copy, and unmarked by the other. Where no mark is written, nothing tells.
                    assert!(
                        !tagged || copied < 4 || target == PromotionTarget::Release,
                        "{what}: released after it was undone"
                    );
                }
            }
        }
    }
}

fn to_the_end<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Some(output) = future.as_mut().now_or_never() {
            return output;
        }
    }
}

/// One copy is undone while the other is resumed: the first for `head` calls, then the second for `middle`, then each to
/// its end.
fn at_once(target: &PromotionTarget, entries: usize, head: usize, middle: usize) -> (Lab, Lab, PromotionPlan) {
    let (first, plan) = dead_after(target, entries);
    let second = copy(&first, &plan, &first.journals.entries(plan.id));
    first.script.step_by_step();
    second.script.step_by_step();
    {
        let mut undo = pin!(first.promoter.undo(plan.id, "rev1", Watch::default()));
        let mut resume = pin!(second.promoter.resume(plan.id, Until::CdEnded, Watch::default()));
        let (mut undone, mut resumed) = (None::<Outcome<SagaState>>, None::<Outcome<SagaState>>);
        for (undoing, polls) in [(true, head), (false, middle), (true, 10_000), (false, 10_000)] {
            for _ in 0..polls {
                match (undoing, undone.is_none(), resumed.is_none()) {
                    (true, true, _) => undone = undo.as_mut().now_or_never(),
                    (false, _, true) => resumed = resume.as_mut().now_or_never(),
                    _ => break,
                }
            }
        }
        assert!(undone.is_some() && resumed.is_some());
    }
    (first, second, plan)
}

#[test]
fn an_undo_beside_a_resume_does_not_leave_a_release_without_its_version() {
    let mut released = 0;
    for (target, entries) in [(production(), 6), (production(), 8), (champion(), 8), (PromotionTarget::Release, 4)] {
        for head in 0..24 {
            for middle in 0..30 {
                let what = format!("{target} {entries}: {head} calls of the undo, then {middle} of the resume");
                let (first, second, plan) = at_once(&target, entries, head, middle);
                let world = first.world();
                let tagged = world.repo.tags.contains_key(&plan.draft.tag);
                released += usize::from(tagged);
                if tagged && first.holders() != [CANDIDATE] {
                    // Caught in the act: the undo says so, and resuming repairs it.
                    let (failure, _) = first.state(plan.id).paused.clone().unwrap_or_else(|| panic!("{what}"));
                    assert!(failure.reason.contains("its tag exists"), "{what}: {failure}");
                }
                for lab in [&first, &second] {
                    if !lab.state(plan.id).is_over() {
                        to_the_end(lab.promoter.resume(plan.id, Until::CdEnded, Watch::default())).unwrap();
                    }
                }
                check_whole(&first, &plan, &what);
            }
        }
    }
    assert!(released > 100, "{released}");
}
