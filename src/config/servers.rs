//! The MLflow servers of a target: addresses, credentials, and the rules that keep a secret with its own host.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::address::{self, bare};
use super::connections::{MlflowAuth, MlflowConnection, RegistryApi, Tls, TrackingApi};
use super::credentials::{self, CredentialsFile, FoundAuth, NamedVariables};
use super::origin::{Origin, Sourced};
use super::place::{Login, Place};
use super::resolve::Resolver;
use super::stores::Cloud;
use crate::domain::address::{HIDDEN, SHORTEST_HIDDEN, is_loopback};
use crate::domain::failure::{Failure, Outcome};

impl Resolver<'_> {
    pub(super) fn mlflow(&mut self) -> Outcome<MlflowConnection> {
        let section = self.section;
        let flag = |value: &Option<String>, name| value.clone().map(|v| Sourced::new(v, Origin::Flag(name)));
        let variable = (!section.made_of_environment).then_some("MLFLOW_TRACKING_URI");
        let tracking = self.place(
            "tracking_uri",
            flag(&self.flags.tracking_uri, "--tracking-uri"),
            variable,
            section.tracking_uri.as_ref(),
            None,
        )?;
        let Some(tracking) = tracking else {
            return Err(self.no_server());
        };
        let registry = self.place(
            "registry_uri",
            flag(&self.flags.registry_uri, "--registry-uri"),
            Some("MLFLOW_REGISTRY_URI"),
            section.registry_uri.as_ref(),
            Some(&tracking.value.bare()),
        )?;
        let registry_api = match registry.as_ref().map_or(&tracking.value, |given| &given.value) {
            Place::Server(_) => RegistryApi::Mlflow,
            // MLflow 3's rule: tracking in Databricks means models in Unity Catalog.
            Place::Workspace(_) if registry.is_none() => RegistryApi::Catalog { assumed: true },
            Place::Workspace(_) => RegistryApi::Workspace,
            Place::Catalog(_) => RegistryApi::Catalog { assumed: false },
            Place::Open(_) => RegistryApi::OpenCatalog,
        };
        if let (true, Some(given)) = (section.made_of_environment, &registry)
            && !matches!(given.value, Place::Workspace(Login::Usual) | Place::Catalog(Login::Usual))
        {
            let reason = format!("{}: the target's registry is in its own workspace", given.origin);
            return Err(self.refuse(reason).with_hint("Set it to databricks or databricks-uc, or unset it."));
        }
        self.show("tracking_uri", tracking.value.bare().to_string(), &tracking.origin);
        let registry = registry.unwrap_or_else(|| {
            let place = match &tracking.value {
                Place::Workspace(login) => Place::Catalog(login.clone()),
                other => other.clone(),
            };
            Sourced::new(place, Origin::Derived("tracking_uri"))
        });
        self.show("registry_uri", registry.value.bare().to_string(), &registry.origin);
        if registry_api == (RegistryApi::Catalog { assumed: true }) {
            let rule = "the workspace's own registry, only if it says that it has no metastore";
            self.show("registry_fallback", rule, &Origin::Derived("tracking_uri"));
        }
        let server = |at: &Sourced<Place>| at.value.server().map(|url| Sourced::new(url.clone(), at.origin.clone()));
        let (at, models) = self.server_auth(server(&tracking).as_ref(), server(&registry).as_ref())?;
        let (tracking_url, auth, tracking_api) = match &tracking.value {
            Place::Server(url) => (bare(url), at, TrackingApi::Mlflow),
            Place::Workspace(login) => {
                let workspace = self.databricks(login)?;
                (workspace.host, workspace.auth, TrackingApi::Databricks)
            }
            Place::Catalog(_) | Place::Open(_) => {
                let reason = format!("{}: a catalog holds models, not runs", tracking.origin);
                return Err(self.refuse(reason).with_hint(
                    "Set the tracking URI to databricks or to an MLflow server, and the registry URI to the catalog.",
                ));
            }
        };
        let (registry_url, registry_auth) = match (&registry.value, &tracking.value) {
            (Place::Server(url), _) => (bare(url), models),
            (Place::Open(url), _) => (bare(url), self.open_auth()),
            // The same workspace: its credentials are known already.
            (Place::Workspace(of) | Place::Catalog(of), Place::Workspace(login)) if of == login => {
                (tracking_url.clone(), auth.clone())
            }
            (Place::Workspace(login) | Place::Catalog(login), _) => {
                let workspace = self.databricks(login)?;
                (workspace.host, workspace.auth)
            }
        };
        for (url, auth) in [(&tracking_url, &auth), (&registry_url, &registry_auth)] {
            let (what, short) = match auth {
                MlflowAuth::None => continue,
                MlflowAuth::Basic { password, .. } => ("user and password for MLflow", ("password", password)),
                MlflowAuth::Bearer(token) => ("the MLflow token", ("token", token)),
                // Their addresses were checked already: the file cannot allow plain HTTP to a workspace.
                MlflowAuth::ServicePrincipal { .. } | MlflowAuth::DatabricksCli { .. } => continue,
            };
            self.tell_short(short);
            self.keep_encrypted(url, what)?;
        }
        Ok(MlflowConnection {
            tracking: tracking_url,
            registry: registry_url,
            auth,
            registry_auth,
            tls: self.tls()?,
            timing: self.timing()?,
            workspace: self.workspace()?,
            catalog: self.catalog(registry_api)?,
            tracking_api,
            registry_api,
            cloud: Cloud::of(self.env),
        })
    }

    /// The token of an open-source Unity Catalog, by MLflow's own variable.
    fn open_auth(&mut self) -> MlflowAuth {
        const TOKEN: &str = "MLFLOW_UC_OSS_TOKEN";
        match self.env.get(TOKEN).map(|token| SecretString::from(token.to_owned())) {
            Some(token) => {
                self.secret("registry_token", Some(&Origin::Env(TOKEN.to_owned())));
                MlflowAuth::Bearer(token)
            }
            None => MlflowAuth::None,
        }
    }

    /// The credentials for MLflow servers among the two. Addresses are those with user and password.
    fn server_auth(
        &mut self,
        tracking: Option<&Sourced<Url>>,
        registry: Option<&Sourced<Url>>,
    ) -> Outcome<(MlflowAuth, MlflowAuth)> {
        if tracking.is_none() && registry.is_none() {
            return Ok((MlflowAuth::None, MlflowAuth::None));
        }
        let found = self.mlflow_auth(tracking, registry)?;
        self.optional("tracking_username", found.username.as_ref());
        self.secret("tracking_password", found.password.as_ref());
        self.secret("tracking_token", found.token.as_ref());
        self.notices.extend(found.notices);
        Ok(match (found.auth, registry) {
            // User and password in an address belong to the server of that address.
            (MlflowAuth::None, registry) => (
                tracking.and_then(|at| address_auth(&at.value)).unwrap_or(MlflowAuth::None),
                registry.map_or(MlflowAuth::None, |registry| self.registry_auth(tracking, registry)),
            ),
            (auth, _) => (auth.clone(), auth),
        })
    }

    /// Says that a secret is too short to be hidden in what the server sends.
    fn tell_short(&mut self, (what, secret): (&str, &SecretString)) {
        let notice = format!(
            "the MLflow {what} has fewer than {SHORTEST_HIDDEN} characters: such a short one cannot be hidden in what the server sends"
        );
        if secret.expose_secret().len() < SHORTEST_HIDDEN && !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// Refuses to send credentials unencrypted over a network, unless the file allows it for this target.
    pub(super) fn keep_encrypted(&mut self, url: &Url, what: &str) -> Outcome<()> {
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

    fn catalog(&mut self, registry: RegistryApi) -> Outcome<Option<String>> {
        let filed = self.section.catalog.as_ref();
        self.optional("catalog", filed);
        match (filed, registry) {
            (Some(filed), RegistryApi::Mlflow | RegistryApi::Workspace) => {
                let reason = format!("catalog ({}): only Unity Catalog has catalogs", filed.origin);
                Err(self.refuse(reason).with_hint("Leave it out, or set registry_uri = \"databricks-uc\"."))
            }
            (filed, _) => Ok(filed.map(|filed| filed.value.clone())),
        }
    }

    /// One of the two places: flag, else variable, else file. `usual` is the place without all three.
    fn place(
        &mut self,
        key: &'static str,
        flag: Option<Sourced<String>>,
        variable: Option<&str>,
        filed: Option<&Sourced<String>>,
        usual: Option<&Place>,
    ) -> Outcome<Option<Sourced<Place>>> {
        let named = variable.and_then(|name| Some((name, self.env.get(name)?.to_owned())));
        let from_environment = if flag.is_some() { None } else { named };
        let environment = from_environment.clone().map(|(name, text)| Sourced::new(text, Origin::Env(name.to_owned())));
        let Some(text) = flag.or(environment).or_else(|| filed.cloned()) else {
            return Ok(None);
        };
        let parsed = Place::parse(&text.value);
        let mut place = parsed.map_err(|e| self.refuse(format!("{}: {e}", text.origin)))?;
        match from_environment {
            None => {
                let open = place.without_credentials();
                place = open.map_err(|e| self.refuse(format!("{}: {e}", text.origin)))?;
            }
            Some((name, _)) => {
                let wanted = filed.and_then(|filed| Place::parse(&filed.value).ok());
                if wanted.as_ref().or(usual) != Some(&place.bare()) {
                    self.environment_overrides(key, filed, name, &place.bare().to_string())?;
                }
            }
        }
        Ok(Some(Sourced::new(place, text.origin)))
    }

    fn no_server(&self) -> Failure {
        let refused = self.refuse("no MLflow server is configured");
        if self.env.get("DATABRICKS_HOST").is_some() || self.env.get("DATABRICKS_CONFIG_PROFILE").is_some() {
            return refused
                .with_hint("Set MLFLOW_TRACKING_URI=databricks to use the Databricks workspace of this environment.");
        }
        refused.with_hint(
            "Set MLFLOW_TRACKING_URI=http://host:5000, or write a configuration with `signoff config init`; \
             `signoff demo` needs no server.",
        )
    }

    fn mlflow_auth(&mut self, tracking: Option<&Sourced<Url>>, registry: Option<&Sourced<Url>>) -> Outcome<FoundAuth> {
        let section = self.section;
        let mut named = NamedVariables {
            token: section.tracking_token_env.clone(),
            username: section.tracking_username_env.clone(),
            password: section.tracking_password_env.clone(),
        };
        // The variables named by a target belong to its configured servers. They are not sent anywhere else.
        if named.any() && [tracking, registry].into_iter().flatten().any(|url| !self.is_filed_mlflow(&url.value)) {
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
        if let (MlflowAuth::None, Some(tracking)) = (&found.auth, tracking)
            && let Some(MlflowAuth::Basic { username, .. }) = address_auth(&tracking.value)
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
    fn registry_auth(&mut self, tracking: Option<&Sourced<Url>>, registry: &Sourced<Url>) -> MlflowAuth {
        if let Some(auth) = address_auth(&registry.value) {
            if !matches!(registry.origin, Origin::Derived(_)) {
                self.secret("registry_password", Some(&registry.origin));
            }
            return auth;
        }
        let Some((tracking, auth)) = tracking.and_then(|at| Some((at, address_auth(&at.value)?))) else {
            return MlflowAuth::None;
        };
        if address::same_server(&tracking.value, &registry.value) {
            return auth;
        }
        self.notices.push(format!(
            "the user and password in {} belong to that server, and are not sent to the registry {}",
            tracking.origin,
            bare(&registry.value)
        ));
        MlflowAuth::None
    }

    /// Whether the file gives this target a server with this scheme, host and port, or no server at all.
    fn is_filed_mlflow(&self, url: &Url) -> bool {
        let filed: Vec<Url> = [&self.section.tracking_uri, &self.section.registry_uri]
            .into_iter()
            .flatten()
            .filter_map(|s| Place::parse(&s.value).ok()?.server().cloned())
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

    pub(super) fn secret(&mut self, key: &str, origin: Option<&Origin>) {
        match origin {
            Some(origin) => self.show(key, HIDDEN, origin),
            None => self.show(key, "", &Origin::Default),
        }
    }
}

/// User and password in an address.
fn address_auth(url: &Url) -> Option<MlflowAuth> {
    let decode = |s: &str| percent_encoding::percent_decode_str(s).decode_utf8_lossy().into_owned();
    let password = SecretString::from(decode(url.password()?));
    Some(MlflowAuth::Basic { username: decode(url.username()), password })
}
