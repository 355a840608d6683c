//! Which addresses stay on this machine.

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
}
