//! Reads whether a step took effect. Reads only: every write has a journal entry of its own.

use super::work::Work;
use crate::domain::commit::{ReleaseAsset, ReleaseState, TagState};
use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::identity::Identity;
use crate::domain::promotion::plan::{MARK, live_promotion};
use crate::domain::promotion::{Finding, PromotionPlan, Receipt, Step};
use crate::domain::record::ASSET;
use crate::domain::record::seal::sha256;
use crate::domain::registry::PromotionTarget;
use crate::domain::release::{OPERATION_TRAILER, notes_marker, trailer};

impl Work<'_> {
    pub(super) async fn probe(&self, step: Step) -> Outcome<Finding> {
        match step {
            Step::Mark => self.probe_mark().await,
            Step::Move => self.probe_move().await,
            Step::TagRef => self.probe_tag().await,
            Step::Draft => self.probe_draft().await,
            Step::Release => self.probe_release().await,
            Step::Dispatch => self.probe_dispatch().await,
            Step::Link => self.probe_link().await,
            Step::Clear => self.probe_clear().await,
            Step::Assent => self.probe_assent().await,
            Step::Repair => self.probe_repair().await,
            // Safe to repeat, so the step is simply executed again.
            Step::TagObject | Step::Confirm | Step::Follow | Step::Deploy | Step::Arrive => Ok(Finding::NotApplied),
        }
    }

    async fn probe_mark(&self) -> Outcome<Finding> {
        let plan = &self.state.plan;
        let version = self.services.registry.version(plan.draft.model(), plan.draft.version()).await?;
        let Some(mark) = version.own_tag(MARK) else {
            return Ok(Finding::NotApplied);
        };
        if mark == plan.mark_promoting() || mark == plan.mark_released() {
            return Ok(Finding::Applied { receipt: Receipt::Marked });
        }
        // One that was there at the review was judged then: it was copied from another version.
        if Some(mark) == plan.draft.facts.version.own_tag(MARK) {
            return Ok(Finding::NotApplied);
        }
        Ok(match live_promotion(mark) {
            Some((id, by)) => {
                foreign(format!("{by} is promoting this version at the same time (promotion {})", id.short()), false)
            }
            None => Finding::NotApplied,
        })
    }

    async fn probe_move(&self) -> Outcome<Finding> {
        let draft = &self.state.plan.draft;
        let (model, number) = (draft.model(), draft.version());
        let holders = self.services.registry.holders(model, &draft.promote_to).await?;
        let leaving = draft.leaving();
        let strangers: Vec<_> =
            holders.iter().map(|v| v.number).filter(|n| *n != number && !leaving.contains(n)).collect();
        if let Some(stranger) = strangers.first() {
            return Ok(foreign(format!("somebody put {stranger} into {} in the meantime", draft.promote_to), false));
        }
        let holder = holders.iter().find(|v| v.number == number);
        if let Some(what) = holder.and_then(|v| draft.another(v)) {
            let what = format!("{number} in {} is another version of that name now: {what}", draft.promote_to);
            return Ok(foreign(what, false));
        }
        let ours = holder.is_some();
        let others_left = !holders.iter().any(|v| v.number != number);
        if ours && others_left {
            return Ok(Finding::Applied { receipt: Receipt::Moved { archived: leaving } });
        }
        if let (PromotionTarget::Stage(_), false) = (&draft.promote_to, ours) {
            let stage = self.services.registry.version(model, number).await?.stage;
            if stage != draft.facts.version.stage {
                return Ok(foreign(format!("somebody moved {number} to {stage} in the meantime"), false));
            }
        }
        Ok(Finding::NotApplied)
    }

    async fn probe_tag(&self) -> Outcome<Finding> {
        let plan = &self.state.plan;
        let tag = self.services.host.tag(&plan.draft.repo, &plan.draft.tag).await?;
        Ok(tag.map_or(Finding::NotApplied, |tag| judge_tag(plan, tag)))
    }

    async fn probe_draft(&self) -> Outcome<Finding> {
        let plan = &self.state.plan;
        let marker = notes_marker(&plan.id.to_string());
        let there = self.services.host.releases(&plan.draft.repo, &plan.draft.tag, &marker).await?;
        Ok(match there.iter().find(|r| r.body.contains(&marker)) {
            Some(ours) => judge_record(plan, ours),
            None => match there.iter().find(|r| !r.draft) {
                Some(other) => foreign(other_is_published(plan, other), false),
                None => Finding::NotApplied,
            },
        })
    }

    async fn probe_release(&self) -> Outcome<Finding> {
        let repo = &self.state.plan.draft.repo;
        let id = self.drafted()?;
        Ok(match self.services.host.release(repo, id).await? {
            Some(release) if !release.draft => {
                Finding::Applied { receipt: Receipt::Released { id: release.id, url: release.web_url } }
            }
            Some(_) => Finding::NotApplied,
            None => foreign(format!("somebody deleted the release {id}"), false),
        })
    }

    async fn probe_dispatch(&self) -> Outcome<Finding> {
        let runs = self.services.host.cd_runs(&self.state.plan.draft.repo, &self.state.plan.cd_query()).await?;
        Ok(if runs.is_empty() { Finding::NotApplied } else { Finding::Applied { receipt: Receipt::Dispatched } })
    }

    /// Why there is no version to link: it was deleted, or another one has its name and number. The release stands
    /// all the same, and nothing that signoff could do brings the version back.
    pub(super) async fn gone(&self) -> Outcome<Option<String>> {
        let draft = &self.state.plan.draft;
        let (model, number) = (draft.model(), draft.version());
        match self.services.registry.version(model, number).await {
            Ok(version) => {
                Ok(draft.another(&version).map(|what| format!("{number} is another version of that name now: {what}")))
            }
            Err(failure) if failure.kind == FailureKind::NotFound => {
                Ok(Some(format!("the registry does not have {number} of {model} any more")))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Whether the candidate alias is on the version. Gone with the version, it is not.
    async fn probe_clear(&self) -> Outcome<Finding> {
        let draft = &self.state.plan.draft;
        let there = match self.services.registry.version(draft.model(), draft.version()).await {
            Ok(version) => {
                let is_on = draft.clears.as_ref().is_some_and(|alias| version.aliases.contains(alias));
                is_on && draft.another(&version).is_none()
            }
            Err(failure) if failure.kind == FailureKind::NotFound => false,
            Err(failure) => return Err(failure),
        };
        Ok(if there { Finding::NotApplied } else { Finding::Applied { receipt: Receipt::Cleared } })
    }

    async fn probe_link(&self) -> Outcome<Finding> {
        if let Some(why) = self.gone().await? {
            return Ok(Finding::Applied { receipt: Receipt::Unlinked { why } });
        }
        let plan = &self.state.plan;
        let version = self.services.registry.version(plan.draft.model(), plan.draft.version()).await?;
        let linked = version.own_tag(MARK) == Some(plan.mark_released().as_str())
            && version.own_tag("tag") == Some(plan.draft.tag.as_str())
            && version.own_tag("record") == Some(plan.record.record_hash.as_str());
        Ok(if linked { Finding::Applied { receipt: Receipt::Linked } } else { Finding::NotApplied })
    }
}

/// Whether our release carries the record.
pub(super) fn judge_record(plan: &PromotionPlan, ours: &ReleaseState) -> Finding {
    match ours.assets.iter().find(|a| a.complete && a.name == ASSET) {
        Some(asset) if is_record(plan, asset) => Finding::Applied { receipt: Receipt::Drafted { id: ours.id } },
        Some(_) => foreign(format!("the release carries a {ASSET} that is not of this promotion"), false),
        None => Finding::NotApplied,
    }
}

/// Says that somebody published a release of our tag.
pub(super) fn other_is_published(plan: &PromotionPlan, other: &ReleaseState) -> String {
    let by = other.author.as_deref().unwrap_or("somebody");
    format!("a release of {} by {by} exists that is not of this promotion", plan.draft.tag)
}

/// Whether an attached file is the record, judged by what the host says without downloading it.
fn is_record(plan: &PromotionPlan, asset: &ReleaseAsset) -> bool {
    let bytes = plan.record.to_bytes();
    match &asset.digest {
        Some(digest) => *digest == sha256(&bytes),
        None => asset.size == bytes.len() as u64,
    }
}

/// Whether the tag is this promotion's.
pub(super) fn judge_tag(plan: &PromotionPlan, tag: TagState) -> Finding {
    let draft = &plan.draft;
    if let Some(id) = other_release(plan, &tag) {
        return foreign(format!("{} was already released by another promotion ({id})", draft.version()), true);
    }
    let operation = tag.message.as_deref().and_then(|m| trailer(m, OPERATION_TRAILER));
    if tag.commit == plan.commit().as_str() && operation == Some(plan.id.to_string().as_str()) {
        return Finding::Applied { receipt: Receipt::TagRef { object: tag.object.unwrap_or_default() } };
    }
    foreign(format!("the tag {} exists already, at {}, and is not of this promotion", draft.tag, tag.commit), false)
}

/// The id of another promotion that created this tag for the same model version.
pub(super) fn other_release<'a>(plan: &PromotionPlan, tag: &'a TagState) -> Option<&'a str> {
    let draft = &plan.draft;
    let message = tag.message.as_deref()?;
    let said = Identity::of_message(message)?;
    let same_version = said.registry.is_some() && said.about(&draft.identity()).another().is_none();
    trailer(message, OPERATION_TRAILER).filter(|id| same_version && *id != plan.id.to_string())
}

fn foreign(what: String, same_version: bool) -> Finding {
    Finding::Foreign { what, same_version }
}
