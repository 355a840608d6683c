//! Folds names with a common prefix into one row: `validation_* (100)`.

use std::collections::{BTreeMap, HashSet};

/// Minimum number of names with a common prefix to fold.
pub const LEAST: usize = 16;

/// One row of a folded list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fold {
    /// Index of a name on its own.
    One(usize),
    /// Names with a common prefix.
    Many {
        /// The prefix, including its last separator.
        prefix: String,
        /// Their indices, in order.
        members: Vec<usize>,
    },
}

/// Folds groups of at least `least` names that share a prefix up to a separator (`/`, `_`, `.` or `-`), by the longest
/// prefixes shared that often. A row appears at the position of its first name.
pub fn fold(names: &[&str], least: usize) -> Vec<Fold> {
    let mut groups = Vec::new();
    gather(names, (0..names.len()).collect(), 0, least.max(2), &mut groups);
    let mut first: BTreeMap<usize, (String, Vec<usize>)> = BTreeMap::new();
    let mut inside = HashSet::new();
    for (prefix, mut members) in groups {
        members.sort_unstable();
        inside.extend(members.iter().copied());
        if let Some(at) = members.first() {
            first.insert(*at, (prefix, members));
        }
    }
    (0..names.len())
        .filter_map(|i| match first.remove(&i) {
            Some((prefix, members)) => Some(Fold::Many { prefix, members }),
            None => (!inside.contains(&i)).then_some(Fold::One(i)),
        })
        .collect()
}

/// Collects the groups among `members`, which share their first `len` bytes, and returns the ungrouped rest.
fn gather(
    names: &[&str],
    members: Vec<usize>,
    len: usize,
    least: usize,
    groups: &mut Vec<(String, Vec<usize>)>,
) -> Vec<usize> {
    let mut alone = Vec::new();
    let mut alike: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for member in members {
        let name = names[member];
        match name[len..].find(['/', '_', '.', '-']) {
            Some(at) => alike.entry(&name[..=len + at]).or_default().push(member),
            None => alone.push(member),
        }
    }
    for (prefix, members) in alike {
        if members.len() < least {
            alone.extend(members);
            continue;
        }
        let before = groups.len();
        let rest = gather(names, members.clone(), prefix.len(), least, groups);
        if groups.len() == before {
            groups.push((prefix.to_owned(), members));
        } else if rest.len() >= least {
            groups.push((prefix.to_owned(), rest));
        } else {
            alone.extend(rest);
        }
    }
    alone
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(names: &[String], least: usize) -> Vec<String> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let row = |f: &Fold| match f {
            Fold::One(i) => names[*i].to_owned(),
            Fold::Many { prefix, members } => format!("{prefix}* ({})", members.len()),
        };
        fold(&names, least).iter().map(row).collect()
    }

    #[test]
    fn a_hundred_names_with_one_beginning_are_one_row() {
        let mut names = vec!["auc".to_owned()];
        names.extend((0..100).map(|i| format!("metrics/validation_{i}")));
        names.push("recall".to_owned());
        assert_eq!(shown(&names, LEAST), ["auc", "metrics/validation_* (100)", "recall"]);
    }

    #[test]
    fn the_longest_beginning_that_enough_share_wins_and_the_rest_is_not_lost() {
        let mut names: Vec<String> = (0..20).map(|i| format!("val_auc_{i}")).collect();
        names.extend((0..20).map(|i| format!("val_f1_{i}")));
        names.push("val_loss".to_owned());
        assert_eq!(shown(&names, LEAST), ["val_auc_* (20)", "val_f1_* (20)", "val_loss"]);
    }

    #[test]
    fn few_names_stay_as_they_are() {
        let names: Vec<String> = (0..15).map(|i| format!("val_{i}")).collect();
        assert_eq!(shown(&names, LEAST), names);
    }

    proptest! {
        #[test]
        fn every_name_is_in_exactly_one_row(names in prop::collection::vec("[ab_/é]{0,6}", 0..40), least in 0usize..6) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut seen: Vec<usize> = fold(&names, least)
                .into_iter()
                .flat_map(|f| match f {
                    Fold::One(i) => vec![i],
                    Fold::Many { members, .. } => members,
                })
                .collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..names.len()).collect::<Vec<_>>());
        }
    }
}
