//! A death at every point of a promotion, and a fault at every call, one after the other.
//!
//! Two families cover every pair. In the first the fault comes first: the promotion runs with it, and the world is
//! saved at every later point and resumed from there, as if the process had died. In the second the death comes first:
//! the promotion dies at every point, and the fault hits every call of the resumed one. A death can come before and
//! after each journal append and before each call; points with only reads between them count as one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use signoff::adapters::databricks::Registry;
use signoff::adapters::demo::{Store, World};
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::Service;
use signoff::domain::promotion::{Ending, Entry, Phase, PromotionPlan};
use signoff::domain::registry::PromotionTarget;
use signoff::domain::rules::Rules;

use crate::databricks::Workspace;
use crate::doubles::{Call, FORBIDDEN, Fault, Journals, REJECTED, UNAVAILABLE};
use crate::lab::{CANDIDATE, Lab, NOW, champion, production, world};
use crate::properties::Story;
use crate::support::clock::ManualClock;
use crate::support::rules::rules_for;

/// Maximum resumes without faults: one is enough, unless things are slow to become visible.
const PATIENCE: usize = 12;

/// How much one run covers. Full coverage everywhere would take minutes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Every kind of fault.
    Full,
    /// The faults that matter most.
    Short,
    /// Those of writes to the registry only: over HTTP, where `databricks` adds what is lost on the way.
    Registry,
}

impl Depth {
    fn faults(self, call: &Call) -> &'static [Fault] {
        match (self, call.entry.is_some()) {
            (Self::Full, true) => &[UNAVAILABLE, FORBIDDEN, REJECTED, Fault::ReplyLost, Fault::Lost],
            (Self::Full, false) => &[FORBIDDEN, Fault::Lost],
            (Self::Short, true) => &[REJECTED, Fault::ReplyLost, Fault::Lost],
            (Self::Short, false) => &[Fault::Lost],
            (Self::Registry, true) if call.service == Service::Mlflow => &[REJECTED, Fault::ReplyLost],
            (Self::Registry, _) => &[],
        }
    }
}

/// The moment of a death: the world, the time, the number of journal entries on disk, and the calls so far.
#[derive(Clone)]
struct Moment {
    world: World,
    at: Timestamp,
    entries: usize,
    calls: Vec<Call>,
    hidden: BTreeMap<&'static str, usize>,
}

pub struct Course {
    before: World,
    rules: Rules,
    pub plan: PromotionPlan,
    depth: Depth,
    place: Option<Arc<Workspace>>,
}

impl Course {
    fn new(target: PromotionTarget, trigger: CdTrigger, depth: Depth) -> Self {
        Self::by(rules_for(target, trigger), depth)
    }

    fn by(rules: Rules, depth: Depth) -> Self {
        Self::from(world(rules.cd.trigger), rules, depth)
    }

    pub fn from(before: World, rules: Rules, depth: Depth) -> Self {
        let plan = Lab::of(before.clone(), rules.clone()).plan(CANDIDATE);
        Self { before, rules, plan, depth, place: None }
    }

    /// Where the registry is that of a workspace.
    pub fn at(place: Arc<Workspace>, rules: Rules, depth: Depth) -> Self {
        Self::at_with(place, world(rules.cd.trigger), rules, depth)
    }

    /// As [`Self::at`], in another world.
    pub fn at_with(place: Arc<Workspace>, before: World, rules: Rules, depth: Depth) -> Self {
        let plan = Lab::of(before.clone(), rules.clone()).at(Arc::clone(&place)).plan(CANDIDATE);
        Self { before, rules, plan, depth, place: Some(place) }
    }

    /// A reviewer in this world, after `calls` calls were made.
    fn lab(&self, world: &World, at: Timestamp, journal: &[Entry]) -> Lab {
        let clock = Arc::new(ManualClock::at(&at.to_string()));
        let lab = Lab::wired(Store::memory(world.clone()), clock, Journals::default(), self.rules.clone());
        if !journal.is_empty() {
            lab.journals.put(self.plan.id, journal);
        }
        match &self.place {
            Some(place) => lab.at(Arc::clone(place)),
            None => lab,
        }
    }

    pub fn fresh(&self) -> Lab {
        self.lab(&self.before, NOW.parse().unwrap(), &[])
    }

    /// Runs it once in `lab`, and saves every moment at which the process could have died.
    fn moments(&self, lab: &Lab, run: impl FnOnce(&Lab)) -> Vec<Moment> {
        let kept = Arc::new(Mutex::new(Vec::<Moment>::new()));
        let keep = {
            let (kept, store, clock) = (Arc::clone(&kept), lab.store.clone(), Arc::clone(&lab.clock));
            let (script, journals, id) = (lab.script.clone(), lab.journals.clone(), self.plan.id);
            move |coming: usize| {
                let (entries, mut calls) = (journals.len(id), script.log());
                calls.truncate(calls.len() - coming);
                let mut kept = kept.lock().unwrap();
                let is_new = kept.last().is_none_or(|last: &Moment| {
                    last.entries != entries || calls[last.calls.len()..].iter().any(|c| c.entry.is_some())
                });
                if is_new {
                    let world = store.snapshot().unwrap();
                    let at = signoff::ports::Clock::now(&*clock);
                    kept.push(Moment { world, at, entries, calls, hidden: script.hidden() });
                }
            }
        };
        let on_append = keep.clone();
        lab.journals.watch(move |_| {
            on_append(0);
            false
        });
        // The call about to be made does not count.
        lab.script.before_call(move |_| keep(1));
        run(lab);
        lab.journals.live_on();
        lab.script.mend();
        let mut kept = kept.lock().unwrap();
        std::mem::take(&mut *kept)
    }

    /// Resumes without further faults until it is over, and checks all invariants.
    pub fn finish(&self, lab: &Lab, earlier: &[Call], what: impl Fn() -> String) -> Ending {
        let id = self.plan.id;
        for _ in 0..PATIENCE {
            if lab.journals.len(id) == 0 || lab.resume(id).unwrap_or_else(|e| panic!("{}: {e}", what())).is_over() {
                break;
            }
        }
        let mut log = earlier.to_vec();
        log.extend(lab.script.log());
        let (after, journal) = (lab.world(), lab.journals.entries(id));
        let story = Story { before: &self.before, after: &after, plan: &self.plan, journal: &journal, log: &log };
        let wrong = lab.script.wrong();
        assert!(wrong.is_empty(), "{}: {wrong:?}", what());
        if journal.is_empty() {
            // It died before its first entry: there is nothing to resume, as nothing was done.
            assert!(log.iter().all(|c| c.entry.is_none()), "{}: a write before the first entry", what());
            return Ending::Refused { why: "died before it began".into() };
        }
        match story.check_over() {
            Ok(state) => match state.phase {
                Phase::Ended(ending) => ending,
                _ => unreachable!(),
            },
            Err(wrong) => {
                let events: Vec<_> = journal.iter().skip(1).map(|e| format!("{:?}", e.event)).collect();
                panic!(
                    "{}: {wrong}\n{}\nlog: {:?}",
                    what(),
                    events.join("\n"),
                    log.iter().map(|c| c.name).collect::<Vec<_>>()
                );
            }
        }
    }

    fn resumed(&self, moment: &Moment, journal: &[Entry]) -> Lab {
        let lab = self.lab(&moment.world, moment.at, &journal[..moment.entries]);
        lab.script.hide(moment.hidden.clone());
        lab
    }

    pub fn run(&self) -> Tally {
        let mut tally = Tally::default();
        let lab = self.fresh();
        let calm = self.moments(&lab, |lab| drop(lab.approve(&self.plan)));
        let (journal, log) = (lab.journals.entries(self.plan.id), lab.script.log());
        assert_eq!(self.finish(&lab, &[], || "nothing fails".into()), Ending::Done);

        // First the fault, then the death.
        for call in &log {
            for fault in self.depth.faults(call) {
                let lab = self.fresh();
                lab.script.fail_at(call.n, *fault);
                let moments = self.moments(&lab, |lab| drop(lab.approve(&self.plan)));
                let journal = lab.journals.entries(self.plan.id);
                tally.add(self.finish(&lab, &[], || format!("{fault:?} at call {call:?}")));
                for moment in moments.iter().filter(|m| m.calls.len() > call.n) {
                    let lab = self.resumed(moment, &journal);
                    let what = || {
                        format!(
                            "{fault:?} at call {call:?}, then death after {} entries and {} calls",
                            moment.entries,
                            moment.calls.len()
                        )
                    };
                    tally.add(self.finish(&lab, &moment.calls, what));
                }
            }
        }
        // First the death, then the fault.
        for moment in calm.iter().filter(|m| m.entries > 0) {
            let lab = self.resumed(moment, &journal);
            let dead = || format!("death after {} entries and {} calls", moment.entries, moment.calls.len());
            tally.add(self.finish(&lab, &moment.calls, dead));
            for call in lab.script.log() {
                for fault in self.depth.faults(&call) {
                    let lab = self.resumed(moment, &journal);
                    lab.script.fail_at(call.n, *fault);
                    let _ = lab.resume(self.plan.id);
                    lab.script.mend();
                    tally.add(
                        self.finish(&lab, &moment.calls, || format!("{}, then {fault:?} at call {call:?}", dead())),
                    );
                }
            }
        }
        tally
    }
}

#[test]
fn what_is_slow_to_show_is_neither_made_twice_nor_taken_back() {
    for trigger in [CdTrigger::Release, CdTrigger::Tag, CdTrigger::Dispatch] {
        let mut rules = rules_for(production(), trigger);
        rules.cd.wait_s = 90;
        let course = Course::by(rules, Depth::Short);
        for reads in [1, 2, 3, 4, 5, 8, 12, 30] {
            let lab = course.fresh();
            lab.script.lag(reads);
            let moments = course.moments(&lab, |lab| drop(lab.approve(&course.plan)));
            let journal = lab.journals.entries(course.plan.id);
            let unseen = || format!("{reads} reads do not see what was made");
            assert_eq!(course.finish(&lab, &[], unseen), Ending::Done);
            for moment in moments.iter().filter(|m| m.entries > 0) {
                let lab = course.resumed(moment, &journal);
                lab.script.lag(reads);
                let dead = || format!("{}, death after {} entries", unseen(), moment.entries);
                assert_eq!(course.finish(&lab, &moment.calls, dead), Ending::Done);
            }
        }
    }
}

/// Counts of endings: a test in which every story ends the same way proves little.
#[derive(Debug, Default)]
pub struct Tally {
    pub done: usize,
    pub undone: usize,
    pub refused: usize,
}

impl Tally {
    fn add(&mut self, ending: Ending) {
        match ending {
            Ending::Done => self.done += 1,
            Ending::Undone { .. } => self.undone += 1,
            Ending::Refused { .. } => self.refused += 1,
            Ending::Superseded { by } => panic!("nobody else was there, and yet: {by}"),
        }
    }
}

/// Over HTTP, so it is slow.
fn over_a_workspace(registry: Registry, target: PromotionTarget) {
    let place = Workspace::start(registry);
    let tally = Course::at(place, rules_for(target, CdTrigger::Release), Depth::Registry).run();
    assert!(tally.done > 200 && tally.undone > 10, "{tally:?}");
}

#[test]
fn a_stage_in_a_workspace_registry_survives_everything() {
    over_a_workspace(Registry::Workspace, production());
}

#[test]
fn an_alias_in_unity_catalog_survives_everything() {
    over_a_workspace(Registry::Catalog, champion());
}

#[test]
fn a_release_without_a_word_to_the_registry_survives_everything() {
    let tally = Course::new(PromotionTarget::Release, CdTrigger::Dispatch, Depth::Short).run();
    assert!(tally.done > 500 && tally.undone > 20 && tally.refused > 10, "{tally:?}");
}

macro_rules! courses {
    ($($name:ident: $target:expr, $trigger:ident, $depth:ident;)*) => {$(
        #[test]
        fn $name() {
            let tally = Course::new($target, CdTrigger::$trigger, Depth::$depth).run();
            assert!(tally.done > 1000 && tally.undone > 50 && tally.refused > 10, "{tally:?}");
        }
    )*};
}

courses! {
    a_stage_with_cd_by_dispatch_survives_everything: production(), Dispatch, Full;
    an_alias_with_cd_on_the_tag_survives_everything: champion(), Tag, Short;
    a_stage_with_cd_on_the_release_survives_everything: production(), Release, Short;
    a_stage_with_cd_on_the_tag_survives_everything: production(), Tag, Short;
    a_stage_without_cd_survives_everything: production(), None, Short;
    an_alias_with_cd_on_the_release_survives_everything: champion(), Release, Short;
    an_alias_with_cd_by_dispatch_survives_everything: champion(), Dispatch, Short;
    an_alias_without_cd_survives_everything: champion(), None, Short;
}
