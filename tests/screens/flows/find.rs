//! `/` on every screen that lists or shows text, and what is typed after it where nothing can be filtered.

use crate::sample::sample;
use crate::support::driver::Driver;
use signoff::screens::Screen;

fn body(driver: &Driver) -> String {
    let text = driver.picture();
    text.lines().skip(3).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_diff_finds_what_is_equal_and_folded_away_too_and_esc_leaves_the_cursor_on_it() {
    let mut driver = Driver::demo();
    driver.resize(100, 40);
    driver.keys(":telco-churn<enter>");
    driver.sees(&["only differences", "METRICS"]);
    driver.keys("/latency");
    driver.sees(&["METRICS", "latency", "of "]);
    driver.misses(&["PARAMS", "max_depth"]);
    driver.keys("<enter>");
    driver.sees(&["Esc clears it"]);
    driver.keys("<esc>");
    driver.sees(&["PARAMS", "recall"]);
    assert!(
        driver.picture().lines().any(|line| line.contains('▸') && line.contains("latency")),
        "{}",
        driver.picture()
    );
    driver.keys("/no such metric");
    driver.sees(&["0 of "]);
    driver.keys("<esc>");
    assert!(matches!(driver.state.top(), Screen::Review(_)));
}

#[test]
fn lineage_verdict_and_description_are_filtered() {
    let mut driver = Driver::demo();
    driver.resize(100, 40);
    driver.keys(":telco-churn<enter>2");
    driver.sees(&["road", "commit"]);
    driver.keys("/pull request<enter>");
    driver.sees(&["pull request", " of "]);
    driver.misses(&["experiment "]);
    driver.keys("<esc>4");
    driver.misses(&["Esc clears it"]);
    driver.keys("/!auc");
    driver.sees(&[" of "]);
    assert!(!body(&driver).contains("auc"), "{}", driver.picture());
    driver.keys("<esc>6/zzz");
    driver.sees(&["0 of "]);
}

#[test]
fn runs_comparisons_history_records_and_files_are_filtered() {
    let mut driver = Driver::demo();
    driver.resize(100, 40);
    driver.keys("e<enter>");
    driver.keys("<enter>");
    assert!(matches!(driver.state.top(), Screen::Run(_)), "{}", driver.picture());
    driver.keys("2/zzz");
    driver.sees(&["0 of 4", "Nothing matches."]);
    driver.keys("<esc>/!zzz<enter>");
    driver.sees(&["4 of 4"]);
    driver.keys("<esc><esc><esc>");
    driver.keys(":telco-churn/39<enter>v");
    driver.keys("<space><space>c");
    assert!(matches!(driver.state.top(), Screen::Compare(_)), "{}", driver.picture());
    driver.keys("/auc<enter>");
    driver.sees(&["auc", " of "]);
    driver.misses(&["PARAMS"]);
    driver.keys("<esc>H");
    assert!(matches!(driver.state.top(), Screen::History(_)));
    let all = driver.picture();
    driver.keys("/zzzz");
    driver.sees(&["No decision matches.", "0 of "]);
    driver.keys("<esc>");
    assert_eq!(driver.picture(), all);
}

#[test]
fn a_record_and_a_preview_are_filtered_line_by_line() {
    let mut driver = sample(&[]);
    driver.resize(100, 40);
    let at =
        signoff::app::route::RecordAt::Release("acme/churn-model".parse().unwrap(), "telco-churn-v42".parse().unwrap());
    let mut record = sample(&[signoff::app::route::Route::Record(at)]);
    record.resize(100, 40);
    record.keys("/telco-churn<enter>");
    record.sees(&["telco-churn", " of ", "Esc clears it"]);
    record.keys("<esc>/no such line at all");
    record.sees(&["No line matches."]);
    driver.keys("<enter>f");
    assert!(matches!(driver.state.top(), Screen::Files(_)));
    driver.keys("/shap<enter>");
    driver.keys("<esc>");
    let file = signoff::app::route::Route::Preview(
        signoff::app::owner::Owner::Run(signoff::domain::ids::RunId::new("run42")),
        signoff::domain::artifact::ArtifactRoot::Run(signoff::domain::ids::RunId::new("run42")),
        "tables/shap.csv".into(),
    );
    let mut preview = sample(&[file]);
    preview.sees(&["tenure", "age"]);
    preview.keys("/ten<enter>");
    preview.sees(&["tenure", "1 of 2"]);
    preview.misses(&["10.25"]);
    preview.keys("<esc>");
    preview.sees(&["tenure", "10.25"]);
}

#[test]
fn where_nothing_can_be_filtered_what_is_typed_for_it_does_nothing() {
    let mut driver = Driver::demo();
    driver.keys(":telco-churn<enter><enter>");
    assert!(matches!(driver.state.top(), Screen::Curve(_)), "{}", driver.picture());
    driver.misses(&["/ filter"]);
    driver.keys("/");
    driver.sees(&["There is nothing to filter here."]);
    driver.keys("timq-a:<space>");
    assert!(matches!(driver.state.top(), Screen::Curve(_)), "none of it is a command");
    driver.sees(&["There is nothing to filter here."]);
    driver.keys("<enter>");
    assert!(matches!(driver.state.top(), Screen::Curve(_)));
    driver.keys("t");
    assert!(matches!(driver.state.top(), Screen::Trend(_)), "the end of the line ends that");
    driver.keys("<esc><esc>5/a");
    assert!(matches!(driver.state.top(), Screen::Review(_)), "the checklist has no filter: {}", driver.picture());
}

#[test]
fn keys_typed_into_the_filter_of_a_review_are_no_commands() {
    let mut driver = Driver::demo();
    driver.keys(":telco-churn<enter>/aqxz:-[?");
    assert!(matches!(driver.state.top(), Screen::Review(_)));
    driver.sees(&["aqxz:-[?", "⏎ keep the filter", "Esc clear it"]);
}

#[test]
fn every_list_has_the_one_filter_with_its_count_and_its_words() {
    for way in ["", "m", "m<enter>", "e", "e<enter>", "T", ":telco-churn<enter>f", "H", "?"] {
        let mut driver = Driver::demo();
        driver.resize(100, 40);
        driver.keys(way);
        let heading = driver.state.top().heading();
        assert!(driver.state.top().finder().is_some(), "{heading} has a filter of its own");
        driver.keys("/!zzz");
        driver.sees(&[" / !zzz", "⏎ keep the filter", "Esc clear it", " of "]);
        driver.keys("<enter>");
        driver.sees(&["Esc clears it"]);
        driver.keys("<esc>");
        driver.misses(&["!zzz"]);
        assert_eq!(driver.state.top().heading(), heading, "Esc clears the filter first");
    }
}

#[test]
fn what_is_in_front_of_a_list_has_the_keys_and_the_filter_stays() {
    let mut driver = Driver::demo();
    driver.resize(100, 40);
    driver.keys("/telco<enter>s");
    driver.sees(&["sort by"]);
    driver.keys("<esc>");
    driver.sees(&[" / telco", "2 of "]);
    driver.misses(&["credit-limit"]);
    let mut driver = Driver::demo();
    driver.resize(100, 40);
    driver.keys("e<enter>/a<enter>f");
    driver.sees(&["ask the server"]);
    driver.keys("<esc>");
    driver.sees(&[" / a", "Esc clears it"]);
}

#[test]
fn a_list_is_searched_by_all_that_its_rows_show() {
    let rows = |driver: &Driver, name: &str| driver.picture().lines().filter(|line| line.contains(name)).count();
    let mut driver = Driver::demo();
    driver.resize(160, 50);
    for (typed, found, not) in [
        ("12.84", "pricing-elasticity", "telco-churn"),
        ("+0.012", "telco-churn", "credit-limit"),
        ("cannot", "card-fraud", "credit-limit"),
        ("blocking", "card-fraud", "credit-limit"),
        ("rmse", "pricing-elasticity", "card-fraud"),
        ("5h", "pricing-elasticity", "card-fraud"),
    ] {
        driver.keys(&format!("/{typed}<enter>"));
        assert!(rows(&driver, found) > 0 && rows(&driver, not) == 0, "{typed}: {}", driver.picture());
        driver.keys("<esc>");
    }
    driver.keys("/zzz<enter>");
    driver.sees(&["Nothing waiting matches."]);
    driver.keys("<esc>:telco-churn<enter>v/0.914<enter>");
    assert!(matches!(driver.state.top(), Screen::Versions(_)));
    assert!(rows(&driver, "v42") > 0 && rows(&driver, "v39") == 0, "{}", driver.picture());
}

#[test]
fn what_is_read_after_something_was_typed_is_found_too() {
    let mut driver = Driver::asking(crate::support::driver::demo_rules(), &[], |_| {});
    driver.answer_only(|query| matches!(query, signoff::app::query::Query::Models { .. }));
    driver.keys("/pricing 12.84");
    driver.sees(&["Nothing waiting matches."]);
    driver.keys("<backspace><backspace><backspace><backspace><backspace>");
    driver.answer_all();
    driver.keys("12.84");
    driver.sees(&["pricing-elasticity"]);
}
