//! A file that is being saved to this machine.

use crate::app::effect::Effect;
use crate::app::saving::SaveNews;
use crate::domain::artifact::human_size;
use crate::program::state::{Notice, State};

/// A file is being saved and needs no input from the user.
pub(super) fn is_under_way(state: &State) -> bool {
    state.saving.as_ref().is_some_and(|s| s.exists.is_none())
}

pub(super) fn stop_saving(state: &mut State) -> Vec<Effect> {
    state.saving.take().map(|_| Effect::StopSaving).into_iter().collect()
}

/// Whether that matters to the screens.
pub(super) fn saving_moved(state: &mut State, news: SaveNews) -> bool {
    let Some(saving) = &mut state.saving else {
        // Already cancelled. Only report a file that was completed anyway.
        if let SaveNews::Done { path, .. } = news {
            state.notice = Some(Notice::Word(format!("saved {path} before it could be stopped")));
        }
        return false;
    };
    match news {
        SaveNews::Progress(bytes) => saving.bytes = bytes,
        SaveNews::Exists(path) => saving.exists = Some(path),
        SaveNews::Done { path, bytes } => {
            state.saving = None;
            state.notice = Some(Notice::Word(format!("saved {path}, {}", human_size(bytes))));
        }
        SaveNews::Failed(failure) => {
            state.saving = None;
            state.notice = Some(Notice::Failure(failure));
        }
    }
    true
}
