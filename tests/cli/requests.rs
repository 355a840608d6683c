//! Requests to move a version to a stage, as the workspace registry of Databricks keeps them.

use signoff::adapters::databricks::{self, KnownRegistry, Registry, SignIn};
use signoff::adapters::mlflow::Connection;
use signoff::domain::policy::file;

use super::*;
use crate::support::fake_databricks::{FakeDatabricks, Fault, PERSON, Rule, Transition};

#[derive(Debug)]
struct Nothing;

#[async_trait::async_trait]
impl KnownRegistry for Nothing {
    async fn knows(&self, _url: &str) -> bool {
        false
    }
}

/// A desk whose registry is the workspace registry over the same world.
fn desk(change: impl FnOnce(&mut Rules)) -> (Desk, FakeDatabricks) {
    let mut desk = Desk::with(change);
    let fake = FakeDatabricks::over(desk.store.clone());
    let mut settings = Connection::settings();
    settings.repeat.pause = std::time::Duration::ZERO;
    settings.paced = false;
    let sign_in = SignIn::Token(PERSON.to_owned().into());
    let endpoint = databricks::endpoint(&fake.url().parse().unwrap(), &sign_in, &settings).unwrap();
    let mut connection = Connection::new(endpoint);
    connection.settings = settings;
    let (registry, tracking) = databricks::ports(&connection, Registry::Workspace, Arc::new(Nothing));
    (desk.services.registry, desk.services.tracking) = (registry, tracking);
    (desk, fake)
}

fn ask(fake: &FakeDatabricks, by: &str) {
    let asked = Transition {
        model: "telco-churn".to_owned(),
        version: "42".to_owned(),
        to: "Production".to_owned(),
        by: by.to_owned(),
        comment: "tests\u{1b} are green".to_owned(),
        at: "2026-11-22T08:00:00Z".parse().unwrap(),
    };
    fake.change(|state| state.transitions.push(asked));
}

#[tokio::test]
async fn the_inbox_and_show_name_requester_comment_and_stage() {
    let (desk, fake) = desk(|_| {});
    let before = desk.run("inbox").await;
    assert!(!before.out.contains("REQUEST"), "{}", before.out);
    ask(&fake, "quinn@acme.example");
    let inbox = desk.run("inbox").await;
    let row = inbox.out.lines().find(|line| line.contains("telco-churn ") && line.contains("v42")).unwrap();
    assert!(row.contains("Production by quinn@acme.example: tests␛ are green"), "{row}");
    let wanted = serde_json::json!([{
        "to": "Production", "by": "quinn@acme.example", "comment": "tests␛ are green", "at": "2026-11-22T08:00:00Z"
    }]);
    let json = desk.run("inbox --json").await.json();
    let waiting = json["waiting"].as_array().unwrap();
    let asked: Vec<_> = waiting.iter().filter(|row| row.get("requests").is_some()).collect();
    assert!(asked.len() == 1 && asked[0]["version"] == 42 && asked[0]["requests"] == wanted, "{asked:?}");

    let shown = desk.run("show telco-churn/42").await;
    assert!(shown.out.contains("quinn@acme.example asks for Production, 1d ago: tests␛ are green"), "{}", shown.out);
    assert_eq!(desk.run("show telco-churn/42 --json").await.json()["requests"], wanted);
    assert!(desk.run("show telco-churn/39 --json").await.json().get("requests").is_none());
}

/// The lists of the workspace registry may leave out which versions there are.
#[tokio::test]
async fn the_inbox_is_the_same_where_lists_name_no_versions() {
    let (desk, fake) = desk(|_| {});
    let named = desk.run("inbox --json").await.json();
    assert!(named["waiting"].as_array().unwrap().len() > 3, "{named}");
    fake.change(|state| state.lists_latest = false);
    assert_eq!(desk.run("inbox --json").await.json()["waiting"], named["waiting"]);
}

#[tokio::test]
async fn requests_that_cannot_be_read_hide_nothing_else() {
    let (desk, fake) = desk(|_| {});
    fake.fault(Rule::new("GET", "*/transition-requests/list", Fault::DropBefore).always());
    let inbox = desk.run("inbox").await;
    assert_eq!(inbox.exit, Exit::Done);
    assert!(inbox.out.contains("telco-churn") && inbox.err.contains("may be missing"), "{} {}", inbox.out, inbox.err);
    assert_eq!(inbox.err.matches("may be missing").count(), 1, "one cause is told once: {}", inbox.err);
    let shown = desk.run("show telco-churn/42 --json").await.json();
    assert!(shown["requests_missing"].as_str().unwrap().contains("transition requests of version"), "{shown}");
}

/// Who asked for a promotion is as little independent of it as who trained the version.
#[tokio::test]
async fn four_eyes_counts_who_asked() {
    let blocks = |rules: &mut Rules| {
        rules.policy.configured =
            file::parse("[policy.four_eyes]\ntrainer = \"block\"\nunknown = \"block\"\n").unwrap();
    };
    for (by, state, said) in [
        ("dana@acme.example", "block", "asked for this promotion"),
        ("quinn@acme.example", "pass", "did not ask for it (quinn@acme.example did)"),
    ] {
        let (desk, fake) = desk(blocks);
        ask(&fake, by);
        let plan = desk.run("approve telco-churn/42 --dry-run --json").await.json();
        let checks = plan["checks"].as_array().unwrap();
        let found = checks.iter().find(|c| c["detail"].as_str().unwrap_or_default().contains(said));
        assert_eq!(found.unwrap_or_else(|| panic!("{checks:#?}"))["state"], state);
    }
    let (desk, fake) = desk(blocks);
    fake.fault(Rule::new("GET", "*/transition-requests/list", Fault::DropBefore).always());
    let plan = desk.run("approve telco-churn/42 --dry-run --json").await;
    assert!(plan.out.contains("who asked for this promotion could not be read"), "{} {}", plan.out, plan.err);
}
