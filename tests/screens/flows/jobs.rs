//! The ten jobs of a reviewer, each within its keys. Free text is not counted.

use signoff::app::effect::Effect;
use signoff::screens::Screen;

use crate::support::driver::Driver;

/// A key is a character, or a name in angle brackets.
fn count(keys: &str) -> usize {
    let (mut count, mut named) = (0, false);
    for c in keys.chars() {
        match c {
            '<' => named = true,
            '>' => (named, count) = (false, count + 1),
            _ if named => {}
            _ => count += 1,
        }
    }
    count
}

struct Session {
    driver: Driver,
    keys: usize,
}

impl Session {
    fn new() -> Self {
        let mut driver = Driver::demo();
        driver.resize(100, 40);
        Self { driver, keys: 0 }
    }

    /// Presses keys that count.
    fn press(&mut self, keys: &str) -> &mut Self {
        self.keys += count(keys);
        self.driver.keys(keys);
        self
    }

    /// Types free text.
    fn write(&mut self, text: &str) -> &mut Self {
        self.driver.keys(text);
        self
    }

    /// The keys since the last job.
    fn took(&mut self) -> usize {
        std::mem::take(&mut self.keys)
    }
}

#[test]
fn keys_are_counted_as_they_are_pressed() {
    assert_eq!((count("a"), count("jj<enter>"), count("<ctrl-s>"), count("")), (1, 3, 1, 0));
}

#[test]
fn what_waits_is_there_without_a_key_and_the_next_candidate_with_one() {
    let mut session = Session::new();
    session.driver.sees(&["READY", "telco-churn", "v42", "+0.012", "pass"]);
    session.press("<enter>");
    session.driver.sees(&["telco-churn  ○ v42", "auc", "CHANGE"]);
    assert!(matches!(session.driver.state.top(), Screen::Review(_)));
    assert_eq!(session.took(), 1);
}

#[test]
fn code_takes_one_key_a_curve_and_its_trend_two_and_an_artifact_three() {
    let mut session = Session::new();
    session.driver.keys(":telco-churn/42<enter>");
    session.press("2");
    session.driver.sees(&["pull request", "#128", "checks", "data"]);
    assert!(session.took() <= 1);
    session.driver.keys("1");
    session.press("<enter>");
    assert!(matches!(session.driver.state.top(), Screen::Curve(_)), "{}", session.driver.picture());
    session.press("t");
    assert!(matches!(session.driver.state.top(), Screen::Trend(_)));
    assert!(session.took() <= 2);
    session.driver.keys("<esc><esc>1");
    session.press("3");
    session.driver.sees(&["plots/confusion_matrix.png", "▀▀▀"]);
    assert!(session.took() <= 3);
    session.driver.keys("1");
    session.press("3j<enter>");
    assert!(matches!(session.driver.state.top(), Screen::Preview(_)));
    assert!(session.took() <= 3);
}

#[test]
fn a_question_of_the_checklist_takes_one_key_and_a_note_one_more() {
    let mut session = Session::new();
    session.driver.keys("jj<enter>5");
    session.driver.sees(&["0/3"]);
    session.press("yyy");
    session.driver.sees(&["3/3"]);
    assert_eq!(session.took(), 3);
    session.press("e").write("agreed with retention").press("<enter>");
    session.driver.sees(&["agreed with retention"]);
    assert!(session.took() <= 2);
}

#[test]
fn a_whole_clean_review_takes_at_most_25_keys_and_the_approval_six_of_them() {
    let mut session = Session::new();
    session.press("jj<enter>235yyy");
    let review = session.took();
    session.press("av2");
    session.driver.sees(&["v2"]);
    session.press("<enter>");
    let effects = session.driver.asked();
    assert!(effects.iter().any(|e| matches!(e, Effect::Promote { .. })), "{}", session.driver.picture());
    let approval = session.took();
    assert!(approval <= 6, "{approval}");
    assert!(review + approval <= 25, "{review} + {approval}");
}

#[test]
fn a_rejection_takes_two_keys_and_its_reason() {
    let mut session = Session::new();
    session.press("x").write("recall fell").press("<ctrl-s>");
    assert!(session.driver.asked().iter().any(|e| matches!(e, Effect::Decide { .. })), "{}", session.driver.picture());
    assert_eq!(session.took(), 2);
}

#[test]
fn a_way_back_takes_seven_keys_and_the_history_one() {
    let mut session = Session::new();
    session.press("H");
    assert!(matches!(session.driver.state.top(), Screen::History(_)));
    assert_eq!(session.took(), 1);
    session.driver.keys("<esc>/telco<enter>");
    // The list of versions to go back to begins with the last one that was good.
    session.press("R<enter>");
    let screen = session.driver.picture();
    let version = screen.split("Type v").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    let version = version.trim_matches(|c: char| !c.is_ascii_digit()).to_owned();
    session.press(&format!("v{version}<tab>")).write("v39 fails in the field").press("<enter>");
    assert!(session.driver.asked().iter().any(|e| matches!(e, Effect::Promote { .. })), "{screen}");
    assert!(session.took() <= 7);
}
