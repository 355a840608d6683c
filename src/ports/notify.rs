//! Telling people what happened: channels, and the outbox that remembers what was told.

use async_trait::async_trait;

use crate::domain::event::{Event, Interest};
use crate::domain::failure::Outcome;
use crate::domain::outbox::{Outbox, OutboxLine};
use crate::domain::watch::Cursor;

/// One configured channel.
#[async_trait]
pub trait Channel: Send + Sync {
    fn name(&self) -> &str;
    fn interest(&self) -> &Interest;
    /// What is wrong with its settings, as a phrase: then nothing can be sent.
    fn broken(&self) -> Option<&str> {
        None
    }
    /// Whether it only shows what happens while the screens are open. Nothing waits for it in the outbox.
    fn is_passing(&self) -> bool {
        false
    }
    /// Sends the message about an event, once. The same event makes the same message.
    ///
    /// # Errors
    /// [`FailureKind::Config`] if the channel cannot be used, [`FailureKind::Rejected`] if the receiver refused, and
    /// [`FailureKind::Unavailable`] if it was not reached.
    ///
    /// [`FailureKind::Config`]: crate::domain::failure::FailureKind::Config
    /// [`FailureKind::Rejected`]: crate::domain::failure::FailureKind::Rejected
    /// [`FailureKind::Unavailable`]: crate::domain::failure::FailureKind::Unavailable
    async fn send(&self, event: &Event) -> Outcome<()>;
}

/// Something that is held until it is dropped.
pub type Held = Box<dyn Send>;

/// The outbox and the cursors of a state directory.
#[async_trait]
pub trait OutboxStore: Send + Sync {
    /// The outbox as it is now, without locking it.
    async fn read(&self) -> Outcome<Outbox>;
    /// Locks the outbox for writing, repairs a torn tail and reads it. Held only for an instant.
    async fn lock(&self) -> Outcome<Box<dyn OutboxFile>>;
    /// The cursor of a place; none before the first start.
    async fn cursor(&self, place: &str) -> Outcome<Option<Cursor>>;
    /// Replaces the cursor of a place, and returns when it is on disk.
    async fn keep_cursor(&self, place: &str, cursor: &Cursor) -> Outcome<()>;
    /// Holds a channel for sending; none if another process sends through it.
    async fn hold_channel(&self, name: &str) -> Outcome<Option<Held>>;
    /// Holds the state directory for a watch. [`FailureKind::Conflict`], with process and host, if another one does.
    ///
    /// [`FailureKind::Conflict`]: crate::domain::failure::FailureKind::Conflict
    async fn hold_watch(&self) -> Outcome<Held>;
}

/// The outbox, locked for writing until dropped.
#[async_trait]
pub trait OutboxFile: Send + Sync {
    fn outbox(&self) -> &Outbox;
    /// Appends lines and returns when they are on disk.
    async fn append(&mut self, lines: Vec<OutboxLine>) -> Outcome<()>;
}
