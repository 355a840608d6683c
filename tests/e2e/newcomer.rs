//! The first start, with nothing configured, in a real terminal: three doors.

use std::os::unix::fs::PermissionsExt as _;

use crate::desk::Desk;
use crate::site::{REPO, Site};
use crate::support::pty::{Exit, Key, Pty};

/// Where the configuration is written.
const FILE: &str = ".config/signoff/config.toml";

/// A machine with a token for the double, and no other variable.
fn newcomer(site: &Site) -> Desk {
    site.desk().without("MLFLOW_TRACKING_URI").without("GH_REPO")
}

fn answer(pty: &mut Pty, text: &str) {
    pty.type_slowly(text);
    pty.press(Key::Enter);
}

#[test]
fn the_first_door_is_the_demo() {
    let desk = Desk::empty();
    let mut pty = desk.sit_down(&[]);
    let doors = pty.wait_for("Look at the demo");
    let at = |word: &str| doors.find(word).unwrap_or_else(|| panic!("{word}: {doors}"));
    assert!(at("Look at the demo") < at("Connect to MLflow and GitHub"));
    assert!(at("Connect to MLflow and GitHub") < at("I have a configuration"));
    assert!(doors.contains("no MLFLOW_TRACKING_URI"), "{doors}");
    pty.press(Key::Enter);
    pty.wait_for("card-fraud");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
}

#[test]
fn the_second_door_tests_each_answer_and_writes_the_file_only_when_asked() {
    let site = Site::new("newcomer");
    let desk = newcomer(&site);
    let mut pty = desk.sit_down(&[]);
    pty.wait_for("Connect to MLflow and GitHub");
    pty.press(Key::Char('2'));
    pty.wait_for("MLflow's address");
    // Nobody listens there: said at once, and what was typed stays.
    answer(&mut pty, "http://127.0.0.1:9");
    pty.wait_until("a refusal", |screen| screen.contains("127.0.0.1:9") && screen.contains('✗'));
    (0.."http://127.0.0.1:9".len()).for_each(|_| pty.press(Key::Backspace));
    answer(&mut pty, &site.server.url());
    let screen = pty.wait_for("GitHub repository");
    assert!(screen.contains("MLflow 3.17.2") && screen.contains("model"), "{screen}");
    answer(&mut pty, "acme/none");
    pty.wait_until("a refusal", |screen| screen.contains("acme/none") && screen.contains('✗'));
    (0.."acme/none".len()).for_each(|_| pty.press(Key::Backspace));
    answer(&mut pty, REPO);
    let screen = pty.wait_for("Name of the target");
    assert!(screen.contains("is readable as"), "{screen}");
    assert!(screen.contains("default"), "{screen}");
    pty.press(Key::Enter);
    let screen = pty.wait_for("[targets.default]");
    assert!(screen.contains("config.toml"), "the path is shown: {screen}");
    assert!(!desk.path(FILE).exists(), "nothing is written before Enter");
    pty.press(Key::Esc);
    pty.wait_gone("[targets.default]");
    assert!(!desk.path(FILE).exists());
    pty.press(Key::Enter);
    pty.wait_for("[targets.default]");
    pty.press(Key::Enter);
    pty.wait_until("the inbox", |screen| screen.contains("Inbox") && screen.contains("waiting"));
    let mode = std::fs::metadata(desk.path(FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let file = desk.file(FILE);
    assert!(file.contains(&site.server.url()) && file.contains(REPO) && !file.contains("token"), "{file}");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
    // The second start goes to the inbox.
    let mut pty = desk.sit_down(&[]);
    pty.wait_until("the inbox", |screen| screen.contains("Inbox") && screen.contains("waiting"));
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
    assert_eq!(desk.file(FILE), file);
}

#[test]
fn the_third_door_takes_a_path_and_keeps_one_that_cannot_be_used() {
    let desk = Desk::empty();
    std::fs::write(
        desk.path("mine.toml"),
        "[targets.x]\ntracking_uri = \"http://127.0.0.1:9\"\nrepository = \"a/b\"\n",
    )
    .unwrap();
    let mut pty = desk.sit_down(&[]);
    pty.wait_for("I have a configuration");
    pty.press(Key::Char('3'));
    pty.wait_for("Where is it?");
    answer(&mut pty, "~/min.toml");
    pty.wait_for("no such file");
    let screen = pty.wait_for("~/min.toml");
    assert!(screen.contains("Where is it?"), "{screen}");
    (0..".toml".len()).for_each(|_| pty.press(Key::Backspace));
    answer(&mut pty, "e.toml");
    pty.wait_until("the inbox", |screen| screen.contains("Inbox") && screen.contains("127.0.0.1:9"));
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let said = Desk::empty().run(&[]);
    assert_eq!(said.code, Some(2), "{said:?}");
}
