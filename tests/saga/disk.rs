//! The same with the real journal: the data on disk is enough to resume.

use std::fs;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use signoff::adapters::demo::{Store, World};
use signoff::adapters::journal::JournalDir;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::{Outcome, Service};
use signoff::domain::ids::PromotionId;
use signoff::domain::promotion::StoredPromotion;
use signoff::domain::promotion::Until;
use signoff::domain::promotion::{Ending, Entry, Phase, PromotionPlan};
use signoff::ports::{JournalFile, JournalStore};
use signoff::services::prepare;
use signoff::services::promote::Watch;

use crate::doubles::{Fault, Journals};
use crate::lab::{CANDIDATE, Lab, NOW, champion, world};
use crate::properties::Story;
use crate::support::clock::ManualClock;
use crate::support::rules::rules_for;

fn lab(dir: &JournalDir) -> Lab {
    lab_in(world(CdTrigger::Dispatch), NOW.parse().unwrap(), Arc::new(dir.clone()))
}

fn lab_in(world: World, now: Timestamp, kept: Arc<dyn JournalStore>) -> Lab {
    let rules = rules_for(champion(), CdTrigger::Dispatch);
    let clock = Arc::new(ManualClock::at(&now.to_string()));
    Lab::keeping(Store::memory(world), clock, Journals::default(), kept, rules)
}

/// The world at the moment each entry was on disk.
type Worlds = Arc<Mutex<Vec<(World, Timestamp)>>>;

/// The real journal, with a snapshot of the world at every line.
struct Photographed {
    dir: JournalDir,
    store: Store,
    worlds: Worlds,
}

struct PhotographedFile {
    file: Box<dyn JournalFile>,
    store: Store,
    worlds: Worlds,
}

#[async_trait]
impl JournalFile for PhotographedFile {
    async fn append(&mut self, entry: &Entry) -> Outcome<()> {
        self.file.append(entry).await?;
        self.worlds.lock().unwrap().push((self.store.snapshot()?, entry.at));
        Ok(())
    }
}

#[async_trait]
impl JournalStore for Photographed {
    async fn create(&self, id: PromotionId) -> Outcome<Box<dyn JournalFile>> {
        let file = self.dir.create(id).await?;
        Ok(Box::new(PhotographedFile { file, store: self.store.clone(), worlds: Arc::clone(&self.worlds) }))
    }

    async fn open(&self, id: PromotionId) -> Outcome<(Vec<Entry>, Box<dyn JournalFile>)> {
        self.dir.open(id).await
    }

    async fn read(&self, id: PromotionId) -> Outcome<Vec<Entry>> {
        self.dir.read(id).await
    }

    async fn clear(&self, id: PromotionId) -> Outcome<Option<String>> {
        self.dir.clear(id).await
    }

    async fn list(&self) -> Outcome<Vec<StoredPromotion>> {
        self.dir.list().await
    }
}

async fn plan(lab: &Lab) -> PromotionPlan {
    let model = signoff::domain::ids::ModelName::new(crate::lab::CHURN);
    let preflight =
        prepare::promotion(&lab.services, &model, CANDIDATE, signoff::domain::record::Decision::Approve).await.unwrap();
    let clock = &lab.services.clock;
    lab.script.forget();
    preflight
        .draft
        .unwrap()
        .sign(clock.new_id(), clock.now(), &signoff::domain::record::SignOff::because("looks right"))
        .unwrap()
}

#[tokio::test]
async fn a_journal_torn_after_any_line_or_within_the_next_is_enough_to_finish() {
    let state_dir = tempfile::tempdir().unwrap();
    let dir = JournalDir::new(state_dir.path());
    let before = world(CdTrigger::Dispatch);
    let plan = plan(&lab(&dir)).await;
    let (store, worlds) = (Store::memory(before.clone()), Worlds::default());
    let kept = Photographed { dir: dir.clone(), store: store.clone(), worlds: Arc::clone(&worlds) };
    let clock = Arc::new(ManualClock::at(NOW));
    let rules = rules_for(champion(), CdTrigger::Dispatch);
    let lab = Lab::keeping(store, clock, Journals::default(), Arc::new(kept), rules);
    // One step with an unknown outcome, so that there is something to look up.
    lab.script.fail_first("create_tag_ref", Fault::ReplyLost);
    let state = lab.promoter.approve(plan.clone(), Until::CdEnded, Watch::default()).await.unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let bytes = fs::read(dir.path(plan.id)).unwrap();
    let ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(n, _)| n + 1).collect();
    let worlds = worlds.lock().unwrap().clone();
    assert!(ends.len() > 20 && ends.len() == worlds.len());
    for (n, (end, (world, at))) in ends.iter().zip(&worlds).enumerate() {
        // None of the next line, or only its beginning.
        for torn in [0, 7] {
            let state_dir = tempfile::tempdir().unwrap();
            let dir = JournalDir::new(state_dir.path());
            fs::create_dir_all(dir.path(plan.id).parent().unwrap()).unwrap();
            fs::write(dir.path(plan.id), &bytes[..(end + torn).min(bytes.len())]).unwrap();
            let lab = lab_in(world.clone(), *at, Arc::new(dir.clone()));
            let state = lab.promoter.resume(plan.id, Until::CdEnded, Watch::default()).await.unwrap();
            assert_eq!(state.phase, Phase::Ended(Ending::Done), "line {n}");
            let (after, journal, log) = (lab.world(), dir.read(plan.id).await.unwrap(), lab.script.log());
            let story = Story { before: &before, after: &after, plan: &plan, journal: &journal, log: &log };
            story.check_over().unwrap_or_else(|e| panic!("line {n}: {e}"));
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
        // The process dies after the call took effect and before it gets the answer: the future is dropped.
        let (reached, wait) = tokio::sync::oneshot::channel::<()>();
        let mut reached = Some(reached);
        lab.script.before_call(move |call| {
            if call.n == at {
                let _ = reached.take().map(|r| r.send(()));
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
        // The preflight lists journals, and would block for the same reason; so the plan is made elsewhere.
        let elsewhere = tempfile::tempdir().unwrap();
        plan(&self::lab(&JournalDir::new(elsewhere.path()))).await
    };
    let failure = lab.promoter.approve(plan, Until::CdEnded, Watch::default()).await.unwrap_err();
    assert_eq!(failure.service, Service::Journal);
    assert!(lab.script.log().iter().all(|c| c.entry.is_none()));
}
