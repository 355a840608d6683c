//! GitHub and GitHub Enterprise Server as a [`ReleaseHost`](crate::ports::ReleaseHost) and a
//! [`CodeHost`](crate::ports::code::CodeHost).
//!
//! Contains what is specific to GitHub: routes, converters, error codes (`dialect`), and lenient wire types (`wire`),
//! because octocrab's models reject whole pages over one `null`. octocrab sends the requests; limits, retries and the
//! classification of responses are in [`crate::adapters::http`].
//!
//! A token goes only to the host it was looked up for: requests are relative to one base URL, and what leaves that URL
//! (release assets) is in `transfer`.

mod client;
mod code;
mod connection;
mod convert;
mod convert_code;
mod dialect;
mod host;
mod known;
mod routes;
mod token;
mod transfer;
mod wire;

pub use connection::Connection;
pub use host::GitHub;
pub use token::TokenSource;
