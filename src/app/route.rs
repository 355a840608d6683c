//! Routes to screens, by ids only; also used for the deep links of the command line.

use super::owner::Owner;
use super::under::Under;
use crate::domain::artifact::ArtifactRoot;
use crate::domain::ids::{ExperimentId, ModelName, PromotionId, RepoSlug, RunId, TagName, VersionNumber};
use crate::domain::record::Decision;

/// A screen and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    Inbox,
    Models,
    Versions(ModelName),
    /// A version compared with production.
    Review(ModelName, VersionNumber),
    /// The form to approve a version or roll back to it.
    Approve(ModelName, VersionNumber, Decision),
    /// The form to reject or hold a version.
    Decide(ModelName, VersionNumber, Decision),
    /// The versions to roll back to.
    Rollback(ModelName),
    Promotion(PromotionId),
    /// The log of a job of CD, by its id, with its name.
    JobLog(RepoSlug, u64, String),
    /// Decisions on one model or all.
    History(Option<ModelName>),
    /// A sign-off record.
    Record(RecordAt),
    /// The chart of a metric of a version, with that of the baseline.
    Curve(ModelName, VersionNumber, String),
    /// A metric over all versions of a model, starting from one version.
    Trend(ModelName, VersionNumber, String),
    /// The files of a version's run and logged model, or of a run.
    Files(Owner),
    /// The preview of a file.
    Preview(Owner, ArtifactRoot, String),
    Experiments,
    /// The runs of one experiment, with its name.
    Runs(ExperimentId, String),
    Run(RunId),
    /// Several versions or runs side by side.
    Compare(Vec<Subject>),
    /// The chart of a metric in several runs.
    Curves(Vec<Subject>, String),
    /// The configured targets.
    Targets,
    /// A command of the user's own, by its place in the configuration, on what is under the cursor.
    Own(usize, Under),
    /// The keys of the screen below.
    Help,
    /// The line that goes anywhere.
    Palette,
}

/// Where a sign-off record is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordAt {
    /// Among the records of this machine, by its id.
    Machine(PromotionId),
    /// On a release.
    Release(RepoSlug, TagName),
}

/// A version or a run in a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Display name, cleaned.
    pub label: String,
    pub version: Option<(ModelName, VersionNumber)>,
    /// None if the version has no run.
    pub run: Option<RunId>,
}

/// A navigation step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nav {
    /// On top of the current screen; `Back` returns.
    Push(Route),
    /// The second on top of the first, on top of the current screen.
    PushOver(Route, Route),
    /// In place of the current screen.
    Replace(Route),
    Pop,
    /// Back to the bottom of the stack, then here.
    Home(Route),
    /// From the palette to another screen: down to it if it is on the stack, else on top of the screen below the palette.
    Jump(Route),
}
