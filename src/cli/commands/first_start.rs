//! The first start of the screens, where nothing is configured.

use std::path::Path;
use std::sync::Arc;

use crate::cli::commands::screens;
use crate::cli::wire;
use crate::config::{Loaded, example};
use crate::domain::failure::Outcome;
use crate::domain::first_start::{Answers, Beginning};
use crate::domain::target::TargetEntry;
use crate::program::state::State;
use crate::runtime::run::Ended;
use crate::services::{Services, Targets};

/// Shows the ways to begin until one is chosen that can be; none if the user quits. `check` says whether a configuration
/// can be used.
///
/// # Errors
/// If the terminal cannot be used.
pub async fn run(loaded: &Arc<Loaded>, check: impl Fn(&str) -> Outcome<()>) -> Outcome<Option<Beginning>> {
    let mut skin = screens::skin(&loaded.ui);
    let targets: Arc<dyn Targets> = Arc::new(Unconfigured(loaded.clone()));
    let mut around = loaded.surroundings();
    loop {
        let none = loaded.no_target();
        let services = wire::services(&loaded.paths, &none)?;
        let (keymap, now) = (loaded.keymap().clone(), services.clock.now());
        let state = State::welcoming(none.rules, keymap, now, around.clone());
        match screens::present(loaded, state, services, targets.clone(), &mut skin).await? {
            Ended::Begin(Beginning::File(path)) => match check(&path) {
                Ok(()) => return Ok(Some(Beginning::File(path))),
                Err(failure) => around.mistake = Some((path, failure.sentence())),
            },
            Ended::Begin(beginning) => return Ok(Some(beginning)),
            Ended::Quit(_) | Ended::Switch(_) => return Ok(None),
        }
    }
}

/// No targets, but those that are being answered.
struct Unconfigured(Arc<Loaded>);

impl Targets for Unconfigured {
    fn entries(&self) -> Vec<TargetEntry> {
        Vec::new()
    }

    fn services(&self, name: &str) -> Outcome<Services> {
        wire::services(&self.0.paths, &self.0.target_named(name)?)
    }

    fn attempt(&self, answers: &Answers) -> Outcome<Services> {
        let loaded = self.0.with_answers(answers)?;
        wire::services(&loaded.paths, &loaded.target()?)
    }

    fn configure(&self, answers: &Answers) -> Outcome<()> {
        example::write(Path::new(&self.0.paths.config.value), &answers.file())
    }
}
