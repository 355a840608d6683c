//! Runs promotions. Used by both the terminal UI and the command line.
//!
//! A promotion does not depend on either of them staying alive: its journal holds everything it needs, and
//! [`Promoter::resume`] runs the same code as [`Promoter::approve`].

mod arrive;
mod cd_act;
mod execute;
mod follow;
mod guard;
mod job;
mod late;
mod observe;
mod probe;
mod runner;
mod undo;
mod work;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::identity::{Home, Identity};
use crate::domain::ids::PromotionId;
use crate::domain::promotion::{
    Entry, Event, Next, Observation, Phase, Progress, PromotionPlan, SagaState, Step, StepState, Until, fold,
};
use crate::domain::shell::word;
use crate::domain::text::clean_line;
use crate::ports::Ledger;
use crate::services::Services;
use crate::services::keep;

use runner::Runner;

/// How long after its last entry a promotion with a request without an answer is looked at again. No connection stays
/// open that long.
const LOOKED_AT_FOR: SignedDuration = SignedDuration::from_hours(24);

/// How the caller watches and stops a promotion.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// Receives every entry once it is on disk.
    pub progress: Option<UnboundedSender<Progress>>,
    /// Stops once the current step is journaled. No request is aborted.
    pub stop: CancellationToken,
    /// When this process read everything that the plan rests on, if it did. What was read a moment ago is not read again
    /// before a step that can be undone.
    pub read_at: Option<Timestamp>,
    /// The default branch of the repository, as it was read then.
    pub default_branch: Option<String>,
}

/// Plans, starts, resumes and undoes promotions on one target.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Promoter {
    services: Services,
}

impl Promoter {
    pub fn new(services: Services) -> Self {
        Self { services }
    }

    /// Executes a plan that a human confirmed. First appends its record to the local chain; the plan that runs is the
    /// confirmed one with the hash of the previous record.
    ///
    /// The returned state says how it ended or where it stopped. An error means that the journal could not be written
    /// and that nothing was done after that.
    ///
    /// # Errors
    /// [`FailureKind::Local`] or [`FailureKind::Conflict`] from the journal; [`FailureKind::Config`] on a read-only
    /// target; [`FailureKind::Rejected`] if the sign-off is incomplete or approvals of others are missing.
    pub async fn approve(&self, plan: PromotionPlan, until: Until, watch: Watch) -> Outcome<SagaState> {
        self.refuse_readonly()?;
        self.refuse_elsewhere(&plan).await?;
        refuse_undecided(&plan)?;
        let plan = keep::plan(&self.services, &plan).await?;
        // Nothing has been written to a server yet, but the record is on disk.
        let stands = |failure| keep::stands(&plan.record, failure);
        let file = self.services.journals.create(plan.id).await.map_err(stands)?;
        let mut ledger = Ledger::new(file, 0);
        let opened = Event::Opened { plan: Box::new(plan.clone()) };
        let (entry, _) = ledger.append(self.services.clock.now(), opened).await.map_err(stands)?;
        let state = SagaState::open(&entry).map_err(|e| damaged(plan.id, &e.to_string()))?;
        watch.report(plan.id, &entry);
        Runner::new(&self.services, ledger, state, watch).run(until).await
    }

    /// Resumes an unfinished promotion, reading before it writes. Of a finished one only CD is read again: somebody may
    /// have re-run it.
    ///
    /// What the decision rests on is judged again before each step up to the tag. Until the release is drafted only the
    /// signer may resume: GitHub names whoever drafts it as its author, and a release by somebody else never verifies.
    ///
    /// # Errors
    /// As [`Self::approve`], [`FailureKind::NotFound`] if there is no such journal, and [`FailureKind::Config`] if it
    /// belongs to other servers than this target's.
    pub async fn resume(&self, id: PromotionId, until: Until, watch: Watch) -> Outcome<SagaState> {
        self.refuse_readonly()?;
        let (ledger, state) = self.open(id).await?;
        if state.is_over() && state.cd.is_none() {
            return Ok(state);
        }
        self.refuse_elsewhere(&state.plan).await?;
        self.refuse_other_signer(&state).await?;
        let mut runner = Runner::new(&self.services, ledger, state, watch);
        if runner.state.is_over() {
            runner.look_at_cd_again().await?;
            return Ok(runner.state);
        }
        runner.append(Event::Resumed).await?;
        runner.catch_up().await.map_err(of_a_begun)?;
        runner.run(until).await.map_err(of_a_begun)
    }

    /// Undoes an unfinished promotion, as long as the tag certainly does not exist.
    ///
    /// If the outcome of creating the tag is unknown, a read decides: undone if there is no tag, not undone if there
    /// is. If the host has reported that the tag exists, that outweighs a read that does not show it. If the read fails
    /// too, the promotion is paused and the state says why.
    ///
    /// # Errors
    /// [`FailureKind::Conflict`] if the tag exists or the promotion has ended: after the tag only [`Self::resume`] is
    /// possible. Otherwise as [`Self::resume`].
    pub async fn undo(&self, id: PromotionId, by: &str, watch: Watch) -> Outcome<SagaState> {
        self.refuse_readonly()?;
        let (ledger, state) = self.open(id).await?;
        let refuse = |reason: &str, hint: String| {
            let operation = format!("undo promotion {}", id.short());
            Failure::new(FailureKind::Conflict, Service::Local, operation, reason).with_hint(hint)
        };
        if state.is_over() && state.unanswered().is_empty() {
            return Err(refuse("it has ended already", "`signoff promotions` shows how it ended.".to_owned()));
        }
        self.refuse_elsewhere(&state.plan).await?;
        let mut runner = Runner::new(&self.services, ledger, state, watch);
        if runner.state.is_over() && !runner.see_what_arrived().await? {
            return Ok(runner.state);
        }
        if matches!(runner.state.phase, Phase::Backward { .. } | Phase::Closing(_)) {
            runner.append(Event::Resumed).await?;
            return runner.run(Until::Released).await;
        }
        if !matches!(runner.state.step(Step::TagRef), StepState::Done(_)) {
            runner.append(Event::Resumed).await?;
            runner.catch_up().await.map_err(of_a_begun)?;
        }
        // An earlier look is too old to go by.
        if runner.state.is_tag_in_doubt() {
            runner.probe_to_the_end(Step::TagRef).await?;
        }
        if runner.state.may_undo() {
            runner.append(Event::UndoRequested { by: by.to_owned() }).await?;
        } else if let StepState::Done(_) = runner.state.step(Step::TagRef) {
            let reason = "its tag exists, and a tag cannot be undone";
            return Err(refuse(reason, format!("Finish it: `signoff resume {id}`.")));
        } else if let Next::Run(_) = runner.state.next() {
            let reason = "GitHub reported that the tag exists, but does not show it";
            return Err(refuse(reason, format!("Finish it: `signoff resume {id}`.")));
        }
        // Taken back; or paused, because the look failed; or another promotion was found to have the tag.
        runner.run(Until::Released).await
    }

    /// Removes the journals of promotions that never began, and says what was in each.
    ///
    /// # Errors
    /// If the journals cannot be listed, or one cannot be removed.
    pub async fn clear_empty(&self) -> Outcome<Vec<(PromotionId, String)>> {
        let mut cleared = Vec::new();
        for stored in self.services.journals.list().await? {
            if !stored.driven
                && stored.entries.is_ok_and(|entries| entries.is_empty())
                && let Some(said) = self.services.journals.clear(stored.id).await?
            {
                cleared.push((stored.id, said));
            }
        }
        Ok(cleared)
    }

    /// Reads a promotion's state from its journal without changing it.
    ///
    /// # Errors
    /// If the journal is missing or damaged.
    pub async fn state(&self, id: PromotionId) -> Outcome<SagaState> {
        let entries = self.services.journals.read(id).await?;
        folded(id, &entries)
    }

    /// What each server has of a promotion now.
    ///
    /// # Errors
    /// Those of reading its journal. What a server does not tell is said in its observation.
    pub async fn look(&self, id: PromotionId) -> Outcome<Vec<Observation>> {
        Ok(observe::read(&self.services, &self.state(id).await?).await)
    }

    /// Looks again at every promotion that was undone while a request of it was never answered, and journals what took
    /// effect since: it is unfinished then. What cannot be read now is looked at the next time.
    ///
    /// # Errors
    /// If the journals cannot be listed.
    pub async fn look_again(&self) -> Outcome<()> {
        let now = self.services.clock.now();
        for stored in self.services.journals.list().await? {
            let Ok(Ok(state)) = stored.entries.map(|entries| fold(&entries)) else { continue };
            let recent = now.duration_since(state.updated_at).abs() < LOOKED_AT_FOR;
            if stored.driven || !recent || state.unanswered().is_empty() {
                continue;
            }
            if self.refuse_elsewhere(&state.plan).await.is_err() {
                continue;
            }
            if let Ok((ledger, state)) = self.open(stored.id).await {
                let mut runner = Runner::new(&self.services, ledger, state, Watch::default());
                let _ = runner.see_what_arrived().await;
            }
        }
        Ok(())
    }

    /// Whoever drafts a release is its author for ever, and must be the signer.
    async fn refuse_other_signer(&self, state: &SagaState) -> Outcome<()> {
        let drafted = matches!(state.step(Step::Draft), StepState::Done(_));
        if drafted || !matches!(state.phase, Phase::Opened | Phase::Forward) {
            return Ok(());
        }
        let (plan, me) = (&state.plan, self.services.host.whoami().await?);
        let signer = &plan.draft.signer;
        if me.id == signer.id {
            return Ok(());
        }
        let operation = format!("resume promotion {}", plan.id.short());
        let reason = format!(
            "{} signed it, and the token belongs to {}: a release made by anybody else never verifies",
            signer.login, me.login
        );
        let hint = match state.may_be_cut() {
            true => format!("Resume it with a token of {}.", signer.login),
            false => {
                format!("Resume it with a token of {}, or take it back: `signoff undo {}`.", signer.login, plan.id)
            }
        };
        Err(Failure::new(FailureKind::Conflict, Service::Github, operation, reason).with_hint(hint))
    }

    async fn open(&self, id: PromotionId) -> Outcome<(Ledger, SagaState)> {
        let (entries, file) = self.services.journals.open(id).await?;
        let state = folded(id, &entries)?;
        Ok((Ledger::new(file, state.next_seq), state))
    }

    fn refuse_readonly(&self) -> Outcome<()> {
        if !self.services.rules.readonly {
            return Ok(());
        }
        let target = &self.services.rules.target_name;
        Err(Failure::new(
            FailureKind::Config,
            Service::Config,
            "change anything",
            format!("target '{target}' is read-only"),
        )
        .with_hint("Leave out --readonly, or set `readonly = false` for this target."))
    }
}

impl Promoter {
    /// A plan names its target: servers, workspace and place. Running it against others would promote, or take back,
    /// something nobody reviewed.
    async fn refuse_elsewhere(&self, plan: &PromotionPlan) -> Outcome<()> {
        let (draft, rules, host) = (&plan.draft, &self.services.rules, self.services.host.host());
        let here = self.services.home().await?;
        let there = match self.names_no_workspace(plan, &here).await? {
            true => here.clone(),
            false => draft.home(),
        };
        let same_host = draft.host.eq_ignore_ascii_case(&host);
        if there == here && same_host && draft.promote_to == rules.promote_to && draft.target_name == rules.target_name
        {
            return Ok(());
        }
        Err(Failure::new(
            FailureKind::Config,
            Service::Config,
            format!("go on with promotion {}", plan.id.short()),
            format!(
                "it belongs to target '{}' ({} in {there} and {}), and this is target '{}' ({} in {here} and {host})",
                draft.target_name, draft.promote_to, draft.host, rules.target_name, rules.promote_to
            ),
        )
        .with_hint(match (draft.target_name == rules.target_name, there.workspace == here.workspace) {
            (false, _) => format!("Use `--target {}`.", word(&draft.target_name)),
            (true, false) => match &there.workspace {
                Some(workspace) => format!("Set `workspace = \"{}\"` for this target.", clean_line(workspace)),
                None => "Leave out the workspace, or use the server of that time.".to_owned(),
            },
            (true, true) => "Set this target's servers and `promote_to` as they were.".to_owned(),
        }))
    }

    /// Whether the plan says nothing of a workspace, as those of earlier versions, and is about the version that this
    /// workspace has.
    async fn names_no_workspace(&self, plan: &PromotionPlan, here: &Home) -> Outcome<bool> {
        let draft = &plan.draft;
        if draft.workspace.is_some() || here.workspace.is_none() || draft.registry_url != here.registry {
            return Ok(false);
        }
        let version = match self.services.registry.version(draft.model(), draft.version()).await {
            Err(failure) if failure.kind == FailureKind::NotFound => return Ok(false),
            read => read?,
        };
        Ok(draft.identity().about(&Identity::of(here, &version)).is_same())
    }
}

/// A plan may run only if the policy allows it and no approval of others is missing.
fn refuse_undecided(plan: &PromotionPlan) -> Outcome<()> {
    let (draft, basis) = (&plan.draft, &plan.draft.basis);
    let mut objections = basis.objections(&plan.sign_off);
    objections.extend(plan.excess());
    if !draft.completes() {
        objections.push(match draft.passes() {
            Some(asked) => format!("{} would be left, so this promotes nothing yet", asked.left()),
            None => format!("this would be {}, and promotes nothing yet", basis.nth_approval()),
        });
    }
    if objections.is_empty() {
        return Ok(());
    }
    let operation = format!("{} {} {}", basis.decision.word(), draft.model(), draft.version());
    Err(Failure::new(FailureKind::Rejected, Service::Local, operation, objections.join("; ")))
}

/// A failure of a promotion that has begun: its plan names the repository, so no setting leads to another name of it.
fn of_a_begun(failure: Failure) -> Failure {
    match (failure.service, failure.kind) {
        (Service::Github, FailureKind::Config) => failure.with_hint(
            "The plan was signed for the former name: give it back to the repository until the promotion has ended.",
        ),
        _ => failure,
    }
}

impl Watch {
    fn report(&self, id: PromotionId, entry: &Entry) {
        if let Some(progress) = &self.progress {
            // It does not matter if nobody is listening: the entry is in the journal.
            let _ = progress.send(Progress { id, entry: entry.clone() });
        }
    }
}

fn folded(id: PromotionId, entries: &[Entry]) -> Outcome<SagaState> {
    if entries.is_empty() {
        return Err(never_begun(id));
    }
    fold(entries).map_err(|e| damaged(id, &e.to_string()))
}

/// The failure for a journal without an entry, as a full disk leaves it.
pub fn never_begun(id: PromotionId) -> Failure {
    Failure::new(
        FailureKind::NotFound,
        Service::Journal,
        format!("read the journal of promotion {id}"),
        "it is empty: the promotion was interrupted before it began, and nothing was written to any server",
    )
    .with_hint("Approve the version again. `signoff resume` clears the empty file.")
}

fn damaged(id: PromotionId, what: &str) -> Failure {
    Failure::new(FailureKind::Local, Service::Journal, format!("read the journal of promotion {id}"), what)
        .with_hint("Keep the file as it is and look at both servers; `signoff doctor` names the journal's folder.")
}
