//! The user's own keys and commands, in a real terminal.

use crate::desk::Desk;
use crate::support::pty::{Exit, Key};

const CONFIG: &str = r#"
[keys.inbox]
approve = ["A"]

[[commands]]
name = "Say it"
key = "ctrl-j"
shell = "printf 'said <%s>\\n' {model}/{version}; echo on the terminal > /dev/tty; exit 3"

[[commands]]
name = "Long one"
run = ["sleep", "1000"]
confirm = false
"#;

#[test]
fn a_command_of_ones_own_runs_in_a_pane_and_the_screen_is_as_before() {
    let desk = Desk::empty().configured(CONFIG);
    let mut pty = desk.sit_down(&["demo"]);
    pty.wait_for("card-fraud");
    pty.press(Key::Char('?'));
    let help = pty.wait_for("Say it");
    assert!(help.lines().any(|line| line.contains(" A ") && line.contains("approve")), "{help}");
    pty.press(Key::Esc);
    pty.wait_until("the inbox as before", |screen| screen.contains("card-fraud") && !screen.contains("Say it"));
    pty.press(Key::Char(':'));
    pty.wait_for("hits");
    pty.type_slowly("telco-churn");
    pty.press(Key::Enter);
    // All of it, so that what is read meanwhile makes no difference.
    let read = ["METRICS", "12 rules: 12 pass", "checks ✓ 6 passed", "data ? 1 changed"];
    let before = pty.wait_until("the whole review", |screen| read.iter().all(|words| screen.contains(words)));
    pty.press(Key::Ctrl('j'));
    pty.wait_for("printf 'said <%s>\\n' 'telco-churn'/'42'; echo on");
    pty.press(Key::Esc);
    pty.wait_for("METRICS");
    pty.press(Key::Ctrl('j'));
    pty.wait_for("echo on the terminal > /dev/tty");
    pty.press(Key::Enter);
    let pane = pty.wait_for("exit code 3");
    assert!(pane.contains("said <telco-churn/42>"), "{pane}");
    // What it wrote past the pane is painted over; the command itself stands in the title.
    let stray = |line: &str| line.contains("on the terminal") && !line.contains(" $ ");
    pty.wait_until("the screen as before", |screen| !screen.lines().any(stray));
    pty.press(Key::Esc);
    let after = pty.wait_for("METRICS");
    let body = |screen: &str| screen.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(body(&after), body(&before));
    pty.press(Key::Char(':'));
    pty.wait_for("hits");
    pty.type_slowly("Long one");
    pty.press(Key::Enter);
    pty.wait_for("Esc stops it");
    pty.press(Key::Esc);
    pty.wait_for("stopped");
    pty.press(Key::Char('q'));
    assert_eq!(pty.wait_exit().exit, Exit::Code(0));
}
