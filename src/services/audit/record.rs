//! Finds one sign-off record: among the records of this machine, or on its release.

use crate::domain::failure::{Failure, FailureKind, Note, Outcome, Service};
use crate::domain::ids::{RepoSlug, TagName};
use crate::domain::promotion::{SagaState, fold};
use crate::domain::record::Sealed;
use crate::domain::record::chain::{self, ChainLine};
use crate::domain::text::clean_line;
use crate::domain::verification;
use crate::services::Services;
use crate::services::audit::{log, verify};
use crate::services::notes::unread;

/// Fewer characters of an id could mean a tag as well.
const LEAST_OF_ID: usize = 6;

/// A record and what is known about it here.
#[derive(Clone, Debug)]
pub struct Found {
    pub sealed: Sealed,
    /// What this machine noted of it later.
    pub outcome: Option<chain::Outcome>,
    /// What people asked of CD and noted since, oldest first.
    pub added: Vec<chain::Outcome>,
    /// The promotion that carries it out, if this machine has its journal, and whether a process is at work on it.
    pub promotion: Option<(Box<SagaState>, bool)>,
    /// The promotion of this machine that put another version in its place.
    pub replaced_by: Option<Box<SagaState>>,
    /// It was read from its release.
    pub is_on_release: bool,
    /// What could not be read meanwhile.
    pub notes: Vec<Note>,
}

impl Found {
    fn of(sealed: Sealed, lines: &[ChainLine], notes: Vec<Note>) -> Self {
        let id = sealed.record.record_id;
        let (outcome, added) = (chain::last(lines, id).cloned(), chain::added(lines, id).cloned().collect());
        Self { sealed, outcome, added, promotion: None, replaced_by: None, is_on_release: false, notes }
    }

    fn on_release(self) -> Self {
        Self { is_on_release: true, ..self }
    }

    /// With what the journals of this machine say became of it.
    async fn with_journals(mut self, services: &Services) -> Self {
        let stored = match services.journals.list().await {
            Ok(stored) => stored,
            Err(failure) => {
                self.notes.push(unread(failure));
                return self;
            }
        };
        let id = self.sealed.record.record_id;
        let folded = stored.into_iter().filter_map(|p| Some((p.driven, Box::new(fold(&p.entries.ok()?).ok()?))));
        let (of_it, others): (Vec<_>, Vec<_>) = folded.partition(|(_, state)| state.plan.id == id);
        self.promotion = of_it.into_iter().next().map(|(driven, state)| (state, driven));
        let promotion = self.promotion.as_ref().map(|(state, _)| &**state);
        self.replaced_by =
            promotion.and_then(|state| state.replaced_by(others.iter().map(|(_, s)| &**s))).cloned().map(Box::new);
        self
    }
}

/// The record that `named` means: by its id or hash, or the last or first characters that lists show of them, or by the
/// tag of its release.
///
/// # Errors
/// [`FailureKind::NotFound`] if there is none; [`FailureKind::Conflict`] if there are several, or if a record is not the
/// one that was signed; otherwise what could not be read.
pub async fn find(services: &Services, named: &str) -> Outcome<Found> {
    // What is looked through is large: it does not lie on the stack.
    let found = Box::pin(named_by(services, named)).await?;
    Ok(Box::pin(found.with_journals(services)).await)
}

async fn named_by(services: &Services, named: &str) -> Outcome<Found> {
    let (lines, mut notes) = match services.records.read().await {
        Ok(lines) => (lines, Vec::new()),
        Err(failure) => (Vec::new(), vec![unread(failure)]),
    };
    let here: Vec<&Sealed> = lines
        .iter()
        .filter_map(|line| match line {
            ChainLine::Record(sealed) => Some(&**sealed),
            ChainLine::Outcome(_) => None,
        })
        .collect();
    let named_by_id: Vec<&Sealed> =
        here.iter().copied().filter(|s| is_id(named, &s.record.record_id.to_string(), &s.record_hash)).collect();
    match named_by_id.as_slice() {
        [] => {}
        [one] => return intact(one, named).map(|sealed| Found::of(sealed, &lines, notes)),
        several => return Err(refused(FailureKind::Conflict, named, format!("{} records match", several.len()))),
    }
    let mut missing = "no record of this machine has this id".to_owned();
    if let Ok(tag) = named.parse::<TagName>() {
        match of_tag(services, &tag).await {
            Ok(Some(sealed)) => return Ok(Found::of(sealed, &lines, notes).on_release()),
            Ok(None) => missing.push_str(", and there is no such tag"),
            Err(failure) if failure.kind == FailureKind::Conflict => return Err(failure),
            // What this machine signed is all that can be told then.
            Err(failure) => {
                let signed = |sealed: &&Sealed| sealed.record.change.as_ref().is_some_and(|c| c.tag == tag);
                let signed: Vec<&Sealed> = here.iter().copied().filter(signed).collect();
                match signed.as_slice() {
                    [one] => {
                        notes.push(unread(failure));
                        return intact(one, named).map(|sealed| Found::of(sealed, &lines, notes));
                    }
                    _ if looks_like_id(named) => notes.push(unread(failure)),
                    _ => return Err(failure),
                }
            }
        }
    }
    if looks_like_id(named) {
        match elsewhere(services, named).await? {
            Ok(sealed) => return Ok(Found::of(sealed, &lines, notes).on_release()),
            Err(why) => missing.push_str(&why),
        }
    }
    Err(refused(FailureKind::NotFound, named, missing).with_hint("`signoff log` lists decisions and their records."))
}

/// The record with this id on a release, or why there is none.
async fn elsewhere(services: &Services, named: &str) -> Outcome<Result<Sealed, String>> {
    let log = log::read(services, None).await;
    let entry = log.entries.iter().find(|entry| {
        let id = entry.record_id.map(|id| id.to_string()).unwrap_or_default();
        is_id(named, &id, entry.record_hash.as_deref().unwrap_or_default())
    });
    let Some(entry) = entry else {
        // It may be where nothing could be read.
        return match log.notes.iter().find_map(Note::failure) {
            Some(failure) => Err(failure.clone()),
            None => Ok(Err(", nor has any release".to_owned())),
        };
    };
    let published = entry.repository.clone().zip(entry.tag.as_deref().and_then(|tag| tag.parse::<TagName>().ok()));
    let Some((repo, tag)) = published else {
        let (model, version) = (&entry.model, entry.version);
        return Ok(Err(format!("; a tag of {model} {version} names it, but no release has it")));
    };
    released(services, &repo, &tag).await.map(Ok)
}

/// The record that the release of `tag` in `repo` carries.
///
/// # Errors
/// [`FailureKind::NotFound`] without such a tag; [`FailureKind::Conflict`] if it is not the record that the tag's message
/// names.
pub async fn released(services: &Services, repo: &RepoSlug, tag: &TagName) -> Outcome<Sealed> {
    let found = of_proof(verify::read(services, verify::place_in(services, repo.clone(), tag).await).await)?;
    found.ok_or_else(|| refused(FailureKind::NotFound, tag.as_str(), format!("{repo} has no such tag any more")))
}

async fn of_tag(services: &Services, tag: &TagName) -> Outcome<Option<Sealed>> {
    of_proof(verify::read(services, verify::place(services, tag).await?).await)
}

fn of_proof(proof: verification::Proof) -> Outcome<Option<Sealed>> {
    if proof.tag.as_ref().map_err(Clone::clone)?.is_none() {
        return Ok(None);
    }
    proof.asset.as_ref().map_err(Clone::clone)?;
    let (repo, tag) = (&proof.place.repo, &proof.place.tag);
    verification::named_record(&proof).map(Some).map_err(|why| {
        Failure::new(FailureKind::Conflict, Service::Github, format!("read the record of {tag} in {repo}"), why)
            .with_hint(format!("`signoff verify {tag}` checks the whole release."))
    })
}

/// The record, if its fields still give its hash.
fn intact(sealed: &Sealed, named: &str) -> Outcome<Sealed> {
    if Sealed::new(sealed.record.clone()).record_hash == sealed.record_hash {
        return Ok(sealed.clone());
    }
    let why = "it was changed on this machine after it was signed: its fields do not give its hash";
    Err(refused(FailureKind::Conflict, named, why.to_owned()).with_hint("`signoff log` says what else is broken."))
}

fn refused(kind: FailureKind, named: &str, why: String) -> Failure {
    Failure::new(kind, Service::Local, format!("find the record '{}'", clean_line(named)), why)
}

/// Only digits and dashes of an id or hash, and enough of them.
fn looks_like_id(named: &str) -> bool {
    let named = named.strip_prefix("sha256:").unwrap_or(named);
    named.len() >= LEAST_OF_ID && named.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Lists show the end of an id and the beginning of a hash.
fn is_id(named: &str, id: &str, hash: &str) -> bool {
    let named = named.to_ascii_lowercase();
    let digits = named.strip_prefix("sha256:").unwrap_or(&named);
    looks_like_id(&named)
        && (id.starts_with(digits) || id.ends_with(digits) || hash.trim_start_matches("sha256:").starts_with(digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_known_by_what_lists_show_of_it_and_a_tag_is_none() {
        let (id, hash) = ("0199a1f0-7d5a-7c3e-9f10-4f2a77c0e1d2", "sha256:ab12cd34ef56");
        for named in [id, "4f2a77c0e1d2", "0199A1F0", "ab12cd3", "sha256:ab12cd34ef56"] {
            assert!(is_id(named, id, hash), "{named}");
        }
        for named in ["", "4f2a", "telco-churn-v42", "ffffff", "sha256:"] {
            assert!(!is_id(named, id, hash), "{named}");
        }
    }
}
