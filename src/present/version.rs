//! Versions and their runs.

use super::{Mark, Phrase, Role, Symbols};
use crate::domain::facts::{LoggedFacts, RunFacts, Standing};
use crate::domain::ids::VersionNumber;
use crate::domain::provenance::Provenance;
use crate::domain::registry::{ModelVersion, PromotionTarget, VersionStatus};
use crate::domain::run::{Dataset, Run};
use crate::domain::text::{clean_line, grouped};

/// Shown for a version without a run.
pub const NO_RUN: &str = "the version names no run";

/// Why there is no run.
pub fn run_missing(run: &RunFacts) -> Option<&str> {
    match run {
        RunFacts::Known(_) => None,
        RunFacts::NotRecorded => Some(NO_RUN),
        RunFacts::Unreadable(why) => Some(why.reason()),
    }
}

/// Why the model's own metrics are missing.
pub fn model_missing(logged: Option<&LoggedFacts>) -> Option<String> {
    match logged? {
        LoggedFacts::Known(_) => None,
        LoggedFacts::Unreadable(why) => Some(format!("what MLflow says of the model itself is not readable: {why}")),
    }
}

/// What is missing of a version, one sentence each.
pub fn missing(standing: &Standing) -> Vec<String> {
    missing_of(&standing.run, standing.logged.as_ref())
}

/// What is missing of run and model, one sentence each. A model that was logged outside a run misses none.
pub fn missing_of(run: &RunFacts, logged: Option<&LoggedFacts>) -> Vec<String> {
    let alone = matches!((run, logged), (RunFacts::NotRecorded, Some(LoggedFacts::Known(_))));
    let of_run = run_missing(run).filter(|_| !alone).map(str::to_owned);
    of_run.into_iter().chain(model_missing(logged)).collect()
}

/// The author of a version: who registered it, else who trained it.
pub fn author<'a>(version: &'a ModelVersion, said: Provenance<'a>) -> Option<&'a str> {
    version.author.as_deref().or_else(|| said.user())
}

/// The stage; of what is in production by its release, that.
pub fn place(version: &ModelVersion, target: &PromotionTarget) -> String {
    match target.is_told_by_releases() && target.is_held_by(version) {
        true => "released".to_owned(),
        false => version.stage.to_string(),
    }
}

/// The stage, with a symbol if the version is in production; other stages are padded to align.
pub fn stage(version: &ModelVersion, target: &PromotionTarget, symbols: &Symbols) -> Phrase<'static> {
    match target.is_held_by(version) {
        true => Phrase::of(Role::Production, format!("{} {}", symbols.production, place(version, target))),
        false => Phrase::of(Role::Muted, format!("  {}", version.stage)),
    }
}

/// Where a candidate stands: the alias that puts it forward, else its stage.
pub fn standing(version: &ModelVersion, put_forward: Option<&str>) -> Phrase<'static> {
    match put_forward {
        Some(alias) => Phrase::of(Role::Candidate, format!("@{alias}")),
        None => Phrase::of(Role::Muted, version.stage.to_string()),
    }
}

/// Why a version is not ready.
pub fn not_ready(version: &ModelVersion, symbols: &Symbols) -> Option<Phrase<'static>> {
    Some(match &version.status {
        VersionStatus::Ready => return None,
        VersionStatus::Pending => Mark::Warn.say("pending", symbols),
        VersionStatus::Failed(_) => Mark::Block.say("failed", symbols),
        VersionStatus::Other(word) => Mark::Unknown.say(word, symbols),
    })
}

/// Versions by their numbers: `v39, v40`.
pub fn numbers(versions: &[VersionNumber]) -> String {
    versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Display name of a run: its name, or its abbreviated id.
pub fn run_label(run: &Run) -> String {
    if run.name.is_empty() { run.id.short() } else { clean_line(&run.name) }
}

/// The status of a run, in a word or two.
pub fn run_word(run: &Run) -> String {
    let word = run.status.to_lowercase();
    if run.deleted { format!("deleted; {word}") } else { word }
}

/// Whether a run ended well; none if it is not finished.
pub fn run_mark(run: &Run) -> Option<Mark> {
    match run.status.as_str() {
        _ if run.deleted => Some(Mark::Warn),
        "FINISHED" => Some(Mark::Pass),
        "FAILED" => Some(Mark::Block),
        "KILLED" => Some(Mark::Warn),
        _ => None,
    }
}

/// The status of a run, with its mark.
pub fn run_status(run: &Run, symbols: &Symbols) -> Phrase<'static> {
    let symbol = match run_mark(run) {
        Some(mark) => mark.phrase(symbols),
        None if run.status == "RUNNING" => Phrase::of(Role::Candidate, symbols.candidate),
        None => Mark::Note.phrase(symbols),
    };
    // A list column has room for one word.
    let word = if run.deleted { "deleted".to_owned() } else { run_word(run) };
    symbol.add(Role::Muted, format!(" {word}"))
}

/// `telco-snapshot-58 99ab12cd, 70,800 rows`
pub fn dataset(data: &Dataset) -> String {
    let rows = data.rows.map(|n| format!(", {} rows", grouped(n))).unwrap_or_default();
    format!("{} {}{rows}", data.name, data.digest)
}
