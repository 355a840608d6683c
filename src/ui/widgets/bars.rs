//! Single-line bars of every screen: header, footer, rule.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use crate::ui::skin::{Role, Skin};
use crate::ui::{Draw as _, Phrase, draw};

/// The target shown in the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetMark<'a> {
    /// Name in the configuration.
    pub name: &'a str,
    /// The configured colour.
    pub colour: Option<&'a str>,
    /// Whether it is a production target: then the whole line has the colour and says so.
    pub production: bool,
}

/// The first line of every screen.
#[derive(Clone, Debug)]
pub struct HeaderBar<'a> {
    pub skin: &'a Skin,
    /// Location; truncated if the line is too short.
    pub left: Phrase<'a>,
    /// More on the location, such as a URL: truncated and dropped first.
    pub more: Phrase<'a>,
    /// The target, which is never dropped.
    pub target: Option<TargetMark<'a>>,
    /// Whether this is the demo; its marker is never dropped either.
    pub demo: bool,
    /// User, counts, age. The first takes precedence over `left`, the others only use space that `left` does not need.
    pub right: &'a [Phrase<'a>],
}

impl HeaderBar<'_> {
    /// The part of the right side that fits into `room` columns.
    fn fitting(&self, room: usize) -> Phrase<'_> {
        let mut right = Phrase::default();
        for piece in self.right.iter().filter(|p| !p.is_empty()) {
            if right.is_empty() {
                right = piece.clone();
                continue;
            }
            let longer = right.clone().add(Role::Muted, " · ").join(piece.clone());
            if self.left.width() + 2 + longer.width() > room {
                break;
            }
            right = longer;
        }
        right
    }
}

impl Widget for &HeaderBar<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = first_line(area, buf);
        let production = self.target.is_some_and(|t| t.production);
        let bar = match self.target {
            Some(t) if production => self.skin.accent(t.colour, Role::TargetProduction),
            _ => Style::new(),
        };
        buf.set_style(area, bar);
        let mut rest = inset(area);
        if self.demo {
            rest = chip(" DEMO ", self.skin.style(Role::Demo), rest, buf, self.skin);
        }
        if let Some(target) = self.target {
            let chip_style = if production { bar } else { self.skin.accent(target.colour, Role::Target) };
            let word = if production { "PRODUCTION " } else { "" };
            rest = chip(&format!(" {} {word}", target.name), chip_style, rest, buf, self.skin);
        }
        let right = self.fitting(usize::from(rest.width));
        let (left_area, right_area) = share(rest, &self.left, &right, 12);
        let used = self.left.draw_over(left_area, buf, self.skin, bar);
        right.draw_over(right_area, buf, self.skin, bar);
        let more = after(left_area, used.saturating_add(2));
        // A few letters of a URL are useless.
        if usize::from(more.width) >= self.more.width().min(12) {
            self.more.draw_over(more, buf, self.skin, bar);
        }
    }
}

/// Draws a word on a coloured background and returns the rest of the line.
fn chip(word: &str, style: Style, area: Rect, buf: &mut Buffer, skin: &Skin) -> Rect {
    let used = Phrase::new(word).draw_over(area, buf, skin, style);
    after(area, used.saturating_add(2))
}

/// A key and its action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint<'a> {
    /// Display name of the key.
    pub key: Cow<'a, str>,
    /// The action, in a word or two.
    pub label: Cow<'a, str>,
}

impl<'a> Hint<'a> {
    pub fn new(key: impl Into<Cow<'a, str>>, label: impl Into<Cow<'a, str>>) -> Self {
        Self { key: key.into(), label: label.into() }
    }

    fn phrase(&self) -> Phrase<'_> {
        Phrase::of(Role::Key, self.key.as_ref()).text(" ").add(Role::Muted, self.label.as_ref())
    }
}

/// The last line of every screen: the most relevant keys.
#[derive(Clone, Debug)]
pub struct Footer<'a> {
    pub skin: &'a Skin,
    /// The keys, most important first: those that do not fit are dropped from the end, never truncated.
    pub hints: &'a [Hint<'a>],
    /// The keys that are always shown (back, help), after the others.
    pub last: &'a [Hint<'a>],
    /// Background activity; right-aligned and kept in favour of hints.
    pub right: Phrase<'a>,
}

impl Widget for &Footer<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        const GAP: usize = 3;
        let area = inset(first_line(area, buf));
        let mut room = usize::from(area.width);
        let reserve = |width: usize| if width == 0 { 0 } else { width + GAP };
        let last: usize = self.last.iter().map(|h| reserve(h.phrase().width())).sum();
        let right = Rect { x: area.right() - (self.right.width() as u16).min(area.width), ..area };
        self.right.draw(right.intersection(area), buf, self.skin);
        room = room.saturating_sub(reserve(self.right.width()));
        let mut x = area.x;
        let put = |phrase: Phrase<'_>, x: &mut u16, buf: &mut Buffer| {
            let width = phrase.width() as u16;
            phrase.draw(Rect { x: *x, width, ..area }.intersection(area), buf, self.skin);
            *x = x.saturating_add(width).saturating_add(GAP as u16);
        };
        let mut left = room.saturating_sub(last);
        for phrase in self.hints.iter().map(Hint::phrase) {
            // Only what follows needs a gap.
            if phrase.width() > left {
                break;
            }
            left = left.saturating_sub(phrase.width() + GAP);
            put(phrase, &mut x, buf);
        }
        for phrase in self.last.iter().map(Hint::phrase) {
            if usize::from(x - area.x) + phrase.width() <= room {
                put(phrase, &mut x, buf);
            }
        }
    }
}

/// A horizontal line with text at either end.
#[derive(Clone, Debug)]
pub struct Rule<'a> {
    pub skin: &'a Skin,
    /// Text at the left.
    pub left: Phrase<'a>,
    /// Text at the right.
    pub right: Phrase<'a>,
}

impl<'a> Rule<'a> {
    /// Only a line.
    pub fn new(skin: &'a Skin) -> Self {
        Self { skin, left: Phrase::default(), right: Phrase::default() }
    }
}

impl Widget for &Rule<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = first_line(area, buf);
        let style = self.skin.style(Role::Rule);
        draw::repeat(buf, area, self.skin.symbols().line, style);
        let spaced = |phrase: &Phrase<'_>| {
            let phrase = phrase.clone().into_owned();
            if phrase.is_empty() { phrase } else { Phrase::new(" ").join(phrase).text(" ") }
        };
        let (left, right) = share(inset(area), &spaced(&self.left), &spaced(&self.right), 8);
        spaced(&self.left).draw(left, buf, self.skin);
        spaced(&self.right).draw(right, buf, self.skin);
    }
}

/// The first line of `area` that is inside the buffer; zero columns wide if there is none.
pub(super) fn first_line(area: Rect, buf: &Buffer) -> Rect {
    let area = area.intersection(buf.area);
    if area.is_empty() { Rect { width: 0, height: 0, ..area } } else { Rect { height: 1, ..area } }
}

/// Without its first and last column.
pub(super) fn inset(area: Rect) -> Rect {
    let left = area.width.min(1);
    Rect { x: area.x + left, width: area.width.saturating_sub(2), ..area }
}

/// The area after the first `used` columns.
pub(super) fn after(area: Rect, used: u16) -> Rect {
    let used = used.min(area.width);
    Rect { x: area.x + used, width: area.width - used, ..area }
}

/// Shares a line between two phrases. The right one is shown in full if at least `least` columns (or the width of the
/// left one) remain; otherwise it is dropped.
pub(super) fn share(area: Rect, left: &Phrase<'_>, right: &Phrase<'_>, least: usize) -> (Rect, Rect) {
    let (room, wanted) = (usize::from(area.width), right.width());
    let needed = left.width().min(least);
    if wanted == 0 || wanted + 2 + needed > room {
        return (area, Rect { width: 0, ..area });
    }
    let wanted = wanted as u16;
    let right = Rect { x: area.right() - wanted, width: wanted, ..area };
    (Rect { width: area.width - wanted - 2, ..area }, right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::{buffer, draw};

    fn skin() -> Skin {
        Skin::new(Theme::Dark, true)
    }

    fn header<'a>(skin: &'a Skin, right: &'a [Phrase<'a>], production: bool) -> HeaderBar<'a> {
        HeaderBar {
            skin,
            left: Phrase::of(Role::Title, "signoff"),
            more: Phrase::of(Role::Muted, "http://mlflow.staging:5000"),
            target: Some(TargetMark { name: "eu", colour: Some("#aa0000"), production }),
            demo: !production,
            right,
        }
    }

    fn pieces() -> [Phrase<'static>; 3] {
        ["rev1", "3 waiting", "read 09:00"].map(Phrase::new)
    }

    #[test]
    fn the_header_gives_up_the_address_first_and_the_target_never() {
        let skin = skin();
        let right = pieces();
        let bar = header(&skin, &right, false);
        assert_eq!(
            draw(80, 1, &bar)[0],
            "  DEMO    eu   signoff  http://mlflow.staging:5…  rev1 · 3 waiting · read 09:00"
        );
        assert_eq!(draw(60, 1, &bar)[0], "  DEMO    eu   signoff        rev1 · 3 waiting · read 09:00");
        assert_eq!(draw(50, 1, &bar)[0], "  DEMO    eu   signoff           rev1 · 3 waiting");
        assert_eq!(draw(30, 1, &bar)[0], "  DEMO    eu   signoff   rev1");
        assert!(draw(14, 1, &bar)[0].contains("DEMO    eu"));
    }

    #[test]
    fn a_production_target_colours_the_line_and_says_the_word() {
        let skin = skin();
        let right = pieces();
        let bar = header(&skin, &right, true);
        let buf = buffer(80, 1, &bar);
        let ground = skin.accent(Some("#aa0000"), Role::Target).bg;
        assert!((0..80).all(|x| buf[(x, 0)].style().bg == ground));
        assert!(draw(80, 1, &bar)[0].contains(" eu PRODUCTION "));
    }

    #[test]
    fn hints_that_do_not_fit_go_from_the_end_and_help_stays() {
        let skin = skin();
        let hints = [Hint::new("⏎", "review"), Hint::new("a", "approve"), Hint::new("x", "reject")];
        let last = [Hint::new("?", "help")];
        let footer = Footer { skin: &skin, hints: &hints, last: &last, right: Phrase::default() };
        assert_eq!(draw(60, 1, &footer)[0], " ⏎ review   a approve   x reject   ? help");
        let two = [Hint::new("Esc", "back"), Hint::new("?", "help")];
        assert_eq!(draw(40, 1, &Footer { last: &two, ..footer.clone() })[0], " ⏎ review   Esc back   ? help");
        assert_eq!(draw(33, 1, &footer)[0], " ⏎ review   a approve   ? help");
        assert_eq!(draw(20, 1, &footer)[0], " ⏎ review   ? help");
        assert_eq!(draw(9, 1, &footer)[0], " ? help");
        assert_eq!(draw(5, 1, &footer)[0], "");
        let busy = Footer { right: Phrase::of(Role::Muted, "⠸ v42 promoting"), ..footer };
        assert_eq!(draw(40, 1, &busy)[0], " ⏎ review   ? help      ⠸ v42 promoting");
    }

    #[test]
    fn a_rule_carries_its_titles_in_the_line() {
        let skin = skin();
        let rule = Rule { left: Phrase::of(Role::Heading, "METRICS"), right: Phrase::new("12s"), ..Rule::new(&skin) };
        assert_eq!(draw(30, 1, &rule)[0], "─ METRICS ────────────── 12s ─");
        assert_eq!(draw(12, 1, &rule)[0], "─ METRICS ──");
        assert_eq!(draw(3, 1, &Rule::new(&skin))[0], "───");
    }
}
