//! The same on the real journal: what is on disk is enough to go on from.

use std::fs;
use std::sync::Arc;

use signoff::adapters::demo::Store;
use signoff::adapters::journal::JournalDir;
use signoff::domain::cd::CdTrigger;
use signoff::domain::promotion::{Ending, Phase, PromotionPlan, fold};
use signoff::failure::Service;
use signoff::ports::JournalStore as _;
use signoff::promoter::{Until, Watch};

use crate::doubles::{Fault, Journals};
use crate::lab::{CANDIDATE, Lab, NOW, champion, world};
use crate::properties::Story;
use crate::support::clock::ManualClock;
use crate::support::rules::rules_for;

fn lab(dir: &JournalDir) -> Lab {
    let rules = rules_for(champion(), CdTrigger::Dispatch);
    let (store, clock) = (Store::memory(world(CdTrigger::Dispatch)), Arc::new(ManualClock::at(NOW)));
    Lab::keeping(store, clock, Journals::default(), Arc::new(dir.clone()), rules)
}

async fn plan(lab: &Lab) -> PromotionPlan {
    let model = signoff::domain::ids::ModelName::new(crate::lab::CHURN);
    let preflight = lab.promoter.preflight(&model, CANDIDATE).await.unwrap();
    let clock = &lab.services.clock;
    lab.script.forget();
    preflight.draft.unwrap().sign(clock.new_id(), clock.now(), "looks right").unwrap()
}

#[tokio::test]
async fn a_journal_torn_after_any_line_or_within_it_is_enough_to_finish() {
    let whole = tempfile::tempdir().unwrap();
    let dir = JournalDir::new(whole.path());
    let first = lab(&dir);
    let signed = plan(&first).await;
    // One step in doubt, so that there is something to look up.
    first.script.fail_first("create_tag_ref", Fault::ReplyLost);
    let state = first.promoter.approve(signed.clone(), Until::CdEnded, Watch::default()).await.unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let bytes = fs::read(dir.path(signed.id)).unwrap();
    let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(n, _)| n + 1).collect();
    assert!(ends.len() > 20);
    for (n, end) in ends.iter().enumerate() {
        // The whole line, and half of the next one behind it.
        for torn in [0, 7] {
            let cut = (end + torn).min(bytes.len());
            let state_dir = tempfile::tempdir().unwrap();
            let dir = JournalDir::new(state_dir.path());
            let again = lab(&dir);
            fs::create_dir_all(dir.path(signed.id).parent().unwrap()).unwrap();
            fs::write(dir.path(signed.id), &bytes[..cut]).unwrap();
            let before = again.world();
            // The world as it was when that line was written is the `exhaustive` test's; here it is fresh, so
            // only promotions that had written nothing yet, or had ended, fit to it.
            let state = again.promoter.resume(signed.id, Until::CdEnded, Watch::default()).await.unwrap();
            let journal = dir.read(signed.id).await.unwrap();
            fold(&journal).unwrap();
            if n < 2 {
                assert_eq!(state.phase, Phase::Ended(Ending::Done));
                let (after, log) = (again.world(), again.script.log());
                let story = Story { before: &before, after: &after, plan: &signed, journal: &journal, log: &log };
                story.check_over().unwrap();
            } else {
                assert!(state.is_over() || state.paused.is_some(), "line {n}: {:?}", state.phase);
            }
        }
    }
}

#[tokio::test]
async fn killed_at_any_call_it_is_finished_by_another_process() {
    for at in 0.. {
        let state_dir = tempfile::tempdir().unwrap();
        let dir = JournalDir::new(state_dir.path());
        let lab = lab(&dir);
        let before = lab.world();
        let plan = plan(&lab).await;
        // The call never comes back, and the process dies over it: the future is dropped.
        let (reached, wait) = tokio::sync::oneshot::channel::<()>();
        let mut reached = Some(reached);
        lab.script.before_call(move |call| {
            if call.n == at {
                drop(reached.take().map(|r| r.send(())));
            }
        });
        lab.script.step_by_step();
        let ended = tokio::select! {
            biased;
            state = lab.promoter.approve(plan.clone(), Until::CdEnded, Watch::default()) => Some(state.unwrap()),
            _ = wait => None,
        };
        lab.script.mend();
        if let Some(state) = ended.filter(|s| s.is_over() && lab.script.calls() <= at) {
            assert_eq!(state.phase, Phase::Ended(Ending::Done));
            assert!(at > 30);
            return;
        }
        let state = lab.promoter.resume(plan.id, Until::CdEnded, Watch::default()).await.unwrap();
        assert_eq!(state.phase, Phase::Ended(Ending::Done), "killed at call {at}");
        let (after, log, journal) = (lab.world(), lab.script.log(), dir.read(plan.id).await.unwrap());
        let story = Story { before: &before, after: &after, plan: &plan, journal: &journal, log: &log };
        story.check_over().unwrap_or_else(|e| panic!("killed at call {at}: {e}"));
    }
}

#[tokio::test]
async fn a_disk_that_is_full_stops_it_before_the_first_write() {
    // A file where the directory should be: nothing can be created below it.
    let state_dir = tempfile::tempdir().unwrap();
    fs::write(state_dir.path().join("promotions"), "in the way").unwrap();
    let dir = JournalDir::new(state_dir.path());
    let lab = lab(&dir);
    let plan = {
        // The preflight lists journals, and blocks for the same reason; the plan is made without it.
        let elsewhere = tempfile::tempdir().unwrap();
        plan(&self::lab(&JournalDir::new(elsewhere.path()))).await
    };
    let failure = lab.promoter.approve(plan, Until::CdEnded, Watch::default()).await.unwrap_err();
    assert_eq!(failure.service, Service::Journal);
    assert!(lab.script.log().iter().all(|c| c.entry.is_none()));
}
