//! Drawing of a job's log.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::JobLog;
use crate::app::action::Action;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::Pager;

impl JobLog {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let slot = ctx.cache.slot(&self.query());
        let right = slot.map(|s| format::freshness(s.loading.is_some(), s.failure.is_some(), s.read_at, ctx, skin));
        (Phrase::of(Role::Title, "Log").text(format!("  {}", self.name)), right.into_iter().collect())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let slot = ctx.cache.slot(&self.query());
        let failure = ctx.cache.failure(&self.query());
        let area = format::banner(area, buf, ctx, skin, failure, slot.and_then(|s| s.read_at));
        let lines = self.lines(ctx);
        if lines.is_empty() {
            let message = match (self.log(ctx).is_some(), failure) {
                (true, _) => "The log is empty.",
                (false, None) => "reading the log …",
                (false, Some(_)) => "",
            };
            return format::empty(area, buf, ctx, skin, message, &[(Action::Back, "back")]);
        }
        let line = |i: usize| lines.get(i).cloned().unwrap_or_default();
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        (&Pager::new(skin, lines.len(), self.offset.unwrap_or(usize::MAX), &line)).render(area, buf);
    }

    /// The log, wrapped to the width of the terminal.
    pub(super) fn lines(&self, ctx: &Ctx<'_>) -> Vec<Phrase<'static>> {
        let Some(log) = self.log(ctx) else { return Vec::new() };
        let width = usize::from(ctx.width.saturating_sub(2)).max(20);
        let cut = log.cut.then(|| Phrase::of(Role::Muted, "… the beginning is left out: see the run in the browser"));
        let line = |line: &crate::domain::job_log::LogLine| {
            let role = if line.error { Role::Bad } else { Role::Text };
            Phrase::of(role, line.text.clone()).wrap(width, 2)
        };
        cut.into_iter().chain(log.lines.iter().flat_map(line)).collect()
    }
}
