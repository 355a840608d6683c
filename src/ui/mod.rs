//! The toolkit over ratatui: roles, phrases, layout, scrolling and widgets. Knows nothing of models or reviews.
//!
//! Views say *what* a text is (a [`skin::Role`]); only the [`skin::Skin`] knows how that looks. Widgets are
//! plain data drawn with `impl Widget for &T`; they never panic, whatever the text and the size, and never draw
//! outside the area they are given.

pub mod draw;
pub mod layout;
pub mod scale;
pub mod scroll;
pub mod skin;
pub mod widgets;

pub use crate::present::{Phrase, Role, text};
pub use draw::Draw;
pub use skin::Skin;
