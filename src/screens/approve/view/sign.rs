//! The signer's side of the approval: quorum, four eyes, checklist answers, and overridden rules.

use crate::domain::policy::checklist::open_items;
use crate::domain::preflight::{CheckState, Preflight};
use crate::domain::promotion::PlanDraft;
use crate::domain::record::{Decision, SignOff};
use crate::present::decision;
use crate::screens::parts::written;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// What is written for an approval that does not complete the quorum.
pub(super) fn instead(draft: &PlanDraft, width: usize, skin: &Skin) -> Vec<Phrase<'static>> {
    let mut lines = Phrase::of(Role::Warn, decision::nth(&draft.decision)).wrap(width, 0);
    lines.extend(written::lines(&draft.decision, width, skin));
    let moves = if draft.promote_to.is_told_by_releases() { "releases" } else { "moves" };
    let later = format!("The last approval {moves} {} and creates the tag {}.", draft.version(), draft.tag);
    lines.extend(Phrase::of(Role::Muted, later).wrap(width, 2));
    lines
}

/// Quorum, four eyes and checklist: one line for each that is satisfied.
pub(super) fn lines(preflight: &Preflight, sign_off: &SignOff, width: usize, skin: &Skin) -> Vec<Phrase<'static>> {
    let Some(draft) = &preflight.draft else {
        return Vec::new();
    };
    let (basis, pass) = (&draft.basis, skin.symbols().pass);
    let good = |text: String| Phrase::of(Role::Good, format!("{pass} ")).text(text);
    let mut phrases = Vec::new();
    if basis.demands.approvals > 1 && draft.completes() {
        phrases.push(good(decision::nth(&draft.decision)));
    }
    let apart: Vec<&str> = preflight
        .checks
        .iter()
        .filter(|c| c.title == "four eyes" && c.state == CheckState::Pass)
        .map(|c| c.detail.as_str())
        .collect();
    if !apart.is_empty() {
        phrases.push(good(format!("four eyes: {}", apart.join("; "))));
    }
    let questions = &basis.demands.checklist;
    if !questions.is_empty()
        && basis.decision == Decision::Approve
        && open_items(questions, &sign_off.answers).is_empty()
    {
        let answered = questions.iter().filter(|q| sign_off.answers.contains_key(&q.id)).count();
        phrases.push(good(format!("checklist: {answered} of {} answered", questions.len())));
    }
    phrases.into_iter().flat_map(|phrase| phrase.wrap(width, 2)).collect()
}

/// What still blocks on the signer's side, one line each.
pub(super) fn objections(draft: &PlanDraft, sign_off: &SignOff, width: usize, skin: &Skin) -> Vec<Phrase<'static>> {
    let basis = &draft.basis;
    let open = match basis.decision {
        Decision::Approve => open_items(&basis.demands.checklist, &sign_off.answers).len(),
        _ => 0,
    };
    let mut lines = Vec::new();
    for (i, why) in basis.objections(sign_off).into_iter().enumerate() {
        // The open items come first; the hint where to answer them appears once.
        let (head, tail) = if i < open { ("checklist: ", i + 1 == open) } else { ("", false) };
        let mut phrase = Phrase::of(Role::Bad, format!("{} {head}{why}", skin.symbols().block));
        if tail {
            phrase = phrase.add(Role::Muted, "  Answer it on tab 5 of the review.");
        }
        lines.extend(phrase.wrap(width, 2));
    }
    lines
}
