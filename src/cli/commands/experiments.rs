//! `signoff experiments`

use std::ops::ControlFlow;

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::{self, browse};
use crate::cli::output::Sink;
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::experiment::Experiment;
use crate::domain::failure::Outcome;
use crate::domain::page::walk;
use crate::domain::text::clean_line;
use crate::present::{Phrase, Role, time};
use crate::services::Services;

/// Lists the newest experiments whose names contain `like`.
///
/// # Errors
/// Failures of the tracking server.
pub async fn run(
    services: &Services,
    like: Option<&str>,
    limit: usize,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let wanted = like.map(str::to_lowercase);
    let mut experiments: Vec<Experiment> = Vec::new();
    let read = |page: Option<String>| async move { services.tracking.experiments(page.as_deref()).await };
    let each = |items: Vec<Experiment>| {
        let fits = |e: &Experiment| wanted.as_ref().is_none_or(|text| e.name.to_lowercase().contains(text));
        experiments.extend(items.into_iter().filter(fits));
        // One more tells whether there are more.
        if experiments.len() > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    walk("list the experiments", read, each).await?;
    let truncated = experiments.len() > limit;
    experiments.truncate(limit);
    if format.json {
        sink.json(&browse::Experiments {
            schema: "signoff.experiments/1",
            place: place(services).await,
            experiments: experiments.iter().map(json::Experiment::from).collect(),
            truncated,
        })?;
        return Ok(Exit::Done);
    }
    if experiments.is_empty() {
        sink.line(&match like {
            Some(text) => format!("No experiment matches '{}'.", clean_line(text)),
            None => "There are no experiments.".to_owned(),
        });
        return Ok(Exit::Done);
    }
    let now = services.clock.now();
    let mut table = Table::new(&[("ID", Align::Whole), ("CHANGED", Align::Right), ("NAME", Align::Left)]);
    for experiment in &experiments {
        table.row([
            Phrase::of(Role::Muted, experiment.id.to_string()),
            time::age(experiment.updated_at.or(experiment.created_at), now).into(),
            Phrase::of(Role::Title, clean_line(&experiment.name)),
        ]);
    }
    sink.text(&table.render(sink.style()));
    if truncated {
        sink.note(&format!("Showing the newest {limit}. Use --limit to see more."));
    }
    Ok(Exit::Done)
}
