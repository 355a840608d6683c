//! A picture in half blocks: two pixels per cell, the upper as foreground and the lower as background.

use std::num::NonZeroU16;

use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;

use crate::ui::skin::Skin;

/// From dark to light, for terminals without colours.
const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
/// The same in ASCII.
const ASCII_SHADES: [&str; 5] = [" ", ".", "+", "*", "#"];

/// A picture, drawn at its own size and clipped to the area.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    pub skin: &'a Skin,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row.
    pub rgb: &'a [u8],
}

impl Picture<'_> {
    fn pixel(&self, x: u32, y: u32) -> Option<[u8; 3]> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = 3 * (y as usize * self.width as usize + x as usize);
        self.rgb.get(at..at + 3).and_then(|p| p.try_into().ok())
    }

    fn shade(&self, upper: [u8; 3], lower: Option<[u8; 3]>) -> &'static str {
        let light = |[r, g, b]: [u8; 3]| (u32::from(r) * 3 + u32::from(g) * 6 + u32::from(b)) / 10;
        let both = lower.map_or(light(upper), |lower| (light(upper) + light(lower)) / 2);
        let shades = if self.skin.symbols().line.is_ascii() { ASCII_SHADES } else { SHADES };
        shades[(both as usize * shades.len() / 256).min(shades.len() - 1)]
    }
}

impl Widget for &Picture<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let plain = !self.skin.has_colours() || self.skin.symbols().line.is_ascii();
        for (row, y) in (0..).zip(area.top()..area.bottom()) {
            for (column, x) in (0..).zip(area.left()..area.right()) {
                let Some(upper) = self.pixel(column, 2 * row) else { break };
                let lower = self.pixel(column, 2 * row + 1);
                if plain {
                    buf.set_stringn(x, y, self.shade(upper, lower), 1, Style::new());
                    continue;
                }
                let colour = |[r, g, b]: [u8; 3]| Color::Rgb(r, g, b);
                let style = Style::new().fg(colour(upper));
                let style = lower.map_or(style, |lower| style.bg(colour(lower)));
                buf.set_stringn(x, y, "▀", 1, style);
            }
        }
    }
}

/// A picture in a terminal graphics protocol. Drawn completely or not at all: a partial sequence would corrupt the
/// screen.
#[derive(Clone, Copy)]
#[allow(missing_debug_implementations)]
pub struct TerminalPicture<'a> {
    /// Width in cells.
    pub columns: u16,
    /// Height in cells.
    pub rows: u16,
    /// Content and colour of the cell at an index, row by row; none for cells that the terminal paints over.
    pub cell: &'a dyn Fn(usize) -> Option<(&'a str, Option<[u8; 3]>)>,
}

impl Widget for &TerminalPicture<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        if self.columns > area.width || self.rows > area.height {
            return;
        }
        for (row, y) in (0..usize::from(self.rows)).zip(area.top()..) {
            for (column, x) in (0..usize::from(self.columns)).zip(area.left()..) {
                let cell = &mut buf[(x, y)];
                match (self.cell)(row * usize::from(self.columns) + column) {
                    Some((symbol, colour)) => {
                        // However long the sequence, it occupies one cell.
                        cell.set_symbol(symbol).set_diff_option(CellDiffOption::ForcedWidth(NonZeroU16::MIN));
                        if let Some([r, g, b]) = colour {
                            cell.set_fg(Color::Rgb(r, g, b));
                        }
                    }
                    None => {
                        cell.set_diff_option(CellDiffOption::Skip);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::skin::Theme;
    use crate::ui::widgets::testing::{buffer, lines};

    const RGB: [u8; 18] = [255, 255, 255, 0, 0, 0, 255, 255, 255, 0, 0, 0, 9, 8, 7, 6, 5, 4];

    #[test]
    fn a_cell_holds_two_pixels_and_an_odd_last_row_one() {
        let skin = Skin::new(Theme::Dark, true);
        let buf = buffer(4, 3, &Picture { skin: &skin, width: 2, height: 3, rgb: &RGB });
        assert_eq!(lines(&buf), ["▀▀", "▀▀", ""]);
        assert_eq!((buf[(0, 0)].fg, buf[(0, 0)].bg), (Color::Rgb(255, 255, 255), Color::Rgb(255, 255, 255)));
        assert_eq!((buf[(1, 1)].fg, buf[(1, 1)].bg), (Color::Rgb(6, 5, 4), Color::Reset));
    }

    #[test]
    fn without_colour_it_is_shades() {
        let skin = Skin::new(Theme::NoColor, true);
        let buf = buffer(4, 2, &Picture { skin: &skin, width: 2, height: 3, rgb: &RGB });
        assert_eq!(lines(&buf), ["█", ""]);
    }

    #[test]
    fn too_few_bytes_and_too_little_room_are_no_panic() {
        let skin = Skin::new(Theme::Dark, true);
        buffer(1, 1, &Picture { skin: &skin, width: 9, height: 9, rgb: &RGB });
    }
}
