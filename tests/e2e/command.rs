//! Approving on the command line, without a terminal.

use serde_json::Value;

use crate::site::{COMMIT, Site};
use crate::support::fake_github::{Fault, Rule};

#[test]
fn one_command_takes_a_version_to_production_and_follows_cd() {
    let site = Site::new("e2e-command");
    site.cd_takes_its_time();
    let desk = site.desk();
    let candidate = site.candidate();
    let said = desk.run(&["approve", &candidate, "--reason", "metrics are fine", "--confirm", "v2", "--wait"]).ends(0);
    assert!(said.out.starts_with("e2e-command v2: done\n"), "{}", said.out);
    assert!(said.out.contains("in Production, tagged e2e-command-v2 at 3f9c1ab"), "{}", said.out);
    assert!(said.out.contains("CD cd.yml run #1: success"), "{}", said.out);
    site.assert_released_once("rev1");
    let repo = site.github.repo();
    assert!(repo.tag_objects.values().all(|t| t.message.contains("\nReason: metrics are fine\n")));
    assert!(repo.releases[0].body.contains("metrics are fine"));

    let listed = desk.json(&["promotions"])["promotions"][0].clone();
    assert_eq!((&listed["state"], &listed["commit"]), (&Value::from("done"), &Value::from(COMMIT)));
    assert_eq!(listed["reason"], "metrics are fine");
    assert!(listed["steps"].as_array().unwrap().iter().all(|s| s["state"] == "done"), "{listed}");

    // A second approval is refused.
    let again = desk.run(&["approve", &candidate, "--confirm", "v2"]).ends(1);
    assert!(again.out.contains("the tag e2e-command-v2 exists already"), "{again:?}");
    site.assert_released_once("rev1");
}

#[test]
fn the_outcome_is_one_json_document() {
    let site = Site::new("e2e-json");
    let desk = site.desk();
    let outcome = desk.json(&["approve", &site.candidate(), "--confirm", "2", "--wait"]);
    assert_eq!((&outcome["schema"], &outcome["state"]), (&"signoff.promotion/1".into(), &"done".into()));
    assert_eq!((&outcome["model"], &outcome["version"]), (&"e2e-json".into(), &2.into()));
    assert!(outcome["truth"].as_array().unwrap().iter().all(|t| t["as_meant"] == true), "{outcome}");
}

#[test]
fn without_wait_it_returns_when_the_release_stands_and_resume_follows_cd() {
    let site = Site::new("e2e-nowait");
    let desk = site.desk();
    let said = desk.run(&["approve", &site.candidate(), "--confirm", "v2"]).ends(0);
    assert!(said.out.starts_with("e2e-nowait v2: released\n"), "{}", said.out);
    assert!(said.out.contains("CD was not followed"), "{}", said.out);
    site.assert_released_once("rev1");
    let said = desk.run(&["resume"]).ends(0);
    assert!(said.out.contains("CD cd.yml run #1: success"), "{}", said.out);
    site.assert_released_once("rev1");
    desk.run(&["resume"]).ends(0).says("Nothing is unfinished.");
}

#[test]
fn a_dry_run_shows_the_plan_and_writes_nothing() {
    let site = Site::new("e2e-dry");
    let desk = site.desk();
    let said = desk.run(&["approve", &site.candidate(), "--dry-run"]).ends(0).says("Nothing was written");
    for wanted in ["Staging", "Production", "Archived", "e2e-dry-v2", "commit 3f9c1ab", "Signing as rev1"] {
        assert!(said.out.contains(wanted), "no {wanted:?} in\n{}", said.out);
    }
    let plan = desk.json(&["approve", &site.candidate(), "--dry-run"]);
    assert_eq!((&plan["may_approve"], &plan["plan"]["confirm"]), (&true.into(), &"v2".into()));
    // Also with every option of a real approval.
    desk.run(&["approve", &site.candidate(), "--dry-run", "--confirm", "v2", "--wait"]).ends(0);
    site.assert_untouched();
    assert!(!desk.promotions_dir().exists(), "a dry run left a journal");
}

#[test]
fn the_wrong_version_in_confirm_stops_before_anybody_is_asked() {
    let site = Site::new("e2e-confirm");
    let desk = site.desk();
    let said = desk.run(&["approve", &site.candidate(), "--confirm", "v1"]).ends(1);
    assert!(said.err.contains("--confirm says v1, but e2e-confirm/2 is v2"), "{}", said.err);
    assert_eq!(site.github.requests().len(), 0);
    desk.run(&["approve", &site.candidate()]).ends(2).says("--confirm");
    // An alias is resolved first; the confirmation must match the version it points to.
    site.api().alias("e2e-confirm", "champion", 1);
    desk.run(&["approve", "e2e-confirm@champion", "--confirm", "v2"]).ends(1).says("is v1");
    site.assert_untouched();
}

#[test]
fn a_red_cd_run_is_told_by_a_code_of_its_own() {
    let site = Site::new("e2e-red");
    site.cd_ends("failure");
    let desk = site.desk();
    let said = desk.run(&["approve", &site.candidate(), "--confirm", "v2", "--wait"]).ends(7);
    assert!(said.out.contains("CD cd.yml run #1: failure"), "{}", said.out);
    // The release exists anyway.
    site.assert_released_once("rev1");
}

#[test]
fn a_cd_run_that_never_starts_is_told_by_the_same_code() {
    let site = Site::new("e2e-nocd");
    site.github.change_repo(|repo| repo.workflows[0].state = "disabled_manually".to_owned());
    let desk = site.desk().configured("[release]\ncd_wait_seconds = 1\n");
    let said = desk.run(&["approve", &site.candidate(), "--confirm", "v2", "--wait"]).ends(7);
    assert!(said.out.contains("CD did not start within 1 s"), "{}", said.out);
    assert_eq!(site.github.repo().releases.len(), 1);
}

#[test]
fn a_lost_reply_at_the_tag_leaves_one_tag_and_one_release() {
    lost_reply("e2e-lost-ref", "POST", "*/git/refs");
}

#[test]
fn a_lost_reply_at_the_draft_leaves_one_tag_and_one_release() {
    lost_reply("e2e-lost-release", "POST", "*/releases");
}

#[test]
fn a_lost_reply_at_the_record_leaves_one_tag_and_one_release() {
    lost_reply("e2e-lost-record", "POST", "*/assets");
}

#[test]
fn a_lost_reply_at_the_publication_leaves_one_tag_and_one_release() {
    lost_reply("e2e-lost-published", "PATCH", "*/releases/*");
}

/// The request is applied but its reply is lost: the result is read back, and the request is not sent again.
fn lost_reply(model: &str, method: &str, path: &str) {
    let site = Site::new(model);
    site.github.fault(Rule::new(method, path, Fault::DropAfterApply));
    let desk = site.desk();
    let said = desk.run(&["approve", &site.candidate(), "--confirm", "v2", "--wait"]).ends(0);
    assert!(said.err.contains("checking whether it was applied"), "{}", said.err);
    site.assert_released_once("rev1");
    assert_eq!(site.github.writes().len(), 5, "one tag object, one ref, one draft, one file, one publication");
}

#[test]
fn an_alias_can_be_what_production_means() {
    let site = Site::new("e2e-alias");
    site.api().alias("e2e-alias", "champion", 1);
    let desk = site.desk().configured(&format!(
        "[targets.live]\ntracking_uri = \"{}\"\npromote_to = \"alias:champion\"\ngithub_api_url = \"{}\"\n\
         repository = \"acme/churn-model\"\ngithub_token_env = \"LIVE_TOKEN\"\n",
        site.server.url(),
        site.github.url()
    ));
    let desk = desk.without("MLFLOW_TRACKING_URI").without("GITHUB_API_URL").without("GH_TOKEN").without("GH_REPO");
    let desk = desk.with("LIVE_TOKEN", crate::support::fake_github::SECOND_REVIEWER);
    let plan = desk.run(&["approve", &site.candidate(), "--dry-run"]).ends(0);
    assert!(plan.out.contains("@champion") && plan.out.contains("in live"), "{}", plan.out);
    desk.run(&["approve", &site.candidate(), "--confirm", "v2", "--wait"]).ends(0);
    assert_eq!(site.version(2)["aliases"], serde_json::json!(["champion"]));
    assert_eq!((site.stage(1), site.stage(2)), ("Production".to_owned(), "Staging".to_owned()));
    assert_eq!(site.github.repo().releases[0].author, "rev2");
}
