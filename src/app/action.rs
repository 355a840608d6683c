//! What a key means. Flat and free of context: which key means it where stands in `assets/keymap.toml`.

macro_rules! actions {
    ($($(#[doc = $doc:literal])* $name:ident = $id:literal,)*) => {
        /// Something a person wants. The doc line of each is its help text; the order is the order of help.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action { $($(#[doc = $doc])* $name,)* }

        impl Action {
            /// Every action, in help order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name used in the keymap file.
            pub fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What it does, for help and palette.
            pub fn help(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)*).trim_ascii(),)* }
            }
        }
    };
}

actions! {
    /// open
    Open = "open",
    /// review
    Review = "review",
    /// approve: plan, then type the version
    Approve = "approve",
    /// reject: say why
    Reject = "reject",
    /// hold: not yet; say why
    Hold = "hold",
    /// roll back: to a version that was in production before
    Rollback = "rollback",
    /// submit
    Submit = "submit",
    /// yes: answers the question
    AnswerYes = "answer_yes",
    /// no: answers the question
    AnswerNo = "answer_no",
    /// n/a: answers the question
    AnswerNa = "answer_na",
    /// next answer: of those the question allows
    NextAnswer = "next_answer",
    /// note: beside the answer
    Note = "note",
    /// confirm
    Confirm = "confirm",
    /// resume: read what is there, then go on
    Resume = "resume",
    /// undo: take back what was written
    Undo = "undo",
    /// differences: only these, or everything
    Differences = "differences",
    /// baseline: compare with another version, or a run
    Baseline = "baseline",
    /// next tab
    NextTab = "next_tab",
    /// previous tab
    PreviousTab = "previous_tab",
    /// first tab
    Tab1 = "tab_1",
    /// second tab
    Tab2 = "tab_2",
    /// third tab
    Tab3 = "tab_3",
    /// fourth tab
    Tab4 = "tab_4",
    /// fifth tab
    Tab5 = "tab_5",
    /// reason: type it, or go back to the version
    NextField = "next_field",
    /// release notes: as they will be
    Notes = "notes",
    /// jobs: show or hide
    Jobs = "jobs",
    /// curve: of this metric
    Curve = "curve",
    /// trend: this metric from version to version
    Trend = "trend",
    /// left: the cursor, one column
    CursorLeft = "cursor_left",
    /// right: the cursor, one column
    CursorRight = "cursor_right",
    /// zoom in: around the cursor
    ZoomIn = "zoom_in",
    /// zoom out
    ZoomOut = "zoom_out",
    /// log: scale of the values, logarithmic or linear
    LogScale = "log_scale",
    /// time: axis of steps or of time
    TimeAxis = "time_axis",
    /// run: all that it recorded
    Run = "run",
    /// files: of this version
    Files = "files",
    /// save: this file, on this machine
    Save = "save",
    /// mark: for a comparison
    Mark = "mark",
    /// compare: what is marked, side by side
    Compare = "compare",
    /// search: in MLflow's filter language, by the server
    Search = "search",
    /// sort: by a column; the same again reverses
    Sort = "sort",
    /// size: largest change first, or by name
    SortBySize = "sort_by_size",
    /// columns: choose which are shown
    Columns = "columns",
    /// fold: show only what is outermost, or everything
    Fold = "fold",
    /// inbox
    Inbox = "inbox",
    /// models: all there are
    Models = "models",
    /// experiments: and their runs
    Experiments = "experiments",
    /// versions: all of this model
    Versions = "versions",
    /// history: what was decided, and what came of it
    History = "history",
    /// up
    Up = "up",
    /// down
    Down = "down",
    /// page up
    PageUp = "page_up",
    /// page down
    PageDown = "page_down",
    /// first
    Top = "top",
    /// last
    Bottom = "bottom",
    /// filter
    Filter = "filter",
    /// browser: open the page of this
    Browse = "browse",
    /// copy: to the clipboard
    Copy = "copy",
    /// refresh: read everything here again
    Refresh = "refresh",
    /// commands: find one by typing
    Palette = "palette",
    /// help: the keys that work here
    Help = "help",
    /// back
    Back = "back",
    /// quit
    Quit = "quit",
}

impl Action {
    /// The tab a tab action names, from 0.
    pub fn tab(self) -> Option<usize> {
        match self {
            Self::Tab1 => Some(0),
            Self::Tab2 => Some(1),
            Self::Tab3 => Some(2),
            Self::Tab4 => Some(3),
            Self::Tab5 => Some(4),
            _ => None,
        }
    }

    /// Moves in a list or text and does nothing else.
    pub fn is_movement(self) -> bool {
        matches!(self, Self::Up | Self::Down | Self::PageUp | Self::PageDown | Self::Top | Self::Bottom)
    }

    fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|a| a.id() == id)
    }
}

impl std::str::FromStr for Action {
    type Err = String;

    fn from_str(id: &str) -> Result<Self, String> {
        Self::from_id(id).ok_or_else(|| {
            let near = Self::ALL.iter().map(|a| a.id()).min_by_key(|n| strsim::levenshtein(n, id)).unwrap_or_default();
            format!("'{id}' is no action; the nearest is '{near}'")
        })
    }
}
