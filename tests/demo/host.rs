//! The demo's release host.

use super::*;

#[tokio::test]
async fn a_commit_is_resolved_as_git_would() {
    let demo = Demo::new();
    let commit = |rev: &'static str| {
        let host = &demo.host;
        async move { host.commit(&repo(), rev).await }
    };
    let tuned = commit("3f9c1ab").await.unwrap();
    assert_eq!((tuned.title.as_str(), tuned.author.as_deref()), ("Tune threshold", Some("dana")));
    assert_eq!(demo.host.commit(&repo(), tuned.sha.as_str()).await.unwrap(), tuned);
    assert_eq!(commit("main").await.unwrap().title, "Raise the base image");
    assert_eq!(commit("telco-churn-v39").await.unwrap().title, "Telco: monotone constraint on tenure");
    for unknown in ["3f9", "deadbeef", "", "feature/x"] {
        assert_eq!(kind(commit(unknown).await), FailureKind::NotFound, "{unknown}");
    }
    assert_eq!(kind(demo.host.ancestry(&repo(), "dev", &tuned.sha).await), FailureKind::NotFound);
    assert_eq!(kind(demo.host.repository(&"acme/other".parse().unwrap()).await), FailureKind::NotFound);
    assert_eq!(demo.host.workflow(&repo(), ".github/workflows/cd.yml").await.unwrap(), Ok(()));
    assert!(demo.host.workflow(&repo(), "deploy.yml").await.unwrap().is_err());
}

#[tokio::test]
async fn the_same_plan_makes_the_same_tag_object_and_the_ref_is_created_once() {
    let demo = Demo::new();
    let j = journaled().await;
    let plan = demo.plan(CHURN, 42, CdTrigger::Release).await;
    let object = demo.host.create_tag_object(&j, &plan).await.unwrap();
    assert_eq!(demo.host.tag(&repo(), &plan.draft.tag).await.unwrap(), None);
    demo.clock.advance(Duration::from_secs(30));
    assert_eq!(demo.host.create_tag_object(&j, &plan).await.unwrap(), object);
    assert_eq!(kind(demo.host.create_tag_ref(&j, &plan, &"0".repeat(40)).await), FailureKind::Rejected);
    demo.host.create_tag_ref(&j, &plan, &object).await.unwrap();
    let state = demo.host.tag(&repo(), &plan.draft.tag).await.unwrap().unwrap();
    assert_eq!(state.commit, plan.commit().as_str());
    assert_eq!((state.object, state.message), (Some(object), Some(plan.tag_message)));

    let rival = demo.plan(CHURN, 42, CdTrigger::Release).await;
    let other = demo.host.create_tag_object(&j, &rival).await.unwrap();
    assert_eq!(kind(demo.host.create_tag_ref(&j, &rival, &other).await), FailureKind::Conflict);
}

#[tokio::test]
async fn a_release_is_published_once_and_drafts_are_found_by_their_marker() {
    let demo = Demo::new();
    let j = journaled().await;
    let plan = demo.plan(CHURN, 42, CdTrigger::Release).await;
    let marker = release::notes_marker(&plan.id.to_string());
    let draft = signoff::adapters::demo::github::NewRelease {
        tag: plan.draft.tag.clone(),
        title: String::new(),
        body: plan.notes.clone(),
        draft: true,
        author: "rev1".into(),
    };
    let now = demo.clock.now();
    let id = demo.store.change(|w| w.repo.create_release(draft, now)).unwrap().unwrap();
    let releases = |marker: String| {
        let (host, tag) = (&demo.host, &plan.draft.tag);
        async move { host.releases(&repo(), tag, &marker).await.unwrap() }
    };
    assert_eq!(releases("somebody else's".into()).await, []);
    assert_eq!(releases(marker.clone()).await.iter().map(|r| (r.id, r.draft)).collect::<Vec<_>>(), [(id, true)]);

    let object = demo.host.create_tag_object(&j, &plan).await.unwrap();
    demo.host.create_tag_ref(&j, &plan, &object).await.unwrap();
    assert_eq!(demo.host.cd_runs(&repo(), &query(&plan)).await.unwrap(), []);
    for _ in 0..2 {
        let published = demo.host.publish_release(&j, &repo(), id).await.unwrap();
        assert_eq!((published.draft, published.author.as_deref()), (false, Some("rev1")));
    }
    assert_eq!(demo.host.cd_runs(&repo(), &query(&plan)).await.unwrap().len(), 1, "published twice, started once");
    let second = demo.host.create_release(&j, &plan).await.unwrap().id;
    assert_eq!(kind(demo.host.publish_release(&j, &repo(), second).await), FailureKind::Conflict);
    assert_eq!(kind(demo.host.publish_release(&j, &repo(), 1).await), FailureKind::NotFound);
}

#[tokio::test]
async fn a_release_without_its_tag_makes_a_lightweight_one_at_the_branch_head() {
    let demo = Demo::new();
    let plan = demo.plan(CHURN, 42, CdTrigger::Release).await;
    let j = journaled().await;
    let draft = demo.host.create_release(&j, &plan).await.unwrap();
    demo.host.publish_release(&j, &repo(), draft.id).await.unwrap();
    let tag = demo.host.tag(&repo(), &plan.draft.tag).await.unwrap().unwrap();
    assert_eq!((tag.object, tag.message), (None, None));
    assert_eq!(tag.commit, demo.host.commit(&repo(), "main").await.unwrap().sha.as_str());
}

#[tokio::test]
async fn cd_goes_through_its_jobs_as_time_passes() {
    let demo = Demo::new();
    let plan = demo.plan(CHURN, 42, CdTrigger::Release).await;
    let query = demo.release(&plan).await;
    let run = demo.host.cd_runs(&repo(), &query).await.unwrap().remove(0);
    assert_eq!((run.state.clone(), run.path.as_str()), (CdState::Queued, ".github/workflows/cd.yml"));
    let mut seen = Vec::new();
    for _ in 0..9 {
        demo.clock.advance(Duration::from_secs(1));
        let jobs = demo.host.cd_jobs(&repo(), run.id).await.unwrap();
        let running = jobs.iter().find(|j| j.state == CdState::Running).map(|j| j.name.clone());
        seen.push(running.unwrap_or_else(|| "-".into()));
    }
    assert_eq!(seen, ["build", "build", "deploy", "deploy", "deploy", "smoke-test", "smoke-test", "-", "-"]);
    assert_eq!(demo.host.cd_run(&repo(), run.id).await.unwrap().state, CdState::Success);
    assert_eq!(kind(demo.host.cd_run(&repo(), 1).await), FailureKind::NotFound);
}

#[tokio::test]
async fn the_credit_limit_release_fails_at_its_smoke_test() {
    let demo = Demo::new();
    let plan = demo.plan("credit-limit", 6, CdTrigger::Release).await;
    let query = demo.release(&plan).await;
    demo.clock.advance(Duration::from_secs(60));
    let run = demo.host.cd_runs(&repo(), &query).await.unwrap().remove(0);
    assert_eq!(run.state, CdState::Failed("failure".into()));
    let jobs = demo.host.cd_jobs(&repo(), run.id).await.unwrap();
    let states: Vec<_> = jobs.iter().map(|j| format!("{} {}", j.name, j.state)).collect();
    assert_eq!(states, ["build success", "deploy success", "smoke-test failure"]);
}

#[tokio::test]
async fn cd_starts_on_what_the_workflow_listens_to() {
    for trigger in [CdTrigger::Release, CdTrigger::Tag, CdTrigger::Dispatch, CdTrigger::None] {
        let demo = Demo::new();
        let before = demo.store.change::<_, ()>(|w| Ok((w.repo.listen_to(trigger), w.repo.runs.len()).1));
        let plan = demo.plan(CHURN, 42, trigger).await;
        let query = demo.release(&plan).await;
        let dispatched = demo.host.dispatch(&journaled().await, &plan).await;
        assert_eq!(dispatched.is_ok(), trigger == CdTrigger::Dispatch, "{trigger:?}");
        let expected = usize::from(trigger != CdTrigger::None);
        assert_eq!(demo.host.cd_runs(&repo(), &query).await.unwrap().len(), expected, "{trigger:?}");
        let all = demo.store.snapshot().unwrap().repo.runs.len();
        assert_eq!(all, before.unwrap().unwrap() + expected, "{trigger:?} started something else");
    }
}

#[tokio::test]
async fn cd_runs_of_another_time_commit_or_workflow_do_not_count() {
    let demo = Demo::new();
    let plan = demo.plan(CHURN, 42, CdTrigger::Release).await;
    let query = demo.release(&plan).await;
    let later = CdQuery { since: "2026-11-23T09:00:02Z".parse().ok(), ..query.clone() };
    let commit = CdQuery { commit: "0".repeat(40).parse().unwrap(), ..query.clone() };
    let file = CdQuery { workflow: Some("other.yml".into()), ..query.clone() };
    for q in [later, commit, file] {
        assert_eq!(demo.host.cd_runs(&repo(), &q).await.unwrap(), [], "{q:?}");
    }
    let any = CdQuery { workflow: None, ..query };
    assert_eq!(demo.host.cd_runs(&repo(), &any).await.unwrap().len(), 1);
}
