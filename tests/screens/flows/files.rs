//! Flows through files: tree, preview, saving.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::sample::{quiet, sample};
use crate::samples;
use crate::support::driver::Driver;
use signoff::app::effect::Effect;
use signoff::app::msg::Msg;
use signoff::app::owner::Owner;
use signoff::app::query::Query;
use signoff::app::route::Route;
use signoff::app::saving::{SaveNews, SaveRequest};
use signoff::domain::artifact::ArtifactRoot;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::program::state::Notice;
use signoff::screens::Screen;
use signoff::screens::files::{Files, Kind};

fn opened() -> Driver {
    let mut driver = sample(&[Route::Review(ModelName::new("telco-churn"), VersionNumber(42))]);
    driver.keys("f");
    driver
}

fn files(driver: &Driver) -> &Files {
    match driver.state.top() {
        Screen::Files(files) => files,
        other => panic!("{other:?}"),
    }
}

fn names(driver: &Driver) -> Vec<&str> {
    files(driver).rows().iter().map(|row| row.name.as_str()).collect()
}

/// Saves the CSV file into `folder`.
fn saving(folder: &str) -> (Driver, SaveRequest) {
    let mut driver = opened();
    driver.keys("jj<enter>j");
    driver.asked();
    driver.keys("w");
    driver.keys(folder);
    driver.keys("<enter>");
    match driver.asked().as_slice() {
        [Effect::Save(request)] => (driver, request.clone()),
        other => panic!("{other:?}"),
    }
}

fn word(driver: &Driver) -> String {
    match &driver.state.notice {
        Some(Notice::Word(word)) => word.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn folders_are_read_when_they_are_opened() {
    let mut driver = opened();
    assert_eq!(names(&driver)[1..], ["plots", "tables", "model_card.md"]);
    driver.answering = false;
    driver.keys("jj<enter>");
    let asked = driver.asked();
    assert!(
        matches!(asked.as_slice(), [Effect::Fetch(_, Query::Artifacts { path, .. })] if path == "tables"),
        "{asked:?}"
    );
    assert!(matches!(files(&driver).rows()[3].kind, Kind::Word("reading …")));
    driver.keys("<enter>");
    let asked = driver.asked();
    assert!(matches!(asked.as_slice(), [Effect::Cancel(_)]), "a folder that was closed is not read: {asked:?}");
}

#[test]
fn the_way_out_of_a_folder_is_the_key_that_folds_it() {
    let mut driver = opened();
    driver.keys("jj<enter>jh");
    assert_eq!(files(&driver).selected().unwrap().name, "tables");
    driver.keys("h");
    assert_eq!(names(&driver).len(), 4);
}

#[test]
fn a_filter_shows_whole_paths_of_what_was_read() {
    let mut driver = opened();
    driver.keys("jj<enter>/shap<enter>");
    assert_eq!(names(&driver), ["tables/shap.csv"]);
    assert!(driver.asked().is_empty());
    driver.keys("<enter>");
    assert!(matches!(driver.state.top(), Screen::Preview(_)));
    driver.keys("<esc><esc>");
    assert!(names(&driver).len() > 1, "Esc clears the filter first");
}

#[test]
fn a_file_is_saved_where_the_person_says() {
    let (driver, request) = saving("out");
    let root = request.root.clone();
    assert!(matches!(root, ArtifactRoot::Run(_)), "{root:?}");
    let expected = SaveRequest { root, path: "tables/shap.csv".into(), into: "out".into(), overwrite: false };
    assert_eq!(request, expected);
    assert!(driver.state.saving.is_some());
}

#[test]
fn a_file_that_is_there_is_only_replaced_by_a_y() {
    let (mut driver, request) = saving("");
    driver.send(Msg::Save(SaveNews::Exists("./shap.csv".into())));
    driver.keys("<enter>nq");
    assert_eq!(driver.asked(), []);
    driver.keys("y");
    assert_eq!(driver.asked(), [Effect::Save(SaveRequest { overwrite: true, ..request })]);
    driver.send(Msg::Save(SaveNews::Done { path: "./shap.csv".into(), bytes: 36 }));
    assert_eq!(word(&driver), "saved ./shap.csv, 36 B");
    assert!(driver.state.saving.is_none());
}

#[test]
fn esc_keeps_the_file_that_is_there() {
    let (mut driver, _) = saving("");
    driver.send(Msg::Save(SaveNews::Exists("./shap.csv".into())));
    driver.keys("<esc>");
    assert_eq!(driver.asked(), [Effect::StopSaving]);
    assert!(driver.state.saving.is_none());
    files(&driver);
    driver.keys("y");
    assert!(!driver.asked().iter().any(|e| matches!(e, Effect::Save(_))));
}

#[test]
fn esc_stops_a_file_on_its_way_and_leaving_does_too() {
    let (mut driver, _) = saving("");
    driver.send(Msg::Save(SaveNews::Progress(10)));
    driver.keys("<esc>");
    assert_eq!(driver.asked(), [Effect::StopSaving]);
    files(&driver);
    let (mut driver, _) = saving("");
    driver.keys("i");
    assert_eq!(driver.asked(), [Effect::StopSaving]);
    driver.send(Msg::Save(SaveNews::Exists("./shap.csv".into())));
    assert!(driver.state.saving.is_none(), "what was stopped asks nothing");
}

#[test]
fn one_file_at_a_time() {
    let (mut driver, _) = saving("");
    driver.keys("w<enter>");
    assert_eq!(driver.asked(), []);
    assert!(word(&driver).contains("One file at a time"));
}

#[test]
fn a_preview_scrolls_to_its_end_and_no_further() {
    let mut driver = opened();
    driver.keys("jj<enter>j<enter>");
    let before = driver.state.top().clone();
    driver.keys("jjjG");
    assert_eq!(*driver.state.top(), before, "a short table has nothing to scroll");
    driver.keys("lllll");
    assert_ne!(*driver.state.top(), before, "its columns scroll");
    driver.keys("hhhhh");
    assert_eq!(*driver.state.top(), before);
}

#[test]
fn a_picture_stands_in_half_blocks_until_the_terminal_has_it_and_again_in_another_size() {
    use signoff::app::paint::{Graphic, GraphicCell, Pictures};
    use signoff::app::query::Reply;
    use signoff::domain::preview::{Content, Picture, Preview};
    use std::sync::Arc;
    let root = signoff::domain::artifact::ArtifactRoot::Run(signoff::domain::ids::RunId::new("run42"));
    let facts = samples::facts();
    let route = Route::Preview(
        Owner::Version(facts.version.model.clone(), facts.version.number),
        root.clone(),
        "roc.png".into(),
    );
    let mut driver = quiet(&[route]);
    driver.state.pictures = Pictures::Terminal;
    driver.send(Msg::Tick(samples::now()));
    let picture = Picture { width: 4, height: 4, rgb: vec![9; 48], original: (4, 4) };
    let file = Preview {
        numbers: None,
        kind: "PNG",
        content: Content::Picture(picture),
        cut: false,
        read: 48,
        total: None,
        notes: Vec::new(),
    };
    driver.reply(Reply::Preview { root: root.clone(), path: "roc.png".into(), answer: Ok(Arc::new(file)) });
    let asked = |driver: &mut Driver| -> Vec<_> {
        let paints = driver.asked().into_iter().filter_map(|e| match e {
            Effect::Paint(request) => Some(request.canvas),
            _ => None,
        });
        paints.collect()
    };
    let canvas = asked(&mut driver);
    assert_eq!(canvas.len(), 1);
    assert!(driver.picture_at(80, 24).contains("▀▀▀▀"));
    let cell = |symbol: &str| Some(GraphicCell { symbol: symbol.into(), colour: None });
    let graphic = Graphic { columns: 2, rows: 1, cells: vec![cell("\u{1b}_Gpicture\u{1b}\\@"), None] };
    driver.send(Msg::Painted(canvas[0].clone(), graphic));
    let text = driver.picture_at(80, 24);
    assert!(text.contains("_Gpicture") && !text.contains('▀'), "{text}");
    driver.send(Msg::Tick(samples::now()));
    assert_eq!(asked(&mut driver), []);
    driver.send(Msg::Input(signoff::app::input::Input::Resize { width: 100, height: 30 }));
    assert_eq!(asked(&mut driver).len(), 1);
    assert!(driver.picture_at(100, 30).contains("▀▀▀▀"));
}
