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
    /// approve: show the plan, then type the version
    Approve = "approve",
    /// reject: reject it, with a reason
    Reject = "reject",
    /// hold: hold it back, with a reason
    Hold = "hold",
    /// roll back: go back to an earlier production version
    Rollback = "rollback",
    /// submit
    Submit = "submit",
    /// yes: answer the question
    AnswerYes = "answer_yes",
    /// no: answer the question
    AnswerNo = "answer_no",
    /// n/a: answer the question
    AnswerNa = "answer_na",
    /// next answer: the next allowed answer
    NextAnswer = "next_answer",
    /// note: write a note, kept with the answer or the record
    Note = "note",
    /// confirm
    Confirm = "confirm",
    /// resume: check what was done, then continue
    Resume = "resume",
    /// undo: take back what was written
    Undo = "undo",
    /// differences: show differences only, or everything
    Differences = "differences",
    /// baseline: compare with another version or run
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
    /// sixth tab
    Tab6 = "tab_6",
    /// demo: look at it
    Demo = "demo",
    /// connect: to MLflow and GitHub
    Connect = "connect",
    /// configuration: name a file that you have
    OwnFile = "own_file",
    /// reason: switch between reason and the other field
    NextField = "next_field",
    /// release notes: preview them
    Notes = "notes",
    /// record: what was signed
    Record = "record",
    /// verify: check the release and its record now
    Verify = "verify",
    /// export: this record, as a file in the current folder
    Export = "export",
    /// jobs: show or hide
    Jobs = "jobs",
    /// re-run: the failed jobs of CD
    Rerun = "rerun",
    /// whole log: of the failed job
    JobLog = "job_log",
    /// approve deployment: to the environment that CD waits for
    ApproveDeployment = "approve_deployment",
    /// curve: plot this metric over steps
    Curve = "curve",
    /// trend: plot this metric over versions
    Trend = "trend",
    /// left: the cursor, one column
    CursorLeft = "cursor_left",
    /// right: the cursor, one column
    CursorRight = "cursor_right",
    /// zoom in: around the cursor
    ZoomIn = "zoom_in",
    /// zoom out
    ZoomOut = "zoom_out",
    /// log: logarithmic or linear scale
    LogScale = "log_scale",
    /// time: time or steps on the axis
    TimeAxis = "time_axis",
    /// run: everything the run recorded
    Run = "run",
    /// files: of this version
    Files = "files",
    /// save: this file, on this machine
    Save = "save",
    /// mark: mark it for a comparison
    Mark = "mark",
    /// compare: show what is marked side by side
    Compare = "compare",
    /// search: search on the server, in MLflow's filter language
    Search = "search",
    /// sort: by a column; again to reverse
    Sort = "sort",
    /// size: largest change first, or by name
    SortBySize = "sort_by_size",
    /// columns: choose columns
    Columns = "columns",
    /// fold: fold or unfold
    Fold = "fold",
    /// inbox
    Inbox = "inbox",
    /// models: all registered models
    Models = "models",
    /// experiments: experiments and runs
    Experiments = "experiments",
    /// versions: all versions of this model
    Versions = "versions",
    /// history: decisions and their outcomes
    History = "history",
    /// targets: choose another one
    Targets = "targets",
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
    /// browser: open this in the browser
    Browse = "browse",
    /// copy: to the clipboard
    Copy = "copy",
    /// refresh: read everything on this screen again
    Refresh = "refresh",
    /// go to: a model, version, run, experiment, address, tag, target, theme or command
    Palette = "palette",
    /// last place: go to the place before this one; again to come back
    LastPlace = "last_place",
    /// earlier place: go back through the places that were visited
    EarlierPlace = "earlier_place",
    /// later place: go forward again
    LaterPlace = "later_place",
    /// zone: show times in local time or in UTC
    Zone = "zone",
    /// help: keys of this screen
    Help = "help",
    /// back
    Back = "back",
    /// quit
    Quit = "quit",
}

/// A heading of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    Here,
    Decide,
    Move,
    Go,
    Everywhere,
}

impl Group {
    pub const ALL: [Self; 5] = [Self::Here, Self::Decide, Self::Move, Self::Go, Self::Everywhere];

    pub fn heading(self) -> &'static str {
        match self {
            Self::Here => "On this screen",
            Self::Decide => "Decide",
            Self::Move => "Move",
            Self::Go => "Go somewhere else",
            Self::Everywhere => "Everywhere",
        }
    }
}

impl Action {
    /// Where it stands in the help.
    pub fn group(self) -> Group {
        match self {
            Self::Approve | Self::Reject | Self::Hold | Self::Rollback | Self::Submit | Self::Confirm => Group::Decide,
            Self::AnswerYes | Self::AnswerNo | Self::AnswerNa | Self::NextAnswer | Self::Note => Group::Decide,
            Self::Resume | Self::Undo => Group::Decide,
            Self::CursorLeft | Self::CursorRight | Self::ZoomIn | Self::ZoomOut => Group::Move,
            Self::LastPlace | Self::EarlierPlace | Self::LaterPlace | Self::Palette | Self::Targets => Group::Go,
            Self::Refresh | Self::Zone | Self::Help | Self::Back | Self::Quit => Group::Everywhere,
            action if action.is_movement() => Group::Move,
            action if action.is_elsewhere() => Group::Go,
            _ => Group::Here,
        }
    }

    /// The program acts on it, whatever the screen is.
    pub fn is_of_program(self) -> bool {
        let of_target = matches!(self, Self::Targets | Self::Refresh) || self.is_elsewhere();
        let places = matches!(self, Self::LastPlace | Self::EarlierPlace | Self::LaterPlace | Self::Palette);
        of_target || places || matches!(self, Self::Zone | Self::Help | Self::Back | Self::Quit)
    }

    /// Its short name, for the footer: the beginning of its help text.
    pub fn name(self) -> &'static str {
        self.help().split(':').next().unwrap_or_default()
    }

    /// The actions that name a tab, first to last.
    pub const TABS: [Self; 6] = [Self::Tab1, Self::Tab2, Self::Tab3, Self::Tab4, Self::Tab5, Self::Tab6];

    /// The tab a tab action names, from 0.
    pub fn tab(self) -> Option<usize> {
        Self::TABS.iter().position(|tab| *tab == self)
    }

    /// Moves in a list or text and does nothing else.
    pub fn is_movement(self) -> bool {
        matches!(self, Self::Up | Self::Down | Self::PageUp | Self::PageDown | Self::Top | Self::Bottom)
    }

    /// Leads to a screen that needs a target.
    pub fn is_elsewhere(self) -> bool {
        matches!(self, Self::Inbox | Self::Models | Self::Experiments | Self::History)
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
