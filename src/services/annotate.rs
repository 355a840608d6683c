//! A sentence that a person adds to what became of a decision, kept with its record on this machine.

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::PromotionId;
use crate::domain::record::chain::{self, Outcome as Became};
use crate::domain::text::clean_line;
use crate::services::{Services, keep};

/// Keeps `text` with the record, under the name of whoever is signed in. The record itself does not change.
///
/// # Errors
/// If there is nothing to note, the record is not on this machine, or the host does not say who notes it; if the records
/// cannot be used. Then nothing was kept.
pub async fn annotate(services: &Services, id: PromotionId, text: &str) -> Outcome<()> {
    let operation = format!("add a note to the record {}", id.short());
    let refuse = |kind, why: &str| Failure::new(kind, Service::Local, operation.clone(), why);
    let text = clean_line(text.trim());
    if text.is_empty() {
        return Err(refuse(FailureKind::Config, "it is empty"));
    }
    if !chain::has(&services.records.read().await?, id) {
        return Err(refuse(FailureKind::NotFound, "the record is not on this machine")
            .with_hint("Add the note on the machine where it was signed."));
    }
    let by = services.host.whoami().await?.login;
    keep::outcome(services, Became::note(id, services.clock.now(), &by, &text)).await
}
