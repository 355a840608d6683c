//! What did a job print? The whole log, from its end.

pub mod view;

use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::domain::ids::RepoSlug;
use crate::domain::job_log::JobLog as Log;
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct JobLog {
    repo: RepoSlug,
    job: u64,
    name: String,
    /// The first visible line; none until the user moves: the end is what one comes for.
    offset: Option<usize>,
}

impl JobLog {
    pub fn new(repo: RepoSlug, job: u64, name: String) -> Self {
        Self { repo, job, name, offset: None }
    }

    fn query(&self) -> Query {
        Query::JobLog { repo: self.repo.clone(), job: self.job }
    }

    fn log<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a Log> {
        ctx.cache.job_log(&self.repo, self.job).map(AsRef::as_ref)
    }
}

impl Component for JobLog {
    fn heading(&self) -> &'static str {
        "log of a job"
    }

    fn contexts(&self) -> &'static [Context] {
        &[Context::Log, Context::Global]
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Help, PageUp, Refresh, Top};
        &[PageUp, Top, Refresh, Back, Help]
    }

    fn needs(&self, _: &Ctx<'_>) -> Vec<Query> {
        vec![self.query()]
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let rows = ctx.rows(0);
        let most = self.lines(ctx).len().saturating_sub(rows);
        let page = rows.saturating_sub(1).max(1);
        let at = self.offset.unwrap_or(most).min(most);
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        let to = match action {
            Action::Up => at.saturating_sub(1),
            Action::Down => at + 1,
            Action::PageUp => at.saturating_sub(page),
            Action::PageDown => at + page,
            Action::Top => 0,
            Action::Bottom => most,
            Action::Refresh => return Response::refresh(vec![self.query()]),
            other => return Response::pass(other),
        };
        self.offset = Some(to.min(most));
        Response::none()
    }
}
