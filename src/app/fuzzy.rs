//! Fuzzy matching of what is loaded.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// Indices of the `items` that match `query`, in their own order: filtering must not move rows about.
pub fn filter<T>(query: &str, items: &[T], text: impl Fn(&T) -> String) -> Vec<usize> {
    ranked(query, items, text).into_iter().map(|(index, _)| index).collect()
}

/// Indices of the `items` that match `query`, the best first.
pub fn best<T>(query: &str, items: &[T], text: impl Fn(&T) -> String) -> Vec<usize> {
    let mut ranked = ranked(query, items, text);
    ranked.sort_by_key(|(index, score)| (std::cmp::Reverse(*score), *index));
    ranked.into_iter().map(|(index, _)| index).collect()
}

fn ranked<T>(query: &str, items: &[T], text: impl Fn(&T) -> String) -> Vec<(usize, u32)> {
    if query.trim().is_empty() {
        return (0..items.len()).map(|i| (i, 0)).collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(query, CaseMatching::Smart, Normalization::Smart);
    let mut buffer = Vec::new();
    items
        .iter()
        .enumerate()
        .filter_map(|(i, item)| Some((i, pattern.score(Utf32Str::new(&text(item), &mut buffer), &mut matcher)?)))
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
        assert_eq!(filter(" ", &items, |s| (*s).to_owned()), [0, 1, 2]);
    }
}
