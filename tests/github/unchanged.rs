//! Polls: what did not change is not sent again, and does not count against GitHub's limit.

use serde_json::json;
use signoff::adapters::demo::github::Release;
use signoff::adapters::github::GitHub;
use signoff::domain::cd::{CdQuery, CdTrigger};
use signoff::ports::ReleaseHost as _;
use signoff::ports::code::CodeHost as _;

use crate::support::fake_github::{FakeGithub, Fault, Moment, Pace, REVIEWER, Recorded, Rule, SECOND_REVIEWER};
use crate::support::journal::journaled;
use crate::support::plan::{plan, repo, sha, tag};
use crate::{adapter, adapter_as, fake, publish};

fn query() -> CdQuery {
    CdQuery {
        trigger: CdTrigger::Release,
        workflow: Some("cd.yml".into()),
        tag: tag(),
        commit: sha(),
        since: None,
        chain: Vec::new(),
        wide: false,
    }
}

/// What a watch reads of a release, in short.
async fn look(host: &GitHub) -> (Vec<String>, Vec<String>, usize) {
    let releases = host.releases(&repo(), &tag(), "no such marker").await.unwrap();
    let runs = host.cd_runs(&repo(), &query()).await.unwrap();
    let comments = host.comments(&repo(), &sha()).await.unwrap();
    (
        releases.into_iter().map(|r| r.body).collect(),
        runs.iter().map(|r| format!("{:?}", r.state)).collect(),
        comments.len(),
    )
}

fn left(fake: &FakeGithub) -> u64 {
    fake.state().users[REVIEWER].remaining.unwrap()
}

fn asks(request: &Recorded) -> bool {
    request.headers.contains_key("if-none-match")
}

#[tokio::test]
async fn a_second_look_costs_nothing_and_sees_what_changed_since() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.pace = Pace { seen: vec![Moment::Over], ..Pace::usual() });
    let (host, plan, proof) = (adapter(&fake), plan(1), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    publish(&host, &plan).await;
    let first = look(&host).await;
    fake.change(|world| world.users.get_mut(REVIEWER).unwrap().remaining = Some(100));
    fake.forget();
    for _ in 0..50 {
        assert_eq!(look(&host).await, first);
    }
    let reads = fake.requests();
    assert!(reads.len() >= 150 && reads.iter().all(asks), "{:?}", reads.iter().find(|r| !asks(r)));
    assert_eq!((left(&fake), fake.state().unchanged), (100, reads.len()), "none of them counts");
    // What is new is seen at once, and is all that counts.
    fake.forget();
    let by_other = adapter_as(&fake, SECOND_REVIEWER);
    by_other.comment(&proof, &repo(), &sha(), "I looked at it too.").await.unwrap();
    let second = look(&host).await;
    assert_eq!((second.2, left(&fake)), (first.2 + 1, 99));
    fake.change_repo(|repo| repo.releases.iter_mut().for_each(|r: &mut Release| r.body = "Edited".to_owned()));
    assert_eq!(look(&host).await.0, ["Edited"]);
    assert!(fake.writes().iter().all(|r| !asks(r)), "a write is never conditional");
    // What one token was shown is nothing to another.
    let known = fake.state().unchanged;
    look(&by_other).await;
    assert_eq!(fake.state().unchanged, known);
}

/// A proxy that answers so is not believed.
#[tokio::test]
async fn a_304_that_nobody_asked_for_is_a_failure() {
    let fake = fake().await;
    fake.fault(Rule::new("GET", "*/comments", Fault::Status(304, json!(null))).always());
    let failure = adapter(&fake).comments(&repo(), &sha()).await.unwrap_err();
    assert!(failure.reason.contains("redirects"), "{failure}");
}

/// A body that could not be read is asked for again as a whole.
#[tokio::test]
async fn what_was_not_understood_is_not_kept() {
    let fake = fake().await;
    let host = adapter(&fake);
    fake.fault(Rule::new("GET", "*/comments", Fault::HalfBody).times(3));
    fake.fault(Rule::new("GET", "*/comments", Fault::TruncateBody).times(3));
    assert!(host.comments(&repo(), &sha()).await.is_err());
    fake.heal();
    assert_eq!(host.comments(&repo(), &sha()).await.unwrap().len(), 0);
    assert_eq!(fake.state().unchanged, 0);
}
