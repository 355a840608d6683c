//! The verdict on the review: one line above the rows, and a tab of its own.

use super::rows::TabRow;
use crate::app::query::Query;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::policy::{Finding, Verdict};
use crate::domain::preflight::CheckState;
use crate::screens::parts::Ctx;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// What has to be asked; nothing where no policy can say anything.
pub fn query(model: &ModelName, version: VersionNumber, ctx: &Ctx<'_>) -> Option<Query> {
    ctx.rules.may_have_policy(model).then(|| Query::Evaluation { model: model.clone(), version })
}

fn verdict<'a>(model: &ModelName, version: VersionNumber, ctx: &Ctx<'a>) -> Option<&'a Verdict> {
    ctx.cache.evaluation(model, version).map(|j| &j.verdict)
}

/// The rows of the tab: every rule, the worst first, then where the rules came from.
pub fn rows(model: &ModelName, version: VersionNumber, ctx: &Ctx<'_>) -> Vec<TabRow> {
    let Some(query) = query(model, version, ctx) else {
        return vec![TabRow::Line("No policy: nothing is asked for. Write [policy] in the configuration.".to_owned())];
    };
    let Some(verdict) = verdict(model, version, ctx) else {
        let why = ctx.cache.failure(&query).map(|f| format!("{f}; r reads again"));
        return vec![TabRow::Line(why.unwrap_or_else(|| "reading what the policy asks for …".to_owned()))];
    };
    let mut rows: Vec<TabRow> = verdict.findings.iter().cloned().map(TabRow::Finding).collect();
    if rows.is_empty() {
        rows.push(TabRow::Line("The policy asks for nothing.".to_owned()));
    }
    rows.push(TabRow::Gap);
    rows.extend(verdict.sources.iter().map(|s| TabRow::Fact {
        label: "policy".to_owned(),
        value: s.shown(),
        warn: s.digest.is_none(),
    }));
    rows
}

/// The line above the rows; none where there is no policy.
pub fn line(model: &ModelName, version: VersionNumber, ctx: &Ctx<'_>, skin: &Skin) -> Option<Phrase<'static>> {
    let query = query(model, version, ctx)?;
    let symbols = skin.symbols();
    let Some(verdict) = verdict(model, version, ctx) else {
        return Some(match ctx.cache.failure(&query) {
            Some(failure) => Phrase::of(Role::Unknown, format!(" {} verdict: {failure}", symbols.unknown)),
            None => Phrase::of(Role::Muted, format!(" {} verdict", symbols.ellipsis)),
        });
    };
    let (symbol, role) = mark(verdict.state(), skin);
    let mut phrase = Phrase::of(role, format!(" {symbol} {}", verdict.summary()));
    for source in &verdict.sources {
        phrase = phrase.add(Role::Muted, format!("   policy {}", source.shown()));
    }
    if ctx.cache.failure(&query).is_some() {
        phrase = phrase.add(Role::Stale, format!("   {} stale", symbols.warn));
    }
    Some(phrase)
}

/// A finding as cells: symbol and rule, and what was found.
pub fn cells(finding: &Finding, skin: &Skin) -> Vec<Phrase<'static>> {
    let (symbol, role) = mark(finding.state, skin);
    let detail = if finding.state == CheckState::Pass { Role::Muted } else { Role::Text };
    vec![Phrase::of(role, format!("{symbol} {}", finding.rule)), Phrase::of(detail, finding.detail.clone())]
}

/// What a policy asks of a metric, for beside its row: `✓ at least 0.88`, or the symbol alone where there is no `room`;
/// the worst, if it asks for several things.
pub fn beside(verdict: &Verdict, metric: &str, room: bool, skin: &Skin) -> Option<Phrase<'static>> {
    let finding = verdict.findings.iter().find(|f| f.metric.as_deref() == Some(metric))?;
    let (_, wish) = finding.detail.rsplit_once(", ")?;
    let (symbol, role) = mark(finding.state, skin);
    let wish = if room { format!(" {wish}") } else { String::new() };
    Some(Phrase::of(role, symbol).add(Role::Muted, wish))
}

fn mark(state: CheckState, skin: &Skin) -> (&'static str, Role) {
    let symbols = skin.symbols();
    match state {
        CheckState::Pass => (symbols.pass, Role::Good),
        CheckState::Unknown => (symbols.unknown, Role::Unknown),
        CheckState::Warn => (symbols.warn, Role::Warn),
        CheckState::Block => (symbols.block, Role::Bad),
    }
}
