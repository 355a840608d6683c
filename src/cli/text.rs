//! Text output shared by several commands.

use jiff::Timestamp;

use crate::cli::output::Style;
use crate::cli::table::{Align, Table};
use crate::domain::caution::Caution;
use crate::domain::compare::MetricRow;
use crate::domain::compare::note::{Note, note};
use crate::domain::evidence::Code;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::lineage::{NO_BASELINE, NO_PULL_REQUEST, NO_TRAINING};
use crate::domain::policy::Verdict;
use crate::domain::registry::TransitionRequest;
use crate::present::check::{TOLD, findings};
use crate::present::request::request;
use crate::present::time::Zone;
use crate::present::{CheckRow, Mark, Phrase, Role, Said, code as words, number, policy};

/// One line per check, hints below them.
pub fn checks(rows: impl IntoIterator<Item = CheckRow>, style: Style) -> Table {
    let mut table = Table::new(&[("", Align::Whole), ("", Align::Whole), ("", Align::Left)]);
    for row in rows {
        table.row([row.mark.phrase(style.symbols()), row.name.into(), row.found.into()]);
        if let Some(hint) = row.hint {
            table.row([Phrase::default(), Phrase::default(), Phrase::of(Role::Muted, hint)]);
        }
    }
    table
}

/// A heading and its body.
pub fn section(heading: &str, body: &str, style: Style) -> String {
    format!("\n{}\n{body}", style.paint(Role::Title, heading))
}

/// Open requests to move a version to a stage, or why they cannot be read.
pub fn requests(read: &Outcome<Vec<TransitionRequest>>, now: Timestamp, style: Style) -> String {
    let lines: Vec<String> = match read {
        Ok(open) => open.iter().map(|r| request(r, now)).collect(),
        Err(failure) => vec![format!("the requests to move it to a stage are not known: {}", failure.sentence())],
    };
    let symbol = if read.is_ok() { style.symbols().marked } else { style.symbols().unknown };
    lines.iter().map(|line| format!("  {symbol} {line}\n")).collect()
}

/// What to know before any number is read, one line each.
pub fn cautions(all: &[Caution], style: Style) -> String {
    let line = |caution: &Caution| {
        let phrase = Mark::Warn.say(caution.text.clone(), style.symbols());
        format!("  {}\n", style.phrase(&phrase))
    };
    all.iter().map(line).collect()
}

/// A section of names and values; empty if there are none.
pub fn pairs<'a>(heading: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>, style: Style) -> String {
    let mut table = Table::new(&[("", Align::Left), ("", Align::Left)]).indented(2);
    for (key, value) in pairs {
        table.row([key.to_owned().into(), value.replace('\n', "⏎").into()]);
    }
    if table.is_empty() { String::new() } else { section(heading, &table.render(style), style) }
}

/// One line per rule, a summary, and the sources of the rules.
/// What cannot be read is told once: `told` holds what was told before, and takes what is told here.
pub fn verdict(verdict: &Verdict, told: &mut Vec<Failure>, style: Style) -> String {
    let table = checks(findings(verdict, told), style).indented(2);
    let sources = verdict.sources.iter().map(policy::source);
    let below = std::iter::once(policy::sum(verdict, style.symbols())).chain(sources);
    let below: String = below.map(|line| format!("  {}\n", style.phrase(&line))).collect();
    table.render(style) + &below
}

/// Metrics, with those of `old` if there is one.
pub fn metrics(rows: &[MetricRow], old: Option<&str>, new: &str, style: Style) -> String {
    if rows.is_empty() {
        return String::new();
    }
    // The version numbers are a heading, not a row, because the columns below are aligned on the decimal point.
    let mut table = Table::new(&[
        ("", Align::Left),
        (old.unwrap_or_default(), Align::Point),
        (new, Align::Point),
        ("", Align::Whole),
        (if old.is_some() { "Δ" } else { "" }, Align::Point),
        ("", Align::Left),
    ])
    .indented(2);
    for row in rows {
        let [mark, difference] = match old {
            Some(_) => number::difference(row.change, row.delta, style.symbols()),
            None => Default::default(),
        };
        let value = |value: Option<crate::domain::run::MetricValue>| value.map(|v| v.to_string()).unwrap_or_default();
        let note = match note(row, (old.unwrap_or_default(), new)) {
            Some(Note { text, warn: true }) => Phrase::of(Role::Warn, text),
            Some(Note { text, warn: false }) => Phrase::of(Role::Muted, text),
            None => Phrase::default(),
        };
        table.row([row.name.clone().into(), value(row.old).into(), value(row.new).into(), mark, difference, note]);
    }
    section("METRICS", &table.render(style), style)
}

/// The section CODE: a line for each part of the lineage, found or not. `told` as for [`verdict`].
pub fn code(code: &Code, told: &mut Vec<Failure>, style: Style) -> String {
    let mut lines = Lines { table: Table::new(&[("", Align::Whole), ("", Align::Left)]).indented(2), style, told };
    match &code.source {
        Err(failure) => lines.failed("commit", failure),
        Ok(source) => {
            let by = source.commit.author.as_ref().map(|a| format!(", by {a}")).unwrap_or_default();
            let origin = words::origin(&source.origin).map(|o| format!(" ({o})")).unwrap_or_default();
            lines.add("commit", Said::plain(format!("{}{by}{origin}", words::commit(&source.commit))));
            match &code.pull_request {
                Err(failure) => lines.failed("pull request", failure),
                Ok(None) => lines.add("pull request", Said::marked(Mark::Unknown, NO_PULL_REQUEST)),
                Ok(Some(pull)) => {
                    let by = pull.author.as_ref().map(|a| format!(", by {a}")).unwrap_or_default();
                    let merged = words::merged(pull, Zone::Utc);
                    let text = format!("{}{by}, {}", words::pull_request(pull), merged.text);
                    lines.add("pull request", Said { mark: merged.mark, text });
                    lines.add("approved by", words::approvers(pull));
                }
            }
            match &code.checks {
                Err(failure) => lines.failed("checks", failure),
                Ok(checks) => lines.add("checks", words::checks(checks, true)),
            }
            match &code.changes {
                Err(failure) => lines.failed("changes", failure),
                Ok(None) => lines.add("changes", Said::plain(NO_BASELINE)),
                Ok(Some(changes)) => {
                    let (change, since) = (&changes.change, changes.baseline);
                    if (change.ahead_by, change.behind_by) == (0, 0) {
                        lines.add("changes", Said::plain(words::same_commit(since)));
                    } else {
                        lines.add("changes", Said::plain(words::changes(change, since, changes.watched)));
                        lines.add("since", Said::plain(words::commit(&changes.from)));
                    }
                    if let Some(behind) = change.behind(since) {
                        lines.add("", Said::marked(Mark::Warn, behind));
                    }
                }
            }
        }
    }
    match &code.training {
        Err(failure) => lines.failed("trained by", failure),
        Ok(None) => lines.add("trained by", Said::plain(NO_TRAINING)),
        Ok(Some(training)) => {
            let Said { mark, text } = words::training(&training.run);
            let text = format!("{text}, in {}, claimed by tag {}", training.repo, training.tag);
            lines.add("trained by", Said { mark, text });
        }
    }
    section("CODE", &lines.table.render(style), style)
}

struct Lines<'a> {
    table: Table,
    style: Style,
    told: &'a mut Vec<Failure>,
}

impl Lines<'_> {
    fn add(&mut self, name: &str, said: Said) {
        let said = said.phrase(self.style.symbols());
        self.table.row([Phrase::of(Role::Muted, name.to_owned()), said]);
    }

    fn failed(&mut self, name: &str, failure: &Failure) {
        if self.told.iter().any(|told| told.same_cause(failure)) {
            return self.add(name, Said::marked(Mark::Unknown, TOLD));
        }
        self.told.push(failure.clone());
        self.add(name, Said::marked(Mark::Unknown, failure.to_string()));
        if let Some(hint) = &failure.hint {
            self.table.row([Phrase::default(), Phrase::of(Role::Muted, format!("  {hint}"))]);
        }
    }
}
