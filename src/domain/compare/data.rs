//! Compares the data sets of two runs.

use serde::Serialize;

use super::{Change, TextRow};
use crate::domain::run::Dataset;
use crate::domain::text::grouped;

/// A pair of data sets with the same context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DataRow {
    /// The context: `training`, ...; `data` if unset.
    pub context: String,
    /// The baseline's.
    pub old: Option<Dataset>,
    /// The candidate's.
    pub new: Option<Dataset>,
    /// Never better or worse.
    pub change: Change,
}

impl DataRow {
    /// The candidate's rows minus the baseline's, if both are known.
    pub fn more_rows(&self) -> Option<i128> {
        let rows = |d: &Option<Dataset>| d.as_ref()?.rows.map(i128::from);
        Some(rows(&self.new)? - rows(&self.old)?)
    }

    /// Three rows of text: name, digest, number of rows. Each with its difference, if that is a number.
    pub fn texts(&self) -> [(TextRow, Option<String>); 3] {
        let row = |name: &str, of: fn(&Dataset) -> Option<String>| {
            let (old, new) = (self.old.as_ref().and_then(of), self.new.as_ref().and_then(of));
            let change = match (&old, &new) {
                (a, b) if a == b => Change::Same,
                (Some(_), Some(_)) => Change::Unknown,
                (Some(_), None) => Change::Removed,
                _ => Change::Added,
            };
            TextRow { name: name.to_owned(), old, new, change }
        };
        let more = self.more_rows().filter(|n| *n != 0);
        let more = more.map(|n| if n > 0 { format!("+{}", grouped(n)) } else { grouped(n) });
        [
            (row(&self.context, |d| Some(d.name.clone())), None),
            (row("  digest", |d| Some(d.digest.clone())), None),
            (row("  rows", |d| d.rows.map(grouped)), more),
        ]
    }
}

/// Pairs data sets of the same context: first identical ones, then those with the same name, then the rest, in order.
/// One without a partner is added or removed.
pub fn data_rows(old: &[Dataset], new: &[Dataset]) -> Vec<DataRow> {
    let mut partner: Vec<Option<usize>> = vec![None; new.len()];
    let passes: [fn(&Dataset, &Dataset) -> bool; 3] = [|a, b| a == b, |a, b| a.name == b.name, |_, _| true];
    for fits in passes {
        for at in 0..new.len() {
            if partner[at].is_none() {
                let free = |i: &usize| !partner.contains(&Some(*i));
                let found = (0..old.len())
                    .filter(free)
                    .find(|i| old[*i].context == new[at].context && fits(&old[*i], &new[at]));
                partner[at] = found;
            }
        }
    }
    let paired = new.iter().zip(&partner).map(|(new, at)| row(at.map(|i| &old[i]), Some(new)));
    let gone =
        old.iter().enumerate().filter(|(i, _)| !partner.contains(&Some(*i))).map(|(_, old)| row(Some(old), None));
    paired.chain(gone).collect()
}

fn row(old: Option<&Dataset>, new: Option<&Dataset>) -> DataRow {
    let change = match (old, new) {
        (Some(a), Some(b)) if a == b => Change::Same,
        (Some(_), Some(_)) => Change::Unknown,
        (Some(_), None) => Change::Removed,
        _ => Change::Added,
    };
    let context = new.or(old).and_then(|d| d.context.clone()).unwrap_or_else(|| "data".to_owned());
    DataRow { context, old: old.cloned(), new: new.cloned(), change }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(context: &str, name: &str, digest: &str, rows: Option<u64>) -> Dataset {
        Dataset { name: name.into(), digest: digest.into(), context: Some(context.into()), rows }
    }

    #[test]
    fn sets_for_the_same_purpose_are_laid_side_by_side_whatever_they_are_called() {
        let old = [set("training", "sep", "4b", Some(12_000)), set("validation", "hold", "aa", None)];
        let new = [
            set("validation", "hold", "aa", None),
            set("training", "oct", "99", Some(14_400)),
            set("test", "t", "1", None),
        ];
        let rows = data_rows(&old, &new);
        let shape: Vec<_> = rows.iter().map(|r| (r.context.as_str(), r.change, r.more_rows())).collect();
        assert_eq!(
            shape,
            [
                ("validation", Change::Same, None),
                ("training", Change::Unknown, Some(2_400)),
                ("test", Change::Added, None)
            ]
        );
        assert_eq!(data_rows(&old, &[]).iter().map(|r| r.change).collect::<Vec<_>>(), [Change::Removed; 2]);
    }

    #[test]
    fn the_same_set_and_the_same_name_find_each_other_before_strangers_do() {
        let old = [set("training", "a", "1", None), set("training", "b", "2", None)];
        let new = [set("training", "c", "9", None), set("training", "a", "5", None), set("training", "b", "2", None)];
        let pairs: Vec<_> = data_rows(&old, &new).into_iter().map(|r| (r.old.map(|d| d.name), r.change)).collect();
        let name = |n: &str| Some(n.to_owned());
        assert_eq!(pairs, [(None, Change::Added), (name("a"), Change::Unknown), (name("b"), Change::Same)]);
    }

    proptest! {
        #[test]
        fn every_set_is_in_exactly_one_row(
            old in prop::collection::vec(("[ab]", "[ab]", "[ab]"), 0..6), new in prop::collection::vec(("[ab]", "[ab]", "[ab]"), 0..6),
        ) {
            let sets = |v: &[(String, String, String)]| v.iter().map(|(c, n, d)| set(c, n, d, None)).collect::<Vec<_>>();
            let (old, new) = (sets(&old), sets(&new));
            let rows = data_rows(&old, &new);
            let sorted = |mut v: Vec<Dataset>| { v.sort_by_key(|d| format!("{d:?}")); v };
            prop_assert_eq!(sorted(rows.iter().filter_map(|r| r.old.clone()).collect()), sorted(old));
            prop_assert_eq!(sorted(rows.iter().filter_map(|r| r.new.clone()).collect()), sorted(new));
            prop_assert!(rows.iter().all(|r| (r.change == Change::Same) == (r.old == r.new)));
        }
    }
}
