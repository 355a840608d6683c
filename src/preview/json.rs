//! Formats and highlights JSON. Works on tokens without recursion, so that a truncated file, an invalid one and one
//! nested ten thousand levels deep all show something.

use super::{MOST_LINES, pieces_of};
use crate::domain::preview::{Ink, TextLine};
use crate::domain::text::clean_line;

/// Spaces per level.
const INDENT: usize = 2;
/// Deeper levels are not indented further.
const DEEPEST: usize = 30;

/// The lines of a JSON text, or of several in sequence.
pub fn lines(raw: &str) -> Vec<TextLine> {
    let mut out = Layout::default();
    let mut rest = raw.trim_start();
    while let Some(c) = rest.chars().next() {
        let end = match c {
            '"' => string_end(rest),
            '{' | '}' | '[' | ']' | ',' | ':' => 1,
            _ => rest.find(|c: char| c.is_whitespace() || "{}[],:\"".contains(c)).unwrap_or(rest.len()),
        };
        if out.lines.len() >= MOST_LINES {
            break;
        }
        let (token, after) = rest.split_at(end);
        rest = after.trim_start();
        match c {
            '{' | '[' if rest.starts_with(if c == '{' { '}' } else { ']' }) => {
                out.put(Ink::Muted, if c == '{' { "{}" } else { "[]" });
                rest = rest[1..].trim_start();
                out.end_of_value(rest);
            }
            '{' | '[' => {
                out.put(Ink::Muted, token);
                out.depth += 1;
                out.new_line();
            }
            '}' | ']' => {
                out.new_line();
                out.depth = out.depth.saturating_sub(1);
                out.put(Ink::Muted, token);
                out.end_of_value(rest);
            }
            ',' => {
                out.put(Ink::Muted, token);
                out.new_line();
            }
            ':' => out.put(Ink::Muted, ": "),
            '"' if rest.starts_with(':') => out.put(Ink::Key, token),
            _ => {
                let ink = match token {
                    "true" | "false" | "null" | "NaN" | "Infinity" | "-Infinity" => Ink::Word,
                    _ if c == '"' => Ink::Code,
                    _ if token.parse::<f64>().is_ok() => Ink::Number,
                    _ => Ink::Plain,
                };
                out.put(ink, token);
                out.end_of_value(rest);
            }
        }
    }
    out.new_line();
    out.lines
}

/// The end of the string that `text` starts with, or the end of the text if it is unterminated.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[derive(Default)]
struct Layout {
    lines: Vec<TextLine>,
    line: TextLine,
    depth: usize,
}

impl Layout {
    fn put(&mut self, ink: Ink, token: &str) {
        if self.line.pieces.is_empty() {
            self.line.depth = self.depth;
            let indent = INDENT * self.depth.min(DEEPEST);
            if indent > 0 {
                self.line.pieces.push((Ink::Plain, " ".repeat(indent)));
            }
        }
        let mut parts = pieces_of(&clean_line(token)).into_iter();
        if let Some(first) = parts.next() {
            self.line.pieces.push((ink, first));
        }
        for part in parts {
            self.new_line();
            self.line = TextLine { pieces: vec![(ink, part)], depth: self.depth };
        }
    }

    /// After an outermost value another may start, as in JSON Lines.
    fn end_of_value(&mut self, rest: &str) {
        if self.depth == 0 && !rest.starts_with([',', ':', '}', ']']) {
            self.new_line();
        }
    }

    fn new_line(&mut self) {
        if !self.line.pieces.is_empty() {
            self.lines.push(std::mem::take(&mut self.line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> Vec<String> {
        lines(raw).iter().map(TextLine::plain).collect()
    }

    #[test]
    fn one_line_becomes_many() {
        assert_eq!(
            shown("{\"a\":[1,{}],\"b\":\"x, {\\\"y\\\"\"}"),
            ["{", "  \"a\": [", "    1,", "    {}", "  ],", "  \"b\": \"x, {\\\"y\\\"\"", "}"]
        );
    }

    #[test]
    fn half_a_file_shows_what_is_there() {
        assert_eq!(
            shown("{\"a\": [1, 2, {\"b\": \"unfin"),
            ["{", "  \"a\": [", "    1,", "    2,", "    {", "      \"b\": \"unfin"]
        );
        assert_eq!(shown("}}]"), ["}", "}", "]"]);
    }

    #[test]
    fn keys_numbers_and_words_differ() {
        let line = &lines("{\"auc\": 0.91}")[1];
        assert_eq!(line.pieces[1].0, Ink::Key);
        assert_eq!(line.pieces[3].0, Ink::Number);
        assert_eq!(lines("NaN")[0].pieces[0].0, Ink::Word);
    }

    #[test]
    fn ten_thousand_levels_are_no_trouble() {
        let deep = lines(&"[".repeat(100_000));
        assert_eq!(deep.len(), 100_000);
        assert!(deep.iter().all(|l| l.plain().len() <= INDENT * DEEPEST + 1));
    }

    #[test]
    fn values_after_one_another_stand_on_lines_of_their_own() {
        assert_eq!(shown("{\"a\":1}\n{\"a\":2}\n3 4"), ["{", "  \"a\": 1", "}", "{", "  \"a\": 2", "}", "3", "4"]);
    }
}
