//! The environment, captured once. Nothing else in the program reads it, so tests can replace it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::address::redacted;
use crate::domain::text::clean_line;

/// Variables of the network, of each of which the first that is set counts, and what they do.
const PROXIES: [([&str; 2], &str); 3] = [
    (["HTTPS_PROXY", "https_proxy"], "https:// requests"),
    (["HTTP_PROXY", "http_proxy"], "http:// requests"),
    (["ALL_PROXY", "all_proxy"], "requests"),
];
/// Variables that name the authorities to trust instead of the system's.
const AUTHORITIES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

/// Environment variables and platform directories at the start of the program.
///
/// Does not print its values in `Debug`: variables hold tokens.
#[derive(Clone, Default)]
pub struct Env {
    vars: BTreeMap<String, String>,
    /// The configuration directory of the platform, such as `~/.config`.
    pub config_base: Option<PathBuf>,
    /// The state directory of the platform, such as `~/.local/state`.
    pub state_base: Option<PathBuf>,
    /// The cache directory of the platform, such as `~/.cache`.
    pub cache_base: Option<PathBuf>,
    pub home: Option<PathBuf>,
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").field("vars", &self.vars.keys()).finish_non_exhaustive()
    }
}

impl Env {
    /// Captures the environment of this process. Variables that are not UTF-8 are ignored.
    pub fn of_process() -> Self {
        let vars =
            std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect();
        let base = directories::BaseDirs::new();
        Self {
            vars,
            config_base: base.as_ref().map(|b| b.config_dir().to_owned()),
            // macOS and Windows have no state directory; local data is the closest.
            state_base: base.as_ref().map(|b| b.state_dir().unwrap_or_else(|| b.data_local_dir()).to_owned()),
            cache_base: base.as_ref().map(|b| b.cache_dir().to_owned()),
            home: base.as_ref().map(|b| b.home_dir().to_owned()),
        }
    }

    /// Whether the terminal is at another machine.
    pub fn is_over_ssh(&self) -> bool {
        ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"].iter().any(|name| self.get(name).is_some())
    }

    /// A path as a shell would read it: `~/` is the home directory.
    pub fn expanded(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(path),
        }
    }

    /// An environment with exactly these variables and this home directory, for tests.
    pub fn of(vars: &[(&str, &str)], home: impl Into<PathBuf>) -> Self {
        let home = home.into();
        Self {
            vars: vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            config_base: Some(home.join(".config")),
            state_base: Some(home.join(".local/state")),
            cache_base: Some(home.join(".cache")),
            home: Some(home),
        }
    }

    /// The value of a variable; none if it is unset or blank. Surrounding white space is trimmed: tokens are often read
    /// from files that end in a newline.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(|v| v.trim()).filter(|v| !v.is_empty())
    }

    /// Whether a browser that is opened here would not be seen: over SSH, or on a Unix machine without a screen.
    pub fn is_remote(&self) -> bool {
        // A browser that somebody chose is one that they see, such as a script that forwards addresses.
        if self.get("BROWSER").is_some() {
            return false;
        }
        let screen = ["DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"].iter().any(|name| self.get(name).is_some());
        self.is_over_ssh() || (cfg!(all(unix, not(target_os = "macos"))) && !screen)
    }

    /// What the environment says of the way to the servers, one sentence each: it names no other server, but who can read
    /// and answer what is sent.
    pub fn on_the_way(&self) -> Vec<String> {
        let authorities = AUTHORITIES.iter().filter_map(|name| {
            let path = clean_line(self.get(name)?);
            Some(format!("certificates are checked against {path} instead of the system's authorities ({name})"))
        });
        let proxies = PROXIES.iter().filter_map(|(names, what)| {
            let (name, url) = names.iter().find_map(|name| Some((name, self.get(name)?)))?;
            Some(format!("{what} to other machines go through the proxy {} ({name})", redacted(url)))
        });
        authorities.chain(proxies).collect()
    }

    /// Names of the variables that start with `prefix` and are not blank.
    pub fn names<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.vars.iter().filter(move |(k, v)| k.starts_with(prefix) && !v.trim().is_empty()).map(|(k, _)| k.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_seen_where_there_is_a_screen_and_nobody_came_over_ssh() {
        let remote = |vars: &[(&str, &str)]| Env::of(vars, "/home/rev1").is_remote();
        assert!(remote(&[("SSH_CONNECTION", "10.0.0.1 50000 10.0.0.2 22"), ("DISPLAY", ":0")]));
        assert!(remote(&[("SSH_TTY", "/dev/pts/3")]));
        assert!(!remote(&[("DISPLAY", ":0")]));
        assert!(!remote(&[("WAYLAND_DISPLAY", "wayland-0")]));
        assert!(!remote(&[("SSH_TTY", "/dev/pts/3"), ("BROWSER", "forward-to-my-desk")]));
    }
}
