//! One model: what the registry has in production, and what became of the version that was signed last.

use std::collections::BTreeMap;

use futures_util::future::join3;

use super::Asked;
use super::ledger::{Broken, Ledger, SignedOff};
use crate::domain::drift::FilesNow;
use crate::domain::drift::{self, Finding, Kind, Now, ReleaseNow, Told, Value, VersionNow};
use crate::domain::failure::{FailureKind, Outcome};
use crate::domain::identity::{About, Home, Identity};
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::limits;
use crate::domain::promotion::mark::{PromotionMark, promotion_on};
use crate::domain::record::seal::sha256;
use crate::domain::record::{ASSET, DecisionMark};
use crate::domain::registry::{ModelVersion, RegisteredModel, join_aliases};
use crate::domain::release::{RECORD_TRAILER, notes_marker, trailer};
use crate::domain::status::ModelStatus;
use crate::domain::text::clean_line;
use crate::domain::witness::Released;
use crate::services::Services;
use crate::services::evidence::{Said, artifact};
use crate::services::renamed::renamed;

/// Folders that a quick look lists.
const FOLDERS: usize = 2;

/// What the registry says of one model.
#[derive(Debug)]
pub(super) struct Read<'a> {
    pub model: ModelName,
    pub registered: Option<&'a RegisteredModel>,
    /// Versions in production, ascending.
    pub holders: Vec<ModelVersion>,
    pub signed: Option<&'a SignedOff>,
    /// The version under the signed name and number.
    there: Option<ModelVersion>,
    /// The signed version under another name.
    renamed: Option<ModelVersion>,
    /// The version of each alias of the model; `None` if they were not told.
    aliases: Option<BTreeMap<String, VersionNumber>>,
    home: &'a Home,
}

impl Read<'_> {
    pub fn is_renamed(&self) -> bool {
        self.renamed.is_some()
    }

    /// The version that was signed, or else the newest in production.
    pub fn version(&self) -> Option<&ModelVersion> {
        match self.signed {
            Some(_) => self.renamed.as_ref().or(self.there.as_ref()),
            None => self.holders.last(),
        }
    }
}

/// Reads the versions of one model that matter. None if it has nothing in production and was never signed.
pub(super) async fn read<'a>(
    services: &Services,
    home: &'a Home,
    name: &ModelName,
    registered: Option<&'a RegisteredModel>,
    held: bool,
    signed: Option<&'a SignedOff>,
) -> Outcome<Option<Read<'a>>> {
    let mut holders = match held {
        true => services.registry.holders(name, &services.rules.promote_to).await?,
        false => Vec::new(),
    };
    if let Some(model) = registered.filter(|model| model.told) {
        join_aliases(&mut holders, &model.aliases);
    }
    let (mut there, mut now) = (None, None);
    if let Some(signed) = signed {
        let then = Identity::from(&signed.record().model);
        there = match holders.iter().find(|v| v.number == then.number) {
            Some(holder) => Some(holder.clone()),
            None if registered.is_none() => None,
            None => match services.registry.version(name, then.number).await {
                Ok(version) => Some(version),
                Err(failure) if failure.kind == FailureKind::NotFound => None,
                Err(failure) => return Err(failure),
            },
        };
        let same = there.as_ref().is_some_and(|v| then.about(&Identity::of(home, v)).another().is_none());
        if !same {
            now = renamed(services, &then).await?;
        }
    } else if holders.is_empty() {
        return Ok(None);
    }
    let aliases = registered.filter(|model| model.told).map(|model| model.aliases.clone());
    let mut read = Read { model: name.clone(), registered, holders, signed, there, renamed: now, aliases, home };
    // Under its new name it is where its new model has it.
    if let Some(version) = &read.renamed {
        let name = version.model.clone();
        read.holders = services.registry.holders(&name, &services.rules.promote_to).await?;
        read.aliases = Some(services.registry.model(&name).await?.aliases);
    }
    Ok(Some(read))
}

/// Compares, and asks the witnesses.
pub(super) async fn judge(
    services: &Services,
    read: Read<'_>,
    said: &Said,
    ledger: &Ledger,
    asked: &Asked,
) -> ModelStatus {
    match read.signed {
        Some(signed) => of_signed(services, &read, signed, said, ledger, asked).await,
        None => of_unsigned(services, &read, ledger).await,
    }
}

fn numbers(versions: &[ModelVersion]) -> Vec<VersionNumber> {
    versions.iter().map(|v| v.number).collect()
}

async fn of_signed(
    services: &Services,
    read: &Read<'_>,
    signed: &SignedOff,
    said: &Said,
    ledger: &Ledger,
    asked: &Asked,
) -> ModelStatus {
    let record = signed.record();
    let then = Identity::from(&record.model);
    let standing = |version: &Option<ModelVersion>| version.clone().map(|version| said.standing(version));
    let version = VersionNow::of(&then, read.home, standing(&read.there), read.registered, standing(&read.renamed));
    let gone = version.standing().is_none();
    let released = released(signed);
    let (files, release, running) = join3(
        async {
            match version.version() {
                Some(version) if has_files(signed) => files(services, version, asked.deep).await,
                Some(_) | None => FilesNow::default(),
            }
        },
        release(services, signed, ledger, asked),
        async {
            match &released {
                Some(released) if asked.witnesses => services.witnesses.ask(released).await,
                Some(_) | None => Vec::new(),
            }
        },
    )
    .await;
    let under_way = read.holders.iter().filter(|v| v.number != then.number || gone).find(|v| promotion_on(v).is_some());
    let now = Now {
        version,
        holders: numbers(&read.holders),
        under_way: under_way.map(|v| v.number),
        aliases: read.aliases.clone(),
        files,
        release,
    };
    let mut told = match (signed.here, foreign(signed, &now.release)) {
        (false, Some(finding)) => Told { findings: vec![finding], unknown: Vec::new() },
        (true | false, _) => drift::compare(&signed.sealed, &now, &services.rules.drift),
    };
    let invalid = match &told.findings[..] {
        [finding] if finding.kind == Kind::ReleaseAsset && !signed.here => Some(finding.reason.clone()),
        _ => signature(services, signed).await,
    };
    let others = read.holders.iter().filter(|v| v.number != then.number && promotion_on(v).is_none());
    let unsigned = others.filter(|v| DecisionMark::on(v).is_none()).map(|v| v.number).collect();
    if let Some(failure) = now.release.unread.as_ref().filter(|_| !signed.here) {
        told.unknown.push(format!("whether the record is the one of the tag: {failure}"));
    }
    told.unknown.dedup();
    ModelStatus {
        model: read.model.clone(),
        version: record.model.version,
        record_id: Some(record.record_id),
        record_hash: Some(signed.sealed.record_hash.clone()),
        tag: record.change.as_ref().map(|change| change.tag.to_string()),
        drift: told.findings,
        running,
        unknown: told.unknown,
        holders: now.holders,
        unsigned,
        invalid,
    }
}

/// A record that came from the release only has to be the one that the tag's message names.
fn foreign(signed: &SignedOff, release: &ReleaseNow) -> Option<Finding> {
    let message = release.tag.as_ref()?.as_ref()?.message.as_ref()?;
    let (named, found) = (trailer(message, RECORD_TRAILER)?, &signed.sealed.record_hash);
    (named != found).then(|| {
        let (old, new) = (Value::text(clean_line(named)), Value::text(found.as_str()));
        let reason = format!("{ASSET} of the release is not the record that the tag's message names");
        Finding::of(Kind::ReleaseAsset, ASSET, Some(old), Some(new)).because(reason)
    })
}

/// Why the record's signature does not count, where signatures are asked for.
async fn signature(services: &Services, signed: &SignedOff) -> Option<String> {
    if !services.signer.asks_for_signatures() {
        return None;
    }
    let sealed = &signed.sealed;
    let Some(signature) = &sealed.signature else { return Some("the record is not signed with a key".to_owned()) };
    match services.signer.verify(&sealed.record.signer.login, &sealed.signed_bytes(), signature).await {
        Ok(Ok(())) => None,
        Ok(Err(why)) => Some(format!("the signature of the record does not hold: {why}")),
        Err(failure) => Some(format!("the signature of the record cannot be checked: {failure}")),
    }
}

/// Nothing in production was signed, as far as is known.
async fn of_unsigned(services: &Services, read: &Read<'_>, ledger: &Ledger) -> ModelStatus {
    let place = &services.rules.promote_to;
    let (mut drift, mut unknown, mut unsigned, mut invalid) = (Vec::new(), Vec::new(), Vec::new(), None);
    for holder in &read.holders {
        let number = holder.number;
        let mark = PromotionMark::on(holder).filter(|(_, about)| !matches!(about, About::Another(_)));
        let broken = mark.as_ref().and_then(|(mark, _)| ledger.broken.get(mark.id));
        if let Some(by) = promotion_on(holder).map(|(_, by)| clean_line(by)) {
            unknown.push(format!("{by} is promoting {number} at this moment, or left that unfinished"));
        } else if let Some(broken) = broken {
            match without_record(services, broken).await {
                Ok(finding) => {
                    invalid = Some(finding.reason.clone());
                    drift.push(finding);
                }
                Err(doubt) => unknown.push(format!("whether {number} is as it was signed: {doubt}")),
            }
        } else if mark.is_some() && ledger.incomplete {
            unknown.push(format!("tags on {number} say that it was signed off, and its record was not found here"));
        } else if ledger.unread {
            unknown.push(format!("whether {number} was signed off: not every release could be read"));
        } else {
            unsigned.push(number);
            drift.push(Finding::record_missing(number, place));
        }
    }
    let holders = numbers(&read.holders);
    ModelStatus {
        model: read.model.clone(),
        version: holders.last().copied().unwrap_or(VersionNumber(0)),
        record_id: None,
        record_hash: None,
        tag: None,
        drift,
        running: Vec::new(),
        unknown,
        holders,
        unsigned,
        invalid,
    }
}

/// What it means that the record of a sign-off cannot be used; a phrase if that cannot be told. Earlier versions left
/// no record on their releases, and their tags name none.
async fn without_record(services: &Services, broken: &Broken) -> Result<Finding, String> {
    let why = &broken.why;
    let Some((repo, tag)) = &broken.release else {
        return Ok(Finding::of(Kind::RecordMissing, ASSET, None, None).because(why.clone()));
    };
    let name = tag.parse().map_err(|_| why.clone())?;
    let read = services.host.tag(repo, &name).await.map_err(|failure| format!("{why}; {failure}"))?;
    let message = read.and_then(|tag| tag.message).unwrap_or_default();
    let Some(hash) = trailer(&message, RECORD_TRAILER) else {
        return Err(format!("{} was released by an earlier version of signoff, which left no record", clean_line(tag)));
    };
    Ok(Finding::of(Kind::ReleaseAsset, ASSET, Some(Value::text(clean_line(hash))), None).because(why.clone()))
}

fn has_files(signed: &SignedOff) -> bool {
    let artifact = &signed.record().artifact;
    !artifact.tree.is_empty() || artifact.listing.is_some() || artifact.mlmodel.is_some()
}

/// The files of a version: as many folders as a quick look has requests for, or all, with digests.
async fn files(services: &Services, version: &ModelVersion, deep: bool) -> FilesNow {
    let requests = if deep { artifact::MAX_REQUESTS } else { FOLDERS };
    let listing = match artifact::listing(services, version, requests).await {
        Ok(Ok(listing)) => listing,
        // Why it was not listed stands in the record too.
        Ok(Err(_)) => return FilesNow::default(),
        Err(failure) => return FilesNow { unread: Some(failure), ..FilesNow::default() },
    };
    let (digests, unread) = match deep {
        true => artifact::digests(services, &listing, None).await,
        false => Default::default(),
    };
    FilesNow { complete: listing.stopped.is_none(), folders: listing.folders, digests, unread }
}

/// The release as it is now.
async fn release(services: &Services, signed: &SignedOff, ledger: &Ledger, asked: &Asked) -> ReleaseNow {
    let mut now = ReleaseNow::default();
    let Some(change) = &signed.record().change else { return now };
    if !change.host.eq_ignore_ascii_case(&services.host.host()) {
        return now;
    }
    let repo = &change.repository;
    // Without a repository that could be listed, one request a model would fail again.
    let reachable = ledger.whole.contains(repo) || signed.release.is_some();
    if !reachable && ledger.unread {
        return now;
    }
    if asked.git_tags || !signed.here {
        match services.host.tag(repo, &change.tag).await {
            Ok(tag) => now.tag = Some(tag),
            Err(failure) => now.unread = Some(failure),
        }
    }
    now.release = match &signed.release {
        Some(release) => Some(Some(release.clone())),
        None => {
            // A list may lag behind, and holds no drafts.
            let marker = notes_marker(&signed.record().record_id.to_string());
            match services.host.releases(repo, &change.tag, &marker).await {
                Ok(found) => {
                    let published = found.iter().find(|r| !r.draft).or(found.first());
                    Some(published.cloned())
                }
                Err(failure) => {
                    now.unread = Some(failure);
                    None
                }
            }
        }
    };
    let asset = now.release.iter().flatten().flat_map(|r| &r.assets).find(|a| a.complete && a.name == ASSET);
    if let Some(asset) = asset.filter(|asset| asset.digest.is_none()) {
        match services.code.asset(repo, asset.id, limits::RECORD).await {
            Ok(bytes) => now.record = Some(Some(sha256(&bytes))),
            Err(failure) if failure.kind == FailureKind::NotFound => now.record = Some(None),
            Err(failure) => now.unread = Some(failure),
        }
    }
    now
}

/// What witnesses are asked about.
fn released(signed: &SignedOff) -> Option<Released> {
    let record = signed.record();
    let change = record.change.as_ref()?;
    Some(Released {
        model: record.model.name.clone(),
        version: record.model.version,
        before: record.baseline.as_ref().map(|baseline| baseline.version),
        repository: change.repository.clone(),
        tag: change.tag.clone(),
        commit: change.commit.clone(),
        at: signed.release.as_ref().and_then(|r| r.published_at).unwrap_or_else(|| record.decided_at()),
    })
}
