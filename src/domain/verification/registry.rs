//! Checks that the registry still holds what was signed.

use std::collections::BTreeSet;

use super::{Lines, Proof, Reread, as_signed};
use crate::domain::commit::CommitOrigin;
use crate::domain::facts::RunFacts;
use crate::domain::identity::{About, Identity};
use crate::domain::ids::RunId;
use crate::domain::record::{MetricFacts, Record, Sealed};
use crate::domain::registry::ModelVersion;
use crate::domain::run::{MetricValue, Run};
use crate::domain::text::clean_line;

pub(super) fn version(proof: &Proof, sealed: &Sealed, named: &Reread, lines: &mut Lines) {
    let record = &sealed.record;
    let (version, run) = match &named.version {
        Ok((version, run)) => (version, run),
        Err(failure) => return lines.unread("version", failure),
    };
    let what = format!("{} {}", version.model, version.number);
    let mut wrong = Vec::new();
    if run_name(version.run_id.as_ref()) != run_name(record.model.run_id.as_ref()) {
        let (signed, now) = (run_name(record.model.run_id.as_ref()), run_name(version.run_id.as_ref()));
        wrong.push(format!("the run of {what} was {signed} when it was signed, and is {now}"));
    }
    if version.source != record.model.source {
        let (signed, now) = (clean_line(&record.model.source), clean_line(&version.source));
        wrong.push(format!("the source of {what} was '{signed}' when it was signed, and is '{now}'"));
    }
    if let (Some(signed), Some(now)) = (record.model.registered_at, version.created_at)
        && signed != now
    {
        wrong.push(format!("{what} was registered at {signed} when it was signed, and the one there now at {now}"));
    }
    let good = format!("{what} in {} has the run and the source that were signed", proof.place.home);
    if wrong.is_empty()
        && let About::CannotTell(why) = Identity::from(&record.model).about(&Identity::of(&proof.place.home, version))
    {
        lines.note("version", format!("{good}; whether it is the same registration cannot be told: {why}"));
    } else {
        if !wrong.is_empty() {
            wrong.insert(0, format!("{what} is another version of that name now"));
        }
        lines.all("version", wrong, good);
    }
    files(record, named, lines);
    recorded_run(record, run, named, lines);
    let baseline = match &named.baseline {
        None => None,
        Some(Err(failure)) => {
            lines.unread("baseline", failure);
            None
        }
        Some(Ok((version, run))) => {
            baseline(record, version, run, lines);
            Some((version.clone(), run.clone()))
        }
    };
    let facts = as_signed(sealed, &(version.clone(), run.clone()), baseline.as_ref());
    if facts.digest() == record.facts {
        lines.pass("facts", format!("everything that was reviewed is unchanged: {}", record.facts));
    } else {
        // Descriptions, tags and aliases of this version and of its baseline may change later.
        lines.note("facts", "something that was reviewed and is not in the record changed since (text, tags, aliases)");
    }
}

fn files(record: &Record, named: &Reread, lines: &mut Lines) {
    let Some(signed) = &record.artifact.mlmodel else {
        return lines.note("files", "the record holds no digest of the model's files");
    };
    match &named.mlmodel {
        Some(Ok(now)) if now == signed => lines.pass("files", format!("MLmodel is the file that was signed: {signed}")),
        Some(Ok(now)) => lines.fail("files", format!("MLmodel was {signed} when it was signed, and is {now}")),
        Some(Err(failure)) => lines.unread("files", failure),
        None => lines.fail("files", "MLmodel was not read"),
    }
}

fn recorded_run(record: &Record, run: &RunFacts, named: &Reread, lines: &mut Lines) {
    match run {
        RunFacts::NotRecorded if record.metrics.iter().all(|m| m.candidate.is_none()) => {
            lines.note("metrics", "the version names no run, and none were signed");
        }
        RunFacts::NotRecorded => lines.fail("metrics", "the version names no run any more"),
        RunFacts::Unreadable(why) => {
            lines.add("metrics", super::LineState::Unreadable, format!("not readable: {}", clean_line(why.reason())));
        }
        RunFacts::Known(run) => {
            let wrong = metrics(&record.metrics, run, |m| m.candidate);
            let n = record.metrics.iter().filter(|m| m.candidate.is_some()).count();
            lines.all("metrics", wrong, format!("all {n} are those that were signed"));
            commit(record, run, named, lines);
        }
    }
}

/// The commit is the one recorded by the run, unless the verifier allows a branch instead.
fn commit(record: &Record, run: &Run, named: &Reread, lines: &mut Lines) {
    let Some(change) = &record.change else { return };
    match (&change.commit_origin, run.source_commit()) {
        (CommitOrigin::Run, Some(rev)) if change.commit.as_str().starts_with(&rev.to_ascii_lowercase()) => {
            lines.pass("run", "the run was trained from the tagged commit");
        }
        (CommitOrigin::Run, rev) => {
            let rev = clean_line(rev.unwrap_or("none"));
            lines.fail("run", format!("the run recorded the commit {rev}, but {} was tagged", change.commit.short()));
        }
        (CommitOrigin::BranchHead(branch), _) if named.branch_may_stand_in => {
            lines.note("run", format!("it recorded no commit; the head of {} stood in", clean_line(branch)));
        }
        (CommitOrigin::BranchHead(branch), _) => {
            let branch = clean_line(branch);
            lines
                .fail("run", format!("the head of {branch} stood in for its commit, which this target does not allow"));
        }
    }
}

fn baseline(record: &Record, version: &ModelVersion, run: &RunFacts, lines: &mut Lines) {
    let Some(signed) = &record.baseline else { return };
    let mut wrong = Vec::new();
    if run_name(version.run_id.as_ref()) != run_name(signed.run_id.as_ref()) {
        let (then, now) = (run_name(signed.run_id.as_ref()), run_name(version.run_id.as_ref()));
        wrong.push(format!("the run of {} was {then} when this was signed, and is {now}", version.number));
    }
    match run {
        RunFacts::Known(run) => wrong.extend(metrics(&record.metrics, run, |m| m.baseline)),
        RunFacts::Unreadable(why) => {
            return lines.add(
                "baseline",
                super::LineState::Unreadable,
                format!("not readable: {}", clean_line(why.reason())),
            );
        }
        RunFacts::NotRecorded => {}
    }
    lines.all("baseline", wrong, format!("{}, which was in production, is what it was", version.number));
}

/// Differences between the recorded metrics and those of `run`.
fn metrics(signed: &[MetricFacts], run: &Run, side: impl Fn(&MetricFacts) -> Option<MetricValue>) -> Vec<String> {
    let then = |name: &str| signed.iter().find(|m| m.name == name).and_then(&side);
    let now = |name: &str| run.metrics.get(name).map(|p| p.value);
    let names: BTreeSet<&str> = signed.iter().map(|m| m.name.as_str()).chain(run.metrics.names()).collect();
    let shown = |value: Option<MetricValue>| value.map_or_else(|| "absent".to_owned(), |v| v.0.to_string());
    names
        .into_iter()
        .filter(|name| then(name) != now(name))
        .map(|name| {
            let (then, now) = (shown(then(name)), shown(now(name)));
            format!("{} was {then} when it was signed, and is {now}", clean_line(name))
        })
        .collect()
}

fn run_name(id: Option<&RunId>) -> String {
    id.map_or_else(|| "none".to_owned(), ToString::to_string)
}
