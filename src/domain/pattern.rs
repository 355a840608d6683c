//! Patterns in configuration and policies: `*` matches any text, `?` one character, `[a-z]` one of these characters,
//! `[!a-z]` any other, `{a,b}` either alternative, and `\` escapes a character.

use std::cell::RefCell;
use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use super::text::clean_line;

/// Special characters; a text without any is a literal.
const SPECIAL: &[char] = &['*', '?', '[', ']', '{', '}', '\\'];

/// Patterns whose braces expand to more alternatives than this are rejected.
const MOST_ALTERNATIVES: usize = 256;

/// Longer patterns are rejected, in bytes.
const LONGEST: usize = 1_000;

/// Whether `pattern` matches only itself: such a name can be looked up directly.
pub fn is_literal(pattern: &str) -> bool {
    !pattern.contains(SPECIAL)
}

/// Whether `name` matches `pattern`.
pub fn matches(pattern: &str, name: &str) -> bool {
    thread_local! {
        // Lists call this thousands of times per frame; the cache is bounded by the number of configured patterns.
        static COMPILED: RefCell<HashMap<String, Option<Glob>>> = RefCell::default();
    }
    if is_literal(pattern) {
        return pattern == name;
    }
    COMPILED.with_borrow_mut(|compiled| {
        let fits = |glob: &Option<Glob>| glob.as_ref().map_or(pattern == name, |glob| glob.fits(name));
        if let Some(glob) = compiled.get(pattern) {
            return fits(glob);
        }
        let glob = Glob::of_names(pattern).ok();
        let fit = fits(&glob);
        compiled.insert(pattern.to_owned(), glob);
        fit
    })
}

/// Whether a pattern is valid.
///
/// # Errors
/// What is wrong with it, as a phrase.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    Glob::of_names(pattern).map(drop).map_err(|why| format!("'{}' is not a pattern: {why}", clean_line(pattern)))
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Glob {
    alternatives: Vec<Alternative>,
}

#[derive(Debug)]
enum Alternative {
    /// `*text*`: so are most patterns for metrics.
    Contains(String),
    Tokens(Vec<Token>),
}

impl Alternative {
    fn of(tokens: Vec<Token>) -> Self {
        let text = match tokens.as_slice() {
            [Token::Many { slash: true }, text @ .., Token::Many { slash: true }] => text,
            _ => return Self::Tokens(tokens),
        };
        let literal = |token: &Token| if let Token::Literal(c) = token { Some(*c) } else { None };
        text.iter().map(literal).collect::<Option<String>>().map_or(Self::Tokens(tokens), Self::Contains)
    }
}

#[derive(Debug)]
enum Token {
    Literal(char),
    /// One character; optionally no slash.
    One {
        slash: bool,
    },
    /// One character within these ranges, or outside all of them.
    Class {
        ranges: Vec<(char, char)>,
        negated: bool,
    },
    /// Any text; optionally without slashes.
    Many {
        slash: bool,
    },
    /// Makes the next token optional.
    Maybe,
    /// Any text that ends in a slash.
    Folders,
}

impl Glob {
    /// A pattern for names, where a slash is an ordinary character.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn of_names(pattern: &str) -> Result<Self, &'static str> {
        Self::new(pattern, true)
    }

    /// A pattern for paths, where `*` and `?` stay within one folder and `**` between slashes crosses folders.
    ///
    /// # Errors
    /// What is wrong with the pattern.
    pub fn of_paths(pattern: &str) -> Result<Self, &'static str> {
        Self::new(pattern, false)
    }

    fn new(pattern: &str, slash: bool) -> Result<Self, &'static str> {
        // Braces are read recursively: no deeper than this.
        if pattern.len() > LONGEST {
            return Err("it is too long");
        }
        let texts = alternatives(pattern)?;
        Ok(Self {
            alternatives: texts
                .iter()
                .map(|text| tokens(text, slash).map(Alternative::of))
                .collect::<Result<_, _>>()?,
        })
    }

    /// Whether the whole of `text` matches.
    pub fn fits(&self, text: &str) -> bool {
        self.alternatives.iter().any(|alternative| match alternative {
            Alternative::Contains(part) => text.contains(part.as_str()),
            Alternative::Tokens(tokens) => fit(tokens, text),
        })
    }
}

/// Follows all alternatives at once, so that the time is bounded by pattern length times text length.
fn fit(tokens: &[Token], text: &str) -> bool {
    // For each token, whether the tokens before it match the text so far.
    let mut here = vec![false; tokens.len() + 2];
    here[0] = true;
    pass_empty(tokens, &mut here);
    let mut next = here.clone();
    for c in text.chars() {
        next.fill(false);
        for (i, token) in tokens.iter().enumerate().filter(|(i, _)| here[*i]) {
            match token {
                Token::Literal(wanted) => next[i + 1] |= *wanted == c,
                Token::One { slash } => next[i + 1] |= *slash || c != '/',
                Token::Class { ranges, negated } => {
                    let listed = ranges.iter().any(|(from, to)| (*from..=*to).contains(&c));
                    next[i + 1] |= listed != *negated;
                }
                Token::Many { slash } => next[i] |= *slash || c != '/',
                Token::Maybe => {}
                Token::Folders => {
                    next[i] = true;
                    next[i + 1] |= c == '/';
                }
            }
        }
        if !next.contains(&true) {
            return false;
        }
        pass_empty(tokens, &mut next);
        std::mem::swap(&mut here, &mut next);
    }
    here[tokens.len()]
}

/// Advances over tokens that can match nothing.
fn pass_empty(tokens: &[Token], here: &mut [bool]) {
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Many { .. } => here[i + 1] |= here[i],
            Token::Maybe => {
                here[i + 1] |= here[i];
                here[i + 2] |= here[i];
            }
            Token::Literal(_) | Token::One { .. } | Token::Class { .. } | Token::Folders => {}
        }
    }
}

/// Expands the braces of a pattern. Drops empty alternatives if there are others.
fn alternatives(pattern: &str) -> Result<Vec<String>, &'static str> {
    let mut rest = pattern.chars().peekable();
    let all = sequence(&mut rest, false)?;
    if rest.next().is_some() { Err("a '}' without '{' before it") } else { Ok(all) }
}

/// Reads to the end of the pattern or, within braces, to the `,` or `}` that ends the alternative.
fn sequence(rest: &mut Peekable<Chars<'_>>, braced: bool) -> Result<Vec<String>, &'static str> {
    let mut all = vec![String::new()];
    while let Some(c) = rest.next_if(|c| *c != '}' && !(braced && *c == ',')) {
        let more = match c {
            '{' => braces(rest)?,
            '\\' => vec![format!("\\{}", rest.next().ok_or("nothing follows the last '\\'")?)],
            '[' => vec![class(rest)?],
            _ => vec![c.to_string()],
        };
        if all.len() * more.len() > MOST_ALTERNATIVES {
            return Err("its braces stand for too many texts");
        }
        all = all.iter().flat_map(|start| more.iter().map(move |end| format!("{start}{end}"))).collect();
    }
    Ok(all)
}

fn braces(rest: &mut Peekable<Chars<'_>>) -> Result<Vec<String>, &'static str> {
    let mut all = Vec::new();
    loop {
        all.extend(sequence(rest, true)?);
        match rest.next() {
            Some(',') => {}
            Some(_) => break,
            None => return Err("a '{' without '}' after it"),
        }
    }
    all.retain(|text| !text.is_empty());
    Ok(if all.is_empty() { vec![String::new()] } else { all })
}

/// Reads a character class; the opening bracket was already consumed.
fn class(rest: &mut Peekable<Chars<'_>>) -> Result<String, &'static str> {
    let mut class = String::from("[");
    class.extend(rest.next_if(|c| matches!(c, '!' | '^')));
    // A leading `]` is a member of the class.
    class.extend(rest.next_if_eq(&']'));
    loop {
        let c = rest.next().ok_or("a '[' without ']' after it")?;
        class.push(c);
        if c == ']' {
            return Ok(class);
        }
    }
}

/// Tokenizes a pattern without braces.
fn tokens(text: &str, slash: bool) -> Result<Vec<Token>, &'static str> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    let mut before = None;
    while let Some(c) = rest.next() {
        let starts = before.is_none_or(|c| c == '/');
        before = Some(c);
        match c {
            '?' => tokens.push(Token::One { slash }),
            '[' => tokens.push(ranges(&class(&mut rest)?)?),
            '\\' => tokens.extend(rest.next().map(Token::Literal)),
            '*' if starts && rest.next_if_eq(&'*').is_some() => match rest.peek() {
                None => tokens.push(Token::Many { slash: true }),
                Some('/') => {
                    rest.next();
                    before = Some('/');
                    tokens.extend([Token::Maybe, Token::Folders]);
                }
                Some(_) => tokens.push(Token::Many { slash }),
            },
            '*' => tokens.push(Token::Many { slash }),
            _ => tokens.push(Token::Literal(c)),
        }
    }
    Ok(tokens)
}

fn ranges(class: &str) -> Result<Token, &'static str> {
    let inner = class.strip_prefix('[').and_then(|c| c.strip_suffix(']')).unwrap_or(class);
    let negated = inner.starts_with(['!', '^']);
    let listed: Vec<char> = inner.chars().skip(usize::from(negated)).collect();
    let (mut ranges, mut at) = (Vec::new(), 0);
    while let Some(from) = listed.get(at) {
        let to = listed.get(at + 2).filter(|_| listed.get(at + 1) == Some(&'-'));
        ranges.push((*from, *to.unwrap_or(from)));
        at += if to.is_some() { 3 } else { 1 };
    }
    if ranges.iter().any(|(from, to)| from > to) {
        return Err("a range ends before it begins");
    }
    Ok(Token::Class { ranges, negated })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_fits_what_its_stars_and_marks_stand_for() {
        for (pattern, fits, does_not) in [
            ("auc", "auc", "roc_auc"),
            ("*auc*", "val_auc_2", "acu"),
            ("v?", "v1", "v12"),
            ("a/b", "a/b", "a"),
            ("val*", "val/auc", "eval"),
            ("客?", "客户", "客户流"),
            ("{val,test}_[a-c]*", "test_b", "test_d"),
            ("[!a-c]\\*", "d*", "a*"),
        ] {
            assert!(matches(pattern, fits), "{pattern} {fits}");
            assert!(!matches(pattern, does_not), "{pattern} {does_not}");
        }
    }

    #[test]
    fn what_cannot_be_compiled_names_itself() {
        for pattern in ["[", "{a", "a}", "[b-a]", "x\\", &"{a,b}".repeat(9), &"{".repeat(1_000), &"{".repeat(1_000_000)]
        {
            assert!(check_pattern(pattern).is_err(), "{pattern}");
            assert!(matches(pattern, pattern) && !matches(pattern, "x"), "{pattern}");
        }
    }

    #[test]
    fn no_pattern_takes_longer_than_its_length_times_the_text() {
        let (pattern, text) = ("*a".repeat(200), "a".repeat(2_000) + "b");
        assert!(!matches(&pattern, &text));
    }

    proptest! {
        /// Same results as globset, except for a bare `**/`, which globset treats as `**`.
        #[test]
        fn a_pattern_means_what_it_means_to_globset(
            pattern in "([ab/*?,]|\\*\\*/|/\\*\\*|\\{a,b\\*\\}|\\{[ab]?,x\\}|\\[!?[ab]-?[ab]\\]|\\\\[*?a]){0,6}",
            text in "[ab/*]{0,7}",
        ) {
            prop_assume!(pattern.is_empty() || !pattern.replace("**/", "").is_empty());
            for slash in [true, false] {
                let theirs = globset::GlobBuilder::new(&pattern).literal_separator(!slash).build();
                let ours = Glob::new(&pattern, slash);
                prop_assert_eq!(theirs.is_ok(), ours.is_ok(), "{}", pattern);
                if let (Ok(theirs), Ok(ours)) = (theirs, ours) {
                    let fits = theirs.compile_matcher().is_match(&text);
                    prop_assert_eq!(fits, ours.fits(&text), "{} {} {}", pattern, text, slash);
                }
            }
        }
    }
}
