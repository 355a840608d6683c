//! `signoff completions` and `signoff man`.

use clap::CommandFactory as _;

use crate::cli::args::{Cli, help};
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};

/// Prints completions for a shell.
///
/// # Errors
/// Never in practice: a generated script is always valid UTF-8.
pub fn completions(shell: clap_complete::Shell, sink: &mut Sink) -> Outcome<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "signoff", &mut script);
    print(&script, sink)
}

/// Prints the manual page.
///
/// # Errors
/// If it cannot be rendered, which is a bug.
pub fn man(sink: &mut Sink) -> Outcome<Exit> {
    let page =
        page().map_err(|e| Failure::new(FailureKind::Bug, Service::Local, "write the manual page", e.to_string()))?;
    print(&page, sink)
}

fn page() -> std::io::Result<Vec<u8>> {
    // The man page has its own sections for what clap appends to the help.
    let man = clap_mangen::Man::new(Cli::command().after_long_help(""));
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    page.extend_from_slice(help::manual().as_bytes());
    man.render_version_section(&mut page)?;
    Ok(page)
}

fn print(bytes: &[u8], sink: &mut Sink) -> Outcome<Exit> {
    sink.text(&String::from_utf8_lossy(bytes));
    Ok(Exit::Done)
}
