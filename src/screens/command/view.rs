//! Drawing of a command of the user's own.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget as _;

use super::{Command, failure};
use crate::app::action::Action;
use crate::app::own::{Ended, OwnRun};
use crate::domain::command::shown;
use crate::present::{number, time};
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::layout::{Column, Widths};
use crate::ui::skin::{Role, Skin};
use crate::ui::widgets::{Row, Table};

impl Command {
    /// The title line.
    pub fn title(&self, ctx: &Ctx<'_>, skin: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        let title = Phrase::of(Role::Title, self.command.name.clone());
        let state = self.run(ctx).map(|run| ended(run, ctx, skin));
        (title, state.into_iter().collect())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        match self.run(ctx) {
            Some(run) => self.draw_output(run, area, buf, ctx, skin),
            None => self.draw_question(area, buf, ctx, skin),
        }
    }

    fn draw_question(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let width = usize::from(area.width.saturating_sub(4));
        let argv = self.argv(ctx);
        let heading = match argv {
            Some(Err(_)) => " This cannot be run:",
            Some(Ok(_)) | None => " This is run on this machine:",
        };
        let mut lines = vec![Phrase::default(), Phrase::new(heading), Phrase::default()];
        let fails = matches!(argv, Some(Err(_)));
        match argv {
            None => lines.push(Phrase::of(Role::Muted, "   reading what it is to get …")),
            Some(Ok(argv)) => {
                for line in shown(&argv).lines() {
                    let wrapped = Phrase::of(Role::Title, line.to_owned()).wrap(width, 2);
                    lines.extend(wrapped.into_iter().map(|line| Phrase::new("   ").join(line)));
                }
            }
            Some(Err(why)) if failure(self, ctx).is_none() => {
                lines.extend(Phrase::of(Role::Bad, format!(" {} {why}", skin.symbols().block)).wrap(width, 3));
            }
            Some(Err(_)) => {}
        }
        lines.push(Phrase::default());
        if !self.command.confirm && !fails {
            let why = match (ctx.rules.production, ctx.rules.readonly) {
                (true, _) => "On a production target every command asks first.",
                (false, true) => "On a read-only target every command asks first.",
                (false, false) => "",
            };
            lines.push(Phrase::of(Role::Muted, format!(" {why}")));
        }
        let used = format::lines(area, buf, skin, lines);
        let (_, below) = format::split_top(area, used);
        format::banner(below, buf, ctx, skin, failure(self, ctx), None);
    }

    fn draw_output(&self, run: &OwnRun, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let (head, below) = format::split_top(area, 2);
        let command = Phrase::of(Role::Muted, format!(" $ {}", shown(&run.argv).replace('\n', " ⏎ ")));
        format::lines(head, buf, skin, [command.fit(usize::from(area.width), skin.symbols().ellipsis)]);
        let (below, last) = format::split_bottom(below, 1);
        let dropped = match run.dropped {
            0 => Phrase::default(),
            n => Phrase::of(Role::Muted, format!("  the first {} are not kept", number::count(n as u64, "line"))),
        };
        format::lines(last, buf, skin, [Phrase::new(" ").join(ended(run, ctx, skin)).join(dropped)]);
        if run.lines.is_empty() && !run.is_running() && run.end.as_ref().is_some_and(|(end, _)| end.is_ok()) {
            return format::empty(below, buf, ctx, skin, "It wrote nothing.", &[(Action::Back, "back")]);
        }
        let columns = [Column::left("").min(20).stretch()];
        let widths = Widths::of(&columns, [Row::new(vec![Phrase::new("x")])]);
        let row = |i: usize| Row::new(self.rows.get(i).map(|piece| Phrase::new(piece.as_str())).into_iter().collect());
        let table = Table::new(skin, &columns, &widths, self.rows.len(), &row).without_header();
        (&table.scrolled(self.cursor.offset()).cursor(Some(self.cursor.index()))).render(below, buf);
    }
}

/// How it ended, and how long it took.
fn ended(run: &OwnRun, ctx: &Ctx<'_>, skin: &Skin) -> Phrase<'static> {
    let symbols = skin.symbols();
    let took = |until| time::between(run.began, until);
    match &run.end {
        None => {
            let spin = symbols.spin(usize::try_from(ctx.ticks % 1024).unwrap_or(0));
            Phrase::of(
                Role::Warn,
                format!("{spin} runs, {}; {} stops it", took(ctx.now.read()), ctx.keys.named(Action::Back)),
            )
        }
        Some((Ok(Ended::Code(0)), at)) => {
            Phrase::of(Role::Good, format!("{} exit code 0, {}", symbols.pass, took(*at)))
        }
        Some((Ok(Ended::Code(code)), at)) => {
            Phrase::of(Role::Bad, format!("{} exit code {code}, {}", symbols.block, took(*at)))
        }
        Some((Ok(Ended::Signal(signal)), at)) => {
            Phrase::of(Role::Bad, format!("{} ended by signal {signal}, {}", symbols.block, took(*at)))
        }
        Some((Ok(Ended::Stopped), at)) => Phrase::of(Role::Warn, format!("{} stopped, {}", symbols.warn, took(*at))),
        Some((Err(failure), _)) => Phrase::of(Role::Bad, format!("{} {}", symbols.block, failure.sentence())),
    }
}
