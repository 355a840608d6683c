//! Which screens there are, by ids only; also the deep links of the command line.

use super::owner::Owner;
use crate::domain::artifact::ArtifactRoot;
use crate::domain::ids::{ExperimentId, ModelName, PromotionId, RunId, VersionNumber};
use crate::domain::record::Decision;

/// A place to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// What waits.
    Inbox,
    /// All models.
    Models,
    Versions(ModelName),
    /// One version against production.
    Review(ModelName, VersionNumber),
    /// The form that puts one version into production: for the first time, or again.
    Approve(ModelName, VersionNumber, Decision),
    /// The form that rejects one version or holds it back.
    Decide(ModelName, VersionNumber, Decision),
    /// The versions of a model that can be brought back.
    Rollback(ModelName),
    Promotion(PromotionId),
    /// What was decided, on one model or on all.
    History(Option<ModelName>),
    /// One sign-off record of this machine, by the id in it.
    Record(PromotionId),
    /// The curve of a metric of one version, with the baseline's.
    Curve(ModelName, VersionNumber, String),
    /// A metric over all versions of a model, and the version one comes from.
    Trend(ModelName, VersionNumber, String),
    /// The files of a version's run and logged model, or of a run.
    Files(Owner),
    /// The beginning of one of these files.
    Preview(Owner, ArtifactRoot, String),
    /// All experiments.
    Experiments,
    /// The runs of one experiment, and its name.
    Runs(ExperimentId, String),
    Run(RunId),
    /// Several versions or runs side by side.
    Compare(Vec<Subject>),
    /// The curve of a metric in several runs.
    Curves(Vec<Subject>, String),
    /// The keys that work on the screen below.
    Help,
    /// The commands that work on the screen below.
    Palette,
}

/// A version or a run that is laid beside others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// What it is called on screen, cleaned.
    pub label: String,
    pub version: Option<(ModelName, VersionNumber)>,
    /// Its run; none for a version that names no run.
    pub run: Option<RunId>,
}

/// How to get there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nav {
    /// On top of the present screen; `Back` returns.
    Push(Route),
    /// In place of the present screen.
    Replace(Route),
    /// Back.
    Pop,
    /// Back to the bottom of the stack, then here.
    Home(Route),
}
