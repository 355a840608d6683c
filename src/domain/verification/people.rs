//! Checks on people: enough approvers, permitted, independent, and confirmed by the host.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Lines, Proof, Reread, Signature};
use crate::domain::commit::CommitComment;
use crate::domain::facts::Standing;
use crate::domain::policy::{Effective, Evaluation, FourEyes, People, Separation, Severity, Tristate};
use crate::domain::record::vouch::{self, Vouched};
use crate::domain::record::{Approval, Decision, Record, Sealed};
use crate::domain::text::clean_line;

/// The required number of distinct approvers, each vouched for by an unchanged comment.
pub(super) fn approvals(proof: &Proof, sealed: &Sealed, named: &Reread, lines: &mut Lines) {
    let record = &sealed.record;
    let asked = named.policy.as_ref().map_or(1, |e| Effective::of(&e.sources).approvals);
    let needed = match record.decision {
        // One person may roll back.
        Decision::Rollback => 1,
        _ => asked.max(record.quorum).max(1),
    };
    let mut people: BTreeSet<u64> = BTreeSet::from([record.signer.id]);
    let mut wrong = Vec::new();
    if !record.approvals.is_empty() {
        let comments = match &named.comments {
            Ok(comments) => comments,
            Err(failure) => return lines.unread("approvals", failure),
        };
        let Ok(Standing { version, .. }) = &named.version else { return };
        let found = vouch::vouched(comments, &proof.place.home, version);
        let signed = record.decided_at();
        let released = released(proof).unwrap_or(signed);
        // A rejection counts until the release; decisions after it belong to the next one.
        let until = |v: &Vouched| if v.decision == Decision::Approve { signed } else { signed.max(released) };
        let counts = |v: &&Vouched| v.approval.at <= until(v) && !named.writers.sets_nothing_aside(v);
        let before: Vec<Vouched> = found.iter().filter(counts).cloned().collect();
        let (counting, void) = vouch::standing(&before, &record.facts, None);
        for approval in &record.approvals {
            let broken = broken(approval, comments, &found)
                .or_else(|| named.writers.objection(&approval.login).map(|void| void.why));
            match broken {
                Some(why) => wrong.push(format!("{}'s approval does not count: {why}", clean_line(&approval.login))),
                None if !counting.contains(approval) => {
                    let why = void.iter().find(|v| v.login == approval.login).map(|v| v.why.clone());
                    let why = why.unwrap_or_else(|| "a later decision of theirs took its place".to_owned());
                    wrong.push(format!("{}'s approval does not count: {why}", clean_line(&approval.login)));
                }
                None => {
                    people.insert(approval.id);
                }
            }
        }
    }
    let names = record.approvers().into_iter().map(clean_line).collect::<Vec<_>>().join(", ");
    if people.len() < needed as usize {
        wrong.push(format!("{} of {needed} approvals count", people.len()));
    }
    lines.all("approvals", wrong, format!("{} of {needed}: {names}", people.len()));
}

/// Why the comment no longer vouches for the approval.
fn broken(approval: &Approval, comments: &[CommitComment], found: &[Vouched]) -> Option<String> {
    let Some(comment) = comments.iter().find(|c| c.id == approval.comment_id) else {
        return Some("its comment is gone".to_owned());
    };
    if comment.author_id != approval.id {
        return Some(format!("its comment is by {}", clean_line(&comment.login)));
    }
    if comment.created_at != comment.updated_at {
        return Some("its comment was edited after it was written".to_owned());
    }
    let says = found.iter().find(|v| v.approval.comment_id == approval.comment_id);
    match says {
        None => Some("its comment is not about this version".to_owned()),
        Some(v) if v.approval.record_hash != approval.record_hash || v.approval.record_id != approval.record_id => {
            Some("its comment names another record".to_owned())
        }
        Some(_) => None,
    }
}

/// When the release was published, by the host's clock: the first time after the tag that the host vouches for.
fn released(proof: &Proof) -> Option<Timestamp> {
    proof.releases.as_ref().ok()?.iter().find(|r| !r.draft)?.published_at
}

/// No approver made the version: as recorded, and according to the servers now.
pub(super) fn four_eyes(sealed: &Sealed, named: &Reread, lines: &mut Lines) {
    let record = &sealed.record;
    let Some(Evaluation { sources, evidence, .. }) = &named.policy else { return };
    let demands = Effective::of(sources);
    let people = People::of(evidence);
    let mut signer: Vec<&str> = vec![record.signer.login.as_str()];
    signer.extend(record.signer.registry_user.as_deref());
    let mut wrong = Vec::new();
    judge(&demands, record, "as recorded, the signer", record.separation, &mut wrong);
    judge(&demands, record, &record.signer.login, Separation::of(&signer, &people), &mut wrong);
    for approval in &record.approvals {
        judge(&demands, record, &approval.login, Separation::of(&[approval.login.as_str()], &people), &mut wrong);
    }
    wrong.dedup();
    if demands.four_eyes == FourEyes::default() && wrong.is_empty() {
        return lines.note("four eyes", "the policy does not ask for it");
    }
    lines.all(
        "four eyes",
        wrong,
        "nobody who approved trained it, asked for it or wrote its pull request, as far as the policy asks",
    );
}

fn judge(demands: &Effective, record: &Record, who: &str, is: Separation, wrong: &mut Vec<String>) {
    let rollback = if record.decision == Decision::Rollback { demands.rollback } else { Severity::Block };
    let who = clean_line(who);
    let eyes = &demands.four_eyes;
    for (rule, truth, did, what) in [
        (eyes.trainer, Some(is.not_trainer), "trained it", "who trained it"),
        (eyes.trainer, is.not_requester, "asked for the promotion", "who asked for the promotion"),
        (eyes.author, Some(is.not_author), "wrote the pull request", "who wrote the pull request"),
    ] {
        let Some(truth) = truth else { continue };
        // As in the approval: a disabled rule ignores unknowns.
        let severity = match truth {
            Tristate::True => continue,
            Tristate::False => rule,
            Tristate::Unknown if rule == Severity::Ignore => continue,
            Tristate::Unknown => eyes.unknown,
        };
        if severity.min(rollback) == Severity::Block {
            wrong.push(match truth {
                Tristate::False => format!("{who} {did}"),
                _ => format!("the servers do not say {what}"),
            });
        }
    }
}

pub(super) fn may_sign(named: &Reread, lines: &mut Lines) {
    let mut names = Vec::new();
    for (login, may) in &named.may_sign {
        match may {
            Ok(Ok(())) => names.push(clean_line(login)),
            Ok(Err(why)) => lines.fail("approvers", clean_line(why)),
            Err(failure) => lines.unread("approvers", failure),
        }
    }
    if !names.is_empty() && names.len() == named.may_sign.len() {
        lines.pass("approvers", format!("may approve: {}", names.join(", ")));
    }
}

pub(super) fn signature(sealed: &Sealed, signature: &Signature, lines: &mut Lines) {
    let login = clean_line(&sealed.record.signer.login);
    match signature {
        Signature::NotAsked => lines.note("signature", "there is none, and no list of allowed signers asks for one"),
        Signature::Unchecked => lines.note("signature", "there is one, and no list of allowed signers to check it by"),
        Signature::Missing => lines.fail("signature", "there is none, and a list of allowed signers is configured"),
        Signature::Checked(Ok(())) => lines.pass("signature", format!("made with a key of {login}")),
        Signature::Checked(Err(why)) => lines.fail("signature", clean_line(why)),
        Signature::Unread(failure) => lines.unread("signature", failure),
    }
}
