//! Times and durations. Commands and records say times in UTC; screens in the [`Zone`] that is chosen.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The zone in which screens say times.
#[derive(Clone, Copy, Debug)]
pub enum Zone<'a> {
    Utc,
    /// The reader's own.
    Local(&'a TimeZone),
}

impl<'a> Zone<'a> {
    /// The reader's zone. A machine whose zone is UTC, or is not known, has no other time to show.
    pub fn of(zone: &'a TimeZone) -> Self {
        let is_utc = *zone == TimeZone::UTC
            || zone.is_unknown()
            || matches!(zone.iana_name(), Some("UTC" | "Etc/UTC" | "Etc/UCT" | "Etc/Universal" | "Etc/Zulu"));
        if is_utc { Self::Utc } else { Self::Local(zone) }
    }

    /// `2026-11-23`
    pub fn day(self, at: Timestamp) -> String {
        self.said(at, "%Y-%m-%d")
    }

    /// `2026-11-23 09:10`, for columns whose heading says which zone it is.
    pub fn cell(self, at: Timestamp) -> String {
        self.said(at, "%Y-%m-%d %H:%M")
    }

    /// `2026-11-23 09:10 UTC`, `2026-11-23 10:10 +01:00`
    pub fn minute(self, at: Timestamp) -> String {
        format!("{} {}", self.cell(at), self.mark(at))
    }

    /// `2026-11-23 09:10:04 UTC`, `2026-11-23 10:10:04 +01:00`
    pub fn second(self, at: Timestamp) -> String {
        format!("{} {}", self.said(at, "%Y-%m-%d %H:%M:%S"), self.mark(at))
    }

    /// As [`Self::second`], for a time that may be missing.
    pub fn recorded(self, at: Option<Timestamp>) -> String {
        at.map_or_else(|| "not recorded".to_owned(), |at| self.second(at))
    }

    /// `09:10:04Z`, `10:10:04 +01:00`, if the day is clear.
    pub fn clock(self, at: Timestamp) -> String {
        match self {
            Self::Utc => self.said(at, "%H:%M:%SZ"),
            Self::Local(_) => format!("{} {}", self.said(at, "%H:%M:%S"), self.mark(at)),
        }
    }

    /// What a heading says of the times below it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Utc => "UTC",
            Self::Local(_) => "local",
        }
    }

    /// `+01:00`: the offset at this time. Summer time has another one.
    pub fn offset(self, at: Timestamp) -> String {
        self.said(at, "%:z")
    }

    fn mark(self, at: Timestamp) -> String {
        match self {
            Self::Utc => "UTC".to_owned(),
            Self::Local(_) => self.offset(at),
        }
    }

    fn said(self, at: Timestamp, format: &str) -> String {
        match self {
            Self::Utc => at.strftime(format).to_string(),
            Self::Local(zone) => at.to_zoned_datetime(zone.clone()).strftime(format).to_string(),
        }
    }
}

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

/// The second at which [`age`] says something else.
pub fn age_until(at: Option<Timestamp>, now: Timestamp) -> i64 {
    let Some(at) = at.map(Timestamp::as_second) else {
        return i64::MAX;
    };
    let seconds = now.as_second().saturating_sub(at).max(0);
    let unit = match seconds {
        0..60 => 1,
        60..3_600 => 60,
        3_600..86_400 => 3_600,
        86_400..5_184_000 => 86_400,
        5_184_000..63_072_000 => 604_800,
        _ => 31_536_000,
    };
    let next = (seconds / unit + 1) * unit;
    // A year of 365 days does not begin with a week.
    let next = if seconds < 63_072_000 { next.min(63_072_000) } else { next };
    at.saturating_add(next)
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
    Zone::Utc.day(at)
}

/// `2026-11-23 09:10`, for columns with UTC in the heading.
pub fn minute(at: Timestamp) -> String {
    Zone::Utc.cell(at)
}

/// `2026-11-23 09:10:04 UTC`
pub fn second(at: Timestamp) -> String {
    Zone::Utc.second(at)
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
    fn an_age_holds_until_the_second_at_which_it_says_something_else() {
        let at: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let mut now = at - jiff::SignedDuration::from_secs(3);
        // Every change of the first four years.
        while now < at + jiff::SignedDuration::from_hours(4 * 366 * 24) {
            let next = Timestamp::from_second(age_until(Some(at), now)).unwrap();
            let before = next - jiff::SignedDuration::from_secs(1);
            assert_eq!(age(at, before), age(at, now));
            assert_ne!(age(at, next), age(at, now));
            now = next;
        }
        assert_eq!(age_until(None, now), i64::MAX);
    }

    #[test]
    fn a_time_says_its_zone_and_summer_time_its_own_offset() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let (winter, summer): (Timestamp, Timestamp) =
            ("2026-11-23T23:10:04Z".parse().unwrap(), "2026-07-01T09:10:04Z".parse().unwrap());
        let zone = Zone::of(&berlin);
        assert_eq!(zone.second(winter), "2026-11-24 00:10:04 +01:00");
        assert_eq!(zone.minute(summer), "2026-07-01 11:10 +02:00");
        assert_eq!(zone.clock(summer), "11:10:04 +02:00");
        assert_eq!((zone.day(winter), zone.word()), ("2026-11-24".to_owned(), "local"));
        assert_eq!(Zone::Utc.minute(winter), "2026-11-23 23:10 UTC");
        assert_eq!(Zone::Utc.clock(winter), "23:10:04Z");
    }

    #[test]
    fn a_machine_in_utc_has_no_other_time() {
        for zone in [TimeZone::UTC, TimeZone::unknown()] {
            assert!(matches!(Zone::of(&zone), Zone::Utc), "{zone:?}");
        }
        let london = TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap();
        assert_eq!(Zone::of(&london).minute("2026-11-23T09:10:04Z".parse().unwrap()), "2026-11-23 09:10 +00:00");
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
