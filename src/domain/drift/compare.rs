//! Compares a record with what is there now.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::metrics;
use super::{Finding, Ignored, Kind, Now, Told, Value, VersionNow, files};
use crate::domain::facts::{LoggedFacts, RunFacts, Standing};
use crate::domain::ids::VersionNumber;
use crate::domain::provenance::Provenance;
use crate::domain::record::observed::{Kept, KeptMap, kept};
use crate::domain::record::seal::sha256;
use crate::domain::record::{ASSET, ChangeFacts, Observed, Record, Sealed, text};
use crate::domain::registry::PromotionTarget;
use crate::domain::score::MetricsFrom;
use crate::domain::text::clean_line;

/// What is no longer as it was signed. Findings come in the order of [`Kind::ALL`].
pub fn compare(signed: &Sealed, now: &Now, ignored: &Ignored) -> Told {
    let record = &signed.record;
    let mut told = Told::default();
    version(record, now, ignored, &mut told);
    if let Some(change) = &record.change {
        release(signed, change, now, &mut told);
    }
    told.findings.sort_by_key(|finding| Kind::ALL.iter().position(|kind| *kind == finding.kind));
    told
}

fn version(record: &Record, now: &Now, ignored: &Ignored, told: &mut Told) {
    let (model, number) = (&record.model.name, record.model.version);
    let at = |at: Option<Timestamp>| at.map(|at| Value::text(at.to_string()));
    let standing = match &now.version {
        VersionNow::Unread(failure) => return told.cannot(format!("the version: {failure}")),
        VersionNow::Deleted { model: gone } => {
            let what = if *gone { "the registry has no such model any more" } else { "the registry has it no more" };
            return told.found(
                Finding::of(Kind::VersionDeleted, number.to_string(), Some(Value::Version(number)), None)
                    .because(format!("{number} of {model} was deleted: {what}")),
            );
        }
        VersionNow::Another { registered_at, what } => {
            return told.found(
                Finding::of(
                    Kind::ModelRecreated,
                    model.to_string(),
                    at(record.model.registered_at),
                    at(*registered_at),
                )
                .since(*registered_at, record.decided_at())
                .because(format!("{number} of {model} is not the one that was signed: {what}")),
            );
        }
        VersionNow::Renamed(standing, to) => {
            told.found(
                Finding::of(
                    Kind::ModelRenamed,
                    model.to_string(),
                    Some(Value::text(model.to_string())),
                    Some(Value::text(to.to_string())),
                )
                .because(format!("the model was {model} when it was signed, and is called {to}")),
            );
            standing
        }
        VersionNow::There(standing) => standing,
    };
    place(record, standing, now, told);
    run(record, standing, told);
    observed(record, standing, now, ignored, told);
    files::compare(&record.artifact, &now.files, told);
}

/// Where the version was put, and what else is there.
fn place(record: &Record, standing: &Standing, now: &Now, told: &mut Told) {
    let Some(change) = &record.change else { return };
    let number = record.model.version;
    let version = &standing.version;
    if let Some(coming) = now.under_way {
        return told.cannot(format!("a promotion of {coming} is under way"));
    }
    let others: Vec<VersionNumber> = now.holders.iter().copied().filter(|n| *n != number).collect();
    let instead = match others.is_empty() {
        true => format!("nothing is in {} now", change.to),
        false => format!("{} is there instead", list(&others)),
    };
    match &change.to {
        PromotionTarget::Stage(stage) if version.stage != *stage => told.found(
            Finding::of(
                Kind::Stage,
                stage.to_string(),
                Some(Value::text(stage.to_string())),
                Some(Value::text(version.stage.to_string())),
            )
            .since(version.updated_at, record.decided_at())
            .because(format!("{number} was put into {stage}, and is in {} now; {instead}", version.stage)),
        ),
        PromotionTarget::Stage(stage) => {
            for other in others {
                told.found(
                    Finding::of(Kind::Stage, stage.to_string(), None, Some(Value::Version(other)))
                        .because(format!("{other} is in {stage} beside {number}, which was signed last")),
                );
            }
        }
        PromotionTarget::Alias(alias) if !now.holders.contains(&number) => {
            let there = others.first().copied();
            told.found(
                Finding::of(Kind::Alias, alias.clone(), Some(Value::Version(number)), there.map(Value::Version))
                    .because(match there {
                        Some(other) => format!("@{alias} was put on {number}, and points to {other} now"),
                        None => format!("@{alias} was put on {number}, and is gone"),
                    }),
            );
        }
        // The release says what is there, and a later one was signed itself.
        PromotionTarget::Alias(_)
        | PromotionTarget::Release
        | PromotionTarget::DeploymentJob
        | PromotionTarget::Elsewhere(_) => {}
    }
}

fn list(numbers: &[VersionNumber]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The run and its metrics.
fn run(record: &Record, standing: &Standing, told: &mut Told) {
    match &standing.run {
        RunFacts::Known(run) if run.deleted => {
            let id = clean_line(run.id.as_str());
            told.found(
                Finding::of(Kind::RunDeleted, id.clone(), Some(Value::text("active")), Some(Value::text("deleted")))
                    .because(format!("the training run {} was deleted", run.id.short())),
            );
        }
        RunFacts::Known(_) | RunFacts::NotRecorded => {}
        RunFacts::Unreadable(why) => return told.cannot(format!("the training run: {why}")),
    }
    let logged = match &standing.logged {
        Some(LoggedFacts::Unreadable(why)) => return told.cannot(format!("the logged model: {why}")),
        // What was not read for the record is no difference now.
        _ if record.metrics_from.is_none() => None,
        Some(LoggedFacts::Known(model)) => Some(model.as_ref()),
        None => None,
    };
    let said = Provenance { run: standing.run.known(), logged };
    if !said.is_known() && record.metrics.iter().all(|m| m.candidate.is_none()) {
        return;
    }
    let scores = metrics::scores(record, said);
    let signed: Vec<_> = record.metrics.iter().map(|row| (row, metrics::candidate(row))).collect();
    for change in metrics::changed(&signed, &scores) {
        let of_model = change.origin.is_some_and(|origin| origin.of == MetricsFrom::Model);
        let at = match (of_model, said.run, said.logged) {
            (false, Some(run), _) => run.metrics.get(&change.metric).and_then(|point| point.at),
            (true, _, Some(model)) => model
                .metrics
                .iter()
                .filter(|m| m.name == change.metric && Some(m.value) == change.now)
                .filter_map(|m| m.at)
                .max(),
            (false, None, _) | (true, _, None) => None,
        };
        let value = |value: Option<_>| value.map(Value::Number);
        told.found(
            Finding::of(Kind::Metric, change.name, value(change.then), value(change.now))
                .since(at, record.decided_at()),
        );
    }
}

/// Params, tags, description and aliases.
fn observed(record: &Record, standing: &Standing, now: &Now, ignored: &Ignored, told: &mut Told) {
    let Some(then) = &record.observed else {
        let what = "parameters, tags and description: the record was made by an earlier version of signoff, which did not keep them";
        return told.cannot(what);
    };
    let version = &standing.version;
    let run = standing.run.known();
    if run.is_some() && then.params.is_none() {
        told.cannot("parameters and tags of the run: it could not be read when the version was signed");
    }
    let logged = standing.logged.as_ref().and_then(LoggedFacts::known);
    let all = |_: &str| true;
    let tags = |key: &str| !ignored.tag(key);
    maps(Kind::Param, then.params.as_ref(), run.map(|run| kept(&run.params)), &all, told);
    maps(Kind::RunTag, then.run_tags.as_ref(), run.map(|run| kept(&run.tags)), &tags, told);
    maps(Kind::Param, then.model_params.as_ref(), logged.map(|model| kept(&model.params)), &all, told);
    maps(Kind::RunTag, then.model_tags.as_ref(), logged.map(|model| kept(&model.tags)), &tags, told);
    // The approval itself set the tag of its task.
    let task = record.deployment.as_ref().map(|asked| asked.task.as_str());
    let others = |key: &str| tags(key) && Some(key) != task;
    maps(Kind::VersionTag, then.version_tags.as_ref(), Some(kept(&version.tags)), &others, told);
    let described = Kept::from(version.description.as_str());
    if let Some(then) = then.description.as_ref().filter(|then| **then != described) {
        let some = |kept: &Kept| (*kept != Kept::Text(String::new())).then(|| Value::Kept(kept.clone()));
        told.found(
            Finding::of(Kind::Description, "", some(then), some(&described))
                .since(version.updated_at, record.decided_at()),
        );
    }
    aliases(record, then, now, ignored, told);
}

fn aliases(record: &Record, then: &Observed, now: &Now, ignored: &Ignored, told: &mut Told) {
    let number = record.model.version;
    let target = record.change.as_ref().map(|change| &change.to);
    let is_target = |alias: &str| matches!(target, Some(PromotionTarget::Alias(to)) if to == alias);
    let named = then.aliases.iter().flatten().filter(|alias| !is_target(alias) && !ignored.alias(alias));
    for alias in named {
        let Some(aliases) = &now.aliases else {
            told.cannot(format!("the alias {alias}: the registry does not say where it points"));
            continue;
        };
        let there = aliases.get(alias).copied();
        if there != Some(number) {
            let there = there.map(Value::Version);
            told.found(Finding::of(Kind::Alias, alias.clone(), Some(Value::Version(number)), there));
        }
    }
}

/// One finding for each key whose value is another one, is gone or is new.
fn maps(kind: Kind, then: Option<&KeptMap>, now: Option<KeptMap>, counts: &dyn Fn(&str) -> bool, told: &mut Told) {
    let (Some(then), Some(now)) = (then, now) else { return };
    let none = BTreeMap::new();
    let (then, now) = if then == &now { (&none, &none) } else { (then, &now) };
    let keys: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    for key in keys.into_iter().filter(|key| counts(key) && then.get(*key) != now.get(*key)) {
        let value = |map: &KeptMap| map.get(key).cloned().map(Value::Kept);
        told.found(Finding::of(kind, key.clone(), value(then), value(now)));
    }
}

/// Git tag, release and the record on it.
fn release(signed: &Sealed, change: &ChangeFacts, now: &Now, told: &mut Told) {
    let (tag, there) = (&change.tag, &now.release);
    if let Some(failure) = &there.unread {
        told.cannot(format!("tag and release: {failure}"));
    }
    let commit = || Some(Value::text(change.commit.as_str()));
    match &there.tag {
        None => {}
        Some(None) => {
            told.found(
                Finding::of(Kind::GitTag, tag.to_string(), commit(), None)
                    .because(format!("{} has no tag {tag} any more", change.repository)),
            );
        }
        Some(Some(state)) if state.commit != change.commit.as_str() => {
            let to = clean_line(&state.commit);
            told.found(Finding::of(Kind::GitTag, tag.to_string(), commit(), Some(Value::text(to.as_str()))).because(
                format!("the tag {tag} was put on {}, and points to {} now", change.commit.short(), short(&to)),
            ));
        }
        Some(Some(state)) => {
            let written = sha256(text::tag_message(signed).as_bytes());
            if state.message_digest.as_ref().is_some_and(|digest| *digest != written) || state.message.is_none() {
                told.found(
                    Finding::of(
                        Kind::GitTag,
                        tag.to_string(),
                        Some(Value::text(written)),
                        state.message_digest.clone().map(Value::text),
                    )
                    .because(format!("the tag {tag} was replaced: its message is not the one that was signed")),
                );
            }
        }
    }
    let release = match &there.release {
        None => return,
        Some(None) => {
            return told.found(
                Finding::of(Kind::Release, tag.to_string(), Some(Value::text("published")), None)
                    .because(format!("{} has no release of {tag} any more", change.repository)),
            );
        }
        Some(Some(release)) => release,
    };
    if release.draft {
        return told.found(
            Finding::of(Kind::Release, tag.to_string(), Some(Value::text("published")), Some(Value::text("draft")))
                .because(format!("the release of {tag} was made a draft again")),
        );
    }
    let ours = sha256(&signed.to_bytes());
    let asset = release.assets.iter().find(|asset| asset.name == ASSET && asset.complete);
    let found = match (asset, &there.record) {
        (_, Some(read)) => read.clone(),
        (None, None) => None,
        (Some(asset), None) => match &asset.digest {
            Some(digest) => Some(digest.clone()),
            None => return told.cannot(format!("whether {ASSET} of the release is the one that was attached")),
        },
    };
    if found.as_ref() == Some(&ours) {
        return;
    }
    let reason = match &found {
        Some(_) => format!("{ASSET} of the release {tag} was replaced"),
        None => format!("the release {tag} has no {ASSET} any more"),
    };
    let mut finding = Finding::of(Kind::ReleaseAsset, ASSET, Some(Value::text(ours)), found.map(Value::text))
        .since(asset.and_then(|asset| asset.created_at), signed.record.decided_at())
        .because(reason);
    finding.by = asset.and_then(|asset| asset.uploader.clone());
    told.found(finding);
}

fn short(commit: &str) -> String {
    commit.chars().take(7).collect()
}
