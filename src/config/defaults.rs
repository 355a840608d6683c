//! The innermost layer: what holds if nobody says otherwise. `config.example.toml` repeats it, and a test compares.

use crate::domain::cd::CdTrigger;
use crate::domain::registry::{PromotionTarget, Stage};

/// Name of the target that environment and flags alone make, without a configuration file.
pub const IMPLICIT_TARGET: &str = "default";
/// Tag name.
pub const TAG: &str = "{model}-v{version}";
/// Release title.
pub const TITLE: &str = "{model} v{version}";
/// What starts CD.
pub const CD_TRIGGER: CdTrigger = CdTrigger::Release;
/// Seconds to wait for a CD run to appear.
pub const CD_WAIT_SECONDS: u64 = 90;
/// Bytes of a file that are read to show its beginning.
pub const PREVIEW_BYTES: u64 = 262_144;
/// The GitHub host.
pub const GITHUB_HOST: &str = "github.com";
/// Metrics worth a column in lists, best first. Only says what to *show*: directions are never guessed.
pub const MAIN_METRICS: &[&str] = &[
    "auc",
    "roc_auc",
    "test_auc",
    "val_auc",
    "*auc*",
    "f1",
    "*f1*",
    "accuracy",
    "*accuracy*",
    "rmse",
    "*rmse*",
    "mae",
    "*mae*",
    "*mape*",
    "r2",
    "*loss*",
];

/// What "in production" means.
pub fn promote_to() -> PromotionTarget {
    PromotionTarget::Stage(Stage::Production)
}
