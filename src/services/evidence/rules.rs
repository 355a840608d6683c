//! What the policies of a version require to be read, and the policy file of its repository.

use super::Scope;
use crate::domain::evidence::Source;
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::policy::{Policy, PolicySource, Severity, file};
use crate::domain::rules::PolicyFrom;
use crate::domain::text::clean_line;
use crate::services::Services;

/// What to read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// Anything about the commit.
    pub commit: bool,
    pub branch: bool,
    pub pull_request: bool,
    pub checks: bool,
    pub changes: bool,
    pub training: bool,
    pub signature: bool,
    pub artifact: bool,
}

impl Asked {
    /// What `scope` and the rules of `sources` ask for.
    pub(super) fn of(sources: &[PolicySource], scope: Scope) -> Self {
        let policies = || sources.iter().filter_map(|s| s.policy.as_ref().ok());
        let asks = |ask: fn(&Policy) -> bool| policies().any(ask);
        let (decision, code) = (scope == Scope::Decision, scope != Scope::Rules);
        let stated = policies().any(|p| p.default_branch.is_some());
        let branch = decision || !stated || asks(|p| p.default_branch.is_some_and(|s| s != Severity::Ignore));
        let checks = code || asks(|p| !p.checks.is_empty());
        let pull_request = code || asks(|p| p.pull_request_approvals > 0 || p.four_eyes.author != Severity::Ignore);
        Self {
            commit: code || branch || checks || pull_request,
            branch,
            pull_request,
            checks,
            changes: code,
            training: code || asks(|p| p.four_eyes.trainer != Severity::Ignore),
            signature: code || asks(|p| p.signature),
            artifact: decision,
        }
    }
}

/// Whether the configuration enables the policy file in the model's repository.
pub(super) fn in_repository(services: &Services) -> bool {
    services.rules.policy.from != PolicyFrom::Configuration
}

/// The policy file at the reviewed commit. A missing one blocks, because the configuration enables it.
pub(super) async fn policy_file(services: &Services, facts: &ReviewedFacts, source: &Outcome<Source>) -> PolicySource {
    let path = &services.rules.policy.file;
    let source = match source {
        Ok(source) => source,
        Err(failure) => return PolicySource::broken(path.clone(), failure.clone()),
    };
    let (repo, sha) = (&source.repo, &source.commit.sha);
    let name = format!("{repo}@{}:{path}", sha.short());
    let invalid = |why: String| Failure::new(FailureKind::Config, Service::Config, format!("use {name}"), why);
    let read = services.code.file(repo, sha, path).await.and_then(|bytes| {
        let none = || invalid(format!("there is no {path} in {repo} at commit {}", sha.short()));
        let text =
            String::from_utf8(bytes.ok_or_else(none)?).map_err(|_| invalid("it is not UTF-8 text".to_owned()))?;
        file::parse(&text).map_err(|why| invalid(clean_line(&why)))
    });
    match read {
        Ok(all) => PolicySource::new(name, all.for_model(&facts.version.model).unwrap_or_default()),
        Err(failure) => PolicySource::broken(name, failure),
    }
}
