//! The questions a policy asks the reviewer, and the answers so far. Answers are saved at once, decided or not.

use tui_input::Input as Field;

use crate::app::action::Action;
use crate::app::edit;
use crate::app::list::Cursor;
use crate::app::prefs::{Draft, Remember};
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::policy::{Answers, Effective, Question, checklist::open_items};
use crate::screens::parts::{self, Ctx, Response, ScreenEvent, hold};

/// Lines below the questions: a blank, and the full text of the selected question.
pub const BELOW: u16 = 5;

/// State of the tab.
#[derive(Clone, Debug)]
pub struct Checklist {
    model: ModelName,
    version: VersionNumber,
    cursor: Cursor<String>,
    /// The note being edited.
    note: Option<Field>,
}

impl PartialEq for Checklist {
    fn eq(&self, other: &Self) -> bool {
        let typed = |s: &Self| s.note.as_ref().map(|n| n.value().to_owned());
        (&self.model, self.version, &self.cursor) == (&other.model, other.version, &other.cursor)
            && typed(self) == typed(other)
    }
}

impl Checklist {
    /// The most important keys here.
    pub const HINTS: &'static [Action] = {
        use Action::{AnswerNa, AnswerNo, AnswerYes, Approve, Back, Help, Hold, Note, Reject};
        &[AnswerYes, AnswerNo, AnswerNa, Note, Approve, Reject, Hold, Back, Help]
    };

    /// The checklist of one version.
    pub fn new(model: ModelName, version: VersionNumber) -> Self {
        Self { model, version, cursor: Cursor::default(), note: None }
    }

    /// Whether a note is being typed.
    pub fn is_typing(&self) -> bool {
        self.note.is_some()
    }

    pub(super) fn subject(&self) -> (&ModelName, VersionNumber) {
        (&self.model, self.version)
    }

    pub(super) fn note(&self) -> Option<&Field> {
        self.note.as_ref()
    }

    pub(super) fn cursor(&self) -> &Cursor<String> {
        &self.cursor
    }

    /// The questions, once the policy was read.
    pub(super) fn questions(&self, ctx: &Ctx<'_>) -> Option<Vec<Question>> {
        let evaluation = ctx.cache.evaluation(&self.model, self.version)?;
        Some(Effective::of(&evaluation.sources).checklist)
    }

    /// The answers so far.
    pub(super) fn answers(&self, ctx: &Ctx<'_>) -> Answers {
        self.draft(ctx).answers
    }

    fn draft(&self, ctx: &Ctx<'_>) -> Draft {
        ctx.draft(&self.model, self.version)
    }

    /// Number of answered questions, of all questions, and whether nothing blocks; none without questions.
    pub(super) fn tally(&self, ctx: &Ctx<'_>) -> Option<(usize, usize, bool)> {
        let questions = self.questions(ctx).filter(|q| !q.is_empty())?;
        let answers = self.answers(ctx);
        let answered = questions.iter().filter(|q| answers.contains_key(&q.id)).count();
        Some((answered, questions.len(), open_items(&questions, &answers).is_empty()))
    }

    /// Handles events for the questions; none for other events. `visible` is the number of questions on screen.
    pub fn update(&mut self, event: ScreenEvent<'_>, visible: usize, ctx: &Ctx<'_>) -> Option<Response> {
        let questions = self.questions(ctx).unwrap_or_default();
        let keys: Vec<String> = questions.iter().map(|q| q.id.clone()).collect();
        hold(&mut self.cursor, event);
        self.cursor.settle(&keys, visible);
        if self.is_typing() {
            return Some(self.typed(event, questions.get(self.cursor.index()), ctx));
        }
        let ScreenEvent::Action(action) = event else {
            return Some(Response::none());
        };
        if action.is_movement() {
            self.cursor.step(action, &keys, visible);
            return Some(Response::none());
        }
        let question = questions.get(self.cursor.index());
        let wanted = match action {
            Action::AnswerYes => "yes".to_owned(),
            Action::AnswerNo => "no".to_owned(),
            Action::AnswerNa => "n/a".to_owned(),
            Action::NextAnswer => return Some(question.map_or_else(|| Response::pass(action), |q| self.next(q, ctx))),
            Action::Note if question.is_none() => return Some(Response::pass(action)),
            Action::Note => {
                let noted = question.and_then(|q| self.answers(ctx).remove(&q.id)).map(|a| a.note).unwrap_or_default();
                self.note = question.map(|_| Field::new(noted));
                return Some(Response::none());
            }
            _ => return None,
        };
        let Some(question) = question else {
            return Some(Response::pass(action));
        };
        if !question.answers.contains(&wanted) {
            let choose = ctx.keys.press(Action::NextAnswer, "choose");
            let word = format!("Possible answers: {}. {choose}", question.answers.join(", "));
            return Some(Response::notice(word));
        }
        let step = self.answer(question, wanted, ctx);
        self.cursor.step(Action::Down, &keys, visible);
        Some(step)
    }

    /// Moves to the next allowed answer; to the first if there is none yet.
    fn next(&self, question: &Question, ctx: &Ctx<'_>) -> Response {
        let given = self.answers(ctx).remove(&question.id).map(|a| a.answer);
        let at = given.and_then(|given| question.answers.iter().position(|a| *a == given));
        let next = at.map_or(0, |at| at + 1) % question.answers.len().max(1);
        question.answers.get(next).map_or_else(Response::none, |answer| self.answer(question, answer.clone(), ctx))
    }

    fn answer(&self, question: &Question, answer: String, ctx: &Ctx<'_>) -> Response {
        let mut draft = self.draft(ctx);
        draft.answers.entry(question.id.clone()).or_default().answer = answer;
        Response { remember: Some(Remember::Draft(draft)), ..Response::none() }
    }

    fn typed(&mut self, event: ScreenEvent<'_>, question: Option<&Question>, ctx: &Ctx<'_>) -> Response {
        let Some(note) = &mut self.note else {
            return Response::none();
        };
        match event {
            ScreenEvent::Key(key) => {
                edit::edit(note, key);
            }
            ScreenEvent::Paste(text) if !edit::paste(note, text) => {
                return Response::notice(parts::cut_at(edit::MOST));
            }
            ScreenEvent::Paste(_) => {}
            ScreenEvent::Action(Action::Back) => self.note = None,
            ScreenEvent::Action(Action::Open) => {
                let text = note.value().trim().to_owned();
                self.note = None;
                let Some(question) = question else {
                    return Response::none();
                };
                let mut draft = self.draft(ctx);
                match draft.answers.get_mut(&question.id) {
                    Some(answer) => answer.note = text,
                    None if text.is_empty() => {}
                    // A note alone is not an answer.
                    None => return Response::notice("Answer first (y, n, -), then add the note."),
                }
                return Response { remember: Some(Remember::Draft(draft)), ..Response::none() };
            }
            ScreenEvent::Action(_) | ScreenEvent::Changed => {}
        }
        Response::none()
    }
}
