//! What a person chose while browsing and wants to find again when coming back, in this session or the next.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ExperimentId, ModelName, VersionNumber};
use crate::domain::policy::Answers;
use crate::domain::record::Decision;

/// How many filters are kept.
const FILTERS: usize = 50;
/// The format of the text that is kept on disk. Files of a later one are left alone.
const FORMAT: u32 = 1;

/// How many drafts of decisions are kept; the oldest goes first.
const DRAFTS: usize = 100;

/// A column of a list of runs that a person may choose.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunColumn {
    /// The latest value of a metric.
    Metric(String),
    Param(String),
}

impl RunColumn {
    /// The name of the metric or param, raw.
    pub fn name(&self) -> &str {
        match self {
            Self::Metric(name) | Self::Param(name) => name,
        }
    }
}

/// What a list of runs is sorted by. Nothing is the server's order: newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortKey {
    /// The word for its state.
    Status,
    Name,
    /// When it began.
    Started,
    /// How long it took.
    Duration,
    /// Who ran it.
    User,
    /// A metric or param.
    Column(RunColumn),
}

/// A sort key and its direction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sort {
    pub key: SortKey,
    /// Largest first.
    pub descending: bool,
}

/// What a reviewer has said about one version before deciding on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub model: ModelName,
    pub version: VersionNumber,
    /// Answers to the checklist.
    #[serde(default)]
    pub answers: Answers,
    /// Reasons typed and not yet submitted, one a decision.
    #[serde(default)]
    pub reasons: Vec<(Decision, String)>,
}

impl Draft {
    /// Nothing said yet.
    pub fn new(model: ModelName, version: VersionNumber) -> Self {
        Self { model, version, answers: Answers::new(), reasons: Vec::new() }
    }

    /// The reason typed for `decision`; empty if there is none.
    pub fn reason(&self, decision: Decision) -> &str {
        self.reasons.iter().find(|(d, _)| *d == decision).map_or("", |(_, text)| text)
    }

    /// Keeps `text` as the reason for `decision`.
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

/// Everything that is remembered of one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    /// The columns chosen for the runs of an experiment.
    pub columns: BTreeMap<ExperimentId, Vec<RunColumn>>,
    /// What the runs of an experiment were sorted by last.
    pub sort: BTreeMap<ExperimentId, Sort>,
    /// Filters sent to the server, the latest last, each once.
    pub filters: Vec<String>,
    /// Decisions that are being made, the one touched last at the end.
    pub drafts: Vec<Draft>,
}

/// One thing to remember.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remember {
    Columns(ExperimentId, Vec<RunColumn>),
    /// What the runs of an experiment are sorted by.
    Sort(ExperimentId, Sort),
    /// A filter that was sent.
    Filter(String),
    /// What was said so far about a version; in place of what was said before.
    Draft(Draft),
    /// A version was decided on: what was said is in the record now.
    Decided(ModelName, VersionNumber),
}

/// Why a kept text cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrefsError {
    /// It was written by a later signoff, in this format.
    Newer(u32),
    /// It is damaged; what is wrong, in the words of the parser.
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

/// The text on disk: the format first.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    v: u32,
    #[serde(flatten)]
    prefs: T,
}

impl Prefs {
    /// Takes note.
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

    /// What was said so far about a version.
    pub fn draft(&self, model: &ModelName, version: VersionNumber) -> Draft {
        let found = self.drafts.iter().find(|d| d.model == *model && d.version == version);
        found.cloned().unwrap_or_else(|| Draft::new(model.clone(), version))
    }

    /// The text to keep on disk.
    pub fn to_text(&self) -> String {
        let kept = Kept { v: FORMAT, prefs: self };
        // Maps with names for keys and plain values: there is nothing in it that JSON has no form for.
        serde_json::to_string_pretty(&kept).unwrap_or_default()
    }

    /// Reads a kept text.
    ///
    /// # Errors
    /// If it is of a later format, or no such text.
    pub fn from_text(text: &str) -> Result<Self, PrefsError> {
        #[derive(Deserialize)]
        struct Format {
            v: u32,
        }
        let damaged = |e: serde_json::Error| PrefsError::Damaged(crate::domain::text::clean_line(&e.to_string()));
        // The format first: nothing else can be expected of a later one.
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
