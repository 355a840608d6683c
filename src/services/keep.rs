//! Keeps a record: appends it to the local chain, signed if the signer has a key, before anything else happens.

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::promotion::PromotionPlan;
use crate::domain::record::Sealed;
use crate::domain::record::chain::{ChainLine, Outcome as Became};
use crate::ports::Journaled;
use crate::ports::records::Chain;
use crate::services::Services;

/// Seals what `make` returns for the hash of the previous record, signs it and appends it. Returns when it is on disk.
///
/// # Errors
/// If the chain cannot be used or the key does not sign: then nothing was decided.
pub async fn keep(services: &Services, make: impl FnOnce(Option<&str>) -> Sealed) -> Outcome<(Sealed, Journaled)> {
    let mut chain = Chain::new(services.records.lock().await?);
    let mut sealed = make(chain.head().as_deref());
    sealed.signature = services.signer.sign(&sealed.signed_bytes()).await?;
    let journaled = chain.append(ChainLine::Record(Box::new(sealed.clone()))).await?;
    Ok((sealed, journaled))
}

/// Records the outcome of a decision.
///
/// # Errors
/// If the chain cannot be used.
pub async fn outcome(services: &Services, became: Became) -> Outcome<()> {
    Chain::new(services.records.lock().await?).append(ChainLine::Outcome(became)).await?;
    Ok(())
}

/// A failure that came after the record was kept: adds that the record was kept, and where.
pub fn stands(sealed: &Sealed, failure: Failure) -> Failure {
    let reason = format!(
        "{}; its record {} stands in this machine's chain, and is not in force",
        failure.reason,
        sealed.short_hash()
    );
    let hint =
        failure.hint.unwrap_or_else(|| "Fix that, then decide again. A later record supersedes this one.".to_owned());
    Failure { reason, hint: Some(hint), ..failure }
}

/// Keeps the record of a plan and returns the plan with the hash of the previous record.
///
/// # Errors
/// As [`keep`].
pub async fn plan(services: &Services, plan: &PromotionPlan) -> Outcome<PromotionPlan> {
    let (draft, sign_off) = (&plan.draft, &plan.sign_off);
    let (sealed, _) = keep(services, |prev| draft.record(plan.id, plan.signed_at, sign_off, prev)).await?;
    draft
        .with_record(sealed, sign_off)
        .map_err(|e| Failure::new(FailureKind::Config, Service::Config, "write the release notes", e.to_string()))
}
