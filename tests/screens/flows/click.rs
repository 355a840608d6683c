//! Clicks: on tabs and rows, whatever keys they have.

use signoff::app::action::Action;
use signoff::app::effect::Effect;
use signoff::app::keymap::{Context, OwnKey, Rebound, parse_key};
use signoff::app::msg::Msg;
use signoff::domain::command::{Form, OwnCommand};
use signoff::screens::Screen;

use crate::support::driver::Driver;

/// The place of the first of these texts on the screen.
fn place(driver: &Driver, text: &str) -> (u16, u16) {
    let picture = driver.picture();
    let found = picture.lines().enumerate().find_map(|(row, line)| Some((line.find(text)?, row, line)));
    let (at, row, line) = found.unwrap_or_else(|| panic!("'{text}' is not on screen:\n{picture}"));
    (u16::try_from(line[..at].chars().count()).unwrap(), u16::try_from(row).unwrap())
}

/// Clicks on the first of these texts on the screen.
fn click(driver: &mut Driver, text: &str) {
    let (column, row) = place(driver, text);
    driver.click(column, row);
}

fn rebound(context: Context, action: Action, keys: &[&str]) -> Rebound {
    Rebound { context, action, keys: keys.iter().map(|key| parse_key(key).unwrap()).collect(), line: 1 }
}

fn reviewed() -> Driver {
    let mut driver = Driver::demo();
    driver.resize(160, 50);
    driver.keys(":telco-churn/42<enter>");
    driver
}

#[test]
fn a_tab_is_shown_by_a_click_whatever_its_key_now_does() {
    let mut driver = reviewed();
    let changed = [
        rebound(Context::Review, Action::Tab3, &["ctrl-x"]),
        rebound(Context::Review, Action::Approve, &["3"]),
        rebound(Context::Review, Action::Tab2, &[]),
    ];
    assert_eq!(driver.state.keymap.rebind(&changed), []);
    let own =
        OwnKey { name: "Mine".into(), key: Some(parse_key("2").unwrap()), contexts: vec![Context::Review], line: 1 };
    assert_eq!(driver.state.keymap.bind_commands(vec![own]), []);
    let form = Form::program(&["touch".to_owned(), "pwned".to_owned()]).unwrap();
    driver.state.commands = vec![OwnCommand { name: "Mine".into(), form, confirm: false, built_in: false }];
    driver.asked();
    click(&mut driver, "Artifacts");
    driver.sees(&["▸ plots/con"]);
    click(&mut driver, "Lineage");
    driver.sees(&["pull request"]);
    assert!(matches!(driver.state.top(), Screen::Review(_)));
    assert!(!driver.asked().iter().any(|effect| matches!(effect, Effect::RunOwn(_))));
}

#[test]
fn tabs_below_the_line_of_a_filter_are_tabs_still() {
    let mut driver = reviewed();
    driver.keys("/auc<enter>");
    click(&mut driver, "Checklist");
    driver.misses(&["Esc clears it"]);
    driver.sees(&["No questions."]);
}

#[test]
fn what_stands_beside_a_list_is_no_row_of_it() {
    let mut driver = Driver::demo();
    driver.resize(160, 50);
    let before = driver.picture();
    let row = place(&driver, "pricing-elasticity").1;
    driver.click(130, row);
    assert_eq!(driver.picture(), before, "the pane tells of a version, and is no list");
    click(&mut driver, "pricing-elasticity");
    assert!(driver.picture().lines().any(|line| line.contains("▸ pricing-elasticity")), "{}", driver.picture());
    driver.click(2, 0);
    driver.click(2, 49);
    assert!(
        driver.picture().lines().any(|line| line.contains("▸ pricing-elasticity")),
        "header and footer are no rows"
    );

    let mut driver = reviewed();
    driver.keys("3");
    driver.sees(&["▸ plots/con"]);
    let before = driver.picture();
    driver.click(100, 20);
    assert_eq!(driver.picture(), before, "a picture is no list");
    driver.keys("+");
    let zoomed = driver.picture();
    driver.click(5, 12);
    assert_eq!(driver.picture(), zoomed, "a click moves no part of a picture");
}

#[test]
fn a_click_on_the_selected_row_opens_it_whatever_enter_does() {
    let mut driver = Driver::demo();
    let changed =
        [rebound(Context::Inbox, Action::Review, &["w"]), rebound(Context::Inbox, Action::Approve, &["enter"])];
    assert_eq!(driver.state.keymap.rebind(&changed), []);
    click(&mut driver, "▸");
    assert!(matches!(driver.state.top(), Screen::Review(_)), "{}", driver.picture());
    driver.send(Msg::Act(Action::Back));
    assert!(matches!(driver.state.top(), Screen::Inbox(_)));
}
