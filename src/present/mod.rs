//! Presentation: rows and phrases with roles, the same for screens and command line.
//!
//! Screens lay out and paint them, commands print them. Depends on the domain, but not on screens, services, ratatui or
//! escape sequences.

pub mod check;
pub mod code;
pub mod compare;
pub mod decision;
pub mod failure;
pub mod mark;
pub mod number;
pub mod phrase;
pub mod policy;
pub mod promotion;
pub mod record;
pub mod request;
pub mod role;
pub mod status;
pub mod symbols;
pub mod text;
pub mod time;
pub mod version;

pub use check::CheckRow;
pub use code::Said;
pub use mark::Mark;
pub use phrase::Phrase;
pub use role::Role;
pub use symbols::{Symbols, UNICODE};
