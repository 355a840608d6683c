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
use crate::present::Phrase;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent};

/// Columns that the cursor takes, and one at the end.
const MARGIN: u16 = 4;
/// Columns by which the rest of a wrapped line is indented.
const CONTINUED: usize = 4;

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    command: OwnCommand,
    under: Under,
    began: bool,
    filter: Filter,
    /// The lines that match the filter, wrapped, each piece with its line and its number in it.
    rows: Vec<String>,
    keys: Vec<(usize, usize)>,
    cursor: Cursor<(usize, usize)>,
    /// The end of what it wrote is in sight, and stays there.
    follows: bool,
}

impl Command {
    pub fn new(command: OwnCommand, under: Under) -> Self {
        // What comes with the program is a page, read from its top.
        let follows = !command.built_in;
        let (filter, cursor) = (Filter::default(), Cursor::default());
        Self { command, under, began: false, filter, rows: Vec::new(), keys: Vec::new(), cursor, follows }
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

    /// Rows of output that fit.
    fn height(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(3)
    }

    /// The whole line under the cursor.
    fn line<'a>(&self, ctx: &Ctx<'a>) -> Option<&'a String> {
        let (line, _) = self.keys.get(self.cursor.index())?;
        self.run(ctx)?.lines.get(*line)
    }

    fn narrow(&mut self, ctx: &Ctx<'_>) {
        let Some(run) = self.run(ctx) else { return };
        let room = usize::from(ctx.width.saturating_sub(MARGIN)).max(1);
        let shown = self.filter.pick(&run.lines, String::clone).into_iter();
        let pieces = shown.flat_map(|line| {
            let pieces = wrapped(&run.lines[line], room).into_iter().enumerate();
            pieces.map(move |(part, piece)| ((line, part), piece))
        });
        (self.keys, self.rows) = pieces.unzip();
        let rows = self.height(ctx);
        self.cursor.settle(&self.keys, rows);
        if self.follows {
            self.cursor.step(Action::Bottom, &self.keys, rows);
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

    fn hints(&self, ctx: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Confirm, Copy, Down, Up};
        match self.argv(ctx) {
            _ if self.began => &[Up, Down, Copy, Back],
            Some(Ok(_)) => &[Confirm, Back],
            Some(Err(_)) | None => &[Back],
        }
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
        let rows = self.height(ctx);
        match event {
            ScreenEvent::Action(action) if action.is_movement() => {
                self.cursor.step(action, &self.keys, rows);
                self.follows = self.cursor.index() + 1 >= self.keys.len();
                Response::none()
            }
            ScreenEvent::Action(Action::Copy) => match self.line(ctx) {
                Some(line) => Response::copy(line.clone()),
                None => Response::pass(Action::Copy),
            },
            ScreenEvent::Action(other) => Response::pass(other),
            ScreenEvent::Changed | ScreenEvent::Key(_) | ScreenEvent::Paste(_) => Response::none(),
        }
    }
}

/// A line in pieces of at most `room` cells; those after the first are indented.
fn wrapped(line: &str, room: usize) -> Vec<String> {
    let line = Phrase::new(line);
    if line.width() <= room {
        return vec![line.plain().into_owned()];
    }
    line.wrap(room, CONTINUED).iter().map(|piece| piece.plain().into_owned()).collect()
}

/// Why the values could not be read.
fn failure<'a>(command: &Command, ctx: &Ctx<'a>) -> Option<&'a Failure> {
    ctx.cache.failure(&command.query())
}
