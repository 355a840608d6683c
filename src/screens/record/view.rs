//! Drawing of a sign-off record.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Record;
use crate::app::query::Query;
use crate::present::decision;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::Pager;

impl Record {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, _: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let Some(sealed) = ctx.cache.record(self.id) else {
            return (Phrase::of(Role::Title, "Record"), Vec::new());
        };
        let record = &sealed.record;
        let what = format!("  {} {} {}", decision::past(record.decision), record.model.name, record.model.version);
        let hash: String = sealed.record_hash.chars().take(19).collect();
        (Phrase::of(Role::Title, "Record").text(what), vec![Phrase::of(Role::Muted, hash)])
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let failure = ctx.cache.failure(&Query::Records);
        let read_at = ctx.cache.slot(&Query::Records).and_then(|s| s.read_at);
        let area = format::banner(area, buf, skin, failure, read_at);
        let lines = self.lines(ctx);
        if lines.is_empty() && failure.is_none() {
            let reading = ctx.cache.is_loading(&Query::Records);
            let message = if reading { "reading the records …" } else { "No such record on this machine." };
            return format::empty(area, buf, skin, message, &[("Esc", "back")]);
        }
        let line = |i: usize| lines.get(i).map(|l| styled(l)).unwrap_or_default();
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        (&Pager::new(skin, lines.len(), self.offset, &line)).render(area, buf);
    }
}

/// Styles the Markdown that a terminal can show.
fn styled(line: &str) -> Phrase<'static> {
    if let Some(heading) = line.strip_prefix("### ").or_else(|| line.strip_prefix("#### ")) {
        return Phrase::of(Role::Heading, heading.to_owned());
    }
    match line.strip_prefix("- **").and_then(|l| l.split_once("**:")) {
        Some((label, value)) => Phrase::of(Role::Muted, format!("{label}:")).text(value.to_owned()),
        None => Phrase::new(line.to_owned()),
    }
}
