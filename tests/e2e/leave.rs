//! Leaving: the terminal is restored however the program ends, and a running promotion is left consistent.

use crate::approve::{find_in_inbox, to_the_form};
use crate::desk::{Desk, SMALL};
use crate::site::Site;
use crate::support::fake_github::{Moment, Pace};
use crate::support::pty::{Exit, Key, Pty, signal};

/// A desk for tests that need no working servers.
fn somewhere() -> Desk {
    Desk::empty().with("MLFLOW_TRACKING_URI", "http://127.0.0.1:1").with("GH_REPO", "acme/churn-model")
}

/// The program in a shell that compares the terminal's settings before and after it.
fn in_a_shell(desk: &Desk) -> Pty {
    let pty = desk.shell(
        r#"echo before; was=$(stty -g)
           sh -c 'echo $$ > pid; exec "$0"' "$0"; code=$?
           if [ "$was" = "$(stty -g)" ]; then echo "same terminal, code $code"; else echo "spoilt terminal"; fi"#,
    );
    pty.wait_for("Inbox");
    pty
}

fn assert_as_before(pty: Pty, code: u32) {
    let ended = pty.wait_exit();
    assert!(ended.screen.starts_with("before\n"), "{}", ended.screen);
    assert!(ended.screen.contains(&format!("same terminal, code {code}")), "{}", ended.screen);
    ended.assert_restored();
    assert!(ended.told.strange.is_empty(), "{:?}", ended.told);
}

#[test]
fn q_gives_the_terminal_back() {
    let desk = somewhere();
    let mut pty = in_a_shell(&desk);
    pty.press(Key::Char('q'));
    assert_as_before(pty, 0);
}

#[test]
fn ctrl_c_gives_the_terminal_back() {
    let desk = somewhere();
    let mut pty = in_a_shell(&desk);
    pty.press(Key::Ctrl('c'));
    assert_as_before(pty, 0);
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for name in ["TERM", "INT", "HUP"] {
        let desk = somewhere();
        let pty = in_a_shell(&desk);
        signal(desk.file("pid").trim().parse().unwrap(), name);
        assert_as_before(pty, 0);
    }
}

/// In a shell with job control: `fg` after Ctrl-Z shows the screen again, and the shell had its own in between.
#[test]
fn ctrl_z_stops_and_fg_continues() {
    let desk = somewhere();
    let mut pty = desk.shell(r#"set -m; "$0"; echo "stopped with $?"; read go; fg > /dev/null; echo "over with $?""#);
    pty.wait_for("Inbox");
    pty.press(Key::Ctrl('z'));
    pty.wait_for("stopped with");
    pty.press(Key::Enter);
    pty.wait_for("Inbox");
    pty.press(Key::Char('q'));
    let ended = pty.wait_exit();
    assert!(ended.screen.contains("stopped with") && ended.screen.contains("over with 0"), "{}", ended.screen);
    ended.assert_restored();
}

#[test]
fn a_closed_terminal_ends_the_program() {
    let desk = somewhere();
    let pty = desk.sit_down(&[]);
    pty.wait_for("Inbox");
    let exit = pty.hang_up();
    assert!(matches!(exit, Exit::Code(0 | 1)), "{exit:?}");
}

#[test]
fn leaving_while_a_promotion_is_at_work_stops_after_the_step_and_says_how_to_go_on() {
    let site = Site::new("e2e-left-once");
    let desk = site.desk();
    let mut pty = find_in_inbox(&desk, &site.model);
    to_the_form(&mut pty);
    let held = site.hold("POST", "*/git/refs");
    pty.type_slowly("v2");
    pty.press(Key::Enter);
    pty.wait_for("v2 in Production");
    held.wait();
    pty.press(Key::Ctrl('c'));
    pty.wait_for("Stopping after the step at work");
    held.release();
    let ended = pty.wait_exit();
    ended.assert_restored();
    assert_eq!(ended.exit, Exit::Code(6), "{}", ended.screen);
    assert!(ended.screen.contains("Go on with `signoff resume "), "{}", ended.screen);
    // The current step was finished, and none after it was started.
    let repo = site.github.repo();
    assert_eq!((repo.tags.len(), repo.releases.len()), (1, 0));
    desk.run(&["resume", "--wait"]).ends(0);
    site.assert_released_once("rev1");
}

#[test]
fn leaving_twice_leaves_at_once() {
    let site = Site::new("e2e-twice-left");
    let desk = site.desk();
    let mut pty = find_in_inbox(&desk, &site.model);
    to_the_form(&mut pty);
    let held = site.hold("POST", "*/git/refs");
    pty.type_slowly("v2");
    pty.press(Key::Enter);
    pty.wait_for("v2 in Production");
    held.wait();
    pty.press(Key::Ctrl('c'));
    pty.wait_for("Stopping after the step at work");
    pty.press(Key::Ctrl('c'));
    let ended = pty.wait_exit();
    ended.assert_restored();
    assert_eq!(ended.exit, Exit::Code(6), "{}", ended.screen);
    assert!(ended.screen.contains("Go on with `signoff resume "), "{}", ended.screen);
    held.release();
    site.wait_for_tag();
    desk.run(&["resume", "--wait"]).ends(0);
    site.assert_released_once("rev1");
}

#[test]
fn a_signal_on_the_command_line_stops_after_the_step() {
    for name in ["INT", "TERM", "HUP"] {
        stopped_by(name);
    }
}

fn stopped_by(name: &str) {
    let site = Site::new(&format!("e2e-{}", name.to_lowercase()));
    let desk = site.desk();
    let held = site.hold("POST", "*/git/refs");
    let command = desk.start(&["approve", &site.candidate(), "--confirm", "v2", "--wait"]);
    held.wait();
    command.signal(name);
    // The signal arrives while the request is held; the step then ends, and none after it is started.
    command.wait_until_it_says("Stopping after the step at work");
    held.release();
    let said = command.wait().ends(6);
    assert!(said.err.contains("signoff resume"), "{}", said.err);
    assert_eq!((site.github.repo().tags.len(), site.github.repo().releases.len()), (1, 0));
    desk.run(&["resume", "--wait"]).ends(0);
    site.assert_released_once("rev1");
}

#[test]
fn ctrl_c_while_cd_is_followed_is_cancelled_with_the_release_in_place() {
    let site = Site::new("e2e-int-cd");
    site.pace(Pace { seen: vec![Moment::Running], ..Pace::usual() });
    let desk = site.desk();
    let command = desk.start(&["approve", &site.candidate(), "--confirm", "v2", "--wait"]);
    command.wait_until_it_says("CD  cd.yml run #1");
    command.signal("INT");
    command.wait().ends(130);
    site.assert_released_once("rev1");
    let mut pty = desk.sit_down_at(SMALL, &[]);
    pty.wait_for("waiting");
    pty.press(Key::Char('H'));
    pty.wait_for("released");
}
