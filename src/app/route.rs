//! Which screens there are, by ids only; also the deep links of the command line.

use crate::domain::ids::{ModelName, PromotionId, VersionNumber};

/// A place to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// What waits.
    Inbox,
    /// All models.
    Models,
    /// The versions of one model.
    Versions(ModelName),
    /// One version against production.
    Review(ModelName, VersionNumber),
    /// The approval form of one version.
    Approve(ModelName, VersionNumber),
    /// One promotion.
    Promotion(PromotionId),
    /// All promotions of this machine.
    History,
    /// The curve of a metric of one version, with the baseline's.
    Curve(ModelName, VersionNumber, String),
    /// The keys that work on the screen below.
    Help,
    /// The commands that work on the screen below.
    Palette,
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
