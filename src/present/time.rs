//! Times and durations. Always UTC.

use jiff::Timestamp;

/// Time since `at` in its largest unit: `40s`, `12m`, `3h`, `2d`, `9w`, `2y`; `?` if unknown.
pub fn age(at: impl Into<Option<Timestamp>>, now: Timestamp) -> String {
    let Some(at) = at.into() else {
        return "?".to_owned();
    };
    let seconds = now.as_second().saturating_sub(at.as_second()).max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..5_184_000 => format!("{}d", seconds / 86_400),
        5_184_000..63_072_000 => format!("{}w", seconds / 604_800),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// A duration in milliseconds: `0.14s`, `12s`, `1:05`, `2:03:10`, `3d 4h`.
pub fn span(ms: i64) -> String {
    match ms.max(0) {
        ms if ms < 10_000 => format!("{}.{:02}s", ms / 1000, ms % 1000 / 10),
        ms if ms < 60_000 => format!("{}s", ms / 1000),
        ms if ms < 3_600_000 => format!("{}:{:02}", ms / 60_000, ms / 1000 % 60),
        ms if ms < 86_400_000 => format!("{}:{:02}:{:02}", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60),
        ms => format!("{}d {}h", ms / 86_400_000, ms / 3_600_000 % 24),
    }
}

/// The duration between two times, as [`span`].
pub fn between(from: Timestamp, to: Timestamp) -> String {
    span(to.as_millisecond().saturating_sub(from.as_millisecond()))
}

/// `2026-11-23`
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// `2026-11-23 09:10`, for columns with UTC in the heading.
pub fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M").to_string()
}

/// `2026-11-23 09:10:04 UTC`
pub fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// As [`second`], for a time that may be missing.
pub fn recorded(at: Option<Timestamp>) -> String {
    at.map_or_else(|| "not recorded".to_owned(), second)
}

/// `09:10:04Z`, if the day is clear.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ages_use_their_largest_unit() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (at, shown) in [
            ("2026-11-23T11:59:20Z", "40s"),
            ("2026-11-23T11:48:00Z", "12m"),
            ("2026-11-23T09:00:00Z", "3h"),
            ("2026-11-21T12:00:00Z", "2d"),
            ("2026-10-01T00:00:00Z", "53d"),
            ("2026-08-23T12:00:00Z", "13w"),
            ("2023-11-23T12:00:00Z", "3y"),
            ("2026-11-23T12:00:09Z", "0s"),
        ] {
            assert_eq!(age(at.parse::<Timestamp>().unwrap(), now), shown);
        }
        assert_eq!(age(None, now), "?");
    }

    #[test]
    fn spans_are_as_exact_as_they_are_short() {
        for (ms, shown) in [
            (140, "0.14s"),
            (12_000, "12s"),
            (65_000, "1:05"),
            (7_390_000, "2:03:10"),
            (273_600_000, "3d 4h"),
            (-1, "0.00s"),
        ] {
            assert_eq!(span(ms), shown);
        }
    }
}
