//! A command of the user's own: asks, runs it, and shows what it wrote.

pub mod view;

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::own::OwnRun;
use crate::app::query::Query;
use crate::app::under::Under;
use crate::domain::command::OwnCommand;
use crate::domain::failure::Failure;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent};

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    command: OwnCommand,
    under: Under,
    began: bool,
    filter: Filter,
    /// The lines that match the filter.
    shown: Vec<usize>,
    cursor: Cursor<usize>,
    /// The end of what it wrote is in sight, and stays there.
    follows: bool,
}

impl Command {
    pub fn new(command: OwnCommand, under: Under) -> Self {
        let (filter, shown, cursor) = (Filter::default(), Vec::new(), Cursor::default());
        Self { command, under, began: false, filter, shown, cursor, follows: true }
    }

    fn query(&self) -> Query {
        Query::Values { under: self.under.clone(), wanted: self.command.form.wanted() }
    }

    /// The program and its arguments, or why there are none; none while values are read.
    fn argv(&self, ctx: &Ctx<'_>) -> Option<Result<Vec<String>, String>> {
        let wanted = self.command.form.wanted();
        if let Some(values) = ctx.cache.values(&self.under, &wanted) {
            return Some(self.command.form.with(values));
        }
        ctx.cache.failure(&self.query()).map(|failure| Err(failure.sentence()))
    }

    /// Whether it asks first. A target that must not be written to by accident always does.
    fn asks(&self, ctx: &Ctx<'_>) -> bool {
        !self.command.built_in && (self.command.confirm || ctx.rules.production || ctx.rules.readonly)
    }

    fn run<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a OwnRun> {
        ctx.own.filter(|_| self.began)
    }

    fn begin(&mut self, ctx: &Ctx<'_>) -> Response {
        match self.argv(ctx) {
            Some(Ok(argv)) => {
                self.began = true;
                Response::effect(Effect::RunOwn(argv))
            }
            Some(Err(why)) => Response::notice(why),
            None => Response::notice("What the command is to get is still being read."),
        }
    }

    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(3)
    }

    fn narrow(&mut self, ctx: &Ctx<'_>) {
        let Some(run) = self.run(ctx) else { return };
        self.shown = self.filter.pick(&run.lines, String::clone);
        let rows = self.rows(ctx);
        self.cursor.settle(&self.shown, rows);
        if self.follows {
            self.cursor.step(Action::Bottom, &self.shown, rows);
        }
    }
}

impl Component for Command {
    fn heading(&self) -> &'static str {
        "command"
    }

    fn contexts(&self) -> &'static [Context] {
        if self.began { &[Context::List, Context::Global] } else { &[Context::Ask] }
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Confirm, Copy, Down, Up};
        if self.began { &[Up, Down, Copy, Back] } else { &[Confirm, Back] }
    }

    fn finder(&self) -> Option<&Filter> {
        self.began.then_some(&self.filter)
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        self.began.then_some(&mut self.filter)
    }

    fn runs_own(&self) -> bool {
        self.began
    }

    fn needs(&self, _: &Ctx<'_>) -> Vec<Query> {
        if self.began { Vec::new() } else { vec![self.query()] }
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if !self.began {
            return match event {
                ScreenEvent::Action(Action::Confirm) => self.begin(ctx),
                ScreenEvent::Action(other) => Response::pass(other),
                ScreenEvent::Changed if !self.asks(ctx) && matches!(self.argv(ctx), Some(Ok(_))) => self.begin(ctx),
                ScreenEvent::Changed | ScreenEvent::Key(_) | ScreenEvent::Paste(_) => Response::none(),
            };
        }
        self.narrow(ctx);
        let rows = self.rows(ctx);
        match event {
            ScreenEvent::Action(action) if action.is_movement() => {
                self.cursor.step(action, &self.shown, rows);
                self.follows = self.cursor.index() + 1 >= self.shown.len();
                Response::none()
            }
            ScreenEvent::Action(Action::Copy) => match self.run(ctx) {
                Some(run) => {
                    let line = self.shown.get(self.cursor.index()).and_then(|i| run.lines.get(*i));
                    line.map(|line| Response::copy(line.clone())).unwrap_or_default()
                }
                None => Response::none(),
            },
            ScreenEvent::Action(other) => Response::pass(other),
            ScreenEvent::Changed | ScreenEvent::Key(_) | ScreenEvent::Paste(_) => Response::none(),
        }
    }
}

/// Why the values could not be read.
fn failure<'a>(command: &Command, ctx: &Ctx<'a>) -> Option<&'a Failure> {
    ctx.cache.failure(&command.query())
}
