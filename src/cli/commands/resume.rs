//! `signoff resume`

use futures_util::FutureExt as _;

use crate::cli::args::Format;
use crate::cli::commands::drive::{Drive, Stop};
use crate::cli::commands::promotions::{find, look_through, only_unfinished};
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::domain::failure::Outcome;
use crate::domain::promotion::Until;
use crate::services::Services;
use crate::services::promote::Promoter;

/// Runs the command.
///
/// # Errors
/// If there is no such promotion, it belongs to another target, or its journal is unusable.
pub async fn run(
    services: &Services,
    id: Option<&str>,
    wait: bool,
    stop: Stop,
    format: Format,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let readable = id.is_some() || look_through(services, sink).await?;
    let or_unread = |exit| if readable || exit != Exit::Done { exit } else { Exit::Journal };
    let id = match id {
        Some(part) => find(services, part).await?,
        None => match only_unfinished(services).await? {
            Some(id) => id,
            None => {
                sink.note(if readable { "Nothing is unfinished." } else { "Nothing else is unfinished." });
                return Ok(or_unread(Exit::Done));
            }
        },
    };
    let promoter = Promoter::new(services.clone());
    let state = promoter.state(id).await?;
    // Once released, only following CD is left to resume.
    let until = if wait || state.is_released() { Until::CdEnded } else { Until::Released };
    let run = Drive { draft: state.plan.draft.clone(), id, until, json: format.json };
    run.to_end(stop, sink, |watch| promoter.resume(id, until, watch).boxed()).await.map(or_unread)
}
