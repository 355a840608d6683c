//! GitHub and GitHub Enterprise Server as a [`ReleaseHost`](crate::ports::ReleaseHost) and a
//! [`CodeHost`](crate::ports::code::CodeHost).
//!
//! Owns what is particular to GitHub: routes, converters, its words for errors (`dialect`), and tolerant wire types
//! (`wire`), because octocrab's models reject whole pages over one `null`. octocrab carries the requests; sending,
//! limits, repetition and the meaning of answers are [`crate::adapters::http`]'s.
//!
//! A token goes to the host it was found for and to no other: requests are relative to one base address, and what
//! leaves that address (files of releases) is in `transfer`.

mod client;
mod code;
mod connection;
mod convert;
mod convert_code;
mod dialect;
mod host;
mod routes;
mod token;
mod transfer;
mod wire;

pub use connection::Connection;
pub use host::GitHub;
pub use token::TokenSource;
