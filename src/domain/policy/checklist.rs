//! Questions a reviewer answers, and the answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One question of the checklist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Its name in records and on the command line.
    pub id: String,
    /// What is asked.
    pub text: String,
    /// Nothing can be approved before it is answered.
    pub required: bool,
    /// The words it may be answered with, such as `yes`, `no` and `n/a`.
    pub answers: Vec<String>,
    /// The answers that let an approval pass; empty: every one does.
    pub pass: Vec<String>,
}

/// The answer to one question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answer {
    /// One of the words the question allows.
    pub answer: String,
    /// What the reviewer added; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Answers by the id of the question.
pub type Answers = BTreeMap<String, Answer>;

/// Why an answer does not do: the question's id and a sentence.
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
