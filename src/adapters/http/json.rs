//! JSON as servers send it: parsing with a second attempt on a repaired copy, and 64-bit integers.
//!
//! Python's `json` module writes things that are not JSON: `NaN`, `Infinity` and lone surrogates. Proxies may introduce
//! invalid UTF-8. A page of models should not be lost because of one of them.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny};

/// Parses `body`; if that fails, parses a copy in which Python's invalid JSON is repaired.
///
/// # Errors
/// The first parser error, if the repaired copy fails too.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body).or_else(|first| serde_json::from_str(&repair(body)).map_err(|_| first))
}

/// Quotes bare `NaN` and infinities, and replaces lone surrogates and invalid UTF-8 with U+FFFD.
fn repair(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text.as_ref();
    let mut in_string = false;
    while let Some(c) = rest.chars().next() {
        if in_string && c == '\\' {
            let taken = escape(rest, &mut out);
            rest = rest.get(taken..).unwrap_or_default();
            continue;
        }
        if c == '"' {
            in_string = !in_string;
        } else if !in_string && let Some(word) = ["NaN", "-Infinity", "Infinity"].iter().find(|w| rest.starts_with(**w))
        {
            out.push('"');
            out.push_str(word);
            out.push('"');
            rest = &rest[word.len()..];
            continue;
        }
        out.push(c);
        rest = &rest[c.len_utf8()..];
    }
    out
}

/// Copies the escape sequence at the start of `rest`, repaired, and returns its length in bytes.
fn escape(rest: &str, out: &mut String) -> usize {
    let unit = |s: &str| s.strip_prefix("\\u").and_then(|s| s.get(..4)).and_then(|h| u16::from_str_radix(h, 16).ok());
    let taken = match unit(rest) {
        Some(0xd800..=0xdbff) if matches!(rest.get(6..).and_then(unit), Some(0xdc00..=0xdfff)) => 12,
        Some(0xd800..=0xdfff) => {
            out.push('\u{fffd}');
            return 6;
        }
        Some(_) => 6,
        None => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
    };
    out.push_str(rest.get(..taken).unwrap_or(rest));
    taken
}

/// An integer sent as a number or as text: Protocol Buffers write 64-bit integers as text, and so do some gateways.
/// None if it is neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Int(pub Option<i64>);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Int(i64),
            Float(f64),
            Text(String),
            Other(IgnoredAny),
        }
        Ok(Self(match Raw::deserialize(d)? {
            Raw::Int(n) => Some(n),
            #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^63 by the guard")]
            Raw::Float(n) if n.fract() == 0.0 && n.abs() < 9.0e18 => Some(n as i64),
            Raw::Text(t) => t.trim().parse().ok(),
            Raw::Float(_) | Raw::Other(_) => None,
        }))
    }
}

/// For a field with such an integer: none if it is missing, null, out of range or not a number.
pub fn int<'de, D: Deserializer<'de>, N: TryFrom<i64>>(d: D) -> Result<Option<N>, D::Error> {
    Ok(Int::deserialize(d)?.0.and_then(|n| N::try_from(n).ok()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn what_python_writes_wrongly_is_read_all_the_same() {
        for (body, value) in [
            (r#"{"v": NaN, "w": [-Infinity, Infinity]}"#, json!({"v": "NaN", "w": ["-Infinity", "Infinity"]})),
            (r#"{"v": "a\ud83db", "w": NaN}"#, json!({"v": "a\u{fffd}b", "w": "NaN"})),
            (r#"{"v": "\ude80\ud83d\ude80"}"#, json!({"v": "\u{fffd}🚀"})),
            (r#"{"v": "\"NaN\\", "w": NaN}"#, json!({"v": "\"NaN\\", "w": "NaN"})),
        ] {
            assert_eq!(parse::<Value>(body.as_bytes()).unwrap(), value, "{body}");
        }
        assert_eq!(parse::<Value>(b"{\"v\": \"\xff\"}").unwrap(), json!({"v": "\u{fffd}"}));
    }

    #[test]
    fn an_integer_may_be_a_number_or_a_text() {
        for (body, wanted) in [
            ("7", Some(7)),
            ("\"7\"", Some(7)),
            ("\"9007199254740993\"", Some(9_007_199_254_740_993)),
            ("9007199254740993", Some(9_007_199_254_740_993)),
            ("7.0", Some(7)),
            ("7.5", None),
            ("null", None),
            ("{}", None),
            ("\"x\"", None),
        ] {
            assert_eq!(parse::<Int>(body.as_bytes()).unwrap().0, wanted, "{body}");
        }
        let small = |body: &str| int::<_, u64>(&mut serde_json::Deserializer::from_str(body)).unwrap();
        assert_eq!((small("\"7\""), small("-7"), small("null")), (Some(7), None, None));
    }

    #[test]
    fn what_cannot_be_repaired_stays_an_error() {
        for body in ["", "{", "<html>", r#"{"v": "\u12"#, r#"{"v": "\"#, r#"{"v": "é\"#] {
            assert!(parse::<Value>(body.as_bytes()).is_err(), "{body}");
        }
    }
}
