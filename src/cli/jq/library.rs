//! What expressions may call: jq's definitions and functions, as far as they compute on the document alone.

use jaq_core::load::parse::Def;
use jaq_core::native::{Filter, Fun, bome, run, v};
use jaq_core::{Bind, Cv, DataT, Error, RunPtr, ValR, ValT as _};
use jaq_json::Val;
use jaq_std::ValT as _;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use regex_lite::RegexBuilder;

use super::Data;

/// What reads or writes something else than the document.
pub(super) const LEFT_OUT: &[&str] =
    &["debug", "env", "halt_error", "input", "input_filename", "input_line_number", "inputs", "stderr"];

/// Definitions of the libraries that need functions which are not here.
const UNUSED: &[&str] =
    &["debug", "drem", "gamma", "halt_error", "logb", "nexttoward", "significand", "stderr", "@htmld"];

/// What jq's `@uri` leaves as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Definitions in jq itself; a later one replaces an earlier one.
pub(super) fn definitions<'s>() -> impl Iterator<Item = Def<&'s str>> {
    let theirs = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let ours = jaq_core::load::parse(include_str!("library.jq"), |parser| parser.defs()).unwrap_or_default();
    theirs.filter(|def| !UNUSED.contains(&def.name)).chain(ours).map(shorter)
}

/// An expression lives shorter than the libraries.
fn shorter<'s>(def: Def<&'static str>) -> Def<&'s str> {
    def
}

/// Functions in Rust.
pub(super) fn functions() -> impl Iterator<Item = Fun<Data>> {
    jaq_core::funs().chain(jaq_std::base_funs()).chain(jaq_json::funs()).chain(ours())
}

// The bound is spelled out each time: only so the compiler sees that the values of a function are those of the data.
fn ours<D: for<'a> DataT<V<'a> = Val>>() -> impl Iterator<Item = Fun<D>> {
    let texts = patterns().into_vec().into_iter().map(run).chain(formats().into_vec().into_iter().map(run));
    texts.chain(dates().into_vec().into_iter().map(run)).chain(numbers().into_vec().into_iter().map(run))
}

/// Every name, for a hint.
pub(super) fn names() -> Vec<String> {
    let defined = definitions().map(|def| def.name.to_owned());
    let mut names: Vec<String> = defined.chain(functions().map(|(name, ..)| name.to_owned())).collect();
    // Helpers of the library end in an underscore, formats begin with @, and `!empty` is its own.
    names.retain(|name| name.starts_with(char::is_alphabetic) && !name.ends_with('_'));
    names
}

fn text(value: &Val) -> Result<&str, Error<Val>> {
    value.try_as_utf8_bytes().and_then(|bytes| std::str::from_utf8(bytes).map_err(Error::str))
}

fn number(value: &Val) -> Result<f64, Error<Val>> {
    value.as_f64().ok_or_else(|| Error::typ(value.clone(), "number"))
}

fn count(number: usize) -> Val {
    Val::from(number)
}

fn patterns<D: for<'a> DataT<V<'a> = Val>>() -> Box<[Filter<RunPtr<D>>]> {
    let two = || -> Box<[Bind]> { v(2) };
    Box::new([
        ("matches", two(), |cv| bome(matched(cv, false, true))),
        ("split_matches", two(), |cv| bome(matched(cv, true, true))),
        ("split_", two(), |cv| bome(matched(cv, true, false))),
    ])
}

/// The text between matches and the matches, each with its groups, as far as they are asked for.
fn matched<D: for<'a> DataT<V<'a> = Val>>(mut cv: Cv<'_, D>, between: bool, matches: bool) -> ValR<Val> {
    let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
    let mut builder = RegexBuilder::new(text(&pattern)?);
    let (mut all, mut skip_empty) = (false, false);
    let flags = if matches!(flags, Val::Null) { "" } else { text(&flags)? };
    for flag in flags.chars() {
        match flag {
            'g' => all = true,
            'n' => skip_empty = true,
            'i' => drop(builder.case_insensitive(true)),
            'x' => drop(builder.ignore_whitespace(true)),
            's' => drop(builder.dot_matches_new_line(true)),
            'm' => drop(builder.multi_line(true)),
            'l' => drop(builder.swap_greed(true)),
            'p' => drop(builder.dot_matches_new_line(true).multi_line(true)),
            other => return Err(Error::str(format!("'{other}' is no flag of a pattern"))),
        }
    }
    let pattern = builder.build().map_err(|why| Error::str(format!("the pattern cannot be used: {why}")))?;
    let subject = text(&cv.1)?;
    let (mut out, mut last) = (Vec::new(), 0);
    for captures in pattern.captures_iter(subject) {
        let Some(whole) = captures.get(0) else { continue };
        if skip_empty && whole.as_str().is_empty() {
            continue;
        }
        if between {
            out.push(Val::from(subject.get(last..whole.start()).unwrap_or_default().to_owned()));
            last = whole.end();
        }
        if matches {
            let named = captures.iter().zip(pattern.capture_names());
            let groups = named.filter_map(|(group, name)| {
                let group = group?;
                let before = subject.get(..group.start()).unwrap_or_default();
                let mut fields = vec![
                    ("offset", count(before.chars().count())),
                    ("length", count(group.as_str().chars().count())),
                    ("string", Val::from(group.as_str().to_owned())),
                ];
                fields.extend(name.map(|name| ("name", Val::from(name.to_owned()))));
                Some(Val::from_map(fields.into_iter().map(|(key, value)| (Val::from(key.to_owned()), value))))
            });
            out.push(groups.collect::<ValR<Val>>()?);
        }
        if !all {
            break;
        }
    }
    if between {
        out.push(Val::from(subject.get(last..).unwrap_or_default().to_owned()));
    }
    Ok(out.into_iter().collect())
}

fn formats<D: for<'a> DataT<V<'a> = Val>>() -> Box<[Filter<RunPtr<D>>]> {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    Box::new([
        ("escape_html", v(0), |cv| bome(changed(&cv.1, escaped))),
        ("encode_uri", v(0), |cv| bome(changed(&cv.1, |text| utf8_percent_encode(text, KEPT).to_string()))),
        ("decode_uri", v(0), |cv| {
            bome(changed(&cv.1, |text| percent_decode_str(text).decode_utf8_lossy().into_owned()))
        }),
        ("encode_base32", v(0), |cv| bome(changed(&cv.1, |text| to_base32(text.as_bytes())))),
        ("decode_base32", v(0), |cv| {
            bome(text(&cv.1).and_then(|encoded| {
                let bytes =
                    from_base32(encoded).ok_or_else(|| Error::str(format!("{encoded} is not valid base32 data")))?;
                Ok(Val::from(String::from_utf8_lossy(&bytes).into_owned()))
            }))
        }),
        ("encode_base64", v(0), |cv| bome(changed(&cv.1, |text| STANDARD.encode(text)))),
        ("decode_base64", v(0), |cv| {
            bome(text(&cv.1).and_then(|encoded| {
                let bytes = STANDARD.decode(encoded).map_err(Error::str)?;
                Ok(Val::from(String::from_utf8_lossy(&bytes).into_owned()))
            }))
        }),
    ])
}

/// The digits of base 32 (RFC 4648).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn to_base32(bytes: &[u8]) -> String {
    let mut out = String::new();
    for part in bytes.chunks(5) {
        let bits = (0..5).fold(0_u64, |bits, i| bits << 8 | u64::from(part.get(i).copied().unwrap_or(0)));
        let used = (part.len() * 8).div_ceil(5);
        let digit = |i: usize| BASE32[(bits >> (35 - 5 * i) & 31) as usize] as char;
        out.extend((0..8).map(|i| if i < used { digit(i) } else { '=' }));
    }
    out
}

fn from_base32(text: &str) -> Option<Vec<u8>> {
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for c in text.trim_end_matches('=').bytes() {
        let digit = BASE32.iter().position(|known| *known == c)?;
        (bits, held) = (bits << 5 | digit as u32, held + 5);
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    Some(out)
}

fn changed(value: &Val, change: impl FnOnce(&str) -> String) -> ValR<Val> {
    text(value).map(change).map(Val::from)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&#39;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

fn dates<D: for<'a> DataT<V<'a> = Val>>() -> Box<[Filter<RunPtr<D>>]> {
    Box::new([
        ("now", v(0), |_| bome(Ok(Val::from(Timestamp::now().as_duration().as_secs_f64())))),
        ("fromdateiso8601", v(0), |cv| {
            bome(text(&cv.1).and_then(|date| {
                let at: Timestamp = date.parse().map_err(Error::str)?;
                let whole = isize::try_from(at.as_second()).ok().filter(|_| at.subsec_nanosecond() == 0);
                Ok(whole.map_or_else(|| Val::from(at.as_duration().as_secs_f64()), Val::from))
            }))
        }),
        ("todateiso8601", v(0), |cv| {
            bome(number(&cv.1).and_then(|seconds| {
                // The range of dates is far within that of whole numbers.
                let at = Timestamp::from_second(seconds.floor() as i64).map_err(Error::str)?;
                Ok(Val::from(at.to_string()))
            }))
        }),
    ])
}

/// A function of one number.
macro_rules! one {
    ($name:literal, $f:expr) => {
        ($name, v(0), |cv| bome(number(&cv.1).map($f).map(Val::from)))
    };
}

/// A function of two numbers, both given as arguments.
macro_rules! two {
    ($name:literal, $f:expr) => {
        ($name, v(2), |mut cv| {
            let (second, first) = (cv.0.pop_var(), cv.0.pop_var());
            bome(number(&first).and_then(|first| Ok(Val::from($f(first, number(&second)?)))))
        })
    };
}

fn numbers<D: for<'a> DataT<V<'a> = Val>>() -> Box<[Filter<RunPtr<D>>]> {
    Box::new([
        one!("acos", f64::acos),
        one!("asin", f64::asin),
        one!("atan", f64::atan),
        one!("cbrt", f64::cbrt),
        one!("cos", f64::cos),
        one!("cosh", f64::cosh),
        one!("exp", f64::exp),
        one!("exp10", |x: f64| 10_f64.powf(x)),
        one!("exp2", f64::exp2),
        one!("expm1", f64::exp_m1),
        one!("fabs", f64::abs),
        one!("log", f64::ln),
        one!("log10", f64::log10),
        one!("log1p", f64::ln_1p),
        one!("log2", f64::log2),
        one!("nearbyint", f64::round_ties_even),
        one!("rint", f64::round_ties_even),
        one!("sin", f64::sin),
        one!("sinh", f64::sinh),
        one!("sqrt", f64::sqrt),
        one!("tan", f64::tan),
        one!("tanh", f64::tanh),
        one!("trunc", f64::trunc),
        two!("atan2", f64::atan2),
        two!("copysign", f64::copysign),
        two!("fmax", f64::max),
        two!("fmin", f64::min),
        two!("fmod", |x: f64, y: f64| x % y),
        two!("hypot", f64::hypot),
        two!("pow", f64::powf),
    ])
}
