//! Fuzzy matching of loaded items.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Stands between the cells of a row, in the text that it is found by.
pub const CELLS: char = '\t';

/// Indices of the `items` that match `query`, in their original order: filtering must not move rows.
pub fn filter<T>(query: &str, items: &[T], text: impl Fn(&T) -> String) -> Vec<usize> {
    ranked(query, items, text).into_iter().map(|hit| hit.index).collect()
}

/// Indices of the `items` that match `query`, best first; of equal matches the shortest first, so that an exact match
/// leads.
pub fn best<T>(query: &str, items: &[T], text: impl Fn(&T) -> String) -> Vec<usize> {
    let mut ranked = ranked(query, items, text);
    ranked.sort_by_key(|hit| (std::cmp::Reverse(hit.score), hit.length, hit.index));
    ranked.into_iter().map(|hit| hit.index).collect()
}

/// How well each of the `items` matches `query`; none if it does not.
pub fn scores<T>(query: &str, items: &[T], text: impl Fn(&T) -> String) -> Vec<Option<u32>> {
    let mut scores = vec![None; items.len()];
    for hit in ranked(query, items, text) {
        scores[hit.index] = Some(hit.score);
    }
    scores
}

struct Hit {
    index: usize,
    score: u32,
    length: usize,
}

fn ranked<T>(query: &str, items: &[T], text: impl Fn(&T) -> String) -> Vec<Hit> {
    if query.trim().is_empty() {
        return (0..items.len()).map(|index| Hit { index, score: 0, length: 0 }).collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| {
            let text = text(item);
            let score = match text.contains(CELLS) {
                true => in_cells(&pattern, &text, &mut buffer, &mut matcher)?,
                false => pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?,
            };
            Some(Hit { index, score, length: text.len() })
        })
        .collect()
}

/// Every word is in one of the cells of a row: by its letters in the first, which names the row, and as it is typed in the
/// others. Else their letters would fit almost anything.
fn in_cells(pattern: &Pattern, text: &str, buffer: &mut Vec<char>, matcher: &mut Matcher) -> Option<u32> {
    let mut sum = 0;
    for atom in &pattern.atoms {
        let needle = atom.needle_text().to_string();
        let smart = !needle.chars().any(char::is_uppercase);
        // nucleo does not find "+0.01" in "▲ +0.01".
        let holds = |cell: &str| if smart { cell.to_lowercase().contains(&needle) } else { cell.contains(&needle) };
        let mut best = None;
        for (at, cell) in text.split(CELLS).enumerate() {
            let score = match atom.kind {
                AtomKind::Fuzzy if at > 0 => holds(cell).then_some(0),
                _ => atom.score(Utf32Str::new(cell, buffer), matcher),
            };
            if atom.negative && score.is_none() {
                return None;
            }
            best = best.max(score);
        }
        sum += u32::from(best?);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filtering_keeps_the_order_and_ranking_does_not() {
        let items = ["xtelcox churn", "uplift", "telco"];
        assert_eq!(filter("telco", &items, |s| (*s).to_owned()), [0, 2]);
        assert_eq!(best("telco", &items, |s| (*s).to_owned()), [2, 0]);
        assert_eq!(best("auc", &["best_auc", "auc", "auc_best"], |s| (*s).to_owned())[0], 1);
        let rows = ["telco\tv42\tpass 9", "tel\tco pass\tv7"];
        assert_eq!(filter("telco", &rows, |s| (*s).to_owned()), [0], "the letters of a word are in one cell");
        assert_eq!(filter("tlc", &rows, |s| (*s).to_owned()), [0], "the first cell is found by its letters");
        assert_eq!(filter("pss", &rows, |s| (*s).to_owned()), [0; 0]);
        let delta = ["telco v42\t▲ +0.012", "credit v6\t▲ +0.011"];
        assert_eq!(filter("+0.012", &delta, |s| (*s).to_owned()), [0]);
        assert_eq!(filter("pass v7", &rows, |s| (*s).to_owned()), [1]);
        assert_eq!(filter("pass !v7", &rows, |s| (*s).to_owned()), [0]);
        assert_eq!(filter(" ", &items, |s| (*s).to_owned()), [0, 1, 2]);
    }
}
