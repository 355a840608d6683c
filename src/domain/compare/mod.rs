//! Compares a candidate with the baseline: what differs, and, only if a direction is stated, whether for the better.

pub mod data;
pub mod note;
pub mod signature;
mod size;

use std::collections::{BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

use super::facts::{ReviewedFacts, Standing};
use super::pattern::matches;
use super::provenance::Provenance;
use super::registry::{ModelVersion, OWN_TAG_PREFIX};
use super::run::{MetricValue, Run};
use super::score::{MetricOrigin, MetricsFrom, Score, Scores};
use super::sorted_map::Tags;
pub use size::{by_size, change_size};

/// The direction in which a metric improves. There is no default: it is stated or unknown, never guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Higher is better.
    Higher,
    /// Lower is better.
    Lower,
}

/// How metrics are to be read, from configuration and policies: which way is better, as name patterns with `*` and `?`,
/// and whose values count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Directions {
    /// Patterns of metrics where higher is better.
    pub higher: Vec<String>,
    /// Patterns of metrics where lower is better.
    pub lower: Vec<String>,
    /// Whose metrics count where a model and its run differ.
    #[serde(default, skip_serializing_if = "MetricsFrom::is_model")]
    pub from: MetricsFrom,
}

impl Directions {
    /// The stated direction of `metric`; `None` if no pattern matches, or patterns of both kinds do.
    pub fn of(&self, metric: &str) -> Option<Direction> {
        let any = |patterns: &[String]| patterns.iter().any(|p| matches(p, metric));
        match (any(&self.higher), any(&self.lower)) {
            (true, false) => Some(Direction::Higher),
            (false, true) => Some(Direction::Lower),
            _ => None,
        }
    }
}

/// How one row differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Same,
    /// Moved in the stated direction.
    Better,
    /// Moved against the stated direction.
    Worse,
    /// Differs, without a stated direction.
    Unknown,
    /// Only the candidate has it.
    Added,
    /// Only the baseline has it.
    Removed,
}

/// One metric on both sides.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    /// As in [`Score::name`].
    pub name: String,
    /// The metric itself, without a data set.
    pub metric: String,
    /// Baseline value.
    pub old: Option<MetricValue>,
    /// Candidate value.
    pub new: Option<MetricValue>,
    /// `new - old`, if both are finite.
    pub delta: Option<f64>,
    pub change: Change,
    pub direction: Option<Direction>,
    /// Where the baseline's value comes from.
    pub old_origin: Option<MetricOrigin>,
    /// Where the candidate's value comes from.
    pub new_origin: Option<MetricOrigin>,
}

impl MetricRow {
    /// Whether both sides are known to have been measured on different data.
    pub fn on_different_data(&self) -> bool {
        let data = |origin: &Option<MetricOrigin>| origin.as_ref()?.data.clone();
        data(&self.old_origin).zip(data(&self.new_origin)).is_some_and(|(old, new)| old != new)
    }
}

/// One param or tag on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextRow {
    pub name: String,
    /// Baseline value.
    pub old: Option<String>,
    /// Candidate value.
    pub new: Option<String>,
    /// Never better or worse.
    pub change: Change,
}

/// The rows of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// Metrics, by name.
    pub metrics: Vec<MetricRow>,
    /// Params, by name.
    pub params: Vec<TextRow>,
    /// Tags of version and run, by name, without those that signoff or MLflow write themselves.
    pub tags: Vec<TextRow>,
}

/// One side of a comparison. A version of which nothing else can be read is compared by what is known.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    pub version: &'a ModelVersion,
    /// What MLflow says of it.
    pub said: Provenance<'a>,
}

impl<'a> From<&'a ReviewedFacts> for Side<'a> {
    fn from(facts: &'a ReviewedFacts) -> Self {
        Self { version: &facts.version, said: facts.into() }
    }
}

impl<'a> From<&'a Standing> for Side<'a> {
    fn from(standing: &'a Standing) -> Self {
        Self { version: &standing.version, said: standing.into() }
    }
}

/// Compares `candidate` with `baseline`; without a baseline every row is [`Change::Added`].
pub fn compare(candidate: Side<'_>, baseline: Option<Side<'_>>, directions: &Directions) -> Comparison {
    let tags = (baseline.map(shown_tags).unwrap_or_default(), shown_tags(candidate));
    lay(baseline.map(|s| s.said).unwrap_or_default(), candidate.said, tags, directions)
}

/// Compares with a run. The tags of a version are left out, as the other side has none.
pub fn compare_runs(candidate: Provenance<'_>, baseline: &Run, directions: &Directions) -> Comparison {
    let baseline = Provenance::from(baseline);
    let tags = (worth_comparing(baseline.tags()), worth_comparing(candidate.tags()));
    lay(baseline, candidate, tags, directions)
}

fn lay(
    old: Provenance<'_>,
    new: Provenance<'_>,
    (old_tags, new_tags): (Tags, Tags),
    directions: &Directions,
) -> Comparison {
    Comparison {
        metrics: metric_rows(&Scores::of(old, directions.from), &Scores::of(new, directions.from), directions),
        params: text_rows(&old.params(), &new.params()),
        tags: text_rows(&old_tags, &new_tags),
    }
}

/// Classifies the change from `old` to `new`; returns the difference if both are finite.
pub fn metric_change(
    old: Option<MetricValue>,
    new: Option<MetricValue>,
    direction: Option<Direction>,
) -> (Change, Option<f64>) {
    let (Some(old), Some(new)) = (old, new) else {
        return (if old.is_some() { Change::Removed } else { Change::Added }, None);
    };
    if old == new {
        return (Change::Same, (old.is_finite()).then_some(0.0));
    }
    if !old.is_finite() || !new.is_finite() {
        return (Change::Unknown, None);
    }
    let delta = new.0 - old.0;
    let change = match direction {
        _ if delta == 0.0 => Change::Same,
        None => Change::Unknown,
        Some(Direction::Higher) if delta > 0.0 => Change::Better,
        Some(Direction::Lower) if delta < 0.0 => Change::Better,
        Some(_) => Change::Worse,
    };
    (change, Some(delta))
}

/// A row for each value of the candidate, and for each of the baseline's that is beside none of them; by name.
fn metric_rows(old: &Scores, new: &Scores, directions: &Directions) -> Vec<MetricRow> {
    let paired: Vec<_> = new.iter().map(|score| (old.beside(score), Some(score))).collect();
    let used: HashSet<&str> = paired.iter().filter_map(|(old, _)| Some(old.as_ref()?.name.as_str())).collect();
    let taken: HashSet<&str> = new.iter().map(|score| score.name.as_str()).collect();
    let gone = old.iter().filter(|score| !used.contains(score.name.as_str())).map(|score| (Some(score), None));
    let row = |(old, new): (Option<&Score>, Option<&Score>)| {
        let score = new.or(old)?;
        let value = |side: Option<&Score>| side.map(|s| s.value);
        let origin = |side: Option<&Score>| side.and_then(|s| s.origin.clone());
        let direction = directions.of(&score.metric);
        let (change, delta) = metric_change(value(old), value(new), direction);
        let name = match new {
            None if taken.contains(score.name.as_str()) => score.full_name(),
            _ => score.name.clone(),
        };
        Some(MetricRow {
            name,
            metric: score.metric.clone(),
            old: value(old),
            new: value(new),
            delta,
            change,
            direction,
            old_origin: origin(old),
            new_origin: origin(new),
        })
    };
    let mut rows: Vec<MetricRow> = paired.iter().copied().chain(gone).filter_map(row).collect();
    rows.sort_by(|a, b| (&a.metric, &a.name).cmp(&(&b.metric, &b.name)));
    rows
}

fn text_rows(old: &Tags, new: &Tags) -> Vec<TextRow> {
    let names: BTreeSet<&str> = old.names().chain(new.names()).collect();
    let row = |name: &str| {
        let (old, new) = (old.text(name).map(str::to_owned), new.text(name).map(str::to_owned));
        let change = match (&old, &new) {
            (Some(a), Some(b)) if a == b => Change::Same,
            (Some(_), Some(_)) => Change::Unknown,
            (Some(_), None) => Change::Removed,
            _ => Change::Added,
        };
        TextRow { name: name.to_owned(), old, new, change }
    };
    names.into_iter().map(row).collect()
}

/// The tags of version and run to compare.
fn shown_tags(side: Side<'_>) -> Tags {
    worth_comparing(side.said.tags().texts().chain(side.version.tags.texts()).collect())
}

/// Drops bookkeeping tags (`mlflow.*`, `signoff.*`), which always differ and carry no information.
fn worth_comparing(mut tags: Tags) -> Tags {
    tags.retain(|k| !k.starts_with("mlflow.") && !k.starts_with(OWN_TAG_PREFIX));
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v(x: f64) -> Option<MetricValue> {
        Some(MetricValue(x))
    }

    #[test]
    fn an_unknown_direction_stays_neutral() {
        assert_eq!(metric_change(v(0.5), v(0.75), None), (Change::Unknown, Some(0.25)));
    }

    #[test]
    fn a_stated_direction_judges() {
        let d = Directions { higher: vec!["*auc*".into()], lower: vec!["*loss".into()], ..Directions::default() };
        assert_eq!(d.of("test_auc"), Some(Direction::Higher));
        assert_eq!(d.of("val_loss"), Some(Direction::Lower));
        assert_eq!(d.of("latency"), None);
        assert_eq!(metric_change(v(0.5), v(0.75), d.of("auc")).0, Change::Better);
        assert_eq!(metric_change(v(0.5), v(0.75), d.of("loss")).0, Change::Worse);
    }

    #[test]
    fn contradicting_patterns_are_no_direction() {
        let d = Directions { higher: vec!["*".into()], lower: vec!["loss".into()], ..Directions::default() };
        assert_eq!(d.of("loss"), None);
    }

    #[test]
    fn values_that_are_no_numbers_are_never_judged() {
        assert_eq!(metric_change(v(0.5), v(f64::NAN), Some(Direction::Higher)), (Change::Unknown, None));
        assert_eq!(metric_change(v(f64::NAN), v(f64::NAN), Some(Direction::Higher)), (Change::Same, None));
        assert_eq!(metric_change(None, v(1.0), Some(Direction::Higher)), (Change::Added, None));
        assert_eq!(metric_change(v(1.0), None, Some(Direction::Higher)), (Change::Removed, None));
    }
}
