//! Pictures in terminal graphics protocols: kitty, iTerm2 or sixel.
//!
//! The terminal is never queried: its responses would mix with the keys, which have a separate reader.
//! Support is detected from environment variables or the configuration, the cell size from the kernel.

use image::imageops::FilterType;
use image::{DynamicImage, RgbImage};
use ratatui::buffer::{Buffer, CellDiffOption};
use ratatui::layout::{Rect, Size};
use ratatui::style::Color;
use ratatui::widgets::Widget as _;
use ratatui_image::Image;
use ratatui_image::protocol::Protocol;
use ratatui_image::protocol::iterm2::Iterm2;
use ratatui_image::protocol::kitty::Kitty;
use ratatui_image::protocol::sixel::Sixel;

use crate::app::paint::{Graphic, GraphicCell};
use crate::domain::preview::Picture;

/// Cell size in pixels if the kernel does not know it: half as wide as high, like most fonts.
const USUAL_CELL: (u32, u32) = (10, 20);
/// Maximum cells per side: kitty cannot address more.
const MOST_CELLS: u16 = 290;

/// Maximum enlargement: on high-resolution screens a plot would be tiny otherwise.
const GROWTH: f64 = 2.0;

/// A graphics protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// kitty, with Unicode placeholders.
    Kitty,
    Iterm2,
    Sixel,
}

/// Encodes pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Painter {
    pub speaks: Speaks,
    /// The program runs in tmux, which only passes wrapped sequences through.
    pub in_tmux: bool,
}

impl Painter {
    /// Encodes `picture` for at most `columns` by `rows` cells. Takes milliseconds, so do not call it on the drawing
    /// thread. None if it fails; then half blocks remain.
    pub fn paint(self, picture: &Picture, columns: u16, rows: u16) -> Option<Graphic> {
        self.paint_in(picture, columns.min(MOST_CELLS), rows.min(MOST_CELLS), cell_size())
    }

    fn paint_in(self, picture: &Picture, columns: u16, rows: u16, cell: (u32, u32)) -> Option<Graphic> {
        let image = RgbImage::from_raw(picture.width, picture.height, picture.rgb.clone())?;
        let (width, height) = fit(picture, u32::from(columns) * cell.0, u32::from(rows) * cell.1);
        let mut image = DynamicImage::ImageRgb8(image);
        if (width, height) != (picture.width, picture.height) {
            image = image.resize_exact(width, height, FilterType::Triangle);
        }
        let cells = |pixels: u32, of: u32, most: u16| u16::try_from(pixels.div_ceil(of)).unwrap_or(most).clamp(1, most);
        let size = Size { width: cells(width, cell.0, columns), height: cells(height, cell.1, rows) };
        let image = on_whole_cells(image, u32::from(size.width) * cell.0, u32::from(size.height) * cell.1);
        let made = match self.speaks {
            Speaks::Kitty => Kitty::new(image, size, id(picture, size), self.in_tmux, true).map(Protocol::Kitty),
            Speaks::Iterm2 => Iterm2::new(image, size, self.in_tmux).map(Protocol::ITerm2),
            Speaks::Sixel => Sixel::new(image, size, self.in_tmux).map(Protocol::Sixel),
        };
        let protocol = made.inspect_err(|why| tracing::warn!(%why, "a picture could not be made ready")).ok()?;
        let area = Rect::from((ratatui::layout::Position::ORIGIN, size));
        let mut buffer = Buffer::empty(area);
        Image::new(&protocol).render(area, &mut buffer);
        let cells = buffer.content().iter().map(|cell| {
            (cell.diff_option != CellDiffOption::Skip).then(|| GraphicCell {
                symbol: cell.symbol().to_owned(),
                colour: match cell.fg {
                    Color::Rgb(r, g, b) => Some([r, g, b]),
                    _ => None,
                },
            })
        });
        Some(Graphic { columns: size.width, rows: size.height, cells: cells.collect() })
    }
}

/// The largest size with the same proportions in `width` by `height` pixels, up to [`GROWTH`] times the original.
fn fit(picture: &Picture, width: u32, height: u32) -> (u32, u32) {
    let (w, h) = (f64::from(picture.width.max(1)), f64::from(picture.height.max(1)));
    let scale = (f64::from(width) / w).min(f64::from(height) / h).min(GROWTH);
    (((w * scale) as u32).clamp(1, width.max(1)), ((h * scale) as u32).clamp(1, height.max(1)))
}

/// Terminals stretch a picture to whole cells: fill the last ones with white instead.
fn on_whole_cells(image: DynamicImage, width: u32, height: u32) -> DynamicImage {
    if (image.width(), image.height()) == (width, height) {
        return image;
    }
    let mut whole = RgbImage::from_pixel(width, height, image::Rgb([255; 3]));
    image::imageops::replace(&mut whole, &image.to_rgb8(), 0, 0);
    DynamicImage::ImageRgb8(whole)
}

/// The picture's id for kitty: the same picture in the same size replaces itself.
fn id(picture: &Picture, size: Size) -> u32 {
    let bytes = picture.rgb.iter().copied().chain(size.width.to_be_bytes()).chain(size.height.to_be_bytes());
    let sum = bytes.fold(0x811c_9dc5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    sum.max(1)
}

/// Cell size in pixels, if the kernel knows it; it is unknown over some connections.
fn cell_size() -> (u32, u32) {
    let Ok(size) = crossterm::terminal::window_size() else {
        return USUAL_CELL;
    };
    let per = |pixels: u16, cells: u16| u32::from(pixels) / u32::from(cells.max(1));
    match (per(size.width, size.columns), per(size.height, size.rows)) {
        (0, _) | (_, 0) => USUAL_CELL,
        cell => cell,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn paint(speaks: Speaks, in_tmux: bool) -> Graphic {
        let picture = Picture { width: 40, height: 30, rgb: vec![200; 40 * 30 * 3], original: (40, 30) };
        Painter { speaks, in_tmux }.paint_in(&picture, 3, 9, (10, 20)).unwrap()
    }

    fn text(graphic: &Graphic) -> String {
        graphic.cells.iter().flatten().map(|c| c.symbol.as_str()).collect()
    }

    #[test]
    fn a_picture_keeps_its_proportions_and_its_place() {
        for speaks in [Speaks::Kitty, Speaks::Iterm2, Speaks::Sixel] {
            let graphic = paint(speaks, false);
            // 30 by 22 pixels.
            assert_eq!((graphic.columns, graphic.rows, graphic.cells.len()), (3, 2, 6), "{speaks:?}");
        }
    }

    #[test]
    fn kitty_gets_the_picture_once_and_a_placeholder_in_every_cell() {
        let graphic = paint(Speaks::Kitty, false);
        let text = text(&graphic);
        assert!(text.starts_with("\u{1b}_G") && text.contains("U=1"), "{:?}", &text[..60]);
        assert_eq!(text.matches('\u{10eeee}').count(), 6);
        assert!(graphic.cells.iter().all(|c| c.as_ref().unwrap().colour.is_some()));
    }

    #[test]
    fn iterm2_and_sixel_paint_over_their_other_cells() {
        for (speaks, mark) in [(Speaks::Iterm2, "\u{1b}]1337;File="), (Speaks::Sixel, "\u{1b}P")] {
            let graphic = paint(speaks, false);
            assert!(text(&graphic).contains(mark), "{speaks:?}");
            assert_eq!(graphic.cells.iter().flatten().count(), 1, "{speaks:?}");
        }
    }

    #[test]
    fn in_tmux_what_is_meant_for_the_terminal_is_wrapped() {
        for speaks in [Speaks::Kitty, Speaks::Iterm2, Speaks::Sixel] {
            assert!(text(&paint(speaks, true)).contains("\u{1b}Ptmux;"), "{speaks:?}");
            assert!(!text(&paint(speaks, false)).contains("\u{1b}Ptmux;"), "{speaks:?}");
        }
    }
}
