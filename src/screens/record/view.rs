//! Drawing of a sign-off record.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::Record;
use crate::app::action::Action;
use crate::app::query::Query;
use crate::app::route::RecordAt;
use crate::present::record::{self, Became, page};
use crate::present::{CheckRow, Mark, Symbols, number};
use crate::screens::parts::view as format;
use crate::screens::parts::{Ctx, cd};
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::Pager;

/// Most columns of labels; questions of a checklist are longer.
const LABELS: usize = 24;

impl Record {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, _: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let Some(sealed) = self.sealed(ctx) else {
            return (Phrase::of(Role::Title, "Record"), Vec::new());
        };
        let what = format!("  {}", record::title(&sealed.record));
        let hash: String = sealed.record_hash.chars().take(19).collect();
        (Phrase::of(Role::Title, "Record").text(what), vec![Phrase::of(Role::Muted, hash)])
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let query = self.query();
        let failure = ctx.cache.failure(&query);
        let read_at = ctx.cache.slot(&query).and_then(|s| s.read_at);
        let area = format::banner(area, buf, ctx, skin, failure, read_at);
        let lines = self.found(ctx, skin.symbols());
        if lines.is_empty() && self.filter.narrows() {
            return format::empty(area, buf, ctx, skin, "No line matches.", &[(Action::Back, "the whole record")]);
        }
        if lines.is_empty() && failure.is_none() {
            let reading = ctx.cache.is_loading(&query);
            let message = match (&self.at, reading) {
                (RecordAt::Machine(_), true) => "reading the records …",
                (RecordAt::Release(..), true) => "reading the record from its release …",
                (_, false) => "No such record on this machine.",
            };
            return format::empty(area, buf, ctx, skin, message, &[(Action::Back, "back")]);
        }
        let line = |i: usize| lines.get(i).cloned().unwrap_or_default();
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        (&Pager::new(skin, lines.len(), self.offset, &line)).render(area, buf);
    }

    /// The page and what was verified, wrapped to the width of the terminal.
    pub(super) fn lines(&self, ctx: &Ctx<'_>, symbols: &Symbols) -> Vec<Phrase<'static>> {
        let width = usize::from(ctx.width.saturating_sub(2)).max(20);
        let mut lines = self.verified(ctx, width, symbols);
        // A release without a usable record can be verified all the same.
        let Some(sealed) = self.sealed(ctx) else { return lines };
        let id = sealed.record.record_id;
        let promotion = ctx.cache.promotion(id).map(|state| cd::now(state, ctx));
        let all = || ctx.cache.promotions().into_iter().flatten();
        let driven = all().any(|p| p.id == id && p.driven);
        let states = all().filter_map(|p| p.state.as_ref().ok()).map(|state| &**state);
        let became = Became {
            outcome: ctx.cache.record_outcome(id),
            added: ctx.cache.added_to_record(id),
            promotion: promotion.as_deref().map(|state| (state, driven)),
            cd_seen_at: ctx.cache.promotion(id).and_then(|state| cd::seen_at(state, ctx)),
            is_on_release: matches!(self.at, RecordAt::Release(..)),
            replaced_by: promotion.as_deref().and_then(|state| state.replaced_by(states)),
        };
        for section in page(sealed, &became, ctx.zone, symbols) {
            if !lines.is_empty() {
                lines.push(Phrase::default());
            }
            lines.push(Phrase::of(Role::Heading, section.heading));
            let widest =
                section.rows.iter().map(|row| Phrase::new(row.label.clone()).width()).max().unwrap_or_default();
            let column = widest.min(LABELS).min(width / 3);
            for row in section.rows {
                let label = Phrase::of(Role::Muted, row.label);
                // A longer label stands on a line of its own.
                let (own, label) =
                    if label.width() > column { (Some(label), Phrase::default()) } else { (None, label) };
                lines.extend(own.iter().flat_map(|label| Phrase::new("  ").join(label.clone()).wrap(width, 2)));
                let whole = Phrase::new("  ").join(label.padded(column)).text("  ").join(row.said);
                lines.extend(whole.wrap(width, column + 4));
            }
        }
        lines
    }

    fn verified(&self, ctx: &Ctx<'_>, width: usize, symbols: &Symbols) -> Vec<Phrase<'static>> {
        let Some(query) = self.verification(ctx) else { return Vec::new() };
        let mut lines = vec![Phrase::of(Role::Heading, "VERIFIED NOW")];
        let Query::Verification { tag } = &query else { return lines };
        if let Some(failure) = ctx.cache.failure(&query) {
            let said = Mark::Unknown.say(failure.to_string(), symbols);
            lines.extend(Phrase::new("  ").join(said).wrap(width, 4));
            return lines;
        }
        let Some(found) = ctx.cache.verification(tag.clone()) else {
            lines.push(Phrase::of(Role::Muted, "  reading tag, release, comments and registry …"));
            return lines;
        };
        let against: Vec<_> = found.lines.iter().filter(|line| line.state.refuses()).collect();
        let sum = match found.holds() {
            true => {
                Mark::Pass.say(format_args!("signed off: {} hold", number::count(found.lines.len(), "check")), symbols)
            }
            false => Mark::Block.say(format_args!("{} failed", number::count(against.len(), "check")), symbols),
        };
        lines.push(Phrase::new("  ").join(sum));
        for line in against {
            lines.extend(Phrase::new("  ").join(CheckRow::from(line).phrase(symbols)).wrap(width, 4));
        }
        lines
    }
}
