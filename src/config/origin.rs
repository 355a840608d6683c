//! The origin of a value, kept with every value to show which layer set it.

use std::fmt;
use std::path::PathBuf;

/// The origin of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Default,
    /// A line of the configuration file.
    File {
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// An environment variable.
    Env(String),
    /// MLflow's credentials file, or that of Databricks.
    Credentials(PathBuf),
    /// A command line flag, such as `--tracking-uri`.
    Flag(&'static str),
    /// Derived from another value, which the text names.
    Derived(&'static str),
    /// From `gh auth token`, run when needed.
    GhCli,
    /// From `databricks auth token`, run when needed.
    DatabricksCli,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::Credentials(path) => write!(f, "{}", path.display()),
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Derived(from) => write!(f, "follows from {from}"),
            Self::GhCli => f.write_str("gh auth token"),
            Self::DatabricksCli => f.write_str("databricks auth token"),
        }
    }
}

/// A value and its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    pub value: T,
    pub origin: Origin,
}

impl<T> Sourced<T> {
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A built-in value.
    pub fn default_of(value: T) -> Self {
        Self::new(value, Origin::Default)
    }

    /// Maps the value and keeps the origin.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: f(self.value), origin: self.origin }
    }
}
