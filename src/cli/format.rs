//! How times, metrics and changes read on the command line.

use jiff::Timestamp;

use crate::cli::output::Role;
use crate::cli::table::Cell;
use crate::domain::compare::Change;
use crate::domain::release::signed;
use crate::domain::run::MetricValue;

/// How long ago something was, in its largest unit: `5m`, `3h`, `2d`, `8w`. Empty if unknown.
pub fn age(now: Timestamp, then: Option<Timestamp>) -> String {
    let Some(then) = then else {
        return String::new();
    };
    let seconds = now.as_second().saturating_sub(then.as_second()).max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..1_209_600 => format!("{}d", seconds / 86_400),
        1_209_600..63_072_000 => format!("{}w", seconds / 604_800),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// A time to the second, in UTC. Empty if unknown.
pub fn time(at: Option<Timestamp>) -> String {
    at.map(|t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()).unwrap_or_default()
}

/// A metric's value. Empty if there is none.
pub fn value(value: Option<MetricValue>) -> String {
    value.map(|v| v.to_string()).unwrap_or_default()
}

/// A difference in two cells: the symbol of its direction (better `▲`, worse `▼`, unknown `?`, same `=`), and the
/// signed number.
pub fn delta(change: Change, delta: Option<f64>) -> [Cell; 2] {
    let (symbol, role) = symbol(change);
    let number = delta.filter(|_| change != Change::Same).map(signed).unwrap_or_default();
    [Cell::new(symbol, role), Cell::new(number, role)]
}

/// The symbol of a change, and what it means.
pub fn symbol(change: Change) -> (&'static str, Role) {
    match change {
        Change::Same => ("=", Role::Muted),
        Change::Better => ("▲", Role::Good),
        Change::Worse => ("▼", Role::Bad),
        Change::Unknown => ("?", Role::Plain),
        Change::Added => ("+", Role::Plain),
        Change::Removed => ("-", Role::Plain),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (then, told) in [
            ("2026-11-23T12:00:30Z", "0s"),
            ("2026-11-23T11:58:30Z", "1m"),
            ("2026-11-23T07:00:00Z", "5h"),
            ("2026-11-21T11:00:00Z", "2d"),
            ("2026-10-01T00:00:00Z", "7w"),
            ("2020-10-01T00:00:00Z", "6y"),
        ] {
            assert_eq!(age(now, Some(then.parse().unwrap())), told);
        }
        assert_eq!(age(now, None), "");
    }
}
