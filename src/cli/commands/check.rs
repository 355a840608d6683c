//! `signoff check`

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::verdict::{Check, Verdict as Json};
use crate::cli::output::Sink;
use crate::cli::{place, text};
use crate::domain::caution::cautions;
use crate::domain::failure::Outcome;
use crate::domain::preflight::CheckState;
use crate::domain::reference::VersionRef;
use crate::present::Role;
use crate::services::Services;
use crate::services::evidence::{self, Scope, number_of};

/// Runs the command. [`Exit::Done`] only if nothing blocks.
///
/// # Errors
/// Failures reading the version or the production version. Other failed reads are part of the verdict.
pub async fn run(services: &Services, reference: &VersionRef, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let (model, number) = number_of(services.registry.as_ref(), reference).await?;
    let evaluation = evidence::read(services, &model, number, Scope::Rules).await?;
    let (facts, verdict) = (&evaluation.evidence.facts, &evaluation.verdict);
    let cautions = cautions(facts, &evaluation.directions(&services.rules.directions));
    if format.json {
        sink.json(&Check {
            schema: "signoff.check/1",
            place: place(services).await,
            model: model.as_str().to_owned(),
            version: number.0,
            verdict: Json::new(verdict),
            cautions: cautions.into_iter().map(|caution| caution.text).collect(),
            facts_digest: facts.digest(),
        })?;
    } else {
        let style = sink.style();
        let title = style.paint(Role::Title, &format!("{model} {number}"));
        sink.text(&format!(
            "{title}\n{}{}",
            text::cautions(&cautions, style),
            text::verdict(verdict, &mut Vec::new(), style)
        ));
    }
    Ok(if verdict.state() == CheckState::Block { Exit::Refused } else { Exit::Done })
}
