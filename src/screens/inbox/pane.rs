//! What one will find: beside the list, on terminals with room for it. Failing rules first, then code, what differs from
//! production, the checklist, and what the registry says.

use super::verdict;
use crate::app::query::Query;
use crate::domain::compare::{Change, Comparison, MetricRow, Side, TextRow, by_size, compare};
use crate::domain::evidence::Source;
use crate::domain::facts::SharedFacts;
use crate::domain::inbox::Waiting;
use crate::domain::lineage::NO_PULL_REQUEST;
use crate::domain::policy::{Effective, Evaluation};
use crate::domain::preflight::CheckState;
use crate::domain::text::{clean_line, count};
use crate::present::{CheckRow, Mark, Said, code as words, decision, number, policy};
use crate::screens::parts::{Ctx, code as code_of, production, version_view};
use crate::ui::skin::{Role, Skin, Symbols};
use crate::ui::{Phrase, text};

/// Most rules, metrics and params that are named.
const RULES: usize = 6;
const METRICS: usize = 8;
const PARAMS: usize = 5;
/// Columns of a metric's line that are neither its name nor a number.
const AROUND: usize = 9;

/// The queries for the code of a version whose verdict was read; none that its rules asked already.
pub fn needs(facts: &SharedFacts, ctx: &Ctx<'_>) -> Vec<Query> {
    source(facts, ctx).map(code_of::needs).unwrap_or_default()
}

fn source<'a>(facts: &SharedFacts, ctx: &Ctx<'a>) -> Option<&'a Source> {
    verdict::whole(facts, ctx)?.evidence.code.source.as_ref().ok()
}

/// The heading of the pane: the version, and the one in production.
pub fn title(waiting: &Waiting<'_>, skin: &Skin) -> Phrase<'static> {
    let symbols = skin.symbols();
    let candidate = waiting.candidate;
    let title = Phrase::of(Role::Title, candidate.model.to_string())
        .add(Role::Candidate, format!("  {} {}", symbols.candidate, candidate.number));
    match waiting.production {
        Some(number) => {
            title.add(Role::Muted, " against ").add(Role::Production, format!("{} {number}", symbols.production))
        }
        None => title.add(Role::Muted, " the first"),
    }
}

/// The lines of the pane. `facts` are none while they are read.
pub fn lines(
    waiting: &Waiting<'_>,
    facts: Option<&SharedFacts>,
    width: usize,
    ctx: &Ctx<'_>,
    skin: &Skin,
) -> Vec<Phrase<'static>> {
    let symbols = skin.symbols();
    let mut lines = Vec::new();
    if let Some(mark) = waiting.held() {
        lines.extend(Mark::Warn.say(decision::mark(&mark, ctx.now.read()), symbols).wrap(width, 2));
    }
    let Some(facts) = facts else {
        lines.push(Phrase::of(Role::Muted, format!("{} reading", symbols.ellipsis)));
        return lines;
    };
    match verdict::whole(facts, ctx) {
        Some(evaluation) => {
            lines.extend(rules(evaluation, width, symbols));
            lines.extend(code(evaluation, width, ctx, symbols));
        }
        None => lines.push(Phrase::of(Role::Muted, format!("{} reading the rules", symbols.ellipsis))),
    }
    let directions = ctx.rules.directions_for(&waiting.candidate.model);
    if let Some(baseline) = &facts.baseline {
        let differs = compare(Side::from(&**facts), Some(Side::from(baseline)), &directions);
        let main = ctx.rules.main_metric(Side::from(&**facts).said);
        lines.extend(differences(differs, main, width, symbols));
    }
    if let Some(evaluation) = verdict::whole(facts, ctx) {
        lines.extend(checklist(evaluation, waiting, ctx, symbols));
    }
    if waiting.production.is_some() {
        let cell = production::cell(&waiting.candidate.model, ctx, symbols);
        lines.push(Phrase::of(Role::Muted, "in production, against its sign-off: ").join(cell));
    }
    lines.push(Phrase::default());
    lines.extend(version_view::lines(waiting.candidate, width, ctx, skin));
    lines
}

/// The sum of the verdict, and what does not pass.
fn rules(evaluation: &Evaluation, width: usize, symbols: &Symbols) -> Vec<Phrase<'static>> {
    let verdict = &evaluation.verdict;
    let mut lines = policy::sum(verdict, symbols).wrap(width, 2);
    let failing = || verdict.findings.iter().filter(|finding| finding.state != CheckState::Pass);
    for finding in failing().take(RULES) {
        let CheckRow { mark, name, found, .. } = finding.into();
        lines.extend(mark.say(format_args!("{name}: {}", clean_line(&found)), symbols).wrap(width, 2));
    }
    let more = failing().count().saturating_sub(RULES);
    if more > 0 {
        lines.push(Phrase::of(Role::Muted, format!("  and {more} more")));
    }
    lines
}

/// Pull request and checks, as far as they are read.
fn code(evaluation: &Evaluation, width: usize, ctx: &Ctx<'_>, symbols: &Symbols) -> Vec<Phrase<'static>> {
    let Source { repo, commit, .. } = match &evaluation.evidence.code.source {
        Ok(source) => source,
        // The rules say so if one asks for it.
        Err(_) => return Vec::new(),
    };
    let mut lines = vec![Phrase::default()];
    lines.extend(Phrase::of(Role::Muted, "commit ").text(clean_line(&words::commit(commit))).wrap(width, 7));
    let reading = || Phrase::of(Role::Muted, symbols.ellipsis);
    let pull = match ctx.cache.pull_request(repo, &commit.sha) {
        Some(Some(pull)) => {
            let Said { mark, text } = words::merged(pull, ctx.zone);
            let merged = Said { mark, text }.phrase(symbols);
            let approved = words::approvers(pull).phrase(symbols);
            Phrase::new(clean_line(&words::pull_request(pull)))
                .text(", ")
                .join(merged)
                .text(", approved by ")
                .join(approved)
        }
        Some(None) => Mark::Unknown.say(NO_PULL_REQUEST, symbols),
        None => reading(),
    };
    lines.extend(Phrase::of(Role::Muted, "PR     ").join(pull).wrap(width, 7));
    let checks = ctx.cache.checks(repo, &commit.sha).map(|checks| words::checks(checks, true).phrase(symbols));
    lines.extend(Phrase::of(Role::Muted, "checks ").join(checks.unwrap_or_else(reading)).wrap(width, 7));
    lines
}

/// What differs from production: metrics with the main one first and then the largest changes, and params.
fn differences(differs: Comparison, main: Option<&str>, width: usize, symbols: &Symbols) -> Vec<Phrase<'static>> {
    let Comparison { metrics, params, .. } = differs;
    let (same, mut changed): (Vec<MetricRow>, Vec<MetricRow>) =
        metrics.into_iter().partition(|row| row.change == Change::Same);
    changed.sort_by(by_size);
    changed.sort_by_key(|row| Some(row.name.as_str()) != main);
    let mut lines = vec![Phrase::default(), heading("METRICS", changed.len(), same.len())];
    let value =
        |value: Option<crate::domain::run::MetricValue>| value.map_or_else(|| "-".to_owned(), |v| v.to_string());
    let shown: Vec<_> = changed
        .iter()
        .take(METRICS)
        .map(|row| (&row.name, value(row.old), value(row.new), number::delta(row.change, row.delta, symbols)))
        .collect();
    let widest = |of: &dyn Fn(usize) -> usize| (0..shown.len()).map(of).max().unwrap_or(0);
    let (old, new) = (widest(&|i| text::width(&shown[i].1)), widest(&|i| text::width(&shown[i].2)));
    let delta = widest(&|i| shown[i].3.width());
    // Numbers are never cut; a name is, where they leave no room for it.
    let room = width.saturating_sub(AROUND + old + new + delta);
    let name = widest(&|i| text::width(shown[i].0)).min(room);
    for (label, before, after, delta) in shown {
        let label = pad(&text::middle(&clean_line(label), name, symbols.ellipsis), name);
        lines.push(
            Phrase::of(Role::Muted, format!("  {label}  "))
                .text(format!("{before:>old$} → {after:>new$}  "))
                .join(delta),
        );
    }
    lines.extend(more(changed.len(), METRICS));
    let (same, changed): (Vec<TextRow>, Vec<TextRow>) = params.into_iter().partition(|row| row.change == Change::Same);
    if !changed.is_empty() {
        lines.push(heading("PARAMS", changed.len(), same.len()));
        let said = |value: &Option<String>| value.as_deref().map_or_else(|| "none".to_owned(), clean_line);
        for row in changed.iter().take(PARAMS) {
            let line = Phrase::of(Role::Muted, format!("  {}  ", clean_line(&row.name))).text(format!(
                "{} → {}",
                said(&row.old),
                said(&row.new)
            ));
            lines.push(line.fit(width, symbols.ellipsis));
        }
        lines.extend(more(changed.len(), PARAMS));
    }
    lines
}

fn heading(name: &'static str, changed: usize, same: usize) -> Phrase<'static> {
    let of = match (changed, same) {
        (0, 0) => "  none".to_owned(),
        (0, same) => format!("  all {same} equal"),
        (changed, 0) => format!("  {changed} differ"),
        (changed, same) => format!("  {changed} differ, {same} equal"),
    };
    Phrase::of(Role::Heading, name).add(Role::Muted, of)
}

fn more(all: usize, shown: usize) -> Option<Phrase<'static>> {
    let more = all.saturating_sub(shown);
    (more > 0).then(|| Phrase::of(Role::Muted, format!("  and {more} more")))
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text::width(text))))
}

/// How many questions are answered; none where the policy asks none.
fn checklist(
    evaluation: &Evaluation,
    waiting: &Waiting<'_>,
    ctx: &Ctx<'_>,
    symbols: &Symbols,
) -> Option<Phrase<'static>> {
    let questions = Effective::of(&evaluation.sources).checklist;
    if questions.is_empty() {
        return None;
    }
    let answers = ctx.draft(&waiting.candidate.model, waiting.candidate.number).answers;
    let answered = questions.iter().filter(|question| answers.contains_key(&question.id)).count();
    let mark = if answered == questions.len() { Mark::Pass } else { Mark::Note };
    let of = count(questions.len() as u64, "question");
    Some(Phrase::of(Role::Muted, "checklist ").join(mark.say(format_args!("{answered} of {of} answered"), symbols)))
}
