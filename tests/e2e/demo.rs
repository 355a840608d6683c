//! The demo: everything works without a server, and every screen is marked as a demo.

use crate::desk::Desk;
use crate::support::pty::{Exit, Key, Pty};

/// Presses a key and checks that the resulting screen says DEMO.
#[track_caller]
fn shows(pty: &mut Pty, key: Key, words: &str) {
    pty.press(key);
    let screen = pty.wait_for(words);
    assert!(screen.lines().next().unwrap().contains("DEMO"), "{screen}");
}

#[test]
fn every_screen_of_the_demo_says_so() {
    let desk = Desk::empty();
    let mut pty = desk.sit_down(&["demo"]);
    let screen = pty.wait_for("card-fraud");
    assert!(screen.lines().next().unwrap().contains("DEMO"), "{screen}");
    shows(&mut pty, Key::Char('?'), "WHAT THEY DO");
    shows(&mut pty, Key::Esc, "waiting");
    shows(&mut pty, Key::Char(':'), "▏");
    shows(&mut pty, Key::Esc, "waiting");
    shows(&mut pty, Key::Char('m'), "support-triage");
    shows(&mut pty, Key::Enter, "ALIASES");
    shows(&mut pty, Key::Enter, "METRICS");
    shows(&mut pty, Key::Char('2'), "registered");
    shows(&mut pty, Key::Char('3'), "confusion_matrix");
    shows(&mut pty, Key::Char('6'), "Description");
    shows(&mut pty, Key::Char('a'), "APPROVE");
    shows(&mut pty, Key::Esc, "Description");
    shows(&mut pty, Key::Char('H'), "from the Git tag");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
}

#[test]
fn a_demo_approval_is_seen_by_the_command_line_until_the_reset() {
    let desk = Desk::empty();
    let mut pty = desk.sit_down(&["demo"]);
    pty.wait_for("card-fraud");
    pty.press(Key::Char('/'));
    pty.type_slowly("telco v42");
    pty.press(Key::Enter);
    pty.wait_until("the row", |s| s.lines().any(|l| l.contains('▸') && l.contains("telco-churn")));
    shows(&mut pty, Key::Enter, "METRICS");
    shows(&mut pty, Key::Char('a'), "from here on it cannot be undone");
    pty.type_slowly("v42");
    shows(&mut pty, Key::Enter, "Done: ");
    let screen = pty.screen();
    assert!(screen.contains("v42 in Production") && screen.contains("success"), "{screen}");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));

    let listed = desk.json(&["--demo", "promotions"])["promotions"].clone();
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!((&listed[0]["state"], &listed[0]["demo"]), (&"done".into(), &true.into()));
    assert!(!desk.promotions_dir().exists(), "a demo promotion among the real ones");
    let inbox = desk.run(&["--demo", "inbox"]).ends(0);
    assert!(!inbox.out.contains("telco-churn"), "{}", inbox.out);

    let mut pty = desk.sit_down(&["demo", "--reset"]);
    pty.wait_for("telco-churn");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
    assert_eq!(desk.json(&["--demo", "promotions"])["promotions"], serde_json::json!([]));
    assert!(desk.run(&["--demo", "inbox"]).ends(0).out.contains("telco-churn"));
}

#[test]
fn chosen_columns_are_there_in_the_next_session() {
    let desk = Desk::empty();
    let to_the_runs = |pty: &mut Pty| {
        pty.wait_for("card-fraud");
        shows(pty, Key::Char('e'), "EXPERIMENT");
        shows(pty, Key::Enter, "STATUS");
        pty.wait_for("auc")
    };
    let mut pty = desk.sit_down(&["demo"]);
    assert!(to_the_runs(&mut pty).contains("log_loss"));
    pty.press(Key::Char('C'));
    pty.wait_for("columns");
    pty.type_slowly("log_loss");
    pty.press(Key::Enter);
    pty.press(Key::Esc);
    pty.wait_until("the list without the column", |s| s.contains("STATUS") && !s.contains("log_loss"));
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
    let mut pty = desk.sit_down(&["demo"]);
    assert!(!to_the_runs(&mut pty).contains("log_loss"));
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
}

#[test]
fn the_command_line_works_in_the_demo_too() {
    let desk = Desk::empty();
    let said = desk.run(&["--demo", "approve", "telco-churn/42", "--confirm", "v42"]).ends(0);
    assert!(said.out.starts_with("telco-churn v42: released\n"), "{}", said.out);
    assert!(said.err.contains("DEMO"), "{}", said.err);
}
