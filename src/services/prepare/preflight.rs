//! Everything that is checked before a human is asked.

use futures_util::future::{join, join3};

use crate::domain::commit::{Ancestry, Commit, HostIdentity, Repository};
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{InvalidId, ModelName, PromotionId, RepoSlug, TagName, VersionNumber};
use crate::domain::preflight::{Check, CheckState, JOURNAL, Preflight};
use crate::domain::promotion::plan::{MARK, live_promotion};
use crate::domain::promotion::{CommitOrigin, PlanDraft, Signer, fold};
use crate::domain::record::{Decision, SignOff};
use crate::domain::registry::VersionStatus;
use crate::domain::release;
use crate::services::Services;
use crate::services::evidence;
use crate::services::prepare::basis;
use CheckState::{Block, Pass, Unknown, Warn};

/// Times one version can be released.
const MAX_RELEASES: u32 = 50;

/// Reads both servers and makes the plan, or says what hinders it.
pub async fn run(
    services: &Services,
    model: &ModelName,
    number: VersionNumber,
    decision: Decision,
) -> Outcome<Preflight> {
    let rules = &services.rules;
    let (facts, who, info) = join3(
        evidence::reviewed_facts(services.registry.as_ref(), &rules.promote_to, model, number),
        services.host.whoami(),
        services.registry.info(),
    )
    .await;
    let facts = facts?;
    let mut checks = Checks::default();
    checks.version(services, &facts, decision);
    checks.unfinished(services, model).await;
    let skew = who.as_ref().ok().and_then(|who| basis::skew(who, services.clock.now()));
    let signer = checks.signer(who, &services.host.host(), info.ok().and_then(|i| i.user));
    let source = checks.source(services, &facts).await;
    let tag = match &source {
        Some(source) => checks.tag(services, &source.repo, model, number, decision).await,
        None => None,
    };
    let at = source.as_ref().map(|s| (&s.repo, &s.commit.sha));
    let mut grounds = basis::read(services, &facts, signer.as_ref(), at, decision).await;
    grounds.basis.clock.skew_ms = skew;
    checks.list.append(&mut grounds.checks);
    let draft = match (signer, source, tag) {
        (Some(signer), Some(source), Some(tag)) => Some(PlanDraft {
            target_name: rules.target_name.clone(),
            demo: rules.demo,
            registry_url: services.registry.url(),
            host: services.host.host(),
            promote_to: rules.promote_to.clone(),
            title: release::title(&rules.title_template, model, number),
            notes_template: rules.notes_template.clone(),
            directions: grounds.directions,
            cd: rules.cd.clone(),
            repo: source.repo,
            commit: source.commit,
            commit_origin: source.origin,
            facts,
            tag,
            signer,
            basis: grounds.basis,
        }),
        _ => None,
    };
    if let Some(draft) = &draft {
        checks.notes(services, draft);
    }
    Ok(Preflight { checks: checks.list, draft, read_at: services.clock.now() })
}

/// The live promotion that marks this version, unless it is `own`.
pub fn foreign_promotion(facts: &ReviewedFacts, own: Option<PromotionId>) -> Option<(String, PromotionId)> {
    let (id, by) = facts.version.own_tag(MARK).and_then(live_promotion)?;
    (Some(id) != own).then(|| (by.to_owned(), id))
}

struct Source {
    repo: RepoSlug,
    commit: Commit,
    origin: CommitOrigin,
}

#[derive(Default)]
struct Checks {
    list: Vec<Check>,
}

impl Checks {
    fn add(&mut self, title: &str, state: CheckState, detail: impl Into<String>) {
        self.list.push(Check {
            title: title.to_owned(),
            state,
            detail: detail.into(),
            hint: None,
            failure: None,
            overridable: false,
        });
    }

    fn add_hint(&mut self, title: &str, state: CheckState, detail: impl Into<String>, hint: impl Into<String>) {
        self.add(title, state, detail);
        if let Some(last) = self.list.last_mut() {
            last.hint = Some(hint.into());
        }
    }

    fn fail(&mut self, title: &str, state: CheckState, failure: &Failure) {
        self.add(title, state, failure.to_string());
        if let Some(last) = self.list.last_mut() {
            last.hint.clone_from(&failure.hint);
            last.failure = Some(failure.kind);
        }
    }

    /// Names the kind of failure behind the check that was added last.
    fn because(&mut self, kind: FailureKind) {
        if let Some(last) = self.list.last_mut() {
            last.failure = Some(kind);
        }
    }

    fn version(&mut self, services: &Services, facts: &ReviewedFacts, decision: Decision) {
        let (version, target) = (&facts.version, &services.rules.promote_to);
        if services.rules.readonly {
            self.add_hint(
                "target",
                Block,
                format!("target '{}' is read-only", services.rules.target_name),
                "Leave out --readonly, or set `readonly = false` for this target.",
            );
            self.because(FailureKind::Config);
        }
        match &version.status {
            VersionStatus::Ready => self.add("version", Pass, format!("{} is ready", version.number)),
            other => self.add_hint(
                "version",
                Block,
                format!("{} is not ready: {other}", version.number),
                "Wait until its registration has finished, or register it again.",
            ),
        }
        if let Some((by, id)) = foreign_promotion(facts, None) {
            self.add_hint(
                "promotion",
                Block,
                format!("{by} is promoting this version (promotion {id})"),
                format!(
                    "If it is yours: `signoff resume {id}`. If it was abandoned, its journal is lost and no tag exists: \
                     delete the tag 'signoff.{MARK}' of this version in MLflow."
                ),
            );
        }
        if facts.holders.contains(&version.number) {
            self.add(
                "target",
                Warn,
                format!("{} is in {target} already: only the release will be cut", version.number),
            );
        }
        if facts.holders.len() > 1 {
            let list = facts.holders.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            self.add("target", Warn, format!("more than one version is in {target}: {list}"));
        }
        if let Some(newer) = facts.holders.iter().find(|h| **h > version.number && decision != Decision::Rollback) {
            self.add("target", Warn, format!("{newer} in {target} is newer than {}", version.number));
        }
        match &facts.run {
            RunFacts::Known(run) if run.deleted => self.add("run", Warn, "the training run was deleted"),
            RunFacts::Known(run) if run.status != "FINISHED" => {
                self.add("run", Warn, format!("the training run is {}", run.status));
            }
            RunFacts::Known(_) => self.add("run", Pass, "the training run is readable"),
            RunFacts::NotRecorded => self.add("run", Warn, "the version names no training run"),
            RunFacts::Unreadable(why) => self.add("run", Warn, why.clone()),
        }
    }

    /// An unfinished promotion of the same model on this machine goes first.
    async fn unfinished(&mut self, services: &Services, model: &ModelName) {
        let stored = match services.journals.list().await {
            Ok(stored) => stored,
            Err(failure) => return self.fail(JOURNAL, Block, &failure),
        };
        for promotion in stored {
            let state = match promotion.entries {
                // Interrupted before its first entry: it wrote nothing anywhere.
                Ok(entries) if entries.is_empty() => continue,
                Ok(entries) => fold(&entries).map_err(|e| e.to_string()),
                Err(failure) => Err(failure.to_string()),
            };
            let state = match state {
                Ok(state) => state,
                Err(why) => {
                    let id = promotion.id;
                    self.add("journal", Warn, format!("promotion {id} cannot be read, and may be unfinished: {why}"));
                    continue;
                }
            };
            let draft = &state.plan.draft;
            let same_place =
                draft.registry_url == services.registry.url() && draft.promote_to == services.rules.promote_to;
            if draft.model() == model && same_place && !state.is_over() && !state.is_released() {
                self.add_hint(
                    "promotion",
                    Block,
                    format!("the promotion of {} is unfinished", draft.version()),
                    format!("Finish or undo it first: `signoff resume {0}` or `signoff undo {0}`.", promotion.id),
                );
            }
        }
    }

    fn signer(&mut self, who: Outcome<HostIdentity>, host: &str, registry_user: Option<String>) -> Option<Signer> {
        match who {
            Ok(who) => {
                self.add("signer", Pass, format!("signing as {}", who.login));
                Some(signer_of(who, host, registry_user))
            }
            Err(failure) if failure.kind == FailureKind::Forbidden => {
                self.add_hint(
                    "signer",
                    Block,
                    "the GitHub token belongs to no person",
                    "An approval needs a person: use a token of your own account.",
                );
                self.because(FailureKind::Forbidden);
                None
            }
            Err(failure) => {
                self.fail("signer", Block, &failure);
                None
            }
        }
    }

    /// Repository and commit.
    async fn source(&mut self, services: &Services, facts: &ReviewedFacts) -> Option<Source> {
        let (host, rules) = (&services.host, &services.rules);
        let run = facts.run.known();
        let repo = match rules.repository.resolve(Some(&facts.version.model), run, &host.host()) {
            Ok(repo) => repo,
            Err(why) => {
                self.add_hint(
                    "repository",
                    Block,
                    why,
                    "Set `repository` for the target or the model, or pass --repo OWNER/NAME.",
                );
                return None;
            }
        };
        let rev = run.and_then(|r| r.source_commit()).map(str::to_owned);
        let (rev, origin) = match (rev, &rules.commit_from_branch) {
            (Some(rev), _) => (rev, CommitOrigin::Run),
            (None, _) if matches!(facts.run, RunFacts::Unreadable(_)) => {
                self.repository(host.repository(&repo).await, &repo);
                self.add_hint(
                    "commit",
                    Block,
                    "the training run cannot be read, so its commit is not known",
                    "A branch may stand in for a run that recorded no commit, not for one that cannot be read.",
                );
                return None;
            }
            (None, Some(branch)) => (branch.clone(), CommitOrigin::BranchHead(branch.clone())),
            (None, None) => {
                self.repository(host.repository(&repo).await, &repo);
                self.add_hint(
                    "commit",
                    Block,
                    "the training run recorded no commit, so there is nothing to tag",
                    "Train from a Git checkout, or set `commit_from_branch` to allow the head of a branch.",
                );
                return None;
            }
        };
        let workflow = async {
            match &rules.cd.workflow {
                Some(file) if rules.cd.trigger.event().is_some() => Some((file, host.workflow(&repo, file).await)),
                _ => None,
            }
        };
        let (repository, (commit, workflow)) =
            join(host.repository(&repo), join(host.commit(&repo, &rev), workflow)).await;
        let repository = self.repository(repository, &repo);
        let commit = match commit {
            Ok(commit) => commit,
            Err(failure) if failure.kind == FailureKind::NotFound => {
                self.add_hint(
                    "commit",
                    Block,
                    format!("{repo} does not know the run's commit {}", crate::domain::text::clean_line(&rev)),
                    "Push it, or check that the model is configured with the right repository.",
                );
                return None;
            }
            Err(failure) => {
                self.fail("commit", Block, &failure);
                return None;
            }
        };
        match &origin {
            CommitOrigin::Run => self.add("commit", Pass, format!("{} {}", commit.sha.short(), commit.title)),
            CommitOrigin::BranchHead(branch) => self.add(
                "commit",
                Warn,
                format!("the run recorded NO commit: the head of {branch}, {}, would be tagged", commit.sha.short()),
            ),
        }
        if let Some(repository) = repository {
            self.ancestry(services, &repo, &repository.default_branch, &commit).await;
        }
        if let Some((file, Ok(Err(why)))) = &workflow {
            self.add_hint("CD", Warn, why.clone(), format!("Without {file}, nothing will be deployed by the release."));
        } else if let Some((_, Err(failure))) = &workflow {
            self.fail("CD", Unknown, failure);
        }
        Some(Source { repo, commit, origin })
    }

    fn repository(&mut self, read: Outcome<Repository>, repo: &RepoSlug) -> Option<Repository> {
        match read {
            Ok(repository) => {
                match (repository.archived, repository.can_push) {
                    (true, _) => self.add_hint(
                        "repository",
                        Block,
                        format!("{repo} is archived and takes no releases"),
                        "Unarchive it, or release this model from another repository.",
                    ),
                    (_, Some(false)) => {
                        self.add_hint(
                            "repository",
                            Block,
                            format!("the GitHub token may not write to {repo}"),
                            "It needs the permission Contents: write (fine-grained) or the scope repo (classic).",
                        );
                        self.because(FailureKind::Forbidden);
                    }
                    (_, Some(true)) => self.add("repository", Pass, format!("may write to {repo}")),
                    (_, None) => {
                        self.add("repository", Unknown, format!("{repo} does not say whether the token may write"))
                    }
                }
                Some(repository)
            }
            Err(failure) => {
                self.fail("repository", Block, &failure);
                None
            }
        }
    }

    async fn ancestry(&mut self, services: &Services, repo: &RepoSlug, branch: &str, commit: &Commit) {
        match services.host.ancestry(repo, branch, &commit.sha).await {
            Ok(Ancestry::OnBranch) => self.add("branch", Pass, format!("the commit is on {branch}")),
            Ok(Ancestry::OffBranch) => self.add_hint(
                "branch",
                Block,
                format!("commit {} is not on {branch}", commit.sha.short()),
                "Merge it first: only what was merged may be released.",
            ),
            Err(failure) => self.fail("branch", Block, &failure),
        }
    }

    async fn tag(
        &mut self,
        services: &Services,
        repo: &RepoSlug,
        model: &ModelName,
        number: VersionNumber,
        decision: Decision,
    ) -> Option<TagName> {
        let named = match decision {
            Decision::Rollback => free_tag(services, repo, model, number).await,
            _ => release::tag_name(&services.rules.tag_template, model, number).map(Ok),
        };
        let tag = match named {
            Ok(Ok(tag)) => tag,
            Ok(Err(failure)) => {
                self.fail("tag", Block, &failure);
                return None;
            }
            Err(invalid) => {
                self.add_hint("tag", Block, invalid.to_string(), "Change the tag template in the configuration.");
                return None;
            }
        };
        match services.host.tag(repo, &tag).await {
            Ok(None) => self.add("tag", Pass, format!("{tag} is free")),
            Ok(Some(there)) => self.add_hint(
                "tag",
                Block,
                format!("the tag {tag} exists already, at {}", there.commit.chars().take(7).collect::<String>()),
                "A tag is never moved. If this version was released before, there is nothing to do; to bring it back, roll back to it.",
            ),
            Err(failure) => self.fail("tag", Block, &failure),
        }
        Some(tag)
    }

    fn notes(&mut self, services: &Services, draft: &PlanDraft) {
        // Rendered once for its errors; the real rendering happens when the plan is signed.
        if let Err(error) = draft.sign(services.clock.new_id(), services.clock.now(), &SignOff::default()) {
            self.add_hint("notes", Block, error.to_string(), "Mend the release notes template.");
        }
    }
}

/// The first free tag for releasing a version once more: `telco-churn-v41-r2`, then `-r3`.
async fn free_tag(
    services: &Services,
    repo: &RepoSlug,
    model: &ModelName,
    number: VersionNumber,
) -> Result<Outcome<TagName>, InvalidId> {
    let first = release::tag_name(&services.rules.tag_template, model, number)?;
    for nth in 2..=MAX_RELEASES {
        let tag = release::again(&first, nth)?;
        match services.host.tag(repo, &tag).await {
            Ok(None) => return Ok(Ok(tag)),
            Ok(Some(_)) => {}
            Err(failure) => return Ok(Err(failure)),
        }
    }
    let operation = format!("name a tag for {model} {number}");
    let reason = format!("{first} and {MAX_RELEASES} tags after it exist already");
    Ok(Err(Failure::new(FailureKind::Conflict, Service::Github, operation, reason)))
}

/// Who signs, as the servers say.
///
/// # Errors
/// [`FailureKind::Forbidden`] if the token belongs to no person; whatever the host says.
pub async fn signer(services: &Services) -> Outcome<Signer> {
    let (who, info) = join(services.host.whoami(), services.registry.info()).await;
    let who = who.map_err(|failure| match failure.kind {
        FailureKind::Forbidden => failure.with_hint("A decision needs a person: use a token of your own account."),
        _ => failure,
    })?;
    Ok(signer_of(who, &services.host.host(), info.ok().and_then(|i| i.user)))
}

fn signer_of(who: HostIdentity, host: &str, registry_user: Option<String>) -> Signer {
    let email = who.email.unwrap_or_else(|| format!("{}+{}@users.noreply.{host}", who.id, who.login));
    Signer { login: who.login, id: who.id, name: who.name, email, registry_user }
}
