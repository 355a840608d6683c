//! The verdict of a policy.

use super::{Mark, Phrase, Role, Symbols};
use crate::domain::policy::{Finding, SourceRef, Verdict};

/// Summary of a verdict: `✓ pass  12 rules: 12 pass`.
pub fn sum(verdict: &Verdict, symbols: &Symbols) -> Phrase<'static> {
    Mark::from(verdict.state()).say(verdict.summary(), symbols)
}

/// The source of rules: `policy configuration 1c1b7c1`.
pub fn source(source: &SourceRef) -> Phrase<'static> {
    Phrase::of(Role::Muted, format!("policy {}", source.shown()))
}

/// The policy's requirement for a metric, shown beside its row: `✓ at least 0.88`, or only the symbol if there is no
/// `room`; the worst if there are several.
pub fn beside(verdict: &Verdict, metric: &str, room: bool, symbols: &Symbols) -> Option<Phrase<'static>> {
    let asks = |f: &&Finding| f.metric.as_deref() == Some(metric);
    let finding = verdict.findings.iter().find(asks)?;
    let (_, wish) = finding.detail.rsplit_once(", ")?;
    let wish = if room { format!(" {wish}") } else { String::new() };
    Some(Mark::from(finding.state).phrase(symbols).add(Role::Muted, wish))
}
