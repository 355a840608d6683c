//! Drawing of the form to reject or hold.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{Decide, Phase};
use crate::app::action::Action;
use crate::domain::record::{Decision, DecisionMark};
use crate::present::{decision, failure};
use crate::screens::parts::{Component as _, Ctx};
use crate::screens::parts::{view as format, written};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Dialog, Field, Pager, TextBox};
use crate::ui::{Draw as _, Phrase, text};

/// Default size of the frame; smaller on a smaller terminal.
const FRAME: (u16, u16) = (100, 22);
/// Minimum rows of the text field.
const LEAST: u16 = 3;

impl Decide {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let slot = ctx.cache.slot(&self.query());
        let right = slot.map(|s| format::freshness(s.loading.is_some(), s.failure.is_some(), s.read_at, ctx, skin));
        let word = match self.decision {
            Decision::Hold => "Hold back",
            _ => "Reject",
        };
        let left = Phrase::of(Role::Title, word).text(format!("  {} {}", self.model, self.version));
        (left, right.into_iter().collect())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let width = area.width.min(FRAME.0);
        let frame = Rect { x: area.x + (area.width - width) / 2, width, height: area.height.min(FRAME.1), ..area };
        let title = Phrase::of(Role::Title, self.decision.word().to_uppercase())
            .text(format!("  {} ", self.model))
            .add(Role::Candidate, self.version.to_string());
        let word = if ctx.rules.production { " PRODUCTION" } else { "" };
        let right = Phrase::of(Role::Muted, format!("{}{word}", ctx.rules.target_name));
        (&Dialog { skin, title, right, danger: false }).render(frame, buf);
        let inner = Dialog::inner(frame);
        let wide = usize::from(inner.width);
        let mut said = self.said(ctx, skin).wrap(wide, 2);
        said.truncate(4);
        let below = said.len().max(1) as u16;
        let has_day = self.decision == Decision::Hold;
        let mut above = self.above(wide, ctx, skin);
        above.truncate(usize::from(inner.height.saturating_sub(below + LEAST + 1 + u16::from(has_day))));
        let used = format::lines(inner, buf, skin, above);
        let (_, rest) = format::split_top(inner, used);
        let (label, rest) = format::split_top(rest, 1);
        let submit = ctx.keys.named(Action::Submit);
        let hint = format!("   Enter starts a new line; {submit} submits");
        let hint = if self.captures_text() { hint } else { String::new() };
        Phrase::of(Role::Heading, "Reason").add(Role::Muted, hint).draw(label, buf, skin);
        let (field, said_at) = format::split_bottom(rest, below);
        let (field, day) = format::split_bottom(field, u16::from(has_day));
        let (before, after) = self.reason.halves();
        (&TextBox { skin, before, after, focused: self.captures_text() && !self.in_until }).render(field, buf);
        let tab = ctx.keys.named(Action::NextField);
        let until = Field {
            skin,
            label: Phrase::of(Role::Heading, "Until (UTC)  "),
            input: &self.until,
            placeholder: format!("the end of a day such as 2026-12-15, or nothing ({tab})").into(),
            focused: self.captures_text() && self.in_until,
        };
        (&until).render(day, buf);
        let line = |i: usize| said.get(i).cloned().unwrap_or_default();
        (&Pager::new(skin, said.len(), 0, &line)).render(said_at, buf);
    }

    /// What the decision means, and what will be written.
    fn above(&self, wide: usize, ctx: &Ctx<'_>, skin: &Skin) -> Vec<Phrase<'static>> {
        let symbols = skin.symbols();
        let mut lines = Vec::new();
        match (ctx.cache.decision_draft(&self.model, self.version, self.decision), ctx.cache.failure(&self.query())) {
            (_, Some(failure)) => {
                lines.extend(
                    failure::line(failure, &ctx.keys.press(Action::Refresh, "try again"), symbols).wrap(wide, 2),
                );
            }
            (None, None) => lines.push(Phrase::of(Role::Muted, "reading … you can type already")),
            (Some(draft), None) => {
                lines.extend(Phrase::of(Role::Title, format!("\"{}\"", written::meaning(draft))).wrap(wide, 1));
                lines.push(Phrase::default());
                lines.extend(written::lines(draft, wide, skin));
                if let Some(mark) = DecisionMark::on(&draft.facts.version) {
                    let text = format!("{} replaces: {}", symbols.warn, decision::mark(&mark, ctx.now.read()));
                    let text = text::fit(&text, wide, symbols.ellipsis);
                    lines.push(Phrase::of(Role::Warn, text));
                }
            }
        }
        if ctx.rules.readonly {
            lines.push(Phrase::of(Role::Warn, format!("{} this target is read-only", symbols.warn)));
        }
        lines.push(Phrase::default());
        lines
    }

    fn said(&self, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
        match (&self.phase, &self.word) {
            (Phase::Submitted, _) => Phrase::of(Role::Warn, "Submitted. Writing the record …"),
            (_, Some(word)) => Phrase::of(Role::Warn, word.clone()),
            (Phase::Failed(failure), None) => {
                failure::line(failure, &ctx.keys.press(Action::Refresh, "try again"), skin.symbols())
            }
            (Phase::Open, None) => Phrase::default(),
        }
    }
}
