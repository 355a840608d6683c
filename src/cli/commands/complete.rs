//! `signoff __complete`: what may stand next on a command line. Called by the scripts of `signoff completions`.
//!
//! Reads the configuration and the names that lists showed, and asks no server. Never fails: a shell has no place for a
//! message while somebody types.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, complete};

use crate::adapters::names::Names;
use crate::cli::args::{Cli, Global};
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::cli::wire;
use crate::config::{Env, Flags, load};
use crate::domain::failure::Outcome;
use crate::domain::ids::ModelName;
use crate::domain::text::clean;

/// What starts a name in MLflow's own way.
const PREFIX: &str = "models:/";
/// Characters within a word at which bash begins a new one, if it is set up so: it is, unless somebody changed that.
const BREAKS: &str = ":=@";

/// Prints each candidate on a line, as `shell` takes it.
///
/// # Errors
/// None.
pub fn run(shell: Shell, words: &[String], env: Env, sink: &mut Sink) -> Outcome<Exit> {
    let line = match (shell, words) {
        (Shell::Bash, [line]) => Line::of_bash(line, BREAKS),
        (Shell::Bash, [line, breaks]) => Line::of_bash(line, breaks),
        (_, words) => Line::of_words(words),
    };
    for candidate in candidates(&line, env) {
        if let Some(text) = line.written(shell, &candidate) {
            sink.line(&text);
        }
    }
    Ok(Exit::Done)
}

/// A command line up to the cursor.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    /// Its words without quotes, of which the last is being typed and may be empty.
    words: Vec<String>,
    /// The quote in which the last word stands.
    quote: Option<char>,
    /// Where the part of the last word begins that the shell replaces.
    replaced: usize,
}

impl Line {
    fn of_words(words: &[String]) -> Self {
        Self { words: words.to_vec(), quote: None, replaced: 0 }
    }

    /// Splits a line as bash does, as far as quotes and backslashes go. `breaks` are its `COMP_WORDBREAKS`.
    fn of_bash(line: &str, breaks: &str) -> Self {
        let (mut words, mut word, mut quote, mut replaced) = (Vec::new(), None::<String>, None, 0);
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match (quote, c) {
                (Some(q), c) if c == q => quote = None,
                (None, '\'' | '"') => {
                    word.get_or_insert_default();
                    quote = Some(c);
                }
                (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
                (None, ' ' | '\t' | '\n') => {
                    words.extend(word.take());
                    replaced = 0;
                }
                (quote, c) => {
                    let word = word.get_or_insert_default();
                    let before = word.len();
                    word.push(c);
                    if quote.is_none() && BREAKS.contains(c) && breaks.contains(c) {
                        // Names of hosts are completed from the @ on, which belongs to them.
                        replaced = if c == '@' { before } else { word.len() };
                    }
                }
            }
        }
        words.push(word.unwrap_or_default());
        Self { words, quote, replaced }
    }

    fn current(&self) -> &str {
        self.words.last().map(String::as_str).unwrap_or_default()
    }

    /// A candidate as the shell takes it; none if it cannot stand there.
    fn written(&self, shell: Shell, candidate: &CompletionCandidate) -> Option<String> {
        let value = candidate.get_value().to_str()?;
        // A name that a terminal would not show as it is cannot be typed either.
        if clean(value) != value || value.contains('\n') {
            return None;
        }
        match (shell, self.quote) {
            // Bash puts the word in as it is.
            (Shell::Bash, None) => value.get(self.replaced..).map(escaped),
            // Within quotes: what ends them or acts in them cannot be put in.
            (Shell::Bash, Some(_)) => (!value.contains(['\'', '"', '$', '`', '\\', '!'])).then(|| value.to_owned()),
            (Shell::Fish, _) => {
                let help = candidate.get_help().map(ToString::to_string).unwrap_or_default();
                Some(format!("{value}\t{}", help.lines().next().unwrap_or_default()))
            }
            // Zsh quotes what it puts in.
            (_, _) => Some(value.to_owned()),
        }
    }
}

/// A word for bash: each character that could act is escaped.
fn escaped(value: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./+,:=@%".contains(c);
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if !plain(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// What may stand where the cursor is.
fn candidates(line: &Line, env: Env) -> Vec<CompletionCandidate> {
    let (names, targets) = known(line, env);
    let mut command = with_names(Cli::command(), &names, &targets);
    if let Some(model) = model_of_rollback(&line.words) {
        let numbers = names.versions(model.as_str()).to_vec();
        let of_numbers = ArgValueCompleter::new(move |typed: &OsStr| versions(typed, &numbers));
        command = command.mut_subcommand("rollback", |below| below.mut_arg("to", |arg| arg.add(of_numbers)));
    }
    let words: Vec<OsString> = line.words.iter().map(OsString::from).collect();
    let index = words.len().saturating_sub(1);
    let folder = std::env::current_dir().ok();
    let mut found = complete(&mut command, words, index, folder.as_deref()).unwrap_or_default();
    found.retain(|candidate| !candidate.is_hide_set());
    // Options are offered once somebody begins one, or if there is nothing else.
    let is_option = |candidate: &CompletionCandidate| candidate.get_value().to_string_lossy().starts_with('-');
    if line.current().is_empty() && !found.iter().all(is_option) {
        found.retain(|candidate| !is_option(candidate));
    }
    found
}

/// The names of the target that the line is about, and those of the configured targets.
fn known(line: &Line, env: Env) -> (Names, Vec<String>) {
    let flags = flags(&line.words);
    let Ok(loaded) = load(env, flags) else { return Default::default() };
    let targets = loaded.target_names().map(str::to_owned).collect();
    let file = loaded.target().ok().and_then(|target| wire::names_file(&loaded.paths, &target));
    let now = jiff::Timestamp::now();
    (file.map(|file| Names::read(&file, now)).unwrap_or_default(), targets)
}

/// What an unfinished line says so far.
fn said(words: &[String]) -> Option<ArgMatches> {
    let finished = words.split_last().map(|(_, before)| before).unwrap_or_default();
    Cli::command().ignore_errors(true).try_get_matches_from(finished).ok()
}

/// The model that the line rolls back.
fn model_of_rollback(words: &[String]) -> Option<ModelName> {
    let said = said(words)?;
    said.subcommand_matches("rollback")?.try_get_one::<ModelName>("model").ok()?.cloned()
}

/// The global options on an unfinished line.
fn flags(words: &[String]) -> Flags {
    let Some(matches) = said(words) else { return Flags::default() };
    let is_demo = matches.subcommand_name() == Some("demo");
    let global = Global::from_arg_matches(&matches).unwrap_or_default();
    let flags = global.flags();
    Flags { demo: flags.demo || is_demo, ..flags }
}

/// The command line with completers for versions, models and targets.
fn with_names(command: Command, names: &Names, targets: &[String]) -> Command {
    let models: Arc<[String]> = names.models().map(str::to_owned).collect();
    let of_models = ArgValueCompleter::new({
        let models = models.clone();
        move |typed: &OsStr| starting(typed, models.iter().cloned())
    });
    let versions = names.clone();
    let of_versions = ArgValueCompleter::new(move |typed: &OsStr| references(typed, &versions));
    let targets = targets.to_vec();
    let of_targets = ArgValueCompleter::new(move |typed: &OsStr| starting(typed, targets.iter().cloned()));
    completed(
        command,
        &[("REF", of_versions.clone()), ("ID|REF|TAG", of_versions), ("MODEL", of_models), ("NAME", of_targets)],
    )
}

/// Adds completers to all arguments by the name of their value.
fn completed(command: Command, completers: &[(&str, ArgValueCompleter)]) -> Command {
    // In place: clap numbers positional arguments by their order.
    let command = command.mut_args(|arg| {
        let name = arg.get_value_names().and_then(<[_]>::first).map(|name| name.as_str());
        match completers.iter().find(|(of, _)| Some(*of) == name) {
            Some((_, completer)) => arg.add(completer.clone()),
            None => arg,
        }
    });
    command.mut_subcommands(|below| completed(below, completers))
}

fn starting(typed: &OsStr, all: impl Iterator<Item = String>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    all.filter(|name| name.starts_with(&*typed)).map(CompletionCandidate::new).collect()
}

/// The versions that begin so, newest first, with or without the letter.
fn versions(typed: &OsStr, numbers: &[u64]) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let letter = if typed.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "v" };
    let fits = numbers.iter().map(|number| format!("{letter}{number}")).filter(|value| value.starts_with(&*typed));
    fits.enumerate().map(|(place, value)| CompletionCandidate::new(value).display_order(Some(place))).collect()
}

/// `NAME/` for each model that begins so; its versions, newest first, once the name is there.
fn references(typed: &OsStr, names: &Names) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    let (prefix, rest) = match typed.strip_prefix(PREFIX) {
        Some(rest) => (PREFIX, rest),
        None => ("", &*typed),
    };
    let named = names.models().find(|model| rest.strip_prefix(*model).is_some_and(|rest| rest.starts_with('/')));
    let values: Vec<String> = match named {
        Some(model) => names.versions(model).iter().map(|number| format!("{model}/{number}")).collect(),
        None => names.models().map(|model| format!("{model}/")).collect::<BTreeSet<_>>().into_iter().collect(),
    };
    let fits = values.into_iter().filter(|value| value.starts_with(rest));
    let in_order = fits
        .enumerate()
        .map(|(place, value)| CompletionCandidate::new(format!("{prefix}{value}")).display_order(Some(place)));
    in_order.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bash(line: &str) -> (Vec<String>, Option<char>) {
        let line = Line::of_bash(line, BREAKS);
        (line.words, line.quote)
    }

    #[test]
    fn a_line_of_bash_is_split_as_bash_does() {
        let words = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>();
        assert_eq!(bash("signoff show "), (words(&["signoff", "show", ""]), None));
        assert_eq!(bash("signoff  show te"), (words(&["signoff", "show", "te"]), None));
        assert_eq!(bash(r"signoff show Credit\ L"), (words(&["signoff", "show", "Credit L"]), None));
        assert_eq!(bash("signoff show 'Credit L"), (words(&["signoff", "show", "Credit L"]), Some('\'')));
        assert_eq!(bash("signoff show \"a\\\"b' c"), (words(&["signoff", "show", "a\"b' c"]), Some('"')));
        assert_eq!(bash("signoff show '' x"), (words(&["signoff", "show", "", "x"]), None));
        assert_eq!(bash("signoff show a\\"), (words(&["signoff", "show", "a"]), None));
        assert_eq!(bash(""), (words(&[""]), None));
    }

    #[test]
    fn what_bash_would_act_on_is_escaped_and_what_acts_on_a_terminal_is_left_out() {
        let written = |line: &str, value: &str| {
            Line::of_bash(line, BREAKS).written(Shell::Bash, &CompletionCandidate::new(value))
        };
        assert_eq!(written("signoff show te", "telco-churn/").as_deref(), Some("telco-churn/"));
        assert_eq!(written("signoff show a", "a b$(id)`x`;*?'\"").as_deref(), Some(r#"a\ b\$\(id\)\`x\`\;\*\?\'\""#));
        assert_eq!(written("signoff show ~", "~root/!x#").as_deref(), Some(r"\~root/\!x\#"));
        assert_eq!(written("signoff show 'a", "a b/").as_deref(), Some("a b/"));
        assert_eq!(written("signoff show 'a", "a'b/"), None);
        assert_eq!(written("signoff show models:/te", "models:/telco/").as_deref(), Some("/telco/"));
        assert_eq!(written("signoff --target=p", "--target=prod").as_deref(), Some("prod"));
        assert_eq!(written("signoff show at@", "at@x/").as_deref(), Some("@x/"));
        assert_eq!(written("signoff show models:/at@", "models:/at@x/").as_deref(), Some("@x/"));
        assert_eq!(written(r"signoff show at\@", "at@x/").as_deref(), Some("at@x/"));
        assert_eq!(written("signoff --x=1 show at", "at@x/").as_deref(), Some("at@x/"));
        let whole = Line::of_bash("signoff show at@", " =");
        assert_eq!(whole.written(Shell::Bash, &CompletionCandidate::new("at@x/")).as_deref(), Some("at@x/"));
        for hostile in ["a\u{1b}[2J", "a\nb", "a\u{202e}b", "a\u{9b}"] {
            assert_eq!(written("signoff show a", hostile), None, "{hostile:?}");
            let of_zsh = Line::of_words(&["signoff".into(), "show".into(), "a".into()]);
            assert_eq!(of_zsh.written(Shell::Zsh, &CompletionCandidate::new(hostile)), None);
        }
    }

    #[test]
    fn the_global_options_of_an_unfinished_line_count() {
        let flags = |line: &str| flags(&Line::of_bash(line, BREAKS).words);
        assert_eq!(flags("signoff --target prod show ").target.as_deref(), Some("prod"));
        assert_eq!(flags("signoff show --target=prod x --json ").target.as_deref(), Some("prod"));
        assert!(flags("signoff --demo approve --reason ").demo && flags("signoff demo ").demo);
        assert_eq!(flags("signoff --target "), Flags::default());
        assert_eq!(flags("signoff --repo a/b approve --jq 'a[' ").repo.as_deref(), Some("a/b"));
    }
}
