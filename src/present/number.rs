//! Counts, metric values and differences.

use super::{Phrase, Role, Symbols};
use crate::domain::compare::Change;
use crate::domain::release::signed;
pub use crate::domain::text::{count, plural};

/// A list's length: `1 model`, `3 models`, `100+ models` if there may be more; empty if unknown.
pub fn length(known: Option<usize>, more: bool, one: &str) -> Phrase<'static> {
    match known {
        None => Phrase::default(),
        Some(0) if more => Phrase::of(Role::Muted, format!("… {}", plural(0, one))),
        Some(n) => Phrase::new(format!("{n}{} {}", if more { "+" } else { "" }, plural(n as u64, one))),
    }
}

/// The role, symbol and word of a change.
pub fn change(change: Change, symbols: &Symbols) -> (Role, &'static str, &'static str) {
    match change {
        Change::Better => (Role::Good, symbols.better, "better"),
        Change::Worse => (Role::Bad, symbols.worse, "worse"),
        Change::Added => (Role::Unknown, "+", "new"),
        Change::Removed => (Role::Warn, "-", "gone"),
        Change::Unknown => (Role::Unknown, symbols.unknown, "changed"),
        Change::Same => (Role::Muted, symbols.same, "equal"),
    }
}

/// A synthetic number as wide as the widest of these, on both sides of the decimal point.
pub fn widest(numbers: impl IntoIterator<Item = String>) -> String {
    let (mut before, mut after) = (0, 0);
    for number in numbers {
        let point = super::text::point(&number);
        before = before.max(point);
        after = after.max(number.len().saturating_sub(point));
    }
    let rest = if after > 1 { format!(".{}", "0".repeat(after - 1)) } else { String::new() };
    format!("{}{rest}", "0".repeat(before))
}

/// A difference in two columns: `▲` and `+0.012`, `+` and `new`, `=` and nothing.
pub fn difference(kind: Change, delta: Option<f64>, symbols: &Symbols) -> [Phrase<'static>; 2] {
    let (role, symbol, word) = change(kind, symbols);
    let said = match (kind, delta) {
        (Change::Same, _) => String::new(),
        (Change::Added | Change::Removed, _) => word.to_owned(),
        (_, delta) => delta.map(signed).unwrap_or_default(),
    };
    [Phrase::of(role, symbol), Phrase::of(role, said)]
}

/// A difference in one column: `▲ +0.012`.
pub fn delta(kind: Change, delta: Option<f64>, symbols: &Symbols) -> Phrase<'static> {
    let [symbol, said] = difference(kind, delta, symbols);
    if said.is_empty() { symbol } else { symbol.text(" ").join(said) }
}

/// As [`delta`], with fewer digits and an exponent where it would take more than `most` cells: a number is never cut.
pub fn delta_within(most: usize, kind: Change, by: Option<f64>, symbols: &Symbols) -> Phrase<'static> {
    let whole = delta(kind, by, symbols);
    let Some(by) = by.filter(|_| whole.width() > most) else { return whole };
    let (role, symbol, _) = change(kind, symbols);
    let mut shorter = (0..3).rev().map(|digits| Phrase::of(role, format!("{symbol} {by:+.digits$e}")));
    shorter.find(|phrase| phrase.width() <= most).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::{UNICODE, text};

    #[test]
    fn a_long_difference_has_fewer_digits_and_an_exponent() {
        let said = |by| delta_within(10, Change::Worse, Some(by), &UNICODE).plain().into_owned();
        assert_eq!([said(-0.0305), said(-0.0039312), said(1.5e-10)], ["▼ -0.0305", "▼ -3.93e-3", "▼ +1.5e-10"]);
        for exponent in -300..300 {
            let by = -1.2345 * 10f64.powi(exponent);
            assert!(text::width(&said(by)) <= 10, "{}", said(by));
        }
    }

    #[test]
    fn a_difference_says_the_same_in_one_piece_and_in_two() {
        for (change, by, said) in [
            (Change::Better, Some(0.012), "▲ +0.012"),
            (Change::Worse, Some(-3.0), "▼ -3"),
            (Change::Unknown, None, "?"),
            (Change::Added, None, "+ new"),
            (Change::Removed, None, "- gone"),
            (Change::Same, Some(0.0), "="),
        ] {
            assert_eq!(delta(change, by, &UNICODE).plain(), said);
        }
    }

    #[test]
    fn the_widest_number_is_as_wide_as_any_on_both_sides_of_its_point() {
        let of = |numbers: &[&str]| widest(numbers.iter().map(|n| (*n).to_owned()));
        assert_eq!(of(&["0.914", "12.5", "-1234"]), "00000.000");
        assert_eq!((of(&["7"]), of(&[])), ("0".to_owned(), String::new()));
    }

    #[test]
    fn counts_agree_with_their_nouns() {
        assert_eq!((count(1u64, "commit"), count(0u64, "commit")), ("1 commit".into(), "0 commits".into()));
        assert_eq!(length(Some(100), true, "model").plain(), "100+ models");
        assert_eq!(length(Some(0), true, "model").plain(), "… models");
        assert_eq!(length(Some(7), false, "waiting").plain(), "7 waiting");
    }
}
