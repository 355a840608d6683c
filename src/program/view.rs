//! Draws the state: header, rule, the top screen, rule, footer. Never changes it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget as _};

use crate::app::action::Action;
use crate::app::keymap::Context;
use crate::app::query::Session;
use crate::domain::registry::PromotionTarget;
use crate::program::state::{Driving, MIN_HEIGHT, MIN_WIDTH, Notice, State};
use crate::screens::parts::Ctx;
use crate::screens::parts::save::Save;
use crate::screens::parts::view as format;
use crate::screens::{Screen, with_screen};
use crate::ui::kept::{Bar, Fresh};
use crate::ui::layout::{Breadth, SMALLEST};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Footer, Ground, HeaderBar, Hint, Rule, TargetMark, TooSmall};
use crate::ui::{Kept, Phrase};

/// Too small to decide is the same as too small to draw.
const _: () = assert!(MIN_WIDTH == SMALLEST.0 && MIN_HEIGHT == SMALLEST.1);

/// Maximum lines of a message in the footer.
const NOTICE_ROWS: usize = 6;

/// Draws the program.
pub fn view(state: &State, skin: &Skin, buf: &mut Buffer) {
    view_again(state, skin, &Kept::default(), buf);
}

/// Draws the program into a buffer that has the frame before, and returns the areas in which it may differ from that.
/// `kept` belongs to this state, skin and buffer.
pub fn view_again(state: &State, skin: &Skin, kept: &Kept, buf: &mut Buffer) -> Vec<Rect> {
    let fresh = Fresh { edition: state.edition(), second: state.now.as_second() };
    kept.frame(fresh, skin.style(Role::Text), buf, |buf| paint(state, skin, kept, buf.area, buf))
}

fn paint(state: &State, skin: &Skin, kept: &Kept, area: Rect, buf: &mut Buffer) {
    if state.is_too_small() || Breadth::of(area.width, area.height) == Breadth::TooSmall {
        kept.cover();
        return (&TooSmall { skin }).render(area, buf);
    }
    let ctx = state.ctx_of(state.top()).drawn(kept);
    let (header, rest) = format::split_top(area, 1);
    let (rule, rest) = format::split_top(rest, 1);
    let (rest, footer) = format::split_bottom(rest, 1);
    let (body, last_rule) = format::split_bottom(rest, 1);
    draw_header(state, &ctx, skin, kept, header, buf);
    kept.bar(Bar::UpperRule, (), rule, buf, |buf| (&Rule::new(skin)).render(rule, buf));
    let body = match state.top().finder() {
        Some(finder) => format::filter_line(finder, body, buf, &ctx, skin),
        None => body,
    };
    with_screen!(state.top(), screen => screen.draw(body, buf, &ctx, skin));
    let waiting = waiting(state);
    kept.bar(Bar::LowerRule, waiting.clone(), last_rule, buf, |buf| {
        (&Rule { left: waiting, ..Rule::new(skin) }).render(last_rule, buf);
    });
    match &state.notice {
        Some(notice) => {
            kept.cover();
            draw_notice(notice, skin, area, buf);
        }
        None => draw_footer(state, &ctx, skin, kept, footer, buf),
    }
}

/// What is waited for, once that takes long.
fn waiting(state: &State) -> Phrase<'static> {
    let cancel = state.may_cancel().then(|| state.keymap.label(state.contexts(), Action::Back)).flatten();
    let said = state.told_to_wait().map(|waiting| waiting.said(cancel.as_deref()));
    said.map(|said| Phrase::of(Role::Warn, said)).unwrap_or_default()
}

fn draw_header(state: &State, ctx: &Ctx<'_>, skin: &Skin, kept: &Kept, area: Rect, buf: &mut Buffer) {
    let (left, pieces) = with_screen!(state.top(), screen => screen.title(ctx, skin));
    let more = match state.top() {
        Screen::Inbox(_) => Phrase::of(Role::Muted, state.registry_url.clone()),
        _ => Phrase::default(),
    };
    // Before a target is chosen nobody is asked who this is.
    let who = state.has_target().then(|| who(state.cache.session(), skin));
    let readonly = state.rules.readonly && state.has_target();
    let readonly = readonly.then(|| Phrase::of(Role::Warn, "read-only"));
    let right: Vec<_> = readonly.into_iter().chain(who).chain(pieces).collect();
    let named = match &state.rules.promote_to {
        PromotionTarget::Release => format!("{} (by release)", state.target_name()).into(),
        PromotionTarget::DeploymentJob => format!("{} (by deployment job)", state.target_name()).into(),
        PromotionTarget::Elsewhere(to) => format!("{} {} {to}", state.target_name(), skin.symbols().arrow).into(),
        PromotionTarget::Stage(_) | PromotionTarget::Alias(_) => state.target_name(),
    };
    let target = TargetMark { name: &named, colour: state.rules.colour.as_deref(), production: state.rules.production };
    kept.bar(Bar::Header, (&left, &more, &right), area, buf, |buf| {
        let (left, more) = (left.clone(), more.clone());
        let header = HeaderBar { skin, left, more, target: Some(target), demo: state.rules.demo, right: &right };
        (&header).render(area, buf);
    });
}

/// The user's identity. The release host takes precedence, because its account signs.
fn who(session: Option<&Session>, skin: &Skin) -> Phrase<'static> {
    match session.map(|s| &s.host) {
        None => Phrase::of(Role::Muted, "…"),
        Some(Ok(who)) => Phrase::new(who.login.clone()),
        Some(Err(_)) => Phrase::of(Role::Warn, format!("{} not signed in to GitHub", skin.symbols().warn)),
    }
}

/// A message in place of the footer. Longer ones grow upwards over the screen, until the next key.
fn draw_notice(notice: &Notice, skin: &Skin, area: Rect, buf: &mut Buffer) {
    let phrase = match notice {
        Notice::Word(word) => Phrase::of(Role::Warn, format!(" {word}")),
        Notice::Failure(failure) => {
            let hint = failure.hint.clone().unwrap_or_default();
            Phrase::of(Role::Bad, format!(" {} {failure}. ", skin.symbols().block)).add(Role::Muted, hint)
        }
    };
    let mut lines = phrase.wrap(usize::from(area.width.saturating_sub(1)), 3);
    lines.truncate(NOTICE_ROWS);
    let (_, place) = format::split_bottom(area, lines.len() as u16 + 1);
    Clear.render(place, buf);
    (&Ground { skin }).render(place, buf);
    let (rule, place) = format::split_top(place, 1);
    (&Rule::new(skin)).render(rule, buf);
    format::lines(place, buf, skin, lines);
}

fn draw_footer(state: &State, ctx: &Ctx<'_>, skin: &Skin, kept: &Kept, area: Rect, buf: &mut Buffer) {
    let wanted = state.top().hints(ctx);
    let spins = (state.driving != Driving::Idle).then_some(state.ticks);
    let said = (state.contexts(), wanted, state.top().finder().is_some(), state.is_finding(), spins);
    kept.bar(Bar::Footer, said, area, buf, |buf| footer(state, ctx, skin, wanted, area, buf));
}

fn footer(state: &State, ctx: &Ctx<'_>, skin: &Skin, wanted: &[Action], area: Rect, buf: &mut Buffer) {
    let contexts = state.contexts();
    let hint = |action: &Action| Some(Hint::new(state.keymap.label(contexts, *action)?, action.name()));
    // Back and help keep their places.
    let stays = |action: &&Action| matches!(action, Action::Back | Action::Help);
    let finds = state.top().finder().map(|_| &Action::Filter).filter(|filter| !wanted.contains(filter));
    let here = wanted.iter().filter(|a| !stays(a)).chain(finds);
    let mut hints: Vec<Hint<'_>> = here.filter_map(hint).collect();
    let mut last: Vec<Hint<'_>> = wanted.iter().filter(stays).filter_map(hint).collect();
    if state.top().save().is_some_and(Save::is_asking) {
        let key = |action, word| Some(Hint::new(state.keymap.label(contexts, action)?, word));
        hints = if state.saving.is_some() { Vec::new() } else { key(Action::Open, "save").into_iter().collect() };
        last = key(Action::Back, "do not save").into_iter().collect();
    } else if contexts.first() == Some(&Context::Prompt) && !matches!(state.top(), Screen::Palette(_)) {
        // A filter is being typed: letter keys do not trigger actions.
        let (keep, leave) = match state.is_finding() {
            true => ("keep the filter", "clear it"),
            false => state.top().prompt_words(),
        };
        let key = |action, word| Some(Hint::new(state.keymap.label(contexts, action)?, word));
        hints = key(Action::Open, keep).into_iter().collect();
        if state.is_finding() || state.top().moves_while_typing() {
            hints.extend([key(Action::Up, "up"), key(Action::Down, "down")].into_iter().flatten());
        }
        last = key(Action::Back, leave).into_iter().collect();
    }
    let badge = match state.driving {
        Driving::Idle => match &state.saving {
            Some(saving) if saving.exists.is_none() => {
                Phrase::of(Role::Warn, format!("{}, {} stops", saving.word(), ctx.keys.named(Action::Back)))
            }
            _ => Phrase::default(),
        },
        Driving::Deciding => Phrase::of(Role::Warn, "writing the decision …"),
        _ if matches!(state.top(), Screen::Promotion(_) | Screen::Approve(_)) => Phrase::default(),
        _ => {
            let spin = skin.symbols().spin(usize::try_from(state.ticks % 1024).unwrap_or(0));
            let history = ctx.keys.label(Action::History).map(|key| format!(": {key}")).unwrap_or_default();
            Phrase::of(Role::Warn, format!("{spin} promotion at work{history}"))
        }
    };
    (&Footer { skin, hints: &hints, last: &last, right: badge }).render(area, buf);
}
