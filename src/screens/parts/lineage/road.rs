//! The road of a version, every step from the pull request to deployment: made of what the tree has read, and of the
//! decisions and the deployment.

use super::trail::{Root, Trail};
use super::tree::{Tone, Tree, TreeRow};
use crate::app::effect::Place;
use crate::app::query::Query;
use crate::domain::event::id;
use crate::domain::facts::ReviewedFacts;
use crate::domain::ids::{RepoSlug, TagName};
use crate::domain::job::JobRun;
use crate::domain::road::{Known, Pages, Part, RoadStep, StepState, decisions_on, released, road};
use crate::present::time::Zone;
use crate::screens::parts::Ctx;

/// What is asked for besides the tree's own questions.
pub(super) fn questions(trail: &Trail<'_>, facts: &ReviewedFacts, ctx: &Ctx<'_>) -> Vec<Query> {
    let mut questions = vec![log_query(facts), arrival_query(facts, ctx)];
    let release = release(trail, facts, ctx);
    questions.extend(release.map(|(repo, tag)| Query::Deployment { repo, tag }));
    questions
}

fn arrival_query(facts: &ReviewedFacts, ctx: &Ctx<'_>) -> Query {
    Query::Notified { event: id::arrival(&ctx.home(), &facts.version) }
}

fn log_query(facts: &ReviewedFacts) -> Query {
    Query::Log { model: Some(facts.version.model.clone()) }
}

/// The release that put the version into production, as far as the decisions were read.
fn release(trail: &Trail<'_>, facts: &ReviewedFacts, ctx: &Ctx<'_>) -> Option<(RepoSlug, TagName)> {
    let log = ctx.cache.log(Some(facts.version.model.clone()))?;
    let Part::Known(decisions) = decisions_on(log, &facts.version) else { return None };
    released(&decisions, trail.origin.as_ref().ok().map(|origin| &origin.repo))
}

/// The node of the road and a row for each step.
pub(super) fn road_rows(tree: &mut Tree<'_>, trail: &Trail<'_>, facts: &ReviewedFacts, ctx: &Ctx<'_>) {
    let release = release(trail, facts, ctx);
    let steps = road(&known(trail, facts, release.as_ref(), ctx));
    let done = steps.iter().filter(|step| step.state == StepState::Done).count();
    let row = TreeRow::new("road", format!("{done} of {} steps", steps.len()));
    if tree.node("road", 0, row, true) {
        for step in steps {
            tree.note(step_row(step, facts, release.as_ref(), ctx.zone));
        }
    }
}

fn known<'a>(
    trail: &'a Trail<'a>,
    facts: &'a ReviewedFacts,
    release: Option<&(RepoSlug, TagName)>,
    ctx: &Ctx<'a>,
) -> Known<'a> {
    let cache = ctx.cache;
    let no_commit = match (&trail.origin, trail.origin_commit()) {
        (Err(failure), _) => Some(failure),
        (Ok(_), Some(part)) if part.known.is_none() => part.failure,
        (Ok(_), _) => None,
    };
    let training = match (&trail.training, trail.workflow()) {
        (Err(failure), _) => Part::Unread(failure),
        (Ok(Some(claim)), Some(part)) => part.read(|run| Some((&claim.repo, run))),
        (Ok(_), _) => Part::Known(None),
    };
    let decisions = match (cache.log(Some(facts.version.model.clone())), cache.failure(&log_query(facts))) {
        (Some(log), _) => decisions_on(log, &facts.version),
        (None, Some(failure)) => Part::Unread(failure),
        (None, None) => Part::Underway,
    };
    let event = id::arrival(&ctx.home(), &facts.version);
    let notified = match (cache.notified(&event), cache.failure(&Query::Notified { event: event.clone() })) {
        (Some(told), _) => Part::Known(told.as_ref()),
        (None, Some(failure)) => Part::Unread(failure),
        (None, None) => Part::Underway,
    };
    let deployed = release.map(|(repo, tag)| {
        let query = Query::Deployment { repo: repo.clone(), tag: tag.clone() };
        match (cache.deployment(repo, tag), cache.failure(&query)) {
            (Some(runs), _) => Part::Known(runs.as_ref()),
            (None, Some(failure)) => Part::Unread(failure),
            (None, None) => Part::Underway,
        }
    });
    Known {
        version: &facts.version,
        said: Root::Version(facts).said(),
        pull_request: match (no_commit, trail.pull_request()) {
            (Some(failure), _) => Part::Unread(failure),
            (None, Some(part)) => part.read(Option::as_ref),
            (None, None) => Part::Underway,
        },
        checks: match (no_commit, trail.checks()) {
            (Some(failure), _) => Part::Unread(failure),
            (None, Some(part)) => part.read(Vec::as_slice),
            (None, None) => Part::Underway,
        },
        training,
        notified,
        decisions,
        deployed,
        pages: Pages::default(),
    }
}

fn step_row(step: RoadStep, facts: &ReviewedFacts, release: Option<&(RepoSlug, TagName)>, zone: Zone<'_>) -> TreeRow {
    let at = step.at.map(|at| format!(", {}", zone.minute(at))).unwrap_or_default();
    let tone = match step.state {
        StepState::Done => Tone::Good,
        StepState::Failed => Tone::Bad,
        StepState::Missing => Tone::Missing,
        StepState::Unknown => Tone::Unknown,
        StepState::Underway => Tone::Loading,
    };
    let said = Root::Version(facts).said();
    let page = match (step.step, step.url) {
        (_, Some(url)) => Some(Place::Url(url)),
        ("registered", None) => Some(Place::Version(facts.version.model.clone(), facts.version.number)),
        ("tagged", None) if step.state == StepState::Done => {
            release.map(|(repo, tag)| Place::Tag(repo.clone(), tag.clone()))
        }
        ("trained", None) => match (JobRun::of(said), said.run) {
            (Some(job), _) => Some(Place::Job(job)),
            (None, run) => run.map(|run| Place::Run(run.experiment.clone(), run.id.clone())),
        },
        _ => None,
    };
    let row = TreeRow::new(step.step, format!("{}{at}", step.what)).tone(tone).place(page);
    match (step.step, said.run) {
        ("trained", Some(run)) => row.run(&run.id),
        _ => row,
    }
}
