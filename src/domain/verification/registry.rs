//! Checks that the registry still holds what was signed.

use super::{Lines, Proof, Reread, as_signed};
use crate::domain::commit::CommitOrigin;
use crate::domain::drift::metrics as drift;
use crate::domain::facts::{LoggedFacts, RunFacts, Standing};
use crate::domain::identity::{About, Identity};
use crate::domain::ids::RunId;
use crate::domain::provenance::Provenance;
use crate::domain::record::{MetricFacts, Record, Sealed};
use crate::domain::run::MetricValue;
use crate::domain::text::clean_line;

pub(super) fn version(proof: &Proof, sealed: &Sealed, named: &Reread, lines: &mut Lines) {
    let record = &sealed.record;
    let standing = match &named.version {
        Ok(standing) => standing,
        Err(failure) => return lines.unread("version", failure),
    };
    let version = &standing.version;
    let what = format!("{} {}", version.model, version.number);
    if let Some(now) = &named.renamed {
        lines.note("version", format!("{what} is {} of {now} now: the model was renamed", version.number));
    }
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
    recorded_run(record, standing, named, lines);
    let baseline = match &named.baseline {
        None => None,
        Some(Err(failure)) => {
            lines.unread("baseline", failure);
            None
        }
        Some(Ok(standing)) => {
            baseline(record, standing, lines);
            Some(standing)
        }
    };
    let facts = as_signed(sealed, standing, baseline);
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

fn recorded_run(record: &Record, standing: &Standing, named: &Reread, lines: &mut Lines) {
    let said = Provenance::from(standing);
    if let Some(why) = unreadable(standing) {
        return lines.add("metrics", super::LineState::Unreadable, format!("not readable: {}", clean_line(why)));
    }
    if !said.is_known() {
        return match record.metrics.iter().all(|m| m.candidate.is_none()) {
            true => lines.note("metrics", "the version names no run, and none were signed"),
            false => lines.fail("metrics", "the version names no run any more"),
        };
    }
    let wrong = metrics(record, said, drift::candidate);
    let n = record.metrics.iter().filter(|m| m.candidate.is_some()).count();
    lines.all("metrics", wrong, format!("all {n} are those that were signed"));
    commit(record, said, named, lines);
}

/// Why run or model, which the record rests on, cannot be read.
fn unreadable(standing: &Standing) -> Option<&str> {
    match (&standing.run, &standing.logged) {
        (RunFacts::Unreadable(why), _) | (_, Some(LoggedFacts::Unreadable(why))) => Some(why.reason()),
        (RunFacts::Known(_) | RunFacts::NotRecorded, Some(LoggedFacts::Known(_)) | None) => None,
    }
}

/// The commit is the one that model or run recorded, unless the verifier allows a branch instead.
fn commit(record: &Record, said: Provenance<'_>, named: &Reread, lines: &mut Lines) {
    let Some(change) = &record.change else { return };
    match (&change.commit_origin, said.commit()) {
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

fn baseline(record: &Record, standing: &Standing, lines: &mut Lines) {
    let version = &standing.version;
    let Some(signed) = &record.baseline else { return };
    let mut wrong = Vec::new();
    if run_name(version.run_id.as_ref()) != run_name(signed.run_id.as_ref()) {
        let (then, now) = (run_name(signed.run_id.as_ref()), run_name(version.run_id.as_ref()));
        wrong.push(format!("the run of {} was {then} when this was signed, and is {now}", version.number));
    }
    if let Some(why) = unreadable(standing) {
        return lines.add("baseline", super::LineState::Unreadable, format!("not readable: {}", clean_line(why)));
    }
    let said = Provenance::from(standing);
    if said.is_known() {
        wrong.extend(metrics(record, said, drift::baseline));
    }
    lines.all("baseline", wrong, format!("{}, which was in production, is what it was", version.number));
}

/// Differences between the recorded metrics and what stands now, one sentence each.
fn metrics<'r>(
    record: &'r Record,
    said: Provenance<'_>,
    side: impl Fn(&'r MetricFacts) -> drift::Side<'r>,
) -> Vec<String> {
    let now = drift::scores(record, said);
    let shown = |value: Option<MetricValue>| value.map_or_else(|| "absent".to_owned(), |v| v.0.to_string());
    // The scores live as long as this call, the sentences longer.
    let rows: Vec<(&MetricFacts, drift::Side<'r>)> = record.metrics.iter().map(|row| (row, side(row))).collect();
    drift::changed(&rows, &now)
        .into_iter()
        .map(|c| format!("{} was {} when it was signed, and is {}", clean_line(&c.name), shown(c.then), shown(c.now)))
        .collect()
}

fn run_name(id: Option<&RunId>) -> String {
    id.map_or_else(|| "none".to_owned(), ToString::to_string)
}
