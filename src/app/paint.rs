//! Pictures as the terminal itself draws them: what is asked for, and what comes back, as data.

use std::sync::Arc;

use crate::domain::artifact::ArtifactRoot;
use crate::domain::preview::Preview;

/// How pictures are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pictures {
    /// Not at all.
    Off,
    /// Half blocks: two pixels in a cell.
    #[default]
    Blocks,
    /// In a protocol of the terminal; half blocks until it is ready.
    Terminal,
}

/// Which picture, in how many columns and rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canvas {
    /// Whose file.
    pub root: ArtifactRoot,
    pub path: String,
    /// Columns at most.
    pub columns: u16,
    /// Rows at most.
    pub rows: u16,
}

/// A picture to be made ready.
#[derive(Clone, Debug, PartialEq)]
pub struct PaintRequest {
    /// Which, and where it goes.
    pub canvas: Canvas,
    pub file: Arc<Preview>,
}

/// A picture ready to be put on the screen.
#[derive(Clone, PartialEq, Eq)]
pub struct Graphic {
    /// Columns it takes.
    pub columns: u16,
    /// Rows it takes.
    pub rows: u16,
    /// What each of its cells holds, row by row; none for those that the terminal paints over.
    pub cells: Vec<Option<GraphicCell>>,
}

/// One cell of a [`Graphic`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphicCell {
    /// What is written there: sequences of the terminal's protocol, made by us and never text from a server.
    pub symbol: String,
    /// The colour it has to have: kitty knows pictures by it.
    pub colour: Option<[u8; 3]>,
}

impl std::fmt::Debug for Graphic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Graphic({}x{} cells)", self.columns, self.rows)
    }
}
