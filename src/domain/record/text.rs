//! A record as text: the tag message, the section in the release notes, the comment on a commit.
//!
//! All are functions of the record alone, so that anyone with the record can detect a changed text.

use super::{Decision, Record, Sealed};
use crate::domain::limits::NOTES_HEADING;
use crate::domain::markdown::{block, code, inline, link};
use crate::domain::policy::Tristate;
use crate::domain::preflight::CheckState;
use crate::domain::release::{
    MODEL_TRAILER, OPERATION_TRAILER, RECORD_TRAILER, REGISTERED_TRAILER, REGISTRY_TRAILER, RUN_TRAILER,
    VERSION_TRAILER, WORKSPACE_TRAILER,
};
use crate::domain::text::{clean, clean_line, shorten};

/// Trailer with the digest of the reviewed facts.
pub const FACTS_TRAILER: &str = "Signoff-Facts";

/// Trailer with the decision, as [`super::Decision::word`].
pub const DECISION_TRAILER: &str = "Signoff-Decision";

/// Maximum characters of the reason in a comment.
const COMMENT_REASON: usize = 2_000;

impl Record {
    /// Which approval it is, if others are needed too: `approval 1 of 2`.
    pub fn nth_approval(&self) -> Option<String> {
        let is_one_of_several = self.decision == Decision::Approve && self.quorum > 1;
        is_one_of_several.then(|| nth_approval(self.approvals.len(), self.quorum))
    }
}

/// The approval after `before` others, of those needed: `approval 1 of 2`.
pub fn nth_approval(before: usize, needed: u32) -> String {
    format!("approval {} of {needed}", before + 1)
}

/// The message of the annotated tag for a promoting record.
pub fn tag_message(sealed: &Sealed) -> String {
    let record = &sealed.record;
    let (model, version) = (record.model.name.plain(), record.model.version);
    let mut out = format!("Release {model} {version}\n\n");
    if record.demo {
        out.push_str("Demo: no real server was involved.\n\n");
    }
    let place = record.change.as_ref().map(|c| c.to.to_string()).unwrap_or_default();
    out.push_str(&format!("{} for {place} by {}.\n", capital(record.decision), who(record)));
    for approval in &record.approvals {
        out.push_str(&format!("Approved also by @{}.\n", clean_line(&approval.login)));
    }
    if !record.reason.is_empty() {
        // Free text: kept in a paragraph before the trailers, which are read from the last one.
        out.push_str(&format!("\nReason: {}\n", record.reason));
    }
    let run = record.model.run_id.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    out.push_str(&format!(
        "\n{OPERATION_TRAILER}: {}\n{DECISION_TRAILER}: {}\n{MODEL_TRAILER}: {model}\n{VERSION_TRAILER}: {}\n\
         {RUN_TRAILER}: {run}\n{}{FACTS_TRAILER}: {}\n{RECORD_TRAILER}: {}\n",
        record.record_id,
        record.decision.word(),
        version.0,
        home(record),
        record.facts,
        sealed.record_hash,
    ));
    out
}

/// The body of the comment on the reviewed commit that vouches for a decision.
pub fn comment(sealed: &Sealed) -> String {
    let record = &sealed.record;
    let (model, version) = (record.model.name.plain(), record.model.version);
    let mut out = format!(
        "**{} {} {version}** for target {}",
        capital(record.decision),
        inline(&record.model.name.to_string()),
        code(&record.target)
    );
    if let Some(nth) = record.nth_approval() {
        out.push_str(&format!(", {nth}"));
    }
    out.push_str(".\n\n");
    if record.demo {
        out.push_str("Demo: no real server was involved.\n\n");
    }
    out.push_str(&format!("> {}\n\n", inline(&record.meaning)));
    if !record.reason.is_empty() {
        let reason = shorten(&record.reason, COMMENT_REASON);
        out.push_str(&format!("Reason:\n\n{}\n\n", block(&reason)));
    }
    out.push_str("Editing or deleting this comment makes the decision void.\n\n");
    out.push_str(&format!(
        "```\n{OPERATION_TRAILER}: {}\n{DECISION_TRAILER}: {}\n{MODEL_TRAILER}: {model}\n{VERSION_TRAILER}: {}\n\
         {}{FACTS_TRAILER}: {}\n{RECORD_TRAILER}: {}\n```\n",
        record.record_id,
        record.decision.word(),
        version.0,
        home(record),
        record.facts,
        sealed.record_hash,
    ));
    out
}

/// The trailers that say which version of which registry it is, besides name and number.
fn home(record: &Record) -> String {
    let model = &record.model;
    let mut out = format!("{REGISTRY_TRAILER}: {}\n", model.registry);
    if let Some(workspace) = &model.workspace {
        out.push_str(&format!("{WORKSPACE_TRAILER}: {}\n", clean_line(workspace)));
    }
    if let Some(at) = model.registered_at {
        out.push_str(&format!("{REGISTERED_TRAILER}: {at}\n"));
    }
    out
}

/// The record as Markdown: printed name, time, meaning, and evidence.
pub fn readable(sealed: &Sealed) -> String {
    let record = &sealed.record;
    let mut out = format!("{NOTES_HEADING}\n\n> {}\n\n", inline(&record.meaning));
    let mut line = |label: &str, value: String| {
        if !value.is_empty() {
            out.push_str(&format!("- **{label}**: {value}\n"));
        }
    };
    let signer = &record.signer;
    let name = signer.name.as_deref().map(|n| format!("{} ", inline(n))).unwrap_or_default();
    line("signed by", format!("{name}(@{}, id {}); {}", inline(&signer.login), signer.id, inline(&record.proven_by)));
    line("deployment job", record.deployment.as_ref().map(|asked| inline(&asked.name())).unwrap_or_default());
    line("signed at", record.signed_at.strftime("%Y-%m-%d %H:%M:%S%.3f UTC").to_string());
    line("time in review", record.time_in_review_s.map(|s| format!("{} min {} s", s / 60, s % 60)).unwrap_or_default());
    line("reason", inline(&record.reason));
    for approval in &record.approvals {
        let at = approval.at.strftime("%Y-%m-%d %H:%M:%S UTC");
        line("approved also by", format!("@{} at {at}, {}", inline(&approval.login), link(&approval.url)));
    }
    if record.quorum > 1 {
        line("approvals", format!("{} of {} needed", record.approvers().len(), record.quorum));
    }
    let apart = |t: Tristate| match t {
        Tristate::True => "yes",
        Tristate::False => "no",
        Tristate::Unknown => "not known",
    };
    line(
        "signer is not the trainer, not the author",
        format!("{}, {}", apart(record.separation.not_trainer), apart(record.separation.not_author)),
    );
    if let Some(not_requester) = record.separation.not_requester {
        line("signer did not ask for it", apart(not_requester).to_owned());
    }
    line("policy", policy_words_with(record, inline));
    line("overridden", record.overridden.iter().map(|r| inline(r)).collect::<Vec<_>>().join(", "));
    for item in &record.checklist {
        let note = if item.note.is_empty() { String::new() } else { format!(" ({})", inline(&item.note)) };
        let answer = item.answer.as_deref().map_or_else(|| "not answered".to_owned(), inline);
        line(&inline(&item.question), format!("{answer}{note}"));
    }
    if let Some(from) = record.metrics_from {
        line("metrics", format!("where the model and its run differ, those of {}", from.words()));
    }
    for data in &record.data {
        line("data", format!("{} {}", inline(&data.name), code(&data.digest)));
    }
    line("run", record.model.run_id.as_ref().map(|r| code(&r.to_string())).unwrap_or_default());
    line("source", code(&record.model.source));
    line("reviewed facts", code(&record.facts));
    line("record", code(&sealed.record_hash));
    line("takes the place of", record.supersedes.as_deref().map(code).unwrap_or_default());
    out
}

/// The policy's verdict in a few words.
pub fn policy_words(record: &Record) -> String {
    policy_words_with(record, |text: &str| clean(text).replace('\n', " ⏎ "))
}

fn policy_words_with(record: &Record, cell: impl Fn(&str) -> String) -> String {
    let Some(verdict) = record.policy.verdict else {
        return "none".to_owned();
    };
    let count = |state| record.policy.findings.iter().filter(|f| f.state == state).count();
    let sources = record.policy.sources.iter().map(|s| cell(&s.name)).collect::<Vec<_>>().join(", ");
    format!(
        "{} ({} pass, {} unknown, {} warn, {} block) by {sources}",
        verdict.word(),
        count(CheckState::Pass),
        count(CheckState::Unknown),
        count(CheckState::Warn),
        count(CheckState::Block)
    )
}

fn who(record: &Record) -> String {
    let login = clean_line(&record.signer.login);
    match &record.signer.name {
        Some(name) => format!("{} (@{login})", clean_line(name)),
        None => format!("{login} (@{login})"),
    }
}

fn capital(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "Approved",
        Decision::Reject => "Rejected",
        Decision::Hold => "Held",
        Decision::Rollback => "Rolled back to, approved",
    }
}
