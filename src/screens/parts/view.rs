//! Drawing shared by several screens: banners, prompts, empty panes, and loading states.

use crate::app::action::Action;
use crate::app::owner::Owner;
use crate::present::version;
use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;
use tui_input::Input;

use super::save::{Question, Save};
use super::{Ctx, Filter};
use crate::domain::failure::{Failure, Note};
use crate::domain::ids::{ModelName, RunId, VersionNumber};
use crate::domain::name::oddities;
use crate::domain::registry::ModelVersion;
use crate::domain::text::{clean_line, grouped};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Banner, Field, Tone};
use crate::ui::{Draw as _, Phrase};

/// The name of a model, marked if it could be taken for another.
pub fn name(model: &ModelName, role: Role, skin: &Skin) -> Phrase<'static> {
    match oddities(model.as_str()).is_empty() {
        true => Phrase::of(role, model.to_string()),
        false => Phrase::of(Role::Warn, format!("{} {model}", skin.symbols().warn)),
    }
}

/// Read status of a version's run, shown in cells without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Read, or there is none.
    Done,
    /// Loading.
    Underway,
    /// Could not be read.
    Failed,
}

/// Read status of a run.
pub fn reading(run: Option<&RunId>, ctx: &Ctx<'_>) -> Reading {
    match run {
        Some(id) if ctx.cache.run(id).is_none() => match ctx.cache.run_failure(id) {
            Some(_) => Reading::Failed,
            None => Reading::Underway,
        },
        _ => Reading::Done,
    }
}

/// Read status of what MLflow says of a version: its run and its logged model.
pub fn reading_of(version: &ModelVersion, ctx: &Ctx<'_>) -> Reading {
    let model = match ctx.cache.said_of_model(version) {
        Some(Ok(_)) => Reading::Done,
        Some(Err(_)) => Reading::Failed,
        None => Reading::Underway,
    };
    match (reading(version.run_id.as_ref(), ctx), model) {
        (Reading::Underway, _) | (_, Reading::Underway) => Reading::Underway,
        (Reading::Failed, _) | (_, Reading::Failed) => Reading::Failed,
        (Reading::Done, Reading::Done) => Reading::Done,
    }
}

/// The value; `…` while loading, `?` if it could not be read, `-` if there is none.
pub fn known_or(value: Option<String>, reading: Reading) -> Phrase<'static> {
    match (value, reading) {
        (Some(value), _) => Phrase::new(value),
        (None, Reading::Underway) => Phrase::of(Role::Muted, "…"),
        (None, Reading::Failed) => Phrase::of(Role::Stale, "?"),
        (None, Reading::Done) => Phrase::of(Role::Muted, "-"),
    }
}

/// Draws phrases one below the other and returns the number of rows used.
pub fn lines<'a>(area: Rect, buf: &mut Buffer, skin: &Skin, phrases: impl IntoIterator<Item = Phrase<'a>>) -> u16 {
    let mut used = 0;
    for (phrase, y) in phrases.into_iter().zip(area.top()..area.bottom()) {
        phrase.draw(Rect { y, height: 1, ..area }, buf, skin);
        used += 1;
    }
    used
}

/// Maximum lines of notes.
const NOTES: usize = 4;

/// Notes on a list, wrapped to `width`; `rest` stands for those that are too many.
pub fn notes(notes: &[Note], width: u16, rest: &str) -> Vec<Phrase<'static>> {
    let line = |text: &str| Phrase::of(Role::Muted, format!(" ! {}", clean_line(text)));
    let wrapped = |note: &Note| line(&note.to_string()).wrap(usize::from(width.saturating_sub(1)), 3);
    let mut lines: Vec<Phrase<'static>> = notes.iter().flat_map(wrapped).collect();
    if lines.len() > NOTES {
        lines.truncate(NOTES - 1);
        lines.push(line(rest));
    }
    lines
}

/// Shows a failure and the next step: at the bottom of `area`, or at the top if there is nothing else to show. Returns
/// the remaining area.
///
/// `shown_since`: when the data still shown was read, if any is shown.
pub fn banner(
    area: Rect,
    buf: &mut Buffer,
    ctx: &Ctx<'_>,
    skin: &Skin,
    failure: Option<&Failure>,
    shown_since: Option<Timestamp>,
) -> Rect {
    let Some(failure) = failure else {
        return area;
    };
    let note = shown_since.map(|at| format!(". What you see was read at {}", ctx.zone.clock(at))).unwrap_or_default();
    let text = format!("{failure}{note}");
    let hint = failure.hint.clone().unwrap_or_else(|| ctx.keys.press(Action::Refresh, "try again"));
    let banner = Banner { skin, tone: Tone::Bad, text: &text, hint: Some(&hint) };
    // At most half of the pane: stale data is better than none.
    let height = banner.height(area.width).min(area.height / 2);
    if shown_since.is_none() {
        let (place, below) = split_top(split_top(area, 1).1, height);
        (&banner).render(place, buf);
        return below;
    }
    let (above, place) = split_bottom(area, height);
    (&banner).render(place, buf);
    above
}

/// The age of the data, for the title line.
pub fn freshness(
    loading: bool,
    failed: bool,
    read_at: Option<Timestamp>,
    ctx: &Ctx<'_>,
    skin: &Skin,
) -> Phrase<'static> {
    match read_at {
        _ if loading => Phrase::of(Role::Muted, "reading …"),
        Some(at) if failed => {
            Phrase::of(Role::Stale, format!("{} stale, read {}", skin.symbols().warn, ctx.zone.clock(at)))
        }
        Some(at) => Phrase::of(Role::Muted, format!("read {}", ctx.zone.clock(at))),
        None => Phrase::default(),
    }
}

/// As [`freshness`], on a screen that the timer reads again: `8s ago`.
pub fn age(loading: bool, failed: bool, read_at: Option<Timestamp>, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    match read_at {
        Some(at) if !failed => Phrase::of(Role::Muted, format!("{} ago", ctx.now.age(at))),
        _ => freshness(loading, failed, read_at, ctx, skin),
    }
}

/// Draws the filter line, if there is one, and returns the area below it.
pub fn filter_line(filter: &Filter, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) -> Rect {
    if !filter.is_active() {
        return area;
    }
    let found = match filter.found() {
        Some(Ok((fit, all))) => Phrase::of(Role::Muted, format!("{} of {} ", grouped(fit as u64), grouped(all as u64))),
        Some(Err(why)) => Phrase::of(Role::Warn, format!("{why} ")),
        None => Phrase::default(),
    };
    // While typing, the footer shows it.
    let hint = match filter.is_editing() {
        true => found,
        false => found.add(Role::Key, format!(" {}", ctx.keys.named(Action::Back))).add(Role::Muted, " clears it "),
    };
    Prompt::new(skin, " / ", filter.field()).focused(filter.is_editing()).hint(hint).draw(area, buf)
}

/// Draws the save prompt, if it is open, and returns the area below it.
pub fn save_line(save: &Save, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) -> Rect {
    match save.question() {
        None => area,
        Some(Question::Replace { place }) => {
            let (line, below) = split_top(area, 1);
            let (mark, back) = (skin.symbols().warn, ctx.keys.named(Action::Back));
            let text = format!(" {mark} y replaces, {back} keeps: {place} is there already");
            Phrase::of(Role::Warn, text).draw(line, buf, skin);
            below
        }
        Some(Question::Folder { name }) => {
            let hint = Phrase::of(Role::Warn, format!("{name} "));
            let prompt = Prompt::new(skin, " save into ", save.field()).placeholder("the current folder");
            prompt.hint(hint).draw(area, buf)
        }
    }
}

/// An input line.
#[derive(Clone, Debug)]
pub struct Prompt<'a> {
    skin: &'a Skin,
    label: &'static str,
    input: &'a Input,
    focused: bool,
    placeholder: &'static str,
    hint: Phrase<'a>,
}

impl<'a> Prompt<'a> {
    /// A focused prompt with nothing but this label before it.
    pub fn new(skin: &'a Skin, label: &'static str, input: &'a Input) -> Self {
        Self { skin, label, input, focused: true, placeholder: "", hint: Phrase::default() }
    }

    /// Whether it has the focus.
    pub fn focused(self, focused: bool) -> Self {
        Self { focused, ..self }
    }

    /// Shown while the input is empty.
    pub fn placeholder(self, placeholder: &'static str) -> Self {
        Self { placeholder, ..self }
    }

    /// Shown at the right end: at most half of the line.
    pub fn hint(self, hint: Phrase<'a>) -> Self {
        Self { hint, ..self }
    }

    /// Draws it in the first line of `area`. Returns the area below.
    pub fn draw(&self, area: Rect, buf: &mut Buffer) -> Rect {
        let (line, below) = split_top(area, 1);
        let width = (self.hint.width() as u16).min(line.width / 2);
        self.hint.draw(Rect { x: line.right() - width, width, ..line }, buf, self.skin);
        let field = Field {
            skin: self.skin,
            label: Phrase::of(Role::Key, self.label),
            input: self.input,
            placeholder: self.placeholder.into(),
            focused: self.focused,
        };
        (&field).render(Rect { width: line.width.saturating_sub(width + 2), ..line }, buf);
        below
    }
}

/// The first `rows` rows of `area`, and the rest.
pub fn split_top(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

/// `area` without its last `rows` rows, and those rows.
pub fn split_bottom(area: Rect, rows: u16) -> (Rect, Rect) {
    split_top(area, area.height.saturating_sub(rows))
}

/// A centered, wrapped message for an empty pane, with key hints below it.
pub fn empty(area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin, message: &str, keys: &[(Action, &'static str)]) {
    let room = usize::from(area.width.saturating_sub(4));
    let mut phrases = Phrase::of(Role::Muted, message).wrap(room, 0);
    let keys = keys.iter().filter_map(|(action, word)| Some((ctx.keys.label(*action)?, word)));
    let hints = keys.fold(Phrase::default(), |line, (key, word)| {
        let gap = if line.is_empty() { "" } else { "   " };
        line.text(gap).add(Role::Key, key).add(Role::Muted, format!(" {word}"))
    });
    if !hints.is_empty() {
        phrases.extend([Phrase::default(), hints]);
    }
    let (_, below) = split_top(area, area.height / 3);
    for (phrase, y) in phrases.into_iter().zip(below.top()..below.bottom()) {
        let width = (phrase.width() as u16).min(area.width);
        phrase.draw(Rect { x: area.x + (area.width - width) / 2, y, width, height: 1 }, buf, skin);
    }
}

/// A version's number after the name of its model, marked as what is in production or as a candidate for it.
pub fn number(model: &ModelName, version: VersionNumber, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let read = ctx.cache.facts(model, version).map(|facts| &facts.version);
    let known = read.or_else(|| ctx.cache.version(model, version));
    match known.is_some_and(|version| ctx.rules.promote_to.is_held_by(version)) {
        true => Phrase::of(Role::Production, format!("  {} {version}", skin.symbols().production)),
        false => Phrase::of(Role::Candidate, format!("  {} {version}", skin.symbols().candidate)),
    }
}

/// The version or run whose files are shown.
pub fn owner(owner: &Owner, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    match owner {
        Owner::Version(model, version) => {
            Phrase::of(Role::Title, model.to_string()).join(number(model, *version, ctx, skin))
        }
        Owner::Run(id) => {
            let label = ctx.cache.run(id).flatten().map_or_else(|| id.short(), version::run_label);
            Phrase::of(Role::Title, format!("run {label}"))
        }
    }
}
