//! The signer of a decision.

use serde::{Deserialize, Serialize};

/// The signer, as the servers report them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// GitHub login.
    pub login: String,
    /// GitHub's numeric id, which stays the same if the login changes.
    pub id: u64,
    /// Display name, if the profile has one.
    pub name: Option<String>,
    /// Mail address for the tagger line; GitHub's no-reply address if none is public.
    pub email: String,
    /// The user name in the registry, if it reports one.
    pub registry_user: Option<String>,
}
