//! How it is said whether approved, deployed and serving agree.

use super::{Mark, Phrase, Role, Symbols};
use crate::domain::drift::Finding;
use crate::domain::status::{ModelStatus, State};
use crate::domain::text::{clean_line, count};
use crate::domain::witness::{Says, Testimony};
use crate::present::time::Zone;

impl From<State> for Mark {
    fn from(state: State) -> Self {
        match state {
            State::Ok => Self::Pass,
            State::Pending => Self::Warn,
            State::Unknown => Self::Unknown,
            State::Disagrees | State::Drift => Self::Block,
        }
    }
}

impl From<Says> for Mark {
    fn from(says: Says) -> Self {
        match says {
            Says::Agrees => Self::Pass,
            Says::NotYet => Self::Warn,
            Says::Unknown => Self::Unknown,
            Says::Disagrees => Self::Block,
        }
    }
}

/// The state in one or two words, for a column.
pub fn state(model: &ModelStatus, symbols: &Symbols) -> Phrase<'static> {
    let state = model.state();
    let words = match state {
        State::Ok => "as signed".to_owned(),
        State::Pending => "not yet running".to_owned(),
        State::Unknown => "cannot tell".to_owned(),
        State::Disagrees => "another one runs".to_owned(),
        State::Drift if model.record_id.is_none() && model.invalid.is_none() => "never signed".to_owned(),
        State::Drift => count(model.drift.len(), "change"),
    };
    Mark::from(state).say(words, symbols)
}

/// One difference, with when and by whom where that is known.
pub fn finding(finding: &Finding, zone: Zone<'_>, symbols: &Symbols) -> Phrase<'static> {
    let since = finding.since.map(|at| format!(", since {}", zone.minute(at))).unwrap_or_default();
    let by = finding.by.as_deref().map(|by| format!(", by {}", clean_line(by))).unwrap_or_default();
    Mark::Block.phrase(symbols).text(" ").add(Role::Text, format!("{}{since}{by}", clean_line(&finding.reason)))
}

/// What one witness says.
pub fn testimony(said: &Testimony, symbols: &Symbols) -> Phrase<'static> {
    let mark = Mark::from(said.state);
    let what = format!(" {} ({}) {}: {}", said.name, said.kind, said.state.words(), clean_line(&said.reason));
    mark.phrase(symbols).add(Role::Text, what)
}

/// What cannot be told.
pub fn doubt(doubt: &str, symbols: &Symbols) -> Phrase<'static> {
    Mark::Unknown.phrase(symbols).add(Role::Muted, format!(" cannot tell {}", clean_line(doubt)))
}
