//! The part of MLflow's filter language that the demo supports: comparisons joined by AND.
//!
//! Refusals use MLflow's wording (taken from 3.17).

use super::super::Refusal;
use super::super::world::TrainingRun;
use crate::domain::ids::RunId;
use crate::domain::text::clean_line;

/// Conditions that must all hold.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Filter(Vec<Condition>);

#[derive(Clone, Debug, PartialEq)]
struct Condition {
    of: Of,
    key: String,
    test: Test,
    value: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Metric,
    Param,
    Tag,
    Attribute,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Test {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Like,
    ILike,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Number(f64),
    Text(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// A name, a number or a keyword.
    Word(String),
    /// In single or double quotes: a value or (with double quotes or backticks) part of a name.
    Quoted(String),
    Sign(&'static str),
}

const SIGNS: [(&str, Test); 6] = [
    ("!=", Test::NotEqual),
    (">=", Test::GreaterOrEqual),
    ("<=", Test::LessOrEqual),
    ("=", Test::Equal),
    (">", Test::Greater),
    ("<", Test::Less),
];
const TEXT_ATTRIBUTES: [&str; 5] = ["run_id", "run_name", "status", "user_id", "artifact_uri"];
const NUMBER_ATTRIBUTES: [&str; 2] = ["start_time", "end_time"];

impl Filter {
    /// # Errors
    /// [`Refusal::Invalid`] with a sentence, for everything that is not supported.
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        let tokens = tokens(text)?;
        let and = |t: &Token| matches!(t, Token::Word(w) if w.eq_ignore_ascii_case("and"));
        // Like the real servers, accepts a surplus AND.
        let clauses = tokens.split(and).filter(|clause| !clause.is_empty());
        clauses.map(condition).collect::<Result<_, _>>().map(Self)
    }

    /// Whether the run meets every condition.
    pub(super) fn matches(&self, id: &RunId, run: &TrainingRun) -> bool {
        self.0.iter().all(|c| c.holds(id, run))
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, Refusal> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(c) = rest.chars().next() {
        if let Some((sign, _)) = SIGNS.iter().find(|(s, _)| rest.starts_with(s)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if matches!(c, '\'' | '"') {
            let (inner, after) = rest[1..].split_once(c).ok_or_else(|| invalid(&[rest.to_owned()]))?;
            tokens.push(Token::Quoted(inner.to_owned()));
            rest = after;
        } else {
            let taken = word(rest)?;
            tokens.push(Token::Word(rest[..taken].to_owned()));
            rest = &rest[taken..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

/// The length of the word at the start of `text`. Backticks and double quotes group parts of names.
fn word(text: &str) -> Result<usize, Refusal> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match quote {
            Some(q) if c == q => quote = None,
            Some(_) => {}
            None if c == '`' || (c == '"' && at > 0) => quote = Some(c),
            None if c.is_whitespace() || "=!<>'".contains(c) => {
                return if at == 0 { Err(invalid(&[c.to_string()])) } else { Ok(at) };
            }
            None => {}
        }
    }
    if quote.is_some() { Err(invalid(&[text.to_owned()])) } else { Ok(text.len()) }
}

fn condition(tokens: &[Token]) -> Result<Condition, Refusal> {
    let [Token::Word(name), test, value] = tokens else {
        return Err(invalid(&tokens.iter().map(spelled).collect::<Vec<_>>()));
    };
    let test = match test {
        Token::Sign(sign) => SIGNS.iter().find(|(s, _)| s == sign).map(|(_, t)| *t),
        Token::Word(w) if w.eq_ignore_ascii_case("like") => Some(Test::Like),
        Token::Word(w) if w.eq_ignore_ascii_case("ilike") => Some(Test::ILike),
        _ => None,
    };
    let test = test.ok_or_else(|| invalid(&tokens.iter().map(spelled).collect::<Vec<_>>()))?;
    let (of, key) = key(name)?;
    let numeric = of == Of::Metric || (of == Of::Attribute && NUMBER_ATTRIBUTES.contains(&key.as_str()));
    let textual = matches!(test, Test::Like | Test::ILike);
    let fits = if numeric { !textual } else { textual || matches!(test, Test::Equal | Test::NotEqual) };
    if !fits {
        let known = if numeric { "=, !=, >, >=, <, <=" } else { "=, !=, LIKE, ILIKE" };
        return refuse(format!("Invalid comparator '{}' not one of '{known}'", spelled(&tokens[1])));
    }
    let value = match (value, numeric) {
        (Token::Word(w), true) => w.parse::<f64>().ok().filter(|n| n.is_finite()).map(Value::Number),
        (Token::Quoted(text), false) => Some(Value::Text(text.clone())),
        _ => None,
    };
    match value {
        Some(value) => Ok(Condition { of, key, test, value }),
        None if numeric => refuse(format!("Expected numeric value type for {key}. Found {}", spelled(&tokens[2]))),
        None => {
            refuse(format!("Expected a quoted string value for {key} (e.g. 'my-value'). Got {}", spelled(&tokens[2])))
        }
    }
}

/// Splits `metrics.auc`; the first part is optional for attributes.
fn key(name: &str) -> Result<(Of, String), Refusal> {
    let (kind, key) = name.split_once('.').unwrap_or(("attributes", name));
    let of = match kind {
        "metrics" | "metric" => Of::Metric,
        "params" | "param" | "parameters" | "parameter" => Of::Param,
        "tags" | "tag" => Of::Tag,
        "attributes" | "attribute" | "attr" | "run" => Of::Attribute,
        other => {
            return refuse(format!(
                "Invalid entity type '{}'. Valid values are ['attributes', 'metrics', 'params', 'tags']",
                clean_line(other)
            ));
        }
    };
    let bare = |q: char| key.strip_prefix(q).and_then(|k| k.strip_suffix(q));
    let key = bare('`').or_else(|| bare('"')).unwrap_or(key).to_owned();
    if of == Of::Attribute && !TEXT_ATTRIBUTES.contains(&key.as_str()) && !NUMBER_ATTRIBUTES.contains(&key.as_str()) {
        let known = TEXT_ATTRIBUTES.into_iter().chain(NUMBER_ATTRIBUTES).collect::<Vec<_>>().join("', '");
        return refuse(format!("Invalid attribute key '{}' specified. Valid keys are '{known}'", clean_line(&key)));
    }
    Ok((of, key))
}

impl Condition {
    fn holds(&self, id: &RunId, run: &TrainingRun) -> bool {
        match &self.value {
            Value::Number(wanted) => {
                let time = |t: jiff::Timestamp| {
                    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are below 2^52")]
                    let ms = t.as_millisecond() as f64;
                    ms
                };
                let found = match (self.of, self.key.as_str()) {
                    (Of::Metric, key) => run.metrics.get(key).map(|v| v.0),
                    (_, "start_time") => Some(time(run.started_at)),
                    _ => run.ended_at.map(time),
                };
                found.is_some_and(|found| self.compares(found, *wanted))
            }
            Value::Text(wanted) => {
                let found = match (self.of, self.key.as_str()) {
                    (Of::Param, key) => run.params.get(key).map(String::as_str),
                    (Of::Tag, key) => run.tags.get(key).map(String::as_str),
                    (_, "run_id") => Some(id.as_str()),
                    (_, "run_name") => Some(run.name.as_str()),
                    (_, "status") => Some(run.status.as_str()),
                    (_, "user_id") => Some(run.user.as_str()),
                    _ => None,
                };
                found.is_some_and(|found| match self.test {
                    Test::Equal => found == wanted,
                    Test::NotEqual => found != wanted,
                    Test::ILike => like(&found.to_lowercase(), &wanted.to_lowercase()),
                    _ => like(found, wanted),
                })
            }
        }
    }

    /// False for NaN, as in the servers' databases.
    #[expect(clippy::float_cmp, reason = "that is what the filter says")]
    fn compares(&self, found: f64, wanted: f64) -> bool {
        match self.test {
            Test::Equal => found == wanted,
            Test::NotEqual => found != wanted && !found.is_nan(),
            Test::Less => found < wanted,
            Test::LessOrEqual => found <= wanted,
            Test::Greater => found > wanted,
            Test::GreaterOrEqual => found >= wanted,
            Test::Like | Test::ILike => false,
        }
    }
}

/// SQL's LIKE: `%` matches anything, `_` one character.
fn like(text: &str, pattern: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    // Which prefix lengths of the text the pattern so far matches.
    let mut covered = vec![false; text.len() + 1];
    covered[0] = true;
    for p in pattern.chars() {
        let mut next = vec![false; text.len() + 1];
        let mut any = false;
        for at in 0..=text.len() {
            any |= covered[at];
            next[at] = match p {
                '%' => any,
                _ => at > 0 && covered[at - 1] && (p == '_' || text[at - 1] == p),
            };
        }
        covered = next;
    }
    covered[text.len()]
}

fn spelled(token: &Token) -> String {
    match token {
        Token::Word(word) => word.clone(),
        Token::Quoted(text) => format!("'{text}'"),
        Token::Sign(sign) => (*sign).to_owned(),
    }
}

fn invalid(parts: &[String]) -> Refusal {
    let parts: Vec<String> = parts.iter().map(|p| format!("'{}'", clean_line(p))).collect();
    Refusal::Invalid(format!("Invalid clause(s) in filter string: {}", parts.join(", ")))
}

fn refuse<T>(sentence: String) -> Result<T, Refusal> {
    Err(Refusal::Invalid(clean_line(&sentence)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn sentence(text: &str) -> String {
        Filter::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn what_mlflow_refuses_is_refused_in_its_words() {
        for (text, said) in [
            ("metrics.auc >", "Invalid clause(s) in filter string: 'metrics.auc', '>'"),
            ("params.x", "Invalid clause(s) in filter string: 'params.x'"),
            ("'", "Invalid clause(s) in filter string: '''"),
            (
                "metrics.a > 1 OR b > 1",
                "Invalid clause(s) in filter string: 'metrics.a', '>', '1', 'OR', 'b', '>', '1'",
            ),
            ("metrics.a > 'x'", "Expected numeric value type for a. Found 'x'"),
            ("metrics.a = nan", "Expected numeric value type for a. Found nan"),
            ("params.depth = 3", "Expected a quoted string value for depth (e.g. 'my-value'). Got 3"),
            ("params.a > '3'", "Invalid comparator '>' not one of '=, !=, LIKE, ILIKE'"),
            ("metrics.a LIKE 3", "Invalid comparator 'LIKE' not one of '=, !=, >, >=, <, <='"),
            ("x.a = 'x'", "Invalid entity type 'x'. Valid values are ['attributes', 'metrics', 'params', 'tags']"),
        ] {
            assert_eq!(sentence(text), said, "{text}");
        }
        assert!(sentence("foo = 'x'").starts_with("Invalid attribute key 'foo' specified. Valid keys are 'run_id', "));
        assert!(sentence("\u{1b}[2J = 'x'").contains('␛'));
    }

    #[test]
    fn patterns_match_as_in_sql() {
        for (text, pattern, fits) in [
            ("dana", "d%", true),
            ("dana", "D%", false),
            ("dana", "_an_", true),
            ("dana", "%n%a%", true),
            ("dana", "dan", false),
            ("", "%", true),
            ("a%b", "a%b", true),
        ] {
            assert_eq!(like(text, pattern), fits, "{text} {pattern}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(
            text in r"((metrics|params|tags)[.][a-z`\x22]{1,3}|AND|LIKE|[=<>!]{1,2}|'|[0-9]|\PC| ){0,9}",
        ) {
            if let Err(refusal) = Filter::parse(&text) {
                prop_assert!(!refusal.to_string().chars().any(char::is_control));
            }
        }
    }
}
