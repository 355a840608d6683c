//! The full text of both sides, however long.

use crate::app::action::Action;
use crate::domain::compare::{Change, TextRow};
use crate::domain::text::{clean, clean_line};
use crate::present::number;
use crate::screens::parts::Ctx;
use crate::ui::skin::Role;
use crate::ui::{Phrase, scroll};

/// Maximum characters of a text that is shown whole in a cell.
const SHORT: usize = 19;
/// Characters of the common beginning shown in a cell.
const BEFORE: usize = 4;

/// State of the reader.
#[derive(Clone, Debug, PartialEq)]
pub struct Reader {
    row: TextRow,
    old: String,
    new: String,
    offset: usize,
}

impl Reader {
    /// A reader of `row`; `old` and `new` are the labels of the sides.
    pub fn new(row: TextRow, old: String, new: String) -> Self {
        Self { row, old, new, offset: 0 }
    }

    /// The name of the text, cleaned.
    pub fn name(&self) -> String {
        clean_line(self.row.name.trim())
    }

    /// Text to copy: the candidate's, or the baseline's if the candidate has none.
    pub fn copied(&self) -> String {
        self.row.new.clone().or_else(|| self.row.old.clone()).unwrap_or_default()
    }

    /// The first visible line.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Scrolls, with `rows` visible lines.
    pub fn update(&mut self, action: Action, rows: usize, ctx: &Ctx<'_>) {
        let len = lines(&self.row, &self.old, &self.new, usize::from(ctx.width.saturating_sub(2))).len();
        let page = rows.saturating_sub(1).max(1);
        let to = match action {
            Action::Up => self.offset.saturating_sub(1),
            Action::Down => self.offset + 1,
            Action::PageUp => self.offset.saturating_sub(page),
            Action::PageDown => self.offset + page,
            Action::Top => 0,
            Action::Bottom => len,
            _ => self.offset,
        };
        self.offset = scroll::clamp(to, rows, len);
    }

    /// All lines, at most `width` wide.
    pub fn lines(&self, width: usize) -> Vec<Phrase<'static>> {
        lines(&self.row, &self.old, &self.new, width)
    }
}

/// Both texts in full, at most `width` wide, with the common beginning and end dimmed.
pub fn lines(row: &TextRow, old_label: &str, new_label: &str, width: usize) -> Vec<Phrase<'static>> {
    let shared = match (&row.old, &row.new) {
        (Some(old), Some(new)) if row.change != Change::Same => shared(old, new),
        _ => Shared::default(),
    };
    let mut lines = Vec::new();
    if shared.start > SHORT {
        let word = format!("the same at both: the first {} characters and the last {}", shared.start, shared.end);
        lines.extend(Phrase::of(Role::Muted, word).wrap(width, 0));
        lines.push(Phrase::default());
    }
    if row.change == Change::Same && row.old.is_some() {
        let title = Phrase::of(Role::Heading, format!("{old_label} and {new_label}"));
        side(&mut lines, title, row.new.as_deref(), Shared::default(), width);
        return lines;
    }
    if !old_label.is_empty() {
        side(&mut lines, Phrase::of(Role::Production, old_label.to_owned()), row.old.as_deref(), shared, width);
        lines.push(Phrase::default());
    }
    side(&mut lines, Phrase::of(Role::Candidate, new_label.to_owned()), row.new.as_deref(), shared, width);
    lines
}

/// Long texts with a common beginning, each starting shortly before the first difference, which a cell would cut off.
pub fn from_where_they_part(old: &str, new: &str) -> (String, String) {
    let start = shared(old, new).start;
    if start <= BEFORE || old.chars().count().max(new.chars().count()) <= SHORT {
        return (old.to_owned(), new.to_owned());
    }
    let cut = |text: &str| format!("…{}", text.chars().skip(start - BEFORE).collect::<String>());
    (cut(old), cut(new))
}

/// Number of characters two texts share at both ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shared {
    start: usize,
    end: usize,
}

fn shared(old: &str, new: &str) -> Shared {
    let start = old.chars().zip(new.chars()).take_while(|(a, b)| a == b).count();
    let most = old.chars().count().min(new.chars().count()) - start;
    let end = old.chars().rev().zip(new.chars().rev()).take_while(|(a, b)| a == b).count().min(most);
    Shared { start, end }
}

fn side(lines: &mut Vec<Phrase<'static>>, title: Phrase<'static>, text: Option<&str>, shared: Shared, width: usize) {
    let Some(text) = text else {
        lines.push(title.add(Role::Muted, "  has none"));
        return;
    };
    let count = text.chars().count();
    lines.push(title.add(Role::Muted, format!("  {}", number::count(count, "character"))));
    let at = |n: usize| text.char_indices().nth(n).map_or(text.len(), |(at, _)| at);
    let (from, to) = (at(shared.start), at(count - shared.end));
    let phrase =
        Phrase::of(Role::Muted, clean(&text[..from])).text(clean(&text[from..to])).add(Role::Muted, clean(&text[to..]));
    lines.extend(phrase.wrap(width.max(10), 0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_shown_from_where_they_part_and_short_ones_whole() {
        let cells = |a, b| from_where_they_part(a, b);
        assert_eq!(cells("tenure,age,income,A", "tenure,age,income,BB"), ("…ome,A".into(), "…ome,BB".into()));
        assert_eq!(cells("telco-1", "telco-2"), ("telco-1".into(), "telco-2".into()));
        assert_eq!(cells("", "a very long text indeed"), (String::new(), "a very long text indeed".into()));
    }

    #[test]
    fn both_texts_are_there_in_full_and_what_they_share_is_counted_without_overlap() {
        let long = "a".repeat(30);
        let row = |old: &str, new: &str| TextRow {
            name: "p".into(),
            old: Some(old.into()),
            new: Some(new.into()),
            change: Change::Unknown,
        };
        let text =
            |row: &TextRow| lines(row, "v1", "v2", 60).iter().map(|l| format!("{}\n", l.plain())).collect::<String>();
        let shown = text(&row(&format!("{long}Xa"), &format!("{long}YYa")));
        assert!(
            shown.contains("the first 30 characters and the last 1")
                && shown.contains("aXa\n")
                && shown.contains("aYYa\n"),
            "{shown}"
        );
        assert!(text(&row(&long, &format!("{long}a"))).contains("the first 30 characters and the last 0"));
        let gone = TextRow { new: None, change: Change::Removed, ..row("two\nlines", "") };
        let shown = text(&gone);
        assert!(shown.contains("two\nlines\n") && shown.contains("v2  has none"), "{shown}");
    }
}
