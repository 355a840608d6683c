//! Symbols, in Unicode and in ASCII.

/// One symbol per meaning, each one cell wide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbols {
    /// Better than the baseline.
    pub better: &'static str,
    /// Worse than the baseline.
    pub worse: &'static str,
    /// Equal to the baseline.
    pub same: &'static str,
    /// Unknown whether better or worse.
    pub unknown: &'static str,
    pub production: &'static str,
    /// A candidate for production.
    pub candidate: &'static str,
    /// Passed, done.
    pub pass: &'static str,
    /// Passed with a remark.
    pub warn: &'static str,
    /// Blocked, failed.
    pub block: &'static str,
    /// Waiting; also a separator.
    pub dot: &'static str,
    /// The row under the cursor.
    pub cursor: &'static str,
    /// A marked row.
    pub marked: &'static str,
    /// Truncated, or still loading.
    pub ellipsis: &'static str,
    /// From old to new.
    pub arrow: &'static str,
    /// A job within a run, a page within a section.
    pub within: &'static str,
    /// The Enter key.
    pub enter: &'static str,
    /// Sorted ascending.
    pub ascending: &'static str,
    /// Sorted descending.
    pub descending: &'static str,
    /// An undone step.
    pub undone: &'static str,
    pub line: &'static str,
    /// Corners and sides of a frame: top left, top right, bottom left, bottom right, vertical.
    pub frame: [&'static str; 5],
    /// Animation frames for running work.
    pub spinner: &'static [&'static str],
    /// From low to high.
    pub levels: &'static [&'static str],
}

/// Used by the command line, and by screens in most terminals.
pub const UNICODE: Symbols = Symbols {
    better: "▲",
    worse: "▼",
    same: "=",
    unknown: "?",
    production: "●",
    candidate: "○",
    pass: "✓",
    warn: "!",
    block: "✗",
    dot: "·",
    cursor: "▸",
    marked: "◆",
    ellipsis: "…",
    arrow: "→",
    within: "▸",
    enter: "⏎",
    ascending: "↑",
    descending: "↓",
    undone: "↶",
    line: "─",
    frame: ["┌", "┐", "└", "┘", "│"],
    spinner: &["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
    levels: &["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
};

const ASCII: Symbols = Symbols {
    better: "^",
    worse: "v",
    same: "=",
    unknown: "?",
    production: "@",
    candidate: "o",
    pass: "+",
    warn: "!",
    block: "x",
    dot: ".",
    cursor: ">",
    marked: "*",
    ellipsis: "~",
    arrow: ">",
    within: ">",
    enter: "<",
    ascending: "^",
    descending: "v",
    undone: "<",
    line: "-",
    frame: ["+", "+", "+", "+", "|"],
    spinner: &["|", "/", "-", "\\"],
    levels: &["_", ".", "-", "=", "*", "#"],
};

impl Symbols {
    /// The Unicode or the ASCII table.
    pub fn new(unicode: bool) -> Self {
        if unicode { UNICODE } else { ASCII }
    }

    /// A frame of the spinner; `tick` is any counter.
    pub fn spin(&self, tick: usize) -> &'static str {
        self.spinner[tick % self.spinner.len()]
    }

    /// The symbol for a level, clamped to 0.0..=1.0.
    pub fn level(&self, level: f64) -> &'static str {
        let top = self.levels.len() - 1;
        self.levels[((level * top as f64).round().max(0.0) as usize).min(top)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::present::text;

    fn all(s: &Symbols) -> Vec<&'static str> {
        let single = [
            s.better,
            s.worse,
            s.same,
            s.unknown,
            s.production,
            s.candidate,
            s.pass,
            s.warn,
            s.block,
            s.dot,
            s.cursor,
            s.marked,
            s.ellipsis,
            s.arrow,
            s.within,
            s.enter,
            s.ascending,
            s.descending,
            s.undone,
            s.line,
        ];
        [&single[..], &s.frame, s.spinner, s.levels].concat()
    }

    #[test]
    fn every_symbol_is_one_cell_and_the_plain_ones_are_ascii() {
        for unicode in [true, false] {
            for symbol in all(&Symbols::new(unicode)) {
                assert_eq!(text::width(symbol), 1, "{symbol}");
                assert!(unicode || symbol.is_ascii(), "{symbol}");
            }
        }
    }

    #[test]
    fn meanings_that_stand_in_one_column_differ_in_both_tables() {
        for s in [Symbols::new(true), Symbols::new(false)] {
            for column in [
                &[s.better, s.worse, s.same, s.unknown][..],
                &[s.pass, s.warn, s.block, s.dot, s.unknown],
                &[s.production, s.candidate],
            ] {
                let distinct: std::collections::BTreeSet<_> = column.iter().collect();
                assert_eq!(distinct.len(), column.len(), "{column:?}");
            }
        }
    }

    #[test]
    fn levels_stay_in_their_scale() {
        let s = Symbols::new(true);
        assert_eq!((s.level(-1.0), s.level(0.5), s.level(9.0), s.level(f64::NAN)), ("▁", "▅", "█", "▁"));
    }
}
