//! The rows of one run, tab by tab.

use std::collections::HashSet;

use crate::app::effect::Place;
use crate::domain::fold::{Fold, LEAST, fold};
use crate::domain::registry::Tags;
use crate::domain::run::{MetricPoint, Run};
use crate::domain::text::clean_line;
use crate::screens::parts::view::span;

/// One row.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Between sections.
    Gap,
    /// The name of a section.
    Heading(&'static str),
    /// Metrics that begin alike.
    Group {
        /// What they begin with.
        prefix: String,
        /// How many they are.
        count: usize,
        /// They follow.
        open: bool,
    },
    /// A metric.
    Metric {
        /// Its name, raw.
        name: String,
        /// Its latest point.
        point: MetricPoint,
        /// It belongs to an open group.
        inside: bool,
    },
    /// A param, tag or fact.
    Text {
        /// Its name, raw.
        name: String,
        /// What it says, raw.
        value: String,
        /// Where one can go from it.
        place: Option<Place>,
        /// It is not as it should be.
        warn: bool,
    },
    /// A line of a long text.
    Line(String),
}

/// The run's metrics, those that begin alike folded.
#[must_use]
pub fn metrics(run: &Run, open: &HashSet<String>) -> Vec<Row> {
    let names: Vec<&str> = run.metrics.keys().map(String::as_str).collect();
    let points: Vec<MetricPoint> = run.metrics.values().copied().collect();
    let metric = |i: usize, inside| Row::Metric { name: names[i].to_owned(), point: points[i], inside };
    let mut rows = Vec::new();
    for part in fold(&names, LEAST) {
        match part {
            Fold::One(i) => rows.push(metric(i, false)),
            Fold::Many { prefix, members } => {
                let open = open.contains(&prefix);
                rows.push(Row::Group { prefix, count: members.len(), open });
                rows.extend(members.into_iter().filter(|_| open).map(|i| metric(i, true)));
            }
        }
    }
    rows
}

/// Params or tags. Those in `open` are followed by their whole value, wrapped to `width`.
#[must_use]
pub fn texts(items: &Tags, open: &HashSet<String>, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, value) in items {
        rows.push(Row::Text { name: name.clone(), value: value.clone(), place: None, warn: false });
        if open.contains(name) {
            let whole = clean_line(value);
            rows.extend(crate::ui::text::wrap(&whole, width.max(20)).into_iter().map(Row::Line));
        }
    }
    rows
}

/// What a run belongs to; none where it is on its way, a sentence where it cannot be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Kin {
    /// Name of its experiment.
    pub experiment: Option<Result<String, String>>,
    /// How many runs are a part of it, and whether the server has more.
    pub children: Option<Result<(usize, bool), String>>,
    /// What its parent is called, if it has one and that was read.
    pub parent: Option<String>,
}

/// What is known of the run besides.
#[must_use]
pub fn facts(run: &Run, kin: &Kin) -> Vec<Row> {
    let mut rows = vec![Row::Heading("RUN")];
    let here = Some(Place::Run(run.experiment.clone(), run.id.clone()));
    let mut fact = |name: &str, value: &str, place: Option<Place>, warn: bool| {
        rows.push(Row::Text { name: name.to_owned(), value: value.to_owned(), place, warn });
    };
    fact("run", run.id.as_str(), here, false);
    fact("name", &run.name, None, false);
    let id = run.experiment.as_str();
    match &kin.experiment {
        None => fact("experiment", &format!("id {id} …"), None, false),
        Some(Ok(name)) => fact("experiment", &format!("{name} (id {id})"), None, false),
        Some(Err(why)) => fact("experiment", &format!("id {id}; {why}"), None, true),
    }
    let status = if run.deleted { format!("{}, deleted", run.status) } else { run.status.clone() };
    fact("status", &status, None, run.deleted || run.status == "FAILED");
    fact("user", run.user.as_deref().unwrap_or("not recorded"), None, false);
    fact("started", &time(run.started_at), None, false);
    fact("ended", &time(run.ended_at), None, false);
    if let (Some(from), Some(to)) = (run.started_at, run.ended_at) {
        fact("took", &span(to.as_millisecond() - from.as_millisecond()), None, false);
    }
    if let Some(parent) = run.parent() {
        let name = kin.parent.as_ref().map(|name| format!("{name}  ")).unwrap_or_default();
        let place = Some(Place::Run(run.experiment.clone(), parent.clone()));
        fact("part of", &format!("{name}{}", parent.as_str()), place, false);
    }
    match &kin.children {
        None => fact("child runs", "…", None, false),
        Some(Ok((0, _))) => fact("child runs", "none", None, false),
        Some(Ok((n, more))) => fact("child runs", &format!("{n}{}", if *more { "+" } else { "" }), None, false),
        Some(Err(why)) => fact("child runs", why, None, true),
    }
    rows.extend([Row::Gap, Row::Heading("CODE")]);
    let mut fact = |name: &str, value: Option<&str>| {
        let value = value.unwrap_or("not recorded").to_owned();
        rows.push(Row::Text { name: name.to_owned(), value, place: None, warn: false });
    };
    fact("commit", run.source_commit());
    fact("branch", run.source_branch());
    fact("started from", run.tags.get("mlflow.source.name").map(String::as_str));
    rows.extend([Row::Gap, Row::Heading("DATA")]);
    for data in &run.datasets {
        let count = data.rows.map(|r| format!("  {r} rows")).unwrap_or_default();
        rows.push(Row::Text {
            name: data.context.clone().unwrap_or_else(|| "data".to_owned()),
            value: format!("{}  {}{count}", data.name, data.digest),
            place: None,
            warn: false,
        });
    }
    if run.datasets.is_empty() {
        rows.push(Row::Line("none recorded".to_owned()));
    }
    rows
}

fn time(at: Option<jiff::Timestamp>) -> String {
    at.map_or_else(|| "not recorded".to_owned(), |t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
