//! Appends to the records of this machine what became of them: what runs, and what was changed behind them.

use crate::domain::failure::Outcome;
use crate::domain::record::chain::{self, Outcome as Became};
use crate::domain::status::{ModelStatus, Status};
use crate::services::Services;
use crate::services::keep;

/// Appends an outcome to each record of this machine of which something else is known than its last outcome says.
/// Returns how many there were.
///
/// # Errors
/// If the records cannot be read or written.
pub async fn keep_outcomes(services: &Services, status: &Status) -> Outcome<usize> {
    let lines = services.records.read().await?;
    let mut kept = 0;
    for model in &status.models {
        let Some((id, notes)) = model.record_id.zip(notes(model)) else { continue };
        if chain::has(&lines, id) && chain::last(&lines, id).is_none_or(|last| last.notes != notes) {
            let done = !model.state().is_wrong();
            let became = Became {
                record_id: id,
                at: services.clock.now(),
                done,
                notes,
                comment: None,
                asked: false,
                noted_by: None,
            };
            keep::outcome(services, became).await?;
            kept += 1;
        }
    }
    Ok(kept)
}

/// What is to be kept, in words that do not change from look to look; none while nothing is known for certain.
fn notes(model: &ModelStatus) -> Option<Vec<String>> {
    if !model.is_seen() && !model.state().is_wrong() {
        return None;
    }
    let running = model.running.iter().map(|said| {
        let version = said.version.as_deref().map(|v| format!(" ({v})")).unwrap_or_default();
        format!("what runs: {} {}{version}", said.name, said.state.words())
    });
    Some(running.chain(model.drift.iter().map(|finding| finding.reason.clone())).collect())
}
