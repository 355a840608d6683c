//! Measuring, truncating and wrapping text by its width in a terminal.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Graphemes and their width in cells. Skips exactly what ratatui's `Buffer::set_stringn` skips (control characters and
/// zero-width text); tests in `ui` check that widths agree with it.
pub fn graphemes(text: &str) -> impl Iterator<Item = (&str, usize)> {
    text.graphemes(true).filter(|g| !g.contains(char::is_control)).map(|g| (g, cells(g))).filter(|(_, w)| *w > 0)
}

fn cells(grapheme: &str) -> usize {
    // Terminals give halfwidth voiced sound marks a cell of their own, unlike Unicode.
    let marks = grapheme.chars().filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}')).count();
    grapheme.width() + marks
}

/// Whether each character of `text` takes a cell of its own, whatever stands beside it: so for most text and for our own
/// symbols, which then need not be looked up.
pub fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| (0x20..0x7f).contains(&b)) || text.chars().all(is_single)
}

/// Arrows, mathematical operators, lines, blocks and shapes; those between them that take two cells are not here.
fn is_single(c: char) -> bool {
    matches!(c, ' '..='~' | '·' | '…' | '\u{2190}'..='\u{22ff}' | '\u{2500}'..='\u{25fc}')
}

/// Width of `text` on one line, in cells.
pub fn width(text: &str) -> usize {
    if is_plain(text) {
        return text.chars().count();
    }
    graphemes(text).map(|(_, w)| w).sum()
}

/// The longest prefix of `text` that fits into `max` cells, and its width.
pub fn cut(text: &str, max: usize) -> (&str, usize) {
    if is_plain(text) {
        let end = text.char_indices().nth(max).map_or(text.len(), |(at, _)| at);
        return (&text[..end], text[..end].chars().count());
    }
    let (mut end, mut used) = (0, 0);
    for (grapheme, w) in graphemes(text) {
        if used + w > max {
            break;
        }
        used += w;
        // Graphemes are slices of `text`.
        end = grapheme.as_ptr() as usize - text.as_ptr() as usize + grapheme.len();
    }
    (&text[..end], used)
}

/// `text` in at most `max` cells, ending in `ellipsis` if it was cut.
pub fn fit(text: &str, max: usize, ellipsis: &str) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let (end, room) = cut(ellipsis, max);
    let (start, _) = cut(text, max - room);
    format!("{start}{end}")
}

/// At most `max` columns of `text`, with its beginning and its end: what differs between names is often at their end.
pub fn middle(text: &str, max: usize, ellipsis: &str) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(width(ellipsis));
    let (start, used) = cut(text, room.div_ceil(2));
    let mut end = text.len();
    let mut left = room - used.min(room);
    for (piece, columns) in graphemes(text).collect::<Vec<_>>().into_iter().rev() {
        if columns > left {
            break;
        }
        (left, end) = (left - columns, end - piece.len());
    }
    format!("{start}{ellipsis}{}", &text[end..])
}

/// Wraps `text` into lines of at most `max` cells: at newlines, then at spaces, then anywhere. Lines keep their
/// indent; an empty text is one empty line.
pub fn wrap(text: &str, max: usize) -> Vec<String> {
    let max = max.max(1);
    let mut lines = Vec::new();
    for line in text.split('\n') {
        wrap_line(line.strip_suffix('\r').unwrap_or(line), max, &mut lines);
    }
    lines
}

fn wrap_line(line: &str, max: usize, lines: &mut Vec<String>) {
    let mut rest = line;
    loop {
        if width(rest) <= max {
            lines.push(rest.to_owned());
            return;
        }
        let (mut head, _) = cut(rest, max);
        // A grapheme wider than the line gets its own line; drawing cuts it.
        if head.is_empty() {
            head = rest.graphemes(true).next().unwrap_or(rest);
        }
        let after = &rest[head.len()..];
        let indent = head.len() - head.trim_start_matches(' ').len();
        let at = if after.starts_with(' ') { Some(head.len()) } else { head.rfind(' ').filter(|at| *at > indent) };
        let end = at.unwrap_or(head.len());
        lines.push(rest[..end].trim_end_matches(' ').to_owned());
        rest = if at.is_some() { rest[end..].trim_start_matches(' ') } else { &rest[end..] };
        if rest.is_empty() {
            return;
        }
    }
}

/// Position of the decimal point of a number, in cells from the left, used to align numbers. Without a point, after
/// the last digit; without a digit, at the end.
pub fn point(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let dot = (0..bytes.len()).find(|i| bytes[*i] == b'.' && digit(i + 1));
    let at = dot.or_else(|| bytes.iter().rposition(u8::is_ascii_digit).map(|i| i + 1)).unwrap_or(bytes.len());
    width(&text[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_that_is_too_long_keeps_its_beginning_and_its_end() {
        assert_eq!(middle("honest-trees-wide-1", 11, "…"), "hones…ide-1");
        assert_eq!(middle("honest-trees-wide-2", 11, "…"), "hones…ide-2");
        assert_eq!(middle("short", 11, "…"), "short");
        assert_eq!(middle("客户流失模型一", 8, "…"), "客户…一", "whole characters only");
        assert_eq!(middle("abc", 0, "…"), "…");
    }

    #[test]
    fn wide_characters_count_two_and_are_never_halved() {
        assert_eq!(width("猫a\u{301}"), 3);
        assert_eq!(cut("猫猫", 3), ("猫", 2));
        assert_eq!(fit("猫猫猫", 4, "…"), "猫…");
        assert_eq!(fit("abc", 0, "…"), "");
    }

    #[test]
    fn text_wraps_at_spaces_and_breaks_words_only_when_it_must() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("  indented text", 10), ["  indented", "text"]);
        assert_eq!(wrap("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn numbers_line_up_on_the_point_or_behind_the_last_digit() {
        for (text, at) in
            [("0.914", 1), ("12", 2), ("-3.25", 2), ("1.5e-7", 1), ("+2,400", 6), ("NaN", 3), ("▲ +0.1", 4)]
        {
            assert_eq!(point(text), at, "{text}");
        }
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit_and_lose_no_word(text in "[a-c 猫\n]{0,60}", max in 2usize..12) {
            let lines = wrap(&text, max);
            prop_assert!(lines.iter().all(|l| width(l) <= max), "{lines:?}");
            let bare = |s: &str| s.replace([' ', '\n'], "");
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }

        #[test]
        fn fitted_text_fits(text in any::<String>(), max in 0usize..20) {
            prop_assert!(width(&fit(&text, max, "…")) <= max);
        }
    }
}
