//! The rows of facts and description, made from the facts.

use crate::app::effect::Place;
use crate::domain::facts::{ReviewedFacts, RunFacts};
use crate::domain::rules::Rules;
use crate::domain::text;
use crate::ui::text::wrap;

/// One row of a tab.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// A heading.
    Section {
        /// What follows.
        title: String,
        /// A word on it.
        word: String,
    },
    /// A named fact.
    Fact {
        /// Its name.
        label: String,
        /// Its value.
        value: String,
        /// Where it can be looked at.
        place: Option<Place>,
        /// Something is missing or odd.
        warn: bool,
    },
    /// A line of text.
    Line(String),
    /// An empty line.
    Gap,
}

impl Row {
    /// What copying this row gives.
    #[must_use]
    pub fn copied(&self) -> Option<String> {
        match self {
            Self::Fact { value, .. } => Some(value.clone()),
            Self::Line(line) if !line.is_empty() => Some(line.clone()),
            _ => None,
        }
    }
}

/// Version, run and lineage.
#[must_use]
pub fn fact_rows(facts: &ReviewedFacts, rules: &Rules) -> Vec<Row> {
    let version = &facts.version;
    let here = Some(Place::Version(version.model.clone(), version.number));
    let mut rows = vec![heading("VERSION", "")];
    rows.push(fact("model", &version.model.to_string(), here.clone(), false));
    rows.push(fact("version", &version.number.to_string(), here, false));
    rows.push(fact("stage", version.stage.as_str(), None, false));
    rows.push(fact("aliases", &list(&version.aliases), None, false));
    rows.push(fact(
        "status",
        &version.status.to_string(),
        None,
        version.status != crate::domain::registry::VersionStatus::Ready,
    ));
    rows.push(fact("registered", &time(version.created_at), None, false));
    rows.push(fact("author", version.author.as_deref().unwrap_or("not recorded"), None, false));
    rows.push(fact("source", &version.source, None, false));
    let holders: Vec<_> = facts.holders.iter().map(ToString::to_string).collect();
    rows.push(fact(&format!("in {}", rules.promote_to), &list(&holders), None, holders.len() > 1));
    rows.push(Row::Gap);
    match &facts.run {
        RunFacts::NotRecorded => {
            rows.push(heading("RUN", ""));
            rows.push(fact("run", "the version names no run", None, true));
        }
        RunFacts::Unreadable(why) => {
            rows.push(heading("RUN", ""));
            rows.push(fact("run", why, None, true));
        }
        RunFacts::Known(run) => run_rows(&mut rows, run, rules, facts),
    }
    rows
}

fn run_rows(rows: &mut Vec<Row>, run: &crate::domain::run::Run, rules: &Rules, facts: &ReviewedFacts) {
    let here = Some(Place::Run(run.experiment.clone(), run.id.clone()));
    rows.push(heading("RUN", ""));
    rows.push(fact("run", &format!("{} {}", run.id, run.name), here, run.deleted));
    rows.push(fact("experiment", &run.experiment.to_string(), None, false));
    let status = if run.deleted { format!("{}, deleted", run.status) } else { run.status.clone() };
    rows.push(fact("status", &status, None, run.deleted || run.status != "FINISHED"));
    rows.push(fact("user", run.user.as_deref().unwrap_or("not recorded"), None, false));
    rows.push(fact("started", &time(run.started_at), None, false));
    rows.push(fact("ended", &time(run.ended_at), None, false));
    rows.push(Row::Gap);
    rows.push(heading("CODE", ""));
    let commit = run.source_commit().map_or_else(|| "the run recorded no commit".to_owned(), text::clean_line);
    rows.push(fact("commit", &commit, None, run.source_commit().is_none()));
    rows.push(fact("branch", &text::clean_line(run.source_branch().unwrap_or("not recorded")), None, false));
    let repository = match rules.repository.resolve(&facts.version.model, Some(run), &rules.host) {
        Ok(repo) => repo.to_string(),
        Err(why) => why,
    };
    rows.push(fact("repository", &repository, None, false));
    let source = run.tags.get("mlflow.source.name").map_or("not recorded", String::as_str);
    rows.push(fact("started from", source, None, false));
    rows.push(Row::Gap);
    rows.push(heading("DATA", if run.datasets.is_empty() { "none recorded" } else { "" }));
    for data in &run.datasets {
        let count = data.rows.map(|r| format!("  {r} rows")).unwrap_or_default();
        let label = data.context.as_deref().unwrap_or("data");
        rows.push(fact(label, &format!("{}  {}{count}", data.name, data.digest), None, false));
    }
}

/// The description, wrapped to `width` columns.
#[must_use]
pub fn text_rows(text: &str, width: u16) -> Vec<Row> {
    if text.trim().is_empty() {
        return vec![Row::Line("This version has no description.".to_owned())];
    }
    // Less the columns of the cursor, and one to breathe.
    let width = usize::from(width.saturating_sub(4)).max(20);
    wrap(text.trim_end(), width).into_iter().map(Row::Line).collect()
}

fn heading(title: &str, word: &str) -> Row {
    Row::Section { title: title.to_owned(), word: word.to_owned() }
}

fn fact(label: &str, value: &str, place: Option<Place>, warn: bool) -> Row {
    Row::Fact { label: label.to_owned(), value: text::clean_line(value), place, warn }
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn time(at: Option<jiff::Timestamp>) -> String {
    at.map_or_else(|| "not recorded".to_owned(), |t| t.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
