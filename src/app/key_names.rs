//! Names of keys, as the keymap spells them and as they are shown.

use super::input::{Key, KeyCode};

/// Parses a key as the keymap spells it: `a`, `ctrl-p`, `alt-x`, `enter`, `f5`.
///
/// # Errors
/// A phrase that says that it is none, or that it cannot be told from another one.
pub fn parse_key(text: &str) -> Result<Key, String> {
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
        // Terminals do not tell Ctrl-A from Ctrl-Shift-A.
        (Some(c), None) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
        (Some(c), None) => KeyCode::Char(c),
        (Some('f'), Some(_)) if function(rest).is_some() => KeyCode::F(function(rest).unwrap_or_default()),
        _ => NAMED.iter().find(|(n, _)| *n == rest).map(|(_, c)| *c).ok_or_else(|| format!("'{text}' is no key"))?,
    };
    let key = Key { code, ctrl, alt, shift: false, repeat: false, rushed: false };
    match sent_as(key) {
        Sent::So => Ok(key),
        Sent::As(other) => {
            let (name, spelled) = (
                if other == Key::plain(KeyCode::Enter) { "Enter".to_owned() } else { key_name(other) },
                spelling(other),
            );
            Err(format!("terminals send {name} for '{text}'; write {spelled}"))
        }
        Sent::Unclear => Err(format!("terminals begin other keys with what they send for '{text}'; take another key")),
    }
}

/// What arrives from a terminal when a key is pressed.
enum Sent {
    So,
    /// The same as for this key.
    As(Key),
    /// The beginning of what is sent for other keys.
    Unclear,
}

/// What terminals send that know no more than the VT100 did: with Ctrl, a letter is the control character of its number,
/// and some signs and digits are the others. Some terminals can tell more keys apart, but nobody sees that of a file.
fn sent_as(key: Key) -> Sent {
    let with = |code, ctrl| Sent::As(Key { code, ctrl, ..key });
    match key.code {
        KeyCode::Char('[' | 'O') if key.alt && !key.ctrl => Sent::Unclear,
        KeyCode::Enter | KeyCode::Esc | KeyCode::Tab | KeyCode::Backspace if key.ctrl => with(key.code, false),
        KeyCode::Char(c) if key.ctrl => match c {
            'i' => with(KeyCode::Tab, false),
            'm' => with(KeyCode::Enter, false),
            '[' | '3' => with(KeyCode::Esc, false),
            '?' | '8' => with(KeyCode::Backspace, false),
            '@' | '2' => with(KeyCode::Char(' '), true),
            '\\' => with(KeyCode::Char('4'), true),
            ']' => with(KeyCode::Char('5'), true),
            '^' => with(KeyCode::Char('6'), true),
            '_' | '/' => with(KeyCode::Char('7'), true),
            'a'..='z' | ' ' | '4'..='7' => Sent::So,
            other => with(KeyCode::Char(other), false),
        },
        _ => Sent::So,
    }
}

fn function(name: &str) -> Option<u8> {
    name.strip_prefix('f')?.parse().ok().filter(|n| (1..=24).contains(n))
}

/// A key as the keymap spells it.
pub fn spelling(key: Key) -> String {
    let named = NAMED.iter().find(|(_, code)| *code == key.code).map(|(name, _)| (*name).to_owned());
    let base = match key.code {
        KeyCode::Char(c) => named.unwrap_or_else(|| c.to_string()),
        KeyCode::F(n) => format!("f{n}"),
        _ => named.unwrap_or_default(),
    };
    format!("{}{}{base}", if key.ctrl { "ctrl-" } else { "" }, if key.alt { "alt-" } else { "" })
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

    proptest::proptest! {
        #[test]
        fn every_key_is_spelled_as_it_is_read(n in 0usize..15, ctrl: bool, alt: bool, c in "[a-z0-9/?-]") {
            let code = if n == 0 { KeyCode::Char(c.chars().next().unwrap()) } else { NAMED[n].1 };
            let key = Key { ctrl, alt, ..Key::plain(code) };
            match sent_as(key) {
                Sent::So => proptest::prop_assert_eq!(parse_key(&spelling(key)), Ok(key)),
                // What is to be written instead can be written.
                Sent::As(other) => proptest::prop_assert_eq!(parse_key(&spelling(other)), Ok(other)),
                Sent::Unclear => proptest::prop_assert!(parse_key(&spelling(key)).is_err()),
            }
        }
    }

    #[test]
    fn a_key_that_terminals_send_as_another_is_refused_with_the_other() {
        for (key, said) in [
            ("ctrl-m", "terminals send Enter for 'ctrl-m'; write enter"),
            ("ctrl-M", "terminals send Enter for 'ctrl-M'; write enter"),
            ("ctrl-i", "terminals send Tab for 'ctrl-i'; write tab"),
            ("ctrl-[", "terminals send Esc for 'ctrl-['; write esc"),
            ("ctrl-alt-m", "terminals send Alt-⏎ for 'ctrl-alt-m'; write alt-enter"),
            ("ctrl-enter", "terminals send Enter for 'ctrl-enter'; write enter"),
            ("ctrl-@", "terminals send Ctrl-Space for 'ctrl-@'; write ctrl-space"),
            ("ctrl-]", "terminals send Ctrl-5 for 'ctrl-]'; write ctrl-5"),
            ("ctrl-1", "terminals send 1 for 'ctrl-1'; write 1"),
            ("alt-[", "terminals begin other keys with what they send for 'alt-['; take another key"),
        ] {
            assert_eq!(parse_key(key), Err(said.to_owned()));
        }
        for key in ["ctrl-j", "ctrl-h", "ctrl-space", "ctrl-4", "ctrl-up", "alt-m", "alt-enter", "enter"] {
            assert!(parse_key(key).is_ok(), "{key}");
        }
    }
}
