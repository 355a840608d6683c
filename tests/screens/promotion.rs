//! One promotion, live and afterwards; and the list of promotions.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use insta::assert_snapshot;
use signoff::app::action::Action;
use signoff::app::effect::Effect;
use signoff::app::keymap::{Context, Rebound, parse_key};
use signoff::app::msg::Msg;
use signoff::app::query::{Query, Reply};
use signoff::app::route::Route;
use signoff::domain::cd::{CdOutcome, CdState};
use signoff::domain::cd_act::{CdAct, Environment, PendingDeployment};
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::promotion::Progress;
use signoff::domain::promotion::{Ending, Event, Observation, Step};
use signoff::domain::record::Decision;

use super::support::driver::{Driver, demo_rules};
use super::{pictures, text};

/// A promotion that was confirmed and executed, with none of it shown yet.
fn promoted(model: &str, number: u64) -> (Driver, Vec<Progress>) {
    let route = Route::Approve(ModelName::new(model), VersionNumber(number), Decision::Approve);
    let mut driver = Driver::asking(demo_rules(), &[route], |_| {});
    driver.answer_all();
    driver.keys(&format!("<tab>metrics and bias report read<tab>v{number}<enter>"));
    let entries = driver.promote();
    (driver, entries)
}

/// Entries up to and including the first match.
fn until(entries: &[Progress], fits: impl Fn(&Event) -> bool) -> &[Progress] {
    let at = entries.iter().position(|p| fits(&p.entry.event)).expect("an entry that fits");
    &entries[..=at]
}

fn starts(step: Step) -> impl Fn(&Event) -> bool {
    move |event| matches!(event, Event::Started { step: s } if *s == step)
}

fn truth(what: &str, is: &str, as_meant: Option<bool>) -> Observation {
    Observation { what: what.into(), is: is.into(), as_meant }
}

/// What the servers say now. The demo's world is that of a promotion that went through.
fn servers_say(driver: &mut Driver, found: Vec<Observation>) {
    driver.answer_with(move |query| match query {
        Query::Truth { promotion } => Some(Reply::Truth { promotion: *promotion, answer: Ok(found.clone()) }),
        _ => None,
    });
}

#[test]
fn facts_being_read_again() {
    let (mut driver, entries) = promoted("telco-churn", 42);
    driver.show(&entries[..1]);
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn a_step_at_work() {
    let (mut driver, entries) = promoted("telco-churn", 42);
    driver.show(until(&entries, starts(Step::TagRef)));
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn cd_at_work_with_its_jobs() {
    let (mut driver, entries) = promoted("telco-churn", 42);
    let running = |event: &Event| matches!(event, Event::CdSeen { outcome: CdOutcome::Run(run) } if run.decides.state.to_string() == "running");
    driver.show(until(&entries, running));
    driver.wait(Duration::from_secs(4));
    assert_snapshot!("cd_at_work_with_its_jobs", pictures(&mut driver));
    driver.keys("<esc>");
    assert_snapshot!("the_inbox_while_a_promotion_is_at_work", text(&mut driver, 80, 24));
}

#[test]
fn a_promotion_that_is_done() {
    let (mut driver, entries) = promoted("telco-churn", 42);
    driver.show(&entries);
    driver.settle(entries[0].id);
    assert_snapshot!("a_promotion_that_is_done", pictures(&mut driver));
    driver.keys("<esc>H");
    assert_snapshot!("the_promotions_of_this_machine", pictures(&mut driver));
    driver.resize(120, 90);
    driver.keys("<enter>?");
    driver.sees(&["record: what was signed"]);
    driver.misses(&["undo:", "approve deployment:", "re-run:", "whole log:", "resume:"]);
    driver.keys("<esc>u");
    driver.sees(&["There is nothing to undo."]);
}

#[test]
fn a_release_whose_cd_failed() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    driver.show(&entries);
    driver.settle(entries[0].id);
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn a_promotion_that_needs_a_person() {
    let (mut driver, entries) = promoted("telco-churn", 42);
    driver.show(until(&entries, starts(Step::Release)));
    let failure = Failure::new(
        FailureKind::Forbidden,
        Service::Github,
        "publish the release telco-churn-v42 in acme/churn-models",
        "the token may not write to this repository",
    )
    .with_hint("Give it 'Contents: write', then resume.");
    let truth = vec![
        truth("mark", "promoting 01a207a2-3280-7000-8000-000000000002 by rev1", Some(true)),
        truth("stage", "v42 in Production", Some(true)),
        truth("tag", "telco-churn-v42 at 3f9c1ab0df14804094ce2c71bacb99a9dad6be89", Some(true)),
        truth("release", "could not be read: the token may not read this repository", None),
    ];
    servers_say(&mut driver, truth.clone());
    let id = entries[0].id;
    let failed = Event::Failed { step: Step::Release, failure: failure.clone() };
    driver.show_events(id, [failed, Event::Paused { failure, truth }]);
    driver.settle(id);
    assert_snapshot!("a_promotion_that_needs_a_person", pictures(&mut driver));
    driver.keys("<esc>");
    assert_snapshot!("the_inbox_with_an_unfinished_promotion", pictures(&mut driver));
}

/// The process running it exited while the stage was being moved.
fn interrupted() -> (Driver, Progress) {
    let (mut driver, entries) = promoted("telco-churn", 42);
    let marked = truth("mark", "promoting 01a207a2-3280-7000-8000-000000000002 by rev1", Some(true));
    let untouched =
        [truth("stage", "v39 in Production", Some(false)), truth("tag", "no tag telco-churn-v42", Some(true))];
    let found = std::iter::once(marked).chain(untouched).chain([truth("release", "no release", Some(true))]);
    servers_say(&mut driver, found.collect());
    driver.show(until(&entries, starts(Step::Move)));
    driver.settle(entries[0].id);
    (driver, entries[0].clone())
}

#[test]
fn a_promotion_that_was_interrupted() {
    let (mut driver, _) = interrupted();
    assert_snapshot!("a_promotion_that_was_interrupted", pictures(&mut driver));
    driver.keys("u");
    assert_snapshot!("an_undo_asked_for", text(&mut driver, 80, 24));
    let rebound = |action, key: &str| Rebound {
        context: Context::Promotion,
        action,
        keys: vec![parse_key(key).unwrap()],
        line: 1,
    };
    driver.state.keymap.rebind(&[rebound(Action::Undo, "f6"), rebound(Action::Resume, "f5")]);
    // Keys are bound before anything is drawn.
    driver.resize(80, 24);
    driver.sees(&["Press F6 again to undo"]);
    driver.keys("J");
    driver.sees(&["F5 resume", "F6 undo"]);
    driver.misses(&["   r resume", "   u undo"]);
}

#[test]
fn a_promotion_that_was_taken_back() {
    let (mut driver, first) = interrupted();
    let taken_back =
        vec![truth("mark", "none", Some(true)), truth("stage", "v42 in Staging, v39 in Production", Some(true))];
    servers_say(&mut driver, taken_back);
    driver.show_events(
        first.id,
        [
            Event::UndoRequested { by: "rev1".into() },
            Event::UndoStarted { step: Step::Move },
            Event::Undone {
                step: Step::Move,
                note: "v42 back in Staging, v39 back in Production".into(),
                seen: true,
                answered: true,
            },
            Event::UndoStarted { step: Step::Mark },
            Event::Undone { step: Step::Mark, note: "the mark was removed".into(), seen: true, answered: true },
            Event::Ended {
                ending: Ending::Undone { why: "undone at the request of rev1".into() },
                truth: vec![
                    truth("mark", "none", Some(true)),
                    truth("stage", "v42 in Staging, v39 in Production", Some(true)),
                ],
            },
        ],
    );
    driver.settle(first.id);
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn a_promotion_that_was_refused() {
    let route = Route::Approve(ModelName::new("telco-churn"), VersionNumber(42), Decision::Approve);
    let mut driver = Driver::asking(demo_rules(), &[route], |_| {});
    driver.answer_all();
    driver.keys("v42<enter>");
    driver.world(|world| {
        let telco = world.models.get_mut(&ModelName::new("telco-churn")).unwrap();
        telco.versions.get_mut(&VersionNumber(42)).unwrap().stage = signoff::domain::registry::Stage::Archived;
    });
    let entries = driver.promote();
    driver.show(&entries);
    driver.settle(entries[0].id);
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn no_promotion_was_made_yet() {
    let mut driver = Driver::demo();
    driver.keys("H");
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn jobs_that_cannot_be_read_are_asked_for_again_after_a_pause_and_no_sooner() {
    let (mut driver, entries) = promoted("telco-churn", 42);
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    driver.answer_with(move |query| {
        let Query::Jobs { .. } = query else { return None };
        count.set(count.get() + 1);
        assert!(count.get() < 100, "asked without a pause");
        let failure = Failure::new(FailureKind::Unavailable, Service::Github, "list the jobs", "no server answers");
        (count.get() > 1).then_some(Reply::failed(query.clone(), failure))
    });
    let running = |event: &Event| matches!(event, Event::CdSeen { outcome: CdOutcome::Run(run) } if run.decides.state.to_string() == "running");
    let so_far = until(&entries, running);
    driver.show(so_far);
    let before = asked.get();
    assert!(before > 1, "again with every entry of the journal");
    driver.wait(Duration::from_secs(2));
    assert_eq!(asked.get(), before);
    driver.wait(Duration::from_secs(1));
    assert_eq!(asked.get(), before + 1);
    driver.show(&entries[so_far.len()..]);
    let ended = asked.get();
    assert!(ended > before + 1, "once more when it has ended");
    driver.wait(Duration::from_secs(600));
    assert_eq!(asked.get(), ended);
}

#[test]
fn cd_is_as_it_is_now_where_a_promotion_is_shown() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    let end = entries.last().unwrap().entry.at;
    driver.world(|world| {
        let run = world.repo.runs.last().unwrap().id;
        world.repo.rerun(run, end).unwrap();
    });
    driver.show(&entries);
    driver.settle(entries[0].id);
    driver.sees(&["attempt 2: "]);
    driver.wait(Duration::from_secs(120));
    driver.sees(&["attempt 2: success", "deployed by CD"]);
    driver.misses(&["as seen at"]);
    driver.keys("<esc>H");
    driver.resize(120, 24);
    driver.sees(&["released, CD success"]);
    driver.misses(&["(seen "]);
}

#[test]
fn cd_that_cannot_be_read_again_is_shown_with_the_time_when_it_was_seen() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    let failure = Failure::new(FailureKind::Unavailable, Service::Github, "read run 7", "github.com cannot be reached");
    driver.refuse(|query| matches!(query, Query::Cd { .. }), failure);
    driver.show(&entries);
    driver.settle(entries[0].id);
    driver.resize(100, 40);
    let at = signoff::present::time::Zone::Utc.minute(entries.last().unwrap().entry.at);
    driver.sees(&[&format!("as seen at {at}; it cannot be read now: github.com cannot be")]);
    driver.keys("<esc>H");
    driver.resize(180, 40);
    driver.sees(&[&format!("CD failure (seen {at})"), "github.com cannot be reached"]);
}

#[test]
fn the_history_reads_cd_of_the_rows_in_sight_only() {
    let (mut driver, entries) = promoted("telco-churn", 42);
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    driver.answer_with(move |query| {
        if let Query::Cd { .. } = query {
            count.set(count.get() + 1);
        }
        None
    });
    driver.show(&entries);
    driver.settle(entries[0].id);
    assert_eq!(asked.get(), 1);
    // An old release cannot have changed.
    driver.wait(Duration::from_secs(31 * 24 * 3600));
    driver.keys("<esc>H");
    assert_eq!(asked.get(), 1);
}

#[test]
fn after_a_failed_cd_the_screen_says_what_is_true_and_leads_on() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    let id = entries[0].id;
    driver.show(&entries);
    driver.settle(id);
    let said = [
        "WHAT IS TRUE NOW",
        "✓ MLflow   v6 in Production",
        "✓ tag      credit-limit-v6 at 86224a2",
        "✓ release  published in acme/churn-models",
        "✗ CD       cd.yml run #9: failure  ✓ build  ✓ deploy  ✗ smoke-test",
        "smoke-test, the end of its log",
        "> AssertionError: golden request 17: limit 0, expected 2,500",
        "R roll back",
        "F re-run",
        "l whole log",
    ];
    driver.sees(&said);
    driver.keys("<esc>H<enter>");
    driver.sees(&said);
    driver.keys("l");
    driver.sees(&["Log  smoke-test", "Run Wait for readiness", "Post job cleanup"]);
    driver.keys("<esc>F");
    driver.sees(&["Press F again to run the failed jobs again: cd.yml run #9"]);
    driver.keys("JF");
    assert!(!driver.asked().iter().any(|e| matches!(e, Effect::AskCd(..))), "another key in between");
    driver.keys("F");
    let asked = driver.asked();
    assert!(asked.iter().any(|e| matches!(e, Effect::AskCd(of, CdAct::Rerun { .. }) if *of == id)), "{asked:?}");
    driver.settle(id);
    driver.keys("R");
    driver.sees(&["ROLL BACK", "Type v5 and press Enter"]);
    driver.keys("v5");
    driver.sees(&["Type v5 and press Enter:  v5"]);
    driver.keys("<esc>");
    driver.sees(&["Earlier versions that were in production"]);
    driver.keys("<esc>");
    driver.sees(&["WHAT IS TRUE NOW"]);
}

#[test]
fn a_note_on_a_failed_promotion_is_kept_with_its_record() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    let id = entries[0].id;
    driver.show(&entries);
    driver.settle(id);
    driver.resize(100, 40);
    driver.sees(&["n note"]);
    driver.asked();
    driver.keys("n<enter>");
    driver.sees(&["Write a sentence first."]);
    driver.keys("The golden request is wrong, not R6.<enter>");
    let text = "The golden request is wrong, not R6.".to_owned();
    assert!(driver.asked().contains(&Effect::Annotate(id, text)), "the letters are text");
    let failure = Failure::new(FailureKind::Unavailable, Service::Github, "sign in", "github.com cannot be reached");
    driver.send(Msg::Annotated(id, Err(failure)));
    driver.sees(&["github.com cannot be reached"]);
    driver.keys("n");
    driver.sees(&["note  The golden request is wrong"]);
    driver.keys("<enter>");
    driver.annotate();
    driver.sees(&["The note is kept with the record."]);
    driver.keys("n");
    driver.misses(&["golden request is wrong"]);
    driver.keys("<esc>dG");
    driver.sees(&["NOTES", "rev1: The golden request is wrong, not R6."]);
}

#[test]
fn what_cannot_be_read_now_is_as_it_was_seen() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    let failure = Failure::new(FailureKind::Unavailable, Service::Github, "read", "github.com cannot be reached");
    driver.refuse(|query| matches!(query, Query::Truth { .. } | Query::JobLog { .. }), failure);
    driver.show(&entries);
    driver.settle(entries[0].id);
    driver.sees(&["WHAT IS TRUE NOW   as seen at", "it cannot be read now", "v6 in Production"]);
    driver.sees(&["smoke-test: its log cannot be read: github.com cannot be reached"]);
}

/// CD of telco-churn v42 waits for an environment.
fn waiting(may_approve: bool) -> (Driver, signoff::domain::ids::PromotionId) {
    let (mut driver, mut entries) = promoted("telco-churn", 42);
    driver.answer_with(move |query| {
        let Query::Pending { repo, run } = query else { return None };
        let pending = PendingDeployment {
            environment: Environment { id: 7, name: "production".into() },
            may_approve,
            reviewers: vec!["lee".into(), "ml-release".into()],
            wait_minutes: 0,
        };
        Some(Reply::Pending { repo: repo.clone(), run: *run, answer: Ok(vec![pending]) })
    });
    let running = |event: &Event| matches!(event, Event::CdSeen { outcome: CdOutcome::Run(run) } if run.decides.state.to_string() == "running");
    let mut so_far = until(&entries, running).to_vec();
    let last = so_far.last_mut().unwrap();
    let Event::CdSeen { outcome: CdOutcome::Run(runs) } = &mut last.entry.event else { unreachable!() };
    runs.decides.state = CdState::Waiting;
    driver.show(&so_far);
    (driver, entries.remove(0).id)
}

#[test]
fn an_environment_that_cd_waits_for_is_approved_with_the_same_key_twice() {
    let (mut driver, id) = waiting(true);
    driver.sees(&["CD waits for approval of production; reviewers: lee, ml-release   A approve"]);
    driver.keys("A");
    driver.sees(&["Press A again to approve as rev1 that CD deploys v42 to production."]);
    assert_snapshot!("an_environment_that_cd_waits_for", pictures(&mut driver));
    driver.keys("A");
    let environments = vec![Environment { id: 7, name: "production".into() }];
    let asked = driver.asked();
    let approves = |e: &Effect| matches!(e, Effect::AskCd(of, CdAct::Approve { environments: e, .. }) if *of == id && *e == environments);
    assert!(asked.iter().any(approves), "{asked:?}");
}

#[test]
fn who_may_not_approve_an_environment_is_told_who_may() {
    let (mut driver, _) = waiting(false);
    driver.sees(&["CD waits for approval of production; reviewers: lee, ml-release"]);
    driver.misses(&["A approve"]);
    driver.keys("AA");
    driver.sees(&["GitHub does not let you approve it"]);
    assert!(!driver.asked().iter().any(|e| matches!(e, Effect::AskCd(..))));
}

#[test]
fn after_a_roll_back_no_page_below_says_what_is_no_longer_so() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    driver.show(&entries);
    driver.settle(entries[0].id);
    driver.sees(&["✓ MLflow   v6 in Production"]);
    driver.keys("R<tab>the golden request fails<tab>v5<enter>");
    let back = driver.promote();
    driver.show(&back);
    driver.answering = false;
    driver.settle(back[0].id);
    driver.keys("<esc>");
    driver.sees(&["Roll back", "reading what was in production"]);
    driver.keys("<esc>");
    driver.sees(&["WHAT IS TRUE NOW   reading …", "… MLflow   v6 in Production"]);
    driver.answer_all();
    driver.sees(&["✗ MLflow"]);
    driver.misses(&["✓ MLflow", "v6 in Production"]);
    driver.keys("<esc>:credit-limit/5<enter>R");
    driver.sees(&["Roll back", "  v6"]);
    driver.misses(&["  v5"]);
}

#[test]
fn the_record_of_a_promotion_says_what_became_of_it() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    driver.show(&entries);
    driver.settle(entries[0].id);
    driver.resize(100, 40);
    driver.keys("d/outcome<enter>");
    driver.sees(&["OUTCOME"]);
    driver.keys("<esc>G");
    driver.sees(&["OUTCOME", "✗ released, CD failure", "cd.yml run #9: failure"]);
    driver.keys("<esc>R<tab>the golden request fails<tab>v5<enter>");
    let back = driver.promote();
    driver.show(&back);
    driver.settle(back[0].id);
    driver.keys("<esc><esc>dG");
    driver.sees(&["! rolled back to v5 by @rev1 at "]);
}

#[test]
fn what_cannot_be_read_after_a_roll_back_is_not_passed_off_as_seen() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    driver.show(&entries);
    driver.settle(entries[0].id);
    driver.keys("R<tab>the golden request fails<tab>v5<enter>");
    let back = driver.promote();
    driver.show(&back);
    let failure = Failure::new(FailureKind::Unavailable, Service::Mlflow, "read", "no server answers");
    let gone = |query: &Query| matches!(query, Query::Truth { .. } | Query::RollbackCandidates { .. });
    driver.refuse(gone, failure);
    driver.settle(back[0].id);
    driver.keys("<esc>");
    driver.sees(&["no server answers"]);
    driver.misses(&["Press Enter to see what a rollback would do"]);
    driver.keys("<esc>");
    driver.sees(&["it cannot be read now", "? MLflow   v6 in Production"]);
}

#[test]
fn what_was_asked_of_cd_after_the_end_is_followed() {
    let (mut driver, entries) = promoted("credit-limit", 6);
    let id = entries[0].id;
    driver.show(&entries);
    driver.settle(id);
    driver.resize(100, 40);
    driver.wait(Duration::from_secs(3600));
    assert!(!driver.state.animates(), "nothing goes on");
    let mut run = 0;
    driver.world(|world| run = world.repo.runs.last().unwrap().id);
    let asked = Event::CdAsked { act: CdAct::Rerun { run }, by: "rev1".into() };
    driver.show_events(id, [asked, Event::CdAnswered { failure: None }]);
    driver.settle(id);
    assert!(driver.state.animates(), "GitHub needs a moment to begin");
    driver.sees(&["✗ CD       cd.yml run #9: failure"]);
    driver.wait(Duration::from_secs(54));
    let now = driver.state.now;
    driver.world(|world| world.repo.rerun(run, now).unwrap());
    driver.wait(Duration::from_secs(3));
    driver.sees(&["Released. CD is not over: cd.yml run #9, attempt 2: running", " 3.00s"]);
    driver.misses(&["✗"]);
    driver.wait(Duration::from_secs(4));
    assert!(driver.state.animates(), "it goes on");
    driver.keys("<esc>");
    assert!(!driver.state.animates(), "nobody looks at it");
    driver.keys("H<enter>");
    driver.wait(Duration::from_secs(120));
    driver.sees(&["attempt 2: success", "deployed by CD"]);
    assert!(!driver.state.animates());
}

#[test]
fn tags_in_the_history_are_told_apart() {
    let (mut driver, entries) = promoted("telco-churn", 42);
    driver.show(&entries);
    driver.settle(entries[0].id);
    let longer = |tag: &str| format!("telco-churn-of-the-northern-region-{tag}");
    let tags = [longer("v42"), longer("v42-2")];
    for (n, tag) in tags.iter().enumerate() {
        let mut again = entries.clone();
        for progress in &mut again {
            progress.id = signoff::domain::promotion::samples::id(90 + n as u128);
            if let Event::Opened { plan } = &mut progress.entry.event {
                plan.id = progress.id;
                plan.draft.tag = tag.parse().unwrap();
            }
        }
        driver.show(&again);
    }
    driver.keys("<esc>H");
    driver.resize(160, 24);
    driver.sees(&[&format!("{}  ", tags[0]), &tags[1]]);
    driver.resize(100, 24);
    driver.sees(&["v42 ", "v42-2 "]);
}

#[test]
fn what_is_in_production_has_its_symbol_on_its_review() {
    let mut driver = Driver::demo();
    driver.keys(":telco-churn/42<enter>");
    driver.sees(&["telco-churn  ○ v42"]);
    driver.keys(":telco-churn/39<enter>");
    driver.sees(&["telco-churn  ● v39"]);
    driver.keys("f");
    driver.sees(&["telco-churn  ● v39"]);
}
