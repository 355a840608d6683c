//! Finds versions to roll back to: those that were in production before, according to journals, records, tags and
//! releases.
//!
//! No registry keeps a history of its stages or aliases, so it is assembled from what signoff leaves in four places.
//! Any of them may be missing or unreachable; what cannot be read is reported and does not hide the others. Evidence
//! counts only if it is certainly about the version that the registry has under that name and number now.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::future::join3;

use crate::domain::decision::{Candidate, Found};
use crate::domain::failure::{Failure, FailureKind, Note, Outcome, Service};
use crate::domain::identity::{About, Home, Identity};
use crate::domain::ids::{ModelName, RepoSlug, TagName, VersionNumber};
use crate::domain::limits;
use crate::domain::origin::repository_at;
use crate::domain::page::walk;
use crate::domain::promotion::fold;
use crate::domain::promotion::mark::PromotionMark;
use crate::domain::provenance::Provenance;
use crate::domain::record::chain::ChainLine;
use crate::domain::record::{ASSET, DecisionMark, Record, Sealed};
use crate::domain::registry::{ModelVersion, VersionStatus};
use crate::domain::release::{self, OPERATION_TRAILER, RECORD_TRAILER, notes_marker, trailer};
use crate::domain::text::clean;
use crate::services::Services;
use crate::services::evidence::Said;
use crate::services::notes::unread;

/// Most pages of versions that are read.
const PAGES: usize = 10;
/// Most versions whose tag is looked up in the repository, newest first.
const TAGS: usize = 20;
/// Releases whose record is read, newest first: each also says what was in production before it. Those whose tag does
/// not say which version it released are read besides.
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
    let (versions, home) = (versions?, services.home().await?);
    let now = versions.iter().map(|v| (v.number, Identity::of(&home, v))).collect();
    let (by_version, doubts, notes) = (BTreeMap::new(), BTreeMap::new(), Vec::new());
    let mut search = Search { services, model, home, now, by_version, doubts, notes };
    match stored {
        Ok(stored) => stored.into_iter().for_each(|p| search.promotion(p.entries)),
        Err(failure) => search.notes.push(unread(failure)),
    }
    match chain {
        Ok(lines) => lines.iter().for_each(|line| search.line(line)),
        Err(failure) => search.notes.push(unread(failure)),
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
    let Found { candidates, doubts, notes } = found(services, model).await?;
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
    let none = match doubts.get(&number) {
        Some(doubt) => format!("there is no evidence that this very {number} was ever in {place}: {doubt}"),
        None => format!("there is no evidence that {number} was ever in {place}"),
    };
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
    /// Whether it released the version that the registry has now.
    about: About,
    repo: RepoSlug,
    tag: TagName,
    operation: String,
    hash: Option<String>,
}

struct Search<'a> {
    services: &'a Services,
    model: &'a ModelName,
    home: Home,
    /// What the registry has now.
    now: BTreeMap<VersionNumber, Identity>,
    by_version: BTreeMap<VersionNumber, Candidate>,
    /// Why evidence about a version of that number does not count, the first of each number.
    doubts: BTreeMap<VersionNumber, String>,
    notes: Vec<Note>,
}

impl Search<'_> {
    /// Adds a source that says that `said` was in production. Returns the candidate if it is certainly the version that
    /// the registry has now. What is about another model is not heard.
    fn said(&mut self, said: &Identity, source: impl Into<String>) -> Option<&mut Candidate> {
        let said = self.by_present_name(said.clone());
        if said.name.plain() != self.model.plain() {
            return None;
        }
        let about = self.now.get(&said.number).map(|now| said.about(now));
        self.told(said.number, about, source.into())
    }

    /// A version of this model under an earlier name, under the present one; anything else as it is.
    fn by_present_name(&self, said: Identity) -> Identity {
        match self.now.get(&said.number) {
            Some(now) if said.is_renamed(now) => Identity { name: now.name.clone(), ..said },
            Some(_) | None => said,
        }
    }

    /// As [`Self::said`], if it is known already whether it is that version; `None` if the registry has none.
    fn told(&mut self, number: VersionNumber, about: Option<About>, source: String) -> Option<&mut Candidate> {
        let doubt = match about {
            Some(About::Same) => {
                let candidate = self.by_version.entry(number).or_insert_with(|| Candidate::new(number));
                if !candidate.sources.contains(&source) {
                    candidate.sources.push(source);
                }
                return Some(candidate);
            }
            Some(About::Another(what)) => format!("another {number} of that name was in production ({source}): {what}"),
            Some(About::CannotTell(why)) => {
                format!("whether this {number} was in production cannot be told ({source}): {why}")
            }
            None => format!("{number} was in production, and the registry does not have it any more"),
        };
        self.doubts.entry(number).or_insert(doubt);
        None
    }

    fn promotion(&mut self, entries: Outcome<Vec<crate::domain::promotion::Entry>>) {
        // A damaged journal is reported in the list of promotions; here it is skipped.
        let Ok(state) = entries.map_err(|_| ()).and_then(|e| fold(&e).map_err(|_| ())) else { return };
        let (plan, draft) = (&state.plan, &state.plan.draft);
        if self.is_elsewhere(&draft.home()) {
            return;
        }
        let identity = self.by_present_name(draft.identity());
        for left in draft.leaving() {
            let baseline = draft.facts.baseline.as_ref().filter(|b| b.version.number == left);
            let left = baseline.map_or_else(|| identity.sibling(left), |b| Identity::of(&draft.home(), &b.version));
            let source = format!("in {} before {}, says the journal", draft.promote_to, draft.version());
            if let Some(candidate) = self.said(&left, source) {
                candidate.seen(plan.record.record.decided_at());
            }
        }
        if state.is_released()
            && let Some(candidate) = self.said(&identity, "journal")
        {
            candidate.put(plan.record.record.decided_at(), &draft.signer.login, &plan.sign_off.reason);
            candidate.tag = Some(draft.tag.clone());
        }
    }

    /// Whether something is about another registry or workspace. One that names no workspace may be about this one.
    fn is_elsewhere(&self, there: &Home) -> bool {
        let workspaces = there.workspace.as_ref().zip(self.home.workspace.as_ref());
        there.registry != self.home.registry || workspaces.is_some_and(|(there, here)| there != here)
    }

    /// A record alone does not say that its promotion succeeded, but it does say what was in production then.
    fn line(&mut self, line: &ChainLine) {
        let ChainLine::Record(sealed) = line else { return };
        let record = &sealed.record;
        let home = Home { registry: record.model.registry.clone(), workspace: record.model.workspace.clone() };
        if !self.is_elsewhere(&home) {
            self.before(record);
        }
    }

    fn before(&mut self, record: &Record) {
        let source = format!("in production before the record on {}", record.model.version);
        let baseline = record.baseline_identity();
        let at = record.decided_at();
        if let Some(candidate) = baseline.as_ref().and_then(|baseline| self.said(baseline, source.clone())) {
            candidate.seen(at);
        }
        let leaving: BTreeSet<_> = record.change.iter().flat_map(|c| c.leaving.iter().copied()).collect();
        for version in leaving.into_iter().filter(|v| baseline.as_ref().is_none_or(|b| b.number != *v)) {
            let model = self.by_present_name(Identity::from(&record.model));
            if let Some(candidate) = self.said(&model.sibling(version), source.clone()) {
                candidate.seen(at);
            }
        }
    }

    fn tags_of(&mut self, version: &ModelVersion) {
        let Some((mark, about)) = PromotionMark::on(version).filter(|(mark, _)| !mark.live) else { return };
        let by = clean(mark.by);
        let decision = DecisionMark::on(version).filter(|m| m.decision.promotes() && m.about(version).is_same());
        let tag = version.own_tag("tag").and_then(|t| t.parse().ok());
        let Some(candidate) = self.told(version.number, Some(about), "tags on the version".to_owned()) else { return };
        if let Some(mark) = decision {
            candidate.put(mark.at, &mark.by, &mark.reason);
        }
        candidate.by = candidate.by.take().or(Some(by));
        candidate.tag = candidate.tag.take().or(tag);
    }

    /// Looks up the tags of versions in the repository and reads the newest released records.
    async fn releases(&mut self, versions: &[ModelVersion]) {
        let mut newest: Vec<_> = versions.iter().collect();
        newest.sort_by_key(|v| std::cmp::Reverse((v.own_tag("tag").is_some(), v.number)));
        newest.truncate(TAGS);
        let said = self.read_said(&newest).await;
        let asked = newest.into_iter().filter_map(|version| {
            let rules = &self.services.rules;
            let said = said.as_ref().map(|said| said.provenance(version)).unwrap_or_default();
            let repo = repository_at(rules, Some(self.model), said, &self.services.host.host()).ok()?;
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
        self.notes.extend(failed.map(unread));
        for Released { version, tag, about, .. } in &there {
            let source = format!("release {tag}");
            // Undecided ones are settled by their record.
            if !matches!(about, About::CannotTell(_))
                && let Some(candidate) = self.told(*version, Some(about.clone()), source)
            {
                candidate.tag = candidate.tag.take().or_else(|| Some(tag.clone()));
            }
        }
        there.retain(|r| r.about.another().is_none());
        there.sort_by_key(|r| std::cmp::Reverse(r.version));
        let mut kept = 0;
        there.retain(|r| {
            kept += 1;
            kept <= RECORDS || !r.about.is_same()
        });
        let asked: Vec<_> = there.iter().map(|released| self.record(released)).collect();
        let records: Vec<_> = futures_util::stream::iter(asked).buffered(AT_A_TIME).collect().await;
        for (released, read) in there.into_iter().zip(records) {
            let source = format!("release {}", released.tag);
            match read {
                Ok(Some(sealed)) => {
                    let record = &sealed.record;
                    let (by, reason) = (record.signer.login.clone(), record.reason.clone());
                    if let Some(candidate) = self.said(&Identity::from(&record.model), source) {
                        candidate.put(record.decided_at(), &by, &reason);
                        candidate.tag = candidate.tag.take().or(Some(released.tag));
                    }
                    self.before(record);
                }
                Ok(None) => drop(self.told(released.version, Some(released.about), source)),
                Err(why) => {
                    self.told(released.version, Some(released.about), source);
                    self.notes.push(why);
                }
            }
        }
    }

    /// What names the repository, if the configuration does not.
    async fn read_said(&mut self, versions: &[&ModelVersion]) -> Option<Said> {
        let (rules, host) = (&self.services.rules, self.services.host.host());
        if repository_at(rules, Some(self.model), Provenance::default(), &host).is_ok() {
            return None;
        }
        let said = Said::read(self.services.registry.as_ref(), versions.iter().copied()).await;
        self.notes.extend(said.failures().cloned().map(unread));
        Some(said)
    }

    /// The tag, if it exists and says that it is a release of a version of this name and number.
    async fn look(&self, version: VersionNumber, repo: RepoSlug, tag: TagName) -> Outcome<Option<Released>> {
        let Some(state) = self.services.host.tag(&repo, &tag).await? else { return Ok(None) };
        let message = state.message.unwrap_or_default();
        let (said, now) = (Identity::of_message(&message), self.now.get(&version));
        let Some((said, now)) = said.zip(now) else { return Ok(None) };
        let said = self.by_present_name(said);
        let hash = trailer(&message, RECORD_TRAILER).map(str::to_owned);
        let about = match said.about(now) {
            // One run may have several models: without the time of registration, the record decides.
            About::Same if said.registered_at.is_none() && hash.is_some() => {
                About::CannotTell("its tag names the run only".to_owned())
            }
            about => about,
        };
        let ours = said.name.plain() == self.model.plain()
            && said.number == version
            && said.registry.as_ref().is_none_or(|r| *r == self.home.registry);
        Ok(trailer(&message, OPERATION_TRAILER).filter(|_| ours).map(|id| Released {
            version,
            about,
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
        let failed = |failure| unread(Failure { operation: format!("read the record on {tag} in {repo}"), ..failure });
        let releases = self.services.host.releases(repo, tag, &notes_marker(operation)).await.map_err(failed)?;
        let asset =
            releases.iter().filter(|r| !r.draft).flat_map(|r| &r.assets).find(|a| a.complete && a.name == ASSET);
        let Some(asset) = asset else { return Ok(None) };
        let bytes = self.services.code.asset(repo, asset.id, limits::RECORD).await.map_err(failed)?;
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
                None => {}
                Some(_) if held.contains(&number) => {}
                Some(version) => {
                    candidate.notes = worth_knowing(version);
                    candidates.push(candidate);
                }
            }
        }
        // Other evidence may have settled a doubt.
        self.doubts.retain(|number, _| !candidates.iter().any(|c| c.version == *number) && !held.contains(number));
        Found { candidates, doubts: self.doubts, notes: self.notes }
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
