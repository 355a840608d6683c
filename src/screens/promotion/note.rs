//! A sentence being written for the record. It stays until it is kept: a failure does not cost it.

use tui_input::Input as Field;

use crate::app::action::Action;
use crate::app::edit;
use crate::app::effect::Effect;
use crate::domain::ids::PromotionId;
use crate::screens::parts::{Ctx, Response, ScreenEvent, cut_at};

#[derive(Clone, Debug, Default)]
pub struct Note {
    field: Field,
    writing: bool,
}

impl PartialEq for Note {
    fn eq(&self, other: &Self) -> bool {
        self.field.value() == other.field.value() && self.writing == other.writing
    }
}

impl Note {
    pub fn begin(&mut self) {
        self.writing = true;
    }

    pub fn is_writing(&self) -> bool {
        self.writing
    }

    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Forgets what was typed: it is kept, or nobody wants it.
    pub fn clear(&mut self) {
        self.field.reset();
        self.writing = false;
    }

    /// Handles an event while it is written.
    pub fn update(&mut self, event: ScreenEvent<'_>, id: PromotionId, ctx: &Ctx<'_>) -> Response {
        match event {
            ScreenEvent::Key(key) => {
                edit::edit(&mut self.field, key);
            }
            ScreenEvent::Paste(text) if !edit::paste(&mut self.field, text) => {
                return Response::notice(cut_at(edit::MOST));
            }
            ScreenEvent::Action(Action::Back) => self.clear(),
            ScreenEvent::Action(Action::Open) if self.field.value().trim().is_empty() => {
                let back = ctx.keys.named(Action::Back);
                return Response::notice(format!("Write a sentence first. {back} leaves it."));
            }
            ScreenEvent::Action(Action::Open) => {
                self.writing = false;
                return Response::effect(Effect::Annotate(id, self.field.value().trim().to_owned()));
            }
            ScreenEvent::Action(_) | ScreenEvent::Paste(_) | ScreenEvent::Changed => {}
        }
        Response::none()
    }
}
