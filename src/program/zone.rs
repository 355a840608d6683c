//! The zone in which the screens show times.

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::prefs::{Remember, ShownTime};
use crate::present::time::Zone;
use crate::program::state::{Notice, State};

impl State {
    /// The zone in which times are shown.
    pub(super) fn zone(&self) -> Zone<'_> {
        match self.prefs.time.unwrap_or(self.time) {
            ShownTime::Local => Zone::of(&self.local),
            ShownTime::Utc => Zone::Utc,
        }
    }
}

/// Shows times in the other zone, here and in later sessions. What the configuration says is not kept: it may change.
pub(super) fn toggle(state: &mut State) -> Vec<Effect> {
    let Zone::Local(local) = Zone::of(&state.local) else {
        state.notice =
            Some(Notice::Word("The zone of this machine is UTC: there is no other time to show.".to_owned()));
        return Vec::new();
    };
    let offset = Zone::Local(local).offset(state.now);
    let name = local.iana_name().map_or_else(|| offset.clone(), |name| format!("{name}, {offset}"));
    let key = state.keymap.label(state.contexts(), Action::Zone);
    let other = |what: &str| key.map(|key| format!(" {key} shows {what}.")).unwrap_or_default();
    let (time, word) = match state.zone() {
        Zone::Local(_) => (ShownTime::Utc, format!("Times are shown in UTC.{}", other("local time"))),
        Zone::Utc => (ShownTime::Local, format!("Times are shown in local time ({name}).{}", other("UTC"))),
    };
    state.notice = Some(Notice::Word(word));
    let what = Remember::Time((time != state.time).then_some(time));
    state.prefs.remember(what.clone());
    vec![Effect::SavePrefs(what)]
}
