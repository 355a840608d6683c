//! A picture in characters: half blocks with two pixels per cell, the upper as foreground and the lower as background, or
//! sextants and octants with six and eight pixels of two colours.

use std::num::NonZeroU16;

use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;

use super::mosaic::{octant, sextant};
use crate::ui::skin::Skin;

/// From dark to light, for terminals without colours.
const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
/// The same in ASCII.
const ASCII_SHADES: [&str; 5] = [" ", ".", "+", "*", "#"];

/// What a cell holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cells {
    /// One pixel above another.
    Halves,
    /// Two columns of three pixels.
    Sextants,
    /// Two columns of four pixels.
    Octants,
}

impl Cells {
    fn size(self) -> (u32, u32) {
        match self {
            Self::Halves => (1, 2),
            Self::Sextants => (2, 3),
            Self::Octants => (2, 4),
        }
    }
}

/// A picture, drawn at its own size and clipped to the area.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    pub skin: &'a Skin,
    pub cells: Cells,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row.
    pub rgb: &'a [u8],
}

type Rgb = [u8; 3];

fn light([r, g, b]: Rgb) -> u32 {
    (u32::from(r) * 3 + u32::from(g) * 6 + u32::from(b)) / 10
}

fn mean(pixels: &[Rgb]) -> Rgb {
    let count = pixels.len().max(1) as u32;
    [0, 1, 2].map(|part| (pixels.iter().map(|p| u32::from(p[part])).sum::<u32>() / count) as u8)
}

fn colour([r, g, b]: Rgb) -> Color {
    Color::Rgb(r, g, b)
}

impl Picture<'_> {
    fn pixel(&self, x: u32, y: u32) -> Option<Rgb> {
        if x >= self.width || y >= self.height {
            return None;
        }
        let at = 3 * (y as usize * self.width as usize + x as usize);
        self.rgb.get(at..at + 3).and_then(|p| p.try_into().ok())
    }

    /// The pixels of a cell, row by row; none if it is outside.
    fn cell(&self, column: u32, row: u32) -> Option<Vec<Option<Rgb>>> {
        let (w, h) = self.cells.size();
        let pixels: Vec<_> = (0..w * h).map(|i| self.pixel(w * column + i % w, h * row + i / w)).collect();
        pixels[0].is_some().then_some(pixels)
    }

    fn shade(&self, pixels: &[Option<Rgb>]) -> &'static str {
        let known: Vec<u32> = pixels.iter().flatten().copied().map(light).collect();
        let all = known.iter().sum::<u32>() / known.len().max(1) as u32;
        let shades = if self.skin.symbols().line.is_ascii() { ASCII_SHADES } else { SHADES };
        shades[(all as usize * shades.len() / 256).min(shades.len() - 1)]
    }
}

fn half(pixels: &[Option<Rgb>]) -> (char, Style) {
    let style = pixels[0].map(|upper| Style::new().fg(colour(upper))).unwrap_or_default();
    ('▀', pixels.get(1).copied().flatten().map_or(style, |lower| style.bg(colour(lower))))
}

/// The lighter pixels in the foreground, the others in the background.
fn mosaic(pixels: &[Option<Rgb>], symbol: fn(u32) -> char) -> (char, Style) {
    let known: Vec<Rgb> = pixels.iter().flatten().copied().collect();
    let lights = || known.iter().copied().map(light);
    let middle = (lights().min().unwrap_or(0) + lights().max().unwrap_or(0)) / 2;
    let (bright, dark): (Vec<Rgb>, Vec<Rgb>) = known.iter().partition(|pixel| light(**pixel) > middle);
    let is_bright = |pixel: &Option<Rgb>| pixel.is_some_and(|pixel| light(pixel) > middle);
    let bits = pixels.iter().enumerate().filter(|(_, pixel)| is_bright(pixel)).map(|(i, _)| 1 << i).sum::<u32>();
    let style = Style::new().fg(colour(mean(&bright)));
    (symbol(bits), if dark.is_empty() { style } else { style.bg(colour(mean(&dark))) })
}

impl Widget for &Picture<'_> {
    fn render(self, area: Rect, buf: &mut Buffer) {
        let area = area.intersection(buf.area);
        let plain = !self.skin.has_colours() || self.skin.symbols().line.is_ascii();
        for (row, y) in (0..).zip(area.top()..area.bottom()) {
            for (column, x) in (0..).zip(area.left()..area.right()) {
                let Some(pixels) = self.cell(column, row) else { break };
                if plain {
                    buf.set_stringn(x, y, self.shade(&pixels), 1, Style::new());
                    continue;
                }
                let (symbol, style) = match self.cells {
                    Cells::Halves => half(&pixels),
                    Cells::Sextants => mosaic(&pixels, sextant),
                    Cells::Octants => mosaic(&pixels, octant),
                };
                buf[(x, y)].set_char(symbol).set_style(style);
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
        let buf = buffer(4, 3, &Picture { skin: &skin, cells: Cells::Halves, width: 2, height: 3, rgb: &RGB });
        assert_eq!(lines(&buf), ["▀▀", "▀▀", ""]);
        assert_eq!((buf[(0, 0)].fg, buf[(0, 0)].bg), (Color::Rgb(255, 255, 255), Color::Rgb(255, 255, 255)));
        assert_eq!((buf[(1, 1)].fg, buf[(1, 1)].bg), (Color::Rgb(6, 5, 4), Color::Reset));
    }

    #[test]
    fn a_sextant_shows_which_of_six_pixels_are_lighter() {
        let skin = Skin::new(Theme::Dark, true);
        let drawn = |light: [bool; 6]| {
            let rgb: Vec<u8> = light.iter().flat_map(|l| if *l { [200, 100, 0] } else { [0, 0, 40] }).collect();
            let picture = Picture { skin: &skin, cells: Cells::Sextants, width: 2, height: 3, rgb: &rgb };
            let buf = buffer(1, 1, &picture);
            (lines(&buf)[0].clone(), buf[(0, 0)].fg, buf[(0, 0)].bg)
        };
        let two = (Color::Rgb(200, 100, 0), Color::Rgb(0, 0, 40));
        assert_eq!(drawn([true, false, false, false, false, false]), ("\u{1FB00}".into(), two.0, two.1));
        assert_eq!(drawn([true, false, true, false, true, false]), ("▌".into(), two.0, two.1));
        assert_eq!(drawn([false, true, true, false, true, true]), ("\u{1FB33}".into(), two.0, two.1));
        assert_eq!(drawn([false, true, true, true, true, true]), ("\u{1FB3B}".into(), two.0, two.1));
    }

    #[test]
    fn an_octant_shows_which_of_eight_pixels_are_lighter() {
        let skin = Skin::new(Theme::Dark, true);
        let rgb: Vec<u8> = [0, 0, 1, 0, 0, 0, 0, 1].iter().flat_map(|l| [200 * l, 100 * l, 40]).collect();
        let picture = Picture { skin: &skin, cells: Cells::Octants, width: 2, height: 4, rgb: &rgb };
        let buf = buffer(1, 1, &picture);
        assert_eq!(lines(&buf), ["\u{1CD74}"]);
        assert_eq!((buf[(0, 0)].fg, buf[(0, 0)].bg), (Color::Rgb(200, 100, 40), Color::Rgb(0, 0, 40)));
    }

    #[test]
    fn without_colour_it_is_shades() {
        let skin = Skin::new(Theme::NoColor, true);
        let buf = buffer(4, 2, &Picture { skin: &skin, cells: Cells::Halves, width: 2, height: 3, rgb: &RGB });
        assert_eq!(lines(&buf), ["█", ""]);
    }

    #[test]
    fn too_few_bytes_and_too_little_room_are_no_panic() {
        let skin = Skin::new(Theme::Dark, true);
        buffer(1, 1, &Picture { skin: &skin, cells: Cells::Halves, width: 9, height: 9, rgb: &RGB });
    }
}
