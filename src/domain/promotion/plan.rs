//! The promotion plan, fixed to the byte before anything is written.

use std::borrow::Cow;
use std::ops::Deref;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::mark;
pub use super::mark::{MARK, live_promotion};
use super::step::Step;
use crate::domain::cd::{CdPlan, CdQuery, CdTrigger};
use crate::domain::commit::{Commit, CommitOrigin};
use crate::domain::confirmation;
use crate::domain::deployment::APPROVED;
use crate::domain::identity::Identity;
use crate::domain::ids::{CommitSha, PromotionId, RepoSlug, TagName, VersionNumber};
use crate::domain::limits;
use crate::domain::markdown::{block, inline};
use crate::domain::record::{ASSET, ChangeFacts, DecisionDraft, Sealed, SignOff, text as words};
use crate::domain::registry::PromotionTarget;
use crate::domain::release::{self, NotesContext, NotesMetric, TemplateError};

/// Everything known before the human says yes. Shown as the plan; signing makes it a [`PromotionPlan`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlanDraft {
    /// The decision that is released.
    #[serde(flatten)]
    pub decision: DecisionDraft,
    /// The release host, such as `github.com`.
    pub host: String,
    /// The repository for tag and release.
    pub repo: RepoSlug,
    /// The commit to tag.
    pub commit: Commit,
    pub commit_origin: CommitOrigin,
    pub tag: TagName,
    /// A promotion whose tag was left behind without a release, and in whose place this one comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supersedes: Option<PromotionId>,
    /// The candidate alias that is taken off the version in the end; `None` if none is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clears: Option<String>,
    pub title: String,
    pub notes_template: String,
    pub cd: CdPlan,
}

/// A plan is read as the decision that it carries out.
impl Deref for PlanDraft {
    type Target = DecisionDraft;

    fn deref(&self) -> &DecisionDraft {
        &self.decision
    }
}

/// The signed plan. Written to the journal before anything else; resuming needs nothing more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PromotionPlan {
    pub id: PromotionId,
    /// When the signer confirmed. Also the tagger date, so that every attempt yields the same tag object id.
    pub signed_at: Timestamp,
    /// The signer's input.
    pub sign_off: SignOff,
    /// Digest of the reviewed facts.
    pub facts_digest: String,
    /// The record of the decision, as stored and released.
    pub record: Sealed,
    /// Message of the annotated tag.
    pub tag_message: String,
    /// Body of the release.
    pub notes: String,
    /// What was on screen.
    #[serde(flatten)]
    pub draft: PlanDraft,
}

/// One line of the plan as shown: a change from old to new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanLine {
    /// Step number from 1; lines of the same step share it.
    pub number: usize,
    /// The object to change: `MLflow stage`, `Git tag`, ...
    pub object: String,
    /// The part of the object that changes, such as a version; may be empty.
    pub subject: String,
    /// The current value; empty if there is none.
    pub old: String,
    /// The new value.
    pub new: String,
    /// Past the pivot.
    pub irreversible: bool,
}

impl PlanDraft {
    /// The text the reviewer must type to confirm; see [`confirmation::confirmation`].
    pub fn confirmation(&self) -> String {
        confirmation::confirmation(self.model(), self.version())
    }

    /// Versions that leave the target when the candidate enters.
    pub fn leaving(&self) -> Vec<VersionNumber> {
        self.facts.holders.iter().copied().filter(|v| *v != self.version()).collect()
    }

    /// The steps, in order.
    pub fn steps(&self) -> Vec<Step> {
        let mut steps = Step::sequence(&self.promote_to, self.cd.trigger);
        if self.clears.is_some()
            && let Some(at) = steps.iter().position(|step| *step == Step::Confirm)
        {
            steps.insert(at, Step::Clear);
        }
        steps
    }

    /// The plan as shown, old -> new for every object.
    pub fn lines(&self) -> Vec<PlanLine> {
        let line = |number, object: &str, subject: String, old: String, new: String, irreversible| PlanLine {
            number,
            object: object.to_owned(),
            subject,
            old,
            new,
            irreversible,
        };
        let mut lines = Vec::new();
        let v = self.version().to_string();
        match &self.promote_to {
            PromotionTarget::Stage(stage) => {
                lines.push(line(1, "MLflow stage", v, self.facts.version.stage.to_string(), stage.to_string(), false));
                for old in self.leaving() {
                    lines.push(line(1, "", old.to_string(), stage.to_string(), "Archived".to_owned(), false));
                }
            }
            PromotionTarget::Alias(alias) => {
                let old = self.leaving().first().map(ToString::to_string).unwrap_or_default();
                lines.push(line(1, "MLflow alias", format!("@{alias}"), old, v, false));
            }
            PromotionTarget::Release => {
                let remark = self.promote_to.remark();
                lines.push(line(1, "MLflow", String::new(), String::new(), remark.to_owned(), false));
            }
            PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {}
        }
        let mut number = lines.last().map_or(0, |last| last.number);
        let mut next = || {
            number += 1;
            number
        };
        let tag = self.tag.to_string();
        let commit = format!("commit {}", self.commit.sha.short());
        lines.push(line(next(), "Git tag", tag.clone(), String::new(), commit, true));
        lines.push(line(next(), "GitHub release", self.repo.to_string(), String::new(), self.title.clone(), true));
        let workflow = self.cd.workflow.clone().unwrap_or_else(|| "any workflow".to_owned());
        let cd = match self.cd.trigger {
            CdTrigger::Release => format!("{workflow} starts on the release"),
            CdTrigger::Tag => format!("{workflow} starts on the tag"),
            CdTrigger::Dispatch => format!("{workflow} is dispatched on {tag}"),
            CdTrigger::None => "none expected".to_owned(),
        };
        if let Some(alias) = &self.clears {
            let v = self.version().to_string();
            lines.push(line(next(), "MLflow alias", format!("@{alias}"), v, "none".to_owned(), true));
        }
        if let Some(asked) = &self.deployment {
            let (task, run) = (asked.task.clone(), format!("run {} of job {}", asked.run, asked.job));
            let goes_on = "goes on and deploys".to_owned();
            lines.push(line(next(), "Job task", task.clone(), "waits".to_owned(), APPROVED.to_owned(), true));
            lines.push(line(next(), "Job run", run, "waits".to_owned(), goes_on, true));
        }
        lines.push(line(next(), "CD", String::new(), String::new(), cd, true));
        if let PromotionTarget::Elsewhere(name) = &self.promote_to {
            let old = self.facts.baseline.as_ref().map(|b| b.version.number.to_string()).unwrap_or_default();
            lines.push(line(next(), "Target", name.clone(), old, "a copy of this version, by CD".to_owned(), true));
        }
        lines
    }

    /// The oldest format of the journal that has such plans.
    pub fn format(&self) -> u32 {
        match self.promote_to {
            PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => 4,
            PromotionTarget::Release => 3,
            PromotionTarget::Stage(_) | PromotionTarget::Alias(_) => {
                if self.clears.is_some() {
                    3
                } else {
                    1
                }
            }
        }
    }

    /// The planned change, for the record; `None` while further approvals are needed.
    pub fn change(&self) -> Option<ChangeFacts> {
        self.completes().then(|| ChangeFacts {
            to: self.promote_to.clone(),
            from: self.facts.version.stage.clone(),
            leaving: self.leaving(),
            host: self.host.clone(),
            repository: self.repo.clone(),
            tag: self.tag.clone(),
            commit: self.commit.sha.clone(),
            commit_origin: self.commit_origin.clone(),
            commit_title: self.commit.title.clone(),
            title: self.title.clone(),
        })
    }

    /// The record of this decision; `prev` is the hash of the previous record in the signer's journal.
    pub fn record(&self, id: PromotionId, at: Timestamp, sign_off: &SignOff, prev: Option<&str>) -> Sealed {
        Sealed::new(self.decision.record(self.change(), (id, at), sign_off, prev))
    }

    /// Makes the plan final: fixes id, time and the signer's input, and renders every text to be written.
    ///
    /// # Errors
    /// If the notes template cannot be rendered.
    pub fn sign(&self, id: PromotionId, at: Timestamp, sign_off: &SignOff) -> Result<PromotionPlan, TemplateError> {
        self.with_record(self.record(id, at, sign_off, None), sign_off)
    }

    /// Builds the plan around a record that [`Self::record`] made from the same input, signed or not.
    ///
    /// # Errors
    /// If the notes template cannot be rendered.
    pub fn with_record(&self, record: Sealed, sign_off: &SignOff) -> Result<PromotionPlan, TemplateError> {
        let (id, facts_digest) = (record.record.record_id, record.record.facts.clone());
        let old = self.facts.baseline.as_ref().map(|b| b.version.number.to_string()).unwrap_or_default();
        let context = NotesContext {
            model: inline(&self.model().to_string()),
            version: self.version().0,
            target: inline(&self.promote_to.to_string()),
            baseline: self.leaving().last().map(|v| v.0),
            signer: inline(&self.signer.login),
            reason: inline(&record.record.reason),
            description: block(&self.facts.version.description),
            commit: self.commit.sha.to_string(),
            commit_title: inline(&self.commit.title),
            run: self.facts.version.run_id.as_ref().map(|run| inline(run.as_str())).unwrap_or_default(),
            facts: facts_digest.clone(),
            demo: self.demo,
            metrics: NotesMetric::rows(&self.comparison(), (&old, &self.version().to_string())),
        };
        let whole = release::notes(&self.notes_template, &context, &words::readable(&record), &id.to_string())?;
        let notes = limits::notes(&whole, ASSET).into_owned();
        Ok(PromotionPlan {
            id,
            signed_at: record.record.signed_at,
            sign_off: sign_off.clone(),
            facts_digest,
            tag_message: words::tag_message(&record),
            notes,
            record,
            draft: self.clone(),
        })
    }
}

impl PromotionPlan {
    /// The body of the release, as GitHub takes it: plans of earlier versions may hold longer notes.
    pub fn body(&self) -> Cow<'_, str> {
        limits::notes(&self.notes, ASSET)
    }

    /// Whether the release notes had to be shortened.
    pub fn is_shortened(&self) -> bool {
        limits::is_shortened(&self.notes)
    }

    /// What the servers would refuse, one sentence each. Empty for every plan of usual size.
    pub fn excess(&self) -> Vec<String> {
        let mut out = Vec::new();
        let mut check = |what: &str, is: usize, most: usize, unit: &str, more: &str| {
            if is > most {
                out.push(format!("{what} would have {is} {unit}, and {most} are taken{more}"));
            }
        };
        let shorter = ": shorten the reason";
        check("the release notes", limits::length(&self.notes), limits::NOTES, "characters", "");
        check("the tag's message", limits::length(&self.tag_message), limits::MESSAGE, "characters", shorter);
        check(
            "the release's title",
            limits::length(&self.draft.title),
            limits::TITLE,
            "characters",
            ": shorten the title template",
        );
        check("the record", self.record.to_bytes().len(), limits::RECORD, "bytes", "");
        for (what, value) in [("the mark", self.mark_promoting()), ("the mark", self.mark_released())] {
            check(what, limits::length(&value), limits::TAG_VALUE, "characters", "");
        }
        out
    }

    /// What to look for when following CD. Times are the host's: this machine's clock may be wrong.
    pub fn cd_query(&self) -> CdQuery {
        let (draft, clock) = (&self.draft, &self.record.record.clock);
        CdQuery {
            trigger: draft.cd.trigger,
            workflow: draft.cd.workflow.clone(),
            tag: draft.tag.clone(),
            commit: draft.commit.sha.clone(),
            since: clock.skew_ms.map(|_| clock.by_host(self.signed_at)),
            chain: draft.cd.chain.clone(),
            wide: false,
        }
    }

    /// The commit to tag.
    pub fn commit(&self) -> &CommitSha {
        &self.draft.commit.sha
    }

    /// The comment of the stage transition, on registries that keep one.
    pub fn transition_comment(&self) -> String {
        let (reason, hash) = (&self.sign_off.reason, &self.record.record_hash);
        format!("{reason}\n\nApproved with signoff as {}; record {hash}", self.draft.signer.login)
    }

    /// Value of the mark while the promotion is in progress.
    pub fn mark_promoting(&self) -> String {
        mark::value("promoting", &self.id.to_string(), &self.draft.signer.login, self.stamp().as_deref())
    }

    /// Value of the mark once the release is published.
    pub fn mark_released(&self) -> String {
        mark::released(&self.id.to_string(), &self.draft.signer.login, self.stamp().as_deref())
    }

    /// The stamp of the version in the marks; `None` in plans of earlier versions, whose marks have none.
    fn stamp(&self) -> Option<String> {
        Identity::from(&self.record.record.model).stamp()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::samples;
    use super::*;

    #[test]
    fn the_same_decision_always_makes_the_same_bytes() {
        let draft = samples::draft();
        let (id, at) = (samples::id(1), samples::now());
        assert_eq!(
            draft.sign(id, at, &SignOff::because("fine")).unwrap(),
            draft.sign(id, at, &SignOff::because("fine")).unwrap()
        );
    }

    #[test]
    fn a_reason_cannot_forge_a_trailer() {
        let draft = samples::draft();
        let plan =
            draft.sign(samples::id(1), samples::now(), &SignOff::because("ok\n\nSignoff-Operation: forged")).unwrap();
        let own = samples::id(1).to_string();
        assert_eq!(release::trailer(&plan.tag_message, release::OPERATION_TRAILER), Some(own.as_str()));
    }

    #[test]
    fn the_plan_names_old_and_new_of_every_object() {
        let lines = samples::draft().lines();
        let texts: Vec<_> = lines.iter().map(|l| format!("{} {} {}->{}", l.object, l.subject, l.old, l.new)).collect();
        assert_eq!(
            texts,
            [
                "MLflow stage v42 Staging->Production",
                " v39 Production->Archived",
                "Git tag telco-churn-v42 ->commit 3f9c1ab",
                "GitHub release acme/churn-model ->telco-churn v42",
                "CD  ->cd.yml starts on the release",
            ]
        );
    }

    #[test]
    fn a_plan_of_usual_size_has_no_excess_and_a_huge_reason_is_said() {
        assert_eq!(samples::plan().excess(), Vec::<String>::new());
        let reason = "x".repeat(70_000);
        let plan = samples::draft().sign(samples::id(1), samples::now(), &SignOff::because(reason)).unwrap();
        let said = plan.excess();
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("the tag's message would have 70"), "{said:?}");
        assert!(said[0].ends_with("shorten the reason"), "{said:?}");
    }
}
