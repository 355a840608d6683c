//! Databricks workspaces: their address and one whole set of credentials, taken from one source.
//!
//! The Databricks SDKs blend environment and profile field by field, and so send the token of one workspace to the host
//! of another (measured on 0.156). Here a set is complete in one place, or it is not used.

use secrecy::SecretString;
use url::Url;

use super::address;
use super::connections::MlflowAuth;
use super::model::TargetSection;
use super::origin::{Origin, Sourced};
use super::place::Login;
use super::profile::{Profiles, SignIn};
use super::resolve::Resolver;
use crate::domain::address::is_loopback;
use crate::domain::failure::Outcome;

const HOST: &str = "DATABRICKS_HOST";
const TOKEN: &str = "DATABRICKS_TOKEN";
const CLIENT_ID: &str = "DATABRICKS_CLIENT_ID";
const CLIENT_SECRET: &str = "DATABRICKS_CLIENT_SECRET";
const PROFILE: &str = "DATABRICKS_CONFIG_PROFILE";

/// A workspace and how to sign in to it.
#[derive(Clone, Debug)]
pub(super) struct Workspace {
    pub host: Url,
    pub auth: MlflowAuth,
}

/// The variables that hold one set of credentials.
struct Variables {
    host: String,
    token: String,
    client_id: String,
    client_secret: String,
}

impl Resolver<'_> {
    /// The workspace that `login` opens for this target.
    pub(super) fn databricks(&mut self, login: &Login) -> Outcome<Workspace> {
        match login {
            Login::Profile(name) => self.profile(&Sourced::new(name.clone(), Origin::Derived("tracking_uri"))),
            Login::Usual => self.usual(),
        }
    }

    fn usual(&mut self) -> Outcome<Workspace> {
        let section = self.section;
        if let Some(named) = named(section) {
            if let Some(profile) = &section.databricks_profile {
                return Err(self
                    .refuse(format!(
                        "databricks_profile ({}) and the names of variables contradict each other",
                        profile.origin
                    ))
                    .with_hint("Keep one of them: a profile, or databricks_host_env with databricks_token_env."));
            }
            return self.in_variables(&named).map_err(|f| {
                f.with_hint("The target takes its workspace from these variables, and from nothing else.")
            });
        }
        if let Some(profile) = &section.databricks_profile {
            return self.profile(&profile.clone());
        }
        let usual = Variables {
            host: HOST.to_owned(),
            token: TOKEN.to_owned(),
            client_id: CLIENT_ID.to_owned(),
            client_secret: CLIENT_SECRET.to_owned(),
        };
        if let Some(host) = self.env.get(HOST) {
            self.environment_overrides("databricks_host_env", None, HOST, host)?;
            return self.in_variables(&usual);
        }
        if let Some(stray) = [TOKEN, CLIENT_SECRET].into_iter().find(|name| self.env.get(name).is_some()) {
            self.notices.push(format!("{stray} is not used: without {HOST} it belongs to no workspace"));
        }
        if let Some(name) = self.env.get(PROFILE) {
            self.environment_overrides("databricks_profile", None, PROFILE, name)?;
            return self.profile(&Sourced::new(name.to_owned(), Origin::Env(PROFILE.to_owned())));
        }
        let profiles = self.profiles()?;
        let name = profiles.default_name();
        if !profiles.has(&name) {
            return Err(self.refuse("no Databricks workspace is configured").with_hint(format!(
                "Set {HOST} with {TOKEN}, or sign in with `databricks auth login`, which writes a profile to {}.",
                profiles.path.display()
            )));
        }
        let origin = Origin::Credentials(profiles.path.clone());
        self.profile(&Sourced::new(name, origin))
    }

    fn in_variables(&mut self, names: &Variables) -> Outcome<Workspace> {
        let get = |name: &str| self.env.get(name).map(str::to_owned);
        let (host, token) = (get(&names.host), get(&names.token));
        let (id, secret) = (get(&names.client_id), get(&names.client_secret));
        let Some(host) = host else {
            return Err(self.refuse(format!("{} is not set", names.host)));
        };
        let (auth, of) = match (token, id, secret) {
            (Some(_), _, Some(_)) => {
                return Err(self
                    .refuse(format!(
                        "both {} and {} are set, and only one can be used",
                        names.token, names.client_secret
                    ))
                    .with_hint("Unset one of them."));
            }
            (Some(token), ..) => (MlflowAuth::Bearer(SecretString::from(token)), names.token.clone()),
            (None, Some(client_id), Some(secret)) => {
                let secret = SecretString::from(secret);
                (MlflowAuth::ServicePrincipal { client_id, secret }, names.client_secret.clone())
            }
            (None, Some(_), None) => return Err(self.refuse(format!("{} is not set", names.client_secret))),
            (None, None, Some(_)) => return Err(self.refuse(format!("{} is not set", names.client_id))),
            (None, None, None) => {
                return Err(
                    self.refuse(format!("{} is not set, so {} has no credentials of its own", names.token, names.host))
                );
            }
        };
        let host = self.workspace_url(&Sourced::new(host, Origin::Env(names.host.clone())))?;
        self.show("databricks_host", host.to_string(), &Origin::Env(names.host.clone()));
        self.secret("databricks_credentials", Some(&Origin::Env(of)));
        Ok(Workspace { host, auth })
    }

    fn profile(&mut self, name: &Sourced<String>) -> Outcome<Workspace> {
        if self.env.get("DATABRICKS_CONFIG_FILE").is_some() {
            let path = self.env.get("DATABRICKS_CONFIG_FILE").unwrap_or_default().to_owned();
            self.environment_overrides("databricks_profile", None, "DATABRICKS_CONFIG_FILE", &path)?;
        }
        let profiles = self.profiles()?;
        let path = profiles.path.display().to_string();
        if !profiles.has(&name.value) {
            let there = match profiles.names()[..] {
                [] => "it has no profiles".to_owned(),
                ref names => format!("it has {}", names.join(", ")),
            };
            return Err(self.refuse(format!("there is no profile '{}' in {path}; {there}", name.value)).with_hint(
                format!("`databricks auth login --profile {}` makes one.", crate::domain::shell::word(&name.value)),
            ));
        }
        let found = profiles.get(&name.value);
        let found = found.map_err(|why| self.refuse(format!("the profile '{}' in {path} {why}", name.value)))?;
        let origin = Origin::Credentials(profiles.path.clone());
        let host = self.workspace_url(&Sourced::new(found.host, origin.clone()))?;
        self.show("databricks_profile", name.value.clone(), &name.origin);
        self.show("databricks_host", host.to_string(), &origin);
        let auth = match found.sign_in {
            SignIn::Token(token) => MlflowAuth::Bearer(token),
            SignIn::ServicePrincipal { client_id, secret } => MlflowAuth::ServicePrincipal { client_id, secret },
            SignIn::Cli => MlflowAuth::DatabricksCli { profile: name.value.clone(), file: profiles.path.clone() },
        };
        let origin = if matches!(auth, MlflowAuth::DatabricksCli { .. }) { Origin::DatabricksCli } else { origin };
        self.secret("databricks_credentials", Some(&origin));
        Ok(Workspace { host, auth })
    }

    fn profiles(&self) -> Outcome<Profiles> {
        Profiles::read(self.env).map_err(|why| self.refuse(why))
    }

    /// The address of a workspace: a bare host means https, and http is for this machine only.
    fn workspace_url(&self, text: &Sourced<String>) -> Outcome<Url> {
        let refuse = |why: String| self.refuse(format!("{}: {why}", text.origin));
        let full = if text.value.contains("://") { text.value.clone() } else { format!("https://{}", text.value) };
        let mut url = address::mlflow(&full).and_then(address::without_credentials).map_err(&refuse)?;
        if url.scheme() == "http" && !is_loopback(&url) {
            let why = format!("a Databricks workspace is reached over https, not {url}");
            return Err(refuse(why).with_hint("Write https:// in front, or only the host."));
        }
        // Addresses copied from the browser end in a page.
        url.set_path("");
        Ok(url)
    }
}

/// The variables that the target names.
fn named(section: &TargetSection) -> Option<Variables> {
    let names = [
        &section.databricks_host_env,
        &section.databricks_token_env,
        &section.databricks_client_id_env,
        &section.databricks_client_secret_env,
    ];
    if names.iter().all(|name| name.is_none()) {
        return None;
    }
    // A name that the target leaves out stands for a variable that is never set.
    let [host, token, client_id, client_secret] = names.map(|name| name.as_ref().map(|n| n.value.clone()));
    Some(Variables {
        host: host.unwrap_or_else(|| "databricks_host_env".to_owned()),
        token: token.unwrap_or_else(|| "databricks_token_env".to_owned()),
        client_id: client_id.unwrap_or_else(|| "databricks_client_id_env".to_owned()),
        client_secret: client_secret.unwrap_or_else(|| "databricks_client_secret_env".to_owned()),
    })
}

/// Names of the targets that the environment makes, with the variables of each.
const TARGETS: &[(&str, &str, &str, bool)] = &[
    ("prod", "DATABRICKS_PROD_HOST", "DATABRICKS_PROD_TOKEN", true),
    ("staging", "DATABRICKS_STAGING_HOST", "DATABRICKS_STAGING_TOKEN", false),
];

/// The targets that the variables of a staging and a production workspace make, where the file has none. Half a pair
/// makes one too: using it says which variable is missing.
pub(super) fn targets(env: &super::env::Env) -> Vec<(&'static str, TargetSection)> {
    let set = |name: &&str| env.get(name).is_some();
    TARGETS
        .iter()
        .filter(|(_, host, token, _)| set(host) || set(token))
        .map(|(name, host, token, production)| {
            let origin = Origin::Env((if set(host) { *host } else { *token }).to_owned());
            let section = TargetSection {
                made_of_environment: true,
                tracking_uri: Some(Sourced::new("databricks".to_owned(), origin.clone())),
                databricks_host_env: Some(Sourced::default_of((*host).to_owned())),
                databricks_token_env: Some(Sourced::default_of((*token).to_owned())),
                production: production.then(|| Sourced::new(true, origin)),
                ..TargetSection::default()
            };
            (*name, section)
        })
        .collect()
}
