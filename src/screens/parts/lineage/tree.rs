//! The rows of a tree as it grows: nodes with their details, which can be folded away, and what is said of them.

use std::collections::BTreeSet;

use crate::app::effect::Place;
use crate::domain::failure::Failure;
use crate::domain::ids::RunId;
use crate::domain::text::clean_line;
use crate::present::{Mark, Said};
use crate::ui::text::wrap;

/// Cells of the labels, indentation included.
pub(super) const LABELS: u16 = 22;
/// Cells beside labels and values: those before the first column, and those between the two.
const GAPS: u16 = 5;

/// What a value means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// It says what it says.
    #[default]
    Plain,
    /// It is on its way.
    Loading,
    /// There is nothing, and that is fine.
    Muted,
    /// As it should be.
    Good,
    /// Failed.
    Bad,
    /// A remark.
    Warn,
    /// It could not be found out, or was not recorded.
    Unknown,
    /// It could not be read again: what stands above it is old.
    Stale,
    /// The configuration watches it.
    Watched,
    /// It stands among others that are watched.
    Unwatched,
}

impl From<Mark> for Tone {
    fn from(mark: Mark) -> Self {
        match mark {
            Mark::Pass => Self::Good,
            Mark::Warn => Self::Warn,
            Mark::Block => Self::Bad,
            Mark::Unknown | Mark::Unreadable => Self::Unknown,
            Mark::Note => Self::Muted,
        }
    }
}

/// One row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeRow {
    /// What keeps the cursor on it.
    pub key: String,
    /// How deep it stands.
    pub depth: usize,
    /// What it is about; empty where the row above says it.
    pub label: String,
    /// What it says, cleaned.
    pub value: String,
    /// What that means.
    pub tone: Tone,
    /// It goes on with what the row above says.
    pub continued: bool,
    /// It can be unfolded, and is.
    pub open: Option<bool>,
    /// Its page.
    pub place: Option<Place>,
    /// What copying it gives.
    pub copy: Option<String>,
    /// The run it is about, which can be shown in here.
    pub run: Option<RunId>,
}

impl TreeRow {
    /// A row of a node or detail.
    pub(super) fn new(label: &str, value: impl AsRef<str>) -> Self {
        Self { label: label.to_owned(), value: clean_line(value.as_ref()), ..Self::default() }
    }

    /// A row of what is said in the same words elsewhere.
    pub(super) fn said(label: &str, said: Said) -> Self {
        Self::new(label, said.text).tone(said.mark.map_or(Tone::Plain, Tone::from))
    }

    pub(super) fn tone(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }

    pub(super) fn warn_if(self, warn: bool) -> Self {
        if warn { self.tone(Tone::Warn) } else { self }
    }

    pub(super) fn place(self, place: Option<Place>) -> Self {
        Self { place, ..self }
    }

    pub(super) fn url(self, url: &str) -> Self {
        self.place((!url.is_empty()).then(|| Place::Url(url.to_owned())))
    }

    pub(super) fn copy(self, text: impl Into<String>) -> Self {
        Self { copy: Some(text.into()), ..self }
    }

    pub(super) fn run(self, run: &RunId) -> Self {
        Self { run: Some(run.clone()), ..self }
    }
}

/// The tree while it is made.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    rows: Vec<TreeRow>,
    open: &'a BTreeSet<String>,
    width: usize,
    /// How deep what stands at the top would stand in the whole tree.
    top: usize,
    /// The node that details go to, and how deep it stands.
    node: (String, usize),
}

impl<'a> Tree<'a> {
    /// An empty tree for a terminal of `width` columns in which the nodes `open` are unfolded. It begins with what
    /// stands `top` deep in the whole.
    pub(super) fn new(open: &'a BTreeSet<String>, width: u16, top: usize) -> Self {
        let width = usize::from(width.saturating_sub(LABELS + GAPS)).max(20);
        Self { rows: Vec::new(), open, width, top, node: (String::new(), 0) }
    }

    /// Adds a node; what follows are its details. Returns whether they are shown.
    pub(super) fn node(&mut self, key: &str, depth: usize, row: TreeRow, foldable: bool) -> bool {
        let depth = depth.saturating_sub(self.top);
        self.node = (key.to_owned(), depth);
        let open = foldable.then(|| self.open.contains(key));
        self.add(TreeRow { key: key.to_owned(), depth, open, ..row });
        open == Some(true)
    }

    /// Adds a row below the present node, whether that is unfolded or not: what nobody may overlook.
    pub(super) fn note(&mut self, row: TreeRow) {
        let (node, depth) = (&self.node.0, self.node.1 + 1);
        // A label stays what it is while what it says arrives.
        let key = if row.label.is_empty() { format!("{node}/{:?}", row.tone) } else { format!("{node}/{}", row.label) };
        let (place, copy) = self.inherited();
        self.add(TreeRow { key, depth, place: row.place.or(place), copy: row.copy.or(copy), ..row });
    }

    /// Adds rows below the present node that share a label, each one line.
    pub(super) fn list(&mut self, label: &str, rows: impl IntoIterator<Item = TreeRow>) {
        let (node, depth) = (self.node.0.clone(), self.node.1 + 1);
        let (place, _) = self.inherited();
        for (n, row) in rows.into_iter().enumerate() {
            let (key, place) = (format!("{node}/{label}{n}"), row.place.or_else(|| place.clone()));
            let label = if n == 0 { label.to_owned() } else { String::new() };
            self.rows.push(TreeRow { key, depth, label, place, ..row });
        }
    }

    /// Says why the present node could not be read again.
    pub(super) fn stale(&mut self, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            self.note(TreeRow::new("", format!("not read again: {}", failure.sentence())).tone(Tone::Stale));
        }
    }

    /// The rows.
    pub(super) fn rows(self) -> Vec<TreeRow> {
        self.rows
    }

    /// Page and id of the present node.
    fn inherited(&self) -> (Option<Place>, Option<String>) {
        let node = self.rows.iter().rfind(|r| r.key == self.node.0);
        node.map(|n| (n.place.clone(), n.copy.clone())).unwrap_or_default()
    }

    /// Adds a row, and more of it where it says something that is no use when cut off.
    fn add(&mut self, row: TreeRow) {
        let whole = matches!(row.tone, Tone::Warn | Tone::Unknown | Tone::Stale);
        // The symbol before it takes two cells.
        let lines = if whole { wrap(&row.value, self.width - 2) } else { vec![row.value.clone()] };
        for (n, line) in lines.into_iter().enumerate() {
            self.rows.push(match n {
                0 => TreeRow { value: line, ..row.clone() },
                _ => TreeRow {
                    key: format!("{}+{n}", row.key),
                    label: String::new(),
                    value: line,
                    open: None,
                    continued: true,
                    ..row.clone()
                },
            });
        }
    }
}

/// What is missing, and the hint: enough where nobody was asked and the label says the rest.
pub(super) fn reason(failure: &Failure) -> String {
    match &failure.hint {
        Some(hint) => format!("{}. {hint}", failure.reason),
        None => failure.reason.clone(),
    }
}

/// A node that is being read, or could not be: `row` says what is known of it all the same.
pub(super) fn unread(tree: &mut Tree<'_>, key: &str, depth: usize, row: TreeRow, failure: Option<String>) {
    let row = match failure {
        None => row.tone(Tone::Loading),
        Some(why) => TreeRow { value: why, ..row.tone(Tone::Unknown) },
    };
    tree.node(key, depth, row, false);
}
