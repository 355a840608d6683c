//! The state of the double: the demo's world, plus what a workspace knows beyond it. Plain data that tests change.

use std::collections::BTreeMap;

use jiff::Timestamp;
use signoff::adapters::demo::Store;

use super::files::Link;
use super::scheduled::Scheduled;
use super::{CLIENT, PERSON, PRINCIPAL, READER, SECOND};

/// What a user may do with every model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Read,
    Edit,
    ManageStaging,
    ManageProduction,
    Manage,
}

#[derive(Clone, Debug)]
pub struct User {
    /// An e-mail address, or a UUID.
    pub name: String,
    pub level: Level,
}

/// An open request to move a version to a stage.
#[derive(Clone, Debug)]
pub struct Transition {
    pub model: String,
    pub version: String,
    pub to: String,
    pub by: String,
    pub comment: String,
    pub at: Timestamp,
}

/// What happened to a version in the workspace registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activity {
    /// `APPLIED_TRANSITION`, `APPROVED_REQUEST`, `REJECTED_REQUEST`, `REQUESTED_TRANSITION`, `NEW_COMMENT`.
    pub kind: &'static str,
    pub model: String,
    pub version: String,
    pub from: String,
    pub to: String,
    pub by: String,
    pub comment: String,
}

#[derive(Clone)]
pub struct Workspace {
    /// Models, versions and runs.
    pub store: Store,
    /// The workspace's id.
    pub id: u64,
    /// URL of the cloud storage.
    pub storage: String,
    /// By token.
    pub users: BTreeMap<String, User>,
    /// Whether Unity Catalog is enabled.
    pub has_metastore: bool,
    /// Whether the identity API is closed.
    pub scim_is_closed: bool,
    /// Whether the workspace says who may do what.
    pub has_access_control: bool,
    /// How long tokens of a service principal last, in seconds. A new one ends those before.
    pub token_lasts_s: u64,
    pub page_size: usize,
    /// Whether the workspace registry's lists of models name the newest version of each stage.
    pub lists_latest: bool,
    /// Whether every second page of Unity Catalog is empty.
    pub empty_pages: bool,
    /// Whether Unity Catalog writes 64-bit integers as text.
    pub ints_as_text: bool,
    /// The id of another workspace that every run is in, if it is one.
    pub runs_in: Option<u64>,
    /// When the user's tokens end, in milliseconds; none if the workspace does not list them.
    pub token_ends: Option<Vec<i64>>,
    /// Models of which the user may only see that they exist.
    pub browse_only: Vec<&'static str>,
    /// Who may do what with every job, by user or group; none if the user may not know.
    pub job_access: Option<Vec<(&'static str, &'static str)>>,
    /// Jobs that somebody set up.
    pub scheduled: Vec<Scheduled>,
    /// Whether Unity Catalog keeps metrics and params of the versions' logged models.
    pub embeds: bool,
    /// The code and the status of what the storage says to a link that has ended.
    pub says_ended: (u16, &'static str),
    pub transitions: Vec<Transition>,
    pub activities: Vec<Activity>,
    /// Links to files that were vended, by the number in their address.
    pub links: Vec<Link>,
    /// How many of the next links have ended already when they are used.
    pub stale_links: usize,
    /// Tokens issued to the service principal so far.
    pub issued: u64,
}

impl Workspace {
    pub(super) fn new(store: Store, storage: &str) -> Self {
        let user = |name: &str, level| User { name: name.to_owned(), level };
        Self {
            store,
            id: 4_200_000_000_000_017,
            storage: storage.to_owned(),
            users: BTreeMap::from([
                (PERSON.to_owned(), user("dana@acme.example", Level::ManageProduction)),
                (SECOND.to_owned(), user("quinn@acme.example", Level::ManageProduction)),
                (PRINCIPAL.to_owned(), user(CLIENT.0, Level::ManageProduction)),
                (READER.to_owned(), user("reader@acme.example", Level::Read)),
            ]),
            has_metastore: true,
            scim_is_closed: false,
            has_access_control: true,
            token_lasts_s: 3600,
            page_size: 10_000,
            lists_latest: true,
            empty_pages: false,
            ints_as_text: true,
            runs_in: None,
            token_ends: None,
            browse_only: Vec::new(),
            job_access: Some(vec![("reader@acme.example", "CAN_VIEW"), ("qa", "CAN_MANAGE_RUN")]),
            scheduled: Vec::new(),
            embeds: false,
            says_ended: (403, "AccessDenied"),
            transitions: Vec::new(),
            activities: Vec::new(),
            links: Vec::new(),
            stale_links: 0,
            issued: 0,
        }
    }

    /// What a user may do with every job; all users are in the group `qa`.
    pub(super) fn job_level(&self, user: &str) -> Option<&'static str> {
        let listed = self.job_access.as_ref()?;
        let of = |who: &str| listed.iter().find(|(name, _)| *name == who).map(|(_, level)| *level);
        of("qa").filter(|level| *level != "CAN_VIEW").or_else(|| of(user)).or_else(|| of("qa"))
    }

    pub(super) fn user(&self, token: &str) -> Option<User> {
        self.users.get(token).cloned()
    }

    /// A new token of the service principal, which ends the one before.
    pub(super) fn issue(&mut self, name: &str) -> String {
        self.users.remove(&issued(self.issued));
        self.issued += 1;
        let token = issued(self.issued);
        self.users.insert(token.clone(), User { name: name.to_owned(), level: Level::ManageProduction });
        token
    }
}

/// The token that was issued at this turn.
fn issued(turn: u64) -> String {
    format!("eyJhbGciOiJSUzI1NiJ9.issued-{turn:020}")
}
