//! The arguments of commands that decide.

use clap::Args;

use super::answers::Answered;
use super::{Format, model};
use crate::domain::confirmation::Confirmation;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::reference::VersionRef;

/// `signoff approve`.
#[derive(Clone, Debug, Args)]
pub struct Approve {
    /// The version
    #[arg(value_name = "REF")]
    pub reference: VersionRef,
    /// Answer a question of the policy's checklist; repeat for each question
    #[arg(long = "answer", value_name = "ID=ANSWER[:NOTE]")]
    pub answers: Vec<Answered>,
    #[command(flatten)]
    pub promote: Promote,
}

/// The options of a promotion, forward or back.
#[derive(Clone, Debug, Args)]
pub struct Promote {
    /// Reason; written to the tag, the release and the journal
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// Confirm by repeating the version, such as v42 (for a name that could be taken for another, what the plan asks for)
    #[arg(long, value_name = "VERSION")]
    pub confirm: Option<Confirmation>,
    /// Override failing rules, if the policy allows it; the record says so
    #[arg(long = "override")]
    pub overrides: bool,
    /// Show the checks and the plan, write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Wait for CD to finish; otherwise return once the release is published
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub format: Format,
}

/// `signoff reject` and `signoff hold`.
#[derive(Clone, Debug, Args)]
pub struct Decide {
    /// The version
    #[arg(value_name = "REF")]
    pub reference: VersionRef,
    /// Reason; written to the record and, shortened, to a tag on the version
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    pub format: Format,
}

/// `signoff hold`.
#[derive(Clone, Debug, Args)]
pub struct Hold {
    #[command(flatten)]
    pub decide: Decide,
    /// Until when: a day (its end, in UTC) or a time; `watch` says when it has passed
    #[arg(long, value_name = "DATE", value_parser = crate::cli::commands::log::moment)]
    pub until: Option<crate::cli::commands::log::At>,
}

/// `signoff cd`.
#[derive(Clone, Debug, Args)]
pub struct Cd {
    /// The release: a promotion's ID or part of it, a version, or the Git tag
    #[arg(value_name = "ID|REF|TAG")]
    pub named: String,
    /// Approve the deployment to this environment, which CD waits for; repeat for more
    #[arg(long, value_name = "ENVIRONMENT", conflicts_with = "rerun_failed")]
    pub approve_environment: Vec<String>,
    /// Run the failed jobs again, and those that need them
    #[arg(long)]
    pub rerun_failed: bool,
    /// Confirm by repeating the version, such as v42
    #[arg(long, value_name = "VERSION")]
    pub confirm: Option<Confirmation>,
    /// Wait for CD to finish
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub format: Format,
}

impl Cd {
    /// Whether something is asked of CD.
    pub fn acts(&self) -> bool {
        self.rerun_failed || !self.approve_environment.is_empty()
    }
}

/// `signoff rollback`.
#[derive(Clone, Debug, Args)]
pub struct Rollback {
    /// The model
    #[arg(value_name = "MODEL", value_parser = model)]
    pub model: ModelName,
    /// The version to roll back to; it must have been in production before
    #[arg(long, value_name = "VERSION")]
    pub to: VersionNumber,
    #[command(flatten)]
    pub promote: Promote,
}
