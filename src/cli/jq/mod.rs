//! `--jq`: what a jq expression selects from the JSON of a command.
//!
//! An expression is compiled when the command line is read, so that a mistake in it costs no request. It computes on
//! the document alone: nothing that reads files, more input or the environment is there.

mod division;
mod library;

use std::fmt;
use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::Arc;

use jaq_core::compile::Undefined;
use jaq_core::data::JustLut;
use jaq_core::load::parse::Def;
use jaq_core::load::{Arena, Error, File, Loader, parse};
use jaq_core::{Compiler, Ctx, Filter, Vars};
use jaq_json::{Num, Val, read};

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::nearest::did_you_mean;
use crate::domain::text::{clean_line, count, shorten};

/// What filters work on.
type Data = JustLut<Val>;

/// The definition that holds the expression.
const EXPRESSION: &str = "expression_";
/// Most characters of an expression or a value that a message quotes.
const QUOTED: usize = 160;

/// A jq expression that compiles.
#[derive(Clone)]
pub struct Query {
    text: String,
    filter: Arc<Filter<Data>>,
}

/// One result of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A string, as it is.
    Raw(String),
    /// Any other value, as JSON on one line.
    Json(String),
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Query").field(&self.text).finish()
    }
}

impl FromStr for Query {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // As in jq, nothing is the document itself.
        let code = if text.trim().is_empty() { "." } else { text };
        let arena = Arena::default();
        Loader::new([])
            .load(&arena, File { code, path: () })
            .map_err(|errors| errors.first().map_or_else(String::new, |(_, error)| unreadable(code, error)))?;
        let body = parse(code, |parser| parser.term()).map(division::checked);
        let body = body.ok_or_else(|| "modules cannot be used".to_owned())?;
        let expression = Def { name: EXPRESSION, args: Vec::new(), body };
        let modules = Loader::new(library::definitions().chain([expression]))
            .load(&arena, File { code: EXPRESSION, path: () })
            .map_err(|errors| errors.first().map_or_else(String::new, |(_, error)| unreadable(code, error)))?;
        let filter = Compiler::default().with_funs(library::functions()).compile(modules).map_err(|errors| {
            let first = errors.first().and_then(|(_, errors)| errors.first());
            first.map_or_else(String::new, |(name, kind)| undefined(code, name, kind))
        })?;
        Ok(Self { text: text.to_owned(), filter: Arc::new(filter) })
    }
}

impl Query {
    /// Gives each result for a JSON document to `each`, in order, until that breaks off.
    ///
    /// # Errors
    /// The error of the expression, after the results before it.
    pub fn run(&self, json: &str, mut each: impl FnMut(Answer) -> ControlFlow<()>) -> Outcome<()> {
        let refuse = |kind, why: String| {
            let what = format!("apply --jq '{}'", shorten(&clean_line(&self.text), QUOTED));
            Failure::new(kind, Service::Local, what, why)
        };
        let input = read::parse_single(json.as_bytes()).map_err(|error| refuse(FailureKind::Bug, error.to_string()))?;
        let context = Ctx::<Data>::new(&self.filter.lut, Vars::new([]));
        for result in self.filter.id.run((context, input)) {
            let answer = match result.map_err(jaq_core::Exn::get_err) {
                Ok(value) => Answer::of(&value),
                Err(Ok(error)) => {
                    let why = match Answer::of(&error.into_val()) {
                        Answer::Raw(why) | Answer::Json(why) => shorten(&clean_line(&why), QUOTED),
                    };
                    let hint = "Its results before this are printed. `--json` prints what it works on.";
                    return Err(refuse(FailureKind::Rejected, why).with_hint(hint));
                }
                // `halt`
                Err(Err(_)) => break,
            };
            if each(answer).is_break() {
                break;
            }
        }
        Ok(())
    }
}

impl Answer {
    fn of(value: &Val) -> Self {
        match value {
            Val::TStr(text) | Val::BStr(text) => Self::Raw(String::from_utf8_lossy(text).into_owned()),
            Val::Null | Val::Bool(_) | Val::Num(_) | Val::Arr(_) | Val::Obj(_) => {
                let mut out = String::new();
                write(&mut out, value);
                Self::Json(out)
            }
        }
    }
}

/// Writes a value as JSON. What JSON does not know is written as jq does: no number as null, bytes as text.
fn write(out: &mut String, value: &Val) {
    match value {
        Val::Null => out.push_str("null"),
        Val::Bool(true) => out.push_str("true"),
        Val::Bool(false) => out.push_str("false"),
        Val::Num(Num::Float(x)) if x.is_nan() => out.push_str("null"),
        Val::Num(Num::Float(x)) if x.is_infinite() => {
            out.push_str(if x.is_sign_negative() { "-1.7976931348623157e308" } else { "1.7976931348623157e308" });
        }
        // What was computed, as jq writes it; what was read keeps its digits.
        Val::Num(Num::Float(x)) if x.fract() == 0.0 && x.abs() < 1e17 => out.push_str(&format!("{x:.0}")),
        Val::Num(number) => out.push_str(&number.to_string()),
        Val::TStr(text) | Val::BStr(text) => string(out, &String::from_utf8_lossy(text)),
        Val::Arr(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write(out, value);
            }
            out.push(']');
        }
        Val::Obj(fields) => {
            out.push('{');
            for (index, (key, value)) in fields.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                match Answer::of(key) {
                    Answer::Raw(key) | Answer::Json(key) => string(out, &key),
                }
                out.push(':');
                write(out, value);
            }
            out.push('}');
        }
    }
}

fn string(out: &mut String, text: &str) {
    // The JSON of a string, as serde writes it.
    out.push_str(&serde_json::Value::from(text).to_string());
}

/// Where an expression cannot be read, and what is expected there.
fn unreadable(code: &str, error: &Error<&str>) -> String {
    use jaq_core::load::{lex, parse};
    let first = match error {
        Error::Lex(errors) => errors.first().map(|(expected, at)| {
            let said = match expected {
                lex::Expect::Token => "this is not part of jq".to_owned(),
                lex::Expect::Delim(_) => format!("a {} is missing", expected.as_str()),
                other => format!("expected a {}", other.as_str()),
            };
            (*at, said)
        }),
        Error::Parse(errors) => errors.first().map(|(expected, at)| {
            let said = match expected {
                parse::Expect::Just(word) => format!("expected '{word}'"),
                parse::Expect::Nothing => "the expression should end before it".to_owned(),
                parse::Expect::ElseOrEnd => "expected 'else' or 'end'".to_owned(),
                parse::Expect::Term => "expected an expression".to_owned(),
                other => format!("expected: {}", other.as_str()),
            };
            (*at, said)
        }),
        Error::Io(errors) => errors.first().map(|(at, _)| (*at, "modules cannot be used".to_owned())),
    };
    first.map_or_else(|| "it cannot be read".to_owned(), |(at, said)| format!("{}: {said}", place(code, at)))
}

fn undefined(code: &str, name: &str, kind: &Undefined) -> String {
    let at = place(code, name);
    let shown = shorten(&clean_line(name), QUOTED);
    match kind {
        Undefined::Filter(_) if library::LEFT_OUT.contains(&name) => {
            format!("{at}: {shown} cannot be used: an expression computes on the JSON alone")
        }
        Undefined::Filter(arity) => {
            let arguments = if *arity == 0 { "no argument".to_owned() } else { count(*arity, "argument") };
            let known = library::names();
            let hint = if known.iter().any(|known| known == name) {
                String::new()
            } else {
                did_you_mean(name, known.iter().map(String::as_str))
            };
            format!("{at}: there is no filter {shown} that takes {arguments}{hint}")
        }
        other => format!("{at}: there is no {} {shown}", other.as_str()),
    }
}

/// `at character 3, '[0'`
fn place(code: &str, part: &str) -> String {
    let offset = (part.as_ptr() as usize).checked_sub(code.as_ptr() as usize);
    match offset.and_then(|offset| code.get(..offset)).map(|before| before.chars().count() + 1) {
        Some(_) if part.is_empty() => "at its end".to_owned(),
        Some(character) => format!("at character {character}, '{}'", shorten(&clean_line(part), 24)),
        None => format!("at '{}'", shorten(&clean_line(part), 24)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lines(expression: &str, json: &str) -> (Vec<String>, Option<Failure>) {
        let mut out = Vec::new();
        let end = expression.parse::<Query>().unwrap().run(json, |answer| {
            out.push(match answer {
                Answer::Raw(text) | Answer::Json(text) => text,
            });
            ControlFlow::Continue(())
        });
        (out, end.err())
    }

    fn value(expression: &str, json: &str) -> String {
        let (out, failure) = lines(expression, json);
        assert_eq!(failure, None, "{expression}");
        out.join("|")
    }

    #[test]
    fn strings_are_raw_and_other_values_are_json_on_one_line() {
        assert_eq!(
            value(".[]", r#"["a\nb", 1, 1.50, true, null, {"k":["é\u001b"]}]"#),
            concat!("a\nb|1|1.50|true|null|", r#"{"k":["é\u001b"]}"#)
        );
        assert_eq!(value("", r#"{"b":1,"a":0.0}"#), r#"{"b":1,"a":0.0}"#);
        assert_eq!(
            value("nan, infinite, {(1|tostring): -infinite}", "null"),
            r#"null|1.7976931348623157e308|{"1":-1.7976931348623157e308}"#
        );
    }

    /// What jq 1.7 answers.
    #[test]
    fn what_people_write_for_gh_works_as_in_jq() {
        let list = r#"[{"n":"b","v":2,"t":["x",null]},{"n":"a","v":10,"t":[]}]"#;
        for (expression, expected) in [
            ("length", "2"),
            ("map(.v) | add", "12"),
            ("sort_by(.n)[0].n", "a"),
            (r#".[] | select(.v > 5) | "\(.n): \(.v)""#, "a: 10"),
            (".[0] | to_entries | map(.key) | join(\",\")", "n,v,t"),
            (".[0].t | join(\"-\")", "x-"),
            ("[.[].n] | join(\" \")", "b a"),
            (".[] | [.n, .v] | @tsv", "b\t2|a\t10"),
            (r#"["a\"b", 1, null, true] | @csv"#, r#""a""b",1,,true"#),
            (r#"["a\tb\\", "c\nd"] | @tsv"#, "a\\tb\\\\\tc\\nd"),
            (r#""it's" | @sh"#, r"'it'\''s'"),
            (r#""a b&c/é" | @uri, (@base64 | ., @base64d)"#, "a%20b%26c%2F%C3%A9|YSBiJmMvw6k=|a b&c/é"),
            (r#""<a href='x'>" | @html"#, "&lt;a href=&#39;x&#39;&gt;"),
            (
                r#""telco-v42" | test("^TELCO"; "i"), (capture("v(?<n>[0-9]+)").n), sub("v"; "V"), gsub("[a-z]"; "")"#,
                "true|42|telco-V42|-42",
            ),
            (
                r#""a1b22" | [scan("[0-9]+")], [match("[0-9]+"; "g").offset], split("[0-9]+"; null)"#,
                r#"["1","22"]|[1,3]|["a","b",""]"#,
            ),
            ("16 | sqrt, pow(.; 2), log2, (. / 3 | floor)", "4|256|4|5"),
            (r#""2026-11-23T09:00:00Z" | fromdate, (fromdate | todate)"#, "1795424400|2026-11-23T09:00:00Z"),
            (r#""2026-11-23T09:00:00.5Z" | fromdate"#, "1795424400.5"),
            ("now > 1700000000", "true"),
            ("[.[].v] | any(. > 9), all(. > 9), (map(IN(2, 3)) | tojson)", "true|false|[true,false]"),
            ("INDEX(.n).a.v", "10"),
            (".[0] | with_entries(select(.key != \"t\"))", r#"{"n":"b","v":2}"#),
            ("first(.[] | select(.v == 99)) // \"none\"", "none"),
            ("[paths(type == \"number\")] | length", "2"),
            ("group_by(.v > 5) | map(length)", "[1,1]"),
            ("1, halt, 2", "1"),
            (".[0].t[1] // empty", ""),
            ("[limit(3; repeat(1))]", "[1,1,1]"),
            ("null, 1, [] | ltrimstr(\"x\"), rtrimstr(1)", "null|null|1|1|[]|[]"),
            (r#""xax" | ltrimstr("x"), rtrimstr("x"), ltrimstr(1), rtrimstr("")"#, "ax|xa|xax|xax"),
            (r#""é €!" | @base32, (@base32 | @base32d), (1 | @base32)"#, "YOUSBYUCVQQQ====|é €!|GE======"),
            (
                r#"(1, 2) / (10, 20), ("a,b" / ","), ({a: 6} | .a /= 3), ([7] as [$x] | $x) / 4"#,
                "0.1|0.2|0.05|0.1|[\"a\",\"b\"]|{\"a\":2}|1.75",
            ),
            ("def half: . / 2; [.[].v] | map(half), \"\\(.[0] / 4)\"", "[1,5]|0.5"),
            (
                "(1 / 0)? // \"none\", try (.[0].v / (1 - 1)) catch .",
                "none|number (2) and number (0) cannot be divided because the divisor is zero",
            ),
            (r#""x" | ascii_upcase, ltrimstr("y"), tojson, length"#, r#"X|x|"x"|1"#),
        ] {
            assert_eq!(value(expression, list), expected, "{expression}");
        }
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let said = |expression: &str| expression.parse::<Query>().unwrap_err();
        for (expression, expected) in [
            (".waiting[", "at its end: a closing bracket is missing"),
            (".a | ", "at its end: expected an expression"),
            (".a b", "at character 4, 'b': the expression should end before it"),
            ("if . then 1", "at its end: expected 'else' or 'end'"),
            (
                "\"é\" | selct(.a)",
                "at character 7, 'selct': there is no filter selct that takes 1 argument (did you mean 'select'?)",
            ),
            ("map", "at character 1, 'map': there is no filter map that takes no argument"),
            ("$x", "at character 1, '$x': there is no variable $x"),
            (".a §", "at character 4, '§': this is not part of jq"),
            ("\u{1b}[2J", "this is not part of jq"),
            ("include \"x\"; .", "modules cannot be used"),
        ] {
            assert!(said(expression).contains(expected), "{expression}: {}", said(expression));
            assert!(!said(expression).contains('\u{1b}'), "{expression}");
        }
    }

    #[test]
    fn an_expression_computes_on_the_document_alone() {
        for outside in ["env", "$ENV", "input", "inputs", "debug", "stderr", "input_filename", "halt_error"] {
            let said = outside.parse::<Query>().unwrap_err();
            assert!(said.contains("computes on the JSON alone") || said.contains("no variable"), "{outside}: {said}");
        }
    }

    #[test]
    fn an_error_ends_it_after_what_came_before_and_says_why() {
        let (out, failure) = lines(".[] | .v", r#"[{"v":1},"\u001b[2J",{"v":3}]"#);
        let failure = failure.unwrap();
        assert_eq!((out, failure.kind), (vec!["1".to_owned()], FailureKind::Rejected));
        let said = failure.to_string();
        assert!(
            said.starts_with("could not apply --jq '.[] | .v': cannot index") && !said.contains('\u{1b}'),
            "{said}"
        );
        for divided in ["1 / 0", ".[0].v / 0.0", ".[0].v /= 0", "\"\\(1 / 0)\"", "def f: 1 / 0; f"] {
            let (out, failure) = lines(divided, r#"[{"v":1}]"#);
            let said = failure.map(|failure| failure.to_string()).unwrap_or_default();
            assert!(
                out.is_empty() && said.contains("cannot be divided because the divisor is zero"),
                "{divided}: {said}"
            );
        }
        let (_, failure) = lines(r#"error("mine")"#, "1");
        assert!(failure.unwrap().to_string().ends_with("mine"));
    }

    #[test]
    fn results_without_end_stop_when_nobody_reads() {
        let mut seen = 0;
        let end = "repeat(1)".parse::<Query>().unwrap().run("null", |_| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((end, seen), (Ok(()), 3));
    }
}
