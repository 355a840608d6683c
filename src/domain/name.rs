//! Names as they are shown: two names that differ never look the same.
//!
//! MLflow takes any text as a name, so `retention` may be spelled with a Cyrillic letter, end in a blank, or hold a
//! character that no screen shows. Such names are legal, and somebody may want one to be taken for another.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark, is_nfc};
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::skeleton;

use super::text::{clean_line, is_deceptive};

/// A name with everything that could deceive a reader written as a code point: `retenti<U+043E>n`.
pub fn shown(raw: &str) -> String {
    if is_plain(raw) {
        return raw.to_owned();
    }
    let odd = Odd::of(raw);
    let (first, last) = (raw.len() - raw.trim_start().len(), raw.trim_end().len());
    let mut out = String::with_capacity(raw.len() + 16);
    let (mut blank, mut marks) = (false, 0);
    for (at, c) in raw.char_indices() {
        marks = if is_combining_mark(c) { marks + 1 } else { 0 };
        let strange = match c {
            // What looks like a code point and is none.
            '<' => raw[at..].starts_with("<U+"),
            ' ' => at < first || at >= last || blank,
            c if c.is_ascii() => false,
            c => {
                c.is_whitespace()
                    || is_invisible(c)
                    || (odd.letters() && c.is_alphanumeric())
                    || is_borrowed_sign(c)
                    || (odd.decomposed && is_apart(c))
                    // More are left out where text is cleaned.
                    || marks > 2
            }
        };
        blank = c == ' ';
        if strange && !c.is_control() {
            let _ = write!(out, "<U+{:04X}>", u32::from(c));
        } else {
            out.push(c);
        }
    }
    clean_line(&out)
}

/// What is odd about a name, one phrase each; nothing for an ordinary one.
pub fn oddities(raw: &str) -> Vec<&'static str> {
    if is_plain(raw) {
        return Vec::new();
    }
    let odd = Odd::of(raw);
    let blanks = raw.trim() != raw || raw.contains("  ");
    let unseen = raw.chars().any(|c| c.is_control() || (c.is_whitespace() && c != ' ') || is_invisible(c));
    let found = [
        (blanks, "it begins or ends with a blank, or has two in a row"),
        (unseen, "it holds characters that cannot be seen"),
        (odd.mixed, "it mixes letters of different scripts"),
        (odd.borrowed, "its letters are not the Latin ones they look like"),
        (raw.chars().any(is_borrowed_sign), "it holds signs that are not the ones they look like"),
        (odd.decomposed, "its accents are characters of their own"),
        (raw.contains("<U+"), "it holds what looks like the code of a character"),
    ];
    found.into_iter().filter_map(|(is, what)| is.then_some(what)).collect()
}

/// What is typed beside the version to confirm an odd name: the beginning of its hash, which no other name has however
/// much alike they look. None for an ordinary name.
pub fn proof(raw: &str) -> Option<String> {
    (!oddities(raw).is_empty())
        .then(|| Sha256::digest(raw.as_bytes())[..3].iter().map(|b| format!("{b:02x}")).collect())
}

/// Printable ASCII, without a blank that could be missed.
fn is_plain(raw: &str) -> bool {
    raw.bytes().all(|b| matches!(b, b' '..=b'~')) && raw.trim() == raw && !raw.contains("  ") && !raw.contains("<U+")
}

/// What is odd about the letters of a name.
struct Odd {
    /// Of scripts that nobody writes together. Latin beside Chinese, Japanese or Korean is common.
    mixed: bool,
    /// Each has an ASCII character that looks the same.
    borrowed: bool,
    /// Not composed (NFC): the same text has a shorter form that looks the same.
    decomposed: bool,
}

impl Odd {
    fn of(raw: &str) -> Self {
        let foreign: String = raw.chars().filter(|c| !c.is_ascii() && c.is_alphanumeric()).collect();
        let latin = raw.chars().any(|c| c.is_ascii_alphabetic());
        let set = AugmentedScriptSet::for_str(&foreign);
        let mut whole = set;
        if latin {
            whole.intersect_with(AugmentedScriptSet::for_char('a'));
        }
        let asian = set.hanb || set.jpan || set.kore;
        Self {
            mixed: whole.is_empty() && !asian,
            borrowed: !foreign.is_empty() && skeleton(&foreign).all(|c| c.is_ascii()),
            decomposed: !is_nfc(raw),
        }
    }

    fn letters(&self) -> bool {
        self.mixed || self.borrowed
    }
}

/// A sign that is not ASCII and looks like one that is, such as another hyphen.
fn is_borrowed_sign(c: char) -> bool {
    !c.is_ascii()
        && !c.is_alphanumeric()
        && !c.is_whitespace()
        && skeleton(c.encode_utf8(&mut [0; 4])).all(|c| c.is_ascii())
}

/// Whether composing changes this character or joins it to the one before.
fn is_apart(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\u{1100}'..='\u{11ff}') || std::iter::once(c).nfc().next() != Some(c)
}

/// Characters without a shape: besides those that text in general must not hold, those that have a use there.
fn is_invisible(c: char) -> bool {
    is_deceptive(c)
        || matches!(c, '\u{34f}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200d}' | '\u{2800}'
            | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_names_are_shown_as_they_are() {
        for name in [
            "telco-churn",
            "main.ml.churn",
            "fraud v2",
            "客户流失 🚀",
            "客户churn",
            "отток",
            "café",
            "Größe",
            "モデルA",
        ] {
            assert_eq!((shown(name).as_str(), oddities(name)), (name, Vec::new()));
            assert_eq!(proof(name), None);
        }
    }

    /// Each of them looks like `retention` or `café` on most screens.
    #[test]
    fn names_that_look_alike_are_shown_apart_and_confirmed_apart() {
        let alike = [
            ("retention", "retention"),
            ("retenti\u{43e}n", "retenti<U+043E>n"),
            ("\u{433}\u{435}tention", "<U+0433><U+0435>tention"),
            ("retent\u{131}on", "retent<U+0131>on"),
            ("retention ", "retention<U+0020>"),
            (" retention", "<U+0020>retention"),
            ("retention\u{a0}", "retention<U+00A0>"),
            ("reten\u{200d}tion", "reten<U+200D>tion"),
            ("reten\u{200b}tion", "reten<U+200B>tion"),
            ("retention\u{fe0f}", "retention<U+FE0F>"),
            ("retention\u{e0041}", "retention<U+E0041>"),
            ("retention\n", "retention⏎"),
            ("ret\u{2010}ention", "ret<U+2010>ention"),
            ("cafe\u{301}", "cafe<U+0301>"),
            ("caf\u{e9}", "café"),
            ("\u{441}\u{43e}\u{441}\u{43e}", "<U+0441><U+043E><U+0441><U+043E>"),
            ("retenti<U+043E>n", "retenti<U+003C>U+043E>n"),
        ];
        let shapes: BTreeSet<String> = alike.iter().map(|(raw, _)| shown(raw)).collect();
        assert_eq!(shapes.len(), alike.len());
        let typed: BTreeSet<Option<String>> = alike.iter().map(|(raw, _)| proof(raw)).collect();
        // Only the two ordinary ones need none.
        assert_eq!(typed.len(), alike.len() - 1);
        for (raw, wanted) in alike {
            assert_eq!(shown(raw), wanted);
            assert_eq!(oddities(raw).is_empty(), shown(raw) == raw, "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn what_composes_to_the_same_text_is_shown_apart(name in "[a-cеоé가Åñ\u{301}\u{308} \u{a0}\u{200d}-]{1,8}") {
            let composed: String = name.nfc().collect();
            let decomposed: String = name.nfd().collect();
            prop_assert_eq!(shown(&composed) == shown(&decomposed), composed == decomposed, "{:?}", name);
            prop_assert_eq!(shown(&name) == shown(&composed), name == composed, "{:?}", name);
        }

        #[test]
        fn nothing_shown_is_hidden(name in any::<String>()) {
            let shown = shown(&name);
            prop_assert!(!shown.chars().any(|c| c.is_control() || is_invisible(c)), "{:?}", shown);
            prop_assert!(!shown.starts_with(' ') && !shown.ends_with(' ') && !shown.contains("  "), "{:?}", shown);
        }
    }
}
