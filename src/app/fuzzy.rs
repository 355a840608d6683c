//! Fuzzy matching of loaded items.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

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
            let score = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher)?;
            Some(Hit { index, score, length: text.len() })
        })
        .collect()
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
        assert_eq!(filter(" ", &items, |s| (*s).to_owned()), [0, 1, 2]);
    }
}
