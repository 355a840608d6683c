//! Code rows of the tree: commit, pull request, checks, changes since production, and the training workflow.

use super::trail::{Root, Trail};
use super::tree::{Tone, Tree, TreeRow, reason, unread};
use crate::app::effect::Place;
use crate::domain::caution;
use crate::domain::commit::Commit;
use crate::domain::commit::CommitOrigin;
use crate::domain::facts::ReviewedFacts;
use crate::domain::failure::Failure;
use crate::domain::ids::{RepoSlug, VersionNumber};
use crate::domain::job::JobRun;
use crate::domain::lineage::{
    CheckConclusion, CheckCounts, CheckResult, CodeChange, NO_BASELINE, NO_PULL_REQUEST, NO_TRAINING, PullRequest,
    which_watched,
};
use crate::domain::origin::CodeOrigin;
use crate::domain::provenance::Provenance;
use crate::present::code::{self as words, NO_COMMIT};
use crate::screens::parts::Ctx;

/// All rows about the code.
pub(super) fn code_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, root: Root<'_>, ctx: &Ctx<'_>) {
    let commit_failed = commit_rows(tree, trail, root.said());
    pull_request_rows(tree, trail, commit_failed);
    check_rows(tree, trail, commit_failed);
    if let Some(facts) = root.facts() {
        change_rows(tree, trail, facts, commit_failed, ctx);
    }
    training_rows(tree, trail, root.said());
}

/// The commit. Returns whether it cannot be known, in which case nothing that depends on it is loading.
fn commit_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, said: Provenance<'_>) -> bool {
    let (origin, part) = match (&trail.origin, trail.origin_commit()) {
        (Ok(origin), Some(part)) => (origin, part),
        (Err(failure), _) => {
            unresolved_commit(tree, said, reason(failure));
            return true;
        }
        (Ok(_), None) => return true,
    };
    let row = |value: String| TreeRow::new("commit", value).copy(origin.rev.as_str());
    let Some(commit) = part.known else {
        match part.failure {
            None => unread(tree, "commit", 2, row(origin.rev.chars().take(12).collect()), None),
            Some(failure) => {
                unresolved_commit(tree, said, failure.sentence());
                if origin.origin == CommitOrigin::Run && origin.rev.len() < 40 {
                    let note = format!("the run recorded only '{}' of its id", origin.rev);
                    tree.note(TreeRow::new("", note).tone(Tone::Muted));
                }
            }
        }
        other_repository(tree, said, origin);
        return part.failure.is_some();
    };
    let row = row(words::commit(commit)).url(&commit.web_url).copy(commit.sha.as_str());
    if tree.node("commit", 2, row, true) {
        commit_details(tree, commit, origin, said);
    }
    if let Some(note) = words::origin(&origin.origin) {
        tree.note(TreeRow::new("", note).tone(Tone::Warn));
    }
    other_repository(tree, said, origin);
    tree.stale(part.failure);
    false
}

/// An unresolved commit: shows what the run recorded about it.
fn unresolved_commit(tree: &mut Tree<'_>, said: Provenance<'_>, why: String) {
    let Some(recorded) = said.commit() else {
        return unread(tree, "commit", 2, TreeRow::new("commit", ""), Some(why));
    };
    let row = TreeRow::new("commit", why).tone(Tone::Unknown).copy(recorded);
    if tree.node("commit", 2, row, true) {
        tree.note(TreeRow::new("recorded as", recorded));
        if let Some((host, repo)) = said.repo_url().and_then(RepoSlug::from_remote_url) {
            tree.note(TreeRow::new("recorded at", format!("{host}/{repo}")).copy(format!("{host}/{repo}")));
        }
        let branch = said.branch().unwrap_or("not recorded");
        tree.note(TreeRow::new("branch", branch).copy(branch));
    }
}

fn commit_details(tree: &mut Tree<'_>, commit: &Commit, origin: &CodeOrigin, said: Provenance<'_>) {
    tree.note(TreeRow::new("id", commit.sha.as_str()));
    if origin.origin == CommitOrigin::Run && !origin.rev.eq_ignore_ascii_case(commit.sha.as_str()) {
        tree.note(TreeRow::new("recorded as", &origin.rev).copy(origin.rev.as_str()));
    }
    tree.note(TreeRow::new("author", commit.author.as_deref().unwrap_or("not known")));
    tree.note(TreeRow::new("committed", tree.zone.recorded(commit.at)));
    tree.note(TreeRow::new("repository", origin.repo.to_string()).copy(origin.repo.to_string()));
    let branch = said.branch().unwrap_or("not recorded");
    tree.note(TreeRow::new("branch", branch).copy(branch));
}

/// Adds a remark if the run came from another repository than the one its commit is looked up in.
fn other_repository(tree: &mut Tree<'_>, said: Provenance<'_>, origin: &CodeOrigin) {
    if let Some(note) = caution::other_repository(said, &origin.repo) {
        tree.note(TreeRow::new("", note).tone(Tone::Warn));
    }
}

fn pull_request_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, no_commit: bool) {
    let row = TreeRow::new("pull request", "");
    let Some(part) = trail.pull_request() else {
        if !no_commit {
            return expected_pull_request(tree);
        }
        return unread(tree, "pull request", 3, row, Some(NO_COMMIT.to_owned()));
    };
    match part.known {
        None if part.failure.is_none() => return expected_pull_request(tree),
        Some(Some(pull)) => pull_request(tree, pull),
        Some(None) => {
            tree.node("pull request", 3, TreeRow::new("pull request", NO_PULL_REQUEST).tone(Tone::Unknown), false);
        }
        None => return unread(tree, "pull request", 3, row, part.failure.map(Failure::sentence)),
    }
    tree.stale(part.failure);
}

/// Placeholder rows for a pull request, so that the rows below do not move when it arrives.
fn expected_pull_request(tree: &mut Tree<'_>) {
    if tree.node("pull request", 3, TreeRow::new("pull request", "").tone(Tone::Loading), true) {
        tree.note(TreeRow::new("author", "").tone(Tone::Loading));
        tree.note(TreeRow::new("approved by", "").tone(Tone::Loading));
    }
}

fn pull_request(tree: &mut Tree<'_>, pull: &PullRequest) {
    let row =
        TreeRow::new("pull request", words::pull_request(pull)).url(&pull.web_url).copy(format!("#{}", pull.number));
    if tree.node("pull request", 3, row, true) {
        let author = pull.author.as_deref().unwrap_or("not known");
        let merged = match pull.merged_at {
            Some(_) => format!(", {}", words::merged(pull, tree.zone).text),
            None => String::new(),
        };
        tree.note(TreeRow::new("author", format!("{author}{merged}")).copy(author));
        if !pull.approvers.is_empty() {
            tree.note(TreeRow::said("approved by", words::approvers(pull)).copy(pull.approvers.join(", ")));
        }
    }
    if pull.approvers.is_empty() {
        tree.note(TreeRow::said("approved by", words::approvers(pull)));
    }
    if pull.merged_at.is_none() {
        tree.note(TreeRow::said("", words::merged(pull, tree.zone)));
    }
}

fn check_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, no_commit: bool) {
    let row = TreeRow::new("checks", "");
    let Some(part) = trail.checks() else {
        return unread(tree, "checks", 3, row, no_commit.then(|| NO_COMMIT.to_owned()));
    };
    let Some(checks) = part.known else {
        return unread(tree, "checks", 3, row, part.failure.map(Failure::sentence));
    };
    let counts = CheckCounts::of(checks);
    let commit_page = trail.commit().map(|c| c.web_url.clone()).unwrap_or_default();
    let has_more = counts.failed < checks.len();
    let open =
        tree.node("checks", 3, TreeRow::said("checks", words::checks(checks, false)).url(&commit_page), has_more);
    let of =
        |failed: bool| checks.iter().filter(move |c| (c.standing() == CheckConclusion::Failed) == failed).map(check);
    tree.list("failed", of(true));
    if open {
        tree.list(if counts.failed > 0 { "others" } else { "" }, of(false));
    }
    tree.stale(part.failure);
}

fn check(check: &CheckResult) -> TreeRow {
    TreeRow::said("", words::check(check)).url(check.web_url.as_deref().unwrap_or_default()).copy(check.name.clone())
}

fn change_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, facts: &ReviewedFacts, no_commit: bool, ctx: &Ctx<'_>) {
    let key = "changes";
    let mut say = |value: &str, tone| {
        tree.node(key, 3, TreeRow::new(key, value).tone(tone), false);
    };
    let Some(baseline) = &facts.baseline else {
        return say(NO_BASELINE, Tone::Muted);
    };
    let number = baseline.version.number;
    if no_commit {
        return say(NO_COMMIT, Tone::Unknown);
    }
    if let Some(Err(failure)) = &trail.baseline {
        return say(&format!("of {number}: {}", reason(failure)), Tone::Unknown);
    }
    let Some(part) = trail.changes() else {
        let failed = trail.production_commit().and_then(|part| part.failure);
        return match (trail.commit(), trail.baseline_commit(), failed) {
            (Some(new), Some(old), _) if new.sha == old.sha => {
                say(&words::same_commit(number), Tone::Muted);
            }
            (_, None, Some(failure)) => say(&format!("of {number}: {}", failure.sentence()), Tone::Unknown),
            _ => say(&format!("since {number}"), Tone::Loading),
        };
    };
    let Some(change) = part.known else {
        return unread(tree, key, 3, TreeRow::new(key, format!("since {number}")), part.failure.map(Failure::sentence));
    };
    changes(tree, number, trail.baseline_commit(), change, part.failure, ctx);
}

fn changes(
    tree: &mut Tree<'_>,
    since: VersionNumber,
    from: Option<&Commit>,
    change: &CodeChange,
    failure: Option<&Failure>,
    ctx: &Ctx<'_>,
) {
    let paths = &ctx.rules.watched_paths;
    let watched = which_watched(&change.files, paths);
    let n = watched.iter().filter(|w| **w).count();
    let value = words::changes(change, since, (!paths.is_empty()).then_some(n));
    let row = TreeRow::new("changes", value).url(&change.web_url).copy(change.web_url.clone());
    let foldable = !change.commits.is_empty() || !change.files.is_empty();
    let open = tree.node("changes", 3, row, foldable);
    if let Some(behind) = change.behind(since) {
        tree.note(TreeRow::new("", behind).tone(Tone::Warn));
    }
    if open {
        if let Some(from) = from {
            let row = TreeRow::new("since", words::commit(from));
            tree.note(row.url(&from.web_url).copy(from.sha.as_str()));
        }
        let commits = change.commits.iter();
        tree.list("commits", commits.map(|(id, title)| TreeRow::new("", format!("{id} {title}")).copy(id.clone())));
        let any = watched.contains(&true);
        // Watched files come first.
        let (told, others): (Vec<_>, Vec<_>) = change.files.iter().zip(&watched).partition(|(_, w)| **w);
        tree.list(
            "files",
            told.into_iter().chain(others).map(|(file, watched)| {
                let from = file.previous_path.as_ref().map(|p| format!(" from {p}")).unwrap_or_default();
                let value = format!("{}{from}  +{} -{} {}", file.path, file.additions, file.deletions, file.status);
                let tone = match (*watched, any) {
                    (true, _) => Tone::Watched,
                    (false, true) => Tone::Unwatched,
                    (false, false) => Tone::Plain,
                };
                TreeRow::new("", value).tone(tone).copy(file.path.clone())
            }),
        );
        if change.truncated {
            tree.note(TreeRow::new("", "there are more commits or files than the host lists").tone(Tone::Muted));
        }
        if paths.is_empty() {
            tree.note(TreeRow::new("", "[review] watched_paths names no paths to watch").tone(Tone::Muted));
        }
    }
    tree.stale(failure);
}

fn training_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, said: Provenance<'_>) {
    let key = "trained by";
    let (claim, part) = match (&trail.training, trail.workflow()) {
        (Ok(Some(claim)), Some(part)) => (claim, part),
        (Err(failure), _) => return unread(tree, key, 2, TreeRow::new(key, ""), Some(reason(failure))),
        _ => {
            let row = match JobRun::of(said) {
                Some(job) => TreeRow::new(key, job.to_string()).copy(job.run.clone()).place(Some(Place::Job(job))),
                None => TreeRow::new(key, NO_TRAINING).tone(Tone::Unknown),
            };
            tree.node(key, 2, row, false);
            return;
        }
    };
    let Some(run) = part.known else {
        let row = TreeRow::new(key, format!("workflow run {} in {}", claim.id, claim.repo)).copy(claim.id.to_string());
        return unread(tree, key, 2, row, part.failure.map(Failure::sentence));
    };
    let row = TreeRow::said(key, words::training(run)).url(&run.web_url).copy(claim.id.to_string());
    if tree.node(key, 2, row, true) {
        tree.note(TreeRow::new("claimed by tag", &claim.tag).copy(claim.tag.as_str()));
        tree.note(TreeRow::new("repository", claim.repo.to_string()).copy(claim.repo.to_string()));
        tree.note(TreeRow::new("workflow", &run.path).copy(run.path.clone()));
        tree.note(TreeRow::new("created", tree.zone.recorded(run.created_at)));
    }
    let elsewhere = trail.origin.as_ref().ok().and_then(|origin| caution::trained_elsewhere(&claim.repo, &origin.repo));
    if let Some(note) = elsewhere {
        tree.note(TreeRow::new("", note).tone(Tone::Warn));
    }
    tree.stale(part.failure);
}
