//! The command line: everything the program does as a command, with text output for people and `--json` for scripts.
//!
//! Owns arguments, text and JSON output, exit codes, and wiring the configuration into ports. Never decides anything
//! about a promotion: that is up to the promoter.

pub mod args;
pub mod channels;
pub mod commands;
mod entry;
pub mod exit;
pub mod jq;
pub mod json;
pub mod logging;
pub mod output;
pub mod table;
pub mod text;
pub mod wire;

use std::io::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use jiff::Timestamp;

pub use args::Cli;
pub use entry::main;
pub use exit::Exit;
pub use output::Sink;

use crate::adapters::http;
use crate::app::eager_pages::append;
use crate::config::{Env, Flags, Loaded, Target, load, promotion_target_name};
use crate::domain::failure::Outcome;
use crate::domain::first_start::Beginning;
use crate::domain::page::walk;
use crate::domain::record::Decision;
use crate::domain::reference::{Selector, VersionRef};
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::waiting::Waiting;
use crate::runtime::signals::Signals;
use crate::services::Services;
use crate::services::evidence::Said;
use args::Command;

/// Runs one command line; failures are printed on stderr.
pub async fn run(cli: Cli, env: Env, mut sink: Sink) -> Exit {
    let end = match command(cli, env, &mut sink).await {
        Ok(end) => end,
        Err(failure) => {
            sink.failure(&failure);
            Exit::of(&failure)
        }
    };
    match sink.finish() {
        Ok(()) => end,
        // The command succeeded, but its output was not written, or not what was asked of it.
        Err(_) if end == Exit::Done => Exit::Refused,
        Err(_) => end,
    }
}

async fn command(cli: Cli, env: Env, sink: &mut Sink) -> Outcome<Exit> {
    let flags = cli.flags();
    sink.ask(cli.command.as_ref().and_then(Command::query));
    match &cli.command {
        Some(Command::Completions { shell }) => commands::shell::completions(*shell, sink),
        Some(Command::Man) => commands::shell::man(sink),
        Some(Command::Complete { shell, words }) => commands::complete::run(*shell, words, env, sink),
        Some(Command::Config { action }) => commands::config::run(action.as_ref(), env, flags, sink),
        _ => on_target(cli.command, env, flags, sink).await,
    }
}

/// Runs a command that needs a valid configuration.
async fn on_target(command: Option<Command>, env: Env, flags: Flags, sink: &mut Sink) -> Outcome<Exit> {
    let filter = env.get("SIGNOFF_LOG").map(str::to_owned);
    let loaded = Arc::new(load(env.clone(), flags.clone())?);
    if command.is_none() && loaded.is_bare() && commands::screens::is_terminal() {
        logging::begin(&loaded.paths.state_of(false), filter.as_deref());
        let of_file = |path: &str| Flags { config: Some(env.expanded(path)), ..flags.clone() };
        let check = |path: &str| load(env.clone(), of_file(path)).map(|_| ());
        let flags = match commands::first_start::run(&loaded, check).await? {
            None => return Ok(Exit::Done),
            Some(Beginning::Demo) => Flags { demo: true, ..flags.clone() },
            Some(Beginning::Written) => flags.clone(),
            Some(Beginning::File(path)) => of_file(&path),
        };
        return Box::pin(on_target(None, env, flags, sink)).await;
    }
    if command.is_none() && loaded.is_undecided() && commands::screens::is_terminal() {
        logging::begin(&loaded.paths.state_of(false), filter.as_deref());
        return commands::screens::run(&loaded, None, None, sink).await;
    }
    if let Some(Command::Watch(args)) = &command {
        return commands::watch::run(&loaded, args, filter.as_deref(), sink).await;
    }
    if let Some(Command::Notify(args::Notify { test: Some(name), format, .. })) = &command {
        return commands::notify::test(&loaded, name, format.json, sink).await;
    }
    let target = match (loaded.target(), &command) {
        (Err(failure), Some(Command::Doctor { format })) => {
            return commands::doctor::without_target(&loaded, &failure, format.json, sink).await;
        }
        (target, _) => target?,
    };
    logging::begin(&loaded.paths.state_of(target.rules.demo), filter.as_deref());
    if !matches!(&command, Some(Command::Doctor { .. })) {
        for notice in &target.notices {
            sink.warn(notice);
        }
    }
    if let Some(Command::Demo { reset: true }) = &command {
        wire::reset_demo(&loaded.paths)?;
    }
    let services = wire::services(&loaded.paths, &target)?.settled().await;
    dispatch(command, &loaded, target, services, sink).await
}

async fn dispatch(
    command: Option<Command>,
    loaded: &Arc<Loaded>,
    target: Target,
    services: Services,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let open = match &command {
        Some(Command::Open { reference: VersionRef { model, selector } }) => Some((
            model.clone(),
            match selector {
                // No request before the first frame: the review reports whether the version exists.
                Selector::Number(number) => *number,
                Selector::Alias(alias) => services.registry.version_by_alias(model, alias).await?.number,
            },
        )),
        _ => None,
    };
    let Some(command) = command.filter(|c| !matches!(c, Command::Demo { .. } | Command::Open { .. })) else {
        return commands::screens::run(loaded, Some((target, services)), open, sink).await;
    };
    let mut work = std::pin::pin!(act(command, loaded, &target, &services, sink));
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(TOLD_EVERY) => {
                if let Some(words) = http::longest().and_then(|waiting| still_waiting(&waiting)) {
                    // Nobody is left to tell if this fails.
                    let _ = writeln!(std::io::stderr(), "{words}");
                }
            }
        }
    }
}

/// How often a person is told what a command waits for.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// What a command waits for, once it has waited a while.
fn still_waiting(waiting: &Waiting) -> Option<String> {
    waiting.is_told().then(|| format!("{}.", waiting.said(Some("Ctrl-C"))))
}

/// Runs a command that needs the ports of `services`.
///
/// # Errors
/// The failures of the command.
pub async fn act(
    command: Command,
    loaded: &Loaded,
    target: &Target,
    services: &Services,
    sink: &mut Sink,
) -> Outcome<Exit> {
    match command {
        Command::Inbox { limit, format } => commands::inbox::run(services, limit, format, sink).await,
        Command::Models { like, limit, format } => {
            commands::models::run(services, like.as_deref(), limit, format, sink).await
        }
        Command::Versions { model, limit, format } => {
            commands::versions::run(services, &model, limit, format, sink).await
        }
        Command::Show { reference, web: true, .. } => commands::show::open(services, &reference, sink).await,
        Command::Show { reference, provenance: true, format, .. } => {
            commands::provenance::run(services, &reference, format, sink).await
        }
        Command::Show { reference, provenance: false, format, .. } => {
            commands::show::run(services, &reference, format, sink).await
        }
        Command::Check { reference, format } => commands::check::run(services, &reference, format, sink).await,
        Command::Compare { candidate, baseline, all, format } => {
            commands::compare::run(services, &candidate, baseline.as_ref(), all, format, sink).await
        }
        Command::Experiments { like, limit, format } => {
            commands::experiments::run(services, like.as_deref(), limit.max(1), format, sink).await
        }
        Command::Files { reference, path, save, format } => {
            let what = commands::files::What { path, save };
            commands::files::run(services, &reference, what, format, sink).await
        }
        Command::Runs { experiment, filter, sort, order, limit, format } => {
            let list = commands::runs::List { filter, order: commands::runs::order(sort, order), limit: limit.max(1) };
            commands::runs::run(services, &experiment, list, format, sink).await
        }
        Command::Approve(args) => commands::approve::run(services, &args, interrupt(), sink).await,
        Command::Reject(args) => commands::decide::run(services, &args, (Decision::Reject, None), sink).await,
        Command::Hold(args) => {
            // To the second: it stands in a tag.
            let until = args.until.as_ref().and_then(|until| Timestamp::from_second(until.at.as_second()).ok());
            commands::decide::run(services, &args.decide, (Decision::Hold, until), sink).await
        }
        Command::Rollback(args) => commands::rollback::run(services, &args, interrupt(), sink).await,
        Command::Promotions { unfinished, format } => {
            commands::promotions::run(services, unfinished, format, sink).await
        }
        Command::Cd(args) => commands::cd::run(services, &args, interrupt(), sink).await,
        Command::Resume { id, wait, format } => {
            commands::resume::run(services, id.as_deref(), wait, interrupt(), format, sink).await
        }
        Command::Undo { id, format } => commands::undo::run(services, &id, interrupt(), format, sink).await,
        Command::Log { model, at, shape } => commands::log::run(services, model.as_ref(), at, shape, sink).await,
        Command::Record { named, format } => commands::record::run(services, &named, format, sink).await,
        Command::Verify { tag, wait, format } => commands::verify::run(services, &tag, wait, format, sink).await,
        Command::Status { model, deep, wait, format } => {
            commands::status::run(services, commands::status::What { model, deep, wait }, format, sink).await
        }
        Command::Audit { deep, format } => commands::audit::run(services, deep, format, sink).await,
        Command::Doctor { format } => commands::doctor::run(services, target, loaded, format, sink).await,
        Command::Notify(args::Notify { reference: Some(reference), format, .. }) => {
            commands::notify::run(loaded, services, &reference, format, sink).await
        }
        // These were handled before a target was needed, or open the screens.
        Command::Notify(args::Notify { reference: None, .. }) | Command::Watch(_) => Ok(Exit::Done),
        Command::Demo { .. }
        | Command::Open { .. }
        | Command::Config { .. }
        | Command::Completions { .. }
        | Command::Complete { .. }
        | Command::Man => Ok(Exit::Done),
    }
}

/// Yields on each Ctrl-C, and on each request of the system to end. Begins to listen only when asked: before that, a
/// signal ends the process at once, and nothing was written yet.
fn interrupt() -> commands::drive::Stop {
    futures_util::stream::unfold(None, |signals: Option<Signals>| async {
        // Without a handler a signal ends the process at once, which is safe because of the journal.
        let mut signals = signals.or_else(|| Signals::listen().ok())?;
        signals.recv().await;
        Some(((), Some(signals)))
    })
    .boxed()
}

/// The servers that the output is about.
pub async fn place(services: &Services) -> json::Where {
    json::Where {
        target: services.rules.target_name.clone(),
        registry: services.registry.url(),
        workspace: services.registry.workspace().await.ok().flatten(),
        promote_to: promotion_target_name(&services.rules.promote_to),
        demo: services.rules.demo,
    }
}

/// All models whose names contain `like`, over all pages.
///
/// # Errors
/// Registry failures.
pub async fn all_models(services: &Services, like: Option<&str>) -> Outcome<Vec<RegisteredModel>> {
    first_models(services, like, usize::MAX).await
}

/// The first `most` models, by name.
pub async fn first_models(services: &Services, like: Option<&str>, most: usize) -> Outcome<Vec<RegisteredModel>> {
    let mut out = Vec::new();
    let read = |page: Option<String>| async move { services.registry.models(like, page.as_deref()).await };
    let each = |items| {
        append(&mut out, items);
        if out.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    walk("list the models", read, each).await?;
    services.saw_models(&out);
    out.truncate(most);
    Ok(out)
}

/// What MLflow says of these versions, fetched in batches. If it cannot be read, prints a warning: lists are useful
/// without it.
pub async fn said<'a>(
    services: &Services,
    versions: impl IntoIterator<Item = &'a ModelVersion> + Clone,
    sink: &mut Sink,
) -> Said {
    let said = Said::read(services.registry.as_ref(), versions).await;
    for failure in said.failures() {
        sink.warn(&format!("{failure}; metrics and authors are missing"));
    }
    said
}
