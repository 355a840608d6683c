//! Properties of records: every change is detected, and a withdrawn decision never counts.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::seal::sha256;
use super::vouch::{Void, standing, vouched};
use super::{Decision, DecisionMark, Sealed, SignOff, text};
use crate::domain::commit::CommitComment;
use crate::domain::facts::RunFacts;
use crate::domain::promotion::samples;
use crate::domain::run::{MetricPoint, MetricValue};

fn sealed(reason: &str, auc: f64, prev: Option<&str>) -> Sealed {
    let mut draft = samples::draft();
    if let RunFacts::Known(run) = &mut draft.decision.facts.run {
        run.metrics.insert("auc", MetricPoint { value: MetricValue(auc), step: 0, at: None });
    }
    draft.record(samples::id(1), samples::now(), &SignOff::because(reason), prev)
}

proptest! {
    #[test]
    fn the_hash_is_stable_under_re_serialisation(reason in ".{0,80}", auc in any::<f64>(), prev in proptest::option::of("[0-9a-f]{8}")) {
        let original = sealed(&reason, auc, prev.as_deref());
        // Another writer: different key order and whitespace.
        let value = serde_json::to_value(&original).unwrap();
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        let read: Sealed = serde_json::from_str(&pretty).unwrap();
        prop_assert_eq!(&Sealed::new(read.record.clone()).record_hash, &original.record_hash);
        let back = Sealed::from_bytes(&original.to_bytes()).unwrap();
        prop_assert_eq!(back.to_bytes(), original.to_bytes());
        // The hash can be recomputed without this program.
        prop_assert_eq!(&sha256(&original.signed_bytes()), &original.record_hash);
    }

    #[test]
    fn any_single_byte_changed_is_found(reason in "[ -~é]{0,40}", at in any::<prop::sample::Index>(), to in any::<u8>(), signed in any::<bool>()) {
        let mut original = sealed(&reason, 0.914, Some("sha256:00"));
        original.signature = signed.then(|| "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n".to_owned());
        let mut bytes = original.to_bytes();
        let at = at.index(bytes.len());
        prop_assume!(bytes[at] != to);
        bytes[at] = to;
        if let Ok(read) = Sealed::from_bytes(&bytes) {
            // The hash does not cover the signature, which is verified separately.
            prop_assert!(read.record_hash != original.record_hash || read.signature != original.signature);
        }
    }
}

/// One comment that may be a decision.
#[derive(Clone, Debug)]
struct Said {
    person: u64,
    decision: Decision,
    minute: i64,
    /// On the current facts.
    current: bool,
    edited: bool,
}

fn said() -> impl Strategy<Value = Said> {
    let decision = prop::sample::select(vec![Decision::Approve, Decision::Approve, Decision::Reject, Decision::Hold]);
    (0..4u64, decision, 0..30i64, prop::bool::weighted(0.8), prop::bool::weighted(0.1))
        .prop_map(|(person, decision, minute, current, edited)| Said { person, decision, minute, current, edited })
}

fn minute(n: i64) -> Timestamp {
    samples::now() + SignedDuration::from_mins(n)
}

fn comment(id: u64, said: &Said) -> CommitComment {
    let mut draft = samples::draft();
    draft.decision.basis.decision = said.decision;
    draft.decision.basis.demands.approvals = 2;
    if !said.current {
        draft.decision.facts.version.description.push_str(" Changed.");
    }
    let record = draft.record(samples::id(u128::from(id)), minute(said.minute), &SignOff::because("x"), None);
    let (created_at, later) = (minute(said.minute), SignedDuration::from_secs(1));
    CommitComment {
        id,
        login: format!("p{}", said.person),
        author_id: said.person,
        body: text::comment(&record),
        created_at,
        updated_at: if said.edited { created_at + later } else { created_at },
        web_url: String::new(),
    }
}

proptest! {
    #[test]
    fn a_superseded_decision_never_counts(all in prop::collection::vec(said(), 0..8), mark in proptest::option::of(0..30i64)) {
        let facts = samples::facts();
        let comments: Vec<_> = (1..).zip(&all).map(|(id, said)| comment(id, said)).collect();
        let found = vouched(&comments, &samples::draft().home(), &facts.version);
        prop_assert_eq!(found.len(), all.len());
        let mark = mark.map(|at| DecisionMark {
            decision: Decision::Reject,
            by: "p9".to_owned(),
            at: minute(at),
            reason: String::new(),
            until: None,
            record: String::new(),
            to: None,
            of: None,
        });
        let (counting, void) = standing(&found, &facts.digest(), mark.as_ref());

        let last_no = all.iter().filter(|s| s.decision != Decision::Approve).map(|s| minute(s.minute));
        let last_no = last_no.chain(mark.map(|m| m.at)).max();
        // The rules in words: a person's latest decision counts if its comment is unedited, is on these facts, and
        // nobody decided otherwise since.
        let mut latest: Vec<(u64, &Said)> = Vec::new();
        for (id, said) in (1..).zip(&all) {
            let newer = |(other, s): &(u64, &Said)| s.person == said.person && (s.minute, *other) > (said.minute, id);
            if !latest.iter().any(newer) {
                latest.retain(|(_, s)| s.person != said.person);
                latest.push((id, said));
            }
        }
        let counts = |s: &Said| {
            s.decision == Decision::Approve && s.current && !s.edited && last_no.is_none_or(|no| no < minute(s.minute))
        };
        let mut meant: Vec<u64> = latest.iter().filter(|(_, s)| counts(s)).map(|(id, _)| *id).collect();
        let mut got: Vec<u64> = counting.iter().map(|a| a.comment_id).collect();
        meant.sort_unstable();
        got.sort_unstable();
        prop_assert_eq!(got, meant);
        // Every approval that does not count has a reason, unless its author decided something later.
        let told = latest.iter().filter(|(_, s)| s.decision == Decision::Approve && !counts(s)).count();
        prop_assert_eq!(void.len(), told, "{:?}", void);
        let silent = |v: &Void| v.why.is_empty();
        prop_assert!(!void.iter().any(silent));
    }
}
