//! A line of tabs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::bars::{after, first_line, inset};
use crate::ui::skin::{Role, Skin};
use crate::ui::{Draw as _, Phrase};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab<'a> {
    /// The key that selects it.
    pub key: &'a str,
    pub label: &'a str,
    /// A count, such as `2/4`; may be empty.
    pub badge: Phrase<'a>,
}

impl<'a> Tab<'a> {
    /// A tab without a badge.
    pub fn new(key: &'a str, label: &'a str) -> Self {
        Self { key, label, badge: Phrase::default() }
    }

    fn phrase(&self, active: bool) -> Phrase<'_> {
        let role = if active { Role::TabActive } else { Role::Tab };
        let phrase = Phrase::of(Role::Key, self.key).text(" ").add(role, self.label);
        if self.badge.is_empty() { phrase } else { phrase.text(" ").join(self.badge.clone()) }
    }
}

/// A line of tabs. Tabs that do not fit are dropped at the side away from the active one, and an ellipsis is shown.
#[derive(Clone, Copy, Debug)]
pub struct Tabs<'a> {
    pub skin: &'a Skin,
    pub tabs: &'a [Tab<'a>],
    /// Index of the active tab.
    pub active: usize,
}

/// Columns between two tabs.
const GAP: usize = 2;

impl Tabs<'_> {
    /// Width of all tabs, including the blank at the left.
    pub fn width(&self) -> u16 {
        let tabs: usize = self.tabs.iter().map(|t| t.phrase(false).width() + GAP).sum();
        (tabs + 1).min(usize::from(u16::MAX)) as u16
    }
}

impl Widget for &Tabs<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let mut area = inset(first_line(area, buf));
        let phrases: Vec<_> = self.tabs.iter().enumerate().map(|(i, t)| t.phrase(i == self.active)).collect();
        let span = |from: usize| {
            let upto = self.active.min(phrases.len().saturating_sub(1));
            phrases[from..=upto].iter().map(|p| p.width() + GAP).sum::<usize>()
        };
        let mut from = 0;
        if !phrases.is_empty() {
            // Room for the ellipses at both ends.
            while from < self.active.min(phrases.len() - 1) && span(from) + 2 * GAP > usize::from(area.width) {
                from += 1;
            }
        }
        let more = Phrase::of(Role::Muted, self.skin.symbols().ellipsis);
        if from > 0 {
            more.draw(area, buf, self.skin);
            area = after(area, GAP as u16);
        }
        for (at, phrase) in phrases.iter().enumerate().skip(from) {
            let rest = usize::from(area.width);
            let needs_mark = at + 1 < phrases.len();
            if at != self.active && phrase.width() + if needs_mark { GAP + 1 } else { 0 } > rest {
                more.draw(area, buf, self.skin);
                break;
            }
            let used = phrase.draw(area, buf, self.skin);
            area = after(area, used.saturating_add(GAP as u16));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::draw;

    fn tabs() -> Vec<Tab<'static>> {
        let mut tabs: Vec<_> = [("1", "Diff"), ("2", "Metrics"), ("3", "Lineage"), ("4", "Checklist")]
            .map(|(key, label)| Tab::new(key, label))
            .to_vec();
        tabs[3].badge = Phrase::of(Role::Warn, "2/4");
        tabs
    }

    #[test]
    fn tabs_stand_side_by_side() {
        let (skin, tabs) = (Skin::new(Theme::Dark, true), tabs());
        let line = draw(60, 1, &Tabs { skin: &skin, tabs: &tabs, active: 0 });
        assert_eq!(line[0], " 1 Diff  2 Metrics  3 Lineage  4 Checklist 2/4");
    }

    #[test]
    fn the_active_tab_is_always_in_sight() {
        let (skin, tabs) = (Skin::new(Theme::Dark, true), tabs());
        let line = |active| draw(30, 1, &Tabs { skin: &skin, tabs: &tabs, active }).remove(0);
        assert_eq!(line(0), " 1 Diff  2 Metrics  …");
        assert_eq!(line(2), " … 2 Metrics  3 Lineage  …");
        assert_eq!(line(3), " … 4 Checklist 2/4");
        assert_eq!(line(99), " … 4 Checklist 2/4");
    }
}
