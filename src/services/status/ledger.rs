//! The sign-offs in force: the last one of each model that put a version into production, from this machine and from
//! the repository's releases.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::domain::commit::ReleaseState;
use crate::domain::failure::{Failure, FailureKind, Note, Outcome};
use crate::domain::identity::Home;
use crate::domain::ids::{ModelName, PromotionId, RepoSlug};
use crate::domain::limits;
use crate::domain::promotion::{Ending, Phase, fold};
use crate::domain::record::chain::ChainLine;
use crate::domain::record::{ASSET, Record, Sealed};
use crate::domain::release::operation_in;
use crate::domain::text::clean_line;
use crate::services::Services;
use crate::services::notes::unread;

/// Most pages of a hundred releases per repository.
const PAGES: usize = 3;
/// Most records read from releases in one look, one request each.
const MAX_RECORDS: usize = 100;
/// Requests to the host at once.
const AT_ONCE: usize = 6;

/// Records that were read from releases. A file on a release is never changed under its id, so it is read once.
#[derive(Clone, Debug, Default)]
pub struct Memory(Arc<Mutex<HashMap<(RepoSlug, u64), Attached>>>);

/// The record attached to a release, or why it cannot be used.
type Attached = Result<Sealed, String>;

impl Memory {
    fn get(&self, repo: &RepoSlug, asset: u64) -> Option<Attached> {
        self.0.lock().ok()?.get(&(repo.clone(), asset)).cloned()
    }

    fn keep(&self, repo: &RepoSlug, asset: u64, read: Attached) {
        if let Ok(mut known) = self.0.lock() {
            known.insert((repo.clone(), asset), read);
        }
    }
}

/// A sign-off that put a version into production.
#[derive(Clone, Debug)]
pub(super) struct SignedOff {
    pub sealed: Sealed,
    /// Kept on this machine: then the release is measured against it. Otherwise it is the release's own word.
    pub here: bool,
    /// Its release, as the list of releases has it.
    pub release: Option<ReleaseState>,
}

impl SignedOff {
    pub fn record(&self) -> &Record {
        &self.sealed.record
    }
}

/// A sign-off whose record cannot be used.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    pub why: String,
    /// The release that should have the record; none if the record of this machine is meant.
    pub release: Option<(RepoSlug, String)>,
}

/// What is known of sign-offs.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The last sign-off of each model, by the name that was signed.
    pub in_force: BTreeMap<ModelName, SignedOff>,
    /// Repositories of which every release was listed.
    pub whole: Vec<RepoSlug>,
    /// Sign-offs whose record cannot be used, by promotion.
    pub broken: BTreeMap<String, Broken>,
    /// A place where a sign-off may be could not be read.
    pub unread: bool,
    /// Not every release was listed, or none could be: no repository is known.
    pub incomplete: bool,
    pub notes: Vec<Note>,
}

/// Reads what this machine and the releases know.
///
/// # Errors
/// If the records of this machine cannot be read.
pub(super) async fn read(services: &Services, home: &Home, memory: &Memory) -> Outcome<Ledger> {
    let mut ledger = Ledger::default();
    let (mut local, ended) = machine(services, home, &mut ledger).await?;
    let mut repos: Vec<RepoSlug> = services.rules.repository.configured().into_iter().cloned().collect();
    let host = services.host.host();
    for sealed in local.values().filter(|sealed| ended.contains(&sealed.record.record_id)) {
        let change = sealed.record.change.as_ref().filter(|change| change.host.eq_ignore_ascii_case(&host));
        repos.extend(change.map(|change| change.repository.clone()));
    }
    repos.sort();
    repos.dedup();
    ledger.incomplete |= repos.is_empty();
    let mut all = Vec::new();
    for repo in &repos {
        releases(services, repo, (&mut local, home), memory, &mut all, &mut ledger).await;
    }
    // What this machine knows to have ended well, whatever became of the release.
    let rest = local.into_iter().filter(|(id, _)| ended.contains(id));
    all.extend(rest.map(|(_, sealed)| SignedOff { sealed, here: true, release: None }));
    all.retain(|signed| {
        let change = signed.record().change.as_ref();
        change.is_some_and(|change| change.to == services.rules.promote_to)
    });
    for signed in all {
        let place = ledger.in_force.entry(signed.record().model.name.clone());
        let at = |signed: &SignedOff| (signed.record().decided_at(), signed.record().record_id);
        match place {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert(signed);
            }
            std::collections::btree_map::Entry::Occupied(mut place) if at(place.get()) < at(&signed) => {
                place.insert(signed);
            }
            std::collections::btree_map::Entry::Occupied(_) => {}
        }
    }
    Ok(ledger)
}

/// Records of this machine that promote, by id, and those whose promotion put a version into production.
async fn machine(
    services: &Services,
    home: &Home,
    ledger: &mut Ledger,
) -> Outcome<(BTreeMap<PromotionId, Sealed>, Vec<PromotionId>)> {
    let (mut local, mut ended) = (BTreeMap::new(), Vec::new());
    for line in services.records.read().await? {
        let ChainLine::Record(sealed) = line else { continue };
        let record = &sealed.record;
        if record.change.is_none() || record.elsewhere(home, services.rules.demo).is_some() {
            continue;
        }
        if Sealed::new(record.clone()).record_hash == sealed.record_hash {
            local.insert(record.record_id, *sealed);
        } else {
            let why = "its record on this machine was changed after it was signed".to_owned();
            ledger.broken.insert(record.record_id.to_string(), Broken { why, release: None });
        }
    }
    for promotion in services.journals.list().await? {
        let Ok(entries) = &promotion.entries else { continue };
        let Some(Ok(state)) = (!entries.is_empty()).then(|| fold(entries)) else { continue };
        let done = match &state.phase {
            Phase::Ended(Ending::Done) => true,
            Phase::Ended(Ending::Undone { .. } | Ending::Refused { .. } | Ending::Superseded { .. }) => false,
            _ => state.is_released(),
        };
        let sealed = &state.plan.record;
        if done && sealed.record.elsewhere(home, services.rules.demo).is_none() {
            // Earlier versions kept the record in the journal alone.
            if !ledger.broken.contains_key(&state.plan.id.to_string()) {
                local.entry(state.plan.id).or_insert_with(|| sealed.clone());
            }
            ended.push(state.plan.id);
        }
    }
    Ok((local, ended))
}

async fn releases(
    services: &Services,
    repo: &RepoSlug,
    (local, home): (&mut BTreeMap<PromotionId, Sealed>, &Home),
    memory: &Memory,
    all: &mut Vec<SignedOff>,
    ledger: &mut Ledger,
) {
    let (listed, complete) = match services.host.recent_releases(repo, PAGES).await {
        Ok(listed) => listed,
        Err(failure) => {
            (ledger.unread, ledger.incomplete) = (true, true);
            ledger.notes.push(unread(failure));
            return;
        }
    };
    match complete {
        true => ledger.whole.push(repo.clone()),
        false => ledger.incomplete = true,
    }
    let mut foreign = Vec::new();
    for release in listed {
        let Some(id) = operation_in(&release.body).map(str::to_owned) else { continue };
        match id.parse::<PromotionId>().ok().and_then(|id| local.remove(&id)) {
            Some(sealed) => all.push(SignedOff { sealed, here: true, release: Some(release) }),
            None => foreign.push((id, release)),
        }
    }
    if foreign.len() > MAX_RECORDS {
        ledger.incomplete = true;
        ledger.notes.push(format!("{repo}: only the records of the newest {MAX_RECORDS} releases were read").into());
        foreign.truncate(MAX_RECORDS);
    }
    let mut reads = Vec::new();
    for (id, release) in foreign {
        reads.push(async move {
            let read = attached(services, repo, &release, memory).await;
            (id, release, read)
        });
    }
    let mut read = std::pin::pin!(stream::iter(reads).buffered(AT_ONCE));
    while let Some((id, release, read)) = read.next().await {
        match read {
            Ok(Ok(sealed)) if sealed.record.elsewhere(home, services.rules.demo).is_none() => {
                all.push(SignedOff { sealed, here: false, release: Some(release) });
            }
            Ok(Ok(_)) => {}
            Ok(Err(why)) => {
                ledger.broken.insert(id, Broken { why, release: Some((repo.clone(), release.tag)) });
            }
            Err(failure) => {
                (ledger.unread, ledger.incomplete) = (true, true);
                ledger.notes.push(unread(failure));
            }
        }
    }
}

/// The record attached to a release, or why it cannot be used.
async fn attached(services: &Services, repo: &RepoSlug, release: &ReleaseState, memory: &Memory) -> Outcome<Attached> {
    let tag = clean_line(&release.tag);
    let Some(file) = release.assets.iter().find(|a| a.complete && a.name == ASSET) else {
        return Ok(Err(format!("the release {tag} has no {ASSET}")));
    };
    if let Some(known) = memory.get(repo, file.id) {
        return Ok(known);
    }
    let bytes = services
        .code
        .asset(repo, file.id, limits::RECORD)
        .await
        .map_err(|failure| Failure { operation: format!("read the record of {tag} in {repo}"), ..failure });
    let read = match bytes {
        Ok(bytes) => Sealed::from_bytes(&bytes).map_err(|why| format!("{ASSET} of {tag} cannot be used: {why}")),
        Err(failure) if failure.kind == FailureKind::NotFound => Err(format!("{ASSET} of {tag} is gone")),
        Err(failure) => return Err(failure),
    };
    memory.keep(repo, file.id, read.clone());
    Ok(read)
}
