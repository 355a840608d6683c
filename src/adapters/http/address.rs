//! How a URL may be displayed.

use url::Url;

/// A URL as it may be logged: user, password, query and fragment can hold secrets.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn nothing_secret_of_an_address_is_shown() {
        let url = "https://ann:pw@host:8443/a/b?sig=s3cret#x".parse().unwrap();
        assert_eq!(shown(&url), "https://host:8443/a/b");
    }
}
