//! The origin of a version's code.

use super::{Mark, Phrase, Symbols, number, promotion, time::Zone};
use crate::domain::cd::CdRun;
use crate::domain::commit::Commit;
use crate::domain::commit::CommitOrigin;
use crate::domain::ids::VersionNumber;
use crate::domain::lineage::{CheckConclusion, CheckCounts, CheckResult, CodeChange, PullRequest};

/// Shown for anything that requires a commit.
pub const NO_COMMIT: &str = "the commit is not known";

/// Number of failing checks named on one line.
const NAMED: usize = 3;

/// A text and its mark, if it can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    pub mark: Option<Mark>,
    pub text: String,
}

impl Said {
    pub fn plain(text: impl Into<String>) -> Self {
        Self { mark: None, text: text.into() }
    }

    pub fn marked(mark: Mark, text: impl Into<String>) -> Self {
        Self { mark: Some(mark), text: text.into() }
    }

    pub fn phrase(self, symbols: &Symbols) -> Phrase<'static> {
        match self.mark {
            Some(mark) => mark.say(self.text, symbols),
            None => Phrase::new(self.text),
        }
    }
}

/// `3f9c1ab Tune threshold`
pub fn commit(commit: &Commit) -> String {
    format!("{} {}", commit.sha.short(), commit.title)
}

/// Where the commit came from, if the run did not record it.
pub fn origin(origin: &CommitOrigin) -> Option<String> {
    match origin {
        CommitOrigin::Run => None,
        CommitOrigin::BranchHead(branch) => Some(format!("head of {branch}: the run recorded no commit")),
    }
}

/// `#128 Tune threshold`
pub fn pull_request(pull: &PullRequest) -> String {
    format!("#{} {}", pull.number, pull.title)
}

/// `merged by lee on 2026-11-21`
pub fn merged(pull: &PullRequest, zone: Zone<'_>) -> Said {
    let Some(at) = pull.merged_at else {
        return Said::marked(Mark::Warn, "not merged");
    };
    let by = pull.merged_by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
    Said::plain(format!("merged{by} on {}", zone.day(at)))
}

/// Approvers of a pull request.
pub fn approvers(pull: &PullRequest) -> Said {
    match pull.approvers.as_slice() {
        [] => Said::marked(Mark::Unknown, "nobody (an author's own approval does not count)"),
        logins => Said::marked(Mark::Pass, logins.join(", ")),
    }
}

/// A check of a commit.
pub fn check(check: &CheckResult) -> Said {
    Said::marked(check.standing().into(), format!("{}: {}", check.name, check.state))
}

/// All checks of a commit; with `names`, those that did not pass by name.
pub fn checks(checks: &[CheckResult], names: bool) -> Said {
    let counts = CheckCounts::of(checks);
    let named = |standing| {
        let mut found: Vec<_> = checks.iter().filter(|c| c.standing() == standing).map(|c| c.name.as_str()).collect();
        let more = found.len().saturating_sub(NAMED);
        found.truncate(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        if names { format!(" ({}{more})", found.join(", ")) } else { String::new() }
    };
    let parts: Vec<String> = [
        (counts.failed, "failed", CheckConclusion::Failed),
        (counts.open, "not finished", CheckConclusion::Open),
        (counts.passed, "passed", CheckConclusion::Passed),
        (counts.skipped, "skipped", CheckConclusion::Skipped),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(n, word, standing)| match standing {
        CheckConclusion::Failed | CheckConclusion::Open => format!("{n} {word}{}", named(standing)),
        CheckConclusion::Passed | CheckConclusion::Skipped => format!("{n} {word}"),
    })
    .collect();
    let mark = match counts {
        CheckCounts { failed: 1.., .. } => Mark::Block,
        CheckCounts { open: 0, passed: 1.., .. } => Mark::Pass,
        _ => Mark::Unknown,
    };
    let text = if parts.is_empty() { "the commit has none".to_owned() } else { parts.join(", ") };
    Said::marked(mark, text)
}

/// Shown if both versions are built from the same commit.
pub fn same_commit(since: VersionNumber) -> String {
    format!("none since {since}: the same commit")
}

/// `7 commits, 11 files since v39, 7 watched`; `watched` is none if no paths are watched.
pub fn changes(change: &CodeChange, since: VersionNumber, watched: Option<usize>) -> String {
    let least = if change.truncated { "at least " } else { "" };
    let mut text = match change.ahead_by {
        0 => format!("none since {since}"),
        commits => {
            let files = number::count(change.files.len() as u64, "file");
            format!("{}, {least}{files} since {since}", number::count(commits, "commit"))
        }
    };
    if let Some(watched) = watched.filter(|_| !change.files.is_empty()) {
        text.push_str(&format!(", {least}{watched} watched"));
    }
    text
}

/// The workflow run that trained a version.
pub fn training(run: &CdRun) -> Said {
    Said::marked(Mark::from(&run.state), promotion::run(run))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::cd::CdState;

    fn result(name: &str, state: CdState) -> CheckResult {
        CheckResult { name: name.to_owned(), state, web_url: None }
    }

    #[test]
    fn checks_that_did_not_pass_are_named_and_a_failed_one_decides() {
        let failed = |name| result(name, CdState::Failed("failure".to_owned()));
        let all = [failed("a"), failed("b"), failed("c"), failed("d"), result("e", CdState::Success)];
        let said = checks(&all, true);
        assert_eq!((said.mark, said.text.as_str()), (Some(Mark::Block), "4 failed (a, b, c and 1 more), 1 passed"));
        assert_eq!(checks(&all[4..], true), Said::marked(Mark::Pass, "1 passed"));
        assert_eq!(checks(&[result("e", CdState::Running)], false), Said::marked(Mark::Unknown, "1 not finished"));
        assert_eq!(checks(&[], true).text, "the commit has none");
    }

    #[test]
    fn a_host_that_lists_only_some_files_makes_it_at_least_so_many() {
        let mut change = CodeChange {
            ahead_by: 2,
            behind_by: 1,
            commits: Vec::new(),
            files: Vec::new(),
            truncated: true,
            web_url: String::new(),
        };
        assert_eq!(changes(&change, VersionNumber(39), Some(0)), "2 commits, at least 0 files since v39");
        assert_eq!(
            change.behind(VersionNumber(39)).as_deref(),
            Some("1 commit of v39 is missing here: the code diverged")
        );
        (change.ahead_by, change.behind_by) = (0, 0);
        assert_eq!(changes(&change, VersionNumber(39), None), "none since v39");
        assert_eq!(change.behind(VersionNumber(39)), None);
        (change.ahead_by, change.behind_by) = (0, 2);
        let older = change.behind(VersionNumber(2));
        assert_eq!(older.as_deref(), Some("2 commits of v2 are missing here: this code is older"));
    }
}
