//! Witnesses of what runs: what each says of a release, and why.
//!
//! A witness is asked where CD has put a version: a deployment, a pipeline, a service. Nothing here acts on it.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::ids::{CommitSha, ModelName, RepoSlug, TagName, VersionNumber};
use super::text::{clean_line, shorten};

/// Characters of a foreign value in a sentence.
const SHOWN: usize = 60;

/// What runs according to one witness, measured against what was released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Says {
    Agrees,
    /// It may still come.
    NotYet,
    /// The witness does not tell.
    Unknown,
    Disagrees,
}

impl Says {
    /// In words: `agrees`, `not yet`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::NotYet => "not yet",
            Self::Unknown => "cannot tell",
            Self::Disagrees => "disagrees",
        }
    }
}

/// One witness's word on one release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Testimony {
    /// The configured name.
    pub name: String,
    /// The configured type, such as `http`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub state: Says,
    /// What it says that runs, as it says it.
    pub version: Option<String>,
    /// Why, as a sentence without a period.
    pub reason: String,
}

/// The release that witnesses are asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Released {
    pub model: ModelName,
    pub version: VersionNumber,
    /// The version that was in production before.
    pub before: Option<VersionNumber>,
    pub repository: RepoSlug,
    pub tag: TagName,
    pub commit: CommitSha,
    /// When it was released, by the host's clock.
    pub at: Timestamp,
}

/// A verdict with its reason, before it gets the witness's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    pub says: Says,
    pub version: Option<String>,
    pub reason: String,
}

impl Word {
    pub fn new(says: Says, reason: impl Into<String>) -> Self {
        Self { says, version: None, reason: reason.into() }
    }

    /// The same with the version that was named.
    #[must_use]
    pub fn of(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }
}

impl Released {
    /// Whether `value` names this release: its number, its tag or its commit.
    pub fn is_named(&self, value: &str) -> bool {
        let value = value.trim();
        is_number(value, self.version) || value == self.tag.as_str() || value.eq_ignore_ascii_case(self.commit.as_str())
    }

    /// What a reported version means. The one from before may stand until `settle` after the release.
    pub fn judge(&self, value: &str, now: Timestamp, settle: SignedDuration) -> Word {
        let shown = shorten(&clean_line(value.trim()), SHOWN);
        let word = |says, reason: String| Word::new(says, reason).of(shown.clone());
        if self.is_named(value) {
            return word(Says::Agrees, format!("it reports {shown}, which is {} of {}", self.version, self.model));
        }
        match self.before.filter(|before| is_number(value.trim(), *before)) {
            Some(before) if self.is_settling(now, settle) => word(
                Says::NotYet,
                format!(
                    "it still reports {before}, the version from before; {} was released {}",
                    self.version,
                    self.ago(now)
                ),
            ),
            Some(before) => word(
                Says::Disagrees,
                format!(
                    "it still reports {before}, the version from before, {} after the release of {}",
                    span(now.duration_since(self.at)),
                    self.version
                ),
            ),
            None => word(Says::Disagrees, format!("it reports '{shown}', and {} was released", self.version)),
        }
    }

    /// Whether the release is younger than `settle`.
    pub fn is_settling(&self, now: Timestamp, settle: SignedDuration) -> bool {
        now.duration_since(self.at) < settle
    }

    fn ago(&self, now: Timestamp) -> String {
        format!("{} ago", span(now.duration_since(self.at)))
    }
}

fn is_number(value: &str, number: VersionNumber) -> bool {
    let digits = value.strip_prefix(['v', 'V']).unwrap_or(value);
    // No leading zeros or signs: those are other names.
    digits == number.0.to_string()
}

/// A duration in words: `5 s`, `12 min`, `3 h`.
fn span(duration: SignedDuration) -> String {
    match duration.as_secs().max(0) {
        s if s < 120 => format!("{s} s"),
        s if s < 7200 => format!("{} min", s / 60),
        s => format!("{} h", s / 3600),
    }
}

/// Where a run of a pipeline names the version it worked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionAt {
    /// A JSON pointer (RFC 6901) into its configuration or parameters.
    Conf(String),
    /// What a task left under a key.
    Xcom { task: String, key: String },
    /// The rest of a tag that begins so.
    Tag(String),
}

/// One run of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineRun {
    /// As the server names it.
    pub id: String,
    pub state: RunState,
    pub started_at: Option<Timestamp>,
    /// What it was started with.
    pub conf: Value,
}

impl PipelineRun {
    /// The text or number at a JSON pointer into its configuration.
    pub fn at(&self, pointer: &str) -> Option<String> {
        self.conf.pointer(pointer).and_then(plain)
    }
}

/// A text or a number as text; nothing else names a version.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The state of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Queued or running, in the server's word.
    Open(String),
    Succeeded,
    /// In the server's word.
    Failed(String),
}

/// The newest run that started after the release, or the word to give without one.
///
/// # Errors
/// The word, where no such run has succeeded.
pub fn finished<'a>(runs: &'a [PipelineRun], released: &Released, what: &str) -> Result<&'a PipelineRun, Word> {
    let after = runs.iter().filter(|run| run.started_at.is_some_and(|at| at >= released.at));
    let Some(run) = after.max_by_key(|run| run.started_at) else {
        return Err(Word::new(Says::NotYet, format!("no run of {what} has started since the release")));
    };
    let id = shorten(&clean_line(&run.id), SHOWN);
    match &run.state {
        RunState::Succeeded => Ok(run),
        RunState::Open(state) => Err(Word::new(Says::NotYet, format!("run {id} of {what} is {}", clean_line(state)))),
        RunState::Failed(state) => {
            Err(Word::new(Says::Disagrees, format!("run {id} of {what} ended as {}", clean_line(state))))
        }
    }
}

/// What a run that succeeded after the release means, by the version it names; `None` if it names none.
pub fn ran(run: &PipelineRun, version: Option<&str>, released: &Released, now: Timestamp) -> Word {
    let id = shorten(&clean_line(&run.id), SHOWN);
    match version {
        Some(version) => {
            let word = released.judge(version, now, SignedDuration::ZERO);
            let reason = format!("run {id} succeeded: {}", word.reason);
            Word { reason, ..word }
        }
        None => Word::new(Says::Unknown, format!("run {id} succeeded, and does not say with which version")),
    }
}

/// A deployment on the code host, with its newest status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    pub id: u64,
    pub commit: String,
    /// What was deployed: a branch, a tag or a commit.
    pub git_ref: String,
    /// In the host's word; `None` if it has none yet.
    pub status: Option<String>,
}

/// What the deployments of an environment, newest first, mean for a release.
pub fn deployed(all: &[Deployment], environment: &str, released: &Released) -> Word {
    let place = clean_line(environment);
    let ours = |d: &&Deployment| {
        d.commit.eq_ignore_ascii_case(released.commit.as_str())
            || d.git_ref == released.tag.as_str()
            || d.git_ref == format!("refs/tags/{}", released.tag)
    };
    let Some(deployment) = all.iter().find(ours) else {
        return Word::new(Says::NotYet, format!("there is no deployment of {} to {place} yet", released.tag));
    };
    let of = |says, what: String| Word::new(says, what).of(released.tag.as_str());
    let status = deployment.status.as_deref().unwrap_or("pending");
    match status {
        "success" => of(Says::Agrees, format!("{} is deployed to {place}", released.tag)),
        "queued" | "pending" | "in_progress" | "waiting" => {
            of(Says::NotYet, format!("the deployment of {} to {place} is {status}", released.tag))
        }
        "failure" | "error" => {
            of(Says::Disagrees, format!("the deployment of {} to {place} ended in {status}", released.tag))
        }
        "inactive" => {
            let active = all.iter().find(|d| !ours(d) && d.status.as_deref() == Some("success"));
            match active {
                Some(other) => Word::new(
                    Says::Disagrees,
                    format!(
                        "{} ({}) is active in {place} instead of {}",
                        shorten(&clean_line(&other.git_ref), SHOWN),
                        clean_line(&other.commit).chars().take(7).collect::<String>(),
                        released.tag
                    ),
                )
                .of(clean_line(&other.git_ref)),
                None => of(Says::Unknown, format!("the deployment of {} to {place} is inactive", released.tag)),
            }
        }
        other => of(Says::Unknown, format!("the deployment to {place} is '{}'", shorten(&clean_line(other), SHOWN))),
    }
}

/// Fills in the placeholder `{model}`, encoded by `encode`.
pub fn fill(template: &str, model: &ModelName, encode: impl Fn(&str) -> String) -> String {
    template.replace("{model}", &encode(model.as_str()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::promotion::samples;

    fn released() -> Released {
        Released {
            model: ModelName::new("telco-churn"),
            version: VersionNumber(42),
            before: Some(VersionNumber(39)),
            repository: "acme/churn-model".parse().unwrap(),
            tag: "telco-churn-v42".parse().unwrap(),
            commit: samples::sha().parse().unwrap(),
            at: samples::now(),
        }
    }

    #[test]
    fn number_tag_and_commit_agree_and_nothing_that_only_looks_like_them() {
        let (settle, now) = (SignedDuration::from_mins(30), samples::now());
        for value in ["42", "v42", "V42", " 42\n", "telco-churn-v42", &samples::sha(), &samples::sha().to_uppercase()] {
            assert_eq!(released().judge(value, now, settle).says, Says::Agrees, "{value:?}");
        }
        for value in ["", "4", "420", "042", "+42", "vv42", "42.0", "telco-churn", "telco-churn-v4", "3f9c1ab"] {
            assert_eq!(released().judge(value, now, settle).says, Says::Disagrees, "{value:?}");
        }
    }

    #[test]
    fn the_version_from_before_may_stand_until_it_has_settled() {
        let settle = SignedDuration::from_mins(30);
        for (after, says) in [(0, Says::NotYet), (29, Says::NotYet), (30, Says::Disagrees), (600, Says::Disagrees)] {
            let now = samples::now() + SignedDuration::from_mins(after);
            assert_eq!(released().judge("v39", now, settle).says, says, "{after} min");
            assert_eq!(released().judge("38", now, settle).says, Says::Disagrees, "another is wrong at once");
        }
    }

    #[test]
    fn only_runs_after_the_release_count() {
        let released = released();
        let run = |minutes, state| PipelineRun {
            id: format!("run{minutes}"),
            state,
            started_at: Some(released.at + SignedDuration::from_mins(minutes)),
            conf: Value::Null,
        };
        let says = |runs: &[PipelineRun], version: Option<&str>| match finished(runs, &released, "score") {
            Ok(done) => ran(done, version, &released, released.at).says,
            Err(word) => word.says,
        };
        let open = || RunState::Open("running".to_owned());
        let failed = || RunState::Failed("failed".to_owned());
        assert_eq!(says(&[], None), Says::NotYet);
        assert_eq!(says(&[run(-5, RunState::Succeeded)], Some("42")), Says::NotYet);
        assert_eq!(says(&[run(1, open())], Some("42")), Says::NotYet);
        assert_eq!(says(&[run(1, failed())], Some("42")), Says::Disagrees);
        assert_eq!(says(&[run(1, failed()), run(2, RunState::Succeeded)], Some("42")), Says::Agrees);
        assert_eq!(says(&[run(2, RunState::Succeeded)], Some("39")), Says::Disagrees);
        assert_eq!(says(&[run(2, RunState::Succeeded)], None), Says::Unknown);
    }

    #[test]
    fn the_newest_deployment_of_the_release_decides() {
        let deployment = |commit: String, git_ref: &str, status: Option<&str>| Deployment {
            id: 1,
            commit,
            git_ref: git_ref.to_owned(),
            status: status.map(str::to_owned),
        };
        let ours = |status| deployment(samples::sha(), "telco-churn-v42", status);
        let other = |status| deployment("4".repeat(40), "main", status);
        let says = |all: &[Deployment]| deployed(all, "production", &released()).says;
        assert_eq!(says(&[]), Says::NotYet);
        assert_eq!(says(&[other(Some("success"))]), Says::NotYet);
        for (status, word) in [
            (Some("success"), Says::Agrees),
            (None, Says::NotYet),
            (Some("queued"), Says::NotYet),
            (Some("waiting"), Says::NotYet),
            (Some("in_progress"), Says::NotYet),
            (Some("failure"), Says::Disagrees),
            (Some("error"), Says::Disagrees),
            (Some("inactive"), Says::Unknown),
            (Some("odd"), Says::Unknown),
        ] {
            assert_eq!(says(&[ours(status)]), word, "{status:?}");
        }
        assert_eq!(says(&[other(Some("success")), ours(Some("inactive"))]), Says::Disagrees);
        assert_eq!(says(&[ours(Some("success")), ours(Some("failure"))]), Says::Agrees, "the newest");
    }

    #[test]
    fn what_a_witness_says_is_shown_cleaned_and_short() {
        let word = released().judge(&format!("\u{1b}[2J{}", "x".repeat(500)), samples::now(), SignedDuration::ZERO);
        assert!(!word.reason.contains('\u{1b}') && word.reason.chars().count() < 150, "{}", word.reason);
    }
}
