//! Reads a TOML document key by key, keeps the line of every value, and collects *all* mistakes.
//!
//! A derived deserializer would stop at the first invalid value and lose the lines of the valid ones. Here every value
//! keeps its line for `config show`, and the keys that were read form the list of valid names.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::origin::{Origin, Sourced};
use crate::domain::nearest::did_you_mean;
pub use crate::domain::pattern::check_pattern;
use crate::domain::policy::file::{self, PolicyTable};
use crate::domain::text::clean_line;

/// A mistake in the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// From 1.
    pub line: usize,
    /// What is wrong, as a phrase. Never contains a value that may be a secret.
    pub what: String,
}

/// A document being read.
#[derive(Debug)]
pub struct Document<'a> {
    path: &'a Path,
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
    unset: RefCell<BTreeSet<String>>,
    set: RefCell<BTreeSet<String>>,
}

impl<'a> Document<'a> {
    /// A document with this text; `path` is used in messages.
    pub fn new(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, problems: RefCell::default(), unset: RefCell::default(), set: RefCell::default() }
    }

    /// Parses the text; on a syntax error, records it and returns an empty table.
    pub fn parse(&self) -> DeTable<'a> {
        let (table, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let line = self.line(error.span().map_or(0, |s| s.start));
            self.note(line, clean_line(error.message()));
        }
        if errors.is_empty() { table.into_inner() } else { DeTable::new() }
    }

    /// Records a mistake.
    pub fn note(&self, line: usize, what: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { line, what: what.into() });
    }

    /// The line of a byte offset, from 1.
    fn line(&self, offset: usize) -> usize {
        self.text.as_bytes().iter().take(offset).filter(|b| **b == b'\n').count() + 1
    }

    /// All mistakes by line, and the dotted keys that were read but are unset.
    pub fn into_findings(self) -> (Vec<Problem>, BTreeSet<String>) {
        let mut problems = self.problems.into_inner();
        problems.sort();
        problems.dedup();
        // One table of several may leave out what another sets.
        let set = self.set.into_inner();
        (problems, self.unset.into_inner().into_iter().filter(|key| !set.contains(key)).collect())
    }
}

/// One table of a document. Call [`Section::finish`] after reading all its keys.
#[derive(Debug)]
pub struct Section<'d, 'i> {
    doc: &'d Document<'i>,
    name: String,
    table: Option<&'d DeTable<'i>>,
    asked: Vec<String>,
}

impl<'d, 'i> Section<'d, 'i> {
    /// The top-level table of the document.
    pub fn root(doc: &'d Document<'i>, table: &'d DeTable<'i>) -> Self {
        Self { doc, name: String::new(), table: Some(table), asked: Vec::new() }
    }

    fn dotted(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    fn get(&mut self, key: &str) -> Option<(&'d DeValue<'i>, usize)> {
        self.asked.push(key.to_owned());
        match self.table.and_then(|t| t.get(key)) {
            Some(value) => {
                self.doc.set.borrow_mut().insert(self.dotted(key));
                Some((value.get_ref(), self.doc.line(value.span().start)))
            }
            None => {
                self.doc.unset.borrow_mut().insert(self.dotted(key));
                None
            }
        }
    }

    fn sourced<T>(&self, value: T, line: usize) -> Option<Sourced<T>> {
        Some(Sourced::new(value, Origin::File { path: self.doc.path.to_owned(), line }))
    }

    fn wrong<T>(&self, key: &str, line: usize, wanted: &str, got: &DeValue<'_>) -> Option<T> {
        self.doc.note(line, format!("{} has to be {wanted}, not {}", self.dotted(key), kind(got)));
        None
    }

    /// A non-empty string.
    pub fn string(&mut self, key: &str) -> Option<Sourced<String>> {
        self.parsed(key, |s| Ok(s.to_owned()))
    }

    /// The file that is read.
    pub fn file(&self) -> &Path {
        self.doc.path
    }

    /// A string parsed by `parse`, whose error is a phrase that follows the key.
    pub fn parsed<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<Sourced<T>> {
        let (value, line) = self.get(key)?;
        let Some(text) = value.as_str() else {
            return self.wrong(key, line, "a text in quotes", value);
        };
        if text.trim().is_empty() {
            self.doc.note(line, format!("{} is empty; leave the key out instead", self.dotted(key)));
            return None;
        }
        match parse(text.trim()) {
            Ok(value) => self.sourced(value, line),
            Err(what) => {
                self.doc.note(line, format!("{}: {what}", self.dotted(key)));
                None
            }
        }
    }

    /// As [`Self::parsed`], for a text that may be empty.
    pub fn text<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<Sourced<T>> {
        match self.table.and_then(|t| t.get(key)).and_then(|value| value.get_ref().as_str()) {
            Some("") => {
                let (_, line) = self.get(key)?;
                parse("").ok().and_then(|value| self.sourced(value, line))
            }
            Some(_) | None => self.parsed(key, parse),
        }
    }

    /// The keys of this table, with their lines, in the order of the file.
    pub fn keys(&self) -> Vec<(String, usize)> {
        let mut keys: Vec<_> = self.table.into_iter().flat_map(DeTable::keys).collect();
        keys.sort_by_key(|key| key.span().start);
        keys.into_iter().map(|key| (key.get_ref().to_string(), self.doc.line(key.span().start))).collect()
    }

    /// Whether the key is there, rightly written or not.
    pub fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.contains_key(key))
    }

    /// An array of strings, each parsed by `parse`, without blanks around it.
    pub fn each<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Sourced<Vec<T>>> {
        self.list(key, |text| parse(text.trim()))
    }

    /// A program and its arguments, exactly as they are written.
    pub fn arguments(&mut self, key: &str) -> Option<Sourced<Vec<String>>> {
        self.list(key, |text| Ok(text.to_owned()))
    }

    fn list<T>(&mut self, key: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<Sourced<Vec<T>>> {
        let (value, line) = self.get(key)?;
        let texts =
            value.as_array().and_then(|all| all.iter().map(|v| v.get_ref().as_str()).collect::<Option<Vec<_>>>());
        let Some(texts) = texts else {
            return self.wrong(key, line, "a list of texts in quotes", value);
        };
        match texts.into_iter().map(parse).collect() {
            Ok(values) => self.sourced(values, line),
            Err(what) => {
                self.doc.note(line, format!("{}: {what}", self.dotted(key)));
                None
            }
        }
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&mut self, key: &str, choices: &[(&str, T)]) -> Option<Sourced<T>> {
        self.parsed(key, |text| {
            choices.iter().find(|(word, _)| *word == text).map(|(_, value)| *value).ok_or_else(|| {
                let words: Vec<_> = choices.iter().map(|(w, _)| *w).collect();
                let hint = did_you_mean(text, words.iter().copied());
                format!("'{}' is none of {}{hint}", clean_line(text), words.join(", "))
            })
        })
    }

    /// A path; relative paths are resolved against the configuration file. `~/` is the home directory.
    pub fn path(&mut self, key: &str, home: Option<&Path>) -> Option<Sourced<PathBuf>> {
        let base = self.doc.path.parent().map(Path::to_owned).unwrap_or_default();
        self.parsed(key, |text| {
            Ok(match (text.strip_prefix("~/"), home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => base.join(text),
            })
        })
    }

    pub fn boolean(&mut self, key: &str) -> Option<Sourced<bool>> {
        let (value, line) = self.get(key)?;
        match value.as_bool() {
            Some(b) => self.sourced(b, line),
            None => self.wrong(key, line, "true or false", value),
        }
    }

    /// An integer in `range`.
    pub fn integer(&mut self, key: &str, range: std::ops::RangeInclusive<u64>) -> Option<Sourced<u64>> {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let (value, line) = self.get(key)?;
        let Some(integer) = value.as_integer() else {
            return self.wrong(key, line, &wanted, value);
        };
        match u64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(n) if range.contains(&n) => self.sourced(n, line),
            _ => {
                self.doc.note(line, format!("{} has to be {wanted}, not {integer}", self.dotted(key)));
                None
            }
        }
    }

    /// A list of name patterns with `*` and `?`.
    pub fn patterns(&mut self, key: &str) -> Option<Sourced<Vec<String>>> {
        let (value, line) = self.get(key)?;
        let Some(array) = value.as_array() else {
            return self.wrong(key, line, "a list of texts such as [\"*auc*\"]", value);
        };
        let mut out = Vec::new();
        for item in array {
            let line = self.doc.line(item.span().start);
            let pattern = item.get_ref();
            match pattern.as_str() {
                Some(text) => match check_pattern(text) {
                    Ok(()) => out.push(text.to_owned()),
                    Err(what) => self.doc.note(line, format!("{}: {what}", self.dotted(key))),
                },
                None => return self.wrong(key, line, "a list of texts", pattern),
            }
        }
        self.sourced(out, line)
    }

    /// A table, empty if it is absent.
    pub fn section(&mut self, key: &str) -> Section<'d, 'i> {
        self.asked.push(key.to_owned());
        let table = match self.table.and_then(|t| t.get(key)) {
            Some(value) => {
                if !value.get_ref().is_table() {
                    let line = self.doc.line(value.span().start);
                    self.wrong::<()>(key, line, "a table", value.get_ref());
                }
                value.get_ref().as_table()
            }
            None => None,
        };
        Section { doc: self.doc, name: self.dotted(key), table, asked: Vec::new() }
    }

    /// The tables of an array (`[[key]]`), in order, with their lines.
    pub fn tables(&mut self, key: &str) -> Vec<(usize, Section<'d, 'i>)> {
        let Some((value, line)) = self.get(key) else { return Vec::new() };
        let Some(array) = value.as_array() else {
            self.wrong::<()>(key, line, &format!("a list of tables such as [[{key}]]"), value);
            return Vec::new();
        };
        let mut out = Vec::new();
        for item in array {
            let line = self.doc.line(item.span().start);
            match item.get_ref().as_table() {
                Some(table) => {
                    let name = self.dotted(key);
                    out.push((line, Section { doc: self.doc, name, table: Some(table), asked: Vec::new() }));
                }
                None => drop(self.wrong::<()>(key, line, "a list of tables", item.get_ref())),
            }
        }
        out
    }

    /// A policy table. Its first mistake is recorded at its line.
    pub fn policy(&mut self, key: &str) -> Option<Sourced<PolicyTable>> {
        let (_, line) = self.get(key)?;
        let value = self.table.and_then(|t| t.get(key))?.clone();
        match file::table(value) {
            Ok(table) => self.sourced(table, line),
            Err(mistake) => {
                self.doc.note(self.doc.line(mistake.offset), format!("{}: {}", self.dotted(key), mistake.what));
                None
            }
        }
    }

    /// The tables inside this one by name, in file order, with their lines.
    pub fn children(self) -> Vec<(String, usize, Section<'d, 'i>)> {
        let mut out = Vec::new();
        for (key, value) in self.table.into_iter().flatten() {
            let (name, start) = (key.get_ref().to_string(), key.span().start);
            let line = self.doc.line(start);
            match value.get_ref().as_table() {
                Some(table) => {
                    let dotted = if is_bare(&name) { name.clone() } else { format!("\"{}\"", clean_line(&name)) };
                    let section =
                        Section { doc: self.doc, name: self.dotted(&dotted), table: Some(table), asked: Vec::new() };
                    out.push((start, (name, line, section)));
                }
                None => {
                    self.wrong::<()>(&clean_line(&name), line, "a table", value.get_ref());
                }
            }
        }
        out.sort_by_key(|(start, _)| *start);
        out.into_iter().map(|(_, child)| child).collect()
    }

    /// Records every unknown key.
    pub fn finish(self) {
        for key in self.table.into_iter().flat_map(DeTable::keys) {
            let name: &str = key.get_ref();
            if self.asked.iter().any(|a| a == name) {
                continue;
            }
            let place =
                if self.name.is_empty() { "at the top level".to_owned() } else { format!("in [{}]", self.name) };
            let hint = if is_secret_like(name) && !name.ends_with("_env") {
                "; secrets are not read from this file: name the variable that holds it with a key that ends in _env"
                    .to_owned()
            } else {
                did_you_mean(name, self.asked.iter().map(String::as_str))
            };
            self.doc.note(self.doc.line(key.span().start), format!("unknown key '{}' {place}{hint}", clean_line(name)));
        }
    }

    /// Records a mistake in this section.
    pub fn note(&self, line: usize, what: impl Into<String>) {
        self.doc.note(line, what);
    }
}

/// The name of an environment variable.
///
/// # Errors
/// A message that does not repeat the text: it may be the secret itself.
pub(super) fn variable(text: &str) -> Result<String, String> {
    let fine =
        !text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if fine {
        Ok(text.to_owned())
    } else {
        // Do not repeat the value: it may be the token itself.
        Err("this must be the *name* of an environment variable, such as PROD_TOKEN".to_owned())
    }
}

fn is_bare(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_secret_like(name: &str) -> bool {
    ["token", "password", "secret"].iter().any(|word| name.contains(word))
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
