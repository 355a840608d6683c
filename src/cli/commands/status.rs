//! `signoff status`

use std::time::Duration;

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::status::Status as Json;
use crate::cli::output::{Sink, Style};
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::ModelName;
use crate::domain::status::{State, Status};
use crate::present::time::Zone;
use crate::present::{Phrase, Role, status as words};
use crate::services::Services;
use crate::services::notes::shown;
use crate::services::status::{Asked, keep_outcomes, look};

/// Pause between two looks while something is not there yet.
const POLL: Duration = Duration::from_secs(5);

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct What {
    pub model: Option<ModelName>,
    /// Read the files.
    pub deep: bool,
    /// Seconds to wait for what is not there yet.
    pub wait: Option<u64>,
}

/// Runs the command. [`Exit::Done`] if nothing disagrees.
///
/// # Errors
/// If the registry or the records of this machine cannot be read.
pub async fn run(services: &Services, what: What, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let asked = Asked::all(what.model.clone(), what.deep);
    let until = what.wait.and_then(|s| {
        services.clock.now().checked_add(jiff::SignedDuration::from_secs(i64::try_from(s).unwrap_or(i64::MAX))).ok()
    });
    let mut status = look(services, &asked).await?;
    while is_pending(&status) && until.is_some_and(|until| services.clock.now() < until) {
        services.clock.sleep(POLL).await;
        status = look(services, &asked).await?;
    }
    if let Some(model) = what.model.as_ref().filter(|_| status.models.is_empty()) {
        // Says so if there is no such model.
        services.registry.model(model).await.map_err(|failure| missing(model, failure))?;
    }
    // What cannot be kept now is kept the next time.
    if let Err(failure) = keep_outcomes(services, &status).await {
        shown(&failure);
    }
    if format.json {
        sink.json(&Json::new(place(services).await, &status))?;
    } else {
        sink.text(&text(&status, what.model.as_ref(), sink.style()));
        for note in &status.notes {
            sink.note(&format!("! {note}"));
        }
    }
    Ok(end(&status, what.wait.is_some()))
}

fn missing(model: &ModelName, failure: Failure) -> Failure {
    match failure.kind {
        FailureKind::NotFound => Failure::new(
            FailureKind::NotFound,
            Service::Mlflow,
            format!("look at {model}"),
            format!("there is no model {model}, and none of that name was signed off"),
        )
        .with_hint("`signoff models` lists those that there are."),
        _ => failure,
    }
}

fn is_pending(status: &Status) -> bool {
    status.models.iter().any(|model| model.state() == State::Pending)
}

/// The exit code: what disagrees goes before what could not be read.
fn end(status: &Status, waited: bool) -> Exit {
    let wrong = status.models.iter().any(|m| m.state().is_wrong()) || (waited && is_pending(status));
    match (wrong, status.failures().next()) {
        (true, _) => Exit::Refused,
        (false, Some(failure)) => Exit::of(failure),
        (false, None) => Exit::Done,
    }
}

fn text(status: &Status, model: Option<&ModelName>, style: Style) -> String {
    if status.models.is_empty() {
        return match model {
            Some(model) => format!("Nothing of {model} is in production.\n"),
            None => "Nothing is in production.\n".to_owned(),
        };
    }
    let mut table = Table::new(&[
        ("MODEL", Align::Left),
        ("VER", Align::Whole),
        ("STATE", Align::Whole),
        ("TAG", Align::Left),
        ("RUNNING", Align::Left),
    ]);
    let symbols = style.symbols();
    for model in &status.models {
        let running: Vec<String> =
            model.running.iter().map(|said| format!("{} {}", said.name, said.state.words())).collect();
        table.row([
            Phrase::of(Role::Title, model.model.to_string()),
            model.version.to_string().into(),
            words::state(model, symbols),
            model.tag.clone().unwrap_or_default().into(),
            running.join(", ").into(),
        ]);
    }
    let mut out = table.render(style);
    for model in &status.models {
        let lines: Vec<Phrase<'static>> = std::iter::empty()
            .chain(model.drift.iter().map(|finding| words::finding(finding, Zone::Utc, symbols)))
            .chain(model.running.iter().map(|said| words::testimony(said, symbols)))
            .chain(model.unknown.iter().map(|doubt| words::doubt(doubt, symbols)))
            .collect();
        if !lines.is_empty() {
            out += &format!("\n{}\n", style.paint(Role::Title, &format!("{} {}", model.model, model.version)));
        }
        for line in lines {
            out += &format!("  {}\n", style.phrase(&line));
        }
    }
    out
}
