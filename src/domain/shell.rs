//! Words of commands that are suggested or copied: one line, quoted for a POSIX shell.

use super::text::clean_line;

/// A text as one word of a command.
pub fn word(text: &str) -> String {
    let text = clean_line(text);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text;
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_one_word_to_the_shell_and_runs_nothing() {
        for (text, quoted) in [
            ("telco-churn", "telco-churn"),
            ("sqlite:///mlflow.db", "sqlite:///mlflow.db"),
            ("fraud v2", "'fraud v2'"),
            ("a;rm -rf ~", "'a;rm -rf ~'"),
            ("$(id)`id`", "'$(id)`id`'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
            ("a\nb\u{1b}[2J", "'a⏎b␛[2J'"),
        ] {
            assert_eq!(word(text), quoted);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_real_shell_reads_what_was_meant() {
        for text in ["a b", "it's", "$HOME", "`id`", "*", "a;b", "\"", "\\", "#x", "~", "&&", "!x", "客户"] {
            let ran = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", word(text))]).output();
            assert_eq!(ran.ok().map(|o| String::from_utf8_lossy(&o.stdout).into_owned()), Some(text.to_owned()));
        }
    }
}
