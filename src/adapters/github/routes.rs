//! Paths of the API, with every variable part encoded. octocrab encodes nothing itself.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::domain::cd::CHAIN_EVENT;
use crate::domain::ids::{CommitSha, RepoSlug, TagName};
use crate::domain::text::clean_line;

/// All but RFC 3986's unreserved characters.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// As above, but slashes are kept: for names that are paths themselves.
const NESTED: &AsciiSet = &SEGMENT.remove(b'/');

/// Entries per page: GitHub's maximum.
pub(super) const PAGE: usize = 100;

fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

fn nested(text: &str) -> String {
    utf8_percent_encode(text, NESTED).to_string()
}

pub(super) fn user() -> String {
    "/user".to_owned()
}

pub(super) fn repository(repo: &RepoSlug) -> String {
    format!("/repos/{}/{}", segment(repo.owner()), segment(repo.name()))
}

pub(super) fn repository_by_id(id: u64) -> String {
    format!("/repositories/{id}")
}

/// The repository that a path is about, as shown; none if it is about none.
pub(super) fn repository_in(path: &str) -> Option<String> {
    let mut parts = path.strip_prefix("/repos/")?.split(['/', '?']);
    let mut part = || Some(percent_decode_str(parts.next()?).decode_utf8_lossy().into_owned());
    Some(clean_line(&format!("{}/{}", part()?, part()?)))
}

pub(super) fn commit(repo: &RepoSlug, rev: &str) -> String {
    format!("{}/commits/{}", repository(repo), segment(rev))
}

/// One commit per page: only the status is read, and a page may hold 250 commits with their files.
pub(super) fn compare(repo: &RepoSlug, base: &str, head: &CommitSha) -> String {
    format!("{}/compare/{}...{head}?per_page=1", repository(repo), segment(base))
}

/// Without page parameters GitHub lists the last 250 commits and the first 300 files; with them, the first page has the
/// oldest commits.
pub(super) fn changes(repo: &RepoSlug, old: &CommitSha, new: &CommitSha) -> String {
    format!("{}/compare/{old}...{new}", repository(repo))
}

pub(super) fn deployments(repo: &RepoSlug, environment: &str) -> String {
    format!("{}/deployments?environment={}&per_page={PAGE}", repository(repo), segment(environment))
}

/// The newest status.
pub(super) fn deployment_status(repo: &RepoSlug, id: u64) -> String {
    format!("{}/deployments/{id}/statuses?per_page=1", repository(repo))
}

pub(super) fn pulls_of(repo: &RepoSlug, commit: &CommitSha, page: usize) -> String {
    format!("{}/pulls?per_page={PAGE}&page={page}", self::commit(repo, commit.as_str()))
}

pub(super) fn pull(repo: &RepoSlug, number: u64) -> String {
    format!("{}/pulls/{number}", repository(repo))
}

pub(super) fn reviews(repo: &RepoSlug, number: u64, page: usize) -> String {
    format!("{}/reviews?per_page={PAGE}&page={page}", pull(repo, number))
}

pub(super) fn check_runs(repo: &RepoSlug, commit: &CommitSha, page: usize) -> String {
    format!("{}/check-runs?per_page={PAGE}&page={page}", self::commit(repo, commit.as_str()))
}

/// The latest status of each context.
pub(super) fn statuses(repo: &RepoSlug, commit: &CommitSha, page: usize) -> String {
    format!("{}/status?per_page={PAGE}&page={page}", self::commit(repo, commit.as_str()))
}

/// The file's content, requested with the media type `raw`.
pub(super) fn file(repo: &RepoSlug, commit: &CommitSha, path: &str) -> String {
    format!("{}/contents/{}?ref={commit}", repository(repo), nested(path))
}

/// All tags whose names begin with this one, itself first. An empty list proves that the repository could be read; a 404
/// from `/git/ref/` would not.
pub(super) fn tags_beginning(repo: &RepoSlug, tag: &TagName) -> String {
    format!("{}/git/matching-refs/tags/{}", repository(repo), nested(tag.as_str()))
}

pub(super) fn refs(repo: &RepoSlug) -> String {
    format!("{}/git/refs", repository(repo))
}

pub(super) fn tag_objects(repo: &RepoSlug) -> String {
    format!("{}/git/tags", repository(repo))
}

pub(super) fn tag_object(repo: &RepoSlug, sha: &str) -> String {
    format!("{}/git/tags/{}", repository(repo), segment(sha))
}

pub(super) fn releases(repo: &RepoSlug) -> String {
    format!("{}/releases", repository(repo))
}

pub(super) fn releases_page(repo: &RepoSlug, page: usize) -> String {
    format!("{}?per_page={PAGE}&page={page}", releases(repo))
}

pub(super) fn release(repo: &RepoSlug, id: u64) -> String {
    format!("{}/{id}", releases(repo))
}

pub(super) fn release_by_tag(repo: &RepoSlug, tag: &TagName) -> String {
    format!("{}/tags/{}", releases(repo), nested(tag.as_str()))
}

pub(super) fn asset(repo: &RepoSlug, id: u64) -> String {
    format!("{}/assets/{id}", releases(repo))
}

pub(super) fn comments(repo: &RepoSlug, commit: &CommitSha) -> String {
    format!("{}/comments", self::commit(repo, commit.as_str()))
}

pub(super) fn comments_page(repo: &RepoSlug, commit: &CommitSha, page: usize) -> String {
    format!("{}?per_page={PAGE}&page={page}", comments(repo, commit))
}

pub(super) fn team(org: &str, team: &str) -> String {
    format!("/orgs/{}/teams/{}", segment(org), segment(team))
}

pub(super) fn membership(org: &str, team: &str, login: &str) -> String {
    format!("{}/memberships/{}", self::team(org, team), segment(login))
}

pub(super) fn permission(repo: &RepoSlug, login: &str) -> String {
    format!("{}/collaborators/{}/permission", repository(repo), segment(login))
}

/// GitHub takes the file's name, not its path.
pub(super) fn workflow(repo: &RepoSlug, file: &str) -> String {
    format!("{}/actions/workflows/{}", repository(repo), segment(file.rsplit('/').next().unwrap_or(file)))
}

pub(super) fn dispatches(repo: &RepoSlug, file: &str) -> String {
    format!("{}/dispatches", workflow(repo, file))
}

/// `branch` matches a run's `head_branch`, which is the tag's name for runs started by a tag or release.
pub(super) fn runs(repo: &RepoSlug, file: Option<&str>, tag: &TagName) -> String {
    let list = file.map_or_else(|| format!("{}/actions", repository(repo)), |file| workflow(repo, file));
    format!("{list}/runs?branch={}&per_page={PAGE}", segment(tag.as_str()))
}

/// Every run of the repository, newest first.
pub(super) fn all_runs(repo: &RepoSlug, page: usize) -> String {
    format!("{}/actions/runs?per_page={PAGE}&page={page}", repository(repo))
}

/// Runs of a workflow that started when another ended. They are of the default branch, whatever started them.
pub(super) fn followers(repo: &RepoSlug, file: &str) -> String {
    format!("{}/runs?event={CHAIN_EVENT}&per_page={PAGE}", workflow(repo, file))
}

pub(super) fn run(repo: &RepoSlug, id: u64) -> String {
    format!("{}/actions/runs/{id}", repository(repo))
}

pub(super) fn jobs(repo: &RepoSlug, id: u64, page: usize) -> String {
    format!("{}/jobs?filter=latest&per_page={PAGE}&page={page}", run(repo, id))
}

/// Redirects to a storage.
pub(super) fn job_log(repo: &RepoSlug, job: u64) -> String {
    format!("{}/actions/jobs/{job}/logs", repository(repo))
}

pub(super) fn pending_deployments(repo: &RepoSlug, run: u64) -> String {
    format!("{}/pending_deployments", self::run(repo, run))
}

pub(super) fn rerun_failed(repo: &RepoSlug, run: u64) -> String {
    format!("{}/rerun-failed-jobs", self::run(repo, run))
}

/// Path below the host's web URL.
pub(super) fn commit_page(repo: &RepoSlug, commit: &CommitSha) -> String {
    format!("{repo}/commit/{commit}")
}

/// Path below the host's web URL: shows the release, or the bare tag if there is none.
pub(super) fn tag_page(repo: &RepoSlug, tag: &TagName) -> String {
    format!("{repo}/releases/tag/{}", nested(tag.as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_remote_can_leave_its_place_in_the_path() {
        let repo: RepoSlug = "acme/churn".parse().unwrap();
        assert_eq!(commit(&repo, "feature/x?y#z"), "/repos/acme/churn/commits/feature%2Fx%3Fy%23z");
        assert_eq!(
            tags_beginning(&repo, &"m/a+b".parse().unwrap()),
            "/repos/acme/churn/git/matching-refs/tags/m/a%2Bb"
        );
        assert_eq!(workflow(&repo, ".github/workflows/cd.yml"), "/repos/acme/churn/actions/workflows/cd.yml");
        let sha = "a".repeat(40).parse().unwrap();
        let path = format!("/repos/acme/churn/contents/ops/a%3Fb%23.toml?ref={sha}");
        assert_eq!(file(&repo, &sha, "ops/a?b#.toml"), path);
        let tag = "m/v1".parse().unwrap();
        assert_eq!(runs(&repo, None, &tag), "/repos/acme/churn/actions/runs?branch=m%2Fv1&per_page=100");
    }
}
