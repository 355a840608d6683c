//! The first start: the ways to begin.

use insta::assert_snapshot;
use signoff::app::effect::Effect;
use signoff::app::keymap::{DEFAULT_KEYMAP, Keymap};
use signoff::app::query::{Query, Reply};
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::first_start::{Answers, Beginning, Surroundings};
use signoff::program::state::State;

use super::pictures;
use super::support::driver::{Driver, rules};

fn first_start() -> Driver {
    let around = Surroundings {
        found: vec!["gh is signed in as alice (github.com)".into(), "no MLFLOW_TRACKING_URI".into()],
        path: "~/.config/signoff/config.toml".into(),
        uses_gh: true,
        ..Surroundings::default()
    };
    let mut driver = Driver::asking(rules("none"), &[], |_| {});
    let keymap = Keymap::parse(DEFAULT_KEYMAP).unwrap();
    driver.state = State::welcoming(rules("none"), keymap, driver.state.now, around);
    driver.answer_with(|query| match query {
        Query::Attempt { answers } => {
            let refused =
                Failure::new(FailureKind::Unavailable, Service::Mlflow, "reach http://nowhere", "nobody listens");
            let answer = match (answers.mlflow.as_str(), answers.repo.as_str()) {
                ("http://nowhere", _) => Err(refused),
                (_, "") => Ok("MLflow 3.17.2, 12 models".to_owned()),
                (_, repo) => Ok(format!("{repo} is readable as alice")),
            };
            Some(Reply::Attempt { answers: answers.clone(), answer })
        }
        _ => None,
    });
    driver.answer_all();
    driver.resize(80, 24);
    driver.asked();
    driver
}

#[test]
fn the_doors_and_what_was_found() {
    let mut driver = first_start();
    assert_snapshot!(pictures(&mut driver));
}

#[test]
fn each_door_leads_where_it_says() {
    let mut driver = first_start();
    driver.keys("1");
    assert_eq!(driver.asked(), [Effect::Begin(Beginning::Demo)]);
    let mut driver = first_start();
    driver.keys("jj<enter>~/x.toml<enter>");
    assert_eq!(driver.asked(), [Effect::Begin(Beginning::File("~/x.toml".into()))]);
    // A click chooses a door, and another opens it.
    let mut driver = first_start();
    driver.click(10, 5);
    driver.sees(&["▸ 2 Connect"]);
    driver.click(10, 5);
    driver.sees(&["MLflow's address"]);
    let mut driver = first_start();
    driver.keys("imeHT");
    driver.sees(&["Look at the demo"]);
    driver.keys("i");
    driver.sees(&["Choose a way to begin first."]);
    driver.resize(80, 50);
    driver.keys("?");
    driver.misses(&["inbox", "all registered models", "experiments", "history", "targets", "refresh", "place"]);
    driver.sees(&["demo: look at it", "connect: to MLflow and GitHub", "help", "quit"]);
    driver.misses(&["tab", "back\n"]);
    driver.keys("<esc>:");
    driver.sees(&["demo", "connect", "quit"]);
    driver.misses(&["inbox", "models", "experiments", "history", "targets", "refresh", "place"]);
}

#[test]
fn an_answer_is_accepted_by_its_test_and_the_file_written_by_enter_alone() {
    let mut driver = first_start();
    driver.keys("2http://nowhere<enter>");
    driver.sees(&["http://nowhere", "nobody listens"]);
    driver.misses(&["GitHub repository"]);
    driver.keys("<backspace><backspace><backspace><backspace><backspace><backspace><backspace>mlflow:5000<enter>");
    driver.sees(&["MLflow 3.17.2, 12 models", "GitHub repository"]);
    driver.keys("<enter>");
    driver.sees(&["Type the repository as OWNER/NAME."]);
    driver.keys("https://github.com/acme/churn/pulls<enter>");
    driver.sees(&["acme/churn is readable as alice", "Name of the target", "default"]);
    driver.keys(" x<enter>");
    driver.sees(&["letters, digits"]);
    driver.keys("<backspace><backspace><enter>");
    assert_snapshot!(pictures(&mut driver));
    driver.asked();
    driver.keys("<esc><enter><enter>");
    let answers = Answers {
        mlflow: "http://mlflow:5000".into(),
        repo: "acme/churn".into(),
        target: "default".into(),
        uses_gh: true,
    };
    assert_eq!(driver.asked(), [Effect::Configure(answers)]);
}

#[test]
fn nothing_that_is_said_is_cut() {
    let mut driver = first_start();
    for width in [80, 60] {
        driver.resize(width, 24);
        driver.keys("2");
        driver.sees(&["seen it."]);
        driver.keys("<esc>3");
        driver.sees(&["too."]);
        driver.keys("<esc>");
        driver.sees(&["writes\n", "nothing", "leaves this machine", "SIGNOFF_CONFIG\n"]);
    }
}
