//! Reads the evidence a policy asks for and judges it: one piece of code for the review, the approval, `check` and `verify`.
//!
//! For a look, only what some rule asks for is read: without rules nothing is asked of any server. Repository and commit come first,
//! then the policy file (if the configuration says that it counts), then everything else at once.

use crate::domain::compare::Directions;
use futures_util::future::join5;
use serde::{Deserialize, Serialize};

use crate::domain::commit::Ancestry;
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{CommitSha, RepoSlug};
use crate::domain::policy::{CodeEvidence, Evidence, Policy, PolicySource, Reading, Severity, Verdict, file, judge};
use crate::domain::rules::PolicyFrom;
use crate::domain::text::clean_line;
use crate::services::Services;
use crate::services::evidence::code;

/// A verdict with everything it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The rules, as they were in force.
    pub sources: Vec<PolicySource>,
    /// What they were laid against.
    pub evidence: Evidence,
    /// What came of it.
    pub verdict: Verdict,
}

impl Evaluation {
    /// Which way metrics should go, by `stated` and by the rules that were in force.
    pub fn directions(&self, stated: &Directions) -> Directions {
        stated.and_of(self.policies())
    }

    /// The policies that could be understood.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.sources.iter().filter_map(|s| s.policy.as_ref().ok())
    }
}

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What some rule asks for.
    Rules,
    /// Everything there is: a decision's record holds it, whether a rule asks for it or not.
    Everything,
}

/// Reads what the policy of this version asks for, and judges it. What cannot be read is part of the verdict, not an error.
pub async fn read(services: &Services, facts: &ReviewedFacts, scope: Scope) -> Evaluation {
    let rule = &services.rules.policy;
    let configured = services.rules.configured_policy(&facts.version.model);
    let source = if rule.from != PolicyFrom::Configuration
        || scope == Scope::Everything
        || configured.is_some_and(|s| s.policy.as_ref().is_ok_and(Asks::commit))
    {
        code::source(services, facts).await
    } else {
        Err(Failure::new(FailureKind::NotFound, Service::Local, "find the commit", "no rule asks for it"))
    };
    read_at(services, facts, &source, scope).await
}

/// As [`read`], with the code at `source`: what was released counts, whatever the configuration would take now.
pub async fn read_at(
    services: &Services,
    facts: &ReviewedFacts,
    source: &Outcome<code::Source>,
    scope: Scope,
) -> Evaluation {
    let mut sources: Vec<PolicySource> = services.rules.configured_policy(&facts.version.model).into_iter().collect();
    if services.rules.policy.from != PolicyFrom::Configuration {
        sources.push(policy_file(services, facts, source).await);
    }
    let evidence = gather(services, facts, &sources, source, scope).await;
    let verdict = judge::judge(&sources, &evidence);
    Evaluation { sources, evidence, verdict }
}

/// The policy file at the reviewed commit. One that is missing blocks: the configuration says that it counts.
async fn policy_file(services: &Services, facts: &ReviewedFacts, source: &Outcome<code::Source>) -> PolicySource {
    let path = &services.rules.policy.file;
    let source = match source {
        Ok(source) => source,
        Err(failure) => return PolicySource::broken(path.clone(), failure.to_string()),
    };
    let (repo, sha) = (&source.repo, &source.commit.sha);
    let name = format!("{repo}@{}:{path}", sha.short());
    let bytes = match services.code.file(repo, sha, path).await {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return PolicySource::broken(name, format!("there is no {path} in {repo} at commit {}", sha.short()));
        }
        Err(failure) => return PolicySource::broken(name, failure.to_string()),
    };
    let Ok(text) = String::from_utf8(bytes) else {
        return PolicySource::broken(name, "it is not UTF-8 text");
    };
    match file::parse(&text) {
        Ok(all) => PolicySource::new(name, all.for_model(&facts.version.model).unwrap_or_default()),
        Err(why) => PolicySource::broken(name, clean_line(&why)),
    }
}

/// What a policy makes necessary to read.
trait Asks {
    fn checks(&self) -> bool;
    fn pull_request(&self) -> bool;
    fn branch(&self) -> bool;
    fn training(&self) -> bool;
    /// Anything that is known of a commit.
    fn commit(&self) -> bool {
        self.checks() || self.pull_request() || self.branch()
    }
}

impl Asks for Policy {
    fn checks(&self) -> bool {
        !self.checks.is_empty()
    }

    fn pull_request(&self) -> bool {
        self.pull_request_approvals > 0 || self.four_eyes.author != Severity::Ignore
    }

    fn branch(&self) -> bool {
        self.default_branch
    }

    fn training(&self) -> bool {
        self.four_eyes.trainer != Severity::Ignore
    }
}

async fn gather(
    services: &Services,
    facts: &ReviewedFacts,
    sources: &[PolicySource],
    source: &Outcome<code::Source>,
    scope: Scope,
) -> Evidence {
    let asked = |ask: fn(&Policy) -> bool| {
        scope == Scope::Everything || sources.iter().filter_map(|s| s.policy.as_ref().ok()).any(ask)
    };
    let place: Reading<(RepoSlug, CommitSha)> =
        source.as_ref().map(|s| (s.repo.clone(), s.commit.sha.clone())).map_err(ToString::to_string);
    let (signature, on_default_branch, pull_request, checks, training_actor) = join5(
        when(asked(|p| p.signature), async {
            services.tracking.signature(&facts.version).await.map(|s| s.is_some()).map_err(sentence)
        }),
        when(asked(Asks::branch), async {
            let (repo, sha) = place.as_ref().map_err(Clone::clone)?;
            on_default_branch(services, repo, sha).await.map_err(sentence)
        }),
        when(asked(Asks::pull_request), async {
            let (repo, sha) = place.as_ref().map_err(Clone::clone)?;
            services.code.pull_request(repo, sha).await.map_err(sentence)
        }),
        when(asked(Asks::checks), async {
            let (repo, sha) = place.as_ref().map_err(Clone::clone)?;
            services.code.checks(repo, sha).await.map_err(sentence)
        }),
        when(asked(Asks::training), async {
            let training = code::training(services, facts).await.map_err(sentence)?;
            Ok(training.and_then(|t| t.run.actor))
        }),
    )
    .await;
    let code = CodeEvidence { source: place, on_default_branch, pull_request, checks, training_actor };
    Evidence { facts: facts.clone(), signature, code, read_at: services.clock.now() }
}

/// Does not start what nobody asked for.
async fn when<T>(asked: bool, read: impl Future<Output = Reading<T>>) -> Reading<T> {
    if asked { read.await } else { Err("not read: no rule asks for it".to_owned()) }
}

async fn on_default_branch(services: &Services, repo: &RepoSlug, sha: &CommitSha) -> Outcome<bool> {
    let repository = services.host.repository(repo).await?;
    let ancestry = services.host.ancestry(repo, &repository.default_branch, sha).await?;
    Ok(ancestry == Ancestry::OnBranch)
}

#[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
fn sentence(failure: Failure) -> String {
    failure.to_string()
}
