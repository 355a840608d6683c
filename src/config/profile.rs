//! Databricks profiles: `.databrickscfg` as the Databricks SDKs read it (`databricks/sdk/config.py`, read at 0.156).

use std::path::{Path, PathBuf};

use configparser::ini::Ini;
use secrecy::SecretString;

use super::defaults::MOST_BYTES;
use super::env::Env;
use crate::local;

/// The section whose `default_profile` names the profile to use if none is named.
const SETTINGS: &str = "__settings__";
/// The profile if none is named at all.
const DEFAULT: &str = "DEFAULT";

/// Keys of sign-ins that signoff does not support, with their names.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("azure_client_id", "Azure service principal"),
    ("azure_client_secret", "Azure service principal"),
    ("azure_tenant_id", "Azure service principal"),
    ("azure_workspace_resource_id", "Azure resource"),
    ("azure_use_msi", "Azure managed identity"),
    ("google_credentials", "Google credentials"),
    ("google_service_account", "Google service account"),
    ("metadata_service_url", "metadata service"),
    ("username", "user and password"),
    ("password", "user and password"),
];

/// `.databrickscfg`.
#[derive(Debug)]
pub struct Profiles {
    pub path: PathBuf,
    /// None if there is no file.
    ini: Option<Ini>,
}

/// How a profile signs in. Exactly one way.
#[derive(Clone, Debug)]
pub enum SignIn {
    Token(SecretString),
    /// OAuth of a service principal.
    ServicePrincipal {
        client_id: String,
        secret: SecretString,
    },
    /// A person's login, held by the Databricks CLI.
    Cli,
}

/// One profile.
#[derive(Clone, Debug)]
pub struct Profile {
    pub host: String,
    pub sign_in: SignIn,
}

impl Profiles {
    /// Reads the file that `DATABRICKS_CONFIG_FILE` names, else `~/.databrickscfg`. A missing file has no profiles.
    ///
    /// # Errors
    /// A message if the file exists but cannot be read or parsed. It quotes nothing of the file.
    pub fn read(env: &Env) -> Result<Self, String> {
        let named = env.get("DATABRICKS_CONFIG_FILE").map(|path| env.expanded(path));
        let usual = || env.home.as_deref().map(|home| home.join(".databrickscfg"));
        let Some(path) = named.or_else(usual) else {
            return Ok(Self { path: PathBuf::from(".databrickscfg"), ini: None });
        };
        let ini = Self::parse(&path)?;
        Ok(Self { path, ini })
    }

    fn parse(path: &Path) -> Result<Option<Ini>, String> {
        let text = match local::read_text(path, MOST_BYTES) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(format!("{} cannot be read: {e}", path.display())),
        };
        // Case-sensitive, and without inline comments: secrets may contain ; and #.
        let mut ini = Ini::new_cs();
        ini.set_inline_comment_symbols(Some(&[]));
        ini.set_default_section("\0");
        // Drop the parser's message: it may quote the line, including a secret.
        ini.read(text).map_err(|_| format!("{} is not an INI file", path.display()))?;
        Ok(Some(ini))
    }

    /// The profile to use if none is named.
    pub fn default_name(&self) -> String {
        self.value(SETTINGS, "default_profile").unwrap_or_else(|| DEFAULT.to_owned())
    }

    /// Whether the file has this profile.
    pub fn has(&self, name: &str) -> bool {
        name != SETTINGS && self.ini.as_ref().is_some_and(|ini| ini.get_map_ref().contains_key(name))
    }

    /// The names in the file, sorted.
    pub fn names(&self) -> Vec<&str> {
        let sections = self.ini.iter().flat_map(|ini| ini.get_map_ref().keys());
        let mut names: Vec<&str> = sections.map(String::as_str).filter(|name| self.has(name)).collect();
        names.retain(|name| *name != "\0");
        names.sort_unstable();
        names
    }

    fn value(&self, section: &str, key: &str) -> Option<String> {
        let value = self.ini.as_ref()?.get(section, key)?;
        let value = value.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// A profile with its one way to sign in.
    ///
    /// # Errors
    /// A phrase that says what the profile lacks, or has too much of. It quotes no secret.
    pub fn get(&self, name: &str) -> Result<Profile, String> {
        let key = |key| self.value(name, key);
        let host = key("host").ok_or("has no host")?;
        if let Some((key, what)) = UNSUPPORTED.iter().find(|(k, _)| key(k).is_some()) {
            return Err(format!(
                "signs in with {key} ({what}), which signoff does not support; use a token, a client_id with \
                 client_secret, or `databricks auth login`"
            ));
        }
        let (token, id, secret) = (key("token"), key("client_id"), key("client_secret"));
        let principal = match (id, secret) {
            (Some(client_id), Some(secret)) => Some((client_id, secret)),
            (Some(_), None) => return Err("has client_id without client_secret".to_owned()),
            (None, Some(_)) => return Err("has client_secret without client_id".to_owned()),
            (None, None) => None,
        };
        let kind = key("auth_type");
        let sign_in = match (kind.as_deref(), token, principal) {
            (Some("pat"), Some(token), _) | (None, Some(token), None) => SignIn::Token(token.into()),
            (Some("oauth-m2m"), _, Some((client_id, secret))) | (None, None, Some((client_id, secret))) => {
                SignIn::ServicePrincipal { client_id, secret: secret.into() }
            }
            (Some("databricks-cli" | "external-browser"), ..) | (None, None, None) => SignIn::Cli,
            (None, Some(_), Some(_)) => {
                return Err("has both token and client_secret; keep one of them, or say which with auth_type".into());
            }
            (Some("pat"), None, _) => return Err("has auth_type = pat and no token".to_owned()),
            (Some("oauth-m2m"), _, None) => {
                return Err("has auth_type = oauth-m2m and no client_id with client_secret".to_owned());
            }
            (Some(other), ..) => {
                let other = crate::domain::text::clean_line(other);
                return Err(format!(
                    "has auth_type = {other}, which signoff does not support; it supports pat, oauth-m2m and \
                     databricks-cli"
                ));
            }
        };
        Ok(Profile { host, sign_in })
    }
}
