//! Approve, resume and undo as commands: confirmation, exit codes, and that stopping loses nothing.

use super::*;
use futures_util::StreamExt as _;
use signoff::cli::args::Command;
use signoff::cli::commands::approve;
use signoff::cli::commands::drive::Stop;
use signoff::domain::failure::Failure;

/// Never requests a stop.
fn never() -> Stop {
    futures_util::stream::pending().boxed()
}

/// Requests a stop before the first step.
pub fn at_once() -> Stop {
    futures_util::stream::iter([()]).chain(futures_util::stream::pending()).boxed()
}

pub async fn approve_with(desk: &Desk, line: &str, stop: Stop) -> Ran {
    let cli = Cli::try_parse_from(["signoff"].into_iter().chain(line.split(' '))).unwrap();
    let Some(Command::Approve(args)) = cli.command else { panic!("{line}") };
    let (mut sink, out, err) = Sink::captured(Style::default());
    let exit = approve::run(&desk.services, &args, stop, &mut sink).await.unwrap();
    Ran { exit, out: out.text(), err: err.text() }
}

async fn promotions(desk: &Desk) -> Vec<serde_json::Value> {
    desk.run("promotions --json").await.json()["promotions"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_typed_version_has_to_be_the_one_that_is_meant() {
    let desk = Desk::new();
    for line in ["approve telco-churn/42 --confirm v41", "approve telco-churn@challenger --confirm 39"] {
        let ran = desk.run(line).await;
        assert_eq!((ran.exit, ran.out.as_str()), (Exit::Refused, ""));
        assert!(ran.err.contains("is v42") && ran.err.contains("--confirm v42"), "{}", ran.err);
    }
    assert!(promotions(&desk).await.is_empty());
}

#[tokio::test]
async fn an_approval_is_told_step_by_step_and_ends_with_what_is_true() {
    let desk = Desk::new();
    let ran = approve_with(&desk, "approve telco-churn/42 --confirm v42 --reason fine --wait", never()).await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    for line in ["✓ facts  read again", "✓ tag  telco-churn-v42 on ", "✓ release", "success"] {
        assert!(ran.err.contains(line), "{line} in {}", ran.err);
    }
    assert!(ran.out.starts_with("telco-churn v42: done\n  in Production, tagged telco-churn-v42 at"), "{}", ran.out);
    let shown = desk.run("show telco-churn/42 --json").await.json();
    assert_eq!(shown["version"]["stage"], "Production");
}

#[tokio::test]
async fn without_wait_it_returns_once_the_release_stands_and_resume_follows_cd() {
    let desk = Desk::new();
    let ran = approve_with(&desk, "approve telco-churn/42 --confirm v42", never()).await;
    assert_eq!(ran.exit, Exit::Done);
    assert!(ran.out.contains("telco-churn v42: released") && ran.out.contains("signoff resume"), "{}", ran.out);
    assert_eq!(promotions(&desk).await[0]["state"], "released");
    assert_eq!(desk.run("promotions --unfinished").await.out, "No unfinished promotions.\n");
    let resumed = desk.run("resume").await;
    assert_eq!(resumed.exit, Exit::Done, "{}", resumed.err);
    assert_eq!(promotions(&desk).await[0]["state"], "done");
    assert!(desk.run("resume").await.err.contains("Nothing is unfinished"));
}

#[tokio::test]
async fn a_stop_leaves_it_unfinished_and_resume_ends_it() {
    let desk = Desk::new();
    let ran = approve_with(&desk, "approve telco-churn/42 --confirm v42", at_once()).await;
    assert_eq!(ran.exit, Exit::Unfinished, "{}", ran.err);
    assert!(ran.err.contains("signoff resume") && ran.err.contains("signoff undo"), "{}", ran.err);
    let second = desk.run("approve telco-churn/42 --confirm v42").await;
    assert_eq!(second.exit, Exit::Refused);
    assert!(second.out.contains("unfinished"), "{}", second.out);
    assert_eq!(desk.run("resume --wait").await.exit, Exit::Done);
}

#[tokio::test]
async fn an_unfinished_promotion_is_found_by_a_part_of_its_id_and_taken_back() {
    let desk = Desk::new();
    approve_with(&desk, "approve telco-churn/42 --confirm v42", at_once()).await;
    let id = promotions(&desk).await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(desk.run("undo ffffffff").await.exit, Exit::Refused);
    let undone = desk.run(&format!("undo {}", &id[id.len() - 12..])).await;
    assert_eq!(undone.exit, Exit::Done, "{}", undone.err);
    assert_eq!(promotions(&desk).await[0]["state"], "undone");
    assert_eq!(desk.run("show telco-churn/42 --json").await.json()["version"]["stage"], "Staging");
    let again = desk.run(&format!("undo {id}")).await;
    assert_eq!((again.exit, again.err.contains("ended already")), (Exit::Refused, true));
}

#[tokio::test]
async fn what_was_released_is_not_taken_back() {
    let desk = Desk::new();
    approve_with(&desk, "approve telco-churn/42 --confirm v42", never()).await;
    let id = promotions(&desk).await[0]["id"].as_str().unwrap().to_owned();
    let ran = desk.run(&format!("undo {id}")).await;
    assert_eq!((ran.exit, ran.err.contains("a tag cannot be undone")), (Exit::Refused, true), "{}", ran.err);
}

#[tokio::test]
async fn a_promotion_goes_on_only_where_it_began() {
    let desk = Desk::new();
    approve_with(&desk, "approve telco-churn/42 --confirm v42", at_once()).await;
    let id = promotions(&desk).await[0]["id"].as_str().unwrap().to_owned();
    let stored = desk.loaded.paths.state_of(true).join(format!("promotions/{id}.jsonl"));
    let moved = std::fs::read_to_string(&stored).unwrap().replace("demo://mlflow", "http://mlflow.prod:5000");
    std::fs::write(&stored, moved).unwrap();
    let ran = desk.run("resume").await;
    assert_eq!(ran.exit, Exit::Usage);
    assert!(ran.err.contains("http://mlflow.prod:5000") && ran.err.contains("as they were"), "{}", ran.err);
}

#[tokio::test]
async fn with_wait_a_failed_cd_has_an_exit_code_of_its_own() {
    let desk = Desk::new();
    let ran = approve_with(&desk, "approve credit-limit/6 --confirm v6 --wait", never()).await;
    assert_eq!(ran.exit, Exit::CdFailed, "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("failure"), "{}", ran.out);
}

#[tokio::test]
async fn a_read_only_target_takes_no_approval() {
    let desk = Desk::with(|rules| rules.readonly = true);
    let ran = desk.run("approve telco-churn/42 --confirm v42").await;
    assert_eq!((ran.exit, ran.out.contains("read-only")), (Exit::Usage, true), "{}", ran.out);
    assert!(promotions(&desk).await.is_empty());
}

/// The folder of the journals of a desk.
fn journals(desk: &Desk) -> std::path::PathBuf {
    desk.loaded.paths.state_of(true).join("promotions")
}

#[tokio::test]
async fn a_journal_that_cannot_be_read_is_named_and_has_an_exit_code() {
    let desk = Desk::new();
    let id = "0193d3a2-0000-7000-8000-00000000dead";
    std::fs::create_dir_all(journals(&desk)).unwrap();
    std::fs::write(journals(&desk).join(format!("{id}.jsonl")), "{\"v\":1,\"seq\":0}\n").unwrap();
    for line in ["promotions --unfinished", "promotions --unfinished --json", "resume"] {
        let ran = desk.run(line).await;
        assert_eq!(ran.exit, Exit::Journal, "{line}: {}", ran.err);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains(&id[24..]) && said.contains("damaged"), "{line}: {said}");
    }
    // Something else is finished all the same, and the code stays.
    let ran = approve_with(&desk, "approve telco-churn/42 --confirm v42", at_once()).await;
    assert_ne!(ran.exit, Exit::Done);
    let ran = desk.run("resume").await;
    assert_eq!(ran.exit, Exit::Journal, "{}", ran.err);
    assert!(ran.out.contains("telco-churn v42: released"), "{}{}", ran.out, ran.err);
}

#[tokio::test]
async fn an_empty_journal_is_cleared_with_what_it_said() {
    let desk = Desk::new();
    let (empty, torn) = ("0193d3a2-0000-7000-8000-00000000dead", "0193d3a2-0000-7000-8000-00000000beef");
    std::fs::create_dir_all(journals(&desk)).unwrap();
    std::fs::write(journals(&desk).join(format!("{empty}.jsonl")), "").unwrap();
    std::fs::write(journals(&desk).join(format!("{torn}.jsonl")), "{\"v\":1,\"seq\":0,\"at\":\"2026-11-2").unwrap();
    assert_eq!(desk.run("promotions --unfinished").await.exit, Exit::Done, "nothing was written");
    let ran = desk.run("resume").await;
    assert_eq!(ran.exit, Exit::Done);
    for said in [empty, torn, "It was empty", "\"at\":\"2026-11-2", "Nothing is unfinished"] {
        assert!(ran.err.contains(said), "{said} in {}", ran.err);
    }
    assert_eq!(std::fs::read_dir(journals(&desk)).unwrap().count(), 0);
}

#[tokio::test]
async fn promotions_show_what_became_of_cd_since() {
    let desk = Desk::changed(
        |_| {},
        |world| {
            let commits = Arc::make_mut(&mut world.repo.commits);
            for commit in commits.values_mut() {
                commit.cd_fails_at = Some("deploy".to_owned());
            }
        },
    );
    let ran = approve_with(&desk, "approve telco-churn/42 --confirm v42 --wait", never()).await;
    assert_eq!(ran.exit, Exit::CdFailed, "{}{}", ran.out, ran.err);
    let state = |all: &[serde_json::Value]| all[0]["cd"]["state"].as_str().unwrap().to_owned();
    assert_eq!(state(&promotions(&desk).await), "failed");
    let now = desk.services.clock.now();
    desk.store
        .change(|world| {
            let run = world.repo.runs.last().unwrap().id;
            world.repo.rerun(run, now)
        })
        .unwrap()
        .unwrap();
    desk.services.clock.sleep(std::time::Duration::from_secs(600)).await;
    assert_eq!(state(&promotions(&desk).await), "success");
}

#[tokio::test]
async fn promotions_say_when_cd_was_seen_where_it_cannot_be_read_again() {
    let desk = Desk::new();
    let ran = approve_with(&desk, "approve telco-churn/42 --confirm v42 --wait", never()).await;
    assert_eq!(ran.exit, Exit::Done, "{}{}", ran.out, ran.err);
    assert!(promotions(&desk).await[0]["cd_seen_at"].is_null());
    let moved = |world: &mut World| {
        world.repo.slug = "acme/moved-away".parse().unwrap();
        Ok::<_, Failure>(())
    };
    desk.store.change(moved).unwrap().unwrap();
    let all = promotions(&desk).await;
    assert_eq!(all[0]["cd_seen_at"], all[0]["updated_at"]);
    let said = desk.run("promotions").await;
    assert!(said.out.contains("success (seen "), "{}", said.out);
    assert!(said.err.contains("CD is shown as it was seen last: "), "{}", said.err);
}
