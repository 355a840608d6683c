//! `signoff completions` and `signoff man`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::args::{Cli, help};
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};

/// Prints completions for a shell. Where the shell is known well enough, its script asks `signoff __complete`, which
/// knows names, too.
///
/// # Errors
/// Never in practice: a generated script is always valid UTF-8.
pub fn completions(shell: Shell, sink: &mut Sink) -> Outcome<Exit> {
    let script = match shell {
        Shell::Bash => include_str!("../../../assets/completions/signoff.bash"),
        Shell::Zsh => include_str!("../../../assets/completions/_signoff"),
        Shell::Fish => include_str!("../../../assets/completions/signoff.fish"),
        // Options and commands alone.
        _ => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "signoff", &mut script);
            return print(&script, sink);
        }
    };
    sink.text(script);
    Ok(Exit::Done)
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
