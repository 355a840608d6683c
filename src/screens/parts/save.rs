//! Saving a file: asks for the folder, and before replacing a file.

use tui_input::Input as Field;

use super::{Ctx, Response, ScreenEvent};
use crate::app::action::Action;
use crate::app::edit;
use crate::app::effect::Effect;
use crate::app::saving::SaveRequest;
use crate::domain::artifact::ArtifactRoot;

/// The current question.
#[derive(Clone, Debug, Default)]
enum Asking {
    #[default]
    Nothing,
    /// The target folder.
    Folder { root: ArtifactRoot, path: String },
    /// Whether to replace the existing file at this path.
    Replace(SaveRequest, String),
}

/// State of the save prompt.
#[derive(Clone, Debug, Default)]
pub struct Save {
    asking: Asking,
    field: Field,
}

/// A question asked before a file is saved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// The target folder; empty input is the current one.
    Folder {
        /// Name of the file, cleaned.
        name: String,
    },
    /// Whether to replace the existing file.
    Replace {
        /// Path of that file.
        place: String,
    },
}

impl PartialEq for Save {
    fn eq(&self, other: &Self) -> bool {
        self.field.value() == other.field.value() && self.question() == other.question()
    }
}

impl Save {
    /// Whether keys go into the input line.
    pub fn is_asking(&self) -> bool {
        !matches!(self.asking, Asking::Nothing)
    }

    /// The field, for drawing.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// The current question, if any.
    pub fn question(&self) -> Option<Question> {
        match &self.asking {
            Asking::Nothing => None,
            Asking::Folder { path, .. } => {
                let name = crate::domain::text::clean_line(path.rsplit('/').next().unwrap_or(path));
                Some(Question::Folder { name })
            }
            Asking::Replace(_, place) => Some(Question::Replace { place: place.clone() }),
        }
    }

    /// Asks where to save this file.
    pub fn ask(&mut self, root: ArtifactRoot, path: String) {
        self.field.reset();
        self.asking = Asking::Folder { root, path };
    }

    /// Handles events for the prompt; none if the event is not for it.
    pub fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Option<Response> {
        if let Some((saving, place)) = ctx.saving.and_then(|s| Some((s, s.exists.as_ref()?)))
            && matches!(self.asking, Asking::Nothing)
        {
            self.field.reset();
            self.asking = Asking::Replace(saving.request.clone(), place.clone());
        }
        if !self.is_asking() || matches!(event, ScreenEvent::Changed) {
            return None;
        }
        match event {
            ScreenEvent::Action(Action::Back) => {
                let was = std::mem::take(&mut self.asking);
                // The download is waiting for an answer, so it must be told about a no.
                return Some(match was {
                    Asking::Replace(..) => Response::effect(Effect::StopSaving),
                    Asking::Nothing | Asking::Folder { .. } => Response::none(),
                });
            }
            ScreenEvent::Action(Action::Open) => {
                if let Asking::Folder { root, path } = &self.asking {
                    let into = self.field.value().trim().to_owned();
                    let request = SaveRequest { root: root.clone(), path: path.clone(), into, overwrite: false };
                    self.asking = Asking::Nothing;
                    return Some(Response::effect(Effect::Save(request)));
                }
            }
            ScreenEvent::Key(key) => match &self.asking {
                Asking::Replace(request, _) if key.typed() == Some('y') => {
                    let request = SaveRequest { overwrite: true, ..request.clone() };
                    self.asking = Asking::Nothing;
                    return Some(Response::effect(Effect::Save(request)));
                }
                Asking::Folder { .. } => {
                    edit::edit(&mut self.field, key);
                }
                Asking::Nothing | Asking::Replace(..) => {}
            },
            ScreenEvent::Paste(text) if matches!(self.asking, Asking::Folder { .. }) => {
                edit::paste(&mut self.field, text);
            }
            ScreenEvent::Action(_) | ScreenEvent::Paste(_) | ScreenEvent::Changed => {}
        }
        Some(Response::none())
    }
}
