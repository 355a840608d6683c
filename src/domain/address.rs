//! Addresses: which of them stay on this machine, and how they are shown and kept without credentials.

use url::Url;

use super::text::clean_line;

/// What is shown in place of a secret.
pub const HIDDEN: &str = "***";
/// The shortest secret, in bytes, that is hidden in data. A shorter one is part of too many words.
pub const SHORTEST_HIDDEN: usize = 6;

/// Query parameters whose values are credentials: signed URLs of object stores, tokens of Git hosts.
const SECRET_PARAMETERS: &[&str] = &[
    "sig",
    "signature",
    "x-amz-signature",
    "x-amz-credential",
    "x-amz-security-token",
    "x-goog-signature",
    "x-goog-credential",
    "access_token",
    "private_token",
    "token",
    "password",
    "secret",
    "api_key",
    "apikey",
];

/// Whether requests to this URL stay on this machine. Such requests are never proxied.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback() || ip.to_ipv4_mapped().is_some_and(|ip| ip.is_loopback()),
        None => false,
    }
}

/// An address that a person gave and that may not even be one, for a message: without user, password and query, and
/// never whole if it could be a secret that was put in the wrong place.
pub fn redacted(text: &str) -> String {
    let cleaned = clean_line(text);
    let (scheme, rest) = match cleaned.find(':').map(|at| (&cleaned[..at], cleaned[at + 1..].trim_start_matches('/'))) {
        Some((scheme, rest)) if is_scheme(scheme) && cleaned[scheme.len()..].starts_with(":/") => {
            (&cleaned[..cleaned.len() - rest.len()], rest)
        }
        _ => ("", cleaned.as_str()),
    };
    // A password may hold any character, a slash or an @ too.
    let (user, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, rest)| (HIDDEN, rest));
    let (user, at) = if user.is_empty() { ("", "") } else { (user, "@") };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    // One long word is a token rather than an address.
    if scheme.is_empty() && at.is_empty() && rest.chars().count() > 16 && !rest.contains(['/', '.', ':', '\\']) {
        return format!("{}{HIDDEN}", rest.chars().take(4).collect::<String>());
    }
    format!("{scheme}{user}{at}{rest}")
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Text that a server holds, without the credentials in its URLs: user and password, and signatures and tokens in
/// queries. A name before an `@` is kept where it is part of the address and no secret (`abfss://container@account`,
/// `ssh://git@host`).
pub fn without_credentials(text: String) -> String {
    if !text.contains("://") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "\"'<>`|\\^{}".contains(c)).unwrap_or(after.len());
        let end = after[..end].find("://").map_or(end, |next| start_of_scheme(&after[..next]));
        let web = before[..at].to_ascii_lowercase();
        push_redacted(&mut out, &after[..end], web.ends_with("http") || web.ends_with("https"));
        rest = &after[end..];
    }
    out.push_str(rest);
    out
}

/// Where the scheme at the end of `text` begins.
fn start_of_scheme(text: &str) -> usize {
    text.rfind(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8))
}

/// Appends what follows `scheme://`, without credentials.
fn push_redacted(out: &mut String, url: &str, web: bool) {
    let mut authority = url.find(['/', '?', '#']).unwrap_or(url.len());
    // What stands where the port belongs is no port: the password holds a slash.
    let port = url[..authority].rsplit_once(':').map_or("", |(_, port)| port);
    if !port.ends_with(']') && port.contains(|c: char| !c.is_ascii_digit()) {
        authority = url.len();
    }
    let rest = match url[..authority].rfind('@') {
        Some(at) if web || url[..at].contains(':') => &url[at + 1..],
        _ => url,
    };
    let Some((path, query)) = rest.split_once('?') else {
        out.push_str(rest);
        return;
    };
    out.push_str(path);
    for (i, pair) in query.split('&').enumerate() {
        out.push(if i == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) if SECRET_PARAMETERS.contains(&name.to_ascii_lowercase().as_str()) => {
                out.push_str(name);
                out.push('=');
                out.push_str(HIDDEN);
            }
            _ => out.push_str(pair),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for here in [
            "http://localhost:1",
            "http://localhost.:1",
            "http://a.localhost",
            "http://127.9.9.9/x",
            "http://[::1]:5000",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(&here.parse().unwrap()), "{here}");
        }
        for away in [
            "http://localhost.example",
            "http://10.0.0.1",
            "http://[::2]",
            "http://127.0.0.1.example",
            "http://[::ffff:10.0.0.1]",
        ] {
            assert!(!is_loopback(&away.parse().unwrap()), "{away}");
        }
    }

    #[test]
    fn what_is_no_address_is_not_shown_whole() {
        for (text, shown) in [
            ("http://u:pw@ho st/", "http://***@ho st/"),
            ("http://u:p/w?x#y@host/a", "http://***@host/a"),
            ("http:/u:pw@ho st", "http:/***@ho st"),
            ("u:pw@host:5000", "***@host:5000"),
            ("ftp://host/a?token=x#y", "ftp://host/a"),
            ("dapi0123456789abcdef0123", "dapi***"),
            ("./mlruns", "./mlruns"),
            ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
            ("localhost:5000", "localhost:5000"),
            ("mysql+pymysql://u:p@h/db", "mysql+pymysql://***@h/db"),
        ] {
            assert_eq!(redacted(text), shown, "{text}");
        }
    }

    #[test]
    fn credentials_in_a_url_are_not_kept_and_the_address_is() {
        for (text, kept) in [
            ("https://ann:ghp_x@github.com/acme/churn.git", "https://github.com/acme/churn.git"),
            ("https://ghp_x@github.com/acme/churn.git", "https://github.com/acme/churn.git"),
            ("git+https://oauth2:x@git.acme.example/a", "git+https://git.acme.example/a"),
            ("ssh://git@github.com/acme/churn", "ssh://git@github.com/acme/churn"),
            ("git@github.com:acme/churn", "git@github.com:acme/churn"),
            ("abfss://models@acct.dfs.core.windows.net/x", "abfss://models@acct.dfs.core.windows.net/x"),
            ("s3://key:secret@bucket/x", "s3://bucket/x"),
            ("see https://u:p@a/b?x=1&sig=abc%3D&y, https://v:q@c.", "see https://a/b?x=1&sig=***&y, https://c."),
            ("https://b.example/o?X-Amz-Signature=abc", "https://b.example/o?X-Amz-Signature=***"),
            ("{\"url\": \"https://u:p@h/x\"}", "{\"url\": \"https://h/x\"}"),
            ("https://u:p/w@h/x", "https://h/x"),
            ("http://[::1]:5000/a@b http://[::1]/a@b", "http://[::1]:5000/a@b http://[::1]/a@b"),
            ("no address, an@b and 3://", "no address, an@b and 3://"),
        ] {
            assert_eq!(without_credentials(text.to_owned()), kept, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_password_survives(user in "[a-z%]{0,6}", pw in "[A-Z0-9:%.~!$&*+=_-]{5,12}", before in "[ a-z(]{0,5}", path in "[ a-z/]{0,9}") {
            let (plain, broken) = (format!("{before} https://{user}:{pw}@host/{path}"), format!("http:{user}:{pw}@ho st/{path}"));
            prop_assert!(!without_credentials(plain.clone()).contains(&pw), "{}", plain);
            prop_assert!(!redacted(&broken).contains(&pw) && !redacted(&plain).contains(&pw));
            let once = without_credentials(plain);
            prop_assert_eq!(without_credentials(once.clone()), once);
        }
    }
}
