//! Metric histories, sampled by the server if it can.
//!
//! The sampling endpoint takes up to 100 runs but is called for one at a time: 2.22 spreads its samples over the steps
//! of *all* named runs, so a short run beside a long one keeps two points, and the URL for 100 runs is too long for it
//! (both measured on 2.22.5). A few parallel requests cost no more.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _};

use super::runs::PARALLEL;
use super::{Mlflow, client, convert, wire};
use crate::adapters::http::{Part, read_pages};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::history::{History, Point, even_sample};
use crate::domain::ids::RunId;
use crate::domain::text::clean_line;

/// The most points the servers sample (measured on 2.22 and 3.17).
const MAX_SAMPLE: usize = 2_500;
/// All possible steps. Sent explicitly, because 2.22 starts at step 0 if nothing is sent.
const EVERY_STEP: (i64, i64) = (i64::MIN, i64::MAX);
/// Most pages that are read if the server cannot sample.
const MAX_PAGES: usize = 80;

/// Points, and whether there are or may be more.
type Sample = (Vec<Point>, bool);

impl Mlflow {
    pub(super) async fn read_histories(
        &self,
        runs: &[RunId],
        metric: &str,
        window: Option<(i64, i64)>,
        max_points: usize,
    ) -> Outcome<Vec<History>> {
        let window = window.map(|(a, b)| (a.min(b), a.max(b)));
        let reads: Vec<_> = runs.iter().map(|run| self.history(run, metric, window, max_points.max(1))).collect();
        futures_util::stream::iter(reads).buffered(PARALLEL).try_collect().await
    }

    async fn history(
        &self,
        run: &RunId,
        metric: &str,
        window: Option<(i64, i64)>,
        max_points: usize,
    ) -> Outcome<History> {
        let question = Question { run, metric };
        let (mut points, mut sampled) = match self.sampled(question, window, max_points).await? {
            Some(sample) => sample,
            None => (self.whole(question, window).await?, false),
        };
        // Without sampling, servers order by time first: a resumed run logs a step twice.
        points.sort_by_key(|p| (p.step, p.at));
        if points.len() > max_points {
            points = even_sample(points.len(), max_points).filter_map(|i| points.get(i).copied()).collect();
            sampled = true;
        }
        Ok(History { run: run.clone(), metric: metric.to_owned(), points, sampled })
    }

    /// None if the server cannot sample.
    async fn sampled(
        &self,
        question: Question<'_>,
        window: Option<(i64, i64)>,
        max_points: usize,
    ) -> Outcome<Option<Sample>> {
        let wide = window.is_none_or(|(from, to)| to.abs_diff(from) >= MAX_SAMPLE as u64);
        // A narrow window is requested in full: unless steps repeat, nothing is left out. Thinning here is even; a
        // sample of a sample would not be, as 3.x drops every second point of one part only.
        let most = if wide { max_points.min(MAX_SAMPLE) } else { MAX_SAMPLE };
        let Some(mut points) = self.sample(question, window.unwrap_or(EVERY_STEP), most).await? else {
            return Ok(None);
        };
        // Exactly as many as requested: there may be more.
        let mut sampled = points.len() >= most;
        if let Some((from, to)) = window
            && wide
            && !sampled
        {
            // 2.22 loses most of a wide window that does not begin at the run's start: of steps 10,000 to 20,000 it
            // returns only the last (measured on 2.22.5). Adds what a sample of the whole run has in the window.
            let whole = self.sample(question, EVERY_STEP, MAX_SAMPLE).await?.unwrap_or_default();
            let known: HashSet<_> = points.iter().map(|p| (p.step, p.at)).collect();
            let inside = |p: &Point| (from..=to).contains(&p.step) && !known.contains(&(p.step, p.at));
            let lost: Vec<Point> = whole.into_iter().filter(inside).collect();
            sampled = !lost.is_empty();
            points.extend(lost);
        }
        Ok(Some((points, sampled)))
    }

    /// About `most` points of these steps at most, spread evenly; none if the server has no such endpoint.
    async fn sample(&self, question: Question<'_>, steps: (i64, i64), most: usize) -> Outcome<Option<Vec<Point>>> {
        let call = client::get("metrics/get-history-bulk-interval", question.what())
            .query("run_ids", question.run.as_str())
            .query("metric_key", question.metric)
            .query("start_step", steps.0.to_string())
            .query("end_step", steps.1.to_string())
            .query("max_results", most.to_string());
        match self.tracking.function::<wire::MetricPage>(call).await {
            Ok(page) => Ok(page.map(|(p, _)| convert::points(p.metrics))),
            // Others return nothing for an unknown run (measured on 2.22 and 3.17).
            Err(f) if f.kind == FailureKind::NotFound => Ok(Some(Vec::new())),
            Err(f) => Err(f),
        }
    }

    /// Every point within the window, page by page, from servers that cannot sample.
    async fn whole(&self, question: Question<'_>, window: Option<(i64, i64)>) -> Outcome<Vec<Point>> {
        let (from, to) = window.unwrap_or(EVERY_STEP);
        let what = question.what();
        let listed = read_pages(Service::Mlflow, &what, MAX_PAGES, |token| {
            let call = client::get("metrics/get-history", &what)
                .query("run_id", question.run.as_str())
                .query("metric_key", question.metric)
                .query("max_results", self.tuning.points_per_page.to_string());
            let call = if token.is_empty() { call } else { call.query("page_token", token) };
            async move {
                let (page, bytes) = self.tracking.sized::<wire::MetricPage>(call).await?;
                let inside = convert::points(page.metrics).into_iter().filter(|p| (from..=to).contains(&p.step));
                Ok(Part::new(inside.collect(), page.next_page_token, bytes))
            }
        });
        match listed.await {
            Ok(listed) if listed.complete => return Ok(listed.items),
            Err(f) if f.kind == FailureKind::NotFound => return Ok(Vec::new()),
            listed => listed.map(drop)?,
        }
        let reason = format!("it has more than {} points", MAX_PAGES.saturating_mul(self.tuning.points_per_page));
        Err(Failure::new(FailureKind::Rejected, Service::Mlflow, what, reason)
            .with_hint("This server cannot sample; newer ones (from 2.4) can."))
    }
}

/// One metric of one run.
#[derive(Clone, Copy)]
struct Question<'a> {
    run: &'a RunId,
    metric: &'a str,
}

impl Question<'_> {
    fn what(self) -> String {
        format!("read the history of {} in run {}", clean_line(self.metric), self.run.short())
    }
}
