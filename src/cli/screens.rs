//! `signoff`, `signoff open` and `signoff demo`: the way into the terminal screens.

use std::io::IsTerminal as _;

use super::exit::Exit;
use crate::app::keymap::{DEFAULT_KEYMAP, Keymap};
use crate::app::route::Route;
use crate::config::{SymbolSet, Theme, UiSettings};
use crate::domain::ids::{ModelName, VersionNumber};
use crate::failure::{Failure, FailureKind, Outcome, Service};
use crate::program::state::State;
use crate::runtime;
use crate::services::Services;
use crate::ui::skin::{self, Skin};

/// Runs the screens until the user leaves, on `open` if a version is named, else on the inbox.
///
/// # Errors
/// If there is no terminal, or it cannot be written to.
pub async fn run(services: Services, ui: &UiSettings, open: Option<(ModelName, VersionNumber)>) -> Outcome<Exit> {
    let here = |reason: &str| Failure::new(FailureKind::Config, Service::Local, "open the screens", reason);
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(
            here("this is not a terminal").with_hint("Commands work without one: `signoff inbox`, `signoff --help`.")
        );
    }
    let keymap = Keymap::parse(DEFAULT_KEYMAP).map_err(|mistakes| {
        let reason = format!("the built-in keys are wrong: {}", mistakes.join("; "));
        Failure::new(FailureKind::Bug, Service::Local, "open the screens", reason)
    })?;
    let routes: Vec<_> = open.map(|(model, version)| Route::Review(model, version)).into_iter().collect();
    let rules = (*services.rules).clone();
    let state = State::new(rules, services.registry.url(), keymap, services.clock.now(), &routes);
    runtime::run::run(state, services, &skin(ui)).await?;
    Ok(Exit::Done)
}

fn skin(ui: &UiSettings) -> Skin {
    let configured = match ui.theme.value {
        Theme::Auto => None,
        Theme::Dark => Some(skin::Theme::Dark),
        Theme::Light => Some(skin::Theme::Light),
        Theme::HighContrast => Some(skin::Theme::HighContrast),
        Theme::None => Some(skin::Theme::NoColor),
    };
    let unicode = match ui.symbols.value {
        SymbolSet::Auto => ui.unicode_locale,
        SymbolSet::Unicode => true,
        SymbolSet::Ascii => false,
    };
    // NO_COLOR is in the configured theme already.
    Skin::new(skin::choose_theme(configured, false, ui.background.as_deref()), unicode)
}
