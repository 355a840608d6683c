//! The GitHub host of a target: its address, and the token that may be sent to it.

use secrecy::SecretString;
use url::Url;

use super::address;
use super::connections::{GithubConnection, GithubToken};
use super::defaults;
use super::origin::{Origin, Sourced};
use super::resolve::{Resolver, split_repo};
use crate::domain::address::is_loopback;
use crate::domain::failure::Outcome;

impl Resolver<'_> {
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
}

fn default_github() -> Result<(Sourced<String>, Sourced<Url>), String> {
    let host = defaults::GITHUB_HOST;
    Ok((Sourced::default_of(host.to_owned()), Sourced::default_of(address::api_of_host(host)?)))
}
