//! The current decision on the version: one line above the rows.

use crate::domain::facts::ReviewedFacts;
use crate::domain::record::DecisionMark;
use crate::present::decision;
use crate::screens::parts::Ctx;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// Whether there is such a line.
pub fn is_shown(facts: Option<&ReviewedFacts>) -> bool {
    facts.and_then(|f| DecisionMark::on(&f.version)).is_some_and(|mark| mark.sets_aside())
}

/// The line; none if the version is neither rejected nor held.
pub fn line(facts: Option<&ReviewedFacts>, ctx: &Ctx<'_>, skin: &Skin) -> Option<Phrase<'static>> {
    let mark = DecisionMark::on(&facts?.version).filter(DecisionMark::sets_aside)?;
    Some(Phrase::of(Role::Warn, format!(" {} {}", skin.symbols().warn, decision::mark(&mark, ctx.now.read()))))
}
