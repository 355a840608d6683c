//! One transport for every server: sending, limits, time-outs, proxies, redirects, repetition of reads, streaming,
//! and the one place that says what an answer means ([`classify`](classify::classify)).
//!
//! A server is a [`Dialect`] (its words, hints and quirks), a [`Carrier`] (who puts the credentials on a request and
//! sends it) and [`Settings`]. To add a kind of server, write those two and a room of routes, wire types and converters
//! beside this one.
//!
//! What holds for every server:
//! - A read may be repeated; a write is sent once.
//! - A write that ended in anything but a clear refusal is [`FailureKind::Unknown`]; a request that found no connection
//!   surely had no effect.
//! - No redirect is followed here, so credentials stay with the host they were found for. No proxy is used for this
//!   machine.
//! - Every body ends at a number of bytes, and every list at a number of pages ([`crate::domain::page`]).
//! - A failure quotes the server's own words, cleaned, cut, and without the secrets of the connection. Its cause goes
//!   to the log.
//!
//! [`FailureKind::Unknown`]: crate::domain::failure::FailureKind::Unknown

mod address;
mod answer;
mod call;
mod carrier;
mod classify;
mod dialect;
mod json;
mod pages;
mod read;
mod repeat;
mod secrets;
mod server;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

pub use address::is_loopback;
pub(super) use answer::Answer;
pub(super) use call::{Access, Call};
pub(super) use carrier::{BoxError, Carrier, Plain, Response, Unwritable};
pub(super) use classify::Attempt;
pub(super) use dialect::{About, Dialect, Said};
pub(super) use json::{Int, int, parse};
pub(super) use pages::{Listed, Part, read_pages};
pub use repeat::Repeat;
pub(super) use secrets::Secrets;
pub(super) use server::Server;
pub(super) use wire::Wire;
pub use wire::{Settings, Tls};
