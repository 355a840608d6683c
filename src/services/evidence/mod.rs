//! Reads what a decision rests on. Used by the review screen, the command line, and again, at the moment of
//! the act, by the promoter: one piece of code, so that all of them see the same facts.

pub mod artifact;
pub mod code;
pub mod policy;

use crate::domain::facts::{Baseline, ReviewedFacts, RunFacts};
use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::reference::{Selector, VersionRef};
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::domain::run::Run;
use crate::ports::ModelRegistry;

/// Reads the facts about one version: itself, its run, and what is in production with its run.
///
/// Three or four requests, whatever the model's size. A run that cannot be read is part of the facts, not
/// an error; a version that cannot be read is an error.
///
/// # Errors
/// Whatever the registry says about the version or the target's holders.
pub async fn reviewed_facts(
    registry: &dyn ModelRegistry,
    target: &PromotionTarget,
    model: &ModelName,
    number: VersionNumber,
) -> Outcome<ReviewedFacts> {
    let (version, holders) =
        futures_util::future::try_join(registry.version(model, number), registry.holders(model, target)).await?;
    let baseline = holders.iter().rev().find(|v| v.number != number).cloned();
    let ids: Vec<_> =
        [Some(&version), baseline.as_ref()].into_iter().flatten().filter_map(|v| v.run_id.clone()).collect();
    let runs = if ids.is_empty() { Ok(Vec::new()) } else { registry.runs(&ids).await };
    Ok(ReviewedFacts {
        run: run_facts(&version, &runs),
        baseline: baseline.map(|version| Baseline { run: run_facts(&version, &runs), version }),
        holders: holders.iter().map(|v| v.number).collect(),
        version,
    })
}

/// What is known of a version's run, given what reading runs gave.
pub fn run_facts(version: &ModelVersion, runs: &Outcome<Vec<Run>>) -> RunFacts {
    let Some(id) = &version.run_id else {
        return RunFacts::NotRecorded;
    };
    match runs {
        Ok(runs) => match runs.iter().find(|r| r.id == *id) {
            Some(run) => RunFacts::Known(Box::new(run.clone())),
            None => RunFacts::Unreadable(format!(
                "the tracking server has no run {} (deleted for good, on another server, or not for you to see)",
                id.short()
            )),
        },
        Err(failure) => RunFacts::Unreadable(failure.reason.clone()),
    }
}

/// Resolves a reference to an exact version. Whatever is done afterwards acts on the number, not the alias.
///
/// # Errors
/// [`FailureKind::NotFound`] with the reference in the sentence.
pub async fn resolve(registry: &dyn ModelRegistry, reference: &VersionRef) -> Outcome<ModelVersion> {
    let found = match &reference.selector {
        Selector::Number(number) => registry.version(&reference.model, *number).await,
        Selector::Alias(alias) => registry.version_by_alias(&reference.model, alias).await,
    };
    found.map_err(|f| {
        if f.kind == FailureKind::NotFound && f.hint.is_none() {
            let hint = format!("`signoff versions '{}'` lists what there is.", reference.model);
            f.with_hint(hint)
        } else {
            f
        }
    })
}
