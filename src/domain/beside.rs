//! Compares several versions or runs in columns: every metric, param and tag that any of them has.

use std::collections::BTreeSet;

use super::compare::change_size;
use super::registry::OWN_TAG_PREFIX;
use super::run::{MetricValue, Run};
use super::sorted_map::Tags;

/// One column, as far as it is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Column<'a> {
    pub run: Option<&'a Run>,
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
    let runs = || columns.iter().filter_map(|c| c.run);
    let metrics: BTreeSet<&str> = runs().flat_map(|r| r.metrics.names()).collect();
    let params: BTreeSet<&str> = runs().flat_map(|r| r.params.names()).collect();
    let tags: BTreeSet<&str> =
        runs().map(|r| &r.tags).chain(columns.iter().filter_map(|c| c.tags)).flat_map(|tags| tags.names()).collect();
    let bookkeeping = |name: &str| name.starts_with("mlflow.") || name.starts_with(OWN_TAG_PREFIX);
    let number = |name: &str| {
        columns.iter().map(|c| c.run.and_then(|r| r.metrics.get(name)).map(|p| p.value)).collect::<Vec<_>>()
    };
    let text = |tags: Option<&Tags>, name: &str| tags.and_then(|t| t.text(name)).map(str::to_owned);
    let param = |name: &str| columns.iter().map(|c| text(c.run.map(|r| &r.params), name)).collect();
    let tag = |name: &str| {
        let of = |c: &Column<'_>| text(c.tags, name).or_else(|| text(c.run.map(|r| &r.tags), name));
        columns.iter().map(of).collect()
    };
    let row = |name: &str, cells| ValueRow { name: name.to_owned(), cells };
    Beside {
        metrics: metrics.into_iter().map(|n| row(n, Cells::Numbers(number(n)))).collect(),
        params: params.into_iter().map(|n| row(n, Cells::Texts(param(n)))).collect(),
        tags: tags.into_iter().filter(|n| !bookkeeping(n)).map(|n| row(n, Cells::Texts(tag(n)))).collect(),
    }
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
        let columns = [Column { run: Some(&a), tags: None }, Column { run: Some(&b), tags: Some(&tags) }];
        let laid = lay(&columns);
        let names = |rows: &[ValueRow]| rows.iter().map(|r| (r.name.clone(), r.differs())).collect::<Vec<_>>();
        assert_eq!(names(&laid.metrics), [("auc".into(), false), ("latency_ms".into(), false)]);
        assert_eq!(names(&laid.params), [("depth".into(), false), ("only".into(), true)]);
        assert_eq!(names(&laid.tags), [("team".into(), true)]);
    }
}
