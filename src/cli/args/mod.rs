//! The command line as clap reads it.

pub mod answers;
mod decide;
pub mod fields;
pub mod help;

use std::path::PathBuf;

use clap::builder::ArgPredicate;
use clap::{Args, Parser, Subcommand};

pub use self::decide::{Approve, Cd, Decide, Hold, Promote, Rollback};
use crate::cli::jq::Query;
use crate::config::Flags;
use crate::domain::ids::{ModelName, TagName};
use crate::domain::reference::VersionRef;

/// Review MLflow model versions, approve one, and release it through GitHub
///
/// Without a command, opens the screens on the inbox.
#[derive(Clone, Debug, Parser)]
#[command(name = "signoff", version, after_long_help = help::after(), propagate_version = true)]
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
    /// Use this configured target; `watch` takes several
    #[arg(long, value_name = "NAME", global = true, action = clap::ArgAction::Append)]
    pub target: Vec<String>,
    /// Use this MLflow tracking server
    #[arg(long, value_name = "URI", global = true)]
    pub tracking_uri: Option<String>,
    /// Use this MLflow model registry, if it is a different server
    #[arg(long, value_name = "URI", global = true)]
    pub registry_uri: Option<String>,
    /// Create tags and releases in this GitHub repository
    #[arg(long, value_name = "[HOST/]OWNER/NAME", global = true)]
    pub repo: Option<String>,
    /// Use this configuration file
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Do not write to any server
    #[arg(long, global = true)]
    pub readonly: bool,
    /// Use the built-in demo: no server and no token needed
    #[arg(long, global = true)]
    pub demo: bool,
}

/// What `signoff runs` sorts by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum RunSort {
    /// Start time
    #[default]
    Started,
    /// Name
    Name,
    /// Status
    Status,
}

/// Sort direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Direction {
    /// Ascending
    Asc,
    /// Descending
    Desc,
}

/// How a command prints.
#[derive(Clone, Debug, Default, Args)]
pub struct Format {
    /// Print JSON
    #[arg(long, default_value_if("jq", ArgPredicate::IsPresent, "true"))]
    pub json: bool,
    /// Filter the JSON with a jq expression; strings are printed raw
    #[arg(long, value_name = "EXPR")]
    pub jq: Option<Query>,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Open the screens on a built-in demo; no server and no token needed
    #[command(after_help = help::examples("demo"))]
    Demo {
        /// Start over with a fresh demo
        #[arg(long)]
        reset: bool,
    },
    /// Open the screens on one version
    #[command(after_help = help::examples("open"))]
    Open {
        /// The version
        #[arg(value_name = "REF")]
        reference: VersionRef,
    },
    /// List versions that wait for review, with their verdicts
    ///
    /// What may be approved comes first, then what needs a look, what a rule blocks, and what is held back; the oldest
    /// first in each.
    #[command(after_help = help::examples("inbox"))]
    Inbox {
        /// Show at most this many, the oldest [default: all]
        #[arg(long, value_name = "N", value_parser = at_least_one)]
        limit: Option<usize>,
        #[command(flatten)]
        format: Format,
    },
    /// List registered models
    #[command(after_help = help::examples("models"))]
    Models {
        /// Only models whose name contains this text
        #[arg(value_name = "TEXT")]
        like: Option<String>,
        /// Show at most this many [default: all]
        #[arg(long, value_name = "N", value_parser = at_least_one)]
        limit: Option<usize>,
        #[command(flatten)]
        format: Format,
    },
    /// List the versions of a model, newest first
    #[command(after_help = help::examples("versions"))]
    Versions {
        /// The model
        #[arg(value_name = "MODEL", value_parser = model)]
        model: ModelName,
        /// Show at most this many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = at_least_one)]
        limit: usize,
        #[command(flatten)]
        format: Format,
    },
    /// Show a version: metrics, parameters, signature, code and verdict
    #[command(after_help = help::examples("show"))]
    Show {
        /// The version
        #[arg(value_name = "REF")]
        reference: VersionRef,
        /// Open its page in the browser instead
        #[arg(long, conflicts_with_all = ["provenance", "json", "jq"])]
        web: bool,
        /// Show every step from the pull request to deployment instead
        #[arg(long)]
        provenance: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Check a version against its policy
    ///
    /// Exits with 0 if no rule blocks the version, with 1 if one does.
    #[command(after_help = help::examples("check"))]
    Check {
        /// The version
        #[arg(value_name = "REF")]
        reference: VersionRef,
        #[command(flatten)]
        format: Format,
    },
    /// Compare a version with another one
    #[command(after_help = help::examples("compare"))]
    Compare {
        /// The candidate
        #[arg(value_name = "REF")]
        candidate: VersionRef,
        /// The version to compare with [default: the one in production]
        #[arg(value_name = "REF")]
        baseline: Option<VersionRef>,
        /// Also show what is equal
        #[arg(long)]
        all: bool,
        #[command(flatten)]
        format: Format,
    },
    /// List experiments, newest first
    #[command(after_help = help::examples("experiments"))]
    Experiments {
        /// Only experiments whose name contains this text
        #[arg(value_name = "TEXT")]
        like: Option<String>,
        /// Show at most this many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = at_least_one)]
        limit: usize,
        #[command(flatten)]
        format: Format,
    },
    /// List the files of a version and of its run, or save them
    #[command(after_help = help::examples("files"))]
    Files {
        /// The version
        #[arg(value_name = "REF")]
        reference: VersionRef,
        /// Only this file, or the files below this folder
        #[arg(value_name = "PATH")]
        path: Option<String>,
        /// Save them below this folder; no file is replaced
        #[arg(long, value_name = "DIR")]
        save: Option<PathBuf>,
        #[command(flatten)]
        format: Format,
    },
    /// List the runs of an experiment
    #[command(after_help = help::examples("runs"))]
    Runs {
        /// The experiment's name or id
        #[arg(value_name = "EXPERIMENT")]
        experiment: String,
        /// Filter in MLflow's search syntax, such as "metrics.auc > 0.9 and params.depth = '6'"
        #[arg(long, value_name = "FILTER", default_value = "", hide_default_value = true)]
        filter: String,
        /// Sort by this field
        #[arg(long, value_enum, default_value_t)]
        sort: RunSort,
        /// Sort direction [default: desc for started, asc otherwise]
        #[arg(long, value_enum)]
        order: Option<Direction>,
        /// Show at most this many
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = at_least_one)]
        limit: usize,
        #[command(flatten)]
        format: Format,
    },
    /// Approve a version: move it to production, tag it and release it
    ///
    /// Checks both servers, prints the plan, and carries it out only if --confirm names the version; without it, nothing
    /// is written and the exit code is 2. The tag starts CD and cannot be undone, so it is created after the registry was
    /// updated.
    #[command(after_help = help::examples("approve"))]
    Approve(Approve),
    /// Reject a version
    ///
    /// Writes the reason to a record and to a tag on the version, where others see it.
    #[command(after_help = help::examples("reject"))]
    Reject(Decide),
    /// Hold a version back for now
    ///
    /// Writes the reason to a record and to a tag on the version, where others see it.
    #[command(after_help = help::examples("hold"))]
    Hold(Hold),
    /// Roll back to a version that was in production before
    ///
    /// Works like an approval: the same plan, confirmation and record. No tag is moved; the new tag ends in -r2, -r3 and
    /// so on.
    #[command(after_help = help::examples("rollback"))]
    Rollback(Rollback),
    /// List the promotions of this machine, newest first
    #[command(after_help = help::examples("promotions"))]
    Promotions {
        /// Only unfinished promotions
        #[arg(long)]
        unfinished: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Show CD of a release, approve an environment that it waits for, or run its failed jobs again
    ///
    /// Without --confirm, prints what would be asked of GitHub, writes nothing, and ends with exit code 2. With it, the
    /// request is journaled first and kept with the record.
    #[command(after_help = help::examples("cd"))]
    Cd(Cd),
    /// Resume an unfinished promotion
    #[command(after_help = help::examples("resume"))]
    Resume {
        /// Promotion ID, or part of it [default: the only unfinished one]
        #[arg(value_name = "ID")]
        id: Option<String>,
        /// Wait for CD to finish
        #[arg(long)]
        wait: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Undo an unfinished promotion
    ///
    /// Possible only until the Git tag exists.
    #[command(after_help = help::examples("undo"))]
    Undo {
        /// Promotion ID, or part of it
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        format: Format,
    },
    /// Verify that a release was signed off
    ///
    /// Reads the tag, the record on its release, the comments on the commit, and the registry. Exits with 0 only if every
    /// check passes. Writes nothing: read-only tokens are enough.
    #[command(after_help = help::examples("verify"))]
    Verify {
        /// The Git tag of the release
        #[arg(value_name = "TAG")]
        tag: TagName,
        /// Wait up to this long for the release and its record, for CD that starts on the tag
        #[arg(long, value_name = "SECONDS")]
        wait: Option<u64>,
        #[command(flatten)]
        format: Format,
    },
    /// Show a sign-off record: who decided what, on which evidence
    ///
    /// Looks among the records of this machine first, then on the releases. Prints no record that differs from what was
    /// signed.
    #[command(after_help = help::examples("record"))]
    Record {
        /// Record ID or hash as lists show it, or the Git tag of the release
        #[arg(value_name = "ID|TAG")]
        named: String,
        #[command(flatten)]
        format: Format,
    },
    /// List decisions, newest first: what was in production when, who decided, and why
    #[command(after_help = help::examples("log"))]
    Log {
        /// The model [default: all models]
        #[arg(value_name = "MODEL", value_parser = model)]
        model: Option<ModelName>,
        /// Show what was in production at this time (local without a zone), or at the end of this day (UTC)
        #[arg(long, value_name = "DATE", value_parser = crate::cli::commands::log::moment)]
        at: Option<crate::cli::commands::log::At>,
        #[command(flatten)]
        shape: crate::cli::commands::log::Shape,
    },
    /// Show whether what was approved is what is in production and what runs
    ///
    /// Compares every version in production with its sign-off: tag, release, registry, run and files; and asks the
    /// configured witnesses what runs. Exits with 0 if nothing disagrees, with 1 if something does.
    #[command(after_help = help::examples("status"))]
    Status {
        /// The model [default: all models]
        #[arg(value_name = "MODEL", value_parser = model)]
        model: Option<ModelName>,
        /// Read the files as well, and compare their digests
        #[arg(long)]
        deep: bool,
        /// Wait for what does not run yet, up to this long [default: 1800]
        #[arg(
            long,
            value_name = "SECONDS",
            num_args = 0..=1,
            require_equals = true,
            default_missing_value = "1800",
            hide_default_value = true
        )]
        wait: Option<u64>,
        #[command(flatten)]
        format: Format,
    },
    /// List what is in production without a valid sign-off, or not as it was signed
    ///
    /// Exits with 0 only if there is nothing to list.
    #[command(after_help = help::examples("audit"))]
    Audit {
        /// Read the files as well, and compare their digests
        #[arg(long)]
        deep: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Watch targets, and tell what happens through the configured channels
    ///
    /// Looks at the servers again and again. What happened while it was down is told when it is back. At its first start
    /// it tells of everything that waits in one message. Without --target, watches all configured targets.
    #[command(after_help = help::examples("watch"), mut_arg("json", |arg| arg.help("Print events as JSON, one a line")))]
    Watch(Watch),
    /// Tell of the arrival of a version, or try a channel
    ///
    /// For the training job: each channel gets the message once, however often this runs.
    #[command(after_help = help::examples("notify"))]
    Notify(Notify),
    /// Show or create the configuration
    #[command(after_help = help::examples("config"))]
    Config {
        #[command(subcommand)]
        action: Option<ConfigAction>,
    },
    /// Check servers, credentials and permissions
    #[command(after_help = help::examples("doctor"))]
    Doctor {
        #[command(flatten)]
        format: Format,
    },
    /// Print completions for a shell
    ///
    /// In bash, zsh and fish they complete models and versions, too: those that signoff listed in the last day.
    #[command(after_help = help::examples("completions"))]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print what may stand next on a command line
    #[command(name = "__complete", hide = true)]
    Complete {
        /// The shell that asks
        shell: clap_complete::Shell,
        /// The line up to the cursor: for bash as it is, with what breaks words there; else its words
        #[arg(last = true)]
        words: Vec<String>,
    },
    /// Print the manual page
    #[command(after_help = help::examples("man"))]
    Man,
}

/// `signoff watch`.
#[derive(Clone, Debug, Args)]
pub struct Watch {
    /// Look once, try to send everything that is not sent yet, and end
    #[arg(long)]
    pub once: bool,
    #[command(flatten)]
    pub format: Format,
    /// Seconds between two looks [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub interval: Option<u64>,
    /// Also take MLflow's webhooks on this address, as a hint to look at once
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
}

/// `signoff notify`.
#[derive(Clone, Debug, Args)]
pub struct Notify {
    /// The version
    #[arg(value_name = "REF", required_unless_present = "test", conflicts_with = "test")]
    pub reference: Option<VersionRef>,
    /// Send a message through this channel, to try it
    #[arg(long, value_name = "CHANNEL")]
    pub test: Option<String>,
    #[command(flatten)]
    pub format: Format,
}

/// `signoff config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigAction {
    /// Print every value with its origin; secrets are hidden
    #[command(after_help = help::examples("config show"))]
    Show {
        #[command(flatten)]
        format: Format,
    },
    /// Print the path of the configuration file
    #[command(after_help = help::examples("config path"))]
    Path,
    /// Write a configuration file with every option explained; never overwrites one
    #[command(after_help = help::examples("config init"))]
    Init {
        /// Print it instead of writing it
        #[arg(long)]
        print: bool,
    },
}

impl Command {
    /// How it prints, if it prints JSON.
    pub fn format(&self) -> Option<&Format> {
        match self {
            Self::Inbox { format, .. }
            | Self::Models { format, .. }
            | Self::Versions { format, .. }
            | Self::Show { format, .. }
            | Self::Check { format, .. }
            | Self::Compare { format, .. }
            | Self::Experiments { format, .. }
            | Self::Files { format, .. }
            | Self::Runs { format, .. }
            | Self::Promotions { format, .. }
            | Self::Resume { format, .. }
            | Self::Undo { format, .. }
            | Self::Verify { format, .. }
            | Self::Record { format, .. }
            | Self::Status { format, .. }
            | Self::Audit { format, .. }
            | Self::Doctor { format } => Some(format),
            Self::Cd(args) => Some(&args.format),
            Self::Approve(args) => Some(&args.promote.format),
            Self::Rollback(args) => Some(&args.promote.format),
            Self::Reject(args) => Some(&args.format),
            Self::Hold(args) => Some(&args.decide.format),
            Self::Log { shape, .. } => Some(&shape.format),
            Self::Watch(args) => Some(&args.format),
            Self::Notify(args) => Some(&args.format),
            Self::Config { action: Some(ConfigAction::Show { format }) } => Some(format),
            Self::Config { action: None | Some(ConfigAction::Path | ConfigAction::Init { .. }) }
            | Self::Demo { .. }
            | Self::Open { .. }
            | Self::Completions { .. }
            | Self::Complete { .. }
            | Self::Man => None,
        }
    }

    /// What is asked of its JSON.
    pub fn query(&self) -> Option<Query> {
        self.format()?.jq.clone()
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("a list of none shows nothing; take 1 or more".to_owned()),
        Ok(n) => Ok(n),
        Err(_) => Err("this is not a whole number such as 20".to_owned()),
    }
}

fn model(text: &str) -> Result<ModelName, String> {
    match text.strip_prefix("models:/").unwrap_or(text) {
        "" => Err("the name of the model is missing".to_owned()),
        name => Ok(ModelName::new(name)),
    }
}

impl Global {
    /// The flags that the configuration takes part in.
    pub fn flags(self) -> Flags {
        let mut targets = self.target.into_iter();
        Flags {
            target: targets.next(),
            more_targets: targets.collect(),
            tracking_uri: self.tracking_uri,
            registry_uri: self.registry_uri,
            repo: self.repo,
            config: self.config,
            readonly: self.readonly,
            demo: self.demo,
        }
    }
}

impl Cli {
    /// The flags that the configuration takes part in.
    pub fn flags(&self) -> Flags {
        let flags = self.global.clone().flags();
        Flags { demo: flags.demo || matches!(self.command, Some(Command::Demo { .. })), ..flags }
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
    fn a_confirmation_names_a_version() {
        let parse = |line: &str| Cli::try_parse_from(line.split(' '));
        assert!(parse("signoff approve telco/42 --confirm forty-two").is_err());
        assert!(parse("signoff approve telco/42 --confirm v42").is_ok());
    }

    #[test]
    fn the_command_demo_is_the_demo() {
        assert!(Cli::try_parse_from(["signoff", "demo", "--reset"]).unwrap().flags().demo);
    }
}
