//! Where does one begin? The first start, without any configuration: three doors.

pub mod view;

use crate::app::action::Action;
use crate::app::edit;
use crate::app::effect::Effect;
use crate::app::keymap::Context;
use crate::app::query::Query;
use crate::domain::failure::Failure;
use crate::domain::first_start::{Answers, Beginning, Surroundings, USUAL_TARGET, repository, unfit_name};
use crate::screens::parts::{Component, Ctx, Response, ScreenEvent};
use tui_input::Input as Field;

/// Ways to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Demo,
    Connect,
    File,
}

impl Door {
    pub const ALL: [Self; 3] = [Self::Demo, Self::Connect, Self::File];

    fn action(self) -> Action {
        match self {
            Self::Demo => Action::Demo,
            Self::Connect => Action::Connect,
            Self::File => Action::OwnFile,
        }
    }
}

/// What is asked before the file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    Mlflow,
    Repository,
    Target,
}

impl Question {
    pub const ALL: [Self; 3] = [Self::Mlflow, Self::Repository, Self::Target];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Doors,
    Asking(Question),
    /// Everything is answered: the file is shown.
    Written,
    /// The path of a configuration is typed.
    Path,
}

/// State of the screen.
#[derive(Clone, Debug)]
pub struct Welcome {
    around: Surroundings,
    stage: Stage,
    /// The door under the cursor.
    door: usize,
    fields: [Field; 3],
    path: Field,
    /// The answers that are being tried.
    trying: Option<Answers>,
    /// What was found out about the answers that were accepted.
    said: [Option<String>; 2],
    /// Why an answer was not accepted.
    refused: Option<String>,
}

impl PartialEq for Welcome {
    fn eq(&self, other: &Self) -> bool {
        let values = |w: &Self| w.fields.iter().map(|f| f.value().to_owned()).collect::<Vec<_>>();
        (self.stage, self.door, &self.trying, &self.said, &self.refused, self.path.value())
            == (other.stage, other.door, &other.trying, &other.said, &other.refused, other.path.value())
            && values(self) == values(other)
    }
}

impl Welcome {
    pub fn new(around: Surroundings) -> Self {
        let fields = [Field::default(), Field::new(around.repo.clone()), Field::new(USUAL_TARGET.to_owned())];
        let (path, refused) = around.mistake.clone().unzip();
        Self {
            around,
            stage: if refused.is_some() { Stage::Path } else { Stage::Doors },
            door: 0,
            fields,
            path: Field::new(path.unwrap_or_default()),
            trying: None,
            said: [None, None],
            refused,
        }
    }

    fn value(&self, question: Question) -> String {
        self.fields[question as usize].value().trim().to_owned()
    }

    /// What was answered before `question`, and to it.
    fn answers(&self, question: Question) -> Answers {
        let up_to = |q: Question| if q <= question { self.value(q) } else { String::new() };
        Answers {
            mlflow: up_to(Question::Mlflow),
            repo: up_to(Question::Repository),
            target: up_to(Question::Target),
            uses_gh: self.around.uses_gh,
        }
    }

    fn open(&mut self, door: Door) -> Response {
        match door {
            Door::Demo => return Response::effect(Effect::Begin(Beginning::Demo)),
            Door::Connect => self.stage = Stage::Asking(Question::Mlflow),
            Door::File => self.stage = Stage::Path,
        }
        self.refused = None;
        Response::none()
    }

    fn back(&mut self) -> Response {
        self.refused = None;
        self.trying = None;
        self.stage = match self.stage {
            Stage::Asking(Question::Mlflow) | Stage::Path | Stage::Doors => Stage::Doors,
            Stage::Asking(Question::Repository) => Stage::Asking(Question::Mlflow),
            Stage::Asking(Question::Target) => Stage::Asking(Question::Repository),
            Stage::Written => Stage::Asking(Question::Target),
        };
        Response::none()
    }

    fn enter(&mut self, ctx: &Ctx<'_>) -> Response {
        self.refused = None;
        match self.stage {
            Stage::Doors => return self.open(Door::ALL[self.door]),
            Stage::Path if self.path.value().trim().is_empty() => {
                self.refused = Some("Type the path of a configuration file.".to_owned());
            }
            Stage::Path => {
                let path = self.path.value().trim().to_owned();
                return Response::effect(Effect::Begin(Beginning::File(path)));
            }
            Stage::Written => return Response::effect(Effect::Configure(self.answers(Question::Target))),
            Stage::Asking(Question::Target) => match unfit_name(&self.value(Question::Target)) {
                Some(why) => self.refused = Some(why.to_owned()),
                None => self.stage = Stage::Written,
            },
            Stage::Asking(question) => {
                if question == Question::Repository {
                    self.fields[question as usize] = Field::new(repository(&self.value(question)));
                }
                let answers = self.answers(question);
                if self.value(question).is_empty() {
                    let word = match question {
                        Question::Mlflow => {
                            "Type MLflow's address, such as http://127.0.0.1:5000 or databricks://PROFILE."
                        }
                        Question::Repository | Question::Target => "Type the repository as OWNER/NAME.",
                    };
                    self.refused = Some(word.to_owned());
                    return Response::none();
                }
                self.trying = Some(answers.clone());
                // An answer that was refused is tried again: the server may be up by now.
                if ctx.cache.failure(&Query::Attempt { answers: answers.clone() }).is_some() {
                    return Response::refresh(vec![Query::Attempt { answers }]);
                }
            }
        }
        Response::none()
    }

    /// Goes on once the server answered.
    fn settle(&mut self, ctx: &Ctx<'_>) {
        let (Some(answers), Stage::Asking(question)) = (self.trying.clone(), self.stage) else { return };
        let query = Query::Attempt { answers: answers.clone() };
        if ctx.cache.is_loading(&query) {
            return;
        }
        if let Some(said) = ctx.cache.attempt(&answers) {
            self.said[(question as usize).min(1)] = Some(said.clone());
            self.trying = None;
            self.stage =
                Stage::Asking(if question == Question::Mlflow { Question::Repository } else { Question::Target });
        } else if let Some(failure) = ctx.cache.failure(&query) {
            self.refused = Some(Failure::sentence(failure));
            self.trying = None;
        }
    }

    fn field(&mut self) -> Option<&mut Field> {
        match self.stage {
            Stage::Asking(question) => Some(&mut self.fields[question as usize]),
            Stage::Path => Some(&mut self.path),
            Stage::Doors | Stage::Written => None,
        }
    }
}

impl Component for Welcome {
    fn heading(&self) -> &'static str {
        "first start"
    }

    fn contexts(&self) -> &'static [Context] {
        match self.stage {
            Stage::Doors => &[Context::Doors, Context::List, Context::Global],
            Stage::Written => &[Context::Ask, Context::Global],
            Stage::Asking(_) | Stage::Path => &[Context::Prompt, Context::Global],
        }
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        match self.stage {
            Stage::Doors => &[Action::Open, Action::Quit, Action::Help],
            Stage::Written => &[Action::Confirm, Action::Back],
            Stage::Asking(_) | Stage::Path => &[Action::Open, Action::Back],
        }
    }

    fn prompt_words(&self) -> (&'static str, &'static str) {
        match self.stage {
            Stage::Path => ("begin with it", "back"),
            Stage::Asking(Question::Target) => ("accept it", "back"),
            Stage::Asking(_) | Stage::Doors | Stage::Written => ("test it", "back"),
        }
    }

    fn moves_while_typing(&self) -> bool {
        false
    }

    fn captures_text(&self) -> bool {
        matches!(self.stage, Stage::Asking(_) | Stage::Path)
    }

    fn takes_back(&self) -> bool {
        self.stage != Stage::Doors
    }

    fn needs(&self, _: &Ctx<'_>) -> Vec<Query> {
        self.trying.clone().map(|answers| Query::Attempt { answers }).into_iter().collect()
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        self.settle(ctx);
        match event {
            ScreenEvent::Changed => Response::none(),
            ScreenEvent::Key(key) => {
                if let Some(field) = self.field() {
                    edit::edit(field, key);
                    (self.refused, self.trying) = (None, None);
                }
                Response::none()
            }
            ScreenEvent::Paste(text) => {
                if let Some(field) = self.field() {
                    edit::paste(field, text);
                    (self.refused, self.trying) = (None, None);
                }
                Response::none()
            }
            ScreenEvent::Action(action) => match action {
                Action::Open | Action::Confirm => self.enter(ctx),
                Action::Back if self.takes_back() => self.back(),
                Action::Up => {
                    self.door = self.door.saturating_sub(1);
                    Response::none()
                }
                Action::Down => {
                    self.door = (self.door + 1).min(Door::ALL.len() - 1);
                    Response::none()
                }
                other => match Door::ALL.into_iter().find(|door| door.action() == other) {
                    Some(door) if self.stage == Stage::Doors => self.open(door),
                    _ => Response::pass(other),
                },
            },
        }
    }
}
