//! Identifiers as distinct types, so that a run id cannot be used as a model name.
//!
//! `Display` shows remote text cleaned. The raw form, which servers need back byte for byte, is only available through
//! `as_str`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::address::redacted;
use super::name;
use super::text;

/// Shared text: thousands of versions belong to one model, thousands of runs to one experiment.
macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $shown:path) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the server's own spelling.
            pub fn new(raw: impl Into<Arc<str>>) -> Self {
                Self(raw.into())
            }

            /// The raw spelling, to send back to the server. Never show it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&$shown(&self.0))
            }
        }
    };
}

text_id! {
    /// Name of a registered model. Any text: MLflow 2.22 accepts everything but the empty string.
    /// Shown so that no two names look alike; see [`super::name`].
    ModelName, name::shown
}
text_id! {
    /// Id of an MLflow run, usually 32 hexadecimal digits.
    RunId, text::clean_line
}
text_id! {
    /// Id of an MLflow experiment: digits on open-source servers, but a string in the API.
    ExperimentId, text::clean_line
}

impl ModelName {
    /// The spelling in texts that are compared later: tag messages, comments, titles.
    pub fn plain(&self) -> String {
        text::clean_line(&self.0)
    }
}

impl RunId {
    /// The first eight characters, cleaned, for display.
    pub fn short(&self) -> String {
        text::clean_line(&self.0).chars().take(8).collect()
    }
}

/// Number of a model version, counted from 1 by the registry and never reused. Shown as `v42`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VersionNumber(pub u64);

impl fmt::Display for VersionNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("v{}", self.0))
    }
}

/// A text that is not a valid identifier; the message says what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidId(pub String);

impl FromStr for VersionNumber {
    type Err = InvalidId;

    /// Accepts `42` and `v42`.
    fn from_str(s: &str) -> Result<Self, InvalidId> {
        s.strip_prefix('v')
            .unwrap_or(s)
            .parse()
            .map(Self)
            .map_err(|_| InvalidId(format!("'{}' is not a version number such as 42 or v42", text::clean_line(s))))
    }
}

/// A full Git commit id: 40 lower-case hexadecimal digits. Abbreviations are resolved first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitSha(String);

impl CommitSha {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first seven digits, as Git shows them.
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

impl FromStr for CommitSha {
    type Err = InvalidId;

    fn from_str(s: &str) -> Result<Self, InvalidId> {
        if s.len() == 40 && s.bytes().all(|b| b.is_ascii_hexdigit()) {
            Ok(Self(s.to_ascii_lowercase()))
        } else {
            Err(InvalidId(format!("'{}' is not a full commit id of 40 hexadecimal digits", text::clean_line(s))))
        }
    }
}

impl TryFrom<String> for CommitSha {
    type Error = InvalidId;

    fn try_from(s: String) -> Result<Self, InvalidId> {
        s.parse()
    }
}

impl From<CommitSha> for String {
    fn from(sha: CommitSha) -> Self {
        sha.0
    }
}

impl fmt::Display for CommitSha {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A GitHub repository as `owner/name`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RepoSlug {
    owner: String,
    name: String,
}

impl RepoSlug {
    /// The user or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Extracts host and repository from a Git remote URL (`https://host/o/n.git`, `git@host:o/n.git`,
    /// `ssh://git@host/o/n`). Credentials in the URL are dropped.
    pub fn from_remote_url(url: &str) -> Option<(String, Self)> {
        let url = url.trim();
        let rest = match url.split_once("://") {
            Some((_, rest)) => rest.to_owned(),
            None => url.replacen(':', "/", 1),
        };
        let rest = rest.rsplit_once('@').map_or(rest.as_str(), |(_, r)| r);
        let mut parts = rest.trim_end_matches('/').splitn(2, '/');
        let host = parts.next()?.split(':').next()?.to_ascii_lowercase();
        let path = parts.next()?;
        let slug = path.strip_suffix(".git").unwrap_or(path).parse().ok()?;
        (!host.is_empty()).then_some((host, slug))
    }
}

impl FromStr for RepoSlug {
    type Err = InvalidId;

    fn from_str(s: &str) -> Result<Self, InvalidId> {
        let fine = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        };
        match s.split_once('/') {
            Some((owner, name)) if fine(owner) && fine(name) => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => Err(InvalidId(format!("'{}' is not a repository such as OWNER/NAME", redacted(s)))),
        }
    }
}

impl TryFrom<String> for RepoSlug {
    type Error = InvalidId;

    fn try_from(s: String) -> Result<Self, InvalidId> {
        s.parse()
    }
}

impl From<RepoSlug> for String {
    fn from(slug: RepoSlug) -> Self {
        slug.to_string()
    }
}

impl fmt::Display for RepoSlug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.owner, self.name))
    }
}

/// A Git tag name that is safe as a ref and in a URL path: `[A-Za-z0-9._/+-]`, within Git's rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TagName(String);

impl TagName {
    /// Most characters of a name: GitHub refuses 255 and more with `refs/tags/` before them.
    pub const MAX: usize = 200;

    /// The name without `refs/tags/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TagName {
    type Err = InvalidId;

    fn from_str(s: &str) -> Result<Self, InvalidId> {
        let charset = s.bytes().all(|b| b.is_ascii_alphanumeric() || b"._/+-".contains(&b));
        let parts = s.split('/').all(|p| !p.is_empty() && !p.starts_with('.') && !p.ends_with(".lock"));
        let fine =
            charset && parts && !s.starts_with('-') && !s.ends_with('.') && !s.contains("..") && s.len() <= Self::MAX;
        if fine {
            Ok(Self(s.to_owned()))
        } else {
            Err(InvalidId(format!(
                "'{}' is not a safe tag name (at most {} letters, digits and . _ / + - within Git's rules)",
                text::clean_line(s),
                Self::MAX
            )))
        }
    }
}

impl TryFrom<String> for TagName {
    type Error = InvalidId;

    fn try_from(s: String) -> Result<Self, InvalidId> {
        s.parse()
    }
}

impl From<TagName> for String {
    fn from(tag: TagName) -> Self {
        tag.0
    }
}

impl fmt::Display for TagName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Id of a promotion: a version 7 UUID, so ids sort by creation time.
///
/// It is written to the model version, the tag message and the release. A resumed run or a second approver recognises
/// its own work by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PromotionId(uuid::Uuid);

impl PromotionId {
    /// Wraps a UUID made outside the core (see [`crate::ports::Clock::new_id`]).
    pub fn from_uuid(id: uuid::Uuid) -> Self {
        Self(id)
    }

    /// Creation time to the millisecond, from a version 7 UUID; `None` for other UUIDs.
    pub fn made_at(&self) -> Option<jiff::Timestamp> {
        let (bytes, seven) = (self.0.as_u128(), self.0.get_version_num() == 7);
        seven
            .then(|| i64::try_from(bytes >> 80).ok())
            .flatten()
            .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
    }

    /// The last twelve digits, which are random, for display.
    pub fn short(&self) -> String {
        let all = self.0.to_string();
        all[all.len() - 12..].to_owned()
    }
}

impl FromStr for PromotionId {
    type Err = InvalidId;

    fn from_str(s: &str) -> Result<Self, InvalidId> {
        s.parse().map(Self).map_err(|_| InvalidId(format!("'{}' is not a promotion id", text::clean_line(s))))
    }
}

impl fmt::Display for PromotionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn model_names_are_shown_cleaned_and_sent_raw() {
        let name = ModelName::new("a\x1b[2J\nb");
        assert_eq!(name.to_string(), "a␛[2J⏎b");
        assert_eq!(name.as_str(), "a\x1b[2J\nb");
    }

    #[test]
    fn repositories_are_read_from_every_remote_form() {
        for url in [
            "https://github.com/acme/churn.git",
            "https://user:secret@github.com/acme/churn",
            "git@github.com:acme/churn.git",
            "ssh://git@github.com:22/acme/churn.git",
        ] {
            let (host, slug) = RepoSlug::from_remote_url(url).unwrap();
            assert_eq!((host.as_str(), slug.to_string().as_str()), ("github.com", "acme/churn"), "{url}");
        }
        assert_eq!(RepoSlug::from_remote_url("/srv/git/churn.git"), None);
        assert_eq!(RepoSlug::from_remote_url("https://github.com/acme/../x"), None);
    }

    #[test]
    fn tag_names_follow_gits_rules() {
        for good in ["v1", "telco-churn-v42", "models/a_b+c.1"] {
            assert!(good.parse::<TagName>().is_ok(), "{good}");
        }
        for bad in ["", "-x", "a..b", "a/.b", "a.lock", "a/", "a b", "a~1", "é", "a.", "/a", "a//b"] {
            assert!(bad.parse::<TagName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn version_numbers_read_with_and_without_the_letter() {
        assert_eq!("v42".parse(), Ok(VersionNumber(42)));
        assert_eq!("42".parse(), Ok(VersionNumber(42)));
        assert!("vv1".parse::<VersionNumber>().is_err());
    }
}
