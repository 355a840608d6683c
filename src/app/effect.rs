//! What the outside shall do, as data. `Debug + Clone + PartialEq`, so that tests compare effects.

use super::paint::PaintRequest;
use super::prefs::Remember;
use super::query::{Query, RequestId};
use super::saving::SaveRequest;
use crate::domain::decision::DecisionDraft;
use crate::domain::ids::{ExperimentId, ModelName, PromotionId, RepoSlug, RunId, TagName, VersionNumber};
use crate::domain::promotion::PlanDraft;
use crate::domain::record::SignOff;

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask.
    Fetch(RequestId, Query),
    /// Nobody wants the answer any more.
    Cancel(RequestId),
    /// Carry out what the human just confirmed.
    Promote {
        /// The plan that was on screen.
        draft: Box<PlanDraft>,
        /// What the signer said.
        sign_off: SignOff,
    },
    /// Take a decision that promotes nothing by itself, as the human just confirmed.
    Decide {
        /// What was on screen.
        draft: Box<DecisionDraft>,
        /// What the signer said.
        sign_off: SignOff,
    },
    /// Go on with an unfinished promotion.
    Resume(PromotionId),
    /// Take an unfinished promotion back.
    Undo(PromotionId),
    /// Stop the promotion at work after the step it is at.
    StopPromotion,
    /// Open a page in the browser.
    Browse(Place),
    /// Put text on the clipboard.
    Copy(String),
    /// Save a file on this machine.
    Save(SaveRequest),
    /// Make a picture ready for the terminal.
    Paint(PaintRequest),
    /// Keep what a person chose, for the next session.
    SavePrefs(Remember),
    /// Stop saving, and leave nothing behind.
    StopSaving,
    /// Leave.
    Quit,
}

/// Something that has a page of its own; the adapters know where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A model version in the registry.
    Version(ModelName, VersionNumber),
    /// A run on the tracking server.
    Run(ExperimentId, RunId),
    Experiment(ExperimentId),
    /// A logged model (3.x), by its experiment and id.
    LoggedModel(ExperimentId, String),
    /// A tag and its release.
    Tag(RepoSlug, TagName),
    /// An address that a server gave.
    Url(String),
}
