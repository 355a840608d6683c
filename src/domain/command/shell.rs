//! Values in a line for a POSIX shell: each becomes one quoted word, wherever it stands.
//!
//! The line is the user's own and is not checked. What is followed is only where quotes are open, so that a value is
//! closed off in the same way. Where that cannot be followed for certain, a placeholder is refused.

use super::{Piece, Placeholder};

/// The quotes in which a placeholder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quoting {
    Bare,
    Single,
    Double,
}

impl Quoting {
    /// The value as one quoted word, which ends the open quotes and begins them again.
    pub(super) fn word(self, value: &str) -> String {
        let word = format!("'{}'", value.replace('\'', r"'\''"));
        match self {
            Self::Bare => word,
            Self::Single => format!("'{word}'"),
            Self::Double => format!("\"{word}\""),
        }
    }
}

/// What is open where the line is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Single,
    Double,
    /// `$(…)`, or parentheses in it.
    Command,
}

/// Splits a line at its placeholders.
///
/// # Errors
/// A phrase about a placeholder that stands where a value could not be kept apart from the command.
pub fn parse(line: &str) -> Result<Vec<Piece>, String> {
    if line.trim().is_empty() {
        return Err("the line is empty".to_owned());
    }
    if line.contains('\0') {
        return Err("the line cannot hold U+0000".to_owned());
    }
    let (mut out, mut text, mut open) = (Vec::new(), String::new(), Vec::new());
    // What was met that is not followed.
    let mut lost: Option<&str> = None;
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let here = open.last().copied();
        if let Some(placeholder) = Placeholder::ALL.into_iter().find(|p| rest.starts_with(p.spelling())) {
            let spelling = placeholder.spelling();
            if let Some(lost) = lost {
                return Err(format!("{spelling} stands after {lost}; put that into a script, and give it {spelling}"));
            }
            let quoting = match here {
                Some(Open::Single) => Quoting::Single,
                Some(Open::Double) => Quoting::Double,
                Some(Open::Command) | None => Quoting::Bare,
            };
            if !text.is_empty() {
                out.push(Piece::Text(std::mem::take(&mut text)));
            }
            out.push(Piece::Value(placeholder, quoting));
            rest = &rest[spelling.len()..];
            continue;
        }
        let mut taken = c.len_utf8();
        let quoted = matches!(here, Some(Open::Single | Open::Double));
        let begins_word =
            text.chars().next_back().is_none_or(|before| before.is_whitespace() || ";&|(".contains(before))
                && !matches!((text.is_empty(), out.last()), (true, Some(Piece::Value(..))));
        match (here, c) {
            (Some(Open::Single), '\'') => drop(open.pop()),
            (Some(Open::Single), _) => {}
            // It takes the meaning from the next character; a placeholder's brace would lose only its own.
            (_, '\\') => match rest[1..].chars().next() {
                Some('{') => lost = Some("a backslash"),
                Some(next) => taken += next.len_utf8(),
                None => lost = Some("a backslash"),
            },
            (Some(Open::Double), '"') => drop(open.pop()),
            (_, '"') => open.push(Open::Double),
            (Some(Open::Double), '\'') => {}
            (_, '\'') if text.ends_with('$') => lost = Some("$'"),
            (_, '\'') => open.push(Open::Single),
            (_, '`') => lost = Some("a backquote"),
            (_, '$') if rest.starts_with("$(") => {
                open.push(Open::Command);
                taken += 1;
            }
            (_, '$') if rest.starts_with("${") => {
                // A plain name in braces ends where it seems to.
                let name = rest[2..].split('}').next().unwrap_or_default();
                let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                match plain {
                    true => taken += 1 + name.len() + 1,
                    false => lost = Some("${…} that is more than a name"),
                }
            }
            (Some(Open::Command), '(') => open.push(Open::Command),
            (Some(Open::Command), ')') => drop(open.pop()),
            (_, '<') if !quoted && rest.starts_with("<<") => lost = Some("<<"),
            (_, '#') if !quoted && begins_word => lost = Some("a comment"),
            // Its patterns end in parentheses that nothing opens.
            (_, 'c') if begins_word && open.contains(&Open::Command) && rest.starts_with("case") => lost = Some("case"),
            (Some(Open::Double | Open::Command) | None, _) => {}
        }
        text.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    if !text.is_empty() {
        out.push(Piece::Text(text));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Form, Values};
    use super::*;
    use proptest::prelude::*;

    /// Lines whose output has to be the value, the text around it aside.
    const LINES: &[&str] = &[
        "printf %s {model}",
        "printf %s '{model}'",
        "printf %s \"{model}\"",
        "printf %s \"$(printf %s {model})\"",
        "printf %s \"$(printf %s \"{model}\")\"",
        "printf %s \"$(printf %s '{model}')\"",
        "x={model}; printf %s \"${x}\"",
        "x=\"{model}\" && printf '%s' \"$x\"",
        "(printf %s {model})",
        "printf '%s' 'a'\"b\"{model} | sed '1s/^ab//'",
        "if true; then printf %s {model}; fi",
        "printf %s \\\"{model} | sed '1s/^\"//'",
        "printf %s \"it's \\\" \"{model} | sed '1s/^it.s \" //'",
        "echo '#' >/dev/null; echo a#b >/dev/null; printf %s {model}",
    ];

    fn said(line: &str, model: &str) -> String {
        let values = Values { model: model.to_owned(), ..Values::default() };
        let argv = Form::shell(line).unwrap().with(&values).unwrap();
        let mut shell = std::process::Command::new(&argv[0]);
        let ran = shell.args(&argv[1..]).env("LC_ALL", "C.UTF-8").output().unwrap();
        assert!(ran.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8(ran.stdout).unwrap()
    }

    #[cfg(unix)]
    #[test]
    fn a_real_shell_gets_hostile_names_as_they_are() {
        let names = [
            "a b",
            "it's",
            "$HOME",
            "`id`",
            "$(id)",
            "*",
            "a;id",
            "\"",
            "\\",
            "\\'",
            "'\\''",
            "#x",
            "~",
            "&&id",
            "!x",
            "客户",
            "'; id; '",
            "\"; id; \"",
            "a'\"$(id)`id`\\",
            "-n",
            "{version}",
            "}",
            "$'\\x41'",
            "a${HOME}",
        ];
        for line in LINES {
            for name in names {
                assert_eq!(said(line, name), *name, "{line}");
            }
        }
        assert_eq!(said("printf %s {model}{version}", ""), "");
        assert_eq!(said("printf '<%s>' {tag} {model}", "a\nid"), "<><a\nid>", "an empty one is a word, too");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn any_name_is_one_word_in_any_line(
            name in r#"[ -~äé客\t]{0,12}"#,
            line in prop::sample::select(LINES),
        ) {
            // `$(…)` drops the line ends at its end; names here have none.
            prop_assert_eq!(said(line, &name), name);
        }
    }

    #[test]
    fn where_quotes_cannot_be_followed_a_placeholder_is_refused() {
        for (line, word) in [
            ("echo `echo {model}`", "a backquote"),
            ("cat <<END\n{model}\nEND", "<<"),
            ("true # {model}", "a comment"),
            ("echo ${x:-{model}}", "${…}"),
            ("echo $'a' {model}", "$'"),
            ("echo $(case a in a) echo {model};; esac)", "case"),
            ("echo \\{model}", "a backslash"),
        ] {
            let refused = parse(line).unwrap_err();
            assert!(refused.contains(word) && refused.contains("{model}"), "{line}: {refused}");
        }
        for line in ["echo `date`", "true # nothing", "cat <<END\nEND", "echo {model} `date`", "echo ${x} {model}"] {
            assert!(parse(line).is_ok(), "{line}");
        }
        assert!(parse(" ").is_err());
    }
}
