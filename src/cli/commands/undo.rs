//! `signoff undo`

use futures_util::FutureExt as _;

use crate::cli::args::Format;
use crate::cli::commands::drive::{Drive, Stop};
use crate::cli::commands::promotions::find;
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::domain::failure::Outcome;
use crate::domain::promotion::Until;
use crate::present::promotion::PromotionState;
use crate::services::Services;
use crate::services::promote::Promoter;

/// Runs the command.
///
/// # Errors
/// If there is no such promotion or its journal is unusable; a conflict if the tag exists or may exist.
pub async fn run(services: &Services, id: &str, stop: Stop, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let id = find(services, id).await?;
    let promoter = Promoter::new(services.clone());
    let by = services.host.whoami().await.map_or_else(|_| "somebody at this machine".to_owned(), |who| who.login);
    let draft = promoter.state(id).await?.plan.draft;
    let run = Drive { draft, id, until: Until::Released, json: format.json };
    let end = run.to_end(stop, sink, |watch| promoter.undo(id, &by, watch).boxed()).await?;
    // Undone is the requested result.
    let undone = PromotionState::of(&promoter.state(id).await?, false) == PromotionState::Undone;
    Ok(if undone { Exit::Done } else { end })
}
