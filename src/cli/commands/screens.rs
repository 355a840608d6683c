//! `signoff`, `signoff open` and `signoff demo`: the interactive screens.

use std::io::IsTerminal as _;
use std::path::Path;

use crate::adapters::http;
use crate::app::keymap::{DEFAULT_KEYMAP, Keymap};
use crate::app::paint::Pictures;
use crate::app::route::Route;
use crate::cli::commands::drive::undo_hint;
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::config::{Images, SymbolSet, Theme, UiSettings};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::promotion::Until;
use crate::program::state::State;
use crate::runtime;
use crate::runtime::terminal_pictures::{Painter, Speaks};
use crate::services::Services;
use crate::services::promote::Promoter;
use crate::ui::skin::{self, Skin};

/// Runs the screens until the user quits, starting on `open` if a version is named, else on the inbox. Preferences
/// are stored below `state_dir`.
///
/// # Errors
/// If there is no terminal, or it cannot be written to.
pub async fn run(
    services: Services,
    ui: &UiSettings,
    state_dir: &Path,
    open: Option<(ModelName, VersionNumber)>,
    sink: &mut Sink,
) -> Outcome<Exit> {
    let here = |reason: &str| Failure::new(FailureKind::Config, Service::Local, "open the screens", reason);
    if !std::io::stdin().is_terminal() || !std::io::stdout().is_terminal() {
        return Err(here("this is not a terminal")
            .with_hint("Use a command instead, such as `signoff inbox`. See `signoff --help`."));
    }
    let keymap = Keymap::parse(DEFAULT_KEYMAP).map_err(|mistakes| {
        let reason = format!("the built-in keys are wrong: {}", mistakes.join("; "));
        Failure::new(FailureKind::Bug, Service::Local, "open the screens", reason)
    })?;
    let routes: Vec<_> = open.map(|(model, version)| Route::Review(model, version)).into_iter().collect();
    let rules = (*services.rules).clone();
    let skin = skin(ui);
    let (pictures, painter) = pictures(ui, &skin);
    let mut state = State::new(rules, services.registry.url(), keymap, services.clock.now(), &routes);
    state.pictures = pictures;
    let url = services.registry.url();
    // Drafts of two workspaces may be about versions of the same name.
    let server =
        services.registry.named_workspace().map_or_else(|| url.clone(), |name| format!("{url}?workspace={name}"));
    let prefs = runtime::prefs::file_for(state_dir, &server);
    match runtime::run::run(state, services.clone(), prefs, painter, &skin, http::longest).await? {
        Some(id) => left_behind(services, id, sink).await,
        None => Ok(Exit::Done),
    }
}

/// Reports the state of a promotion that was running when the user quit, and how to continue it.
async fn left_behind(services: Services, id: PromotionId, sink: &mut Sink) -> Outcome<Exit> {
    let state = Promoter::new(services).state(id).await?;
    let draft = &state.plan.draft;
    sink.note(&if state.is_released() {
        format!(
            "{} {} is released. CD was not followed to its end. To follow it: `signoff resume {id}`.",
            draft.model(),
            draft.version()
        )
    } else {
        format!(
            "The promotion of {} {} is unfinished. Go on with `signoff resume {id}`{}.",
            draft.model(),
            draft.version(),
            undo_hint(&state, id)
        )
    });
    Ok(Exit::of_promotion(&state, Until::CdEnded, true))
}

/// How to show pictures. Without colour or Unicode they are drawn as shades, whatever the terminal supports.
fn pictures(ui: &UiSettings, skin: &Skin) -> (Pictures, Option<Painter>) {
    let images = match ui.images.value {
        Images::Auto if !skin.has_colours() || skin.symbols().line.is_ascii() => Images::Half,
        Images::Auto => ui.terminal_images,
        set => set,
    };
    let speaks = match images {
        Images::Off => return (Pictures::Off, None),
        Images::Auto | Images::Half => return (Pictures::Blocks, None),
        Images::Kitty => Speaks::Kitty,
        Images::Iterm2 => Speaks::Iterm2,
        Images::Sixel => Speaks::Sixel,
    };
    (Pictures::Terminal, Some(Painter { speaks, in_tmux: ui.in_tmux }))
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
    // The configured theme already accounts for NO_COLOR.
    Skin::new(skin::choose_theme(configured, false, ui.background.as_deref()), unicode)
}
