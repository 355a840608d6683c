//! Drawing of the checklist.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::checklist::{BELOW, Checklist};
use super::verdict;
use crate::app::action::Action;
use crate::domain::policy::{Answer, Question, checklist::open_items};
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Rule, Table};
use crate::ui::{Draw as _, Phrase};

impl Checklist {
    /// The count in the tab's title, such as `2/4`; empty without questions.
    pub fn badge(&self, ctx: &Ctx<'_>) -> Phrase<'static> {
        match self.tally(ctx) {
            None => Phrase::default(),
            Some((answered, of, done)) => {
                Phrase::of(if done { Role::Good } else { Role::Warn }, format!("{answered}/{of}"))
            }
        }
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let Some(questions) = self.questions(ctx).filter(|q| !q.is_empty()) else {
            return self.draw_none(area, buf, ctx, skin);
        };
        let answers = self.answers(ctx);
        let (area, below) = format::split_bottom(area, BELOW);
        let columns = vec![
            Column::left("ANSWER").min(8),
            Column::left("QUESTION").stretch(),
            Column::left("NOTE").rank(1).max(30),
        ];
        let widths =
            Widths::of(&columns, [Row::new(["! required", "x", "a few words on it"].map(Phrase::new).to_vec())]);
        let row = |i: usize| questions.get(i).map(|q| row(q, answers.get(&q.id), skin)).unwrap_or_default();
        let table = Table::new(skin, &columns, &widths, questions.len(), &row);
        (&table.scrolled(self.cursor().offset()).cursor(Some(self.cursor().index()))).render(area, buf);
        if let Some(question) = questions.get(self.cursor().index()) {
            self.draw_question(question, answers.get(&question.id), below, buf, skin);
        }
    }

    fn draw_none(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let (model, version) = self.subject();
        let none = "No questions. Add some as [[policy.checklist]] in the configuration.";
        let message = match ctx.rules.may_have_policy(model) && self.questions(ctx).is_none() {
            true => match verdict::failure(model, version, ctx) {
                Some(failure) => format!("{failure}. {}", ctx.keys.press(Action::Refresh, "try again")),
                None => "reading the policy …".to_owned(),
            },
            false => none.to_owned(),
        };
        format::empty(area, buf, ctx, skin, &message, &[]);
    }

    /// The selected question in full, its allowed answers, and the note.
    fn draw_question(&self, question: &Question, given: Option<&Answer>, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let (rule, area) = format::split_top(area, 1);
        (&Rule::new(skin)).render(rule, buf);
        let (area, note) = format::split_bottom(area, 1);
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let mut lines = Phrase::new(question.text.clone()).wrap(usize::from(area.width), 0);
        lines.truncate(2);
        let mut allowed = format!("answers: {}", question.answers.join(", "));
        if !question.pass.is_empty() && question.pass.len() < question.answers.len() {
            allowed.push_str(&format!("; passes with {}", question.pass.join(", ")));
        }
        allowed.push_str(if question.required { "; must be answered" } else { "; may stay open" });
        lines.push(Phrase::of(Role::Muted, allowed));
        format::lines(area, buf, skin, lines);
        match (self.note(), given.map(|a| a.note.as_str()).filter(|n| !n.is_empty())) {
            (Some(field), _) => {
                let _ = format::Prompt::new(skin, " note  ", field).draw(note, buf);
            }
            (None, Some(text)) => {
                Phrase::of(Role::Muted, " note  ").text(text.to_owned()).draw(note, buf, skin);
            }
            (None, None) => {}
        }
    }
}

fn row(question: &Question, given: Option<&Answer>, skin: &Skin) -> Row<'static> {
    let symbols = skin.symbols();
    let answers = given.map(|a| [(question.id.clone(), a.clone())].into()).unwrap_or_default();
    let fine = open_items(std::slice::from_ref(question), &answers).is_empty();
    let answer = match given {
        Some(a) if fine => Phrase::of(Role::Good, format!("{} {}", symbols.pass, a.answer)),
        Some(a) => Phrase::of(Role::Bad, format!("{} {}", symbols.block, a.answer)),
        None if fine => Phrase::of(Role::Muted, format!("{} open", symbols.dot)),
        None => Phrase::of(Role::Warn, format!("{} open", symbols.warn)),
    };
    let note = given.map(|a| a.note.clone()).unwrap_or_default();
    Row::new(vec![answer, Phrase::new(question.text.clone()), Phrase::of(Role::Muted, note)])
}
