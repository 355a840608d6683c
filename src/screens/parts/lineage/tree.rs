//! Builds the rows of the tree: nodes with foldable details and notes.

use std::collections::BTreeSet;

use crate::app::effect::Place;
use crate::domain::failure::Failure;
use crate::domain::ids::RunId;
use crate::domain::text::clean_line;
use crate::present::time::Zone;
use crate::present::{Mark, Said};
use crate::ui::text::wrap;

/// Columns for the labels, indentation included.
pub(super) const LABELS: u16 = 22;
/// Columns used besides labels and values: those before the first column, and those between the two.
const GAPS: u16 = 5;

/// The tone of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Neutral.
    #[default]
    Plain,
    /// Loading.
    Loading,
    /// Nothing there, and that is fine.
    Muted,
    /// It should be there, and is not.
    Missing,
    /// As expected.
    Good,
    /// Failed.
    Bad,
    /// Worth a look.
    Warn,
    /// Could not be read, or was not recorded.
    Unknown,
    /// Could not be read again: the value above is stale.
    Stale,
    /// Matches a watched path of the configuration.
    Watched,
    /// Unwatched, among watched values.
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

/// A row of the tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TreeRow {
    /// Identity of the row. The cursor stays on it.
    pub key: String,
    pub depth: usize,
    /// Empty if it is the same as above.
    pub label: String,
    /// The text, cleaned.
    pub value: String,
    pub tone: Tone,
    /// Whether it continues the value above.
    pub continued: bool,
    /// Whether it is unfolded; none if it cannot be folded.
    pub open: Option<bool>,
    /// Its web page.
    pub place: Option<Place>,
    /// Text to copy.
    pub copy: Option<String>,
    /// The run it is about, which can be opened here.
    pub run: Option<RunId>,
}

impl TreeRow {
    /// A row of a node or detail.
    pub(super) fn new(label: &str, value: impl AsRef<str>) -> Self {
        Self { label: label.to_owned(), value: clean_line(value.as_ref()), ..Self::default() }
    }

    /// A row with text shared with other views.
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

/// The tree under construction.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) zone: Zone<'a>,
    rows: Vec<TreeRow>,
    open: &'a BTreeSet<String>,
    width: usize,
    /// Depth in the whole tree of what is at the top here.
    top: usize,
    /// The current node, which details are added to, and its depth.
    node: (String, usize),
}

impl<'a> Tree<'a> {
    /// An empty tree for a terminal of `width` columns, with the nodes in `open` unfolded. It starts at depth `top` of
    /// the whole tree.
    pub(super) fn new(open: &'a BTreeSet<String>, zone: Zone<'a>, width: u16, top: usize) -> Self {
        let width = usize::from(width.saturating_sub(LABELS + GAPS)).max(20);
        Self { zone, rows: Vec::new(), open, width, top, node: (String::new(), 0) }
    }

    /// Adds a node; the rows that follow are its details. Returns whether they are shown.
    pub(super) fn node(&mut self, key: &str, depth: usize, row: TreeRow, foldable: bool) -> bool {
        let depth = depth.saturating_sub(self.top);
        self.node = (key.to_owned(), depth);
        let open = foldable.then(|| self.open.contains(key));
        self.add(TreeRow { key: key.to_owned(), depth, open, ..row });
        open == Some(true)
    }

    /// Adds a row below the current node even if it is folded, for what must not be missed.
    pub(super) fn note(&mut self, row: TreeRow) {
        let (node, depth) = (&self.node.0, self.node.1 + 1);
        // Keyed by label, which stays the same while its value loads.
        let key = if row.label.is_empty() { format!("{node}/{:?}", row.tone) } else { format!("{node}/{}", row.label) };
        let (place, copy) = self.inherited();
        self.add(TreeRow { key, depth, place: row.place.or(place), copy: row.copy.or(copy), ..row });
    }

    /// Adds rows with a common label below the current node, one line each.
    pub(super) fn list(&mut self, label: &str, rows: impl IntoIterator<Item = TreeRow>) {
        let (node, depth) = (self.node.0.clone(), self.node.1 + 1);
        let (place, _) = self.inherited();
        for (n, row) in rows.into_iter().enumerate() {
            let (key, place) = (format!("{node}/{label}{n}"), row.place.or_else(|| place.clone()));
            let label = if n == 0 { label.to_owned() } else { String::new() };
            self.rows.push(TreeRow { key, depth, label, place, ..row });
        }
    }

    /// Says why the current node could not be read again.
    pub(super) fn stale(&mut self, failure: Option<&Failure>) {
        if let Some(failure) = failure {
            self.note(TreeRow::new("", format!("not read again: {}", failure.sentence())).tone(Tone::Stale));
        }
    }

    pub(super) fn rows(self) -> Vec<TreeRow> {
        self.rows
    }

    /// Page and copy text of the current node.
    fn inherited(&self) -> (Option<Place>, Option<String>) {
        let node = self.rows.iter().rfind(|r| r.key == self.node.0);
        node.map(|n| (n.place.clone(), n.copy.clone())).unwrap_or_default()
    }

    /// Adds a row, wrapped to several if its value would be useless when cut off.
    fn add(&mut self, row: TreeRow) {
        let whole = matches!(row.tone, Tone::Warn | Tone::Unknown | Tone::Stale);
        // The symbol before it takes two columns.
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

/// What is missing, and the hint. Shortened where no request was made and the label says the rest.
pub(super) fn reason(failure: &Failure) -> String {
    match &failure.hint {
        Some(hint) => format!("{}. {hint}", failure.reason),
        None => failure.reason.clone(),
    }
}

/// A node that is loading or failed: `row` has what is known about it anyway.
pub(super) fn unread(tree: &mut Tree<'_>, key: &str, depth: usize, row: TreeRow, failure: Option<String>) {
    let row = match failure {
        None => row.tone(Tone::Loading),
        Some(why) => TreeRow { value: why, ..row.tone(Tone::Unknown) },
    };
    tree.node(key, depth, row, false);
}
