//! What to know before any number is read: lines above the rows.

use crate::domain::caution::{Caution, cautions};
use crate::domain::facts::ReviewedFacts;
use crate::screens::parts::Ctx;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// Most lines; the last one says how many more there are.
const MOST: usize = 4;

/// Number of lines.
pub fn count(facts: Option<&ReviewedFacts>, ctx: &Ctx<'_>) -> u16 {
    u16::try_from(all(facts, ctx).len().min(MOST)).unwrap_or(0)
}

/// The lines, the most important first.
pub fn lines(facts: Option<&ReviewedFacts>, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let all = all(facts, ctx);
    let shown = if all.len() > MOST { MOST - 1 } else { all.len() };
    let line = |text: String| Phrase::of(Role::Warn, format!(" {} {text}", skin.symbols().warn));
    let mut lines: Vec<_> = all.iter().take(shown).map(|caution| line(caution.text.clone())).collect();
    if shown < all.len() {
        lines.push(line(format!("and {} more: the check before an approval lists them", all.len() - shown)));
    }
    lines
}

fn all(facts: Option<&ReviewedFacts>, ctx: &Ctx<'_>) -> Vec<Caution> {
    let Some(facts) = facts else { return Vec::new() };
    let version = &facts.version;
    match ctx.cache.evaluation(&version.model, version.number) {
        Some(evaluation) => cautions(facts, &evaluation.directions(&ctx.rules.directions)),
        None => cautions(facts, &ctx.rules.directions_for(&version.model)),
    }
}
