//! The command line over the demo's world, in process; and the real binary where a process is needed.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod acts;
mod binary;
mod blame;
mod browse;
mod cd;
mod check;
mod code;
mod complete;
mod decide;
mod failures;
mod help;
mod inbox;
mod jq;
mod logbook;
mod provenance;
mod quiet;
mod receivers;
mod record;
mod requests;
mod scores;
mod shapes;
mod status;
mod texts;
mod verify;
mod watch;
mod witness;
mod workflows;

use std::sync::Arc;

use clap::Parser as _;
use signoff::adapters::demo::{Latency, Store, World, open};
use signoff::adapters::desktop::SystemDesktop;
use signoff::adapters::journal::JournalDir;
use signoff::cli::output::Style;
use signoff::cli::{Cli, Exit, Sink, act};
use signoff::config::{Env, Loaded, Target, load};
use signoff::domain::rules::Rules;
use signoff::ports::Clock;
use signoff::services::Services;
use support::clock::ManualClock;

const NOW: &str = "2026-11-23T09:00:00Z";

/// The demo's world in memory, with a fixed clock and its own state directory.
struct Desk {
    services: Services,
    loaded: Loaded,
    target: Target,
    home: tempfile::TempDir,
    store: Store,
}

/// The exit code and output of a command.
struct Ran {
    exit: Exit,
    out: String,
    err: String,
}

impl Ran {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|e| panic!("{e}: {} {}", self.out, self.err))
    }
}

impl Desk {
    fn new() -> Self {
        Self::with(|_| {})
    }

    /// A desk with changed rules.
    fn with(change: impl FnOnce(&mut Rules)) -> Self {
        Self::changed(change, |_| {})
    }

    /// A desk with changed rules and a changed world.
    fn changed(change: impl FnOnce(&mut Rules), edit: impl FnOnce(&mut World)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let cli = Cli::try_parse_from(["signoff", "--demo", "inbox"]).unwrap();
        let loaded = load(Env::of(&[], home.path()), cli.flags()).unwrap();
        let mut target = loaded.target().unwrap();
        change(&mut target.rules);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
        let mut world = World::new(clock.now()).unwrap();
        edit(&mut world);
        let store = Store::memory(world);
        let (registry, host) = open(&store, &clock, Latency::NONE);
        let services = Services {
            witnesses: Default::default(),
            outbox: None,
            names: None,
            registry: registry.clone(),
            tracking: registry,
            code: host.clone(),
            host,
            journals: Arc::new(JournalDir::new(&loaded.paths.state_of(true))),
            records: Arc::new(signoff::adapters::records::RecordDir::new(&loaded.paths.state_of(true))),
            signer: Arc::new(signoff::adapters::ssh::NoKey),
            clock,
            desktop: Arc::new(SystemDesktop::default()),
            rules: Arc::new(target.rules.clone()),
        };
        Self { services, loaded, target, home, store }
    }

    /// Runs a command line. Its arguments must not contain spaces.
    async fn run(&self, line: &str) -> Ran {
        let words = ["signoff", "--demo"].into_iter().chain(line.split(' '));
        let cli = Cli::try_parse_from(words).unwrap_or_else(|e| panic!("{line}: {e}"));
        let (mut sink, out, err) = Sink::captured(Style::default());
        sink.ask(cli.command.as_ref().and_then(|command| command.query()));
        let done = act(cli.command.unwrap(), &self.loaded, &self.target, &self.services, &mut sink).await;
        let exit = done.unwrap_or_else(|failure| {
            sink.failure(&failure);
            Exit::of(&failure)
        });
        // As `signoff::cli::run` does.
        let exit = if exit == Exit::Done && sink.finish().is_err() { Exit::Refused } else { exit };
        Ran { exit, out: out.text(), err: err.text() }
    }
}
