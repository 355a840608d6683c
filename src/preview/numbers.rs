//! The numbers in a JSON text, as a table: a confusion matrix with its labels, or one row for each number.

use serde_json::{Map, Value};

use super::table::{MOST_COLUMNS, cell, of_rows};
use crate::domain::preview::Grid;

/// Maximum rows.
const MOST_ROWS: usize = 2_000;
/// Names under which the labels of a matrix are found.
const LABELS: [&str; 4] = ["labels", "classes", "class_names", "target_names"];

/// The table; `None` if the text is no JSON or has no number.
pub fn grid(raw: &str) -> Option<Grid> {
    let value: Value = serde_json::from_str(raw).or_else(|_| serde_json::from_str(&without_nan(raw))).ok()?;
    let rows = matrix_of(&value).or_else(|| {
        let mut rows = vec![vec!["name".to_owned(), "value".to_owned()]];
        leaves("", &value, &mut rows);
        (rows.len() > 1).then_some(rows)
    })?;
    Some(of_rows(rows, false, &mut Vec::new()))
}

/// What Python writes for numbers that JSON has not, as null.
fn without_nan(raw: &str) -> String {
    // Every second piece is inside a string, in which a quote is escaped.
    let hidden = raw.replace("\\\\", "\u{1}").replace("\\\"", "\u{2}");
    let piece = |(at, piece): (usize, &str)| match at % 2 {
        0 => piece.replace("-Infinity", "null").replace("Infinity", "null").replace("NaN", "null"),
        _ => piece.to_owned(),
    };
    let mended: Vec<String> = hidden.split('"').enumerate().map(piece).collect();
    mended.join("\"").replace('\u{2}', "\\\"").replace('\u{1}', "\\\\")
}

fn matrix_of(value: &Value) -> Option<Vec<Vec<String>>> {
    let (matrix, labels) = match value {
        Value::Object(object) => (object.values().find_map(matrix)?, labels(object)),
        other => (matrix(other)?, None),
    };
    let named = |at: usize| labels.as_ref().and_then(|l| l.get(at).cloned()).unwrap_or_else(|| at.to_string());
    let header = std::iter::once(String::new()).chain((0..matrix.len()).map(named)).collect();
    let row = |(at, row): (usize, Vec<String>)| std::iter::once(named(at)).chain(row).collect();
    Some(std::iter::once(header).chain(matrix.into_iter().enumerate().map(row)).collect())
}

/// A square of numbers.
fn matrix(value: &Value) -> Option<Vec<Vec<String>>> {
    let rows = value.as_array().filter(|rows| (2..MOST_COLUMNS).contains(&rows.len()))?;
    let number = |value: &Value| value.as_number().map(ToString::to_string);
    let row = |row: &Value| row.as_array().filter(|row| row.len() == rows.len())?.iter().map(number).collect();
    rows.iter().map(row).collect()
}

fn labels(object: &Map<String, Value>) -> Option<Vec<String>> {
    let named = LABELS.iter().find_map(|name| object.get(*name))?.as_array()?;
    Some(named.iter().map(|label| cell(&label.as_str().map_or_else(|| label.to_string(), str::to_owned))).collect())
}

fn leaves(path: &str, value: &Value, rows: &mut Vec<Vec<String>>) {
    if rows.len() > MOST_ROWS {
        return;
    }
    match value {
        Value::Number(number) => rows.push(vec![cell(path), number.to_string()]),
        Value::Array(values) => {
            for (at, value) in values.iter().enumerate() {
                leaves(&format!("{path}[{at}]"), value, rows);
            }
        }
        Value::Object(object) => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                leaves(&path, value, rows);
            }
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn rows(raw: &str) -> Vec<String> {
        let grid = grid(raw).unwrap();
        let header = grid.columns.iter().map(|c| c.title.clone()).collect::<Vec<_>>().join(" ");
        std::iter::once(header).chain(grid.rows.iter().map(|row| row.join(" "))).collect()
    }

    #[test]
    fn a_number_is_named_by_its_way() {
        let raw = r#"{"auc": 0.9, "by": {"eu": [1, 2.5], "note": "x"}, "ok": true}"#;
        assert_eq!(rows(raw), ["name value", "auc 0.9", "by.eu[0] 1", "by.eu[1] 2.5"]);
        assert_eq!(rows(r#"{"NaN \" NaN": 1, "b": NaN, "c": -Infinity, "d": 2}"#).len(), 3, "two are numbers");
        assert_eq!(grid(r#"{"a": "b"}"#), None);
        assert_eq!(grid("{"), None);
    }

    #[test]
    fn a_square_of_numbers_is_a_matrix_with_its_labels() {
        assert_eq!(rows("[[7391, 412], [361, 1036]]"), [" 0 1", "0 7391 412", "1 361 1036"]);
        let raw = r#"{"labels": ["stays", "leaves"], "matrix": [[1, 2], [3, 4]]}"#;
        assert_eq!(rows(raw), [" stays leaves", "stays 1 2", "leaves 3 4"]);
        assert_eq!(rows("[[1, 2, 3], [4, 5, 6]]").len(), 7, "no square: one row for each number");
    }
}
