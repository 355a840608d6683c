//! Key bindings by context, from `assets/keymap.toml`; footer, help and palette are generated from them.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use super::action::Action;
use super::input::{Key, KeyCode};

pub const DEFAULT_KEYMAP: &str = include_str!("../../assets/keymap.toml");

/// Where a key is pressed. Screens list their contexts, innermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere except in closed contexts (see [`Context::is_closed`]).
    Global,
    List,
    Inbox,
    Models,
    Versions,
    Review,
    Lineage,
    Checklist,
    Approve,
    /// The form to reject or hold a version.
    Decide,
    /// The versions to roll back to.
    Rollback,
    Promotion,
    History,
    Record,
    /// The chart of a metric.
    Curve,
    /// A metric over all versions of a model.
    Trend,
    /// The files of a version or run.
    Files,
    /// A file preview.
    Preview,
    Experiments,
    /// The runs of one experiment.
    Runs,
    Run,
    /// Several versions or runs side by side.
    Compare,
    /// The log of a job.
    Log,
    /// A text prompt: filter or palette.
    Prompt,
    Help,
}

impl Context {
    pub const ALL: [Self; 25] = [
        Self::Global,
        Self::List,
        Self::Inbox,
        Self::Models,
        Self::Versions,
        Self::Review,
        Self::Lineage,
        Self::Checklist,
        Self::Approve,
        Self::Decide,
        Self::Rollback,
        Self::Promotion,
        Self::History,
        Self::Record,
        Self::Curve,
        Self::Trend,
        Self::Files,
        Self::Preview,
        Self::Experiments,
        Self::Runs,
        Self::Run,
        Self::Compare,
        Self::Log,
        Self::Prompt,
        Self::Help,
    ];

    /// Name in the keymap file.
    pub fn id(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::List => "list",
            Self::Inbox => "inbox",
            Self::Models => "models",
            Self::Versions => "versions",
            Self::Review => "review",
            Self::Lineage => "lineage",
            Self::Checklist => "checklist",
            Self::Approve => "approve",
            Self::Decide => "decide",
            Self::Rollback => "rollback",
            Self::Promotion => "promotion",
            Self::History => "history",
            Self::Record => "record",
            Self::Curve => "curve",
            Self::Trend => "trend",
            Self::Files => "files",
            Self::Preview => "preview",
            Self::Experiments => "experiments",
            Self::Runs => "runs",
            Self::Run => "run",
            Self::Compare => "compare",
            Self::Log => "log",
            Self::Prompt => "prompt",
            Self::Help => "help",
        }
    }

    /// A closed context hides all outer ones: keys it does not bind do nothing.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Approve | Self::Decide | Self::Prompt | Self::Help)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keymap {
    bindings: BTreeMap<Context, Vec<(Action, Vec<Key>)>>,
}

impl Keymap {
    /// Parses a keymap file.
    ///
    /// # Errors
    /// All mistakes, one sentence each: unknown contexts, actions and keys, keys bound twice in a context, no key to
    /// quit.
    pub fn parse(source: &str) -> Result<Self, Vec<String>> {
        let table: BTreeMap<String, BTreeMap<String, Vec<String>>> =
            toml::from_str(source).map_err(|e| vec![e.to_string()])?;
        let mut errors = Vec::new();
        let mut bindings = BTreeMap::new();
        for (name, actions) in table {
            let Some(context) = Context::ALL.into_iter().find(|c| c.id() == name) else {
                errors.push(format!("'{name}' is no context"));
                continue;
            };
            let mut bound: Vec<(Action, Vec<Key>)> = Vec::new();
            let mut seen: BTreeMap<Key, String> = BTreeMap::new();
            for (id, keys) in actions {
                let parsed: Vec<Key> = keys
                    .iter()
                    .filter_map(|k| parse_key(k).map_err(|e| errors.push(format!("{name}.{id}: {e}"))).ok())
                    .collect();
                for key in &parsed {
                    if let Some(other) = seen.insert(*key, id.clone()) {
                        errors.push(format!("{name}: '{}' means both {other} and {id}", key_name(*key)));
                    }
                }
                match Action::from_str(&id) {
                    Ok(action) => bound.push((action, parsed)),
                    Err(e) => errors.push(format!("{name}: {e}")),
                }
            }
            bound.sort_by_key(|(action, _)| *action);
            bindings.insert(context, bound);
        }
        let map = Self { bindings };
        for context in Context::ALL.into_iter().filter(|c| c.is_closed() || *c == Context::Global) {
            if map.keys(&[context], Action::Quit).is_empty() {
                errors.push(format!("{}: there is no way to quit", context.id()));
            }
        }
        if errors.is_empty() { Ok(map) } else { Err(errors) }
    }

    /// The action of `key` in `contexts`, innermost first.
    pub fn action(&self, contexts: &[Context], key: Key) -> Option<Action> {
        let key = Key { repeat: false, rushed: false, ..key };
        reachable(contexts).find_map(|context| {
            self.bindings.get(&context)?.iter().find(|(_, keys)| keys.contains(&key)).map(|(action, _)| *action)
        })
    }

    /// The keys of `action` in `contexts` that no inner context overrides.
    pub fn keys(&self, contexts: &[Context], action: Action) -> Vec<Key> {
        let mut found = Vec::new();
        let bound = reachable(contexts).filter_map(|c| self.bindings.get(&c)).flatten();
        for key in bound.filter(|(a, _)| *a == action).flat_map(|(_, keys)| keys.iter().copied()) {
            // An inner and an outer context may bind the same action to it.
            if self.action(contexts, key) == Some(action) && !found.contains(&key) {
                found.push(key);
            }
        }
        found
    }

    /// The display name of the first key of `action` in `contexts`.
    pub fn label(&self, contexts: &[Context], action: Action) -> Option<String> {
        self.keys(contexts, action).first().map(|k| key_name(*k))
    }

    /// Every action available in `contexts`, in help order, with the display names of its keys.
    pub fn reachable_actions(&self, contexts: &[Context]) -> Vec<(Action, Vec<String>)> {
        Action::ALL
            .iter()
            .map(|a| (*a, self.keys(contexts, *a).into_iter().map(key_name).collect::<Vec<_>>()))
            .filter(|(_, keys)| !keys.is_empty())
            .collect()
    }
}

/// `contexts` up to and including the first closed one.
fn reachable(contexts: &[Context]) -> impl Iterator<Item = Context> {
    let end = contexts.iter().position(|c| c.is_closed()).map_or(contexts.len(), |i| i + 1);
    contexts.iter().copied().take(end)
}

fn parse_key(text: &str) -> Result<Key, String> {
    let mut rest = text;
    let (mut ctrl, mut alt) = (false, false);
    loop {
        if let Some(r) = rest.strip_prefix("ctrl-") {
            (ctrl, rest) = (true, r);
        } else if let Some(r) = rest.strip_prefix("alt-") {
            (alt, rest) = (true, r);
        } else {
            break;
        }
    }
    let mut chars = rest.chars();
    let code = match (chars.next(), chars.next()) {
        (Some(c), None) => KeyCode::Char(c),
        _ => NAMED.iter().find(|(n, _)| *n == rest).map(|(_, c)| *c).ok_or_else(|| format!("'{text}' is no key"))?,
    };
    Ok(Key { code, ctrl, alt, shift: false, repeat: false, rushed: false })
}

const NAMED: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backtab", KeyCode::BackTab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

/// Display name of a key: `⏎`, `Esc`, `Ctrl-P`, `a`.
pub fn key_name(key: Key) -> String {
    let base = match key.code {
        KeyCode::Char(' ') => "Space".to_owned(),
        KeyCode::Char(c) if key.ctrl => c.to_ascii_uppercase().to_string(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Enter => "⏎".to_owned(),
        KeyCode::Esc => "Esc".to_owned(),
        KeyCode::Tab => "Tab".to_owned(),
        KeyCode::BackTab => "Shift-Tab".to_owned(),
        KeyCode::Backspace => "Backspace".to_owned(),
        KeyCode::Delete => "Del".to_owned(),
        KeyCode::Up => "↑".to_owned(),
        KeyCode::Down => "↓".to_owned(),
        KeyCode::Left => "←".to_owned(),
        KeyCode::Right => "→".to_owned(),
        KeyCode::Home => "Home".to_owned(),
        KeyCode::End => "End".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::F(n) => format!("F{n}"),
    };
    format!("{}{}{base}", if key.ctrl { "Ctrl-" } else { "" }, if key.alt { "Alt-" } else { "" })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_built_in_keymap_is_free_of_mistakes() {
        assert_eq!(Keymap::parse(DEFAULT_KEYMAP).map(|_| ()), Ok(()));
    }

    #[test]
    fn inner_contexts_win_and_closed_ones_let_nothing_through() {
        let map = Keymap::parse(DEFAULT_KEYMAP).unwrap();
        let inbox = [Context::Inbox, Context::List, Context::Global];
        assert_eq!(map.action(&inbox, Key::plain(KeyCode::Enter)), Some(Action::Review));
        assert_eq!(map.action(&inbox, Key::char('q')), Some(Action::Quit));
        let approve = [Context::Approve, Context::Global];
        assert_eq!(map.action(&approve, Key::char('q')), None);
        assert_eq!(map.keys(&inbox, Action::Open), Vec::new());
    }

    #[test]
    fn no_key_that_scrolls_or_opens_confirms_in_its_own_context() {
        let map = Keymap::parse(DEFAULT_KEYMAP).unwrap();
        for (action, keys) in &map.bindings[&Context::Approve] {
            let letters = keys.iter().any(|k| k.typed().is_some());
            assert!(!letters, "{action:?} must not be bound to a letter on the approval form");
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let errors = Keymap::parse("[global]\nqiut = ['q']\nback = ['hyper-x']\n[lsit]\n").unwrap_err();
        let text = errors.join("\n");
        for part in ["nearest is 'quit'", "'hyper-x' is no key", "'lsit' is no context", "no way to quit"] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn a_key_bound_twice_in_one_context_is_refused() {
        let source = DEFAULT_KEYMAP.replace("help = [\"?\"]\npalette", "help = [\"q\"]\npalette");
        assert!(Keymap::parse(&source).unwrap_err().join("").contains("means both"));
    }
}
