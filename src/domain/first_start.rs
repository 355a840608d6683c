//! The first start, without any configuration: what is asked, and the file that follows from the answers.

use crate::domain::ids::RepoSlug;

/// What this machine has already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// What was found, a few words each.
    pub found: Vec<String>,
    /// Where the configuration will be, with `~` for the home directory.
    pub path: String,
    /// A repository that the environment names, as `owner/name`.
    pub repo: String,
    /// Whether the token is that of `gh`: no variable holds one.
    pub uses_gh: bool,
    /// A configuration that was named and cannot be used, and why.
    pub mistake: Option<(String, String)>,
}

/// The answers so far. An answer that was not given is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Answers {
    /// MLflow's address.
    pub mlflow: String,
    /// The GitHub repository, `owner/name`.
    pub repo: String,
    /// Name of the target.
    pub target: String,
    /// Whether `gh` is asked for the token.
    pub uses_gh: bool,
}

/// The usual name of the target.
pub const USUAL_TARGET: &str = "default";

impl Answers {
    /// The configuration that says what was answered.
    pub fn file(&self) -> String {
        let text = |text: &str| toml::Value::from(text).to_string();
        let target = if self.target.is_empty() { USUAL_TARGET } else { &self.target };
        let mut out = "# `signoff config init --print` shows every option with its meaning.\n\n".to_owned();
        if self.uses_gh {
            out.push_str("[github]\n# The token is that of `gh auth token`.\nuse_gh_cli = true\n\n");
        }
        out.push_str(&format!("[targets.{target}]\ntracking_uri = {}\n", text(&self.mlflow)));
        if !self.repo.is_empty() {
            out.push_str(&format!("repository = {}\n", text(&self.repo)));
        }
        out
    }
}

/// A repository as it is written in a configuration, of what people paste: the address of its page on github.com, or of a
/// page below it, or what `git clone` takes. Anything else is left as it is.
pub fn repository(text: &str) -> String {
    let page = || {
        let url = url::Url::parse(text).ok().filter(|url| url.host_str() == Some("github.com"))?;
        let mut parts = url.path_segments()?;
        let name = format!("{}/{}", parts.next()?, parts.next()?.trim_end_matches(".git"));
        name.parse::<RepoSlug>().ok()
    };
    let remote = || RepoSlug::from_remote_url(text).filter(|(host, _)| host == "github.com").map(|(_, repo)| repo);
    page().or_else(remote).map_or_else(|| text.to_owned(), |repo| repo.to_string())
}

/// Why a target cannot have this name; none if it can.
pub fn unfit_name(name: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match name {
        "" => Some("Type a name for the target, such as staging."),
        "demo" => Some("'demo' is the built-in demo: choose another name."),
        name if !name.chars().all(plain) => Some("A name has letters, digits, - and _ only."),
        _ => None,
    }
}

/// How the program goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// With the demo.
    Demo,
    /// With the configuration that was just written.
    Written,
    /// With this configuration.
    File(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_what_was_answered_and_nothing_typed_is_more_than_a_text() {
        let answers = Answers {
            mlflow: "http://127.0.0.1:5000".into(),
            repo: "acme/churn".into(),
            target: "staging".into(),
            uses_gh: true,
        };
        let file = answers.file();
        for line in ["[targets.staging]", "tracking_uri = \"http://127.0.0.1:5000\"", "repository = \"acme/churn\""] {
            assert!(file.lines().any(|l| l == line), "{file}");
        }
        assert!(file.contains("use_gh_cli = true"));
        let odd = Answers { mlflow: "x\"\n[targets.evil]".into(), ..Answers::default() }.file();
        let read: Result<toml::Table, _> = odd.parse();
        let targets = read.ok().and_then(|table| table.get("targets").and_then(|t| t.as_table()).cloned());
        assert_eq!(targets.map(|t| t.keys().cloned().collect::<Vec<_>>()), Some(vec![USUAL_TARGET.to_owned()]));
    }

    #[test]
    fn a_repository_may_be_pasted_as_its_address() {
        for pasted in [
            "acme/churn-model",
            "https://github.com/acme/churn-model",
            "https://github.com/acme/churn-model/",
            "https://github.com/acme/churn-model/tree/main?tab=readme#x",
            "https://github.com/acme/churn-model.git",
            "git@github.com:acme/churn-model.git",
            "github.com/acme/churn-model",
        ] {
            assert_eq!(repository(pasted), "acme/churn-model", "{pasted}");
        }
        for other in ["acme", "https://example.com/acme/churn-model", "https://github.com/acme", "a/b/c"] {
            assert_eq!(repository(other), other);
        }
    }

    #[test]
    fn names_are_plain_words() {
        assert_eq!(unfit_name("prod-2_eu"), None);
        for name in ["", "demo", "a b", "ü", "a.b", "x]"] {
            assert!(unfit_name(name).is_some(), "{name}");
        }
    }
}
