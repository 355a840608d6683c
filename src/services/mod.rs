//! One target, wired: the ports every service and screen works with.

pub mod annotate;
pub mod approvals;
pub mod attempt;
pub mod audit;
pub mod cd;
pub mod decide;
mod deployment;
pub mod evidence;
pub mod keep;
pub mod notes;
pub mod own;
pub mod prepare;
pub mod promote;
pub mod renamed;
pub mod requests;
pub mod road;
pub mod rollback;
pub mod status;
pub mod verdicts;
pub mod waiting;
pub mod watch;

use std::sync::Arc;

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::first_start::Answers;
use crate::domain::identity::Home;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::rules::Rules;
use crate::domain::target::TargetEntry;
use crate::ports::code::CodeHost;
use crate::ports::names::SeenNames;
use crate::ports::notify::OutboxStore;
use crate::ports::records::{RecordSigner, RecordStore};
use crate::ports::tracking::TrackingServer;
use crate::ports::witness::Witnesses;
use crate::ports::{Clock, Desktop, JournalStore, ModelRegistry, ReleaseHost};

impl Services {
    /// Where this target's versions are.
    ///
    /// # Errors
    /// If the registry does not say whether it has workspaces.
    pub async fn home(&self) -> Outcome<Home> {
        Ok(Home { registry: self.registry.url(), workspace: self.registry.workspace().await? })
    }
}

impl Services {
    /// The same, once it is known which registry it is: where nothing says what is promoted to, that depends on it. A
    /// registry that cannot be asked now is as the configuration assumes it, and says so later.
    #[must_use]
    pub async fn settled(self) -> Self {
        if !self.rules.promote_to_is_usual {
            return self;
        }
        match self.registry.usual_target().await {
            Ok(Some(promote_to)) if promote_to != self.rules.promote_to => {
                Self { rules: Arc::new(Rules { promote_to, ..(*self.rules).clone() }), ..self }
            }
            Ok(_) | Err(_) => self,
        }
    }
}

/// All configured targets.
pub trait Targets: Send + Sync {
    /// As a list shows them.
    fn entries(&self) -> Vec<TargetEntry>;
    /// One of them, wired. Makes no requests.
    ///
    /// # Errors
    /// If its settings are invalid.
    fn services(&self, name: &str) -> Outcome<Services>;
    /// A target that the configuration does not have yet, wired. Makes no requests.
    ///
    /// # Errors
    /// If the answers make no target.
    fn attempt(&self, answers: &Answers) -> Outcome<Services>;
    /// Writes the configuration, never over an existing one.
    ///
    /// # Errors
    /// If it is there already, or cannot be written.
    fn configure(&self, answers: &Answers) -> Outcome<()>;
}

/// The ports of one target and its rules. Cheap to clone.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Services {
    /// The model registry, and the runs behind its versions.
    pub registry: Arc<dyn ModelRegistry>,
    /// The tracking server: experiments, histories, files.
    pub tracking: Arc<dyn TrackingServer>,
    /// Where releases are made.
    pub host: Arc<dyn ReleaseHost>,
    /// The same host as a source of evidence about code.
    pub code: Arc<dyn CodeHost>,
    /// Journals on this machine.
    pub journals: Arc<dyn JournalStore>,
    /// Sign-off records on this machine.
    pub records: Arc<dyn RecordStore>,
    pub signer: Arc<dyn RecordSigner>,
    pub clock: Arc<dyn Clock>,
    pub desktop: Arc<dyn Desktop>,
    /// What is asked what runs.
    pub witnesses: Witnesses,
    /// What this machine told of events, if it tells of any.
    pub outbox: Option<Arc<dyn OutboxStore>>,
    /// Keeps the names that lists show, for completion; none where nobody completes.
    pub names: Option<Arc<dyn SeenNames>>,
    /// Rules from the configuration.
    pub rules: Arc<Rules>,
}

impl Services {
    /// Keeps the names of models that a list shows.
    pub fn saw_models(&self, seen: &[RegisteredModel]) {
        if let Some(names) = &self.names {
            names.models(seen);
        }
    }

    /// Keeps the versions on a page of a list; `newest` if it is the first one.
    pub fn saw_versions(&self, model: &ModelName, seen: &[ModelVersion], newest: bool) {
        if let Some(names) = &self.names {
            let numbers: Vec<VersionNumber> = seen.iter().map(|version| version.number).collect();
            names.versions(model, &numbers, newest);
        }
    }
}

/// One target alone.
impl Targets for Services {
    fn entries(&self) -> Vec<TargetEntry> {
        let (name, colour) = (self.rules.target_name.clone(), self.rules.colour.clone());
        vec![TargetEntry { name, production: self.rules.production, colour, servers: Ok(self.registry.url()) }]
    }

    fn services(&self, _name: &str) -> Outcome<Services> {
        Ok(self.clone())
    }

    fn attempt(&self, _: &Answers) -> Outcome<Services> {
        Ok(self.clone())
    }

    fn configure(&self, _: &Answers) -> Outcome<()> {
        let reason = "this target is not from a file";
        Err(Failure::new(FailureKind::Config, Service::Config, "write a configuration", reason))
    }
}
