//! Four eyes: whether the signer is someone other than the trainer and the author.

use serde::{Deserialize, Serialize};

use crate::domain::evidence::Evidence;
use crate::domain::provenance::Provenance;

/// A question that may have no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tristate {
    True,
    False,
    /// The servers do not say.
    Unknown,
}

/// The people behind a version, as the servers report them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct People {
    /// The run's user, the version's author, and whoever started the training workflow.
    pub trainers: Vec<String>,
    /// Author of the pull request.
    pub author: Option<String>,
    /// Who asked in the registry for a stage, in requests that were open then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requesters: Vec<String>,
    /// Whether such requests could not be read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub requests_unread: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it by reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl People {
    pub fn of(evidence: &Evidence) -> Self {
        let facts = &evidence.facts;
        let mut trainers = Vec::new();
        let mut add = |name: Option<&str>| {
            if let Some(name) = name.filter(|n| !n.is_empty())
                && !trainers.iter().any(|t: &String| t.eq_ignore_ascii_case(name))
            {
                trainers.push(name.to_owned());
            }
        };
        let training = evidence.code.training.as_ref().ok().and_then(Option::as_ref);
        add(training.and_then(|t| t.run.actor.as_deref()));
        Provenance::from(facts).users().into_iter().for_each(|user| add(Some(user)));
        add(facts.version.author.as_deref());
        let author = evidence.code.pull_request.as_ref().ok().and_then(Option::as_ref).and_then(|p| p.author.clone());
        let mut requesters: Vec<String> = Vec::new();
        for request in evidence.requests.iter().flatten().filter(|request| !request.by.is_empty()) {
            if !requesters.iter().any(|known| known.eq_ignore_ascii_case(&request.by)) {
                requesters.push(request.by.clone());
            }
        }
        Self { trainers, author, requesters, requests_unread: evidence.requests.is_err() }
    }
}

/// Whether the signer is independent of the people who made the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Separation {
    /// The signer did not train the version.
    pub not_trainer: Tristate,
    /// The signer did not write the pull request.
    pub not_author: Tristate,
    /// The signer did not ask for the stage; `None` where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_requester: Option<Tristate>,
}

impl Separation {
    /// Nothing is known of the signer.
    pub const UNKNOWN: Self =
        Self { not_trainer: Tristate::Unknown, not_author: Tristate::Unknown, not_requester: None };

    /// Compares all known names of the signer with all known names of the others, ignoring case.
    pub fn of(signer: &[&str], people: &People) -> Self {
        let is = |other: &str| signer.iter().any(|s| s.eq_ignore_ascii_case(other));
        let not_trainer = match people.trainers.iter().any(|t| is(t)) {
            true => Tristate::False,
            false if people.trainers.is_empty() => Tristate::Unknown,
            false => Tristate::True,
        };
        let not_author = match &people.author {
            Some(author) if is(author) => Tristate::False,
            Some(_) => Tristate::True,
            None => Tristate::Unknown,
        };
        let not_requester = match (people.requesters.as_slice(), people.requests_unread) {
            ([], true) => Some(Tristate::Unknown),
            ([], false) => None,
            (asked, _) if asked.iter().any(|r| is(r)) => Some(Tristate::False),
            _ => Some(Tristate::True),
        };
        Self { not_trainer, not_author, not_requester }
    }
}
