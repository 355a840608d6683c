//! Two reviewers at two machines, one server, one repository: what counts as an approval.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use signoff::domain::record::chain::{ChainLine, breaks};
use signoff::domain::record::seal::sha256;
use signoff::domain::record::{Decision, Sealed};

use crate::desk::{Desk, Said};
use crate::site::{COMMIT, Site};
use crate::support::fake_github::{Fault, Rule};
use crate::support::mlflow_server::Version;

/// Configuration of both machines.
const TWO: &str = "[policy]\napprovals = 2\n";

/// Two people with push access.
struct Pair {
    site: Site,
    one: Desk,
    two: Desk,
}

impl Pair {
    fn new(model: &str, config: &str) -> Self {
        let site = Site::new(model);
        let token = site.github.add_user("vera", 90_210);
        let (one, two) = (site.desk().configured(config), site.desk_of(&token).configured(config));
        Self { site, one, two }
    }

    fn approve(&self, desk: &Desk) -> Said {
        desk.run(&["approve", &self.site.candidate(), "--confirm", "v2", "--reason", "I looked", "--wait"])
    }

    /// What a person who would approve next sees.
    fn look(&self, desk: &Desk) -> String {
        desk.run(&["approve", &self.site.candidate(), "--dry-run"]).out
    }

    /// Asserts that nothing was promoted, tagged or released.
    #[track_caller]
    fn assert_not_promoted(&self) {
        assert_eq!((self.site.stage(1), self.site.stage(2)), ("Production".to_owned(), "Staging".to_owned()));
        let repo = self.site.github.repo();
        assert_eq!((repo.tags.len(), repo.releases.len(), repo.runs.len()), (0, 0, 0));
    }
}

fn records_of(desk: &Desk) -> Vec<Sealed> {
    let lines = desk.records();
    assert_eq!(breaks(&lines), Vec::<String>::new());
    lines.into_iter().filter_map(|l| if let ChainLine::Record(sealed) = l { Some(*sealed) } else { None }).collect()
}

#[test]
fn the_first_of_two_approvals_promotes_nothing_and_the_second_does_with_both_in_the_record() {
    let pair = Pair::new("e2e-quorum", TWO);
    let said = pair.approve(&pair.one).ends(0);
    assert!(said.out.starts_with("e2e-quorum v2: recorded as approval 1 of 2; nothing is promoted yet\n"), "{said:?}");
    pair.assert_not_promoted();
    assert!(!pair.one.promotions_dir().exists(), "there is no promotion to go on with");
    let first = records_of(&pair.one).remove(0);
    let comments = pair.site.github.repo().comments.clone();
    assert_eq!(comments.len(), 1);
    assert_eq!((comments[0].login.as_str(), comments[0].commit.as_str()), ("rev1", COMMIT));
    assert!(comments[0].body.contains(&first.record_hash) && comments[0].body.contains("approval 1 of 2"));
    let tag = pair.site.version_tag(2, "signoff.approval.rev1").unwrap();
    assert!(tag.contains(&first.record_hash), "{tag}");
    assert!(tag.chars().count() <= 500, "some 2.x stores take no more");

    assert!(pair.look(&pair.two).contains("1 of 2 approvals by rev1; yours is the last one needed"));
    pair.approve(&pair.two).ends(0);
    pair.site.assert_released_once("vera");
    let last = records_of(&pair.two).remove(0);
    assert_eq!((last.record.approvers(), last.record.quorum), (vec!["rev1", "vera"], 2));
    assert_eq!(last.record.approvals[0].record_hash, first.record_hash);
    let message = pair.site.github.repo().tag_objects.values().next().unwrap().message.clone();
    assert!(message.contains("Approved also by @rev1."), "{message}");
    assert!(message.contains(&format!("Signoff-Record: {}\n", last.record_hash)), "{message}");
}

#[test]
fn a_first_approval_is_a_json_document_of_its_own() {
    let pair = Pair::new("e2e-quorum-json", TWO);
    let candidate = pair.site.candidate();
    let plan = pair.one.json(&["approve", &candidate, "--dry-run"]);
    assert_eq!((&plan["approvals_needed"], &plan["approvals"]), (&2.into(), &json!([])));
    let said = pair.one.json(&["approve", &candidate, "--confirm", "v2"]);
    assert_eq!((&said["schema"], &said["decision"]), (&"signoff.decision/1".into(), &"approve".into()));
    assert_eq!((&said["approvals"], &said["approvals_needed"]), (&json!(["rev1"]), &2.into()));
    assert_eq!((&said["promoted"], &said["notes"]), (&false.into(), &json!([])));
    assert_eq!(said["record"], records_of(&pair.one)[0].record_hash.as_str());
    let hash = records_of(&pair.one)[0].record_hash.clone();
    let comment = &pair.site.github.repo().comments[0];
    assert!(comment.body.contains(&hash) && said["comment_url"].as_str().unwrap().contains(&comment.id.to_string()));
}

#[test]
fn the_same_person_twice_is_one_approval_also_from_another_machine() {
    let pair = Pair::new("e2e-quorum-twice", TWO);
    pair.approve(&pair.one).ends(0);
    let elsewhere = pair.site.desk().configured(TWO);
    for desk in [&pair.one, &elsewhere] {
        let said = pair.approve(desk).ends(0);
        assert!(said.out.contains("recorded as approval 1 of 2"), "{said:?}");
    }
    pair.assert_not_promoted();
    pair.approve(&pair.two).ends(0);
    pair.site.assert_released_once("vera");
    assert_eq!(records_of(&pair.two)[0].record.approvers(), ["rev1", "vera"]);
    assert_eq!(records_of(&pair.one).len(), 2, "the chain holds both");
}

#[test]
fn facts_that_changed_between_the_two_approvals_void_the_first_and_it_says_why() {
    let pair = Pair::new("e2e-quorum-facts", TWO);
    let api = pair.site.api();
    let run = pair.site.version(2)["run_id"].as_str().unwrap().to_owned();
    let metric = json!({"run_id": run, "key": "test_auc", "value": 0.5, "timestamp": 1_791_187_300_000_i64, "step": 9});
    let tag = json!({"name": pair.site.model, "version": "2", "key": "qa.status", "value": "odd"});
    for (path, body) in [("runs/log-metric", metric), ("model-versions/set-tag", tag)] {
        pair.approve(&pair.one).ends(0);
        assert!(pair.look(&pair.two).contains("1 of 2 approvals by rev1"));
        api.post(path, body);
        let look = pair.look(&pair.two);
        assert!(look.contains("rev1's approval does not count: the version's facts changed since"), "{path}: {look}");
        assert!(look.contains("0 of 2 approvals"), "{path}: {look}");
    }
    let said = pair.approve(&pair.two).ends(0);
    assert!(said.out.contains("recorded as approval 1 of 2"), "{said:?}");
    assert!(said.err.contains("facts changed since"), "{said:?}");
    pair.assert_not_promoted();
    // Approved again on the current facts, both approvals count.
    pair.approve(&pair.one).ends(0);
    pair.site.assert_released_once("rev1");
}

#[test]
fn a_comment_that_was_edited_or_deleted_vouches_for_nothing() {
    let pair = Pair::new("e2e-quorum-edited", TWO);
    pair.approve(&pair.one).ends(0);
    let comment = pair.site.github.repo().comments[0].clone();
    pair.site.github.change_repo(|repo| {
        // Only a space is added: anyone who may edit could as well change the meaning.
        repo.edit_comment(comment.id, &format!("{} ", comment.body), "2031-01-01T00:00:00Z");
    });
    let look = pair.look(&pair.two);
    assert!(look.contains("rev1's approval does not count: its comment was edited after it was written"), "{look}");
    pair.site.github.change_repo(|repo| repo.delete_comment(comment.id));
    let look = pair.look(&pair.two);
    assert!(look.contains("0 of 2 approvals"), "the tag on the version alone says nothing: {look}");
    assert!(pair.site.version_tag(2, "signoff.approval.rev1").is_some());
    let said = pair.approve(&pair.two).ends(0);
    assert!(said.out.contains("recorded as approval 1 of 2"), "{said:?}");
    pair.assert_not_promoted();
}

#[test]
fn a_rejection_voids_the_approvals_before_it_and_a_later_approval_counts_again() {
    let pair = Pair::new("e2e-quorum-reject", TWO);
    // Comment times have whole seconds: the host's clock is moved so that "later" is later.
    let start = Timestamp::now() - SignedDuration::from_hours(1);
    let clock = |s: i64| pair.site.github.change(|world| world.clock = Some(start + SignedDuration::from_secs(s)));
    clock(0);
    pair.approve(&pair.one).ends(0);
    clock(5);
    let said = pair.two.run(&["reject", &pair.site.candidate(), "--reason", "drifts on new plans"]).ends(0);
    assert!(said.out.starts_with("e2e-quorum-reject v2: rejected\n"), "{said:?}");
    let mark = pair.site.version_tag(2, "signoff.decision").unwrap();
    assert!(mark.contains("drifts on new plans") && mark.contains("vera"), "{mark}");
    let look = pair.look(&pair.two);
    assert!(look.contains("rev1's approval does not count: the version was rejected by vera later"), "{look}");
    assert!(look.contains("v2 was rejected by vera: drifts on new plans"), "{look}");
    pair.assert_not_promoted();
    // A later decision replaces it without editing it.
    clock(10);
    pair.approve(&pair.one).ends(0);
    pair.site.github.change(|world| world.clock = None);
    pair.approve(&pair.two).ends(0);
    pair.site.assert_released_once("vera");
    let records = records_of(&pair.two);
    assert_eq!(records.iter().map(|r| r.record.decision).collect::<Vec<_>>(), [Decision::Reject, Decision::Approve]);
    assert_eq!(records[1].record.supersedes.as_ref(), Some(&records[0].record_hash));
}

#[test]
fn whoever_can_only_edit_tags_in_mlflow_cannot_forge_an_approval() {
    let pair = Pair::new("e2e-quorum-forged", TWO);
    pair.approve(&pair.one).ends(0);
    let real = pair.site.version_tag(2, "signoff.approval.rev1").unwrap();
    for (key, value) in [
        ("signoff.approval.vera", real.replace("rev1", "vera")),
        ("signoff.approval.lee", real.replace("rev1", "lee")),
        ("signoff.approved_by", "vera".to_owned()),
    ] {
        let body = json!({"name": pair.site.model, "version": "2", "key": key, "value": value});
        pair.site.api().post("model-versions/set-tag", body);
    }
    assert!(pair.look(&pair.one).contains("0 of 2 approvals"), "{}", pair.look(&pair.one));
    let said = pair.approve(&pair.one).ends(0);
    assert!(said.out.contains("recorded as approval 1 of 2"), "{said:?}");
    pair.assert_not_promoted();
}

#[test]
fn a_comment_counts_for_its_author_whatever_it_says() {
    let pair = Pair::new("e2e-quorum-words", TWO);
    pair.approve(&pair.one).ends(0);
    // rev1 repeats the approval, in a text that names somebody else.
    let mut copy = pair.site.github.repo().comments[0].clone();
    copy.id += 1;
    copy.body = copy.body.replace("rev1", "vera");
    pair.site.github.change_repo(|repo| repo.comments.push(copy));
    assert!(pair.look(&pair.one).contains("0 of 2 approvals"), "{}", pair.look(&pair.one));
    assert!(pair.look(&pair.two).contains("1 of 2 approvals by rev1;"), "{}", pair.look(&pair.two));
    pair.assert_not_promoted();
}

#[test]
fn only_those_on_the_list_may_approve_and_a_stranger_s_approval_counts_for_nothing() {
    let listed = format!("{TWO}approvers = [\"rev1\", \"lee\"]\n");
    let pair = Pair::new("e2e-quorum-list", &listed);
    let said = pair.approve(&pair.two).ends(1);
    assert!(said.out.contains("vera is not among those who may approve (rev1, lee)"), "{said:?}");
    assert!(pair.site.github.repo().comments.is_empty() && !pair.two.records_file().exists());
    // A machine with another configuration.
    let lenient = pair.site.desk_of(&pair.site.github.add_user("mo", 77)).configured(TWO);
    pair.approve(&lenient).ends(0);
    let look = pair.look(&pair.one);
    assert!(look.contains("mo's approval does not count: mo is not among those who may approve"), "{look}");
    assert!(look.contains("0 of 2 approvals"), "{look}");
    pair.assert_not_promoted();
}

#[test]
fn a_lost_reply_to_the_comment_is_not_posted_twice() {
    let pair = Pair::new("e2e-quorum-lost", TWO);
    pair.site.github.fault(Rule::new("POST", "*/comments", Fault::DropAfterApply));
    let said = pair.approve(&pair.one).ends(0);
    assert!(said.out.contains("recorded as approval 1 of 2"), "{said:?}");
    let posts = || pair.site.github.writes().iter().filter(|w| w.target.contains("/comments")).count();
    assert_eq!((pair.site.github.repo().comments.len(), posts()), (1, 1));
    assert!(pair.look(&pair.two).contains("1 of 2 approvals by rev1"));
}

#[test]
fn a_comment_that_is_refused_leaves_a_record_that_says_so_and_counts_for_nothing() {
    let pair = Pair::new("e2e-quorum-refused", TWO);
    pair.site.github.fault(Rule::new("POST", "*/comments", Fault::Status(403, json!({"message": "no"}))));
    let said = pair.approve(&pair.one).ends(3);
    let record = records_of(&pair.one).remove(0);
    assert!(
        said.err.contains(&format!("its record {} stands in this machine's chain", record.short_hash())),
        "{said:?}"
    );
    assert!(said.err.contains("Decide again") || said.err.contains("token"), "{said:?}");
    let lines = pair.one.records();
    let Some(ChainLine::Outcome(outcome)) = lines.last() else { panic!("{lines:?}") };
    assert_eq!((outcome.record_id, outcome.done), (record.record.record_id, false));
    assert!(pair.look(&pair.two).contains("0 of 2 approvals"));
    // After approving once more it counts.
    pair.approve(&pair.one).ends(0);
    assert!(pair.look(&pair.two).contains("1 of 2 approvals by rev1"));
}

#[test]
fn records_follow_one_another_and_a_changed_one_is_found() {
    let pair = Pair::new("e2e-quorum-chain", TWO);
    let candidate = pair.site.candidate();
    pair.one.run(&["hold", &candidate, "--reason", "wait for the drift report"]).ends(0).says("v2: held");
    pair.approve(&pair.one).ends(0);
    pair.one.run(&["reject", &candidate, "--reason", "the report is bad"]).ends(0);
    let records = records_of(&pair.one);
    assert_eq!(records.len(), 3);
    assert_eq!(records[0].record.prev_hash, None);
    assert_eq!(records[2].record.prev_hash.as_ref(), Some(&records[1].record_hash));
    // Somebody improves the reason, and recomputes the hash.
    let mut lines = pair.one.records();
    let ChainLine::Record(first) = &mut lines[0] else { panic!() };
    first.record.reason = "all fine".to_owned();
    assert_eq!(breaks(&lines), ["line 1: the record was changed after it was signed"]);
    let ChainLine::Record(first) = &mut lines[0] else { panic!() };
    **first = Sealed::new(first.record.clone());
    assert_eq!(breaks(&lines).len(), 1, "the one after it does not follow any more");
    let without_second: Vec<_> = pair.one.records().into_iter().enumerate().filter(|(i, _)| *i != 2).collect();
    let without_second: Vec<_> = without_second.into_iter().map(|(_, l)| l).collect();
    assert!(!breaks(&without_second).is_empty(), "one that was taken out is missed");
}

#[test]
fn a_rejection_needs_a_reason_and_an_approval_its_answers() {
    let config =
        "[policy]\nrequire_reason = true\n[[policy.checklist]]\nid = \"drift\"\ntext = \"Was drift looked at?\"\n";
    let pair = Pair::new("e2e-answers", config);
    let candidate = pair.site.candidate();
    pair.one.run(&["reject", &candidate]).ends(2).says("--reason");
    pair.one.run(&["reject", &candidate, "--reason", " "]).ends(1).says("to reject needs a reason");
    let bare = ["approve", &candidate, "--confirm", "v2"];
    let said = pair.one.run(&bare).ends(1);
    for wanted in ["'Was drift looked at?' is not answered", "--answer drift=yes|no|n/a", "a reason is needed"] {
        assert!(said.err.contains(wanted), "{wanted}: {said:?}");
    }
    let with = |more: &[&str]| pair.one.run(&[&bare, more].concat());
    with(&["--answer", "dirft=yes"]).ends(2).says("did you mean 'drift'?");
    with(&["--answer", "drift=maybe"]).ends(2).says("is no answer");
    with(&["--answer", "drift=no", "--reason", "x"]).ends(1).says("was answered with no");
    pair.assert_not_promoted();
    with(&["--answer", "drift=yes:see the wiki", "--reason", "fine"]).ends(0);
    pair.site.assert_released_once("rev1");
    let record = records_of(&pair.one).remove(0).record;
    assert_eq!(
        (record.checklist[0].answer.as_deref(), record.checklist[0].note.as_str()),
        (Some("yes"), "see the wiki")
    );
}

#[test]
fn a_record_holds_the_digests_of_the_version_s_files() {
    for version in [Version::V3_17, Version::V2_22] {
        let site = Site::on(version, "e2e-digests");
        let desk = site.desk();
        let source = site.version(2)["source"].as_str().unwrap().to_owned();
        let reject = |reason: &str| {
            desk.run(&["reject", &site.candidate(), "--reason", reason]).ends(0);
            records_of(&desk).pop().unwrap().record.artifact
        };
        let bare = reject("no files");
        // That there were none is known, too: a file that comes later is a change.
        assert_eq!((bare.mlmodel, bare.listing), (None, Some(sha256(b"[]"))));
        assert!(bare.unavailable.unwrap().contains("there is no MLmodel file"));
        for (path, content) in [("MLmodel", "flavors: {}\n"), ("data/model.bin", "abc"), ("data/b.bin", "defg")] {
            site.api().put_file(&source, path, content);
        }
        let full = reject("with files");
        assert_eq!(full.mlmodel, Some(sha256(b"flavors: {}\n")));
        let list = br#"[["MLmodel",12],["data/b.bin",4],["data/model.bin",3]]"#;
        assert_eq!(full.listing, Some(sha256(list)), "{version:?}");
        assert_eq!((full.files, full.bytes, full.unavailable), (Some(3), Some(19), None));
        site.api().put_file(&source, "data/model.bin", "ab");
        assert_ne!(reject("cut short").listing, Some(sha256(list)));
    }
}
