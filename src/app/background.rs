//! The terminal's answer to the question for its background (OSC 11), which arrives like keys: Alt-], then `11;rgb:`, the
//! colour, and the end of the sequence. What only begins like one is given back, key by key.

use super::input::{Key, KeyCode};

/// What follows Alt-].
const START: &str = "11;rgb:";
/// Maximum keys of an answer, with some room.
const MOST: usize = 40;

/// What a key was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// These keys were pressed.
    Keys(Vec<Key>),
    /// Part of an answer so far.
    Waiting,
    /// The answer: whether the background is light.
    Background { light: bool },
}

/// Keys that may be an answer.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    held: Vec<Key>,
    text: String,
}

impl Answer {
    /// Takes the next key.
    pub fn hear(&mut self, key: Key) -> Heard {
        if self.held.is_empty() {
            if key.code != KeyCode::Char(']') || !key.alt {
                return Heard::Keys(vec![key]);
            }
            self.held.push(key);
            return Heard::Waiting;
        }
        let ends =
            matches!((key.code, key.alt, key.ctrl), (KeyCode::Char('\\'), true, _) | (KeyCode::Char('g'), _, true));
        if ends && let Some(light) = self.text.strip_prefix(START).and_then(is_light) {
            *self = Self::default();
            return Heard::Background { light };
        }
        self.held.push(key);
        let KeyCode::Char(c) = key.code else { return self.give_back() };
        self.text.push(c);
        let fits = match self.text.strip_prefix(START) {
            Some(colour) => colour.chars().all(|c| c.is_ascii_hexdigit() || c == '/'),
            None => START.starts_with(&self.text),
        };
        if key.alt || key.ctrl || !fits || self.held.len() > MOST { self.give_back() } else { Heard::Waiting }
    }

    /// What is held, if something else than a key comes in between.
    pub fn interrupted(&mut self) -> Vec<Key> {
        self.text.clear();
        std::mem::take(&mut self.held)
    }

    fn give_back(&mut self) -> Heard {
        Heard::Keys(self.interrupted())
    }
}

/// `RRRR/GGGG/BBBB`, with one to four hexadecimal digits each.
fn is_light(colour: &str) -> Option<bool> {
    let part = |text: &str| {
        let most = 16_u32.checked_pow(u32::try_from(text.len()).ok()?)? - 1;
        Some(u32::from_str_radix(text, 16).ok()? * 1000 / most.max(1))
    };
    let parts: Vec<u32> = colour.split('/').map(part).collect::<Option<_>>()?;
    let [red, green, blue] = parts.as_slice() else { return None };
    // Luma of ITU-R BT.601.
    Some(299 * red + 587 * green + 114 * blue >= 500_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alt(c: char) -> Key {
        Key { alt: true, ..Key::char(c) }
    }

    fn answer(text: &str, end: Key) -> Vec<Key> {
        std::iter::once(alt(']')).chain(text.chars().map(Key::char)).chain([end]).collect()
    }

    fn hear(keys: &[Key]) -> (Vec<Key>, Option<bool>) {
        let (mut heard, mut pressed, mut found) = (Answer::default(), Vec::new(), None);
        for key in keys {
            match heard.hear(*key) {
                Heard::Keys(keys) => pressed.extend(keys),
                Heard::Waiting => {}
                Heard::Background { light } => found = Some(light),
            }
        }
        pressed.extend(heard.interrupted());
        (pressed, found)
    }

    #[test]
    fn an_answer_is_no_keys_however_it_ends() {
        for (text, light) in [
            ("11;rgb:ffff/ffff/ffff", true),
            ("11;rgb:1e1e/1e1e/2e2e", false),
            ("11;rgb:ff/fa/e0", true),
            ("11;rgb:0/0/0", false),
            ("11;rgb:0000/0000/ffff", false),
        ] {
            for end in [alt('\\'), Key::ctrl('g')] {
                let mut keys = vec![Key::char('j')];
                keys.extend(answer(text, end));
                keys.push(Key::char('k'));
                assert_eq!(hear(&keys), (vec![Key::char('j'), Key::char('k')], Some(light)), "{text}");
            }
        }
    }

    #[test]
    fn what_a_person_types_is_given_back_in_its_order() {
        let mut all = vec![vec![alt(']')], vec![alt(']'), alt(']'), Key::char('q')]];
        all.push(answer("11;rgb:12", Key::plain(KeyCode::Enter)));
        all.push(answer("11;rgx", Key::ctrl('g')));
        all.push(answer("11;rgb:", alt('\\')));
        all.push(answer(&format!("11;rgb:{}", "1".repeat(60)), alt('\\')));
        for keys in all {
            assert_eq!(hear(&keys), (keys.clone(), None));
        }
    }
}
