//! Secrets that must not appear in any text.

use std::fmt;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret as _, SecretString};

/// The secrets of one connection: password, token, and the header built from them. A server may echo what it was sent.
#[derive(Clone, Default)]
pub struct Secrets(Arc<[SecretString]>);

impl Secrets {
    pub fn of(secrets: impl IntoIterator<Item = SecretString>) -> Self {
        let mut all: Vec<String> = Vec::new();
        for secret in secrets {
            let plain = secret.expose_secret();
            all.extend([plain.to_owned(), utf8_percent_encode(plain, NON_ALPHANUMERIC).to_string()]);
        }
        all.retain(|s| !s.is_empty());
        // Longest first: one may be part of another.
        all.sort_by_key(|s| std::cmp::Reverse(s.len()));
        all.dedup();
        Self(all.into_iter().map(SecretString::from).collect())
    }

    /// Replaces every secret in the text with `***`. Applied to remote text before it is truncated.
    pub fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| text.replace(secret.expose_secret(), "***"))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_hidden_in_each_form_and_whole() {
        let secrets = Secrets::of(["p@ss", "p@ss-and-more", ""].map(SecretString::from));
        assert_eq!(secrets.hide("p@ss, p%40ss, p@ss-and-more: no"), "***, ***, ***: no");
        assert!(!format!("{secrets:?}").contains("p@ss"));
    }
}
