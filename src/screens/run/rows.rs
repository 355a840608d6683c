//! The rows of one run, tab by tab.

use std::collections::HashSet;

use crate::domain::fold::{Fold, LEAST, fold};
use crate::domain::run::{MetricPoint, Run};
use crate::domain::sorted_map::Tags;
use crate::domain::text::clean_line;

/// A row of a run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunRow {
    /// Metrics with a common prefix.
    Group {
        prefix: String,
        /// Number of metrics.
        count: usize,
        /// Whether it is unfolded.
        open: bool,
    },
    Metric {
        /// Raw.
        name: String,
        point: MetricPoint,
        /// Whether it belongs to an open group.
        inside: bool,
    },
    /// A param or tag.
    Text {
        /// Raw.
        name: String,
        /// Raw.
        value: String,
    },
    /// A line of a long text.
    Line(String),
}

impl RunRow {
    /// The text a filter matches against; none for what only groups others.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Group { .. } => None,
            Self::Metric { name, point, .. } => Some(format!("{} {} {}", clean_line(name), point.value, point.step)),
            Self::Text { name, value } => Some(format!("{} {}", clean_line(name), clean_line(value))),
            Self::Line(line) => Some(line.clone()),
        }
    }
}

/// The run's metrics, grouped by common prefix. Groups are folded, unless there would be nothing else to see. `toggled`
/// are the groups the user folded or unfolded; with `all`, every group is unfolded.
pub fn metrics(run: &Run, toggled: &HashSet<String>, all: bool) -> Vec<RunRow> {
    let names: Vec<&str> = run.metrics.names().collect();
    let points: Vec<MetricPoint> = run.metrics.values().copied().collect();
    let metric = |i: usize, inside| RunRow::Metric { name: names[i].to_owned(), point: points[i], inside };
    let mut rows = Vec::new();
    let parts = fold(&names, LEAST);
    let usual = parts.len() == 1;
    for part in parts {
        match part {
            Fold::One(i) => rows.push(metric(i, false)),
            Fold::Many { prefix, members } => {
                let open = all || toggled.contains(&prefix) != usual;
                rows.push(RunRow::Group { prefix, count: members.len(), open });
                rows.extend(members.into_iter().filter(|_| open).map(|i| metric(i, true)));
            }
        }
    }
    rows
}

/// Params or tags. Those in `open` are followed by the full value, wrapped to `width`.
pub fn texts(items: &Tags, open: &HashSet<String>, width: usize) -> Vec<RunRow> {
    let mut rows = Vec::new();
    for (name, value) in items.texts() {
        rows.push(RunRow::Text { name: name.to_owned(), value: value.to_owned() });
        if open.contains(name) {
            let whole = clean_line(value);
            rows.extend(crate::ui::text::wrap(&whole, width.max(20)).into_iter().map(RunRow::Line));
        }
    }
    rows
}

/// The author's description of the run, wrapped to `width`.
pub fn description(run: &Run, width: usize) -> Vec<RunRow> {
    let text = run.description().unwrap_or_default();
    crate::ui::text::wrap(text.trim_end(), width.max(20)).into_iter().map(RunRow::Line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::promotion::samples;
    use crate::domain::run::MetricValue;

    fn shown(names: &[&str], toggled: &[&str]) -> usize {
        let mut run = samples::run(1, 0.0);
        let point = |name: usize| MetricPoint { value: MetricValue(name as f64), step: 0, at: None };
        let many = (0..20).map(|i| (format!("val_{i:02}"), point(i)));
        run.metrics = many.chain(names.iter().map(|name| ((*name).to_owned(), point(0)))).collect();
        metrics(&run, &toggled.iter().map(|name| (*name).to_owned()).collect(), false).len()
    }

    #[test]
    fn metrics_that_begin_alike_are_folded_unless_there_is_nothing_else() {
        assert_eq!((shown(&["auc"], &[]), shown(&["auc"], &["val_"])), (2, 22));
        assert_eq!((shown(&[], &[]), shown(&[], &["val_"])), (21, 1));
    }
}
