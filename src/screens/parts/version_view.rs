//! The right pane of wide terminals: what is already loaded about the selected version.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{Ctx, view as format};
use crate::domain::registry::{ModelVersion, OWN_TAG_PREFIX, VersionStatus};
use crate::domain::text::clean_line;
use crate::present::request::request;
use crate::present::version::{author, place};
use crate::ui::kept::Piece;
use crate::ui::layout::Breadth;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Pager, Rule};
use crate::ui::{Phrase, text};

/// Columns for the fact labels.
const LABEL: usize = 12;

/// Splits `area` into the list and, on wide terminals, the pane on its right.
pub fn panes(area: Rect, ctx: &Ctx<'_>) -> (Rect, Option<Rect>) {
    match Breadth::of(ctx.width, ctx.height) == Breadth::Wide {
        true => split(area),
        false => (area, None),
    }
}

/// The same for a list of values, which is never narrower than it is without a pane.
pub fn panes_beside_values(area: Rect, ctx: &Ctx<'_>) -> (Rect, Option<Rect>) {
    match Breadth::of(ctx.width, ctx.height) == Breadth::Wide {
        true => split_at(area, (area.width * 2 / 5).min(area.width.saturating_sub(112)).max(40)),
        false => (area, None),
    }
}

/// Splits `area` into the list and the pane on its right.
pub fn split(area: Rect) -> (Rect, Option<Rect>) {
    split_at(area, area.width * 2 / 5)
}

fn split_at(area: Rect, right: u16) -> (Rect, Option<Rect>) {
    let list = Rect { width: area.width - right - 2, ..area };
    (list, Some(Rect { x: list.right() + 2, width: right, ..area }))
}

/// Draws facts of a version that do not fit in the list.
pub fn draw(version: &ModelVersion, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
    let title = Phrase::of(Role::Title, version.model.to_string())
        .add(Role::Candidate, format!(" {}", version.number))
        .into_owned();
    draw_lines(title, area, buf, skin, |width| lines(version, width, ctx, skin));
}

/// Draws what stands beside the row at index `row`, unless it was drawn before and only the cursor moved since.
pub fn beside(row: usize, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, draw: impl FnOnce(&mut Buffer)) {
    match ctx.kept {
        Some(kept) => kept.paint(Piece::Beside(row), area, buf, draw),
        None => draw(buf),
    }
}

/// Draws a pane: its title, and the lines that `lines` makes for its width.
pub fn draw_lines(
    title: Phrase<'static>,
    area: Rect,
    buf: &mut Buffer,
    skin: &Skin,
    lines: impl FnOnce(usize) -> Vec<Phrase<'static>>,
) {
    let (line, below) = format::split_top(area, 1);
    (&Rule { left: title, ..Rule::new(skin) }).render(line, buf);
    let area = Rect { x: below.x + 1, width: below.width.saturating_sub(2), ..below };
    let lines = lines(usize::from(area.width));
    let line = |i: usize| lines.get(i).cloned().unwrap_or_default();
    (&Pager::new(skin, lines.len(), 0, &line)).render(area, buf);
}

/// What the registry says of a version.
pub fn lines(version: &ModelVersion, width: usize, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
    let mut lines = Vec::new();
    let mut fact = |label: &str, value: Phrase<'static>| {
        let label = Phrase::of(Role::Muted, format!("{label:<LABEL$}"));
        lines.extend(label.join(value).wrap(width, LABEL));
    };
    let in_production = ctx.rules.promote_to.is_held_by(version);
    let symbols = skin.symbols();
    let stage = if in_production {
        let place = place(version, &ctx.rules.promote_to);
        Phrase::of(Role::Production, format!("{} {place}", symbols.production))
    } else {
        Phrase::new(version.stage.to_string())
    };
    fact("stage", stage);
    if version.status != VersionStatus::Ready {
        let why = match &version.status {
            VersionStatus::Failed(why) if !why.is_empty() => format!(": {}", clean_line(why)),
            _ => String::new(),
        };
        fact("status", Phrase::of(Role::Warn, format!("{} {}{why}", symbols.warn, version.status)));
    }
    let or_none = |items: String| match items.is_empty() {
        true => Phrase::of(Role::Muted, "none"),
        false => Phrase::new(items),
    };
    fact("aliases", or_none(version.aliases.join(", ")));
    let registered = match version.created_at {
        Some(at) => Phrase::new(ctx.zone.second(at)),
        None => Phrase::of(Role::Muted, "not recorded"),
    };
    fact("registered", registered);
    let run = version.run_id.as_ref().and_then(|id| ctx.cache.run(id)).flatten();
    let author = author(version, ctx.cache.said(version));
    fact("author", author.map_or_else(|| Phrase::of(Role::Muted, "not recorded"), |a| Phrase::new(a.to_owned())));
    match (&version.run_id, run) {
        (None, _) => fact("run", Phrase::of(Role::Warn, format!("{} none recorded", symbols.warn))),
        (Some(id), run) => {
            let name = run.map(|r| format!(" {}", r.name)).unwrap_or_default();
            fact("run", Phrase::new(format!("{}{name}", id.short())));
        }
    }
    if let Some(Ok(open)) = ctx.cache.requests(&version.model, version.number) {
        for asked in open {
            fact("requested", Phrase::new(request(asked, ctx.now.read())));
        }
    }
    fact("source", Phrase::of(Role::Link, clean_line(&version.source)));
    lines.push(Phrase::default());
    for line in version.description.lines() {
        lines.extend(Phrase::new(line.to_owned()).wrap(width, 0));
    }
    // Tags written by signoff are shown in words elsewhere.
    let tags = || version.tags.iter().filter(|(key, _)| !key.starts_with(OWN_TAG_PREFIX));
    if tags().next().is_some() {
        lines.extend([Phrase::default(), Phrase::of(Role::Heading, "TAGS")]);
    }
    let widest = tags().map(|(key, _)| text::width(key)).max().unwrap_or(0).min(width / 2);
    for (key, value) in tags() {
        let key = text::fit(&clean_line(key), widest, symbols.ellipsis);
        let pad = " ".repeat(widest.saturating_sub(text::width(&key)) + 2);
        let phrase = Phrase::of(Role::Muted, key).text(pad).text(clean_line(value));
        lines.extend(phrase.wrap(width, widest + 2));
    }
    lines
}
