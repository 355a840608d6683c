//! The exact facts a reviewer saw, and how to detect changes since.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::failure::{Failure, FailureKind, Service};
use super::ids::VersionNumber;
use super::logged::LoggedModel;
use super::registry::{ModelVersion, OWN_TAG_PREFIX};
use super::run::Run;
use super::sorted_map::Tags;
use super::text;

/// A version's run, or why it is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunFacts {
    Known(Box<Run>),
    /// The version names no run.
    NotRecorded,
    /// The version names a run that could not be read.
    Unreadable(Unread),
}

/// Why something could not be read. Kind and hint exist only in memory; journals and digests hold just the reason.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Unread(Box<Failure>);

impl Unread {
    /// The reason, as a sentence without a period.
    pub fn reason(&self) -> &str {
        &self.0.reason
    }

    /// The failure itself, with kind and hint.
    pub fn failure(&self) -> &Failure {
        &self.0
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason())
    }
}

impl AsRef<str> for Unread {
    fn as_ref(&self) -> &str {
        self.reason()
    }
}

impl PartialEq for Unread {
    fn eq(&self, other: &Self) -> bool {
        self.reason() == other.reason()
    }
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        Self(Box::new(failure))
    }
}

impl From<String> for Unread {
    fn from(reason: String) -> Self {
        Failure::new(FailureKind::NotFound, Service::Mlflow, "read the training run", reason).into()
    }
}

impl From<&str> for Unread {
    fn from(reason: &str) -> Self {
        reason.to_owned().into()
    }
}

impl From<Unread> for String {
    fn from(unread: Unread) -> Self {
        unread.0.reason
    }
}

impl RunFacts {
    /// The run, if it was read.
    pub fn known(&self) -> Option<&Run> {
        match self {
            Self::Known(run) => Some(run),
            _ => None,
        }
    }
}

/// What MLflow says of the model itself, or why that is missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoggedFacts {
    Known(Box<LoggedModel>),
    /// The version names a logged model that could not be read.
    Unreadable(Unread),
}

impl LoggedFacts {
    /// The logged model, if it was read.
    pub fn known(&self) -> Option<&LoggedModel> {
        match self {
            Self::Known(model) => Some(model),
            Self::Unreadable(_) => None,
        }
    }
}

/// A version as it stands, with what MLflow says of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    pub version: ModelVersion,
    pub run: RunFacts,
    /// As [`ReviewedFacts::logged`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<LoggedFacts>,
}

/// Everything a decision rests on. A promotion acts on exactly these facts; if the servers disagree when it runs, it
/// refuses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewedFacts {
    /// The candidate.
    pub version: ModelVersion,
    pub run: RunFacts,
    /// The logged model it was made from; `None` if there is none, if it says nothing, and in facts that were read
    /// before logged models were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<LoggedFacts>,
    /// The newest version in production, if any.
    pub baseline: Option<Standing>,
    /// All versions in production at that time, ascending. The server allows more than one.
    pub holders: Vec<VersionNumber>,
}

impl ReviewedFacts {
    /// SHA-256 over the canonical JSON (RFC 8785) of the facts, as `sha256:<64 hex digits>`.
    ///
    /// Excludes modification times (re-sending a transition updates them without changing anything), signoff's own tags,
    /// which the promotion itself writes, and where files are kept.
    pub fn digest(&self) -> String {
        let mut facts = self.clone();
        facts.each_version(|v| {
            v.updated_at = None;
            v.keeps_files = false;
            v.tags.retain(|k| !k.starts_with(OWN_TAG_PREFIX));
        });
        // Facts are plain data: serialization only fails on maps with keys that are not strings.
        let json = serde_json_canonicalizer::to_vec(&facts).unwrap_or_default();
        let mut out = String::from("sha256:");
        for byte in Sha256::digest(&json) {
            use std::fmt::Write as _;
            let _ = write!(out, "{byte:02x}");
        }
        out
    }

    /// These facts without any logged model, as they were read before logged models were.
    #[must_use]
    pub fn without_models(mut self) -> Self {
        self.logged = None;
        if let Some(baseline) = &mut self.baseline {
            baseline.logged = None;
        }
        self
    }

    /// Whether every rule finds the same in both. Lists leave out aliases, and say in other words why something cannot be
    /// read.
    pub fn judges_as(&self, other: &Self) -> bool {
        let baselines = match (&self.baseline, &other.baseline) {
            (Some(a), Some(b)) => {
                same_version(&a.version, &b.version)
                    && same_run(&a.run, &b.run)
                    && same_model(a.logged.as_ref(), b.logged.as_ref())
            }
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        baselines
            && same_version(&self.version, &other.version)
            && same_run(&self.run, &other.run)
            && same_model(self.logged.as_ref(), other.logged.as_ref())
    }

    fn each_version(&mut self, mut f: impl FnMut(&mut ModelVersion)) {
        f(&mut self.version);
        if let Some(baseline) = &mut self.baseline {
            f(&mut baseline.version);
        }
    }

    /// Differences between these facts and `now`, one sentence each. Empty exactly when the digests agree.
    pub fn changes_to(&self, now: &Self) -> Vec<String> {
        if self.digest() == now.digest() {
            return Vec::new();
        }
        let mut out = Vec::new();
        let mut note = |what: &str, old: String, new: String| {
            if old != new {
                let cut = |s: &str| text::shorten(&s.replace('\n', "⏎"), 60);
                out.push(format!("{what} was '{}' and is now '{}'", cut(&old), cut(&new)));
            }
        };
        let (a, b) = (&self.version, &now.version);
        note("the stage", a.stage.to_string(), b.stage.to_string());
        note("the aliases", a.aliases.join(", "), b.aliases.join(", "));
        note("the registration", a.status.to_string(), b.status.to_string());
        note("the source", a.source.clone(), b.source.clone());
        note("the run", run_name(a), run_name(b));
        note("the description", a.description.clone(), b.description.clone());
        note("what is in production", list(&self.holders), list(&now.holders));
        tag_changes("tag", &a.tags, &b.tags, &mut note);
        if let (Some(x), Some(y)) = (self.run.known(), now.run.known()) {
            let values = |r: &Run| r.metrics.iter().map(|(k, p)| (k, p.value.to_string())).collect::<Tags>();
            tag_changes("metric", &values(x), &values(y), &mut note);
            tag_changes("param", &x.params, &y.params, &mut note);
            tag_changes("run tag", &x.tags, &y.tags, &mut note);
            note("the run's status", x.status.clone(), y.status.clone());
        }
        note("the run's record", run_state(&self.run), run_state(&now.run));
        let empty = LoggedModel::default();
        let of = |facts: &Self| facts.logged.as_ref().and_then(LoggedFacts::known).unwrap_or(&empty).clone();
        let (x, y) = (of(self), of(now));
        tag_changes("metric of the model", &x.values(), &y.values(), &mut note);
        tag_changes("param of the model", &x.params, &y.params, &mut note);
        tag_changes("tag of the model", &x.tags, &y.tags, &mut note);
        note("the model's record", logged_state(self.logged.as_ref()), logged_state(now.logged.as_ref()));
        if out.is_empty() {
            out.push(
                "facts behind the screen changed (a data set, a metric's step or time, or the baseline)".to_owned(),
            );
        }
        out
    }
}

/// Facts with their digest, shared so that they need not be read again. Equal if the digests are.
#[derive(Clone, Debug)]
pub struct SharedFacts(Arc<(ReviewedFacts, String)>);

impl SharedFacts {
    /// The digest, computed once.
    pub fn digest(&self) -> &str {
        &self.0.1
    }
}

impl From<ReviewedFacts> for SharedFacts {
    fn from(facts: ReviewedFacts) -> Self {
        let digest = facts.digest();
        Self(Arc::new((facts, digest)))
    }
}

impl Deref for SharedFacts {
    type Target = ReviewedFacts;

    fn deref(&self) -> &ReviewedFacts {
        &self.0.0
    }
}

impl PartialEq for SharedFacts {
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest()
    }
}

impl Eq for SharedFacts {}

impl Hash for SharedFacts {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest().hash(state);
    }
}

fn same_version(a: &ModelVersion, b: &ModelVersion) -> bool {
    let tags = |v: &ModelVersion| -> Vec<(String, String)> {
        let others = v.tags.iter().filter(|(key, _)| !key.starts_with(OWN_TAG_PREFIX));
        others.map(|(key, value)| (key.to_owned(), value.to_string())).collect()
    };
    (a.number, a.created_at, &a.run_id, &a.source, &a.description, &a.author)
        == (b.number, b.created_at, &b.run_id, &b.source, &b.description, &b.author)
        && a.status == b.status
        && tags(a) == tags(b)
}

fn same_run(a: &RunFacts, b: &RunFacts) -> bool {
    match (a, b) {
        (RunFacts::Known(a), RunFacts::Known(b)) => a == b,
        (RunFacts::NotRecorded, RunFacts::NotRecorded) | (RunFacts::Unreadable(_), RunFacts::Unreadable(_)) => true,
        (RunFacts::Known(_) | RunFacts::NotRecorded | RunFacts::Unreadable(_), _) => false,
    }
}

fn same_model(a: Option<&LoggedFacts>, b: Option<&LoggedFacts>) -> bool {
    match (a, b) {
        (Some(LoggedFacts::Known(a)), Some(LoggedFacts::Known(b))) => a == b,
        (Some(LoggedFacts::Unreadable(_)), Some(LoggedFacts::Unreadable(_))) | (None, None) => true,
        (Some(_) | None, _) => false,
    }
}

fn run_name(v: &ModelVersion) -> String {
    v.run_id.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
}

fn run_state(run: &RunFacts) -> String {
    match run {
        RunFacts::Known(r) if r.deleted => "deleted".to_owned(),
        RunFacts::Known(_) => "readable".to_owned(),
        RunFacts::NotRecorded => "not recorded".to_owned(),
        RunFacts::Unreadable(why) => why.reason().to_owned(),
    }
}

fn logged_state(logged: Option<&LoggedFacts>) -> String {
    match logged {
        Some(LoggedFacts::Known(model)) => model.status.clone(),
        Some(LoggedFacts::Unreadable(why)) => why.reason().to_owned(),
        None => "not recorded".to_owned(),
    }
}

fn list(versions: &[VersionNumber]) -> String {
    if versions.is_empty() {
        return "nothing".to_owned();
    }
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn tag_changes(kind: &str, old: &Tags, new: &Tags, note: &mut impl FnMut(&str, String, String)) {
    let keys = old.names().chain(new.names()).filter(|k| !k.starts_with(OWN_TAG_PREFIX));
    for key in keys.collect::<std::collections::BTreeSet<_>>() {
        let side = |tags: &Tags| tags.text(key).unwrap_or("absent").to_owned();
        note(&format!("{kind} {key}"), side(old), side(new));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::promotion::samples;
    use crate::domain::registry::Stage;

    #[test]
    fn own_tags_and_times_do_not_change_the_digest() {
        let facts = samples::facts();
        let mut touched = facts.clone();
        touched.version.tags.insert("signoff.promotion", "x");
        touched.version.updated_at = None;
        assert_eq!(facts.digest(), touched.digest());
        assert_eq!(facts.changes_to(&touched), Vec::<String>::new());
    }

    #[test]
    fn every_other_change_is_found_and_named() {
        let facts = samples::facts();
        let mut moved = facts.clone();
        moved.version.stage = Stage::Archived;
        moved.version.tags.insert("qa", "no");
        assert_ne!(facts.digest(), moved.digest());
        let changes = facts.changes_to(&moved);
        assert_eq!(changes, ["the stage was 'Staging' and is now 'Archived'", "tag qa was 'absent' and is now 'no'"]);
    }

    #[test]
    fn what_no_rule_looks_at_makes_no_difference_to_a_verdict() {
        let facts = samples::facts();
        let mut listed = facts.clone();
        listed.version.aliases = vec!["challenger".to_owned()];
        listed.version.tags.insert("signoff.promotion", "x");
        listed.holders.push(VersionNumber(1));
        assert!(facts.judges_as(&listed));
        let mut tagged = facts.clone();
        tagged.version.tags.insert("qa", "no");
        let mut trained = facts.clone();
        if let RunFacts::Known(run) = &mut trained.run {
            run.status = "FAILED".to_owned();
        }
        let unread = ReviewedFacts { run: RunFacts::Unreadable("gone".into()), ..facts.clone() };
        let first = ReviewedFacts { baseline: None, ..facts.clone() };
        for other in [&tagged, &trained, &unread, &first] {
            assert!(!facts.judges_as(other), "{other:?}");
        }
        let otherwise = ReviewedFacts { run: RunFacts::Unreadable("not read".into()), ..facts.clone() };
        assert!(unread.judges_as(&otherwise), "for whatever reason");
    }

    #[test]
    fn a_change_without_a_sentence_of_its_own_is_still_reported() {
        let facts = samples::facts();
        let mut other = facts.clone();
        if let RunFacts::Known(run) = &mut other.run {
            run.datasets.clear();
        }
        assert_eq!(facts.changes_to(&other).len(), 1);
    }
}
