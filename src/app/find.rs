//! What a filter line finds: `letters` in this order, `!without`, `/regular expression/`.

use regex_lite::Regex;

use super::fuzzy;

/// Indices of the `items` whose text fits `query`, in their order.
///
/// Plain text is found by its letters, as nucleo reads it: several words must all match, `^` and `$` are beginning and end,
/// and `'` asks for the letters in a row. `!` takes the texts that do not hold what follows. A slash begins a regular
/// expression, which a second slash may end; `!/…/` takes what it does not fit. Letters without a capital fit capitals
/// too.
///
/// # Errors
/// A sentence about a regular expression that cannot be read.
pub fn pick<T>(query: &str, items: &[T], text: impl Fn(&T) -> String) -> Result<Vec<usize>, String> {
    let query = query.trim();
    let (wanted, rest) = query.strip_prefix('!').map_or((true, query), |rest| (false, rest));
    let Some(pattern) = rest.strip_prefix('/') else {
        return Ok(if wanted { fuzzy::filter(query, items, text) } else { without(rest.trim(), items, text) });
    };
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
    if pattern.is_empty() {
        return Ok((0..items.len()).collect());
    }
    let smart = if pattern.chars().any(char::is_uppercase) { "" } else { "(?i)" };
    let regex = Regex::new(&format!("{smart}{pattern}"))
        .map_err(|why| format!("This is no regular expression yet: {}.", last_line(&why.to_string())))?;
    Ok((0..items.len()).filter(|i| regex.is_match(&text(&items[*i])) == wanted).collect())
}

/// Indices of the `items` that do not hold `part`.
fn without<T>(part: &str, items: &[T], text: impl Fn(&T) -> String) -> Vec<usize> {
    let smart = !part.chars().any(char::is_uppercase);
    let holds = |text: String| if smart { text.to_lowercase().contains(part) } else { text.contains(part) };
    (0..items.len()).filter(|i| part.is_empty() || !holds(text(&items[*i]))).collect()
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default().trim().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn letters_negations_and_regular_expressions_are_found() {
        let items = ["auc", "recall", "latency_ms", "AUC pr", "客户 auc"];
        let found = |query: &str| pick(query, &items, |s| (*s).to_owned()).unwrap();
        for (query, expected) in [
            ("", vec![0, 1, 2, 3, 4]),
            ("auc", vec![0, 3, 4]),
            ("!auc", vec![1, 2]),
            ("/^a/", vec![0, 3]),
            ("/^a", vec![0, 3]),
            ("/^A/", vec![3]),
            ("!/a[ul]/", vec![2]),
            ("/_ms$/", vec![2]),
            ("/.户/", vec![4]),
            ("/", vec![0, 1, 2, 3, 4]),
            ("!/", vec![0, 1, 2, 3, 4]),
            ("!", vec![0, 1, 2, 3, 4]),
        ] {
            assert_eq!(found(query), expected, "{query}");
        }
        let why = pick("/a(/", &items, |s| (*s).to_owned()).unwrap_err();
        assert!(why.starts_with("This is no regular expression yet: "), "{why}");
    }

    #[test]
    fn an_expression_made_to_take_forever_does_not() {
        let text = "a".repeat(2_000);
        let found = pick("/(a*)*(a*)*b$/", &[text], String::clone).unwrap();
        assert_eq!(found, Vec::<usize>::new());
    }
}
