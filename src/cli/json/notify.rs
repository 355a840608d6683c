//! The JSON of `signoff notify`.

use serde::Serialize;

use crate::domain::event::Event;

/// `signoff notify`.
#[derive(Clone, Debug, Serialize)]
pub struct Notify {
    /// `signoff.notify/1`.
    pub schema: &'static str,
    /// The event, as receivers get it.
    pub event: Event,
    /// All configured channels.
    pub channels: Vec<ChannelSaid>,
}

/// What became of the message of one channel.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelSaid {
    pub name: String,
    pub state: SendState,
    /// Why it was not sent.
    pub reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SendState {
    Sent,
    /// From this state directory.
    AlreadySent,
    /// The channel is not for this.
    Skipped,
    Failed,
}

impl SendState {
    pub fn words(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::AlreadySent => "sent already",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}
