//! The size of a change, for sorting by "largest change first".

use std::cmp::Ordering;

use super::MetricRow;
use crate::domain::run::MetricValue;

/// The size of the change from `old` to `new`, relative to the larger of them: `|new - old| / max(|old|, |new|)`, from
/// 0 to 2.
///
/// Relative, because the metrics of a run share no unit: 0.01 more AUC outweighs 1 ms more on 300 ms.
/// Infinite if a change has no measurable size (on one side only, not a number, infinite), because such a change needs
/// a look most of all.
pub fn change_size(old: Option<MetricValue>, new: Option<MetricValue>) -> f64 {
    if old == new {
        return 0.0;
    }
    match (old, new) {
        (Some(a), Some(b)) if a.is_finite() && b.is_finite() => {
            let most = a.0.abs().max(b.0.abs());
            // `most` is 0 for zero and negative zero. Halving keeps the largest numbers from overflowing to infinity.
            if most == 0.0 { 0.0 } else { 2.0 * ((b.0 / 2.0 - a.0 / 2.0).abs() / most) }
        }
        _ => f64::INFINITY,
    }
}

/// The order "largest change first"; equal sizes sort by name.
pub fn by_size(a: &MetricRow, b: &MetricRow) -> Ordering {
    change_size(b.old, b.new).total_cmp(&change_size(a.old, a.new)).then_with(|| a.name.cmp(&b.name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::compare::{Direction, metric_change};

    fn row(name: &str, old: Option<f64>, new: Option<f64>) -> MetricRow {
        let (old, new) = (old.map(MetricValue), new.map(MetricValue));
        let (change, delta) = metric_change(old, new, Some(Direction::Higher));
        MetricRow {
            name: name.into(),
            metric: name.into(),
            old,
            new,
            delta,
            change,
            direction: None,
            old_origin: None,
            new_origin: None,
        }
    }

    #[test]
    fn what_cannot_be_measured_comes_first_and_what_is_equal_last() {
        let mut rows = [
            row("same", Some(1.0), Some(1.0)),
            row("nan_on_both", Some(f64::NAN), Some(f64::NAN)),
            row("zero", Some(0.0), Some(-0.0)),
            row("latency", Some(300.0), Some(301.0)),
            row("auc", Some(0.90), Some(0.91)),
            row("flipped", Some(-f64::MAX), Some(f64::MAX)),
            row("gone", Some(1.0), None),
            row("broken", Some(1.0), Some(f64::NAN)),
            row("added", None, Some(1.0)),
            row("endless", Some(1.0), Some(f64::INFINITY)),
        ];
        rows.sort_by(by_size);
        let names: Vec<&str> = rows.iter().map(|r| r.name.as_str()).collect();
        let expected =
            ["added", "broken", "endless", "gone", "flipped", "auc", "latency", "nan_on_both", "same", "zero"];
        assert_eq!(names, expected);
    }

    proptest! {
        #[test]
        fn a_size_is_a_number_between_nothing_and_two_or_endless(a in any::<Option<f64>>(), b in any::<Option<f64>>()) {
            let size = change_size(a.map(MetricValue), b.map(MetricValue));
            prop_assert!((0.0..=2.0).contains(&size) || size == f64::INFINITY, "{size}");
            prop_assert_eq!(size.to_bits(), change_size(b.map(MetricValue), a.map(MetricValue)).to_bits());
        }
    }
}
