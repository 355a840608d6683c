//! Every write: the request sent, and the meaning of the server's errors.

use serde_json::json;
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::FailureKind;
use signoff::domain::release::{OPERATION_TRAILER, notes_marker, trailer};
use signoff::ports::ReleaseHost;

use crate::support::fake_github::{Fault, NARROW, READER, Rule, SECOND_REVIEWER};
use crate::support::journal::journaled;
use crate::support::plan::{id, plan, plan_with, repo, sha, tag};
use crate::{adapter, adapter_as, fake, publish};

#[tokio::test]
async fn the_same_plan_makes_the_same_tag_object_from_any_machine() {
    let fake = fake().await;
    let proof = journaled().await;
    let first = adapter(&fake).create_tag_object(&proof, &plan(1)).await.unwrap();
    let again = adapter_as(&fake, SECOND_REVIEWER).create_tag_object(&proof, &plan(1)).await.unwrap();
    let other = adapter(&fake).create_tag_object(&proof, &plan(2)).await.unwrap();
    assert_eq!(first, again);
    assert_ne!(first, other);
    let object = fake.repo().tag_objects[&first].clone();
    let tagger = (object.tagger.as_str(), object.email.as_str(), object.at.to_string());
    assert_eq!(tagger, ("Rey Viewer", "7+rev1@users.noreply.github.com", "2026-11-23T09:10:04Z".to_owned()));
    assert_eq!(object.commit, sha());
    assert_eq!(trailer(&object.message, OPERATION_TRAILER), Some(id(1).to_string().as_str()));
}

#[tokio::test]
async fn a_name_that_git_would_not_take_is_made_plain() {
    let fake = fake().await;
    let plan = plan_with(1, |draft| draft.decision.signer.name = Some("Rey <boss>\nViewer".into()));
    adapter(&fake).create_tag_object(&journaled().await, &plan).await.unwrap();
    assert_eq!(fake.writes()[0].body["tagger"]["name"], "Rey  boss  Viewer");
}

#[tokio::test]
async fn tag_and_release_stand_as_planned() {
    let fake = fake().await;
    let (host, proof, plan) = (adapter(&fake), journaled().await, plan(1));
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    let made = host.create_release(&proof, &plan).await.unwrap();
    assert_eq!((made.draft, made.tag.as_str()), (true, "telco-churn-v42"));
    assert_eq!((made.author.as_deref(), made.author_id), (Some("rev1"), Some(7)));
    assert!(made.body.contains(&notes_marker(&id(1).to_string())));
    assert_eq!(fake.repo().runs.len(), 0, "a draft starts nothing");
    let made = host.publish_release(&proof, &repo(), made.id).await.unwrap();
    assert!(!made.draft);
    assert!(made.web_url.ends_with("/acme/churn-model/releases/tag/telco-churn-v42"));

    let there = host.tag(&repo(), &tag()).await.unwrap().unwrap();
    assert_eq!((there.commit.as_str(), there.object.as_deref()), (sha().as_str(), Some(object.as_str())));
    let sent = &fake.writes()[2].body;
    assert_eq!(sent["draft"], true);
    for absent in ["target_commitish", "generate_release_notes", "make_latest"] {
        assert!(sent.get(absent).is_none(), "{absent} must not be sent");
    }
}

#[tokio::test]
async fn of_two_tags_at_once_exactly_one_is_cut() {
    let fake = fake().await;
    let (one, two) = (adapter(&fake), adapter_as(&fake, SECOND_REVIEWER));
    let (proof, mine, theirs) = (journaled().await, plan(1), plan(2));
    let a = one.create_tag_object(&proof, &mine).await.unwrap();
    let b = two.create_tag_object(&proof, &theirs).await.unwrap();
    let (x, y) = tokio::join!(one.create_tag_ref(&proof, &mine, &a), two.create_tag_ref(&proof, &theirs, &b));
    assert!(x.is_ok() != y.is_ok(), "{x:?} {y:?}");
    let (winner, loser) = if x.is_ok() { (a, y) } else { (b, x) };
    assert_eq!(loser.unwrap_err().kind, FailureKind::Conflict);
    assert_eq!(fake.repo().target("telco-churn-v42"), winner);
}

#[tokio::test]
async fn a_second_release_of_a_tag_is_a_conflict() {
    let fake = fake().await;
    let (host, proof, plan) = (adapter(&fake), journaled().await, plan(1));
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    publish(&host, &plan).await;
    let second = host.create_release(&proof, &plan).await.unwrap();
    let failure = host.publish_release(&proof, &repo(), second.id).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert!(failure.reason.contains("tag_name: already_exists"), "{failure}");
}

#[tokio::test]
async fn a_draft_is_found_by_its_marker_and_starts_cd_only_when_it_is_published() {
    let fake = fake().await;
    let (host, proof, plan) = (adapter(&fake), journaled().await, plan(1));
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    let draft = host.create_release(&proof, &plan).await.unwrap();
    assert!(draft.draft);
    assert_eq!(fake.repo().runs.len(), 0);

    let marker = notes_marker(&id(1).to_string());
    assert_eq!(host.releases(&repo(), &tag(), &marker).await.unwrap(), std::slice::from_ref(&draft));
    let published = host.publish_release(&proof, &repo(), draft.id).await.unwrap();
    assert_eq!((published.id, published.draft), (draft.id, false));
    assert_eq!(fake.repo().runs.len(), 1);
}

#[tokio::test]
async fn a_ruleset_refuses_the_tag_with_its_own_words() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.protected_tags.push("telco-".into()));
    let (host, proof, plan) = (adapter(&fake), journaled().await, plan(1));
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    let failure = host.create_tag_ref(&proof, &plan, &object).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(failure.reason.contains("creations being restricted"), "{failure}");
    assert!(failure.to_string().starts_with("could not cut tag telco-churn-v42 in acme/churn-model: "));
}

#[tokio::test]
async fn who_may_not_write_is_told_so() {
    let fake = fake().await;
    let proof = journaled().await;
    let narrow = adapter_as(&fake, NARROW).create_tag_object(&proof, &plan(1)).await.unwrap_err();
    assert_eq!(narrow.kind, FailureKind::Forbidden);
    assert_eq!(narrow.hint.as_deref(), Some("The token needs the permission contents=write."));
    let reader = adapter_as(&fake, READER).create_tag_object(&proof, &plan(1)).await.unwrap_err();
    assert_eq!(reader.kind, FailureKind::NotFound);
    fake.change_repo(|repo| repo.archived = true);
    assert_eq!(adapter(&fake).create_release(&proof, &plan(1)).await.unwrap_err().kind, FailureKind::Forbidden);
    assert_eq!(fake.repo().tag_objects.len(), 0);
}

#[tokio::test]
async fn a_dispatch_names_the_tag_and_nothing_else() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.set_workflow(&[CdTrigger::Dispatch]));
    let plan = plan_with(1, |draft| draft.cd.trigger = CdTrigger::Dispatch);
    let (host, proof) = (adapter(&fake), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    host.dispatch(&proof, &plan).await.unwrap();
    assert_eq!(fake.writes()[2].body, json!({"ref": "telco-churn-v42"}));
    let runs = fake.repo().runs.clone();
    assert_eq!((runs.len(), runs[0].commit.as_str()), (1, sha().as_str()));
}

#[tokio::test]
async fn a_dispatch_that_cannot_be_is_refused() {
    let fake = fake().await;
    let (host, proof) = (adapter(&fake), journaled().await);
    let failure = host.dispatch(&proof, &plan(1)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected, "there is no such tag yet: {failure}");
    let unnamed = plan_with(1, |draft| draft.cd.workflow = None);
    assert_eq!(host.dispatch(&proof, &unnamed).await.unwrap_err().kind, FailureKind::Config);
    assert_eq!(fake.writes().len(), 1);
}

#[tokio::test]
async fn a_success_about_something_else_leaves_the_fate_unknown() {
    let fake = fake().await;
    let (host, proof, plan) = (adapter(&fake), journaled().await, plan(1));
    let other = json!({"ref": "refs/tags/other", "object": {"type": "tag", "sha": "0"}});
    fake.fault(Rule::new("POST", "*/git/refs", Fault::Answer(other)));
    fake.fault(Rule::new("POST", "*/git/tags", Fault::Answer(json!({"sha": "0", "object": {"sha": "1"}}))));
    fake.fault(Rule::new("POST", "*/releases", Fault::Answer(json!({"id": null}))));
    assert_eq!(host.create_tag_ref(&proof, &plan, "1").await.unwrap_err().kind, FailureKind::Unknown);
    assert_eq!(host.create_tag_object(&proof, &plan).await.unwrap_err().kind, FailureKind::Unknown);
    assert_eq!(host.create_release(&proof, &plan).await.unwrap_err().kind, FailureKind::Unknown);
}
