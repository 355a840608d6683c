//! Division as in jq, which refuses to divide by zero. The library answers with infinity, and its operators cannot be
//! replaced: so each of them in an expression becomes a call.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

/// Divides its arguments; see `library.jq`.
const QUOTIENT: &str = "quotient_";
/// Holds the divisor of `/=`.
const DIVISOR: &str = "$divisor_";

type Code<'s> = Term<&'s str>;

/// The term with calls for its divisions.
pub(super) fn checked(term: Code<'_>) -> Code<'_> {
    match term {
        Term::BinOp(left, op, right) => operation(*left, op, *right),
        Term::Str(format, parts) => Term::Str(format, parts.into_iter().map(part).collect()),
        Term::Arr(inner) => Term::Arr(inner.map(|term| boxed(*term))),
        Term::Obj(fields) => Term::Obj(fields.into_iter().map(|(k, v)| (checked(k), v.map(checked))).collect()),
        Term::Neg(inner) => Term::Neg(boxed(*inner)),
        Term::Label(name, inner) => Term::Label(name, boxed(*inner)),
        Term::Fold(name, over, pattern, terms) => Term::Fold(name, boxed(*over), bound(pattern), all(terms)),
        Term::TryCatch(inner, otherwise) => Term::TryCatch(boxed(*inner), otherwise.map(|term| boxed(*term))),
        Term::IfThenElse(cases, otherwise) => {
            let cases = cases.into_iter().map(|(case, then)| (checked(case), checked(then))).collect();
            Term::IfThenElse(cases, otherwise.map(|term| boxed(*term)))
        }
        Term::Def(defs, inner) => {
            let defs = defs.into_iter().map(|def| Def { body: checked(def.body), ..def }).collect();
            Term::Def(defs, boxed(*inner))
        }
        Term::Call(name, arguments) => Term::Call(name, all(arguments)),
        Term::Path(inner, Path(parts)) => {
            let parts = parts.into_iter().map(|(at, optional)| (place(at), optional)).collect();
            Term::Path(boxed(*inner), Path(parts))
        }
        Term::Id | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => term,
    }
}

fn all(terms: Vec<Code<'_>>) -> Vec<Code<'_>> {
    terms.into_iter().map(checked).collect()
}

fn boxed(term: Code<'_>) -> Box<Code<'_>> {
    Box::new(checked(term))
}

fn operation<'s>(left: Code<'s>, op: BinaryOp<&'s str>, right: Code<'s>) -> Code<'s> {
    let (left, right) = (checked(left), checked(right));
    let of = |left, op, right| Term::BinOp(Box::new(left), op, Box::new(right));
    match op {
        BinaryOp::Math(Math::Div) => Term::Call(QUOTIENT, vec![left, right]),
        BinaryOp::UpdateMath(Math::Div) => {
            let quotient = Term::Call(QUOTIENT, vec![Term::Id, Term::Var(DIVISOR)]);
            of(right, BinaryOp::Pipe(Some(Pattern::Var(DIVISOR))), of(left, BinaryOp::Update, quotient))
        }
        BinaryOp::Pipe(pattern) => of(left, BinaryOp::Pipe(pattern.map(bound)), right),
        op => of(left, op, right),
    }
}

fn part<'s>(part: StrPart<&'s str, Code<'s>>) -> StrPart<&'s str, Code<'s>> {
    match part {
        StrPart::Term(term) => StrPart::Term(checked(term)),
        StrPart::Str(_) | StrPart::Char(_) => part,
    }
}

fn place(at: Part<Code<'_>>) -> Part<Code<'_>> {
    match at {
        Part::Index(index) => Part::Index(checked(index)),
        Part::Range(from, upto) => Part::Range(from.map(checked), upto.map(checked)),
    }
}

fn bound(pattern: Pattern<&str>) -> Pattern<&str> {
    match pattern {
        Pattern::Var(_) => pattern,
        Pattern::Arr(patterns) => Pattern::Arr(patterns.into_iter().map(bound).collect()),
        Pattern::Obj(fields) => Pattern::Obj(fields.into_iter().map(|(key, p)| (checked(key), bound(p))).collect()),
    }
}
