//! Whether a record, plan, release or tag is about this very version.
//!
//! Name and number are no identity: a model can be deleted and made again (its numbers restart), renamed, or copied
//! with all its tags, and two workspaces of one server can hold models of the same name.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::artifact::logged_model;
use super::ids::{ModelName, RunId, VersionNumber};
use super::registry::ModelVersion;
use super::release::{
    MODEL_TRAILER, REGISTERED_TRAILER, REGISTRY_TRAILER, RUN_TRAILER, VERSION_TRAILER, WORKSPACE_TRAILER, trailer,
};
use super::text::{clean_line, shorten};

/// The workspace of clients that name none, on servers that have workspaces. What a server held before it had workspaces
/// is in it.
pub const DEFAULT_WORKSPACE: &str = "default";
/// Characters of an address or source in a sentence.
const SHOWN: usize = 80;

/// The place of a registry: its address, and the workspace on servers that have workspaces.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Home {
    /// URL without credentials.
    pub registry: String,
    /// `None` on servers without workspaces.
    pub workspace: Option<String>,
}

impl Home {
    /// Whether something of the place `there` is of this one. What names no workspace may be.
    pub fn holds(&self, there: &Self) -> bool {
        let workspaces = there.workspace.as_ref().zip(self.workspace.as_ref());
        there.registry == self.registry && workspaces.is_none_or(|(there, here)| there == here)
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.registry)?;
        match &self.workspace {
            Some(workspace) => write!(f, " (workspace {})", clean_line(workspace)),
            None => Ok(()),
        }
    }
}

/// Whether something is about this very version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    Same,
    /// It is about another version of that name; what differs, as a phrase.
    Another(String),
    /// It does not say enough; what is missing, as a phrase.
    CannotTell(String),
}

impl About {
    /// Whether it is certainly this version. Anything that promotes needs this.
    pub fn is_same(&self) -> bool {
        *self == Self::Same
    }

    /// What differs, if it is certainly another version.
    pub fn another(&self) -> Option<&str> {
        match self {
            Self::Another(what) => Some(what),
            Self::Same | Self::CannotTell(_) => None,
        }
    }
}

/// What identifies a version, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `None` if it does not say.
    pub registry: Option<String>,
    /// `None` if it does not say, or if the server has no workspaces.
    pub workspace: Option<String>,
    pub name: ModelName,
    pub number: VersionNumber,
    /// The run; `Some(None)` if the version names none, `None` if it does not say.
    pub run: Option<Option<RunId>>,
    /// Where the files are, which in MLflow 3 names the logged model; `None` if it does not say.
    pub source: Option<String>,
    /// When the registry registered it; `None` if it does not say.
    pub registered_at: Option<Timestamp>,
}

impl Identity {
    /// The identity of a version in the registry.
    pub fn of(home: &Home, version: &ModelVersion) -> Self {
        Self {
            registry: Some(home.registry.clone()),
            workspace: home.workspace.clone(),
            name: version.model.clone(),
            number: version.number,
            run: Some(version.run_id.clone()),
            source: Some(version.source.clone()),
            registered_at: version.created_at,
        }
    }

    /// The version that the message of a release's tag is about; `None` if it names none.
    pub fn of_message(message: &str) -> Option<Self> {
        let says = |key: &str| trailer(message, key);
        Some(Self {
            registry: says(REGISTRY_TRAILER).map(str::to_owned),
            workspace: says(WORKSPACE_TRAILER).map(str::to_owned),
            name: ModelName::new(says(MODEL_TRAILER)?),
            number: says(VERSION_TRAILER)?.parse().ok()?,
            run: says(RUN_TRAILER).map(|run| (run != "none").then(|| RunId::new(run))),
            source: None,
            registered_at: says(REGISTERED_TRAILER).and_then(|at| at.parse().ok()),
        })
    }

    /// Only a name and a number are known.
    pub fn named(name: ModelName, number: VersionNumber) -> Self {
        Self { registry: None, workspace: None, name, number, run: None, source: None, registered_at: None }
    }

    /// The same with another number and nothing else known about that version.
    pub fn sibling(&self, number: VersionNumber) -> Self {
        Self { number, run: None, source: None, registered_at: None, ..self.clone() }
    }

    /// Whether this is about the version `now` in the registry.
    pub fn about(&self, now: &Self) -> About {
        let mut differs = Vec::new();
        let mut note = |what: &str, then: Option<String>, now: Option<String>| {
            if let (Some(then), Some(now)) = (then, now)
                && then != now
            {
                let cut = |text: &str| shorten(&clean_line(text), SHOWN);
                differs.push(format!("{what} {} then, {} now", cut(&then), cut(&now)));
            }
        };
        // Names are compared as shown: a tag's message has only the cleaned one.
        note("named", Some(self.name.plain()), Some(now.name.plain()));
        note("version", Some(self.number.to_string()), Some(now.number.to_string()));
        note("registry", self.registry.clone(), now.registry.clone());
        note("workspace", self.workspace.clone(), now.workspace.clone());
        let run = |run: &Option<Option<RunId>>| {
            run.as_ref().map(|run| run.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string))
        };
        note("run", run(&self.run), run(&now.run));
        note("source", self.source.clone(), now.source.clone());
        let at = |at: Option<Timestamp>| at.map(|at| at.to_string());
        note("registered", at(self.registered_at), at(now.registered_at));
        if !differs.is_empty() {
            return About::Another(differs.join("; "));
        }
        // Two versions of one name and number are never registered in the same millisecond.
        if self.registered_at.is_some() && now.registered_at.is_some() {
            return About::Same;
        }
        if self.registry.is_none() {
            return About::CannotTell("it does not name its registry".to_owned());
        }
        if self.workspace != now.workspace {
            return About::CannotTell("it does not name its workspace".to_owned());
        }
        // Where both say one, they agree: see above.
        let model = self.source.as_deref().and_then(logged_model);
        if matches!(self.run, Some(Some(_))) || (model.is_some() && now.source.is_some()) {
            return About::Same;
        }
        About::CannotTell("it names no run or logged model".to_owned())
    }

    /// Whether `now` is this very version after its model got another name: MLflow keeps number, run, source and the time
    /// of registration of each version.
    pub fn is_renamed(&self, now: &Self) -> bool {
        let renamed = Self { name: now.name.clone(), ..self.clone() };
        let told = self.registered_at.is_some() && self.registered_at == now.registered_at;
        self.name.plain() != now.name.plain() && told && renamed.about(now).is_same()
    }

    /// A short digest of what makes the version itself, to be kept in tags on it: a copied tag does not fit the copy,
    /// which is registered later. The name is no part of it: the tags of a renamed model are still about its versions.
    /// `None` if the registry does not say when it was registered.
    pub fn stamp(&self) -> Option<String> {
        use std::fmt::Write as _;
        let at = self.registered_at?;
        let run = self.run.clone().flatten();
        let parts = (self.number, run, self.source.as_deref().unwrap_or_default(), at);
        // Plain data: serialization cannot fail.
        let bytes = serde_json::to_vec(&parts).unwrap_or_default();
        let mut out = String::new();
        for byte in &Sha256::digest(bytes)[..6] {
            let _ = write!(out, "{byte:02x}");
        }
        Some(out)
    }
}

impl ModelVersion {
    /// The stamp that tags made for this very version carry; see [`Identity::stamp`].
    pub fn stamp(&self) -> Option<String> {
        Identity::of(&Home::default(), self).stamp()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::promotion::samples;
    use crate::domain::record::DecisionMark;
    use crate::domain::record::mark::DECISION;
    use crate::domain::record::text::tag_message;
    use crate::domain::registry::{OWN_TAG_PREFIX, Stage};

    /// One change to what a version is.
    type Change = fn(&mut Identity);

    const CHANGES: [Change; 7] = [
        |id| id.registry = Some("http://elsewhere".into()),
        |id| id.workspace = Some("pricing".into()),
        |id| id.name = ModelName::new("another"),
        |id| id.number = VersionNumber(7),
        |id| id.run = Some(Some(RunId::new("other-run"))),
        |id| id.source = Some("models:/m-other".into()),
        |id| id.registered_at = Some("2026-11-22T08:00:00Z".parse().unwrap()),
    ];

    fn here() -> Identity {
        let home = Home { registry: "http://mlflow.staging:5000".into(), workspace: Some("retention".into()) };
        Identity::of(&home, &samples::version(42, Stage::Staging))
    }

    /// Every set of changes, and everything forgotten on top of it: whatever is still said and differs is found, and
    /// nothing is the same version unless enough is said.
    #[test]
    fn a_version_that_differs_in_anything_said_is_another_one() {
        let forget: [Change; 5] = [
            |id| id.registry = None,
            |id| id.workspace = None,
            |id| id.run = None,
            |id| id.source = None,
            |id| id.registered_at = None,
        ];
        for changed in 0_u32..1 << CHANGES.len() {
            for forgotten in 0_u32..1 << forget.len() {
                let mut said = here();
                for (i, change) in CHANGES.iter().enumerate().filter(|(i, _)| changed & 1 << i != 0) {
                    change(&mut said);
                    let _ = i;
                }
                for (_, f) in forget.iter().enumerate().filter(|(i, _)| forgotten & 1 << i != 0) {
                    f(&mut said);
                }
                let now = here();
                let differs = said.name != now.name
                    || said.number != now.number
                    || said.registry.as_ref().is_some_and(|r| Some(r) != now.registry.as_ref())
                    || said.workspace.as_ref().is_some_and(|w| Some(w) != now.workspace.as_ref())
                    || said.run.as_ref().is_some_and(|r| Some(r) != now.run.as_ref())
                    || said.source.as_ref().is_some_and(|s| Some(s) != now.source.as_ref())
                    || said.registered_at.is_some_and(|at| Some(at) != now.registered_at);
                let enough = said.registered_at.is_some()
                    || (said.registry.is_some() && said.workspace.is_some() && said.run.is_some());
                match said.about(&now) {
                    About::Another(_) => assert!(differs, "{said:?}"),
                    About::Same => assert!(!differs && enough, "{said:?}"),
                    About::CannotTell(_) => assert!(!differs && !enough, "{said:?}"),
                }
            }
        }
    }

    #[test]
    fn a_version_without_a_run_is_known_by_its_logged_model_or_when_it_was_registered() {
        let mut now = here();
        now.run = Some(None);
        let mut said = Identity { registered_at: None, ..now.clone() };
        assert!(matches!(said.about(&now), About::CannotTell(_)), "a path may be written again");
        (said.source, now.source) = (Some("models:/m-1".into()), Some("models:/m-1".into()));
        assert_eq!(said.about(&now), About::Same);
    }

    #[test]
    fn a_tags_message_names_the_version() {
        let plan = samples::plan();
        let said = Identity::of_message(&tag_message(&plan.record)).unwrap();
        assert_eq!(said.about(&plan.draft.identity()), About::Same);
        let mut again = plan.draft.facts.version.clone();
        again.created_at = Some("2026-11-22T08:00:00Z".parse().unwrap());
        assert!(said.about(&Identity::of(&plan.draft.home(), &again)).another().is_some());
    }

    #[test]
    fn a_renamed_version_is_known_by_everything_but_its_name_and_its_marks_stay() {
        let (then, mut now) = (here(), here());
        assert!(!then.is_renamed(&now), "nothing changed");
        now.name = ModelName::new("renamed");
        assert!(then.is_renamed(&now) && then.about(&now).another().is_some());
        assert_eq!(then.stamp(), now.stamp());
        for change in CHANGES.iter().enumerate().filter(|(i, _)| *i != 2).map(|(_, change)| change) {
            let mut other = now.clone();
            change(&mut other);
            assert!(!then.is_renamed(&other), "{other:?}");
        }
        let unknown = Identity { registered_at: None, ..then };
        assert!(!unknown.is_renamed(&now), "two models may hold versions of one run and number");
    }

    #[test]
    fn a_copied_mark_is_not_a_mark_of_the_copy() {
        let plan = samples::plan();
        let mark = DecisionMark::of(&plan.record);
        let old = DecisionMark { of: None, ..mark.clone() };
        for (mark, kind) in [(mark, "with a stamp"), (old, "as earlier versions wrote it")] {
            let mut version = plan.draft.facts.version.clone();
            version.tags.insert(&format!("{OWN_TAG_PREFIX}{DECISION}"), mark.to_value());
            assert_eq!(DecisionMark::on(&version).as_ref(), Some(&mark), "{kind}");
            let mut copy = version.clone();
            copy.model = ModelName::new("copy");
            copy.source = "models:/telco-churn/42".into();
            copy.created_at = Some("2026-11-24T08:00:00Z".parse().unwrap());
            assert_eq!(DecisionMark::on(&copy), None, "{kind}");
            assert_eq!(DecisionMark::copied_to(&copy), Some(mark), "{kind}");
        }
    }
}
