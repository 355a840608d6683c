//! Every read, including answers from older, newer or unusual servers.

use serde_json::json;
use signoff::adapters::demo::github::{Release, Run};
use signoff::domain::cd::CdQuery;
use signoff::domain::cd::{CdState, CdTrigger};
use signoff::domain::commit::{Ancestry, HostIdentity};
use signoff::domain::failure::FailureKind;
use signoff::domain::release::notes_marker;
use signoff::ports::ReleaseHost;

use crate::support::fake_github::{APP, Fault, Moment, NARROW, READER, Rule};
use crate::support::journal::journaled;
use crate::support::plan::{id, now, plan, plan_with, repo, sha, tag};
use crate::{adapter, adapter_as, connection, fake, publish};
use signoff::adapters::github::GitHub;

fn query() -> CdQuery {
    CdQuery {
        trigger: CdTrigger::Release,
        workflow: Some("cd.yml".into()),
        tag: tag(),
        commit: sha(),
        since: Some(now()),
        chain: Vec::new(),
        wide: false,
    }
}

#[tokio::test]
async fn the_token_tells_who_signs() {
    let fake = fake().await;
    let me = adapter(&fake).whoami().await.unwrap();
    let rey = HostIdentity {
        login: "rev1".into(),
        id: 7,
        name: Some("Rey Viewer".into()),
        email: None,
        host_time: Some("2026-11-23T09:10:04Z".parse().unwrap()),
    };
    assert_eq!(me, rey);
}

#[tokio::test]
async fn a_token_of_an_app_is_nobodys() {
    let fake = fake().await;
    let failure = adapter_as(&fake, APP).whoami().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Forbidden);
    assert!(failure.reason.contains("to an app") && failure.reason.contains("by integration"), "{failure}");
    assert!(failure.hint.unwrap().contains("your own account"));
}

/// Such as an organisation's IP allow list: the user is known, but may not connect from here.
#[tokio::test]
async fn another_refusal_does_not_make_the_token_nobodys() {
    let fake = fake().await;
    let said = "Although you appear to have the correct authorization credentials, there is an IP allow list";
    let body = json!({"message": said});
    fake.fault(Rule::new("GET", "/user", Fault::Status(403, body)));
    let failure = adapter(&fake).whoami().await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Forbidden);
    assert!(failure.reason.contains("IP allow list") && !failure.reason.contains("to an app"), "{failure}");
}

#[tokio::test]
async fn the_repository_says_whether_the_token_may_push() {
    let fake = fake().await;
    let mine = adapter(&fake).repository(&repo()).await.unwrap();
    assert_eq!((mine.default_branch.as_str(), mine.can_push, mine.archived), ("main", Some(true), false));
    assert_eq!(adapter_as(&fake, READER).repository(&repo()).await.unwrap().can_push, Some(false));
    assert_eq!(adapter_as(&fake, NARROW).repository(&repo()).await.unwrap().can_push, Some(false));
    assert_eq!(adapter_as(&fake, APP).repository(&repo()).await.unwrap().can_push, None);
}

#[tokio::test]
async fn a_repository_that_may_not_be_seen_is_not_readable() {
    let fake = fake().await;
    let failure = adapter(&fake).repository(&"acme/secret".parse().unwrap()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Forbidden);
    assert_eq!(failure.reason, "acme/secret is not readable: it does not exist, or this token may not see it");
}

#[tokio::test]
async fn an_enterprise_server_is_asked_below_its_prefix() {
    let fake = fake().await;
    for url in [fake.enterprise_url(), format!("{}/", fake.enterprise_url())] {
        let host = GitHub::new(connection(&url, crate::REVIEWER));
        assert_eq!(host.whoami().await.unwrap().login, "rev1");
        assert_eq!(host.commit(&repo(), "main").await.unwrap().sha, sha());
    }
    assert!(fake.requests().iter().all(|r| r.target.starts_with("/api/v3/")), "{:?}", fake.requests());
}

#[tokio::test]
async fn commits_are_found_by_abbreviation_branch_and_full_id() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.commit("feature/x?y", &"a".repeat(40), "Odd\nname"));
    let host = adapter(&fake);
    for rev in ["3f9c1ab", "main", sha().as_str()] {
        let commit = host.commit(&repo(), rev).await.unwrap();
        assert_eq!((commit.sha, commit.title.as_str()), (sha(), "Tune threshold"));
        assert_eq!(commit.author.as_deref(), Some("dana"));
        assert!(commit.at.is_some());
    }
    assert_eq!(host.commit(&repo(), "feature/x?y").await.unwrap().title, "Odd");
}

#[tokio::test]
async fn an_unknown_commit_is_not_found_although_github_says_422() {
    let fake = fake().await;
    for rev in ["abcdef1", "", "..", "no/such branch"] {
        let failure = adapter(&fake).commit(&repo(), rev).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::NotFound, "{rev}: {failure}");
    }
}

#[tokio::test]
async fn a_commit_is_on_a_branch_if_it_is_its_head_or_behind_it() {
    let fake = fake().await;
    let host = adapter(&fake);
    let at = async |sha: String| host.ancestry(&repo(), "main", &sha.parse().unwrap()).await.unwrap();
    assert_eq!(at(sha().to_string()).await, Ancestry::OnBranch);
    assert_eq!(at("2".repeat(40)).await, Ancestry::OnBranch);
    assert_eq!(at("e".repeat(40)).await, Ancestry::OffBranch);
    let ahead = host.ancestry(&repo(), "experiment", &sha()).await.unwrap();
    assert_eq!(ahead, Ancestry::OffBranch);
}

#[tokio::test]
async fn a_free_tag_name_is_none_even_beside_a_longer_one() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.tags.insert("telco-churn-v421".parse().unwrap(), "2".repeat(40)));
    assert_eq!(adapter(&fake).tag(&repo(), &tag()).await.unwrap(), None);
}

#[tokio::test]
async fn a_lightweight_tag_has_neither_object_nor_message() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.tags.insert("m/v1".parse().unwrap(), "2".repeat(40)));
    let tag = adapter(&fake).tag(&repo(), &"m/v1".parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((tag.commit, tag.object, tag.message), ("2".repeat(40), None, None));
}

#[tokio::test]
async fn an_annotated_tag_is_peeled_through_and_keeps_its_outer_message() {
    let fake = fake().await;
    let (host, plan) = (adapter(&fake), plan(1));
    let inner = host.create_tag_object(&journaled().await, &plan).await.unwrap();
    let mut outer = fake.repo().tag_objects[&inner].clone();
    outer.message = "outer\x1b[2J".into();
    fake.change_repo(|repo| {
        repo.tag_objects.insert("0".repeat(40), outer);
        repo.nested_tags.insert("0".repeat(40), inner);
        repo.tags.insert(tag(), "0".repeat(40))
    });
    let found = host.tag(&repo(), &tag()).await.unwrap().unwrap();
    assert_eq!(found.commit, sha().as_str());
    assert_eq!(found.object, Some("0".repeat(40)));
    assert_eq!(found.message.as_deref(), Some("outer␛[2J"));
}

#[tokio::test]
async fn releases_are_those_of_the_tag_and_our_own_drafts() {
    let fake = fake().await;
    let marker = notes_marker(&id(1).to_string());
    let release = |id, tag: &str, draft, body: Option<&str>| Release {
        id,
        tag: tag.parse().unwrap(),
        title: String::new(),
        body: body.unwrap_or_default().to_owned(),
        draft,
        author: "rev1".into(),
        created_at: now(),
        published_at: (!draft).then(now),
        assets: Vec::new(),
    };
    fake.change_repo(|repo| {
        repo.releases = vec![
            release(5_000_000_002, "telco-churn-v42", true, Some(&format!("notes\n\n{marker}\n"))),
            release(5_000_000_001, "telco-churn-v42", true, Some("somebody's draft")),
            release(5_000_000_003, "telco-churn-v42", false, None),
            release(5_000_000_004, "telco-churn-v41", false, Some(&marker)),
        ];
        // Enough to move ours to the second page of the list.
        repo.releases.extend((0..150).map(|n| release(6_000_000_000 + n, &format!("other-{n}"), false, None)));
    });
    let found = adapter(&fake).releases(&repo(), &tag(), &marker).await.unwrap();
    let ids: Vec<_> = found.iter().map(|r| (r.id, r.draft)).collect();
    assert_eq!(ids, [(5_000_000_002, true), (5_000_000_003, false)]);
}

#[tokio::test]
async fn a_workflow_must_exist_and_be_enabled() {
    let fake = fake().await;
    let host = adapter(&fake);
    assert_eq!(host.workflow(&repo(), "cd.yml").await.unwrap(), Ok(()));
    assert_eq!(host.workflow(&repo(), ".github/workflows/cd.yml").await.unwrap(), Ok(()));
    let missing = host.workflow(&repo(), "deploy.yml").await.unwrap().unwrap_err();
    assert!(missing.contains("no workflow deploy.yml"), "{missing}");
    fake.change_repo(|repo| repo.workflows[0].state = "disabled_manually".into());
    let disabled = host.workflow(&repo(), "cd.yml").await.unwrap().unwrap_err();
    assert!(disabled.contains("disabled manually"), "{disabled}");
}

#[tokio::test]
async fn the_run_of_a_release_appears_and_is_followed_to_its_end() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.pace.hidden_polls = 2);
    let (host, plan, proof) = (adapter(&fake), plan(1), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    assert_eq!(fake.repo().runs.len(), 0, "the workflow listens to releases");
    publish(&host, &plan).await;

    for _ in 0..2 {
        assert_eq!(host.cd_runs(&repo(), &query()).await.unwrap(), []);
    }
    let found = host.cd_runs(&repo(), &query()).await.unwrap();
    assert_eq!((found.len(), &found[0].state), (1, &CdState::Queued));
    assert!(found[0].id > u64::from(u32::MAX));
    assert_eq!(found[0].path, ".github/workflows/cd.yml");

    let run = found[0].id;
    let mut states = Vec::new();
    for _ in 0..3 {
        states.push(host.cd_run(&repo(), run).await.unwrap().state);
    }
    assert_eq!(states, [CdState::Queued, CdState::Running, CdState::Success]);
    let jobs = host.cd_jobs(&repo(), run).await.unwrap();
    assert_eq!(jobs.iter().map(|j| j.name.as_str()).collect::<Vec<_>>(), ["build", "deploy"]);
    assert!(jobs.iter().all(|j| j.state == CdState::Success && j.ended_at.is_some()));
}

#[tokio::test]
async fn a_running_job_names_its_step() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.pace.seen = vec![Moment::Running]);
    let (host, plan, proof) = (adapter(&fake), plan(1), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    publish(&host, &plan).await;
    let run = host.cd_runs(&repo(), &query()).await.unwrap()[0].id;
    let jobs = host.cd_jobs(&repo(), run).await.unwrap();
    assert_eq!((&jobs[0].state, &jobs[1].state), (&CdState::Success, &CdState::Running));
    assert_eq!(jobs[1].current_step.as_deref(), Some("Run deploy"));
}

#[tokio::test]
async fn runs_of_another_event_commit_tag_or_time_are_not_ours() {
    let fake = fake().await;
    let (host, plan, proof) = (adapter(&fake), plan(1), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    publish(&host, &plan).await;
    let ours = fake.change_repo(|repo| {
        let ours = repo.runs[0].clone();
        let mut other = |change: &dyn Fn(&mut Run)| {
            let mut run = ours.clone();
            run.id += 1 + repo.runs.len() as u64;
            change(&mut run);
            repo.runs.push(run);
        };
        other(&|run| run.commit = "2".repeat(40).parse().unwrap());
        other(&|run| run.tag = "telco-churn-v41".parse().unwrap());
        other(&|run| run.trigger = CdTrigger::Dispatch);
        other(&|run| run.created_at = "2026-11-23T09:00:00Z".parse().unwrap());
        ours.id
    });
    // With and without a workflow name.
    for workflow in [Some("cd.yml".to_owned()), None] {
        let found = host.cd_runs(&repo(), &CdQuery { workflow, ..query() }).await.unwrap();
        assert_eq!(found.iter().map(|r| r.id).collect::<Vec<_>>(), [ours]);
    }
}

#[tokio::test]
async fn runs_come_newest_first_and_none_are_looked_for_where_none_are_expected() {
    let fake = fake().await;
    let later = |seconds: i64| json!({"id": 10 + seconds, "created_at": format!("2026-11-23T09:10:0{seconds}Z")});
    let page = json!({"total_count": 3, "workflow_runs": [later(5), later(7), later(6)]});
    fake.fault(Rule::new("GET", "*/runs", Fault::Answer(page)));
    let host = adapter(&fake);
    let ids: Vec<_> = host.cd_runs(&repo(), &query()).await.unwrap().iter().map(|r| r.id).collect();
    assert_eq!(ids, [17, 16, 15]);
    let before = fake.requests().len();
    assert_eq!(host.cd_runs(&repo(), &CdQuery { trigger: CdTrigger::None, ..query() }).await.unwrap(), []);
    assert_eq!(fake.requests().len(), before);
}

#[tokio::test]
async fn a_tag_with_slashes_is_read_tagged_released_and_followed() {
    let fake = fake().await;
    fake.change_repo(|repo| repo.set_workflow(&[CdTrigger::Tag]));
    let plan = plan_with(1, |draft| {
        draft.tag = "models/churn+x/v1".parse().unwrap();
        draft.cd.trigger = CdTrigger::Tag;
    });
    let (host, proof, name) = (adapter(&fake), journaled().await, &plan.draft.tag);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    assert_eq!(host.tag(&repo(), name).await.unwrap().unwrap().object, Some(object));
    let made = publish(&host, &plan).await;
    assert_eq!(host.releases(&repo(), name, "marker").await.unwrap(), [made]);
    let query = CdQuery { trigger: CdTrigger::Tag, tag: name.clone(), ..query() };
    assert_eq!(host.cd_runs(&repo(), &query).await.unwrap().len(), 1);
    assert!(host.tag_page(&repo(), name).ends_with("/acme/churn-model/releases/tag/models/churn%2Bx/v1"));
}

#[tokio::test]
async fn nulls_unknown_words_and_large_ids_spoil_nothing() {
    let fake = fake().await;
    let odd_run = json!({
        "id": 9_007_199_254_740_993_u64, "name": null, "event": null, "status": "dreaming", "conclusion": null,
        "head_branch": null, "head_sha": null, "head_commit": null, "run_number": null, "path": null, "new": {"x": []},
    });
    fake.fault(Rule::new("GET", "*/runs", Fault::Answer(json!({"workflow_runs": [odd_run.clone()]}))));
    fake.fault(Rule::new("GET", "*/runs/9007199254740993", Fault::Answer(odd_run)));
    let odd_jobs = json!({"jobs": [
        {"id": 1, "name": null, "status": "requested", "conclusion": null, "steps": null, "runner_id": 99_999_999_999_u64},
        {"name": "x\x1b[31m", "status": "completed", "conclusion": "stale"},
    ]});
    fake.fault(Rule::new("GET", "*/jobs", Fault::Answer(odd_jobs)));
    fake.fault(Rule::new(
        "GET",
        "*/releases/tags/*",
        Fault::Answer(json!(
            {"id": 4_294_967_296_u64, "tag_name": "telco-churn-v42", "body": null, "author": null, "name": null}
        )),
    ));
    fake.fault(Rule::new("GET", "/user", Fault::Answer(json!({"login": "x", "id": 1_u64 << 40}))));
    fake.fault(Rule::new("GET", "*/commits/main", Fault::Answer(json!({"sha": sha().as_str(), "commit": null}))));

    let host = adapter(&fake);
    let runs = host.cd_runs(&repo(), &query()).await.unwrap();
    assert_eq!(runs[0].id, 9_007_199_254_740_993);
    assert_eq!(runs[0].state, CdState::Other("dreaming".into()));
    assert_eq!(host.cd_run(&repo(), runs[0].id).await.unwrap(), runs[0]);
    let jobs = host.cd_jobs(&repo(), runs[0].id).await.unwrap();
    assert_eq!((&jobs[0].state, &jobs[1].state), (&CdState::Queued, &CdState::Failed("stale".into())));
    assert_eq!(jobs[1].name, "x␛[31m");
    assert_eq!(host.releases(&repo(), &tag(), "m").await.unwrap()[0].id, 4_294_967_296);
    assert_eq!(host.whoami().await.unwrap().id, 1 << 40);
    assert_eq!(host.commit(&repo(), "main").await.unwrap().title, "");
}

#[tokio::test]
async fn an_answer_that_lacks_what_it_must_have_is_nonsense_not_an_empty_success() {
    let fake = fake().await;
    fake.fault(Rule::new("GET", "*", Fault::Answer(json!({}))).always());
    let host = adapter(&fake);
    let kinds = [
        host.whoami().await.map(drop).unwrap_err().kind,
        host.repository(&repo()).await.map(drop).unwrap_err().kind,
        host.commit(&repo(), "main").await.map(drop).unwrap_err().kind,
        host.ancestry(&repo(), "main", &sha()).await.map(drop).unwrap_err().kind,
        host.tag(&repo(), &tag()).await.map(drop).unwrap_err().kind,
        host.releases(&repo(), &tag(), "m").await.map(drop).unwrap_err().kind,
        host.cd_runs(&repo(), &query()).await.map(drop).unwrap_err().kind,
        host.cd_run(&repo(), 1).await.map(drop).unwrap_err().kind,
        host.cd_jobs(&repo(), 1).await.map(drop).unwrap_err().kind,
    ];
    assert_eq!(kinds, [FailureKind::Protocol; 9]);
}

#[tokio::test]
async fn a_dispatched_run_is_found_by_its_event() {
    let fake = fake().await;
    fake.change_repo(|repo| {
        repo.set_workflow(&[CdTrigger::Dispatch]);
        repo.pace.fails = true;
    });
    let plan = plan_with(1, |draft| draft.cd.trigger = CdTrigger::Dispatch);
    let (host, proof) = (adapter(&fake), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    host.dispatch(&proof, &plan).await.unwrap();
    let found = host.cd_runs(&repo(), &CdQuery { trigger: CdTrigger::Dispatch, ..query() }).await.unwrap();
    assert_eq!(found.len(), 1);
    let mut last = CdState::Queued;
    for _ in 0..3 {
        last = host.cd_run(&repo(), found[0].id).await.unwrap().state;
    }
    assert_eq!(last, CdState::Failed("failure".into()));
}

#[tokio::test]
async fn every_run_that_the_tag_and_its_release_start_is_found() {
    let fake = fake().await;
    fake.change_repo(|repo| {
        repo.set_workflow(&[CdTrigger::Release]);
        let mut docs = repo.workflows[0].clone();
        docs.file = "docs.yml".to_owned();
        docs.starts_on = vec![CdTrigger::Tag];
        repo.workflows.push(docs);
    });
    let (host, plan, proof) = (adapter(&fake), plan(1), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    publish(&host, &plan).await;
    let any = CdQuery { workflow: None, ..query() };
    let mut found: Vec<_> = host.cd_runs(&repo(), &any).await.unwrap().into_iter().map(|r| (r.path, r.event)).collect();
    found.sort();
    let expect = |file: &str, event: &str| (format!(".github/workflows/{file}"), Some(event.to_owned()));
    assert_eq!(found, [expect("cd.yml", "release"), expect("docs.yml", "push")]);
    assert_eq!(host.cd_runs(&repo(), &query()).await.unwrap().len(), 1, "one workflow is named");
    let run = fake.change_repo(|repo| repo.runs[0].id);
    fake.change_repo(|repo| repo.rerun(run, now()).unwrap());
    assert_eq!(host.cd_run(&repo(), run).await.unwrap().attempt, 2);
}

/// The filtered list misses a run for minutes at times; the whole one shows it.
#[tokio::test]
async fn a_wide_look_asks_for_no_filter_and_takes_only_what_is_surely_of_the_tag() {
    let fake = fake().await;
    let (host, plan, proof) = (adapter(&fake), plan(1), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    publish(&host, &plan).await;
    fake.change_repo(|repo| {
        let mut other = repo.runs[0].clone();
        other.id += 1;
        other.tag = "telco-churn-v41".parse().unwrap();
        repo.runs.push(other);
    });
    let wide = CdQuery { wide: true, ..query() };
    assert_eq!(host.cd_runs(&repo(), &wide).await.unwrap().len(), 1);
    assert!(fake.requests().last().unwrap().target.ends_with("/actions/runs?per_page=100&page=1"));
    let unsaid = json!({"workflow_runs": [{"id": 5, "path": ".github/workflows/cd.yml", "head_branch": null}]});
    fake.fault(Rule::new("GET", "*/actions/runs", Fault::Answer(unsaid)));
    assert_eq!(host.cd_runs(&repo(), &wide).await.unwrap(), []);
}

#[tokio::test]
async fn a_workflow_that_follows_on_another_is_found_by_its_name() {
    let fake = fake().await;
    let (host, plan, proof) = (adapter(&fake), plan(1), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    publish(&host, &plan).await;
    let follower = json!({
        "id": 99, "path": ".github/workflows/deploy.yml", "event": "workflow_run", "head_branch": "main",
        "head_sha": "9".repeat(40), "status": "completed", "conclusion": "failure",
        "created_at": "2026-11-23T23:59:00Z",
    });
    fake.fault(Rule::new("GET", "*/workflows/deploy.yml/runs", Fault::Answer(json!({"workflow_runs": [follower]}))));
    let chained = CdQuery { chain: vec!["deploy.yml".into()], ..query() };
    let found = host.cd_runs(&repo(), &chained).await.unwrap();
    let states: Vec<_> =
        found.iter().map(|r| (r.is_of("deploy.yml"), r.state == CdState::Failed("failure".into()))).collect();
    assert_eq!(states, [(true, true), (false, false)]);
}

/// This machine is five minutes ahead of the host: the run began before the plan was signed, by this machine's clock.
#[tokio::test]
async fn a_clock_that_is_ahead_hides_no_run() {
    let fake = fake().await;
    let behind = |minutes: i64| now().checked_sub(jiff::SignedDuration::from_mins(minutes)).unwrap();
    fake.change(|world| world.clock = Some(behind(5)));
    let (host, mut plan, proof) = (adapter(&fake), plan(1), journaled().await);
    plan.record.record.clock.skew_ms = Some((5 * 60 + 1) * 1000);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    publish(&host, &plan).await;
    assert_eq!(plan.cd_query().since, Some(behind(5)));
    assert_eq!(host.cd_runs(&repo(), &plan.cd_query()).await.unwrap().len(), 1);
    plan.record.record.clock.skew_ms = None;
    assert_eq!(host.cd_runs(&repo(), &plan.cd_query()).await.unwrap().len(), 1, "no clock but this one was seen");
}
