//! The document of an event: the version as it stands, and what happened to it.

use crate::domain::compare::{Side, compare};
use crate::domain::event::{EventKind, EventMetric, PullRequestData, VersionData, id, say};
use crate::domain::failure::Outcome;
use crate::domain::identity::Home;
use crate::domain::ids::{CommitSha, ModelName, VersionNumber};
use crate::domain::pattern::matches;
use crate::domain::policy::told::ToldVerdict;
use crate::domain::provenance::Provenance;
use crate::domain::record::DecisionMark;
use crate::domain::registry::{ModelVersion, Stage};
use crate::domain::text::{clean_line, shorten};
use crate::domain::watch::Happening;
use crate::services::Services;
use crate::services::evidence::{self, Scope};

/// Longest description in an event, in characters.
const DESCRIPTION: usize = 200;
/// Longest reason in an event, in characters.
const REASON: usize = 1_000;
/// Most metrics of an event.
const METRICS: usize = 8;

/// What there is to say of a version.
///
/// # Errors
/// Those of reading it. What else cannot be read is missing, or part of the verdict.
pub(super) async fn of(
    services: &Services,
    home: &Home,
    model: &ModelName,
    number: VersionNumber,
) -> Outcome<VersionData> {
    let evaluation = evidence::read(services, model, number, Scope::Lineage).await?;
    let (facts, code) = (&evaluation.evidence.facts, &evaluation.evidence.code);
    let said = Provenance::from(facts);
    let directions = evaluation.directions(&services.rules.directions);
    let rows = compare(Side::from(facts), facts.baseline.as_ref().map(Side::from), &directions).metrics;
    let judged: Vec<&str> =
        evaluation.verdict.findings.iter().filter_map(|finding| finding.metric.as_deref()).collect();
    let mut metrics: Vec<EventMetric> = Vec::new();
    let patterns = services.rules.main_metrics.iter().map(String::as_str);
    for pattern in patterns.chain(judged.iter().copied()) {
        for row in rows.iter().filter(|row| row.name == pattern || matches(pattern, &row.metric)) {
            if metrics.len() < METRICS && metrics.iter().all(|there| there.name != row.name) {
                metrics.push(EventMetric::from(row));
            }
        }
    }
    let commit = match &code.source {
        Ok(source) => Some(source.commit.sha.as_str().to_owned()),
        Err(_) => said.commit().and_then(|text| text.parse::<CommitSha>().ok()).map(|sha| sha.as_str().to_owned()),
    };
    let pull_request = code.pull_request.as_ref().ok().and_then(|pull| pull.as_ref());
    let version = &facts.version;
    Ok(VersionData {
        model: model.as_str().to_owned(),
        version: number.0,
        stage: Some(version.stage.to_string()),
        production: facts.holders.last().map(|number| number.0),
        verdict: Some(ToldVerdict::new(&evaluation.verdict)),
        metrics,
        trainer: said.user().or(version.author.as_deref()).map(clean_line),
        commit,
        pull_request: pull_request.map(|pull| PullRequestData { number: pull.number, url: pull.web_url.clone() }),
        url: services.registry.version_page(model, number),
        open: say::open(model.as_str(), number.0),
        arrival: Some(id::arrival(home, version)),
        description: described(&version.description),
        ..VersionData::default()
    })
}

/// What there is to say of a version that cannot be read.
pub(super) fn unread(services: &Services, home: &Home, happening: &Happening) -> VersionData {
    let (model, number) = (&happening.model, happening.version);
    let arrival = Happening { kind: EventKind::Arrived, became: String::new(), ..happening.clone() };
    VersionData {
        model: model.as_str().to_owned(),
        version: number.0,
        url: services.registry.version_page(model, number),
        open: say::open(model.as_str(), number.0),
        arrival: Some(arrival.id(home)),
        ..VersionData::default()
    }
}

/// Adds what happened.
pub(super) fn with(data: VersionData, happening: &Happening) -> VersionData {
    VersionData {
        actor: happening.actor.as_deref().map(clean_line),
        reason: happening.reason.as_deref().map(|reason| shorten(reason, REASON)),
        record: happening.record.clone(),
        tag: happening.tag.clone(),
        page: happening.page.clone(),
        drift: happening.drift.clone(),
        running: happening.running.clone(),
        ..data
    }
}

/// Why nothing is left to decide about a version, as a phrase.
pub(super) fn decided(services: &Services, version: &ModelVersion) -> Option<String> {
    let target = &services.rules.promote_to;
    if target.is_held_by(version) {
        return Some("it is in production".to_owned());
    }
    if version.stage == Stage::Archived {
        return Some("it is archived".to_owned());
    }
    let mark = DecisionMark::on(version).filter(|mark| mark.decides(target))?;
    Some(format!("it was {} by {}", mark.decision.past(), clean_line(&mark.by)))
}

/// A description on one line, shortened, and without its links: a message must not send people anywhere else.
fn described(text: &str) -> String {
    let is_link = |word: &str| {
        let word = word.to_ascii_lowercase();
        ["://", "www.", "mailto:", "javascript:", "data:"].iter().any(|sign| word.contains(sign))
    };
    let words = text.split_whitespace().map(|word| if is_link(word) { "[link]" } else { word });
    shorten(&clean_line(&words.collect::<Vec<_>>().join(" ")), DESCRIPTION)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_one_short_line_without_links() {
        let text = "Better\n[recall](https://evil.example/x?sig=1), see www.evil.example or <http://a.b>";
        assert_eq!(described(text), "Better [link] see [link] or [link]");
        assert_eq!(described(&"word ".repeat(300)).chars().count(), DESCRIPTION);
    }
}
