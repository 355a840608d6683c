//! Reads the tables that MLflow writes as JSON: `{"columns": [...], "data": [[...], ...]}`, as pandas' "split"
//! orientation, from `mlflow.log_table` and `mlflow.evaluate`.

use serde::Deserialize;
use serde_json::Value;

use super::table::{MOST_COLUMNS, cell, of_rows};
use crate::domain::preview::Grid;

#[derive(Deserialize)]
struct Split {
    columns: Vec<Value>,
    data: Vec<Vec<Value>>,
}

/// Reads a table; `None` if the text is none. `cut`: the text was truncated, so only whole rows are shown.
pub fn grid(raw: &str, cut: bool, notes: &mut Vec<String>) -> Option<Grid> {
    let split: Split = match cut {
        false => serde_json::from_str(raw).ok()?,
        true => serde_json::from_str(&mended(raw)?).ok()?,
    };
    if split.columns.is_empty() || split.columns.iter().any(|name| name.is_object() || name.is_array()) {
        return None;
    }
    let wide = split.columns.len() > MOST_COLUMNS || split.data.iter().any(|row| row.len() > MOST_COLUMNS);
    let texts = |row: Vec<Value>| row.iter().take(MOST_COLUMNS).map(shown).collect::<Vec<_>>();
    let rows = std::iter::once(split.columns).chain(split.data).map(texts).collect();
    Some(of_rows(rows, wide, notes))
}

/// A truncated table, closed after its last whole row.
fn mended(raw: &str) -> Option<String> {
    let data = raw.find("\"data\"")?;
    raw[..data].contains("\"columns\"").then_some(())?;
    let (mut depth, mut quoted, mut escaped, mut end) = (0_usize, false, false, None);
    for (at, byte) in raw.bytes().enumerate().skip(data + "\"data\"".len()) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth = depth.checked_sub(1)?;
                if depth == 1 {
                    end = Some(at + 1);
                }
            }
            _ => {}
        }
    }
    Some(format!("{}]}}", &raw[..end?]))
}

/// A value as the text of a cell.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => cell(text),
        other => cell(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(raw: &str, cut: bool) -> Option<(Vec<String>, Vec<Vec<String>>)> {
        let grid = grid(raw, cut, &mut Vec::new())?;
        Some((grid.columns.into_iter().map(|c| c.title).collect(), grid.rows))
    }

    #[test]
    fn a_table_of_mlflow_is_one() {
        let (columns, rows) =
            read(r#"{"columns":["inputs","score"],"data":[["a\nb",0.5],[null,{"x":1}]]}"#, false).unwrap();
        assert_eq!(columns, ["inputs", "score"]);
        assert_eq!(rows, [["a⏎b", "0.5"], ["", "{\"x\":1}"]]);
        // With an index, and with fields in another order.
        assert!(read(r#"{"index":[0],"data":[[1]],"columns":["a"]}"#, false).is_some());
    }

    #[test]
    fn other_json_is_none() {
        for raw in [
            "{}",
            "[]",
            "[[1]]",
            r#"{"columns":[],"data":[]}"#,
            r#"{"columns":[{"name":"a"}],"data":[[1]]}"#,
            r#"{"columns":["a"],"data":{"a":1}}"#,
            "",
        ] {
            assert_eq!(read(raw, false), None, "{raw}");
        }
    }

    #[test]
    fn a_truncated_table_shows_its_whole_rows_wherever_it_was_cut() {
        let raw = r#"{"columns":["a","b"],"data":[["x]\"y",1],["z",{"k":[2]}],["w",3]]}"#;
        for end in (0..raw.len()).filter(|end| raw.is_char_boundary(*end)) {
            if let Some((columns, rows)) = read(&raw[..end], true) {
                assert_eq!(columns, ["a", "b"]);
                assert!(rows.len() <= 3 && rows.iter().all(|row| row.len() == 2), "{rows:?}");
            }
        }
        let second = raw.find(r#",["w""#).unwrap();
        assert_eq!(read(&raw[..second], true).unwrap().1.len(), 2);
    }
}
