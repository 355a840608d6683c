//! The start of a file, prepared for display: data without styling. All its text is cleaned.

/// The role of a piece of preview text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Ordinary text.
    Plain,
    Heading,
    /// Emphasized text.
    Strong,
    /// Code, or quoted text.
    Code,
    /// A mapping key.
    Key,
    Number,
    /// A literal: `true`, `null`.
    Word,
    Link,
    /// De-emphasized: comments, brackets, omissions.
    Muted,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextLine {
    /// The pieces in order.
    pub pieces: Vec<(Ink, String)>,
    /// Nesting depth, 0 for the outermost.
    pub depth: usize,
}

impl TextLine {
    /// A line with one piece.
    pub fn of(ink: Ink, text: impl Into<String>) -> Self {
        Self { pieces: vec![(ink, text.into())], depth: 0 }
    }

    /// The text of the line.
    pub fn plain(&self) -> String {
        self.pieces.iter().map(|(_, text)| text.as_str()).collect()
    }
}

/// A table; every row has one cell per column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// The first row of the file.
    pub columns: Vec<GridColumn>,
    /// The other rows.
    pub rows: Vec<Vec<String>>,
}

/// A column of a [`Grid`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GridColumn {
    /// The column header.
    pub title: String,
    /// Every cell that is not blank is a number: align on the decimal point.
    pub numeric: bool,
    /// A synthetic cell as wide as the widest in the column, on both sides of the decimal point.
    pub widest: String,
}

/// An RGB picture, one byte per channel, row by row from the top.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// `3 * width * height` bytes.
    pub rgb: Vec<u8>,
    /// Size of the picture in the file, in pixels.
    pub original: (u32, u32),
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}x{} of {:?})", self.width, self.height, self.original)
    }
}

/// The part of a picture that is seen; all of it by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Window {
    /// How often it was doubled.
    zoom: u8,
    /// Where the part begins, in [`STEPS`] of the way that it can be moved.
    x: u8,
    y: u8,
}

/// See [`Window`].
const STEPS: u8 = 64;
/// A part is at least a sixteenth as wide and high as the picture.
const NEAREST: u8 = 4;

impl Window {
    /// Whether only a part is seen.
    pub fn is_part(self) -> bool {
        self.zoom > 0
    }

    /// How many times larger everything is.
    pub fn times(self) -> u32 {
        1 << self.zoom
    }

    /// Half as wide and high, around the same middle.
    pub fn nearer(self) -> Self {
        match self.zoom {
            0 => Self { zoom: 1, x: STEPS / 2, y: STEPS / 2 },
            zoom => Self { zoom: (zoom + 1).min(NEAREST), ..self },
        }
    }

    pub fn farther(self) -> Self {
        match self.zoom {
            0 | 1 => Self::default(),
            zoom => Self { zoom: zoom - 1, ..self },
        }
    }

    /// Moved by less than half of what is seen, to the right and down.
    pub fn moved(self, right: i8, down: i8) -> Self {
        let step = |at: u8, by: i8| {
            let by = i16::from(by) * i16::from((STEPS >> (self.zoom + 1)).max(1));
            u8::try_from((i16::from(at) + by).clamp(0, i16::from(STEPS))).unwrap_or(at)
        };
        if self.zoom == 0 { self } else { Self { x: step(self.x, right), y: step(self.y, down), ..self } }
    }
}

impl Picture {
    /// The part that is seen in `window`.
    pub fn part(&self, window: Window) -> Self {
        let width = (self.width >> window.zoom).max(1).min(self.width);
        let height = (self.height >> window.zoom).max(1).min(self.height);
        let from = |all: u32, part: u32, at: u8| (all - part) as usize * usize::from(at) / usize::from(STEPS);
        let (x, y) = (from(self.width, width, window.x), from(self.height, height, window.y));
        let row = |row: usize| {
            let at = 3 * ((y + row) * self.width as usize + x);
            self.rgb.get(at..at + 3 * width as usize).unwrap_or_default()
        };
        let rgb = (0..height as usize).flat_map(row).copied().collect();
        Self { width, height, rgb, original: self.original }
    }

    /// Scales to exactly `width` by `height` pixels, each the mean of the area it covers.
    pub fn scaled(&self, width: u32, height: u32) -> Self {
        let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
        let span = |at: u32, of: u32, from: u32| {
            let low = (u64::from(at) * u64::from(from) / u64::from(of.max(1))) as usize;
            let high = (u64::from(at + 1) * u64::from(from)).div_ceil(u64::from(of.max(1))) as usize;
            low..high.max(low + 1)
        };
        for y in 0..height {
            for x in 0..width {
                let (mut sum, mut count) = ([0u64; 3], 0);
                for row in span(y, height, self.height) {
                    for column in span(x, width, self.width) {
                        let at = 3 * (row * self.width as usize + column);
                        let Some(pixel) = self.rgb.get(at..at + 3) else { continue };
                        for (total, part) in sum.iter_mut().zip(pixel) {
                            *total += u64::from(*part);
                        }
                        count += 1;
                    }
                }
                rgb.extend(sum.map(|total| (total / count.max(1)) as u8));
            }
        }
        Self { width, height, rgb, original: self.original }
    }

    /// The largest size with the same aspect ratio within `width` by `height` pixels; never larger than the original.
    pub fn fit(&self, width: u32, height: u32) -> (u32, u32) {
        self.within(width, height, 1.0)
    }

    /// As [`Self::fit`], magnified where there is room.
    pub fn fill(&self, width: u32, height: u32) -> (u32, u32) {
        self.within(width, height, f64::INFINITY)
    }

    fn within(&self, width: u32, height: u32, most: f64) -> (u32, u32) {
        let (w, h) = (f64::from(self.width.max(1)), f64::from(self.height.max(1)));
        let scale = (f64::from(width) / w).min(f64::from(height) / h).min(most);
        (((w * scale) as u32).clamp(1, width.max(1)), ((h * scale) as u32).clamp(1, height.max(1)))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Text(Vec<TextLine>),
    Table(Grid),
    Picture(Picture),
    /// A file of any other kind.
    Bytes(Vec<u8>),
}

/// The start of a file, prepared for display.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The kind of file, in a word: `CSV`, `PNG`, `text`.
    pub kind: &'static str,
    pub content: Content,
    /// The numbers in a JSON text, as a table.
    pub numbers: Option<Grid>,
    /// Remarks about the file, as sentences.
    pub notes: Vec<String>,
    /// Number of bytes read.
    pub read: u64,
    /// Size of the whole file in bytes, if the server reports it.
    pub total: Option<u64>,
    /// The file has more bytes than were read.
    pub cut: bool,
}

impl Preview {
    /// Its numbers as a table, if it has any.
    pub fn grid(&self) -> Option<&Grid> {
        match &self.content {
            Content::Table(grid) => Some(grid),
            Content::Text(_) | Content::Picture(_) | Content::Bytes(_) => self.numbers.as_ref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(width: u32, height: u32) -> Picture {
        let rgb = (0..width * height).flat_map(|i| [(i % 256) as u8, 0, 255]).collect();
        Picture { width, height, rgb, original: (width, height) }
    }

    #[test]
    fn a_scaled_picture_has_the_mean_of_what_it_covers() {
        let two = Picture { width: 2, height: 1, rgb: vec![0, 0, 0, 100, 50, 10], original: (2, 1) };
        assert_eq!(two.scaled(1, 1).rgb, [50, 25, 5]);
        assert_eq!(two.scaled(4, 1).rgb, [0, 0, 0, 0, 0, 0, 100, 50, 10, 100, 50, 10]);
    }

    #[test]
    fn scaling_keeps_the_proportions_and_never_magnifies() {
        assert_eq!(picture(100, 50).fit(50, 50), (50, 25));
        assert_eq!(picture(10, 5).fit(500, 500), (10, 5));
        assert_eq!(picture(1000, 1).fit(10, 10), (10, 1));
        assert_eq!(picture(1000, 1).scaled(10, 1).rgb.len(), 30);
    }

    #[test]
    fn a_part_of_a_picture_is_around_its_middle_and_can_be_moved_to_its_edges() {
        let all = picture(64, 32);
        assert_eq!(all.part(Window::default()).rgb, all.rgb);
        let near = Window::default().nearer();
        let part = all.part(near);
        assert_eq!((part.width, part.height, part.rgb.len()), (32, 16, 3 * 32 * 16));
        assert_eq!(part.rgb[0], ((8 * 64 + 16) % 256) as u8, "a quarter of the way from each edge");
        let corner = (0..99).fold(near, |w, _| w.moved(1, 1));
        let last = all.part(corner);
        assert_eq!(last.rgb[last.rgb.len() - 3], ((64 * 32 - 1) % 256) as u8, "its last pixel");
        assert_eq!((0..99).fold(corner, |w, _| w.moved(-1, -1)).x, 0);
        let nearest = (0..9).fold(near, |w, _| w.nearer());
        assert_eq!((nearest.times(), all.part(nearest).width), (16, 4));
        assert_eq!((0..9).fold(nearest, |w, _| w.farther()), Window::default());
        assert_eq!(Window::default().moved(1, 1), Window::default(), "all of it is in sight");
        assert_eq!(picture(1, 1).part(nearest).rgb.len(), 3);
        assert_eq!(picture(4, 2).fill(40, 40), (40, 20));
    }

    #[test]
    fn a_picture_with_too_few_bytes_is_no_panic() {
        let broken = Picture { width: 10, height: 10, rgb: vec![1, 2, 3], original: (10, 10) };
        assert_eq!(broken.scaled(5, 5).rgb.len(), 75);
    }
}
