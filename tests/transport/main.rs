//! One transport for every server: the meaning of each request end, in one table for all dialects.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod airflow;
mod ends;
mod lists;
mod secrets;
mod witness;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use signoff::adapters::databricks::{self, KnownRegistry, SignIn};
use signoff::adapters::github::{self, GitHub, TokenSource};
use signoff::adapters::mlflow::{self, Auth, Endpoint, Mlflow};
use signoff::domain::failure::Outcome;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::ports::{ModelRegistry, ReleaseHost};

use support::journal::journaled;
use support::plan::{plan, repo};

const TOKEN: &str = "t0ken-of-the-connection";

/// The kinds of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Mlflow,
    Databricks,
    Github,
}

const KINDS: [Kind; 3] = [Kind::Mlflow, Kind::Databricks, Kind::Github];

/// No registry is known.
#[derive(Debug)]
struct Unknown;

#[async_trait]
impl KnownRegistry for Unknown {
    async fn knows(&self, _url: &str) -> bool {
        false
    }
}

/// An adapter with fast retries and short timeouts.
enum Adapter {
    Mlflow(Box<Mlflow>),
    /// Its registry.
    Databricks(Arc<dyn ModelRegistry>),
    Github(Box<GitHub>),
}

impl Adapter {
    fn new(kind: Kind, url: &str, timeout: Duration) -> Self {
        Self::with(kind, url, timeout, Auth::Bearer(TOKEN.to_owned().into()))
    }

    fn with(kind: Kind, url: &str, timeout: Duration, auth: Auth) -> Self {
        match kind {
            Kind::Mlflow => {
                let mut to = mlflow::Connection::new(Endpoint::parse(url, auth).unwrap());
                (to.settings.timeout, to.settings.repeat.pause) = (timeout, Duration::ZERO);
                Self::Mlflow(Box::new(Mlflow::new(&to)))
            }
            Kind::Databricks => {
                let sign_in = match auth {
                    Auth::Bearer(token) => SignIn::Token(token),
                    // There are only tokens.
                    Auth::None | Auth::Basic { .. } | Auth::Renewed(_) => SignIn::Token(TOKEN.to_owned().into()),
                };
                let mut settings = mlflow::Connection::settings();
                (settings.timeout, settings.repeat.pause) = (timeout, Duration::ZERO);
                let endpoint = databricks::endpoint(&url.parse().unwrap(), &sign_in, &settings).unwrap();
                let to = mlflow::Connection { settings, ..mlflow::Connection::new(endpoint) };
                Self::Databricks(databricks::ports(&to, databricks::Registry::Catalog, Arc::new(Unknown)).0)
            }
            Kind::Github => {
                let token = TokenSource::Value(SecretString::from(TOKEN));
                let mut to = github::Connection::to_api(url.parse().unwrap(), token);
                (to.settings.timeout, to.settings.repeat.pause) = (timeout, Duration::ZERO);
                Self::Github(Box::new(GitHub::new(to)))
            }
        }
    }

    async fn read(&self) -> Outcome<()> {
        match self {
            Self::Mlflow(mlflow) => mlflow.model(&ModelName::new("m")).await.map(drop),
            Self::Databricks(registry) => registry.model(&ModelName::new("m")).await.map(drop),
            Self::Github(github) => github.cd_run(&repo(), 7).await.map(drop),
        }
    }

    async fn write(&self) -> Outcome<()> {
        let proof = journaled().await;
        match self {
            Self::Mlflow(mlflow) => {
                mlflow.set_version_tag(&proof, &ModelName::new("m"), VersionNumber(1), "k", "v").await
            }
            Self::Databricks(registry) => {
                registry.set_version_tag(&proof, &ModelName::new("m"), VersionNumber(1), "k", "v").await
            }
            Self::Github(github) => github.create_tag_ref(&proof, &plan(1), "0").await,
        }
    }
}
