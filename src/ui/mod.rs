//! The toolkit over ratatui: roles, phrases, layout, scrolling and widgets. Independent of the domain.
//!
//! Views specify the role of a text (a [`skin::Role`]); only the [`skin::Skin`] maps it to a style. Widgets are plain
//! data drawn with `impl Widget for &T`; they never panic, whatever the text and the size, and never draw outside
//! their area.

pub mod draw;
pub mod frames;
pub mod kept;
pub mod layout;
pub mod scale;
pub mod scroll;
pub mod skin;
pub mod widgets;

pub use crate::present::{Phrase, Role, text};
pub use draw::Draw;
pub use frames::Frames;
pub use kept::Kept;
pub use skin::Skin;
