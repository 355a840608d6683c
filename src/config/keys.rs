//! `[keys.CONTEXT]`: other keys for actions.

use super::commands::CommandSection;
use super::reader::{Document, Section};
use crate::app::action::Action;
use crate::app::keymap::{Context, Keymap, Rebound, parse_key};
use crate::domain::nearest::did_you_mean;
use crate::domain::text::clean_line;

/// Reads the keys of every context.
pub(super) fn read(s: Section<'_, '_>) -> Vec<Rebound> {
    let mut out = Vec::new();
    for (name, line, mut section) in s.children() {
        let Some(context) = Context::ALL.into_iter().find(|context| context.id() == name) else {
            let hint = did_you_mean(&name, Context::ALL.iter().map(|context| context.id()));
            section.note(line, format!("[keys.{}]: there is no such context{hint}", clean_line(&name)));
            continue;
        };
        for (id, line) in section.keys() {
            let action = match id.parse::<Action>() {
                Ok(action) => action,
                Err(why) => {
                    section.note(line, format!("[keys.{name}]: {}", clean_line(&why)));
                    continue;
                }
            };
            if let Some(keys) = section.each(&id, |key| parse_key(key).map_err(|why| clean_line(&why))) {
                out.push(Rebound { context, action, keys: keys.value, line });
            }
        }
    }
    out
}

/// The keys in use; records what contradicts itself.
pub(super) fn keymap(rebound: &[Rebound], commands: &[CommandSection], doc: &Document<'_>) -> Keymap {
    let mut keymap = Keymap::built_in();
    let mut mistakes = keymap.rebind(rebound);
    mistakes.extend(keymap.bind_commands(commands.iter().map(|section| section.key.clone()).collect()));
    for mistake in mistakes {
        doc.note(mistake.line, mistake.what);
    }
    keymap
}
