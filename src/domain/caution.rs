//! What a reviewer has to know about a version before any number is read: one sentence each, for the first screen, the
//! plan and the command line.

use super::compare::{Directions, MetricRow, Side, compare};
use super::evidence::Evidence;
use super::facts::{LoggedFacts, ReviewedFacts, RunFacts};
use super::ids::{RepoSlug, RunId};
use super::logged::LoggedModel;
use super::provenance::Provenance;
use super::registry::ModelVersion;
use super::text::{clean_line, shorten};

/// Most metrics named in one sentence.
const NAMED: usize = 2;

/// One thing to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caution {
    /// What it is about, in one word: `run`, `code`, `metrics`, `data`.
    pub about: &'static str,
    pub text: String,
}

/// Everything to know about the version of these facts.
pub fn cautions(facts: &ReviewedFacts, directions: &Directions) -> Vec<Caution> {
    let mut out: Vec<Caution> = Vec::new();
    let mut say = |about, text: Option<String>| out.extend(text.map(|text| Caution { about, text }));
    say("run", run(facts));
    let said = Provenance::from(facts);
    if said.is_dirty() == Some(true) {
        say("code", Some("the checkout it was trained from had changes that were not committed".to_owned()));
    }
    let short = |id: &str| id.chars().take(7).collect::<String>();
    say(
        "code",
        said.two_commits().map(|(model, run)| {
            format!("the model names the commit {}, its run {}: the model's counts", short(model), short(run))
        }),
    );
    say("metrics", one_run(facts));
    if let Some(LoggedFacts::Unreadable(why)) = &facts.logged {
        say("metrics", Some(format!("what MLflow says of the model itself is not readable: {why}")));
    }
    if facts.logged.is_some() || facts.baseline.as_ref().is_some_and(|b| b.logged.is_some()) {
        let rows = compare(Side::from(facts), facts.baseline.as_ref().map(Side::from), directions).metrics;
        say("metrics", model_and_run(&rows));
        say("data", other_data(&rows, facts));
    }
    out
}

/// Everything to know about the code of a version, as far as it was read.
pub fn code_cautions(evidence: &Evidence) -> Vec<Caution> {
    let (facts, code) = (&evidence.facts, &evidence.code);
    let mut out: Vec<Caution> = Vec::new();
    let mut say = |about, text: Option<String>| out.extend(text.map(|text| Caution { about, text }));
    if let Ok(source) = &code.source {
        say("code", other_repository(Provenance::from(facts), &source.repo));
        let training = code.training.as_ref().ok().and_then(Option::as_ref);
        say(
            "code",
            training.and_then(|t| trained_elsewhere(&t.repo, &source.repo)).map(|text| format!("training {text}")),
        );
    }
    let changes = code.changes.as_ref().ok().and_then(Option::as_ref);
    say("code", changes.and_then(|changes| changes.change.behind(changes.baseline)));
    if let Some(LoggedFacts::Known(model)) = &facts.logged {
        say("run", other_run(model, &facts.version).map(|(_, text)| format!("the model was {text}")));
    }
    out
}

/// The run came from another repository than the one its commit is looked up in.
pub fn other_repository(said: Provenance<'_>, repo: &RepoSlug) -> Option<String> {
    let (host, named) = said.repo_url().and_then(RepoSlug::from_remote_url)?;
    (named != *repo).then(|| format!("looked for in {repo}, but the run names another repository: {host}/{named}"))
}

/// The workflow that trained it is not where its code is.
pub fn trained_elsewhere(workflow: &RepoSlug, code: &RepoSlug) -> Option<String> {
    (workflow != code).then(|| format!("ran in {workflow}, the code is in {code}"))
}

/// The run that logged the model, if the version names another.
pub fn other_run<'a>(model: &'a LoggedModel, version: &ModelVersion) -> Option<(&'a RunId, String)> {
    let (logged_by, named) = (model.source_run.as_ref()?, version.run_id.as_ref()?);
    let said = || format!("logged by another run than the version names: {}", logged_by.as_str());
    (logged_by != named).then(|| (logged_by, said()))
}

/// What is wrong with the training run; none if it ended well or is not named.
fn run(facts: &ReviewedFacts) -> Option<String> {
    match &facts.run {
        RunFacts::Known(run) if run.deleted => Some("the training run was deleted".to_owned()),
        RunFacts::Known(run) if !run.is_finished() => Some(format!("the training run is {}", clean_line(&run.status))),
        RunFacts::Known(_) | RunFacts::NotRecorded | RunFacts::Unreadable(_) => None,
    }
}

/// Candidate and baseline come from one run.
fn one_run(facts: &ReviewedFacts) -> Option<String> {
    let baseline = &facts.baseline.as_ref()?.version;
    let (new, old) = (facts.version.number, baseline.number);
    facts.version.run_id.as_ref().filter(|id| baseline.run_id.as_ref() == Some(id))?;
    Some(match facts.version.source == baseline.source {
        true => format!("{new} and {old} are one model of one run, registered twice"),
        false => format!("{new} and {old} come from one run: what only the run says is the same for both"),
    })
}

/// Metrics of the candidate where the model and its run differ.
fn model_and_run(rows: &[MetricRow]) -> Option<String> {
    let differing: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let origin = row.new_origin.as_ref()?;
            Some((row, row.new?, origin.of, origin.other?))
        })
        .collect();
    let (_, _, of, _) = *differing.first()?;
    let one = |(row, value, _, other): &(&MetricRow, _, _, _)| format!("{} {value}, not {other}", name(row));
    let list = named(differing.iter().map(one).collect());
    Some(format!("{} has other values than {}, and counts: {list}", of.words(), of.other().words()))
}

/// Metrics that were measured on other data than the baseline's.
fn other_data(rows: &[MetricRow], facts: &ReviewedFacts) -> Option<String> {
    let old = facts.baseline.as_ref()?.version.number;
    let one = |row: &MetricRow| {
        let data = |origin: &Option<super::score::MetricOrigin>| origin.as_ref()?.data.clone();
        let (before, now) = data(&row.old_origin).zip(data(&row.new_origin)).filter(|(before, now)| before != now)?;
        let which = match before.name == now.name {
            true => format!("{} {}, not {}", now.name, now.digest, before.digest),
            false => format!("{}, not {}", now.name, before.name),
        };
        Some(format!("{} on {which}", name(row)))
    };
    let list: Vec<String> = rows.iter().filter_map(one).collect();
    (!list.is_empty()).then(|| format!("not measured on the data of {old}: {}", named(list)))
}

fn name(row: &MetricRow) -> String {
    shorten(&clean_line(&row.name), 40)
}

fn named(mut list: Vec<String>) -> String {
    let more = list.len().saturating_sub(NAMED);
    list.truncate(NAMED);
    let list = list.join("; ");
    if more == 0 { list } else { format!("{list}; and {more} more") }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::logged::{DataRef, LoggedModel, ModelMetric};
    use crate::domain::promotion::samples;
    use crate::domain::run::MetricValue;

    fn said(facts: &ReviewedFacts) -> Vec<String> {
        cautions(facts, &Directions::default()).into_iter().map(|c| format!("{}: {}", c.about, c.text)).collect()
    }

    fn logged(auc: f64, data: &str) -> Option<LoggedFacts> {
        let data = Some(DataRef { name: data.into(), digest: "d".into() });
        let metric = ModelMetric { name: "auc".into(), value: MetricValue(auc), step: 0, at: None, run: None, data };
        Some(LoggedFacts::Known(Box::new(LoggedModel { metrics: vec![metric], ..LoggedModel::default() })))
    }

    #[test]
    fn a_version_without_surprises_has_none() {
        assert_eq!(said(&samples::facts()), Vec::<String>::new());
    }

    #[test]
    fn how_the_run_ended_and_what_it_was_trained_from_is_said() {
        for status in ["RUNNING", "FAILED", "KILLED"] {
            let mut facts = samples::facts();
            let RunFacts::Known(run) = &mut facts.run else { unreachable!() };
            run.status = status.into();
            run.tags.insert("mlflow.source.git.dirty", "true");
            let dirty = "code: the checkout it was trained from had changes that were not committed";
            assert_eq!(said(&facts), [format!("run: the training run is {status}"), dirty.to_owned()]);
        }
    }

    #[test]
    fn checkpoints_of_one_run_are_told_apart_and_so_are_their_data() {
        let mut facts = samples::facts();
        facts.logged = logged(0.6, "holdout-09");
        let base = facts.baseline.as_mut().unwrap();
        base.version.run_id = facts.version.run_id.clone();
        base.logged = logged(0.7, "holdout-08");
        assert_eq!(
            said(&facts),
            [
                "metrics: v42 and v39 come from one run: what only the run says is the same for both",
                "metrics: the model has other values than its run, and counts: auc 0.6, not 0.914",
                "data: not measured on the data of v39: auc on holdout-09, not holdout-08",
            ]
        );
    }
}
