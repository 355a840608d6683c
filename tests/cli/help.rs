//! Help and manual: every command has examples that parse, and every variable and exit code is documented.

use std::fs;

use clap::{Command, CommandFactory as _};
use signoff::cli::args::help;
use signoff::cli::commands::shell;

use super::*;

/// A command and all its subcommands, by the words to type.
fn commands(command: &Command, path: &str) -> Vec<(String, Command)> {
    let mut found = vec![(path.to_owned(), command.clone())];
    for below in command.get_subcommands().filter(|c| c.get_name() != "help" && !c.is_hide_set()) {
        found.extend(commands(below, format!("{path} {}", below.get_name()).trim()));
    }
    found
}

/// The words of a command line as a shell splits them, up to a pipe or redirection.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quote) = (vec![String::new()], None);
    for c in line.chars() {
        let word = words.last_mut().unwrap();
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.push(c),
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.push(String::new()),
            (None, c) => word.push(c),
        }
    }
    // Set by the CI runner.
    let words = words.into_iter().map(|w| w.replace("$GITHUB_REF_NAME", "telco-churn-v42"));
    words.take_while(|w| !["|", ">", "&&"].contains(&w.as_str())).collect()
}

fn manual() -> String {
    let (mut sink, out, _) = Sink::captured(Style::default());
    shell::man(&mut sink).unwrap();
    out.text()
}

#[test]
fn every_command_has_examples_and_every_example_parses() {
    let all = commands(&Cli::command(), "");
    for (path, command) in &all {
        let after = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
        assert!(after.is_some_and(|a| a.contains("Examples:\n  # ")), "{path}");
    }
    for (path, lines) in help::EXAMPLES {
        assert!(all.iter().any(|(known, _)| known == path), "{path} is no command");
        for (line, _) in lines.iter().filter(|(line, _)| line.starts_with("signoff")) {
            let parsed = Cli::try_parse_from(words(line));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            assert!(path.split(' ').all(|word| line.contains(word)), "{line} is no example of {path}");
        }
    }
}

#[test]
fn the_help_of_every_command_that_prints_json_lists_its_fields() {
    let mut counted = 0;
    for (path, command) in commands(&Cli::command(), "") {
        let prints = command.get_arguments().any(|arg| arg.get_id() == "json");
        let after = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
        assert_eq!(after.unwrap_or_default().contains("\nFields of --json"), prints, "{path}");
        counted += usize::from(prints);
    }
    assert!(counted > 20, "{counted}");
    // No row is of a command that is not there.
    let all = commands(&Cli::command(), "");
    for row in signoff::cli::args::fields::FIELDS {
        assert!(all.iter().any(|(path, _)| path == row.command), "{}", row.command);
    }
}

#[test]
fn the_manual_says_what_each_exit_code_means() {
    let (page, help) = (manual(), help::after());
    for section in ["EXAMPLES", "ENVIRONMENT", "FILES", "\"EXIT STATUS\""] {
        assert!(page.contains(&format!("\n.SH {section}\n")), "{section}");
    }
    for exit in Exit::ALL {
        let (code, meaning) = (exit.code(), exit.meaning());
        assert!(page.contains(&format!("\\fB{code}\\fR\n{}", meaning.replace('-', "\\-"))), "{code}");
        assert!(help.contains(&format!("{code}  {meaning}")), "{code}");
    }
}

/// String literals of the program that name environment variables.
fn variables(path: &std::path::Path, found: &mut Vec<String>) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            variables(&entry.unwrap().path(), found);
        }
        return;
    }
    let source = fs::read_to_string(path).unwrap();
    let code = source.split("mod tests {").next().unwrap();
    let is_name = |word: &&str| {
        let upper = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        // The default profile of `.databrickscfg` is no variable.
        word.len() > 3 && word.chars().all(upper) && !word.ends_with('_') && *word != "DEFAULT"
    };
    found.extend(code.split('"').skip(1).step_by(2).filter(is_name).map(str::to_owned));
}

#[test]
fn the_manual_names_every_environment_variable_that_is_read_and_no_other() {
    let mut read = Vec::new();
    for place in ["src/config", "src/main.rs", "src/cli/mod.rs"] {
        variables(std::path::Path::new(place), &mut read);
    }
    assert!(read.iter().any(|name| name == "MLFLOW_TRACKING_URI"), "{read:?}");
    for name in &read {
        assert!(help::ENVIRONMENT.iter().any(|(known, _)| known == name), "{name} is read and not documented");
    }
    for (name, _) in help::ENVIRONMENT.iter().filter(|(name, _)| !name.ends_with("_PROXY")) {
        assert!(read.iter().any(|known| known == name), "{name} is documented and not read");
    }
}
