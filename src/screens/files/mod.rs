//! What did the run leave behind? The files of a version's run and, on MLflow 3.x, of its logged model, as a tree.

pub mod view;

use std::collections::BTreeSet;

use crate::app::action::Action;
use crate::app::effect::Effect;
use crate::app::keymap::Context;
use crate::app::list::Cursor;
use crate::app::owner::Owner;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::app::under::Under;
use crate::domain::artifact::{ArtifactEntry, ArtifactRoot, human_size};
use crate::domain::text::clean_line;
use crate::present::Phrase;
use crate::screens::parts::save::Save;
use crate::screens::parts::{Component, Ctx, Filter, Response, ScreenEvent, hold, roll_back, text_of};
use crate::ui::text::wrap;

/// Maximum depth of the tree. Anything deeper is a loop of links on the server.
const DEEPEST: usize = 40;
/// Columns not available to a failure line, besides indentation: cursor, symbol, and one blank.
const MARGIN: usize = 8;

/// Identity of a row: index of its root, and a path. The cursor stays on it.
pub type Key = (usize, String);

/// Content of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The run or the logged model.
    Root(ArtifactRoot),
    Folder,
    /// A file, with its size in bytes if the server reports it.
    File(Option<u64>),
    /// A message instead of rows: loading, or empty.
    Word(&'static str),
    /// A line of the reason a folder could not be read.
    Failed {
        first: bool,
    },
}

/// A row of the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct FileRow {
    pub key: Key,
    pub depth: usize,
    pub kind: Kind,
    /// Display name, cleaned: a file name, or the whole path where rows have no parent.
    pub name: String,
    /// Whether its folder is open.
    pub open: bool,
}

/// State of the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    owner: Owner,
    roots: Vec<ArtifactRoot>,
    open: BTreeSet<Key>,
    rows: Vec<FileRow>,
    keys: Vec<Key>,
    cursor: Cursor<Key>,
    filter: Filter,
    save: Save,
}

impl Files {
    /// The files of a version or run, with its roots open.
    pub fn new(owner: Owner) -> Self {
        Self {
            owner,
            roots: Vec::new(),
            open: (0..2).map(|root| (root, String::new())).collect(),
            rows: Vec::new(),
            keys: Vec::new(),
            cursor: Cursor::default(),
            filter: Filter::default(),
            save: Save::default(),
        }
    }

    /// The rows as shown.
    pub fn rows(&self) -> &[FileRow] {
        &self.rows
    }

    /// The row under the cursor.
    pub fn selected(&self) -> Option<&FileRow> {
        self.rows.get(self.cursor.index())
    }

    fn visible(&self, ctx: &Ctx<'_>) -> usize {
        ctx.rows(u16::from(self.save.is_asking()))
    }

    /// Whether all folders containing this one are open.
    fn is_in_sight(&self, (root, path): &Key) -> bool {
        let inner = path.match_indices('/').map(|(end, _)| &path[..end]);
        std::iter::once("").chain(inner).all(|above| path.is_empty() || self.open.contains(&(*root, above.to_owned())))
    }

    fn remake(&mut self, ctx: &Ctx<'_>) {
        self.roots = self.owner.roots(ctx.cache).unwrap_or_default();
        let mut rows = Vec::new();
        for (at, root) in self.roots.iter().enumerate() {
            let key = (at, String::new());
            let open = self.open.contains(&key);
            rows.push(FileRow { key, depth: 0, kind: Kind::Root(root.clone()), name: root_name(root), open });
            if open {
                self.rows_below(ctx, at, "", 1, &mut rows);
            }
        }
        if !self.filter.query().is_empty() {
            rows.retain(|row| matches!(row.kind, Kind::Folder | Kind::File(_)));
            let found = self.filter.pick(&rows, |row| {
                let size = if let Kind::File(Some(size)) = row.kind { human_size(size) } else { String::new() };
                text_of(&[Phrase::new(clean_line(&row.key.1)), Phrase::new(size)])
            });
            rows = found.into_iter().map(|at| rows[at].clone()).collect();
            for row in &mut rows {
                (row.depth, row.name) = (0, clean_line(&row.key.1));
            }
        }
        self.keys = rows.iter().map(|row| row.key.clone()).collect();
        self.rows = rows;
        let visible = self.visible(ctx);
        self.cursor.settle(&self.keys, visible);
    }

    fn rows_below(&self, ctx: &Ctx<'_>, at: usize, path: &str, depth: usize, rows: &mut Vec<FileRow>) {
        let Some(root) = self.roots.get(at) else { return };
        // The key of a message row is not a valid path.
        let line =
            |n: usize, kind, name| FileRow { key: (at, format!("{path}/\0{n}")), depth, kind, name, open: false };
        let word = |kind| line(0, kind, String::new());
        let query = folder(root, path);
        if let Some(failure) = ctx.cache.failure(&query) {
            let room = usize::from(ctx.width).saturating_sub(2 * depth + MARGIN).max(20);
            let lines = wrap(&failure.sentence(), room).into_iter().enumerate();
            rows.extend(lines.map(|(n, text)| line(n, Kind::Failed { first: n == 0 }, text)));
        }
        match ctx.cache.artifacts(root, path).map(Vec::as_slice) {
            None if ctx.cache.failure(&query).is_none() => rows.push(word(Kind::Word("reading …"))),
            None => {}
            Some([]) => rows.push(word(Kind::Word("nothing here"))),
            Some(_) if depth > DEEPEST => rows.push(word(Kind::Word("too deep to be shown"))),
            Some(entries) => {
                for entry in entries {
                    let row = self.row(at, entry, depth);
                    let inside = row.open.then(|| entry.path.clone());
                    rows.push(row);
                    if let Some(path) = inside {
                        self.rows_below(ctx, at, &path, depth + 1, rows);
                    }
                }
            }
        }
    }

    fn row(&self, at: usize, entry: &ArtifactEntry, depth: usize) -> FileRow {
        let key = (at, entry.path.clone());
        let name = clean_line(entry.path.rsplit('/').next().unwrap_or(&entry.path));
        let kind = if entry.is_dir { Kind::Folder } else { Kind::File(entry.size) };
        let open = entry.is_dir && self.open.contains(&key);
        FileRow { key, depth, kind, name, open }
    }
}

impl Component for Files {
    fn heading(&self) -> &'static str {
        "files"
    }

    fn route(&self) -> Option<Route> {
        Some(Route::Files(self.owner.clone()))
    }

    fn under(&self, _: &Ctx<'_>) -> Under {
        self.owner.under()
    }

    fn contexts(&self) -> &'static [Context] {
        if self.captures_text() {
            &[Context::Prompt, Context::Global]
        } else {
            &[Context::Files, Context::List, Context::Global]
        }
    }

    fn hints(&self, _: &Ctx<'_>) -> &'static [Action] {
        use Action::{Back, Browse, Copy, Filter, Help, Open, Save};
        &[Open, Save, Filter, Browse, Copy, Back, Help]
    }

    fn captures_text(&self) -> bool {
        self.save.is_asking()
    }

    fn finder(&self) -> Option<&Filter> {
        Some(&self.filter)
    }

    fn finder_mut(&mut self) -> Option<&mut Filter> {
        Some(&mut self.filter)
    }

    /// Whether Esc means something here other than going back.
    fn takes_back(&self) -> bool {
        self.save.is_asking()
    }

    fn save(&self) -> Option<&Save> {
        Some(&self.save)
    }

    /// The facts, which name the run, and every open folder.
    fn needs(&self, ctx: &Ctx<'_>) -> Vec<Query> {
        let mut needs = self.owner.needs(ctx.cache);
        let roots = self.owner.roots(ctx.cache).unwrap_or_default();
        let open = self.open.iter().filter(|key| self.is_in_sight(key));
        needs.extend(open.filter_map(|(root, path)| Some(folder(roots.get(*root)?, path))));
        needs
    }

    fn update(&mut self, event: ScreenEvent<'_>, ctx: &Ctx<'_>) -> Response {
        if let Some(step) = self.save.update(event, ctx) {
            return step;
        }
        hold(&mut self.cursor, event);
        self.remake(ctx);
        let ScreenEvent::Action(action) = event else {
            return Response::none();
        };
        if action.is_movement() {
            self.cursor.step(action, &self.keys, self.visible(ctx));
            return Response::none();
        }
        if action == Action::Refresh {
            return Response::refresh(self.needs(ctx));
        }
        let Some(row) = self.selected().cloned() else {
            return Response::pass(action);
        };
        let Some(root) = self.roots.get(row.key.0).cloned() else {
            return Response::pass(action);
        };
        let (at, path) = row.key.clone();
        match (action, &row.kind) {
            (Action::Open, Kind::Root(_) | Kind::Folder) => {
                if !self.open.remove(&row.key) {
                    self.open.insert(row.key);
                }
                self.remake(ctx);
            }
            (Action::Open, Kind::File(_)) => {
                return Response::push(Route::Preview(self.owner.clone(), root, path));
            }
            (Action::Fold, kind) => {
                // Folds an open folder; on any other row, goes to the parent folder.
                let folder = matches!(kind, Kind::Root(_) | Kind::Folder);
                if !(folder && self.open.remove(&row.key)) {
                    let above = (at, path.rsplit_once('/').map_or("", |(above, _)| above).to_owned());
                    self.cursor.aim(above);
                }
                self.remake(ctx);
            }
            (Action::Save, Kind::File(_)) => self.save.ask(root, path),
            (Action::Save, _) => return Response::vain(Action::Save, "Only files can be saved, one at a time."),
            (Action::Copy, _) => return Response::copy(clean_line(&uri(&root, &path))),
            (Action::Rollback, _) => return roll_back(&self.owner),
            (Action::Browse, _) => {
                let place = self.owner.place(ctx.cache);
                return place.map_or_else(Response::none, |place| Response::effect(Effect::Browse(place)));
            }
            (other, _) => return Response::pass(other),
        }
        Response::none()
    }
}

fn root_name(root: &ArtifactRoot) -> String {
    match root {
        ArtifactRoot::Run(id) => format!("run {}", id.short()),
        ArtifactRoot::LoggedModel(id) => format!("logged model {}", clean_line(id)),
        ArtifactRoot::Version(_, number) => format!("version {number}"),
    }
}

fn folder(root: &ArtifactRoot, path: &str) -> Query {
    Query::Artifacts { root: root.clone(), path: path.to_owned() }
}

/// The URI MLflow's own tools use for the file.
fn uri(root: &ArtifactRoot, path: &str) -> String {
    match root {
        ArtifactRoot::Run(id) => format!("runs:/{}/{path}", id.as_str()),
        ArtifactRoot::LoggedModel(id) => format!("models:/{id}/{path}"),
        ArtifactRoot::Version(model, number) => format!("models:/{}/{}/{path}", model.as_str(), number.0),
    }
}
