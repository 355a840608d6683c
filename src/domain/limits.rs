//! What the servers take at most, applied before the first write: a text that is too long would be refused only after
//! the tag is cut, when there is no way back.

use std::borrow::Cow;

/// Heading of the record's section in the release notes.
pub const NOTES_HEADING: &str = "### Sign-off record";

/// Characters of a release's notes on GitHub.
pub const NOTES: usize = 125_000;
/// Characters of a comment on GitHub.
pub const COMMENT: usize = 65_536;
/// Characters of a tag's message. GitHub states no limit; a message is read by people.
pub const MESSAGE: usize = 65_536;
/// Characters of a release's title. GitHub states no limit; its other titles end here.
pub const TITLE: usize = 255;
/// Characters of a tag's value on a model version: 5,000 in MLflow 2.x, 100,000 in 3.x, 500 in some 2.x stores.
pub const TAG_VALUE: usize = 500;
/// Bytes of a record. GitHub takes more, but nothing reads a larger one back.
pub const RECORD: usize = 16 << 20;

/// What shortened notes begin with.
const SHORTENED: &str = "> **Shortened**:";

/// Whether [`notes`] cut these.
pub fn is_shortened(notes: &str) -> bool {
    notes.starts_with(SHORTENED)
}

/// Characters as a server may count them: never less than it counts.
pub fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Release notes as GitHub takes them. Notes that are too long are cut at a line: the record's section comes first
/// then, and a pointer to `asset`, the attached record, says where the rest is. The marker in the last line is always
/// kept.
pub fn notes<'a>(whole: &'a str, asset: &str) -> Cow<'a, str> {
    if length(whole) <= NOTES {
        return Cow::Borrowed(whole);
    }
    let (body, marker) = whole.trim_end().rsplit_once('\n').unwrap_or(("", whole.trim_end()));
    let at = body.rfind(NOTES_HEADING).unwrap_or(body.len());
    let (text, record) = body.split_at(at);
    let pointer = format!(
        "{SHORTENED} these notes have {} characters, and GitHub takes {NOTES}. The attached `{asset}` has everything.",
        length(whole)
    );
    let room = NOTES.saturating_sub(length(&pointer) + length(marker) + "\n\n\n\n\n\n\n".len());
    let record = cut(record.trim(), room);
    let text = cut(text.trim(), room - length(record));
    Cow::Owned(format!("{pointer}\n\n{record}\n\n{text}\n\n{marker}\n"))
}

/// The longest start of whole lines with at most `most` characters; part of the first line if that alone is longer.
fn cut(text: &str, most: usize) -> &str {
    let (mut end, mut seen, mut line) = (0, 0, 0);
    for (at, c) in text.char_indices() {
        seen += c.len_utf16();
        if seen > most {
            return if line > 0 { text[..line].trim_end() } else { &text[..end] };
        }
        end = at + c.len_utf8();
        if c == '\n' {
            line = end;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::{Cow, NOTES, NOTES_HEADING, length};

    const MARKER: &str = "<!-- Signoff-Operation: 0193 -->";

    fn notes(whole: &str) -> Cow<'_, str> {
        super::notes(whole, "signoff.json")
    }

    /// Text of `n` lines.
    fn lines(n: usize, line: &str) -> String {
        format!("{line}\n").repeat(n)
    }

    fn whole(text: &str, record: &str) -> String {
        format!("{text}\n\n{NOTES_HEADING}\n\n{record}\n\n{}\n", MARKER)
    }

    #[test]
    fn notes_that_fit_stay_as_they_are() {
        let fits = whole(&lines(1_000, "a line"), "- **signed by**: rev1");
        assert!(matches!(notes(&fits), Cow::Borrowed(same) if same == fits));
    }

    #[test]
    fn shortened_notes_keep_the_record_and_cut_at_a_line() {
        let short = notes(&whole(&lines(20_000, "| metric | 1 | 2 |"), "- **signed by**: rev1")).into_owned();
        assert!(short.starts_with("> **Shortened**: these notes have 3"), "{}", &short[..200]);
        assert!(short.contains("- **signed by**: rev1"));
        assert!(short.contains("`signoff.json`"));
        let rows = short.lines().filter(|l| l.starts_with("| metric")).collect::<Vec<_>>();
        assert!(rows.len() > 5_000 && rows.iter().all(|l| *l == "| metric | 1 | 2 |"));
        assert!(short.trim_end().ends_with(MARKER));
    }

    proptest! {
        #[test]
        fn shortened_notes_always_fit_and_always_end_in_the_marker(
            text in 0_usize..9_000,
            record in 0_usize..9_000,
            line in "[ -~äé客🚀]{0,40}",
        ) {
            let long = whole(&lines(text, &line), &lines(record, &line));
            let short = notes(&long);
            prop_assert!(length(&short) <= NOTES);
            prop_assert!(short.trim_end().ends_with(MARKER));
            prop_assert!(matches!(short, Cow::Borrowed(_)) == (length(&long) <= NOTES));
        }
    }
}
