//! Reads everything that [`verification`] checks about one release. Read-only tokens are enough.

use std::time::Duration;

use futures_util::future::{join, join_all, join3};

use crate::domain::evidence::Source;
use crate::domain::facts::Standing;
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::identity::{Home, Identity};
use crate::domain::ids::{ModelName, RepoSlug, TagName};
use crate::domain::limits;
use crate::domain::origin::repository_at;
use crate::domain::policy::Effective;
use crate::domain::provenance::Provenance;
use crate::domain::record::chain::ChainLine;
use crate::domain::record::seal::sha256;
use crate::domain::record::vouch;
use crate::domain::record::{ASSET, ChangeFacts, Record, Sealed};
use crate::domain::registry::ModelVersion;
use crate::domain::release::{OPERATION_TRAILER, notes_marker, trailer};
use crate::domain::verification::{self, Place, Proof, Reread, Signature, Verification, as_signed};
use crate::services::Services;
use crate::services::approvals::{may_sign, writers};
use crate::services::audit::chain;
use crate::services::evidence::{self, Said};
use crate::services::renamed::renamed;

/// Pause between two polls for a pending release.
const POLL: Duration = Duration::from_secs(5);

/// Verifies the release of `tag`. With `wait`, first waits that long for release and record to appear: CD that starts
/// on the tag runs before the release is published.
///
/// # Errors
/// Only if no repository is configured; everything else is a line.
pub async fn verify(services: &Services, tag: &TagName, wait: Option<Duration>) -> Outcome<Verification> {
    let place = place(services, tag).await?;
    let until = wait.and_then(|wait| services.clock.now().checked_add(wait).ok());
    let mut proof = read(services, place.clone()).await;
    while verification::incomplete(&proof) && until.is_some_and(|until| services.clock.now() < until) {
        services.clock.sleep(POLL).await;
        proof = read(services, place.clone()).await;
    }
    let record = verification::record_of(&proof);
    let named = match &record {
        Some(sealed) => Some(named(services, &proof.place, sealed).await),
        None => None,
    };
    Ok(Verification { lines: verification::judge(&proof, named.as_ref()), place, record })
}

/// The repository to look in: the target's, or the only one of its models' repositories that has the tag. If only runs
/// name repositories, this machine's records may know it; that proves nothing, and no check relies on it.
pub(super) async fn place(services: &Services, tag: &TagName) -> Outcome<Place> {
    let mut repos: Vec<RepoSlug> = services.rules.repository.configured().into_iter().cloned().collect();
    if repos.is_empty() {
        let lines = services.records.read().await.unwrap_or_default();
        repos = lines.iter().filter_map(|line| signed_here(line, tag)).collect();
        repos.dedup();
    }
    if repos.len() > 1 {
        let found = join_all(repos.iter().map(|repo| services.host.tag(repo, tag))).await;
        let has = |(repo, found): (&RepoSlug, &Outcome<_>)| matches!(found, Ok(Some(_))).then(|| repo.clone());
        let with_tag: Vec<RepoSlug> = repos.iter().zip(&found).filter_map(has).collect();
        if !with_tag.is_empty() {
            repos = with_tag;
        }
    }
    let why = match repos.len() {
        1 => None,
        0 => Some("no repository is configured".to_owned()),
        _ => Some(format!("it may be in {}", repos.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))),
    };
    match (why, repos.into_iter().next()) {
        (None, Some(repo)) => Ok(place_in(services, repo, tag).await),
        (why, _) => {
            let why = why.unwrap_or_default();
            Err(Failure::new(FailureKind::Config, Service::Config, format!("find the tag {tag}"), why)
                .with_hint("Pass --repo OWNER/NAME."))
        }
    }
}

/// The release of `tag` in `repo`.
pub(super) async fn place_in(services: &Services, repo: RepoSlug, tag: &TagName) -> Place {
    Place { repo, tag: tag.clone(), host: services.host.host(), home: home(services).await, demo: services.rules.demo }
}

/// Where the versions are. If the registry does not say whether it has workspaces, the checks on the version say that it
/// could not be read.
async fn home(services: &Services) -> Home {
    services.home().await.unwrap_or_else(|_| Home { registry: services.registry.url(), workspace: None })
}

fn signed_here(line: &ChainLine, tag: &TagName) -> Option<RepoSlug> {
    let ChainLine::Record(sealed) = line else { return None };
    sealed.record.change.as_ref().filter(|c| c.tag == *tag).map(|c| c.repository.clone())
}

pub(super) async fn read(services: &Services, place: Place) -> Proof {
    let (host, repo, tag) = (&services.host, &place.repo, &place.tag);
    let found = host.tag(repo, tag).await;
    let message = found.as_ref().ok().and_then(Option::as_ref).and_then(|t| t.message.as_deref());
    // Without an operation no draft is ours; an empty marker would match every draft.
    let operation = message.and_then(|m| trailer(m, OPERATION_TRAILER)).unwrap_or("none");
    let releases = host.releases(repo, tag, &notes_marker(operation)).await;
    let published = releases.as_ref().ok().and_then(|all| all.iter().find(|r| !r.draft));
    let file = published.and_then(|r| r.assets.iter().find(|a| a.complete && a.name == ASSET));
    let asset = match (file, &releases) {
        (Some(file), _) => services.code.asset(repo, file.id, limits::RECORD).await.map(Some),
        // Whether there is one is unknown.
        (None, Err(failure)) => Err(failure.clone()),
        (None, Ok(_)) => Ok(None),
    };
    Proof { tag: found, releases, asset, place }
}

async fn named(services: &Services, place: &Place, sealed: &Sealed) -> Reread {
    let record = &sealed.record;
    let here = Identity::from(&record.model);
    let (version, baseline, comments) = join3(
        version(services, record, &here),
        async {
            match record.baseline_identity() {
                Some(baseline) => {
                    let there = services.registry.other().filter(|_| baseline.registry != here.registry);
                    let at = there.map(|other| Services { registry: other.registry.clone(), ..services.clone() });
                    let read = version(at.as_ref().unwrap_or(services), record, &baseline).await;
                    Some(read.map(|(standing, _)| standing))
                }
                None => None,
            }
        },
        async {
            match record.change.as_ref().filter(|_| !record.approvals.is_empty()) {
                Some(change) => services.code.comments(&place.repo, &change.commit).await,
                None => Ok(Vec::new()),
            }
        },
    )
    .await;
    let (version, renamed) = match version {
        Ok((version, renamed)) => (Ok(version), renamed),
        Err(failure) => (Err(failure), None),
    };
    let files_of = version.as_ref().ok().map(|standing| {
        let model = renamed.clone().unwrap_or_else(|| standing.version.model.clone());
        ModelVersion { model, ..standing.version.clone() }
    });
    let rules = &services.rules;
    let said = version.as_ref().map(Provenance::from).unwrap_or_default();
    let repository = repository_at(rules, Some(&record.model.name), said, &services.host.host());
    let policy = match (&version, &record.change) {
        (Ok(version), Some(change)) => {
            let baseline = baseline.as_ref().and_then(|b| b.as_ref().ok());
            let facts = as_signed(sealed, version, baseline);
            let source = source(services, place, change).await;
            Some(evidence::released(services, facts, source, None).await)
        }
        _ => None,
    };
    let demands = policy.as_ref().map(|e| Effective::of(&e.sources));
    let ((may_sign, writers), (mlmodel, signature)) = join(
        async {
            let (Some(demands), Ok(Standing { version, .. })) = (&demands, &version) else { return Default::default() };
            let found = comments.as_ref().map(|all| vouch::vouched(all, &place.home, version)).unwrap_or_default();
            let may_sign = async {
                if demands.approvers.is_empty() { Vec::new() } else { approvers(services, demands, record).await }
            };
            join(may_sign, writers(services, demands, &place.repo, &found)).await
        },
        join(mlmodel(services, sealed, files_of.as_ref()), signature(services, sealed)),
    )
    .await;
    Reread {
        version,
        renamed,
        baseline,
        mlmodel,
        comments,
        policy,
        writers,
        may_sign,
        repository,
        branch_may_stand_in: rules.commit_from_branch.is_some(),
        signature,
        chain: local_records(services).await,
    }
}

/// What is wrong with the records of this machine; `None` if it has none, as in CD.
async fn local_records(services: &Services) -> Option<Outcome<Vec<String>>> {
    match chain::check(services).await {
        Ok(checked) if checked == chain::Checked::default() => None,
        Ok(checked) => Some(Ok(checked.breaks)),
        Err(failure) => Some(Err(failure)),
    }
}

/// A version as it stands, under the name that was signed, and what its model is called now if it was renamed. A record
/// that was made without the models' own metrics is compared without them: what was
/// not read then is no difference now.
async fn version(services: &Services, record: &Record, then: &Identity) -> Outcome<(Standing, Option<ModelName>)> {
    let (mut version, mut now) = (services.registry.version(&then.name, then.number).await, None);
    if let Err(failure) = &version
        && failure.kind == FailureKind::NotFound
        && let Some(found) = renamed(services, then).await?
    {
        now = Some(found.model.clone());
        version = Ok(ModelVersion { model: then.name.clone(), ..found });
    }
    let version = version?;
    let registry = services.registry.as_ref();
    let said = match record.metrics_from {
        Some(_) => Said::read(registry, [&version]).await,
        None => Said::read_runs(registry, [&version]).await,
    };
    if let Some(failure) = said.failures().find(|failure| failure.kind != FailureKind::NotFound) {
        return Err(failure.clone());
    }
    Ok((said.standing(version), now))
}

/// The released code: the signed commit, as the host has it.
async fn source(services: &Services, place: &Place, change: &ChangeFacts) -> Outcome<Source> {
    let commit = services.host.commit(&place.repo, change.commit.as_str()).await?;
    Ok(Source { repo: place.repo.clone(), commit, origin: change.commit_origin.clone() })
}

async fn approvers(
    services: &Services,
    demands: &Effective,
    record: &Record,
) -> Vec<(String, Outcome<Result<(), String>>)> {
    let logins = record.approvers().into_iter().map(str::to_owned);
    join_all(logins.map(|login| async move {
        let may = may_sign(services, demands, &login).await;
        (login, may)
    }))
    .await
}

/// The digest of the `MLmodel` file, read as for an approval; none if the record has none to compare with.
async fn mlmodel(services: &Services, sealed: &Sealed, version: Option<&ModelVersion>) -> Option<Outcome<String>> {
    sealed.record.artifact.mlmodel.as_ref()?;
    Some(services.tracking.mlmodel(version?).await.map(|file| sha256(&file.bytes)))
}

async fn signature(services: &Services, sealed: &Sealed) -> Signature {
    let signer = &services.signer;
    match (&sealed.signature, signer.asks_for_signatures()) {
        (None, false) => Signature::NotAsked,
        (None, true) => Signature::Missing,
        (Some(_), false) => Signature::Unchecked,
        (Some(signature), true) => {
            match signer.verify(&sealed.record.signer.login, &sealed.signed_bytes(), signature).await {
                Ok(checked) => Signature::Checked(checked),
                Err(failure) => Signature::Unread(failure),
            }
        }
    }
}
