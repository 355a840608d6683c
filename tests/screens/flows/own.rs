//! The user's own commands: asked about, run, shown.

use crate::sample::{refused, rules, sample};
use crate::support::driver::Driver;
use signoff::app::effect::Effect;
use signoff::app::input::{Input, Key, KeyCode};
use signoff::app::keymap::{Context, OwnKey, parse_key};
use signoff::app::msg::Msg;
use signoff::app::own::{Ended, OwnNews};
use signoff::app::query::Query;
use signoff::domain::command::{Form, OwnCommand};
use signoff::domain::ids::ModelName;
use signoff::screens::Screen;

fn with(driver: &mut Driver, confirm: bool) {
    let run = ["jira", "QA {model} v{version}", "{tag}"].map(str::to_owned);
    let command =
        OwnCommand { name: "Jira ticket".into(), form: Form::program(&run).unwrap(), confirm, built_in: false };
    let key = Some(parse_key("ctrl-j").unwrap());
    let contexts = vec![Context::Inbox, Context::Review];
    let own = OwnKey { name: command.name.clone(), key, contexts, line: 1 };
    assert_eq!(driver.state.keymap.bind_commands(vec![own]), []);
    driver.state.commands = vec![command];
}

fn runs(driver: &mut Driver) -> Option<Vec<String>> {
    driver.asked().into_iter().find_map(|effect| match effect {
        Effect::RunOwn(argv) => Some(argv),
        _ => None,
    })
}

#[test]
fn it_asks_and_shows_the_command_as_it_will_run_enter_runs_and_esc_does_not() {
    let mut driver = sample(&[]);
    with(&mut driver, true);
    driver.keys("<ctrl-j>");
    driver.sees(&["Jira ticket", "jira 'QA telco-churn v42' ''", "⏎ confirm", "Esc back"]);
    driver.keys("yaqx :");
    assert_eq!(runs(&mut driver), None, "no other key runs it");
    driver.keys("<esc>");
    assert!(matches!(driver.state.top(), Screen::Inbox(_)));
    assert_eq!(runs(&mut driver), None);
    driver.keys("<ctrl-j>");
    driver.send(Msg::Input(Input::Key(Key { rushed: true, ..Key::plain(KeyCode::Enter) })));
    assert_eq!(runs(&mut driver), None, "an Enter that was pasted is no answer");
    driver.keys("<enter>");
    assert_eq!(runs(&mut driver), Some(["jira", "QA telco-churn v42", ""].map(str::to_owned).to_vec()));
}

#[test]
fn output_exit_code_and_time_are_shown_and_the_screen_is_as_before() {
    let mut driver = sample(&[]);
    with(&mut driver, true);
    let before = driver.picture();
    driver.keys("<ctrl-j><enter>");
    driver.sees(&["runs, ", "Esc stops it"]);
    let lines: Vec<String> = (1..=100).map(|i| format!("line {i}")).collect();
    driver.send(Msg::Own(OwnNews::Wrote { lines, dropped: 3 }));
    driver.sees(&["line 100", "the first 3 lines are not kept"]);
    driver.wait(std::time::Duration::from_secs(2));
    driver.send(Msg::Own(OwnNews::Ended(Ended::Code(7))));
    driver.sees(&["exit code 7, 2.00s", "line 100"]);
    driver.keys("/line 42<enter>");
    driver.sees(&["line 42", "1 of 100"]);
    driver.keys("<esc>g");
    driver.sees(&["▸ line 1\n"]);
    driver.keys("<esc>");
    // But for the age of the rows.
    assert_eq!(driver.picture().replace("· 2s ago", "· 0s ago"), before);
}

#[test]
fn long_lines_are_wrapped_and_a_page_of_the_program_is_read_from_its_top() {
    let lines: Vec<String> = (1..=40).map(|i| format!("key.{i}  {}  FROM line {i}", "v".repeat(90))).collect();
    for built_in in [false, true] {
        let mut driver = sample(&[]);
        let form = Form::program(&["show".to_owned()]).unwrap();
        driver.state.commands = vec![OwnCommand { name: "mine".into(), form, confirm: false, built_in }];
        assert_eq!(driver.state.keymap.bind_commands(Vec::new()), []);
        let key = parse_key("ctrl-j").unwrap();
        let own = OwnKey { name: "mine".into(), key: Some(key), contexts: vec![Context::Inbox], line: 1 };
        assert_eq!(driver.state.keymap.bind_commands(vec![own]), []);
        driver.keys("<ctrl-j>");
        driver.send(Msg::Own(OwnNews::Wrote { lines: lines.clone(), dropped: 0 }));
        driver.send(Msg::Own(OwnNews::Ended(Ended::Code(0))));
        driver.misses(&["…"]);
        driver.sees(if built_in { &["key.1\n", "FROM line 1\n"] } else { &["key.40\n", "FROM line 40\n"] });
        driver.keys("gj");
        driver.asked();
        driver.keys("y");
        assert_eq!(driver.asked(), [Effect::Copy(lines[0].clone())], "the whole line, wherever it was wrapped");
        driver.resize(160, 50);
        assert!(driver.picture().lines().any(|line| line.contains("key.7 ") && line.contains("FROM line 7")));
    }
}

#[test]
fn what_comes_with_the_program_is_not_called_yours() {
    let mut driver = sample(&[]);
    with(&mut driver, true);
    let form = Form::program(&["signoff".to_owned()]).unwrap();
    driver.state.commands.push(OwnCommand { name: "doctor".into(), form, confirm: false, built_in: true });
    driver.keys(":doctor");
    driver.misses(&["your command"]);
    assert!(driver.picture().lines().any(|line| line.contains("doctor") && line.contains("command")));
}

#[test]
fn esc_stops_it_and_so_does_leaving() {
    let mut driver = sample(&[]);
    with(&mut driver, true);
    driver.keys("<ctrl-j><enter>");
    driver.asked();
    driver.keys("<esc>");
    assert_eq!(driver.asked(), [Effect::StopOwn]);
    driver.send(Msg::Own(OwnNews::Ended(Ended::Stopped)));
    driver.sees(&["stopped"]);
    driver.keys("<esc><ctrl-j><enter>");
    driver.asked();
    driver.keys("m");
    assert!(driver.asked().contains(&Effect::StopOwn));
    driver.send(Msg::Own(OwnNews::Ended(Ended::Stopped)));
    assert!(matches!(driver.state.top(), Screen::Models(_)));
}

#[test]
fn without_confirmation_it_runs_at_once_but_never_on_production_or_read_only() {
    let mut driver = sample(&[]);
    with(&mut driver, false);
    driver.keys("<ctrl-j>");
    assert!(runs(&mut driver).is_some());
    for (production, readonly, why) in [(true, false, "On a production target"), (false, true, "On a read-only target")]
    {
        let mut driver = sample(&[]);
        (driver.state.rules.production, driver.state.rules.readonly) = (production, readonly);
        with(&mut driver, false);
        driver.keys("<ctrl-j>");
        assert_eq!(runs(&mut driver), None);
        driver.sees(&[why, "jira 'QA telco-churn v42' ''"]);
        driver.keys("<enter>");
        assert!(runs(&mut driver).is_some());
    }
    assert!(!rules().production);
}

#[test]
fn it_is_found_by_its_name_and_says_where_it_can_be_run() {
    let mut driver = sample(&[]);
    with(&mut driver, true);
    driver.keys(":Jira");
    driver.sees(&["Jira ticket", "your command"]);
    driver.keys("<enter>");
    driver.sees(&["jira 'QA telco-churn v42' ''"]);
    driver.keys("<esc>m:jira ticket<enter>");
    driver.sees(&["'Jira ticket' runs on what is under the cursor in inbox, review."]);
    assert!(matches!(driver.state.top(), Screen::Models(_)));
    driver.keys("i?");
    driver.sees(&["Ctrl-J", "Jira ticket"]);
}

#[test]
fn a_name_made_to_run_something_is_one_argument_and_is_shown_cleaned() {
    let mut driver = Driver::demo();
    let odd = "evil'; touch pwned; '$(id)";
    driver.world(|world| {
        let model = world.models[&ModelName::new("telco-churn")].clone();
        world.models.insert(ModelName::new(odd), model);
    });
    driver.keys("r");
    with(&mut driver, true);
    driver.keys("/evil<enter><ctrl-j>");
    let text = driver.picture();
    assert!(text.contains(r"'QA evil'\''; touch pwned; '\''$(id) v"), "{text}");
    driver.keys("<enter>");
    let argv = runs(&mut driver).unwrap();
    assert!(argv[1].starts_with(&format!("QA {odd} v")), "{argv:?}");
    assert_eq!(argv.len(), 3);
}

#[test]
fn what_could_not_be_read_is_not_taken_for_nothing() {
    let mut driver = sample(&[]);
    driver.refuse(|query| matches!(query, Query::Values { .. }), refused());
    with(&mut driver, false);
    driver.keys("<ctrl-j>");
    driver.sees(&["the connection was refused", "This cannot be run:", "Esc back"]);
    driver.misses(&["confirm", "This is run"]);
    driver.keys("<enter>");
    assert_eq!(runs(&mut driver), None);
}
