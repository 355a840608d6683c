//! The decision stored on the model version, in one small tag that every reviewer sees.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::{Decision, Sealed};
use crate::domain::identity::{About, Identity};
use crate::domain::limits::{TAG_VALUE, length};
use crate::domain::registry::{ModelVersion, PromotionTarget};
use crate::domain::text::{clean, shorten};

/// Name (without prefix) of the tag with the decision in force.
pub const DECISION: &str = "decision";

/// Name prefix (after signoff's own) of the tags that point to approvals which do not promote yet, one per login.
pub const APPROVAL: &str = "approval.";

/// Characters of the reason kept in the tag, if all of it fits.
const REASON: usize = 200;

/// The decision in force on a version, according to its tag. A pointer, not a proof: anyone who may edit tags can write
/// it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionMark {
    pub decision: Decision,
    /// Login of the signer.
    pub by: String,
    /// When it was signed, by the host's clock where that was seen: others read it beside times of the servers. Earlier
    /// versions wrote the time of the signer's machine.
    pub at: Timestamp,
    /// The reason, cut to about 200 characters.
    #[serde(default)]
    pub reason: String,
    /// When a hold is to be looked at again; `None` without a date, and in marks of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Hash of the record.
    pub record: String,
    /// Where the version went, such as `Production` or `@champion`; `None` if it promoted nothing, and in marks of earlier
    /// versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Stamp of the version it was written for ([`Identity::stamp`]); `None` in marks of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

impl DecisionMark {
    /// The mark for a record.
    pub fn of(sealed: &Sealed) -> Self {
        let record = &sealed.record;
        Self {
            decision: record.decision,
            by: record.signer.login.clone(),
            at: record.decided_at(),
            reason: shorten(&record.reason, REASON),
            until: record.until,
            record: sealed.record_hash.clone(),
            to: record.change.as_ref().map(|c| c.to.to_string()),
            of: Identity::from(&record.model).stamp(),
        }
    }

    /// The mark as it is written to a tag. Where tags should not hold what people wrote, without the reason: the record
    /// has it.
    pub fn in_tags(sealed: &Sealed, hold_text: bool) -> Self {
        let mark = Self::of(sealed);
        if hold_text { mark } else { Self { reason: String::new(), ..mark } }
    }

    pub fn to_value(&self) -> String {
        self.within(TAG_VALUE)
    }

    /// The mark as a value of at most `most` characters: quoted, a reason may grow to twice its length.
    pub fn within(&self, most: usize) -> String {
        let mut mark = self.clone();
        loop {
            // Plain data: serialization cannot fail.
            let value = serde_json::to_string(&mark).unwrap_or_default();
            let over = length(&value).saturating_sub(most);
            let left = mark.reason.chars().count();
            match (over, left) {
                (0, _) | (_, 0) => return value,
                (_, 1) => mark.reason.clear(),
                _ => mark.reason = shorten(&mark.reason, left.saturating_sub(over.div_ceil(2)).max(1)),
            }
        }
    }

    /// Parses a tag's value; `None` if it has another form.
    pub fn parse(value: &str) -> Option<Self> {
        let mark: Self = serde_json::from_str(value).ok()?;
        Some(Self { by: clean(&mark.by), reason: clean(&mark.reason), ..mark })
    }

    /// The decision in force on `version`. A mark of another version, copied along with its tags, is none.
    pub fn on(version: &ModelVersion) -> Option<Self> {
        Self::in_tag(version).filter(|mark| mark.about(version).another().is_none())
    }

    /// The mark of another version that was copied to `version` with its tags.
    pub fn copied_to(version: &ModelVersion) -> Option<Self> {
        Self::in_tag(version).filter(|mark| mark.about(version).another().is_some())
    }

    fn in_tag(version: &ModelVersion) -> Option<Self> {
        version.own_tag(DECISION).and_then(Self::parse)
    }

    /// Whether the mark was written for `version`. One without a stamp never is for certain; it is another version's if
    /// it is older than the version, as after `copy_model_version`.
    pub fn about(&self, version: &ModelVersion) -> About {
        stamped(self.of.as_deref(), Some(self.at), version)
    }

    /// Whether nothing is left to decide about the version for `target`: it was rejected, or promoted there.
    pub fn decides(&self, target: &PromotionTarget) -> bool {
        match self.decision {
            Decision::Reject => true,
            Decision::Approve | Decision::Rollback => self.to.as_ref().is_none_or(|to| *to == target.to_string()),
            Decision::Hold => false,
        }
    }

    /// The date of a hold, if it has passed: then somebody is to look again.
    pub fn is_due(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|until| self.decision == Decision::Hold && *until < now)
    }

    /// Whether the decision takes the version out of review: rejected or on hold.
    pub fn sets_aside(&self) -> bool {
        matches!(self.decision, Decision::Reject | Decision::Hold)
    }
}

/// The date of a hold as shown: the day alone if that is what was given.
pub fn day(until: Timestamp) -> String {
    let shown = until.strftime("%Y-%m-%d").to_string();
    match until.strftime("%H:%M:%S").to_string().as_str() {
        "23:59:59" => shown,
        _ => until.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    }
}

/// Reads the date of a hold as a person types it: a day, which means its end in UTC, or nothing.
///
/// # Errors
/// A sentence that says what is wrong, and what is expected.
pub fn read_day(text: &str, now: Timestamp) -> Result<Option<Timestamp>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let end = text.parse::<Date>().ok().and_then(|day| TimeZone::UTC.to_timestamp(day.at(23, 59, 59, 0)).ok());
    match end {
        Some(end) if end > now => Ok(Some(end)),
        Some(_) => Err(format!("{text} has passed. Give a later day, or none.")),
        None => Err(format!("'{}' is no day. Write it as 2026-12-15, or leave it empty.", clean(text))),
    }
}

/// Whether a tag with the stamp `of`, made at `at`, was written for `version`.
pub fn stamped(of: Option<&str>, at: Option<Timestamp>, version: &ModelVersion) -> About {
    match (of, version.stamp()) {
        (Some(of), Some(stamp)) if of == stamp => About::Same,
        (Some(_), Some(_)) => About::Another("its tags were copied from another version".to_owned()),
        _ => match (at, version.created_at) {
            (Some(at), Some(created)) if at < created => {
                About::Another("its tags are older than the version and were copied from another".to_owned())
            }
            _ => About::CannotTell("its tags do not say which version they were written for".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::promotion::samples;

    #[test]
    fn a_mark_has_the_time_of_the_host_and_not_of_a_clock_that_is_ahead() {
        let mut sealed = samples::plan().record;
        let signed = sealed.record.signed_at;
        sealed.record.clock.skew_ms = Some(301_000);
        assert_eq!(DecisionMark::of(&sealed).at, signed - jiff::SignedDuration::from_mins(5));
        sealed.record.clock.skew_ms = None;
        assert_eq!(DecisionMark::of(&sealed).at, signed, "the host's clock was not seen");
    }

    #[test]
    fn the_date_of_a_hold_is_a_day_to_come_or_nothing() {
        let now: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap_or_default();
        let read = |text| read_day(text, now);
        assert_eq!(read("  "), Ok(None));
        let end = read(" 2026-12-15 ").ok().flatten();
        assert_eq!(end.map(day).as_deref(), Some("2026-12-15"));
        assert!(read("2026-11-23").is_ok(), "until this evening");
        assert!(read("2026-11-22").is_err_and(|why| why.contains("has passed")));
        for text in ["tomorrow", "15.12.2026", "2026-13-01", "2026-12", "\u{1b}[2J"] {
            assert!(read(text).is_err_and(|why| why.contains("is no day") && !why.contains('\u{1b}')), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_mark_fits_in_every_store_and_reads_back(reason in "[\"\n\\\\a-z🚀]{0,200}", room in 260_usize..600) {
            let mark = DecisionMark {
                decision: Decision::Rollback,
                by: "a-login-of-as-many-as-39-characters-long".to_owned(),
                at: Timestamp::UNIX_EPOCH,
                reason,
                until: None,
                record: format!("sha256:{}", "a".repeat(64)),
                to: None,
                of: Some("a".repeat(12)),
            };
            let value = mark.within(room);
            prop_assert!(length(&value) <= room, "{value}");
            prop_assert_eq!(DecisionMark::parse(&value).map(|m| (m.by, m.record)), Some((mark.by, mark.record)));
        }
    }
}
