//! The whole flow in the terminal: inbox, review, approval, and CD to its end.

use crate::desk::Desk;
use crate::site::{COMMIT, Site};
use crate::support::mlflow_server::Version;
use crate::support::pty::{Exit, Key, Pty};

/// Opens the screens and finds the model in the inbox, among those of other tests: the filter is fuzzy and matches any
/// name that has these letters in this order.
pub fn find_in_inbox(desk: &Desk, model: &str) -> Pty {
    let mut pty = desk.sit_down(&[]);
    pty.wait_for("waiting");
    pty.press(Key::Char('/'));
    pty.type_slowly(model);
    pty.press(Key::Enter);
    pty.wait_until("only the model in the inbox", |screen| {
        screen.lines().any(|row| row.split_whitespace().take(3).eq(["▸", model, "v2"]))
    });
    pty
}

/// From the inbox to the approval form with its plan loaded.
pub fn to_the_form(pty: &mut Pty) -> String {
    pty.press(Key::Enter);
    pty.wait_for("METRICS");
    pty.press(Key::Char('a'));
    pty.wait_for("from here on it cannot be undone")
}

#[test]
fn a_reviewer_takes_a_version_from_the_inbox_to_production() {
    let site = Site::new("e2e-way");
    site.cd_takes_its_time();
    review_and_approve(&site);
}

#[test]
fn the_same_on_an_older_mlflow() {
    review_and_approve(&Site::on(Version::V2_22, "e2e-way"));
}

fn review_and_approve(site: &Site) {
    let desk = site.desk();
    let mut pty = find_in_inbox(&desk, &site.model);
    let inbox = pty.wait_for("0.84");
    assert!(inbox.contains("rev1") && inbox.contains("? +0.03"), "{inbox}");

    pty.press(Key::Enter);
    let review = pty.wait_for("METRICS");
    for wanted in ["test_auc", "0.81", "0.84", "+0.03", "depth", "6", "8", "v1", "v2"] {
        assert!(review.contains(wanted), "no {wanted:?} in\n{review}");
    }
    // Equal on both sides, and neither better nor worse, as no direction is configured.
    assert!(!review.contains("test_log_loss") && !review.contains('▲'), "{review}");

    pty.press(Key::Char('a'));
    let form = pty.wait_for("from here on it cannot be undone");
    for wanted in ["Staging", "Production", "Archived", &site.tag(), "3f9c1ab", "Signing as rev1", "Type v2 and press"]
    {
        assert!(form.contains(wanted), "no {wanted:?} in\n{form}");
    }
    site.assert_untouched();
    pty.type_slowly("v2");
    pty.press(Key::Enter);
    let end = pty.wait_for("Done: ");
    for wanted in ["cd.yml run #1: success", "v2 in Production", "deploy ", "published in acme/churn-model"] {
        assert!(end.contains(wanted), "no {wanted:?} in\n{end}");
    }
    site.assert_released_once("rev1");
    let journal = desk.journal();
    assert_eq!(journal.last().unwrap()["event"]["type"], "ended");
    assert_eq!(journal.last().unwrap()["event"]["ending"]["ending"], "done");
    assert_eq!(journal[0]["event"]["plan"]["commit"]["sha"], COMMIT);

    // The inbox is up to date without a refresh.
    pty.press(Key::Esc);
    pty.wait_for("Lineage");
    pty.press(Key::Esc);
    pty.wait_for("Nothing waiting matches");
    pty.press(Key::Char('q'));
    let ended = pty.wait_exit();
    assert_eq!(ended.exit, Exit::Code(0));
    ended.assert_restored();
}
