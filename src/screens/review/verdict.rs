//! The verdict in the review: one line above the rows, and a tab of its own.

use super::rows::TabRow;
use crate::app::action::Action;
use crate::app::query::Query;
use crate::domain::failure::Failure;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::policy::{Finding, Verdict};
use crate::domain::preflight::CheckState;
use crate::present::{CheckRow, Mark, policy};
use crate::screens::parts::Ctx;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// The query for the verdict once the facts are read; none if no policy can apply.
pub fn query(model: &ModelName, version: VersionNumber, ctx: &Ctx<'_>) -> Option<Query> {
    let facts = ctx.cache.facts(model, version).filter(|_| ctx.rules.may_have_policy(model))?;
    Some(Query::Evaluation { facts: facts.clone() })
}

/// Why there is no verdict, or a stale one: reading it or the facts failed.
pub fn failure<'a>(model: &ModelName, version: VersionNumber, ctx: &Ctx<'a>) -> Option<&'a Failure> {
    let facts = Query::Facts { model: model.clone(), version };
    query(model, version, ctx).and_then(|q| ctx.cache.failure(&q)).or_else(|| ctx.cache.failure(&facts))
}

fn verdict<'a>(model: &ModelName, version: VersionNumber, ctx: &Ctx<'a>) -> Option<&'a Verdict> {
    ctx.cache.evaluation(model, version).map(|j| &j.verdict)
}

/// The rows of the tab: every rule, the worst first, then the source of the rules.
pub fn rows(model: &ModelName, version: VersionNumber, ctx: &Ctx<'_>) -> Vec<TabRow> {
    if !ctx.rules.may_have_policy(model) {
        return vec![TabRow::Line("There is no policy for this model. Add [policy] to the configuration.".to_owned())];
    }
    let Some(verdict) = verdict(model, version, ctx) else {
        let again = ctx.keys.press(Action::Refresh, "try again");
        let why = failure(model, version, ctx).map(|f| format!("{}. {again}", f.sentence().trim_end_matches('.')));
        return vec![TabRow::Line(why.unwrap_or_else(|| "reading the policy …".to_owned()))];
    };
    let mut rows: Vec<TabRow> = verdict.findings.iter().cloned().map(TabRow::Finding).collect();
    if rows.is_empty() {
        rows.push(TabRow::Line("The policy has no rules.".to_owned()));
    }
    rows.push(TabRow::Gap);
    rows.extend(verdict.sources.iter().map(|s| TabRow::Fact {
        label: "policy".to_owned(),
        value: s.shown(),
        warn: s.digest.is_none(),
    }));
    rows
}

/// The line above the rows; none without a policy.
pub fn line(model: &ModelName, version: VersionNumber, ctx: &Ctx<'_>, skin: &Skin) -> Option<Phrase<'static>> {
    if !ctx.rules.may_have_policy(model) {
        return None;
    }
    let symbols = skin.symbols();
    let Some(verdict) = verdict(model, version, ctx) else {
        return Some(match failure(model, version, ctx) {
            Some(failure) => {
                Phrase::new(" ").join(Mark::Unknown.say(format_args!("verdict: {}", failure.sentence()), symbols))
            }
            None => Phrase::of(Role::Muted, format!(" {} verdict", symbols.ellipsis)),
        });
    };
    let mut phrase = Phrase::new(" ").join(policy::sum(verdict, symbols));
    for source in &verdict.sources {
        phrase = phrase.text("   ").join(policy::source(source));
    }
    if failure(model, version, ctx).is_some() {
        phrase = phrase.add(Role::Stale, format!("   {} stale", symbols.warn));
    }
    Some(phrase)
}

/// A finding as cells: symbol and rule, and the detail.
pub fn cells(finding: &Finding, skin: &Skin) -> Vec<Phrase<'static>> {
    let CheckRow { mark, name, found, .. } = finding.into();
    let detail = if finding.state == CheckState::Pass { Role::Muted } else { Role::Text };
    vec![mark.say(name, skin.symbols()), Phrase::of(detail, found)]
}
