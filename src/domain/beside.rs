//! Compares several versions or runs in columns: every metric, param and tag that any of them has.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::change_size;
use super::provenance::Provenance;
use super::registry::OWN_TAG_PREFIX;
use super::run::MetricValue;
use super::score::{MetricsFrom, Score, Scores};
use super::sorted_map::Tags;

/// One column, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Column<'a> {
    pub said: Provenance<'a>,
    /// Whose metrics count where the model and its run differ.
    pub from: MetricsFrom,
    /// The version's own tags; `None` for a run.
    pub tags: Option<&'a Tags>,
}

/// The values of one row, one per column; `None` where a column lacks the entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cells {
    Numbers(Vec<Option<MetricValue>>),
    /// Of a param or tag, raw.
    Texts(Vec<Option<String>>),
}

/// One metric, param or tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueRow {
    /// Raw.
    pub name: String,
    pub cells: Cells,
}

/// All rows, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    pub metrics: Vec<ValueRow>,
    pub params: Vec<ValueRow>,
    /// Tags, without those that MLflow and signoff write themselves.
    pub tags: Vec<ValueRow>,
}

impl ValueRow {
    /// Whether the columns differ.
    pub fn differs(&self) -> bool {
        match &self.cells {
            Cells::Numbers(v) => v.windows(2).any(|w| w[0] != w[1]),
            Cells::Texts(v) => v.windows(2).any(|w| w[0] != w[1]),
        }
    }

    /// The size of the change in the second column ([`change_size`]), which is not measurable for texts.
    pub fn size(&self) -> f64 {
        match &self.cells {
            Cells::Numbers(v) => change_size(v.first().copied().flatten(), v.get(1).copied().flatten()),
            Cells::Texts(_) if self.differs() => f64::INFINITY,
            Cells::Texts(_) => 0.0,
        }
    }
}

/// Arranges `columns` into rows.
pub fn lay(columns: &[Column<'_>]) -> Beside {
    let params: Vec<Tags> = columns.iter().map(|c| c.said.params()).collect();
    let tags: Vec<Tags> = columns
        .iter()
        .map(|c| {
            c.said.tags().iter().chain(c.tags.into_iter().flat_map(|t| t.iter())).map(|(k, v)| (k, v.clone())).collect()
        })
        .collect();
    let texts = |sides: &[Tags]| {
        let names: BTreeSet<String> = sides.iter().flat_map(|t| t.names()).map(str::to_owned).collect();
        let cells = |name: &str| sides.iter().map(|t| t.text(name).map(str::to_owned)).collect();
        names.into_iter().map(|name| ValueRow { cells: Cells::Texts(cells(&name)), name }).collect::<Vec<_>>()
    };
    let bookkeeping = |row: &ValueRow| row.name.starts_with("mlflow.") || row.name.starts_with(OWN_TAG_PREFIX);
    Beside {
        metrics: metrics(columns),
        params: texts(&params),
        tags: texts(&tags).into_iter().filter(|row| !bookkeeping(row)).collect(),
    }
}

/// A row for each metric, and one below it where a model and its run differ, with what the other of the two has.
fn metrics(columns: &[Column<'_>]) -> Vec<ValueRow> {
    let scores: Vec<BTreeMap<String, Score>> = columns
        .iter()
        .map(|c| Scores::of(c.said, c.from).iter().map(|s| (s.name.clone(), s.clone())).collect())
        .collect();
    let names: BTreeSet<&String> = scores.iter().flat_map(BTreeMap::keys).collect();
    let mut rows = Vec::with_capacity(names.len());
    for name in names {
        let cells = |of: &dyn Fn(&Score) -> Option<MetricValue>| {
            Cells::Numbers(scores.iter().map(|side| side.get(name).and_then(of)).collect())
        };
        rows.push(ValueRow { name: name.clone(), cells: cells(&|score| Some(score.value)) });
        let other = |score: &Score| score.origin.as_ref()?.other;
        let whose = scores.iter().find_map(|side| {
            let origin = side.get(name)?.origin.as_ref()?;
            origin.other.map(|_| origin.of.other())
        });
        if let Some(whose) = whose {
            // A side whose model and run agree has the same value in both rows.
            let cells = cells(&|score| other(score).or(Some(score.value)));
            rows.push(ValueRow { name: format!("{name} of {}", whose.words()), cells });
        }
    }
    rows
}

/// Sorts by largest change first; equal sizes stay in name order.
pub fn sort_by_size(rows: &mut [ValueRow]) {
    rows.sort_by(|a, b| b.size().total_cmp(&a.size()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[Option<f64>]) -> ValueRow {
        ValueRow { name: "m".into(), cells: Cells::Numbers(values.iter().map(|v| v.map(MetricValue)).collect()) }
    }

    #[test]
    fn the_size_of_a_change_is_relative_and_what_cannot_be_measured_is_the_largest() {
        for (row, size) in [
            (numbers(&[Some(1.0), Some(1.0)]), 0.0),
            (numbers(&[Some(2.0), Some(1.0)]), 0.5),
            (numbers(&[Some(-f64::MAX), Some(f64::MAX)]), 2.0),
            (numbers(&[Some(0.0), Some(-0.0)]), 0.0),
            (numbers(&[Some(f64::NAN), Some(f64::NAN)]), 0.0),
            (numbers(&[Some(f64::NAN), Some(1.0)]), f64::INFINITY),
            (numbers(&[None, Some(1.0)]), f64::INFINITY),
        ] {
            assert_eq!(row.size(), size, "{row:?}");
        }
    }

    #[test]
    fn every_name_of_any_column_has_a_row_and_a_missing_value_differs() {
        let mut a = crate::domain::promotion::samples::run(1, 0.9);
        let b = crate::domain::promotion::samples::run(2, 0.9);
        a.params.insert("only", "here");
        a.tags.insert("team", "x");
        let tags = Tags::from_iter([("team".to_owned(), "y".to_owned())]);
        let column = |run, tags| Column { said: Provenance::from(run), from: MetricsFrom::Model, tags };
        let columns = [column(&a, None), column(&b, Some(&tags))];
        let laid = lay(&columns);
        let names = |rows: &[ValueRow]| rows.iter().map(|r| (r.name.clone(), r.differs())).collect::<Vec<_>>();
        assert_eq!(names(&laid.metrics), [("auc".into(), false), ("latency_ms".into(), false)]);
        assert_eq!(names(&laid.params), [("depth".into(), false), ("only".into(), true)]);
        assert_eq!(names(&laid.tags), [("team".into(), true)]);
    }
}
