//! Invariants of every story without interference by others.

use std::collections::BTreeMap;

use signoff::adapters::demo::World;
use signoff::domain::cd::{CdOutcome, CdTrigger};
use signoff::domain::deployment::JobOutcome;
use signoff::domain::elsewhere::Arrival;
use signoff::domain::failure::{FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::promotion::{
    Ending, Entry, Event, Observation, Phase, PromotionPlan, Receipt, SagaState, Step, StepState, fold,
};
use signoff::domain::record::DecisionMark;
use signoff::domain::registry::{PromotionTarget, Stage};
use signoff::domain::release::notes_marker;

use crate::doubles::Call;
use crate::lab::{CHURN, holders};
use crate::support::fake_databricks::SCHEMA;

/// The initial world, and the result of a promotion.
pub struct Story<'a> {
    pub before: &'a World,
    pub after: &'a World,
    pub plan: &'a PromotionPlan,
    pub journal: &'a [Entry],
    pub log: &'a [Call],
}

impl Story<'_> {
    /// Checks everything that must hold at any moment, finished or not. Returns the state.
    pub fn check_always(&self) -> Result<SagaState, String> {
        let state = fold(self.journal).map_err(|e| format!("the journal cannot be folded: {e}"))?;
        self.tags_stay()?;
        let marker = notes_marker(&self.plan.id.to_string());
        let repo = &self.after.repo;
        let published = repo.releases.iter().filter(|r| r.tag == self.plan.draft.tag && !r.draft).count();
        ensure(published <= 1, || format!("{published} published releases"))?;
        // A draft that the host did not show after a crash may be created again: nobody sees it, and it starts nothing.
        let ours = repo.releases.iter().filter(|r| r.body.contains(&marker) && !r.draft).count();
        ensure(ours <= 1, || format!("{ours} published releases of this promotion"))?;
        let cd_runs = repo.runs.len() - self.before.repo.runs.len();
        ensure(cd_runs <= 1, || format!("CD started {cd_runs} times"))?;
        self.writes_are_journalled()?;
        self.dispatched_once()?;
        self.repaired_once()?;
        Ok(state)
    }

    /// Checks that the promotion is over, and that the world matches its ending.
    pub fn check_over(&self) -> Result<SagaState, String> {
        let state = self.check_always()?;
        match &state.phase {
            Phase::Ended(Ending::Done) => self.is_promoted(&state)?,
            Phase::Ended(Ending::Undone { why }) => {
                ensure(!why.is_empty(), || "undone without a reason".to_owned())?;
                self.is_restored()?;
                self.all_as_meant(&state.truth)?;
            }
            Phase::Ended(Ending::Refused { why }) => {
                ensure(!why.is_empty(), || "refused without a reason".to_owned())?;
                self.is_restored()?;
                let wrote = self.log.iter().any(|c| c.entry.is_some());
                ensure(!wrote, || "refused after a write".to_owned())?;
            }
            other => return Err(format!("not over: {other:?}, paused: {:?}", state.paused)),
        }
        Ok(state)
    }

    fn is_promoted(&self, state: &SagaState) -> Result<(), String> {
        let (plan, draft) = (self.plan, &self.plan.draft);
        let (commit, object) = self.after.repo.peel(&draft.tag).ok_or("done without a tag")?;
        ensure(commit == plan.commit(), || "the tag is on another commit".to_owned())?;
        let message = object.map(|(_, o)| o.message.as_str());
        ensure(message == Some(plan.tag_message.as_str()), || "the tag is not ours".to_owned())?;
        let marker = notes_marker(&plan.id.to_string());
        let of_tag = self.after.repo.releases.iter().filter(|r| r.tag == draft.tag);
        let releases: Vec<_> = of_tag.filter(|r| !r.draft).collect();
        let published = releases.len() == 1 && releases[0].body.contains(&marker);
        ensure(published, || format!("releases: {releases:?}"))?;
        let attached: Vec<_> = releases[0].assets.iter().map(|a| (a.name.as_str(), a.content.0.as_slice())).collect();
        ensure(attached == [("signoff.json", plan.record.to_bytes().as_slice())], || format!("{attached:?}"))?;
        let held = holders(self.after, &draft.promote_to);
        ensure(held == [draft.version()], || format!("{held:?} in {}", draft.promote_to))?;
        let mut expected = shape(self.before);
        for (number, version) in &mut expected.versions {
            if let PromotionTarget::Stage(stage) = &draft.promote_to {
                if *number == draft.version() {
                    version.0 = stage.clone();
                } else if version.0 == *stage {
                    version.0 = Stage::Archived;
                }
            }
            if *number == draft.version() && !draft.promote_to.spares_registry() {
                let own = |name: &str| format!("signoff.{name}");
                version.1.insert(own("promotion"), plan.mark_released());
                version.1.insert(own("tag"), draft.tag.to_string());
                version.1.insert(own("approved_by"), draft.signer.login.clone());
                version.1.insert(own("record"), plan.record.record_hash.clone());
                let mut mark = DecisionMark::of(&plan.record);
                if draft.model().as_str().starts_with(SCHEMA) {
                    // Unity Catalog replicates tags in plain text.
                    mark.reason = String::new();
                }
                version.1.insert(own("decision"), mark.to_value());
                if let Some(asked) = &draft.deployment {
                    version.1.insert(asked.task.clone(), "Approved".to_owned());
                }
                let release = shape(self.after).versions[number].1.get(&own("release")).cloned();
                version.1.insert(own("release"), release.ok_or("no link to the release")?);
            }
        }
        if let PromotionTarget::Alias(alias) = &draft.promote_to {
            expected.aliases.insert(alias.clone(), draft.version());
        }
        if let Some(alias) = &draft.clears {
            expected.aliases.remove(alias);
        }
        same(&expected, &shape(self.after))?;
        self.all_as_meant(&state.truth)?;
        if let Some(asked) = &draft.deployment {
            let run = self.after.job_run(&asked.run).map_err(|e| e.to_string())?;
            ensure(run.repairs.len() == 1, || format!("repaired {:?}", run.repairs))?;
            ensure(matches!(state.job, Some(JobOutcome::Succeeded { .. })), || format!("{:?}", state.job))?;
        }
        if let PromotionTarget::Elsewhere(_) = &draft.promote_to {
            let came =
                matches!(state.step(Step::Arrive), StepState::Done(Receipt::Arrival { outcome: Arrival::Came { .. } }));
            ensure(came, || format!("{:?}", state.step(Step::Arrive)))?;
        }
        let cd_runs = self.after.repo.runs.len() - self.before.repo.runs.len();
        match (&state.cd, draft.cd.trigger) {
            (Some(CdOutcome::Run(run)), _) => {
                ensure(run.is_final() && cd_runs == 1, || format!("CD was not followed to its end: {run:?}"))
            }
            (Some(CdOutcome::NotExpected), CdTrigger::None) => Ok(()),
            // An unanswered dispatch is not sent again: the journal says that CD did not start.
            (Some(CdOutcome::NotStarted { .. }), CdTrigger::Dispatch) => {
                ensure(cd_runs == 0, || "CD ran, and the record says it did not start".to_owned())
            }
            (cd, trigger) => Err(format!("{cd:?} with {trigger:?}")),
        }
    }

    /// One decision repairs a run once, and only after its release is published.
    fn repaired_once(&self) -> Result<(), String> {
        let Some(asked) = &self.plan.draft.deployment else { return Ok(()) };
        let repairs = |world: &World| world.job_run(&asked.run).map_or(0, |run| run.repairs.len());
        let made = repairs(self.after) - repairs(self.before);
        ensure(made <= 1, || format!("{made} repairs"))?;
        let published = self.after.repo.releases.iter().any(|r| r.tag == self.plan.draft.tag && !r.draft);
        ensure(made == 0 || published, || "the job deployed what was not released".to_owned())
    }

    fn is_restored(&self) -> Result<(), String> {
        let repo = &self.after.repo;
        ensure(!repo.tags.contains_key(&self.plan.draft.tag), || "a tag was left behind".to_owned())?;
        ensure(repo.releases == self.before.repo.releases, || "a release was left behind".to_owned())?;
        ensure(repo.runs == self.before.repo.runs, || "CD was started".to_owned())?;
        same(&shape(self.before), &shape(self.after))
    }

    fn tags_stay(&self) -> Result<(), String> {
        let moved = self.before.repo.tags.iter().find(|(tag, to)| self.after.repo.tags.get(*tag) != Some(*to));
        ensure(moved.is_none(), || format!("a tag was moved: {moved:?}"))
    }

    fn writes_are_journalled(&self) -> Result<(), String> {
        for call in self.log {
            let Some(seq) = call.entry else { continue };
            let spared = self.plan.draft.promote_to.spares_registry() && call.service == Service::Mlflow;
            ensure(!spared, || format!("{} was sent to the registry", call.name))?;
            let entry = self.journal.get(usize::try_from(seq).unwrap());
            let fits = match entry.map(|e| &e.event) {
                Some(Event::Started { step }) => may_write(*step, call.name),
                Some(Event::UndoStarted { step: Step::Mark }) => call.name.ends_with("_version_tag"),
                Some(Event::UndoStarted { step: Step::Move }) => {
                    matches!(call.name, "move_stage" | "set_alias" | "delete_alias")
                }
                _ => false,
            };
            ensure(fits, || format!("{} was sent on the strength of {entry:?}", call.name))?;
        }
        Ok(())
    }

    fn all_as_meant(&self, truth: &[Observation]) -> Result<(), String> {
        let lines = if self.plan.draft.promote_to.spares_registry() { 3 } else { 4 };
        ensure(truth.len() == lines, || format!("the truth has {} lines", truth.len()))?;
        match truth.iter().find(|t| t.as_meant != Some(true)) {
            Some(line) => Err(format!("the truth says otherwise: {line:?}")),
            None => Ok(()),
        }
    }

    /// A dispatch refused without effect may be repeated, but one that may have had an effect is never followed by
    /// another.
    fn dispatched_once(&self) -> Result<(), String> {
        let mut sent = false;
        for call in self.log.iter().filter(|c| c.name == "dispatch") {
            let seq = usize::try_from(call.entry.unwrap_or_default()).unwrap();
            ensure(!sent, || "a dispatch was sent again".to_owned())?;
            sent = match self.journal.get(seq + 1).map(|e| &e.event) {
                Some(Event::Failed { .. }) => false,
                Some(Event::Unknown { failure, .. }) => failure.kind != FailureKind::Conflict,
                _ => true,
            };
        }
        Ok(())
    }
}

fn may_write(step: Step, name: &str) -> bool {
    match step {
        Step::Mark | Step::Link => name == "set_version_tag",
        Step::Move => matches!(name, "move_stage" | "set_alias"),
        Step::Clear => name == "delete_alias",
        Step::Assent => name == "set_version_tag",
        Step::Repair => name == "repair_deployment",
        Step::TagObject => name == "create_tag_object",
        Step::TagRef => name == "create_tag_ref",
        Step::Draft => matches!(name, "create_release" | "attach" | "remove_unfinished_asset"),
        Step::Release => name == "publish_release",
        Step::Dispatch => name == "dispatch",
        Step::Confirm | Step::Follow | Step::Deploy | Step::Arrive => false,
    }
}

/// The model without times.
#[derive(Debug, PartialEq)]
struct Shape {
    aliases: BTreeMap<String, VersionNumber>,
    versions: BTreeMap<VersionNumber, (Stage, BTreeMap<String, String>)>,
}

fn shape(world: &World) -> Shape {
    let model = &world.models[&ModelName::new(CHURN)];
    Shape {
        aliases: model.aliases.clone(),
        versions: model.versions.iter().map(|(n, v)| (*n, (v.stage.clone(), v.tags.clone()))).collect(),
    }
}

fn same(expected: &Shape, found: &Shape) -> Result<(), String> {
    ensure(expected.aliases == found.aliases, || format!("aliases {:?}", found.aliases))?;
    for (number, version) in &expected.versions {
        let now = &found.versions[number];
        ensure(now == version, || format!("{number} is {now:?}, not {version:?}"))?;
    }
    Ok(())
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
