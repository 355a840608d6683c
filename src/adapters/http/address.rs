//! URLs: whether one is on this machine, and how to display one.

use url::Url;

/// Whether requests to this URL stay on this machine. Such requests are never proxied.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// A URL as it may be logged: user, password, query and fragment can hold secrets.
pub(super) fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for here in ["http://localhost:1", "http://a.localhost", "http://127.9.9.9/x", "http://[::1]:5000"] {
            assert!(is_loopback(&here.parse().unwrap()), "{here}");
        }
        for away in ["http://localhost.example", "http://10.0.0.1", "http://[::2]", "http://127.0.0.1.example"] {
            assert!(!is_loopback(&away.parse().unwrap()), "{away}");
        }
    }

    #[test]
    fn nothing_secret_of_an_address_is_shown() {
        let url = "https://ann:pw@host:8443/a/b?sig=s3cret#x".parse().unwrap();
        assert_eq!(shown(&url), "https://host:8443/a/b");
    }
}
