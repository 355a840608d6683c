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
use crate::domain::address::is_loopback;
use crate::domain::failure::Outcome;

/// Placeholder for hidden values.
pub const HIDDEN: &str = "***";

impl Resolver<'_> {
    pub(super) fn mlflow(&mut self) -> Outcome<MlflowConnection> {
        let section = self.section;
        let flag = |value: &Option<String>, name| value.clone().map(|v| Sourced::new(v, Origin::Flag(name)));
        let tracking = self.server(
            "tracking_uri",
            flag(&self.flags.tracking_uri, "--tracking-uri"),
            "MLFLOW_TRACKING_URI",
            section.tracking_uri.clone(),
        )?;
        let Some(tracking) = tracking else {
            return Err(self.no_server());
        };
        let registry = self.server(
            "registry_uri",
            flag(&self.flags.registry_uri, "--registry-uri"),
            "MLFLOW_REGISTRY_URI",
            section.registry_uri.clone(),
        )?;
        let registry =
            registry.unwrap_or_else(|| Sourced::new(tracking.value.clone(), Origin::Derived("tracking_uri")));
        let found = self.mlflow_auth(&tracking, &registry)?;
        self.show("tracking_uri", bare(&tracking.value).to_string(), &tracking.origin);
        self.show("registry_uri", bare(&registry.value).to_string(), &registry.origin);
        self.optional("tracking_username", found.username.as_ref());
        self.secret("tracking_password", found.password.as_ref());
        self.secret("tracking_token", found.token.as_ref());
        self.notices.extend(found.notices);
        let variable =
            |name: &str| self.env.get(name).map(|v| Sourced::new(v.to_owned(), Origin::Env(name.to_owned())));
        let workspace = variable("MLFLOW_WORKSPACE").or_else(|| section.workspace.clone());
        self.optional("workspace", workspace.as_ref());
        Ok(MlflowConnection {
            tracking: bare(&tracking.value),
            registry: bare(&registry.value),
            auth: found.auth,
            tls: self.tls()?,
            timing: self.timing()?,
            workspace: workspace.map(|w| w.value),
        })
    }

    /// The address of one MLflow server: flag, else variable, else file.
    fn server(
        &mut self,
        key: &'static str,
        flag: Option<Sourced<String>>,
        variable: &str,
        filed: Option<Sourced<String>>,
    ) -> Outcome<Option<Sourced<Url>>> {
        let environment = self.env.get(variable).map(|v| Sourced::new(v.to_owned(), Origin::Env(variable.to_owned())));
        let from_flag = flag.is_some();
        let from_env = !from_flag && environment.is_some();
        let Some(text) = flag.or(environment).or_else(|| filed.clone()) else {
            return Ok(None);
        };
        let mut url = address::mlflow(&text.value).map_err(|e| self.refuse(format!("{}: {e}", text.origin)))?;
        if !from_env {
            url = address::without_credentials(url).map_err(|e| self.refuse(format!("{}: {e}", text.origin)))?;
        }
        if let Some(filed) = filed.filter(|_| from_env)
            && let Ok(other) = address::mlflow(&filed.value)
            && other != bare(&url)
        {
            self.environment_overrides(key, &filed, variable, bare(&url).as_str())?;
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
        // User and password in MLFLOW_TRACKING_URI have the lowest precedence; no other address may supply them.
        if let (MlflowAuth::None, Some(password)) = (&found.auth, tracking.value.password()) {
            let decode = |s: &str| percent_encoding::percent_decode_str(s).decode_utf8_lossy().into_owned();
            let username = decode(tracking.value.username());
            found.username = Some(Sourced::new(username.clone(), tracking.origin.clone()));
            found.password = Some(tracking.origin.clone());
            found.auth = MlflowAuth::Basic { username, password: SecretString::from(decode(password)) };
        }
        for plugin in ["MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4", "MLFLOW_TRACKING_CLIENT_CERT_PATH"] {
            if self.env.get(plugin).is_some_and(|v| !v.eq_ignore_ascii_case("false") && v != "0") {
                found.notices.push(format!("{plugin} is set; signoff does not support it and goes on without"));
            }
        }
        Ok(found)
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
                Some(Sourced::new(PathBuf::from(path), Origin::Env("MLFLOW_TRACKING_SERVER_CERT_PATH".to_owned())))
            }
            None => self.section.ca_file.clone(),
        };
        let insecure = match self.env.get("MLFLOW_TRACKING_INSECURE_TLS") {
            Some(text) => {
                let origin = Origin::Env("MLFLOW_TRACKING_INSECURE_TLS".to_owned());
                match text.to_ascii_lowercase().as_str() {
                    "true" | "1" => Sourced::new(true, origin),
                    "false" | "0" => Sourced::new(false, origin),
                    _ => return Err(self.refuse(format!("{origin} has to be true or false"))),
                }
            }
            None => self.section.insecure_tls.clone().unwrap_or_else(|| Sourced::default_of(false)),
        };
        self.optional("ca_file", ca_file.clone().map(|f| f.map(|p| p.display().to_string())).as_ref());
        self.show("insecure_tls", insecure.value.to_string(), &insecure.origin);
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
        let (host, api_url) = match asked {
            Some((host, api)) => {
                let from_env = matches!(api.origin, Origin::Env(_));
                if let (Some(filed_api), true) = (filed.as_ref().map(|(_, api)| api), from_env)
                    && !address::same_server(&filed_api.value, &api.value)
                {
                    let variable = if let Origin::Env(name) = &api.origin { name.clone() } else { String::new() };
                    let filed = filed_api.clone().map(|u| u.to_string());
                    self.environment_overrides("github_api_url", &filed, &variable, api.value.as_str())?;
                }
                (host, api)
            }
            None => match &filed {
                Some(filed) => filed.clone(),
                None => default_github().map_err(|e| self.refuse(e))?,
            },
        };
        self.show("github_host", host.value.clone(), &host.origin);
        self.show("github_api_url", api_url.value.to_string(), &api_url.origin);
        if api_url.value.scheme() == "http" && !is_loopback(&api_url.value) {
            self.notices.push(format!("the GitHub token travels unencrypted to {}", api_url.value));
        }
        let token = self.github_token(&host, &api_url, filed.as_ref().map(|(_, api)| &api.value));
        Ok(GithubConnection { host: host.value, api_url: api_url.value, token })
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
