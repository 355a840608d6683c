//! Names the tag of a release, and says what already has that name.

use super::checks::Checks;
use super::taken::{self, Taken, Wanted};
use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::ids::{InvalidId, PromotionId, TagName, VersionNumber};
use crate::domain::preflight::CheckState::{Block, Pass, Warn};
use crate::domain::record::Decision;
use crate::domain::release;
use crate::services::Services;

/// Most releases of one version.
const MAX_RELEASES: u32 = 50;

/// The tag of a release.
pub(super) enum Named {
    Free(TagName),
    /// The name is taken; by the commit, and by what.
    Taken(TagName, String, Taken),
    /// A tag was left behind without a release; the next free name supersedes it.
    Instead {
        tag: TagName,
        left: TagName,
        commit: String,
        id: PromotionId,
        record: String,
    },
}

/// Tags of other versions of the same name and number, with what differs.
pub(super) type Others = Vec<(TagName, String)>;

/// Why no tag can be created.
pub(super) enum TagProblem {
    Name(InvalidId),
    Failure(Failure),
}

impl From<InvalidId> for TagProblem {
    fn from(invalid: InvalidId) -> Self {
        Self::Name(invalid)
    }
}

impl From<Failure> for TagProblem {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// The tag of the release, and what already has that name.
/// Also the tags of other versions of that name and number, which keep theirs, with what differs.
pub(super) async fn name(
    services: &Services,
    wanted: &Wanted<'_>,
    decision: Decision,
) -> Result<(Named, Others), TagProblem> {
    let (repo, model, number) = (wanted.repo, &wanted.version.name, wanted.version.number);
    let mut others = Others::new();
    let first = release::tag_name(&services.rules.tag_template, model, number)?;
    let mut left = None;
    // A version released again has the tag `telco-churn-v41-r2`, then `-r3`.
    for nth in 1..=MAX_RELEASES {
        let tag = if nth == 1 { first.clone() } else { release::again(&first, nth)? };
        if nth == 1 && decision == Decision::Rollback {
            continue;
        }
        let Some(there) = services.host.tag(repo, &tag).await? else {
            let named = match left {
                None => Named::Free(tag),
                Some((left, commit, id, record)) => Named::Instead { tag, left, commit, id, record },
            };
            return Ok((named, others));
        };
        if decision == Decision::Rollback {
            continue;
        }
        match taken::judge(services, wanted, &there).await? {
            Taken::LeftBehind { id, record } => left = Some((tag, there.commit, id, record)),
            Taken::Another(what) => others.push((tag, what)),
            taken => return Ok((Named::Taken(tag, there.commit, taken), others)),
        }
    }
    let operation = format!("name a tag for {model} {number}");
    let reason = format!("{first} and {MAX_RELEASES} tags after it exist already");
    Err(TagProblem::Failure(Failure::new(FailureKind::Conflict, Service::Github, operation, reason)))
}

impl Checks {
    /// Says what the name is, and returns it with the promotion it supersedes.
    pub(super) fn tag(
        &mut self,
        named: Result<(Named, Others), TagProblem>,
        number: VersionNumber,
    ) -> Option<(TagName, Option<PromotionId>)> {
        let short = |commit: &str| commit.chars().take(7).collect::<String>();
        let named = named.map(|(named, others)| {
            for (other, what) in others {
                let text = format!(
                    "the tag {other} released another {number} of that name ({what}); this release gets the next name"
                );
                self.add("tag", Warn, text);
            }
            named
        });
        match named {
            Err(TagProblem::Failure(failure)) => {
                self.fail("tag", Block, &failure);
                None
            }
            Err(TagProblem::Name(invalid)) => {
                self.add_hint("tag", Block, invalid.to_string(), "Change the tag template in the configuration.");
                None
            }
            Ok(Named::Free(tag)) => {
                self.add("tag", Pass, format!("{tag} is free"));
                Some((tag, None))
            }
            Ok(Named::Taken(tag, commit, taken)) => {
                let (more, hint) = said(&taken);
                let what = format!("the tag {tag} exists already, at {}{more}", short(&commit));
                self.add_hint("tag", Block, what, format!("A tag is never moved. {hint}"));
                Some((tag, None))
            }
            Ok(Named::Instead { tag, left, commit, id, record }) => {
                let record: String = record.trim_start_matches("sha256:").chars().take(12).collect();
                let what = format!(
                    "the tag {left} exists at {}, cut by promotion {id} (record {record}), and was never released; \
                     its journal is not on this machine",
                    short(&commit)
                );
                let hint = format!(
                    "If its journal is on another machine, resume it there. Otherwise this decision supersedes it: it \
                     cuts {tag}, and {left} stays as it is."
                );
                self.add_hint("tag", Warn, what, hint);
                self.supersede(id);
                Some((tag, Some(id)))
            }
        }
    }

    /// The mark of a promotion that was left behind does not block any more.
    fn supersede(&mut self, id: PromotionId) {
        let marked = |detail: &str| detail.contains(&id.to_string());
        for check in self.list.iter_mut().filter(|c| c.title == "promotion" && marked(&c.detail)) {
            (check.state, check.hint) = (Warn, None);
        }
    }
}

/// What is to be said about a name that is taken, and what to do.
fn said(taken: &Taken) -> (String, String) {
    match taken {
        Taken::Released => (
            String::new(),
            "If this version was released before, there is nothing to do; to bring it back, roll back to it."
                .to_owned(),
        ),
        Taken::Here(id) => {
            (format!(", cut by promotion {id} of this machine"), format!("Finish that one: `signoff resume {id}`."))
        }
        Taken::Recent(id) => (
            format!(", cut by promotion {id} a moment ago"),
            "It may be at work on another machine: look again in half an hour.".to_owned(),
        ),
        Taken::Another(what) => (format!(", of another version of that name: {what}"), String::new()),
        Taken::LeftBehind { id, .. } => (format!(", cut by promotion {id}"), String::new()),
        Taken::Foreign(why) => (
            format!("; {why}"),
            "Release under another name (`tag` in the configuration), or delete that tag if it was made by mistake."
                .to_owned(),
        ),
    }
}
