//! GitHub and GitHub Enterprise Server as a [`ReleaseHost`](crate::ports::ReleaseHost) and a
//! [`CodeHost`](crate::ports::code::CodeHost).
//!
//! octocrab carries the requests; everything that decides something is here: time limits, which failures may be
//! repeated (reads only), what an error means (`errors`), and our own tolerant wire types (`wire`), because
//! octocrab's models reject whole pages over one `null`.
//!
//! A token goes to the host it was found for and to no other: requests are relative to one base address, redirects are
//! not followed, and what leaves that address (files of releases) is in `transfer`.

mod client;
mod code;
mod connection;
mod convert;
mod convert_code;
mod errors;
mod host;
mod routes;
mod token;
mod transfer;
mod wire;

pub use connection::{Connection, api_url_for, host_for_api_url, web_url_for};
pub use host::GitHub;
pub use token::TokenSource;
