//! Locations of the configuration and the state of this program.

use std::path::{Path, PathBuf};

use super::env::Env;
use super::origin::{Origin, Sourced};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::local;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file; may not exist.
    pub config: Sourced<PathBuf>,
    /// Directory of journals and records; may not exist yet.
    pub state: Sourced<PathBuf>,
    /// Directory of what can be read again; none without a home directory.
    pub cache: Option<PathBuf>,
    /// Whether the user is at another machine than this one, as far as a browser is concerned.
    pub remote: bool,
}

impl Paths {
    /// The log file.
    pub fn log(&self) -> PathBuf {
        self.state.value.join("signoff.log")
    }

    /// Finds both: `--config` or `SIGNOFF_CONFIG`, `SIGNOFF_STATE_DIR`, then `XDG_CONFIG_HOME` and `XDG_STATE_HOME`
    /// (only if absolute, as the specification says), then the platform's defaults.
    ///
    /// # Errors
    /// If there is no home directory.
    pub fn find(env: &Env, config_flag: Option<&Path>) -> Outcome<Self> {
        let config = match (config_flag, env.get("SIGNOFF_CONFIG")) {
            (Some(path), _) => Sourced::new(path.to_owned(), Origin::Flag("--config")),
            (None, Some(path)) => Sourced::new(PathBuf::from(path), Origin::Env("SIGNOFF_CONFIG".into())),
            (None, None) => base(env, "XDG_CONFIG_HOME", env.config_base.as_deref(), "the configuration file")?
                .map(|dir| dir.join("signoff").join("config.toml")),
        };
        let state = match env.get("SIGNOFF_STATE_DIR") {
            Some(path) => Sourced::new(PathBuf::from(path), Origin::Env("SIGNOFF_STATE_DIR".into())),
            None => base(env, "XDG_STATE_HOME", env.state_base.as_deref(), "the state directory")?
                .map(|dir| dir.join("signoff")),
        };
        let cache = base(env, "XDG_CACHE_HOME", env.cache_base.as_deref(), "the cache directory");
        let cache = cache.ok().map(|dir| dir.value.join("signoff"));
        Ok(Self { config, state, cache, remote: env.is_remote() })
    }

    /// The journal directory of a target. The demo has its own, separate from real history.
    pub fn state_of(&self, demo: bool) -> PathBuf {
        if demo { self.state.value.join("demo") } else { self.state.value.clone() }
    }

    /// Removes journals, records and preferences of the demo; those of real targets are never removed.
    ///
    /// # Errors
    /// [`FailureKind::Local`] on an I/O error.
    pub fn clear_demo_history(&self) -> Outcome<()> {
        for name in ["promotions", "prefs", "notify", "records.jsonl"] {
            let path = self.state_of(true).join(name);
            let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            if let Err(e) = removed
                && e.kind() != std::io::ErrorKind::NotFound
            {
                let operation = format!("remove {}", path.display());
                return Err(Failure::new(FailureKind::Local, Service::Local, operation, e.to_string()));
            }
        }
        Ok(())
    }

    /// Checks that the state directory is writable, by creating it and a file in it.
    ///
    /// # Errors
    /// [`FailureKind::Local`] of the journal: without it nothing can be approved.
    pub fn check_state_is_writable(&self, demo: bool) -> Outcome<()> {
        let dir = self.state_of(demo);
        local::private_dir(&dir).and_then(|()| tempfile::tempfile_in(&dir)).map(|_| ()).map_err(|e| {
            let operation = format!("write to the state directory {}", dir.display());
            Failure::new(FailureKind::Local, Service::Journal, operation, e.to_string())
                .with_hint("Make it yours alone and writable, or set SIGNOFF_STATE_DIR to a directory that is.")
        })
    }
}

/// Where the user's own themes are, beside the configuration `config`.
pub(super) fn themes_beside(config: &Path) -> PathBuf {
    config.parent().unwrap_or(config).join("themes")
}

fn base(env: &Env, variable: &str, platform: Option<&Path>, what: &str) -> Outcome<Sourced<PathBuf>> {
    if let Some(dir) = env.get(variable).map(Path::new).filter(|p| p.is_absolute()) {
        return Ok(Sourced::new(dir.to_owned(), Origin::Env(variable.to_owned())));
    }
    platform.map(|dir| Sourced::default_of(dir.to_owned())).ok_or_else(|| {
        Failure::new(FailureKind::Config, Service::Config, format!("find {what}"), "there is no home directory")
            .with_hint("Set SIGNOFF_CONFIG and SIGNOFF_STATE_DIR.")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn own_variables_go_before_xdg_and_xdg_before_the_platform() {
        let find = |vars: &[(&str, &str)]| Paths::find(&Env::of(vars, "/home/rev"), None).unwrap();
        let plain = find(&[("XDG_STATE_HOME", "relative/is/ignored")]);
        assert_eq!(plain.config.value, Path::new("/home/rev/.config/signoff/config.toml"));
        assert_eq!(plain.state, Sourced::default_of("/home/rev/.local/state/signoff".into()));
        let xdg = find(&[("XDG_CONFIG_HOME", "/c"), ("XDG_STATE_HOME", "/s")]);
        assert_eq!(
            (xdg.config.value.as_path(), xdg.state.value.as_path()),
            (Path::new("/c/signoff/config.toml"), Path::new("/s/signoff"))
        );
        let own = find(&[("XDG_STATE_HOME", "/s"), ("SIGNOFF_STATE_DIR", "/own"), ("SIGNOFF_CONFIG", "x.toml")]);
        assert_eq!((own.config.value.as_path(), own.state.value.as_path()), (Path::new("x.toml"), Path::new("/own")));
        assert_eq!(own.state_of(true), Path::new("/own/demo"));
        assert_eq!(own.cache.as_deref(), Some(Path::new("/home/rev/.cache/signoff")));
        assert_eq!(find(&[("XDG_CACHE_HOME", "/k")]).cache.as_deref(), Some(Path::new("/k/signoff")));
    }

    #[test]
    fn without_a_home_directory_it_says_what_to_set() {
        let failure = Paths::find(&Env::default(), None).unwrap_err();
        assert!(failure.hint.unwrap().contains("SIGNOFF_STATE_DIR"));
    }
}
