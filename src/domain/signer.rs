//! Who signs.

use serde::{Deserialize, Serialize};

/// Who signs, as the servers report it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// GitHub login.
    pub login: String,
    /// GitHub's numeric id: stays when a login changes.
    pub id: u64,
    /// Printed name, where the profile has one.
    pub name: Option<String>,
    /// Mail address for the tagger line; GitHub's no-reply address where none is public.
    pub email: String,
    /// Who the registry says this is, where it says.
    pub registry_user: Option<String>,
}
