//! `[keys]` and `[[commands]]`.

use super::{Home, refused};
use signoff::app::action::Action;
use signoff::app::input::{Key, KeyCode};
use signoff::app::keymap::Context;
use signoff::config::{Flags, Loaded};
use signoff::domain::command::Values;

const STAGING: &str = "[targets.staging]\ntracking_uri = \"https://x:1\"\n";
const INBOX: [Context; 3] = [Context::Inbox, Context::List, Context::Global];

fn loaded(toml: &str) -> Loaded {
    Home::with(&format!("{STAGING}{toml}")).load(&[], Flags::default()).unwrap()
}

#[test]
fn a_list_replaces_keys_and_an_empty_one_unbinds() {
    let loaded = loaded("[keys.inbox]\napprove = [\"A\", \"alt-enter\"]\nhold = []\n[keys.list]\ncopy = [\"f2\"]\n");
    let keymap = loaded.keymap();
    assert_eq!(keymap.action(&INBOX, Key::char('a')), None);
    assert_eq!(keymap.action(&INBOX, Key::char('A')), Some(Action::Approve));
    let alt_enter = Key { alt: true, ..Key::plain(KeyCode::Enter) };
    assert_eq!(keymap.action(&INBOX, alt_enter), Some(Action::Approve));
    assert_eq!(keymap.keys(&INBOX, Action::Hold), []);
    assert_eq!(keymap.action(&INBOX, Key::plain(KeyCode::F(2))), Some(Action::Copy));
}

#[test]
fn mistakes_in_keys_name_both_actions_and_the_line() {
    for (toml, said) in [
        ("[keys.inbox]\napprove = [\"x\"]", "line 4: [keys.inbox]: 'x' means both approve and reject"),
        ("[keys.inbox]\n\napprove = [\"Y\"]\nhold = [\"Y\"]", "line 6: [keys.inbox]: 'Y' means both approve and hold"),
        ("[keys.inbux]\napprove = [\"x\"]", "line 3: [keys.inbux]: there is no such context (did you mean 'inbox'?)"),
        ("[keys.inbox]\naprove = [\"x\"]", "line 4: [keys.inbox]: 'aprove' is no action; the nearest is 'approve'"),
        ("[keys.inbox]\napprove = [\"hyper-x\"]", "line 4: keys.inbox.approve: 'hyper-x' is no key"),
        ("[keys.inbox]\napprove = \"x\"", "line 4: keys.inbox.approve has to be a list of texts"),
        (
            "[keys.inbox]\napprove = [\"ctrl-m\"]",
            "line 4: keys.inbox.approve: terminals send Enter for 'ctrl-m'; write enter",
        ),
        ("[keys.global]\nquit = []", "line 4: [keys.global] quit: without a key there is no way to quit"),
        ("[keys.decide]\nsubmit = [\"s\"]", "line 4: [keys.decide] submit: 's' is typed into a field there"),
    ] {
        let failure = refused(&format!("{STAGING}{toml}\n"), &[]);
        assert!(failure.reason.contains(said), "{toml}: {failure}");
    }
}

#[test]
fn commands_are_read_with_their_usual_settings() {
    let loaded = loaded(
        "[[commands]]\nname = \"Jira ticket\"\nkey = \"ctrl-j\"\nrun = [\"jira\", \"QA {model} v{version}\"]\n\
         context = [\"inbox\", \"review\"]\n\
         [[commands]]\nname = \"Diff\"\nshell = \"git show {commit}\"\nconfirm = false\n",
    );
    let commands = loaded.commands();
    assert_eq!(
        commands.iter().map(|c| (c.name.as_str(), c.confirm)).collect::<Vec<_>>(),
        [("Jira ticket", true), ("Diff", false)]
    );
    let values = Values { model: "a b".into(), version: "3".into(), commit: "$(id)".into(), ..Values::default() };
    assert_eq!(commands[0].form.with(&values).unwrap(), ["jira", "QA a b v3"]);
    assert_eq!(commands[1].form.with(&values).unwrap(), ["sh", "-c", "git show '$(id)'"]);
    let keymap = loaded.keymap();
    assert_eq!(keymap.command(&INBOX, Key::ctrl('j')), Some(0));
    assert_eq!(keymap.command(&[Context::Versions, Context::List, Context::Global], Key::ctrl('j')), None);
    assert!(keymap.command_is_for(&[Context::Curve, Context::Global], 1), "wherever a version is");
    let shown = loaded.shared_values();
    let jira = shown.iter().find(|v| v.key == "commands.\"Jira ticket\"").unwrap();
    assert_eq!(jira.value.as_deref(), Some("jira 'QA {model} v{version}'"));
    assert!(jira.origin.ends_with("config.toml:3"), "{}", jira.origin);
}

#[test]
fn each_argument_is_as_it_is_written() {
    let loaded = loaded("[[commands]]\nname = \"x\"\nrun = [\"printf\", \"[%s]\\n\", \"  a  \", \"\", \" \"]\n");
    let argv = loaded.commands()[0].form.with(&Values::default()).unwrap();
    assert_eq!(argv, ["printf", "[%s]\n", "  a  ", "", " "]);
}

#[test]
fn mistakes_in_commands_are_named() {
    let command = |rest: &str| format!("{STAGING}[[commands]]\n{rest}\n");
    for (toml, said) in [
        ("name = \"x\"", "line 3: commands: run or shell is missing"),
        ("run = [\"x\"]", "line 3: commands: name is missing"),
        ("name = \"x\"\nrun = []", "commands: run: this names no program"),
        ("name = \"x\"\nrun = [\"{model}\"]", "run: the program must be named as such"),
        ("name = \"x\"\nrun = [\"y\"]\nshell = \"z\"", "run and shell contradict each other"),
        ("name = \"x\"\nshell = \"echo `echo {model}`\"", "shell: {model} stands after a backquote"),
        ("name = \"x\"\nrun = [\"y\"]\ncontext = [\"inbux\"]", "'inbux' is none of inbox, models"),
        ("name = \"x\"\nrun = [\"y\"]\nkey = \"o\"\ncontext = [\"inbox\"]\nkeys = 1", "unknown key 'keys'"),
        (
            "name = \"x\"\nrun = [\"y\"]\nkey = \"a\"\ncontext = [\"inbox\"]",
            "line 3: [keys.inbox]: 'a' means both approve and the command x",
        ),
        ("name = \"x\"\nrun = [\"y\"]\nkey = \"esc\"", "that key is the way out"),
        ("name = \"x\"\nrun = [\"y\"]\n[[commands]]\nname = \"x\"\nrun = [\"y\"]", "two are called 'x'"),
    ] {
        let failure = refused(&command(toml), &[]);
        assert!(failure.reason.contains(said), "{toml}: {failure}");
    }
    // Wherever else the key is taken is part of the one mistake.
    let twice =
        command("name = \"x\"\nrun = [\"y\"]\nkey = \"f5\"\n[[commands]]\nname = \"z\"\nrun = [\"y\"]\nkey = \"f5\"");
    let failure = refused(&twice, &[]);
    assert_eq!(failure.reason.matches("means both").count(), 1, "{failure}");
    let said = "[keys.inbox]: 'f5' means both x and the command z (it is taken in versions, review, promotion";
    assert!(failure.reason.contains(said), "{failure}");
    let failure = refused(&command("name = \"x\"\nrun = [\"y\"]\nkey = \"ctrl-i\""), &[]);
    assert!(failure.reason.contains("terminals send Tab for 'ctrl-i'; write tab"), "{failure}");
    let failure = refused("commands = 3\n", &[]);
    assert!(failure.reason.contains("commands has to be a list of tables"), "{failure}");
}
