//! Drawing of the approval form: the only screen with a frame, and the only one with a coloured one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Approve, Focus, Phase};
use crate::domain::preflight::{Check, CheckState, Preflight};
use crate::domain::promotion::plan::PlanLine;
use crate::domain::promotion::{CommitOrigin, PlanDraft};
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::skin::{Role, Skin};
use crate::ui::{Phrase, text};

/// Width of the frame, unless the terminal is narrower.
const FRAME_WIDTH: u16 = 100;

impl Approve {
    /// What the title line says: left and right.
    #[must_use]
    pub fn title(&self, ctx: &Ctx<'_>) -> (Phrase<'static>, Phrase<'static>) {
        let right = match ctx.catalog.preflight(&self.model, self.version) {
            _ if ctx.catalog.is_loading(&self.query()) => Phrase::of(Role::Muted, "reading …"),
            Some(preflight) => Phrase::of(Role::Muted, format!("read {}", format::clock(preflight.read_at))),
            None => Phrase::default(),
        };
        (Phrase::of(Role::Title, "Approve").text(format!("  {} {}", self.model, self.version)), right)
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let width = area.width.min(FRAME_WIDTH);
        let frame = Rect { x: area.x + (area.width - width) / 2, width, ..area };
        let corner = format!(" {} ", ctx.rules.target_name);
        let inner = frame_around(frame, buf, skin, " APPROVE ", &corner);
        let form_rows = 5;
        let form = Rect { y: inner.bottom().saturating_sub(form_rows), height: inner.height.min(form_rows), ..inner };
        let plan = Rect { height: inner.height.saturating_sub(form_rows), ..inner };
        let preflight = ctx.catalog.preflight(&self.model, self.version);
        if self.show_notes {
            self.draw_notes(plan, buf, skin, preflight);
        } else {
            self.draw_plan(plan, buf, ctx, skin, preflight);
        }
        self.draw_form(form, buf, skin, preflight);
    }

    fn draw_plan(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin, preflight: Option<&Preflight>) {
        let width = usize::from(area.width);
        let mut lines = vec![
            Phrase::of(Role::Title, format!("  {}   ", self.model)).add(Role::Candidate, self.version.to_string()),
        ];
        if let Some(draft) = preflight.and_then(|p| p.draft.as_ref()) {
            lines.extend(plan_lines(draft, skin, area.width));
        }
        match (preflight, ctx.catalog.failure(&self.query())) {
            (_, Some(failure)) => {
                let hint = failure.hint.clone().unwrap_or_default();
                let phrase = Phrase::of(Role::Bad, format!(" {} {failure}. {hint}", skin.symbols().block));
                lines.extend(phrase.wrap(width, 3));
            }
            (None, None) => lines.push(Phrase::of(Role::Muted, "  reading both servers …")),
            (Some(preflight), None) => {
                for change in self.changes(preflight, ctx) {
                    let phrase =
                        Phrase::of(Role::Bad, format!(" {} since you reviewed it, {change}", skin.symbols().block));
                    lines.extend(phrase.wrap(width, 3));
                }
                lines.extend(checks(preflight, skin, width));
            }
        }
        format::lines(area, buf, skin, lines);
    }

    fn draw_notes(&self, area: Rect, buf: &mut Buffer, skin: &Skin, preflight: Option<&Preflight>) {
        let Some((preflight, draft)) = preflight.and_then(|p| Some((p, p.draft.as_ref()?))) else {
            return;
        };
        // Rendered with a placeholder: the real id is made when it is confirmed.
        let id = crate::domain::ids::PromotionId::from_uuid(uuid::Uuid::nil());
        let text = match draft.sign(id, preflight.read_at, self.reason.value()) {
            Ok(plan) => plan.notes,
            Err(error) => error.to_string(),
        };
        let heading = Phrase::of(Role::Heading, "  Release notes   ").add(Role::Muted, "Ctrl-P shows the plan again");
        let body = text.lines().map(|l| Phrase::new(format!("  {l}")));
        format::lines(area, buf, skin, std::iter::once(heading).chain(body));
    }

    fn draw_form(&self, area: Rect, buf: &mut Buffer, skin: &Skin, preflight: Option<&Preflight>) {
        let signer = match preflight.and_then(|p| p.draft.as_ref()) {
            Some(draft) => {
                let mut phrase = Phrase::of(Role::Muted, "  Signing as ").add(Role::Title, draft.signer.login.clone());
                phrase = phrase.add(Role::Muted, format!(" ({})", draft.host));
                if let Some(user) = &draft.signer.registry_user {
                    phrase = phrase.add(Role::Muted, format!(", {user} in MLflow"));
                }
                phrase
            }
            None => Phrase::default(),
        };
        let field = |label: &str, value: &str, focused: bool, hint: &'static str| {
            let role = if focused { Role::FieldFocus } else { Role::Field };
            let cursor = if focused { "▏" } else { "" };
            let shown = if value.is_empty() && !focused {
                Phrase::of(Role::Placeholder, hint)
            } else {
                Phrase::of(role, format!("{value}{cursor}"))
            };
            Phrase::of(Role::Muted, format!("  {label}")).join(shown)
        };
        let confirm_label = format!("Type {} and press Enter:  ", self.version);
        let reason = field("Reason  ", self.reason.value(), self.focus == Focus::Reason, "optional (Tab)");
        let confirm = field(&confirm_label, self.confirmation.value(), self.focus == Focus::Confirmation, "");
        let word = match (&self.phase, &self.word) {
            (Phase::Submitted, _) => Phrase::of(Role::Warn, "  Confirmed. Opening the journal …"),
            (Phase::Failed(failure), None) => {
                Phrase::of(Role::Bad, format!("  {} nothing was done: {failure}", skin.symbols().block))
            }
            (_, Some(word)) => Phrase::of(Role::Warn, format!("  {word}")),
            (Phase::Open, None) => Phrase::default(),
        };
        format::lines(area, buf, skin, [signer, reason, Phrase::default(), confirm, word]);
    }
}

/// The plan: old and new of every object on one line, and where the point of no return lies.
fn plan_lines(draft: &PlanDraft, skin: &Skin, width: u16) -> Vec<Phrase<'static>> {
    let arrow = skin.symbols().arrow;
    let mut lines = vec![Phrase::default()];
    let mut crossed = false;
    for line in draft.lines() {
        if line.irreversible && !crossed {
            crossed = true;
            let text = " from here on it cannot be undone ";
            let rest = usize::from(width).saturating_sub(text::width(text) + 10);
            let line = skin.symbols().line;
            lines.push(Phrase::of(Role::BorderDanger, format!("    {}{text}{}", line.repeat(2), line.repeat(rest))));
        }
        lines.push(plan_line(&line, arrow));
    }
    if let CommitOrigin::BranchHead(branch) = &draft.commit_origin {
        let text = format!("  {} the run recorded NO commit: this is the head of {branch}", skin.symbols().warn);
        lines.push(Phrase::of(Role::Warn, text));
    } else {
        lines.push(Phrase::of(Role::Muted, format!("    commit {} {}", draft.commit.sha.short(), draft.commit.title)));
    }
    lines.push(Phrase::default());
    lines
}

fn plan_line(line: &PlanLine, arrow: &str) -> Phrase<'static> {
    let number = if line.object.is_empty() { " ".to_owned() } else { line.number.to_string() };
    let head = format!("  {number} {:<15}", line.object);
    let phrase = Phrase::of(Role::Heading, head).text(format!("{} ", line.subject));
    if line.old.is_empty() {
        let gap = if line.subject.is_empty() { "" } else { arrow };
        return phrase.add(Role::Muted, format!("{gap} ")).text(line.new.clone());
    }
    phrase
        .add(Role::Muted, format!(" {:<11}", line.old))
        .add(Role::Muted, format!("{arrow} "))
        .add(Role::Title, line.new.clone())
}

/// What hinders first, then what is worth a look, then the rest in one line.
fn checks(preflight: &Preflight, skin: &Skin, width: usize) -> Vec<Phrase<'static>> {
    let mut lines = Vec::new();
    let mut worth: Vec<&Check> = preflight.checks.iter().filter(|c| c.state != CheckState::Pass).collect();
    worth.sort_by_key(|c| std::cmp::Reverse(c.state));
    for check in worth {
        let (role, symbol) = match check.state {
            CheckState::Block => (Role::Bad, skin.symbols().block),
            CheckState::Warn => (Role::Warn, skin.symbols().warn),
            _ => (Role::Unknown, skin.symbols().unknown),
        };
        let mut phrase = Phrase::of(role, format!(" {symbol} {}: {}", check.title, check.detail));
        if let Some(hint) = &check.hint {
            phrase = phrase.add(Role::Muted, format!("  {hint}"));
        }
        lines.extend(phrase.wrap(width, 3));
    }
    let passed: Vec<&str> =
        preflight.checks.iter().filter(|c| c.state == CheckState::Pass).map(|c| c.title.as_str()).collect();
    if !passed.is_empty() {
        let text = format!(" {} {}", skin.symbols().pass, passed.join(", "));
        lines.push(Phrase::of(Role::Good, text));
    }
    lines
}

/// Draws the frame of danger and returns what is inside.
fn frame_around(area: Rect, buf: &mut Buffer, skin: &Skin, title: &str, corner: &str) -> Rect {
    let [top_left, top_right, bottom_left, bottom_right, side] = skin.symbols().frame;
    let line = skin.symbols().line;
    if area.width < 4 || area.height < 3 {
        return area;
    }
    let dashes = |used: usize| line.repeat(usize::from(area.width).saturating_sub(used + 4));
    let top =
        format!("{top_left}{line}{title}{}{corner}{line}{top_right}", dashes(text::width(title) + text::width(corner)));
    let bottom = format!("{bottom_left}{}{bottom_right}", line.repeat(usize::from(area.width) - 2));
    let style = skin.style(Role::BorderDanger);
    buf.set_stringn(area.x, area.y, top, usize::from(area.width), style);
    buf.set_stringn(area.x, area.bottom() - 1, bottom, usize::from(area.width), style);
    for y in area.y + 1..area.bottom() - 1 {
        buf.set_stringn(area.x, y, side, 1, style);
        buf.set_stringn(area.right() - 1, y, side, 1, style);
    }
    Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
}
