//! The lineage tab of the review in the real program, on real MLflow servers and the GitHub double.

use serde_json::json;

use crate::site::{COMMIT, OLD_COMMIT, Site};
use crate::support::fake_github::{Fault, Reviewed as _, Rule, check, open_pull};
use crate::support::mlflow_server::Version;
use crate::support::pty::{Exit, Key};

/// A site whose candidate was merged by a pull request and has checks.
fn site(version: Version, model: &str) -> Site {
    let site = Site::on(version, model);
    site.github.change_repo(|repo| {
        let reviews = [("lee", "APPROVED"), ("dana", "APPROVED")];
        repo.pulls = vec![open_pull(7, &[&COMMIT.parse().unwrap()]).merged(20).reviewed(&reviews)].into();
        repo.commit_mut(COMMIT).checks = vec![check(1, "unit", "success", 1), check(2, "smoke", "failure", 2)];
    });
    site
}

/// The path of each GET below the repository, once per request.
fn reads(site: &Site) -> Vec<String> {
    let own = "/repos/acme/churn-model/";
    let target = |target: &str| target.split_once(own).map(|(_, rest)| rest.split('?').next().unwrap().to_owned());
    site.github.requests().iter().filter(|r| r.method == "GET").filter_map(|r| target(&r.target)).collect()
}

fn is_read_once(version: Version) {
    let site = site(version, "e2e-lineage");
    let desk = site.desk();
    let mut pty = desk.sit_down_at((120, 40), &["open", &site.candidate()]);
    pty.wait_for("METRICS");
    assert_eq!(reads(&site), Vec::<String>::new(), "nothing is asked before the tab is opened");

    pty.press(Key::Char('2'));
    let screen = pty.wait_until("the whole tree", |s| s.contains("approved by") && !s.contains('…'));
    for wanted in [
        "v2, in Staging, ready",
        "gbm, finished",
        "e2e-lineage-0.84 (id ",
        "? the run recorded no data",
        "3f9c1ab ",
        "#7 Change 7",
        "dana, merged by lee on 2026-11-20",
        "✓ lee",
        "✗ 1 failed, 1 passed",
        "✗ smoke: failure",
        "since v1",
        "? no tag of the training run names a workflow run",
    ] {
        assert!(screen.contains(wanted), "no {wanted:?} in\n{screen}");
    }
    pty.press(Key::Char('1'));
    pty.wait_for("METRICS");
    pty.press(Key::Char('2'));
    pty.wait_for("#7 Change 7");
    let mut read = reads(&site);
    read.retain(|path| !path.starts_with("compare"));
    read.sort();
    let mut once = read.clone();
    once.dedup();
    assert_eq!(read, once, "what was read is not asked again");
    assert!([COMMIT, OLD_COMMIT].iter().all(|c| read.contains(&format!("commits/{c}"))), "{read:?}");

    // Opens the run of the version in the program.
    pty.press(Key::Char('O'));
    pty.wait_for("Params");
    pty.press(Key::Esc);
    pty.wait_for("#7 Change 7");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
    site.assert_untouched();
}

#[test]
fn the_whole_tree_is_read_when_its_tab_is_opened_and_only_once() {
    is_read_once(Version::V3_17);
}

#[test]
fn the_same_on_an_older_mlflow() {
    is_read_once(Version::V2_22);
}

#[test]
fn what_the_token_may_not_read_hides_nothing_else_and_a_refresh_reads_it() {
    let site = site(Version::V3_17, "e2e-lineage-no");
    site.github.fault(Rule::new(
        "GET",
        "*/check-runs",
        Fault::Status(403, json!({"message": "Resource not accessible by personal access token"})),
    ));
    let desk = site.desk();
    let mut pty = desk.sit_down_at((120, 40), &["open", &site.candidate()]);
    pty.wait_for("METRICS");
    pty.press(Key::Char('2'));
    let screen = pty.wait_until("all but the checks", |s| s.contains("✓ lee") && !s.contains('…'));
    let checks = screen.lines().find(|l| l.contains("checks")).unwrap();
    assert!(checks.contains("? could not"), "{screen}");
    pty.press(Key::Char('r'));
    pty.wait_for("✗ smoke: failure");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
}
