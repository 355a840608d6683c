//! Makes text from servers, files and people safe to display.
//!
//! Remote text is hostile: it may contain escape sequences, bidirectional overrides and invisible characters that make
//! a terminal (or a reader) see something that is not there. All external text passes [`clean`] once, at the boundary.
//! Dangerous characters become *visible* (`<U+202E>`), because a reviewer must see an attack.

use std::fmt::Write as _;

/// Combining marks kept per base character; more would overlap neighbouring lines.
const MAX_COMBINING: usize = 4;

/// Makes every control, bidirectional and invisible character in `raw` visible.
///
/// Newlines are kept (`\r\n` and a lone `\r` become `\n`), tabs become four spaces. The result contains no C0, DEL or
/// C1 control other than `\n`. Idempotent.
pub fn clean(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut combining = 0;
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        if is_combining(c) {
            combining += 1;
            if combining <= MAX_COMBINING {
                out.push(c);
            }
            continue;
        }
        combining = 0;
        match c {
            '\n' => out.push('\n'),
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    out.push('\n');
                }
            }
            '\t' => out.push_str("    "),
            '\u{1b}' => out.push('\u{241b}'),
            c if (c as u32) < 0x20 => {
                // U+2400.. are the control pictures of C0.
                out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'));
            }
            '\u{7f}' => out.push('\u{2421}'),
            c if c.is_control() || is_deceptive(c) => {
                let _ = write!(out, "<U+{:04X}>", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

/// A count with its noun: `1 commit`, `3 commits`.
pub fn count(n: impl TryInto<u64>, one: &str) -> String {
    let n = n.try_into().unwrap_or(u64::MAX);
    format!("{n} {}", plural(n, one))
}

/// `one`, or its plural unless `n` is 1.
pub fn plural(n: u64, one: &str) -> String {
    match one {
        // Not a noun: no plural form.
        "waiting" => one.to_owned(),
        one if n == 1 => one.to_owned(),
        one => format!("{one}s"),
    }
}

/// [`clean`] on one line: newlines become `⏎`, so that no part of a value can hide below a table row.
pub fn clean_line(raw: &str) -> String {
    let cleaned = clean(raw);
    if cleaned.contains('\n') { cleaned.replace('\n', "⏎") } else { cleaned }
}

/// [`clean`] for an owned string, without a copy if nothing changes.
pub fn cleaned(raw: String) -> String {
    if is_plain(&raw) { raw } else { clean(&raw) }
}

/// [`clean_line`] for an owned string.
pub fn cleaned_line(raw: String) -> String {
    if is_plain(&raw) && !raw.contains('\n') { raw } else { clean_line(&raw) }
}

/// A quick check that nothing needs cleaning: printable ASCII and newlines only.
fn is_plain(raw: &str) -> bool {
    raw.bytes().all(|b| matches!(b, b' '..=b'~' | b'\n'))
}

/// Invisible characters that change the direction, order or presence of other text.
pub(super) fn is_deceptive(c: char) -> bool {
    matches!(c as u32,
        0x00ad              // soft hyphen
        | 0x061c            // Arabic letter mark
        | 0x115f | 0x1160   // Hangul fillers
        | 0x180e            // Mongolian vowel separator
        | 0x200b | 0x200c   // zero width space, non-joiner
        | 0x200e | 0x200f   // direction marks
        | 0x2028 | 0x2029   // line and paragraph separator
        | 0x202a..=0x202e   // bidirectional embedding and override
        | 0x2060..=0x206f   // word joiner, invisible operators, isolates
        | 0x3164 | 0xffa0   // Hangul fillers
        | 0xfeff            // byte order mark
        | 0xfff9..=0xfffb   // interlinear annotation
        | 0xe0000..=0xe0fff // tag characters
    )
}

/// The common blocks of combining marks; enough to limit stacked accents.
fn is_combining(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036f | 0x0483..=0x0489 | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f)
}

/// A number with thousands separators: `2,400`.
pub fn grouped(n: impl Into<i128>) -> String {
    let n = n.into();
    let digits = n.unsigned_abs().to_string();
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The first line of `text`, without trailing whitespace.
pub fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("").trim_end()
}

/// Truncates `text` to at most `max` characters (not bytes), with `…` at the end if anything was cut.
pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let mut out: String = text.chars().take(max.saturating_sub(1)).collect();
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_become_visible_and_inert() {
        assert_eq!(clean("ok\x1b[2Jgone\x07"), "ok␛[2Jgone␇");
        assert_eq!(clean("\u{9b}2J"), "<U+009B>2J");
    }

    #[test]
    fn direction_overrides_are_shown_by_code_point() {
        assert_eq!(clean("a\u{202e}gnp.exe"), "a<U+202E>gnp.exe");
    }

    #[test]
    fn one_line_keeps_the_rest_of_a_value_in_sight() {
        assert_eq!(clean_line("a\r\nb\rc\td"), "a⏎b⏎c    d");
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        for (n, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-2_400, "-2,400"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(n), shown);
        }
    }

    #[test]
    fn shortened_text_says_that_it_was_cut() {
        assert_eq!(shorten("abcdef", 4), "abc…");
        assert_eq!(shorten("abcd", 4), "abcd");
    }

    proptest! {
        #[test]
        fn cleaned_text_holds_no_control_but_newline(raw in "\\PC*|.*", extra in any::<String>()) {
            let cleaned = clean(&format!("{raw}{extra}"));
            prop_assert!(cleaned.chars().all(|c| c == '\n' || !(c.is_control() || is_deceptive(c))));
            prop_assert_eq!(clean(&cleaned), cleaned.clone());
        }

        #[test]
        fn text_that_is_ours_is_cleaned_alike(raw in "[ -~\n]*|\\PC*|.*") {
            prop_assert_eq!(super::cleaned(raw.clone()), clean(&raw));
            prop_assert_eq!(super::cleaned_line(raw.clone()), clean_line(&raw));
        }
    }
}
