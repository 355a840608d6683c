//! Databricks: a workspace's tracking server, its own model registry, and Unity Catalog by way of a workspace.
//!
//! Most of it is MLflow's API, so the routes and converters of [`super::mlflow`] are used; what differs is here: signing
//! in, words and hints, paging, stage transitions, tags, web pages. Nothing outside this room asks which registry it is.
//!
//! Sources: the Databricks SDKs (0.156), MLflow's stores for both registries (3.17) and their tests. No live workspace
//! was reached; `tests/databricks` runs against a double that MLflow's and Databricks' own clients drive too.

mod artifacts;
mod assumed;
mod auth;
mod catalog;
mod deployment;
mod dialect;
mod identity;
mod jobs;
mod links;
mod neighbours;
mod open;
mod own_files;
mod scope;
mod wire;
mod workspace;

use std::path::PathBuf;
use std::sync::Arc;

use secrecy::SecretString;
use url::Url;

use crate::adapters::http::{Pace, Tokens, Wire};
use crate::adapters::mlflow::{Auth, Connection, Endpoint, Mlflow};
use crate::domain::failure::Outcome;
use crate::ports::ModelRegistry;
use crate::ports::tracking::TrackingServer;

use identity::{Identity, WorkspaceId};
use neighbours::{Neighbour, Neighbours};
use scope::Scope;

pub use assumed::KnownRegistry;
pub use jobs::Jobs;

/// How to sign in to a workspace.
#[derive(Clone, Debug)]
pub enum SignIn {
    /// Nothing to sign in with.
    None,
    Token(SecretString),
    /// OAuth of a service principal.
    ServicePrincipal {
        client_id: String,
        secret: SecretString,
    },
    /// `databricks auth token` for a profile of this file.
    Cli {
        profile: String,
        file: PathBuf,
    },
}

/// Which registry of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registry {
    /// The workspace's own.
    Workspace,
    Catalog,
    /// Unity Catalog, or the workspace's own where it has no metastore.
    Assumed,
    /// An MLflow server; only the runs are in a workspace.
    Server,
    /// Open-source Unity Catalog, a server of its own.
    Open,
}

/// The ids of the registry's workspace, and of the one with the runs.
#[derive(Clone, Debug)]
struct Places {
    registry: WorkspaceId,
    of_runs: WorkspaceId,
    others: Neighbours,
}

/// The server at `host`, in the words of Databricks.
///
/// # Errors
/// [`crate::domain::failure::FailureKind::Config`] if the address is not a web URL.
pub fn endpoint(host: &Url, sign_in: &SignIn, settings: &crate::adapters::http::Settings) -> Outcome<Endpoint> {
    let renewed = |tokens: Arc<dyn Tokens>| Auth::Renewed(tokens);
    let auth = match sign_in.clone() {
        SignIn::None => Auth::None,
        SignIn::Token(token) => Auth::Bearer(token),
        SignIn::ServicePrincipal { client_id, secret } => {
            let wire = Arc::new(Wire::new(settings.clone()));
            renewed(Arc::new(auth::PrincipalTokens::new(wire, host.clone(), client_id, secret)))
        }
        SignIn::Cli { profile, file } => renewed(Arc::new(auth::CliTokens::new(profile, file))),
    };
    Ok(known_by(Endpoint::parse(host.as_str(), auth)?, &WorkspaceId::default(), settings.paced))
}

/// The endpoint of a workspace whose answers tell `id`.
fn known_by(endpoint: Endpoint, id: &WorkspaceId, paced: bool) -> Endpoint {
    let (id, pace) = (id.clone(), paced.then(|| Pace::of(endpoint.url())));
    endpoint.with_dialect(move |auth| dialect::DatabricksDialect::boxed(auth, id.clone(), pace.clone()))
}

/// The server of an open-source Unity Catalog.
///
/// # Errors
/// [`crate::domain::failure::FailureKind::Config`] if the address is not a web URL.
pub fn open_endpoint(server: &Url, auth: Auth) -> Outcome<Endpoint> {
    Ok(Endpoint::parse(server.as_str(), auth)?.with_dialect(dialect::DatabricksDialect::open))
}

/// The ports of a target whose registry, or tracking server, is in Databricks. `connection` has the endpoints.
/// `earlier` says which registry the journals and records of this machine know, for [`Registry::Assumed`].
pub fn ports(
    connection: &Connection,
    registry: Registry,
    earlier: Arc<dyn KnownRegistry>,
) -> (Arc<dyn ModelRegistry>, Arc<dyn TrackingServer>) {
    ports_beside(connection, registry, earlier, &[])
}

/// As [`ports`]. `others` are the workspaces of other targets, through which runs of theirs are read.
pub fn ports_beside(
    connection: &Connection,
    registry: Registry,
    earlier: Arc<dyn KnownRegistry>,
    others: &[Connection],
) -> (Arc<dyn ModelRegistry>, Arc<dyn TrackingServer>) {
    let others = Neighbours::new(others.iter().map(neighbour).collect());
    // The registry's workspace, and the one with the runs. Their ids differ if they are two.
    let one = connection.registry.as_ref().is_none_or(|registry| registry.url() == connection.tracking.url());
    let id = WorkspaceId::default();
    let of_runs = if one { id.clone() } else { WorkspaceId::default() };
    let places = Places { of_runs, registry: id, others: others.clone() };
    let known = |endpoint: &Endpoint, id| match endpoint.is_mlflow() {
        true => endpoint.clone(),
        false => known_by(endpoint.clone(), id, connection.settings.paced),
    };
    let connection = &Connection {
        tracking: known(&connection.tracking, &places.of_runs),
        registry: connection.registry.as_ref().map(|endpoint| known(endpoint, &places.registry)),
        ..connection.clone()
    };
    let own = || Arc::new(Mlflow::new(connection));
    let identity = Arc::new(Identity::default());
    let scope = || connection.catalog.as_deref().map(Scope::new);
    let catalog = || {
        let api = Arc::new(Mlflow::new(connection).with_registry_routes(catalog::ROUTES));
        catalog::Catalog::new(api, Arc::clone(&identity), places.clone(), scope())
    };
    let workspace = || workspace::WorkspaceRegistry::new(own(), Arc::clone(&identity), places.clone());
    let ports: Arc<dyn ModelRegistry> = match registry {
        Registry::Workspace => Arc::new(workspace()),
        Registry::Server => own(),
        Registry::Open => Arc::new(open::OpenCatalog::new(own(), scope())),
        Registry::Catalog => Arc::new(catalog()),
        Registry::Assumed => Arc::new(assumed::Assumed::new(catalog(), workspace(), earlier)),
    };
    // The runs may be on an MLflow server that has nothing to do with Databricks.
    let tracking: Arc<dyn TrackingServer> = if connection.tracking.is_mlflow() {
        own()
    } else {
        let wire = Wire::new(connection.settings.clone());
        Arc::new(artifacts::DatabricksTracking::new(own(), places.of_runs, wire, others))
    };
    (ports, tracking)
}

/// The tracking server of another target.
fn neighbour(connection: &Connection) -> Neighbour {
    let id = WorkspaceId::default();
    let tracking = known_by(connection.tracking.clone(), &id, connection.settings.paced);
    let api = Arc::new(Mlflow::new(&Connection { tracking, registry: None, ..connection.clone() }));
    let wire = Wire::new(connection.settings.clone());
    let tracking = Arc::new(artifacts::DatabricksTracking::new(api.clone(), id.clone(), wire, Neighbours::default()));
    Neighbour { api, id, tracking, identity: Identity::default() }
}
