//! Metrics of a record that are not those that stand now.

use crate::domain::provenance::Provenance;
use crate::domain::record::{MetricFacts, Record};
use crate::domain::run::MetricValue;
use crate::domain::score::{MetricOrigin, MetricsFrom, Score, Scores};

/// A metric whose value is another one now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed<'a> {
    /// As the record or the list of scores names it.
    pub name: String,
    /// The metric without the data set it was measured on.
    pub metric: String,
    pub then: Option<MetricValue>,
    pub now: Option<MetricValue>,
    /// Where the value of now comes from.
    pub origin: Option<&'a MetricOrigin>,
}

/// One recorded side of a metric: its value, and where that came from.
pub type Side<'a> = (Option<MetricValue>, Option<&'a MetricOrigin>);

/// The candidate's side of a recorded metric.
pub fn candidate(row: &MetricFacts) -> Side<'_> {
    (row.candidate, row.candidate_origin.as_ref())
}

/// The baseline's side of a recorded metric.
pub fn baseline(row: &MetricFacts) -> Side<'_> {
    (row.baseline, row.baseline_origin.as_ref())
}

/// What a version scores now, read as for `record`.
pub fn scores(record: &Record, said: Provenance<'_>) -> Scores {
    Scores::of(said, record.metrics_from.unwrap_or_default())
}

/// Differences between the recorded side of each metric and `now`.
pub fn changed<'n>(signed: &[(&MetricFacts, Side<'_>)], now: &'n Scores) -> Vec<Changed<'n>> {
    let of = |score: &Score| score.origin.as_ref().map(|origin| (origin.of, origin.data.clone()));
    // In a record, a row's name may say on which data its metric was measured.
    let is = |score: &Score, row: &MetricFacts, origin: Option<&MetricOrigin>| {
        let named =
            row.name == score.metric || row.name.strip_prefix(&score.metric).is_some_and(|r| r.starts_with(" on "));
        named && of(score) == origin.map(|origin| (origin.of, origin.data.clone()))
    };
    let mut out = Vec::new();
    for (row, (then, origin)) in signed.iter().filter(|(_, (then, _))| then.is_some()) {
        let found = now.iter().find(|score| is(score, row, *origin));
        if found.map(|score| score.value) != *then {
            out.push(Changed {
                name: row.name.clone(),
                metric: found.map_or_else(|| row.name.clone(), |score| score.metric.clone()),
                then: *then,
                now: found.map(|score| score.value),
                origin: found.and_then(|score| score.origin.as_ref()),
            });
        }
    }
    // A model may be measured again, on other data: what was signed has to stand, and nothing else.
    for score in now.iter().filter(|score| of(score).is_none_or(|(whose, _)| whose == MetricsFrom::Run)) {
        if !signed.iter().any(|(row, (then, origin))| then.is_some() && is(score, row, *origin)) {
            out.push(Changed {
                name: score.name.clone(),
                metric: score.metric.clone(),
                then: None,
                now: Some(score.value),
                origin: score.origin.as_ref(),
            });
        }
    }
    out
}
