#![allow(clippy::unwrap_used)]
//! Verifies a sample release: what holds, and that any changed byte is detected.

use proptest::prelude::*;

use super::*;
use crate::domain::commit::ReleaseAsset;
use crate::domain::evidence::{Code, Evidence, not_asked};
use crate::domain::failure::Service;
use crate::domain::promotion::samples;
use crate::domain::record::seal::sha256;
use crate::domain::registry::Stage;

fn tag(message: &[u8]) -> TagState {
    TagState {
        name: "telco-churn-v42".parse().unwrap(),
        commit: samples::sha(),
        object: Some("f".repeat(40)),
        message: Some(crate::domain::text::clean(&String::from_utf8_lossy(message))),
        message_digest: Some(sha256(message)),
    }
}

fn proof() -> Proof {
    let plan = samples::plan();
    let asset = ReleaseAsset {
        id: 3,
        name: ASSET.into(),
        size: 1,
        digest: None,
        complete: true,
        uploader: Some("rev1".into()),
        uploader_id: Some(7),
        created_at: Some(samples::now()),
    };
    Proof {
        place: Place {
            repo: plan.draft.repo.clone(),
            tag: plan.draft.tag.clone(),
            host: "github.com".into(),
            home: plan.draft.home(),
            demo: false,
        },
        tag: Ok(Some(tag(plan.tag_message.as_bytes()))),
        releases: Ok(vec![ReleaseState {
            id: 1,
            tag: plan.draft.tag.to_string(),
            draft: false,
            body: plan.notes.clone(),
            author: Some("rev1".into()),
            author_id: Some(7),
            assets: vec![asset],
            upload_url: None,
            web_url: String::new(),
            published_at: Some(samples::now()),
        }]),
        asset: Ok(Some(plan.record.to_bytes())),
    }
}

/// The registry after the promotion: the candidate in Production, its predecessor archived.
fn named() -> Reread {
    let mut facts = samples::facts();
    facts.version.stage = Stage::Production;
    let mut before = facts.baseline.clone().unwrap();
    before.version.stage = Stage::Archived;
    let evidence = Evidence {
        facts: samples::facts(),
        signature: Ok(None),
        code: Code::unread(&not_asked("it")),
        requests: Ok(Vec::new()),
        artifact: None,
        read_at: samples::now(),
    };
    Reread {
        renamed: None,
        version: Ok(Standing { version: facts.version, run: facts.run, logged: None }),
        baseline: Some(Ok(before)),
        mlmodel: None,
        comments: Ok(Vec::new()),
        policy: Some(Evaluation::of(Vec::new(), evidence)),
        writers: Writers::default(),
        may_sign: Vec::new(),
        repository: Ok(samples::draft().repo),
        branch_may_stand_in: false,
        signature: Signature::NotAsked,
        chain: None,
    }
}

fn against(lines: &[VerifyCheck]) -> Vec<&'static str> {
    lines.iter().filter(|l| l.state.refuses()).map(|l| l.check).collect()
}

#[test]
fn a_release_as_it_was_signed_holds_and_its_facts_can_be_rebuilt() {
    let lines = judge(&proof(), Some(&named()));
    assert_eq!(against(&lines), Vec::<&str>::new(), "{lines:#?}");
    assert!(lines.iter().any(|l| l.check == "facts" && l.state == LineState::Pass));
}

#[test]
fn the_record_comes_from_the_signers_account_and_was_there_when_the_release_was() {
    let changed = |change: fn(&mut ReleaseState)| {
        let mut proof = proof();
        change(&mut proof.releases.as_mut().unwrap()[0]);
        judge(&proof, Some(&named()))
    };
    for (change, refused) in [
        ((|_| {}) as fn(&mut ReleaseState), false),
        (|r| (r.assets[0].uploader, r.assets[0].uploader_id) = (Some("mallory".into()), Some(8)), true),
        (|r| (r.assets[0].uploader, r.assets[0].uploader_id) = (Some("mallory".into()), None), true),
        // A login can be given to somebody else.
        (|r| r.assets[0].uploader_id = Some(8), true),
        (|r| (r.assets[0].uploader, r.assets[0].uploader_id) = (None, None), false),
        (|r| r.published_at = Some(samples::now() - jiff::SignedDuration::from_hours(1)), true),
        (|r| r.published_at = None, false),
    ] {
        let lines = changed(change);
        assert_eq!(against(&lines) == ["upload"], refused, "{lines:#?}");
        assert!(refused || against(&lines).is_empty(), "{lines:#?}");
    }
}

#[test]
fn tags_that_name_this_record_say_what_it_says() {
    let sealed = samples::plan().record;
    let mark = crate::domain::record::DecisionMark::of(&sealed);
    let other = crate::domain::record::DecisionMark { record: "sha256:0".into(), ..mark.clone() };
    let forged = crate::domain::record::DecisionMark { by: "mallory".into(), ..mark.clone() };
    let tagged = |tags: &[(&str, &str)]| {
        let mut named = named();
        let all = tags.iter().map(|(k, v)| (format!("signoff.{k}"), (*v).to_owned()));
        named.version.as_mut().unwrap().version.tags = all.collect();
        judge(&proof(), Some(&named))
    };
    let (hash, facts) = (sealed.record_hash.as_str(), sealed.record.facts.as_str());
    for (tags, refused) in [
        (vec![], false),
        (vec![("record", hash), ("facts", facts), ("decision", &mark.to_value()), ("approved_by", "rev1")], false),
        // CD may start before the last of them is written.
        (vec![("record", hash)], false),
        (vec![("record", "sha256:0"), ("facts", "sha256:1")], false),
        (vec![("record", hash), ("facts", "sha256:1")], true),
        (vec![("record", hash), ("approved_by", "mallory")], true),
        (vec![("record", hash), ("decision", &forged.to_value())], true),
        (vec![("record", hash), ("decision", &other.to_value())], false),
    ] {
        let lines = tagged(&tags);
        assert_eq!(against(&lines) == ["tags"], refused, "{tags:?} {lines:#?}");
        assert!(lines.iter().any(|l| l.check == "tags"), "{lines:#?}");
    }
}

#[test]
fn broken_records_of_this_machine_refuse_and_what_is_not_proven_is_said() {
    let lines = judge(&proof(), Some(&Reread { chain: Some(Ok(vec!["line 1: no".into()])), ..named() }));
    assert_eq!(against(&lines), ["records"]);
    let last = lines.last().unwrap();
    assert_eq!((last.check, last.state), ("limits", LineState::Note));
}

#[test]
fn what_cannot_be_read_holds_nothing_and_keeps_its_kind() {
    let down = || Failure::new(FailureKind::Unavailable, Service::Mlflow, "read it", "it is down");
    let mut proof = proof();
    proof.tag = Err(down());
    let named = Reread { version: Err(down()), ..named() };
    let lines = judge(&proof, Some(&named));
    assert_eq!(against(&lines), ["tag", "version"]);
    assert!(lines.iter().filter(|l| l.state.refuses()).all(|l| l.failure == Some(FailureKind::Unavailable)));
}

#[test]
fn who_may_approve_passes_only_if_everybody_does_and_keeps_why_it_is_not_known() {
    let down = Failure::new(FailureKind::Unavailable, Service::Github, "read it", "it is down").with_hint("Wait.");
    for (second, refused, hint) in
        [(Ok(Ok(())), 0, None), (Ok(Err("not listed".to_owned())), 1, None), (Err(down), 1, Some("Wait.".to_owned()))]
    {
        let may_sign = vec![("lee".to_owned(), Ok(Ok(()))), ("kim".to_owned(), second)];
        let lines = judge(&proof(), Some(&Reread { may_sign, ..named() }));
        let of_them: Vec<_> = lines.iter().filter(|l| l.check == "approvers").collect();
        assert_eq!((of_them.len(), against(&lines).len()), (1, refused), "{lines:#?}");
        assert_eq!(of_them[0].hint, hint);
    }
}

#[test]
fn a_signature_counts_only_where_somebody_asks_for_it() {
    let unread = Failure::new(FailureKind::Local, Service::Local, "check it", "ssh-keygen is not here");
    for (signature, refused) in [
        (Signature::NotAsked, false),
        (Signature::Unchecked, false),
        (Signature::Missing, true),
        (Signature::Checked(Ok(())), false),
        (Signature::Checked(Err("not theirs".into())), true),
        (Signature::Unread(unread), true),
    ] {
        let lines = judge(&proof(), Some(&Reread { signature: signature.clone(), ..named() }));
        assert_eq!(against(&lines) == ["signature"], refused, "{signature:?}");
    }
}

#[test]
fn a_digest_of_files_is_compared_where_one_was_recorded() {
    let mut plan = samples::draft();
    plan.decision.basis.artifact.mlmodel = Some("sha256:aa".into());
    let plan = plan.sign(samples::id(1), samples::now(), &crate::domain::record::SignOff::because("fine")).unwrap();
    let mut proof = proof();
    proof.tag = Ok(Some(tag(plan.tag_message.as_bytes())));
    proof.asset = Ok(Some(plan.record.to_bytes()));
    for (now, refused) in [("sha256:aa", false), ("sha256:bb", true)] {
        let named = Reread { mlmodel: Some(Ok(now.into())), ..named() };
        assert_eq!(against(&judge(&proof, Some(&named))) == ["files"], refused, "{now}");
    }
}

#[test]
fn an_author_is_known_by_id_and_a_login_can_change() {
    for (author, id, holds) in
        [("renamed", Some(7), true), ("rev1", Some(8), false), ("REV1", None, true), ("rev2", None, false)]
    {
        let mut proof = proof();
        if let Ok(releases) = &mut proof.releases {
            releases[0].author = Some(author.into());
            releases[0].author_id = id;
        }
        assert_eq!(against(&judge(&proof, Some(&named()))).is_empty(), holds, "{author} {id:?}");
    }
}

#[test]
fn waiting_ends_when_release_and_record_are_there() {
    assert!(!incomplete(&proof()));
    assert!(incomplete(&Proof { asset: Ok(None), ..proof() }));
    assert!(incomplete(&Proof { tag: Ok(None), ..proof() }));
    assert!(incomplete(&Proof { releases: Ok(Vec::new()), ..proof() }));
    let denied = Failure::new(FailureKind::Forbidden, Service::Github, "read it", "no");
    assert!(!incomplete(&Proof { tag: Err(denied), ..proof() }), "nobody becomes permitted by waiting");
}

/// `bytes` with one byte changed.
fn changed(bytes: &[u8], at: prop::sample::Index, by: u8) -> Vec<u8> {
    let mut out = bytes.to_vec();
    let at = at.index(out.len());
    out[at] ^= by;
    out
}

/// A sample release whose version was made from a logged model with these values of `auc`, and what stands now.
fn of_a_model(signed: &[(f64, &str)], now: &[(f64, &str)]) -> (Proof, Reread) {
    use crate::domain::facts::LoggedFacts;
    use crate::domain::logged::{DataRef, LoggedModel, ModelMetric};
    use crate::domain::run::MetricValue;
    let logged = |values: &[(f64, &str)]| {
        let metric = |(value, data): &(f64, &str)| ModelMetric {
            name: "auc".into(),
            value: MetricValue(*value),
            step: 0,
            at: None,
            run: None,
            data: Some(DataRef { name: (*data).into(), digest: "d".into() }),
        };
        let metrics = LoggedModel::latest(values.iter().map(metric).collect());
        (!values.is_empty())
            .then(|| LoggedFacts::Known(Box::new(LoggedModel { id: "m-1".into(), metrics, ..LoggedModel::default() })))
    };
    let mut draft = samples::draft();
    draft.decision.facts.logged = logged(signed);
    let plan = draft.sign(samples::id(1), samples::now(), &crate::domain::record::SignOff::because("fine")).unwrap();
    let mut proof = proof();
    proof.tag = Ok(Some(tag(plan.tag_message.as_bytes())));
    proof.asset = Ok(Some(plan.record.to_bytes()));
    if let Ok(releases) = &mut proof.releases {
        releases[0].body = plan.notes.clone();
    }
    let mut named = named();
    if let Ok(standing) = &mut named.version {
        standing.logged = logged(now);
    }
    (proof, named)
}

#[test]
fn what_a_model_scored_has_to_stand_and_may_be_measured_again_on_other_data() {
    for (signed, now, against_it) in [
        (vec![(0.6, "holdout")], vec![(0.6, "holdout")], vec![]),
        (vec![(0.6, "holdout")], vec![(0.6, "holdout"), (0.9, "monitoring")], vec![]),
        (vec![(0.6, "holdout"), (0.7, "rural")], vec![(0.6, "holdout")], vec!["metrics"]),
        (vec![(0.6, "holdout")], vec![(0.7, "holdout")], vec!["metrics"]),
        (vec![(0.6, "holdout")], vec![(0.6, "other")], vec!["metrics"]),
    ] {
        let (proof, named) = of_a_model(&signed, &now);
        let lines = judge(&proof, Some(&named));
        assert_eq!(against(&lines), against_it, "{signed:?} {now:?}: {lines:#?}");
    }
}

#[test]
fn a_record_says_whose_metrics_counted_only_where_that_could_be_asked() {
    let json = |signed: &[(f64, &str)]| String::from_utf8(of_a_model(signed, &[]).0.asset.unwrap().unwrap()).unwrap();
    let keys = ["metrics_from", "candidate_origin", "baseline_origin"];
    assert!(!keys.iter().any(|key| json(&[]).contains(key)), "a record without logged models is as it always was");
    let record = record_of(&of_a_model(&[(0.6, "holdout")], &[]).0).unwrap().record;
    assert_eq!(record.metrics_from, Some(crate::domain::score::MetricsFrom::Model));
    let auc = record.metrics.iter().find(|m| m.name == "auc").unwrap();
    let origin = auc.candidate_origin.as_ref().unwrap();
    assert_eq!((auc.candidate.unwrap().0, origin.other.unwrap().0), (0.6, 0.914));
    assert_eq!(origin.data.as_ref().unwrap().name, "holdout");
}

proptest! {
    #[test]
    fn any_byte_changed_in_the_record_is_found(at: prop::sample::Index, by in 1_u8..) {
        let bytes = changed(&samples::plan().record.to_bytes(), at, by);
        let lines = judge(&Proof { asset: Ok(Some(bytes)), ..proof() }, Some(&named()));
        prop_assert!(!against(&lines).is_empty());
    }

    #[test]
    fn any_byte_changed_in_the_tag_s_message_is_found(at: prop::sample::Index, by in 1_u8..) {
        let bytes = changed(samples::plan().tag_message.as_bytes(), at, by);
        let lines = judge(&Proof { tag: Ok(Some(tag(&bytes))), ..proof() }, Some(&named()));
        prop_assert!(!against(&lines).is_empty());
    }
}
