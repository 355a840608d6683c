//! The key table of the README matches the program.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::fmt::Write as _;

use signoff::app::action::Action;
use signoff::app::keymap::{Context, DEFAULT_KEYMAP, Keymap, key_name};

const BEGIN: &str = "<!-- keys: made from assets/keymap.toml, kept by tests/readme.rs -->\n";
const END: &str = "<!-- end of keys -->";

/// Every binding, in the order of the help, with all keys of an action in one row.
fn table(keymap: &Keymap) -> String {
    let mut out = String::from("| keys | what they do | where |\n| --- | --- | --- |\n");
    for action in Action::ALL {
        let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
        for context in Context::ALL {
            let keys: Vec<String> =
                keymap.keys(&[context], *action).into_iter().map(|k| format!("`{}`", key_name(k))).collect();
            if keys.is_empty() {
                continue;
            }
            let keys = keys.join(" ");
            match rows.iter_mut().find(|(k, _)| *k == keys) {
                Some((_, places)) => places.push(place(context)),
                None => rows.push((keys, vec![place(context)])),
            }
        }
        for (keys, places) in rows {
            let _ = writeln!(out, "| {keys} | {} | {} |", action.help(), places.join(", "));
        }
    }
    out
}

fn place(context: Context) -> &'static str {
    match context {
        Context::Global => "everywhere",
        Context::List => "lists and texts",
        Context::Prompt => "filter, commands",
        Context::Approve => "approval",
        other => other.id(),
    }
}

#[test]
fn the_key_table_is_that_of_the_program() {
    let readme = std::fs::read_to_string("README.md").unwrap().replace("\r\n", "\n");
    let (before, rest) = readme.split_once(BEGIN).expect("README.md marks where the keys begin");
    let (found, after) = rest.split_once(END).expect("README.md marks where the keys end");
    let expected = table(&Keymap::parse(DEFAULT_KEYMAP).unwrap());
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write("README.md", format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert!(found == expected, "the keys changed; `UPDATE_README=1 cargo test --test readme` writes:\n\n{expected}");
}
