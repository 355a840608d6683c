//! Answers to a policy's checklist, as they are given on the command line.

use std::str::FromStr;

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::nearest::did_you_mean;
use crate::domain::policy::{Answer, Answers, Question};
use crate::domain::text::clean_line;

/// `ID=ANSWER` or `ID=ANSWER:NOTE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// Id of the question.
    pub id: String,
    /// The answer, with its note.
    pub answer: Answer,
}

impl FromStr for Answered {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, String> {
        let said = |(id, rest): (&str, &str)| {
            // No answer holds a colon; a note may.
            let (answer, note) = rest.split_once(':').unwrap_or((rest, ""));
            let part = |text: &str| text.trim().to_owned();
            Self { id: part(id), answer: Answer { answer: part(answer), note: part(note) } }
        };
        s.split_once('=')
            .map(said)
            .filter(|a| !a.id.is_empty() && !a.answer.answer.is_empty())
            .ok_or_else(|| "write ID=ANSWER, or ID=ANSWER:NOTE".to_owned())
    }
}

/// The answers by question, if every one answers a question of the checklist in a word it allows.
///
/// # Errors
/// [`FailureKind::Config`] with what was probably meant.
pub fn answers(given: &[Answered], questions: &[Question]) -> Outcome<Answers> {
    let mut out = Answers::new();
    for Answered { id, answer } in given {
        let refuse = |why: String| {
            let operation = format!("take the answer to '{}'", clean_line(id));
            Failure::new(FailureKind::Config, Service::Local, operation, why)
        };
        let ids = || questions.iter().map(|q| q.id.as_str());
        let Some(question) = questions.iter().find(|q| q.id == *id) else {
            let why = match questions {
                [] => "the policy of this version asks no questions".to_owned(),
                _ => format!("the policy has no such question{}", did_you_mean(id, ids())),
            };
            let all = ids().collect::<Vec<_>>().join(", ");
            let failure = refuse(why);
            return Err(if all.is_empty() { failure } else { failure.with_hint(format!("It asks: {all}.")) });
        };
        let words = || question.answers.iter().map(String::as_str);
        if !question.answers.contains(&answer.answer) {
            let meant = did_you_mean(&answer.answer, words());
            let why = format!("'{}' is no answer to '{}'{meant}", clean_line(&answer.answer), question.text);
            return Err(refuse(why).with_hint(format!("It allows: {}.", words().collect::<Vec<_>>().join(", "))));
        }
        if out.insert(id.clone(), answer.clone()).is_some() {
            return Err(refuse("it was answered twice".to_owned()));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn questions() -> Vec<Question> {
        ["drift", "fairness"]
            .map(|id| Question {
                id: id.to_owned(),
                text: format!("{id} looked at?"),
                required: true,
                answers: ["yes", "no", "n/a"].map(str::to_owned).to_vec(),
                pass: Vec::new(),
            })
            .to_vec()
    }

    fn taken(given: &[&str]) -> Outcome<Answers> {
        answers(&given.iter().map(|g| g.parse().unwrap()).collect::<Vec<_>>(), &questions())
    }

    #[test]
    fn an_answer_may_carry_a_note_with_anything_in_it() {
        let all = taken(&["drift=yes:see https://x/y?a=b: fine", "fairness = n/a"]).unwrap();
        assert_eq!((all["drift"].answer.as_str(), all["drift"].note.as_str()), ("yes", "see https://x/y?a=b: fine"));
        assert_eq!((all["fairness"].answer.as_str(), all["fairness"].note.as_str()), ("n/a", ""));
    }

    #[test]
    fn what_is_no_answer_is_refused_with_what_was_meant() {
        for wrong in ["drift", "=yes", "drift=", "drift= :note"] {
            assert!(wrong.parse::<Answered>().is_err(), "{wrong}");
        }
        let said = |given: &[&str]| {
            let failure = taken(given).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Config);
            format!("{failure} {}", failure.hint.as_deref().unwrap_or_default())
        };
        assert!(said(&["dirft=yes"]).contains("did you mean 'drift'"));
        assert!(said(&["mouse=yes"]).contains("It asks: drift, fairness."));
        assert!(said(&["drift=yess"]).contains("did you mean 'yes'") && said(&["drift=x"]).contains("yes, no, n/a"));
        assert!(said(&["drift=yes", "drift=no"]).contains("twice"));
        let none = answers(&["drift=yes".parse().unwrap()], &[]).unwrap_err();
        assert!(none.reason.contains("asks no questions"), "{none}");
    }
}
