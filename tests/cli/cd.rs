//! `signoff cd`: what CD waits for or failed in, and what a person asks of it, confirmed as an approval is.

use signoff::adapters::demo::github::Protected;
use signoff::domain::record::chain::ChainLine;

use super::*;

/// A desk whose CD deploys to an environment with these reviewers.
fn guarded(reviewers: &[&str]) -> Desk {
    Desk::changed(
        |_| {},
        |world| {
            let reviewers = reviewers.iter().map(|login| (*login).to_owned()).collect();
            world.repo.workflows[0].jobs[0].environment =
                Some(Protected { id: 77, name: "production".into(), reviewers });
        },
    )
}

async fn notes(desk: &Desk) -> Vec<String> {
    let lines = desk.services.records.read().await.unwrap();
    let notes = lines.into_iter().filter_map(|line| match line {
        ChainLine::Outcome(outcome) => Some(outcome.notes),
        ChainLine::Record(_) => None,
    });
    notes.flatten().filter(|note| note.contains("asked GitHub")).collect()
}

/// Approved without following CD, so that nobody looked for its runs yet.
async fn waiting(reviewers: &[&str]) -> Desk {
    let desk = guarded(reviewers);
    let ran = desk.run("approve telco-churn/42 --confirm v42").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    desk.services.clock.sleep(std::time::Duration::from_secs(30)).await;
    desk
}

#[tokio::test]
async fn an_environment_is_shown_with_its_reviewers_and_approved_once_confirmed() {
    let desk = waiting(&["rev1", "lee"]).await;
    let shown = desk.run("cd telco-churn/42").await;
    assert_eq!(shown.exit, Exit::Done, "{}", shown.err);
    assert!(shown.out.contains("waits for approval of production; reviewers: rev1, lee"), "{}", shown.out);
    assert!(shown.err.contains("--approve-environment production"), "{}", shown.err);
    let json = desk.run("cd telco-churn-v42 --json").await.json();
    assert_eq!((&json["schema"], &json["cd"]["state"]), (&"signoff.cd/1".into(), &"waiting".into()), "{json:#}");
    let pending = &json["pending"][0];
    assert_eq!((&pending["environment"], &pending["may_approve"]), (&"production".into(), &true.into()), "{json:#}");
    // Without a confirmation nothing is asked, and a script does not go on.
    let plan = desk.run("cd telco-churn/42 --approve-environment production").await;
    assert_eq!(plan.exit, Exit::Usage, "{}", plan.err);
    assert!(plan.err.contains("Nothing was written. To approve the deployment of run"), "{}", plan.err);
    assert!(plan.err.contains("with --confirm v42"), "{}", plan.err);
    let wrong = desk.run("cd telco-churn/42 --approve-environment production --confirm v41").await;
    assert_eq!((wrong.exit, wrong.err.contains("--confirm says v41")), (Exit::Refused, true), "{}", wrong.err);
    assert_eq!(notes(&desk).await, Vec::<String>::new());
    let done = desk.run("cd telco-churn/42 --approve-environment production --confirm v42 --wait").await;
    assert_eq!(done.exit, Exit::Done, "{} {}", done.out, done.err);
    assert!(done.out.contains("success"), "{}", done.out);
    let asked = notes(&desk).await;
    assert!(asked.len() == 1 && asked[0].starts_with("rev1 asked GitHub to approve the deployment"), "{asked:?}");
    let again = desk.run("cd telco-churn/42 --approve-environment production --confirm v42").await;
    assert_eq!(again.exit, Exit::Refused, "{}", again.err);
    assert!(again.err.contains("CD waits for no approval"), "{}", again.err);
}

#[tokio::test]
async fn without_wait_it_returns_once_github_was_asked() {
    let desk = waiting(&["rev1"]).await;
    let asked = desk.run("cd telco-churn/42 --approve-environment production --confirm v42").await;
    assert_eq!(asked.exit, Exit::Done, "{} {}", asked.out, asked.err);
    assert!(asked.out.contains("GitHub was asked to approve") && asked.err.contains("--wait"), "{}", asked.err);
    assert_eq!(notes(&desk).await.len(), 1);
    let followed = desk.run("cd telco-churn/42 --wait").await;
    assert_eq!(followed.exit, Exit::Done, "{} {}", followed.out, followed.err);
    assert!(followed.out.contains("success"), "{}", followed.out);
}

#[tokio::test]
async fn who_may_not_approve_is_told_who_may_and_a_misspelt_environment_is_named() {
    let desk = waiting(&["lee", "mio"]).await;
    let refused = desk.run("cd telco-churn/42 --approve-environment production --confirm v42").await;
    assert_eq!(refused.exit, Exit::Refused, "{}", refused.err);
    assert!(refused.err.contains("does not let you approve production"), "{}", refused.err);
    assert!(refused.err.contains("lee, mio"), "{}", refused.err);
    let misspelt = desk.run("cd telco-churn/42 --approve-environment prodution").await;
    assert_eq!(
        (misspelt.exit, misspelt.err.contains("did you mean 'production'")),
        (Exit::Refused, true),
        "{}",
        misspelt.err
    );
    assert_eq!(notes(&desk).await, Vec::<String>::new());
}

#[tokio::test]
async fn failed_jobs_are_named_and_run_again_once_confirmed() {
    let desk = Desk::new();
    let failed = desk.run("approve credit-limit/6 --confirm v6 --wait").await;
    assert_eq!(failed.exit, Exit::CdFailed, "{}", failed.err);
    let shown = desk.run("cd credit-limit/6").await;
    assert_eq!(shown.exit, Exit::Done, "{}", shown.err);
    assert!(shown.out.contains("✗ job smoke-test: failure"), "{}", shown.out);
    assert!(shown.err.contains("--rerun-failed"), "{}", shown.err);
    let plan = desk.run("cd credit-limit/6 --rerun-failed --jq .asks,.failed_jobs[].name").await;
    assert_eq!(plan.exit, Exit::Usage);
    assert!(plan.out.starts_with("run the failed jobs of run ") && plan.out.ends_with("smoke-test\n"), "{}", plan.out);
    let asked = desk.run("cd credit-limit/6 --rerun-failed --confirm v6").await;
    assert_eq!(asked.exit, Exit::Done, "{} {}", asked.out, asked.err);
    assert!(notes(&desk).await[0].contains("run the failed jobs"), "{:?}", notes(&desk).await);
    let followed = desk.run("cd credit-limit/6 --wait").await;
    assert_eq!(followed.exit, Exit::Done, "{} {}", followed.out, followed.err);
    assert!(followed.out.contains("attempt 2: success"), "{}", followed.out);
}

#[tokio::test]
async fn a_rerun_is_followed_to_its_end_where_that_is_wanted() {
    let desk = Desk::new();
    assert_eq!(desk.run("approve credit-limit/6 --confirm v6 --wait").await.exit, Exit::CdFailed);
    // It failed, and nobody asked for more.
    let failed = desk.run("cd credit-limit/6 --wait").await;
    assert_eq!(failed.exit, Exit::CdFailed, "{} {}", failed.out, failed.err);
    let done = desk.run("cd credit-limit/6 --rerun-failed --confirm v6 --wait").await;
    assert_eq!(done.exit, Exit::Done, "{} {}", done.out, done.err);
    assert!(done.out.contains("attempt 2: success"), "{}", done.out);
    assert_eq!(desk.run("promotions --jq .promotions[].cd.state").await.out, "success\n");
}

#[tokio::test]
async fn nothing_is_asked_of_what_did_not_fail_or_is_not_there() {
    let desk = Desk::new();
    let none = desk.run("cd telco-churn/42").await;
    assert_eq!((none.exit, none.err.contains("no promotion of this machine")), (Exit::Refused, true), "{}", none.err);
    assert_eq!(desk.run("cd 4f2a").await.exit, Exit::Refused);
    assert_eq!(desk.run("approve telco-churn/42 --confirm v42 --wait").await.exit, Exit::Done);
    let fine = desk.run("cd telco-churn/42 --rerun-failed --confirm v42").await;
    assert_eq!(fine.exit, Exit::Refused);
    assert!(fine.err.contains("no run of its CD failed") && fine.err.contains("success"), "{}", fine.err);
    assert!(Cli::try_parse_from("signoff cd x --rerun-failed --approve-environment p".split(' ')).is_err());
    let readonly = Desk::with(|rules| rules.readonly = true);
    assert_eq!(readonly.run("cd telco-churn/42").await.exit, Exit::Refused);
}
