//! `[[commands]]`: commands of the user's own.

use super::reader::Section;
use super::show::Shown;
use crate::app::input::Key;
use crate::app::keymap::{Context, OwnKey, parse_key};
use crate::domain::command::{Form, OwnCommand, shown};
use crate::domain::nearest::did_you_mean;
use crate::domain::text::{clean_line, shorten};

/// Where something is under the cursor, and whether that is a version: there a command is if it does not say where.
const CONTEXTS: &[(Context, bool)] = &[
    (Context::Inbox, true),
    (Context::Models, false),
    (Context::Versions, true),
    (Context::Review, true),
    (Context::Promotion, true),
    (Context::History, true),
    (Context::Record, true),
    (Context::Curve, true),
    (Context::Trend, true),
    (Context::Files, true),
    (Context::Preview, true),
    (Context::Runs, false),
    (Context::Run, false),
];

/// Where a version is.
fn usual() -> Vec<Context> {
    CONTEXTS.iter().filter(|(_, version)| *version).map(|(context, _)| *context).collect()
}

/// A command as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandSection {
    pub command: OwnCommand,
    pub key: OwnKey,
}

/// Reads the commands, in the order of the file.
pub(super) fn read(sections: Vec<(usize, Section<'_, '_>)>) -> Vec<CommandSection> {
    let mut out: Vec<CommandSection> = Vec::new();
    for (line, mut s) in sections {
        let name = s.parsed("name", |name| Ok(clean_line(name)));
        let key = s.parsed("key", |key| parse_key(key).map_err(|why| clean_line(&why)));
        let run = s.arguments("run");
        let shell = s.string("shell");
        let contexts = s.each("context", context);
        let confirm = s.boolean("confirm");
        let has_form = s.has("run") || s.has("shell");
        let form = match (run, shell) {
            (Some(_), Some(_)) => Err("run and shell contradict each other; keep one of them".to_owned()),
            (Some(run), None) => Form::program(&run.value).map_err(|why| format!("run: {why}")),
            (None, Some(shell)) => Form::shell(&shell.value).map_err(|why| format!("shell: {why}")),
            // What is wrong with it was noted.
            (None, None) if has_form => Err(String::new()),
            (None, None) => Err("run or shell is missing: what is to be run".to_owned()),
        };
        if name.is_none() && !s.has("name") {
            s.note(line, "commands: name is missing");
        }
        let twin = name.as_ref().is_some_and(|name| out.iter().any(|other| other.command.name == name.value));
        if let (true, Some(name)) = (twin, &name) {
            s.note(line, format!("commands: two are called '{}'", shorten(&name.value, 60)));
        }
        match (name, form) {
            (_, Err(why)) if !why.is_empty() => s.note(line, format!("commands: {why}")),
            (Some(name), Ok(form)) => {
                let contexts = contexts.map_or_else(usual, |contexts| contexts.value);
                let key = key.map(|key| key.value);
                let (name, confirm) = (name.value, confirm.is_none_or(|confirm| confirm.value));
                let own = OwnKey { name: name.clone(), key, contexts, line };
                if let Some(why) = own.key.and_then(|key| unfit(key, &own.contexts)) {
                    s.note(line, format!("commands: {why}"));
                }
                out.push(CommandSection { command: OwnCommand { name, form, confirm, built_in: false }, key: own });
            }
            (_, Err(_)) | (None, Ok(_)) => {}
        }
        s.finish();
    }
    out
}

fn context(text: &str) -> Result<Context, String> {
    let known = || CONTEXTS.iter().map(|(context, _)| *context);
    known().find(|context| context.id() == text).ok_or_else(|| {
        let names = known().map(|context| context.id());
        let hint = did_you_mean(text, names.clone());
        format!("'{}' is none of {}{hint}", clean_line(text), names.collect::<Vec<_>>().join(", "))
    })
}

/// Why a key cannot run a command anywhere.
fn unfit(key: Key, contexts: &[Context]) -> Option<&'static str> {
    let leaves = key == Key::ctrl('c') || key == Key::plain(crate::app::input::KeyCode::Esc);
    match (leaves, contexts.is_empty()) {
        (true, _) => Some("that key is the way out"),
        (false, true) => Some("context is empty: leave it out, or name a screen"),
        (false, false) => None,
    }
}

impl CommandSection {
    pub(super) fn shown(&self, origin: &super::origin::Origin) -> Shown {
        Shown::new(format!("commands.\"{}\"", self.command.name), shown(&self.command.form.written()), origin)
    }
}
