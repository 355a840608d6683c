//! Where a value came from: kept with every value, so that nobody has to guess which layer won.

use std::fmt;
use std::path::PathBuf;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// A line of the configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
    },
    /// An environment variable.
    Env(String),
    /// MLflow's own credentials file.
    Credentials(PathBuf),
    /// A command line flag, such as `--tracking-uri`.
    Flag(&'static str),
    /// Follows from another value; the text says from which.
    Derived(&'static str),
    /// Asked of `gh auth token` when it is needed.
    GhCli,
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
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sourced<T> {
    pub value: T,
    /// Where it came from.
    pub origin: Origin,
}

impl<T> Sourced<T> {
    /// A value with its origin.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// The built-in value.
    pub fn default_of(value: T) -> Self {
        Self::new(value, Origin::Default)
    }

    /// Changes the value and keeps the origin.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Sourced<U> {
        Sourced { value: f(self.value), origin: self.origin }
    }
}
