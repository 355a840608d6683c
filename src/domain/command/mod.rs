//! Commands of the user's own, that run on what is under the cursor.

pub mod shell;

use std::fmt::Write as _;

use self::shell::Quoting;
use super::shell::word;

/// What a command may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placeholder {
    Model,
    Version,
    Run,
    Commit,
    Tag,
    Url,
}

impl Placeholder {
    pub const ALL: [Self; 6] = [Self::Model, Self::Version, Self::Run, Self::Commit, Self::Tag, Self::Url];

    /// As it is written, in braces.
    pub fn spelling(self) -> &'static str {
        match self {
            Self::Model => "{model}",
            Self::Version => "{version}",
            Self::Run => "{run}",
            Self::Commit => "{commit}",
            Self::Tag => "{tag}",
            Self::Url => "{url}",
        }
    }
}

/// The values, as the servers spell them: data, never part of a command. Empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Values {
    pub model: String,
    pub version: String,
    pub run: String,
    pub commit: String,
    pub tag: String,
    pub url: String,
}

impl Values {
    pub fn get(&self, placeholder: Placeholder) -> &str {
        match placeholder {
            Placeholder::Model => &self.model,
            Placeholder::Version => &self.version,
            Placeholder::Run => &self.run,
            Placeholder::Commit => &self.commit,
            Placeholder::Tag => &self.tag,
            Placeholder::Url => &self.url,
        }
    }
}

/// A piece of a text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Value(Placeholder, Quoting),
}

/// Splits a text at its placeholders. Anything else in braces is text.
fn pieces(text: &str) -> Vec<Piece> {
    let (mut out, mut rest) = (Vec::new(), text);
    let found = |rest: &str| {
        let at = |p: Placeholder| rest.find(p.spelling()).map(|at| (at, p));
        Placeholder::ALL.into_iter().filter_map(at).min_by_key(|(at, _)| *at)
    };
    while let Some((at, placeholder)) = found(rest) {
        if at > 0 {
            out.push(Piece::Text(rest[..at].to_owned()));
        }
        out.push(Piece::Value(placeholder, Quoting::Bare));
        rest = &rest[at + placeholder.spelling().len()..];
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest.to_owned()));
    }
    out
}

/// What to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// A program and its arguments, each of which is one argument whatever the values are. No shell takes part.
    Program(Vec<Vec<Piece>>),
    /// A line for `sh -c`, in which each value is one quoted word.
    Shell(Vec<Piece>),
}

impl Form {
    /// A program with its arguments.
    ///
    /// # Errors
    /// A phrase that says why it cannot be run.
    pub fn program(run: &[String]) -> Result<Self, String> {
        match run.first() {
            None => Err("this names no program".to_owned()),
            Some(program) if program.trim().is_empty() => Err("the name of the program is empty".to_owned()),
            // A server must not choose what is run here.
            Some(program) if pieces(program).iter().any(|piece| matches!(piece, Piece::Value(..))) => {
                Err("the program must be named as such: placeholders are for its arguments".to_owned())
            }
            Some(_) if run.iter().any(|part| part.contains('\0')) => Err("an argument cannot hold U+0000".to_owned()),
            Some(_) => Ok(Self::Program(run.iter().map(|part| pieces(part)).collect())),
        }
    }

    /// A line for the shell.
    ///
    /// # Errors
    /// A phrase that says where a value could not be kept apart from the command.
    pub fn shell(line: &str) -> Result<Self, String> {
        shell::parse(line).map(Self::Shell)
    }

    /// The program and its arguments with the placeholders, as they are written.
    pub fn written(&self) -> Vec<String> {
        let text = |pieces: &[Piece]| {
            let piece = |piece: &Piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Value(placeholder, _) => placeholder.spelling().to_owned(),
            };
            pieces.iter().map(piece).collect::<String>()
        };
        match self {
            Self::Program(arguments) => arguments.iter().map(|pieces| text(pieces)).collect(),
            Self::Shell(line) => vec!["sh".to_owned(), "-c".to_owned(), text(line)],
        }
    }

    /// The placeholders it has, each once.
    pub fn wanted(&self) -> Vec<Placeholder> {
        let all = match self {
            Self::Program(arguments) => arguments.iter().flatten().collect::<Vec<_>>(),
            Self::Shell(line) => line.iter().collect(),
        };
        let mut wanted: Vec<Placeholder> = all
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Value(placeholder, _) => Some(*placeholder),
                Piece::Text(_) => None,
            })
            .collect();
        wanted.sort();
        wanted.dedup();
        wanted
    }

    /// The program and its arguments, with these values.
    ///
    /// # Errors
    /// A sentence, if a value cannot be an argument.
    pub fn with(&self, values: &Values) -> Result<Vec<String>, String> {
        let odd = self.wanted().into_iter().find(|placeholder| values.get(*placeholder).contains('\0'));
        if let Some(placeholder) = odd {
            return Err(format!("{} holds U+0000, which no program can be given.", placeholder.spelling()));
        }
        Ok(match self {
            Self::Program(arguments) => arguments.iter().map(|pieces| filled(pieces, values)).collect(),
            Self::Shell(line) => {
                let line: String = line
                    .iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => text.clone(),
                        Piece::Value(placeholder, quoting) => quoting.word(values.get(*placeholder)),
                    })
                    .collect();
                vec!["sh".to_owned(), "-c".to_owned(), line]
            }
        })
    }
}

fn filled(pieces: &[Piece], values: &Values) -> String {
    let mut out = String::new();
    for piece in pieces {
        let _ = match piece {
            Piece::Text(text) => out.write_str(text),
            Piece::Value(placeholder, _) => out.write_str(values.get(*placeholder)),
        };
    }
    out
}

/// A command as a shell would read it, to be shown: what is passed on is `argv` itself. The line of a shell is shown as
/// it is.
pub fn shown(argv: &[String]) -> String {
    match argv {
        [sh, flag, line] if sh == "sh" && flag == "-c" => super::text::clean(line),
        words => words.iter().map(|text| word(text)).collect::<Vec<_>>().join(" "),
    }
}

/// A command of the user's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCommand {
    /// Cleaned.
    pub name: String,
    pub form: Form,
    /// Whether it asks before it runs.
    pub confirm: bool,
    /// It comes with the program: it changes nothing, is about no row, and runs everywhere.
    pub built_in: bool,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn values(model: &str) -> Values {
        let [version, run, commit] = ["42", "r1", "3f9c1ab"].map(str::to_owned);
        Values { model: model.into(), version, run, commit, tag: String::new(), url: "http://h/#/m".into() }
    }

    fn program(run: &[&str]) -> Result<Form, String> {
        Form::program(&run.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn each_element_stays_one_argument_and_nothing_else_is_replaced() {
        let form = program(&["jira", "QA {model} v{version}", "{tag}", "{models}", "{{run}}", "{ model }", "-d{url}"]);
        let argv = form.unwrap().with(&values("a b; rm -rf ~ {commit} {run}")).unwrap();
        let model = "QA a b; rm -rf ~ {commit} {run} v42";
        assert_eq!(argv, ["jira", model, "", "{models}", "{r1}", "{ model }", "-dhttp://h/#/m"]);
    }

    #[test]
    fn only_what_is_asked_for_is_wanted() {
        let form = program(&["x", "{url}{model}", "{model}"]).unwrap();
        assert_eq!(form.wanted(), [Placeholder::Model, Placeholder::Url]);
    }

    #[test]
    fn what_a_server_could_choose_or_no_program_could_get_is_refused() {
        assert!(program(&[]).unwrap_err().contains("names no program"));
        assert!(program(&["{model}"]).unwrap_err().contains("placeholders are for its arguments"));
        let form = program(&["echo", "{model}"]).unwrap();
        assert!(form.with(&values("a\0b")).unwrap_err().contains("{model} holds U+0000"));
    }

    #[test]
    fn a_command_is_shown_as_it_will_run() {
        let argv = program(&["echo", "{model}", "{tag}"]).unwrap().with(&values("a'b $(id)\u{1b}[2J")).unwrap();
        assert_eq!(shown(&argv), r"echo 'a'\''b $(id)␛[2J' ''");
        let argv = Form::shell("echo {model} > /tmp/x").unwrap().with(&values("a b")).unwrap();
        assert_eq!(shown(&argv), "echo 'a b' > /tmp/x");
    }
}
