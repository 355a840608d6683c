//! What this machine has already that the first start can use.

use std::path::{Path, PathBuf};

use super::env::Env;
use super::load::Loaded;
use super::place::Place;
use super::profile::Profiles;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::first_start::{Answers, Surroundings};
use crate::domain::ids::RepoSlug;
use crate::domain::text::clean_line;
use crate::local;

/// Variables that make a target, or say which one to use.
const TARGET_VARIABLES: &[&str] = &[
    "MLFLOW_TRACKING_URI",
    "MLFLOW_REGISTRY_URI",
    "DATABRICKS_HOST",
    "DATABRICKS_CONFIG_PROFILE",
    "DATABRICKS_STAGING_HOST",
    "DATABRICKS_STAGING_TOKEN",
    "DATABRICKS_PROD_HOST",
    "DATABRICKS_PROD_TOKEN",
    "SIGNOFF_TARGET",
];
/// Variables with a token for GitHub.
const TOKEN_VARIABLES: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];
/// Maximum size of the file in which `gh` keeps who is signed in.
const MOST_BYTES: u64 = 256 * 1024;

impl Loaded {
    /// Whether nothing says where MLflow is: no file, no flag, no variable.
    pub fn is_bare(&self) -> bool {
        let flags = self.flags();
        let flagged = [&flags.target, &flags.tracking_uri, &flags.registry_uri, &flags.repo];
        !self.file_exists
            && !flags.demo
            && flagged.iter().all(|flag| flag.is_none())
            && self.target_names().next().is_none()
            && TARGET_VARIABLES.iter().all(|name| self.env().get(name).is_none())
    }

    /// The same with the answers of the first start as the file.
    ///
    /// # Errors
    /// What is wrong with an answer; else as [`Loaded::with_file`].
    pub fn with_answers(&self, answers: &Answers) -> Outcome<Self> {
        let refused = |what: &str, why: String| {
            Failure::new(FailureKind::Config, Service::Local, format!("use this {what}"), why)
        };
        let place = Place::parse(&answers.mlflow).and_then(Place::without_credentials);
        place.map_err(|why| refused("address", why))?;
        if !answers.repo.is_empty() {
            answers.repo.parse::<RepoSlug>().map_err(|why| refused("repository", why.0))?;
        }
        self.with_file(&answers.file())
    }

    /// What is here.
    pub fn surroundings(&self) -> Surroundings {
        let env = self.env();
        let token = TOKEN_VARIABLES.into_iter().find(|name| env.get(name).is_some());
        let signed_in = gh_user(env);
        let github = match (token, &signed_in) {
            (Some(name), _) => format!("{name} holds a GitHub token"),
            (None, Some(user)) => format!("gh is signed in as {user} (github.com)"),
            (None, None) => "no GitHub token: set GH_TOKEN, or run `gh auth login`".to_owned(),
        };
        let mut found = vec![github, "no MLFLOW_TRACKING_URI".to_owned()];
        if let Ok(profiles) = Profiles::read(env) {
            let names: Vec<String> =
                profiles.names().into_iter().map(|name| format!("databricks://{}", clean_line(name))).collect();
            found.extend((!names.is_empty()).then(|| format!("Databricks profiles {}", names.join(", "))));
        }
        Surroundings {
            found,
            path: short(&self.paths.config.value, env.home.as_deref()),
            repo: env.get("GH_REPO").unwrap_or_default().to_owned(),
            uses_gh: token.is_none() && signed_in.is_some(),
            mistake: None,
        }
    }
}

/// A path with `~` for the home directory.
fn short(path: &Path, home: Option<&Path>) -> String {
    let below = home.and_then(|home| path.strip_prefix(home).ok());
    below.map_or_else(|| path.display().to_string(), |below| Path::new("~").join(below).display().to_string())
}

/// Who `gh` is signed in as on github.com, as its own file says. Its layout: <https://cli.github.com/manual/gh_auth_login>.
fn gh_user(env: &Env) -> Option<String> {
    let from = |name: &str| env.get(name).map(PathBuf::from);
    let dir = from("GH_CONFIG_DIR")
        .or_else(|| from("XDG_CONFIG_HOME").map(|dir| dir.join("gh")))
        .or_else(|| env.home.as_ref().map(|home| home.join(".config/gh")))?;
    let text = local::read_text(&dir.join("hosts.yml"), MOST_BYTES).ok()?;
    let of_host = text.lines().skip_while(|line| line.trim_end() != "github.com:").skip(1);
    let mut inside = of_host.take_while(|line| line.starts_with(' ') || line.trim().is_empty());
    let user =
        inside.find_map(|line| line.trim().strip_prefix("user:").map(str::trim).filter(|user| !user.is_empty()))?;
    Some(clean_line(user.trim_matches(['"', '\''])))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::config::{Flags, load};

    #[test]
    fn a_file_a_flag_or_a_variable_is_a_configuration_and_a_token_alone_is_none() {
        let home = tempfile::tempdir().unwrap();
        let bare = |vars: &[(&str, &str)], flags| load(Env::of(vars, home.path()), flags).unwrap().is_bare();
        assert!(bare(&[], Flags::default()));
        assert!(bare(&[("GH_TOKEN", "x"), ("GH_REPO", "a/b")], Flags::default()));
        for name in ["MLFLOW_TRACKING_URI", "SIGNOFF_TARGET", "DATABRICKS_HOST"] {
            assert!(!bare(&[(name, "x")], Flags::default()), "{name}");
        }
        assert!(!bare(&[], Flags { repo: Some("a/b".into()), ..Flags::default() }));
        assert!(!bare(&[], Flags { demo: true, ..Flags::default() }));
    }

    #[test]
    fn what_is_wrong_with_an_answer_is_said_without_a_line_of_a_file() {
        let home = tempfile::tempdir().unwrap();
        let loaded = load(Env::of(&[], home.path()), Flags::default()).unwrap();
        let said = |mlflow: &str, repo: &str| {
            let answers = Answers { mlflow: mlflow.into(), repo: repo.into(), ..Answers::default() };
            loaded.with_answers(&answers).err().map(|failure| failure.sentence())
        };
        let lacks = "could not use this address: 'localhost:5999' lacks http:// or https:// in front";
        assert_eq!(said("localhost:5999", "").as_deref(), Some(lacks));
        let none = "could not use this repository: 'acme' is not a repository such as OWNER/NAME";
        assert_eq!(said("http://127.0.0.1:5000", "acme").as_deref(), Some(none));
        assert!(said("http://me:secret@127.0.0.1:5000", "").is_some_and(|why| !why.contains("secret")));
        assert_eq!(said("http://127.0.0.1:5000", "acme/churn"), None);
    }

    #[test]
    fn what_is_found_is_named_and_gh_is_used_only_without_a_variable() {
        let home = tempfile::tempdir().unwrap();
        let around = |vars: &[(&str, &str)]| load(Env::of(vars, home.path()), Flags::default()).unwrap().surroundings();
        assert!(around(&[]).found[0].contains("no GitHub token"));
        assert_eq!(around(&[]).path, "~/.config/signoff/config.toml");
        let gh = home.path().join(".config/gh");
        std::fs::create_dir_all(&gh).unwrap();
        let hosts = "example.com:\n    user: eve\ngithub.com:\n    users:\n        alice:\n    git_protocol: https\n    user: alice\n";
        std::fs::write(gh.join("hosts.yml"), hosts).unwrap();
        let found = around(&[]);
        assert_eq!((found.found[0].as_str(), found.uses_gh), ("gh is signed in as alice (github.com)", true));
        let found = around(&[("GH_TOKEN", "secret"), ("GH_REPO", "acme/churn")]);
        assert_eq!((found.uses_gh, found.repo.as_str()), (false, "acme/churn"));
        assert!(!format!("{found:?}").contains("secret"));
        std::fs::write(home.path().join(".databrickscfg"), "[DEFAULT]\nhost = https://x\n[prod]\nhost = https://y\n")
            .unwrap();
        assert!(around(&[]).found.iter().any(|word| word.contains("databricks://prod")), "{:?}", around(&[]).found);
    }
}
