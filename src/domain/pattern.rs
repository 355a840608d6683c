//! Name patterns of configuration and policies: `*` stands for any text, `?` for one character.

use std::cell::RefCell;
use std::collections::HashMap;

use globset::{Glob, GlobMatcher};

use super::text::clean_line;

/// Characters that make a text a pattern; without them it names itself.
const SPECIAL: &[char] = &['*', '?', '[', ']', '{', '}', '\\'];

/// Whether `pattern` fits nothing but itself: such a name can be looked up instead of searched for.
pub fn is_literal(pattern: &str) -> bool {
    !pattern.contains(SPECIAL)
}

/// Whether `name` fits `pattern`.
pub fn matches(pattern: &str, name: &str) -> bool {
    thread_local! {
        // A pattern costs some 50 µs to compile, and lists ask thousands of times a frame; there are only as many
        // patterns as the configuration has.
        static COMPILED: RefCell<HashMap<String, Option<GlobMatcher>>> = RefCell::default();
    }
    if is_literal(pattern) {
        return pattern == name;
    }
    COMPILED.with_borrow_mut(|compiled| {
        let fits = |glob: &Option<GlobMatcher>| glob.as_ref().map_or(pattern == name, |glob| glob.is_match(name));
        if let Some(glob) = compiled.get(pattern) {
            return fits(glob);
        }
        let glob = Glob::new(pattern).ok().map(|glob| glob.compile_matcher());
        let fit = fits(&glob);
        compiled.insert(pattern.to_owned(), glob);
        fit
    })
}

/// Whether a pattern with `*` and `?` can be used.
///
/// # Errors
/// A phrase that says what is wrong with it.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    Glob::new(pattern)
        .map(|_| ())
        .map_err(|e| format!("'{}' is not a pattern: {}", clean_line(pattern), clean_line(&e.kind().to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_what_its_stars_and_marks_stand_for() {
        for (pattern, fits, does_not) in
            [("auc", "auc", "roc_auc"), ("*auc*", "val_auc_2", "acu"), ("v?", "v1", "v12"), ("a/b", "a/b", "a")]
        {
            assert!(matches(pattern, fits), "{pattern} {fits}");
            assert!(!matches(pattern, does_not), "{pattern} {does_not}");
        }
    }

    #[test]
    fn what_cannot_be_compiled_names_itself() {
        assert!(check_pattern("[").is_err());
        assert!(matches("[", "[") && !matches("[", "x"));
    }
}
