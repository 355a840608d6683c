//! Where a version's code came from: pull request, checks, changes since production, and the training workflow.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::cd::CdState;
use super::ids::{RepoSlug, VersionNumber};
use super::pattern::Glob;
use super::sorted_map::Tags;
use super::text::count;

/// Message for a commit without a pull request.
pub const NO_PULL_REQUEST: &str = "no pull request brought the commit in: it was pushed directly";
/// Message if there is nothing to compare the code with.
pub const NO_BASELINE: &str = "no other version is in production";
/// Message if no tag names a workflow run.
pub const NO_TRAINING: &str = "no tag of the training run names a workflow run";

/// A pull request that merged a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequest {
    pub number: u64,
    /// Cleaned.
    pub title: String,
    pub author: Option<String>,
    /// Logins whose latest review approves, except the author.
    pub approvers: Vec<String>,
    /// Login of whoever merged it.
    pub merged_by: Option<String>,
    /// When it was merged; `None` if it was not.
    pub merged_at: Option<Timestamp>,
    pub web_url: String,
}

/// One check run or commit status on a commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Cleaned.
    pub name: String,
    pub state: CdState,
    pub web_url: Option<String>,
}

/// The difference between two commits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeChange {
    /// Commits only in the new one.
    pub ahead_by: u64,
    /// Commits only in the old one; not zero if the two diverged.
    pub behind_by: u64,
    /// Short id and first line of the newest commits, newest first.
    pub commits: Vec<(String, String)>,
    /// Changed files; the host lists at most 300.
    pub files: Vec<ChangedFile>,
    /// There are more commits or files than listed.
    pub truncated: bool,
    pub web_url: String,
}

impl CodeChange {
    /// What the version in production has that this one lacks.
    pub fn behind(&self, since: VersionNumber) -> Option<String> {
        let why = if self.ahead_by == 0 { "this code is older" } else { "the code diverged" };
        let (missing, are) = (count(self.behind_by, "commit"), if self.behind_by == 1 { "is" } else { "are" });
        (self.behind_by > 0).then(|| format!("{missing} of {since} {are} missing here: {why}"))
    }
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedFile {
    /// Path in the repository, cleaned.
    pub path: String,
    /// Path before a rename, cleaned.
    pub previous_path: Option<String>,
    /// As the host says: `added`, `removed`, `modified`, `renamed`.
    pub status: String,
    pub additions: u64,
    pub deletions: u64,
}

/// The state of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewState {
    Approved,
    ChangesRequested,
    Dismissed,
    /// A comment, a pending review, or a state unknown to this program.
    NoOpinion,
}

/// The approvers of a pull request: everyone whose latest review with an opinion approves, in the order of those
/// reviews. `reviews` holds logins with their review state, oldest first.
///
/// The author's own approval does not count. A later request for changes, or a dismissal, revokes an approval; a
/// comment does not. Logins are compared ignoring case.
pub fn approvers(author: Option<&str>, reviews: impl IntoIterator<Item = (String, ReviewState)>) -> Vec<String> {
    let mut latest: Vec<(String, ReviewState)> = Vec::new();
    for (login, verdict) in reviews {
        let own = author.is_some_and(|a| a.eq_ignore_ascii_case(&login));
        if own || verdict == ReviewState::NoOpinion {
            continue;
        }
        latest.retain(|(other, _)| !other.eq_ignore_ascii_case(&login));
        latest.push((login, verdict));
    }
    latest.into_iter().filter(|(_, v)| *v == ReviewState::Approved).map(|(login, _)| login).collect()
}

/// The result of a check, as it matters for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckConclusion {
    Passed,
    /// Did not run, or has no opinion (`skipped`, `neutral`): neither passed nor failed.
    Skipped,
    /// Ended without success.
    Failed,
    /// Not ended, or in a state unknown to this program.
    Open,
}

impl CheckResult {
    pub fn standing(&self) -> CheckConclusion {
        match &self.state {
            CdState::Success => CheckConclusion::Passed,
            CdState::Failed(word) if word == "skipped" || word == "neutral" => CheckConclusion::Skipped,
            CdState::Failed(_) => CheckConclusion::Failed,
            _ => CheckConclusion::Open,
        }
    }
}

/// Number of checks by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckCounts {
    pub passed: usize,
    pub skipped: usize,
    pub failed: usize,
    pub open: usize,
}

impl CheckCounts {
    pub fn of(checks: &[CheckResult]) -> Self {
        let mut counts = Self::default();
        for check in checks {
            *match check.standing() {
                CheckConclusion::Passed => &mut counts.passed,
                CheckConclusion::Skipped => &mut counts.skipped,
                CheckConclusion::Failed => &mut counts.failed,
                CheckConclusion::Open => &mut counts.open,
            } += 1;
        }
        counts
    }
}

/// Number of `files` whose path, current or before a rename, matches one of `patterns`.
///
/// In a pattern, `*` and `?` stay within one folder, `**` crosses folders, and a trailing slash matches everything
/// below: `src/train/` is `src/train/**`.
pub fn watched(files: &[ChangedFile], patterns: &[String]) -> usize {
    which_watched(files, patterns).into_iter().filter(|w| *w).count()
}

/// [`watched`], per file.
pub fn which_watched(files: &[ChangedFile], patterns: &[String]) -> Vec<bool> {
    let globs: Vec<_> = patterns
        .iter()
        .filter_map(|pattern| {
            let pattern = if pattern.ends_with('/') { format!("{pattern}**") } else { pattern.clone() };
            // The configuration rejects invalid patterns.
            Glob::of_paths(&pattern).ok()
        })
        .collect();
    let fits = |path: &str| globs.iter().any(|glob| glob.fits(path));
    files.iter().map(|f| fits(&f.path) || f.previous_path.as_deref().is_some_and(fits)).collect()
}

/// The workflow run that trained a model, as named by the tags of the training run. A claim: anyone with permission to
/// write tags can make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainedBy {
    /// The tag that names it.
    pub tag: String,
    /// Host and repository, if the tag holds a URL; else those of the commit.
    pub place: Option<(String, RepoSlug)>,
    /// The host's id of the workflow run.
    pub id: u64,
}

/// Tags whose value may be the plain id of a workflow run.
const RUN_ID_TAGS: [&str; 3] = ["github.run_id", "ci.run_id", "GITHUB_RUN_ID"];

/// Finds the workflow run in the tags of a training run: any tag, except MLflow's own, that holds the URL of a GitHub
/// Actions run, else `github.run_id`, `ci.run_id` or `GITHUB_RUN_ID`.
pub fn trained_by(tags: &Tags) -> Option<TrainedBy> {
    let addresses = tags.texts().filter(|(key, _)| !key.starts_with("mlflow.")).find_map(|(key, value)| {
        let (host, repo, id) = actions_run(value.trim())?;
        Some(TrainedBy { tag: key.to_owned(), place: Some((host, repo)), id })
    });
    addresses.or_else(|| {
        RUN_ID_TAGS.iter().find_map(|key| {
            let id = number(tags.get(key)?.trim())?;
            Some(TrainedBy { tag: (*key).to_owned(), place: None, id })
        })
    })
}

/// Parses `https://HOST/OWNER/REPO/actions/runs/ID`, ignoring the rest (`/attempts/2`, `/job/3`, `?pr=1`).
fn actions_run(address: &str) -> Option<(String, RepoSlug, u64)> {
    let rest = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"))?;
    let path = rest.split(['?', '#']).next()?;
    let mut parts = path.split('/');
    let host = parts
        .next()
        .filter(|h| !h.is_empty() && h.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.:".contains(&b)))?;
    let repo = format!("{}/{}", parts.next()?, parts.next()?).parse().ok()?;
    if (parts.next()?, parts.next()?) != ("actions", "runs") {
        return None;
    }
    Some((host.to_ascii_lowercase(), repo, number(parts.next()?)?))
}

/// An unsigned decimal number without sign or spaces.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::ReviewState::{Approved, ChangesRequested, Dismissed, NoOpinion};
    use super::*;

    fn approved_by(author: Option<&str>, reviews: &[(&str, ReviewState)]) -> Vec<String> {
        approvers(author, reviews.iter().map(|(login, verdict)| ((*login).to_owned(), *verdict)))
    }

    #[test]
    fn everybody_whose_latest_opinion_approves_is_an_approver() {
        let reviews = [("lee", Approved), ("mio", ChangesRequested), ("mio", Approved)];
        assert_eq!(approved_by(Some("dana"), &reviews), ["lee", "mio"]);
        assert_eq!(approved_by(None, &reviews), ["lee", "mio"]);
        assert_eq!(approved_by(Some("dana"), &[]), [""; 0]);
    }

    #[test]
    fn a_later_request_for_changes_or_a_dismissal_takes_an_approval_back() {
        for later in [ChangesRequested, Dismissed] {
            assert_eq!(approved_by(None, &[("lee", Approved), ("mio", Approved), ("lee", later)]), ["mio"]);
        }
        assert_eq!(approved_by(None, &[("lee", Approved), ("lee", Dismissed), ("lee", Approved)]), ["lee"]);
    }

    #[test]
    fn a_comment_changes_no_opinion() {
        assert_eq!(approved_by(None, &[("lee", Approved), ("lee", NoOpinion)]), ["lee"]);
        assert_eq!(approved_by(None, &[("lee", ChangesRequested), ("lee", NoOpinion)]), [""; 0]);
        assert_eq!(approved_by(None, &[("lee", NoOpinion)]), [""; 0]);
    }

    #[test]
    fn nobody_approves_their_own_however_they_spell_themselves() {
        assert_eq!(approved_by(Some("dana"), &[("dana", Approved), ("Dana", Approved)]), [""; 0]);
        assert_eq!(approved_by(Some("dana"), &[("Lee", Approved), ("lee", ChangesRequested)]), [""; 0]);
    }

    #[test]
    fn checks_that_were_skipped_neither_pass_nor_fail() {
        let failed = |word: &str| CdState::Failed(word.into());
        let states = [
            CdState::Success,
            failed("failure"),
            failed("timed_out"),
            failed("skipped"),
            failed("neutral"),
            CdState::Queued,
            CdState::Other("dreaming".into()),
        ];
        let checks = states.map(|state| CheckResult { name: "x".into(), state, web_url: None });
        assert_eq!(CheckCounts::of(&checks), CheckCounts { passed: 1, skipped: 2, failed: 2, open: 2 });
    }

    fn file(path: &str, previous: Option<&str>) -> ChangedFile {
        ChangedFile {
            path: path.into(),
            previous_path: previous.map(str::to_owned),
            status: "modified".into(),
            additions: 1,
            deletions: 0,
        }
    }

    #[test]
    fn watched_files_are_counted_once_and_where_they_were_renamed_from_counts() {
        let files = [
            file("src/train/main.py", None),
            file("src/train/telco/model.py", None),
            file("old.py", Some("src/train/old.py")),
            file("src/trainer.py", None),
            file("README.md", None),
        ];
        let count = |patterns: &[&str]| watched(&files, &patterns.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>());
        assert_eq!(count(&["src/train/**"]), 3);
        assert_eq!(count(&["src/train/", "src/train/**"]), 3);
        assert_eq!(count(&["src/train/*.py"]), 2, "a star stays within its folder");
        assert_eq!(count(&["**/*.py"]), 4);
        assert_eq!(count(&["[", "src/train"]), 0);
        assert_eq!(count(&[]), 0);
    }

    fn trained(tags: &[(&str, &str)]) -> Option<TrainedBy> {
        trained_by(&tags.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn the_workflow_run_is_found_by_its_address_in_any_tag() {
        for address in [
            "https://github.com/acme/churn/actions/runs/30433642000",
            " https://GitHub.com/acme/churn/actions/runs/30433642000/attempts/2 ",
            "https://github.com/acme/churn/actions/runs/30433642000/job/7?pr=1#step:2:1",
            "http://github.com/acme/churn/actions/runs/30433642000#x",
        ] {
            let found = trained(&[("pipeline", address), ("ci.run_id", "1")]).unwrap();
            let place = ("github.com".to_owned(), "acme/churn".parse().unwrap());
            assert_eq!(
                found,
                TrainedBy { tag: "pipeline".into(), place: Some(place), id: 30_433_642_000 },
                "{address}"
            );
        }
        let own = trained(&[("ci", "https://ghe.acme.example:8443/a/b/actions/runs/1")]).unwrap();
        assert_eq!(own.place.unwrap().0, "ghe.acme.example:8443");
    }

    #[test]
    fn the_workflow_run_is_found_by_its_bare_id_in_the_usual_tags() {
        for key in RUN_ID_TAGS {
            assert_eq!(trained(&[(key, "42")]), Some(TrainedBy { tag: key.into(), place: None, id: 42 }));
        }
        assert_eq!(trained(&[("build", "42")]), None);
    }

    #[test]
    fn what_is_no_workflow_run_is_not_taken_for_one() {
        for value in [
            "https://github.com/acme/churn",
            "https://github.com/acme/churn/actions/runs/",
            "https://github.com/acme/churn/actions/runs/latest",
            "https://github.com/acme/churn/actions/runs/99999999999999999999999",
            "https://github.com/acme/../actions/runs/1",
            "https://user:secret@github.com/acme/churn/actions/runs/1",
            "https://ci.acme.example/job/7",
            "see https://github.com/acme/churn/actions/runs/1",
            "",
            "+1",
            "-1",
        ] {
            assert_eq!(trained(&[("pipeline", value), ("ci.run_id", value)]), None, "{value}");
        }
        assert_eq!(trained(&[("mlflow.source.name", "https://github.com/a/b/actions/runs/1")]), None);
    }
}
