//! The confirmation: only the version, typed key by key and sent with Enter, promotes. Anything else does nothing.

use crate::approve::{find_in_inbox, to_the_form};
use crate::site::Site;
use crate::support::pty::{Exit, Key, Pty};

const FIELD: &str = "Type v2 and press Enter:  ";

fn at_the_form(site: &Site) -> (crate::desk::Desk, Pty) {
    let desk = site.desk();
    let mut pty = find_in_inbox(&desk, &site.model);
    to_the_form(&mut pty);
    pty.wait_for(&format!("{FIELD}▏"));
    (desk, pty)
}

#[test]
fn a_pasted_version_does_not_confirm() {
    let site = Site::new("e2e-paste");
    let (_desk, mut pty) = at_the_form(&site);
    pty.paste("v2");
    let screen = pty.wait_for("A paste does not confirm");
    assert!(screen.contains(&format!("{FIELD}▏")), "{screen}");
    pty.paste("v2\r");
    pty.press(Key::Enter);
    // Half pasted and half typed does not count.
    pty.type_slowly("v");
    pty.paste("2");
    pty.wait_for("A paste does not confirm");
    pty.press(Key::Enter);
    pty.wait_for("Type exactly v2.");
    site.assert_untouched();
}

#[test]
fn enter_does_nothing_before_the_text_matches() {
    let site = Site::new("e2e-enter");
    let (desk, mut pty) = at_the_form(&site);
    pty.press(Key::Enter);
    for wrong in ["v", "v1", "V2", "v22", "2"] {
        pty.type_slowly(wrong);
        pty.press(Key::Enter);
        pty.wait_for("Type exactly v2.");
        pty.press(Key::Ctrl('u'));
        pty.wait_for(&format!("{FIELD}▏"));
    }
    // The reason is free text, and Enter in it only moves back.
    pty.press(Key::Tab);
    pty.wait_gone(&format!("{FIELD}▏"));
    pty.type_slowly("v2");
    pty.press(Key::Enter);
    pty.wait_for(&format!("{FIELD}▏"));
    pty.press(Key::Enter);
    pty.type_slowly("v");
    site.assert_untouched();
    assert!(!desk.promotions_dir().exists());
}

#[test]
fn esc_leaves_and_nothing_happens() {
    let site = Site::new("e2e-esc");
    let (desk, mut pty) = at_the_form(&site);
    pty.type_slowly("v2");
    pty.press(Key::Esc);
    pty.wait_for("Lineage");
    // The typed version is not kept for next time.
    pty.press(Key::Char('a'));
    pty.wait_for(&format!("{FIELD}▏"));
    pty.press(Key::Esc);
    pty.wait_for("Lineage");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
    site.assert_untouched();
    assert!(!desk.promotions_dir().exists());
}

#[test]
fn what_changed_since_the_review_is_told_and_not_promoted() {
    let site = Site::new("e2e-changed");
    let desk = site.desk();
    let mut pty = find_in_inbox(&desk, &site.model);
    pty.press(Key::Enter);
    pty.wait_for("METRICS");
    // Somebody else is faster: another version is in production now.
    let third = site.add_version(crate::site::OLD_COMMIT, 0.86, "");
    site.api().stage(&site.model, 1, "Archived");
    site.api().stage(&site.model, third, "Production");
    pty.press(Key::Char('a'));
    pty.wait_for("since you reviewed it");
    pty.type_slowly("v2");
    pty.press(Key::Enter);
    pty.wait_for("It changed since you reviewed it.");
    assert_eq!((site.stage(2), site.own_tags()), ("Staging".to_owned(), Vec::new()));
    assert_eq!(site.github.writes().len(), 0);
}
