//! Evidence about a commit: pull requests, checks, comparisons, workflow runs.

use serde_json::json;
use signoff::adapters::demo::github::{Blob, Check, File, Pull};
use signoff::domain::cd::CdState;
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::CommitSha;
use signoff::domain::lineage::CheckResult;
use signoff::ports::code::CodeHost;

use crate::support::fake_github::{FakeGithub, Fault, READER, Reviewed as _, Rule, Status, check, modified, open_pull};
use crate::support::plan::{repo, sha};
use crate::{adapter, adapter_as, fake};

fn second() -> CommitSha {
    "2".repeat(40).parse().unwrap()
}

/// A double with these pull requests.
async fn with_pulls(pulls: Vec<Pull>) -> FakeGithub {
    let fake = fake().await;
    fake.change_repo(|repo| repo.pulls = pulls.into());
    fake
}

#[tokio::test]
async fn the_pull_request_that_brought_a_commit_in_has_author_approvers_and_merger() {
    let reviews = [
        ("mio", "APPROVED"),
        ("lee", "APPROVED"),
        ("noa", "APPROVED"),
        ("mio", "CHANGES_REQUESTED"),
        ("lee", "COMMENTED"),
        ("dana", "APPROVED"),
        ("noa", "DISMISSED"),
        ("kim", "PENDING"),
        ("kim", "SOMETHING_NEW"),
    ];
    let fake = with_pulls(vec![open_pull(7, &[&sha()]).merged(20).reviewed(&reviews)]).await;
    let pull = adapter_as(&fake, READER).pull_request(&repo(), &sha()).await.unwrap().unwrap();
    assert_eq!((pull.number, pull.title.as_str(), pull.author.as_deref()), (7, "Change 7", Some("dana")));
    assert_eq!(pull.approvers, ["lee"]);
    assert_eq!(
        (pull.merged_by.as_deref(), pull.merged_at.map(|t| t.to_string()).as_deref()),
        (Some("lee"), Some("2026-11-20T12:00:00Z"))
    );
    assert!(pull.web_url.ends_with("/acme/churn-model/pull/7"));
}

#[tokio::test]
async fn a_commit_that_was_pushed_directly_has_no_pull_request() {
    let fake = with_pulls(vec![open_pull(7, &[&sha()])]).await;
    assert_eq!(adapter(&fake).pull_request(&repo(), &second()).await.unwrap(), None);
}

#[tokio::test]
async fn of_several_pull_requests_the_one_whose_merge_made_the_commit_counts() {
    let (commit, other) = (sha(), "1".repeat(40).parse().unwrap());
    let me = &commit;
    let mut closed = open_pull(90, &[me]);
    closed.state = "closed".to_owned();
    let carried = |number, day| open_pull(number, &[me, &other]).merged(day);
    for (pulls, expected) in [
        (vec![open_pull(9, &[me]), carried(3, 1), open_pull(5, &[me]).merged(9)], Some(5)),
        (vec![carried(4, 8), carried(6, 2), open_pull(9, &[me])], Some(6)),
        (vec![closed.clone(), open_pull(8, &[me]), open_pull(9, &[me])], Some(9)),
        (vec![closed], None),
    ] {
        let fake = with_pulls(pulls).await;
        let found = adapter(&fake).pull_request(&repo(), &commit).await.unwrap();
        assert_eq!(found.map(|p| p.number), expected);
    }
}

#[tokio::test]
async fn an_approval_that_is_taken_back_on_the_second_page_is_taken_back() {
    let mut pull = open_pull(7, &[&sha()]).merged(20).reviewed(&[("lee", "APPROVED")]);
    for _ in 0..100 {
        pull = pull.reviewed(&[("mio", "COMMENTED")]);
    }
    let fake = with_pulls(vec![pull.reviewed(&[("lee", "CHANGES_REQUESTED")])]).await;
    assert_eq!(adapter(&fake).pull_request(&repo(), &sha()).await.unwrap().unwrap().approvers, [""; 0]);
}

#[tokio::test]
async fn reviews_without_an_end_are_a_failure_not_a_guess() {
    let fake = with_pulls(vec![open_pull(7, &[&sha()])]).await;
    let page: Vec<_> = (0..100).map(|_| json!({"user": {"login": "lee"}, "state": "APPROVED"})).collect();
    fake.fault(Rule::new("GET", "*/reviews", Fault::Answer(page.into())).always());
    let failure = adapter(&fake).pull_request(&repo(), &sha()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Protocol);
    assert!(failure.reason.contains("more than 1000"), "{failure}");
}

#[tokio::test]
async fn accounts_that_are_gone_and_odd_pull_requests_spoil_nothing() {
    let mut pull = open_pull(7, &[&sha()]).merged(20).reviewed(&[("lee\x1b[2J", "APPROVED")]);
    pull.author = None;
    pull.title = "Two\nlines\u{202e}".to_owned();
    pull.merge.as_mut().unwrap().by = None;
    pull.reviews.push((None, "APPROVED".to_owned()));
    let fake = with_pulls(vec![pull]).await;
    let found = adapter(&fake).pull_request(&repo(), &sha()).await.unwrap().unwrap();
    assert_eq!((found.author, found.merged_by), (None, None));
    assert_eq!((found.title.as_str(), found.approvers.as_slice()), ("Two⏎lines<U+202E>", &["lee␛[2J".to_owned()][..]));

    fake.fault(Rule::new("GET", "*/pulls/7", Fault::Answer(json!({"number": 7, "title": null, "user": null}))));
    fake.fault(Rule::new("GET", "*/reviews", Fault::Answer(json!([{"user": null, "state": null}, {}]))));
    let bare = adapter(&fake).pull_request(&repo(), &sha()).await.unwrap().unwrap();
    assert_eq!((bare.number, bare.title.as_str(), bare.merged_at, bare.approvers.len()), (7, "", None, 0));
}

#[tokio::test]
async fn check_runs_and_statuses_are_one_list_with_the_latest_of_each_name() {
    let fake = fake().await;
    let queued = Check { status: "queued".into(), conclusion: None, started_at: None, ..check(1, "e2e", "", 0) };
    let runs = vec![
        check(12, "unit", "failure", 1),
        check(11, "unit", "success", 9),
        check(13, "lint", "success", 1),
        check(14, "lint", "failure", 1),
        check(15, "docs", "skipped", 1),
        check(16, "e2e", "success", 30),
        queued,
    ];
    let status = |context: &str, state: &str, minute: u32| Status {
        context: context.to_owned(),
        state: state.to_owned(),
        created_at: format!("2026-11-20T12:{minute:02}:00Z"),
    };
    fake.change_repo(|repo| {
        repo.commit_mut(sha().as_str()).checks = runs;
        repo.statuses.insert(
            sha(),
            vec![
                status("jenkins", "error", 1),
                status("sonar", "pending", 1),
                status("unit", "failure", 2),
                status("new", "odd", 1),
            ],
        );
    });
    let checks = adapter(&fake).checks(&repo(), &sha()).await.unwrap();
    let failed = |word: &str| CdState::Failed(word.into());
    let expected = [
        ("docs", failed("skipped")),
        ("e2e", CdState::Queued),
        ("jenkins", failed("error")),
        ("lint", failed("failure")),
        ("new", CdState::Other("odd".into())),
        ("sonar", CdState::Queued),
        ("unit", CdState::Success),
    ];
    assert_eq!(checks.iter().map(|c| (c.name.as_str(), c.state.clone())).collect::<Vec<_>>(), expected);
    assert!(checks[0].web_url.as_ref().unwrap().ends_with("/runs/15") && checks[2].web_url.is_none());
}

#[tokio::test]
async fn a_commit_without_checks_has_an_empty_list_although_github_calls_it_pending() {
    let fake = fake().await;
    assert_eq!(adapter(&fake).checks(&repo(), &sha()).await.unwrap(), []);
}

#[tokio::test]
async fn three_pages_of_checks_are_read_and_the_rest_is_said_to_be_missing() {
    let fake = fake().await;
    for (count, listed, rest) in [(100, 100, None), (300, 300, None), (357, 301, Some("(57 more checks)"))] {
        let runs = (0..count).map(|n| check(n, &format!("check-{n:03}"), "success", 1)).collect();
        fake.change_repo(|repo| repo.commit_mut(sha().as_str()).checks = runs);
        let checks = adapter(&fake).checks(&repo(), &sha()).await.unwrap();
        assert_eq!(checks.len(), listed);
        let unread: Vec<&CheckResult> = checks.iter().filter(|c| c.state != CdState::Success).collect();
        assert_eq!(unread.first().map(|c| c.name.as_str()), rest);
        assert!(unread.iter().all(|c| c.state == CdState::Other("not read".into())));
    }
    let pages = fake.requests().into_iter().filter(|r| r.target.contains("/check-runs?")).count();
    assert_eq!(pages, 1 + 3 + 3);
}

#[tokio::test]
async fn what_changed_is_told_newest_first_with_its_files() {
    let fake = fake().await;
    fake.change_repo(|repo| {
        repo.commit("main", &"4".repeat(40), "Rename\x07 the features\n\nAll of them.");
        let previous_path = Some("src/old.py".to_owned());
        let renamed = File { previous_path, status: "renamed".into(), ..modified("src/new.py") };
        repo.commit_mut(&"4".repeat(40)).files = vec![modified("src/train/main.py"), renamed];
    });
    let (old, new) = (second(), "4".repeat(40).parse().unwrap());
    let change = adapter(&fake).changes(&repo(), &old, &new).await.unwrap();
    assert_eq!((change.ahead_by, change.behind_by, change.truncated), (2, 0, false));
    let commits: Vec<_> = change.commits.iter().map(|(id, title)| (id.as_str(), title.as_str())).collect();
    assert_eq!(commits, [("4444444", "Rename␇ the features"), ("3f9c1ab", "Tune threshold")]);
    let files: Vec<_> =
        change.files.iter().map(|f| (f.path.as_str(), f.previous_path.as_deref(), f.status.as_str())).collect();
    assert_eq!(files, [("src/new.py", Some("src/old.py"), "renamed"), ("src/train/main.py", None, "modified")]);
    assert_eq!((change.files[0].additions, change.files[0].deletions), (3, 1));
    assert!(change.web_url.contains("/compare/2222222"));

    let back = adapter(&fake).changes(&repo(), &new, &old).await.unwrap();
    assert_eq!((back.ahead_by, back.behind_by, back.commits.len(), back.truncated), (0, 2, 0, false));
    let same = adapter(&fake).changes(&repo(), &new, &new).await.unwrap();
    assert_eq!((same.ahead_by, same.behind_by, same.truncated), (0, 0, false));
    let beside = adapter(&fake).changes(&repo(), &"e".repeat(40).parse().unwrap(), &new).await.unwrap();
    assert_eq!((beside.ahead_by, beside.behind_by), (2, 1));
}

#[tokio::test]
async fn a_long_way_lists_the_newest_commits_and_says_that_there_are_more() {
    let fake = fake().await;
    let id = |n: u32| format!("{n:08x}{}", "a".repeat(32));
    fake.change_repo(|repo| {
        for n in 0..260 {
            repo.commit("main", &id(n), &format!("Commit {n}"));
            repo.commit_mut(&id(n)).files = (0..2).map(|f| modified(&format!("f{n}-{f}"))).collect();
        }
    });
    let change = adapter(&fake).changes(&repo(), &sha(), &id(259).parse().unwrap()).await.unwrap();
    assert_eq!((change.ahead_by, change.commits.len(), change.files.len(), change.truncated), (260, 250, 300, true));
    assert_eq!((change.commits[0].1.as_str(), change.commits[249].1.as_str()), ("Commit 259", "Commit 10"));
    let short = adapter(&fake).changes(&repo(), &sha(), &id(140).parse().unwrap()).await.unwrap();
    assert_eq!((short.ahead_by, short.files.len(), short.truncated), (141, 282, false));
}

#[tokio::test]
async fn a_comparison_with_nulls_is_read_and_what_it_does_not_list_counts_as_left_out() {
    let fake = fake().await;
    let odd = json!({
        "ahead_by": 2, "behind_by": 0, "html_url": null, "files": [{"filename": "a", "status": null}, {}],
        "commits": [{"sha": null, "commit": null}, {"sha": "abc", "commit": {"message": null}}],
    });
    fake.fault(Rule::new("GET", "*/compare/*", Fault::Answer(odd)));
    let change = adapter(&fake).changes(&repo(), &second(), &sha()).await.unwrap();
    assert_eq!((change.files.len(), change.files[0].status.as_str(), change.truncated), (2, "changed", false));
    assert_eq!(change.commits, [("abc".to_owned(), String::new()), (String::new(), String::new())]);
    fake.fault(Rule::new("GET", "*/compare/*", Fault::Answer(json!({"ahead_by": 1, "behind_by": 0, "commits": [{}]}))));
    assert!(adapter(&fake).changes(&repo(), &second(), &sha()).await.unwrap().truncated);
}

#[tokio::test]
async fn unknown_commits_and_runs_are_not_found() {
    let fake = fake().await;
    let (host, nowhere) = (adapter(&fake), "d".repeat(40).parse::<CommitSha>().unwrap());
    let failures = [
        host.pull_request(&repo(), &nowhere).await.map(drop).unwrap_err(),
        host.checks(&repo(), &nowhere).await.map(drop).unwrap_err(),
        host.changes(&repo(), &nowhere, &sha()).await.map(drop).unwrap_err(),
        host.workflow_run(&repo(), 1).await.map(drop).unwrap_err(),
    ];
    for failure in failures {
        assert_eq!(failure.kind, FailureKind::NotFound, "{failure}");
        assert!(failure.hint.is_some(), "{failure}");
    }
}

#[tokio::test]
async fn a_permission_that_is_missing_is_said_as_such() {
    for path in ["*/pulls", "*/pulls/7", "*/reviews", "*/check-runs", "*/status", "*/compare/*", "*/actions/runs/1"] {
        let fake = with_pulls(vec![open_pull(7, &[&sha()])]).await;
        let body = json!({"message": "Resource not accessible by personal access token"});
        fake.fault(Rule::new("GET", path, Fault::Status(403, body)).always());
        let host = adapter(&fake);
        let failures: Vec<_> = [
            host.pull_request(&repo(), &sha()).await.map(drop),
            host.checks(&repo(), &sha()).await.map(drop),
            host.changes(&repo(), &second(), &sha()).await.map(drop),
            host.workflow_run(&repo(), 1).await.map(drop),
        ]
        .into_iter()
        .filter_map(Result::err)
        .filter(|failure| failure.kind == FailureKind::Forbidden)
        .collect();
        assert_eq!(failures.len(), 1, "{path}: {failures:?}");
        assert!(failures[0].reason.contains("not accessible"), "{path}");
    }
}

#[tokio::test]
async fn evidence_survives_passing_faults_like_every_read() {
    for fault in [Fault::DropBefore, Fault::TruncateBody, Fault::Html(502)] {
        let fake = with_pulls(vec![open_pull(7, &[&sha()])]).await;
        fake.fault(Rule::new("GET", "*", fault.clone()).times(2));
        let pull = adapter(&fake).pull_request(&repo(), &sha()).await.unwrap();
        assert_eq!(pull.map(|p| p.number), Some(7), "{fault:?}");
    }
}

#[tokio::test]
async fn an_answer_that_lacks_what_it_must_have_is_nonsense_not_good_news() {
    let fake = with_pulls(vec![open_pull(7, &[&sha()])]).await;
    fake.fault(Rule::new("GET", "*", Fault::Answer(json!({}))).always());
    let host = adapter(&fake);
    let kinds = [
        host.pull_request(&repo(), &sha()).await.map(drop).unwrap_err().kind,
        host.checks(&repo(), &sha()).await.map(drop).unwrap_err().kind,
        host.changes(&repo(), &second(), &sha()).await.map(drop).unwrap_err().kind,
        host.workflow_run(&repo(), 1).await.map(drop).unwrap_err().kind,
    ];
    assert_eq!(kinds, [FailureKind::Protocol; 4]);
    fake.heal();
    fake.fault(Rule::new("GET", "*/pulls", Fault::Answer(json!([{"state": null}]))));
    let nameless = host.pull_request(&repo(), &sha()).await.unwrap_err();
    assert_eq!(nameless.kind, FailureKind::Protocol, "a pull request without a number is not a direct push");
}

#[tokio::test]
async fn pages_for_people_are_on_the_web_host() {
    let fake = fake().await;
    let page = adapter(&fake).commit_page(&repo(), &sha());
    assert_eq!(page, format!("{}/acme/churn-model/commit/{}", fake.url(), sha()));
}

#[tokio::test]
async fn a_file_is_read_as_it_was_at_the_commit_and_as_it_is() {
    let fake = fake().await;
    let put = |sha: String, bytes: &[u8]| {
        fake.change_repo(|repo| {
            repo.commit_mut(&sha).contents.insert("ops/sign off.toml".into(), Blob(bytes.to_vec()));
        });
    };
    put(sha().to_string(), b"[policy]\n# \xff\n");
    let host = adapter(&fake);
    let read = host.file(&repo(), &sha(), "ops/sign off.toml").await.unwrap();
    assert_eq!(read.as_deref(), Some(&b"[policy]\n# \xff\n"[..]));
    assert_eq!(host.file(&repo(), &second(), "ops/sign off.toml").await.unwrap(), None, "another commit");
    assert_eq!(host.file(&repo(), &sha(), "signoff.toml").await.unwrap(), None);
    put(sha().to_string(), &vec![b'x'; 64 * 1024 + 1]);
    let failure = host.file(&repo(), &sha(), "ops/sign off.toml").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Rejected);
    assert!(failure.reason.contains("64 KiB"), "{failure}");
    fake.fault(Rule::new("GET", "*/contents/*", Fault::Unauthorized));
    assert_eq!(host.file(&repo(), &sha(), "x").await.unwrap_err().kind, FailureKind::Unauthenticated);
}
