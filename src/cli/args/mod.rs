//! The command line as clap reads it.

pub mod answers;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::cli::args::answers::Answered;
use crate::config::Flags;
use crate::domain::ids::{ModelName, TagName, VersionNumber};
use crate::domain::reference::VersionRef;

const AFTER: &str = "\
REF is NAME/VERSION or NAME@ALIAS, also with MLflow's models:/ in front.

Exit codes: 0 done; 1 refused or failed with nothing half-done; 2 wrong usage or configuration; 3 not authenticated or
not permitted; 4 a server could not be reached or answered nonsense; 5 the journal cannot be used; 6 a promotion is
unfinished (resume or undo it); 7 promoted and released, but CD failed or did not start (with --wait); 130 cancelled.";

/// Review MLflow model versions, approve one, and release it through GitHub
///
/// Without a command: the terminal screens, on the inbox.
#[derive(Clone, Debug, Parser)]
#[command(name = "signoff", version, after_long_help = AFTER, propagate_version = true)]
pub struct Cli {
    /// Flags that every command takes.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Configured target to work on
    #[arg(long, value_name = "NAME", global = true)]
    pub target: Option<String>,
    /// MLflow tracking server
    #[arg(long, value_name = "URI", global = true)]
    pub tracking_uri: Option<String>,
    /// MLflow model registry, if it is another server
    #[arg(long, value_name = "URI", global = true)]
    pub registry_uri: Option<String>,
    /// GitHub repository that tags and releases are made in
    #[arg(long, value_name = "[HOST/]OWNER/NAME", global = true)]
    pub repo: Option<String>,
    /// Configuration file
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Write nothing to any server
    #[arg(long, global = true)]
    pub readonly: bool,
    /// Use the built-in world: no server, no token, nothing leaves the machine
    #[arg(long, global = true)]
    pub demo: bool,
}

/// What `signoff runs` sorts by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum RunSort {
    /// When the run began
    #[default]
    Started,
    /// Its name
    Name,
    /// The word for its state
    Status,
}

/// In which direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Direction {
    /// Smallest, earliest or first in the alphabet first
    Asc,
    /// The other way round
    Desc,
}

/// How a command prints.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Format {
    /// Print one JSON document instead of text
    #[arg(long)]
    pub json: bool,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// The screens on a built-in world: no server, no token, nothing leaves the machine
    Demo {
        /// Start over with a fresh world and an empty history
        #[arg(long)]
        reset: bool,
    },
    /// The screens, on one version
    Open {
        /// The version
        #[arg(value_name = "REF")]
        reference: VersionRef,
    },
    /// What waits for a decision, oldest first
    Inbox {
        #[command(flatten)]
        format: Format,
    },
    /// All registered models
    Models {
        /// Only names that contain this
        #[arg(value_name = "TEXT")]
        like: Option<String>,
        #[command(flatten)]
        format: Format,
    },
    /// The versions of a model, newest first
    Versions {
        /// The model
        #[arg(value_name = "MODEL", value_parser = model)]
        model: ModelName,
        /// Show at most so many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        #[command(flatten)]
        format: Format,
    },
    /// One version with its run, and where it stands against production
    Show {
        /// The version
        #[arg(value_name = "REF")]
        reference: VersionRef,
        #[command(flatten)]
        format: Format,
    },
    /// Whether a version holds what its policy asks for: exit code 0 if nothing blocks, 1 if something does
    Check {
        /// The version
        #[arg(value_name = "REF")]
        reference: VersionRef,
        #[command(flatten)]
        format: Format,
    },
    /// What differs between a version and another, or the one in production
    Compare {
        /// The candidate
        #[arg(value_name = "REF")]
        candidate: VersionRef,
        /// What to lay it against; what is in production if left out
        #[arg(value_name = "REF")]
        baseline: Option<VersionRef>,
        /// Also what is the same on both sides
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        format: Format,
    },
    /// The runs of an experiment, newest first or as --sort says
    Runs {
        /// The experiment's name or id
        #[arg(value_name = "EXPERIMENT")]
        experiment: String,
        /// Only runs that fit, in MLflow's filter language: "metrics.auc > 0.9 and params.depth = '6'"
        #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
        filter: String,
        /// Sort by this, on the server; by metrics it sorts too slowly
        #[arg(long, value_enum, default_value_t)]
        sort: RunSort,
        /// In which direction [default: desc for started, asc for the others]
        #[arg(long, value_enum)]
        order: Option<Direction>,
        /// Show at most so many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: usize,
        #[command(flatten)]
        format: Format,
    },
    /// Move a version to production, tag it, release it
    ///
    /// Reads both servers, shows what will change, and acts only if --confirm names the version. The tag starts CD and
    /// cannot be taken back, so it comes last, after the registry has moved.
    Approve(Approve),
    /// Decide that a version does not go to production, and say why; others see it
    Reject(Decide),
    /// Hold a version back until something is settled, and say what; others see it
    Hold(Decide),
    /// Put a version that was in production before there again, and release it under a new tag
    ///
    /// The same plan, confirmation and record as an approval. No tag is ever moved: the new one ends in -r2, -r3 and so on.
    Rollback(Rollback),
    /// Promotions in this machine's journal, newest first
    Promotions {
        /// Only unfinished ones
        #[arg(long)]
        unfinished: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Go on with an unfinished promotion
    Resume {
        /// Which, by its id or any part of it; the only unfinished one if left out
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Follow CD to its end
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Take an unfinished promotion back, as long as its tag was not cut
    Undo {
        /// Which, by its id or any part of it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Whether a release carries the sign-off it should: exit code 0 only if everything holds
    ///
    /// Reads the tag, the record on its release, the comments on the commit, and the registry. Writes nothing: tokens
    /// that may only read are enough.
    Verify {
        /// The tag
        #[arg(value_name = "TAG")]
        tag: TagName,
        /// Wait so long for release and record to be there, for CD that starts on the tag
        #[arg(long, value_name = "SECONDS")]
        wait: Option<u64>,
        #[command(flatten)]
        format: Format,
    },
    /// What was decided, newest first: what was in production when, by whom, and why
    Log {
        /// The model; every model if left out
        #[arg(value_name = "MODEL", value_parser = model)]
        model: Option<ModelName>,
        /// Only what was in production on this day (at its end, in UTC) or at this time
        #[arg(long, value_name = "DATE", value_parser = crate::cli::commands::log::moment)]
        at: Option<jiff::Timestamp>,
        #[command(flatten)]
        shape: crate::cli::commands::log::Shape,
    },
    /// The configuration: what is in force and why, where it is, or a new one
    Config {
        #[command(subcommand)]
        action: Option<ConfigAction>,
    },
    /// What works, what is missing, and which holes remain
    Doctor {
        #[command(flatten)]
        format: Format,
    },
    /// Completions for a shell, to stdout
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// The manual page, to stdout
    Man,
}

/// `signoff approve`.
#[derive(Clone, Debug, Args)]
pub struct Approve {
    /// The version
    #[arg(value_name = "REF")]
    pub reference: VersionRef,
    /// Why; goes into the tag, the release and the journal
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// The version's number once more, such as v42: without it nothing happens
    #[arg(long, value_name = "VERSION", required_unless_present = "dry_run")]
    pub confirm: Option<VersionNumber>,
    /// The answer to a question of the policy's checklist, by the question's id; once for each
    #[arg(long = "answer", value_name = "ID=ANSWER[:NOTE]")]
    pub answers: Vec<Answered>,
    /// Pass rules of the policy that fail, where it allows that; the record says so, with the reason
    #[arg(long = "override")]
    pub overrides: bool,
    /// Only check and show what would change; write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Follow CD to its end; otherwise return once the release stands
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
    /// Why; goes into the record, and shortened onto the version
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    #[command(flatten)]
    pub format: Format,
}

/// `signoff rollback`.
#[derive(Clone, Debug, Args)]
pub struct Rollback {
    /// The model
    #[arg(value_name = "MODEL", value_parser = model)]
    pub model: ModelName,
    /// The version to bring back; it must have been in production before
    #[arg(long, value_name = "VERSION")]
    pub to: VersionNumber,
    /// Why; goes into the tag, the release and the journal
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub reason: String,
    /// The version's number once more, such as v41: without it nothing happens
    #[arg(long, value_name = "VERSION", required_unless_present = "dry_run")]
    pub confirm: Option<VersionNumber>,
    /// Pass rules of the policy that fail, where it allows that; the record says so, with the reason
    #[arg(long = "override")]
    pub overrides: bool,
    /// Only check and show what would change; write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Follow CD to its end; otherwise return once the release stands
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub format: Format,
}

/// `signoff config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigAction {
    /// Every value in force, with its origin; secrets hidden
    Show {
        #[command(flatten)]
        format: Format,
    },
    /// Where the configuration file is, or would be
    Path,
    /// Write a configuration with every option explained; never overwrites
    Init {
        /// Print it instead
        #[arg(long)]
        print: bool,
    },
}

fn model(text: &str) -> Result<ModelName, String> {
    match text.strip_prefix("models:/").unwrap_or(text) {
        "" => Err("a model has a name".to_owned()),
        name => Ok(ModelName::new(name)),
    }
}

impl Cli {
    /// The flags that the configuration takes part in.
    pub fn flags(&self) -> Flags {
        let global = self.global.clone();
        Flags {
            target: global.target,
            tracking_uri: global.tracking_uri,
            registry_uri: global.registry_uri,
            repo: global.repo,
            config: global.config,
            readonly: global.readonly,
            demo: global.demo || matches!(self.command, Some(Command::Demo { .. })),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_or_behind_the_command() {
        for line in ["signoff --target prod inbox --json", "signoff inbox --json --target prod"] {
            let cli = Cli::try_parse_from(line.split(' ')).unwrap();
            assert_eq!(cli.flags().target.as_deref(), Some("prod"), "{line}");
        }
    }

    #[test]
    fn an_approval_without_confirmation_is_wrong_usage_but_a_dry_run_needs_none() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        assert!(parse("signoff approve telco/42").is_err());
        assert!(parse("signoff approve telco/42 --confirm forty-two").is_err());
        assert!(parse("signoff approve telco/42 --dry-run").is_ok());
        assert!(parse("signoff approve telco/42 --confirm v42").is_ok());
    }

    #[test]
    fn the_command_demo_is_the_demo() {
        assert!(Cli::try_parse_from(["signoff", "demo", "--reset"]).unwrap().flags().demo);
    }
}
