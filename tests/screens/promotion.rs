//! One promotion, live and afterwards; and the list of promotions.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use insta::assert_snapshot;
use signoff::app::query::{Query, Reply};
use signoff::app::route::Route;
use signoff::domain::cd::CdOutcome;
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
}

#[test]
fn a_promotion_that_was_taken_back() {
    let (mut driver, first) = interrupted();
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
    let at = signoff::present::time::minute(entries.last().unwrap().entry.at);
    driver.sees(&[&format!("as seen at {at}; it cannot be read now: github.com cannot be reached")]);
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
