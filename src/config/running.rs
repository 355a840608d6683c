//! `[targets.NAME.running.WITNESS]`: what is asked what runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use super::address::without_credentials;
use super::env::Env;
use super::origin::{Origin, Sourced};
use super::reader::{Section, variable};
use super::show::Shown;
use crate::domain::address::{is_loopback, redacted};
use crate::domain::text::clean_line;
use crate::domain::witness::VersionAt;

/// Minutes for which the version from before may still run.
const SETTLE_MINUTES: u64 = 30;
/// Seconds for one request.
const TIMEOUT_SECONDS: u64 = 10;

/// The type of a witness, as the file spells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessType {
    GithubDeployment,
    Airflow,
    DatabricksJob,
    Http,
}

const TYPES: &[(&str, WitnessType)] = &[
    ("github-deployment", WitnessType::GithubDeployment),
    ("airflow", WitnessType::Airflow),
    ("databricks-job", WitnessType::DatabricksJob),
    ("http", WitnessType::Http),
];

impl WitnessType {
    /// Its name in the file.
    pub fn name(self) -> &'static str {
        TYPES.iter().find(|(_, kind)| *kind == self).map_or("http", |(name, _)| name)
    }
}

/// Which API of Airflow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AirflowApi {
    /// Whatever the server has.
    #[default]
    Auto,
    /// Airflow 2.
    V1,
    /// Airflow 3.
    V2,
}

const APIS: &[(&str, AirflowApi)] = &[("auto", AirflowApi::Auto), ("v1", AirflowApi::V1), ("v2", AirflowApi::V2)];

/// One witness as the file has it.
#[derive(Clone, Debug)]
pub struct WitnessSection {
    name: String,
    kind: Sourced<WitnessType>,
    models: Option<Sourced<Vec<String>>>,
    settle_minutes: Option<Sourced<u64>>,
    environment: Option<Sourced<String>>,
    url: Option<Sourced<String>>,
    dag: Option<Sourced<String>>,
    job: Option<Sourced<String>>,
    pointer: Option<Sourced<String>>,
    api: Option<Sourced<AirflowApi>>,
    version: Option<Sourced<VersionAt>>,
    username_env: Option<Sourced<String>>,
    password_env: Option<Sourced<String>>,
    token_env: Option<Sourced<String>>,
    ca_file: Option<Sourced<PathBuf>>,
    timeout_seconds: Option<Sourced<u64>>,
}

/// Reads all witnesses of a target.
pub(super) fn read(section: Section<'_, '_>, home: Option<&Path>) -> Vec<WitnessSection> {
    section.children().into_iter().filter_map(|(name, line, section)| witness(&name, line, section, home)).collect()
}

fn witness(name: &str, line: usize, mut s: Section<'_, '_>, home: Option<&Path>) -> Option<WitnessSection> {
    if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) {
        s.note(line, format!("'{}' cannot be the name of a witness: use letters, digits, - and _", clean_line(name)));
    }
    let Some(kind) = s.choice("type", TYPES) else {
        // A mistake in the type is noted already.
        if !s.has("type") {
            let words: Vec<&str> = TYPES.iter().map(|(word, _)| *word).collect();
            s.note(line, format!("a witness needs a type: {}", words.join(", ")));
        }
        return None;
    };
    let mut witness = WitnessSection {
        name: name.to_owned(),
        models: s.patterns("models"),
        settle_minutes: s.integer("settle_minutes", 0..=100_000),
        environment: None,
        url: None,
        dag: None,
        job: None,
        pointer: None,
        api: None,
        version: None,
        username_env: None,
        password_env: None,
        token_env: None,
        ca_file: None,
        timeout_seconds: None,
        kind,
    };
    let server = |s: &mut Section<'_, '_>, witness: &mut WitnessSection| {
        witness.url = s.parsed("url", address);
        witness.token_env = s.parsed("token_env", variable);
        witness.ca_file = s.path("ca_file", home);
        witness.timeout_seconds = s.integer("timeout_seconds", 1..=600);
    };
    let missing = match witness.kind.value {
        WitnessType::GithubDeployment => {
            witness.environment = s.string("environment");
            None
        }
        WitnessType::Airflow => {
            server(&mut s, &mut witness);
            witness.dag = s.string("dag");
            witness.api = s.choice("api", APIS);
            witness.version = s.parsed("version", version_of_dag);
            witness.username_env = s.parsed("username_env", variable);
            witness.password_env = s.parsed("password_env", variable);
            let has = |set: bool, key| (!set && !s.has(key)).then_some(key);
            has(witness.url.is_some(), "url").or(has(witness.dag.is_some(), "dag"))
        }
        WitnessType::DatabricksJob => {
            witness.job = s.string("job");
            witness.version = s.parsed("version", version_of_job);
            (witness.job.is_none() && !s.has("job")).then_some("job")
        }
        WitnessType::Http => {
            server(&mut s, &mut witness);
            witness.pointer = s.text("pointer", pointer);
            let has = |set: bool, key| (!set && !s.has(key)).then_some(key);
            has(witness.url.is_some(), "url").or(has(witness.pointer.is_some(), "pointer"))
        }
    };
    if let Some(key) = missing {
        s.note(line, format!("the witness {} needs a {key}", clean_line(name)));
    }
    if witness.username_env.is_some() != witness.password_env.is_some() {
        s.note(line, format!("the witness {} needs username_env and password_env together", clean_line(name)));
    }
    if let Some(url) = witness.url.as_ref().filter(|_| witness.has_secret()) {
        let plain = Url::parse(&url.value.replace("{model}", "model"))
            .is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url));
        if plain {
            s.note(
                line,
                format!("the witness {}: its credentials would travel unencrypted; use https", clean_line(name)),
            );
        }
    }
    s.finish();
    Some(witness)
}

/// An address, which may hold `{model}` behind its host.
fn address(text: &str) -> Result<String, String> {
    let parsed = |model: &str| Url::parse(&text.replace("{model}", model));
    let (Ok(url), Ok(other)) = (parsed("a"), parsed("b")) else {
        return Err(format!("'{}' is not an address such as https://serving.example/health", redacted(text)));
    };
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(format!("'{}' is not an address such as https://serving.example/health", redacted(text)));
    }
    if url.origin() != other.origin() {
        return Err("{model} may stand behind the host only".to_owned());
    }
    without_credentials(url)?;
    Ok(text.to_owned())
}

/// A JSON pointer (RFC 6901): empty, or parts that each begin with a slash.
fn pointer(text: &str) -> Result<String, String> {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    match (text.is_empty() || text.starts_with('/')) && escapes {
        true => Ok(text.to_owned()),
        false => Err(format!("'{}' is not a JSON pointer such as /model/version", clean_line(text))),
    }
}

fn version_of_dag(text: &str) -> Result<VersionAt, String> {
    const SHAPE: &str = "write \"conf:/model_version\", \"xcom:TASK/KEY\" or \"tag:PREFIX\"";
    match text.split_once(':') {
        Some(("conf", at)) => pointer(at).map(VersionAt::Conf),
        Some(("xcom", at)) => match at.split_once('/') {
            Some((task, key)) if !task.is_empty() && !key.is_empty() => {
                Ok(VersionAt::Xcom { task: task.to_owned(), key: key.to_owned() })
            }
            _ => Err(format!("'{}' names no task and key; {SHAPE}", clean_line(text))),
        },
        Some(("tag", prefix)) if !prefix.is_empty() => Ok(VersionAt::Tag(prefix.to_owned())),
        _ => Err(format!("'{}' is no place of a version; {SHAPE}", clean_line(text))),
    }
}

fn version_of_job(text: &str) -> Result<VersionAt, String> {
    match text.split_once(':') {
        Some(("conf", at)) => pointer(at).map(VersionAt::Conf),
        _ => Err(format!("'{}' is no place of a version; write \"conf:/model_version\"", clean_line(text))),
    }
}

/// Credentials for a witness. Its `Debug` shows no secret.
#[derive(Clone, Debug)]
pub enum WitnessAuth {
    None,
    Basic {
        username: String,
        password: SecretString,
    },
    Bearer(SecretString),
    /// A variable that the file names is not set.
    Missing(String),
}

/// How a witness's server is reached.
#[derive(Clone, Debug)]
pub struct WitnessServer {
    pub url: String,
    pub auth: WitnessAuth,
    pub ca_file: Option<PathBuf>,
    pub timeout: Duration,
}

/// What a witness is.
#[derive(Clone, Debug)]
pub enum WitnessKind {
    GithubDeployment { environment: String },
    Airflow { server: WitnessServer, dag: String, api: AirflowApi, version: Option<VersionAt> },
    DatabricksJob { job: String, version: Option<VersionAt> },
    Http { server: WitnessServer, pointer: String },
}

impl WitnessKind {
    /// The type's name in the file.
    pub fn name(&self) -> &'static str {
        match self {
            Self::GithubDeployment { .. } => WitnessType::GithubDeployment,
            Self::Airflow { .. } => WitnessType::Airflow,
            Self::DatabricksJob { .. } => WitnessType::DatabricksJob,
            Self::Http { .. } => WitnessType::Http,
        }
        .name()
    }
}

/// One witness with all layers applied.
#[derive(Clone, Debug)]
pub struct WitnessSettings {
    pub name: String,
    pub models: Vec<String>,
    pub settle_minutes: u64,
    pub kind: WitnessKind,
}

impl WitnessSection {
    fn has_secret(&self) -> bool {
        self.token_env.is_some() || self.password_env.is_some()
    }

    pub(super) fn settings(&self, env: &Env) -> WitnessSettings {
        let value = |set: &Option<Sourced<String>>| set.as_ref().map(|s| s.value.clone()).unwrap_or_default();
        let version = self.version.as_ref().map(|v| v.value.clone());
        let kind = match self.kind.value {
            WitnessType::GithubDeployment => WitnessKind::GithubDeployment {
                environment: self.environment.as_ref().map_or_else(|| "production".to_owned(), |e| e.value.clone()),
            },
            WitnessType::Airflow => WitnessKind::Airflow {
                server: self.server(env),
                dag: value(&self.dag),
                api: self.api.as_ref().map(|a| a.value).unwrap_or_default(),
                version,
            },
            WitnessType::DatabricksJob => WitnessKind::DatabricksJob { job: value(&self.job), version },
            WitnessType::Http => WitnessKind::Http { server: self.server(env), pointer: value(&self.pointer) },
        };
        WitnessSettings {
            name: self.name.clone(),
            models: self.models.as_ref().map_or_else(|| vec!["*".to_owned()], |m| m.value.clone()),
            settle_minutes: self.settle_minutes.as_ref().map_or(SETTLE_MINUTES, |m| m.value),
            kind,
        }
    }

    fn server(&self, env: &Env) -> WitnessServer {
        let of = |name: &Sourced<String>| env.get(&name.value).map(str::to_owned).ok_or_else(|| name.value.clone());
        let auth = match (&self.token_env, &self.username_env, &self.password_env) {
            (Some(token), _, _) => {
                of(token).map_or_else(WitnessAuth::Missing, |token| WitnessAuth::Bearer(token.into()))
            }
            (None, Some(user), Some(password)) => match (of(user), of(password)) {
                (Ok(username), Ok(password)) => WitnessAuth::Basic { username, password: password.into() },
                (Err(name), _) | (_, Err(name)) => WitnessAuth::Missing(name),
            },
            (None, _, _) => WitnessAuth::None,
        };
        WitnessServer {
            url: self.url.as_ref().map(|u| u.value.clone()).unwrap_or_default(),
            auth,
            ca_file: self.ca_file.as_ref().map(|f| f.value.clone()),
            timeout: Duration::from_secs(self.timeout_seconds.as_ref().map_or(TIMEOUT_SECONDS, |t| t.value)),
        }
    }

    /// What `config show` prints of it.
    pub(super) fn shown(&self, target: &str) -> Vec<Shown> {
        let settle = self.settle_minutes.clone().unwrap_or_else(|| Sourced::default_of(SETTLE_MINUTES));
        let all = || Sourced::default_of(vec!["*".to_owned()]);
        let models = self.models.clone().unwrap_or_else(all);
        let mut out = Vec::new();
        let mut show = |key: &str, value: String, origin: &Origin| {
            out.push(Shown::new(format!("targets.{target}.running.{}.{key}", self.name), value, origin));
        };
        show("type", self.kind.value.name().to_owned(), &self.kind.origin);
        show("models", models.value.join(", "), &models.origin);
        show("settle_minutes", settle.value.to_string(), &settle.origin);
        let texts = [
            ("environment", &self.environment),
            ("url", &self.url),
            ("dag", &self.dag),
            ("job", &self.job),
            ("pointer", &self.pointer),
            ("username_env", &self.username_env),
            ("password_env", &self.password_env),
            ("token_env", &self.token_env),
        ];
        for (key, value) in texts {
            if let Some(value) = value {
                let text = if key == "url" { redacted(&value.value) } else { value.value.clone() };
                show(key, text, &value.origin);
            }
        }
        out
    }
}
