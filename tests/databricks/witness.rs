//! The witness `databricks-job`: runs of a job in the workspace, which the Databricks SDK reads too.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use signoff::adapters::witness::{self, Common};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::witness::{Released, Says, VersionAt, Word};

use crate::support::clock::ManualClock;
use crate::support::double::{Fault, Rule};
use crate::support::fake_databricks::{Began, FakeDatabricks, Scheduled};
use crate::{clients, jobs};

const AT: &str = "2026-11-29T09:00:00Z";

fn began(id: i64, at: &str, state: (&'static str, &'static str), parameters: &[(&'static str, &'static str)]) -> Began {
    Began { id, at: at.parse().unwrap(), state, parameters: parameters.to_vec(), notebook: Vec::new() }
}

/// A job that ran before the release and after it, and another one.
pub fn scheduled() -> Vec<Scheduled> {
    let over = ("TERMINATED", "SUCCESS");
    let runs = vec![
        began(1, "2026-11-29T08:00:00Z", over, &[("model_version", "2")]),
        began(2, "2026-11-29T10:00:00Z", over, &[("model_version", "3")]),
    ];
    vec![Scheduled { id: 991, name: "Score", runs }, Scheduled { id: 992, name: "train", runs: Vec::new() }]
}

async fn ask(fake: &FakeDatabricks, job: &str, version: Option<&str>) -> Word {
    let clock = ManualClock::at(AT);
    clock.advance(Duration::from_secs(90 * 60));
    let common = Common {
        name: "score".to_owned(),
        models: vec!["*".to_owned()],
        settle: SignedDuration::from_mins(30),
        clock: Arc::new(clock),
    };
    let released = Released {
        model: ModelName::new("telco"),
        version: VersionNumber(3),
        before: Some(VersionNumber(2)),
        repository: "acme/churn-model".parse().unwrap(),
        tag: "telco-v3".parse().unwrap(),
        commit: "3f9c1ab000000000000000000000000000000000".parse().unwrap(),
        at: AT.parse().unwrap(),
    };
    let at = version.map(|pointer| VersionAt::Conf(pointer.to_owned()));
    fake.forget();
    let word = witness::databricks_job(common, job.to_owned(), at, jobs(fake)).ask(&released).await;
    assert!(fake.requests().iter().all(|r| r.method == "GET"), "it only reads");
    assert!(!word.reason.is_empty());
    word
}

#[tokio::test]
async fn the_newest_run_after_the_release_tells_by_its_state_and_its_parameters() {
    let fake = FakeDatabricks::start();
    for (state, version, at, says) in [
        (("TERMINATED", "SUCCESS"), "3", Some("/model_version"), Says::Agrees),
        (("TERMINATED", "SUCCESS"), "v3", Some("/model_version"), Says::Agrees),
        (("TERMINATED", "SUCCESS"), "telco-v3", Some("/model_version"), Says::Agrees),
        (("TERMINATED", "SUCCESS"), "2", Some("/model_version"), Says::Disagrees),
        (("TERMINATED", "SUCCESS"), "3", Some("/elsewhere"), Says::Unknown),
        (("TERMINATED", "SUCCESS"), "3", None, Says::Unknown),
        (("TERMINATED", "FAILED"), "3", Some("/model_version"), Says::Disagrees),
        (("TERMINATED", "CANCELED"), "3", Some("/model_version"), Says::Disagrees),
        (("INTERNAL_ERROR", ""), "3", Some("/model_version"), Says::Disagrees),
        (("RUNNING", ""), "3", Some("/model_version"), Says::NotYet),
        (("QUEUED", ""), "3", None, Says::NotYet),
        (("PENDING", ""), "2", Some("/model_version"), Says::NotYet),
    ] {
        let mut all = scheduled();
        all[0].runs.push(began(3, "2026-11-29T10:05:00Z", state, &[("model_version", version), ("day", "x")]));
        fake.change(|workspace| workspace.scheduled = all);
        for job in ["991", "Score", "score"] {
            let word = ask(&fake, job, at).await;
            assert_eq!(word.says, says, "{job} {state:?} {version} {at:?}: {word:?}");
        }
    }
}

#[tokio::test]
async fn what_a_run_was_given_counts_before_the_job_s_own_value_and_the_job_may_be_named_after_the_model() {
    let fake = FakeDatabricks::start();
    let mut all = scheduled();
    all[0].name = "score telco";
    all[0].runs.push(Began {
        notebook: vec![("model_version", "3")],
        ..began(3, "2026-11-29T10:05:00Z", ("TERMINATED", "SUCCESS"), &[("model_version", "2")])
    });
    fake.change(|workspace| workspace.scheduled = all);
    assert_eq!(ask(&fake, "score {model}", Some("/model_version")).await.says, Says::Agrees);
}

#[tokio::test]
async fn no_run_since_the_release_is_not_yet_and_what_cannot_be_asked_is_no_disagreement() {
    let fake = FakeDatabricks::start();
    let mut all = scheduled();
    all[0].runs.truncate(1);
    all.push(Scheduled { id: 993, name: "twice", runs: Vec::new() });
    all.push(Scheduled { id: 994, name: "Twice", runs: Vec::new() });
    fake.change(|workspace| workspace.scheduled = all);
    assert_eq!(ask(&fake, "score", Some("/model_version")).await.says, Says::NotYet);
    for (job, says) in [("twice", "several jobs"), ("none", "no job of that name"), ("4711", "does not exist")] {
        let word = ask(&fake, job, None).await;
        assert_eq!(word.says, Says::Unknown, "{job}: {word:?}");
        assert!(word.reason.contains(says), "{job}: {word:?}");
    }
    for fault in [Fault::Unauthorized, Fault::Html(502), Fault::HalfBody, Fault::DropBefore] {
        fake.fault(Rule::new("GET", "*/jobs/runs/list", fault.clone()).always());
        let word = ask(&fake, "991", None).await;
        assert_eq!(word.says, Says::Unknown, "{fault:?}: {word:?}");
        fake.heal();
    }
}

/// The double says what the SDK understands.
#[tokio::test]
async fn the_sdk_reads_the_same_runs() {
    let fake = FakeDatabricks::start();
    let mut all = scheduled();
    all[0].runs.push(Began {
        notebook: vec![("model_version", "4")],
        ..began(3, "2026-11-29T10:05:00Z", ("RUNNING", ""), &[])
    });
    fake.change(|workspace| workspace.scheduled = all);
    let said = clients::run(&fake, "jobs").await;
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(
        lines,
        [
            "job=991",
            "3=RUNNING 1795946700000 {'model_version': '4'}",
            "2=SUCCESS 1795946400000 {'model_version': '3'}",
            "1=SUCCESS 1795939200000 {'model_version': '2'}",
        ]
    );
}
