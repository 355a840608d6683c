//! What the registry server reports about itself and the user.

use secrecy::ExposeSecret as _;

use super::client::SERVER_INFO;
use super::connection::Auth;
use super::{Mlflow, client, wire};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::ModelName;
use crate::domain::registry::{Permission, RegistryInfo, UserKind};
use crate::domain::text::{clean_line, shorten};

const HOLE: &str = "Open-source MLflow does not record who set a stage or an alias. The Git tag, the release and the \
                    journal on the signer's machine record who approved.";

impl Mlflow {
    pub(super) async fn server_info(&self) -> Outcome<RegistryInfo> {
        let (version, user, workspace) =
            futures_util::future::try_join3(self.server_version(), self.signed_in_as(), self.registry.workspace())
                .await?;
        let number = |n: usize| version.split('.').nth(n).and_then(|n| n.parse::<u64>().ok());
        let (major, minor) = (number(0), number(1));
        Ok(RegistryInfo {
            // The column was widened in 3.x (measured on 2.22 and 3.18).
            requests: false,
            chosen: None,
            holes: vec![HOLE.to_owned()],
            tag_value_limit: if major.is_some_and(|major| major >= 3) { 100_000 } else { 5_000 },
            version,
            user,
            user_kind: UserKind::Person,
            workspace,
            stages: true,
            // Since 2.3; where the version is not told, the first use will tell.
            aliases: !matches!((major, minor), (Some(0..=1), _) | (Some(2), Some(0..=2))),
        })
    }

    /// `/version` as both 2.x and 3.x have it (text sent as HTML). `3.x` or `unknown` behind proxies that forward only
    /// the API.
    async fn server_version(&self) -> Outcome<String> {
        let what = "ask the server for its version";
        match self.registry.text(client::get_raw("version", what)).await {
            Ok(text) if looks_like_version(text.trim()) => return Ok(shorten(&clean_line(text.trim()), 40)),
            // Some web page: possibly not MLflow at all. The API decides.
            Ok(_) => {}
            Err(f) if matches!(f.kind, FailureKind::Protocol | FailureKind::NotFound) => {}
            Err(f) => return Err(f),
        }
        let probe = client::get_raw(SERVER_INFO, what);
        if self.registry.optional::<wire::ServerInfo>(probe).await?.is_some() {
            return Ok("3.x".to_owned());
        }
        let models = client::get("registered-models/search", what).query("max_results", "1");
        self.registry.json::<wire::ModelPage>(models).await.map(|_| "unknown".to_owned())
    }

    /// Whether the user may change a model, where MLflow's basic auth says so: for the user itself, on 3.x
    /// (read at 3.17); on 2.x only grants of one's own are told, not the default. None elsewhere.
    pub(super) async fn edit_permission(&self, model: &ModelName) -> Outcome<Option<Permission>> {
        let Auth::Basic { user, .. } = self.registry.auth() else {
            return Ok(None);
        };
        let what = format!("ask whether you may change {model}");
        let call = client::get_raw("api/3.0/mlflow/users/permissions/get", what.as_str())
            .query("username", user.as_str())
            .query("resource_type", "registered_model")
            .query("resource_id", model.as_str());
        let said = match self.registry.function::<wire::Permission>(call).await {
            Ok(Some((said, _))) => Some(said.permission.0),
            Ok(None) => self.granted(user, model).await?,
            // Whoever may not even ask is told so by the reads that matter.
            Err(f) if matches!(f.kind, FailureKind::Forbidden | FailureKind::NotFound | FailureKind::Rejected) => None,
            Err(f) => return Err(f),
        };
        Ok(said.and_then(|level| {
            let enough = match level.as_str() {
                "EDIT" | "MANAGE" => true,
                "NO_PERMISSIONS" | "READ" | "USE" => false,
                _ => return None,
            };
            Some(Permission { level, enough, needed: "EDIT" })
        }))
    }

    /// The permission that 2.x lists for the user; administrators may do everything.
    async fn granted(&self, user: &str, model: &ModelName) -> Outcome<Option<String>> {
        let call = client::get("users/get", "ask the server who you are").query("username", user);
        let Some(answer) = self.registry.optional::<wire::OneUser>(call).await? else { return Ok(None) };
        if answer.user.is_admin {
            return Ok(Some("MANAGE".to_owned()));
        }
        let own = answer.user.registered_model_permissions.into_iter().find(|grant| grant.name == model.as_str());
        Ok(own.map(|grant| grant.permission.0))
    }

    /// The user by MLflow's basic auth; none without it. Unknown through a token proxy.
    pub(super) async fn signed_in_as(&self) -> Outcome<Option<String>> {
        let Auth::Basic { user, password } = self.registry.auth() else {
            return Ok(None);
        };
        if password.expose_secret().is_empty() && user.is_empty() {
            return Ok(None);
        }
        let what = "ask the server who you are";
        // 3.x has `current`; on 2.x a user may query their own name.
        let current = self.registry.optional::<wire::OneUser>(client::get("users/current", what)).await?;
        let answer = match current {
            Some(answer) => Some(answer),
            None => {
                let by_name = client::get("users/get", what).query("username", user.as_str());
                self.registry.optional::<wire::OneUser>(by_name).await?
            }
        };
        match answer {
            None => Ok(None),
            Some(a) if a.user.username.is_empty() => {
                Err(Failure::new(FailureKind::Protocol, Service::Mlflow, what, "the server answered without a name"))
            }
            Some(a) => Ok(Some(clean_line(&a.user.username))),
        }
    }
}

fn looks_like_version(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.contains('.')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ".+-".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_versions_are_taken_for_versions() {
        for good in ["2.22.5", "3.18.0", "3.0.0rc1", "2.10.1.dev0+acme"] {
            assert!(looks_like_version(good), "{good}");
        }
        for bad in ["", "OK", "<!doctype html>", "3", "1.0 <b>"] {
            assert!(!looks_like_version(bad), "{bad}");
        }
    }
}
