//! The order of the runs: filtered, sorted, children below their parents. Works on indices into the loaded runs, so
//! that 20,000 runs are arranged without copying one.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::app::prefs::{RunColumn, Sort, SortKey};
use crate::domain::experiment::{RunAttribute, RunOrder};
use crate::domain::ids::RunId;
use crate::domain::run::Run;

/// A row of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedRun {
    /// Index of the run among those loaded.
    pub item: usize,
    /// Depth below its root.
    pub depth: usize,
    /// Number of direct children loaded.
    pub children: usize,
    /// Whether the children are hidden.
    pub folded: bool,
}

/// Arranges the runs at the indices `kept`. A run whose parent is not among them is a root.
pub fn arrange(runs: &[Arc<Run>], kept: &[usize], sort: Option<&Sort>, folded: &HashSet<RunId>) -> Vec<ListedRun> {
    let mut order = kept.to_vec();
    if let Some(sort) = sort {
        sort_by(&mut order, runs, sort);
    }
    let place: HashMap<&str, usize> = kept.iter().map(|i| (runs[*i].id.as_str(), *i)).collect();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); runs.len()];
    let mut roots = Vec::new();
    for i in &order {
        match runs[*i].parent_id().and_then(|p| place.get(p)) {
            Some(parent) => below[*parent].push(*i),
            None => roots.push(*i),
        }
    }
    let mut lines = Vec::with_capacity(order.len());
    let mut reached = vec![false; runs.len()];
    descend(&roots, runs, &below, folded, &mut reached, &mut lines);
    // Runs whose parents form a cycle have no root; show them anyway.
    for i in order {
        if !reached[i] {
            descend(&[i], runs, &below, folded, &mut reached, &mut lines);
        }
    }
    lines
}

/// Iterative, because the nesting depth is not under our control.
fn descend(
    roots: &[usize],
    runs: &[Arc<Run>],
    below: &[Vec<usize>],
    folded: &HashSet<RunId>,
    reached: &mut [bool],
    lines: &mut Vec<ListedRun>,
) {
    let mut todo: Vec<(usize, usize, bool)> = roots.iter().rev().map(|i| (*i, 0, true)).collect();
    while let Some((item, depth, shown)) = todo.pop() {
        if std::mem::replace(&mut reached[item], true) {
            continue;
        }
        let children = below[item].as_slice();
        let fold = !children.is_empty() && folded.contains(&runs[item].id);
        if shown {
            lines.push(ListedRun { item, depth, children: children.len(), folded: fold });
        }
        todo.extend(children.iter().rev().map(|i| (*i, depth + 1, shown && !fold)));
    }
}

/// The server-side order for `sort`; none if the server cannot sort that way, or only at a high cost.
pub fn by_the_server(sort: &Sort) -> Option<RunOrder> {
    let by = match sort.key {
        SortKey::Started => RunAttribute::Started,
        SortKey::Name => RunAttribute::Name,
        SortKey::Status => RunAttribute::Status,
        SortKey::Duration | SortKey::User | SortKey::Column(_) => return None,
    };
    Some(RunOrder { by, descending: sort.descending })
}

/// A sort value. Missing values and NaN come last in either direction.
enum Value<'a> {
    Number(f64),
    Text(&'a str),
    Missing,
}

fn sort_by(order: &mut [usize], runs: &[Arc<Run>], sort: &Sort) {
    // Computed once per run, not once per comparison.
    let values: Vec<Value<'_>> = runs.iter().map(|run| value(run, &sort.key)).collect();
    order.sort_by(|a, b| match (&values[*a], &values[*b]) {
        (Value::Missing, Value::Missing) => Ordering::Equal,
        (Value::Missing, _) => Ordering::Greater,
        (_, Value::Missing) => Ordering::Less,
        (a, b) if sort.descending => compare(b, a),
        (a, b) => compare(a, b),
    });
}

fn compare(a: &Value<'_>, b: &Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
        (Value::Number(_), _) => Ordering::Less,
        (_, Value::Number(_)) => Ordering::Greater,
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

fn value<'a>(run: &'a Run, key: &SortKey) -> Value<'a> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^52")]
    let number = |n: Option<i64>| n.map_or(Value::Missing, |n| Value::Number(n as f64));
    let text = |t: &'a str| if t.is_empty() { Value::Missing } else { Value::Text(t) };
    match key {
        SortKey::Status => text(&run.status),
        SortKey::Name => text(&run.name),
        SortKey::Started => number(run.started_at.map(|t| t.as_millisecond())),
        SortKey::Duration => number(duration(run)),
        SortKey::User => text(run.user.as_deref().unwrap_or_default()),
        SortKey::Column(RunColumn::Metric(name)) => match run.metrics.get(name) {
            Some(point) if !point.value.0.is_nan() => Value::Number(point.value.0),
            _ => Value::Missing,
        },
        // Params used for sorting are usually numbers stored as text.
        SortKey::Column(RunColumn::Param(name)) => match run.params.text(name) {
            None => Value::Missing,
            Some(t) => t.parse::<f64>().ok().filter(|n| !n.is_nan()).map_or_else(|| text(t), Value::Number),
        },
    }
}

/// Duration of a run in milliseconds.
pub fn duration(run: &Run) -> Option<i64> {
    Some(run.ended_at?.as_millisecond() - run.started_at?.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::promotion::samples;
    use crate::domain::run::{MetricPoint, MetricValue};

    fn run(id: &str, parent: Option<&str>, auc: Option<f64>) -> Arc<Run> {
        let mut run = samples::run(1, 0.0);
        run.id = RunId::new(id);
        run.tags = parent.map(|p| ("mlflow.parentRunId".to_owned(), p.to_owned())).into_iter().collect();
        run.metrics = auc
            .map(|v| ("auc".to_owned(), MetricPoint { value: MetricValue(v), step: 0, at: None }))
            .into_iter()
            .collect();
        Arc::new(run)
    }

    fn shown(runs: &[Arc<Run>], sort: Option<&Sort>, folded: &[&str]) -> Vec<String> {
        let kept: Vec<usize> = (0..runs.len()).collect();
        let folded = folded.iter().map(|f| RunId::new(*f)).collect();
        let lines = arrange(runs, &kept, sort, &folded);
        lines.iter().map(|l| format!("{}{}", " ".repeat(l.depth), runs[l.item].id.as_str())).collect()
    }

    #[test]
    fn children_stand_below_their_parent_wherever_they_were_loaded() {
        let runs = [run("c1", Some("p"), None), run("x", None, None), run("p", None, None), run("c2", Some("p"), None)];
        assert_eq!(shown(&runs, None, &[]), ["x", "p", " c1", " c2"]);
        assert_eq!(shown(&runs, None, &["p"]), ["x", "p"]);
    }

    #[test]
    fn a_run_whose_parent_is_not_loaded_stands_by_itself() {
        assert_eq!(shown(&[run("c", Some("elsewhere"), None)], None, &[]), ["c"]);
    }

    #[test]
    fn runs_that_are_their_own_ancestors_are_shown_once() {
        let runs = [run("a", Some("b"), None), run("b", Some("a"), None), run("s", Some("s"), None)];
        assert_eq!(shown(&runs, None, &[]), ["s", "a", " b"]);
    }

    #[test]
    fn sorting_puts_what_is_missing_last_both_ways_and_keeps_families_together() {
        let runs = [
            run("none", None, None),
            run("nan", None, Some(f64::NAN)),
            run("low", None, Some(0.1)),
            run("child", Some("low"), Some(0.9)),
            run("high", None, Some(f64::INFINITY)),
        ];
        let by = |descending| Sort { key: SortKey::Column(RunColumn::Metric("auc".into())), descending };
        assert_eq!(shown(&runs, Some(&by(true)), &[]), ["high", "low", " child", "none", "nan"]);
        assert_eq!(shown(&runs, Some(&by(false)), &[]), ["low", " child", "high", "none", "nan"]);
    }

    #[test]
    fn a_hundred_thousand_generations_are_no_recursion() {
        let runs: Vec<_> = (0..100_000).map(|i| run(&i.to_string(), Some(&(i + 1).to_string()), None)).collect();
        let kept: Vec<usize> = (0..runs.len()).collect();
        let lines = arrange(&runs, &kept, None, &HashSet::new());
        assert_eq!((lines.len(), lines[99_999].depth), (100_000, 99_999));
    }
}
