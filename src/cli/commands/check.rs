//! `signoff check`: does a version hold what its policy asks for?

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::verdict::{Check, Verdict as Json};
use crate::cli::output::{Role, Sink, Style};
use crate::cli::place;
use crate::cli::table::{Align, Cell, Table};
use crate::domain::failure::Outcome;
use crate::domain::policy::Verdict;
use crate::domain::preflight::CheckState;
use crate::domain::reference::VersionRef;
use crate::services::Services;
use crate::services::evidence::{self, Scope, resolve};

/// Runs the command. [`Exit::Done`] only if nothing blocks.
///
/// # Errors
/// Whatever the registry says about the version or what is in production. What else cannot be read is in the verdict.
pub async fn check(services: &Services, reference: &VersionRef, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let version = resolve(services.registry.as_ref(), reference).await?;
    let evaluation = evidence::read(services, &version.model, version.number, Scope::Rules).await?;
    let (facts, verdict) = (&evaluation.evidence.facts, &evaluation.verdict);
    if format.json {
        sink.json(&Check {
            schema: "signoff.check/1",
            place: place(services),
            model: version.model.as_str().to_owned(),
            version: version.number.0,
            verdict: Json::new(verdict),
            facts_digest: facts.digest(),
        })?;
    } else {
        let style = sink.style();
        let title = style.paint(Role::Strong, &format!("{} {}", version.model, version.number));
        sink.text(&format!("{title}\n{}", verdict_text(verdict, style)));
    }
    Ok(if verdict.state() == CheckState::Block { Exit::Refused } else { Exit::Done })
}

/// A line a rule, the sum, and where the rules came from.
pub fn verdict_text(verdict: &Verdict, style: Style) -> String {
    let mut table = Table::new(&[("", Align::Whole), ("", Align::Whole), ("", Align::Left)]).indented(2);
    for finding in &verdict.findings {
        let (mark, role) = mark(finding.state);
        table.row([Cell::new(mark, role), finding.rule.clone().into(), finding.detail.clone().into()]);
    }
    let rules = if table.is_empty() { String::new() } else { table.render(style) };
    let (mark, role) = mark(verdict.state());
    let sum = style.paint(role, &format!("{mark} {}", verdict.summary()));
    let sources: String = verdict
        .sources
        .iter()
        .map(|s| format!("  {}\n", style.paint(Role::Muted, &format!("policy {}", s.shown()))))
        .collect();
    format!("{rules}  {sum}\n{sources}")
}

fn mark(state: CheckState) -> (&'static str, Role) {
    match state {
        CheckState::Pass => ("✓", Role::Good),
        CheckState::Unknown => ("?", Role::Plain),
        CheckState::Warn => ("!", Role::Warn),
        CheckState::Block => ("✗", Role::Bad),
    }
}
