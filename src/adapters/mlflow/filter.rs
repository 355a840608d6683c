//! MLflow's filter language, and the names it cannot express.
//!
//! A value is in single or double quotes and has no escapes: `'it''s'` is accepted and matches nothing (measured on
//! 2.22 and 3.18). It may contain anything but its quotes, newlines and backslashes included (measured on 2.22.5 and
//! 3.17.2).

use std::borrow::Cow;

/// A condition on `name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::adapters) struct NameFilter {
    pub condition: String,
    /// Whether it matches this name only. If not, the results must be filtered.
    pub exact: bool,
}

/// The versions of the model called `name`.
pub(in crate::adapters) fn name_is(name: &str) -> NameFilter {
    match (name.contains('\''), name.contains('"')) {
        (false, _) => NameFilter { condition: format!("name = '{name}'"), exact: true },
        (true, false) => NameFilter { condition: format!("name = \"{name}\""), exact: true },
        // Both kinds of quotes: `_` matches any one character.
        (true, true) => NameFilter { condition: format!("name LIKE '{}'", name.replace('\'', "_")), exact: false },
    }
}

/// Models whose name contains `part`, ignoring case. May match too much: filter the results with [`contains`].
pub(in crate::adapters) fn name_contains(part: &str) -> String {
    format!("name ILIKE '%{}%'", part.chars().map(pattern).collect::<String>())
}

/// Quotes would end the value, `%` and `_` are wildcards without escape, and databases differ in case folding of
/// non-ASCII characters (SQLite has none): all become `_`, which matches any one character.
fn pattern(c: char) -> char {
    let plain = c.is_ascii_alphanumeric() || " -./:@+,;#~".contains(c);
    let caseless = c.is_alphanumeric() && c.to_lowercase().eq(c.to_uppercase());
    if plain || caseless { c } else { '_' }
}

/// Whether `name` contains `part`, ignoring case.
pub(in crate::adapters) fn contains(name: &str, part: &str) -> bool {
    name.to_lowercase().contains(&part.to_lowercase())
}

/// Runs with one of these ids; none if no id is valid in a filter. Also returns the ids it contains.
pub(in crate::adapters) fn run_id_in<'a>(ids: &[&'a str]) -> Option<(Vec<&'a str>, String)> {
    id_in("attributes.run_id", ids)
}

/// As [`run_id_in`], for any attribute that holds an id.
pub(in crate::adapters) fn id_in<'a>(attribute: &str, ids: &[&'a str]) -> Option<(Vec<&'a str>, String)> {
    let plain = |id: &str| !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let ids: Vec<&str> = ids.iter().copied().filter(|id| plain(id)).collect();
    if ids.is_empty() {
        return None;
    }
    let list: Vec<Cow<'_, str>> = ids.iter().map(|id| format!("'{id}'").into()).collect();
    let condition = format!("{attribute} IN ({})", list.join(","));
    Some((ids, condition))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_quoted_with_what_they_do_not_contain() {
        for (name, condition, exact) in [
            ("churn", "name = 'churn'", true),
            ("it's", "name = \"it's\"", true),
            ("say \"hi\"", "name = 'say \"hi\"'", true),
            ("it's \"x\"", "name LIKE 'it_s \"x\"'", false),
        ] {
            assert_eq!(name_is(name), NameFilter { condition: condition.to_owned(), exact });
        }
    }

    #[test]
    fn a_search_text_cannot_leave_its_quotes() {
        for (part, condition) in [
            ("churn", "name ILIKE '%churn%'"),
            ("a' OR \"b", "name ILIKE '%a_ OR _b%'"),
            ("100%_x", "name ILIKE '%100__x%'"),
            ("客户 Ü🚀", "name ILIKE '%客户 __%'"),
        ] {
            assert_eq!(name_contains(part), condition);
        }
        assert!(contains("Telco-CHURN-Ü", "churn-ü") && !contains("telco", "churn"));
    }

    #[test]
    fn only_plain_run_ids_go_into_a_list() {
        let (ids, condition) = run_id_in(&["b850", "x') OR ('", "", "4a-3_8"]).unwrap();
        assert_eq!(ids, ["b850", "4a-3_8"]);
        assert_eq!(condition, "attributes.run_id IN ('b850','4a-3_8')");
        assert_eq!(run_id_in(&["'"]), None);
    }
}
