//! Carries out one step: writes, then re-reads. Nothing counts as done on the strength of a 200 alone.

use super::drive::Drive;
use super::truth;
use crate::domain::promotion::plan::MARK;
use crate::domain::promotion::{Finding, Receipt, Step, StepState};
use crate::domain::registry::{OWN_TAG_PREFIX, PromotionTarget};
use crate::domain::release::notes_marker;
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::ports::Journaled;

impl Drive<'_> {
    pub(super) async fn act(&self, step: Step, journaled: &Journaled) -> Outcome<Receipt> {
        match step {
            Step::Mark => self.mark(journaled).await?,
            Step::Move => self.move_target(journaled).await?,
            Step::TagObject => {
                let sha = self.services.host.create_tag_object(journaled, &self.state.plan).await?;
                return Ok(Receipt::TagObject { sha });
            }
            Step::TagRef => {
                let object = self.tag_object()?;
                self.services.host.create_tag_ref(journaled, &self.state.plan, &object).await?;
            }
            Step::Release => return self.release(journaled).await,
            Step::Dispatch => {
                self.services.host.dispatch(journaled, &self.state.plan).await?;
                // The run appears later; that the host took the request is all there is to re-read.
                return Ok(Receipt::Dispatched);
            }
            Step::Link => self.link(journaled).await?,
            Step::Confirm => return self.confirm().await,
            Step::Follow => {}
        }
        match self.reread(step).await? {
            Finding::Applied { receipt } => Ok(receipt),
            Finding::NotApplied => Err(self.contradiction(step, "the server took it, but does not show it")),
            Finding::Foreign { what, .. } => Err(self.contradiction(step, &what)),
        }
    }

    /// One look right after the write, with a little patience for replicas that lag behind.
    async fn reread(&self, step: Step) -> Outcome<Finding> {
        for wait_ms in [0, 300, 1000] {
            self.services.clock.sleep(std::time::Duration::from_millis(wait_ms)).await;
            match self.probe(step).await {
                Ok(Finding::NotApplied) => {}
                // The write went through; only the look failed. That is an unknown fate, not a failed step.
                Err(failure) => return Err(Failure { kind: FailureKind::Unknown, ..failure }),
                Ok(found) => return Ok(found),
            }
        }
        Ok(Finding::NotApplied)
    }

    fn contradiction(&self, step: Step, what: &str) -> Failure {
        let draft = &self.state.plan.draft;
        Failure::new(
            FailureKind::Conflict,
            if step <= Step::Move { Service::Mlflow } else { Service::Github },
            format!("finish the step '{step}' of {} {}", draft.model(), draft.version()),
            what,
        )
    }

    async fn mark(&self, journaled: &Journaled) -> Outcome<()> {
        let plan = &self.state.plan;
        self.set_own_tag(journaled, MARK, &plan.mark_promoting()).await
    }

    async fn move_target(&self, journaled: &Journaled) -> Outcome<()> {
        let draft = &self.state.plan.draft;
        let registry = &self.services.registry;
        match &draft.promote_to {
            PromotionTarget::Stage(stage) => {
                registry.move_stage(journaled, draft.model(), draft.version(), stage, true).await
            }
            PromotionTarget::Alias(alias) => registry.set_alias(journaled, draft.model(), alias, draft.version()).await,
        }
    }

    /// The id of the tag object made by the step before.
    fn tag_object(&self) -> Outcome<String> {
        match self.state.step(Step::TagObject) {
            StepState::Done(Receipt::TagObject { sha }) => Ok(sha.clone()),
            _ => Err(Failure::new(FailureKind::Bug, Service::Local, "cut the tag", "there is no tag object yet")),
        }
    }

    /// Reads first: an earlier try may have published the release, or left a draft behind.
    async fn release(&self, journaled: &Journaled) -> Outcome<Receipt> {
        let plan = &self.state.plan;
        let (host, repo) = (&self.services.host, &plan.draft.repo);
        let marker = notes_marker(&plan.id.to_string());
        let there = host.releases(repo, &plan.draft.tag, &marker).await.map_err(not_sent)?;
        if let Some(draft) = there.iter().find(|r| r.draft && r.body.contains(&marker)) {
            host.publish_release(journaled, repo, draft.id).await?;
        } else if !there.iter().any(|r| !r.draft) {
            let made = host.create_release(journaled, plan).await?;
            if made.draft {
                host.publish_release(journaled, repo, made.id).await?;
            }
        }
        match self.reread(Step::Release).await? {
            Finding::Applied { receipt } => Ok(receipt),
            Finding::NotApplied => Err(self.contradiction(Step::Release, "the release was created but is not shown")),
            Finding::Foreign { what, .. } => Err(self.contradiction(Step::Release, &what)),
        }
    }

    async fn link(&self, journaled: &Journaled) -> Outcome<()> {
        let plan = &self.state.plan;
        let url = match self.state.step(Step::Release) {
            StepState::Done(Receipt::Released { url, .. }) => url.clone(),
            _ => String::new(),
        };
        self.set_own_tag(journaled, "tag", plan.draft.tag.as_str()).await?;
        self.set_own_tag(journaled, "release", &url).await?;
        self.set_own_tag(journaled, "facts", &plan.facts_digest).await?;
        self.set_own_tag(journaled, "approved_by", &plan.draft.signer.login).await?;
        // Last, because it says that the others are there.
        self.set_own_tag(journaled, MARK, &plan.mark_released()).await
    }

    async fn confirm(&self) -> Outcome<Receipt> {
        let truth = truth::read(self.services, &self.state).await;
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

/// A read that failed before a write was sent: the write surely had no effect.
fn not_sent(failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::Unknown | FailureKind::Protocol => Failure { kind: FailureKind::Unavailable, ..failure },
        _ => failure,
    }
}
