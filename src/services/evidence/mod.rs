//! Reads everything a decision on one version rests on: once per decision, by the same code.
//!
//! The [`Evaluation`] made here is what a version is shown with, judged by, signed for, released on or rejected for.
//! The promoter reads the [`facts`] again before each write, by the same code.
//!
//! Each part is read on its own: a part that cannot be read is kept as evidence with its reason and does not hide the
//! others.

pub mod artifact;
mod code;
mod rules;
mod said;

use std::collections::BTreeMap;

use futures_util::future::{join, join3, try_join};

use crate::domain::artifact::MlModelFile;
use crate::domain::commit::{Commit, CommitOrigin, Repository};
use crate::domain::evidence::{Evidence, Source, not_asked};
use crate::domain::facts::{ReviewedFacts, Standing};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, RepoSlug, VersionNumber};
use crate::domain::origin::{CodeOrigin, code_of, repository_of};
use crate::domain::policy::{Evaluation, PolicySource};
use crate::domain::reference::{Selector, VersionRef};
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::domain::run::is_commit_id;
use crate::domain::shell::word;
use crate::domain::text::clean_line;
use crate::ports::{ModelRegistry, ReleaseHost};
use crate::services::Services;
use rules::Asked;
pub use said::Said;

/// How much is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What the rules ask for: without rules the code host is not queried.
    Rules,
    /// What the rules ask for, and where the code came from.
    Lineage,
    /// What a decision's record holds, whether a rule asks for it or not.
    Decision,
}

/// Reads the version and its evidence as far as `scope` asks.
///
/// # Errors
/// Those of reading the version or what is in production. Everything else is part of the evidence.
pub async fn read(services: &Services, model: &ModelName, number: VersionNumber, scope: Scope) -> Outcome<Evaluation> {
    let facts = facts(services.registry.as_ref(), &services.rules.promote_to, model, number).await?;
    Ok(of(services, facts, scope).await)
}

/// As [`read`], for facts that were read already.
pub async fn of(services: &Services, facts: ReviewedFacts, scope: Scope) -> Evaluation {
    let configured: Vec<PolicySource> = services.rules.configured_policy(&facts.version.model).into_iter().collect();
    let asked = Asked::of(&configured, scope);
    let (rules, host) = (&services.rules, services.host.host());
    let (source, repository) = join(
        async {
            match asked.commit || rules::in_repository(services) {
                true => source(services, &code_of(rules, (&facts).into(), &host)?).await,
                false => Err(not_asked("the commit")),
            }
        },
        async {
            match scope {
                // Read concurrently with the commit, and also without one: it needs only the repository's name.
                Scope::Decision => match repository_of(rules, (&facts).into(), &host) {
                    Ok(repo) => Some(services.host.repository(&repo).await),
                    Err(failure) => Some(Err(failure)),
                },
                Scope::Rules | Scope::Lineage => None,
            }
        },
    )
    .await;
    at(services, facts, configured, source, repository, scope).await.with_defaults()
}

/// As [`of`], with the code at `source`: for a release, what was released counts, whatever the configuration says now.
pub async fn released(
    services: &Services,
    facts: ReviewedFacts,
    source: Outcome<Source>,
    default_branch: Option<&str>,
) -> Evaluation {
    let configured: Vec<PolicySource> = services.rules.configured_policy(&facts.version.model).into_iter().collect();
    let repository = default_branch.map(|branch| {
        let web_url = String::new();
        Ok(Repository { default_branch: branch.to_owned(), can_push: None, archived: false, web_url })
    });
    at(services, facts, configured, source, repository, Scope::Rules).await
}

async fn at(
    services: &Services,
    facts: ReviewedFacts,
    mut sources: Vec<PolicySource>,
    source: Outcome<Source>,
    repository: Option<Outcome<Repository>>,
    scope: Scope,
) -> Evaluation {
    if rules::in_repository(services) {
        sources.push(rules::policy_file(services, &facts, &source).await);
    }
    let asked = Asked::of(&sources, scope);
    let (code, (mlmodel, listing), requests) = join3(
        code::read(services, &facts, source, repository, asked, scope),
        async {
            match (asked.artifact, asked.signature) {
                (true, _) => {
                    let (mlmodel, listing, digests) = files(services, &facts.version).await;
                    (mlmodel, Some((listing, digests)))
                }
                (false, true) => (services.tracking.mlmodel(&facts.version).await, None),
                (false, false) => (Err(not_asked("the MLmodel file")), None),
            }
        },
        services.registry.requests(&facts.version.model, facts.version.number),
    )
    .await;
    let artifact = listing.map(|(listing, digests)| artifact::facts(&mlmodel, listing, digests));
    let signature = mlmodel.and_then(|file| file.signature);
    Evaluation::of(sources, Evidence { facts, code, requests, signature, artifact, read_at: services.clock.now() })
}

/// The `MLmodel` file of a version, its files, and the digests of those that are small enough. What is not listed is not
/// asked for.
async fn files(
    services: &Services,
    version: &ModelVersion,
) -> (Outcome<MlModelFile>, Outcome<Result<artifact::Listing, String>>, BTreeMap<String, String>) {
    let listing = artifact::listing(services, version, artifact::MAX_REQUESTS).await;
    let listed = listing.as_ref().ok().and_then(|listing| listing.as_ref().ok());
    let mlmodel = match listed {
        Some(listing) if !listing.has_mlmodel() => Err(artifact::no_mlmodel(version)),
        Some(_) | None => services.tracking.mlmodel(version).await,
    };
    let digests = match listed {
        Some(listing) if listing.stopped.is_none() => {
            artifact::digests(services, listing, mlmodel.as_ref().ok()).await.0
        }
        Some(_) | None => BTreeMap::new(),
    };
    (mlmodel, listing, digests)
}

/// Reads the facts about one version: itself, its run and its logged model, and what is in production with those.
///
/// Three or four requests, whatever the model's size, and one more for each logged model. A run or a logged model that
/// cannot be read is part of the facts, not an error; a version that cannot be read is an error.
///
/// # Errors
/// Those of reading the version or the target's holders.
pub async fn facts(
    registry: &dyn ModelRegistry,
    target: &PromotionTarget,
    model: &ModelName,
    number: VersionNumber,
) -> Outcome<ReviewedFacts> {
    let there = async {
        match registry.other() {
            // In production is what the other target says.
            Some(other) => other.in_production(model).await.map(Some),
            None => Ok(None),
        }
    };
    let ((version, holders), there) = match try_join(registry.with_holders(model, number, target), there).await {
        Ok(read) => read,
        Err(failure) => return Err(pointed_on(registry, failure, model).await),
    };
    let baseline = match there {
        Some(there) => there.into_iter().next_back(),
        None => holders.iter().rev().find(|v| v.number != number).cloned(),
    };
    let said = Said::read(registry, std::iter::once(&version).chain(&baseline)).await;
    let holders = holders.iter().map(|v| v.number).collect();
    let baseline = baseline.map(|version| said.standing(version));
    let Standing { version, run, logged } = said.standing(version);
    Ok(ReviewedFacts { version, run, logged, baseline, holders })
}

/// Resolves a reference to an exact version. Everything afterwards acts on the number, not the alias.
///
/// # Errors
/// [`FailureKind::NotFound`] with the reference in the sentence.
pub async fn number_of(registry: &dyn ModelRegistry, reference: &VersionRef) -> Outcome<(ModelName, VersionNumber)> {
    match &reference.selector {
        Selector::Number(number) => Ok((reference.model.clone(), *number)),
        Selector::Alias(_) => resolve(registry, reference).await.map(|v| (v.model, v.number)),
    }
}

/// Resolves a reference to an exact version.
///
/// # Errors
/// As [`number_of`].
pub async fn resolve(registry: &dyn ModelRegistry, reference: &VersionRef) -> Outcome<ModelVersion> {
    let found = match &reference.selector {
        Selector::Number(number) => registry.version(&reference.model, *number).await,
        Selector::Alias(alias) => registry.version_by_alias(&reference.model, alias).await,
    };
    match found {
        Ok(version) => Ok(version),
        Err(failure) => Err(pointed_on(registry, failure, &reference.model).await),
    }
}

/// A version that is not there comes with the command that lists those that are; a model that is not there is said to be
/// what is missing.
async fn pointed_on(registry: &dyn ModelRegistry, failure: Failure, model: &ModelName) -> Failure {
    if failure.kind != FailureKind::NotFound || failure.hint.is_some() {
        return failure;
    }
    match registry.model(model).await {
        Err(missing) if missing.kind == FailureKind::NotFound => {
            Failure { reason: format!("there is no model {model}"), ..failure }
                .with_hint("`signoff models` lists those that there are.")
        }
        Ok(_) | Err(_) => {
            failure.with_hint(format!("`signoff versions {}` lists what there is.", word(model.as_str())))
        }
    }
}

/// The recorded or configured commit, resolved.
async fn source(services: &Services, origin: &CodeOrigin) -> Outcome<Source> {
    let commit = match origin.origin {
        CommitOrigin::Run => commit(services.host.as_ref(), &origin.repo, &origin.rev).await?,
        // A branch may be called anything, also what looks like a commit id.
        CommitOrigin::BranchHead(_) => services.host.commit(&origin.repo, &origin.rev).await?,
    };
    Ok(Source { repo: origin.repo.clone(), commit, origin: origin.origin.clone() })
}

/// Resolves a commit id, possibly abbreviated, or a branch.
///
/// # Errors
/// Those of the host; [`FailureKind::Conflict`] if an id resolves to a commit that does not begin with it: then it
/// is the name of a branch or tag, which may be moved.
pub async fn commit(host: &dyn ReleaseHost, repo: &RepoSlug, rev: &str) -> Outcome<Commit> {
    let commit = host.commit(repo, rev).await.map_err(|failure| match failure.kind {
        FailureKind::NotFound => Failure {
            reason: match is_commit_id(rev) {
                true => format!("{repo} does not have commit {rev}"),
                false => format!("{repo} does not have branch {}", clean_line(rev)),
            },
            hint: Some("Push it, or check that the model is configured with the right repository.".to_owned()),
            ..failure
        },
        _ => failure,
    })?;
    if is_commit_id(rev) && !commit.sha.as_str().starts_with(&rev.to_ascii_lowercase()) {
        let reason = format!("{rev} is the name of a branch or tag in {repo}, which is at {} now", commit.sha.short());
        return Err(Failure::new(
            FailureKind::Conflict,
            Service::Github,
            format!("find commit {rev} in {repo}"),
            reason,
        )
        .with_hint("Record the whole commit id when training."));
    }
    Ok(commit)
}
