//! Match arms that drop what they do not know.

use std::collections::BTreeSet;

use super::source::Token;

/// What counts as dropping it.
const NOTHING: &[&[&str]] = &[
    &["{", "}"],
    &["(", ")"],
    &["continue"],
    &["return"],
    &["Response", ":", ":", "none", "(", ")"],
    &["return", "Response", ":", ":", "none", "(", ")"],
];

/// The names of the enums that are defined here.
pub fn enums(tokens: &[Token]) -> impl Iterator<Item = String> {
    tokens.windows(2).filter(|pair| pair[0].1 == "enum").map(|pair| pair[1].1.clone())
}

/// The lines of arms that match the rest of one of these enums and do nothing.
pub fn silent(tokens: &[Token], own: &BTreeSet<String>) -> Vec<usize> {
    let begins = (0..tokens.len()).filter(|at| tokens[*at].1 == "match");
    let mut lines = Vec::new();
    for arms in begins.filter_map(|at| arms(tokens, at)) {
        let names_own = |arm: &Arm<'_>| {
            let mut paths = arm.pattern.windows(2).filter(|pair| pair[1].1 == ":");
            paths.any(|pair| pair[0].1 == "Self" || own.contains(&pair[0].1))
        };
        if arms.iter().any(names_own) {
            lines.extend(arms.iter().filter(|arm| arm.takes_all() && arm.does_nothing()).map(|arm| arm.pattern[0].0));
        }
    }
    lines
}

struct Arm<'a> {
    pattern: &'a [Token],
    body: &'a [Token],
}

impl Arm<'_> {
    /// Whether the pattern is made of `_` and new names only.
    fn takes_all(&self) -> bool {
        let is_name = |word: &str| word.starts_with(|c: char| c.is_lowercase() || c == '_');
        let filler = |word: &str| matches!(word, "(" | ")" | ",");
        let known = |word: &str| matches!(word, "if" | "true" | "false");
        self.pattern.iter().all(|(_, word)| filler(word) || is_name(word) && !known(word))
            && self.pattern.iter().any(|(_, word)| is_name(word))
    }

    fn does_nothing(&self) -> bool {
        NOTHING.iter().any(|nothing| self.body.iter().map(|(_, word)| word.as_str()).eq(nothing.iter().copied()))
    }
}

/// The arms of the match that begins at `at`; none if it is no match expression.
fn arms(tokens: &[Token], at: usize) -> Option<Vec<Arm<'_>>> {
    let open = until(tokens, at + 1, |i| tokens[i].1 == "{")?;
    let close = after_group(tokens, open)? - 1;
    let (mut arms, mut i) = (Vec::new(), open + 1);
    while i < close {
        let arrow = until(tokens, i, |i| tokens[i].1 == "=" && tokens.get(i + 1).is_some_and(|(_, t)| t == ">"))?;
        let body = arrow + 2;
        let end = if tokens.get(body)?.1 == "{" {
            after_group(tokens, body)?
        } else {
            until(tokens, body, |i| matches!(tokens[i].1.as_str(), "," | "}"))?
        };
        arms.push(Arm { pattern: &tokens[i..arrow], body: &tokens[body..end] });
        i = end + usize::from(tokens.get(end)?.1 == ",");
    }
    Some(arms)
}

/// The first token from `begin` on, outside of brackets, of which `wanted` holds.
fn until(tokens: &[Token], begin: usize, wanted: impl Fn(usize) -> bool) -> Option<usize> {
    let mut i = begin;
    while i < tokens.len() {
        if wanted(i) {
            return Some(i);
        }
        i = if matches!(tokens[i].1.as_str(), "(" | "[" | "{") { after_group(tokens, i)? } else { i + 1 };
    }
    None
}

/// The position after the bracket that closes the one at `open`.
fn after_group(tokens: &[Token], open: usize) -> Option<usize> {
    let mut depth = 0;
    for (i, (_, token)) in tokens.iter().enumerate().skip(open) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(i + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::source::tokens;
    use super::*;

    fn found(text: &str) -> Vec<usize> {
        silent(&tokens(text), &BTreeSet::from(["Action".to_owned()]))
    }

    #[test]
    fn arms_that_drop_the_rest_of_an_own_enum_are_found() {
        for rest in
            ["_ => {}", "_ => (),", "other => {}", "(_, _) => Response::none(),", "_ => return Response::none()"]
        {
            let text = format!("match f(|| {{ 1 }}) {{\nAction::A {{ x }} if x >= 1 => {{ g(x) }}\n{rest}\n}}");
            assert_eq!(found(&text), [3], "{rest}");
        }
        let nested = "match x { Some(_) => match y {\n Action::A => 1, \n_ => {} }, None => 2 }";
        assert_eq!(found(nested), [3]);
    }

    #[test]
    fn arms_that_decide_are_not() {
        for arm in ["_ => Response::pass(action),", "Action::B => {}", "_ if late => {}", "None => {}", "_ => 1"] {
            assert_eq!(found(&format!("match x {{ Action::A => 1,\n{arm}\n}}")), [], "{arm}");
        }
        assert_eq!(found("match x { \"a\" => 1, _ => {} }"), []);
        assert_eq!(found("match x { Tag::A => 1, _ => {} }"), []);
    }
}
