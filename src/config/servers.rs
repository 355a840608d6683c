//! The servers of a target: addresses, credentials, and the rules that keep a secret with its own host.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use super::address;
use super::connections::{GithubConnection, GithubToken, MlflowAuth, MlflowConnection, Tls};
use super::credentials::{self, CredentialsFile, FoundAuth, NamedVariables};
use super::defaults;
use super::origin::{Origin, Sourced};
use super::resolve::{Resolver, split_repo};
use crate::domain::address::{HIDDEN, is_loopback};
use crate::domain::failure::Outcome;

impl Resolver<'_> {
    pub(super) fn mlflow(&mut self) -> Outcome<MlflowConnection> {
        let section = self.section;
        let flag = |value: &Option<String>, name| value.clone().map(|v| Sourced::new(v, Origin::Flag(name)));
        let tracking = self.server(
            "tracking_uri",
            flag(&self.flags.tracking_uri, "--tracking-uri"),
            "MLFLOW_TRACKING_URI",
            section.tracking_uri.as_ref(),
            None,
        )?;
        let Some(tracking) = tracking else {
            return Err(self.no_server());
        };
        let registry = self.server(
            "registry_uri",
            flag(&self.flags.registry_uri, "--registry-uri"),
            "MLFLOW_REGISTRY_URI",
            section.registry_uri.as_ref(),
            Some(&bare(&tracking.value)),
        )?;
        let registry =
            registry.unwrap_or_else(|| Sourced::new(tracking.value.clone(), Origin::Derived("tracking_uri")));
        self.show("tracking_uri", bare(&tracking.value).to_string(), &tracking.origin);
        self.show("registry_uri", bare(&registry.value).to_string(), &registry.origin);
        let found = self.mlflow_auth(&tracking, &registry)?;
        self.optional("tracking_username", found.username.as_ref());
        self.secret("tracking_password", found.password.as_ref());
        self.secret("tracking_token", found.token.as_ref());
        self.notices.extend(found.notices);
        let registry_auth = match &found.auth {
            // User and password in an address belong to the server of that address.
            MlflowAuth::None => self.registry_auth(&tracking, &registry),
            auth => auth.clone(),
        };
        let auth = match &found.auth {
            MlflowAuth::None => address_auth(&tracking.value).unwrap_or(MlflowAuth::None),
            auth => auth.clone(),
        };
        for (url, auth) in [(&tracking.value, &auth), (&registry.value, &registry_auth)] {
            let what = match auth {
                MlflowAuth::None => continue,
                MlflowAuth::Basic { .. } => "user and password for MLflow",
                MlflowAuth::Bearer(_) => "the MLflow token",
            };
            self.keep_encrypted(&bare(url), what)?;
        }
        Ok(MlflowConnection {
            tracking: bare(&tracking.value),
            registry: bare(&registry.value),
            auth,
            registry_auth,
            tls: self.tls()?,
            timing: self.timing()?,
            workspace: self.workspace()?,
        })
    }

    /// Refuses to send credentials unencrypted over a network, unless the file allows it for this target.
    fn keep_encrypted(&mut self, url: &Url, what: &str) -> Outcome<()> {
        if url.scheme() != "http" || is_loopback(url) {
            return Ok(());
        }
        if self.section.allow_plain_http.as_ref().is_some_and(|allowed| allowed.value) {
            let notice = format!("unencrypted over the network to {url}: {what} (allow_plain_http)");
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
            return Ok(());
        }
        let name = self.name;
        Err(self.refuse(format!("{what} would travel unencrypted over the network to {url}")).with_hint(format!(
            "Use an https:// address. If you trust the network in between, set `allow_plain_http = true` in \
             [targets.{name}] of the configuration (`signoff config path` names it, `signoff config init` writes one)."
        )))
    }

    fn workspace(&mut self) -> Outcome<Option<String>> {
        let filed = self.section.workspace.as_ref();
        let workspace = match self.env.get("MLFLOW_WORKSPACE") {
            Some(name) => {
                if filed.is_none_or(|filed| filed.value != name) {
                    self.environment_overrides("workspace", filed, "MLFLOW_WORKSPACE", name)?;
                }
                Some(Sourced::new(name.to_owned(), Origin::Env("MLFLOW_WORKSPACE".to_owned())))
            }
            None => filed.cloned(),
        };
        self.optional("workspace", workspace.as_ref());
        Ok(workspace.map(|w| w.value))
    }

    /// The address of one MLflow server: flag, else variable, else file. `usual` is the address without all three.
    fn server(
        &mut self,
        key: &'static str,
        flag: Option<Sourced<String>>,
        variable: &str,
        filed: Option<&Sourced<String>>,
        usual: Option<&Url>,
    ) -> Outcome<Option<Sourced<Url>>> {
        let environment = self.env.get(variable).map(|v| Sourced::new(v.to_owned(), Origin::Env(variable.to_owned())));
        let from_flag = flag.is_some();
        let from_env = !from_flag && environment.is_some();
        let Some(text) = flag.or(environment).or_else(|| filed.cloned()) else {
            return Ok(None);
        };
        let mut url = address::mlflow(&text.value).map_err(|e| self.refuse(format!("{}: {e}", text.origin)))?;
        if !from_env {
            url = address::without_credentials(url).map_err(|e| self.refuse(format!("{}: {e}", text.origin)))?;
        }
        let wanted = filed.and_then(|filed| address::mlflow(&filed.value).ok());
        if from_env && wanted.as_ref().or(usual) != Some(&bare(&url)) {
            self.environment_overrides(key, filed, variable, bare(&url).as_str())?;
        }
        Ok(Some(Sourced::new(url, text.origin)))
    }

    fn no_server(&self) -> crate::domain::failure::Failure {
        if self.env.get("DATABRICKS_HOST").is_some() || self.env.get("DATABRICKS_CONFIG_PROFILE").is_some() {
            return self
                .refuse("DATABRICKS_HOST is set, and signoff cannot speak to Databricks workspaces yet")
                .with_hint("Set MLFLOW_TRACKING_URI to an MLflow server, or try `signoff demo`.");
        }
        self.refuse("no MLflow server is configured").with_hint(
            "Set MLFLOW_TRACKING_URI=http://host:5000, or write a configuration with `signoff config init`; \
             `signoff demo` needs no server.",
        )
    }

    fn mlflow_auth(&mut self, tracking: &Sourced<Url>, registry: &Sourced<Url>) -> Outcome<FoundAuth> {
        let section = self.section;
        let mut named = NamedVariables {
            token: section.tracking_token_env.clone(),
            username: section.tracking_username_env.clone(),
            password: section.tracking_password_env.clone(),
        };
        // The variables named by a target belong to its configured servers. They are not sent anywhere else.
        if named.any() && [tracking, registry].iter().any(|url| !self.is_filed_mlflow(&url.value)) {
            self.notices.push(format!(
                "the credentials of target '{}' are not used, because another server was asked for",
                self.name
            ));
            named = NamedVariables::default();
        }
        let file = if named.any() {
            CredentialsFile::default()
        } else {
            CredentialsFile::read(self.env.home.as_deref()).map_err(|e| self.refuse(e))?
        };
        let mut found = credentials::find(self.env, &named, &file);
        // User and password in MLFLOW_TRACKING_URI have the lowest precedence.
        if let (MlflowAuth::None, Some(MlflowAuth::Basic { username, .. })) =
            (&found.auth, address_auth(&tracking.value))
        {
            found.username = Some(Sourced::new(username, tracking.origin.clone()));
            found.password = Some(tracking.origin.clone());
        }
        for plugin in ["MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_TRACKING_CLIENT_CERT_PATH"] {
            if self.env.get(plugin).is_some_and(|v| !v.eq_ignore_ascii_case("false") && v != "0") {
                found.notices.push(format!("{plugin} is set; signoff does not support it and goes on without"));
            }
        }
        Ok(found)
    }

    /// The registry's credentials where no variable or file gives any: those of its own address, or those of the tracking
    /// server's address if it is the same server.
    fn registry_auth(&mut self, tracking: &Sourced<Url>, registry: &Sourced<Url>) -> MlflowAuth {
        if let Some(auth) = address_auth(&registry.value) {
            if !matches!(registry.origin, Origin::Derived(_)) {
                self.secret("registry_password", Some(&registry.origin));
            }
            return auth;
        }
        match address_auth(&tracking.value) {
            Some(auth) if address::same_server(&tracking.value, &registry.value) => auth,
            Some(_) => {
                self.notices.push(format!(
                    "the user and password in {} belong to that server, and are not sent to the registry {}",
                    tracking.origin,
                    bare(&registry.value)
                ));
                MlflowAuth::None
            }
            None => MlflowAuth::None,
        }
    }

    /// Whether the file gives this target a server with this scheme, host and port, or no server at all.
    fn is_filed_mlflow(&self, url: &Url) -> bool {
        let filed: Vec<Url> = [&self.section.tracking_uri, &self.section.registry_uri]
            .into_iter()
            .flatten()
            .filter_map(|s| address::mlflow(&s.value).ok())
            .collect();
        filed.is_empty() || filed.iter().any(|f| address::same_server(f, url))
    }

    fn tls(&mut self) -> Outcome<Tls> {
        let ca_file = match self.env.get("MLFLOW_TRACKING_SERVER_CERT_PATH") {
            Some(path) => {
                let name = "MLFLOW_TRACKING_SERVER_CERT_PATH";
                let filed = self.section.ca_file.as_ref().map(|f| f.clone().map(|p| p.display().to_string()));
                if filed.as_ref().is_none_or(|filed| filed.value != path) {
                    self.environment_overrides("ca_file", filed.as_ref(), name, path)?;
                }
                Some(Sourced::new(PathBuf::from(path), Origin::Env(name.to_owned())))
            }
            None => self.section.ca_file.clone(),
        };
        let insecure = match self.env.get("MLFLOW_TRACKING_INSECURE_TLS") {
            Some(text) => {
                let name = "MLFLOW_TRACKING_INSECURE_TLS";
                let insecure = match text.to_ascii_lowercase().as_str() {
                    "true" | "1" => true,
                    "false" | "0" => false,
                    _ => return Err(self.refuse(format!("environment variable {name} has to be true or false"))),
                };
                let filed = self.section.insecure_tls.as_ref();
                if filed.is_some_and(|filed| filed.value) != insecure {
                    let filed = filed.map(|f| f.clone().map(|b| b.to_string()));
                    self.environment_overrides("insecure_tls", filed.as_ref(), name, text)?;
                }
                Sourced::new(insecure, Origin::Env(name.to_owned()))
            }
            None => self.section.insecure_tls.clone().unwrap_or_else(|| Sourced::default_of(false)),
        };
        self.optional("ca_file", ca_file.clone().map(|f| f.map(|p| p.display().to_string())).as_ref());
        self.show("insecure_tls", insecure.value.to_string(), &insecure.origin);
        let plain = self.section.allow_plain_http.clone().unwrap_or_else(|| Sourced::default_of(false));
        self.show("allow_plain_http", plain.value.to_string(), &plain.origin);
        if let (Some(file), true) = (&ca_file, insecure.value) {
            let reason = format!("a CA file is given ({}), and certificates are not to be checked", file.origin);
            return Err(self
                .refuse(reason)
                .with_hint(format!("Take one of them back; the other is {}.", insecure.origin)));
        }
        if let Some(file) = &ca_file
            && !file.value.is_file()
        {
            let reason = format!("the CA file {} ({}) is not a file", file.value.display(), file.origin);
            return Err(self.refuse(reason).with_hint("Give one PEM file with the certificates to trust."));
        }
        if insecure.value {
            self.notices.push(format!("certificates of the MLflow servers are not checked ({})", insecure.origin));
        }
        Ok(Tls { ca_file: ca_file.map(|f| f.value), insecure: insecure.value })
    }

    pub(super) fn github(&mut self) -> Outcome<GithubConnection> {
        let filed = self.filed_github()?;
        let asked = self.asked_github()?;
        let usual = match &filed {
            Some(filed) => filed.clone(),
            None => default_github().map_err(|e| self.refuse(e))?,
        };
        let (host, api_url) = match asked {
            Some((host, api)) => {
                self.github_from_environment(&host, &api, filed.as_ref(), &usual)?;
                (host, api)
            }
            None => usual,
        };
        self.show("github_host", host.value.clone(), &host.origin);
        self.show("github_api_url", api_url.value.to_string(), &api_url.origin);
        let token = self.github_token(&host, &api_url, filed.as_ref().map(|(_, api)| &api.value));
        if !matches!(token, GithubToken::Missing { .. }) {
            self.keep_encrypted(&api_url.value, "the GitHub token")?;
        }
        Ok(GithubConnection { host: host.value, api_url: api_url.value, token })
    }

    /// Whether the environment may name this host and API instead of the usual ones.
    fn github_from_environment(
        &mut self,
        host: &Sourced<String>,
        api: &Sourced<Url>,
        filed: Option<&(Sourced<String>, Sourced<Url>)>,
        usual: &(Sourced<String>, Sourced<Url>),
    ) -> Outcome<()> {
        let path = |url: &Url| url.path().trim_end_matches('/').to_owned();
        let same_api = address::same_server(&api.value, &usual.1.value) && path(&api.value) == path(&usual.1.value);
        if let (Origin::Env(name), false) = (&api.origin, same_api) {
            let filed = filed.map(|(_, api)| api.clone().map(|url| url.to_string()));
            self.environment_overrides("github_api_url", filed.as_ref(), name, api.value.as_str())?;
        } else if let (Origin::Env(name), true) = (&host.origin, host.value != usual.0.value) {
            self.environment_overrides("github_host", filed.map(|(host, _)| host), name, &host.value)?;
        }
        Ok(())
    }

    /// Host and API from the file.
    fn filed_github(&self) -> Outcome<Option<(Sourced<String>, Sourced<Url>)>> {
        let (host, api) = (&self.section.github_host, &self.section.github_api_url);
        Ok(match (host, api) {
            (Some(host), Some(api)) => Some((host.clone(), api.clone())),
            (Some(host), None) => Some(self.with_api(host.clone())?),
            (None, Some(api)) => {
                let host = Sourced::new(address::host_of_api(&api.value), Origin::Derived("github_api_url"));
                Some((host, api.clone()))
            }
            (None, None) => None,
        })
    }

    /// Host and API from flags and environment: the host in `--repo` or `GH_REPO`, `GH_HOST`, and `GITHUB_API_URL`,
    /// which Actions runners set.
    fn asked_github(&self) -> Outcome<Option<(Sourced<String>, Sourced<Url>)>> {
        let host = |text: &str, origin: Origin| -> Outcome<Sourced<String>> {
            let host = address::host(text).map_err(|e| self.refuse(format!("{origin}: {e}")))?;
            Ok(Sourced::new(host, origin))
        };
        if let Some(name) = self.flags.repo.as_deref().and_then(|r| split_repo(r).0) {
            return self.with_api(host(name, Origin::Flag("--repo"))?).map(Some);
        }
        let named = match (self.env.get("GH_REPO").and_then(|r| split_repo(r).0), self.env.get("GH_HOST")) {
            (Some(name), _) if self.flags.repo.is_none() => Some(host(name, Origin::Env("GH_REPO".to_owned()))?),
            (_, Some(name)) => Some(host(name, Origin::Env("GH_HOST".to_owned()))?),
            _ => None,
        };
        let Some(text) = self.env.get("GITHUB_API_URL") else {
            return named.map(|host| self.with_api(host)).transpose();
        };
        let origin = Origin::Env("GITHUB_API_URL".to_owned());
        let api = address::api_url(text).map_err(|e| self.refuse(format!("{origin}: {e}")))?;
        let host = named.unwrap_or_else(|| Sourced::new(address::host_of_api(&api), Origin::Derived("GITHUB_API_URL")));
        Ok(Some((host, Sourced::new(api, origin))))
    }

    fn with_api(&self, host: Sourced<String>) -> Outcome<(Sourced<String>, Sourced<Url>)> {
        let api = address::api_of_host(&host.value).map_err(|e| self.refuse(format!("{}: {e}", host.origin)))?;
        let api = Sourced::new(api, host.origin.clone());
        Ok((host, api))
    }

    /// The token, from a variable meant for this host.
    fn github_token(&mut self, host: &Sourced<String>, api: &Sourced<Url>, filed: Option<&Url>) -> GithubToken {
        let mut looked_at = Vec::new();
        if let Some(name) = &self.section.github_token_env {
            let default = default_github().ok().map(|(_, api)| api.value);
            let own = filed.or(default.as_ref()).is_some_and(|f| address::same_server(f, &api.value));
            if own {
                looked_at.push(name.value.clone());
            } else {
                self.notices.push(format!(
                    "{} holds the token for another host than {} and is not sent there",
                    name.value, host.value
                ));
            }
        }
        if looked_at.is_empty() {
            let generic: &[&str] = if address::is_github_cloud(&host.value) {
                &["GH_TOKEN", "GITHUB_TOKEN"]
            } else if is_loopback(&api.value) || api.origin == Origin::Env("GITHUB_API_URL".to_owned()) {
                // The environment that names the server holds its token, as on an Actions runner.
                &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"]
            } else {
                &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
            };
            looked_at.extend(generic.iter().map(|n| (*n).to_owned()));
        }
        if let Some((name, value)) = looked_at.iter().find_map(|n| Some((n.clone(), self.env.get(n)?))) {
            let token = SecretString::from(value.to_owned());
            self.secret("github_token", Some(&Origin::Env(name)));
            return GithubToken::Value(token);
        }
        if self.file.use_gh_cli.as_ref().is_some_and(|u| u.value) {
            self.secret("github_token", Some(&Origin::GhCli));
            return GithubToken::GhCli;
        }
        self.secret("github_token", None);
        GithubToken::Missing { looked_at }
    }

    fn secret(&mut self, key: &str, origin: Option<&Origin>) {
        match origin {
            Some(origin) => self.show(key, HIDDEN, origin),
            None => self.show(key, "", &Origin::Default),
        }
    }
}

fn default_github() -> Result<(Sourced<String>, Sourced<Url>), String> {
    let host = defaults::GITHUB_HOST;
    Ok((Sourced::default_of(host.to_owned()), Sourced::default_of(address::api_of_host(host)?)))
}

/// The address without user and password.
fn bare(url: &Url) -> Url {
    let mut bare = url.clone();
    // Both fail only for addresses without a host, which were rejected before.
    let _ = bare.set_username("");
    let _ = bare.set_password(None);
    bare
}

/// User and password in an address.
fn address_auth(url: &Url) -> Option<MlflowAuth> {
    let decode = |s: &str| percent_encoding::percent_decode_str(s).decode_utf8_lossy().into_owned();
    let password = SecretString::from(decode(url.password()?));
    Some(MlflowAuth::Basic { username: decode(url.username()), password })
}
