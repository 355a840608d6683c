//! Who is signed in to a workspace, and the workspace's id.

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;
use tokio::sync::OnceCell;

use super::wire;
use crate::adapters::mlflow::{Auth, Mlflow, client};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::registry::{SignInEnd, UserKind};
use crate::domain::text::clean_line;

/// A workspace's id, learned from its first answer. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkspaceId(Arc<OnceLock<String>>);

impl WorkspaceId {
    pub(super) fn learn(&self, header: &str) {
        if !header.is_empty() && header.bytes().all(|b| b.is_ascii_digit()) {
            // It stays the same.
            let _ = self.0.set(header.to_owned());
        }
    }

    /// None before the first answer.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.get().map(String::as_str)
    }
}

/// What a workspace says of its user; asked once.
#[derive(Debug, Default)]
pub(super) struct Identity(OnceCell<Told>);

#[derive(Clone, Debug)]
pub(super) struct Told {
    /// None if the workspace does not let its API say.
    pub user: Option<String>,
    pub kind: UserKind,
    /// Names of the groups that the user is in.
    pub groups: Vec<String>,
}

impl Identity {
    pub(super) async fn told(&self, api: &Mlflow) -> Outcome<Told> {
        self.0.get_or_try_init(|| ask(api)).await.cloned()
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
            return Ok(Told { user: None, kind: UserKind::Untold, groups: Vec::new() });
        }
        Err(f) => return Err(f),
    };
    let me: wire::Me = server.parse(&call, &answer)?;
    let name = clean_line(&me.user_name);
    if name.is_empty() {
        let reason = "the workspace answered without a user name";
        return Err(Failure::new(FailureKind::Protocol, Service::Mlflow, what, reason));
    }
    Ok(Told {
        // A service principal's user name is its application id (a UUID).
        kind: if is_uuid(&name) { UserKind::Service } else { UserKind::Person },
        user: Some(name),
        groups: me.groups.into_iter().map(|group| group.display).collect(),
    })
}

/// How long before its end a token should be replaced.
const SOON_DAYS: i64 = 14;

/// When the sign-in ends. OAuth's tokens are renewed; of a person's tokens the workspace lists the ends, and not which
/// one is in use.
pub(super) async fn sign_in_ends(api: &Mlflow) -> Outcome<Option<SignInEnd>> {
    if matches!(api.registry.auth(), Auth::Renewed(_)) {
        let said = "a token of OAuth, which is renewed before it ends".to_owned();
        return Ok(Some(SignInEnd { said, soon: false }));
    }
    let call = client::get_raw("api/2.0/token/list", "ask the workspace when your tokens end");
    let listed: wire::TokenList = match api.registry.json(call).await {
        Ok(listed) => listed,
        // Not every token may ask, and not every workspace tells.
        Err(f) if matches!(f.kind, FailureKind::Forbidden | FailureKind::NotFound | FailureKind::Rejected) => {
            return Ok(None);
        }
        Err(f) => return Err(f),
    };
    Ok(said_of(&listed, Timestamp::now()))
}

fn said_of(listed: &wire::TokenList, now: Timestamp) -> Option<SignInEnd> {
    let end = |token: &wire::TokenInfo| {
        let ms = token.expiry_time.0.filter(|ms| *ms > 0)?;
        Timestamp::from_millisecond(ms).ok().filter(|end| *end > now)
    };
    let ends = listed.token_infos.iter().filter_map(end).min();
    let (Some(first), count) = (ends, listed.token_infos.len()) else {
        let forever = !listed.token_infos.is_empty();
        return forever.then(|| SignInEnd { said: "none of your tokens has an end".to_owned(), soon: false });
    };
    let days = first.duration_since(now).as_hours() / 24;
    let at = first.strftime("%Y-%m-%d");
    let said = match count {
        1 => format!("your token ends on {at}, in {days} days"),
        n => format!(
            "the first of your {n} tokens ends on {at}, in {days} days; the workspace does not say which of them this is"
        ),
    };
    Some(SignInEnd { said, soon: days < SOON_DAYS })
}

fn is_uuid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::http::Int;

    #[test]
    fn the_end_of_a_token_is_said_as_far_as_it_is_known() {
        let now = Timestamp::from_second(1_800_000_000).unwrap_or_default();
        let day = 86_400_000;
        let token = |days: i64| wire::TokenInfo {
            expiry_time: Int(Some(if days < 0 { -1 } else { now.as_millisecond() + days * day })),
        };
        let said = |days: &[i64]| {
            let listed = wire::TokenList { token_infos: days.iter().map(|d| token(*d)).collect() };
            said_of(&listed, now).map(|end| (end.said, end.soon))
        };
        assert_eq!(said(&[]), None);
        assert_eq!(said(&[-1]), Some(("none of your tokens has an end".to_owned(), false)));
        assert_eq!(said(&[30]), Some(("your token ends on 2027-02-14, in 30 days".to_owned(), false)));
        let two = said(&[90, 3]).unwrap_or_default();
        assert!(two.0.contains("the first of your 2 tokens ends on 2027-01-18") && two.1, "{two:?}");
    }
}
