//! Preflight checks on what was read. Makes no requests.

use crate::domain::caution::{Caution, cautions};
use crate::domain::commit::CommitOrigin;
use crate::domain::commit::Repository;
use crate::domain::compare::Directions;
use crate::domain::confirmation::confirmation;
use crate::domain::decision::Candidate;
use crate::domain::evidence::{Code, Source};
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, PromotionId, RepoSlug};
use crate::domain::name::oddities;
use crate::domain::policy::judge::BRANCH;
use crate::domain::preflight::{Check, CheckState};
use crate::domain::promotion::PromotionPlan;
use crate::domain::promotion::mark::{MARK, promotion_on};
use crate::domain::record::{Basis, ClockFacts, Decision};
use crate::domain::registry::{ModelVersion, Permission, VersionStatus};
use crate::domain::release::TemplateError;
use crate::domain::signer::Signer;
use crate::services::Services;
use CheckState::{Block, Pass, Unknown, Warn};

/// What to do about a clock that is wrong.
pub const CLOCK_HINT: &str = "Set the clock. Times are read by the host's clock as far as it was seen.";

/// The live promotion that marks this version, unless it is `own`. A mark copied from another version is none.
pub fn foreign_promotion(facts: &ReviewedFacts, own: Option<PromotionId>) -> Option<(String, PromotionId)> {
    let (id, by) = promotion_on(&facts.version)?;
    (Some(id) != own).then(|| (by.to_owned(), id))
}

/// A check without a hint.
pub(super) fn check(title: &str, state: CheckState, detail: impl Into<String>) -> Check {
    Check { title: title.to_owned(), state, detail: detail.into(), hint: None, failure: None, overridable: false }
}

/// A check that failed because something could not be read; keeps kind and hint.
pub(super) fn failed(title: &str, state: CheckState, failure: &Failure) -> Check {
    Check { hint: failure.hint.clone(), failure: Some(failure.kind), ..check(title, state, failure.to_string()) }
}

/// Whether a server failed. What is not configured or not recorded is a finding, and has no exit code of its own.
pub(super) fn is_of_a_server(failure: &Failure) -> bool {
    match failure.service {
        Service::Github => true,
        // A run that records no commit is found out without asking.
        Service::Mlflow => failure.kind != FailureKind::NotFound,
        Service::Journal | Service::Config | Service::Local => false,
    }
}

/// The failure of a user who may read a model and not change it.
pub fn lacking(model: &ModelName, permission: &Permission) -> Failure {
    let Permission { level, needed, .. } = permission;
    let reason = format!("permission denied: you have {level} on it, and this needs {needed}");
    Failure::new(FailureKind::Forbidden, Service::Mlflow, format!("change {model}"), reason)
        .with_hint(format!("Ask the model's owner for {needed}."))
}

#[derive(Clone, Debug, Default)]
pub(super) struct Checks {
    pub list: Vec<Check>,
    /// Failures that were told, with the place of their checks in the list.
    told: Vec<(usize, Failure)>,
}

impl Checks {
    pub(super) fn add(&mut self, title: &str, state: CheckState, detail: impl Into<String>) {
        self.list.push(check(title, state, detail));
    }

    pub(super) fn add_hint(
        &mut self,
        title: &str,
        state: CheckState,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.list.push(Check { hint: Some(hint.into()), ..check(title, state, detail) });
    }

    /// One cause is told once, by the first check that it hinders, or by the first that blocks.
    pub(super) fn fail(&mut self, title: &str, state: CheckState, failure: &Failure) {
        self.tell(failed(title, state, failure), failure);
    }

    pub(super) fn tell(&mut self, check: Check, failure: &Failure) {
        match self.told.iter().find(|(_, told)| told.same_cause(failure)) {
            Some((at, _)) if self.list[*at].state == Block || check.state != Block => {}
            Some((at, _)) => self.list[*at] = check,
            None => {
                self.told.push((self.list.len(), failure.clone()));
                self.list.push(check);
            }
        }
    }

    /// Adds the checks of others: what they and these tell of one cause is told once.
    pub(super) fn append(&mut self, other: Self) {
        let Self { list, told } = other;
        for (at, check) in list.into_iter().enumerate() {
            match told.iter().find(|(told_at, _)| *told_at == at) {
                Some((_, failure)) => self.tell(check, failure),
                None => self.list.push(check),
            }
        }
    }

    /// Sets the failure kind of the last check.
    pub(super) fn because(&mut self, kind: FailureKind) {
        if let Some(last) = self.list.last_mut() {
            last.failure = Some(kind);
        }
    }

    /// `over` are promotions of this machine that have ended.
    pub(super) fn version(
        &mut self,
        services: &Services,
        facts: &ReviewedFacts,
        directions: &Directions,
        decision: Decision,
        over: &[PromotionId],
    ) {
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
        for odd in oddities(version.model.as_str()) {
            let typed = confirmation(&version.model, version.number);
            self.add_hint(
                "name",
                Warn,
                format!("{odd}: {}", version.model),
                format!("Make sure that this is the model you mean; {typed} confirms it, and no other."),
            );
        }
        let marked = foreign_promotion(facts, None);
        if let Some((_, id)) = marked.as_ref().filter(|(_, id)| over.contains(id)) {
            let what = format!("the mark of promotion {} is still there, but it has ended: it is replaced", id.short());
            self.add("promotion", Warn, what);
        } else if let Some((by, id)) = marked {
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
        match (&facts.run, &facts.logged) {
            (RunFacts::Known(run), _) if run.deleted || !run.is_finished() => {}
            (RunFacts::Known(_), _) => self.add("run", Pass, "the training run is readable"),
            (RunFacts::NotRecorded, Some(LoggedFacts::Known(_))) => {
                self.add("run", Pass, "the model was logged outside a run, and is readable");
            }
            (RunFacts::NotRecorded, _) => self.add("run", Warn, "the version names no training run"),
            (RunFacts::Unreadable(why), _) => self.fail("run", Warn, why.failure()),
        }
        for Caution { about, text } in cautions(facts, directions) {
            self.add(about, Warn, text);
        }
    }

    /// The version to roll back to was in production before.
    pub(super) fn rollback(&mut self, chosen: &Outcome<Candidate>) {
        match chosen {
            Ok(was) => {
                let what = format!("{} was in production before ({})", was.version, was.sources.join("; "));
                self.add("rollback", Pass, what);
            }
            Err(failure) => self.fail("rollback", Block, failure),
        }
    }

    /// Only what is certain: most servers do not say.
    pub(super) fn permission(&mut self, model: &ModelName, permission: &Outcome<Option<Permission>>) {
        match permission {
            Ok(Some(permission)) if !permission.enough => {
                self.list.push(failed("MLflow permission", Block, &lacking(model, permission)));
            }
            Ok(_) => {}
            Err(failure) => self.fail("MLflow permission", Unknown, failure),
        }
    }

    pub(super) fn signer(&mut self, signer: &Outcome<Signer>) {
        match signer {
            Ok(signer) => self.add("signer", Pass, format!("signing as {}", signer.login)),
            Err(failure) => self.fail("signer", Block, failure),
        }
    }

    /// Whether this machine's clock agrees with the host's.
    pub(super) fn clock(&mut self, clock: &ClockFacts, host: &str) {
        if let Some(odd) = clock.oddity() {
            self.add_hint("clock", Warn, format!("this machine's clock is {odd} {host}'s"), CLOCK_HINT);
        }
    }

    /// Repository, commit and branch. What one cause hinders is said once.
    pub(super) fn code(&mut self, code: &Code, repo: Option<&RepoSlug>) {
        match (&code.repository, repo) {
            (Ok(repository), Some(repo)) => self.list.push(repository_check(repository, repo)),
            (Ok(_), None) => {}
            (Err(failure), _) => self.hinder("repository", failure),
        }
        match (&code.source, &code.repository) {
            (Ok(source), _) => self.commit(source),
            // Of a repository that cannot be read, no commit can be either.
            (Err(failure), Err(said))
                if failure.service == said.service
                    && (failure.kind == said.kind || said.kind == FailureKind::NotFound) =>
            {
                return;
            }
            (Err(failure), _) => return self.hinder("commit", failure),
        }
        match (&code.on_default_branch, &code.repository) {
            (Ok(on), Ok(repository)) => self.branch(*on, &repository.default_branch, &code.source),
            // Reported by the repository's own check.
            (_, Err(_)) => {}
            (Err(failure), Ok(_)) => self.fail("branch", Block, failure),
        }
    }

    /// Blocks for a failure. Only one of a server has a kind, which decides the exit code.
    fn hinder(&mut self, title: &str, failure: &Failure) {
        match is_of_a_server(failure) {
            true => self.fail(title, Block, failure),
            false => {
                let check = Check { hint: failure.hint.clone(), ..check(title, Block, failure.reason.clone()) };
                self.tell(check, failure);
            }
        }
    }

    fn commit(&mut self, Source { commit, origin, .. }: &Source) {
        match origin {
            CommitOrigin::Run => self.add("commit", Pass, format!("{} {}", commit.sha.short(), commit.title)),
            CommitOrigin::BranchHead(branch) => self.add(
                "commit",
                Warn,
                format!("the run recorded NO commit: the head of {branch}, {}, would be tagged", commit.sha.short()),
            ),
        }
    }

    fn branch(&mut self, on: bool, branch: &str, source: &Outcome<Source>) {
        match (on, source) {
            (true, _) => self.add("branch", Pass, format!("the commit is on {branch}")),
            (false, source) => {
                let commit = source.as_ref().map_or("", |s| s.commit.sha.short());
                self.add_hint(
                    "branch",
                    Block,
                    format!("commit {commit} is not on {branch}"),
                    "Merge it first. After a squash merge it never is: `default_branch = \"warn\"` in the policy releases \
                     it all the same.",
                );
            }
        }
    }

    /// Whether the registry takes the tags that would be added to a version that has these.
    pub(super) fn room(&mut self, most: Option<usize>, version: &ModelVersion, names: &[&str], task: Option<&str>) {
        if let Some(why) = no_room(most, version, names, task) {
            self.add_hint("size", Block, why, "Delete tags that nobody needs.");
        }
    }

    /// Whether the servers take every text that the plan would write.
    pub(super) fn texts(&mut self, plan: Result<PromotionPlan, TemplateError>) {
        let plan = match plan {
            Ok(plan) => plan,
            Err(error) => {
                return self.add_hint("notes", Block, error.to_string(), "Fix the release notes template.");
            }
        };
        for what in plan.excess() {
            self.add("size", Block, what);
        }
        if plan.is_shortened() {
            let what =
                "the release notes are too long for GitHub and are shortened; the attached record has everything";
            self.add_hint("notes", Warn, what, "A `notes_template` with fewer metrics makes them fit.");
        }
    }

    /// Gives the check of the branch the state that the verdict has, so that `check` and the plan agree.
    pub(super) fn judged_branch(&mut self, basis: &Basis) {
        let finding = basis.verdict.findings.iter().find(|f| f.rule == BRANCH);
        let state = finding.map_or(Unknown, |f| f.state);
        for check in self.list.iter_mut().filter(|c| c.title == "branch" && c.state != Pass) {
            check.state = state;
            check.overridable = state == Block && basis.demands.allow_override;
        }
    }
}

/// Why our tags of these names, and that of a task, do not fit on the version, if the registry takes at most `most` tags.
pub fn no_room(most: Option<usize>, version: &ModelVersion, names: &[&str], task: Option<&str>) -> Option<String> {
    let most = most?;
    let new = names.iter().filter(|name| version.own_tag(name).is_none()).count()
        + task.iter().filter(|task| !version.tags.contains(task)).count();
    let has = version.tags.names().count();
    (has + new > most).then(|| format!("{} has {has} tags, {new} would be added, and {most} are taken", version.number))
}

/// Whether releases can be made in `repo`.
pub fn repository_check(repository: &Repository, repo: &RepoSlug) -> Check {
    let hinted =
        |detail: String, hint: &str| Check { hint: Some(hint.to_owned()), ..check("repository", Block, detail) };
    match (repository.archived, repository.can_push) {
        (true, _) => hinted(
            format!("{repo} is archived and takes no releases"),
            "Unarchive it, or release this model from another repository.",
        ),
        (_, Some(false)) => Check {
            failure: Some(FailureKind::Forbidden),
            ..hinted(
                format!("the GitHub token cannot write to {repo}"),
                "It needs the permission Contents: write (fine-grained) or the scope repo (classic).",
            )
        },
        (_, Some(true)) => check("repository", Pass, format!("can write to {repo}")),
        (_, None) => check("repository", Unknown, format!("{repo} does not say whether the token can write")),
    }
}

/// What is wrong with the CD workflow `file`; none if it is there.
pub fn workflow_check(file: &str, read: &Outcome<Result<(), String>>) -> Option<Check> {
    let hint = || Some(format!("Without {file}, nothing will be deployed by the release."));
    match read {
        Ok(Ok(())) => None,
        Ok(Err(why)) => Some(Check { hint: hint(), ..check("CD", Warn, why.clone()) }),
        Err(failure) => Some(failed("CD", Unknown, failure)),
    }
}
