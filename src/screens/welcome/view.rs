//! Drawing of the first start.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Door, Question, Stage, Welcome};
use crate::app::action::Action;
use crate::screens::parts::Ctx;
use crate::screens::parts::view as format;
use crate::ui::Phrase;
use crate::ui::skin::{Role, Skin};

/// Before each line of the file.
const BLANK: &str = "   ";
/// Column at which a door says what is behind it.
const ABOUT: usize = 34;

impl Welcome {
    /// The title line: text on the left, pieces on the right.
    pub fn title(&self, _: &Ctx<'_>, _: &Skin) -> (Phrase<'static>, Vec<Phrase<'static>>) {
        (Phrase::of(Role::Title, "Welcome to signoff"), Vec::new())
    }

    /// Draws the body.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        match self.stage {
            Stage::Doors => self.draw_doors(area, buf, skin),
            Stage::Path => self.draw_path(area, buf, skin),
            Stage::Asking(question) => self.draw_questions(Some(question), area, buf, ctx, skin),
            Stage::Written => self.draw_questions(None, area, buf, ctx, skin),
        }
    }

    fn draw_doors(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let width = usize::from(area.width);
        let mut lines = vec![Phrase::new("Nothing is configured yet. How do you want to begin?"), Phrase::default()];
        for (i, door) in Door::ALL.into_iter().enumerate() {
            let (title, about) = match door {
                Door::Demo => ("Look at the demo", "no server; nothing leaves this machine"),
                Door::Connect => ("Connect to MLflow and GitHub", "3 questions, each answer is tested; writes"),
                Door::File => ("I have a configuration", "its path; or set SIGNOFF_CONFIG"),
            };
            let role = if i == self.door { Role::Title } else { Role::Text };
            let mark = if i == self.door { skin.symbols().cursor } else { " " };
            let line =
                Phrase::new(format!("{mark} ")).add(Role::Key, (i + 1).to_string()).add(role, format!(" {title:<30}"));
            lines.extend(line.add(Role::Muted, about).wrap(width, ABOUT));
            if door == Door::Connect {
                let path = Phrase::of(Role::Muted, self.around.path.clone());
                let path = path.middle(width.saturating_sub(ABOUT), skin.symbols().ellipsis);
                lines.push(Phrase::new(" ".repeat(ABOUT)).join(path));
            }
        }
        lines.push(Phrase::default());
        lines.push(Phrase::of(Role::Heading, "Found here"));
        let found = self.around.found.iter().map(|found| Phrase::of(Role::Muted, format!("  {found}")));
        lines.extend(found.flat_map(|found| found.wrap(width, 2)));
        format::lines(area, buf, skin, lines);
    }

    fn draw_path(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let first = Phrase::new("Where is it? The path of a file; `signoff --config PATH` opens it, too.");
        let lines = first.wrap(usize::from(area.width), 0).into_iter().chain([Phrase::default()]);
        let used = format::lines(area, buf, skin, lines);
        let (_, area) = format::split_top(area, used);
        let prompt = format::Prompt::new(skin, "path  ", &self.path).placeholder("~/.config/signoff/config.toml");
        let area = prompt.draw(area, buf);
        self.draw_refused(area, buf, skin);
    }

    /// The questions up to the current one; all of them, and the file, after the last.
    fn draw_questions(&self, current: Option<Question>, mut area: Rect, buf: &mut Buffer, ctx: &Ctx<'_>, skin: &Skin) {
        let enter = ctx.keys.named(if current.is_some() { Action::Open } else { Action::Confirm });
        let first = match current {
            Some(_) => {
                format!("Each answer is tested when you press {enter}. Nothing is written before you have seen it.")
            }
            None => format!("This is the configuration. {enter} writes it, and opens the inbox."),
        };
        let width = usize::from(area.width);
        let first = Phrase::of(Role::Muted, first).wrap(width, 0).into_iter().chain([Phrase::default()]);
        let used = format::lines(area, buf, skin, first);
        (_, area) = format::split_top(area, used);
        for question in Question::ALL {
            if current.is_some_and(|current| question > current) {
                break;
            }
            let (label, placeholder) = match question {
                Question::Mlflow => ("MLflow's address    ", "http://127.0.0.1:5000"),
                Question::Repository => ("GitHub repository   ", "OWNER/NAME"),
                Question::Target => ("Name of the target  ", "default"),
            };
            let is_current = current == Some(question);
            let said = self.said.get(question as usize).cloned().flatten().filter(|_| !is_current);
            let hint = match said {
                Some(said) => Phrase::of(Role::Good, format!("{} {said}", skin.symbols().pass)),
                None if is_current && self.trying.is_some() => {
                    Phrase::of(Role::Muted, format!("testing {}", skin.symbols().ellipsis))
                }
                None => Phrase::default(),
            };
            let prompt = format::Prompt::new(skin, label, &self.fields[question as usize]).focused(is_current);
            area = prompt.placeholder(placeholder).hint(hint).draw(area, buf);
        }
        if current.is_some() {
            return self.draw_refused(area, buf, skin);
        }
        let path = Phrase::of(Role::Heading, self.around.path.clone()).middle(width, skin.symbols().ellipsis);
        let file = self.answers(Question::Target).file();
        let text = file.lines().map(|line| Phrase::new(format!("{BLANK}{line}")));
        format::lines(area, buf, skin, [Phrase::default(), path].into_iter().chain(text));
    }

    fn draw_refused(&self, area: Rect, buf: &mut Buffer, skin: &Skin) {
        let Some(why) = &self.refused else { return };
        let why = Phrase::of(Role::Bad, format!("{} {why}", skin.symbols().block));
        let lines = std::iter::once(Phrase::default()).chain(why.wrap(usize::from(area.width), 2));
        format::lines(area, buf, skin, lines);
    }
}
