//! The id of an event: made from what the event is about, so that the same event seen twice, on two machines or after a
//! crash is the same event.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::EventKind;
use crate::domain::identity::{DEFAULT_WORKSPACE, Home};
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::registry::ModelVersion;

/// The id of an event; also the id of every message about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventId(String);

impl EventId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for EventId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    pub home: &'a Home,
    pub model: &'a ModelName,
    pub version: VersionNumber,
    pub run: Option<&'a RunId>,
    /// When the registry registered the version. Counts only without a run: a model may be deleted and made again.
    pub registered_at: Option<Timestamp>,
}

impl Subject<'_> {
    /// The id of an event of this kind; `became` is what a repeatable one became.
    pub fn id(&self, kind: EventKind, became: &str) -> EventId {
        let registered = self.registered_at.filter(|_| self.run.is_none()).map(|at| at.as_millisecond());
        let run = self.run.map(RunId::as_str);
        digest(self.home, &(self.model.as_str(), self.version.0, run, registered, kind, became))
    }
}

/// The id of the event that tells of the arrival of a version.
pub fn arrival(home: &Home, version: &ModelVersion) -> EventId {
    let (run, registered_at) = (version.run_id.as_ref(), version.created_at);
    Subject { home, model: &version.model, version: version.number, run, registered_at }.id(EventKind::Arrived, "")
}

/// The id of an event that is not about one version.
pub fn of_place(home: &Home, kind: EventKind, became: &[&str]) -> EventId {
    digest(home, &(kind, became))
}

fn digest(home: &Home, about: &impl Serialize) -> EventId {
    let workspace = home.workspace.as_deref().unwrap_or(DEFAULT_WORKSPACE);
    // Plain data: serialization cannot fail.
    let bytes = serde_json::to_vec(&(home.registry.trim_end_matches('/'), workspace, about)).unwrap_or_default();
    let mut out = String::from("evt_");
    for byte in &Sha256::digest(bytes)[..16] {
        let _ = write!(out, "{byte:02x}");
    }
    EventId(out)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// One of few values for each part, so that two of them are often equal.
    type Parts = ((u8, Option<u8>, u8), (u64, Option<u8>, u8, u8));

    fn id((place, about): &Parts) -> EventId {
        let (registry, workspace, model) = place;
        let (version, run, kind, became) = about;
        let home = Home { registry: format!("http://h{registry}"), workspace: workspace.map(|w| format!("w{w}")) };
        let (model, run) = (ModelName::new(format!("m{model}")), run.map(|r| RunId::new(format!("r{r}"))));
        let subject = Subject {
            home: &home,
            model: &model,
            version: VersionNumber(*version),
            run: run.as_ref(),
            registered_at: Some(Timestamp::UNIX_EPOCH),
        };
        subject.id(EventKind::ALL[usize::from(*kind) % EventKind::ALL.len()], &became.to_string())
    }

    proptest! {
        #[test]
        fn the_same_event_has_the_same_id_and_no_other_has_it(
            one: Parts, other: Parts, few in any::<bool>(),
        ) {
            let fold = |((a, b, c), (d, e, f, g)): Parts| match few {
                true => ((a % 2, b.map(|b| b % 2), c % 2), (d % 2, e.map(|e| e % 2), f % 2, g % 2)),
                false => ((a, b, c), (d, e, f % 18, g)),
            };
            let (one, other) = (fold(one), fold(other));
            prop_assert_eq!(id(&one) == id(&other), one == other);
            prop_assert!(id(&one).as_str().bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        }
    }

    #[test]
    fn a_server_without_workspaces_and_its_default_workspace_are_one_place() {
        let at = |registry: &str, workspace: Option<&str>| {
            of_place(
                &Home { registry: registry.to_owned(), workspace: workspace.map(str::to_owned) },
                EventKind::Digest,
                &["a"],
            )
        };
        assert_eq!(at("http://h/", None), at("http://h", Some("default")));
        assert_ne!(at("http://h", None), at("http://h", Some("pricing")));
    }

    #[test]
    fn a_version_without_a_run_is_told_from_one_that_was_made_again() {
        let (home, model, run) = (Home::default(), ModelName::new("m"), RunId::new("r"));
        let of = |run, at: i64| {
            let registered_at = Timestamp::from_millisecond(at).ok();
            Subject { home: &home, model: &model, version: VersionNumber(1), run, registered_at }
                .id(EventKind::Arrived, "")
        };
        let ids: BTreeSet<_> = [of(None, 1), of(None, 2), of(Some(&run), 1), of(Some(&run), 2)].into();
        assert_eq!(ids.len(), 3, "with a run, the time says nothing more");
    }
}
