//! The section CODE of `signoff show`: a line for each part of the lineage, found or not.

use crate::cli::output::{Role, Style};
use crate::cli::table::{Align, Cell, Table};
use crate::domain::evidence::{Changes, Code, Source, Training};
use crate::domain::failure::Failure;
use crate::domain::lineage::{
    CheckConclusion, CheckCounts, CheckResult, CodeChange, NO_BASELINE, NO_PULL_REQUEST, NO_TRAINING, PullRequest,
};
use crate::domain::promotion::CommitOrigin;

/// Failing checks that are named; `--json` names all.
const NAMED: usize = 3;

/// The section, with its heading.
pub fn code_text(code: &Code, style: Style) -> String {
    let mut lines = Lines(Table::new(&[("", Align::Whole), ("", Align::Left)]).indented(2));
    match &code.source {
        Err(failure) => lines.failed("commit", failure),
        Ok(source) => {
            lines.add("commit", commit(source));
            match &code.pull_request {
                Err(failure) => lines.failed("pull request", failure),
                Ok(None) => lines.add("pull request", Cell::new(format!("? {NO_PULL_REQUEST}"), Role::Warn)),
                Ok(Some(pull)) => {
                    lines.add("pull request", pull_request(pull));
                    lines.add("approved by", approvers(pull));
                }
            }
            match &code.checks {
                Err(failure) => lines.failed("checks", failure),
                Ok(checks) => lines.add("checks", check_summary(checks)),
            }
            match &code.changes {
                Err(failure) => lines.failed("changes", failure),
                Ok(None) => lines.add("changes", NO_BASELINE),
                Ok(Some(changes)) => lines.add("changes", change_summary(changes)),
            }
        }
    }
    match &code.training {
        Err(failure) => lines.failed("trained by", failure),
        Ok(None) => lines.add("trained by", NO_TRAINING),
        Ok(Some(training)) => lines.add("trained by", trained(training)),
    }
    format!("\n{}\n{}", style.paint(Role::Strong, "CODE"), lines.0.render(style))
}

struct Lines(Table);

impl Lines {
    fn add(&mut self, name: &str, text: impl Into<Cell>) {
        self.0.row([Cell::new(name, Role::Muted), text.into()]);
    }

    fn failed(&mut self, name: &str, failure: &Failure) {
        self.add(name, Cell::new(format!("? {failure}"), Role::Warn));
        if let Some(hint) = &failure.hint {
            self.add("", Cell::new(format!("  {hint}"), Role::Muted));
        }
    }
}

fn commit(source: &Source) -> String {
    let commit = &source.commit;
    let by = commit.author.as_ref().map(|a| format!(", by {a}")).unwrap_or_default();
    let origin = match &source.origin {
        CommitOrigin::Run => String::new(),
        CommitOrigin::BranchHead(branch) => format!(" (head of {branch}: the run recorded no commit)"),
    };
    format!("{} {}{by}{origin}", commit.sha.short(), commit.title)
}

fn pull_request(pull: &PullRequest) -> String {
    let by = pull.author.as_ref().map(|a| format!(", by {a}")).unwrap_or_default();
    let merged = match (&pull.merged_at, &pull.merged_by) {
        (None, _) => ", not merged".to_owned(),
        (Some(at), by) => {
            let by = by.as_ref().map(|m| format!(" by {m}")).unwrap_or_default();
            format!(", merged{by} on {}", at.strftime("%Y-%m-%d"))
        }
    };
    format!("#{} {}{by}{merged}", pull.number, pull.title)
}

fn approvers(pull: &PullRequest) -> Cell {
    if pull.approvers.is_empty() {
        return Cell::new("? nobody (an author's own approval does not count)", Role::Warn);
    }
    pull.approvers.join(", ").into()
}

fn check_summary(checks: &[CheckResult]) -> Cell {
    let counts = CheckCounts::of(checks);
    let names = |standing| {
        let mut names: Vec<_> = checks.iter().filter(|c| c.standing() == standing).map(|c| c.name.as_str()).collect();
        let more = names.len().saturating_sub(NAMED);
        names.truncate(NAMED);
        if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
    };
    let mut parts = Vec::new();
    if counts.failed > 0 {
        parts.push(format!("{} failed ({})", counts.failed, names(CheckConclusion::Failed)));
    }
    if counts.open > 0 {
        parts.push(format!("{} not finished ({})", counts.open, names(CheckConclusion::Open)));
    }
    if counts.passed > 0 {
        parts.push(format!("{} passed", counts.passed));
    }
    if counts.skipped > 0 {
        parts.push(format!("{} skipped", counts.skipped));
    }
    let (symbol, role) = match counts {
        CheckCounts { failed: 1.., .. } => ("✗", Role::Bad),
        CheckCounts { open: 0, passed: 1.., .. } => ("✓", Role::Good),
        _ => ("?", Role::Warn),
    };
    if parts.is_empty() {
        parts.push("the commit has none".to_owned());
    }
    Cell::new(format!("{symbol} {}", parts.join(", ")), role)
}

fn change_summary(changes: &Changes) -> String {
    let CodeChange { ahead_by, behind_by, files, truncated, .. } = &changes.change;
    let since = format!("since {} ({})", changes.baseline, changes.from.sha.short());
    if (*ahead_by, *behind_by) == (0, 0) {
        return format!("none {since}: the same commit");
    }
    let least = if *truncated { "at least " } else { "" };
    let mut text =
        format!("{}, {least}{} {since}", count(*ahead_by, "commit"), count(files.len() as u64, "changed file"));
    if let Some(watched) = changes.watched {
        text.push_str(&format!(", {least}{watched} of them watched"));
    }
    if *behind_by > 0 {
        text.push_str(&format!("; {} of {} missing here", count(*behind_by, "commit"), changes.baseline));
    }
    text
}

fn trained(training: &Training) -> String {
    let Training { tag, repo, run } = training;
    format!("run {} of {} in {repo}: {} (says the tag {tag})", run.number, run.path, run.state)
}

fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}
