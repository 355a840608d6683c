//! A table of numbers beside that of the baseline.

use std::collections::BTreeMap;

use super::table::column;
use crate::domain::preview::Grid;
use crate::domain::release::signed;

/// Heading of a column of differences.
const DELTA: &str = "Δ";

/// `candidate` with a column of differences after each of its columns of numbers that differs from that of `baseline`. Rows
/// are the same if their texts are, and columns if their headings are; where texts are there twice, nothing is compared.
pub fn with_differences(candidate: &Grid, baseline: &Grid) -> Grid {
    let (ours, theirs) = (keys(candidate), keys(baseline));
    let rows_of = |keys: &[String]| {
        let mut out: BTreeMap<String, Option<usize>> = BTreeMap::new();
        for (at, key) in keys.iter().enumerate() {
            out.entry(key.clone()).and_modify(|row| *row = None).or_insert(Some(at));
        }
        out
    };
    let (mine, known) = (rows_of(&ours), rows_of(&theirs));
    let other = |row: usize| {
        let key = ours.get(row).filter(|key| mine.get(*key).copied().flatten().is_some())?;
        baseline.rows.get(known.get(key).copied().flatten()?)
    };
    let mut out = Grid { columns: Vec::new(), rows: vec![Vec::new(); candidate.rows.len()] };
    for (at, head) in candidate.columns.iter().enumerate() {
        out.columns.push(head.clone());
        for (row, cells) in out.rows.iter_mut().zip(&candidate.rows) {
            row.push(cells.get(at).cloned().unwrap_or_default());
        }
        let same = baseline.columns.iter().position(|c| c.title == head.title && c.numeric);
        let Some(there) = same.filter(|_| head.numeric && has_texts(candidate)) else { continue };
        let difference = |row: usize| {
            let new: f64 = candidate.rows[row].get(at)?.parse().ok()?;
            let old: f64 = other(row)?.get(there)?.parse().ok()?;
            Some(new - old).filter(|by| *by != 0.0 && by.is_finite()).map(signed)
        };
        let differences: Vec<Vec<String>> =
            (0..candidate.rows.len()).map(|row| vec![difference(row).unwrap_or_default()]).collect();
        if differences.iter().any(|cell| !cell[0].is_empty()) {
            out.columns.push(column(0, DELTA.to_owned(), &differences));
            for (row, cell) in out.rows.iter_mut().zip(differences) {
                row.extend(cell);
            }
        }
    }
    out
}

fn has_texts(grid: &Grid) -> bool {
    grid.columns.iter().any(|column| !column.numeric) || is_labelled(grid)
}

/// A first column of numbers without a heading is an index.
fn is_labelled(grid: &Grid) -> bool {
    grid.columns.first().is_some_and(|column| column.title.is_empty())
}

fn keys(grid: &Grid) -> Vec<String> {
    let is_text =
        |at: usize| grid.columns.get(at).is_some_and(|column| !column.numeric) || at == 0 && is_labelled(grid);
    let key = |row: &Vec<String>| {
        let texts = row.iter().enumerate().filter(|(at, _)| is_text(*at)).map(|(_, cell)| cell.as_str());
        texts.collect::<Vec<_>>().join("\u{1f}")
    };
    grid.rows.iter().map(key).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::table;
    use super::*;

    fn grid(raw: &str) -> Grid {
        table::grid(raw, b',', false, &mut Vec::new()).unwrap()
    }

    fn beside(new: &str, old: &str) -> Vec<String> {
        let grid = with_differences(&grid(new), &grid(old));
        let header = grid.columns.iter().map(|c| c.title.clone()).collect::<Vec<_>>().join("|");
        std::iter::once(header).chain(grid.rows.iter().map(|row| row.join("|"))).collect()
    }

    #[test]
    fn rows_are_found_by_their_texts_and_columns_by_their_headings() {
        let shown = beside("class,stays,leaves\nb,5,6\na,1,2\n", "class,leaves,stays\na,2,3\nc,0,0\nb,6,4\n");
        assert_eq!(shown, ["class|stays|Δ|leaves", "b|5|+1|6", "a|1|-2|2"]);
    }

    #[test]
    fn what_is_there_twice_or_only_here_has_no_difference() {
        assert_eq!(beside("k,v\na,1\na,2\n", "k,v\na,3\n"), ["k|v", "a|1", "a|2"]);
        assert_eq!(beside("k,v\na,1\n", "k,v\na,3\na,4\n"), ["k|v", "a|1"]);
        assert_eq!(beside("k,v\na,1\n", "k,w\na,3\n"), ["k|v", "a|1"]);
        assert_eq!(beside("v,w\n1,2\n", "v,w\n3,4\n"), ["v|w", "1|2"], "nothing says which row is which");
        assert_eq!(beside(",0\n0,5\n1,6\n", ",0\n0,4\n1,6\n"), ["|0|Δ", "0|5|+1", "1|6|"]);
    }
}
