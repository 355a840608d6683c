//! Output of commands: results on stdout, messages on stderr. Escape sequences are only written to a terminal.

use std::io::{self, IsTerminal as _, Write};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use super::jq::{Answer, Query};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text;
use crate::present::{Phrase, Role, Symbols, UNICODE};
use crate::services::notes::shown;

/// How text is formatted on a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Whether colours and attributes may be used.
    pub color: bool,
    /// Width in columns to fit into; none for a pipe or a file.
    pub width: Option<usize>,
}

impl Style {
    /// `text` with the style of `role`.
    pub fn paint(self, role: Role, text: &str) -> String {
        let code = match role {
            Role::Title | Role::Heading | Role::Selected | Role::Marked | Role::Match | Role::Target => "1",
            Role::Muted | Role::Rule | Role::Border | Role::Placeholder => "2",
            Role::Good | Role::Production => "32",
            Role::Bad | Role::BorderDanger | Role::TargetProduction => "31",
            Role::Warn | Role::Stale | Role::Demo => "33",
            Role::Unknown | Role::Candidate => "36",
            Role::Link => "4",
            Role::Text | Role::Key | Role::Field | Role::FieldFocus | Role::Tab | Role::TabActive => {
                return text.to_owned();
            }
        };
        if self.color && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// The phrase with the styles of its roles.
    pub fn phrase(self, phrase: &Phrase<'_>) -> String {
        phrase.pieces().map(|(role, text)| self.paint(role, text)).collect()
    }

    pub fn symbols(self) -> &'static Symbols {
        &UNICODE
    }
}

/// One output stream.
struct Stream {
    to: Box<dyn Write + Send>,
    style: Style,
    /// Whether a person sees it as it is written.
    terminal: bool,
    /// The reader closed the stream. Not a failure; later output is dropped.
    closed: bool,
    error: Option<io::Error>,
}

impl Stream {
    fn write(&mut self, text: &str) {
        if !self.is_open() {
            return;
        }
        let done = self.to.write_all(text.as_bytes()).and_then(|()| self.to.flush());
        match done {
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => self.closed = true,
            Err(e) => self.error = Some(e),
            Ok(()) => {}
        }
    }
}

/// Stdout and stderr of a command.
#[allow(missing_debug_implementations)]
pub struct Sink {
    out: Stream,
    err: Stream,
    /// What is asked of the JSON.
    query: Option<Query>,
    /// Why that could not be answered.
    unanswered: Option<Failure>,
}

impl Sink {
    /// The streams of this process. `no_color` is set from the environment.
    pub fn of_process(no_color: bool) -> Self {
        let out = io::stdout();
        let err = io::stderr();
        let width = terminal_size::terminal_size().map(|(w, _)| usize::from(w.0));
        let stream = |to: Box<dyn Write + Send>, terminal: bool| {
            let style = Style { color: terminal && !no_color, width: if terminal { width } else { None } };
            Stream { terminal, ..Stream::new(to, style) }
        };
        Self::over(stream(Box::new(io::stdout()), out.is_terminal()), stream(Box::new(io::stderr()), err.is_terminal()))
    }

    /// Streams that keep their output, for tests. Both use `style`; one with a width is a terminal.
    pub fn captured(style: Style) -> (Self, Captured, Captured) {
        let (out, err) = (Captured::default(), Captured::default());
        let sink = Self::over(Stream::new(Box::new(out.clone()), style), Stream::new(Box::new(err.clone()), style));
        (sink, out, err)
    }

    /// Streams over any writers, for tests of write failures.
    pub fn to(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self::over(Stream::new(out, Style::default()), Stream::new(err, Style::default()))
    }

    fn over(out: Stream, err: Stream) -> Self {
        Self { out, err, query: None, unanswered: None }
    }

    /// Prints what `query` selects from the JSON documents to come, instead of them.
    pub fn ask(&mut self, query: Option<Query>) {
        self.query = query;
    }

    /// The style of stdout.
    pub fn style(&self) -> Style {
        self.out.style
    }

    /// Writes complete lines to stdout unchanged.
    pub fn text(&mut self, text: &str) {
        self.out.write(text);
    }

    pub fn line(&mut self, line: &str) {
        self.out.write(&format!("{line}\n"));
    }

    pub fn note(&mut self, message: &str) {
        self.err.write(&format!("{message}\n"));
    }

    pub fn say(&mut self, phrase: &Phrase<'_>) {
        let text = self.err.style.phrase(phrase);
        self.note(&text);
    }

    /// Writes a warning to stderr.
    pub fn warn(&mut self, message: &str) {
        let word = self.err.style.paint(Role::Warn, "warning:");
        self.err.write(&format!("{word} {message}\n"));
    }

    /// Writes a failure to stderr: the message, then the hint.
    pub fn failure(&mut self, failure: &Failure) {
        shown(failure);
        let word = self.err.style.paint(Role::Bad, "signoff:");
        self.err.write(&format!("{word} {failure}\n"));
        if let Some(hint) = &failure.hint {
            self.err.write(&format!("  {hint}\n"));
        }
    }

    /// Writes one JSON document to stdout.
    ///
    /// # Errors
    /// If the value cannot be serialized, which is a bug.
    pub fn json(&mut self, value: &impl Serialize) -> Outcome<()> {
        match self.query.is_some() {
            true => self.json_line(value),
            false => self.document(serde_json::to_string_pretty(value)),
        }
    }

    /// Writes one JSON document to stdout, on one line.
    ///
    /// # Errors
    /// As [`Self::json`].
    pub fn json_line(&mut self, value: &impl Serialize) -> Outcome<()> {
        self.document(serde_json::to_string(value))
    }

    fn document(&mut self, text: serde_json::Result<String>) -> Outcome<()> {
        let text = text.map_err(|e| Failure::new(FailureKind::Bug, Service::Local, "write JSON", e.to_string()))?;
        match self.query.clone() {
            None => self.line(&inert(&text)),
            Some(query) => self.answer(&query, &text),
        }
        Ok(())
    }

    /// Prints what an expression selects. If it fails, what the command did still counts: only the end says so.
    fn answer(&mut self, query: &Query, json: &str) {
        let answered = query.run(json, |answer| {
            let line = match answer {
                // A script gets the string as it is. A terminal would act on what is in it.
                Answer::Raw(text) if self.out.terminal => text::cleaned(text),
                Answer::Raw(text) => text,
                Answer::Json(json) => inert(&json),
            };
            self.line(&line);
            if self.out.is_open() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        if let Err(failure) = answered {
            self.failure(&failure);
            self.unanswered = Some(failure);
        }
    }

    /// Checks that all output was written, or the reader closed the stream.
    ///
    /// # Errors
    /// The error from writing to stdout, such as a full disk; the error of the expression that was asked, which was
    /// printed.
    pub fn finish(self) -> Outcome<()> {
        match self.out.error {
            Some(e) => Err(Failure::new(FailureKind::Local, Service::Local, "write the output", e.to_string())),
            None => self.unanswered.map_or(Ok(()), Err),
        }
    }
}

impl Stream {
    fn new(to: Box<dyn Write + Send>, style: Style) -> Self {
        Self { to, style, terminal: style.width.is_some(), closed: false, error: None }
    }

    fn is_open(&self) -> bool {
        !self.closed && self.error.is_none()
    }
}

/// Escapes characters in JSON that could affect a terminal or mislead a reader; the values stay the same.
fn inert(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    let (mut one, mut two) = ([0; 4], [0; 2]);
    for c in json.chars() {
        // Outside of strings JSON is ASCII, so any other character can be escaped.
        let alone: &str = c.encode_utf8(&mut one);
        if c == '\n' || c == ' ' || c.is_ascii_graphic() || text::clean(alone) == alone {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut two) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// The output of a captured stream.
#[derive(Clone, Debug, Default)]
pub struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure_but_a_full_disk_is() {
        let sink = |kind| {
            let mut sink = Sink::to(Box::new(Failing(kind)), Box::new(io::sink()));
            sink.line("x");
            sink.line("y");
            sink.finish()
        };
        assert_eq!(sink(io::ErrorKind::BrokenPipe), Ok(()));
        assert_eq!(sink(io::ErrorKind::StorageFull).unwrap_err().kind, FailureKind::Local);
    }

    #[test]
    fn without_a_terminal_there_is_no_escape_sequence() {
        let (mut sink, out, err) = Sink::captured(Style::default());
        let style = sink.style();
        sink.line(&style.paint(Role::Bad, "worse"));
        sink.failure(&Failure::new(FailureKind::Local, Service::Local, "a", "b").with_hint("c"));
        assert_eq!(out.text(), "worse\n");
        assert_eq!(err.text(), "signoff: could not a: b\n  c\n");
    }

    #[test]
    fn json_keeps_every_character_and_shows_none_that_acts() {
        let (mut sink, out, _) = Sink::captured(Style::default());
        let nasty = "a\u{9b}2J\u{202e}b\x7f\u{1b}[2J é 客 🚀 \u{e0041}";
        sink.json(&nasty).unwrap();
        let text = out.text();
        assert!(text.trim_end().chars().all(|c| !c.is_control()), "{text:?}");
        assert!(text.contains("é 客 🚀") && !text.contains('\u{202e}'), "{text:?}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), nasty);
    }

    #[test]
    fn a_selected_string_is_exact_for_a_script_and_inert_on_a_terminal() {
        let nasty = "a\u{1b}[2J\u{202e}b\nc é";
        let printed = |width: Option<usize>, expression: &str| {
            let (mut sink, out, _) = Sink::captured(Style { width, ..Style::default() });
            sink.ask(Some(expression.parse().unwrap()));
            sink.json(&serde_json::json!({ "k": nasty })).unwrap();
            assert_eq!(sink.finish(), Ok(()));
            out.text()
        };
        assert_eq!(printed(None, ".k"), format!("{nasty}\n"));
        let shown = printed(Some(80), ".k");
        assert!(shown.contains("b\nc é") && !shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
        // What is not a string is JSON, whose escapes mean the same.
        for width in [None, Some(80)] {
            assert_eq!(printed(width, "[.k]"), "[\"a\\u001b[2J\\u202eb\\nc é\"]\n");
        }
    }

    #[test]
    fn results_without_end_stop_when_the_reader_went_away() {
        let mut sink = Sink::to(Box::new(Failing(io::ErrorKind::BrokenPipe)), Box::new(io::sink()));
        sink.ask(Some("repeat(1)".parse().unwrap()));
        sink.json(&1).unwrap();
        assert_eq!(sink.finish(), Ok(()));
    }
}
