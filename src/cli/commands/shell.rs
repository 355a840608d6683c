//! `signoff completions` and `signoff man`.

use clap::CommandFactory as _;

use crate::cli::args::Cli;
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};

/// Prints completions for a shell.
///
/// # Errors
/// Never in practice: a script in memory is always text.
pub fn completions(shell: clap_complete::Shell, sink: &mut Sink) -> Outcome<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "signoff", &mut script);
    print(&script, sink)
}

/// Prints the manual page.
///
/// # Errors
/// If it cannot be rendered: a mistake in signoff.
pub fn man(sink: &mut Sink) -> Outcome<Exit> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut page)
        .map_err(|e| Failure::new(FailureKind::Bug, Service::Local, "write the manual page", e.to_string()))?;
    print(&page, sink)
}

fn print(bytes: &[u8], sink: &mut Sink) -> Outcome<Exit> {
    sink.text(&String::from_utf8_lossy(bytes));
    Ok(Exit::Done)
}
