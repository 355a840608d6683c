//! Drawing of the beginning of a file.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{MARGIN, Preview};
use crate::app::action::Action;
use crate::domain::preview::Content;
use crate::domain::text::clean_line;
use crate::screens::parts::Ctx;
use crate::screens::parts::shown_view::{self, Part};
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

impl Preview {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let left =
            Phrase::of(Role::Title, clean_line(&self.path)).text("  ").join(format::owner(&self.owner, ctx, skin));
        let right = ctx
            .cache
            .slot(&self.query())
            .map(|slot| format::freshness(slot.loading.is_some(), slot.failure.is_some(), slot.read_at, ctx, skin));
        (left, right.into_iter().collect())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let area = format::save_line(&self.save, area, buf, ctx, skin);
        let slot = ctx.cache.slot(&self.query());
        let failure = slot.and_then(|s| s.failure.as_ref());
        let area = format::banner(area, buf, ctx, skin, failure, slot.and_then(|s| s.read_at));
        let Some(file) = self.file() else {
            if failure.is_none() {
                format::empty(area, buf, ctx, skin, "reading the file …", &[]);
            }
            return;
        };
        let above = self.above(file, ctx.width, ctx);
        let used = format::lines(area, buf, skin, above);
        let (_, area) = format::split_top(area, used);
        // A table has a margin of its own.
        let margin = if matches!(file.content, Content::Table(_)) { 0 } else { MARGIN };
        let inner = Rect { x: area.x + margin, width: area.width.saturating_sub(2 * margin), ..area };
        let part = Part { rows: &self.shown, offset: self.offset, column: self.column };
        shown_view::draw(file, self.shown_as.made(), part, inner, buf, skin);
        if matches!(&file.content, Content::Bytes(b) if b.is_empty()) || is_empty(&file.content) {
            format::empty(area, buf, ctx, skin, "The file is empty.", &[(Action::Back, "back")]);
        }
    }
}

fn is_empty(content: &Content) -> bool {
    matches!(content, Content::Text(lines) if lines.iter().all(|l| l.pieces.iter().all(|(_, t)| t.is_empty())))
}
