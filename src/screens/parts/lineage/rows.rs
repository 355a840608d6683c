//! The tree's rows: the version, its logged model and its run with experiment and data. The code is in
//! [`super::code`].

use std::collections::BTreeSet;

use super::code::code_rows;
use super::road::road_rows;
use super::trail::{Root, Trail};
use super::tree::{Tone, Tree, TreeRow, unread};
use crate::app::effect::Place;
use crate::app::query::Query;
use crate::domain::caution;
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::failure::Failure;
use crate::domain::ids::{ExperimentId, RunId};
use crate::domain::registry::{ModelVersion, Stage, VersionStatus};
use crate::domain::run::Run;
use crate::present::number;
use crate::present::request::request;
use crate::present::time;
use crate::present::version::{self, NO_RUN, run_label};
use crate::screens::parts::Ctx;

/// Nodes unfolded when the tab opens, in addition to the root.
pub(super) const UNFOLDED: [&str; 3] = ["road", "data", "pull request"];
/// Depth of a version's run. A single run is at the top.
const RUN: usize = 1;
/// Every foldable node.
pub(super) const FOLDABLE: [&str; 11] = [
    "road",
    "version",
    "logged model",
    "run",
    "child runs",
    "data",
    "commit",
    "pull request",
    "checks",
    "changes",
    "trained by",
];

/// The whole tree, with the nodes in `open` unfolded.
pub(super) fn rows(root: Root<'_>, open: &BTreeSet<String>, ctx: &Ctx<'_>) -> Vec<TreeRow> {
    let trail = Trail::new(root, ctx);
    let mut tree = Tree::new(open, ctx.zone, ctx.width, if root.facts().is_some() { 0 } else { RUN });
    if let Some(facts) = root.facts() {
        road_rows(&mut tree, &trail, facts, ctx);
        version_rows(&mut tree, facts, ctx);
        logged_model_rows(&mut tree, &trail, facts);
        run_of_version(&mut tree, facts);
    }
    if let Root::Run(run) = root {
        run_rows(&mut tree, run);
    }
    if let Some(run) = root.run() {
        parent_rows(&mut tree, &trail, run, ctx);
        child_rows(&mut tree, &trail, ctx);
    }
    if let Some(experiment) = root.experiment() {
        experiment_rows(&mut tree, &trail, experiment);
        data_rows(&mut tree, root);
    }
    code_rows(&mut tree, &trail, root, ctx);
    tree.rows()
}

fn version_rows(tree: &mut Tree<'_>, facts: &ReviewedFacts, ctx: &Ctx<'_>) {
    let version = &facts.version;
    let stage = match &version.stage {
        Stage::None => "in no stage".to_owned(),
        stage => format!("in {stage}"),
    };
    let value = format!("{}, {stage}, {}", version.number, version.status);
    let row = TreeRow::new("version", value)
        .warn_if(version.status != VersionStatus::Ready)
        .place(Some(Place::Version(version.model.clone(), version.number)))
        .copy(format!("models:/{}/{}", version.model.as_str(), version.number.0));
    if tree.node("version", 0, row, true) {
        if let VersionStatus::Failed(why) = &version.status {
            tree.note(TreeRow::new("status", why).tone(Tone::Warn));
        }
        let aliases = if version.aliases.is_empty() { "none".to_owned() } else { version.aliases.join(", ") };
        tree.note(TreeRow::new("aliases", &aliases).copy(aliases.clone()));
        let by = version.author.as_ref().map(|a| format!(" by {a}")).unwrap_or_default();
        tree.note(TreeRow::new("registered", format!("{}{by}", tree.zone.recorded(version.created_at))));
        tree.note(TreeRow::new("source", &version.source).copy(version.source.clone()));
        request_rows(tree, version, ctx);
    }
    if facts.holders.len() > 1 {
        let holders: Vec<_> = facts.holders.iter().map(ToString::to_string).collect();
        tree.note(
            TreeRow::new("", format!("in {} at once: {}", ctx.rules.promote_to, holders.join(", "))).tone(Tone::Warn),
        );
    }
}

/// Who asked for which stage, on registries that keep such requests.
fn request_rows(tree: &mut Tree<'_>, version: &ModelVersion, ctx: &Ctx<'_>) {
    match ctx.cache.requests(&version.model, version.number) {
        None if ctx.cache.keeps_requests() => tree.note(TreeRow::new("requested", "").tone(Tone::Loading)),
        None => {}
        Some(Err(failure)) => tree.note(TreeRow::new("requested", failure.sentence()).tone(Tone::Unknown)),
        Some(Ok(open)) if open.is_empty() => {
            tree.note(TreeRow::new("requested", "no open request").tone(Tone::Muted));
        }
        Some(Ok(open)) => {
            tree.list(
                "requested",
                open.iter().map(|r| TreeRow::new("", request(r, ctx.now.read())).copy(r.comment.clone())),
            );
        }
    }
}

fn logged_model_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, facts: &ReviewedFacts) {
    let Some(part) = trail.logged_model() else { return };
    let id = facts.version.source.trim_start_matches("models:/");
    let experiment = Root::Version(facts).experiment().or_else(|| part.known?.experiment.as_ref());
    let place = experiment.map(|experiment| Place::LoggedModel(experiment.clone(), id.to_owned()));
    let row = |value: String| TreeRow::new("logged model", value).copy(id).place(place.clone());
    let Some(model) = part.known else {
        unread(tree, "logged model", 1, row(id.to_owned()), part.failure.map(Failure::sentence));
        return;
    };
    let status = model.status.trim_start_matches("LOGGED_MODEL_").to_lowercase();
    let ready = status == "ready";
    if tree.node("logged model", 1, row(format!("{id}, {status}")).warn_if(!ready), true) {
        tree.note(TreeRow::new("name", &model.name).copy(model.name.clone()));
        let by = model.source_run.as_ref().map_or("not recorded", RunId::as_str);
        let row = TreeRow::new("logged by run", by).copy(by);
        tree.note(if let Some(run) = &model.source_run { row.run(run) } else { row });
    }
    if let Some((logged_by, note)) = caution::other_run(model, &facts.version) {
        tree.note(TreeRow::new("", note).tone(Tone::Warn).run(logged_by).copy(logged_by.as_str()));
    }
    tree.stale(part.failure);
}

fn run_of_version(tree: &mut Tree<'_>, facts: &ReviewedFacts) {
    let row = match &facts.run {
        RunFacts::Known(run) => return run_rows(tree, run),
        RunFacts::NotRecorded => TreeRow::new("run", NO_RUN),
        RunFacts::Unreadable(why) => TreeRow::new("run", why.reason()),
    };
    let row = row.tone(Tone::Unknown);
    tree.node("run", RUN, if let Some(id) = &facts.version.run_id { row.copy(id.as_str()) } else { row }, false);
}

fn run_rows(tree: &mut Tree<'_>, run: &Run) {
    let took = match (run.started_at, run.ended_at) {
        (Some(from), Some(to)) => format!(" in {}", time::between(from, to)),
        _ => String::new(),
    };
    let by = run.user.as_ref().map(|u| format!(", by {u}")).unwrap_or_default();
    let value = format!("{}, {}{took}{by}", run_label(run), version::run_word(run));
    let row = TreeRow::new("run", value)
        .tone(run_tone(run))
        .place(Some(Place::Run(run.experiment.clone(), run.id.clone())))
        .copy(run.id.as_str())
        .run(&run.id);
    if tree.node("run", RUN, row, true) {
        tree.note(TreeRow::new("id", run.id.as_str()));
        tree.note(TreeRow::new("user", run.user.as_deref().unwrap_or("not recorded")));
        tree.note(TreeRow::new("started", tree.zone.recorded(run.started_at)));
        tree.note(TreeRow::new("ended", tree.zone.recorded(run.ended_at)));
        tree.note(TreeRow::new("started from", run.tags.text("mlflow.source.name").unwrap_or("not recorded")));
    }
}

fn parent_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, run: &Run, ctx: &Ctx<'_>) {
    let Some(id) = trail.parent() else { return };
    let place = Some(Place::Run(run.experiment.clone(), id.clone()));
    let row = |value: String| TreeRow::new("parent run", value).place(place.clone()).copy(id.as_str()).run(&id);
    let failure = ctx.cache.run_failure(&id);
    match (ctx.cache.run(&id), failure) {
        (Some(Some(parent)), _) => {
            let row = row(format!("{}, {}", run_label(parent), version::run_word(parent))).tone(run_tone(parent));
            tree.node("parent run", 2, row, false);
            tree.stale(failure);
        }
        (Some(None), _) => {
            let why = format!("{}: no such run, or permission denied", id.short());
            tree.node("parent run", 2, row(why).tone(Tone::Unknown), false);
        }
        (None, failure) => unread(tree, "parent run", 2, row(id.short()), failure.map(Failure::sentence)),
    }
}

fn child_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, ctx: &Ctx<'_>) {
    let Some(search) = trail.children() else { return };
    let failure = ctx.cache.failure(&Query::SearchRuns { search: search.clone() });
    let Some(found) = ctx.cache.found_runs(&search).filter(|f| f.list.read_at.is_some()) else {
        return unread(tree, "child runs", 2, TreeRow::new("child runs", ""), failure.map(Failure::sentence));
    };
    let (children, more) = (&found.list.items, found.list.has_more());
    let count = match (children.len(), more) {
        (0, _) => "none".to_owned(),
        (n, false) => n.to_string(),
        (n, true) => format!("{n}, and more on the server"),
    };
    let failed = children.iter().filter(|c| c.status == "FAILED").count();
    let word = if failed > 0 { format!("{count}; {failed} of them failed") } else { count };
    let row = TreeRow::new("child runs", word).tone(if children.is_empty() { Tone::Muted } else { Tone::Plain });
    if tree.node("child runs", 2, row, !children.is_empty()) {
        tree.list(
            "",
            children.iter().map(|child| {
                TreeRow::new("", format!("{}, {}", run_label(child), version::run_word(child)))
                    .tone(run_tone(child))
                    .place(Some(Place::Run(child.experiment.clone(), child.id.clone())))
                    .copy(child.id.as_str())
                    .run(&child.id)
            }),
        );
        if more {
            tree.note(TreeRow::new("", "the server has more than these").tone(Tone::Muted));
        }
    }
    tree.stale(failure);
}

fn experiment_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, experiment: &ExperimentId) {
    let Some(part) = trail.experiment() else { return };
    let id = experiment.as_str();
    let row = |value: String| TreeRow::new("experiment", value).place(Some(Place::Experiment(experiment.clone())));
    match part.known {
        Some(found) => {
            let word = if found.deleted { ", deleted" } else { "" };
            let row = row(format!("{} (id {id}){word}", found.name)).copy(found.name.clone());
            tree.node("experiment", 2, row.warn_if(found.deleted), false);
            tree.stale(part.failure);
        }
        None => unread(tree, "experiment", 2, row(format!("id {id}")).copy(id), part.failure.map(Failure::sentence)),
    }
}

fn data_rows(tree: &mut Tree<'_>, root: Root<'_>) {
    let datasets = root.said().datasets();
    let (none, one) = match root.run() {
        Some(_) => ("the run recorded no data", "input"),
        None => ("the model was measured on no data that MLflow knows", "data set"),
    };
    if datasets.is_empty() {
        tree.node("data", 2, TreeRow::new("data", none).tone(Tone::Unknown), false);
        return;
    }
    let place = root.run().map(|run| Place::Run(run.experiment.clone(), run.id.clone()));
    let row = TreeRow::new("data", number::count(datasets.len() as u64, one)).place(place);
    if tree.node("data", 2, row, true) {
        for data in &datasets {
            let row = TreeRow::new("", version::dataset(data)).copy(data.digest.clone());
            tree.list(data.context.as_deref().unwrap_or("input"), [row]);
        }
    }
}

fn run_tone(run: &Run) -> Tone {
    version::run_mark(run).map_or(Tone::Warn, Tone::from)
}
