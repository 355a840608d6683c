//! The mark: a tag on the version that says which promotion owns it.

use crate::domain::identity::About;
use crate::domain::ids::PromotionId;
use crate::domain::record::mark::{DECISION, stamped};
use crate::domain::registry::ModelVersion;

/// Name (without prefix) of the tag.
pub const MARK: &str = "promotion";

/// Names (without prefix) of every tag that a promotion leaves on the version.
pub const LEFT: [&str; 7] = [MARK, "tag", "release", "facts", "approved_by", "record", DECISION];

/// Value of the mark once the release of promotion `id`, approved by `by`, is published. `of` is the version's stamp.
pub fn released(id: &str, by: &str, of: Option<&str>) -> String {
    value("released", id, by, of)
}

pub(super) fn value(state: &str, id: &str, by: &str, of: Option<&str>) -> String {
    let of = of.map(|of| format!(" for {of}")).unwrap_or_default();
    format!("{state} {id} by {by}{of}")
}

/// A mark, parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromotionMark<'a> {
    /// The promotion is in progress; otherwise its release is published.
    pub live: bool,
    /// Id of the promotion, as written.
    pub id: &'a str,
    /// Login of the signer.
    pub by: &'a str,
    /// Stamp of the version it was written for; `None` in marks of earlier versions.
    of: Option<&'a str>,
}

impl<'a> PromotionMark<'a> {
    /// Parses a mark; `None` if it has another form.
    pub fn parse(mark: &'a str) -> Option<Self> {
        let (live, rest) = match (mark.strip_prefix("promoting "), mark.strip_prefix("released ")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return None,
        };
        let (id, by) = rest.split_once(" by ").unwrap_or((rest, "somebody"));
        let (by, of) = by.split_once(" for ").map_or((by, None), |(by, of)| (by, Some(of)));
        Some(Self { live, id, by, of })
    }

    /// The mark on `version`, and whether it was written for it.
    pub fn on(version: &'a ModelVersion) -> Option<(Self, About)> {
        let mark = Self::parse(version.own_tag(MARK)?)?;
        let made_at = mark.id.parse::<PromotionId>().ok().and_then(|id| id.made_at());
        Some((mark, stamped(mark.of, made_at, version)))
    }
}

/// The promotion id in a mark, if the mark says the promotion is in progress.
pub fn live_promotion(mark: &str) -> Option<(PromotionId, &str)> {
    let mark = PromotionMark::parse(mark).filter(|mark| mark.live)?;
    Some((mark.id.parse().ok()?, mark.by))
}

/// The promotion in progress on `version` and its signer, unless the mark was copied from another version.
pub fn promotion_on(version: &ModelVersion) -> Option<(PromotionId, &str)> {
    let (mark, about) = PromotionMark::on(version).filter(|(mark, _)| mark.live)?;
    about.another().is_none().then_some(())?;
    Some((mark.id.parse().ok()?, mark.by))
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::domain::registry::OWN_TAG_PREFIX;

    #[test]
    fn a_mark_tells_whether_the_promotion_is_still_at_work() {
        let plan = samples::plan();
        assert_eq!(live_promotion(&plan.mark_promoting()), Some((plan.id, "rev1")));
        assert_eq!(live_promotion(&plan.mark_released()), None);
    }

    #[test]
    fn a_mark_says_which_version_it_was_written_for() {
        // Made when it was signed, as ids are.
        let ms = u128::try_from(samples::now().as_millisecond()).unwrap_or_default();
        let mut plan = samples::plan();
        plan.id = PromotionId::from_uuid(uuid::Uuid::from_u128(ms << 80 | 0x7000_8000_0000_0000_0001));
        let old = format!("promoting {} by rev1", plan.id);
        for (mark, certain) in [(plan.mark_promoting(), true), (old, false)] {
            let mut version = plan.draft.facts.version.clone();
            version.tags.insert(&format!("{OWN_TAG_PREFIX}{MARK}"), mark);
            assert_eq!(PromotionMark::on(&version).map(|(_, about)| about.is_same()), Some(certain));
            assert_eq!(promotion_on(&version), Some((plan.id, "rev1")));
            version.created_at = Some("2026-11-24T08:00:00Z".parse().unwrap_or_default());
            assert_eq!(promotion_on(&version), None, "copied");
        }
    }
}
