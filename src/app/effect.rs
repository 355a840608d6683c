//! Side effects as data. `Debug + Clone + PartialEq`, so that tests can compare them.

use super::paint::PaintRequest;
use super::prefs::Remember;
use super::query::{Query, RequestId};
use super::saving::SaveRequest;
use crate::domain::cd_act::CdAct;
use crate::domain::first_start::{Answers, Beginning};
use crate::domain::ids::{ExperimentId, ModelName, PromotionId, RepoSlug, RunId, TagName, VersionNumber};
use crate::domain::job::JobRun;
use crate::domain::promotion::PlanDraft;
use crate::domain::record::SignOff;
use crate::domain::record::{DecisionDraft, Sealed};

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a request.
    Fetch(RequestId, Query),
    /// The answer is no longer needed.
    Cancel(RequestId),
    /// Execute the plan that the user confirmed.
    Promote {
        /// The plan as shown.
        draft: Box<PlanDraft>,
        /// The signer's input.
        sign_off: SignOff,
    },
    /// Record a decision that does not promote, as confirmed by the user.
    Decide {
        /// The draft as shown.
        draft: Box<DecisionDraft>,
        /// The signer's input.
        sign_off: SignOff,
    },
    /// Continue an unfinished promotion.
    Resume(PromotionId),
    /// Undo an unfinished promotion.
    Undo(PromotionId),
    /// Ask the host to do something with a CD run of a promotion, and follow CD on.
    AskCd(PromotionId, CdAct),
    /// Keep a sentence with the record of a promotion.
    Annotate(PromotionId, String),
    /// Stop the running promotion after its current step.
    StopPromotion,
    /// Open a page in the browser.
    Browse(Place),
    /// Copy text to the clipboard.
    Copy(String),
    Save(SaveRequest),
    /// Write a record into the current folder, never over an existing file.
    Export(Box<Sealed>),
    /// Encode a picture for the terminal.
    Paint(PaintRequest),
    /// Store a preference for the next session.
    SavePrefs(Remember),
    /// Cancel saving and remove the partial file.
    StopSaving,
    /// Use the theme of this name.
    Dress(String),
    /// Run a command of the user's own: a program and its arguments.
    RunOwn(Vec<String>),
    /// Stop the command that runs.
    StopOwn,
    /// Write the configuration that these answers make, and begin with it.
    Configure(Answers),
    /// Leave the first start, and go on so.
    Begin(Beginning),
    /// Leave this target and open another one.
    Switch(String),
    Quit,
}

/// Something with a web page; the adapters know its address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Version(ModelName, VersionNumber),
    Run(ExperimentId, RunId),
    /// A run of a Databricks job.
    Job(JobRun),
    Experiment(ExperimentId),
    /// A logged model (3.x), by its experiment and id.
    LoggedModel(ExperimentId, String),
    /// A tag and its release.
    Tag(RepoSlug, TagName),
    /// An address from a server.
    Url(String),
}
