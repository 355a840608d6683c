//! The log of a job: what it printed, without what the runner adds to every line.

use super::text::clean_line;

/// Most lines kept; of a longer log, the last ones.
pub const MOST_LINES: usize = 20_000;

/// Steps that the runner adds after a job, whatever became of it.
const CLEANUP: &str = "Post job cleanup";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobLog {
    /// Cleaned, oldest first.
    pub lines: Vec<LogLine>,
    /// Its beginning was left out.
    pub cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub text: String,
    /// The runner marks it as an error.
    pub error: bool,
}

impl JobLog {
    /// The log in these bytes; `cut` if they are only the end of it.
    pub fn of(bytes: &[u8], cut: bool) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        // The first line of an end is rarely whole.
        let lines = text.lines().skip(usize::from(cut)).filter_map(LogLine::of);
        let mut lines: Vec<LogLine> = lines.collect();
        let more = lines.len().saturating_sub(MOST_LINES);
        lines.drain(..more);
        Self { lines, cut: cut || more > 0 }
    }

    /// The last `most` lines before the job failed: up to the last error, else up to what the runner cleans up.
    pub fn end(&self, most: usize) -> &[LogLine] {
        let error = self.lines.iter().rposition(|line| line.error).map(|at| at + 1);
        let cleanup = || self.lines.iter().position(|line| line.text.starts_with(CLEANUP));
        let end = error.or_else(cleanup).unwrap_or(self.lines.len());
        &self.lines[end.saturating_sub(most)..end]
    }
}

impl LogLine {
    /// One line without time, colours and the runner's commands; none if nothing is left.
    fn of(raw: &str) -> Option<Self> {
        let raw = raw.trim_start_matches('\u{feff}');
        let said = match raw.split_once(' ') {
            Some((time, said)) if is_time(time) => said,
            None if is_time(raw) => "",
            _ => raw,
        };
        let plain = without_colours(said);
        let (command, said) = match plain.strip_prefix("##[").and_then(|rest| rest.split_once(']')) {
            Some((command, said)) => (command, said),
            None => ("", plain.as_str()),
        };
        let text = clean_line(said.trim_end());
        (command != "endgroup" && !text.is_empty()).then(|| Self { text, error: command == "error" })
    }
}

/// `2026-11-29T09:14:02.1134567Z`, as the runner begins each line.
fn is_time(word: &str) -> bool {
    let bytes = word.as_bytes();
    bytes.len() >= 20 && bytes[4] == b'-' && bytes[10] == b'T' && bytes.ends_with(b"Z") && bytes[0].is_ascii_digit()
}

/// Without `ESC [ … m`: colours are expected in a log, and say nothing here. Other sequences are left to be shown.
fn without_colours(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        out.push_str(before);
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ';');
        match end.filter(|at| after[*at..].starts_with('m')) {
            Some(at) => rest = &after[at + 1..],
            None => {
                out.push_str("\u{1b}[");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[LogLine]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    const LOG: &str = "\u{feff}2026-11-29T09:14:01.1134567Z ##[group]Run pytest\n\
        2026-11-29T09:14:01.2134567Z \u{1b}[36;1mpytest\u{1b}[0m smoke\n\
        2026-11-29T09:14:01.3134567Z ##[endgroup]\n\
        2026-11-29T09:14:02.1134567Z AssertionError: golden request 17\n\
        2026-11-29T09:14:02.2134567Z \n\
        2026-11-29T09:14:02.3134567Z ##[error]Process completed with exit code 1.\n\
        2026-11-29T09:14:02.4134567Z Post job cleanup.\n\
        2026-11-29T09:14:02.5134567Z [command]/usr/bin/git version\n";

    #[test]
    fn a_log_ends_with_its_last_error_and_not_with_the_runners_cleanup() {
        let log = JobLog::of(LOG.as_bytes(), false);
        assert_eq!(texts(&log.lines)[..2], ["Run pytest", "pytest smoke"]);
        assert_eq!(texts(log.end(2)), ["AssertionError: golden request 17", "Process completed with exit code 1."]);
        assert!(log.end(1)[0].error && !log.cut);
        let without_error = JobLog::of(LOG.replace("##[error]", "").as_bytes(), false);
        assert_eq!(texts(without_error.end(1)), ["Process completed with exit code 1."]);
        assert_eq!(texts(JobLog::default().end(5)), Vec::<&str>::new());
    }

    #[test]
    fn what_could_move_the_cursor_is_shown_and_the_first_line_of_an_end_is_left_out() {
        let log = JobLog::of(b"alf a line\n\x1b[2Jgone \x1b]0;title\x07 \xff\n", true);
        assert_eq!(texts(&log.lines), ["␛[2Jgone ␛]0;title␇ \u{fffd}"]);
        assert!(log.cut);
    }

    #[test]
    fn of_a_long_log_the_last_lines_are_kept() {
        let many: String = (0..MOST_LINES + 7).map(|n| format!("line {n}\n")).collect();
        let log = JobLog::of(many.as_bytes(), false);
        assert_eq!((log.lines.len(), log.lines[0].text.as_str(), log.cut), (MOST_LINES, "line 7", true));
    }
}
