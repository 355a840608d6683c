//! Does a release carry the sign-off it should? A pure evaluation on what was read about a tag, line by line.
//!
//! Nothing a writer of MLflow tags or an editor of a release could forge counts by itself: the record has to fit the
//! tag's message to the byte, the release's author and the comments are who the host says they are, and the registry is
//! read again.

mod people;
mod registry;
mod release;
mod rules;

use crate::domain::commit::{CommitComment, ReleaseState, TagState};
use crate::domain::facts::{Baseline, ReviewedFacts, RunFacts};
use crate::domain::failure::{Failure, FailureKind, Outcome};
use crate::domain::ids::{RepoSlug, TagName};
use crate::domain::policy::Evaluation;
use crate::domain::record::{ASSET, Sealed};
use crate::domain::registry::{ModelVersion, PromotionTarget};

/// How one line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// It holds.
    Pass,
    /// Nobody asked for it, or it cannot be told; nothing depends on it.
    Note,
    /// It does not hold.
    Fail,
    /// It could not be read, and therefore does not hold.
    Unreadable,
}

impl LineState {
    /// Whether a release with such a line is refused.
    pub fn refuses(self) -> bool {
        matches!(self, Self::Fail | Self::Unreadable)
    }
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyCheck {
    /// What, in a word or two. Part of the JSON contract.
    pub check: &'static str,
    /// How it stands.
    pub state: LineState,
    /// What was found, as a phrase.
    pub detail: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Why it could not be read.
    pub failure: Option<FailureKind>,
}

/// Where the release was looked for, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The repository.
    pub repo: RepoSlug,
    pub tag: TagName,
    /// The release host, such as `github.com`.
    pub host: String,
    /// The verifier's registry, without credentials.
    pub registry: String,
    /// The verifier is in the built-in world.
    pub demo: bool,
}

/// What was read of the release itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Proof {
    /// Where.
    pub place: Place,
    /// The tag; none if there is none.
    pub tag: Outcome<Option<TagState>>,
    pub releases: Outcome<Vec<ReleaseState>>,
    /// The bytes of the record's file; none if the release has no such file.
    pub asset: Outcome<Option<Vec<u8>>>,
}

/// What was read of everything the record names.
#[derive(Clone, Debug, PartialEq)]
pub struct Reread {
    /// The version as the registry has it now, with its run.
    pub version: Outcome<(ModelVersion, RunFacts)>,
    /// What was in production then, as the registry has it now, with its run; none if nothing was.
    pub baseline: Option<Outcome<(ModelVersion, RunFacts)>>,
    /// SHA-256 of the `MLmodel` file now; none if the record holds none to compare with.
    pub mlmodel: Option<Outcome<String>>,
    /// The comments on the tagged commit.
    pub comments: Outcome<Vec<CommitComment>>,
    /// The verifier's own rules with what they are laid against; none if the version could not be read.
    pub policy: Option<Evaluation>,
    /// For everybody who approved: whether the verifier's rules let them, with the reason if not.
    pub may_sign: Vec<(String, Result<(), String>)>,
    /// The repository that the verifier's configuration releases this model from.
    pub repository: Result<RepoSlug, String>,
    /// The verifier's configuration lets a branch stand in for a commit that was not recorded.
    pub branch_may_stand_in: bool,
    /// The signature over the record.
    pub signature: Signature,
}

/// What became of checking the signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signature {
    /// There is none, and nobody asks for one.
    NotAsked,
    /// There is one, and no list of allowed signers to check it against.
    Unchecked,
    /// There is none, and a list of allowed signers is configured.
    Missing,
    /// It was made by the signer's key, or not, with the reason.
    Checked(Result<(), String>),
    /// It could not be checked.
    Unread(Failure),
}

/// Reads the record out of the file of a release; none if there is no such file or it is no record.
pub fn record_of(proof: &Proof) -> Option<Sealed> {
    Sealed::from_bytes(proof.asset.as_ref().ok()?.as_ref()?).ok()
}

/// Whether there is something to wait for: a release that is on its way has no record for a moment.
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

/// The facts as they must have been when the record was signed: what is read now, with the promotion itself taken back.
pub fn as_signed(
    sealed: &Sealed,
    (version, run): &(ModelVersion, RunFacts),
    baseline: Option<&(ModelVersion, RunFacts)>,
) -> ReviewedFacts {
    let mut facts = ReviewedFacts {
        version: version.clone(),
        run: run.clone(),
        baseline: baseline.map(|(version, run)| Baseline { version: version.clone(), run: run.clone() }),
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
    }
    facts.holders.sort_unstable();
    facts
}

/// Judges a release. `named` was read by what its record names; without a record there is nothing to read.
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
    if let Some(named) = named {
        release::repository(proof, named, &mut lines);
        registry::version(proof, &sealed, named, &mut lines);
        rules::recorded(&sealed, &mut lines);
        rules::own(&sealed, named, &mut lines);
        people::approvals(proof, &sealed, named, &mut lines);
        people::four_eyes(&sealed, named, &mut lines);
        people::may_sign(named, &mut lines);
        people::signature(&sealed, &named.signature, &mut lines);
    }
    lines.list
}

/// The lines as they come.
#[derive(Debug, Default)]
struct Lines {
    list: Vec<VerifyCheck>,
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

    /// One line for what is the same, or for every difference one of its own.
    fn all(&mut self, check: &'static str, wrong: Vec<String>, good: impl Into<String>) {
        if wrong.is_empty() {
            self.pass(check, good);
        }
        for detail in wrong {
            self.fail(check, detail);
        }
    }

    fn unread(&mut self, check: &'static str, failure: &Failure) {
        self.add(check, LineState::Unreadable, format!("not readable: {failure}"));
        if let Some(last) = self.list.last_mut() {
            last.hint.clone_from(&failure.hint);
            last.failure = Some(failure.kind);
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
