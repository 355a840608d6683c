//! Converts the world's raw texts to domain values. Everything shown to people is cleaned here.

use jiff::Timestamp;

use super::HOST;
use super::github::{self, Asset, Comment, Release, Repo, TagObject, TrainingWorkflowRun};
use super::world::{JobRun, JobTask, LoggedMetric, Model, TrainingRun, Version, World};
use crate::domain::cd::{CdJob, CdRun, CdState};
use crate::domain::cd_act::{Environment, PendingDeployment};
use crate::domain::commit::{Commit, CommitComment, ReleaseAsset, ReleaseState, TagState};
use crate::domain::deployment::{Deployment, DeploymentRun, DeploymentTask};
use crate::domain::ids::{CommitSha, ModelName, RepoSlug, RunId, TagName, VersionNumber};
use crate::domain::logged::{DataRef, LoggedModel, ModelMetric};
use crate::domain::record::seal::sha256;
use crate::domain::registry::{ModelVersion, RegisteredModel, Stage, VersionStatus};
use crate::domain::run::{Dataset, MetricPoint, Run};
use crate::domain::sorted_map::Tags;
use crate::domain::text::{clean, clean_line};
use crate::domain::witness::RunState;

/// A model as in a list of models: with the highest version of each stage.
pub(super) fn registered_model(name: &ModelName, model: &Model) -> RegisteredModel {
    let mut latest: Vec<(&Stage, ModelVersion)> = Vec::new();
    for (number, version) in model.versions.iter().rev() {
        if !latest.iter().any(|(stage, _)| **stage == version.stage) {
            latest.push((&version.stage, version_with_aliases(name, model, *number, version)));
        }
    }
    RegisteredModel {
        name: name.clone(),
        description: clean(&model.description),
        tags: tags(&model.tags),
        aliases: model.aliases.iter().map(|(alias, number)| (clean_line(alias), *number)).collect(),
        told: true,
        browse_only: false,
        there: Default::default(),
        latest: latest.into_iter().map(|(_, version)| version).collect(),
        created_at: Some(model.created_at),
        updated_at: Some(model.updated_at),
    }
}

/// What a version says of its deployment job.
pub(super) fn deployment(run: &JobRun, now: Timestamp) -> Deployment {
    Deployment { job: clean_line(&run.job), run: clean_line(&run.id), waits: run.waits(now) }
}

/// A run of a deployment job.
pub(super) fn job_run(run: &JobRun, now: Timestamp) -> DeploymentRun {
    let open = run.is_at_work(now);
    let state = |result: &str| match result {
        "SUCCESS" => RunState::Succeeded,
        other => RunState::Failed(clean_line(other)),
    };
    let task = |task: &JobTask| DeploymentTask { name: clean_line(&task.name), state: state(&task.result) };
    DeploymentRun {
        state: if open { RunState::Open("running".to_owned()) } else { state(run.result()) },
        tasks: run.tasks.iter().map(task).collect(),
        repairs: run.repairs.clone(),
        page: None,
    }
}

/// One version with the aliases that point to it.
pub(super) fn version_with_aliases(
    name: &ModelName,
    model: &Model,
    number: VersionNumber,
    version: &Version,
) -> ModelVersion {
    let aliases = model.aliases.iter().filter(|(_, holder)| **holder == number).map(|(alias, _)| clean_line(alias));
    ModelVersion { aliases: aliases.collect(), ..model_version(name, number, version) }
}

pub(super) fn model_version(name: &ModelName, number: VersionNumber, version: &Version) -> ModelVersion {
    ModelVersion {
        model: name.clone(),
        number,
        stage: version.stage.clone(),
        status: match version.status.as_str() {
            "READY" => VersionStatus::Ready,
            "PENDING_REGISTRATION" => VersionStatus::Pending,
            "FAILED_REGISTRATION" => VersionStatus::Failed(String::new()),
            other => VersionStatus::Other(clean_line(other)),
        },
        created_at: Some(version.created_at),
        updated_at: Some(version.updated_at),
        author: version.author.as_deref().map(clean_line),
        source: clean_line(&version.source),
        run_id: version.run_id.clone(),
        description: clean(&version.description),
        tags: tags(&version.tags),
        aliases: Vec::new(),
        logged_model: None,
        run_elsewhere: None,
        keeps_files: false,
        deployment: None,
    }
}

pub(super) fn run(id: &RunId, run: &TrainingRun) -> Run {
    let point =
        |name: &str, value| MetricPoint { value, step: run.last_step(name), at: run.ended_at.or(Some(run.started_at)) };
    Run {
        id: id.clone(),
        experiment: run.experiment.clone(),
        name: clean_line(&run.name),
        user: Some(clean_line(&run.user)),
        status: clean_line(&run.status),
        started_at: Some(run.started_at),
        ended_at: run.ended_at,
        deleted: run.deleted,
        metrics: run.metrics.iter().map(|(name, value)| (clean_line(name), point(name, *value))).collect(),
        params: tags(&run.params),
        tags: tags(&run.tags),
        datasets: run
            .datasets
            .iter()
            .map(|d| Dataset {
                name: clean_line(&d.name),
                digest: clean_line(&d.digest),
                context: Some(clean_line(&d.context)),
                rows: Some(d.rows),
            })
            .collect(),
    }
}

/// The logged model with this id, which one version was made from.
pub(super) fn logged_model(world: &World, id: &str, version: &Version) -> LoggedModel {
    let run = version.run_id.as_ref().and_then(|id| world.runs.get(id));
    let metric = |m: &LoggedMetric| ModelMetric {
        name: clean_line(&m.name),
        value: m.value,
        step: 0,
        at: Some(version.created_at),
        run: version.run_id.clone(),
        data: m.data.as_ref().map(|(name, digest)| DataRef { name: clean_line(name), digest: clean_line(digest) }),
    };
    LoggedModel {
        id: id.to_owned(),
        name: "model".to_owned(),
        status: format!("LOGGED_MODEL_{}", version.status.replace("_REGISTRATION", "")),
        experiment: run.map(|run| run.experiment.clone()),
        source_run: version.run_id.clone(),
        metrics: LoggedModel::latest(version.logged.metrics.iter().map(metric).collect()),
        params: tags(&version.logged.params),
        tags: tags(&version.logged.tags),
    }
}

fn tags<'a>(raw: impl IntoIterator<Item = (&'a String, &'a String)>) -> Tags {
    raw.into_iter().map(|(key, value)| (clean_line(key), clean(value))).collect()
}

pub(super) fn commit(repo: &RepoSlug, sha: &CommitSha, commit: &github::Commit) -> Commit {
    Commit {
        sha: sha.clone(),
        title: title(commit),
        author: Some(clean_line(&commit.author)),
        at: Some(commit.at),
        web_url: commit_page(repo, sha),
    }
}

/// The first line of a commit message.
pub(super) fn title(commit: &github::Commit) -> String {
    clean_line(commit.message.lines().next().unwrap_or_default())
}

/// A tag, peeled.
pub(super) fn tag_state(name: &TagName, commit: &CommitSha, object: Option<(&str, &TagObject)>) -> TagState {
    TagState {
        name: name.clone(),
        commit: commit.to_string(),
        object: object.map(|(id, _)| id.to_owned()),
        message: object.map(|(_, object)| clean(&object.message)),
        message_digest: object.map(|(_, object)| sha256(object.message.as_bytes())),
    }
}

/// A release. Its body stays raw: it contains the operation's marker.
pub(super) fn release_state(repo: &Repo, release: &Release) -> ReleaseState {
    ReleaseState {
        id: release.id,
        tag: release.tag.to_string(),
        draft: release.draft,
        body: release.body.clone(),
        author: Some(clean_line(&release.author)),
        author_id: None,
        assets: release.assets.iter().map(asset).collect(),
        upload_url: None,
        web_url: tag_page(&repo.slug, &release.tag),
        published_at: release.published_at,
    }
}

pub(super) fn asset(asset: &Asset) -> ReleaseAsset {
    ReleaseAsset {
        id: asset.id,
        name: clean_line(&asset.name),
        size: asset.content.0.len() as u64,
        digest: Some(sha256(&asset.content.0)),
        complete: asset.complete,
        uploader: asset.uploader.as_deref().map(clean_line),
        uploader_id: None,
        created_at: asset.created_at,
    }
}

pub(super) fn comment(repo: &RepoSlug, comment: &Comment) -> CommitComment {
    CommitComment {
        id: comment.id,
        login: clean_line(&comment.login),
        author_id: comment.author_id,
        body: clean(&comment.body),
        created_at: comment.created_at,
        updated_at: comment.updated_at,
        web_url: format!("{}#commitcomment-{}", commit_page(repo, &comment.commit), comment.id),
    }
}

/// The state of a workflow run at `now`.
pub(super) fn cd_run(repo: &Repo, run: &github::Run, now: Timestamp) -> CdRun {
    CdRun {
        id: run.id,
        number: run.number,
        attempt: run.attempt,
        path: run.path(),
        state: repo.progress(run, now).0,
        created_at: Some(run.created_at),
        restarted_at: run.restarted_at,
        event: run.trigger.event().map(str::to_owned),
        actor: None,
        web_url: format!("{}/actions/runs/{}", repo_page(&repo.slug), run.id),
    }
}

pub(super) fn cd_job(job: CdJob) -> CdJob {
    let current_step = job.current_step.as_deref().map(clean_line);
    CdJob { name: clean_line(&job.name), current_step, ..job }
}

/// An environment that a run waits for, as `me` sees it.
pub(super) fn pending(there: github::Protected, me: &str) -> PendingDeployment {
    PendingDeployment {
        may_approve: there.reviewers.iter().any(|reviewer| reviewer.eq_ignore_ascii_case(me)),
        environment: Environment { id: there.id, name: clean_line(&there.name) },
        reviewers: there.reviewers.iter().map(|login| clean_line(login)).collect(),
        wait_minutes: 0,
    }
}

/// A workflow run that trained a model.
pub(super) fn training_run(repo: &RepoSlug, run: &TrainingWorkflowRun) -> CdRun {
    CdRun {
        id: run.id,
        number: run.number,
        attempt: 1,
        path: ".github/workflows/train.yml".to_owned(),
        state: CdState::Success,
        created_at: Some(run.created_at),
        restarted_at: None,
        event: None,
        actor: run.actor.as_deref().map(clean_line),
        web_url: format!("{}/actions/runs/{}", repo_page(repo), run.id),
    }
}

pub(super) fn commit_page(repo: &RepoSlug, sha: &CommitSha) -> String {
    format!("{}/commit/{sha}", repo_page(repo))
}

/// URL of the repository, on a host that does not exist.
pub(super) fn repo_page(repo: &RepoSlug) -> String {
    format!("https://{HOST}/{repo}")
}

/// URL of a tag's release.
pub(super) fn tag_page(repo: &RepoSlug, tag: &TagName) -> String {
    format!("{}/releases/tag/{tag}", repo_page(repo))
}
