//! Random sequences of faults, deaths, undos and resumes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::FailureKind;
use signoff::domain::promotion::{Ending, Phase};

use crate::doubles::{FORBIDDEN, Fault, Point, REJECTED, UNAVAILABLE};
use crate::lab::{CANDIDATE, Lab, champion, production, world};
use crate::properties::Story;
use crate::support::rules::rules_for;

/// One session: its faults, and what the user does.
#[derive(Clone, Debug)]
struct Sitting {
    undo: bool,
    /// Faults at these calls, counted within the session.
    faults: Vec<(usize, Fault)>,
    /// Dies after this many entries.
    dies_after: Option<(usize, bool)>,
    /// New objects are invisible for this many reads.
    lag: usize,
}

fn sitting() -> impl Strategy<Value = Sitting> {
    let conflict = Fault::Refused(FailureKind::Conflict);
    let limited = Fault::Refused(FailureKind::RateLimited { until: None });
    let fault = select(vec![UNAVAILABLE, FORBIDDEN, REJECTED, conflict, limited, Fault::ReplyLost, Fault::Lost]);
    (
        prop::bool::weighted(0.2),
        vec((0..40_usize, fault), 0..6),
        prop::option::weighted(0.5, (0..16_usize, any::<bool>())),
        // A longer lag is only safe without undo; `exhaustive` covers that.
        select(vec![0, 0, 1, 3]),
    )
        .prop_map(|(undo, faults, dies_after, lag)| Sitting { undo, faults, dies_after, lag })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 250, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_faults_deaths_undos_and_resumes_breaks_the_rules(
        stage in any::<bool>(),
        trigger in select(vec![CdTrigger::Release, CdTrigger::Tag, CdTrigger::Dispatch, CdTrigger::None]),
        sittings in vec(sitting(), 1..6),
    ) {
        let mut rules = rules_for(if stage { production() } else { champion() }, trigger);
        rules.cd.wait_s = 90;
        let lab = Lab::of(world(trigger), rules);
        let before = lab.world();
        let plan = lab.plan(CANDIDATE);
        for (n, sitting) in sittings.iter().enumerate() {
            let (start, faults) = (lab.script.calls(), sitting.faults.clone());
            lab.script.on_call(move |call| {
                faults.iter().find(|(at, _)| start + at == call.n).map(|(_, fault)| *fault)
            });
            lab.script.lag(sitting.lag);
            if let Some((entries, after)) = sitting.dies_after {
                let at = lab.journals.len(plan.id) + entries;
                lab.journals.die_at(if after { Point::After(at) } else { Point::Before(at) });
            }
            // Deaths and refusals are expected errors here.
            let _ = match (n, sitting.undo) {
                (0, _) => lab.approve(&plan),
                (_, true) => lab.undo(plan.id),
                (_, false) => lab.resume(plan.id),
            };
            lab.journals.live_on();
            let (after, journal, log) = (lab.world(), lab.journals.entries(plan.id), lab.script.log());
            if journal.is_empty() {
                return Ok(());
            }
            let story = Story { before: &before, after: &after, plan: &plan, journal: &journal, log: &log };
            let state = story.check_always().map_err(TestCaseError::fail)?;
            if let Some((failure, truth)) = &state.paused {
                prop_assert!(!failure.reason.is_empty() && truth.len() == 4);
            }
        }
        lab.script.mend();
        lab.script.lag(0);
        for _ in 0..12 {
            if lab.resume(plan.id).map_err(|e| TestCaseError::fail(e.to_string()))?.is_over() {
                break;
            }
        }
        let (after, journal, log) = (lab.world(), lab.journals.entries(plan.id), lab.script.log());
        let story = Story { before: &before, after: &after, plan: &plan, journal: &journal, log: &log };
        let state = story.check_always().map_err(TestCaseError::fail)?;
        prop_assert!(state.is_over(), "{:?}", state.next());
        // If the final state could not be read, the journal says so, and it was not read repeatedly.
        let readable = state.truth.iter().all(|t| t.as_meant.is_some());
        if readable && !matches!(state.phase, Phase::Ended(Ending::Refused { .. })) {
            story.check_over().map_err(TestCaseError::fail)?;
        }
        prop_assert_eq!(lab.script.wrong(), Vec::<String>::new());
    }
}
