//! Preferences set while browsing, kept for this session and the next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::{ExperimentId, ModelName, RunId, VersionNumber};
use crate::domain::policy::Answers;
use crate::domain::record::Decision;

/// Maximum number of stored filters.
const FILTERS: usize = 50;
/// Format version of the file. Files of a later version are left alone.
const FORMAT: u32 = 1;

/// Maximum number of saved views.
const VIEWS: usize = 200;

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

/// What was chosen for one list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListChoice {
    /// Headings of the columns that are hidden.
    pub hidden: BTreeSet<String>,
    /// Without one, the list's own order applies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<ListSort>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListSort {
    /// Heading of the column.
    pub by: String,
    pub descending: bool,
}

/// A place to come back to in a later session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeptPlace {
    Inbox,
    Models,
    Versions { model: ModelName },
    Review { model: ModelName, version: VersionNumber },
    Experiments,
    Runs { experiment: ExperimentId, name: String },
    Run { run: RunId },
    History { model: Option<ModelName> },
}

/// What somebody chose on a screen: the filter, the order and the columns, and for runs what is asked of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    pub filter: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub search: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sort: Option<Sort>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<RunColumn>>,
    /// Order and columns of a list that is not of runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<ListChoice>,
}

/// A view of a screen, under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedView {
    pub name: String,
    pub place: KeptPlace,
    #[serde(default)]
    pub chosen: Chosen,
}

/// A reviewer's input for one version before the decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    pub model: ModelName,
    pub version: VersionNumber,
    /// Stamp of the version: one that is made again under the same name and number is another one. `None` where it was
    /// not known, and in files of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Checklist answers.
    #[serde(default)]
    pub answers: Answers,
    /// Reasons typed but not submitted, one per decision.
    #[serde(default)]
    pub reasons: Vec<(Decision, String)>,
}

impl Draft {
    /// An empty draft.
    pub fn new(model: ModelName, version: VersionNumber, of: Option<String>) -> Self {
        Self { model, version, of, answers: Answers::new(), reasons: Vec::new() }
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

    fn is_named_as(&self, other: &Self) -> bool {
        self.model == other.model && self.version == other.version
    }

    fn is_replaced_by(&self, newer: &Self) -> bool {
        self.is_named_as(newer) && (self.of.is_none() || self.of == newer.of)
    }

    fn is_empty(&self) -> bool {
        self.answers.is_empty() && self.reasons.is_empty()
    }
}

/// The zone in which screens show times. Records and files are in UTC whatever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShownTime {
    /// That of this machine.
    #[default]
    Local,
    Utc,
}

/// Everything stored for one server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Prefs {
    /// The chosen columns, by experiment.
    pub columns: BTreeMap<ExperimentId, Vec<RunColumn>>,
    /// The last sort order, by experiment.
    pub sort: BTreeMap<ExperimentId, Sort>,
    /// Columns and order of other lists, by their name.
    pub lists: BTreeMap<String, ListChoice>,
    /// Filters sent to the server, the latest last, without duplicates.
    pub filters: Vec<String>,
    /// Drafts of decisions, the last edited at the end.
    pub drafts: Vec<Draft>,
    /// Saved views, in the order of their names.
    pub views: Vec<SavedView>,
    /// Where the last session ended, above the inbox.
    pub last: Vec<KeptPlace>,
    /// The zone of times, where it is not that of the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<ShownTime>,
}

/// A preference to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remember {
    Columns(ExperimentId, Vec<RunColumn>),
    /// The sort order of an experiment.
    Sort(ExperimentId, Sort),
    /// Columns and order of the list with this name.
    List(&'static str, ListChoice),
    /// A filter that was sent.
    Filter(String),
    /// Replaces the draft of a version.
    Draft(Draft),
    /// Replaces the view of the same name.
    View(SavedView),
    /// The view of this name is dropped.
    NoView(String),
    /// Where the session ends.
    Last(Vec<KeptPlace>),
    /// The zone of times; none for that of the configuration.
    Time(Option<ShownTime>),
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
            Remember::List(name, choice) => {
                self.lists.insert(name.to_owned(), choice);
            }
            Remember::Filter(filter) => {
                self.filters.retain(|f| *f != filter);
                self.filters.push(filter);
                let too_many = self.filters.len().saturating_sub(FILTERS);
                self.filters.drain(..too_many);
            }
            Remember::Draft(draft) => {
                self.drafts.retain(|d| !d.is_replaced_by(&draft));
                if !draft.is_empty() {
                    self.drafts.push(draft);
                }
                let too_many = self.drafts.len().saturating_sub(DRAFTS);
                self.drafts.drain(..too_many);
            }
            Remember::View(view) => {
                self.views.retain(|known| known.name != view.name);
                self.views.push(view);
                self.views.sort_by(|a, b| a.name.cmp(&b.name));
                self.views.truncate(VIEWS);
            }
            Remember::NoView(name) => self.views.retain(|known| known.name != name),
            Remember::Last(places) => self.last = places,
            Remember::Time(time) => self.time = time,
            Remember::Decided(model, version) => self.drafts.retain(|d| d.model != model || d.version != version),
        }
    }

    /// The draft of the version with this stamp. One without a stamp is taken over: an earlier version wrote it, or the
    /// version was not read yet.
    pub fn draft(&self, model: &ModelName, version: VersionNumber, of: Option<String>) -> Draft {
        let empty = Draft::new(model.clone(), version, of);
        let found = |fits: &dyn Fn(&Draft) -> bool| self.drafts.iter().find(|d| d.is_named_as(&empty) && fits(d));
        let found = found(&|d| d.of == empty.of).or_else(|| found(&|d| d.of.is_none()));
        found.map_or(empty.clone(), |draft| Draft { of: empty.of, ..draft.clone() })
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
        let sort = Some(ListSort { by: "AGE".into(), descending: true });
        prefs.remember(Remember::List("inbox", ListChoice { hidden: ["STAGE".to_owned()].into(), sort }));
        prefs
    }

    fn answered(of: Option<&str>, answer: &str) -> Draft {
        let mut draft = Draft::new(ModelName::new("telco-churn"), VersionNumber(42), of.map(str::to_owned));
        draft.answers.entry("bias".to_owned()).or_default().answer = answer.to_owned();
        draft
    }

    fn answer(prefs: &Prefs, of: Option<&str>) -> Option<String> {
        let draft = prefs.draft(&ModelName::new("telco-churn"), VersionNumber(42), of.map(str::to_owned));
        assert_eq!(draft.of.as_deref(), of);
        draft.answers.get("bias").map(|a| a.answer.clone())
    }

    #[test]
    fn a_version_made_again_does_not_inherit_the_draft_of_the_old_one() {
        let mut prefs = Prefs::default();
        prefs.remember(Remember::Draft(answered(Some("old"), "yes")));
        assert_eq!(answer(&prefs, Some("old")).as_deref(), Some("yes"));
        assert_eq!(answer(&prefs, Some("new")), None);
        assert_eq!(answer(&prefs, None), None, "it may be another one");
        prefs.remember(Remember::Draft(answered(Some("new"), "no")));
        let read = Prefs::from_text(&prefs.to_text()).unwrap();
        assert_eq!((answer(&read, Some("old")), answer(&read, Some("new"))), (Some("yes".into()), Some("no".into())));
        prefs.remember(Remember::Decided(ModelName::new("telco-churn"), VersionNumber(42)));
        assert_eq!(prefs.drafts, []);
    }

    #[test]
    fn a_draft_of_an_earlier_version_of_the_program_is_taken_over() {
        let text =
            r#"{"v": 1, "drafts": [{"model": "telco-churn", "version": 42, "answers": {"bias": {"answer": "yes"}}}]}"#;
        let mut prefs = Prefs::from_text(text).unwrap();
        assert_eq!(answer(&prefs, Some("now")).as_deref(), Some("yes"));
        prefs.remember(Remember::Draft(answered(Some("now"), "no")));
        assert_eq!(prefs.drafts, [answered(Some("now"), "no")], "one draft, and it says of which version");
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
    fn views_and_the_last_place_are_kept_and_older_files_have_none() {
        let place = KeptPlace::Review { model: ModelName::new("telco-churn"), version: VersionNumber(42) };
        let chosen = Chosen { filter: "!held".into(), ..Chosen::default() };
        let view = |name: &str, filter: &str| SavedView {
            name: name.into(),
            place: KeptPlace::Inbox,
            chosen: Chosen { filter: filter.into(), ..chosen.clone() },
        };
        let mut prefs = prefs();
        for view in [view("b", "x"), view("a", "y"), view("b", "z")] {
            prefs.remember(Remember::View(view));
        }
        prefs.remember(Remember::Last(vec![KeptPlace::Inbox, place.clone()]));
        let mut read = Prefs::from_text(&prefs.to_text()).unwrap();
        assert_eq!(read.views, [view("a", "y"), view("b", "z")]);
        assert_eq!(read.last, [KeptPlace::Inbox, place]);
        assert_eq!(read.time, None);
        read.remember(Remember::Time(Some(ShownTime::Utc)));
        assert_eq!(Prefs::from_text(&read.to_text()).unwrap().time, Some(ShownTime::Utc));
        read.remember(Remember::NoView("a".into()));
        assert_eq!(read.views, [view("b", "z")]);
        assert_eq!(Prefs::from_text(r#"{"v": 1, "filters": ["x"]}"#).unwrap().views, []);
    }

    #[test]
    fn a_later_format_is_told_from_damage() {
        assert_eq!(Prefs::from_text(r#"{"v": 2, "columns": "otherwise"}"#), Err(PrefsError::Newer(2)));
        for text in ["", "{", "[]", "{}", r#"{"v": 1, "filters": 3}"#] {
            assert!(matches!(Prefs::from_text(text), Err(PrefsError::Damaged(_))), "{text}");
        }
    }
}
