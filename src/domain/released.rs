//! What releases and records say of a model's versions, where the registry is not written to and says nothing.

use super::identity::{Home, Identity};
use super::ids::{TagName, VersionNumber};
use super::record::mark::DECISION;
use super::record::{DecisionMark, Sealed};
use super::registry::{IN_PRODUCTION, ModelVersion, OWN_TAG_PREFIX};

/// What is said of the versions of one model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Released {
    /// The version that was released last, and the tag of that release.
    pub last: Option<(Identity, TagName)>,
    decisions: Vec<(Identity, DecisionMark, Option<TagName>)>,
}

/// The version and tag of a record that released something; `None` if it released nothing.
pub fn released(sealed: &Sealed) -> Option<(Identity, TagName)> {
    let record = &sealed.record;
    let change = record.change.as_ref().filter(|_| record.decision.promotes())?;
    Some((Identity::from(&record.model), change.tag.clone()))
}

impl Released {
    /// Adds a decision that was made: a release that is published, a rejection or a hold.
    pub fn decided(&mut self, sealed: &Sealed) {
        let tag = released(sealed).map(|(_, tag)| tag);
        self.decisions.push((Identity::from(&sealed.record.model), DecisionMark::of(sealed), tag));
    }

    /// Number of the version that was released last.
    pub fn last_number(&self) -> Option<VersionNumber> {
        self.last.as_ref().map(|(version, _)| version.number)
    }

    /// Says on a version of the registry at `home` what is known of it, as tags that the registry does not have.
    pub fn tell(&self, home: &Home, version: &mut ModelVersion) {
        let now = Identity::of(home, version);
        let about = |said: &Identity| said.about(&now).another().is_none();
        let key = |name: &str| format!("{OWN_TAG_PREFIX}{name}");
        let false_claim = key(IN_PRODUCTION);
        version.tags.retain(|key| key != false_claim);
        let there = DecisionMark::on(version).map(|mark| mark.at);
        let last = self.decisions.iter().filter(|(said, ..)| about(said)).max_by_key(|(_, mark, _)| mark.at);
        if let Some((_, mark, _)) = last.filter(|(_, mark, _)| there.is_none_or(|at| mark.at >= at)) {
            version.tags.insert(&key(DECISION), mark.to_value());
        }
        let of_release = |(_, mark, tag): &(Identity, DecisionMark, Option<TagName>)| Some((mark.at, tag.clone()?));
        let tags = self.decisions.iter().filter(|(said, ..)| about(said)).filter_map(of_release);
        if let Some((_, tag)) = tags.max_by_key(|(at, _)| *at) {
            version.tags.insert(&key("tag"), tag.to_string());
        }
        if let Some((_, tag)) = self.last.as_ref().filter(|(said, _)| about(said)) {
            version.tags.insert(&key(IN_PRODUCTION), tag.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::promotion::samples;
    use crate::domain::registry::PromotionTarget;

    #[test]
    fn what_was_released_last_is_in_production_and_nothing_else_is() {
        let plan = samples::plan();
        let mut said = Released { last: released(&plan.record), ..Released::default() };
        said.decided(&plan.record);
        let target = PromotionTarget::Release;
        let told = |mut version: ModelVersion, home: &Home| {
            said.tell(home, &mut version);
            version
        };
        let (home, version) = (plan.draft.home(), plan.draft.facts.version.clone());
        let here = told(version.clone(), &home);
        assert!(target.is_held_by(&here));
        assert_eq!(here.own_tag("tag"), Some("telco-churn-v42"));
        assert_eq!(DecisionMark::on(&here), Some(DecisionMark::of(&plan.record)));
        // The same number registered again, another number, another place; and a tag that somebody else wrote.
        let again = ModelVersion { created_at: Some("2026-11-24T08:00:00Z".parse().unwrap()), ..version.clone() };
        let other = ModelVersion { number: VersionNumber(41), ..version.clone() };
        let there = Home { registry: "http://elsewhere".to_owned(), workspace: None };
        for (mut version, home) in [(again, &home), (other, &home), (version, &there)] {
            version.tags.insert(&format!("{OWN_TAG_PREFIX}{IN_PRODUCTION}"), "forged".to_owned());
            let version = told(version, home);
            assert!(!target.is_held_by(&version), "{version:?}");
            assert_eq!(DecisionMark::on(&version).or_else(|| DecisionMark::copied_to(&version)), None);
        }
    }
}
