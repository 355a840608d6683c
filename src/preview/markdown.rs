//! Renders Markdown as lines of text.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use unicode_width::UnicodeWidthStr as _;

use super::{MOST_LINES, pieces_of};
use crate::domain::preview::{Ink, TextLine};
use crate::domain::text::{clean, clean_line};

/// Spaces per list level.
const INDENT: usize = 2;
/// Deeper levels are not indented further.
const DEEPEST: usize = 12;
/// Cells of a table are lined up to this many columns.
const WIDEST: usize = 60;

/// The lines of a Markdown text.
pub fn lines(raw: &str) -> Vec<TextLine> {
    let mut page = Page::default();
    for event in
        Parser::new_ext(raw, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS)
    {
        if page.lines.len() + page.table.len() >= MOST_LINES {
            break;
        }
        page.take(event);
    }
    page.end_line();
    while page.lines.last().is_some_and(|l| l.pieces.is_empty()) {
        page.lines.pop();
    }
    page.lines
}

/// The renderer's state.
#[derive(Default)]
struct Page {
    lines: Vec<TextLine>,
    line: TextLine,
    /// Styles of the enclosing elements; the innermost applies.
    inks: Vec<Ink>,
    /// Next number of each enclosing list; `None` for unordered lists.
    lists: Vec<Option<u64>>,
    quotes: usize,
    in_code: bool,
    targets: Vec<String>,
    table: Vec<Vec<String>>,
    in_cell: bool,
}

impl Page {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.in_code => {
                for line in clean(&text).trim_end_matches('\n').split('\n') {
                    self.end_line();
                    self.write(Ink::Code, &format!("  {line}"));
                }
            }
            Event::Text(text) => self.write(self.ink(), &clean_line(&text)),
            Event::Code(text) => self.write(Ink::Code, &clean_line(&text)),
            Event::SoftBreak => self.write(Ink::Plain, " "),
            Event::HardBreak => self.end_line(),
            Event::Rule => {
                self.gap();
                self.write(Ink::Muted, "----------");
                self.end_line();
            }
            Event::TaskListMarker(done) => self.write(Ink::Muted, if done { "[x] " } else { "[ ] " }),
            // HTML is shown as source text, never interpreted.
            Event::Html(text) | Event::InlineHtml(text) => {
                for (n, line) in clean(&text).trim_end_matches('\n').split('\n').enumerate() {
                    if n > 0 {
                        self.end_line();
                    }
                    self.write(Ink::Muted, line);
                }
            }
            Event::FootnoteReference(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                self.write(Ink::Code, &clean_line(&text));
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Heading { level, .. } => {
                self.gap();
                self.inks.push(Ink::Heading);
                self.write(Ink::Muted, &format!("{} ", "#".repeat(level as usize)));
            }
            Tag::Paragraph if self.line.pieces.is_empty() => self.gap(),
            Tag::CodeBlock(_) => {
                self.gap();
                self.in_code = true;
            }
            Tag::BlockQuote(_) => {
                self.gap();
                self.quotes += 1;
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.gap();
                } else {
                    self.end_line();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                self.end_line();
                let level = self.lists.len().saturating_sub(1).min(DEEPEST);
                let mark = match self.lists.last_mut() {
                    Some(Some(next)) => {
                        *next = next.saturating_add(1);
                        format!("{}. ", next.saturating_sub(1))
                    }
                    _ => "- ".to_owned(),
                };
                self.write(Ink::Muted, &format!("{}{mark}", " ".repeat(INDENT * level)));
            }
            Tag::Strong | Tag::Emphasis => self.inks.push(Ink::Strong),
            Tag::Link { dest_url, .. } => {
                self.inks.push(Ink::Link);
                self.targets.push(clean_line(&dest_url));
            }
            Tag::Image { dest_url, .. } => {
                self.inks.push(Ink::Muted);
                self.targets.push(clean_line(&dest_url));
                self.write(Ink::Muted, "[picture: ");
            }
            Tag::Table(_) => {
                self.gap();
                self.table.clear();
            }
            Tag::TableHead | Tag::TableRow => self.table.push(Vec::new()),
            Tag::TableCell => {
                self.in_cell = true;
                if let Some(row) = self.table.last_mut() {
                    row.push(String::new());
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(_) => {
                self.inks.pop();
                self.end_line();
            }
            TagEnd::Strong | TagEnd::Emphasis => {
                self.inks.pop();
            }
            TagEnd::Link => {
                self.inks.pop();
                // A link's text may misrepresent its target.
                if let Some(target) = self.targets.pop().filter(|t| !t.is_empty()) {
                    self.write(Ink::Muted, &format!(" ({target})"));
                }
            }
            TagEnd::Image => {
                self.inks.pop();
                let target = self.targets.pop().unwrap_or_default();
                self.write(Ink::Muted, &format!("] ({target})"));
            }
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.end_line();
            }
            TagEnd::BlockQuote(_) => {
                self.end_line();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::List(_) => {
                self.end_line();
                self.lists.pop();
            }
            TagEnd::TableCell => self.in_cell = false,
            TagEnd::Table => self.end_table(),
            TagEnd::Paragraph | TagEnd::Item | TagEnd::HtmlBlock => self.end_line(),
            _ => {}
        }
    }

    fn ink(&self) -> Ink {
        self.inks.last().copied().unwrap_or(Ink::Plain)
    }

    fn write(&mut self, ink: Ink, text: &str) {
        if self.in_cell {
            if let Some(cell) = self.table.last_mut().and_then(|row| row.last_mut()) {
                cell.push_str(text);
            }
            return;
        }
        if self.line.pieces.is_empty() && self.quotes > 0 {
            self.line.pieces.push((Ink::Muted, "> ".repeat(self.quotes.min(DEEPEST))));
        }
        for (n, part) in pieces_of(text).into_iter().enumerate() {
            if n > 0 {
                self.end_line();
            }
            self.line.pieces.push((ink, part));
        }
    }

    fn end_line(&mut self) {
        if !self.line.pieces.is_empty() {
            self.lines.push(std::mem::take(&mut self.line));
        }
    }

    /// Adds an empty line before a new block, unless there is one.
    fn gap(&mut self) {
        self.end_line();
        if self.lists.is_empty() && self.lines.last().is_some_and(|l| !l.pieces.is_empty()) {
            self.lines.push(TextLine::default());
        }
    }

    fn end_table(&mut self) {
        let rows = std::mem::take(&mut self.table);
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|at| rows.iter().filter_map(|row| Some(row.get(at)?.width())).max().unwrap_or(0))
            .collect();
        for (n, row) in rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                // A very wide cell stands out rather than make every row as wide.
                let pad = " ".repeat((*width).min(WIDEST).saturating_sub(cell.width()) + 2);
                self.write(if n == 0 { Ink::Heading } else { Ink::Plain }, &format!("{cell}{pad}"));
            }
            self.end_line();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &str) -> Vec<String> {
        lines(raw).iter().map(|l| l.plain().trim_end().to_owned()).collect()
    }

    #[test]
    fn a_model_card_reads_like_one() {
        let raw =
            "# Card\nPredicts *churn*\nwithin **30** days.\n\n- one\n- two\n  1. three\n\n```\nx = 1\n```\n> said\n";
        assert_eq!(
            shown(raw),
            [
                "# Card",
                "",
                "Predicts churn within 30 days.",
                "",
                "- one",
                "- two",
                "  1. three",
                "",
                "  x = 1",
                "",
                "> said"
            ]
        );
    }

    #[test]
    fn a_link_says_where_it_leads() {
        assert_eq!(shown("[github.com](http://evil.example)"), ["github.com (http://evil.example)"]);
        assert_eq!(shown("![roc](plots/roc.png)"), ["[picture: roc] (plots/roc.png)"]);
    }

    #[test]
    fn tables_line_up() {
        assert_eq!(shown("| metric | value |\n|---|---|\n| auc | 0.9 |\n"), ["metric  value", "auc     0.9"]);
    }

    #[test]
    fn html_is_text() {
        assert_eq!(shown("<script>alert(1)</script>\n"), ["<script>alert(1)</script>"]);
    }

    #[test]
    fn deep_nesting_ends() {
        let quotes = lines(&format!("{} x", "> ".repeat(5_000)));
        assert!(quotes.iter().all(|l| l.plain().len() < 100), "{}", quotes.len());
        assert!(!lines(&"- ".repeat(3_000)).is_empty());
    }
}
