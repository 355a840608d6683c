//! Wire types to domain types. Remote text is cleaned here, once. An `Err` is a phrase that says what is wrong with the
//! response.

use jiff::Timestamp;

use super::wire;
use crate::domain::cd::CdQuery;
use crate::domain::cd::{CdJob, CdRun, CdState};
use crate::domain::cd_act::{Environment, PendingDeployment};
use crate::domain::commit::{Ancestry, Commit, CommitComment, HostIdentity, ReleaseAsset, ReleaseState, Repository};
use crate::domain::promotion::PromotionPlan;
use crate::domain::text;

/// How far apart the clocks of the host's own machines may be before a run is taken for an older one.
const CLOCK_SKEW_S: i64 = 120;

type Converted<T> = Result<T, String>;

pub(super) fn identity(user: wire::User, host_time: Option<Timestamp>) -> Converted<HostIdentity> {
    Ok(HostIdentity {
        login: line(user.login).ok_or("the user has no login")?,
        id: user.id.ok_or("the user has no id")?,
        name: line(user.name),
        email: line(user.email),
        host_time,
    })
}

pub(super) fn repository(repo: wire::Repository) -> Converted<Repository> {
    Ok(Repository {
        default_branch: line(repo.default_branch).ok_or("the repository has no default branch")?,
        can_push: repo.permissions.and_then(|p| p.push),
        archived: repo.archived.unwrap_or(false),
        web_url: line(repo.html_url).unwrap_or_default(),
    })
}

pub(super) fn commit(commit: wire::Commit) -> Converted<Commit> {
    let sha = commit.sha.unwrap_or_default().parse().map_err(|e| format!("{e}"))?;
    let git = commit.commit;
    let (message, author, committer) = git.map_or((None, None, None), |g| (g.message, g.author, g.committer));
    let login = commit.author.and_then(|a| a.login);
    Ok(Commit {
        sha,
        title: text::clean_line(message.unwrap_or_default().lines().next().unwrap_or_default()),
        author: line(login.or(author.and_then(|a| a.name))),
        at: time(committer.and_then(|c| c.date)),
        web_url: line(commit.html_url).unwrap_or_default(),
    })
}

pub(super) fn ancestry(comparison: &wire::Comparison) -> Converted<Ancestry> {
    match comparison.status.as_deref() {
        Some("behind" | "identical") => Ok(Ancestry::OnBranch),
        Some("ahead" | "diverged") => Ok(Ancestry::OffBranch),
        other => Err(format!("the comparison's status is '{}'", text::clean_line(other.unwrap_or_default()))),
    }
}

/// Drafts always have the field `draft`; a release without it is published.
pub(super) fn release(release: wire::Release) -> Converted<ReleaseState> {
    Ok(ReleaseState {
        id: release.id.ok_or("the release has no id")?,
        tag: line(release.tag_name).unwrap_or_default(),
        draft: release.draft.unwrap_or(false),
        body: release.body.unwrap_or_default(),
        author_id: release.author.as_ref().and_then(|a| a.id),
        author: line(release.author.and_then(|a| a.login)),
        published_at: release.published_at.and_then(|at| at.parse().ok()),
        assets: release.assets.unwrap_or_default().into_iter().map(asset).collect::<Converted<Vec<_>>>()?,
        upload_url: line(release.upload_url),
        web_url: line(release.html_url).unwrap_or_default(),
    })
}

pub(super) fn asset(asset: wire::Asset) -> Converted<ReleaseAsset> {
    Ok(ReleaseAsset {
        id: asset.id.ok_or("a file of the release has no id")?,
        name: line(asset.name).ok_or("a file of the release has no name")?,
        size: asset.size.unwrap_or(0),
        digest: line(asset.digest),
        complete: asset.state.as_deref() == Some("uploaded"),
        uploader_id: asset.uploader.as_ref().and_then(|u| u.id),
        uploader: line(asset.uploader.and_then(|u| u.login)),
        created_at: time(asset.created_at),
    })
}

/// A comment without a modification time cannot be assumed unchanged.
pub(super) fn comment(comment: wire::Comment) -> Converted<CommitComment> {
    let user = comment.user.ok_or("the comment has no author")?;
    Ok(CommitComment {
        id: comment.id.ok_or("the comment has no id")?,
        login: line(user.login).ok_or("the comment's author has no login")?,
        author_id: user.id.ok_or("the comment's author has no id")?,
        body: text::clean(&comment.body.unwrap_or_default()),
        created_at: time(comment.created_at).ok_or("the comment does not say when it was written")?,
        updated_at: time(comment.updated_at).ok_or("the comment does not say when it was changed")?,
        web_url: line(comment.html_url).unwrap_or_default(),
    })
}

/// The host's time from the `Date` header, in whole seconds.
pub(super) fn date(headers: &http::HeaderMap) -> Option<Timestamp> {
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

pub(super) fn run(run: wire::Run) -> Converted<CdRun> {
    let attempt = run.run_attempt.unwrap_or(1);
    Ok(CdRun {
        id: run.id.ok_or("the run has no id")?,
        number: run.run_number.unwrap_or(0),
        attempt,
        path: line(run.path).map(|p| p.split('@').next().unwrap_or_default().to_owned()).unwrap_or_default(),
        state: CdState::from_github(run.status.as_deref(), run.conclusion.as_deref()),
        created_at: time(run.created_at),
        restarted_at: time(run.run_started_at).filter(|_| attempt > 1),
        event: line(run.event),
        actor: line(run.triggering_actor.or(run.actor).and_then(|a| a.login)),
        web_url: line(run.html_url).unwrap_or_default(),
    })
}

/// The server has filtered the list already, unless the query is wide: fields it left out cannot be checked then, the
/// others must match.
pub(super) fn belongs(run: &wire::Run, query: &CdQuery) -> bool {
    let fits = |there: &Option<String>, fine: &dyn Fn(&str) -> bool| there.as_deref().map_or(!query.wide, fine);
    let oldest = query.since.map(|since| since.as_second().saturating_sub(CLOCK_SKEW_S));
    let created = time(run.created_at.clone());
    fits(&run.event, &|event| query.counts(event))
        && fits(&run.head_branch, &|branch| branch == query.tag.as_str())
        && fits(&run.head_sha, &|sha| sha == query.commit.as_str())
        && created.zip(oldest).is_none_or(|(at, oldest)| at.as_second() >= oldest)
}

pub(super) fn job(job: wire::Job) -> CdJob {
    let running = |s: &wire::JobStep| s.status.as_deref() == Some("in_progress");
    CdJob {
        id: job.id.unwrap_or(0),
        name: line(job.name).unwrap_or_else(|| "(unnamed)".to_owned()),
        state: CdState::from_github(job.status.as_deref(), job.conclusion.as_deref()),
        current_step: line(job.steps.unwrap_or_default().into_iter().find(running).and_then(|s| s.name)),
        started_at: time(job.started_at),
        ended_at: time(job.completed_at),
    }
}

pub(super) fn pending(pending: wire::Pending) -> Converted<PendingDeployment> {
    let environment = pending.environment.ok_or("it names no environment")?;
    let named = |r: wire::Reviewer| r.reviewer.and_then(|r| line(r.login.or(r.slug)));
    Ok(PendingDeployment {
        environment: Environment {
            id: environment.id.ok_or("the environment has no id")?,
            name: line(environment.name).unwrap_or_else(|| "(unnamed)".to_owned()),
        },
        may_approve: pending.current_user_can_approve.unwrap_or(false),
        reviewers: pending.reviewers.unwrap_or_default().into_iter().filter_map(named).collect(),
        wait_minutes: pending.wait_timer.unwrap_or(0),
    })
}

/// The tagger line as fixed by the plan. Git allows no angle brackets or line breaks in it.
pub(super) fn tagger(plan: &PromotionPlan) -> wire::Tagger {
    let signer = &plan.draft.signer;
    let plain = |s: &str| s.replace(['<', '>', '\n', '\r', '\0'], " ").trim().to_owned();
    let name = signer.name.as_deref().map(plain).filter(|n| !n.is_empty());
    wire::Tagger {
        name: name.unwrap_or_else(|| plain(&signer.login)),
        email: plain(&signer.email),
        date: plan.signed_at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    }
}

/// A line of remote text, cleaned; none if there is none.
pub(super) fn line(raw: Option<String>) -> Option<String> {
    raw.map(|s| text::clean_line(&s)).filter(|s| !s.is_empty())
}

pub(super) fn time(raw: Option<String>) -> Option<Timestamp> {
    raw?.parse().ok()
}
