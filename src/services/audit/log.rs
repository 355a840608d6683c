//! Reads what was decided and what was in production when, from every source: this machine, the repository's releases,
//! and version tags. Bounded; the log says what was not read.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::future::join;
use futures_util::stream;

use crate::domain::commit::ReleaseState;
use crate::domain::failure::{Failure, Note, Outcome};
use crate::domain::ids::{ModelName, RepoSlug, VersionNumber};
use crate::domain::limits;
pub use crate::domain::log::{Effect, FoundIn, Log, LogEntry, merge};
use crate::domain::page::walk;
use crate::domain::promotion::{Ending, Phase, SagaState, fold};
use crate::domain::record::chain::ChainLine;
use crate::domain::record::text::REGISTRY_TRAILER;
use crate::domain::record::{ASSET, Record, Sealed};
use crate::domain::registry::{ModelVersion, RegisteredModel};
use crate::domain::release::{OPERATION_TRAILER, trailer};
use crate::domain::text::{self, clean_line};
use crate::services::Services;
use crate::services::audit::chain;

/// Most pages of a hundred releases per repository.
const RELEASE_PAGES: usize = 3;
/// Most records read from releases, one request each; records on this machine are not read again.
const MAX_RECORDS: usize = 100;
/// Most models whose versions are read if none is named.
const MAX_MODELS: usize = 50;
/// Most pages of versions per model.
const VERSION_PAGES: usize = 3;
/// Concurrent requests.
const AT_ONCE: usize = 6;

/// The result of one source.
#[derive(Default)]
struct Found {
    entries: Vec<LogEntry>,
    seen: Option<String>,
    notes: Vec<Note>,
}

impl Found {
    fn say(&mut self, text: impl Into<String>) {
        self.notes.push(Note::Said(text.into()));
    }
}

/// Reads the log of `model`, or of every model. Never fails: a source that cannot be read becomes a note.
pub async fn read(services: &Services, model: Option<&ModelName>) -> Log {
    let machine = machine(services).await;
    let known: BTreeSet<String> = machine.entries.iter().filter_map(|e| Some(e.record_id?.to_string())).collect();
    let repos = repositories(services, model, &machine.entries);
    let (mut releases, mut log) =
        join(releases(services, &repos, &known, &machine.entries), tags(services, model)).await;
    let mut entries = machine.entries;
    entries.append(&mut releases.entries);
    entries.append(&mut log.entries);
    entries.retain(|e| model.is_none_or(|m| *m == e.model));
    log.entries = merge(entries);
    let mut notes = machine.notes;
    notes.append(&mut releases.notes);
    notes.append(&mut log.notes);
    log.notes = notes;
    log.seen = [machine.seen, releases.seen].into_iter().flatten().chain(std::mem::take(&mut log.seen)).collect();
    // What cannot be read is a note already.
    log.breaks = chain::check(services).await.map(|checked| checked.breaks).unwrap_or_default();
    let contradictions = log.contradictions();
    log.notes.extend(contradictions.into_iter().map(Note::Said));
    log
}

/// Whether the record is about this target's registry and place.
fn is_here(services: &Services, record: &Record) -> bool {
    let place = record.change.as_ref().is_none_or(|c| c.to == services.rules.promote_to);
    record.model.registry == services.registry.url() && place && record.demo == services.rules.demo
}

async fn machine(services: &Services) -> Found {
    let mut found = Found::default();
    let mut read = Vec::new();
    match services.records.read().await {
        Ok(lines) => {
            read.push("records");
            let sealed = lines.into_iter().filter_map(|line| match line {
                ChainLine::Record(sealed) => Some(*sealed),
                ChainLine::Outcome(_) => None,
            });
            found.entries.extend(sealed.filter(|s| is_here(services, &s.record)).map(|s| {
                let effect = match s.record.change {
                    Some(_) => Effect::Open("its promotion is not known here".to_owned()),
                    None => Effect::Said,
                };
                LogEntry::of(&s, effect, FoundIn::Machine)
            }));
        }
        Err(failure) => found.notes.push(failure.into()),
    }
    match services.journals.list().await {
        Ok(stored) => {
            read.push("journals");
            for promotion in stored {
                match promotion.entries.map(|entries| if entries.is_empty() { None } else { Some(fold(&entries)) }) {
                    // Interrupted before its first entry: nothing was written to a server.
                    Ok(None) => {}
                    Ok(Some(Ok(state))) if is_here(services, &state.plan.record.record) => {
                        add(&mut found.entries, LogEntry::of(&state.plan.record, effect(&state), FoundIn::Machine));
                    }
                    Ok(Some(Ok(_))) => {}
                    Ok(Some(Err(why))) => found.say(format!("promotion {} cannot be read: {why}", promotion.id)),
                    Err(failure) => found.notes.push(failure.into()),
                }
            }
        }
        Err(failure) => found.notes.push(failure.into()),
    }
    if !read.is_empty() {
        found.seen = Some(format!("{} of this machine", read.join(" and ")));
    }
    found
}

/// Adds an entry, replacing one for the same record: the journal knows the outcome.
fn add(entries: &mut Vec<LogEntry>, entry: LogEntry) {
    match entries.iter_mut().find(|e| e.record_id == entry.record_id) {
        Some(there) => *there = entry,
        None => entries.push(entry),
    }
}

fn effect(state: &SagaState) -> Effect {
    match &state.phase {
        Phase::Ended(Ending::Done) => Effect::Production,
        Phase::Ended(Ending::Undone { why }) => Effect::Failed(format!("taken back: {why}")),
        Phase::Ended(Ending::Refused { why }) => Effect::Failed(format!("refused: {why}")),
        Phase::Ended(Ending::Superseded { by }) => Effect::Failed(format!("superseded: {by}")),
        _ if state.is_released() => Effect::Production,
        _ => Effect::Open("unfinished".to_owned()),
    }
}

/// Where releases may be: the configured repositories, and those this machine released to.
fn repositories(services: &Services, model: Option<&ModelName>, here: &[LogEntry]) -> Vec<RepoSlug> {
    let rule = &services.rules.repository;
    let configured = match model {
        Some(model) => rule.resolve(Some(model), None, &services.host.host()).ok().into_iter().collect::<Vec<_>>(),
        None => rule.fixed.iter().chain(rule.per_model.iter().map(|(_, repo)| repo)).cloned().collect(),
    };
    let released = here.iter().filter(|e| model.is_none_or(|m| *m == e.model)).filter_map(|e| e.repository.clone());
    let mut out: Vec<RepoSlug> = Vec::new();
    for repo in configured.into_iter().chain(released) {
        if !out.contains(&repo) {
            out.push(repo);
        }
    }
    out
}

async fn releases(services: &Services, repos: &[RepoSlug], known: &BTreeSet<String>, here: &[LogEntry]) -> Found {
    let mut found = Found::default();
    if repos.is_empty() {
        found.say("no repository is configured, so no releases were looked at; --repo names one");
    }
    let mut seen = Vec::new();
    for repo in repos {
        let (all, complete) = match services.host.recent_releases(repo, RELEASE_PAGES).await {
            Ok(listed) => listed,
            Err(failure) => {
                found.notes.push(failure.into());
                continue;
            }
        };
        if !complete {
            found.say(format!("{repo} has more releases; only the newest {} were looked at", all.len()));
        }
        seen.push(format!("{} of {repo}", text::count(all.len(), "release")));
        let mut unread = Vec::new();
        for release in all {
            let Some(id) = operation(&release.body) else { continue };
            match here.iter().find(|e| known.contains(id) && e.record_id.is_some_and(|r| r.to_string() == id)) {
                // The release exists, whatever this machine recorded about the end of its promotion.
                Some(entry) => found.entries.push(LogEntry {
                    effect: Effect::Production,
                    sources: vec![FoundIn::Release],
                    ..entry.clone()
                }),
                None => unread.push(release),
            }
        }
        if unread.len() > MAX_RECORDS {
            found.say(format!("{repo}: only the records of the newest {MAX_RECORDS} releases were read"));
            unread.truncate(MAX_RECORDS);
        }
        let read =
            stream::iter(unread.into_iter().map(|release| async move { record(services, repo, &release).await }));
        let mut without = 0;
        let mut read = std::pin::pin!(read.buffered(AT_ONCE));
        while let Some(read) = read.next().await {
            match read {
                Ok(Told::Record(sealed)) if is_here(services, &sealed.record) => {
                    found.entries.push(LogEntry::of(&sealed, Effect::Production, FoundIn::Release));
                }
                Ok(Told::Message(entry)) => found.entries.push(*entry),
                Ok(Told::Nothing) => without += 1,
                Ok(Told::Record(_)) => {}
                Err(note) => found.notes.push(note),
            }
        }
        if without > 0 {
            found.say(format!("{repo}: {without} releases have no {ASSET}, and their tags do not say enough"));
        }
    }
    if !seen.is_empty() {
        found.seen = Some(seen.join(", "));
    }
    found
}

/// The promotion a release belongs to, from the end of its notes.
fn operation(body: &str) -> Option<&str> {
    let (_, rest) = body.rsplit_once(&format!("<!-- {OPERATION_TRAILER}: "))?;
    rest.split_once(" -->").map(|(id, _)| id)
}

/// What a release says about the decision behind it.
enum Told {
    Record(Box<Sealed>),
    Message(Box<LogEntry>),
    Nothing,
}

async fn record(services: &Services, repo: &RepoSlug, release: &ReleaseState) -> Result<Told, Note> {
    let what = format!("the record of {} in {repo}", clean_line(&release.tag));
    let unread = |failure| Failure { operation: format!("read {what}"), ..failure };
    if let Some(file) = release.assets.iter().find(|a| a.complete && a.name == ASSET) {
        let bytes = services.code.asset(repo, file.id, limits::RECORD).await.map_err(unread)?;
        let sealed = Sealed::from_bytes(&bytes).map_err(|why| Note::Said(format!("{what} cannot be used: {why}")))?;
        return Ok(Told::Record(Box::new(sealed)));
    }
    let Ok(name) = release.tag.parse() else { return Ok(Told::Nothing) };
    let tag = services.host.tag(repo, &name).await.map_err(unread)?;
    let message = tag.and_then(|t| t.message).unwrap_or_default();
    // The same repository may hold another registry's releases.
    if trailer(&message, REGISTRY_TRAILER).is_some_and(|url| url != services.registry.url()) {
        return Ok(Told::Nothing);
    }
    let author = release.author.as_deref().unwrap_or("nobody");
    let entry = LogEntry::of_message(&message, author, &release.tag, repo);
    Ok(entry.map_or(Told::Nothing, |e| Told::Message(Box::new(e))))
}

/// Decisions from version tags, and what the registry has in production now.
async fn tags(services: &Services, model: Option<&ModelName>) -> Log {
    let mut log = Log::default();
    let models = match models(services, model, &mut log.notes).await {
        Ok(models) => models,
        Err(failure) => {
            log.notes.push(failure.into());
            return log;
        }
    };
    let count = models.len();
    let target = &services.rules.promote_to;
    let read = stream::iter(models.into_iter().map(|name| async move {
        let (versions, holders) = join(versions(services, &name), services.registry.holders(&name, target)).await;
        (name, versions, holders)
    }));
    let mut read = std::pin::pin!(read.buffered(AT_ONCE));
    while let Some((name, (entries, note), holders)) = read.next().await {
        log.entries.extend(entries);
        log.notes.extend(note);
        match holders {
            Ok(holders) => {
                let numbers: Vec<VersionNumber> = holders.iter().map(|v| v.number).collect();
                log.in_production.insert(name, numbers);
            }
            Err(failure) => log.notes.push(failure.into()),
        }
    }
    log.seen.push(format!("tags on versions of {}", text::count(count, "model")));
    log
}

async fn models(services: &Services, model: Option<&ModelName>, notes: &mut Vec<Note>) -> Outcome<Vec<ModelName>> {
    if let Some(model) = model {
        return Ok(vec![model.clone()]);
    }
    let mut all: Vec<RegisteredModel> = Vec::new();
    let read = |page: Option<String>| async move { services.registry.models(None, page.as_deref()).await };
    let each = |items| {
        all.extend(items);
        if all.len() < MAX_MODELS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let complete = walk("list the models", read, each).await?;
    if !complete || all.len() > MAX_MODELS {
        notes.push(format!("only the first {MAX_MODELS} models were looked at; name one to see it whole").into());
        all.truncate(MAX_MODELS);
    }
    Ok(all.into_iter().map(|m| m.name).collect())
}

async fn versions(services: &Services, model: &ModelName) -> (Vec<LogEntry>, Option<Note>) {
    let (mut entries, mut pages) = (Vec::new(), 0);
    let read = |page: Option<String>| async move { services.registry.versions(model, page.as_deref()).await };
    let each = |items: Vec<ModelVersion>| {
        entries.extend(items.iter().filter_map(LogEntry::on));
        pages += 1;
        if pages < VERSION_PAGES { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let note = match walk(&format!("list the versions of {model}"), read, each).await {
        Ok(true) => None,
        Ok(false) => Some(format!("older versions of {model} were not looked at").into()),
        Err(failure) => Some(failure.into()),
    };
    (entries, note)
}
