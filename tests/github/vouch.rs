//! Evidence for a sign-off: release assets, commit comments, and teams.

use serde_json::json;
use signoff::domain::commit::ReleaseState;
use signoff::domain::failure::FailureKind;
use signoff::ports::ReleaseHost;
use signoff::ports::code::CodeHost;

use crate::support::fake_github::{FakeGithub, Fault, NARROW, READER, REVIEWER, Rule, SECOND_REVIEWER};
use crate::support::journal::journaled;
use crate::support::plan::{plan, repo, sha};
use crate::{adapter, adapter_as, connection, fake};

const RECORD: &[u8] = b"{\"v\":1}\n\xff not JSON";

async fn draft(fake: &FakeGithub) -> ReleaseState {
    adapter(fake).create_release(&journaled().await, &plan(1)).await.unwrap()
}

#[tokio::test]
async fn a_file_is_attached_to_the_draft_and_reads_back_the_same() {
    let fake = fake().await;
    let (host, proof, draft) = (adapter(&fake), journaled().await, draft(&fake).await);
    let made = host.attach(&proof, &repo(), &draft, "signoff.json", RECORD).await.unwrap();
    assert_eq!((made.name.as_str(), made.size, made.complete), ("signoff.json", RECORD.len() as u64, true));
    assert!(made.digest.as_deref().unwrap().starts_with("sha256:"));
    let published = host.publish_release(&proof, &repo(), draft.id).await.unwrap();
    assert_eq!(published.assets, std::slice::from_ref(&made));
    assert_eq!(host.asset(&repo(), made.id, 1000).await.unwrap(), RECORD);
    let again = host.attach(&proof, &repo(), &draft, "signoff.json", RECORD).await.unwrap_err();
    assert_eq!(again.kind, FailureKind::Conflict);
}

#[tokio::test]
async fn an_enterprise_server_takes_uploads_below_its_own_address() {
    let fake = fake().await;
    let host = signoff::adapters::github::GitHub::new(connection(&fake.enterprise_url(), REVIEWER));
    let proof = journaled().await;
    let draft = host.create_release(&proof, &plan(1)).await.unwrap();
    let made = host.attach(&proof, &repo(), &draft, "signoff.json", RECORD).await.unwrap();
    assert!(fake.writes()[1].target.starts_with("/api/uploads/repos/acme/"), "{}", fake.writes()[1].target);
    assert_eq!(host.asset(&repo(), made.id, 1000).await.unwrap(), RECORD);
}

#[tokio::test]
async fn an_upload_address_elsewhere_gets_neither_file_nor_token() {
    let (fake, elsewhere) = (fake().await, FakeGithub::start().await);
    fake.change(|world| world.uploads = Some(elsewhere.url()));
    let draft = draft(&fake).await;
    let failure = adapter(&fake).attach(&journaled().await, &repo(), &draft, "x", RECORD).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Protocol, "{failure}");
    let nowhere = ReleaseState { upload_url: None, ..draft };
    let failure = adapter(&fake).attach(&journaled().await, &repo(), &nowhere, "x", RECORD).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Protocol, "{failure}");
    assert_eq!((elsewhere.requests().len(), fake.writes().len()), (0, 1));
}

#[tokio::test]
async fn an_upload_whose_reply_is_lost_is_unknown_and_is_sent_once() {
    for (fault, stands) in [
        (Fault::DropAfterApply, 1),
        (Fault::StatusAfterApply(502, json!({})), 1),
        (Fault::HalfBody, 1),
        (Fault::DropBefore, 0),
        (Fault::Answer(json!({"id": 1, "name": "other", "state": "uploaded"})), 0),
        (Fault::Answer(json!({"id": 1, "name": "signoff.json", "state": "uploaded", "size": 1})), 0),
    ] {
        let fake = fake().await;
        let draft = draft(&fake).await;
        let what = format!("{fault:?}");
        fake.fault(Rule::new("POST", "*/assets", fault));
        let failed = adapter(&fake).attach(&journaled().await, &repo(), &draft, "signoff.json", RECORD).await;
        assert_eq!(failed.unwrap_err().kind, FailureKind::Unknown, "{what}");
        assert_eq!((fake.repo().releases[0].assets.len(), fake.writes().len()), (stands, 2), "{what}");
    }
}

#[tokio::test]
async fn a_broken_upload_is_seen_removed_and_done_again_and_a_finished_one_is_never_removed() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.unfinished_uploads = 1);
    let (host, proof, draft) = (adapter(&fake), journaled().await, draft(&fake).await);
    let lost = host.attach(&proof, &repo(), &draft, "signoff.json", RECORD).await.unwrap_err();
    assert_eq!(lost.kind, FailureKind::Unknown);
    let marker = &draft.body;
    let seen = host.releases(&repo(), &plan(1).draft.tag, marker).await.unwrap().remove(0);
    assert!(!seen.assets[0].complete);
    host.remove_unfinished_asset(&proof, &repo(), seen.assets[0].id).await.unwrap();
    host.remove_unfinished_asset(&proof, &repo(), seen.assets[0].id).await.unwrap();
    let made = host.attach(&proof, &repo(), &draft, "signoff.json", RECORD).await.unwrap();
    let kept = host.remove_unfinished_asset(&proof, &repo(), made.id).await.unwrap_err();
    assert_eq!(kept.kind, FailureKind::Conflict);
    assert_eq!(fake.repo().releases[0].assets.len(), 1);
}

#[tokio::test]
async fn an_immutable_release_takes_files_before_it_is_published_only() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.immutable = true);
    let (host, proof, draft) = (adapter(&fake), journaled().await, draft(&fake).await);
    host.attach(&proof, &repo(), &draft, "a", RECORD).await.unwrap();
    host.publish_release(&proof, &repo(), draft.id).await.unwrap();
    let late = host.attach(&proof, &repo(), &draft, "b", RECORD).await.unwrap_err();
    assert_eq!(late.kind, FailureKind::Rejected, "{late}");
}

#[tokio::test]
async fn a_download_takes_no_token_to_the_storage() {
    let fake = fake().await;
    let (host, draft) = (adapter(&fake), draft(&fake).await);
    let made = host.attach(&journaled().await, &repo(), &draft, "x", RECORD).await.unwrap();
    host.asset(&repo(), made.id, RECORD.len()).await.unwrap();
    let stored = fake.stored();
    assert_eq!((stored.len(), &stored[0].authorization), (1, &None));
    // A loop, an open address and a missing one all end, and none makes the client send the token elsewhere.
    for to in
        [format!("{}/repos/acme/churn-model/releases/assets/{}", fake.url(), made.id), "http://example.invalid/".into()]
    {
        fake.fault(Rule::new("GET", "*/releases/assets/*", Fault::Redirect(to.clone())));
        assert!(host.asset(&repo(), made.id, 1000).await.is_err(), "{to}");
    }
    assert_eq!(host.asset(&repo(), 1, 1000).await.unwrap_err().kind, FailureKind::NotFound);
}

#[tokio::test]
async fn a_file_beyond_the_limit_is_refused_and_a_lost_download_is_repeated() {
    let fake = fake().await;
    let (host, draft) = (adapter(&fake), draft(&fake).await);
    let big = vec![b'x'; 3_000_000];
    let made = host.attach(&journaled().await, &repo(), &draft, "x", &big).await.unwrap();
    let failure = host.asset(&repo(), made.id, 1000).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Protocol);
    assert!(failure.reason.contains("larger than 1000 bytes"), "{failure}");
    fake.fault(Rule::new("GET", "/storage/*", Fault::TruncateBody));
    assert_eq!(host.asset(&repo(), made.id, big.len()).await.unwrap(), big);
}

#[tokio::test]
async fn a_comment_is_its_authors_own_and_tampering_shows() {
    let fake = fake().await;
    let lee = fake.add_user("lee", 11);
    let proof = journaled().await;
    let mine = adapter_as(&fake, &lee).comment(&proof, &repo(), &sha(), "record sha256:1").await.unwrap();
    assert_eq!((mine.login.as_str(), mine.author_id), ("lee", 11));
    assert_eq!(mine.created_at, mine.updated_at);
    adapter_as(&fake, SECOND_REVIEWER).comment(&proof, &repo(), &sha(), "evil \x1b[2J").await.unwrap();
    fake.change_repo(|repo| repo.edit_comment(mine.id, "record sha256:2", "2026-11-24T00:00:00Z"));
    let read = adapter(&fake).comments(&repo(), &sha()).await.unwrap();
    assert_eq!(read.iter().map(|c| c.login.as_str()).collect::<Vec<_>>(), ["lee", "rev2"]);
    assert!(read[0].updated_at > read[0].created_at);
    assert!(!read[1].body.contains('\x1b'), "{:?}", read[1].body);
    fake.change_repo(|repo| repo.delete_comment(mine.id));
    assert_eq!(adapter(&fake).comments(&repo(), &sha()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn all_pages_of_comments_are_read_and_those_of_nobody_are_left_out() {
    let fake = fake().await;
    adapter(&fake).comment(&journaled().await, &repo(), &sha(), "first").await.unwrap();
    fake.change_repo(|repo| {
        let first = repo.comments[0].clone();
        repo.comments =
            (0..250).map(|n| signoff::adapters::demo::github::Comment { id: n + 1, ..first.clone() }).collect();
    });
    assert_eq!(adapter(&fake).comments(&repo(), &sha()).await.unwrap().len(), 250);
    let time = "2026-11-23T09:10:04Z";
    let ghost = json!({"id": 5, "user": null, "body": "x", "created_at": time, "updated_at": time});
    let other =
        json!({"id": 6, "user": {"login": "a", "id": 1}, "commit_id": "0", "created_at": time, "updated_at": time});
    let undated = json!({"id": 7, "user": {"login": "a", "id": 1}, "body": "x", "created_at": time});
    fake.fault(Rule::new("GET", "*/comments", Fault::Answer(json!([ghost, other, undated]))));
    assert_eq!(adapter(&fake).comments(&repo(), &sha()).await.unwrap(), []);
}

#[tokio::test]
async fn a_comment_whose_reply_is_lost_is_unknown_and_is_sent_once() {
    for fault in [Fault::DropAfterApply, Fault::TruncateBody, Fault::StatusAfterApply(500, json!({}))] {
        let fake = fake().await;
        fake.fault(Rule::new("POST", "*/comments", fault));
        let lost = adapter(&fake).comment(&journaled().await, &repo(), &sha(), "x").await.unwrap_err();
        assert_eq!((lost.kind, fake.repo().comments.len()), (FailureKind::Unknown, 1));
    }
    let fake = fake().await;
    let narrow = adapter_as(&fake, NARROW).comment(&journaled().await, &repo(), &sha(), "x").await.unwrap_err();
    assert_eq!(narrow.kind, FailureKind::Forbidden);
}

#[tokio::test]
async fn only_an_active_member_is_one_and_an_unseen_team_is_no_answer() {
    let fake = fake().await;
    fake.change(|world| {
        world.join("acme/qa", "rev1", "active");
        world.join("acme/qa", "rev2", "pending");
    });
    let host = adapter(&fake);
    assert!(host.is_member("acme", "qa", "rev1").await.unwrap());
    assert!(!host.is_member("acme", "qa", "rev2").await.unwrap());
    assert!(!host.is_member("acme", "qa", "stranger").await.unwrap());
    assert_eq!(host.is_member("acme", "qa", "..").await.unwrap_err().kind, FailureKind::Rejected);
    fake.change(|world| world.sees_no_teams.insert("rev1".into()));
    for (host, team) in
        [(adapter(&fake), "qa"), (adapter_as(&fake, SECOND_REVIEWER), "none"), (adapter_as(&fake, NARROW), "qa")]
    {
        let failure = host.is_member("acme", team, "rev1").await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Forbidden, "{failure}");
        assert!(failure.hint.unwrap().contains("read:org"));
    }
}

/// Whoever loses the repository between two requests gets 404 for everything in it, as for what is not there.
#[tokio::test]
async fn nothing_is_said_to_be_absent_in_a_repository_that_is_hidden() {
    let fake = fake().await;
    let host = adapter(&fake);
    let (at, tag) = (sha(), plan(1).draft.tag);
    let readable = (host.tag(&repo(), &tag).await, host.release(&repo(), 1).await, host.file(&repo(), &at, "x").await);
    assert_eq!(readable, (Ok(None), Ok(None), Ok(None)));
    assert_eq!(host.releases(&repo(), &tag, "m").await, Ok(Vec::new()));
    assert_eq!(host.comments(&repo(), &at).await, Ok(Vec::new()));
    fake.change_repo(|repo| repo.access.clear());
    let hidden = [
        host.tag(&repo(), &tag).await.map(drop),
        host.release(&repo(), 1).await.map(drop),
        host.releases(&repo(), &tag, "m").await.map(drop),
        host.file(&repo(), &at, "x").await.map(drop),
        host.comments(&repo(), &at).await.map(drop),
        host.commit(&repo(), at.as_str()).await.map(drop),
        host.may_write(&repo(), "rev2").await.map(drop),
    ];
    for read in hidden {
        let failure = read.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Forbidden, "{failure}");
        assert!(failure.reason.contains("is not readable"), "{failure}");
    }
}

#[tokio::test]
async fn a_draft_is_not_gone_because_the_token_may_not_see_it() {
    let fake = fake().await;
    let draft = draft(&fake).await;
    let failure = adapter_as(&fake, READER).release(&repo(), draft.id).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Forbidden, "{failure}");
    assert!(adapter(&fake).release(&repo(), draft.id).await.unwrap().is_some());
}

#[tokio::test]
async fn who_may_write_is_what_the_host_says_and_not_who_comments() {
    let fake = fake().await;
    fake.change(|world| drop(world.add_user("stranger", 44)));
    fake.change_repo(|repo| repo.access.remove("stranger"));
    for (token, login, may) in [
        (REVIEWER, "rev2", true),
        (REVIEWER, "reader", false),
        (REVIEWER, "stranger", false),
        (REVIEWER, "nobody-at-all", false),
        (NARROW, "rev2", true),
    ] {
        assert_eq!(adapter_as(&fake, token).may_write(&repo(), login).await, Ok(may), "{login}");
    }
    let failure = adapter_as(&fake, READER).may_write(&repo(), "rev2").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Forbidden);
    assert!(failure.hint.unwrap().contains("name the approvers"), "a read-only token of a person may not ask");
}
