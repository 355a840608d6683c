//! The files of a version, and their previews.

use insta::assert_snapshot;
use signoff::app::owner::Owner;
use signoff::app::query::Query;
use signoff::app::route::Route;
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::ids::{ModelName, RunId, VersionNumber};
use signoff::ui::Skin;
use signoff::ui::skin::Theme;

use super::support::driver::{Driver, rules};
use super::support::screen;
use super::{pictures, text, themed};

fn files() -> Driver {
    let route = Route::Files(Owner::Version(ModelName::new("telco-churn"), VersionNumber(42)));
    let mut driver = Driver::asking(rules("staging"), &[route], |_| {});
    driver.answer_all();
    driver
}

/// The preview of the first file that matches this filter.
fn preview(filter: &str) -> Driver {
    let mut driver = files();
    driver.keys("j<enter>/").keys(filter).keys("<enter><enter>");
    driver
}

#[test]
fn the_tree_of_files() {
    let mut driver = files();
    driver.keys("j<enter>j");
    assert_snapshot!("the_tree_of_files", pictures(&mut driver));
    assert_snapshot!("the_tree_of_files_without_colour", themed(&mut driver, Theme::NoColor));
}

#[test]
fn a_folder_that_cannot_be_read_says_why_in_its_place() {
    let route = Route::Files(Owner::Version(ModelName::new("telco-churn"), VersionNumber(42)));
    let mut driver = Driver::asking(rules("staging"), &[route], |_| {});
    let reason = "the server says no to everybody who is not of the team that trains";
    let why = Failure::new(FailureKind::Forbidden, Service::Mlflow, "list the files", reason)
        .with_hint("Ask for the permission READ on the experiment.");
    driver.refuse(|query| matches!(query, Query::Artifacts { path, .. } if path == "plots"), why);
    driver.answer_all();
    driver.keys("j<enter>");
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn a_table_and_its_columns() {
    let mut driver = preview("importance");
    assert_snapshot!("a_table", pictures(&mut driver));
    assert_snapshot!("a_table_without_colour", themed(&mut driver, Theme::NoColor));
    driver.keys("ll");
    assert_snapshot!("a_table_from_its_third_column", text(&mut driver, 60, 15));
}

#[test]
fn json_open_and_folded() {
    let mut driver = preview("MLmodel");
    assert_snapshot!("a_yaml_file", pictures(&mut driver));
    driver.keys("z");
    assert_snapshot!("a_yaml_file_folded", text(&mut driver, 80, 24));
}

#[test]
fn a_model_card() {
    assert_snapshot!(pictures(&mut preview("card")));
}

#[test]
fn a_file_of_which_only_the_beginning_is_read() {
    assert_snapshot!(text(&mut preview("bin"), 80, 24));
}

#[test]
fn a_picture_without_colour_is_shades() {
    let mut driver = preview("roc");
    let plain = Skin::new(Theme::NoColor, true);
    assert_snapshot!(screen::dump(&driver.draw(80, 24, &plain)));
}

#[test]
fn where_to_save_is_asked() {
    let mut driver = preview("card");
    driver.keys("w~/models");
    assert_snapshot!(text(&mut driver, 80, 24));
}

#[test]
fn the_files_of_a_run_that_is_no_version() {
    // The run of telco-churn v42.
    let run = RunId::new("adf2a51d31f05f007c2068479b66580a");
    let mut driver = Driver::asking(rules("staging"), &[Route::Files(Owner::Run(run))], |_| {});
    driver.answer_all();
    assert_snapshot!(text(&mut driver, 80, 24));
}
