//! Approvals that a deployment job waits for, on the plan and on the promotion's screen.

use signoff::adapters::demo::World;
use signoff::adapters::demo::world::JobRun;
use signoff::app::route::Route;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::record::Decision;
use signoff::domain::registry::PromotionTarget;

use super::support::driver::{Driver, demo_rules};
use super::text;

const CANDIDATE: VersionNumber = VersionNumber(42);

fn churn() -> ModelName {
    ModelName::new("telco-churn")
}

fn plan(approvals: &'static [&'static str], change: impl FnOnce(&mut World)) -> Driver {
    let mut rules = demo_rules();
    rules.promote_to = PromotionTarget::DeploymentJob;
    let route = Route::Approve(churn(), CANDIDATE, Decision::Approve);
    let mut driver = Driver::asking(rules, &[route], |world| {
        let made = world.made_at;
        world.jobs.push(JobRun::waiting((&churn(), CANDIDATE), approvals, false, made));
        change(world);
    });
    driver.answer_all();
    driver
}

fn assert_shows(driver: &mut Driver, wanted: &[&str]) {
    for (width, height) in [(80, 24), (140, 40)] {
        let shown = text(driver, width, height);
        for wanted in wanted {
            assert!(shown.contains(wanted), "'{wanted}' is not in\n{shown}");
        }
    }
}

#[test]
fn the_plan_and_the_promotion_name_job_run_and_task() {
    let mut driver = plan(&["Approval_Check"], |_| {});
    assert_shows(&mut driver, &["Job task", "Approval_Check", "run 7003 of job 991", "goes on and deploys"]);
    driver.keys("v42<enter>");
    let entries = driver.promote();
    driver.show(&entries);
    driver.settle(entries[0].id);
    let wanted = ["approve task", "Approval_Check is approved on v42", "repair run", "run 7003 of job 991: success"];
    assert_shows(&mut driver, &wanted);
    assert!(text(&mut driver, 140, 40).contains("deployed by its job"));
}

#[test]
fn an_approval_with_tasks_left_says_that_it_releases_nothing() {
    let mut driver = plan(&["Approval_Legal", "Approval_Risk"], |_| {});
    assert_shows(&mut driver, &["Approval_Legal passes, Approval_Risk is left: this promotes nothing yet"]);
    assert!(text(&mut driver, 140, 40).contains("run 7003 of job 991 goes on"));
}

#[test]
fn a_job_that_fails_is_said() {
    let mut driver = plan(&["Approval_Check"], |world| {
        world.jobs[0].tasks.last_mut().unwrap().ends = "FAILED".to_owned();
    });
    driver.keys("v42<enter>");
    let entries = driver.promote();
    driver.show(&entries);
    driver.settle(entries[0].id);
    assert_shows(&mut driver, &["its deployment job has not deployed it", "failed: deploy ended as FAILED"]);
}
