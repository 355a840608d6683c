//! `signoff verify`: an unchanged sign-off passes, and every later change is reported on a line of its own.

use signoff::adapters::demo::github::{Comment, Release, Repo, TagObject};
use signoff::adapters::demo::world::{LoggedMetric, Version};
use signoff::domain::ids::{ModelName, RunId, VersionNumber};
use signoff::domain::policy::file;
use signoff::domain::promotion::Until;
use signoff::domain::record::{Decision, SignOff};
use signoff::domain::rules::PolicyRule;
use signoff::domain::run::MetricValue;
use signoff::services::decide::Decider;
use signoff::services::prepare;
use signoff::services::promote::{Promoter, Watch};

use super::*;

const TAG: &str = "telco-churn-v42";

/// A desk on which telco-churn v42 was released.
async fn released(desk: Desk) -> Desk {
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fine").await;
    assert_eq!(ran.exit, Exit::Done, "{} {}", ran.out, ran.err);
    desk
}

pub fn edit(desk: &Desk, change: impl FnOnce(&mut World)) {
    desk.store
        .change(|world| {
            change(world);
            Ok::<(), ()>(())
        })
        .unwrap()
        .unwrap();
}

fn object(repo: &mut Repo) -> &mut TagObject {
    let id = repo.tags[&TAG.parse().unwrap()].clone();
    repo.tag_objects.get_mut(&id).unwrap()
}

fn lightweight(repo: &mut Repo) {
    let commit = object(repo).commit.to_string();
    repo.tags.insert(TAG.parse().unwrap(), commit);
}

fn release(repo: &mut Repo) -> &mut Release {
    repo.releases.iter_mut().find(|r| r.tag.as_str() == TAG).unwrap()
}

fn twice(repo: &mut Repo) {
    let other = Release { id: 9_999, ..release(repo).clone() };
    repo.releases.push(other);
}

fn asset(repo: &mut Repo, from: &str, to: &str) {
    let asset = &mut release(repo).assets[0];
    let text = String::from_utf8(asset.content.0.clone()).unwrap();
    assert!(text.contains(from));
    asset.content.0 = text.replacen(from, to, 1).into_bytes();
}

fn churn() -> (ModelName, VersionNumber) {
    (ModelName::new("telco-churn"), VersionNumber(42))
}

fn version(world: &mut World) -> &mut Version {
    let (model, number) = churn();
    world.models.get_mut(&model).unwrap().versions.get_mut(&number).unwrap()
}

fn other_run(world: &mut World) {
    let run: RunId = version(world).run_id.clone().unwrap();
    let other = world.runs.keys().find(|id| **id != run).cloned();
    version(world).run_id = other;
}

fn moved(world: &mut World) {
    let here = object(&mut world.repo).commit.clone();
    let other = world.repo.commits.keys().find(|sha| **sha != here).cloned().unwrap();
    object(&mut world.repo).commit = other;
}

fn metric(world: &mut World, name: &str, value: f64) {
    let run = version(world).run_id.clone().unwrap();
    Arc::make_mut(&mut world.runs).get_mut(&run).unwrap().metrics.insert(name.into(), MetricValue(value));
}

/// Changes the line ending before the trailers, as another system writes it: invisible once the text is cleaned.
fn carriage(message: &mut String) {
    let at = message.find('\n').unwrap();
    message.replace_range(at..=at, "\r");
}

/// The text with every hash as `sha256:…`.
fn without_hashes(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| format!("{out}sha256:…{}", part.trim_start_matches(|c: char| c.is_ascii_hexdigit())))
}

/// The names of the failed checks.
async fn against(desk: &Desk) -> Vec<String> {
    let ran = desk.run(&format!("verify {TAG} --json")).await;
    let json = ran.json();
    let refused = |c: &&serde_json::Value| c["state"] == "fail" || c["state"] == "unreadable";
    let names: Vec<String> = json["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(refused)
        .map(|c| c["check"].as_str().unwrap().into())
        .collect();
    assert_eq!(json["holds"], names.is_empty());
    assert_eq!(ran.exit == Exit::Done, names.is_empty(), "{}", ran.out);
    names
}

#[tokio::test]
async fn what_was_signed_off_passes() {
    let desk = released(Desk::new()).await;
    let ran = desk.run(&format!("verify {TAG}")).await;
    assert_eq!((ran.exit, ran.err.as_str()), (Exit::Done, ""), "{}", ran.out);
    // Ids and times of the demo's records differ between runs.
    let steady = without_hashes(&ran.out);
    insta::assert_snapshot!("verify", steady);
    assert_eq!(against(&desk).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_record_without_the_model_s_own_metrics_is_not_compared_with_them() {
    let desk = released(Desk::new()).await;
    edit(&desk, |world| {
        let value = MetricValue(0.1);
        version(world).logged.metrics.push(LoggedMetric { name: "auc".into(), value, data: None });
    });
    assert_eq!(against(&desk).await, Vec::<String>::new());
}

/// Every later change a person with write access could make, and the check that detects it.
#[tokio::test]
async fn each_change_after_the_release_is_found_in_a_line_of_its_own() {
    type Change = fn(&mut World);
    let changes: [(&str, Change, &str); 16] = [
        ("the tag is gone", |w| w.repo.tags.clear(), "tag"),
        ("a lightweight tag", |w| lightweight(&mut w.repo), "tag"),
        ("a tag moved", |w| moved(w), "commit"),
        ("another message", |w| object(&mut w.repo).message.push_str("\nand more\n"), "tag message"),
        ("a message with another line end", |w| carriage(&mut object(&mut w.repo).message), "tag message"),
        ("the release is gone", |w| w.repo.releases.clear(), "release"),
        ("the release is a draft", |w| release(&mut w.repo).draft = true, "release"),
        ("a second release", |w| twice(&mut w.repo), "release"),
        ("no record on it", |w| release(&mut w.repo).assets.clear(), "record"),
        ("a changed record", |w| asset(&mut w.repo, "fine", "fime"), "record"),
        ("a release made by another", |w| release(&mut w.repo).author = "rev2".into(), "author"),
        ("notes of another promotion", |w| release(&mut w.repo).body = "Bigger and better.".into(), "release"),
        ("another source", |w| version(w).source = "s3://elsewhere/model".into(), "version"),
        ("another run", |w| other_run(w), "version"),
        ("another metric", |w| metric(w, "auc", 0.999), "metrics"),
        ("one metric more", |w| metric(w, "auc_later", 0.9), "metrics"),
    ];
    for (what, change, check) in changes {
        let desk = released(Desk::new()).await;
        edit(&desk, change);
        let found = against(&desk).await;
        assert!(found.iter().any(|name| name == check), "{what}: {found:?} without {check}");
    }
}

const TWO: &str = "[policy]\napprovals = 2\napprovers = [\"rev1\", \"rev2\"]\n";

pub fn two() -> Desk {
    let configured = file::parse(TWO).unwrap();
    Desk::with(|rules| rules.policy = PolicyRule { configured, ..PolicyRule::default() })
}

/// A desk on which rev2 approved first, and rev1 last, which released.
async fn released_by_two() -> Desk {
    let desk = two();
    let (model, number) = churn();
    let promoter = Promoter::new(desk.services.clone());
    let mut me = None;
    edit(&desk, |w| {
        me = Some(w.identity.clone());
        w.identity.login = "rev2".into();
        w.identity.id += 1;
    });
    let first = prepare::promotion(&desk.services, &model, number, Decision::Approve).await.unwrap().draft.unwrap();
    let decider = Decider::new(desk.services.clone());
    decider.decide(&first.decision, &SignOff::because("looks right")).await.unwrap();
    edit(&desk, |w| w.identity = me.unwrap());
    let last = prepare::promotion(&desk.services, &model, number, Decision::Approve).await.unwrap().draft.unwrap();
    let clock = &desk.services.clock;
    let plan = last.sign(clock.new_id(), clock.now(), &SignOff::because("fine")).unwrap();
    promoter.approve(plan, Until::Released, Watch::default()).await.unwrap();
    desk
}

#[tokio::test]
async fn every_other_approval_has_to_stand_as_it_was_given() {
    let desk = released_by_two().await;
    let ran = desk.run(&format!("verify {TAG}")).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.out);
    assert!(ran.out.contains("2 of 2: rev2, rev1"), "{}", ran.out);
    type Change = fn(&mut Comment);
    let changes: [(&str, Change, &str); 4] = [
        ("edited", |c| c.updated_at += jiff::SignedDuration::from_secs(60), "edited after it was written"),
        ("by another", |c| c.author_id = 4711, "is by"),
        (
            "another record",
            |c| c.body = c.body.replace("Signoff-Record: sha256:", "Signoff-Record: sha256:0"),
            "another record",
        ),
        (
            "on other facts",
            |c| c.body = c.body.replace("Signoff-Facts: sha256:", "Signoff-Facts: sha256:0"),
            "facts changed",
        ),
    ];
    for (what, change, said) in changes {
        let desk = released_by_two().await;
        edit(&desk, |w| w.repo.comments.iter_mut().for_each(change));
        let ran = desk.run(&format!("verify {TAG}")).await;
        assert_eq!(ran.exit, Exit::Refused, "{what}");
        assert!(ran.out.contains(said) && ran.out.contains("1 of 2 approvals count"), "{what}: {}", ran.out);
    }
    edit(&desk, |w| w.repo.comments.clear());
    let ran = desk.run(&format!("verify {TAG}")).await;
    assert!(ran.exit == Exit::Refused && ran.out.contains("its comment is gone"), "{}", ran.out);
}

#[tokio::test]
async fn a_rejection_counts_until_the_release_and_not_only_until_the_signature() {
    // Rejected half a minute after the signature, released a minute after it, or half a minute before the rejection.
    for (released_after, exit) in [(60, Exit::Refused), (0, Exit::Done)] {
        let desk = released_by_two().await;
        edit(&desk, |w| {
            let signed = object(&mut w.repo).at;
            release(&mut w.repo).published_at = Some(signed + jiff::SignedDuration::from_secs(released_after));
            let mut rejection = w.repo.comments[0].clone();
            rejection.id += 1_000;
            rejection.body = rejection.body.replace("Signoff-Decision: approve", "Signoff-Decision: reject");
            assert_ne!(rejection.body, w.repo.comments[0].body);
            rejection.created_at = signed + jiff::SignedDuration::from_secs(30);
            rejection.updated_at = rejection.created_at;
            w.repo.comments.push(rejection);
        });
        let ran = desk.run(&format!("verify {TAG}")).await;
        assert_eq!(ran.exit, exit, "{}", ran.out);
        let taken_back = ran.out.contains("a later decision of theirs took its place");
        assert_eq!(taken_back, exit == Exit::Refused, "{}", ran.out);
    }
}

#[tokio::test]
async fn an_approver_who_may_not_write_counts_only_if_a_list_names_them() {
    let mut desk = released_by_two().await;
    edit(&desk, |w| w.repo.readers.push("rev2".into()));
    assert_eq!(desk.run(&format!("verify {TAG}")).await.exit, Exit::Done, "the list names rev2");
    let mut rules = (*desk.services.rules).clone();
    rules.policy.configured = file::parse("[policy]\napprovals = 2\n").unwrap();
    desk.services.rules = Arc::new(rules);
    let ran = desk.run(&format!("verify {TAG}")).await;
    assert!(ran.exit == Exit::Refused && ran.out.contains("rev2 may not write to the repository"), "{}", ran.out);
}

#[tokio::test]
async fn the_verifier_s_own_policy_has_to_hold_whatever_the_record_says() {
    for (policy, check) in [
        ("[policy]\nmetrics.auc.floor = 0.999\n", "policy"),
        ("[policy]\napprovals = 2\n", "approvals"),
        ("[policy]\napprovers = [\"rev7\"]\n", "approvers"),
        ("[policy.four_eyes]\nauthor = \"block\"\n", "four eyes"),
        ("[[policy.checklist]]\nid = \"bias\"\ntext = \"Bias looked at?\"\n", "checklist"),
    ] {
        let mut desk = released(Desk::new()).await;
        if check == "four eyes" {
            // Make the signer the author of the pull request.
            edit(&desk, |w| {
                let (me, commit) = (w.identity.login.clone(), object(&mut w.repo).commit.clone());
                let pulls = Arc::make_mut(&mut w.repo.pulls);
                pulls.iter_mut().find(|p| p.commits.contains(&commit)).unwrap().author = Some(me);
            });
        }
        let mut rules = (*desk.services.rules).clone();
        rules.policy.configured = file::parse(policy).unwrap();
        desk.services.rules = Arc::new(rules);
        assert_eq!(against(&desk).await, [check], "{policy}");
    }
}

#[tokio::test]
async fn a_record_of_the_demo_is_none_elsewhere() {
    let mut desk = released(Desk::new()).await;
    let mut rules = (*desk.services.rules).clone();
    rules.demo = false;
    desk.services.rules = Arc::new(rules);
    assert_eq!(against(&desk).await, ["world"]);
}

#[tokio::test]
async fn it_waits_for_a_release_that_is_on_its_way_and_for_no_other() {
    let desk = released(Desk::new()).await;
    let before = desk.services.clock.now();
    assert_eq!(desk.run(&format!("verify {TAG} --wait 60")).await.exit, Exit::Done);
    assert_eq!(desk.services.clock.now(), before, "nothing is missing");
    edit(&desk, |w| release(&mut w.repo).draft = true);
    assert_eq!(desk.run(&format!("verify {TAG} --wait 60")).await.exit, Exit::Refused);
    let waited = desk.services.clock.now().duration_since(before).as_secs();
    assert!((60..=70).contains(&waited), "{waited} s");
}

#[tokio::test]
async fn a_tag_that_nobody_signed_off_is_refused() {
    let desk = released(Desk::new()).await;
    // Lightweight or made by hand: the demo's older releases have no record.
    let mut rules = (*desk.services.rules).clone();
    rules.repository.fixed = Some("acme/churn-models".parse().unwrap());
    let desk = Desk { services: Services { rules: Arc::new(rules), ..desk.services.clone() }, ..desk };
    for (tag, said) in [("telco-churn-v999", "has no tag"), ("telco-churn-v39", "has the file signoff.json")] {
        let ran = desk.run(&format!("verify {tag}")).await;
        assert!(ran.exit == Exit::Refused && ran.out.contains(said), "{}", ran.out);
    }
}
