//! The table of keys: every key and what it does, in groups.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::pager::Pager;
use crate::ui::phrase::Phrase;
use crate::ui::skin::{Role, Skin};
use crate::ui::text;

/// Keys that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpGroup<'a> {
    /// Where they work.
    pub title: Cow<'a, str>,
    /// Keys and what they do.
    pub rows: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

/// Groups of keys, side by side where there is room.
#[derive(Clone, Copy, Debug)]
pub struct Help<'a> {
    /// How it looks.
    pub skin: &'a Skin,
    /// The groups.
    pub groups: &'a [HelpGroup<'a>],
    /// First visible line.
    pub offset: usize,
}

impl Help<'_> {
    /// Lines that all of it takes in `width` columns.
    #[must_use]
    pub fn height(&self, width: u16) -> usize {
        self.lines(width).len()
    }

    fn lines(&self, width: u16) -> Vec<Phrase<'_>> {
        const GAP: usize = 3;
        let keys = self.groups.iter().flat_map(|g| &g.rows).map(|(k, _)| text::width(k)).max().unwrap_or(0);
        let blocks: Vec<Vec<Phrase<'_>>> = self.groups.iter().map(|g| block(g, keys)).collect();
        let column = blocks.iter().flatten().map(Phrase::width).max().unwrap_or(0) + GAP;
        let count = ((usize::from(width) + GAP) / column.max(1)).clamp(1, 3);
        let total: usize = blocks.iter().map(Vec::len).sum();
        let mut columns: Vec<Vec<Phrase<'_>>> = vec![Vec::new()];
        for block in blocks {
            let full =
                columns.last().is_some_and(|c| !c.is_empty() && c.len() + block.len() / 2 > total.div_ceil(count));
            if full && columns.len() < count {
                columns.push(Vec::new());
            }
            if let Some(last) = columns.last_mut() {
                last.extend(block);
            }
        }
        let rows = columns.iter().map(Vec::len).max().unwrap_or(0);
        let mut lines: Vec<Phrase<'_>> = (0..rows).map(|row| side_by_side(&columns, row, column)).collect();
        // The blank line behind the last group.
        while lines.last().is_some_and(Phrase::is_empty) {
            lines.pop();
        }
        lines
    }
}

fn block<'a>(group: &'a HelpGroup<'_>, keys: usize) -> Vec<Phrase<'a>> {
    let mut lines = vec![Phrase::of(Role::Heading, group.title.as_ref())];
    for (key, what) in &group.rows {
        let pad = " ".repeat(keys.saturating_sub(text::width(key)) + 2);
        lines.push(Phrase::of(Role::Key, key.as_ref()).text(pad).text(what.as_ref()));
    }
    lines.push(Phrase::default());
    lines
}

fn side_by_side<'a>(columns: &[Vec<Phrase<'a>>], row: usize, width: usize) -> Phrase<'a> {
    let mut line = Phrase::default();
    for (at, column) in columns.iter().enumerate() {
        if let Some(cell) = column.get(row).filter(|c| !c.is_empty()) {
            let pad = (at * width).saturating_sub(line.width());
            line = line.text(" ".repeat(pad)).join(cell.clone());
        }
    }
    line
}

impl Widget for &Help<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let lines = self.lines(area.width);
        let line = |i: usize| lines.get(i).cloned().unwrap_or_default();
        Pager::new(self.skin, lines.len(), self.offset, &line).render(area, buf);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::draw;

    fn groups() -> Vec<HelpGroup<'static>> {
        let group = |title: &'static str, rows: &[(&'static str, &'static str)]| HelpGroup {
            title: title.into(),
            rows: rows.iter().map(|(k, w)| ((*k).into(), (*w).into())).collect(),
        };
        vec![group("List", &[("j, ↓", "next row"), ("k, ↑", "previous row")]), group("Anywhere", &[("q", "quit")])]
    }

    #[test]
    fn groups_stand_one_below_the_other_or_side_by_side() {
        let (skin, groups) = (Skin::new(Theme::Dark, true), groups());
        let help = Help { skin: &skin, groups: &groups, offset: 0 };
        assert_eq!(draw(24, 6, &help), ["List", "j, ↓  next row", "k, ↑  previous row", "", "Anywhere", "q     quit"]);
        assert_eq!(
            draw(44, 3, &help),
            ["List                 Anywhere", "j, ↓  next row       q     quit", "k, ↑  previous row"]
        );
    }
}
