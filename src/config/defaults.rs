//! Built-in defaults. `config.example.toml` repeats them; a test compares the two.

use crate::domain::cd::CdTrigger;
use crate::domain::registry::{PromotionTarget, Stage};

/// Name of the target made from environment and flags alone, without a configuration file.
pub const IMPLICIT_TARGET: &str = "default";
/// Template of the tag name.
pub const TAG: &str = "{model}-v{version}";
/// Template of the release title.
pub const TITLE: &str = "{model} v{version}";
/// What starts CD.
pub const CD_TRIGGER: CdTrigger = CdTrigger::Release;
/// Seconds to wait for a CD run to appear.
pub const CD_WAIT_SECONDS: u64 = 90;
/// Bytes read of a file for its preview.
pub const PREVIEW_BYTES: u64 = 262_144;
pub const GITHUB_HOST: &str = "github.com";
/// Metrics that lists show, best first. Only a display default: directions are never guessed.
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

pub fn promote_to() -> PromotionTarget {
    PromotionTarget::Stage(Stage::Production)
}

/// As [`promote_to`], in Unity Catalog.
pub fn promote_to_in_catalog() -> PromotionTarget {
    PromotionTarget::Alias("champion".to_owned())
}

/// The largest file of the configuration that is read.
pub const MOST_BYTES: u64 = 2 * crate::local::MIB;

/// Seconds between two refreshes of a screen.
pub const REFRESH_SECONDS: u64 = 60;
