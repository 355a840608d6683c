//! Drawing of the approval form: the only screen with a frame, and the only one with a coloured frame.

mod plan;
mod sign;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{Approve, Focus, Phase};
use crate::app::action::Action;
use crate::domain::confirmation::confirmation;
use crate::domain::ids::PromotionId;
use crate::domain::preflight::Preflight;
use crate::domain::promotion::PlanDraft;
use crate::present::{failure, number};
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::skin::{Role, Skin, Theme};
use crate::ui::widgets::{Dialog, Field, Pager};
use crate::ui::{Draw as _, Phrase, text};

/// Default size of the frame; smaller on a smaller terminal, larger for a longer plan.
const FRAME: (u16, u16) = (100, 22);
/// Below this many rows inside the frame, spacing is left out.
const ROOMY: u16 = 14;

/// The content of the frame, line by line.
struct Arrangement {
    /// The plan or the notes; as many lines as fit.
    above: Vec<Phrase<'static>>,
    /// Lines of the plan, and of those that fit.
    lines: usize,
    rows: usize,
    /// The signer; none if it does not fit.
    signer: Option<Phrase<'static>>,
    /// What is wrong with the input, or the next step.
    word: Vec<Phrase<'static>>,
}

impl Approve {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let read_at = ctx.cache.preflight(&self.model, self.version, self.decision).map(|p| p.read_at);
        let failed = ctx.cache.failure(&self.query()).is_some();
        let right = vec![format::freshness(ctx.cache.is_loading(&self.query()), failed, read_at, ctx, skin)];
        let word = if self.is_rollback() { "Roll back" } else { "Approve" };
        (Phrase::of(Role::Title, word).text(format!("  {} {}", self.model, self.version)), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let frame = self.frame(area, ctx, skin);
        let inner = Dialog::inner(frame);
        let arranged = self.arrange(inner.width, inner.height, ctx, skin);
        let mut title = Phrase::of(Role::Title, if self.is_rollback() { "ROLL BACK" } else { "APPROVE" });
        title = match self.overridden(ctx) {
            0 => title,
            n => title.add(Role::Bad, format!("  OVERRIDE {}", number::count(n, "rule"))),
        };
        if inner.height < ROOMY {
            title = title.text(format!("  {}  ", self.model)).add(Role::Candidate, self.version.to_string());
        }
        let word = if ctx.rules.production { " PRODUCTION" } else { "" };
        let right = Phrase::of(Role::BorderDanger, format!("{}{word}", ctx.rules.target_name));
        (&Dialog { skin, title, right, danger: true }).render(frame, buf);
        format::lines(inner, buf, skin, arranged.above);
        // Nothing that is typed into a plan that cannot be carried out would do anything.
        let asks = (!self.is_blocked(ctx)).then(|| self.reason_needed(ctx));
        self.draw_form(inner, buf, (ctx, skin), arranged.signer, &arranged.word, asks);
    }

    /// Number of lines of the plan, and of those that fit on a terminal of this size at once.
    pub(super) fn extent(&self, ctx: &Ctx<'_>) -> (usize, usize) {
        let skin = Skin::new(Theme::NoColor, true);
        let body = Rect::new(0, 0, ctx.width, ctx.height.saturating_sub(crate::screens::parts::CHROME));
        let inner = Dialog::inner(self.frame(body, ctx, &skin));
        let plan = Self { show_notes: false, ..self.clone() };
        let arranged = plan.arrange(inner.width, inner.height, ctx, &skin);
        (arranged.lines, arranged.rows)
    }

    /// The frame. It grows only for an unusually long plan, so that its size is stable.
    fn frame(&self, area: Rect, ctx: &Ctx<'_>, skin: &Skin) -> Rect {
        let width = area.width.min(FRAME.0);
        let wanted = self.arrange(Dialog::inner(Rect { width, ..area }).width, u16::MAX, ctx, skin);
        let lines = wanted.above.len() + self.form_rows(true, wanted.word.len()) + 2;
        let height = (lines.min(usize::from(u16::MAX)) as u16).max(FRAME.1).min(area.height);
        Rect { x: area.x + (area.width - width) / 2, width, height, ..area }
    }

    /// Rows of the form: signer, reason, a blank, confirmation, and the message below it.
    fn form_rows(&self, roomy: bool, word: usize) -> usize {
        word.max(1) + if roomy { 4 } else { 2 }
    }

    fn arrange(&self, width: u16, height: u16, ctx: &Ctx<'_>, skin: &Skin) -> Arrangement {
        let preflight = ctx.cache.preflight(&self.model, self.version, self.decision);
        let roomy = height >= ROOMY;
        let mut word = self.word(skin).wrap(usize::from(width), 2);
        word.truncate(if roomy { 3 } else { 2 });
        let rows = usize::from(height).saturating_sub(self.form_rows(roomy, word.len()));
        let (above, lines, rows) = if self.show_notes {
            (self.notes(preflight, usize::from(width), rows, ctx), 0, 0)
        } else {
            self.plan(preflight, usize::from(width), rows, roomy, ctx, skin)
        };
        let signer = roomy.then(|| signer(preflight));
        Arrangement { above, lines, rows, signer, word }
    }

    /// What is visible of the plan in at most `rows` lines; the number of all lines, and of those that fit.
    fn plan(
        &self,
        preflight: Option<&Preflight>,
        wide: usize,
        rows: usize,
        roomy: bool,
        ctx: &Ctx<'_>,
        skin: &Skin,
    ) -> (Vec<Phrase<'static>>, usize, usize) {
        let draft = preflight.and_then(|p| p.draft.as_ref());
        let title = self.subject_line(draft, skin);
        let plan = match draft {
            Some(draft) if draft.completes() => plan::lines(draft, skin, wide),
            Some(draft) => sign::instead(draft, wide, skin),
            None => Vec::new(),
        };
        let mut remarks = Vec::new();
        match (preflight, ctx.cache.failure(&self.query())) {
            (_, Some(failure)) => {
                remarks.extend(failure::line(failure, "", skin.symbols()).wrap(wide, 2));
            }
            (None, None) => remarks.push(Phrase::of(Role::Muted, "reading both servers …")),
            (Some(preflight), None) => {
                for change in self.changes(preflight, ctx) {
                    let text = format!("{} since you reviewed it, {change}", skin.symbols().block);
                    remarks.extend(Phrase::of(Role::Bad, text).wrap(wide, 2));
                }
                let sign_off = self.sign_off(preflight, ctx);
                remarks.extend(draft.map(|d| sign::objections(d, &sign_off, wide, skin)).unwrap_or_default());
                remarks.extend(plan::remarks(preflight, skin, wide));
            }
        }
        let stands = |p| sign::lines(p, &self.sign_off(p, ctx), wide, skin);
        let mut passed = preflight.map(stands).unwrap_or_default();
        passed.extend(preflight.and_then(|p| plan::passed(p, skin)).map(|p| p.wrap(wide, 2)).unwrap_or_default());
        let gap = |lines: &[Phrase<'_>]| vec![Phrase::default(); usize::from(!lines.is_empty())];
        let airy = [vec![title, Phrase::default()], plan.clone(), gap(&plan), remarks.clone(), passed.clone()].concat();
        // The lines that must be seen are dropped last; checks that passed are shown only if there is room.
        let close = [plan.clone(), remarks.clone()].concat();
        let whole = |lines: Vec<Phrase<'static>>| {
            let count = lines.len();
            (lines, count, count)
        };
        if roomy && airy.len() <= rows {
            return whole(airy);
        }
        if close.len() + passed.len() <= rows {
            return whole([close, passed].concat());
        }
        if close.len() <= rows {
            return whole(close);
        }
        // What blocks comes before a plan that cannot be carried out.
        let blocked = preflight.is_some_and(|preflight| !preflight.may_confirm());
        let close = if blocked { [remarks, plan].concat() } else { close };
        let visible = rows.saturating_sub(1);
        let offset = self.offset.min(close.len().saturating_sub(visible));
        let more = close.len() - (offset + visible).min(close.len());
        let text = match more {
            0 => format!("{offset} lines above: {}", ctx.keys.named(Action::PageUp)),
            more => format!("{} {more} more lines: {}", skin.symbols().warn, ctx.keys.named(Action::PageDown)),
        };
        let total = close.len();
        let shown = close.into_iter().skip(offset).take(visible).chain([Phrase::of(Role::Warn, text)]);
        (shown.take(rows).collect(), total, visible)
    }

    fn notes(&self, preflight: Option<&Preflight>, width: usize, rows: usize, ctx: &Ctx<'_>) -> Vec<Phrase<'static>> {
        let Some((preflight, draft)) = preflight.and_then(|p| Some((p, p.draft.as_ref()?))) else {
            return Vec::new();
        };
        // Rendered with a placeholder: the real id is generated on confirmation.
        let id = PromotionId::from_uuid(uuid::Uuid::nil());
        let text = match draft.sign(id, preflight.read_at, &self.sign_off(preflight, ctx)) {
            Ok(plan) => plan.notes,
            Err(error) => error.to_string(),
        };
        let back = format!(", as they will be   {} shows the plan", ctx.keys.named(Action::Notes));
        let heading = Phrase::of(Role::Heading, "Release notes").add(Role::Muted, back);
        let body = text::wrap(text.trim_end(), width);
        let mut lines: Vec<_> =
            [heading, Phrase::default()].into_iter().chain(body.into_iter().map(Phrase::new)).collect();
        if lines.len() > rows {
            let hidden = lines.len() - rows.saturating_sub(1);
            lines.truncate(rows.saturating_sub(1));
            lines.push(Phrase::of(Role::Muted, format!("… {hidden} more lines")));
        }
        lines
    }

    /// The version; in a rollback also the one it replaces.
    fn subject_line(&self, draft: Option<&PlanDraft>, skin: &Skin) -> Phrase<'static> {
        let line = Phrase::of(Role::Title, self.model.to_string()).text("   ");
        let old = draft.and_then(|d| d.facts.baseline.as_ref()).map(|b| b.version.number);
        match old.filter(|_| self.is_rollback()) {
            Some(old) => line
                .add(Role::Production, old.to_string())
                .add(Role::Muted, format!(" {} back to ", skin.symbols().arrow))
                .add(Role::Candidate, self.version.to_string()),
            None => line.add(Role::Candidate, self.version.to_string()),
        }
    }

    /// Whether confirming requires a reason.
    fn reason_needed(&self, ctx: &Ctx<'_>) -> bool {
        let preflight = ctx.cache.preflight(&self.model, self.version, self.decision);
        let asks = |p: &Preflight| p.draft.as_ref().is_some_and(|d| d.basis.demands.require_reason);
        self.is_rollback() || preflight.is_some_and(|p| asks(p) || p.needs_override())
    }

    fn word(&self, skin: &Skin) -> Phrase<'static> {
        match (&self.phase, &self.word) {
            (Phase::Submitted, _) => Phrase::of(Role::Warn, "Confirmed. Opening the journal …"),
            (Phase::Failed(failure), None) => failure::line(failure, "Nothing was written.", skin.symbols()),
            (_, Some(word)) => Phrase::of(Role::Warn, word.clone()),
            (Phase::Open, None) => Phrase::default(),
        }
    }

    /// The fields at the bottom of the frame; `asks` says whether a reason is needed, if anything is asked.
    fn draw_form(
        &self,
        inner: Rect,
        buf: &mut Buffer,
        (ctx, skin): (&Ctx<'_>, &Skin),
        signer: Option<Phrase<'static>>,
        word: &[Phrase<'static>],
        asks: Option<bool>,
    ) {
        let roomy = signer.is_some();
        let rows = self.form_rows(roomy, word.len()) as u16;
        let (_, mut rest) = format::split_bottom(inner, rows);
        let mut line = || {
            let (line, below) = format::split_top(rest, 1);
            rest = below;
            line
        };
        if let Some(signer) = signer {
            signer.draw(line(), buf, skin);
        }
        let said = |i: usize| word.get(i).cloned().unwrap_or_default();
        let Some(reason_needed) = asks else {
            if roomy {
                line();
            }
            line();
            let what = if self.is_rollback() { "rolled back to" } else { "approved" };
            let text = format!("{} {} cannot be {what}: see above.", skin.symbols().block, self.version);
            Phrase::of(Role::Bad, text).draw(line(), buf, skin);
            return (&Pager::new(skin, word.len(), 0, &said)).render(rest, buf);
        };
        let open = self.phase != Phase::Submitted;
        let field = |label: String, input, placeholder: String, focus| Field {
            skin,
            label: Phrase::of(Role::Muted, label),
            input,
            placeholder: placeholder.into(),
            focused: open && self.focus == focus,
        };
        let need = if reason_needed { "needed" } else { "optional" };
        let hint = format!("{need}; {} goes here", ctx.keys.named(Action::NextField));
        let reason = field("Reason  ".to_owned(), &self.reason, hint, Focus::Reason);
        (&reason).render(line(), buf);
        if roomy {
            line();
        }
        let enter = ctx.keys.named(Action::Confirm);
        let label = format!("Type {} and press {enter}:  ", confirmation(&self.model, self.version));
        let confirm = field(label, &self.confirmation, String::new(), Focus::Confirmation);
        (&confirm).render(line(), buf);
        (&Pager::new(skin, word.len(), 0, &said)).render(rest, buf);
    }
}

fn signer(preflight: Option<&Preflight>) -> Phrase<'static> {
    let Some(draft) = preflight.and_then(|p| p.draft.as_ref()) else {
        return Phrase::default();
    };
    let phrase = Phrase::of(Role::Muted, "Signing as ")
        .add(Role::Title, draft.signer.login.clone())
        .add(Role::Muted, format!(" ({})", draft.host));
    match &draft.signer.registry_user {
        Some(user) => phrase.add(Role::Muted, format!(", {user} in MLflow")),
        None => phrase,
    }
}
