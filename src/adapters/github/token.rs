//! Where the token comes from.

use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::process::Command;

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::shell::word;
use crate::domain::text;

/// Timeout of `gh`. It may have to unlock a keyring, which may prompt the user; then it does not answer in time.
const GH_TIMEOUT: Duration = Duration::from_secs(15);

/// Where the token for one host comes from.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// A token that is already known, for example from `GH_TOKEN`.
    Value(SecretString),
    /// The login stored by the `gh` command. Only used if the configuration allows it.
    GhCli {
        /// The host of the login.
        host: String,
    },
    /// None was found.
    Absent {
        /// Where it was looked for, as a phrase: `GH_TOKEN and GITHUB_TOKEN`.
        looked: String,
    },
}

impl TokenSource {
    /// No token; `looked` says where it was looked for.
    pub fn absent(looked: impl Into<String>) -> Self {
        Self::Absent { looked: looked.into() }
    }

    /// The token, trimmed and valid as a header.
    pub(super) async fn token(&self) -> Outcome<SecretString> {
        match self {
            Self::Value(token) => checked(token.expose_secret(), "the token"),
            Self::GhCli { host } => checked(&ask_gh(host).await?, "the token of `gh`"),
            Self::Absent { looked } => {
                let first = looked.split_whitespace().next().unwrap_or("GH_TOKEN").trim_end_matches(',');
                let hint = format!("Set {first}, or set `use_gh_cli = true` in [github] and run `gh auth login`.");
                Err(unauthenticated(format!("there is no GitHub token in {looked}")).with_hint(hint))
            }
        }
    }
}

/// octocrab panics on a token that is not a valid header value, and both files and `gh` output end in a newline.
fn checked(raw: &str, what: &str) -> Outcome<SecretString> {
    let token = raw.trim();
    if token.is_empty() {
        return Err(unauthenticated(format!("{what} is empty"))
            .with_hint("Set it to a token of yours; `signoff config show` names its source."));
    }
    if !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(unauthenticated(format!("{what} holds characters that no token has"))
            .with_hint("Set it to the token alone: one word, without quotes or line breaks."));
    }
    Ok(SecretString::from(token))
}

async fn ask_gh(host: &str) -> Outcome<String> {
    let mut command = Command::new("gh");
    command.args(["auth", "token", "--hostname", host]);
    printed_by(command)
        .await
        .map_err(|reason| unauthenticated(reason).with_hint(format!("Run `gh auth login --hostname {}`.", word(host))))
}

/// The output of `gh`, or a phrase that says why there is none.
async fn printed_by(mut command: Command) -> Result<String, String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(GH_TIMEOUT, command.output()).await {
        Err(_) => return Err("`gh auth token` did not answer".to_owned()),
        Ok(Err(error)) => return Err(format!("`gh` cannot be run: {error}")),
        Ok(Ok(output)) => output,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let said: String = text::clean_line(said.trim()).chars().take(200).collect();
        return Err(format!("`gh auth token` failed: {said}"));
    }
    String::from_utf8(output.stdout).map_err(|_| "`gh auth token` printed no token".to_owned())
}

fn unauthenticated(reason: String) -> Failure {
    Failure::new(FailureKind::Unauthenticated, Service::Github, "sign in to GitHub", reason)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn whitespace_around_a_token_is_not_part_of_it() {
        assert_eq!(checked(" ghp_abc\r\n", "the token").unwrap().expose_secret(), "ghp_abc");
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_showing_it() {
        for bad in ["", " \n", "two words", "gh\u{1}p", "schlüssel"] {
            let failure = checked(bad, "the token").unwrap_err();
            assert_eq!(failure.kind, FailureKind::Unauthenticated);
            assert!(bad.trim().is_empty() || !format!("{failure:?}").contains(bad), "{failure:?}");
        }
    }

    #[test]
    fn no_token_is_ever_debugged() {
        let source = TokenSource::Value(SecretString::from("ghp_secret"));
        assert!(!format!("{source:?}").contains("ghp_secret"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_gh_prints_is_the_token_and_what_it_complains_is_shown() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            printed_by(command)
        };
        let printed = shell("echo ghp_stored").await.unwrap();
        assert_eq!(checked(&printed, "the token of `gh`").unwrap().expose_secret(), "ghp_stored");
        let refused = shell("echo ghp_x; echo 'no oauth token' >&2; exit 1").await.unwrap_err();
        assert!(refused.contains("no oauth token") && !refused.contains("ghp_x"), "{refused}");
        let missing = printed_by(Command::new("no-such-program-as-this")).await.unwrap_err();
        assert!(missing.contains("cannot be run"), "{missing}");
    }
}
