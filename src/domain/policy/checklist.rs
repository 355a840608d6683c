//! Checklist questions and their answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its id in records and on the command line.
    pub id: String,
    pub text: String,
    /// Must be answered before an approval.
    pub required: bool,
    /// The allowed answers, such as `yes`, `no` and `n/a`.
    pub answers: Vec<String>,
    /// The answers that permit an approval; if empty, all do.
    pub pass: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// One of the question's allowed answers.
    pub answer: String,
    /// The reviewer's note; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Answers by question id.
pub type Answers = BTreeMap<String, Answer>;

/// The answers that are missing or do not pass: the question's id and a sentence.
pub fn open_items(questions: &[Question], answers: &Answers) -> Vec<(String, String)> {
    questions.iter().filter_map(|q| problem(q, answers.get(&q.id)).map(|why| (q.id.clone(), why))).collect()
}

fn problem(question: &Question, answer: Option<&Answer>) -> Option<String> {
    match answer {
        None if question.required => Some(format!("'{}' is not answered", question.text)),
        None => None,
        Some(a) if !question.answers.contains(&a.answer) => {
            Some(format!("'{}' is no answer to '{}': {}", a.answer, question.text, question.answers.join(", ")))
        }
        Some(a) if !question.pass.is_empty() && !question.pass.contains(&a.answer) => {
            Some(format!("'{}' was answered with {}", question.text, a.answer))
        }
        Some(_) => None,
    }
}
