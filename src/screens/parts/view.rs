//! How facts are written on every screen: ages, deltas, states. Text and role; the skin decides the look.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Filter;
use crate::domain::cd::{CdOutcome, CdState};
use crate::domain::compare::Change;
use crate::domain::promotion::{Ending, Phase, SagaState};
use crate::domain::release::signed;
use crate::domain::run::MetricValue;
use crate::failure::Failure;
use crate::ui::skin::{Role, Skin};
use crate::ui::{Phrase, text};

/// Time since `at` in its largest unit: `40s`, `12m`, `3h`, `2d`, `5w`, `2y`.
#[must_use]
pub fn age(at: Option<Timestamp>, now: Timestamp) -> String {
    let Some(at) = at else {
        return "?".to_owned();
    };
    let seconds = now.duration_since(at).as_secs().max(0);
    match seconds {
        s if s < 60 => format!("{s}s"),
        s if s < 3600 => format!("{}m", s / 60),
        s if s < 86_400 => format!("{}h", s / 3600),
        s if s < 60 * 86_400 => format!("{}d", s / 86_400),
        s if s < 730 * 86_400 => format!("{}w", s / (7 * 86_400)),
        s => format!("{}y", s / (365 * 86_400)),
    }
}

/// A time of day in UTC.
#[must_use]
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// A duration as `0.14 s` or `01:05`.
#[must_use]
pub fn duration(from: Timestamp, to: Timestamp) -> String {
    let ms = to.duration_since(from).as_millis().max(0);
    if ms < 10_000 {
        format!("{}.{:02} s", ms / 1000, ms % 1000 / 10)
    } else {
        format!("{:02}:{:02}", ms / 60_000, ms / 1000 % 60)
    }
}

/// A metric's value, `…` while it is on its way, `-` where there is none.
#[must_use]
pub fn metric(value: Option<Option<MetricValue>>) -> Phrase<'static> {
    match value {
        None => Phrase::of(Role::Muted, "…"),
        Some(None) => Phrase::of(Role::Muted, "-"),
        Some(Some(value)) => Phrase::new(value.to_string()),
    }
}

/// A difference: symbol, sign and role all say whether it is for the better.
#[must_use]
pub fn delta(change: Change, delta: Option<f64>, skin: &Skin) -> Phrase<'static> {
    let symbols = skin.symbols();
    let (symbol, role) = match change {
        Change::Same => (symbols.same, Role::Muted),
        Change::Better => (symbols.better, Role::Good),
        Change::Worse => (symbols.worse, Role::Bad),
        Change::Unknown => (symbols.unknown, Role::Unknown),
        Change::Added => ("+", Role::Unknown),
        Change::Removed => ("-", Role::Warn),
    };
    let word = match (change, delta) {
        (Change::Same, _) => String::new(),
        (Change::Added, _) => " new".to_owned(),
        (Change::Removed, _) => " gone".to_owned(),
        (_, Some(delta)) => format!(" {}", signed(delta)),
        (_, None) => String::new(),
    };
    Phrase::of(role, format!("{symbol}{word}"))
}

/// Draws phrases below one another and returns the rows used.
pub fn lines<'a>(area: Rect, buf: &mut Buffer, skin: &Skin, phrases: impl IntoIterator<Item = Phrase<'a>>) -> u16 {
    let mut used = 0;
    for (phrase, y) in phrases.into_iter().zip(area.top()..area.bottom()) {
        phrase.draw(Rect { y, height: 1, ..area }, buf, skin);
        used += 1;
    }
    used
}

/// A failure in two lines: what happened, and what to do next. Drawn over the end of the pane it concerns.
pub fn banner(area: Rect, buf: &mut Buffer, skin: &Skin, failure: &Failure, stale: bool) {
    let height = area.height.min(BANNER_ROWS);
    let area = Rect { y: area.bottom() - height, height, x: area.x + 1, width: area.width.saturating_sub(2) };
    let note = if stale { "  (shown as last read)" } else { "" };
    let sentence = Phrase::of(Role::Bad, format!("{} {failure}", skin.symbols().block)).add(Role::Stale, note);
    let hint = failure.hint.clone().unwrap_or_else(|| "r tries again.".to_owned());
    let wrapped = sentence.wrap(usize::from(area.width), 2);
    let first = wrapped.into_iter().take(usize::from(BANNER_ROWS) - 1).collect::<Vec<_>>();
    let room = usize::from(BANNER_ROWS) - first.len();
    let hint = Phrase::of(Role::Muted, format!("  {hint}")).wrap(usize::from(area.width), 2);
    lines(area, buf, skin, first.into_iter().chain(hint.into_iter().take(room)));
}

/// Rows a banner takes.
pub const BANNER_ROWS: u16 = 3;

/// The filter line, if there is one, and the area that is left below it.
#[must_use]
pub fn filter_line(filter: &Filter, area: Rect, buf: &mut Buffer, skin: &Skin) -> Rect {
    if !filter.is_active() {
        return area;
    }
    let role = if filter.is_editing() { Role::FieldFocus } else { Role::Field };
    let cursor = if filter.is_editing() { "▏" } else { "" };
    let hint = if filter.is_editing() { "   ⏎ keeps it, Esc clears it" } else { "   Esc clears it" };
    let phrase = Phrase::of(Role::Key, " / ").add(role, format!("{}{cursor}", filter.query())).add(Role::Muted, hint);
    let used = lines(area, buf, skin, [phrase]);
    Rect { y: area.y + used, height: area.height - used, ..area }
}

/// How a promotion stands, in a few words.
#[must_use]
pub fn promotion_status(state: &SagaState, driven: bool, skin: &Skin) -> Phrase<'static> {
    let symbols = skin.symbols();
    let cd = |state: &SagaState| match &state.cd {
        Some(CdOutcome::Run(run)) => format!(", CD {}", run.state),
        Some(CdOutcome::NotStarted { .. }) => ", CD did not start".to_owned(),
        Some(CdOutcome::NotExpected) | None => String::new(),
    };
    match &state.phase {
        Phase::Ended(Ending::Done) => {
            let well = match &state.cd {
                Some(CdOutcome::Run(run)) => run.state == CdState::Success,
                Some(CdOutcome::NotStarted { .. }) => false,
                _ => true,
            };
            let (role, symbol) = if well { (Role::Good, symbols.pass) } else { (Role::Bad, symbols.block) };
            Phrase::of(role, format!("{symbol} released{}", cd(state)))
        }
        Phase::Ended(Ending::Undone { why }) => Phrase::of(Role::Warn, format!("{} taken back: {why}", symbols.undone)),
        Phase::Ended(Ending::Refused { why }) => Phrase::of(Role::Muted, format!("{} refused: {why}", symbols.dot)),
        Phase::Ended(Ending::Superseded { by }) => Phrase::of(Role::Muted, format!("{} {by}", symbols.dot)),
        _ if driven => Phrase::of(Role::Warn, format!("at work{}", cd(state))),
        _ if state.is_released() => {
            Phrase::of(Role::Good, format!("{} released{}, not followed to the end", symbols.pass, cd(state)))
        }
        _ => match &state.paused {
            Some((failure, _)) => Phrase::of(Role::Bad, format!("{} UNFINISHED: {failure}", symbols.warn)),
            None => Phrase::of(Role::Bad, format!("{} UNFINISHED: interrupted", symbols.warn)),
        },
    }
}

/// A message in the middle of an empty pane.
pub fn empty(area: Rect, buf: &mut Buffer, skin: &Skin, message: &str) {
    let width = u16::try_from(text::width(message)).unwrap_or(area.width).min(area.width);
    let place =
        Rect { x: area.x + (area.width - width) / 2, y: area.y + area.height / 3, width, height: area.height.min(1) };
    Phrase::of(Role::Muted, message).draw(place, buf, skin);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn ages_use_their_largest_unit() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (at, shown) in [
            ("2026-11-23T11:59:20Z", "40s"),
            ("2026-11-23T11:48:00Z", "12m"),
            ("2026-11-23T09:00:00Z", "3h"),
            ("2026-11-21T12:00:00Z", "2d"),
            ("2026-08-23T12:00:00Z", "13w"),
            ("2023-11-23T12:00:00Z", "3y"),
            ("2026-11-23T12:00:09Z", "0s"),
        ] {
            assert_eq!(age(Some(at.parse().unwrap()), now), shown);
        }
        assert_eq!(age(None, now), "?");
    }
}
