//! What is true on each server after a failure, and the end of the failed job's log.

use jiff::Timestamp;

use crate::app::query::Query;
use crate::domain::cd::CdOutcome;
use crate::domain::job_log::LogLine;
use crate::domain::promotion::{Observation, SagaState};
use crate::present::{Mark, Symbols, promotion};
use crate::screens::parts::Ctx;
use crate::screens::promotion::aftermath;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// Columns of the names of the servers.
const NAME: usize = 8;

/// The section, wrapped to `width`; `most` lines of the log.
pub(super) fn lines(state: &SagaState, width: usize, most: usize, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let symbols = skin.symbols();
    let (found, read, now) = found(state, ctx);
    let mut lines = vec![Phrase::of(Role::Heading, " WHAT IS TRUE NOW").add(Role::Muted, format!("   {read}"))];
    let mut row = |mark: Phrase<'static>, name: &str, said: Phrase<'static>| {
        let head = Phrase::new("  ").join(mark).add(Role::Muted, format!(" {name:<NAME$} "));
        lines.extend(head.join(said).wrap(width, 5 + NAME));
    };
    for (name, said, as_meant) in promotion::now(found, state) {
        match now {
            Known::Now => row(Mark::from(as_meant).phrase(symbols), name, Phrase::new(said)),
            Known::Reading => row(Phrase::of(Role::Muted, symbols.ellipsis), name, Phrase::of(Role::Stale, said)),
            Known::Not => row(Mark::Unknown.phrase(symbols), name, Phrase::of(Role::Stale, said)),
        }
    }
    if let Some((mark, said)) = cd(state, ctx, symbols) {
        row(mark.phrase(symbols), "CD", said);
    }
    // A line of a log is not wrapped: it would push the others out.
    lines.extend(log(state, most, ctx).into_iter().map(|line| line.fit(width, symbols.ellipsis)));
    lines
}

/// Whether what was seen is still so.
#[derive(Clone, Copy)]
enum Known {
    Now,
    /// It is read again, and may be another by now.
    Reading,
    /// It was changed since, and cannot be read.
    Not,
}

/// The newest observations, and how new they are.
fn found<'a>(state: &'a SagaState, ctx: &Ctx<'a>) -> (&'a [Observation], String, Known) {
    let query = Query::Truth { promotion: state.plan.id };
    let slot = ctx.cache.slot(&query);
    let read_at = slot.and_then(|slot| slot.read_at);
    let failed = slot.and_then(|slot| slot.failure.as_ref());
    let seen = |at: Timestamp| format!("as seen at {}", ctx.zone.minute(at));
    let overtaken = ctx.cache.is_overtaken(&query);
    let unread = if overtaken { Known::Not } else { Known::Now };
    match (ctx.cache.truth(state.plan.id), read_at, failed) {
        (Some(now), Some(_), None) if overtaken => (now, "reading …".to_owned(), Known::Reading),
        (Some(now), Some(at), None) => (now, format!("read {}", ctx.zone.clock(at)), Known::Now),
        (Some(now), Some(at), Some(_)) => (now, format!("{}; it cannot be read now", seen(at)), unread),
        (_, _, Some(_)) => (journaled(state), format!("{}; it cannot be read now", seen(state.updated_at)), unread),
        _ => (journaled(state), "reading …".to_owned(), Known::Reading),
    }
}

/// What the journal says was seen last.
fn journaled(state: &SagaState) -> &[Observation] {
    match &state.paused {
        Some((_, found)) if !found.is_empty() => found,
        _ => &state.truth,
    }
}

fn cd(state: &SagaState, ctx: &Ctx<'_>, symbols: &Symbols) -> Option<(Mark, Phrase<'static>)> {
    let outcome = state.cd.as_ref()?;
    let CdOutcome::Run(runs) = outcome else {
        let mark = if promotion::cd_failed(Some(outcome)) { Mark::Block } else { Mark::Note };
        return Some((mark, Phrase::new(promotion::cd(outcome))));
    };
    let mark = match (runs.succeeded(), runs.is_final()) {
        (true, _) => Mark::Pass,
        (false, true) => Mark::Block,
        (false, false) => Mark::Note,
    };
    let jobs = ctx.cache.jobs(&state.plan.draft.repo, runs.decides.id);
    let said = jobs.into_iter().flatten().fold(Phrase::new(promotion::cd(outcome)), |line, job| {
        let (symbol, role) = promotion::job_mark(&job.state, symbols);
        line.text("  ").add(role, symbol).text(format!(" {}", job.name))
    });
    Some((mark, said))
}

/// The end of the failed job's log, with a heading.
fn log(state: &SagaState, most: usize, ctx: &Ctx<'_>) -> Vec<Phrase<'static>> {
    let Some((repo, job)) = aftermath::failed_job(state, ctx) else { return Vec::new() };
    let query = Query::JobLog { repo: repo.clone(), job: job.id };
    let muted = |text: String| vec![Phrase::of(Role::Muted, text)];
    if let Some(failure) = ctx.cache.failure(&query) {
        return muted(format!("    {}: its log cannot be read: {}", job.name, failure.reason));
    }
    let Some(log) = ctx.cache.job_log(repo, job.id) else {
        return muted(format!("    {}: reading its log …", job.name));
    };
    let mut lines = muted(format!("    {}, the end of its log", job.name));
    let line = |line: &LogLine| {
        let role = if line.error { Role::Bad } else { Role::Text };
        Phrase::of(Role::Muted, "    > ").add(role, line.text.clone())
    };
    lines.extend(log.end(most).iter().map(line));
    lines
}
