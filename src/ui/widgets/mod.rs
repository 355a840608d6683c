//! The widgets: plain data, drawn with `impl Widget for &T`.

mod bars;
mod table;

pub use bars::{Footer, HeaderBar, Hint, Rule, TargetMark};
pub use table::{Row, Sorted, Table};

#[cfg(test)]
pub(crate) mod testing;
