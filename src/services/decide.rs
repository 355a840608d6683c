//! Executes decisions that promote nothing: a record, a comment that backs it, a tag that points to it.

use crate::domain::commit::CommitComment;
use crate::domain::decision::Decided;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{CommitSha, RepoSlug};
use crate::domain::limits::{TAG_VALUE, length};
use crate::domain::record::chain::Outcome as Became;
use crate::domain::record::mark::{APPROVAL, DECISION};
use crate::domain::record::{Decision, DecisionDraft, DecisionMark, Sealed, SignOff, text};
use crate::domain::registry::{OWN_TAG_PREFIX, PromotionTarget, Told};
use crate::ports::Journaled;
use crate::services::Services;
use crate::services::notes::shown;
use crate::services::prepare::again;
use crate::services::prepare::checks::no_room;
use crate::services::{deployment, evidence, keep};

/// Executes decisions that promote nothing.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Decider {
    services: Services,
}

impl Decider {
    pub fn new(services: Services) -> Self {
        Self { services }
    }

    /// Executes a decision: record, then comment, then tag.
    ///
    /// # Errors
    /// Before the record is kept: if the target is read-only, the sign-off is incomplete, the facts changed, or the
    /// chain cannot be used; then nothing was decided. After it: if the host or the registry refused a write or its
    /// outcome is unknown; the sentence says what was kept.
    pub async fn decide(&self, draft: &DecisionDraft, sign_off: &SignOff) -> Outcome<Decided> {
        self.check(draft, sign_off).await?;
        let services = &self.services;
        let (id, at) = (services.clock.new_id(), services.clock.now());
        let make = |prev: Option<&str>| Sealed::new(draft.record(None, (id, at), sign_off, prev));
        let (sealed, journaled) = keep::keep(services, make).await?;
        let written = self.write(draft, &sealed, &journaled).await;
        let became = match &written {
            Ok((comment, notes)) => Became {
                record_id: id,
                at: services.clock.now(),
                done: true,
                notes: notes.clone(),
                comment: comment.as_ref().map(|c| c.web_url.clone()),
                asked: false,
                noted_by: None,
            },
            Err(failure) => Became {
                record_id: id,
                at: services.clock.now(),
                done: false,
                notes: vec![failure.to_string()],
                comment: None,
                asked: false,
                noted_by: None,
            },
        };
        let kept = keep::outcome(services, became).await;
        let (comment, mut notes) = written.map_err(|failure| keep::stands(&sealed, failure))?;
        // The decision is on the servers, even if the disk fails now.
        notes.extend(kept.err().inspect(shown).map(|failure| failure.to_string()));
        Ok(Decided { sealed, comment, notes })
    }

    async fn check(&self, draft: &DecisionDraft, sign_off: &SignOff) -> Outcome<()> {
        let version = &draft.facts.version;
        let operation = format!("{} {} {}", draft.basis.decision.word(), version.model, version.number);
        let refuse = |kind, why: String| Failure::new(kind, Service::Local, operation.clone(), why);
        if self.services.rules.readonly {
            return Err(refuse(FailureKind::Config, format!("target '{}' is read-only", draft.target_name)));
        }
        if draft.basis.decision == Decision::Rollback {
            return Err(refuse(FailureKind::Bug, "a rollback promotes, and is not decided alone".to_owned()));
        }
        let name = match draft.basis.decision {
            Decision::Approve => format!("{APPROVAL}{}", draft.signer.login),
            Decision::Reject | Decision::Hold | Decision::Rollback => DECISION.to_owned(),
        };
        let task = draft.deployment.as_ref().map(|asked| asked.task.as_str());
        if let Some(why) = no_room(self.services.registry.most_tags(), version, &[&name], task) {
            return Err(refuse(FailureKind::Rejected, why).with_hint("Delete tags that nobody needs."));
        }
        if sign_off.until.is_some_and(|until| until <= self.services.clock.now()) {
            return Err(refuse(FailureKind::Rejected, "the date until which it is to be held has passed".to_owned())
                .with_hint("Give a later one with --until, or none."));
        }
        let objections = draft.basis.objections(sign_off);
        if !objections.is_empty() {
            return Err(refuse(FailureKind::Rejected, objections.join("; ")));
        }
        let now =
            evidence::facts(self.services.registry.as_ref(), &draft.promote_to, &version.model, version.number).await?;
        let changes = draft.facts.changes_to(&now);
        let set_aside = match draft.basis.decision {
            Decision::Approve => again::set_aside(&now.version, draft.basis.supersedes.as_deref()),
            _ => None,
        };
        let what = match (changes.is_empty(), set_aside) {
            (true, None) => return Ok(()),
            (true, Some(what)) => what,
            (false, _) => format!("something changed since it was reviewed: {}", changes.join("; ")),
        };
        Err(refuse(FailureKind::Conflict, what).with_hint("Nothing was written. Look at it again, then decide."))
    }

    async fn write(
        &self,
        draft: &DecisionDraft,
        sealed: &Sealed,
        journaled: &Journaled,
    ) -> Outcome<(Option<CommitComment>, Vec<String>)> {
        let mut notes = Vec::new();
        let vouched = draft.is_vouched();
        let comment = match (draft.source(), vouched) {
            (Some((repo, commit)), true) => Some(self.comment(repo, commit, sealed, journaled).await?),
            (None, true) if sealed.record.decision == Decision::Approve => {
                let operation = format!("approve {} {}", sealed.record.model.name, sealed.record.model.version);
                let why = "its commit is not known, so the code host cannot vouch for the approval";
                return Err(Failure::new(FailureKind::NotFound, Service::Github, operation, why));
            }
            (None, true) => {
                notes.push(format!("its commit is not known: {}", draft.without_comment()));
                None
            }
            _ => None,
        };
        if draft.promote_to.spares_registry() {
            return Ok((comment, notes));
        }
        if let Err(failure) = self.tag(sealed, comment.as_ref(), journaled).await {
            // Only the comment counts; the tag just points to it.
            if comment.is_none() {
                return Err(failure);
            }
            shown(&failure);
            notes.push(format!("{failure}; the comment on the commit still counts"));
        }
        // What counts is there. The registry's own people should see it too.
        if let Err(failure) = self.tell(draft, sealed, journaled).await {
            notes.push(failure.to_string());
        }
        match (draft.basis.decision, draft.passes(), &draft.deployment) {
            (Decision::Approve, Some(asked), _) => deployment::pass(&self.services, draft, asked, journaled).await?,
            (Decision::Reject, _, Some(asked)) => {
                if let Err(failure) = deployment::reject(&self.services, draft, asked, journaled).await {
                    notes.push(failure.to_string());
                }
            }
            (Decision::Approve | Decision::Reject | Decision::Hold | Decision::Rollback, ..) => {}
        }
        Ok((comment, notes))
    }

    async fn tell(&self, draft: &DecisionDraft, sealed: &Sealed, journaled: &Journaled) -> Outcome<()> {
        let record = &sealed.record;
        let refuses = match (record.decision, &draft.promote_to) {
            (Decision::Reject, PromotionTarget::Stage(stage)) => Some(stage.clone()),
            _ => None,
        };
        let (who, past) = (&record.signer.login, record.decision.past());
        let comment = format!("{}\n\n{past} with signoff by {who}; record {}", record.reason, sealed.record_hash);
        let told = Told { refuses, comment };
        self.services.registry.tell(journaled, &record.model.name, record.model.version, &told).await
    }

    /// Comments; if the outcome is unknown, looks for the comment instead of commenting twice.
    async fn comment(
        &self,
        repo: &RepoSlug,
        commit: &CommitSha,
        sealed: &Sealed,
        journaled: &Journaled,
    ) -> Outcome<CommitComment> {
        let body = text::comment(sealed);
        match self.services.host.comment(journaled, repo, commit, &body).await {
            Err(failure) if failure.kind.may_be_applied() => {
                for wait_s in [0, 1, 2, 4] {
                    self.services.clock.sleep(std::time::Duration::from_secs(wait_s)).await;
                    let there = self.services.code.comments(repo, commit).await;
                    let ours =
                        there.ok().and_then(|all| all.into_iter().find(|c| c.body.contains(&sealed.record_hash)));
                    if let Some(comment) = ours {
                        return Ok(comment);
                    }
                }
                Err(failure.with_hint("Whether it is there is not known. Look at the commit, then decide again."))
            }
            said => said,
        }
    }

    async fn tag(&self, sealed: &Sealed, comment: Option<&CommitComment>, journaled: &Journaled) -> Outcome<()> {
        let record = &sealed.record;
        let mark = DecisionMark::in_tags(sealed, self.services.registry.tags_hold_text());
        let (name, value) = match (record.decision, comment) {
            (Decision::Approve, Some(comment)) => (format!("{APPROVAL}{}", record.signer.login), {
                let url = &comment.web_url;
                format!("{} {url}", mark.within(TAG_VALUE.saturating_sub(length(url) + 1)))
            }),
            // One of several approval tasks: the version is not decided yet.
            (Decision::Approve, None) => (format!("{APPROVAL}{}", record.signer.login), mark.within(TAG_VALUE)),
            (Decision::Reject | Decision::Hold | Decision::Rollback, _) => (DECISION.to_owned(), mark.to_value()),
        };
        let key = format!("{OWN_TAG_PREFIX}{name}");
        self.services.registry.set_version_tag(journaled, &record.model.name, record.model.version, &key, &value).await
    }
}
