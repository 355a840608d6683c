//! Judges a tag that exists already: was the version released by it, is a promotion at work, or was it left behind?
//!
//! A machine that is lost between tag and release takes its journal along: the tag stays, no release comes, and nobody
//! can resume. A new approval may then supersede it, under a name of its own, but only if the tag itself proves what it
//! is: its message names the version, the registry, the commit's record and the promotion.

use jiff::{SignedDuration, Timestamp};

use crate::domain::commit::TagState;
use crate::domain::failure::Outcome;
use crate::domain::identity::{About, Identity};
use crate::domain::ids::{CommitSha, PromotionId, RepoSlug};
use crate::domain::release::{
    MODEL_TRAILER, OPERATION_TRAILER, RECORD_TRAILER, REGISTRY_TRAILER, VERSION_TRAILER, notes_marker, trailer,
};
use crate::services::Services;

/// How old a promotion without a journal here must be before it counts as left behind: others may be running it.
const QUIET: SignedDuration = SignedDuration::from_mins(30);

/// What a tag that exists is to a new approval of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// The version was released by it.
    Released,
    /// Its promotion is in this machine's journal.
    Here(PromotionId),
    /// Its promotion began a moment ago, elsewhere.
    Recent(PromotionId),
    /// It was cut for this very version and commit, and never released.
    LeftBehind { id: PromotionId, record: String },
    /// It released another version of that name and number; what differs, as a phrase.
    Another(String),
    /// Something else, as a phrase.
    Foreign(String),
}

/// The version that is to be approved.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub repo: &'a RepoSlug,
    pub version: &'a Identity,
    pub commit: &'a CommitSha,
    /// Now, by the host's clock as far as it is known.
    pub now: Timestamp,
}

/// Reads what there is to know about `tag`.
///
/// # Errors
/// If the releases of the tag cannot be read.
pub(super) async fn judge(services: &Services, wanted: &Wanted<'_>, tag: &TagState) -> Outcome<Taken> {
    let message = tag.message.as_deref().unwrap_or_default();
    if let Some(what) = another(wanted, message) {
        return Ok(Taken::Another(what));
    }
    let operation = trailer(message, OPERATION_TRAILER).unwrap_or_default();
    let releases = services.host.releases(wanted.repo, &tag.name, &notes_marker(operation)).await?;
    if releases.iter().any(|r| !r.draft) {
        return Ok(Taken::Released);
    }
    let id = match proof(services, wanted, tag, message) {
        Ok(id) => id,
        Err(why) => return Ok(Taken::Foreign(why)),
    };
    if services.journals.read(id).await.is_ok_and(|entries| !entries.is_empty()) {
        return Ok(Taken::Here(id));
    }
    let old = id.made_at().is_some_and(|at| wanted.now.duration_since(at) >= QUIET);
    let record = trailer(message, RECORD_TRAILER).unwrap_or_default().to_owned();
    Ok(if old { Taken::LeftBehind { id, record } } else { Taken::Recent(id) })
}

/// What differs, if the tag's own message is about another version of that name and number in this registry.
fn another(wanted: &Wanted<'_>, message: &str) -> Option<String> {
    let said = Identity::of_message(message)?;
    let named = said.name.plain() == wanted.version.name.plain() && said.number == wanted.version.number;
    let here = said.registry.is_none() || said.registry == wanted.version.registry;
    if named && here { said.about(wanted.version).another().map(str::to_owned) } else { None }
}

/// The promotion that cut the tag for this version and commit, by the tag's own message.
fn proof(services: &Services, wanted: &Wanted<'_>, tag: &TagState, message: &str) -> Result<PromotionId, String> {
    if tag.message.is_none() {
        return Err("it has no message, so signoff did not cut it".to_owned());
    }
    let says = |key: &str| trailer(message, key).unwrap_or_default().to_owned();
    let Ok(id) = says(OPERATION_TRAILER).parse() else {
        return Err("its message names no promotion".to_owned());
    };
    if !says(RECORD_TRAILER).starts_with("sha256:") {
        return Err("its message names no record".to_owned());
    }
    let version = format!("{} v{}", says(MODEL_TRAILER), says(VERSION_TRAILER));
    if version != format!("{} {}", wanted.version.name.plain(), wanted.version.number) {
        return Err(format!("it is the tag of {version}"));
    }
    let registry = says(REGISTRY_TRAILER);
    if registry != services.registry.url() {
        return Err(format!("it is the tag of a version in {registry}"));
    }
    if tag.commit != wanted.commit.as_str() {
        return Err(format!("it is of this version at another commit than {}", wanted.commit.short()));
    }
    match Identity::of_message(message).map(|said| said.about(wanted.version)) {
        Some(About::Same) => Ok(id),
        Some(About::CannotTell(why)) => Err(format!("whether it is of this very version cannot be told: {why}")),
        Some(About::Another(what)) => Err(format!("it is of another version: {what}")),
        None => Err("its message names no version".to_owned()),
    }
}
