//! One transport for every server: sending, limits, timeouts, proxies, redirects, retries of reads, streaming, and the
//! one place that says what a response means (`classify`).
//!
//! A server is a `Dialect` (its words, hints and quirks), a `Carrier` (adds credentials to a request and sends it)
//! and [`Settings`]. To add a kind of server, write those two and a module with its routes, wire types and converters
//! beside this one.
//!
//! Rules for every server:
//! - A read may be retried; a write is sent once.
//! - A write without a clear refusal is [`FailureKind::Unknown`]; a request that got no connection had no effect.
//! - No redirect is followed here, so credentials stay with the host they belong to. No proxy is used for this
//!   machine.
//! - Every body is limited in bytes, and every list in pages ([`crate::domain::page`]).
//! - A failure quotes the server's own words, cleaned, truncated, and without the connection's secrets. Its cause is
//!   logged.
//!
//! [`FailureKind::Unknown`]: crate::domain::failure::FailureKind::Unknown

mod address;
mod answer;
mod call;
mod carrier;
mod classify;
mod dialect;
mod hung;
mod json;
mod pace;
mod pages;
mod read;
mod repeat;
mod secrets;
mod server;
mod stream;
#[cfg(test)]
mod tests;
mod waiting;
mod wire;

pub(super) use answer::Answer;
pub(super) use call::{Access, Call};
pub use carrier::Tokens;
pub(super) use carrier::{BoxError, Carrier, Plain, Response, Unwritable};
pub(super) use classify::Attempt;
pub(super) use dialect::{About, Dialect, Said};
pub(super) use json::{Int, int, parse};
pub(super) use pace::{Pace, Share};
pub(super) use pages::{Listed, Part, read_pages};
pub use repeat::Repeat;
pub(super) use secrets::Secrets;
pub(super) use server::Server;
pub(super) use stream::Body;
pub use waiting::longest;
pub(super) use wire::Wire;
pub use wire::{Settings, Tls};
