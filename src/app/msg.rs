//! Messages handled by `update`.

use jiff::Timestamp;

use super::action::Action;
use super::input::Input;
use super::own::OwnNews;
use super::paint::{Canvas, Graphic};
use super::prefs::Prefs;
use super::query::{Reply, RequestId};
use super::saving::SaveNews;
use crate::domain::decision::Decided;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::promotion::Progress;
use crate::domain::record::Decision;
use crate::domain::waiting::Waiting;

/// A message. `update` handles messages strictly in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// User input.
    Input(Input),
    /// An action that the user chose without a key.
    Act(Action),
    /// A request was answered or failed.
    Reply(RequestId, Box<Reply>),
    /// A promotion wrote a journal entry.
    Promotion(Box<Progress>),
    /// The running promotion ended, paused or stopped, or failed to start.
    PromotionSettled {
        /// None if it has no journal.
        id: Option<PromotionId>,
        /// The journal failure, if any.
        outcome: Result<(), Failure>,
    },
    /// A decision that does not promote was recorded, or failed.
    Decided {
        model: ModelName,
        version: VersionNumber,
        decision: Decision,
        /// What was recorded.
        outcome: Outcome<Box<Decided>>,
    },
    /// A note was kept with the record of this promotion, or could not be.
    Annotated(PromotionId, Outcome<()>),
    /// Progress of the file being saved.
    Save(SaveNews),
    /// What a command of the user's own tells.
    Own(OwnNews),
    /// An encoded picture.
    Painted(Canvas, Graphic),
    /// The stored preferences were read.
    Prefs(Prefs),
    /// A background task failed.
    Failed(Failure),
    /// A message from a background task.
    Notice(String),
    /// The address of a page, where no browser can show it.
    Address(String),
    /// The current time. Sent before every other message.
    Clock(Timestamp),
    /// Sent by the timer while the screen is animated.
    Tick(Timestamp),
    /// Sent by the timer, to read again what is on screen.
    Refresh,
    /// What is to be said of channels that gave up messages, if any did.
    GivenUp(Option<String>),
    /// What a server has not answered yet, if anything.
    Waiting(Option<Waiting>),
    /// The terminal's background, once it answered.
    Background { light: bool },
    /// The operating system asks the program to exit.
    Terminate,
}
