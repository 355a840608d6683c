//! What is in this file? Its beginning: a table, a text, an image or bytes.

pub mod view;

use std::sync::Arc;

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::keymap::Context;
use crate::app::owner::Owner;
use crate::app::paint::{Canvas, PaintRequest};
use crate::app::query::Query;
use crate::app::route::Route;
use crate::app::under::Under;
use crate::domain::artifact::{ArtifactRoot, human_size};
use crate::domain::preview::{Content, Preview as Beginning, Window};
use crate::domain::text::{clean_line, count};
use crate::screens::parts::save::Save;
use crate::screens::parts::shown::{FOLDED_DEPTH, Made, Shown, panned, zoomed};
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, roll_back};
use crate::ui::{Phrase, Role};

/// Blank columns on the left and right.
const MARGIN: u16 = 1;
/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Preview {
    owner: Owner,
    root: ArtifactRoot,
    path: String,
    /// The first visible line.
    offset: usize,
    /// The first visible column.
    column: usize,
    folded: bool,
    file: Option<Arc<Beginning>>,
    shown_as: Shown,
    /// The part of a picture that is seen.
    window: Window,
    /// An image to prepare for the terminal.
    wanted: Option<PaintRequest>,
    filter: Filter,
    /// The lines or rows that the filter leaves.
    shown: Vec<usize>,
    save: Save,
}

impl Preview {
    /// The beginning of a file.
    pub fn new(owner: Owner, root: ArtifactRoot, path: String) -> Self {
        Self {
            owner,
            root,
            path,
            offset: 0,
            column: 0,
            folded: false,
            file: None,
            shown_as: Shown::default(),
            window: Window::default(),
            wanted: None,
            filter: Filter::default(),
            shown: Vec::new(),
            save: Save::default(),
        }
    }

    fn handle(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let answered = self.save.update(event, ctx);
        self.remake(ctx);
        self.narrow(ctx);
        if let Some(step) = answered {
            return step;
        }
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        if self.window.is_part() {
            self.window = if action == Action::Back { Window::default() } else { panned(self.window, action) };
            self.remake(ctx);
            if action == Action::Back {
                return Response::none();
            }
        }
        let (last, page) = (self.last_offset(ctx), self.rows(ctx).saturating_sub(1).max(1));
        match action {
            Action::Up => self.offset = self.offset.saturating_sub(1),
            Action::Down => self.offset = (self.offset + 1).min(last),
            Action::PageUp => self.offset = self.offset.saturating_sub(page),
            Action::PageDown => self.offset = (self.offset + page).min(last),
            Action::Top => self.offset = 0,
            Action::Bottom => self.offset = last,
            Action::CursorLeft => self.column = self.column.saturating_sub(1),
            Action::CursorRight => self.column = (self.column + 1).min(self.columns().saturating_sub(1)),
            Action::ZoomIn | Action::ZoomOut if self.is_picture() => {
                self.window = zoomed(self.window, action);
                self.remake(ctx);
            }
            Action::Fold => {
                self.folded = !self.folded;
                self.offset = 0;
                self.remake(ctx);
                self.narrow(ctx);
            }
            Action::Save => {
                self.save.ask(self.root.clone(), self.path.clone());
                self.remake(ctx);
                self.narrow(ctx);
            }
            Action::Copy => return Response::copy(clean_line(&self.path)),
            Action::Rollback => return roll_back(&self.owner),
            Action::Browse => {
                let place = self.owner.place(ctx.cache);
                return place.map_or_else(Response::none, |place| Response::effect(Effect::Browse(place)));
            }
            Action::Refresh => return Response::refresh(vec![self.query()]),
            other => return Response::pass(other),
        }
        Response::none()
    }

    fn can_be_filtered(&self) -> bool {
        matches!(self.file().map(|file| &file.content), Some(Content::Text(_) | Content::Table(_)))
    }

    /// Lines and rows that fit.
    fn narrow(&mut self, ctx: &Ctx<'_>) {
        self.shown = match (self.shown_as.made(), self.file.as_ref().map(|file| &file.content)) {
            (Made::Lines(lines), _) => self.filter.pick(lines, |line| line.plain().into_owned()),
            (_, Some(Content::Table(grid))) => self.filter.pick(&grid.rows, |row| row.join(" ")),
            _ => Vec::new(),
        };
        self.offset = self.offset.min(self.last_offset(ctx));
    }

    fn query(&self) -> Query {
        Query::Preview { root: self.root.clone(), path: self.path.clone() }
    }

    fn file(&self) -> Option<&Beginning> {
        self.file.as_deref()
    }

    /// The lines above the file: its kind, how much of it is shown, and anything odd.
    fn above(&self, file: &Beginning, width: u16, ctx: &Ctx<'_>) -> Vec<Phrase<'static>> {
        let mut first = Phrase::of(Role::Muted, format!(" {}", file.kind));
        let read = human_size(file.read);
        first = match (file.cut, file.total) {
            (true, total) => {
                let of = total.map(|t| format!(" of {}", human_size(t))).unwrap_or_default();
                let save = ctx.keys.named(Action::Save);
                first.add(Role::Warn, format!("  only the first {read}{of} are shown; {save} saves the whole file"))
            }
            (false, _) => first.add(Role::Muted, format!("  {read}")),
        };
        first = match &file.content {
            Content::Picture(p) => first.add(Role::Muted, format!("  {} x {} pixels", p.original.0, p.original.1)),
            Content::Table(grid) => {
                let from = if self.column > 0 { format!(" from column {}", self.column + 1) } else { String::new() };
                let (rows, columns) = (count(grid.rows.len(), "row"), count(grid.columns.len(), "column"));
                first.add(Role::Muted, format!("  {rows}, {columns}{from}"))
            }
            _ => first,
        };
        let notes = file.notes.iter().map(|note| Phrase::of(Role::Warn, format!(" {note}")));
        let room = usize::from(width.max(20));
        std::iter::once(first).chain(notes).flat_map(|line| line.wrap(room, 1)).collect()
    }

    /// Rows available for the file.
    fn rows(&self, ctx: &Ctx<'_>) -> usize {
        let above = self.file().map_or(1, |file| self.above(file, ctx.width, ctx).len());
        let asking = usize::from(self.save.is_asking());
        ctx.rows(u16::try_from(above + asking).unwrap_or(u16::MAX))
    }

    fn columns(&self) -> usize {
        match self.file().map(|f| &f.content) {
            Some(Content::Table(grid)) => grid.columns.len(),
            _ => 0,
        }
    }

    fn last_offset(&self, ctx: &Ctx<'_>) -> usize {
        let rows = self.rows(ctx);
        let len = match (self.shown_as.made(), self.file().map(|f| &f.content)) {
            (Made::Lines(_), _) => self.shown.len(),
            // The header takes a row.
            (_, Some(Content::Table(_))) => self.shown.len() + 1,
            (_, Some(Content::Bytes(bytes))) => bytes.len().div_ceil(16),
            _ => 0,
        };
        len.saturating_sub(rows)
    }

    /// Lays the file out again if it or the screen size changed.
    fn remake(&mut self, ctx: &Ctx<'_>) {
        let Some(file) = ctx.cache.preview(&self.query()) else {
            return;
        };
        self.file = Some(Arc::clone(file));
        let canvas = Canvas {
            root: self.root.clone(),
            path: self.path.clone(),
            window: self.window,
            columns: ctx.width.saturating_sub(2 * MARGIN).max(1),
            rows: u16::try_from(self.rows(ctx)).unwrap_or(u16::MAX).max(1),
        };
        self.wanted = self.shown_as.lay(file, &canvas, self.folded, ctx).or(self.wanted.take());
        self.offset = self.offset.min(self.last_offset(ctx));
    }

    fn is_picture(&self) -> bool {
        self.shown_as.is_picture()
    }
}

impl Component for Preview {
    fn heading(&self) -> &'static str {
        "preview"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Preview(self.owner.clone(), self.root.clone(), self.path.clone()))
    }

    fn under(&self, _: &Ctx<'_>) -> Under {
        self.owner.under()
    }

    fn finder(&self) -> Option<&Filter> {
        (!self.save.is_asking() && self.can_be_filtered()).then_some(&self.filter)
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        (!self.save.is_asking() && self.can_be_filtered()).then_some(&mut self.filter)
    }

    fn contexts(&self) -> &'static [Context] {
        if self.save.is_asking() {
            &[Context::Prompt, Context::Global]
        } else if self.is_picture() {
            &[Context::Picture, Context::Preview, Context::List, Context::Global]
        } else {
            &[Context::Preview, Context::List, Context::Global]
        }
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Copy, CursorLeft, CursorRight, Fold, Help, Save, ZoomIn, ZoomOut};
        match self.file().map(|file| &file.content) {
            Some(Content::Picture(_)) if self.is_picture() => &[ZoomIn, ZoomOut, Save, Browse, Copy, Back, Help],
            Some(Content::Table(_)) => &[CursorLeft, CursorRight, Save, Browse, Copy, Back, Help],
            Some(Content::Text(lines)) if lines.iter().any(|l| l.depth > FOLDED_DEPTH) => {
                &[Fold, Save, Browse, Copy, Back, Help]
            }
            _ => &[Save, Browse, Copy, Back, Help],
        }
    }

    fn captures_text(&self) -> bool {
        self.save.is_asking()
    }

    fn takes_back(&self) -> bool {
        self.save.is_asking() || self.window.is_part()
    }

    fn save(&self) -> Option<&Save> {
        Some(&self.save)
    }

    /// The facts, which name the run, and the file.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        [self.query()].into_iter().chain(self.owner.needs(ctx.cache)).collect()
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        let mut step = self.handle(event, ctx);
        step.effects.extend(self.wanted.take().map(Effect::Paint));
        step
    }
}
