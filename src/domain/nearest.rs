//! "Did you mean": the valid name closest to a misspelt one.

/// The name in `valid` closest to `given`, unless even that is too different.
pub fn nearest<'a>(given: &str, valid: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_ascii_lowercase();
    valid
        .into_iter()
        .map(|name| (score(&given, name), name))
        .filter(|(score, _)| *score >= 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// Similarity from 0 to 1. Names are close if one is a prefix of the other (`tracking_token`, `tracking_token_env`).
fn score(given: &str, name: &str) -> f64 {
    let lower = name.to_ascii_lowercase();
    let edits = strsim::normalized_damerau_levenshtein(given, &lower);
    if given.len() >= 3 && (lower.starts_with(given) || given.starts_with(&lower)) { edits.max(0.75) } else { edits }
}

/// ` (did you mean 'x'?)`, or an empty string.
pub fn did_you_mean<'a>(given: &str, valid: impl IntoIterator<Item = &'a str>) -> String {
    nearest(given, valid).map(|name| format!(" (did you mean '{name}'?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_letters_and_unfinished_names_are_recognised() {
        let valid = ["tracking_uri", "registry_uri", "tracking_token_env"];
        assert_eq!(nearest("trakcing_uri", valid), Some("tracking_uri"));
        assert_eq!(nearest("Registry_URI", valid), Some("registry_uri"));
        assert_eq!(nearest("tracking_token", valid), Some("tracking_token_env"));
    }

    #[test]
    fn something_quite_different_gets_no_suggestion() {
        assert_eq!(nearest("policy", ["tracking_uri", "registry_uri"]), None);
        assert_eq!(did_you_mean("x", ["mouse"]), "");
    }
}
