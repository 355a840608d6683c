//! `signoff models`

use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::first_models;
use crate::cli::json;
use crate::cli::output::Sink;
use crate::cli::place;
use crate::cli::table::{Align, Table};
use crate::domain::failure::Outcome;
use crate::domain::inbox::production;
use crate::domain::registry::Stage;
use crate::domain::text::{clean_line, first_line};
use crate::present::{Phrase, Role, time};
use crate::services::Services;

/// Runs the command.
///
/// # Errors
/// Registry failures.
pub async fn run(
    services: &Services,
    like: Option<&str>,
    limit: Option<usize>,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let target = &services.rules.promote_to;
    let models = first_models(services, like, limit.unwrap_or(usize::MAX)).await?;
    if format.json {
        let models = models.iter().map(|m| json::Model::new(m, production(m, target).map(|v| v.0))).collect();
        sink.json(&json::Models { schema: "signoff.models/1", place: place(services).await, models })?;
        return Ok(Exit::Done);
    }
    if models.is_empty() {
        sink.line(&match like {
            Some(text) => format!("No model matches '{}'.", clean_line(text)),
            None => format!("No models in {}.", services.registry.url()),
        });
        return Ok(Exit::Done);
    }
    let now = services.clock.now();
    let mut table = Table::new(&[
        ("MODEL", Align::Left),
        ("PROD", Align::Whole),
        ("NEWEST", Align::Whole),
        ("STAGE", Align::Left),
        ("CHANGED", Align::Right),
        ("DESCRIPTION", Align::Left),
    ]);
    for model in &models {
        let newest = model.latest.iter().max_by_key(|v| v.number);
        table.row([
            Phrase::of(Role::Title, model.name.to_string())
                .add(Role::Muted, if model.browse_only { "  (browse only)" } else { "" }),
            production(model, target).map_or_else(|| Phrase::of(Role::Muted, "none"), |v| v.to_string().into()),
            newest.map(|v| v.number.to_string()).unwrap_or_default().into(),
            newest.map(|v| &v.stage).filter(|s| **s != Stage::None).map(ToString::to_string).unwrap_or_default().into(),
            time::age(model.updated_at.max(newest.and_then(|v| v.created_at)), now).into(),
            Phrase::of(Role::Muted, first_line(&model.description).to_owned()),
        ]);
    }
    sink.text(&table.render(sink.style()));
    Ok(Exit::Done)
}
