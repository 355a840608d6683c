//! Aligned text tables, measured in terminal cells.

use crate::cli::output::Style;
use crate::present::{Phrase, Role, text};

/// Blank columns between two columns.
const GAP: usize = 2;
/// Columns are not cut below this width.
const LEAST: usize = 8;

/// Column alignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Left; cut if the terminal is narrow.
    Left,
    /// Right, never cut: ages.
    Right,
    /// On the decimal point, never cut: numbers.
    Point,
    /// Left, never cut: ids and versions to copy.
    Whole,
}

#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<Phrase<'static>>>,
    indent: usize,
}

impl Table {
    pub fn new(columns: &[(&str, Align)]) -> Self {
        let columns = columns.iter().map(|(name, align)| ((*name).to_owned(), *align)).collect();
        Self { columns, rows: Vec::new(), indent: 0 }
    }

    /// Indents the whole table.
    pub fn indented(mut self, by: usize) -> Self {
        self.indent = by;
        self
    }

    /// Adds a row; missing cells are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Phrase<'static>>) {
        let mut row: Vec<Phrase<'static>> = cells.into_iter().collect();
        row.resize_with(self.columns.len(), Phrase::default);
        self.rows.push(row);
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Renders the table. Columns that are empty in every row are left out; text is cut only if the style has a width.
    pub fn render(&self, style: Style) -> String {
        let mut aligned = self.clone();
        aligned.align_points();
        aligned.lines(style)
    }

    /// Pads the cells of [`Align::Point`] columns on the right, so that their decimal points line up.
    fn align_points(&mut self) {
        let behind = |cell: &Phrase<'_>| {
            let text = cell.plain();
            text.find('.').map_or(0, |at| text::width(&text[at..]))
        };
        for (i, _) in self.columns.iter().enumerate().filter(|(_, (_, align))| *align == Align::Point) {
            let most = self.rows.iter().map(|r| behind(&r[i])).max().unwrap_or(0);
            for cell in self.rows.iter_mut().map(|r| &mut r[i]).filter(|c| !c.is_empty()) {
                let pad = most - behind(cell);
                *cell = std::mem::take(cell).text(" ".repeat(pad));
            }
        }
    }

    fn lines(&self, style: Style) -> String {
        let kept: Vec<usize> =
            (0..self.columns.len()).filter(|i| self.rows.iter().any(|r| !r[*i].is_empty())).collect();
        let mut widths: Vec<usize> = kept
            .iter()
            .map(|i| {
                let cells = self.rows.iter().map(|r| r[*i].width());
                cells.chain([text::width(&self.columns[*i].0)]).max().unwrap_or(0)
            })
            .collect();
        if let Some(limit) = style.width {
            self.narrow(&kept, &mut widths, limit);
        }
        let heading: Vec<Phrase<'static>> =
            self.columns.iter().map(|(name, _)| Phrase::of(Role::Muted, name.clone())).collect();
        let mut out = String::new();
        let has_heading = heading.iter().any(|c| !c.is_empty());
        for row in has_heading.then_some(&heading).into_iter().chain(&self.rows) {
            self.line(row, &kept, &widths, style, &mut out);
        }
        out
    }

    /// Shrinks the widest column that may be cut, until the table fits or nothing can be cut.
    fn narrow(&self, kept: &[usize], widths: &mut [usize], limit: usize) {
        let gaps = self.indent + GAP * kept.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > limit {
            let widest = (0..widths.len())
                .filter(|i| self.columns[kept[*i]].1 == Align::Left && widths[*i] > LEAST)
                .max_by_key(|i| widths[*i]);
            match widest {
                Some(i) => widths[i] -= 1,
                None => break,
            }
        }
    }

    fn line(&self, row: &[Phrase<'static>], kept: &[usize], widths: &[usize], style: Style, out: &mut String) {
        let mut line = " ".repeat(self.indent);
        for (at, (i, width)) in kept.iter().zip(widths).enumerate() {
            let cell = row[*i].clone().fit(*width, style.symbols().ellipsis);
            let blank = " ".repeat(width.saturating_sub(cell.width()));
            let painted = style.phrase(&cell);
            if at > 0 {
                line.push_str(&" ".repeat(GAP));
            }
            match self.columns[*i].1 {
                Align::Right | Align::Point => line.push_str(&(blank + &painted)),
                Align::Left | Align::Whole => line.push_str(&(painted + &blank)),
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table =
            Table::new(&[("MODEL", Align::Left), ("VER", Align::Whole), ("NOTE", Align::Left), ("AUC", Align::Point)]);
        table.row(["客户流失".into(), "v3".into(), "".into(), "0.9".into()]);
        table.row(["telco-churn-with-a-long-name".into(), "v42".into(), "".into(), "12.25".into()]);
        table.row(["m".into(), "v1".into(), "".into(), "7".into()]);
        table
    }

    #[test]
    fn columns_line_up_by_what_terminals_show_and_empty_ones_vanish() {
        let text = table().render(Style::default());
        assert_eq!(
            text,
            "MODEL                         VER    AUC\n\
             客户流失                      v3    0.9\n\
             telco-churn-with-a-long-name  v42  12.25\n\
             m                             v1    7\n"
        );
    }

    #[test]
    fn only_a_terminal_gets_cut_lines_and_only_in_columns_that_may_be() {
        let text = table().render(Style { color: false, width: Some(24) });
        assert!(text.lines().all(|l| text::width(l) <= 24), "{text}");
        assert!(text.contains("telco-churn…") && text.contains("12.25"), "{text}");
    }

    #[test]
    fn colour_does_not_move_anything() {
        let mut table = Table::new(&[("", Align::Right), ("", Align::Left)]);
        table.row([Phrase::of(Role::Good, "1"), "a".into()]);
        table.row(["22".into(), "b".into()]);
        assert_eq!(table.render(Style { color: true, width: None }), " \u{1b}[32m1\u{1b}[0m  a\n22  b\n");
    }
}
