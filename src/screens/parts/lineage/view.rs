//! Drawing of the tree.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::tree::LABELS;
use super::{Lineage, Tone, TreeRow};
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Lineage {
    /// Draws the tree.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let columns = [Column::left("").min(LABELS).max(LABELS), Column::left("").stretch()];
        let widest = Phrase::new(" ".repeat(usize::from(LABELS)));
        let widths = Widths::of(&columns, [Row::new(vec![widest, Phrase::new("x")])]);
        let row = |i: usize| self.rows.get(i).map(|r| draw_row(r, skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).without_header();
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(area, buf);
    }
}

fn draw_row(row: &TreeRow, skin: &Skin) -> Row<'static> {
    let mark = match row.open {
        Some(true) => "- ",
        Some(false) => "+ ",
        None => "  ",
    };
    // A node is a foldable row, or a sibling of foldable rows.
    let role = if row.key.contains('/') { Role::Muted } else { Role::Heading };
    let label = Phrase::new("  ".repeat(row.depth)).add(Role::Muted, mark).add(role, row.label.clone());
    Row::new(vec![label, value(row, skin)])
}

fn value(row: &TreeRow, skin: &Skin) -> Phrase<'static> {
    let symbols = skin.symbols();
    let text = row.value.clone();
    let (role, symbol) = match row.tone {
        Tone::Plain => return Phrase::new(text),
        Tone::Muted => return Phrase::of(Role::Muted, text),
        Tone::Loading if text.is_empty() => return Phrase::of(Role::Muted, symbols.ellipsis),
        Tone::Loading => return Phrase::of(Role::Muted, format!("{text} {}", symbols.ellipsis)),
        Tone::Missing => return Phrase::of(Role::Muted, format!("- {text}")),
        Tone::Good => (Role::Good, symbols.pass),
        Tone::Bad => (Role::Bad, symbols.block),
        Tone::Warn => (Role::Warn, symbols.warn),
        Tone::Unknown => (Role::Unknown, symbols.unknown),
        Tone::Stale => (Role::Stale, symbols.warn),
        Tone::Unwatched => (Role::Text, " "),
        Tone::Watched => (Role::Marked, symbols.marked),
    };
    let symbol = if row.continued { " " } else { symbol };
    // For good values only the symbol is coloured.
    let of_text = if matches!(row.tone, Tone::Good | Tone::Watched) { Role::Text } else { role };
    Phrase::of(role, symbol).add(of_text, format!(" {text}"))
}
