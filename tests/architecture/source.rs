//! A minimal Rust parser: which modules a file names, and on which line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module, as the segments of its path in the crate.
pub type Module = Vec<String>;

/// A path in the code of a file, as written.
#[derive(Clone, Debug)]
pub struct Named {
    pub line: usize,
    pub path: Vec<String>,
    /// The name it is re-exported under by `pub use`.
    published: Option<String>,
}

/// A file of the library, without comments, string literals and unit tests.
#[derive(Debug)]
pub struct Source {
    pub file: PathBuf,
    pub module: Module,
    pub named: Vec<Named>,
    /// Methods called, by line and name.
    pub calls: Vec<(usize, String)>,
    pub tokens: Vec<Token>,
}

/// All files of the library and their re-exports.
#[derive(Debug)]
pub struct Library {
    pub sources: Vec<Source>,
    modules: BTreeSet<Module>,
    published: BTreeMap<(Module, String), Module>,
}

impl Library {
    pub fn read() -> Self {
        let mut library = Self { sources: Vec::new(), modules: BTreeSet::new(), published: BTreeMap::new() };
        let mut tests = BTreeSet::new();
        // Naming convention for unit tests in files of their own.
        let is_test = |file: &PathBuf| file.to_string_lossy().ends_with("_tests.rs");
        for file in files(Path::new("src")).into_iter().filter(|file| !is_test(file)) {
            let module = module_of(&file);
            let (tokens, mut test_modules) = without_tests(tokens(&fs::read_to_string(&file).unwrap()));
            tests.extend(test_modules.drain(..).map(|name| child(&module, &name)));
            let (named, calls) = (paths(&tokens), calls(&tokens));
            library.modules.insert(module.clone());
            library.sources.push(Source { file, module, named, calls, tokens });
        }
        library.sources.retain(|source| !tests.contains(&source.module));
        for source in &library.sources {
            for named in &source.named {
                if let Some(name) = &named.published
                    && let Some(target) = absolute(source, &named.path).or_else(|| library.own(source, &named.path))
                {
                    library.published.insert((source.module.clone(), name.clone()), target);
                }
            }
        }
        library
    }

    /// The modules of this crate that a file names, with the line of each. A re-exported name counts as the module that
    /// defines it.
    pub fn uses(&self, source: &Source) -> Vec<(usize, Module)> {
        let path = |named: &Named| Some((named.line, self.resolve(&absolute(source, &named.path)?, 8)));
        source.named.iter().filter(|named| named.published.is_none()).filter_map(path).collect()
    }

    fn own(&self, source: &Source, path: &[String]) -> Option<Module> {
        let target: Module = source.module.iter().chain(path).cloned().collect();
        self.modules.contains(&child(&source.module, &path[0])).then_some(target)
    }

    fn resolve(&self, path: &[String], depth: usize) -> Module {
        let known = (0..=path.len()).rev().find(|n| self.modules.contains(&path[..*n])).unwrap_or_default();
        let (module, rest) = path.split_at(known);
        match rest.first().and_then(|name| self.published.get(&(module.to_vec(), name.clone()))) {
            Some(target) if depth > 0 => self.resolve(&[target.as_slice(), &rest[1..]].concat(), depth - 1),
            _ => module.to_vec(),
        }
    }
}

/// All Rust files below a folder.
pub fn files(place: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn child(module: &[String], name: &str) -> Module {
    module.iter().cloned().chain([name.to_owned()]).collect()
}

fn module_of(file: &Path) -> Module {
    let inside = file.strip_prefix("src").unwrap().with_extension("");
    let mut module: Module = inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib" | "core" | "main")) {
        module.pop();
    }
    module
}

/// The path from the crate root of a path that starts in this crate.
fn absolute(source: &Source, path: &[String]) -> Option<Module> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    let base = match path[0].as_str() {
        "crate" => return Some(path[1..].to_vec()),
        "self" => return Some(source.module.iter().chain(&path[1..]).cloned().collect()),
        "super" => &source.module[..source.module.len().checked_sub(supers)?],
        _ => return None,
    };
    Some(base.iter().chain(&path[supers..]).cloned().collect())
}

/// A name or another character, with its line.
pub type Token = (usize, String);

/// Splits text into names and single other characters. Comments, string literals and lifetimes are left out.
pub fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut tokens, mut i, mut line) = (Vec::new(), 0, 1);
    while i < chars.len() {
        let begin = i;
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1
                }
            }
            '/' if at(i + 1) == '*' => {
                let mut depth = 0;
                while i < chars.len() {
                    match (at(i), at(i + 1)) {
                        ('/', '*') => (depth, i) = (depth + 1, i + 2),
                        ('*', '/') => (depth, i) = (depth - 1, i + 2),
                        _ => i += 1,
                    }
                    if depth == 0 {
                        break;
                    }
                }
            }
            '"' => i = end_of_text(&chars, i),
            'r' if at(i + 1) == '"' || at(i + 1) == '#' && matches!(at(i + 2), '"' | '#') => {
                let hashes = (i + 1..).take_while(|n| at(*n) == '#').count();
                i += hashes + 2;
                while i < chars.len() && !(at(i) == '"' && (1..=hashes).all(|n| at(i + n) == '#')) {
                    i += 1;
                }
                i += hashes + 1;
            }
            // A character literal; otherwise a lifetime.
            '\'' if at(i + 1) == '\\' => i = (i + 3..).find(|n| at(*n) == '\'').unwrap() + 1,
            '\'' if at(i + 2) == '\'' => i += 3,
            '\'' => i += 1,
            c if is_name(c) => {
                while is_name(at(i)) {
                    i += 1;
                }
                tokens.push((line, chars[begin..i].iter().collect()));
            }
            c => {
                if !c.is_whitespace() {
                    tokens.push((line, c.to_string()));
                }
                i += 1;
            }
        }
        line += chars[begin..i.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

fn end_of_text(chars: &[char], begin: usize) -> usize {
    let mut i = begin + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

fn is(tokens: &[Token], at: usize, wanted: &[&str]) -> bool {
    wanted.iter().enumerate().all(|(n, word)| tokens.get(at + n).is_some_and(|(_, token)| token == word))
}

/// Removes test-only code, and returns the test modules.
fn without_tests(tokens: Vec<Token>) -> (Vec<Token>, Vec<String>) {
    let (mut kept, mut modules, mut i) = (Vec::new(), Vec::new(), 0);
    while i < tokens.len() {
        if !is(&tokens, i, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            kept.push(tokens[i].clone());
            i += 1;
            continue;
        }
        let mut depth = 0;
        for (at, (_, token)) in tokens.iter().enumerate().skip(i + 7) {
            i = at + 1;
            match token.as_str() {
                "mod" if depth == 0 => modules.push(tokens[at + 1].1.clone()),
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            if depth == 0 && matches!(token.as_str(), "}" | ";") {
                break;
            }
        }
    }
    (kept, modules)
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Every path with `::` in it, imported or used in place.
fn paths(tokens: &[Token]) -> Vec<Named> {
    let (mut found, mut i) = (Vec::new(), 0);
    while i < tokens.len() {
        let (line, token) = &tokens[i];
        if token == "use" && !is(tokens, i + 1, &["<"]) {
            let public = i > 0 && matches!(tokens[i - 1].1.as_str(), "pub" | ")");
            i = import(tokens, i + 1, &[], public, &mut found);
        } else if is_word(token) && is(tokens, i + 1, &[":", ":"]) {
            let mut path = vec![token.clone()];
            i += 1;
            while is(tokens, i, &[":", ":"]) && tokens.get(i + 2).is_some_and(|(_, next)| is_word(next)) {
                path.push(tokens[i + 2].1.clone());
                i += 3;
            }
            i += usize::from(path.len() == 1);
            found.push(Named { line: *line, path, published: None });
        } else {
            i += 1;
        }
    }
    found
}

/// Parses one branch of a use tree. Returns where it ends.
fn import(tokens: &[Token], mut i: usize, before: &[String], public: bool, found: &mut Vec<Named>) -> usize {
    let mut path = before.to_vec();
    let line = tokens[i].0;
    loop {
        match tokens[i].1.as_str() {
            ":" => i += 1,
            "{" => {
                i += 1;
                while tokens[i].1 != "}" {
                    i = import(tokens, i, &path, public, found);
                    i += usize::from(tokens[i].1 == ",");
                }
                return i + 1;
            }
            "as" => {
                let published = public.then(|| tokens[i + 1].1.clone());
                found.push(Named { line, path, published });
                return i + 2;
            }
            token if is_word(token) || token == "*" => {
                if token != "self" || path.is_empty() {
                    path.push(token.to_owned());
                }
                i += 1;
            }
            _ => {
                let published = path.last().filter(|_| public).cloned();
                found.push(Named { line, path, published });
                return i;
            }
        }
    }
}

fn calls(tokens: &[Token]) -> Vec<(usize, String)> {
    let call = |i: usize| is(tokens, i, &["."]) && is(tokens, i + 2, &["("]);
    (0..tokens.len()).filter(|i| call(*i)).map(|i| tokens[i + 1].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        let (tokens, _) = without_tests(tokens(text));
        paths(&tokens).into_iter().map(|n| format!("{}:{}", n.line, n.path.join("::"))).collect()
    }

    #[test]
    fn groups_renames_and_paths_in_the_middle_are_read() {
        let text = "pub use crate::a::{self, b::{C as D, *}};\nfn f(x: super::X<'_>) -> u8 { crate::g::<u8>('\\'') }";
        assert_eq!(named(text), ["1:crate::a", "1:crate::a::b::C", "1:crate::a::b::*", "2:super::X", "2:crate::g"]);
    }

    #[test]
    fn comments_texts_and_tests_are_not() {
        let text = "// crate::a\n/* crate::b /* c */ */ \"crate::d\"; r#\"\" crate::e\"#;\n#[cfg(test)]\nmod tests { fn f() { crate::g() } }\ncrate::h()";
        assert_eq!(named(text), ["5:crate::h"]);
    }
}
