//! MLflow credentials, from variables named by the target, MLflow's own variables, then `~/.mlflow/credentials`.

use std::path::{Path, PathBuf};

use configparser::ini::Ini;
use secrecy::SecretString;

use super::connections::MlflowAuth;
use super::defaults::MOST_BYTES;
use super::env::Env;
use super::origin::{Origin, Sourced};
use crate::local;

/// User and password from MLflow's credentials file. Either may be missing.
#[derive(Clone, Debug, Default)]
pub struct CredentialsFile {
    path: PathBuf,
    username: Option<String>,
    password: Option<SecretString>,
}

impl CredentialsFile {
    /// Reads `~/.mlflow/credentials` like MLflow's client: section `mlflow`, keys `mlflow_tracking_username` and
    /// `mlflow_tracking_password`; there is no key for a token.
    ///
    /// # Errors
    /// A message if the file exists but cannot be parsed. A missing file is not an error.
    pub fn read(home: Option<&Path>) -> Result<Self, String> {
        let Some(path) = home.map(|h| h.join(".mlflow").join("credentials")) else {
            return Ok(Self::default());
        };
        let text = match local::read_text(&path, MOST_BYTES) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(format!("{} cannot be read: {e}", path.display())),
        };
        // Case-sensitive, and without inline comments: passwords may contain ; and #.
        let mut ini = Ini::new_cs();
        ini.set_inline_comment_symbols(Some(&[]));
        // Drop the parser's message: it may quote the line, including the password.
        ini.read(text).map_err(|_| format!("{} is not an INI file", path.display()))?;
        Ok(Self {
            username: ini.get("mlflow", "mlflow_tracking_username"),
            password: ini.get("mlflow", "mlflow_tracking_password").map(SecretString::from),
            path,
        })
    }
}

/// Environment variables that a target names instead of MLflow's own.
#[derive(Clone, Debug, Default)]
pub struct NamedVariables {
    pub token: Option<Sourced<String>>,
    pub username: Option<Sourced<String>>,
    pub password: Option<Sourced<String>>,
}

impl NamedVariables {
    pub fn any(&self) -> bool {
        self.token.is_some() || self.username.is_some() || self.password.is_some()
    }
}

/// The credentials, where each part came from, and warnings.
#[derive(Debug)]
pub struct FoundAuth {
    pub auth: MlflowAuth,
    pub username: Option<Sourced<String>>,
    /// Where the password came from.
    pub password: Option<Origin>,
    /// Where the token came from.
    pub token: Option<Origin>,
    /// Warnings, one sentence each.
    pub notices: Vec<String>,
}

/// Finds the credentials. If the target names variables, only those are used: a generic token may belong to another
/// server.
///
/// User and password take precedence over the token, but only as a pair, as in MLflow's client (measured on 3.18).
pub fn find(env: &Env, named: &NamedVariables, file: &CredentialsFile) -> FoundAuth {
    let mut notices = Vec::new();
    let (username, password, token) = if named.any() {
        let mut from = |name: &Option<Sourced<String>>| {
            let name = &name.as_ref()?.value;
            let value = env.get(name).map(|v| Sourced::new(v.to_owned(), Origin::Env(name.clone())));
            if value.is_none() {
                notices.push(format!("the target takes credentials from {name}, which is not set"));
            }
            value
        };
        (from(&named.username), from(&named.password), from(&named.token))
    } else {
        let variable = |name: &str| env.get(name).map(|v| Sourced::new(v.to_owned(), Origin::Env(name.to_owned())));
        let filed = |v: String| Sourced::new(v, Origin::Credentials(file.path.clone()));
        let expose = |p: &SecretString| secrecy::ExposeSecret::expose_secret(p).to_owned();
        (
            variable("MLFLOW_TRACKING_USERNAME").or_else(|| file.username.clone().map(filed)),
            variable("MLFLOW_TRACKING_PASSWORD").or_else(|| file.password.as_ref().map(expose).map(filed)),
            variable("MLFLOW_TRACKING_TOKEN"),
        )
    };
    let (auth, parts) = match (username, password, token) {
        (Some(u), Some(p), _) => (
            MlflowAuth::Basic { username: u.value.clone(), password: SecretString::from(p.value) },
            (Some(u), Some(p.origin), None),
        ),
        (u, p, Some(t)) => {
            half(&u, &p, &mut notices);
            (MlflowAuth::Bearer(SecretString::from(t.value)), (None, None, Some(t.origin)))
        }
        (u, p, None) => {
            half(&u, &p, &mut notices);
            (MlflowAuth::None, (None, None, None))
        }
    };
    FoundAuth { auth, username: parts.0, password: parts.1, token: parts.2, notices }
}

fn half(username: &Option<Sourced<String>>, password: &Option<Sourced<String>>, notices: &mut Vec<String>) {
    match (username, password) {
        (Some(u), None) => {
            notices.push(format!("an MLflow user is given ({}) without a password, and is not used", u.origin));
        }
        (None, Some(p)) => {
            notices.push(format!("an MLflow password is given ({}) without a user, and is not used", p.origin));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use secrecy::ExposeSecret as _;

    fn home(ini: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".mlflow")).unwrap();
        std::fs::write(dir.path().join(".mlflow/credentials"), ini).unwrap();
        dir
    }

    fn basic(found: &FoundAuth) -> (String, String) {
        match &found.auth {
            MlflowAuth::Basic { username, password } => (username.clone(), password.expose_secret().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_credentials_file_is_read_and_the_environment_wins_per_field() {
        let dir = home("[mlflow]\nmlflow_tracking_username = dana\nmlflow_tracking_password = p;w#d=1\n");
        let file = CredentialsFile::read(Some(dir.path())).unwrap();
        let found = find(&Env::of(&[], "/"), &NamedVariables::default(), &file);
        assert_eq!(basic(&found), ("dana".into(), "p;w#d=1".into()));
        assert!(matches!(found.password, Some(Origin::Credentials(_))));
        let env = Env::of(&[("MLFLOW_TRACKING_USERNAME", "lee"), ("MLFLOW_TRACKING_TOKEN", "t")], "/");
        let found = find(&env, &NamedVariables::default(), &file);
        assert_eq!(basic(&found), ("lee".into(), "p;w#d=1".into()));
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_named_without_its_content() {
        let dir = home("[mlflow\nmlflow_tracking_password = hunter2\n");
        let sentence = CredentialsFile::read(Some(dir.path())).unwrap_err();
        assert!(sentence.contains("credentials") && !sentence.contains("hunter2"), "{sentence}");
    }

    #[test]
    fn half_a_pair_is_not_used_and_said_so() {
        let env = Env::of(&[("MLFLOW_TRACKING_USERNAME", "lee"), ("MLFLOW_TRACKING_TOKEN", "t")], "/");
        let found = find(&env, &NamedVariables::default(), &CredentialsFile::default());
        assert!(matches!(found.auth, MlflowAuth::Bearer(_)));
        assert_eq!(found.notices.len(), 1);
    }

    #[test]
    fn variables_the_target_names_shut_out_the_generic_ones() {
        let name = Sourced::default_of("PROD_TOKEN".to_owned());
        let named = NamedVariables { token: Some(name), ..NamedVariables::default() };
        let env = Env::of(&[("MLFLOW_TRACKING_TOKEN", "for another server")], "/");
        let found = find(&env, &named, &CredentialsFile::default());
        assert!(matches!(found.auth, MlflowAuth::None));
        assert!(found.notices[0].contains("PROD_TOKEN"));
    }
}
