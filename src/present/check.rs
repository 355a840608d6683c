//! Checks and their results: of a decision, a policy, a release or this machine.

use super::{Mark, Phrase, Role, Symbols};
use crate::domain::failure::Failure;
use crate::domain::policy::{Finding, Verdict};
use crate::domain::preflight::{Check, CheckState};
use crate::domain::verification::VerifyCheck;

/// A check and its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckRow {
    pub mark: Mark,
    pub name: String,
    pub found: String,
    /// How to fix it.
    pub hint: Option<String>,
}

impl CheckRow {
    /// All of it on one line: `✗ four eyes: dana trained it  Ask somebody else.`
    pub fn phrase(&self, symbols: &Symbols) -> Phrase<'static> {
        let phrase = self.mark.say(format_args!("{}: {}", self.name, self.found), symbols);
        match &self.hint {
            Some(hint) => phrase.add(Role::Muted, format!("  {hint}")),
            None => phrase,
        }
    }
}

impl From<&Check> for CheckRow {
    fn from(check: &Check) -> Self {
        let (name, found, hint) = (check.title.clone(), check.detail.clone(), check.hint.clone());
        Self { mark: check.state.into(), name, found, hint }
    }
}

impl From<&VerifyCheck> for CheckRow {
    fn from(line: &VerifyCheck) -> Self {
        let (name, found, hint) = (line.check.to_owned(), line.detail.clone(), line.hint.clone());
        Self { mark: line.state.into(), name, found, hint }
    }
}

impl From<&Finding> for CheckRow {
    fn from(finding: &Finding) -> Self {
        let (name, found) = (finding.rule.clone(), finding.detail.clone());
        let hint = finding.failure.as_ref().and_then(|failure| failure.hint.clone());
        Self { mark: finding.state.into(), name, found, hint }
    }
}

/// A verdict that is complete, in a few words.
pub fn verdict(verdict: &Verdict, symbols: &Symbols) -> Phrase<'static> {
    let state = verdict.state();
    short(state, verdict.count(state), symbols)
}

/// The worst state of a verdict and how many rules are in it: `✓ pass 12`, `✗ 2 blocking`.
pub fn short(state: CheckState, count: usize, symbols: &Symbols) -> Phrase<'static> {
    let words = match state {
        CheckState::Pass if count == 0 => "no rules".to_owned(),
        CheckState::Pass => format!("pass {count}"),
        CheckState::Unknown => format!("{count} unknown"),
        CheckState::Warn => format!("{count} warn"),
        CheckState::Block => format!("{count} blocking"),
    };
    Mark::from(state).say(words, symbols)
}

/// Said of what could not be read because of something that was told already.
pub const TOLD: &str = "not read, for the reason given above";

/// The rules of a verdict. One cause is told once, by the first rule that it hinders, unless it is among `told`.
pub fn findings(verdict: &Verdict, told: &mut Vec<Failure>) -> Vec<CheckRow> {
    let mut row = |finding: &Finding| match &finding.failure {
        Some(failure) if told.iter().any(|known| known.same_cause(failure)) => {
            CheckRow { found: TOLD.to_owned(), hint: None, ..CheckRow::from(finding) }
        }
        failure => {
            told.extend(failure.as_deref().cloned());
            CheckRow::from(finding)
        }
    };
    verdict.findings.iter().map(&mut row).collect()
}

/// The checks that did not pass, worst first.
pub fn remarks(checks: &[Check]) -> Vec<CheckRow> {
    let mut worth: Vec<&Check> = checks.iter().filter(|c| c.state != CheckState::Pass).collect();
    worth.sort_by_key(|c| std::cmp::Reverse(c.state));
    grouped(worth)
}

/// Checks that say the same are one row.
pub fn grouped<'a>(checks: impl IntoIterator<Item = &'a Check>) -> Vec<CheckRow> {
    let mut rows: Vec<(CheckRow, usize)> = Vec::new();
    for row in checks.into_iter().map(CheckRow::from) {
        match rows.iter_mut().find(|(known, _)| *known == row) {
            Some((_, times)) => *times += 1,
            None => rows.push((row, 1)),
        }
    }
    let said = |(row, times): (CheckRow, usize)| match times {
        1 => row,
        times => CheckRow { found: format!("{} ({times} times)", row.found), ..row },
    };
    rows.into_iter().map(said).collect()
}
