//! Everything `update` consumes.

use jiff::Timestamp;

use super::input::Input;
use super::paint::{Canvas, Graphic};
use super::prefs::Prefs;
use super::query::{Reply, RequestId};
use super::saving::SaveNews;
use crate::domain::decision::Decided;
use crate::domain::failure::{Failure, Outcome};
use crate::domain::ids::{ModelName, PromotionId, VersionNumber};
use crate::domain::promotion::Progress;
use crate::domain::record::Decision;

/// One message. The order in which messages reach `update` is the one order there is.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// A person did something.
    Input(Input),
    /// A question was answered, or could not be.
    Reply(RequestId, Box<Reply>),
    /// A promotion wrote an entry to its journal.
    Promotion(Box<Progress>),
    /// The promotion at work ended, paused or stopped; or could not even begin.
    PromotionSettled {
        /// Which; none if it never got a journal.
        id: Option<PromotionId>,
        /// Why it could not go on, if the journal failed.
        outcome: Result<(), Failure>,
    },
    /// A decision that promotes nothing was taken, or could not be.
    Decided {
        /// On a version of this model.
        model: ModelName,
        version: VersionNumber,
        decision: Decision,
        /// What was written.
        outcome: Outcome<Box<Decided>>,
    },
    /// The file being saved came further.
    Save(SaveNews),
    /// A picture is ready for the terminal.
    Painted(Canvas, Graphic),
    /// What was remembered of earlier sessions was read.
    Prefs(Prefs),
    /// Something in the background failed.
    Failed(Failure),
    /// Something in the background is worth a word.
    Notice(String),
    /// What time it is. Sent before every other message.
    Clock(Timestamp),
    /// Time passed. Sent by the timer while something moves.
    Tick(Timestamp),
    /// The operating system asks the program to end.
    Terminate,
}
