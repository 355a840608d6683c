//! The environment, captured once. Nothing else in the program reads it, so tests can make one up.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Environment variables and the platform's directories as they were when the program started.
///
/// Deliberately without `Debug` of its values: variables hold tokens.
#[derive(Clone, Default)]
pub struct Env {
    vars: BTreeMap<String, String>,
    /// Where configuration lives on this platform, such as `~/.config`.
    pub config_base: Option<PathBuf>,
    /// Where state lives on this platform, such as `~/.local/state`.
    pub state_base: Option<PathBuf>,
    /// The home directory.
    pub home: Option<PathBuf>,
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").field("vars", &self.vars.keys()).finish_non_exhaustive()
    }
}

impl Env {
    /// Captures the environment of this process. Variables that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let vars =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
        let base = directories::BaseDirs::new();
        Self {
            vars,
            config_base: base.as_ref().map(|b| b.config_dir().to_owned()),
            // macOS and Windows have no directory for state; local data is what comes nearest.
            state_base: base.as_ref().map(|b| b.state_dir().unwrap_or_else(|| b.data_local_dir()).to_owned()),
            home: base.as_ref().map(|b| b.home_dir().to_owned()),
        }
    }

    /// An environment with exactly these variables and a home directory, for tests.
    pub fn of(vars: &[(&str, &str)], home: impl Into<PathBuf>) -> Self {
        let home = home.into();
        Self {
            vars: vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            config_base: Some(home.join(".config")),
            state_base: Some(home.join(".local/state")),
            home: Some(home),
        }
    }

    /// A variable's value; none if it is unset or blank. Surrounding white space is dropped: tokens are often
    /// read from files that end in a newline.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())
    }

    /// Names of the variables that start with `prefix` and are not blank.
    pub fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.vars.iter().filter(move |(k, v)| k.starts_with(prefix) && !v.trim().is_empty()).map(|(k, _)| k.as_str())
    }
}
