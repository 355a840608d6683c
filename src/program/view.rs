//! Draws the state: title line, rule, the top screen, rule, footer. Looks, and never touches.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use crate::app::action::Action;
use crate::app::query::Session;
use crate::program::state::{Driving, MIN_HEIGHT, MIN_WIDTH, Notice, State};
use crate::screens::Screen;
use crate::screens::parts::Ctx;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Footer, HeaderBar, Hint, Rule, TargetMark};

/// Draws everything.
pub fn view(state: &State, skin: &Skin, area: Rect, buf: &mut Buffer) {
    if state.is_too_small() || area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        return too_small(area, buf, skin);
    }
    let ctx = state.ctx();
    let line = |y: u16| Rect { y: area.y + y, height: 1, ..area };
    draw_header(state, &ctx, skin, line(0), buf);
    (&Rule::new(skin)).render(line(1), buf);
    let body = Rect { y: area.y + 2, height: area.height - 4, ..area };
    draw_body(state, &ctx, skin, body, buf);
    (&Rule::new(skin)).render(line(area.height - 2), buf);
    draw_footer(state, &ctx, skin, line(area.height - 1), buf);
}

fn too_small(area: Rect, buf: &mut Buffer, skin: &Skin) {
    let text = format!("signoff needs {MIN_WIDTH}x{MIN_HEIGHT}, this is {}x{}.", area.width, area.height);
    let lines = Phrase::new(text).wrap(usize::from(area.width), 0);
    crate::screens::parts::view::lines(area, buf, skin, lines);
}

fn draw_header(state: &State, ctx: &Ctx<'_>, skin: &Skin, area: Rect, buf: &mut Buffer) {
    let (left, right) = match state.top() {
        Screen::Inbox(s) => {
            let (left, right) = s.title(ctx);
            (left.add(Role::Muted, format!("  {}", state.registry_url)), right)
        }
        Screen::Models(s) => s.title(ctx),
        Screen::Versions(s) => s.title(ctx),
        Screen::Review(s) => s.title(ctx, skin),
        Screen::Approve(s) => s.title(ctx),
        Screen::Promotion(s) => s.title(ctx),
        Screen::Curve(s) => s.title(ctx, skin),
        Screen::History(s) => s.title(ctx),
        Screen::Help(s) => s.title(),
        Screen::Palette(s) => s.title(),
    };
    let mut whole = who(state.catalog.session.as_ref(), skin);
    if !right.is_empty() {
        whole = whole.add(Role::Muted, " · ").join(right);
    }
    let header = HeaderBar {
        skin,
        left,
        target: Some(TargetMark {
            name: &state.rules.target_name,
            colour: state.rules.colour.as_deref(),
            production: state.rules.production,
        }),
        demo: state.rules.demo,
        right: whole,
    };
    (&header).render(area, buf);
}

/// Who am I? The release host's word counts, because it is what signs.
fn who(session: Option<&Session>, skin: &Skin) -> Phrase<'static> {
    match session.map(|s| &s.host) {
        None => Phrase::of(Role::Muted, "…"),
        Some(Ok(who)) => Phrase::new(who.login.clone()),
        Some(Err(_)) => Phrase::of(Role::Warn, format!("{} not signed in to GitHub", skin.symbols().warn)),
    }
}

fn draw_body(state: &State, ctx: &Ctx<'_>, skin: &Skin, area: Rect, buf: &mut Buffer) {
    match state.top() {
        Screen::Inbox(s) => s.draw(area, buf, ctx, skin),
        Screen::Models(s) => s.draw(area, buf, ctx, skin),
        Screen::Versions(s) => s.draw(area, buf, ctx, skin),
        Screen::Review(s) => s.draw(area, buf, ctx, skin),
        Screen::Approve(s) => s.draw(area, buf, ctx, skin),
        Screen::Promotion(s) => s.draw(area, buf, ctx, skin, state.ticks),
        Screen::Curve(s) => s.draw(area, buf, ctx, skin),
        Screen::History(s) => s.draw(area, buf, ctx, skin),
        Screen::Help(s) => s.draw(area, buf, skin),
        Screen::Palette(s) => s.draw(area, buf, skin),
    }
}

fn draw_footer(state: &State, ctx: &Ctx<'_>, skin: &Skin, area: Rect, buf: &mut Buffer) {
    if let Some(notice) = &state.notice {
        let phrase = match notice {
            Notice::Word(word) => Phrase::of(Role::Warn, format!(" {word}")),
            Notice::Failure(failure) => {
                let hint = failure.hint.as_deref().unwrap_or_default();
                Phrase::of(Role::Bad, format!(" {} {failure}. {hint}", skin.symbols().block))
            }
        };
        phrase.draw(area, buf, skin);
        return;
    }
    let contexts = state.top().contexts();
    let hint = |action: &Action| Some(Hint::new(state.keymap.label(contexts, *action)?, short(*action)));
    let hints: Vec<Hint<'_>> = state.top().hints(ctx).iter().filter(|a| **a != Action::Help).filter_map(hint).collect();
    let badge = match state.driving {
        Driving::Idle => Phrase::default(),
        _ if matches!(state.top(), Screen::Promotion(_)) => Phrase::default(),
        _ => {
            Phrase::of(Role::Warn, format!("{} a promotion is at work (H)", skin.symbols().spin(state.ticks as usize)))
        }
    };
    (&Footer { skin, hints: &hints, last: hint(&Action::Help), right: badge }).render(area, buf);
}

/// The word of an action in the footer: the beginning of its help.
fn short(action: Action) -> &'static str {
    let help = action.help();
    help.split(':').next().unwrap_or(help)
}
