//! Preferences set while browsing, kept for this session and the next.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ExperimentId, ModelName, VersionNumber};
use crate::domain::policy::Answers;
use crate::domain::record::Decision;

/// Maximum number of stored filters.
const FILTERS: usize = 50;
/// Format version of the file. Files of a later version are left alone.
const FORMAT: u32 = 1;

/// Maximum number of stored drafts; the oldest is dropped first.
const DRAFTS: usize = 100;

/// An optional column in a list of runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunColumn {
    Metric(String),
    Param(String),
}

impl RunColumn {
    /// The raw name of the metric or param.
    pub fn name(&self) -> &str {
        match self {
            Self::Metric(name) | Self::Param(name) => name,
        }
    }
}

/// The sort key of a list of runs. Without one, the server's order applies: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    Status,
    Name,
    Started,
    Duration,
    User,
    Column(RunColumn),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    pub key: SortKey,
    pub descending: bool,
}

/// A reviewer's input for one version before the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub model: ModelName,
    pub version: VersionNumber,
    /// Checklist answers.
    #[serde(default)]
    pub answers: Answers,
    /// Reasons typed but not submitted, one per decision.
    #[serde(default)]
    pub reasons: Vec<(Decision, String)>,
}

impl Draft {
    /// An empty draft.
    pub fn new(model: ModelName, version: VersionNumber) -> Self {
        Self { model, version, answers: Answers::new(), reasons: Vec::new() }
    }

    /// The reason for `decision`; empty if there is none.
    pub fn reason(&self, decision: Decision) -> &str {
        self.reasons.iter().find(|(d, _)| *d == decision).map_or("", |(_, text)| text)
    }

    /// Sets the reason for `decision`.
    pub fn with_reason(mut self, decision: Decision, text: &str) -> Self {
        self.reasons.retain(|(d, _)| *d != decision);
        if !text.trim().is_empty() {
            self.reasons.push((decision, text.to_owned()));
        }
        self
    }

    fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.reasons.is_empty()
    }
}

/// Everything stored for one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    /// The chosen columns, by experiment.
    pub columns: BTreeMap<ExperimentId, Vec<RunColumn>>,
    /// The last sort order, by experiment.
    pub sort: BTreeMap<ExperimentId, Sort>,
    /// Filters sent to the server, the latest last, without duplicates.
    pub filters: Vec<String>,
    /// Drafts of decisions, the last edited at the end.
    pub drafts: Vec<Draft>,
}

/// A preference to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remember {
    Columns(ExperimentId, Vec<RunColumn>),
    /// The sort order of an experiment.
    Sort(ExperimentId, Sort),
    /// A filter that was sent.
    Filter(String),
    /// Replaces the draft of a version.
    Draft(Draft),
    /// A decision was recorded: its draft is dropped.
    Decided(ModelName, VersionNumber),
}

/// Why a stored file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrefsError {
    /// Written by a later version of signoff, in this format.
    Newer(u32),
    /// Damaged, with the parser's message.
    Damaged(String),
}

impl fmt::Display for PrefsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Newer(format) => write!(f, "a newer signoff wrote it (format {format})"),
            Self::Damaged(why) => write!(f, "it is damaged: {why}"),
        }
    }
}

/// The file format, with the version first.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    v: u32,
    #[serde(flatten)]
    prefs: T,
}

impl Prefs {
    /// Stores a preference.
    pub fn remember(&mut self, what: Remember) {
        match what {
            Remember::Columns(experiment, columns) => {
                self.columns.insert(experiment, columns);
            }
            Remember::Sort(experiment, sort) => {
                self.sort.insert(experiment, sort);
            }
            Remember::Filter(filter) => {
                self.filters.retain(|f| *f != filter);
                self.filters.push(filter);
                let too_many = self.filters.len().saturating_sub(FILTERS);
                self.filters.drain(..too_many);
            }
            Remember::Draft(draft) => {
                self.drafts.retain(|d| d.model != draft.model || d.version != draft.version);
                if !draft.is_empty() {
                    self.drafts.push(draft);
                }
                let too_many = self.drafts.len().saturating_sub(DRAFTS);
                self.drafts.drain(..too_many);
            }
            Remember::Decided(model, version) => self.drafts.retain(|d| d.model != model || d.version != version),
        }
    }

    /// The draft of a version.
    pub fn draft(&self, model: &ModelName, version: VersionNumber) -> Draft {
        let found = self.drafts.iter().find(|d| d.model == *model && d.version == version);
        found.cloned().unwrap_or_else(|| Draft::new(model.clone(), version))
    }

    /// Serializes the preferences.
    pub fn to_text(&self) -> String {
        let kept = Kept { v: FORMAT, prefs: self };
        // Cannot fail: all map keys are strings and all values have a JSON form.
        serde_json::to_string_pretty(&kept).unwrap_or_default()
    }

    /// Parses a stored file.
    ///
    /// # Errors
    /// If it has a later format or is invalid.
    pub fn from_text(text: &str) -> Result<Self, PrefsError> {
        #[derive(Deserialize)]
        struct Format {
            v: u32,
        }
        let damaged = |e: serde_json::Error| PrefsError::Damaged(crate::domain::text::clean_line(&e.to_string()));
        // Check the format first: later formats may differ in everything else.
        let Format { v } = serde_json::from_str(text).map_err(damaged)?;
        if v > FORMAT {
            return Err(PrefsError::Newer(v));
        }
        serde_json::from_str::<Kept<Self>>(text).map(|kept| kept.prefs).map_err(damaged)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn prefs() -> Prefs {
        let mut prefs = Prefs::default();
        let experiment = ExperimentId::new("7");
        let auc = RunColumn::Metric("auc".into());
        prefs.remember(Remember::Columns(experiment.clone(), vec![auc.clone(), RunColumn::Param("depth".into())]));
        prefs.remember(Remember::Sort(experiment, Sort { key: SortKey::Column(auc), descending: true }));
        prefs.remember(Remember::Filter("metrics.auc > 0.5".into()));
        prefs
    }

    #[test]
    fn a_filter_used_again_becomes_the_latest() {
        let mut prefs = Prefs::default();
        for filter in ["a", "b", "a"] {
            prefs.remember(Remember::Filter(filter.to_owned()));
        }
        assert_eq!(prefs.filters, ["b", "a"]);
    }

    #[test]
    fn what_is_kept_is_read_again() {
        assert_eq!(Prefs::from_text(&prefs().to_text()), Ok(prefs()));
        assert_eq!(Prefs::from_text(r#"{"v": 1}"#), Ok(Prefs::default()));
    }

    #[test]
    fn a_later_format_is_told_from_damage() {
        assert_eq!(Prefs::from_text(r#"{"v": 2, "columns": "otherwise"}"#), Err(PrefsError::Newer(2)));
        for text in ["", "{", "[]", "{}", r#"{"v": 1, "filters": 3}"#] {
            assert!(matches!(Prefs::from_text(text), Err(PrefsError::Damaged(_))), "{text}");
        }
    }
}
