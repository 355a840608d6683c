//! Executes one step: read, write, read back. A 200 alone does not count as done: where the next step reads what this one
//! wrote before it goes on, that is the look; everything is read once more at the end.

use std::time::Duration;

use super::work::Work;
use super::{guard, observe, probe};
use crate::domain::commit::ReleaseState;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::plan::MARK;
use crate::domain::promotion::{Finding, Receipt, Step, StepState};
use crate::domain::record::mark::DECISION;
use crate::domain::record::{ASSET, DecisionMark};
use crate::domain::registry::{OWN_TAG_PREFIX, PromotionTarget};
use crate::domain::release::notes_marker;
use crate::ports::Journaled;

/// Why a step did not succeed.
pub(super) enum Miss {
    /// Nothing was sent: the read before the write failed or ruled the write out.
    NotSent(Failure),
    /// A write was sent; the failure says what is known about its outcome.
    Sent(Failure),
}

impl From<Failure> for Miss {
    fn from(failure: Failure) -> Self {
        Self::Sent(failure)
    }
}

impl Miss {
    /// A read before the write failed, so the write certainly had no effect.
    pub(super) fn before(failure: Failure) -> Self {
        Self::NotSent(match failure.kind {
            FailureKind::Unknown | FailureKind::Protocol => Failure { kind: FailureKind::Unavailable, ..failure },
            _ => failure,
        })
    }
}

/// The failure for a step that no plan of this target has.
pub(super) fn moves_nothing(step: Step) -> Failure {
    let operation = format!("carry out the step '{step}'");
    Failure::new(FailureKind::Bug, Service::Local, operation, "this target writes nothing to the registry")
}

impl Work<'_> {
    pub(super) async fn execute(&self, step: Step, journaled: &Journaled) -> Result<Receipt, Miss> {
        match step {
            // The guard of the next step reads it.
            Step::Mark => {
                self.mark(journaled).await?;
                if self.state.steps.iter().any(|record| record.step == Step::Move) {
                    return Ok(Receipt::Marked);
                }
            }
            Step::Move => {
                self.move_target(journaled).await?;
                return Ok(Receipt::Moved { archived: self.state.plan.draft.leaving() });
            }
            Step::TagObject => {
                let sha = self.services.host.create_tag_object(journaled, &self.state.plan).await?;
                return Ok(Receipt::TagObject { sha });
            }
            Step::TagRef => {
                let object = self.tag_object().map_err(Miss::NotSent)?;
                self.note(
                    guard::before_the_tag(self.services, &self.state.plan, self.default_branch)
                        .await
                        .map_err(Miss::before)?,
                );
                self.services.host.create_tag_ref(journaled, &self.state.plan, &object).await?;
            }
            Step::Draft => return self.draft(journaled).await,
            Step::Release => {
                let id = self.drafted().map_err(Miss::NotSent)?;
                let repo = &self.state.plan.draft.repo;
                let shown = self.services.host.publish_release(journaled, repo, id).await?;
                if !shown.draft {
                    return Ok(Receipt::Released { id: shown.id, url: shown.web_url });
                }
            }
            Step::Dispatch => return self.dispatch(journaled).await,
            Step::Link => {
                if !self.just_read
                    && let Some(why) = self.gone().await.map_err(Miss::before)?
                {
                    return Ok(Receipt::Unlinked { why });
                }
                match self.link(journaled).await {
                    Err(failure) if failure.kind == FailureKind::NotFound => {
                        let why = self.gone().await?.ok_or(failure)?;
                        return Ok(Receipt::Unlinked { why });
                    }
                    linked => linked?,
                }
                // The mark, which is set last, is read with everything else at the end.
                return Ok(Receipt::Linked);
            }
            Step::Clear => {
                if let Some(why) = self.clear(journaled).await? {
                    return Ok(Receipt::Uncleared { why });
                }
            }
            Step::Assent => {
                if let Some(receipt) = self.assent(journaled).await? {
                    return Ok(receipt);
                }
            }
            Step::Repair => {
                if let Some(receipt) = self.repair(journaled).await? {
                    return Ok(receipt);
                }
            }
            Step::Confirm => return Ok(self.confirm().await?),
            Step::Follow | Step::Deploy | Step::Arrive => {}
        }
        match self.reread(step).await? {
            Finding::Applied { receipt } => Ok(receipt),
            Finding::NotApplied => Err(Miss::Sent(self.contradiction(
                step,
                FailureKind::Protocol,
                "the server accepted it, but does not show it yet",
            ))),
            Finding::Foreign { what, .. } => Err(Miss::Sent(self.contradiction(step, FailureKind::Conflict, &what))),
        }
    }

    /// Reads back right after the write, with a few retries for lagging replicas.
    async fn reread(&self, step: Step) -> Outcome<Finding> {
        for wait_ms in [0, 300, 1000] {
            self.services.clock.sleep(Duration::from_millis(wait_ms)).await;
            match self.probe(step).await {
                Ok(Finding::NotApplied) => {}
                // The write was accepted and only the read failed: the outcome is open, the step has not failed.
                Err(failure) => return Err(Failure { kind: FailureKind::Protocol, ..failure }),
                Ok(found) => return Ok(found),
            }
        }
        Ok(Finding::NotApplied)
    }

    pub(super) fn contradiction(&self, step: Step, kind: FailureKind, what: &str) -> Failure {
        let draft = &self.state.plan.draft;
        Failure::new(
            kind,
            if step.is_of_registry() { Service::Mlflow } else { Service::Github },
            format!("finish the step '{step}' of {} {}", draft.model(), draft.version()),
            what,
        )
    }

    async fn mark(&self, journaled: &Journaled) -> Result<(), Miss> {
        let plan = &self.state.plan;
        if !self.just_read {
            self.note(guard::before_the_mark(self.services, plan, self.anew).await.map_err(Miss::before)?);
        }
        Ok(self.set_own_tag(journaled, MARK, &plan.mark_promoting()).await?)
    }

    async fn move_target(&self, journaled: &Journaled) -> Result<(), Miss> {
        let draft = &self.state.plan.draft;
        let registry = &self.services.registry;
        self.note(guard::before_the_move(self.services, &self.state.plan, self.anew).await.map_err(Miss::before)?);
        Ok(match &draft.promote_to {
            PromotionTarget::Stage(stage) => {
                let comment = self.state.plan.transition_comment();
                registry.move_stage(journaled, draft.model(), draft.version(), stage, true, &comment).await
            }
            PromotionTarget::Alias(alias) => registry.set_alias(journaled, draft.model(), alias, draft.version()).await,
            PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {
                Err(moves_nothing(Step::Move))
            }
        }?)
    }

    /// The id of the tag object made by the previous step.
    fn tag_object(&self) -> Outcome<String> {
        match self.state.step(Step::TagObject) {
            StepState::Done(Receipt::TagObject { sha }) => Ok(sha.clone()),
            _ => Err(Failure::new(FailureKind::Bug, Service::Local, "cut the tag", "there is no tag object yet")),
        }
    }

    /// Drafts the release, then attaches the record: nobody sees a release without its record, and a repository with
    /// immutable releases takes no file afterwards. Reads first: an earlier attempt may have stopped at any point.
    async fn draft(&self, journaled: &Journaled) -> Result<Receipt, Miss> {
        let plan = &self.state.plan;
        let (host, repo) = (&self.services.host, &plan.draft.repo);
        let marker = notes_marker(&plan.id.to_string());
        let there = match self.just_read && self.is_first_try(Step::Draft) {
            true => Vec::new(),
            false => host.releases(repo, &plan.draft.tag, &marker).await.map_err(Miss::before)?,
        };
        let ours = there.iter().find(|r| r.body.contains(&marker));
        if let (None, Some(other)) = (ours, there.iter().find(|r| !r.draft)) {
            let what = probe::other_is_published(plan, other);
            // Nothing was sent; the probe that follows finds out whose release it is and what to do.
            return Err(Miss::Sent(self.contradiction(Step::Draft, FailureKind::Conflict, &what)));
        }
        let made = match ours {
            Some(release) => release.clone(),
            None => host.create_release(journaled, plan).await?,
        };
        if !made.assets.iter().any(|a| a.complete && a.name == ASSET) {
            if let Some(half) = made.assets.iter().find(|a| a.name == ASSET) {
                host.remove_unfinished_asset(journaled, repo, half.id).await?;
            }
            let asset = host.attach(journaled, repo, &made, ASSET, &plan.record.to_bytes()).await?;
            let with_record = ReleaseState { assets: vec![asset], ..made.clone() };
            if let Finding::Applied { receipt } = probe::judge_record(plan, &with_record) {
                // The release is read as a whole once it is published.
                return Ok(receipt);
            }
        }
        // Read by its id: the list may lag behind, and the release would be drafted twice.
        let shown = host.release(repo, made.id).await.map_err(|f| Failure { kind: FailureKind::Protocol, ..f })?;
        match shown.map(|release| probe::judge_record(plan, &release)) {
            Some(Finding::Applied { receipt }) => Ok(receipt),
            Some(Finding::Foreign { what, .. }) => {
                Err(Miss::Sent(self.contradiction(Step::Draft, FailureKind::Conflict, &what)))
            }
            _ => {
                let what = "GitHub accepted it, but does not show it yet";
                Err(Miss::Sent(self.contradiction(Step::Draft, FailureKind::Protocol, what)))
            }
        }
    }

    /// Whether nothing was tried before the attempt at work.
    fn is_first_try(&self, step: Step) -> bool {
        self.state.steps.iter().any(|record| record.step == step && record.attempts == 1 && !record.unclear)
    }

    /// The release drafted by the previous step.
    pub(super) fn drafted(&self) -> Outcome<u64> {
        match self.state.step(Step::Draft) {
            StepState::Done(Receipt::Drafted { id }) => Ok(*id),
            _ => Err(Failure::new(FailureKind::Bug, Service::Local, "publish the release", "there is no draft yet")),
        }
    }

    /// Reads first: a run started on the tag by hand will do.
    async fn dispatch(&self, journaled: &Journaled) -> Result<Receipt, Miss> {
        if self.probe(Step::Dispatch).await.map_err(Miss::before)? == Finding::NotApplied {
            self.services.host.dispatch(journaled, &self.state.plan).await?;
        }
        // The run appears later; all that can be confirmed now is that the request was accepted.
        Ok(Receipt::Dispatched)
    }

    async fn link(&self, journaled: &Journaled) -> Outcome<()> {
        let plan = &self.state.plan;
        let url = match self.state.step(Step::Release) {
            StepState::Done(Receipt::Released { url, .. }) => url.clone(),
            _ => String::new(),
        };
        self.set_own_tag(journaled, "tag", plan.draft.tag.as_str()).await?;
        self.set_own_tag(journaled, "release", &url).await?;
        self.set_own_tag(journaled, "approved_by", &plan.draft.signer.login).await?;
        self.set_own_tag(journaled, "record", &plan.record.record_hash).await?;
        let mark = DecisionMark::in_tags(&plan.record, self.services.registry.tags_hold_text());
        self.set_own_tag(journaled, DECISION, &mark.to_value()).await?;
        // Set last, because it says that the other tags are there.
        self.set_own_tag(journaled, MARK, &plan.mark_released()).await
    }

    /// Takes the candidate alias off the version, if it is still there: somebody may have given it to another. Returns why
    /// the signer may not; that is no reason to stop, because the release stands.
    async fn clear(&self, journaled: &Journaled) -> Result<Option<String>, Miss> {
        let draft = &self.state.plan.draft;
        let there = self.probe(Step::Clear).await.map_err(Miss::before)?;
        let (Some(alias), Finding::NotApplied) = (&draft.clears, there) else { return Ok(None) };
        match self.services.registry.delete_alias(journaled, draft.model(), alias).await {
            Ok(()) => Ok(None),
            Err(failure) if failure.kind == FailureKind::Forbidden => Ok(Some(failure.reason)),
            Err(failure) => Err(Miss::Sent(failure)),
        }
    }

    async fn confirm(&self) -> Outcome<Receipt> {
        let truth = observe::read_patiently(self.services, self.state).await;
        match truth.iter().find(|t| t.as_meant.is_none()) {
            Some(unread) => Err(Failure::new(
                FailureKind::Unavailable,
                Service::Local,
                format!("re-read the {}", unread.what),
                unread.is.clone(),
            )
            .with_hint("The release stands. Resume when both servers can be reached.")),
            None => Ok(Receipt::Confirmed { truth }),
        }
    }

    async fn set_own_tag(&self, journaled: &Journaled, name: &str, value: &str) -> Outcome<()> {
        let draft = &self.state.plan.draft;
        let key = format!("{OWN_TAG_PREFIX}{name}");
        self.services.registry.set_version_tag(journaled, draft.model(), draft.version(), &key, value).await
    }
}
