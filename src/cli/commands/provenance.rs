//! `signoff show --provenance`

use serde::Serialize;

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::output::Sink;
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::failure::Outcome;
use crate::domain::ids::ModelName;
use crate::domain::reference::VersionRef;
use crate::domain::road::{RoadStep, StepState};
use crate::present::{Phrase, Role, time};
use crate::services::evidence::{Scope, number_of, read};
use crate::services::{Services, road};

/// What `--json` prints.
#[derive(Debug, Serialize)]
struct Provenance {
    schema: &'static str,
    #[serde(flatten)]
    place: json::Where,
    model: ModelName,
    version: u64,
    steps: Vec<RoadStep>,
}

/// Runs the command.
///
/// # Errors
/// Failures reading the version.
pub async fn run(services: &Services, reference: &VersionRef, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let (model, number) = number_of(services.registry.as_ref(), reference).await?;
    let evaluation = read(services, &model, number, Scope::Lineage).await?;
    let steps = road::read(services, &evaluation.evidence).await;
    if format.json {
        let place = place(services).await;
        sink.json(&Provenance { schema: "signoff.provenance/1", place, model, version: number.0, steps })?;
        return Ok(Exit::Done);
    }
    let style = sink.style();
    let symbols = style.symbols();
    let mut table = Table::new(&[("", Align::Whole), ("", Align::Whole), ("", Align::Left), ("", Align::Whole)]);
    for step in &steps {
        let mark = match step.state {
            StepState::Done => Phrase::of(Role::Good, symbols.pass),
            StepState::Failed => Phrase::of(Role::Bad, symbols.block),
            StepState::Missing => Phrase::of(Role::Muted, "-"),
            StepState::Unknown | StepState::Underway => Phrase::of(Role::Warn, "?"),
        };
        let role = if step.state == StepState::Done { Role::Text } else { Role::Muted };
        let when = step.at.map(time::minute).unwrap_or_default();
        table.row([mark, Phrase::new(step.step), Phrase::of(role, step.what.clone()), Phrase::of(Role::Muted, when)]);
    }
    let title = style.paint(Role::Title, &format!("{model} {number}"));
    sink.text(&format!("{title}\n{}", table.indented(2).render(style)));
    Ok(Exit::Done)
}
