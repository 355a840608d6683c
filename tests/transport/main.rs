//! One transport for every server: the meaning of each request end, in one table for all dialects.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod ends;
mod lists;
mod secrets;

use std::time::Duration;

use secrecy::SecretString;
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
    Github,
}

const KINDS: [Kind; 2] = [Kind::Mlflow, Kind::Github];

/// An adapter with fast retries and short timeouts.
enum Adapter {
    Mlflow(Box<Mlflow>),
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
            Self::Github(github) => github.repository(&repo()).await.map(drop),
        }
    }

    async fn write(&self) -> Outcome<()> {
        let proof = journaled().await;
        match self {
            Self::Mlflow(mlflow) => {
                mlflow.set_version_tag(&proof, &ModelName::new("m"), VersionNumber(1), "k", "v").await
            }
            Self::Github(github) => github.create_tag_ref(&proof, &plan(1), "0").await,
        }
    }
}
