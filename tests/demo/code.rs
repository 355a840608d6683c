//! Evidence about commits in the demo's repository.

use signoff::domain::lineage::{CheckCounts, trained_by, watched};
use signoff::ports::code::CodeHost;

use super::*;
use signoff::domain::ids::CommitSha;

impl Demo {
    /// The commit a version was trained from.
    async fn commit_of(&self, model: &str, number: u64) -> CommitSha {
        let run = self.run_of(&self.version(model, number).await).await.unwrap();
        self.host.commit(&repo(), run.source_commit().unwrap()).await.unwrap().sha
    }
}

#[tokio::test]
async fn the_good_candidate_was_reviewed_by_two_and_all_its_checks_passed() {
    let demo = Demo::new();
    let commit = demo.commit_of(CHURN, 42).await;
    let pull = demo.host.pull_request(&repo(), &commit).await.unwrap().unwrap();
    assert_eq!((pull.number, pull.author.as_deref(), pull.merged_by.as_deref()), (128, Some("dana"), Some("lee")));
    assert_eq!(pull.approvers, ["lee", "mio"]);
    let checks = demo.host.checks(&repo(), &commit).await.unwrap();
    assert_eq!(CheckCounts::of(&checks), CheckCounts { passed: 6, ..CheckCounts::default() });
}

#[tokio::test]
async fn the_code_of_the_good_candidate_moved_on_since_production() {
    let demo = Demo::new();
    let (old, new) = (demo.commit_of(CHURN, 39).await, demo.commit_of(CHURN, 42).await);
    let change = demo.host.changes(&repo(), &old, &new).await.unwrap();
    assert_eq!((change.ahead_by, change.behind_by, change.commits.len(), change.truncated), (7, 0, 7, false));
    assert_eq!(change.commits[0], ("3f9c1ab".to_owned(), "Tune threshold".to_owned()));
    // Added and removed again in between.
    assert!(!change.files.iter().any(|f| f.path == "src/features/telco/plans.py"), "{:?}", change.files);
    let train = watched(&change.files, &["src/train/**".to_owned()]);
    assert!(train > 0 && train < change.files.len(), "{train} of {}", change.files.len());
    let back = demo.host.changes(&repo(), &new, &old).await.unwrap();
    assert_eq!((back.ahead_by, back.behind_by, back.files.len()), (0, 7, 0));
}

#[tokio::test]
async fn one_commit_was_pushed_directly_one_fails_a_check_and_one_is_approved_by_its_author_alone() {
    let demo = Demo::new();
    let notes = demo.commit_of("客户流失 🚀", 3).await;
    assert_eq!(demo.host.pull_request(&repo(), &notes).await.unwrap(), None);
    assert!(!demo.host.checks(&repo(), &notes).await.unwrap().is_empty());

    let fraud = demo.host.checks(&repo(), &demo.commit_of("card-fraud", 9).await).await.unwrap();
    assert_eq!(CheckCounts::of(&fraud), CheckCounts { passed: 4, skipped: 1, failed: 1, open: 0 });

    let credit = demo.commit_of("credit-limit", 6).await;
    let pull = demo.host.pull_request(&repo(), &credit).await.unwrap().unwrap();
    assert_eq!(
        (pull.author.as_deref(), pull.merged_by.as_deref(), pull.approvers.len()),
        (Some("mio"), Some("mio"), 0)
    );
    let world = demo.store.snapshot().unwrap();
    assert_eq!(world.repo.pulls_of(&credit).next().unwrap().reviews, [(Some("mio".to_owned()), "APPROVED".to_owned())]);

    let spike = demo.commit_of("churn-uplift", 1).await;
    assert_eq!(demo.host.checks(&repo(), &spike).await.unwrap(), []);
}

#[tokio::test]
async fn a_renamed_file_names_what_it_was_called() {
    let demo = Demo::new();
    let (old, new) = (demo.commit_of("card-fraud", 8).await, demo.commit_of("card-fraud", 9).await);
    let files = demo.host.changes(&repo(), &old, &new).await.unwrap().files;
    let table = files.iter().find(|f| f.path.ends_with("table.py")).unwrap();
    assert_eq!(table.previous_path.as_deref(), Some("src/features/card_fraud/stream.py"));
}

#[tokio::test]
async fn what_ci_trained_names_its_workflow_run() {
    let demo = Demo::new();
    let mut named = 0;
    for version in all_versions(&demo.registry).await {
        let Some(run) = demo.run_of(&version).await else { continue };
        let trained = trained_by(&run.tags);
        let in_ci = run.tags.text("mlflow.source.type") == Some("JOB");
        assert_eq!(trained.is_some(), in_ci, "{} {}", version.model, version.number);
        if let Some(trained) = trained {
            let (host, slug) = trained.place.unwrap();
            assert_eq!((host, &slug), (demo.host.host(), &repo()));
            let workflow = demo.host.workflow_run(&slug, trained.id).await.unwrap();
            assert_eq!((workflow.state, workflow.path.as_str()), (CdState::Success, ".github/workflows/train.yml"));
            named += 1;
        }
    }
    assert_eq!(named, 5);
    let cd = demo.store.snapshot().unwrap().repo.runs[0].id;
    assert_eq!(demo.host.workflow_run(&repo(), cd).await.unwrap().path, ".github/workflows/cd.yml");
}

#[tokio::test]
async fn what_the_repository_does_not_have_is_not_found() {
    let demo = Demo::new();
    let (here, nowhere) = (demo.commit_of(CHURN, 42).await, "d".repeat(40).parse::<CommitSha>().unwrap());
    assert_eq!(kind(demo.host.pull_request(&repo(), &nowhere).await), FailureKind::NotFound);
    assert_eq!(kind(demo.host.checks(&repo(), &nowhere).await), FailureKind::NotFound);
    assert_eq!(kind(demo.host.changes(&repo(), &nowhere, &here).await), FailureKind::NotFound);
    assert_eq!(kind(demo.host.workflow_run(&repo(), 1).await), FailureKind::NotFound);
    let other = "acme/other".parse().unwrap();
    assert_eq!(kind(demo.host.checks(&other, &here).await), FailureKind::NotFound);
    assert!(demo.host.commit_page(&repo(), &here).ends_with(here.as_str()));
}
