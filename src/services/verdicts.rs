//! The verdicts on versions of a list.
//!
//! A list has read the versions with their runs already: what is read for each is what its rules ask of the code host.
//! The verdict is that of [`evidence::read`], rule by rule.

use futures_util::StreamExt as _;

use crate::domain::evidence::Evidence;
use crate::domain::facts::{ReviewedFacts, Standing};
use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::inbox::Waiting;
use crate::domain::policy::Verdict;
use crate::domain::policy::judge::partial;
use crate::domain::registry::ModelVersion;
use crate::services::Services;
use crate::services::evidence::{self, Said, Scope};

/// Versions that are judged at once.
const AT_ONCE: usize = 4;
/// The most versions whose rules are all read. Each takes several requests, and GitHub allows 5,000 an hour.
pub const MOST: usize = 200;

/// The verdict on a version.
#[derive(Clone, Debug)]
pub struct Judged {
    pub verdict: Verdict,
    /// What it was read from; none if there were too many versions to read all their rules.
    pub evidence: Option<Box<Evidence>>,
}

/// The version in production for each row: from its list if that has it, else read.
///
/// # Errors
/// Failures of the registry.
pub async fn baselines(services: &Services, rows: &[Waiting<'_>]) -> Outcome<Vec<Option<ModelVersion>>> {
    let wanted: Vec<_> =
        rows.iter().map(|w| (w.production_version.cloned(), w.candidate.model.clone(), w.production)).collect();
    let reads = wanted.into_iter().map(|(known, model, number)| async move {
        match (known, number) {
            (Some(version), _) => Ok(Some(version)),
            (None, None) => Ok(None),
            (None, Some(number)) => match services.registry.version(&model, number).await {
                Ok(version) => Ok(Some(version)),
                // An alias may point to a deleted version; the candidate is still listed.
                Err(failure) if failure.kind == FailureKind::NotFound => Ok(None),
                Err(failure) => Err(failure),
            },
        }
    });
    futures_util::stream::iter(reads).buffered(AT_ONCE).collect::<Vec<_>>().await.into_iter().collect()
}

/// The verdicts on these rows, each with its version in production and what MLflow says of both. Those after the first
/// [`MOST`] are judged by what the list has, which is never a pass.
pub async fn judge(
    services: &Services,
    rows: &[Waiting<'_>],
    baselines: &[Option<ModelVersion>],
    said: &Said,
) -> Vec<Judged> {
    let facts = rows.iter().zip(baselines).map(|(row, baseline)| facts(said, row, baseline.as_ref()));
    let reads: Vec<_> = facts.enumerate().map(|(nth, facts)| one(services, facts, nth < MOST)).collect();
    futures_util::stream::iter(reads).buffered(AT_ONCE).collect().await
}

async fn one(services: &Services, facts: ReviewedFacts, all_rules: bool) -> Judged {
    if all_rules {
        let evaluation = evidence::of(services, facts, Scope::Rules).await;
        return Judged { verdict: evaluation.verdict, evidence: Some(Box::new(evaluation.evidence)) };
    }
    let sources: Vec<_> = services.rules.configured_policy(&facts.version.model).into_iter().collect();
    let why = format!("not all rules were read: a list reads those of its first {MOST} versions");
    let verdict = partial(&sources, &facts, services.clock.now()).so_far(&why);
    Judged { verdict, evidence: None }
}

/// The facts about a version as [`evidence::facts`] reads them.
fn facts(said: &Said, row: &Waiting<'_>, baseline: Option<&ModelVersion>) -> ReviewedFacts {
    let Standing { version, run, logged } = said.standing(row.candidate.clone());
    let baseline = baseline.map(|version| said.standing(version.clone()));
    ReviewedFacts { version, run, logged, baseline, holders: row.production.into_iter().collect() }
}
