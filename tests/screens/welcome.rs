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
        path: "/home/rev/.config/signoff/config.toml".into(),
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
    let mut driver = first_start();
    driver.keys("imeHT");
    driver.sees(&["Look at the demo"]);
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
    driver.keys("acme/churn<enter>");
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
