//! After the release: logs of jobs, environments that wait, and what a person asks for.

use signoff::adapters::demo::github::Protected;
use signoff::domain::cd::{CdQuery, CdState, CdTrigger};
use signoff::domain::cd_act::Environment;
use signoff::domain::failure::FailureKind;
use signoff::ports::ReleaseHost;

use crate::support::fake_github::{FakeGithub, Fault, Moment, NARROW, Pace, READER, Rule};
use crate::support::journal::journaled;
use crate::support::plan::{plan, repo, sha, tag};
use crate::{adapter, adapter_as, fake, publish};

/// A release whose CD is over, and its run.
async fn released(fake: &FakeGithub, fails: bool) -> u64 {
    fake.change_repo(|repo| repo.pace = Pace { seen: vec![Moment::Over], fails, ..Pace::usual() });
    let (host, plan, proof) = (adapter(fake), plan(1), journaled().await);
    let object = host.create_tag_object(&proof, &plan).await.unwrap();
    host.create_tag_ref(&proof, &plan, &object).await.unwrap();
    publish(&host, &plan).await;
    let query = CdQuery {
        trigger: CdTrigger::Release,
        workflow: Some("cd.yml".into()),
        tag: tag(),
        commit: sha(),
        since: None,
        chain: Vec::new(),
        wide: false,
    };
    host.cd_runs(&repo(), &query).await.unwrap()[0].id
}

#[tokio::test]
async fn the_log_of_a_failed_job_is_read_from_the_storage_without_the_token() {
    let fake = fake().await;
    let run = released(&fake, true).await;
    let host = adapter(&fake);
    let jobs = host.cd_jobs(&repo(), run).await.unwrap();
    let failed = jobs.iter().find(|job| job.state == CdState::Failed("failure".into())).unwrap();
    let log = host.job_log(&repo(), failed.id).await.unwrap();
    let end: Vec<&str> = log.end(2).iter().map(|line| line.text.as_str()).collect();
    assert_eq!(end, ["deploy does not work", "Process completed with exit code 1."]);
    let stored = fake.requests().into_iter().filter(|r| r.target.starts_with("/storage/")).collect::<Vec<_>>();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].authorization, None);
}

#[tokio::test]
async fn of_a_huge_log_the_end_is_kept_and_one_that_is_not_there_is_said() {
    let fake = fake().await;
    let run = released(&fake, true).await;
    let host = adapter(&fake);
    let job = host.cd_jobs(&repo(), run).await.unwrap()[1].id;
    let line = "2026-11-29T09:14:02.1134567Z \u{1b}]0;title\u{7} the same again\n";
    let huge = format!("{}the last line\n", line.repeat(100_000));
    fake.change_repo(|repo| repo.logs.insert(job, huge.into_bytes()));
    let log = host.job_log(&repo(), job).await.unwrap();
    assert!(log.cut && log.lines.len() <= signoff::domain::job_log::MOST_LINES);
    assert_eq!(log.lines.last().unwrap().text, "the last line");
    assert!(log.lines[0].text.contains("␛]0;title␇"), "{:?}", log.lines[0]);
    let missing = host.job_log(&repo(), 4711).await.unwrap_err();
    assert_eq!(missing.kind, FailureKind::NotFound);
    assert!(missing.reason.contains("no log of it"), "{missing}");
}

#[tokio::test]
async fn the_log_is_not_followed_to_an_unsafe_address() {
    let fake = fake().await;
    fake.fault(Rule::new("GET", "*/logs", Fault::Redirect("http://logs.example.com/x".to_owned())));
    let failure = adapter(&fake).job_log(&repo(), 1).await.unwrap_err();
    assert!(failure.reason.contains("unsafe address on logs.example.com"), "{failure}");
}

#[tokio::test]
async fn an_environment_that_waits_is_named_with_its_reviewers_and_approved_by_one_of_them() {
    let fake = fake().await;
    let protected = Protected { id: 77, name: "production\u{202e}".into(), reviewers: vec!["rev1".into()] };
    fake.change_repo(|repo| repo.workflows[0].jobs[1].environment = Some(protected));
    let run = released(&fake, false).await;
    let (host, other) = (adapter(&fake), adapter_as(&fake, READER));
    assert_eq!(host.cd_run(&repo(), run).await.unwrap().state, CdState::Waiting);
    let pending = host.pending_deployments(&repo(), run).await.unwrap();
    assert_eq!(pending[0].environment, Environment { id: 77, name: "production<U+202E>".into() });
    assert_eq!((pending[0].may_approve, &pending[0].reviewers[..]), (true, &["rev1".to_owned()][..]));
    assert!(!other.pending_deployments(&repo(), run).await.unwrap()[0].may_approve);
    let proof = journaled().await;
    let narrow = adapter_as(&fake, NARROW).approve_deployments(&proof, &repo(), run, &[77], "x").await.unwrap_err();
    assert_eq!(narrow.kind, FailureKind::Forbidden);
    host.approve_deployments(&proof, &repo(), run, &[77], "approved with signoff").await.unwrap();
    assert_eq!(host.pending_deployments(&repo(), run).await.unwrap(), []);
    assert_eq!(host.cd_run(&repo(), run).await.unwrap().state, CdState::Success);
    let sent = fake.requests().into_iter().filter(|r| r.method == "POST" && r.target.ends_with("/pending_deployments"));
    let bodies: Vec<String> = sent.map(|r| r.body.to_string()).collect();
    let last = bodies.last().unwrap();
    assert!(last.contains("[77]") && last.contains("approved with signoff"), "{last}");
}

#[tokio::test]
async fn failed_jobs_run_again_as_the_next_attempt_and_others_do_not() {
    let fake = fake().await;
    let run = released(&fake, true).await;
    let (host, proof) = (adapter(&fake), journaled().await);
    fake.change_repo(|repo| repo.pace = Pace { seen: vec![Moment::Over], ..Pace::usual() });
    host.rerun_failed(&proof, &repo(), run).await.unwrap();
    let now = host.cd_run(&repo(), run).await.unwrap();
    assert_eq!((now.attempt, now.state), (2, CdState::Success));
    let refused = host.rerun_failed(&proof, &repo(), run).await.unwrap_err();
    assert!(refused.reason.contains("cannot be retried"), "{refused}");
}
