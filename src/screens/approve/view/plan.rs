//! The lines of the plan: old and new value of every object, the point of no return, and the checks.

use crate::domain::preflight::{Check, CheckState, Preflight};
use crate::domain::promotion::PlanDraft;
use crate::domain::promotion::plan::PlanLine;
use crate::present::{Mark, check, code};
use crate::ui::skin::{Role, Skin};
use crate::ui::{Phrase, text};

/// Columns for the number and the object.
const HEAD: usize = 17;
/// Below this many columns, optional spacing is left out.
const ROOMY: usize = 64;

/// The steps in order, with their arrows aligned.
pub(super) fn lines(draft: &PlanDraft, skin: &Skin, width: usize) -> Vec<Phrase<'static>> {
    let plan = draft.lines();
    let subject = plan.iter().filter(|l| !l.old.is_empty()).map(|l| text::width(&l.subject)).max().unwrap_or(0);
    let left = plan.iter().map(|l| text::width(&before(l, subject))).max().unwrap_or(0);
    let mut out = Vec::new();
    let mut crossed = false;
    for line in &plan {
        if line.irreversible && !crossed {
            crossed = true;
            out.push(no_return(skin, width));
        }
        let gap = if width < ROOMY { " " } else { "  " };
        let mut phrase = plan_line(line, subject, left, gap, skin);
        if line.new.ends_with(draft.commit.sha.short()) {
            let room = width.saturating_sub(phrase.width());
            phrase = phrase.join(commit(draft, room, skin));
        }
        out.extend(phrase.wrap(width, HEAD));
    }
    out
}

/// Details of the tagged commit in `room` columns: its title, or that it is not the run's commit.
fn commit(draft: &PlanDraft, room: usize, skin: &Skin) -> Phrase<'static> {
    match code::origin(&draft.commit_origin) {
        Some(origin) => Phrase::new("  ").join(Mark::Warn.say(origin, skin.symbols())),
        None if room > 12 => {
            let title = text::fit(&draft.commit.title, room - 4, skin.symbols().ellipsis);
            Phrase::of(Role::Muted, format!("  \"{title}\""))
        }
        None => Phrase::default(),
    }
}

/// The text before the arrow.
fn before(line: &PlanLine, subject: usize) -> String {
    if line.old.is_empty() {
        return line.subject.clone();
    }
    let pad = " ".repeat(subject.saturating_sub(text::width(&line.subject)) + 2);
    format!("{}{pad}{}", line.subject, line.old)
}

fn plan_line(line: &PlanLine, subject: usize, left: usize, gap: &str, skin: &Skin) -> Phrase<'static> {
    let number = if line.object.is_empty() { " ".to_owned() } else { line.number.to_string() };
    let head = Phrase::of(Role::Heading, format!("{number} {:<rest$}", line.object, rest = HEAD - 2));
    if line.subject.is_empty() && line.old.is_empty() {
        return head.text(line.new.clone());
    }
    let before = before(line, subject);
    let pad = " ".repeat(left.saturating_sub(text::width(&before)));
    head.text(before)
        .add(Role::Muted, format!("{pad}{gap}{}{gap}", skin.symbols().arrow))
        .add(Role::Title, line.new.clone())
}

/// The line after which nothing can be undone.
fn no_return(skin: &Skin, width: usize) -> Phrase<'static> {
    let (line, text) = (skin.symbols().line, " from here on it cannot be undone ");
    let rest = width.saturating_sub(text::width(text) + 4);
    Phrase::of(Role::BorderDanger, format!("  {}{text}{}", line.repeat(2), line.repeat(rest)))
}

/// Blockers first, then warnings.
pub(super) fn remarks(preflight: &Preflight, skin: &Skin, width: usize) -> Vec<Phrase<'static>> {
    let remarks = check::remarks(&preflight.checks);
    remarks.iter().flat_map(|row| row.phrase(skin.symbols()).wrap(width, 2)).collect()
}

/// The checks that passed, in one phrase.
pub(super) fn passed(preflight: &Preflight, skin: &Skin) -> Option<Phrase<'static>> {
    // Checks with a line of their own are not listed again.
    let own = |c: &&Check| c.title == "four eyes" || c.title == "approvals";
    // What failed in part did not pass.
    let failed =
        |c: &&Check| preflight.checks.iter().any(|other| other.title == c.title && other.state > CheckState::Unknown);
    let mut passed: Vec<&str> = Vec::new();
    for check in preflight.checks.iter().filter(|c| c.state == CheckState::Pass && !own(c) && !failed(c)) {
        if !passed.contains(&check.title.as_str()) {
            passed.push(&check.title);
        }
    }
    (!passed.is_empty()).then(|| Mark::Pass.say(passed.join(", "), skin.symbols()))
}
