//! Files as a person goes through them: tree, preview, saving.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::simulator::Simulator;
use super::tests::screen_text;
use crate::app::effect::Effect;
use crate::app::msg::Msg;
use crate::app::owner::Owner;
use crate::app::query::Query;
use crate::app::route::Route;
use crate::app::saving::{SaveNews, SaveRequest};
use crate::domain::artifact::ArtifactRoot;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::promotion::samples;
use crate::program::state::Notice;
use crate::screens::Screen;
use crate::screens::files::{Files, Kind};

fn opened() -> Simulator {
    let mut simulator = Simulator::new(&[Route::Review(ModelName::new("telco-churn"), VersionNumber(42))]);
    simulator.keys("f");
    simulator
}

fn files(simulator: &Simulator) -> &Files {
    match simulator.state.top() {
        Screen::Files(files) => files,
        other => panic!("{other:?}"),
    }
}

fn names(simulator: &Simulator) -> Vec<&str> {
    files(simulator).rows().iter().map(|row| row.name.as_str()).collect()
}

/// Saves the CSV file into `folder`.
fn saving(folder: &str) -> (Simulator, SaveRequest) {
    let mut simulator = opened();
    simulator.keys("jj<enter>j");
    simulator.asked();
    simulator.keys("w");
    simulator.keys(folder);
    simulator.keys("<enter>");
    match simulator.asked().as_slice() {
        [Effect::Save(request)] => (simulator, request.clone()),
        other => panic!("{other:?}"),
    }
}

fn word(simulator: &Simulator) -> String {
    match &simulator.state.notice {
        Some(Notice::Word(word)) => word.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn folders_are_read_when_they_are_opened() {
    let mut simulator = opened();
    assert_eq!(names(&simulator)[1..], ["plots", "tables", "model_card.md"]);
    simulator.answering = false;
    simulator.keys("jj<enter>");
    let asked = simulator.asked();
    assert!(
        matches!(asked.as_slice(), [Effect::Fetch(_, Query::Artifacts { path, .. })] if path == "tables"),
        "{asked:?}"
    );
    assert!(matches!(files(&simulator).rows()[3].kind, Kind::Word("reading …")));
    simulator.keys("<enter>");
    let asked = simulator.asked();
    assert!(matches!(asked.as_slice(), [Effect::Cancel(_)]), "a folder that was closed is not read: {asked:?}");
}

#[test]
fn the_way_out_of_a_folder_is_the_key_that_folds_it() {
    let mut simulator = opened();
    simulator.keys("jj<enter>jh");
    assert_eq!(files(&simulator).selected().unwrap().name, "tables");
    simulator.keys("h");
    assert_eq!(names(&simulator).len(), 4);
}

#[test]
fn a_filter_shows_whole_paths_of_what_was_read() {
    let mut simulator = opened();
    simulator.keys("jj<enter>/shap<enter>");
    assert_eq!(names(&simulator), ["tables/shap.csv"]);
    assert!(simulator.asked().is_empty());
    simulator.keys("<enter>");
    assert!(matches!(simulator.state.top(), Screen::Preview(_)));
    simulator.keys("<esc><esc>");
    assert!(names(&simulator).len() > 1, "Esc clears the filter first");
}

#[test]
fn a_file_is_saved_where_the_person_says() {
    let (simulator, request) = saving("out");
    let root = request.root.clone();
    assert!(matches!(root, ArtifactRoot::Run(_)), "{root:?}");
    let expected = SaveRequest { root, path: "tables/shap.csv".into(), into: "out".into(), overwrite: false };
    assert_eq!(request, expected);
    assert!(simulator.state.saving.is_some());
}

#[test]
fn a_file_that_is_there_is_only_replaced_by_a_y() {
    let (mut simulator, request) = saving("");
    simulator.send(Msg::Save(SaveNews::Exists("./shap.csv".into())));
    simulator.keys("<enter>nq");
    assert_eq!(simulator.asked(), []);
    simulator.keys("y");
    assert_eq!(simulator.asked(), [Effect::Save(SaveRequest { overwrite: true, ..request })]);
    simulator.send(Msg::Save(SaveNews::Done { path: "./shap.csv".into(), bytes: 36 }));
    assert_eq!(word(&simulator), "saved ./shap.csv, 36 B");
    assert!(simulator.state.saving.is_none());
}

#[test]
fn esc_keeps_the_file_that_is_there() {
    let (mut simulator, _) = saving("");
    simulator.send(Msg::Save(SaveNews::Exists("./shap.csv".into())));
    simulator.keys("<esc>");
    assert_eq!(simulator.asked(), [Effect::StopSaving]);
    assert!(simulator.state.saving.is_none());
    files(&simulator);
    simulator.keys("y");
    assert!(!simulator.asked().iter().any(|e| matches!(e, Effect::Save(_))));
}

#[test]
fn esc_stops_a_file_on_its_way_and_leaving_does_too() {
    let (mut simulator, _) = saving("");
    simulator.send(Msg::Save(SaveNews::Progress(10)));
    simulator.keys("<esc>");
    assert_eq!(simulator.asked(), [Effect::StopSaving]);
    files(&simulator);
    let (mut simulator, _) = saving("");
    simulator.keys("i");
    assert_eq!(simulator.asked(), [Effect::StopSaving]);
    simulator.send(Msg::Save(SaveNews::Exists("./shap.csv".into())));
    assert!(simulator.state.saving.is_none(), "what was stopped asks nothing");
}

#[test]
fn one_file_at_a_time() {
    let (mut simulator, _) = saving("");
    simulator.keys("w<enter>");
    assert_eq!(simulator.asked(), []);
    assert!(word(&simulator).contains("One file at a time"));
}

#[test]
fn a_preview_scrolls_to_its_end_and_no_further() {
    let mut simulator = opened();
    simulator.keys("jj<enter>j<enter>");
    let before = simulator.state.top().clone();
    simulator.keys("jjjG");
    assert_eq!(*simulator.state.top(), before, "a short table has nothing to scroll");
    simulator.keys("lllll");
    assert_ne!(*simulator.state.top(), before, "its columns scroll");
    simulator.keys("hhhhh");
    assert_eq!(*simulator.state.top(), before);
}

#[test]
fn a_picture_stands_in_half_blocks_until_the_terminal_has_it_and_again_in_another_size() {
    use crate::app::paint::{Graphic, GraphicCell, Pictures};
    use crate::app::query::Answer;
    use crate::domain::preview::{Content, Picture, Preview};
    let mut simulator = Simulator::new(&[]);
    simulator.state.pictures = Pictures::Terminal;
    simulator.answering = false;
    let root = crate::domain::artifact::ArtifactRoot::Run(crate::domain::ids::RunId::new("run42"));
    let facts = samples::facts();
    let route = Route::Preview(
        Owner::Version(facts.version.model.clone(), facts.version.number),
        root.clone(),
        "roc.png".into(),
    );
    let screen = simulator.state.make(&route);
    simulator.state.screens.push(screen);
    simulator.send(Msg::Tick(samples::now()));
    let picture = Picture { width: 4, height: 4, rgb: vec![9; 48], original: (4, 4) };
    let file = Preview {
        kind: "PNG",
        content: Content::Picture(picture),
        cut: false,
        read: 48,
        total: None,
        notes: Vec::new(),
    };
    for effect in simulator.asked() {
        let Effect::Fetch(id, query @ Query::Preview { .. }) = effect else { continue };
        let answer = Ok(Answer::Preview(std::sync::Arc::new(file.clone())));
        simulator.send(Msg::Reply { id, query, answer });
    }
    let asked = |simulator: &mut Simulator| -> Vec<_> {
        let paints = simulator.asked().into_iter().filter_map(|e| match e {
            Effect::Paint(request) => Some(request.canvas),
            _ => None,
        });
        paints.collect()
    };
    let canvas = asked(&mut simulator);
    assert_eq!(canvas.len(), 1);
    assert!(screen_text(&simulator.state, 80, 24).contains("▀▀▀▀"));
    let cell = |symbol: &str| Some(GraphicCell { symbol: symbol.into(), colour: None });
    let graphic = Graphic { columns: 2, rows: 1, cells: vec![cell("\u{1b}_Gpicture\u{1b}\\@"), None] };
    simulator.send(Msg::Painted(canvas[0].clone(), graphic));
    let text = screen_text(&simulator.state, 80, 24);
    assert!(text.contains("_Gpicture") && !text.contains('▀'), "{text}");
    simulator.send(Msg::Tick(samples::now()));
    assert_eq!(asked(&mut simulator), []);
    simulator.send(Msg::Input(crate::app::input::Input::Resize { width: 100, height: 30 }));
    assert_eq!(asked(&mut simulator).len(), 1);
    assert!(screen_text(&simulator.state, 100, 30).contains("▀▀▀▀"));
}
