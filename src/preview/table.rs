//! Reads comma- and tab-separated files as tables.

use unicode_width::UnicodeWidthStr as _;

use crate::domain::preview::{Grid, GridColumn};
use crate::domain::text;

/// Maximum characters kept per cell.
const LONGEST_CELL: usize = 200;
/// Maximum number of columns kept.
pub(super) const MOST_COLUMNS: usize = 500;
/// Maximum number of cells kept, those that fill up short rows included: one wide row must not make all others wide.
const MOST_CELLS: usize = 500_000;
/// Lines from which the separator is found.
const LINES_LOOKED_AT: usize = 20;

/// Reads a table; `None` if there is none. `cut`: the text was truncated, so the last row may be incomplete.
pub fn grid(raw: &str, separator: u8, cut: bool, notes: &mut Vec<String>) -> Option<Grid> {
    // A truncated row could show a number that is not in the file.
    let whole = if cut { raw.rfind('\n').map_or(raw, |end| &raw[..=end]) } else { raw };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(whole.as_bytes());
    let mut rows: Vec<Vec<String>> = Vec::new();
    let (mut uneven, mut wide) = (0, false);
    for record in reader.records() {
        // The input is text and rows may be uneven; any remaining error ends the table.
        let Ok(record) = record else { break };
        wide |= record.len() > MOST_COLUMNS;
        let row: Vec<String> = record.iter().take(MOST_COLUMNS).map(cell).collect();
        uneven += usize::from(rows.first().is_some_and(|first| first.len() != row.len()));
        rows.push(row);
    }
    let count = rows.iter().map(Vec::len).max()?;
    if rows.len() == 1 && count < 2 {
        return None;
    }
    if uneven > 0 {
        let have = if uneven == 1 { "has" } else { "have" };
        notes.push(format!("{} {have} more or fewer cells than the first.", text::count(uneven, "row")));
    }
    Some(of_rows(rows, wide, notes))
}

/// A table of these rows, the first of which is the header.
pub fn of_rows(mut rows: Vec<Vec<String>>, wide: bool, notes: &mut Vec<String>) -> Grid {
    // The rows that are kept, and the cells of the widest of them.
    let (mut kept, mut count) = (0, 0);
    for row in &rows {
        let wider = count.max(row.len());
        if (kept + 1) * wider > MOST_CELLS {
            break;
        }
        (kept, count) = (kept + 1, wider);
    }
    if kept < rows.len() {
        rows.truncate(kept);
        notes.push(format!("Only the first {} rows are shown.", text::grouped(kept as u64)));
    }
    for row in &mut rows {
        row.resize(count, String::new());
    }
    if wide {
        notes.push(format!("Only the first {MOST_COLUMNS} columns are shown."));
    }
    let header = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
    let columns = header.into_iter().enumerate().map(|(at, title)| column(at, title, &rows)).collect();
    Grid { columns, rows }
}

/// The character between the cells of a file called CSV: spreadsheets of many countries write semicolons, and some
/// programs tabs. The one that most lines agree on; a comma if none is.
pub fn separator(raw: &str) -> u8 {
    let lines: Vec<&str> = raw.lines().filter(|line| !line.trim().is_empty()).take(LINES_LOOKED_AT).collect();
    let cells = |separator: u8| {
        let counts = lines.iter().map(|line| unquoted(line, separator));
        let first = counts.clone().next().unwrap_or(0);
        (first > 0).then(|| (counts.filter(|count| *count == first).count(), first))
    };
    // Where two agree equally well, the first of the list: the last of equals is the maximum.
    let found = [b'\t', b';', b','].into_iter().filter_map(|s| Some((cells(s)?, s)));
    found.max_by_key(|(agreeing, _)| *agreeing).map_or(b',', |(_, separator)| separator)
}

/// How often `separator` stands outside of quotes.
fn unquoted(line: &str, separator: u8) -> usize {
    let mut quoted = false;
    line.bytes()
        .filter(|byte| {
            quoted ^= *byte == b'"';
            !quoted && *byte == separator
        })
        .count()
}

pub(super) fn cell(raw: &str) -> String {
    text::shorten(&text::clean_line(raw.trim()), LONGEST_CELL)
}

/// The column with this title: whether it is of numbers, and how wide it is.
pub fn column(at: usize, title: String, rows: &[Vec<String>]) -> GridColumn {
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
    fn the_separator_is_the_one_the_lines_agree_on() {
        for (raw, wanted) in [
            ("a,b\n1,2\n", b','),
            ("name;auc\nx;0,25\ny;0,5\n", b';'),
            ("name\tauc\nx, y\t0.25\nz\t1\n", b'\t'),
            ("\"a;b\",c\n1,2\n", b','),
            ("words without any\n", b','),
            ("", b','),
        ] {
            assert_eq!(separator(raw), wanted, "{raw:?}");
        }
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
