//! Highlights YAML one line at a time: enough for keys, values and comments.

use super::{MOST_LINES, pieces_of};
use crate::domain::preview::{Ink, TextLine};
use crate::domain::text::clean;

/// The lines of a YAML text.
pub fn lines(raw: &str) -> Vec<TextLine> {
    let cleaned = clean(raw);
    let mut out = Vec::new();
    // Lines indented deeper than this belong to a block scalar (`key: |`) and are plain text.
    let mut block: Option<usize> = None;
    for line in cleaned.trim_end_matches('\n').split('\n').take(MOST_LINES) {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let blank = line.trim().is_empty();
        let in_block = block.is_some_and(|outer| blank || indent > outer);
        if !in_block {
            block = opens_block(line).then_some(indent);
        }
        let depth = indent / 2;
        for (n, part) in pieces_of(line).into_iter().enumerate() {
            let pieces = if in_block || n > 0 { vec![(Ink::Code, part)] } else { pieces(&part) };
            out.push(TextLine { pieces, depth });
        }
    }
    out
}

fn opens_block(line: &str) -> bool {
    let end = line.trim_end();
    let marked = |mark: &str| end.ends_with(mark) && end[..end.len() - mark.len()].ends_with(": ");
    ["|", ">", "|-", ">-", "|+", ">+"].into_iter().any(marked)
}

fn pieces(line: &str) -> Vec<(Ink, String)> {
    let (body, comment) = comment(line);
    let mut rest = body.trim_start_matches(' ');
    let mut pieces = vec![(Ink::Plain, body[..body.len() - rest.len()].to_owned())];
    while let Some(after) = rest.strip_prefix("- ") {
        pieces.push((Ink::Muted, "- ".to_owned()));
        rest = after;
    }
    match key_end(rest) {
        Some(end) => {
            pieces.push((Ink::Key, rest[..end].to_owned()));
            pieces.push((Ink::Muted, ":".to_owned()));
            pieces.push(value(&rest[end + 1..]));
        }
        None if rest == "---" || rest == "-" => pieces.push((Ink::Muted, rest.to_owned())),
        None => pieces.push(value(rest)),
    }
    pieces.push((Ink::Muted, comment.to_owned()));
    pieces.retain(|(_, text)| !text.is_empty());
    pieces
}

/// The end of the key that `text` starts with.
fn key_end(text: &str) -> Option<usize> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let close = 1 + text[1..].find(quote)? + 1;
        return text[close..].starts_with(':').then_some(close);
    }
    let at = text.find(": ").or_else(|| text.strip_suffix(':').map(str::len))?;
    (!text[..at].contains(['{', '[', '"'])).then_some(at)
}

fn value(text: &str) -> (Ink, String) {
    let bare = text.trim();
    let ink = match bare {
        "true" | "false" | "null" | "~" | "yes" | "no" | ".nan" | ".inf" => Ink::Word,
        _ if bare.starts_with(['"', '\'']) => Ink::Code,
        _ if bare.parse::<f64>().is_ok() => Ink::Number,
        _ => Ink::Plain,
    };
    (ink, text.to_owned())
}

/// Splits a line into content and comment. A `#` within quotes or a word does not start a comment.
fn comment(line: &str) -> (&str, &str) {
    let mut quote = None;
    let mut before = ' ';
    for (at, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '#' && before == ' ' => return line.split_at(at),
            None if matches!(c, '"' | '\'') && matches!(before, ' ' | '[' | '{' | ',') => quote = Some(c),
            None => {}
        }
        before = c;
    }
    (line, "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inks(line: &str) -> Vec<(Ink, String)> {
        lines(line).remove(0).pieces.into_iter().filter(|(_, t)| !t.trim().is_empty()).collect()
    }

    #[test]
    fn keys_values_and_comments_differ() {
        assert_eq!(
            inks("  - auc: 0.91 # good"),
            [(Ink::Muted, "- "), (Ink::Key, "auc"), (Ink::Muted, ":"), (Ink::Number, " 0.91 "), (Ink::Muted, "# good")]
                .map(|(i, t)| (i, t.to_owned()))
        );
        assert_eq!(inks("url: http://x/#y")[2], (Ink::Plain, " http://x/#y".to_owned()));
        assert_eq!(inks("a: 'it # is'")[2], (Ink::Code, " 'it # is'".to_owned()));
        assert_eq!(inks("flavors:"), [(Ink::Key, "flavors".to_owned()), (Ink::Muted, ":".to_owned())]);
    }

    #[test]
    fn a_block_text_is_text_and_ends_with_its_indent() {
        let all = lines("note: |\n  a: 1\n\n  b\nnext: 2");
        assert_eq!(all[1].pieces, [(Ink::Code, "  a: 1".to_owned())]);
        assert_eq!(all[4].pieces[0].0, Ink::Key);
    }

    #[test]
    fn no_text_is_lost() {
        for raw in ["a: b: c", "- - x", ":", "'open", "\"k\": v", "  # only", "a:", "{a: 1}", "-"] {
            assert_eq!(lines(raw)[0].plain(), raw);
        }
    }
}
