//! Read-only screens of a version on real servers: every tab, the files, a preview, the curve and the trend.

use serde_json::json;

use crate::site::{COMMIT, OLD_COMMIT, Site};
use crate::support::mlflow_server::Version;
use crate::support::pty::{Exit, Key, Pty};

/// Rows above the body of a screen with tabs: title, rule, tabs.
const ABOVE_TABS: usize = 3;

/// A model with three versions whose candidate has a history and files.
fn site(version: Version) -> Site {
    let site = Site::bare(version, "e2e-tabs");
    for (commit, auc, description) in
        [(OLD_COMMIT, 0.79, "First."), (OLD_COMMIT, 0.81, "In production."), (COMMIT, 0.84, "Fewer false alarms.")]
    {
        site.add_version(commit, auc, description);
    }
    site.api().stage(&site.model, 2, "Production");
    site.api().stage(&site.model, 3, "Staging");
    let run = site.version(3)["run_id"].as_str().unwrap().to_owned();
    let points: Vec<_> = (0..40).map(|step| (step, step * 60, json!(0.5 + step as f64 / 100.0))).collect();
    site.api().log_points(&run, "test_auc", &points);
    let info = site.api().call("GET", &format!("runs/get?run_id={run}"), &json!({}))["run"]["info"].clone();
    let artifacts = info["artifact_uri"].as_str().unwrap();
    site.api().put_file(artifacts, "plots/notes.md", "# Notes\n\nNothing odd.\n");
    site.api().put_file(artifacts, "scores.csv", "segment,share\nold,7.25\nnew,0.5\n");
    site
}

fn body(screen: &str) -> String {
    screen.lines().skip(ABOVE_TABS).collect::<Vec<_>>().join("\n")
}

/// Opens every tab and returns to the first; each must differ from the one before.
#[track_caller]
fn open_every_tab(pty: &mut Pty) -> Vec<String> {
    let screen = pty.screen();
    let line = screen.lines().nth(ABOVE_TABS - 1).unwrap().to_owned();
    let digits: Vec<char> =
        line.split_whitespace().filter_map(|w| w.parse::<u8>().ok()).map(|n| char::from(b'0' + n)).collect();
    assert!(digits.len() >= 3 && digits.iter().zip('1'..).all(|(a, b)| *a == b), "these are no tabs: {line}");
    let mut seen = vec![screen];
    for digit in digits[1..].iter().chain(&digits[..1]) {
        let before = body(seen.last().unwrap());
        pty.press(Key::Char(*digit));
        let screen = pty.wait_until(&format!("tab {digit} with something of its own in it"), |s| {
            let now = body(s);
            now != before && now.lines().any(|l| l.contains(char::is_alphanumeric)) && !now.contains("reading")
        });
        assert!(!screen.contains("made a mistake"), "{screen}");
        seen.push(screen);
    }
    seen
}

/// Presses a key on row after row until this text appears.
#[track_caller]
fn down_to(pty: &mut Pty, key: Key, words: &str) -> String {
    for _ in 0..12 {
        let before = pty.screen();
        pty.press(key);
        let after = pty.wait_until(&format!("{words:?} or a word on why not"), |s| s != before);
        if after.contains(words) || pty.screen().contains(words) {
            return pty.wait_for(words);
        }
        pty.press(Key::Down);
        pty.wait_until("the cursor one row further", |s| s != after);
    }
    panic!("no row leads to {words:?}; the screen is\n{}", pty.screen());
}

/// Moves down until the cursor is on a row with this text.
#[track_caller]
fn to_row(pty: &mut Pty, words: &str) {
    let on_it = |s: &str| s.lines().any(|l| l.contains('▸') && l.contains(words));
    for _ in 0..12 {
        let screen = pty.screen();
        if on_it(&screen) {
            return;
        }
        pty.press(Key::Down);
        pty.wait_until("the cursor one row further", |s| s != screen);
    }
    panic!("no row {words:?}; the screen is\n{}", pty.screen());
}

fn read_everything(version: Version) {
    let site = site(version);
    let desk = site.desk();
    // Tall enough to show whole tabs.
    let mut pty = desk.sit_down_at((120, 48), &["open", &format!("{}/3", site.model)]);
    pty.wait_for("METRICS");
    let tabs = open_every_tab(&mut pty);
    assert!(tabs.iter().any(|t| t.contains("Fewer false alarms.")), "no tab has the description");
    pty.press(Key::Char('2'));
    pty.wait_for(&COMMIT[..7]);
    pty.press(Key::Char('1'));
    pty.wait_for("METRICS");

    let trend = down_to(&mut pty, Key::Char('t'), "e2e-tabs from version to version");
    assert!(trend.contains("test_auc"), "{trend}");
    let trend = pty.wait_for("3 values");
    assert!(trend.contains("○ v3") && trend.contains("against ● v2 0.81"), "{trend}");
    pty.press(Key::Char('h'));
    pty.wait_for("● v2  0.81   in Production");
    pty.press(Key::Char('h'));
    pty.wait_for("v1  0.79");
    pty.press(Key::Esc);
    pty.wait_for("METRICS");
    pty.press(Key::Enter);
    let curve = pty.wait_for(" points");
    assert!(curve.contains("min 0.5 at 0"), "{curve}");
    pty.press(Key::Esc);
    pty.wait_for("METRICS");

    pty.press(Key::Char('f'));
    pty.wait_for("scores.csv");
    to_row(&mut pty, "scores.csv");
    pty.press(Key::Enter);
    let preview = pty.wait_for("7.25");
    assert!(preview.contains("segment") && preview.contains("share"), "{preview}");
    pty.press(Key::Esc);
    pty.wait_for("plots");

    pty.press(Key::Char('e'));
    pty.wait_for("EXPERIMENT");
    pty.press(Key::Char('/'));
    pty.type_slowly("e2e-tabs-0.84");
    pty.press(Key::Enter);
    pty.wait_until("one experiment", |s| s.lines().any(|l| l.contains('▸') && l.contains("e2e-tabs-0.84")));
    pty.press(Key::Enter);
    pty.wait_for("STATUS");
    pty.wait_for("gbm");
    pty.press(Key::Enter);
    pty.wait_for("LATEST");
    let tabs = open_every_tab(&mut pty);
    assert!(tabs.iter().any(|t| t.contains("depth")) && tabs.iter().any(|t| t.contains("finished")));
    pty.press(Key::Char('4'));
    // Nodes load independently.
    for words in [&format!("{} ", &COMMIT[..7]), "e2e-tabs-0.84 (id ", "pull request"] {
        pty.wait_for(words);
    }
    pty.press(Key::Char('q'));
    let ended = pty.wait_exit();
    assert_eq!(ended.exit, Exit::Code(0));
    ended.assert_restored();
    assert_eq!(ended.told.strange, Vec::<String>::new());
}

#[test]
fn everything_a_reviewer_reads_is_in_the_terminal() {
    read_everything(Version::V3_17);
}

#[test]
fn the_same_on_an_older_mlflow() {
    read_everything(Version::V2_22);
}
