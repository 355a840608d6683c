//! Secrets that must not appear in any text.

use std::fmt;
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError, RwLock};

use memchr::memmem;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::address::{HIDDEN, SHORTEST_HIDDEN};

/// What a server may echo of the secrets it was sent: password, token, and the header built from them, in every form in
/// which they may come back. Clones share what they know.
#[derive(Clone, Default)]
pub struct Secrets(Arc<RwLock<Vec<SecretString>>>);

/// Characters that Python and JavaScript leave as they are when they encode a URL.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The shortest secret, in bytes, that is looked for anywhere in data. A shorter one may be part of an ordinary word, and
/// is hidden only where it stands alone.
const SHORTEST_IN_WORDS: usize = 12;

impl Secrets {
    pub fn of(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let known = Self::default();
        known.learn(secrets);
        known
    }

    /// Adds secrets that were not known at the start, such as a token that was renewed.
    pub fn learn(&self, secrets: impl IntoIterator<Item = SecretString>) {
        let new = secrets.into_iter().flat_map(|secret| forms(secret.expose_secret())).filter(|s| !s.is_empty());
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.extend(new.map(SecretString::from));
        // Longest first: one may be part of another.
        known.sort_by(|a, b| {
            let (a, b) = (a.expose_secret(), b.expose_secret());
            b.len().cmp(&a.len()).then_with(|| a.cmp(b))
        });
        known.dedup_by(|a, b| a.expose_secret() == b.expose_secret());
    }

    fn known(&self) -> std::sync::RwLockReadGuard<'_, Vec<SecretString>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Replaces every secret in the text with `***`. Applied to remote text before it is truncated.
    pub fn hide(&self, text: &str) -> String {
        self.known().iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), HIDDEN))
    }

    /// Replaces every secret in the body of an answer, so that none gets any further. `None` if there is none. The
    /// shortest ones are left to [`Self::hide`].
    pub(super) fn hide_in(&self, body: &[u8]) -> Option<Vec<u8>> {
        let mut hidden: Option<Vec<u8>> = None;
        for secret in self.known().iter().map(|s| s.expose_secret().as_bytes()).filter(|s| s.len() >= SHORTEST_HIDDEN) {
            let text = hidden.as_deref().unwrap_or(body);
            let mut found = memmem::find_iter(text, secret)
                .filter(|at| {
                    secret.len() >= SHORTEST_IN_WORDS || stands_alone(&text[..*at], &text[at + secret.len()..])
                })
                .peekable();
            if found.peek().is_none() {
                continue;
            }
            let (mut out, mut from) = (Vec::with_capacity(text.len()), 0);
            for at in found {
                out.extend_from_slice(&text[from..at]);
                out.extend_from_slice(HIDDEN.as_bytes());
                from = at + secret.len();
            }
            out.extend_from_slice(&text[from..]);
            hidden = Some(out);
        }
        hidden
    }
}

/// Whether what stands between these two is a word of its own, and not the name of a field, which the server's API gives
/// it whatever the secret is.
fn stands_alone(before: &[u8], after: &[u8]) -> bool {
    let letter = |text: &[u8], first: bool| {
        let end = text.len().min(4);
        // The character at the edge, as far as the bytes are text.
        let edge = (1..=end).find_map(|n| {
            let bytes = if first { &text[..n] } else { &text[text.len() - n..] };
            std::str::from_utf8(bytes).ok()?.chars().next()
        });
        edge.is_some_and(char::is_alphanumeric)
    };
    let is_field = before.ends_with(b"\"")
        && after.strip_prefix(b"\"").is_some_and(|rest| rest.trim_ascii_start().starts_with(b":"));
    !letter(before, false) && !letter(after, true) && !is_field
}

/// A secret as it is, in a URL, in JSON (Python's escapes every letter that is not ASCII) and in HTML.
fn forms(plain: &str) -> Vec<String> {
    let encoded = |set| utf8_percent_encode(plain, set).to_string();
    let json = serde_json::to_string(plain).unwrap_or_default();
    let json = json.trim_matches('"').to_owned();
    let ascii: String = json.encode_utf16().fold(String::new(), |mut out, unit| {
        match char::from_u32(unit.into()).filter(char::is_ascii) {
            Some(c) => out.push(c),
            None => {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
        out
    });
    let html = plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let quoted = html.replace('"', "&#34;").replace('\'', "&#39;");
    let (all, few) = (encoded(NON_ALPHANUMERIC), encoded(UNRESERVED));
    let lower = |text: &str| lower_escapes(text);
    vec![plain.to_owned(), lower(&all), lower(&few), all, few, json, ascii, html, quoted]
}

/// `%2F` as `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut left = 0_u8;
    text.chars()
        .map(|c| {
            let escaped = left > 0;
            left = if c == '%' { 2 } else { left.saturating_sub(1) };
            if escaped { c.to_ascii_lowercase() } else { c }
        })
        .collect()
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.known().len())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_each_form_and_whole() {
        let secrets = Secrets::of(["p@ss", "p@ss-and-more", ""].map(SecretString::from));
        assert_eq!(secrets.hide("p@ss, p%40ss, p@ss-and-more: no"), "***, ***, ***: no");
        assert!(!format!("{secrets:?}").contains("p@ss"));
    }

    #[test]
    fn every_form_in_which_a_server_may_echo_a_secret_is_known() {
        let secret = "Pä\"s<s>&w/rd-1'";
        let secrets = Secrets::of([SecretString::from(secret)]);
        for echo in [
            secret,
            "P%C3%A4%22s%3Cs%3E%26w%2Frd%2D1%27",
            "P%C3%A4%22s%3Cs%3E%26w%2Frd-1%27",
            "P%c3%a4%22s%3cs%3e%26w%2frd-1%27",
            "Pä\\\"s<s>&w/rd-1'",
            "P\\u00e4\\\"s<s>&w/rd-1'",
            "Pä\"s&lt;s&gt;&amp;w/rd-1'",
            "Pä&#34;s&lt;s&gt;&amp;w/rd-1&#39;",
        ] {
            assert_eq!(secrets.hide(&format!("a {echo} b")), "a *** b", "{echo}");
            let body = format!("a {echo} b");
            assert_eq!(secrets.hide_in(body.as_bytes()).as_deref(), Some(b"a *** b".as_slice()), "{echo}");
        }
    }

    #[test]
    fn words_in_data_are_left_alone_and_in_sentences_they_are_not() {
        let secrets = Secrets::of([SecretString::from("admin")]);
        assert_eq!(secrets.hide_in(b"admin-model"), None);
        assert_eq!(secrets.hide("no admin, admin"), "no ***, ***");
    }

    /// Every length, in every surrounding: hidden wherever it is from 12 bytes, as a word of its own from 6.
    #[test]
    fn a_short_secret_is_hidden_in_data_where_it_stands_alone() {
        let alone = ["\"{}\"", "{}", "auth=admin:{}&x", "“{}”", "ann:{}@host", "a\n{}\tb", "{}, {}"];
        let inside = ["my{}", "{}s", "é{}", "{}é", "{\"{}\": 1}", "1{}", "{}_model é{}"];
        for len in 1..=14_usize {
            let secret = "abcdefghijklmn"[..len].to_owned();
            let secrets = Secrets::of([SecretString::from(secret.clone())]);
            for (shapes, word) in [(alone.as_slice(), true), (&inside[..6], false)] {
                for shape in shapes {
                    let body = shape.replace("{}", &secret);
                    let wanted = (len >= 12 || (len >= 6 && word)).then(|| shape.replace("{}", "***"));
                    let hidden = secrets.hide_in(body.as_bytes()).map(|b| String::from_utf8(b).unwrap());
                    assert_eq!(hidden, wanted, "{body}");
                }
            }
            let mixed = inside[6].replace("{}", &secret);
            let hidden = secrets.hide_in(mixed.as_bytes()).map(|b| String::from_utf8(b).unwrap());
            let wanted = match len {
                0..=5 => None,
                6..=11 => Some(format!("***_model é{secret}")),
                _ => Some("***_model é***".to_owned()),
            };
            assert_eq!(hidden, wanted, "{mixed}");
        }
    }
}
