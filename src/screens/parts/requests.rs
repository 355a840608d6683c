//! Open requests to move a version to a stage, as the screens show them.

use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::registry::ModelVersion;
use crate::domain::text::clean_line;
use crate::present::request as words;
use crate::screens::parts::Ctx;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// Most lines; the last one says how many more there are.
const MOST: usize = 3;

/// Number of lines that [`lines`] makes.
pub fn count(model: &ModelName, number: VersionNumber, ctx: &Ctx<'_>) -> u16 {
    match ctx.cache.requests(model, number) {
        None => 0,
        Some(Ok(open)) => u16::try_from(open.len().min(MOST)).unwrap_or(0),
        Some(Err(_)) => 1,
    }
}

/// A line for each request, or why they cannot be read; none while they are read.
pub fn lines(model: &ModelName, number: VersionNumber, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let symbols = skin.symbols();
    let open = match ctx.cache.requests(model, number) {
        None => return Vec::new(),
        Some(Ok(open)) => open,
        Some(Err(failure)) => {
            let why = format!(" {} requests: {}", symbols.unknown, clean_line(&failure.sentence()));
            return vec![Phrase::of(Role::Unknown, why)];
        }
    };
    let shown = if open.len() > MOST { MOST - 1 } else { open.len() };
    let line = |text: String| Phrase::of(Role::Marked, format!(" {} ", symbols.marked)).text(text);
    let mut lines: Vec<_> =
        open.iter().take(shown).map(|request| line(words::request(request, ctx.now.read()))).collect();
    if shown < open.len() {
        lines.push(line(format!("and {} more requests", open.len() - shown)));
    }
    lines
}

/// The cell of a list: stage and requester.
pub fn cell(version: &ModelVersion, ctx: &Ctx<'_>) -> Phrase<'static> {
    match ctx.cache.requests(&version.model, version.number) {
        None => Phrase::of(Role::Muted, "…"),
        Some(Err(_)) => Phrase::of(Role::Stale, "?"),
        Some(Ok(open)) if open.is_empty() => Phrase::of(Role::Muted, "-"),
        Some(Ok(open)) => Phrase::of(Role::Marked, words::cell(open)),
    }
}
