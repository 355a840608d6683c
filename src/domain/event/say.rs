//! Events in words: the same sentence in every channel.

use super::{Data, Event, EventKind, EventMetric, VersionData};
use crate::domain::check::CheckState;
use crate::domain::compare::Change;
use crate::domain::shell::word;
use crate::domain::text::{clean_line, count, shorten};

/// Said of what no server records.
pub const NOBODY: &str = "not recorded by MLflow";

/// Longest model name in a sentence, in characters.
const NAME: usize = 120;

/// The command that opens a version.
pub fn open(model: &str, version: u64) -> String {
    format!("signoff open {}", word(&format!("{model}/{version}")))
}

/// What happened, on one line: also the subject of a mail.
pub fn headline(event: &Event) -> String {
    let data = match &event.data {
        Data::Version(data) => data,
        Data::Digest(digest) => {
            let waiting = count(digest.waiting.len(), "version");
            let verb = if digest.waiting.len() == 1 { "waits" } else { "wait" };
            let drift = match digest.drift.len() {
                0 => String::new(),
                1 => ", 1 thing in production is not as it was signed".to_owned(),
                n => format!(", {n} things in production are not as they were signed"),
            };
            return format!("{waiting} {verb} for review{drift}");
        }
        Data::Test(test) => return clean_line(&test.message),
    };
    let (version, by) = (name(data), by(data));
    match event.kind {
        EventKind::Arrived => format!("{version} waits for review"),
        EventKind::Needed => format!("{version} needs a decision again"),
        EventKind::Approval => format!("{version} was approved{by}; more approvals are needed"),
        EventKind::Approved => format!("{version} was approved{by}"),
        EventKind::Rejected => format!("{version} was rejected{by}"),
        EventKind::Held => format!("{version} was put on hold{by}"),
        EventKind::Paused => format!("The promotion of {version} is paused: somebody must resume or undo it"),
        EventKind::Released => match &data.tag {
            Some(tag) => format!("{version} was released as {}", clean_line(tag)),
            None => format!("{version} was released"),
        },
        EventKind::CdWaiting => format!("CD of {version} waits for an approval on GitHub"),
        EventKind::CdSucceeded => format!("CD of {version} succeeded"),
        EventKind::CdFailed => format!("CD of {version} failed"),
        EventKind::RolledBack => format!("{version} was put back into production{by}"),
        EventKind::Seen => format!("{version} runs in production"),
        EventKind::Disagrees => format!("{version} was released, but something else runs in production"),
        EventKind::Drift => format!("{version} in production is not what was signed"),
        EventKind::DriftCleared => format!("{version} in production is what was signed again"),
        // Their data say it.
        EventKind::Digest | EventKind::Test => version,
    }
}

/// The version: `telco-churn v42`.
pub fn name(data: &VersionData) -> String {
    format!("{} v{}", shorten(&clean_line(&data.model), NAME), data.version)
}

fn by(data: &VersionData) -> String {
    data.actor.as_deref().map(|actor| format!(" by {}", clean_line(actor))).unwrap_or_default()
}

/// The word of a verdict, as `signoff check` has it.
pub fn verdict(state: CheckState) -> &'static str {
    match state {
        CheckState::Pass => "pass",
        CheckState::Unknown => "unknown",
        CheckState::Warn => "warn",
        CheckState::Block => "block",
    }
}

/// A metric beside production's: `auc 0.914, +0.012 against production (0.902), better`.
pub fn metric(metric: &EventMetric) -> String {
    let name = clean_line(&metric.name);
    let word = match metric.change {
        Change::Same => ", unchanged",
        Change::Better => ", better",
        Change::Worse => ", worse",
        Change::Unknown | Change::Added | Change::Removed => "",
    };
    match (metric.new, metric.old) {
        (Some(new), Some(old)) => {
            let delta = match metric.delta {
                Some(delta) => {
                    let digits = crate::domain::run::format_significant(delta, 4);
                    let sign = if delta > 0.0 { "+" } else { "" };
                    format!("{sign}{digits} against")
                }
                None => "against".to_owned(),
            };
            format!("{name} {new}, {delta} production ({old}){word}")
        }
        (Some(new), None) => format!("{name} {new}"),
        (None, Some(old)) => format!("{name} is missing; production has {old}"),
        (None, None) => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::samples;

    #[test]
    fn every_kind_has_a_sentence_of_its_own_on_one_line() {
        let mut said: Vec<String> = samples::all().iter().map(headline).collect();
        assert!(said.iter().all(|line| !line.is_empty() && !line.contains('\n')), "{said:#?}");
        said.sort();
        said.dedup();
        assert_eq!(said.len(), EventKind::ALL.len());
    }

    #[test]
    fn every_headline_about_a_version_names_model_and_version() {
        for event in samples::all().iter().filter(|e| e.version().is_some()) {
            assert!(headline(event).contains("telco-churn v42"), "{}", headline(event));
        }
    }

    #[test]
    fn the_command_to_open_is_quoted_where_the_shell_needs_it() {
        assert_eq!(open("telco-churn", 3), "signoff open telco-churn/3");
        assert_eq!(open("a b; rm -rf ~", 3), "signoff open 'a b; rm -rf ~/3'");
    }

    #[test]
    fn a_metric_is_told_with_its_difference_to_production() {
        let all = samples::version("m", 1).metrics;
        assert_eq!(metric(&all[0]), "auc 0.914, +0.012 against production (0.902), better");
        let new = EventMetric { old: None, delta: None, change: Change::Added, ..all[0].clone() };
        assert_eq!(metric(&new), "auc 0.914");
    }
}
