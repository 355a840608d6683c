//! `signoff`, `signoff open` and `signoff demo`: the interactive screens.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use jiff::tz::TimeZone;

use crate::adapters::{http, notify};
use crate::app::action::Action;
use crate::app::keys::Keys;
use crate::app::paint::Pictures;
use crate::app::route::Route;
use crate::cli::channels;
use crate::cli::commands::drive::undo_hint;
use crate::cli::exit::Exit;
use crate::cli::output::Sink;
use crate::cli::wire;
use crate::config::{Images, Loaded, SymbolSet, Target, Theme, UiSettings};
use crate::domain::command::{Form, OwnCommand};
use crate::domain::event::{EventKind, Interest};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::first_start::Answers;
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::pattern::matches;
use crate::domain::promotion::Until;
use crate::domain::rules::Rules;
use crate::domain::target::TargetEntry;
use crate::ports::notify::Channel as _;
use crate::program::state::{Notice, State};
use crate::runtime;
use crate::runtime::run::{Around, Ended};
use crate::runtime::terminal_pictures::{Painter, Speaks};
use crate::services::promote::Promoter;
use crate::services::{Services, Targets};
use crate::ui::skin::{self, Skin};

/// The first line of the demo; any key takes it away.
fn tour(state: &State) -> String {
    let keys = Keys::new(&state.keymap, state.contexts());
    let steps = [
        (Action::Review, "reviews"),
        (Action::Approve, "approves"),
        (Action::Palette, "goes anywhere"),
        (Action::Help, "shows all keys"),
    ];
    let bound = steps.into_iter().filter(|(action, _)| keys.label(*action).is_some());
    let said: Vec<String> = bound.map(|(action, does)| format!("{} {does}", keys.named(action))).collect();
    format!("This is a demo. {}.", said.join(", "))
}

/// Runs the screens until the user quits, starting with `first`, on `open` if a version is named, else on the inbox.
/// Without `first`, starts on the list of targets.
///
/// # Errors
/// If there is no terminal, or it cannot be written to.
pub async fn run(
    loaded: &Arc<Loaded>,
    first: Option<(Target, Services)>,
    mut open: Option<(ModelName, VersionNumber)>,
    sink: &mut Sink,
) -> Outcome<Exit> {
    if !is_terminal() {
        let reason = "this is not a terminal";
        return Err(Failure::new(FailureKind::Config, Service::Local, "open the screens", reason)
            .with_hint("Use a command instead, such as `signoff inbox`. See `signoff --help`."));
    }
    let mut skin = skin(&loaded.ui);
    let mut target = first;
    loop {
        let services = target.as_ref().map(|(_, services)| services.clone());
        let name = match show(loaded, target, open.take(), &mut skin).await? {
            Ended::Switch(name) => name,
            // Only the first start ends so.
            Ended::Begin(_) => return Ok(Exit::Done),
            Ended::Quit(left) => {
                return match left.zip(services) {
                    Some((id, services)) => left_behind(services, id, sink).await,
                    None => Ok(Exit::Done),
                };
            }
        };
        let next = loaded.target_named(&name)?;
        let services = wire::services(&loaded.paths, &next)?.settled().await;
        target = Some((next, services));
    }
}

/// Whether there are keys to press and a screen to see.
pub fn is_terminal() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Shows one target, or the list of all.
async fn show(
    loaded: &Arc<Loaded>,
    target: Option<(Target, Services)>,
    open: Option<(ModelName, VersionNumber)>,
    skin: &mut Skin,
) -> Outcome<Ended> {
    let keymap = loaded.keymap().clone();
    let targets: Arc<dyn Targets> = Arc::new(Configured(loaded.clone()));
    let (state, services) = match target {
        Some((target, services)) => {
            let routes: Vec<_> = open.map(|(model, version)| Route::Review(model, version)).into_iter().collect();
            let (rules, url) = ((*services.rules).clone(), services.registry.url());
            let mut state = State::new(rules, url, keymap, services.clock.now(), &routes);
            if let Some(connections) = &target.connections {
                state.tracking_url = connections.mlflow.tracking.to_string();
            }
            if services.rules.demo {
                state.notice = Some(Notice::Word(tour(&state)));
            }
            (state, services)
        }
        None => {
            // Nothing is asked of these services: the list asks those of each target.
            let none = loaded.no_target();
            let services = wire::services(&loaded.paths, &none)?;
            (State::choosing(none.rules, keymap, services.clock.now()), services)
        }
    };
    present(loaded, state, services, targets, skin).await
}

/// Shows the screens of `state`.
///
/// # Errors
/// If the terminal cannot be used.
pub(super) async fn present(
    loaded: &Arc<Loaded>,
    mut state: State,
    services: Services,
    targets: Arc<dyn Targets>,
    skin: &mut Skin,
) -> Outcome<Ended> {
    let (pictures, painter) = pictures(&loaded.ui, skin);
    state.targets = targets.entries();
    state.restore = loaded.ui.restore.value;
    state.local = TimeZone::system();
    state.time = loaded.ui.time.value;
    state.commands = loaded.commands();
    let looking = looking(loaded, &state);
    state.commands.extend(looking);
    let own = loaded.ui.own_themes.iter().map(|theme| theme.name.clone());
    state.themes = skin::Theme::ALL.iter().map(|theme| theme.name().to_owned()).chain(own).collect();
    let asks = loaded.ui.light.is_none() && loaded.ui.can_be_asked;
    let both = grounds(&loaded.ui).filter(|_| asks);
    state.grounds = both.map(|(dark, light)| (dark.name().to_owned(), light.name().to_owned()));
    state.pictures = pictures;
    let url = services.registry.url();
    // Drafts of two workspaces may be about versions of the same name.
    let server =
        services.registry.named_workspace().map_or_else(|| url.clone(), |name| format!("{url}?workspace={name}"));
    let prefs = runtime::prefs::file_for(&loaded.paths.state_of(services.rules.demo), &server);
    let around = around(loaded, &services.rules, state.grounds.is_some());
    runtime::run::run(state, services, targets, prefs, painter, skin, around).await
}

/// Commands of this program that only look, for the target on the screens.
fn looking(loaded: &Loaded, state: &State) -> Vec<OwnCommand> {
    let Some(program) = std::env::current_exe().ok().and_then(|path| path.to_str().map(str::to_owned)) else {
        return Vec::new();
    };
    let command = |name: &str, arguments: &[&str]| {
        let mut run = vec![program.clone()];
        run.extend(loaded.flags_for(state.has_target().then_some(state.rules.target_name.as_str())));
        run.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        let form = Form::program(&run).ok()?;
        Some(OwnCommand { name: name.to_owned(), form, confirm: false, built_in: true })
    };
    [command("config", &["config", "show"]), command("doctor", &["doctor"])].into_iter().flatten().collect()
}

/// How the screens stay up to date, and how the terminal is told of arrivals: as its channels say.
fn around(loaded: &Arc<Loaded>, rules: &Rules, ask_background: bool) -> Around {
    let (target, demo, settings) = (rules.target_name.as_str(), rules.demo, loaded.clone());
    let wanted = |channel: &&Arc<notify::Configured>| {
        let targets = &channel.interest().targets;
        targets.iter().any(|pattern| matches(pattern, target))
    };
    let all = channels::all(loaded);
    let terminals: Vec<_> =
        all.iter().filter(wanted).filter_map(|c| Some((c.terminal()?.clone(), c.interest().clone()))).collect();
    let titles: Vec<_> = terminals.iter().map(|(terminal, _)| terminal.clone()).collect();
    let place = target.to_owned();
    let look = loaded.ui.clone();
    let seconds = loaded.ui.refresh.value;
    Around {
        waiting: http::longest,
        refresh: (seconds > 0).then(|| Duration::from_secs(seconds)),
        given_up: Box::new(move || given_up(settings.clone(), demo).boxed()),
        tell: Box::new(move |alert| {
            let wants = |interest: &Interest| {
                alert.arrived.iter().any(|(model, _)| interest.wants(EventKind::Arrived, model.as_str(), &place))
            };
            let wanting = terminals.iter().filter(|(_, interest)| wants(interest));
            wanting.map(|(terminal, _)| terminal.sequence(&alert.text)).collect()
        }),
        title: Box::new(move |text| titles.iter().map(|t| t.title(text)).collect()),
        dress: Box::new(move |name| named(&look, name)),
        mouse: loaded.ui.mouse.value,
        ask_background,
    }
}

/// What is to be said of messages that were given up.
async fn given_up(loaded: Arc<Loaded>, demo: bool) -> Option<String> {
    let all = channels::all(&loaded);
    let outbox = channels::outbox(&loaded.paths.state_of(demo)).read().await.ok()?;
    let names: Vec<&str> = all.iter().map(|c| c.name()).filter(|name| outbox.given_up(name) > 0).collect();
    (!names.is_empty()).then(|| format!("Messages of {} were given up; `signoff doctor` says more.", names.join(", ")))
}

/// The targets of the configuration.
struct Configured(Arc<Loaded>);

impl Targets for Configured {
    fn entries(&self) -> Vec<TargetEntry> {
        let entry = |name: &str| match self.0.target_named(name) {
            Ok(target) => TargetEntry {
                name: name.to_owned(),
                production: target.rules.production,
                colour: target.rules.colour.clone(),
                servers: Ok(target.servers()),
            },
            Err(failure) => {
                TargetEntry { name: name.to_owned(), production: false, colour: None, servers: Err(failure) }
            }
        };
        self.0.target_names().map(entry).collect()
    }

    fn services(&self, name: &str) -> Outcome<Services> {
        wire::services(&self.0.paths, &self.0.target_named(name)?)
    }

    fn attempt(&self, _: &Answers) -> Outcome<Services> {
        Err(self.is_there())
    }

    fn configure(&self, _: &Answers) -> Outcome<()> {
        Err(self.is_there())
    }
}

impl Configured {
    fn is_there(&self) -> Failure {
        let operation = format!("write the configuration {}", self.0.paths.config.value.display());
        Failure::new(FailureKind::Conflict, Service::Config, operation, "there is one already")
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
        Images::Sextants => return (Pictures::Sextants, None),
        Images::Octants => return (Pictures::Octants, None),
        Images::Kitty => Speaks::Kitty,
        Images::Iterm2 => Speaks::Iterm2,
        Images::Sixel => Speaks::Sixel,
    };
    (Pictures::Terminal, Some(Painter { speaks, in_tmux: ui.in_tmux }))
}

/// The look that the configuration asks for. A background that is not known is taken for a dark one.
pub(super) fn skin(ui: &UiSettings) -> Skin {
    let light = ui.light.unwrap_or(false);
    let theme = match &ui.theme.value {
        Theme::Auto | Theme::ColorBlind => grounds(ui).map(|(dark, at_light)| if light { at_light } else { dark }),
        Theme::Dark => Some(skin::Theme::Dark),
        Theme::Light => Some(skin::Theme::Light),
        Theme::HighContrast => Some(skin::Theme::HighContrast),
        Theme::None => Some(skin::Theme::NoColor),
        Theme::Own(name) => return named(ui, name).unwrap_or_else(|| Skin::new(skin::Theme::Dark, is_unicode(ui))),
    };
    Skin::new(theme.unwrap_or(skin::Theme::Dark), is_unicode(ui))
}

/// The themes for dark and light backgrounds, where the configuration leaves that to the terminal.
fn grounds(ui: &UiSettings) -> Option<(skin::Theme, skin::Theme)> {
    match ui.theme.value {
        Theme::Auto => Some((skin::Theme::Dark, skin::Theme::Light)),
        Theme::ColorBlind => Some((skin::Theme::ColorBlind, skin::Theme::ColorBlindLight)),
        Theme::Dark | Theme::Light | Theme::HighContrast | Theme::None | Theme::Own(_) => None,
    }
}

/// A theme by its name, the user's own first.
fn named(ui: &UiSettings, name: &str) -> Option<Skin> {
    match ui.own_themes.iter().find(|theme| theme.name == name) {
        Some(theme) => Skin::parse(&theme.source, is_unicode(ui)).ok(),
        None => {
            let theme = skin::Theme::ALL.into_iter().find(|theme| theme.name() == name)?;
            Some(Skin::new(theme, is_unicode(ui)))
        }
    }
}

fn is_unicode(ui: &UiSettings) -> bool {
    match ui.symbols.value {
        SymbolSet::Auto => ui.unicode_locale,
        SymbolSet::Unicode => true,
        SymbolSet::Ascii => false,
    }
}
