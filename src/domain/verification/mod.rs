//! Verifies that a release carries a valid sign-off: a pure evaluation of what was read about a tag, as a list of
//! checks.
//!
//! Nothing that can be forged by someone who writes MLflow tags or edits a release counts by itself: the record must
//! match the tag message to the byte, the authors of the release and the comments are those the host reports, and the
//! registry is read again.

mod evidence;
mod people;
mod registry;
mod release;
mod rules;

use crate::domain::commit::{CommitComment, ReleaseState, TagState};
use crate::domain::facts::{ReviewedFacts, Standing};
use crate::domain::failure::{Failure, FailureKind, Outcome};
use crate::domain::identity::Home;
use crate::domain::ids::{ModelName, RepoSlug, TagName};
use crate::domain::policy::Evaluation;
use crate::domain::record::observed::Kept;
use crate::domain::record::vouch::Writers;
use crate::domain::record::{ASSET, Sealed};
use crate::domain::registry::PromotionTarget;

/// The state of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    Pass,
    /// Not required, or cannot be determined; nothing depends on it.
    Note,
    Fail,
    /// Could not be read, which counts as a failure.
    Unreadable,
}

impl LineState {
    /// Whether this state rejects the release.
    pub fn refuses(self) -> bool {
        matches!(self, Self::Fail | Self::Unreadable)
    }
}

/// One check with its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyCheck {
    /// Name of the check, in one or two words. Part of the JSON contract.
    pub check: &'static str,
    pub state: LineState,
    /// The finding, as a phrase.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// The kind of failure, if it could not be read.
    pub failure: Option<FailureKind>,
}

/// Where the release was looked up, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub repo: RepoSlug,
    pub tag: TagName,
    /// The release host, such as `github.com`.
    pub host: String,
    /// The verifier's registry.
    pub home: Home,
    /// The verifier runs in demo mode.
    pub demo: bool,
}

/// What was read about the release itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    pub place: Place,
    /// The tag; `None` if it does not exist.
    pub tag: Outcome<Option<TagState>>,
    pub releases: Outcome<Vec<ReleaseState>>,
    /// The bytes of the record file; `None` if the release has none.
    pub asset: Outcome<Option<Vec<u8>>>,
}

/// What was read about the things the record names.
#[derive(Clone, Debug, PartialEq)]
pub struct Reread {
    /// The version in the registry now; for a record that was made without logged models, without one.
    pub version: Outcome<Standing>,
    /// What the version's model is called now, if it was renamed.
    pub renamed: Option<ModelName>,
    /// The version that was in production at the time, as in the registry now; `None` if there was none.
    pub baseline: Option<Outcome<Standing>>,
    /// SHA-256 of the `MLmodel` file now; `None` if the record has none to compare with.
    pub mlmodel: Option<Outcome<String>>,
    /// The comments on the tagged commit.
    pub comments: Outcome<Vec<CommitComment>>,
    /// The verifier's own rules, evaluated; `None` if the version could not be read.
    pub policy: Option<Evaluation>,
    /// Who of those who commented may write to the repository.
    pub writers: Writers,
    /// For each approver, whether the verifier's rules permit them, with the reason if not.
    pub may_sign: Vec<(String, Outcome<Result<(), String>>)>,
    /// The repository from which the verifier's configuration releases this model.
    pub repository: Result<RepoSlug, String>,
    /// The verifier's configuration allows a branch in place of an unrecorded commit.
    pub branch_may_stand_in: bool,
    /// The state of the record's signature.
    pub signature: Signature,
    /// What is wrong with the records of the verifier's machine; `None` if it has none.
    pub chain: Option<Outcome<Vec<String>>>,
}

/// The state of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// None, and none required.
    NotAsked,
    /// Present, but no list of allowed signers is configured.
    Unchecked,
    /// Missing, although a list of allowed signers is configured.
    Missing,
    /// Checked against the signer's key; the reason if invalid.
    Checked(Result<(), String>),
    Unread(Failure),
}

/// The result of verifying one release.
#[derive(Clone, Debug, PartialEq)]
pub struct Verification {
    /// Where the release was looked up.
    pub place: Place,
    pub record: Option<Sealed>,
    pub lines: Vec<VerifyCheck>,
}

impl Verification {
    /// Whether every check holds.
    pub fn holds(&self) -> bool {
        !self.lines.is_empty() && !self.lines.iter().any(|l| l.state.refuses())
    }

    /// The failure kind, if the only problem is that something could not be read.
    pub fn unreadable(&self) -> Option<FailureKind> {
        let against: Vec<&VerifyCheck> = self.lines.iter().filter(|l| l.state.refuses()).collect();
        let unread = |l: &&VerifyCheck| l.state == LineState::Unreadable;
        if against.iter().all(unread) { against.iter().find_map(|l| l.failure) } else { None }
    }
}

/// Parses the record file of a release; `None` if it is missing or invalid.
pub fn record_of(proof: &Proof) -> Option<Sealed> {
    Sealed::from_bytes(proof.asset.as_ref().ok()?.as_ref()?).ok()
}

/// The record of the release, if it is whole and the tag's message names it.
///
/// # Errors
/// The first check that fails, as a phrase.
pub fn named_record(proof: &Proof) -> Result<Sealed, String> {
    let about = |line: &VerifyCheck| matches!(line.check, "tag" | "record" | "record hash");
    let lines = judge(proof, None);
    match lines.iter().find(|line| about(line) && line.state.refuses()) {
        Some(line) => Err(line.detail.clone()),
        None => record_of(proof).ok_or_else(|| format!("the release has no {ASSET}")),
    }
}

/// Whether waiting may help: a release being created briefly has no record.
pub fn incomplete(proof: &Proof) -> bool {
    let later = |kind: FailureKind| kind.is_transient();
    let (tag, releases, asset) = (&proof.tag, &proof.releases, &proof.asset);
    let failed = [tag.as_ref().err(), releases.as_ref().err(), asset.as_ref().err()];
    if let Some(failure) = failed.into_iter().flatten().next() {
        return later(failure.kind);
    }
    let published = releases.as_ref().is_ok_and(|all| all.iter().any(|r| !r.draft));
    !published || matches!(tag, Ok(None)) || matches!(asset, Ok(None))
}

/// The facts at the time of signing: the current facts with the promotion's own changes reverted.
pub fn as_signed(
    sealed: &Sealed,
    Standing { version, run, logged }: &Standing,
    baseline: Option<&Standing>,
) -> ReviewedFacts {
    let mut facts = ReviewedFacts {
        version: version.clone(),
        run: run.clone(),
        logged: logged.clone(),
        baseline: baseline.cloned(),
        holders: Vec::new(),
    };
    let Some(change) = &sealed.record.change else { return facts };
    facts.holders.clone_from(&change.leaving);
    facts.version.stage = change.from.clone();
    match &change.to {
        PromotionTarget::Stage(stage) => {
            if *stage == change.from {
                facts.holders.push(version.number);
            }
            if let Some(baseline) = &mut facts.baseline {
                baseline.version.stage = stage.clone();
            }
        }
        PromotionTarget::Alias(alias) => {
            facts.version.aliases.retain(|a| a != alias);
            if let Some(baseline) = &mut facts.baseline {
                let aliases = &mut baseline.version.aliases;
                aliases.retain(|a| a != alias);
                aliases.push(alias.clone());
                aliases.sort();
            }
        }
        // The registry was not written to, except for the tag of the task.
        PromotionTarget::Release | PromotionTarget::DeploymentJob | PromotionTarget::Elsewhere(_) => {}
    }
    if let Some(asked) = &sealed.record.deployment {
        let then = sealed.record.observed.as_ref().and_then(|seen| seen.version_tags.as_ref()?.get(&asked.task));
        match then {
            Some(Kept::Text(value)) => facts.version.tags.insert(&asked.task, value.as_str()),
            Some(Kept::Long { .. }) => {}
            None => facts.version.tags.retain(|key| key != asked.task),
        }
    }
    facts.holders.sort_unstable();
    facts
}

/// Judges a release. `named` holds what the record names; `None` without a record.
pub fn judge(proof: &Proof, named: Option<&Reread>) -> Vec<VerifyCheck> {
    let mut lines = Lines::default();
    release::tag(proof, &mut lines);
    release::releases(proof, &mut lines);
    let sealed = match &proof.asset {
        Err(failure) => {
            lines.unread("record", failure);
            None
        }
        Ok(None) => {
            lines.fail("record", format!("no release of {} has the file {ASSET}", proof.place.tag));
            None
        }
        Ok(Some(bytes)) => match Sealed::from_bytes(bytes) {
            Ok(sealed) => {
                lines.pass("record", format!("{ASSET} is whole: {}", sealed.record_hash));
                Some(sealed)
            }
            Err(why) => {
                lines.fail("record", format!("{ASSET} was changed or is none: {why}"));
                None
            }
        },
    };
    let Some(sealed) = sealed else { return lines.list };
    release::fits(proof, &sealed, &mut lines);
    evidence::file(proof, &sealed, &mut lines);
    if let Some(named) = named {
        release::repository(proof, named, &mut lines);
        registry::version(proof, &sealed, named, &mut lines);
        rules::recorded(&sealed, &mut lines);
        rules::own(&sealed, named, &mut lines);
        people::approvals(proof, &sealed, named, &mut lines);
        people::four_eyes(&sealed, named, &mut lines);
        people::may_sign(named, &mut lines);
        people::signature(&sealed, &named.signature, &mut lines);
        if let Ok(Standing { version, .. }) = &named.version {
            evidence::own_tags(&sealed, version, &mut lines);
        }
        evidence::chain(named, &mut lines);
    }
    evidence::limits(&mut lines);
    lines.list
}

/// Collects the checks in order.
#[derive(Debug, Default)]
struct Lines {
    list: Vec<VerifyCheck>,
    /// What could not be read, by the first check that says so.
    told: Vec<(&'static str, Failure)>,
}

impl Lines {
    fn add(&mut self, check: &'static str, state: LineState, detail: String) {
        self.list.push(VerifyCheck { check, state, detail, hint: None, failure: None });
    }

    fn pass(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, LineState::Pass, detail.into());
    }

    fn note(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, LineState::Note, detail.into());
    }

    fn fail(&mut self, check: &'static str, detail: impl Into<String>) {
        self.add(check, LineState::Fail, detail.into());
    }

    /// One passing check, or one failing check per difference.
    fn all(&mut self, check: &'static str, wrong: Vec<String>, good: impl Into<String>) {
        if wrong.is_empty() {
            self.pass(check, good);
        }
        for detail in wrong {
            self.fail(check, detail);
        }
    }

    /// One cause is told once: what else it hinders refers to that.
    fn unread(&mut self, check: &'static str, failure: &Failure) {
        let told = self.told.iter().find(|(_, told)| told.same_cause(failure)).map(|(first, _)| *first);
        let detail = match told {
            Some(first) => format!("not readable, for the same reason as {first}"),
            None => format!("not readable: {failure}"),
        };
        self.add(check, LineState::Unreadable, detail);
        if let Some(last) = self.list.last_mut() {
            last.hint = failure.hint.clone().filter(|_| told.is_none());
            last.failure = Some(failure.kind);
        }
        if told.is_none() {
            self.told.push((check, failure.clone()));
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
