//! The frame on the terminal and the next one: what differs between them is all that is sent.

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;

/// Two frames of one size.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    shown: Buffer,
    next: Buffer,
    /// A part of either, while they are compared.
    parts: (Buffer, Buffer),
    /// Where the last frame differs from the one before.
    changed: Vec<(u16, u16)>,
}

impl Frames {
    /// For a terminal of this size that was cleared.
    pub fn new(area: Rect) -> Self {
        Self { shown: Buffer::empty(area), next: Buffer::empty(area), ..Self::default() }
    }

    pub fn area(&self) -> Rect {
        self.shown.area
    }

    /// Paints the next frame. `paint` gets the one before, and returns the areas that it changed.
    pub fn draw(&mut self, paint: impl FnOnce(&mut Buffer) -> Vec<Rect>) {
        let areas = paint(&mut self.next);
        self.compare(&areas);
    }

    fn compare(&mut self, areas: &[Rect]) {
        let Self { shown, next, parts: (old, new), changed } = self;
        changed.clear();
        for &area in areas {
            if area == shown.area {
                changed.extend(shown.diff_iter(next).map(|(x, y, _)| (x, y)));
                shown.content.clone_from_slice(&next.content);
                continue;
            }
            take(old, shown, area);
            take(new, next, area);
            changed.extend(old.diff_iter(new).map(|(x, y, _)| (x, y)));
            for (row, cells) in area.rows().zip(new.content.chunks(usize::from(area.width).max(1))) {
                let start = shown.index_of(row.x, row.y);
                shown.content[start..start + cells.len()].clone_from_slice(cells);
            }
        }
    }

    /// What the last frame changed, cell by cell.
    pub fn changes(&self) -> impl Iterator<Item = (u16, u16, &Cell)> {
        self.changed.iter().map(|&(x, y)| (x, y, &self.shown[(x, y)]))
    }

    /// The frame on the terminal, once [`Frames::changes`] are sent.
    pub fn shown(&self) -> &Buffer {
        &self.shown
    }
}

fn take(part: &mut Buffer, whole: &Buffer, area: Rect) {
    part.area = area;
    part.content.clear();
    for row in area.rows() {
        let start = whole.index_of(row.x, row.y);
        part.content.extend_from_slice(&whole.content[start..start + usize::from(row.width)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    #[test]
    fn what_differs_in_the_changed_areas_is_sent() {
        let mut frames = Frames::new(Rect::new(0, 0, 6, 2));
        let mut sent = |text: &'static [&str; 2], areas: &[Rect]| {
            frames.draw(|buf| {
                text.iter().enumerate().for_each(|(y, line)| buf.set_string(0, y as u16, line, Style::new()));
                areas.to_vec()
            });
            frames.changes().map(|(x, y, cell)| format!("{x},{y} {}", cell.symbol())).collect::<Vec<_>>()
        };
        let all = [Rect::new(0, 0, 6, 2)];
        assert_eq!(sent(&["ab", "猫"], &all), ["0,0 a", "1,0 b", "0,1 猫"]);
        assert_eq!(sent(&["ab", "猫"], &all), Vec::<String>::new());
        assert_eq!(sent(&["aX", "猫 Y"], &[Rect::new(0, 1, 6, 1)]), ["3,1 Y"], "nothing else is said to have changed");
        assert_eq!(sent(&["aX", "cd Y"], &[Rect::new(1, 0, 2, 1), Rect::new(0, 1, 2, 1)]), ["1,0 X", "0,1 c", "1,1 d"]);
        assert_eq!(frames.shown()[(1, 1)].symbol(), "d");
    }
}
