//! Flows through the diff of a review: keys in, queries and screens out.

use crate::sample::{answer, quiet, sample};
use crate::samples;
use crate::support::driver::Driver;
use signoff::app::effect::Effect;
use signoff::app::input::Input;
use signoff::app::msg::Msg;
use signoff::app::query::{Query, Reply};
use signoff::app::route::Route;
use signoff::domain::facts::Standing;
use signoff::domain::ids::{ModelName, RunId, VersionNumber};
use signoff::screens::Screen;

fn review() -> Driver {
    sample(&[Route::Review(ModelName::new("telco-churn"), VersionNumber(42))])
}

fn digest(driver: &Driver) -> Option<String> {
    driver.state.cache.facts(ModelName::new("telco-churn"), VersionNumber(42)).map(|facts| facts.digest().to_owned())
}

#[test]
fn another_baseline_is_said_on_screen_and_leaves_what_an_approval_rests_on_alone() {
    let mut driver = review();
    let before = digest(&driver);
    driver.keys("b");
    driver.sees(&["against version"]);
    driver.keys("<tab>train-1003<enter>");
    let text = driver.picture();
    assert!(text.contains("vs  train-1003") && text.contains("not what is in production"), "{text}");
    assert!(text.contains("approval rests on v42 against v39"), "{text}");
    assert_eq!(digest(&driver), before);
    driver.keys("a");
    assert!(matches!(driver.state.top(), Screen::Approve(_)));
    driver.keys("<esc>b<enter>");
    driver.sees(&["● v39"]);
    driver.misses(&["not what is in production"]);
}

#[test]
fn the_id_of_any_run_can_be_pasted() {
    let mut driver = review();
    driver.keys("b");
    let id = "0123456789abcdef0123456789abcdef";
    driver.answering = false;
    driver.send(Msg::Input(Input::Paste(format!("runs:/{id}"))));
    driver.asked();
    driver.keys("<enter>");
    let wanted = vec![RunId::new(id)];
    let asked = driver.asked();
    let asked_for_it = |e: &Effect| matches!(e, Effect::Fetch(_, Query::Runs { ids }) if *ids == wanted);
    assert!(asked.iter().any(asked_for_it), "{asked:?}");
    driver.sees(&["reading run 01234567"]);
}

#[test]
fn esc_leaves_the_picker_and_not_the_review() {
    let mut driver = review();
    driver.keys("b<esc>");
    driver.sees(&["METRICS"]);
    driver.keys("<esc>");
    assert!(!matches!(driver.state.top(), Screen::Review(_)));
}

#[test]
fn a_held_key_asks_for_one_curve_at_a_time_and_at_last_for_the_one_under_the_cursor() {
    let mut driver = review();
    driver.keys("d");
    driver.answering = false;
    driver.send(Msg::Input(Input::Resize { width: 150, height: 40 }));
    driver.keys("jjk");
    let curves = |asked: Vec<Effect>| -> Vec<(signoff::app::query::RequestId, Query)> {
        let curve = |e| match e {
            Effect::Fetch(id, query @ Query::Histories { .. }) => Some((id, query)),
            _ => None,
        };
        asked.into_iter().filter_map(curve).collect()
    };
    let first = curves(driver.asked());
    assert!(matches!(&first[..], [(_, Query::Histories { metric, .. })] if metric == "auc"), "{first:?}");
    let (id, query) = first[0].clone();
    driver.send(Msg::Reply(id, Box::new(answer(&query))));
    let next = curves(driver.asked());
    assert!(matches!(&next[..], [(_, Query::Histories { metric, .. })] if metric == "latency_ms"), "{next:?}");
}

#[test]
fn a_narrow_terminal_asks_for_no_curve_and_no_other_tab_for_a_signature() {
    let mut driver = quiet(&[Route::Review(ModelName::new("telco-churn"), VersionNumber(42))]);
    driver.keys("2");
    let facts = Query::Facts { model: ModelName::new("telco-churn"), version: VersionNumber(42) };
    driver.reply(answer(&facts));
    let signature = |e: &Effect| matches!(e, Effect::Fetch(_, Query::Signature { .. } | Query::Histories { .. }));
    assert!(!driver.asked().iter().any(signature));
    driver.keys("1jjj");
    let asked = driver.asked();
    let count = |asked: &[Effect]| asked.iter().filter(|e| signature(e)).count();
    assert_eq!(count(&asked), 2, "{asked:?}");
}

#[test]
fn a_param_of_six_thousand_characters_can_be_read_to_its_end() {
    let mut driver = quiet(&[Route::Review(ModelName::new("telco-churn"), VersionNumber(42))]);
    driver.keys("k");
    let mut long = samples::facts();
    let run = |end: &str| {
        let mut run = samples::run(42, 0.9);
        run.params.insert("features", format!("{}{end}", "tenure,".repeat(857)));
        signoff::domain::facts::RunFacts::Known(Box::new(run))
    };
    long.run = run("END");
    long.baseline = Some(Standing { version: long.baseline.unwrap().version, run: run("OLD"), logged: None });
    let (model, version) = (long.version.model.clone(), long.version.number);
    driver.reply(Reply::Facts { model, version, answer: Ok(long.into()) });
    let text = driver.picture();
    let row = text.lines().find(|l| l.contains('▸')).unwrap().to_owned();
    assert!(row.contains("features"), "{text}");
    driver.keys("<enter>");
    driver.sees(&["6002 characters", "the first 5999"]);
    driver.keys("G");
    driver.sees(&["tenure,END"]);
    driver.keys("<esc>");
    driver.sees(&["PARAMS"]);
}

#[test]
fn a_version_that_is_named_stands_first_whether_its_page_was_read_or_not() {
    let mut driver = review();
    driver.answering = false;
    driver.keys("b7");
    driver.sees(&["▸ v7 ", "by its number"]);
    driver.asked();
    driver.keys("<enter>");
    let model = ModelName::new("telco-churn");
    let wanted = Query::Facts { model, version: VersionNumber(7) };
    let asked = driver.asked();
    assert!(asked.iter().any(|e| matches!(e, Effect::Fetch(_, query) if *query == wanted)), "{asked:?}");

    let mut driver = review();
    driver.keys("bv3");
    let text = driver.picture();
    assert!(!text.contains("by its number"), "all pages were read, and there is no v3: {text}");
    driver.keys("9");
    driver.sees(&["▸◆ v39"]);
}
