//! Widgets: plain data, drawn with `impl Widget for &T`.

mod bars;
mod chart;
mod dialog;
mod field;
mod ground;
mod mosaic;
mod notice;
mod pager;
mod picture;
mod spark;
mod table;
mod tabs;
mod text_box;
mod timeline;

pub use bars::{Footer, HeaderBar, Hint, Rule, TargetMark};
pub use chart::{Chart, Flag, Series};
pub use dialog::Dialog;
pub use field::Field;
pub use ground::{Ground, TooSmall};
pub use notice::{Banner, Tone};
pub use pager::Pager;
pub use picture::{Cells, Picture, TerminalPicture};
pub use spark::Spark;
pub use table::{Row, Sorted, Table};
pub use tabs::{Tab, Tabs};
pub use text_box::TextBox;
pub use timeline::{Moment, Timeline, TimelineMark};

#[cfg(test)]
pub(crate) mod testing;
