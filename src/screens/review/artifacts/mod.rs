//! What did the training leave behind, and what did it leave for production? One file at a time, the baseline's beside it.

mod listing;
mod view;

use std::sync::Arc;

use super::diff::Baseline;
use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::owner::Owner;
use crate::app::paint::{Canvas, PaintRequest};
use crate::app::query::Query;
use crate::app::route::Route;
use crate::domain::artifact::ArtifactRoot;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::logged::file_roots;
use crate::domain::preview::{Grid, Preview, Window};
use crate::domain::registry::ModelVersion;
use crate::domain::text::clean_line;
use crate::preview::with_differences;
use crate::screens::parts::save::Save;
use crate::screens::parts::shown::{Shown, panned, zoomed};
use crate::screens::parts::{Ctx, Filter, Response, ScreenEvent};
use listing::{Found, Listing, listing};

/// From this width on, the list of files is beside what they hold.
const BESIDE: u16 = 110;
/// Width of that list.
const LIST: u16 = 34;

/// A file of one side.
#[derive(Clone, Debug, Default, PartialEq)]
struct Side {
    at: Option<(ArtifactRoot, String)>,
    file: Option<Arc<Preview>>,
    shown: Shown,
}

/// State of the tab.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Artifacts {
    files: Vec<Found>,
    keys: Vec<(ArtifactRoot, String)>,
    cursor: Cursor<(ArtifactRoot, String)>,
    /// Whether somebody chose a file: until then it is the first one, whichever folder is listed last.
    chose: bool,
    filter: Filter,
    save: Save,
    window: Window,
    candidate: Side,
    baseline: Side,
    /// Label of the baseline.
    against: Option<String>,
    /// The candidate's numbers with the differences from the baseline's.
    numbers: Option<Grid>,
    wanted: Vec<PaintRequest>,
}

impl Artifacts {
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    pub fn filter_mut(&mut self) -> &mut Filter {
        &mut self.filter
    }

    pub fn contexts(&self) -> &'static [Context] {
        use Context::{Artifacts, Global, List, Picture, Review, Zoomed};
        match (self.is_picture(), self.window.is_part()) {
            (true, true) => &[Zoomed, Picture, Artifacts, Review, List, Global],
            (true, false) => &[Picture, Artifacts, Review, List, Global],
            (false, _) => &[Artifacts, Review, List, Global],
        }
    }

    pub fn hints(&self) -> &'static [Action] {
        use Action::{Approve, Back, Browse, CursorLeft, CursorRight, Down, Files, Help, NextTab, Open, Up};
        use Action::{Save, ZoomIn, ZoomOut};
        match (self.is_picture(), self.window.is_part()) {
            (true, true) => &[ZoomIn, ZoomOut, CursorLeft, CursorRight, Up, Down, Save, Back, Help],
            (true, false) => &[Approve, Down, ZoomIn, Open, Save, Files, NextTab, Browse, Back, Help],
            (false, _) => &[Approve, Down, Open, Save, Files, NextTab, Browse, Back, Help],
        }
    }

    /// The prompt for the folder to save into.
    pub fn save(&self) -> &Save {
        &self.save
    }

    /// Whether Esc leaves the prompt, or shows the whole picture again.
    pub fn takes_back(&self) -> bool {
        self.save.is_asking() || self.window.is_part()
    }

    /// The folders, and the file under the cursor on both sides.
    pub fn needs(&self, version: Option<&ModelVersion>, ctx: &Ctx<'_>) -> Vec<Query> {
        let Some(version) = version else { return Vec::new() };
        let mut needs = listing(&file_roots(version), ctx).asked;
        let sides = [&self.candidate, &self.baseline];
        needs.extend(sides.into_iter().filter_map(|side| side.at.clone()).map(preview));
        needs
    }

    pub fn selected(&self) -> Option<&(ArtifactRoot, String)> {
        self.keys.get(self.cursor.index())
    }

    /// The path of the file under the cursor, to copy.
    pub fn copied(&self) -> Option<String> {
        self.selected().map(|(_, path)| clean_line(path))
    }

    fn is_picture(&self) -> bool {
        self.candidate.shown.is_picture()
    }

    /// Handles what is meant for the files; none for other events. `rows` are those of the tab.
    pub fn update(
        &mut self,
        event: ScreenEvent<'_>,
        version: Option<&ModelVersion>,
        baseline: Option<Baseline>,
        rows: usize,
        ctx: &Ctx<'_>,
    ) -> Option<Response> {
        let mut step = self.save.update(event, ctx);
        if step.is_none()
            && let ScreenEvent::Action(action) = event
        {
            step = Some(Response::none());
            match action {
                Action::ZoomIn | Action::ZoomOut if self.is_picture() => self.window = zoomed(self.window, action),
                Action::Back if self.window.is_part() => self.window = Window::default(),
                Action::Up | Action::Down | Action::CursorLeft | Action::CursorRight if self.window.is_part() => {
                    self.window = panned(self.window, action);
                }
                moving if moving.is_movement() => {
                    self.window = Window::default();
                    self.chose = true;
                    self.cursor.step(moving, &self.keys, list_rows(rows, ctx));
                }
                Action::Open => step = Some(self.open(version)),
                Action::Save => match self.selected().cloned() {
                    Some((root, path)) => self.save.ask(root, path),
                    None => step = Some(Response::pass(action)),
                },
                _ => step = None,
            }
        }
        self.remake(version, baseline, rows.saturating_sub(usize::from(self.save.is_asking())), ctx);
        step
    }

    /// The pictures that the terminal is to paint.
    pub fn paints(&mut self) -> impl Iterator<Item = Effect> {
        self.wanted.drain(..).map(Effect::Paint)
    }

    fn open(&self, version: Option<&ModelVersion>) -> Response {
        let (Some((root, path)), Some(version)) = (self.selected(), version) else {
            return Response::pass(Action::Open);
        };
        let owner = Owner::Version(version.model.clone(), version.number);
        Response::push(Route::Preview(owner, root.clone(), path.clone()))
    }

    fn remake(&mut self, version: Option<&ModelVersion>, baseline: Option<Baseline>, rows: usize, ctx: &Ctx<'_>) {
        let Some(version) = version else { return };
        let files = listing(&file_roots(version), ctx).files;
        let fit = self.filter.pick(&files, |file| clean_line(&file.path));
        self.files = fit.into_iter().map(|at| files[at].clone()).collect();
        self.keys = self.files.iter().map(|file| (file.root.clone(), file.path.clone())).collect();
        if let Some(first) = self.keys.first().filter(|_| !self.chose) {
            self.cursor.aim(first.clone());
        }
        self.cursor.settle(&self.keys, list_rows(rows, ctx));
        let selected = self.selected().cloned();
        let there = selected.as_ref().and_then(|(root, path)| {
            let other = baseline.as_ref()?.roots.iter().find(|other| other.is_like(root))?;
            Some((other.clone(), path.clone()))
        });
        self.against = baseline.map(|baseline| baseline.label);
        let has_other = there.is_some();
        let width = if ctx.width >= BESIDE { ctx.width - LIST } else { ctx.width };
        let columns = if has_other { width / 2 } else { width }.saturating_sub(2).max(1);
        let below = if ctx.width >= BESIDE { 1 } else { 2 };
        let room = (columns, u16::try_from(rows.saturating_sub(below)).unwrap_or(u16::MAX).max(1));
        for (side, at) in [(&mut self.candidate, selected), (&mut self.baseline, there)] {
            self.wanted.extend(side.remake(at, self.window, room, ctx));
        }
        let grid = |side: &Side| side.file.as_ref().and_then(|file| file.grid().cloned());
        self.numbers = grid(&self.candidate).map(|new| match grid(&self.baseline) {
            Some(old) => with_differences(&new, &old),
            None => new,
        });
    }
}

impl Side {
    fn remake(
        &mut self,
        at: Option<(ArtifactRoot, String)>,
        window: Window,
        (columns, rows): (u16, u16),
        ctx: &Ctx<'_>,
    ) -> Option<PaintRequest> {
        if self.at != at {
            *self = Self { at, ..Self::default() };
        }
        let (root, path) = self.at.clone()?;
        let file = ctx.cache.preview(&preview((root.clone(), path.clone())))?;
        self.file = Some(Arc::clone(file));
        self.shown.lay(file, &Canvas { root, path, window, columns, rows }, false, ctx)
    }

    /// Why the file could not be read; and whether it is not there.
    fn failure<'a>(&self, ctx: &Ctx<'a>) -> Option<(&'a Failure, bool)> {
        let failure = ctx.cache.failure(&preview(self.at.clone()?))?;
        Some((failure, failure.kind == FailureKind::NotFound))
    }
}

fn preview((root, path): (ArtifactRoot, String)) -> Query {
    Query::Preview { root, path }
}

/// Rows of the list of files.
fn list_rows(rows: usize, ctx: &Ctx<'_>) -> usize {
    if ctx.width >= BESIDE { rows } else { 1 }
}
