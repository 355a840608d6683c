//! Text from elsewhere inside Markdown that GitHub renders: release notes and comments. It can hold whatever it likes,
//! and opens no HTML, comment, image, link, heading, list, code, table cell or mention of its own.

use super::text::clean;

/// After `@` and `#`: GitHub then sees neither a name nor a number. Renovate does the same.
const APART: &str = "&#8203;";

/// Text on one line.
pub fn inline(text: &str) -> String {
    line(&clean(text).replace('\n', " ⏎ "))
}

/// Text of any number of lines, as a quotation; empty if it is blank.
pub fn block(text: &str) -> String {
    let cleaned = clean(text);
    if cleaned.trim().is_empty() {
        return String::new();
    }
    // Two spaces at its end break a line.
    cleaned.trim_end().split('\n').map(|l| format!("> {}", line(l))).collect::<Vec<_>>().join("  \n")
}

/// Text on one line, as code.
pub fn code(text: &str) -> String {
    let text = clean(text).replace('\n', " ⏎ ").replace('`', "'");
    // Blank code is no code.
    if text.trim().is_empty() { String::new() } else { format!("`{text}`") }
}

/// An address as a link; text if it is none.
pub fn link(url: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b":/#?=._~%-".contains(&b);
    if url.starts_with("https://") && url.bytes().all(plain) { url.to_owned() } else { inline(url) }
}

fn line(text: &str) -> String {
    let text = text.trim_start();
    let mut out = String::with_capacity(text.len() + 16);
    // What would begin a heading, a list, a rule or a quotation.
    let number = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mark = if text[number..].starts_with(['.', ')']) { Some(number) } else { None };
    let mut before = None;
    for (at, c) in text.char_indices() {
        let after = text[at + c.len_utf8()..].chars().next();
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '@' => {
                out.push('@');
                out.push_str(APART);
            }
            '#' => {
                out.push_str(if at == 0 { "\\#" } else { "#" });
                if after.is_some_and(|c| c.is_ascii_digit()) {
                    out.push_str(APART);
                }
            }
            // `GH-12` is the pull request 12.
            '-' if text[..at].to_ascii_lowercase().ends_with("gh") && after.is_some_and(|c| c.is_ascii_digit()) => {
                out.push('-');
                out.push_str(APART);
            }
            // Between letters it is part of the word.
            '_' if word(before) && word(after) => out.push('_'),
            '\\' | '`' | '*' | '_' | '~' | '[' | ']' | '|' | '$' => out.extend(['\\', c]),
            '-' | '+' | '=' | ':' if at == 0 => out.extend(['\\', c]),
            '.' | ')' if Some(at) == mark && number > 0 => out.extend(['\\', c]),
            _ => out.push(c),
        }
        before = Some(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    #[test]
    fn ordinary_text_reads_as_before() {
        for text in ["QA-311: fewer false alarms (10 %)", "telco-churn", "val_auc", "AUC 0.91, was 0.88!", "客户"] {
            assert_eq!(inline(text), text);
        }
        assert_eq!(block("Two lines.\n\nThree."), "> Two lines.  \n>   \n> Three.");
    }

    #[test]
    fn what_github_would_act_on_is_told_apart() {
        assert_eq!(inline("ask @acme/team, #12 and GH-7"), "ask @&#8203;acme/team, #&#8203;12 and GH-&#8203;7");
        assert_eq!(inline("# a\n<!-- b -->"), "\\# a ⏎ &lt;!-- b --&gt;");
        assert_eq!(inline("#12 C#"), "\\#&#8203;12 C#");
        assert_eq!(inline("1. one"), "1\\. one");
        assert_eq!(link("https://github.com/a/b/commit/1#c-2"), "https://github.com/a/b/commit/1#c-2");
        assert_eq!(link("https://a/<b>@c"), "https://a/&lt;b&gt;@&#8203;c");
        assert_eq!(code("a`b\n"), "`a'b ⏎ `");
    }

    /// What the text opens, besides quotation, paragraph and words.
    fn opened(markdown: &str) -> Vec<String> {
        let events = Parser::new_ext(markdown, Options::all());
        let odd = events.filter(|event| match event {
            Event::Start(tag) => !matches!(tag, Tag::Paragraph | Tag::BlockQuote(_)),
            Event::End(_) | Event::Text(_) | Event::SoftBreak | Event::HardBreak => false,
            Event::Code(_)
            | Event::Html(_)
            | Event::InlineHtml(_)
            | Event::Rule
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_) => true,
        });
        odd.map(|event| format!("{event:?}")).collect()
    }

    proptest! {
        #[test]
        fn no_text_opens_anything(text in "([-#*_`>|{}\\[\\]()!<&@:+=~$.\\\\\n\t ]|[a1]|<!--|-->|<b>|!\\[x\\]\\(y\\)|\\[\\^1\\]|\n---\n|\n# |```|~~~|    |&lt;|https://a.b ){0,24}") {
            for markdown in [inline(&text), block(&text), format!("a {} b", inline(&text)), format!("Reason: {}\n\nEnd", inline(&text))] {
                prop_assert_eq!(opened(&markdown), Vec::<String>::new(), "{}", markdown);
                prop_assert!(!markdown.contains("<!--"));
            }
            prop_assert!(!inline(&text).contains('\n'));
            let code = opened(&format!("a {} b", code(&text)));
            prop_assert!(code.len() <= 1 && code.iter().all(|c| c.starts_with("Code")), "{code:?}");
        }
    }
}
