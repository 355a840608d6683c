//! Reads comma- and tab-separated files as tables.

use unicode_width::UnicodeWidthStr as _;

use crate::domain::preview::{Grid, GridColumn};
use crate::domain::text;

/// Maximum characters kept per cell.
const LONGEST_CELL: usize = 200;
/// Maximum number of columns kept.
const MOST_COLUMNS: usize = 500;
/// Maximum number of cells kept, those that fill up short rows included: one wide row must not make all others wide.
const MOST_CELLS: usize = 500_000;

/// Reads a table; `None` if there is none. `cut`: the text was truncated, so the last row may be incomplete.
pub fn grid(raw: &str, separator: u8, cut: bool, notes: &mut Vec<String>) -> Option<Grid> {
    // A truncated row could show a number that is not in the file.
    let whole = if cut { raw.rfind('\n').map_or(raw, |end| &raw[..=end]) } else { raw };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(whole.as_bytes());
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut uneven, mut wide, mut widest, mut long) = (0, false, 0, false);
    for record in reader.records() {
        // The input is text and rows may be uneven; any remaining error ends the table.
        let Ok(record) = record else { break };
        wide |= record.len() > MOST_COLUMNS;
        let row: Vec<String> = record.iter().take(MOST_COLUMNS).map(cell).collect();
        widest = widest.max(row.len());
        if (rows.len() + 1) * widest > MOST_CELLS {
            long = true;
            break;
        }
        uneven += usize::from(rows.first().is_some_and(|first| first.len() != row.len()));
        rows.push(row);
    }
    if rows.len() * widest > MOST_CELLS {
        rows.truncate(MOST_CELLS / widest);
    }
    let count = rows.iter().map(Vec::len).max()?;
    if rows.len() == 1 && count < 2 {
        return None;
    }
    for row in &mut rows {
        row.resize(count, String::new());
    }
    if uneven > 0 {
        let have = if uneven == 1 { "has" } else { "have" };
        notes.push(format!("{} {have} more or fewer cells than the first.", text::count(uneven, "row")));
    }
    if long {
        notes.push(format!("Only the first {} rows are shown.", text::grouped(rows.len() as u64)));
    }
    if wide {
        notes.push(format!("Only the first {MOST_COLUMNS} columns are shown."));
    }
    let header = rows.remove(0);
    let columns = header.into_iter().enumerate().map(|(at, title)| column(at, title, &rows)).collect();
    Some(Grid { columns, rows })
}

fn cell(raw: &str) -> String {
    text::shorten(&text::clean_line(raw.trim()), LONGEST_CELL)
}

fn column(at: usize, title: String, rows: &[Vec<String>]) -> GridColumn {
    let cells = || rows.iter().map(|row| row[at].as_str()).filter(|cell| !cell.is_empty());
    let numeric = cells().next().is_some() && cells().all(|cell| cell.parse::<f64>().is_ok());
    let widest = if numeric {
        let (mut before, mut after) = (0, 0);
        for cell in cells() {
            let (whole, rest) = cell.split_at(cell.find('.').unwrap_or(cell.len()));
            before = before.max(whole.width());
            after = after.max(rest.width());
        }
        let point = if after > 0 { format!(".{}", "0".repeat(after - 1)) } else { String::new() };
        format!("{}{point}", "0".repeat(before))
    } else {
        "x".repeat(cells().map(unicode_width::UnicodeWidthStr::width).max().unwrap_or(0))
    };
    GridColumn { title, numeric, widest }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(raw: &str, cut: bool) -> (Option<Grid>, Vec<String>) {
        let mut notes = Vec::new();
        (grid(raw, b',', cut, &mut notes), notes)
    }

    #[test]
    fn numbers_are_known_by_their_column() {
        let (grid, notes) = read("name,auc,note\ntenure,0.25,\nage,12.5,\"a,\nb\"\n", false);
        let grid = grid.unwrap();
        let numeric: Vec<bool> = grid.columns.iter().map(|c| c.numeric).collect();
        assert_eq!((numeric, notes), (vec![false, true, false], Vec::new()));
        assert_eq!(grid.columns[1].widest, "00.00");
        assert_eq!(grid.rows[1][2], "a,⏎b");
    }

    #[test]
    fn uneven_rows_are_filled_up_and_said() {
        let (grid, notes) = read("a,b\n1\n1,2,3\n", false);
        let grid = grid.unwrap();
        assert!(grid.rows.iter().all(|row| row.len() == 3));
        assert_eq!(grid.columns.len(), 3);
        assert_eq!(notes, ["2 rows have more or fewer cells than the first."]);
    }

    #[test]
    fn half_a_row_at_the_limit_is_not_shown() {
        let (grid, _) = read("a,b\n1,2\n3,412", true);
        assert_eq!(grid.unwrap().rows, [["1", "2"]]);
    }

    #[test]
    fn broken_quotes_still_make_a_table() {
        let (grid, _) = read("a,b\n\"1,2\n3,4\n", false);
        assert_eq!(grid.unwrap().rows.len(), 1);
        assert_eq!(read("", false).0, None);
        assert_eq!(read("just words\n", false).0, None);
    }

    /// A row of 500 cells after 130,000 rows of one: all of them filled up would take 1.5 GB.
    #[test]
    fn one_wide_row_does_not_make_a_long_table_wide() {
        for wide_first in [true, false] {
            let (wide, narrow) = (format!("{}\n", "1,".repeat(499)), "1\n".repeat(130_000));
            let raw = if wide_first { wide + &narrow } else { narrow + &wide };
            let (grid, notes) = read(&raw, false);
            let grid = grid.unwrap();
            let cells: usize = grid.rows.iter().map(Vec::len).sum();
            assert!(cells <= MOST_CELLS && grid.rows.len() >= 990, "{cells}");
            assert!(notes.iter().any(|note| note.starts_with("Only the first")), "{notes:?}");
        }
    }

    #[test]
    fn a_thousand_columns_are_cut_and_said() {
        let raw = format!("{}\n{}\n", vec!["c"; 1_000].join(","), vec!["1"; 1_000].join(","));
        let (grid, notes) = read(&raw, false);
        assert_eq!((grid.unwrap().columns.len(), notes.len()), (500, 1));
    }
}
