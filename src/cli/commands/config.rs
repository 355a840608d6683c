//! `signoff config show|path|init`.

use crate::cli::args::ConfigAction;
use crate::cli::exit::Exit;
use crate::cli::json;
use crate::cli::output::Sink;
use crate::cli::table::{Align, Table};
use crate::config::{Env, Flags, Loaded, Paths, Shown, example, load};
use crate::domain::failure::Outcome;
use crate::present::{Phrase, Role};

/// Runs the command.
///
/// # Errors
/// For `show`, every mistake in the configuration; for `init`, I/O errors.
pub fn run(action: Option<&ConfigAction>, env: Env, flags: Flags, sink: &mut Sink) -> Outcome<Exit> {
    match action {
        None => show(&load(env, flags)?, false, sink),
        Some(ConfigAction::Show { format }) => show(&load(env, flags)?, format.json, sink),
        Some(ConfigAction::Path) => {
            let paths = Paths::find(&env, flags.config.as_deref())?;
            sink.line(&paths.config.value.display().to_string());
            Ok(Exit::Done)
        }
        Some(ConfigAction::Init { print: true }) => {
            sink.text(example::EXAMPLE);
            Ok(Exit::Done)
        }
        Some(ConfigAction::Init { print: false }) => {
            let paths = Paths::find(&env, flags.config.as_deref())?;
            example::write(&paths.config.value, example::EXAMPLE)?;
            sink.line(&paths.config.value.display().to_string());
            sink.note("It lists every option, commented out, with its default. `signoff config show` prints the values in effect.");
            Ok(Exit::Done)
        }
    }
}

fn show(loaded: &Loaded, json: bool, sink: &mut Sink) -> Outcome<Exit> {
    let mut values = loaded.shared_values();
    // Show the rest even without a usable target.
    let (name, notices, end) = match loaded.target() {
        Ok(target) => {
            values.extend(target.values);
            (Some(target.name), target.notices, Exit::Done)
        }
        Err(failure) => {
            sink.failure(&failure);
            (None, loaded.notices.clone(), Exit::of(&failure))
        }
    };
    if json {
        sink.json(&json::Config {
            schema: "signoff.config/1",
            target: name,
            targets: loaded.target_names().map(str::to_owned).collect(),
            values: values.into_iter().map(json::ConfigValue::from).collect(),
            notices,
        })?;
        return Ok(end);
    }
    for notice in &notices {
        sink.warn(notice);
    }
    let mut table = Table::new(&[("KEY", Align::Whole), ("VALUE", Align::Left), ("FROM", Align::Left)]);
    for Shown { key, value, origin } in values {
        let value = value.map_or_else(|| Phrase::of(Role::Muted, "-"), Phrase::from);
        table.row([key.into(), value, Phrase::of(Role::Muted, origin)]);
    }
    sink.text(&table.render(sink.style()));
    let others: Vec<_> = loaded.target_names().filter(|n| Some(*n) != name.as_deref()).collect();
    if !others.is_empty() {
        sink.note(&format!("Other targets: {}. Use --target to choose one.", others.join(", ")));
    }
    Ok(end)
}
