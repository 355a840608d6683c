//! Killed in the middle: the journal and the servers have enough information to finish, or to undo.

use crate::approve::{find_in_inbox, to_the_form};
use crate::desk::Desk;
use crate::site::{Held, Site};
use crate::support::pty::{Exit, Key};

/// Approves on the screens and kills the program while GitHub holds a request.
fn killed_at(site: &Site, desk: &Desk, path: &str) -> Held {
    let held = site.hold("POST", path);
    let mut pty = find_in_inbox(desk, &site.model);
    to_the_form(&mut pty);
    pty.type_slowly("v2");
    pty.press(Key::Enter);
    // The registry has moved, and the screen shows it.
    pty.wait_for("v2 in Production");
    held.wait();
    assert_eq!(pty.kill().exit, Exit::Signal("Killed".to_owned()));
    assert_eq!((site.stage(1), site.stage(2)), ("Archived".to_owned(), "Production".to_owned()));
    assert_eq!((site.github.repo().tags.len(), site.github.repo().releases.len()), (0, 0));
    held
}

/// Lets the held request be applied, although nobody waits for its answer.
fn apply(site: &Site, held: &Held) {
    held.release();
    site.wait_for_tag();
}

fn assert_unfinished(desk: &Desk) {
    let listed = desk.json(&["promotions", "--unfinished"])["promotions"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed[0]["state"], "interrupted");
}

#[test]
fn killed_when_the_tag_was_cut_but_not_answered_resume_finishes_it() {
    let site = Site::new("e2e-kill-cut");
    let desk = site.desk();
    let held = killed_at(&site, &desk, "*/git/refs");
    apply(&site, &held);
    assert_unfinished(&desk);
    let mut pty = desk.sit_down(&[]);
    pty.wait_for("the promotion of e2e-kill-cut v2 is unfinished");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
    // Now it can only be finished.
    let id = desk.json(&["promotions"])["promotions"][0]["id"].as_str().unwrap().to_owned();
    desk.run(&["undo", &id]).ends(1).says("a tag cannot be undone");
    let said = desk.run(&["resume", "--wait"]).ends(0);
    assert!(said.out.starts_with("e2e-kill-cut v2: done\n"), "{}", said.out);
    site.assert_released_once("rev1");
    assert_eq!(site.github.writes().len(), 5, "one tag object, one ref, one draft, one file, one publication");
}

#[test]
fn killed_when_the_tag_was_cut_but_not_answered_the_screens_finish_it() {
    let site = Site::new("e2e-kill-keys");
    let desk = site.desk();
    let held = killed_at(&site, &desk, "*/git/refs");
    apply(&site, &held);
    let mut pty = desk.sit_down(&[]);
    pty.wait_for("is unfinished");
    pty.press(Key::Char('H'));
    pty.wait_for("UNFINISHED");
    pty.press(Key::Enter);
    pty.wait_for("interrupted: outcome not known");
    pty.press(Key::Char('r'));
    pty.wait_for("Done: ");
    site.assert_released_once("rev1");
    pty.press(Key::Char('i'));
    pty.wait_gone("is unfinished");
    pty.press(Key::Char('q'));
    pty.wait_exit().assert_restored();
}

#[test]
fn killed_before_the_tag_was_cut_resume_cuts_it_and_the_late_first_request_does_no_harm() {
    let site = Site::new("e2e-kill-late");
    let desk = site.desk();
    let held = killed_at(&site, &desk, "*/git/refs");
    desk.run(&["resume", "--wait"]).ends(0);
    site.assert_released_once("rev1");
    let before = site.github.repo();
    held.release();
    site.settle();
    let after = site.github.repo();
    assert_eq!((&before.tags, before.releases.len()), (&after.tags, after.releases.len()));
    site.assert_released_once("rev1");
}

#[test]
fn killed_before_the_tag_was_asked_for_undo_restores_production() {
    let site = Site::new("e2e-kill-undo");
    let desk = site.desk();
    let held = killed_at(&site, &desk, "*/git/tags");
    assert_unfinished(&desk);
    let id = desk.json(&["promotions"])["promotions"][0]["id"].as_str().unwrap().to_owned();
    let said = desk.run(&["undo", &id]).ends(0);
    assert!(said.out.starts_with("e2e-kill-undo v2: undone\n"), "{}", said.out);
    // A tag object without a ref has no effect.
    held.release();
    site.settle();
    assert_eq!((site.stage(1), site.stage(2)), ("Production".to_owned(), "Staging".to_owned()));
    assert_eq!(site.own_tags(), Vec::<String>::new());
    assert_eq!((site.github.repo().tags.len(), site.github.repo().releases.len()), (0, 0));
    assert_eq!(desk.json(&["promotions"])["promotions"][0]["state"], "undone");
    // It can be approved again.
    desk.run(&["approve", &site.candidate(), "--confirm", "v2", "--wait"]).ends(0);
    site.assert_released_once("rev1");
}

#[test]
fn killed_before_the_tag_was_asked_for_the_screens_take_it_back_with_two_keys() {
    let site = Site::new("e2e-kill-back");
    let desk = site.desk();
    let held = killed_at(&site, &desk, "*/git/tags");
    held.release();
    let mut pty = desk.sit_down(&[]);
    pty.wait_for("is unfinished");
    pty.press(Key::Char('H'));
    pty.wait_for("UNFINISHED");
    pty.press(Key::Enter);
    pty.wait_for("u undo");
    pty.press(Key::Char('u'));
    pty.wait_for("Press u again to undo");
    assert_eq!(site.stage(2), "Production");
    pty.press(Key::Char('u'));
    pty.wait_for("Undone: ");
    assert_eq!((site.stage(1), site.stage(2)), ("Production".to_owned(), "Staging".to_owned()));
    assert_eq!(site.own_tags(), Vec::<String>::new());
    assert_eq!(site.github.repo().tags.len(), 0);
}

#[test]
fn two_programs_do_not_drive_one_promotion() {
    let site = Site::new("e2e-two-drivers");
    let desk = site.desk();
    let held = site.hold("POST", "*/git/refs");
    let first = desk.start(&["approve", &site.candidate(), "--confirm", "v2"]);
    held.wait();
    assert_eq!(desk.json(&["promotions"])["promotions"][0]["state"], "running");
    let id = desk.json(&["promotions"])["promotions"][0]["id"].as_str().unwrap().to_owned();
    let second = desk.run(&["resume", &id]);
    assert_ne!(second.code, Some(0), "{second:?}");
    let undo = desk.run(&["undo", &id]);
    assert_ne!(undo.code, Some(0), "{undo:?}");
    held.release();
    first.wait().ends(0);
    site.assert_released_once("rev1");
}
