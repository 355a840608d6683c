//! Who is signed in to a workspace, and the workspace's id.

use tokio::sync::OnceCell;

use super::wire;
use crate::adapters::mlflow::{Mlflow, client};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::registry::UserKind;
use crate::domain::text::clean_line;

/// What a workspace says of its user; asked once.
#[derive(Debug, Default)]
pub(super) struct Identity(OnceCell<Told>);

#[derive(Clone, Debug)]
pub(super) struct Told {
    /// None if the workspace does not let its API say.
    pub user: Option<String>,
    pub kind: UserKind,
    /// The workspace's id, as its answers carry it.
    pub workspace_id: Option<String>,
}

impl Identity {
    pub(super) async fn told(&self, api: &Mlflow) -> Outcome<Told> {
        self.0.get_or_try_init(|| ask(api)).await.cloned()
    }

    /// The workspace's id, as far as it is known without a request.
    pub(super) fn workspace_id(&self) -> Option<&str> {
        self.0.get()?.workspace_id.as_deref()
    }
}

async fn ask(api: &Mlflow) -> Outcome<Told> {
    let what = "ask the workspace who you are";
    let call = client::get_raw("api/2.0/preview/scim/v2/Me", what);
    let (server, call) = api.registry.ready(call).await?;
    let answer = match server.answer(&call).await {
        Ok(answer) => answer,
        // The API for identities may be closed to a token that may read models.
        Err(f) if matches!(f.kind, FailureKind::Forbidden | FailureKind::NotFound | FailureKind::Rejected) => {
            return Ok(Told { user: None, kind: UserKind::Untold, workspace_id: None });
        }
        Err(f) => return Err(f),
    };
    let me: wire::Me = server.parse(&call, &answer)?;
    let name = clean_line(&me.user_name);
    if name.is_empty() {
        let reason = "the workspace answered without a user name";
        return Err(Failure::new(FailureKind::Protocol, Service::Mlflow, what, reason));
    }
    let id = answer.header("x-databricks-org-id");
    let plain = !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit());
    Ok(Told {
        // A service principal's user name is its application id (a UUID).
        kind: if is_uuid(&name) { UserKind::Service } else { UserKind::Person },
        user: Some(name),
        workspace_id: plain.then(|| id.to_owned()),
    })
}

fn is_uuid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}
