//! The rows of the diff: sections, folded groups, metrics, texts, and messages where there is nothing to compare.

use std::collections::HashSet;

use super::against::Held;
use crate::domain::artifact::Signature;
use crate::domain::compare::data::data_rows;
use crate::domain::compare::note::{self, Note};
use crate::domain::compare::signature::field_rows;
use crate::domain::compare::{
    Change, Comparison, Directions, MetricRow, Side, TextRow, by_size, compare, compare_runs,
};
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts};
use crate::domain::failure::Failure;
use crate::domain::fold::{Fold, LEAST, fold};
use crate::domain::provenance::Provenance;
use crate::domain::run::MetricValue;
use crate::domain::text::clean_line;
use crate::present::compare::{NO_SIGNATURE, Tally};
use crate::present::version::missing_of;
use crate::present::{UNICODE, number};

/// A row of the diff.
#[derive(Clone, Debug, PartialEq)]
pub enum DiffRow {
    /// A blank between sections.
    Gap,
    Section {
        /// The heading.
        title: &'static str,
        /// Counts of changes, whether or not the rows are shown.
        tally: Tally,
        /// Message shown instead of rows that cannot be compared.
        word: Option<&'static str>,
    },
    /// Names with a common prefix.
    Group {
        prefix: String,
        /// Kind of the members: `metrics`, `params`, ...
        noun: &'static str,
        /// Counts of changes.
        tally: Tally,
        /// Whether it is unfolded.
        open: bool,
    },
    Metric {
        row: MetricRow,
        /// Whether it belongs to an open group.
        inside: bool,
    },
    /// What is said about the metric above, or about all.
    Note { text: String, warn: bool },
    /// A param, a tag, or a part of a data set or signature.
    Text {
        /// Both sides, raw.
        row: TextRow,
        /// The numeric difference, if there is one.
        figure: Option<String>,
        /// Whether it belongs to an open group.
        inside: bool,
    },
    /// A message: loading, or failed.
    Word {
        /// The text, cleaned.
        text: String,
        /// Whether it is a gap: something is missing that should be there.
        warn: bool,
    },
}

impl DiffRow {
    /// Text to copy for this row.
    pub fn copied(&self) -> Option<String> {
        match self {
            Self::Metric { row, .. } => Some(row.new.or(row.old)?.0.to_string()),
            Self::Text { row, .. } => row.new.clone().or_else(|| row.old.clone()),
            Self::Word { text, .. } | Self::Note { text, .. } => Some(text.clone()),
            _ => None,
        }
    }

    /// Whether it is a compared item, not a heading or message.
    /// The text a filter matches against; none for what stands around the rows.
    pub fn text(&self) -> Option<String> {
        let shown = |value: Option<MetricValue>| value.map(|value| value.to_string()).unwrap_or_default();
        match self {
            Self::Metric { row, .. } => {
                let delta = number::delta(row.change, row.delta, &UNICODE);
                Some(format!("{} {} {} {}", clean_line(&row.name), shown(row.old), shown(row.new), delta.plain()))
            }
            Self::Text { row, figure, .. } => {
                let text = |side: &Option<String>| clean_line(side.as_deref().unwrap_or_default());
                let figure = figure.as_deref().unwrap_or_default();
                Some(format!("{} {} {} {figure}", clean_line(&row.name), text(&row.old), text(&row.new)))
            }
            Self::Word { text, .. } => Some(text.clone()),
            Self::Gap | Self::Section { .. } | Self::Group { .. } | Self::Note { .. } => None,
        }
    }

    /// The numbers of a metric, as they are shown.
    pub fn numbers(&self) -> Vec<String> {
        match self {
            Self::Metric { row, .. } => row.old.iter().chain(&row.new).map(ToString::to_string).collect(),
            Self::Gap
            | Self::Section { .. }
            | Self::Group { .. }
            | Self::Text { .. }
            | Self::Note { .. }
            | Self::Word { .. } => Vec::new(),
        }
    }

    pub fn is_item(&self) -> bool {
        matches!(self, Self::Group { .. } | Self::Metric { .. } | Self::Text { .. })
    }
}

/// Display options of the diff.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Show only rows that differ.
    pub differences_only: bool,
    /// Sort by largest change first, instead of by name.
    pub by_size: bool,
    /// Keys of unfolded groups.
    pub open: HashSet<String>,
    /// Every group is unfolded.
    pub all_open: bool,
}

/// Read status of a signature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signed<'a> {
    /// Loading.
    Reading,
    /// Could not be read.
    Failed(&'a Failure),
    /// It was read; none if the model was logged without one.
    Read(Option<&'a Signature>),
    /// The baseline is a run, which has no signature.
    NoVersion,
    /// There is no baseline.
    Nothing,
}

/// Both sides of the diff.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)]
pub struct Sides<'a> {
    pub facts: &'a ReviewedFacts,
    pub held: Held<'a>,
    /// Label of the baseline.
    pub label: &'a str,
    /// The signatures, the baseline's first.
    pub signatures: (Signed<'a>, Signed<'a>),
    /// Whether a rule asks for this metric.
    pub ruled: &'a dyn Fn(&str) -> bool,
}

/// The rows and their keys.
pub fn rows(sides: &Sides<'_>, directions: &Directions, choice: &Choice) -> (Vec<DiffRow>, Vec<String>) {
    let facts = sides.facts;
    let unread = Unread {
        old: matches!(sides.held, Held::Version(_, run, logged) if unread(run, logged)),
        new: unread(&facts.run, facts.logged.as_ref()),
    };
    let labels = (sides.label.to_owned(), facts.version.number.to_string());
    let mut out = Out { rows: Vec::new(), keys: Vec::new(), choice, unread, labels, said_once: false };
    let Comparison { mut metrics, mut params, mut tags } = match sides.held {
        Held::Run(run) => compare_runs(facts.into(), run, directions),
        held => {
            let baseline = held.version().map(|version| Side { version, said: held.said() });
            compare(Side::from(facts), baseline, directions)
        }
    };
    metrics.iter_mut().for_each(|m| m.change = unread.judge(m.change));
    params.iter_mut().chain(&mut tags).for_each(|t| t.change = unread.judge(t.change));
    out.gaps(&facts.version.number.to_string(), &facts.run, facts.logged.as_ref());
    if let Held::Version(version, run, logged) = sides.held {
        out.gaps(&version.number.to_string(), run, logged);
    }
    out.metrics(metrics, sides.ruled);
    out.texts("PARAMS", "params", params);
    out.texts("TAGS", "tags", tags);
    out.signature(sides);
    out.data(sides);
    (out.rows, out.keys)
}

/// Whether values may be missing because run or model were not read, or are not there.
fn unread(run: &RunFacts, logged: Option<&LoggedFacts>) -> bool {
    matches!(logged, Some(LoggedFacts::Unreadable(_))) || (run.known().is_none() && logged.is_none())
}

/// Which sides could not be read in full.
#[derive(Clone, Copy, Debug)]
struct Unread {
    old: bool,
    new: bool,
}

impl Unread {
    /// Values missing because a side could not be read are neither new nor removed.
    fn judge(self, change: Change) -> Change {
        match change {
            Change::Added if self.old => Change::Unknown,
            Change::Removed if self.new => Change::Unknown,
            change => change,
        }
    }
}

struct Out<'c> {
    rows: Vec<DiffRow>,
    keys: Vec<String>,
    choice: &'c Choice,
    unread: Unread,
    /// Of baseline and candidate.
    labels: (String, String),
    /// What is to be said about each metric was said about all.
    said_once: bool,
}

impl Out<'_> {
    /// A row, and below a metric what is said about it.
    fn push_item(&mut self, key: String, row: DiffRow) {
        let labels = (self.labels.0.as_str(), self.labels.1.as_str());
        let note = match &row {
            DiffRow::Metric { row, .. } if !self.said_once => note::note(row, labels),
            _ => None,
        };
        self.push(key.clone(), row);
        if let Some(Note { text, warn }) = note {
            self.push(format!("{key} note"), DiffRow::Note { text, warn });
        }
    }

    fn push(&mut self, key: String, row: DiffRow) {
        self.keys.push(key);
        self.rows.push(row);
    }

    fn is_shown(&self, change: Change) -> bool {
        !self.choice.differences_only || change != Change::Same
    }

    /// Adds a message for what a side lacks to compare.
    fn gaps(&mut self, whose: &str, run: &RunFacts, logged: Option<&LoggedFacts>) {
        for (n, why) in missing_of(run, logged).into_iter().enumerate() {
            let text = clean_line(&format!("{whose}: {why}"));
            self.push(format!("gap {whose} {n}"), DiffRow::Word { text, warn: true });
        }
    }

    fn section(&mut self, title: &'static str, tally: Tally, word: Option<&'static str>) {
        if !self.rows.is_empty() {
            self.push(format!("{title} gap"), DiffRow::Gap);
        }
        self.push(title.to_owned(), DiffRow::Section { title, tally, word });
    }

    /// What a rule asks for and what got worse comes first, and is in no group; by size, the largest change does.
    fn metrics(&mut self, mut metrics: Vec<MetricRow>, ruled: &dyn Fn(&str) -> bool) {
        self.section("METRICS", Tally::of(metrics.iter().map(|m| m.change)), None);
        let labels = (self.labels.0.as_str(), self.labels.1.as_str());
        if let Some(text) = note::common(&metrics, labels) {
            self.said_once = true;
            self.push("METRICS note".to_owned(), DiffRow::Note { text, warn: false });
        }
        let labels = (self.labels.0.clone(), self.labels.1.clone());
        let misleads = |m: &MetricRow| note::note(m, (&labels.0, &labels.1)).is_some_and(|note| note.warn);
        metrics.retain(|m| self.is_shown(m.change) || misleads(m));
        if self.choice.by_size {
            metrics.sort_by(by_size);
        }
        let is_first = |m: &MetricRow| !self.choice.by_size && (ruled(&m.name) || m.change == Change::Worse);
        let (first, rest): (Vec<MetricRow>, Vec<MetricRow>) = metrics.into_iter().partition(is_first);
        for row in first {
            self.push_item(format!("METRICS {}", row.name), DiffRow::Metric { row, inside: false });
        }
        let items: Vec<_> = rest
            .into_iter()
            .map(|row| (row.name.clone(), row.change, DiffRow::Metric { row, inside: false }))
            .collect();
        self.folded("METRICS", "metrics", items);
    }

    fn texts(&mut self, title: &'static str, noun: &'static str, mut texts: Vec<TextRow>) {
        self.section(title, Tally::of(texts.iter().map(|t| t.change)), None);
        texts.retain(|t| self.is_shown(t.change));
        if self.choice.by_size {
            // Texts have no measure of distance: they are the same or not.
            texts.sort_by_key(|t| t.change == Change::Same);
        }
        let items: Vec<_> = texts.into_iter().map(|row| (row.name.clone(), row.change, text(row, None))).collect();
        self.folded(title, noun, items);
    }

    /// Rows by name, grouped by common prefix. Sorted by size they are not grouped: the largest change must not hide in
    /// a group.
    fn folded(&mut self, title: &'static str, noun: &'static str, items: Vec<(String, Change, DiffRow)>) {
        let names: Vec<&str> = items.iter().map(|(name, ..)| name.as_str()).collect();
        let least = if self.choice.by_size { usize::MAX } else { LEAST };
        for part in fold(&names, least) {
            match part {
                Fold::One(i) => self.push_item(format!("{title} {}", items[i].0), items[i].2.clone()),
                Fold::Many { prefix, members } => {
                    let key = format!("{title} {prefix}*");
                    let open = self.choice.all_open || self.choice.open.contains(&key);
                    let tally = Tally::of(members.iter().map(|i| items[*i].1));
                    self.push(key, DiffRow::Group { prefix, noun, tally, open });
                    for i in members.into_iter().filter(|_| open) {
                        let (name, _, row) = &items[i];
                        self.push_item(format!("{title} {name}"), inside(row.clone()));
                    }
                }
            }
        }
    }

    fn signature(&mut self, sides: &Sides<'_>) {
        let (old, new) = sides.signatures;
        let candidate = sides.facts.version.number.to_string();
        let gaps: Vec<(String, bool)> =
            [(sides.label, old), (candidate.as_str(), new)].into_iter().filter_map(|(who, s)| gap(who, s)).collect();
        let (rows, comparable) = match (old, new) {
            (Signed::Read(old), Signed::Read(new)) => (field_rows(old, new), true),
            (Signed::Nothing, Signed::Read(new)) => (field_rows(None, new), true),
            // If only the candidate's signature is known, the full view shows it, but not as a difference.
            (_, Signed::Read(new)) if !self.choice.differences_only => (field_rows(new, new), false),
            _ => (Vec::new(), false),
        };
        let tally = if comparable { Tally::of(rows.iter().map(|r| r.change)) } else { Tally::default() };
        self.section("SIGNATURE", tally, (!gaps.is_empty()).then_some(""));
        for (n, (text, warn)) in gaps.into_iter().enumerate() {
            self.push(format!("SIGNATURE gap {n}"), DiffRow::Word { text, warn });
        }
        let kept: Vec<_> = rows.into_iter().filter(|r| self.is_shown(r.change)).collect();
        let items: Vec<_> = kept
            .into_iter()
            .map(|field| {
                let mut row = field.text();
                if !comparable {
                    row.old = None;
                    row.change = Change::Same;
                }
                (row.name.clone(), field.change, text(row, None))
            })
            .collect();
        self.folded("SIGNATURE", "fields", items);
    }

    fn data(&mut self, sides: &Sides<'_>) {
        let mut rows = data_rows(&sides.held.said().datasets(), &Provenance::from(sides.facts).datasets());
        rows.iter_mut().for_each(|r| r.change = self.unread.judge(r.change));
        self.section("DATA", Tally::of(rows.iter().map(|r| r.change)), None);
        for (n, set) in rows.iter().enumerate() {
            if !self.is_shown(set.change) {
                continue;
            }
            for (part, (mut row, figure)) in set.texts().into_iter().enumerate() {
                row.change = self.unread.judge(row.change);
                // The name of a changed data set is always shown: the other rows refer to it.
                if part == 0 || self.is_shown(row.change) {
                    self.push(format!("DATA {n} {part}"), text(row, figure));
                }
            }
        }
    }
}

fn text(row: TextRow, figure: Option<String>) -> DiffRow {
    DiffRow::Text { row, figure, inside: false }
}

fn inside(row: DiffRow) -> DiffRow {
    match row {
        DiffRow::Metric { row, .. } => DiffRow::Metric { row, inside: true },
        DiffRow::Text { row, figure, .. } => DiffRow::Text { row, figure, inside: true },
        other => other,
    }
}

/// The message for a signature that cannot be shown, and whether it is a gap.
fn gap(who: &str, signed: Signed<'_>) -> Option<(String, bool)> {
    match signed {
        Signed::Read(Some(_)) | Signed::Nothing => None,
        Signed::Read(None) => Some((format!("{who}: {NO_SIGNATURE}"), true)),
        Signed::Reading => Some((format!("{who}: reading …"), false)),
        Signed::NoVersion => Some((format!("{who}: only versions have a signature, runs do not"), false)),
        Signed::Failed(failure) => Some((clean_line(&format!("{who}: {}", failure.reason)), true)),
    }
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
