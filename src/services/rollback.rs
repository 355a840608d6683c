//! Finds versions to roll back to: those that were in production before, according to journals, records, tags and
//! releases.
//!
//! No registry keeps a history of its stages or aliases, so it is assembled from what signoff leaves in four places.
//! Any of them may be missing or unreachable; what cannot be read is reported and does not hide the others.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::future::join3;

use crate::domain::decision::{Candidate, Found};
use crate::domain::failure::{Failure, FailureKind, Note, Outcome, Service};
use crate::domain::ids::{ModelName, RepoSlug, TagName, VersionNumber};
use crate::domain::limits;
use crate::domain::page::walk;
use crate::domain::promotion::fold;
use crate::domain::promotion::plan::MARK;
use crate::domain::record::chain::ChainLine;
use crate::domain::record::{ASSET, DecisionMark, Record, Sealed};
use crate::domain::registry::{ModelVersion, VersionStatus};
use crate::domain::release::{
    self, MODEL_TRAILER, OPERATION_TRAILER, RECORD_TRAILER, VERSION_TRAILER, notes_marker, trailer,
};
use crate::domain::text::clean;
use crate::services::Services;
use crate::services::evidence::Said;

/// Most pages of versions that are read.
const PAGES: usize = 10;
/// Most versions whose tag is looked up in the repository, newest first.
const TAGS: usize = 20;
/// Most releases whose record is read, newest first: each also says what was in production before it.
const RECORDS: usize = 5;
/// Concurrent requests to the release host.
const AT_A_TIME: usize = 6;

/// The versions of `model` that were in production before, and what could not be read.
///
/// # Errors
/// If the registry does not list the versions.
pub async fn found(services: &Services, model: &ModelName) -> Outcome<Found> {
    let (versions, stored, chain) =
        join3(versions(services, model), services.journals.list(), services.records.read()).await;
    let versions = versions?;
    let mut search = Search { services, model, by_version: BTreeMap::new(), notes: Vec::new() };
    match stored {
        Ok(stored) => stored.into_iter().for_each(|p| search.promotion(p.entries)),
        Err(failure) => search.notes.push(failure.into()),
    }
    match chain {
        Ok(lines) => lines.iter().for_each(|line| search.line(line)),
        Err(failure) => search.notes.push(failure.into()),
    }
    versions.iter().for_each(|v| search.tags_of(v));
    search.releases(&versions).await;
    Ok(search.end(&versions))
}

/// The candidate with this number.
///
/// # Errors
/// [`FailureKind::Rejected`] if no source says it was ever in production (lists those that were), or if it is in
/// production now.
pub async fn choose(services: &Services, model: &ModelName, number: VersionNumber) -> Outcome<Candidate> {
    let version = services.registry.version(model, number).await?;
    let operation = format!("roll {model} back to {number}");
    let refuse = |why: String| Failure::new(FailureKind::Rejected, Service::Local, &operation, why);
    let place = &services.rules.promote_to;
    let now = services.registry.holders(model, place).await?;
    if now.len() == 1 && place.is_held_by(&version) {
        return Err(refuse(format!("{number} is in {place} now")));
    }
    let Found { candidates, notes } = found(services, model).await?;
    if let Some(candidate) = candidates.iter().find(|c| c.version == number) {
        return Ok(candidate.clone());
    }
    let were = candidates.iter().map(|c| c.version.to_string()).collect::<Vec<_>>().join(", ");
    let hint = if were.is_empty() {
        format!(
            "No earlier version of {model} is known to have been there. `signoff approve` puts a version there for the first time."
        )
    } else {
        format!("Versions that were: {were}. `signoff approve` puts a version there for the first time.")
    };
    let none = format!("there is no evidence that {number} was ever in {place}");
    let reasons: Vec<String> =
        notes.iter().map(|note| note.failure().map_or(note.to_string(), Failure::to_string)).collect();
    let reason = if reasons.is_empty() { none } else { format!("{none} ({})", reasons.join("; ")) };
    // The evidence may be where it could not be looked for.
    Err(match notes.iter().find_map(Note::failure) {
        Some(unread) => Failure { operation, reason, hint: unread.hint.clone().or(Some(hint)), ..unread.clone() },
        None => refuse(reason).with_hint(hint),
    })
}

async fn versions(services: &Services, model: &ModelName) -> Outcome<Vec<ModelVersion>> {
    let (mut pages, mut all) = (0, Vec::new());
    let read = |page: Option<String>| async move { services.registry.versions(model, page.as_deref()).await };
    let each = |items| {
        all.extend(items);
        pages += 1;
        if pages < PAGES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    walk(&format!("list the versions of {model}"), read, each).await?;
    Ok(all)
}

/// A release of a version, from its tag's message.
struct Released {
    version: VersionNumber,
    repo: RepoSlug,
    tag: TagName,
    operation: String,
    hash: Option<String>,
}

struct Search<'a> {
    services: &'a Services,
    model: &'a ModelName,
    by_version: BTreeMap<VersionNumber, Candidate>,
    notes: Vec<Note>,
}

impl Search<'_> {
    /// The candidate for a version, with one more source added.
    fn said(&mut self, version: VersionNumber, source: impl Into<String>) -> &mut Candidate {
        let candidate = self.by_version.entry(version).or_insert_with(|| Candidate::new(version));
        let source = source.into();
        if !candidate.sources.contains(&source) {
            candidate.sources.push(source);
        }
        candidate
    }

    fn promotion(&mut self, entries: Outcome<Vec<crate::domain::promotion::Entry>>) {
        // A damaged journal is reported in the list of promotions; here it is skipped.
        let Ok(state) = entries.map_err(|_| ()).and_then(|e| fold(&e).map_err(|_| ())) else { return };
        let (plan, draft) = (&state.plan, &state.plan.draft);
        if draft.model() != self.model || draft.registry_url != self.services.registry.url() {
            return;
        }
        for left in draft.leaving() {
            self.said(left, format!("in {} before {}, says the journal", draft.promote_to, draft.version()));
        }
        if state.is_released() {
            let candidate = self.said(draft.version(), "journal");
            candidate.put(plan.record.record.decided_at(), &draft.signer.login, &plan.sign_off.reason);
            candidate.tag = Some(draft.tag.clone());
        }
    }

    /// A record alone does not say that its promotion succeeded, but it does say what was in production then.
    fn line(&mut self, line: &ChainLine) {
        let ChainLine::Record(sealed) = line else { return };
        let record = &sealed.record;
        if record.model.name == *self.model && record.model.registry == self.services.registry.url() {
            self.before(record);
        }
    }

    fn before(&mut self, record: &Record) {
        let leaving = record.change.iter().flat_map(|c| c.leaving.iter().copied());
        for version in record.baseline.iter().map(|b| b.version).chain(leaving).collect::<BTreeSet<_>>() {
            self.said(version, format!("in production before the record on {}", record.model.version));
        }
    }

    fn tags_of(&mut self, version: &ModelVersion) {
        let Some(rest) = version.own_tag(MARK).and_then(|m| m.strip_prefix("released ")) else { return };
        let by = rest.split_once(" by ").map(|(_, by)| clean(by));
        let mark = DecisionMark::on(version).filter(|m| m.decision.promotes());
        let tag = version.own_tag("tag").and_then(|t| t.parse().ok());
        let candidate = self.said(version.number, "tags on the version");
        if let Some(mark) = mark {
            candidate.put(mark.at, &mark.by, &mark.reason);
        }
        candidate.by = candidate.by.take().or(by);
        candidate.tag = candidate.tag.take().or(tag);
    }

    /// Looks up the tags of versions in the repository and reads the newest released records.
    async fn releases(&mut self, versions: &[ModelVersion]) {
        let mut newest: Vec<_> = versions.iter().collect();
        newest.sort_by_key(|v| std::cmp::Reverse((v.own_tag("tag").is_some(), v.number)));
        newest.truncate(TAGS);
        let said = self.read_said(&newest).await;
        let asked = newest.into_iter().filter_map(|version| {
            let url = said.as_ref().and_then(|said| said.provenance(version).repo_url());
            let rules = &self.services.rules;
            let repo = rules.repository.resolve(Some(self.model), url, &self.services.host.host()).ok()?;
            let named = version.own_tag("tag").and_then(|t| t.parse::<TagName>().ok());
            let tag = match named {
                Some(tag) => tag,
                None => release::tag_name(&rules.tag_template, self.model, version.number).ok()?,
            };
            Some(self.look(version.number, repo, tag))
        });
        let asked: Vec<_> = asked.collect();
        let looked: Vec<_> = futures_util::stream::iter(asked).buffered(AT_A_TIME).collect().await;
        let (mut there, mut failed) = (Vec::new(), None);
        for look in looked {
            match look {
                Ok(released) => there.extend(released),
                Err(failure) => failed = Some(failure),
            }
        }
        // One sentence for all tags: they fail for the same reason.
        self.notes.extend(failed.map(Note::Unread));
        for Released { version, tag, .. } in &there {
            let candidate = self.said(*version, format!("release {tag}"));
            candidate.tag = candidate.tag.take().or_else(|| Some(tag.clone()));
        }
        there.sort_by_key(|r| std::cmp::Reverse(r.version));
        there.truncate(RECORDS);
        let asked: Vec<_> = there.iter().map(|released| self.record(released)).collect();
        let records: Vec<_> = futures_util::stream::iter(asked).buffered(AT_A_TIME).collect().await;
        for read in records {
            match read {
                Ok(Some(sealed)) => {
                    let record = &sealed.record;
                    let mark = (record.decided_at(), record.signer.login.clone(), record.reason.clone());
                    if let Some(candidate) = self.by_version.get_mut(&record.model.version) {
                        candidate.put(mark.0, &mark.1, &mark.2);
                    }
                    self.before(record);
                }
                Ok(None) => {}
                Err(note) => self.notes.push(note),
            }
        }
    }

    /// What names the repository, if the configuration does not.
    async fn read_said(&mut self, versions: &[&ModelVersion]) -> Option<Said> {
        let rules = &self.services.rules;
        if rules.repository.resolve(Some(self.model), None, &self.services.host.host()).is_ok() {
            return None;
        }
        let said = Said::read(self.services.registry.as_ref(), versions.iter().copied()).await;
        self.notes.extend(said.failures().cloned().map(Into::into));
        Some(said)
    }

    /// The tag, if it exists and says that it is a release of this version of this registry.
    async fn look(&self, version: VersionNumber, repo: RepoSlug, tag: TagName) -> Outcome<Option<Released>> {
        let Some(state) = self.services.host.tag(&repo, &tag).await? else { return Ok(None) };
        let message = state.message.unwrap_or_default();
        let says = |key: &str| trailer(&message, key);
        let ours = says(MODEL_TRAILER) == Some(&self.model.plain())
            && says(VERSION_TRAILER) == Some(&version.0.to_string())
            && says("Signoff-Registry").is_none_or(|r| r == self.services.registry.url());
        let hash = says(RECORD_TRAILER).map(str::to_owned);
        Ok(says(OPERATION_TRAILER).filter(|_| ours).map(|id| Released {
            version,
            repo,
            tag,
            operation: id.to_owned(),
            hash,
        }))
    }

    /// The record attached to a release; none if it has none. Only one named by the tag counts.
    async fn record(&self, released: &Released) -> Result<Option<Box<Sealed>>, Note> {
        let Released { repo, tag, operation, hash, .. } = released;
        let Some(hash) = hash else { return Ok(None) };
        let unread = |failure| Failure { operation: format!("read the record on {tag} in {repo}"), ..failure };
        let releases = self.services.host.releases(repo, tag, &notes_marker(operation)).await.map_err(unread)?;
        let asset =
            releases.iter().filter(|r| !r.draft).flat_map(|r| &r.assets).find(|a| a.complete && a.name == ASSET);
        let Some(asset) = asset else { return Ok(None) };
        let bytes = self.services.code.asset(repo, asset.id, limits::RECORD).await.map_err(unread)?;
        match Sealed::from_bytes(&bytes) {
            Ok(sealed) if sealed.record_hash == *hash => Ok(Some(Box::new(sealed))),
            Ok(_) => Err(format!("the record on {tag} is not the one its tag names").into()),
            Err(why) => Err(format!("the record on {tag} cannot be used: {why}").into()),
        }
    }

    fn end(mut self, versions: &[ModelVersion]) -> Found {
        let place = &self.services.rules.promote_to;
        let mut held: Vec<_> = versions.iter().filter(|v| place.is_held_by(v)).map(|v| v.number).collect();
        // Several in production: rolling back to one of them alone fixes that.
        if held.len() > 1 {
            held.clear();
        }
        let mut candidates = Vec::new();
        for (number, mut candidate) in std::mem::take(&mut self.by_version).into_iter().rev() {
            match versions.iter().find(|v| v.number == number) {
                None => {
                    self.notes
                        .push(format!("{number} was in production, and the registry does not have it any more").into());
                }
                Some(_) if held.contains(&number) => {}
                Some(version) => {
                    candidate.notes = worth_knowing(version);
                    candidates.push(candidate);
                }
            }
        }
        Found { candidates, notes: self.notes }
    }
}

fn worth_knowing(version: &ModelVersion) -> Vec<String> {
    let mut out = Vec::new();
    if version.status != VersionStatus::Ready {
        out.push(format!("it is not ready: {}", version.status));
    }
    if let Some(mark) = DecisionMark::on(version).filter(DecisionMark::sets_aside) {
        out.push(format!("{} by {}: {}", mark.decision.past(), mark.by, mark.reason));
    }
    out
}
