//! `signoff approve`

use crate::cli::args::Approve;
use crate::cli::commands::drive::Stop;
use crate::cli::commands::promote::{Ask, agrees, promote};
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::domain::failure::Outcome;
use crate::domain::record::Decision;
use crate::domain::reference::Selector;
use crate::services::Services;
use crate::services::evidence::number_of;

/// Runs the command.
///
/// # Errors
/// Any failure before the first write, or a journal failure.
pub async fn run(services: &Services, args: &Approve, stop: Stop, sink: &mut Sink) -> Outcome<Exit> {
    let (operation, meant) = (format!("approve {}", args.reference), args.reference.to_string());
    let confirm = args.promote.confirm.as_ref();
    // An explicit number can be checked without a request.
    if let Selector::Number(number) = args.reference.selector {
        agrees(confirm, &args.reference.model, number, &operation, &meant)?;
    }
    let (model, number) = number_of(services.registry.as_ref(), &args.reference).await?;
    agrees(confirm, &model, number, &operation, &meant)?;
    let ask =
        Ask { model: &model, number, decision: Decision::Approve, answers: &args.answers, options: &args.promote };
    promote(services, &ask, stop, sink).await
}
