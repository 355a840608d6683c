//! Key bindings by context, from `assets/keymap.toml`; footer, help and palette are generated from them.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use super::action::Action;
use super::input::Key;
pub use super::key_names::{key_name, parse_key, spelling};

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
    /// The artifacts of a version, on its review.
    Artifacts,
    /// The ways to begin, at the first start.
    Doors,
    /// A picture, wherever it is shown.
    Picture,
    /// A part of a picture beside other things: what moves elsewhere moves the part here.
    Zoomed,
    Experiments,
    /// The runs of one experiment.
    Runs,
    Run,
    /// Several versions or runs side by side.
    Compare,
    /// The log of a job.
    Log,
    /// The question whether to run a command of the user's own.
    Ask,
    /// A text prompt: filter or palette.
    Prompt,
    Help,
}

impl Context {
    pub const ALL: [Self; 30] = [
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
        Self::Artifacts,
        Self::Doors,
        Self::Picture,
        Self::Zoomed,
        Self::Experiments,
        Self::Runs,
        Self::Run,
        Self::Compare,
        Self::Log,
        Self::Ask,
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
            Self::Artifacts => "artifacts",
            Self::Doors => "doors",
            Self::Picture => "picture",
            Self::Zoomed => "zoomed",
            Self::Experiments => "experiments",
            Self::Runs => "runs",
            Self::Run => "run",
            Self::Compare => "compare",
            Self::Log => "log",
            Self::Ask => "ask",
            Self::Prompt => "prompt",
            Self::Help => "help",
        }
    }

    /// Characters go into a text field here.
    pub fn takes_text(self) -> bool {
        matches!(self, Self::Approve | Self::Decide | Self::Prompt)
    }

    /// A closed context hides all outer ones: keys it does not bind do nothing.
    pub fn is_closed(self) -> bool {
        matches!(self, Self::Approve | Self::Decide | Self::Ask | Self::Prompt | Self::Help)
    }
}

/// Keys that replace those of an action in a context; without any, the action has none there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rebound {
    pub context: Context,
    pub action: Action,
    pub keys: Vec<Key>,
    /// Line of the file.
    pub line: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Action(Action),
    Command(usize),
}

/// What is wrong with the keys, by the line of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    pub line: usize,
    pub what: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    bindings: BTreeMap<Context, Vec<(Action, Vec<Key>)>>,
    /// The user's own commands, by their places in the configuration.
    commands: Vec<OwnKey>,
}

/// Where a command of the user's own can be run, and its key, if it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnKey {
    /// For messages.
    pub name: String,
    pub key: Option<Key>,
    pub contexts: Vec<Context>,
    /// Line of the file.
    pub line: usize,
}

impl Keymap {
    /// The keys that come with the program. Tests check that they are free of mistakes.
    pub fn built_in() -> Self {
        Self::parse(DEFAULT_KEYMAP).unwrap_or_default()
    }

    /// Replaces the keys of actions.
    pub fn rebind(&mut self, rebound: &[Rebound]) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for Rebound { context, action, keys, line } in rebound {
            let bound = self.bindings.entry(*context).or_default();
            bound.retain(|(there, _)| there != action);
            bound.push((*action, keys.clone()));
            bound.sort_by_key(|(action, _)| *action);
            if let Some(key) = keys.iter().find(|key| context.takes_text() && key.typed().is_some()) {
                let what = format!(
                    "[keys.{}] {}: '{}' is typed into a field there; take a key with ctrl- or alt-, or one with a name",
                    context.id(),
                    action.id(),
                    spelling(*key)
                );
                mistakes.push(Mistake { line: *line, what });
            }
        }
        let line_of = |context: Context, action: Action| {
            let same = |r: &&Rebound| r.context == context && r.action == action;
            rebound.iter().find(same).map(|r| r.line)
        };
        for (context, bound) in &self.bindings {
            let mut seen: BTreeMap<Key, Action> = BTreeMap::new();
            for (action, keys) in bound {
                for key in keys {
                    let Some(other) = seen.insert(*key, *action).filter(|other| other != action) else { continue };
                    let (one, two) = (line_of(*context, other), line_of(*context, *action));
                    let also = match (one, two) {
                        (Some(one), Some(two)) if one != two => format!(" (see also line {})", one.min(two)),
                        _ => String::new(),
                    };
                    let what = format!(
                        "[keys.{}]: '{}' means both {} and {}{also}",
                        context.id(),
                        spelling(*key),
                        other.id(),
                        action.id()
                    );
                    mistakes.push(Mistake { line: one.max(two).unwrap_or(1), what });
                }
            }
        }
        for context in Context::ALL.into_iter().filter(|c| c.is_closed() || *c == Context::Global) {
            if self.keys(&[context], Action::Quit).is_empty() {
                let what = format!("[keys.{}] quit: without a key there is no way to quit", context.id());
                mistakes.push(Mistake { line: line_of(context, Action::Quit).unwrap_or(1), what });
            }
        }
        mistakes
    }

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
        let map = Self { bindings, commands: Vec::new() };
        for context in Context::ALL.into_iter().filter(|c| c.is_closed() || *c == Context::Global) {
            if map.keys(&[context], Action::Quit).is_empty() {
                errors.push(format!("{}: there is no way to quit", context.id()));
            }
        }
        if errors.is_empty() { Ok(map) } else { Err(errors) }
    }

    /// The action of `key` in `contexts`, innermost first.
    pub fn action(&self, contexts: &[Context], key: Key) -> Option<Action> {
        match self.meaning(contexts, key)? {
            Meaning::Action(action) => Some(action),
            Meaning::Command(_) => None,
        }
    }

    /// The user's own command that `key` runs in `contexts`.
    pub fn command(&self, contexts: &[Context], key: Key) -> Option<usize> {
        match self.meaning(contexts, key)? {
            Meaning::Action(_) => None,
            Meaning::Command(command) => Some(command),
        }
    }

    fn meaning(&self, contexts: &[Context], key: Key) -> Option<Meaning> {
        let key = Key { repeat: false, rushed: false, ..key };
        reachable(contexts).find_map(|context| {
            let bound =
                self.bindings.get(&context).and_then(|bound| bound.iter().find(|(_, keys)| keys.contains(&key)));
            let own = || self.commands.iter().position(|own| own.key == Some(key) && own.contexts.contains(&context));
            bound.map(|(action, _)| Meaning::Action(*action)).or_else(|| own().map(Meaning::Command))
        })
    }

    /// The key of the user's own command in `contexts`, unless it has another meaning there.
    pub fn command_keys(&self, contexts: &[Context], command: usize) -> Vec<Key> {
        let key = self.commands.get(command).and_then(|own| own.key);
        key.filter(|key| self.command(contexts, *key) == Some(command)).into_iter().collect()
    }

    /// Whether the user's own command can be run on a screen with these contexts.
    pub fn command_is_for(&self, contexts: &[Context], command: usize) -> bool {
        self.command_contexts(command).any(|context| contexts.contains(&context))
    }

    /// Where the user's own command can be run.
    pub fn command_contexts(&self, command: usize) -> impl Iterator<Item = Context> {
        self.commands.get(command).into_iter().flat_map(|own| own.contexts.iter().copied())
    }

    /// Adds the keys of the user's own commands. A key that means something else already is one mistake, wherever it does.
    pub fn bind_commands(&mut self, commands: Vec<OwnKey>) -> Vec<Mistake> {
        let mut mistakes = Vec::new();
        for (i, own) in commands.iter().enumerate() {
            let Some(key) = own.key else { continue };
            let other = |context: &Context| {
                let bound = self.bindings.get(context).into_iter().flatten();
                let action = bound.filter(|(_, keys)| keys.contains(&key)).map(|(action, _)| action.id().to_owned());
                let twin = |other: &&OwnKey| other.key == Some(key) && other.contexts.contains(context);
                let twin = commands[..i].iter().filter(twin).map(|other| other.name.clone());
                action.chain(twin).next()
            };
            let mut meant = own.contexts.iter().filter_map(|context| Some((*context, other(context)?)));
            let Some((context, other)) = meant.next() else { continue };
            let more: Vec<&str> = meant.map(|(context, _)| context.id()).collect();
            let also =
                if more.is_empty() { String::new() } else { format!(" (it is taken in {}, too)", more.join(", ")) };
            let (context, key, name) = (context.id(), spelling(key), &own.name);
            let what = format!("[keys.{context}]: '{key}' means both {other} and the command {name}{also}");
            mistakes.push(Mistake { line: own.line, what });
        }
        self.commands = commands;
        mistakes
    }

    /// The keys of `action` in `contexts` that no inner context overrides.
    pub fn keys(&self, contexts: &[Context], action: Action) -> Vec<Key> {
        let mut found = Vec::new();
        for key in self.bound(contexts, action) {
            // An inner and an outer context may bind the same action to it.
            if !found.contains(&key) {
                found.push(key);
            }
        }
        found
    }

    fn bound(&self, contexts: &[Context], action: Action) -> impl Iterator<Item = Key> {
        let bound = reachable(contexts).filter_map(|c| self.bindings.get(&c)).flatten();
        let keys = bound.filter(move |(a, _)| *a == action).flat_map(|(_, keys)| keys.iter().copied());
        keys.filter(move |key| self.action(contexts, *key) == Some(action))
    }

    /// The display name of the first key of `action` in `contexts`.
    pub fn label(&self, contexts: &[Context], action: Action) -> Option<String> {
        self.bound(contexts, action).next().map(key_name)
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::app::input::KeyCode;

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

    fn rebound(context: Context, action: Action, keys: &[&str], line: usize) -> Rebound {
        Rebound { context, action, keys: keys.iter().map(|k| parse_key(k).unwrap()).collect(), line }
    }

    fn mistakes(rebound: &[Rebound]) -> Vec<(usize, String)> {
        let mut map = Keymap::built_in();
        map.rebind(rebound).into_iter().map(|mistake| (mistake.line, mistake.what)).collect()
    }

    #[test]
    fn a_list_replaces_the_keys_of_an_action_and_an_empty_one_unbinds() {
        let mut map = Keymap::built_in();
        let inbox = [Context::Inbox, Context::List, Context::Global];
        let changed = [
            rebound(Context::Inbox, Action::Approve, &["A", "ctrl-Y"], 3),
            rebound(Context::List, Action::Copy, &[], 4),
            rebound(Context::Inbox, Action::Compare, &["f5"], 5),
        ];
        assert_eq!(map.rebind(&changed), []);
        assert_eq!(map.action(&inbox, Key::char('a')), None);
        assert_eq!(map.action(&inbox, Key::char('A')), Some(Action::Approve));
        assert_eq!(map.action(&inbox, Key::ctrl('y')), Some(Action::Approve));
        assert_eq!(map.action(&inbox, Key::char('y')), None);
        assert_eq!(map.action(&inbox, Key::plain(KeyCode::F(5))), Some(Action::Compare));
        assert_eq!(map.label(&inbox, Action::Approve).as_deref(), Some("A"));
        let review = [Context::Review, Context::List, Context::Global];
        assert_eq!(map.action(&review, Key::char('a')), Some(Action::Approve), "another context keeps its keys");
    }

    #[test]
    fn two_actions_on_one_key_are_named_with_the_line() {
        let found = mistakes(&[rebound(Context::Inbox, Action::Approve, &["x"], 7)]);
        assert_eq!(found, [(7, "[keys.inbox]: 'x' means both approve and reject".to_owned())]);
        let both = [
            rebound(Context::Inbox, Action::Approve, &["ctrl-a"], 7),
            rebound(Context::Inbox, Action::Hold, &["ctrl-a"], 9),
        ];
        let said = "[keys.inbox]: 'ctrl-a' means both approve and hold (see also line 7)".to_owned();
        assert_eq!(mistakes(&both), [(9, said)]);
        let swapped =
            [rebound(Context::Inbox, Action::Approve, &["x"], 7), rebound(Context::Inbox, Action::Reject, &["a"], 8)];
        assert_eq!(mistakes(&swapped), []);
        assert_eq!(
            mistakes(&[rebound(Context::Inbox, Action::Approve, &["r", "r"], 7)]),
            [],
            "it shadows an outer one"
        );
    }

    #[test]
    fn there_is_always_a_way_out_and_letters_stay_letters_where_one_types() {
        let found = mistakes(&[rebound(Context::Help, Action::Quit, &[], 2)]);
        assert!(matches!(found.as_slice(), [(2, what)] if what.contains("no way to quit")), "{found:?}");
        let found = mistakes(&[rebound(Context::Approve, Action::Confirm, &["v"], 4)]);
        assert!(matches!(found.as_slice(), [(4, what)] if what.contains("'v' is typed into a field")), "{found:?}");
    }

    #[test]
    fn a_key_bound_twice_in_one_context_is_refused() {
        let source = DEFAULT_KEYMAP.replace("help = [\"?\"]\npalette", "help = [\"q\"]\npalette");
        assert!(Keymap::parse(&source).unwrap_err().join("").contains("means both"));
    }
}
