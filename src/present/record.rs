//! A sign-off record as a page: what was decided, by whom, on which evidence.

use jiff::Timestamp;

use super::{CheckRow, Mark, Phrase, Role, Symbols, code, decision, number, policy, promotion, time, time::Zone};
use crate::domain::policy::Tristate;
use crate::domain::promotion::SagaState;
use crate::domain::record::chain::Outcome;
use crate::domain::record::{Decision, MetricFacts, Record, Sealed};
use crate::domain::text::{clean, clean_line};

/// One part of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    pub heading: &'static str,
    pub rows: Vec<Row>,
}

/// A label and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub label: String,
    pub said: Phrase<'static>,
}

impl Section {
    fn new(heading: &'static str) -> Self {
        Self { heading, rows: Vec::new() }
    }

    fn say(&mut self, label: impl Into<String>, said: impl Into<Phrase<'static>>) {
        let said = said.into();
        if !said.is_empty() {
            self.rows.push(Row { label: label.into(), said });
        }
    }
}

/// What became of a decision, as far as it is known.
#[derive(Clone, Debug, Default)]
pub struct Became<'a> {
    /// What this machine noted of it later.
    pub outcome: Option<&'a Outcome>,
    /// What people asked of CD and noted since, oldest first.
    pub added: Vec<&'a Outcome>,
    /// The promotion that carries it out, if this machine has its journal, and whether a process is at work on it.
    pub promotion: Option<(&'a SagaState, bool)>,
    /// When its CD was seen, if it may be another by now.
    pub cd_seen_at: Option<Timestamp>,
    /// It was read from its release.
    pub is_on_release: bool,
    /// The promotion of this machine that put another version in its place.
    pub replaced_by: Option<&'a SagaState>,
}

/// The page, without empty sections, with its times in `zone`.
pub fn page(sealed: &Sealed, became: &Became<'_>, zone: Zone<'_>, symbols: &Symbols) -> Vec<Section> {
    let record = &sealed.record;
    let all = [
        signed(sealed, zone),
        change(record),
        approvals(record, zone),
        policy_of(record, symbols),
        metrics(record, symbols),
        checklist(record, symbols),
        evidence(sealed, zone),
        outcome(record, became, zone, symbols),
        asked_of_cd(&became.added, zone, symbols),
        noted(&became.added, zone),
    ];
    all.into_iter().filter(|section| !section.rows.is_empty()).collect()
}

/// `approved telco-churn v42`
pub fn title(record: &Record) -> String {
    format!("{} {} {}", decision::past(record.decision), record.model.name, record.model.version)
}

fn signed(sealed: &Sealed, zone: Zone<'_>) -> Section {
    let record = &sealed.record;
    let mut section = Section::new("DECISION");
    let signer = &record.signer;
    let name = signer.name.as_deref().map(|name| format!("{} ", clean_line(name))).unwrap_or_default();
    section.say("decision", Phrase::of(Role::Title, title(record)));
    section.say("meaning", one_line(&record.meaning));
    section.say("reason", one_line(&record.reason));
    section.say("signed by", format!("{name}@{} ({})", clean_line(&signer.login), clean_line(&record.proven_by)));
    section.say("signed at", zone.second(record.signed_at));
    section.say("in review", record.time_in_review_s.map(|s| time::span(s.saturating_mul(1000))).unwrap_or_default());
    section.say("target", clean_line(&record.target));
    if record.demo {
        section.say("demo", Phrase::of(Role::Warn, "no real server was involved"));
    }
    section
}

fn change(record: &Record) -> Section {
    let mut section = Section::new("RELEASE");
    section
        .say("deployment job", record.deployment.as_ref().map(|asked| clean_line(&asked.name())).unwrap_or_default());
    let Some(change) = &record.change else { return section };
    section.say("tag", change.tag.to_string());
    section.say("repository", format!("{} on {}", change.repository, clean_line(&change.host)));
    section.say("commit", format!("{} {}", change.commit, clean_line(&change.commit_title)));
    section.say("origin", code::origin(&change.commit_origin).unwrap_or_default());
    section.say("moved to", change.to.to_string());
    let leaving: Vec<String> = change.leaving.iter().map(ToString::to_string).collect();
    section.say("replaced", leaving.join(", "));
    section
}

fn approvals(record: &Record, zone: Zone<'_>) -> Section {
    let mut section = Section::new("PEOPLE");
    for approval in &record.approvals {
        let at = zone.second(approval.at);
        section.say("approved", format!("@{} at {at}, {}", clean_line(&approval.login), clean_line(&approval.url)));
    }
    if record.quorum > 1 {
        section.say("approvals", format!("{} of {} needed", record.approvers().len(), record.quorum));
    }
    let apart = |apart: Tristate| match apart {
        Tristate::True => Phrase::new("no"),
        Tristate::False => Phrase::of(Role::Warn, "yes"),
        Tristate::Unknown => Phrase::of(Role::Unknown, "not known"),
    };
    section.say("signer trained it", apart(record.separation.not_trainer));
    section.say("signer wrote it", apart(record.separation.not_author));
    if let Some(not_requester) = record.separation.not_requester {
        section.say("signer asked for it", apart(not_requester));
    }
    section
}

fn policy_of(record: &Record, symbols: &Symbols) -> Section {
    let mut section = Section::new("POLICY");
    let Some(verdict) = record.policy.verdict else {
        section.say("verdict", "no rules");
        return section;
    };
    section.say("verdict", Mark::from(verdict).say(verdict.word(), symbols));
    for finding in &record.policy.findings {
        let row = CheckRow::from(finding);
        let said = row.mark.say(clean_line(&row.found), symbols);
        let overridden = record.overridden.contains(&finding.rule);
        section.say(clean_line(&row.name), if overridden { said.add(Role::Warn, ", overridden") } else { said });
    }
    for source in &record.policy.sources {
        section.say("rules from", policy::source(source));
    }
    section
}

fn metrics(record: &Record, symbols: &Symbols) -> Section {
    let mut section = Section::new("METRICS");
    let value =
        |value: Option<crate::domain::run::MetricValue>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
    let widest = |of: fn(&MetricFacts) -> Option<crate::domain::run::MetricValue>| {
        record.metrics.iter().map(|m| value(of(m)).chars().count()).max().unwrap_or_default()
    };
    let (olds, news) = (widest(|m| m.baseline), widest(|m| m.candidate));
    let against = record.baseline.as_ref().map(|baseline| baseline.version.to_string());
    if let Some(against) = &against {
        section.say("", Phrase::of(Role::Muted, format!("{against:>olds$}  {:>news$}", record.model.version)));
    }
    for metric in &record.metrics {
        let new = format!("{:>news$}", value(metric.candidate));
        let said = match &against {
            None => Phrase::new(new),
            Some(_) => Phrase::new(format!("{:>olds$}  {new}  ", value(metric.baseline))).join(number::delta(
                metric.change,
                metric.delta,
                symbols,
            )),
        };
        section.say(clean_line(&metric.name), said);
    }
    if let Some(from) = record.metrics_from {
        section.say("source", format!("where the model and its run differ, those of {}", from.words()));
    }
    section
}

fn checklist(record: &Record, symbols: &Symbols) -> Section {
    let mut section = Section::new("CHECKLIST");
    for item in &record.checklist {
        let note = if item.note.is_empty() { String::new() } else { format!(" ({})", clean_line(&item.note)) };
        let said = match &item.answer {
            Some(answer) => Phrase::new(format!("{}{note}", clean_line(answer))),
            None => Mark::Unknown.say(format_args!("not answered{note}"), symbols),
        };
        section.say(clean_line(&item.question), said);
    }
    section
}

fn evidence(sealed: &Sealed, zone: Zone<'_>) -> Section {
    let record = &sealed.record;
    let mut section = Section::new("EVIDENCE");
    section.say("run", record.model.run_id.as_ref().map(ToString::to_string).unwrap_or_default());
    section.say("source", clean_line(&record.model.source));
    section.say("registered", record.model.registered_at.map(|at| zone.second(at)).unwrap_or_default());
    section.say("registry", clean_line(&record.model.registry));
    for data in &record.data {
        section.say("data", format!("{} {}", clean_line(&data.name), clean_line(&data.digest)));
    }
    section.say("facts", clean_line(&record.facts));
    section.say("record", record.record_id.to_string());
    section.say("hash", clean_line(&sealed.record_hash));
    section.say("signature", if sealed.signature.is_some() { "SSH" } else { "" });
    section.say("supersedes", record.supersedes.as_deref().map(clean_line).unwrap_or_default());
    section
}

fn outcome(record: &Record, became: &Became<'_>, zone: Zone<'_>, symbols: &Symbols) -> Section {
    let mut section = Section::new("OUTCOME");
    match (became.promotion, &record.change) {
        (Some((state, driven)), _) => {
            section.say("promotion", promotion::status(state, driven, symbols));
            let cd = state.cd.as_ref().map(promotion::cd).filter(|_| state.is_released()).unwrap_or_default();
            let seen = became.cd_seen_at.filter(|_| !cd.is_empty());
            let seen = seen.map(|at| format!(" (seen {})", zone.minute(at))).unwrap_or_default();
            section.say("CD", Phrase::new(cd).add(Role::Muted, seen));
        }
        (None, Some(change)) if became.is_on_release => {
            section.say("release", Mark::Pass.say(format_args!("published in {}", change.repository), symbols));
            section.say("CD", Phrase::of(Role::Muted, "not known on this machine"));
        }
        (None, Some(_)) if record.nth_approval().is_some() => {
            let nth = record.nth_approval().unwrap_or_default();
            section.say("promotion", format!("{nth}: it promotes nothing by itself"));
        }
        (None, Some(_)) => section.say("promotion", Mark::Unknown.say("this machine has no journal of it", symbols)),
        (None, None) => {}
    }
    if let Some(next) = became.replaced_by {
        let draft = &next.plan.draft;
        let what = if draft.basis.decision == Decision::Rollback { "rolled back to" } else { "followed by" };
        let (version, at) = (draft.version(), zone.minute(next.opened_at));
        let said = format!("{what} {version} by @{} at {at}", clean_line(&draft.signer.login));
        section.say("since", Mark::Warn.say(said, symbols));
    }
    if let Some(outcome) = became.outcome {
        written(&mut section, record, outcome, zone, symbols);
    }
    section
}

fn written(section: &mut Section, record: &Record, outcome: &Outcome, zone: Zone<'_>, symbols: &Symbols) {
    let (mark, word) = match (record.change.is_some(), outcome.done) {
        (true, true) => (Mark::Pass, "in production as it was signed"),
        (true, false) => (Mark::Warn, "in production, but not as it was signed"),
        (false, true) => (Mark::Pass, "written to the servers"),
        (false, false) => (Mark::Warn, "not fully written"),
    };
    section.say(zone.second(outcome.at), mark.say(word, symbols));
    for note in outcome.comment.iter().chain(&outcome.notes) {
        section.say("", clean_line(note));
    }
}

fn asked_of_cd(added: &[&Outcome], zone: Zone<'_>, symbols: &Symbols) -> Section {
    let mut section = Section::new("ASKED OF CD");
    for outcome in added.iter().filter(|outcome| outcome.noted_by.is_none()) {
        let mark = if outcome.done { Mark::Pass } else { Mark::Block };
        for note in &outcome.notes {
            section.say(zone.second(outcome.at), mark.say(clean_line(note), symbols));
        }
    }
    section
}

fn noted(added: &[&Outcome], zone: Zone<'_>) -> Section {
    let mut section = Section::new("NOTES");
    for outcome in added {
        let Some(by) = &outcome.noted_by else { continue };
        for note in &outcome.notes {
            section.say(zone.second(outcome.at), format!("{}: {}", clean_line(by), one_line(note)));
        }
    }
    section
}

fn one_line(text: &str) -> String {
    clean(text).replace('\n', " ⏎ ")
}
