//! `signoff promotions`, and finding a promotion by part of its id.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use crate::app::query::Promotion;
use crate::cli::args::Format;
use crate::cli::exit::Exit;
use crate::cli::json::promotion::{Listed, Promotions};
use crate::cli::output::Sink;
use crate::cli::table::{Align, Table};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::ids::PromotionId;
use crate::domain::promotion::SagaState;
use crate::domain::text::clean_line;
use crate::present::promotion::{PromotionState, cd_word, why};
use crate::present::{Phrase, Role, time};
use crate::runtime::answer;
use crate::services::promote::Promoter;
use crate::services::{Services, cd};

/// Runs the command.
///
/// # Errors
/// If the journal directory cannot be read. A single unreadable journal is a row, not an error.
pub async fn run(services: &Services, unfinished: bool, format: Format, sink: &mut Sink) -> Outcome<Exit> {
    let mut found = answer::promotions(services).await?;
    let unread = unreadable(&found);
    if unfinished {
        found.retain(|p| progress(p).is_unfinished() || progress(p) == PromotionState::Unreadable);
    }
    let unread_cd = look_again(services, &mut found, sink).await;
    // One that cannot be read may be unfinished.
    let exit = if unfinished && unread > 0 { Exit::Journal } else { Exit::Done };
    if format.json {
        let promotions = found.iter().map(|p| Listed::new(p, unread_cd.contains(&p.id))).collect();
        sink.json(&Promotions { schema: "signoff.promotions/1", promotions })?;
        return Ok(exit);
    }
    if found.is_empty() {
        sink.line(if unfinished { "No unfinished promotions." } else { "No promotions on this machine yet." });
        return Ok(Exit::Done);
    }
    let now = services.clock.now();
    let mut table = Table::new(&[
        ("ID", Align::Whole),
        ("MODEL", Align::Left),
        ("VER", Align::Whole),
        ("TARGET", Align::Left),
        ("STATE", Align::Whole),
        ("AGE", Align::Right),
        ("SIGNER", Align::Left),
        ("TAG", Align::Left),
        ("CD", Align::Left),
        ("WHY", Align::Left),
    ]);
    for promotion in &found {
        let state_cell = progress(promotion).phrase();
        match &promotion.state {
            Ok(state) => {
                let draft = &state.plan.draft;
                table.row([
                    promotion.id.short().into(),
                    Phrase::of(Role::Title, draft.model().to_string()),
                    draft.version().to_string().into(),
                    draft.target().into(),
                    state_cell,
                    time::age(state.opened_at, now).into(),
                    draft.signer.login.clone().into(),
                    draft.tag.to_string().into(),
                    cd_cell(state, unread_cd.contains(&promotion.id)),
                    why(state).0.map(|w| clean_line(&w)).unwrap_or_default().into(),
                ]);
            }
            Err(failure) => {
                let mut row = vec![Phrase::default(); 10];
                row[0] = promotion.id.short().into();
                row[4] = state_cell;
                row[9] = clean_line(&failure.reason).into();
                table.row(row);
            }
        }
    }
    sink.text(&table.render(sink.style()));
    if found.iter().any(|p| progress(p).is_unfinished()) {
        sink.note("To finish one: `signoff resume ID`. To undo it: `signoff undo ID`.");
    }
    if unread > 0 {
        sink.note(UNREADABLE);
    }
    Ok(exit)
}

/// Most promotions whose CD is read again, newest first.
const AGAIN: usize = 10;

/// Reads CD of the newest releases again: somebody may have re-run it. Returns those of which it was not read, and says
/// once why it could not be.
async fn look_again(services: &Services, found: &mut [Promotion], sink: &mut Sink) -> BTreeSet<PromotionId> {
    let now = services.clock.now();
    let open = found.iter_mut().filter(|p| !p.driven).filter_map(|p| p.state.as_mut().ok());
    let open: Vec<&mut Box<SagaState>> = open.filter(|state| state.may_differ_in_cd(now)).collect();
    let read = open.iter().take(AGAIN).map(|state| cd::now(services, state));
    let mut answers = join_all(read).await.into_iter();
    let (mut unread, mut failed) = (BTreeSet::new(), None);
    for state in open {
        match answers.next() {
            Some(Ok(Some(outcome))) => **state = state.with_cd(&outcome),
            Some(Ok(None)) | None => drop(unread.insert(state.plan.id)),
            Some(Err(failure)) => {
                unread.insert(state.plan.id);
                failed = failed.or(Some(failure));
            }
        }
    }
    if let Some(failure) = failed {
        sink.note(&format!("CD is shown as it was seen last: {}.", clean_line(&failure.to_string())));
    }
    unread
}

/// CD in a word, with the time when it was seen if it may not be so any more.
fn cd_cell(state: &SagaState, unread: bool) -> Phrase<'static> {
    let word = Phrase::new(cd_word(state.cd.as_ref()));
    if unread { word.add(Role::Muted, format!(" (seen {})", time::minute(state.updated_at))) } else { word }
}

/// What to do about a journal that cannot be read.
const UNREADABLE: &str =
    "A promotion whose journal cannot be read may be unfinished: look at the file and at both servers.";

fn unreadable(all: &[Promotion]) -> usize {
    all.iter().filter(|p| progress(p) == PromotionState::Unreadable).count()
}

/// Names the journals that cannot be read, and clears those without an entry. Returns whether all could be read.
///
/// # Errors
/// If the journals cannot be listed.
pub async fn look_through(services: &Services, sink: &mut Sink) -> Outcome<bool> {
    for (id, said) in Promoter::new(services.clone()).clear_empty().await? {
        let held = if said.is_empty() { "It was empty".to_owned() } else { format!("It held only: {said}") };
        sink.note(&format!("Cleared the journal of promotion {id}, which never began. {held}"));
    }
    let found = answer::promotions(services).await?;
    for promotion in &found {
        if let (PromotionState::Unreadable, Err(failure)) = (progress(promotion), &promotion.state) {
            sink.note(&format!("Promotion {} cannot be read: {}", promotion.id, clean_line(&failure.to_string())));
        }
    }
    let all = unreadable(&found) == 0;
    if !all {
        sink.note(UNREADABLE);
    }
    Ok(all)
}

/// The state of a promotion in the journal.
pub fn progress(promotion: &Promotion) -> PromotionState {
    PromotionState::stored(promotion.state.as_deref(), promotion.driven)
}

/// The promotion whose id contains `part`.
///
/// # Errors
/// [`FailureKind::NotFound`] if there is none, [`FailureKind::Conflict`] if there are several.
pub async fn find(services: &Services, part: &str) -> Outcome<PromotionId> {
    let wanted = part.trim().to_ascii_lowercase();
    let stored = answer::promotions(services).await?;
    let found: Vec<&Promotion> =
        stored.iter().filter(|p| !wanted.is_empty() && p.id.to_string().contains(&wanted)).collect();
    let refuse = |kind, why: String| {
        Failure::new(kind, Service::Local, format!("find the promotion '{}'", clean_line(part)), why)
            .with_hint("`signoff promotions` lists them.")
    };
    match found.as_slice() {
        [one] => Ok(one.id),
        [] => Err(refuse(FailureKind::NotFound, "there is no such promotion on this machine".to_owned())),
        several => Err(refuse(FailureKind::Conflict, format!("{} promotions match", several.len()))),
    }
}

/// The promotion that `resume` without an id means: the only unfinished one, else the only one whose CD was not
/// followed. None if there is nothing to resume.
///
/// # Errors
/// [`FailureKind::Conflict`] if there are several.
pub async fn only_unfinished(services: &Services) -> Outcome<Option<PromotionId>> {
    let stored = answer::promotions(services).await?;
    let with = |fits: &dyn Fn(PromotionState) -> bool| -> Vec<(PromotionId, &SagaState)> {
        let readable = |p: &'_ Promotion| fits(progress(p));
        stored.iter().filter(|p| readable(p)).filter_map(|p| Some((p.id, &**p.state.as_ref().ok()?))).collect()
    };
    for candidates in [with(&PromotionState::is_unfinished), with(&|p| p == PromotionState::Released)] {
        match candidates.as_slice() {
            [] => {}
            [(id, _)] => return Ok(Some(*id)),
            several => {
                let names: Vec<_> = several
                    .iter()
                    .map(|(id, s)| format!("{} ({} {})", id.short(), s.plan.draft.model(), s.plan.draft.version()))
                    .collect();
                return Err(Failure::new(
                    FailureKind::Conflict,
                    Service::Local,
                    "choose what to resume",
                    format!("there are several: {}", names.join(", ")),
                )
                .with_hint("Name one: `signoff resume ID`."));
            }
        }
    }
    Ok(None)
}
