//! A response that was read completely.

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};

/// Status, headers and body, whatever the status.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// At most the limit of the call; of an error, at most 64 KiB.
    pub body: Vec<u8>,
}

impl Answer {
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header's text; empty if it is missing or not text.
    pub fn header(&self, name: &str) -> &str {
        header(&self.headers, name)
    }

    /// An HTML page instead of API data: an error page, a login page, some other web server.
    pub fn is_web_page(&self) -> bool {
        self.header("content-type").to_ascii_lowercase().contains("html")
            || self.body.trim_ascii_start().starts_with(b"<")
    }

    /// The earliest time for another request: `Retry-After`, in seconds or as a date (RFC 9110).
    pub(super) fn retry_after(&self, now: Timestamp) -> Option<Timestamp> {
        let value = self.header("retry-after");
        match value.parse::<u32>() {
            Ok(seconds) => now.checked_add(SignedDuration::from_secs(seconds.into())).ok(),
            Err(_) => jiff::fmt::rfc2822::parse(value).ok().map(|z| z.timestamp()),
        }
    }
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        let then: Timestamp = "2026-11-23T10:02:00Z".parse().unwrap();
        for (value, wanted) in
            [("120", Some(then)), ("Mon, 23 Nov 2026 10:02:00 GMT", Some(then)), ("soon", None), ("", None)]
        {
            let headers = HeaderMap::from_iter([(http::header::RETRY_AFTER, value.parse().unwrap())]);
            assert_eq!(Answer { status: 429, headers, body: Vec::new() }.retry_after(now), wanted, "{value}");
        }
    }
}
