//! The files of a version beside those of production.

use signoff::app::effect::Effect;
use signoff::app::msg::Msg;
use signoff::app::paint::Pictures;
use signoff::app::saving::SaveNews;
use signoff::screens::Screen;

use crate::support::driver::Driver;

fn opened() -> Driver {
    let mut driver = Driver::demo();
    driver.resize(120, 36);
    driver.keys(":telco-churn/42<enter>3");
    driver
}

#[test]
fn a_confusion_matrix_is_first_and_stands_beside_that_of_production() {
    let driver = opened();
    let picture = driver.picture();
    let named = |name: &str| picture.lines().position(|line| line.contains(name)).unwrap_or(usize::MAX);
    assert!(named("plots/con") < named("roc_curve.png"), "{picture}");
    assert!(named("roc_curve.png") < named("trix.json"), "{picture}");
    assert!(named("trix.json") < named("model_card"), "{picture}");
    driver.sees(&["▸ plots", "● v39", "○ v42", "▀▀▀▀"]);
}

#[test]
fn numbers_are_numbers_with_their_difference() {
    let mut driver = opened();
    driver.keys("jj");
    // 841 were called wrong by v39, 768 by v42.
    driver.sees(&["stays", "leaves", "841", "768", "-73", "Δ"]);
    driver.keys("/metrics<enter>");
    driver.sees(&["1 of 1", "auc", "0.902", "0.914", "+0.012"]);
    driver.keys("<esc>");
    driver.sees(&["roc_curve.png"]);
}

#[test]
fn a_picture_is_zoomed_and_moved_with_both_sides_alike_and_esc_shows_all_of_it() {
    let mut driver = opened();
    let all = driver.picture();
    driver.keys("+");
    driver.sees(&["2x"]);
    driver.keys("+");
    driver.sees(&["4x"]);
    let near = driver.picture();
    driver.keys("l");
    assert!(matches!(driver.state.top(), Screen::Review(_)), "l moves the part, and turns no tab");
    driver.sees(&["3 Artifacts", "4x"]);
    driver.keys("jk-");
    driver.sees(&["2x"]);
    assert_ne!(driver.picture(), near);
    driver.keys("<esc>");
    assert_eq!(driver.picture(), all);
    driver.keys("l");
    driver.sees(&["metric.auc.floor"]);
}

#[test]
fn enter_opens_the_file_whole_and_comes_back_to_it() {
    let mut driver = opened();
    driver.keys("jj<enter>");
    assert!(matches!(driver.state.top(), Screen::Preview(_)));
    driver.sees(&["confusion_matrix.json"]);
    driver.keys("<esc>");
    driver.sees(&["841", "768"]);
}

#[test]
fn the_file_under_the_cursor_is_saved_and_the_download_goes_on_under_other_tabs() {
    let mut driver = opened();
    driver.asked();
    driver.keys("w");
    driver.sees(&["save into", "confusion_matrix", "⏎ save"]);
    driver.keys("out<enter>");
    let asked = driver.asked();
    let [Effect::Save(request)] = asked.as_slice() else { panic!("{asked:?}") };
    assert_eq!((request.path.as_str(), request.into.as_str()), ("plots/confusion_matrix.png", "out"));
    driver.keys("1");
    assert_eq!(driver.asked(), []);
    assert!(driver.state.saving.is_some());
    driver.send(Msg::Save(SaveNews::Exists("out/confusion_matrix.png".into())));
    driver.keys("y");
    assert!(!driver.asked().iter().any(|e| matches!(e, Effect::Save(_))), "nothing is asked on another tab");
    driver.keys("3");
    driver.sees(&["y replaces, Esc keeps: out/confusion_matrix.png is there already"]);
    driver.keys("y");
    assert!(matches!(driver.asked().as_slice(), [Effect::Save(request)] if request.overwrite));
    driver.keys("/metrics<enter>w");
    driver.sees(&["save into"]);
    driver.keys("<esc>");
    driver.sees(&["1 of 1"]);
}

#[test]
fn without_a_baseline_there_is_one_side() {
    let mut driver = Driver::demo();
    driver.keys(":churn-uplift/2<enter>3");
    driver.sees(&["1 of ", "○ v2"]);
    driver.misses(&["●"]);
}

#[test]
fn finer_cells_hold_six_or_eight_pixels() {
    for (pictures, cells) in
        [(Pictures::Sextants, '\u{1FB00}'..='\u{1FB3B}'), (Pictures::Octants, '\u{1CD00}'..='\u{1CDE5}')]
    {
        let mut driver = opened();
        driver.state.pictures = pictures;
        driver.keys("jk");
        let picture = driver.picture();
        assert!(picture.chars().any(|c| cells.contains(&c)), "{picture}");
        driver.keys("<enter>+");
        let picture = driver.picture();
        assert!(picture.chars().any(|c| cells.contains(&c)), "{picture}");
        driver.keys("<esc>");
        assert!(matches!(driver.state.top(), Screen::Preview(_)), "Esc shows all of the picture first");
    }
}

#[test]
fn where_pictures_are_off_none_is_zoomed() {
    let mut driver = Driver::demo();
    driver.state.pictures = Pictures::Off;
    driver.resize(120, 36);
    driver.keys(":telco-churn/42<enter>3");
    driver.sees(&["Pictures are off"]);
    driver.misses(&["zoom"]);
    driver.keys("+");
    driver.sees(&["Pictures are off"]);
    driver.misses(&["2x"]);
    driver.keys("?");
    driver.misses(&["zoom"]);
    driver.keys("<esc><enter>");
    assert!(matches!(driver.state.top(), Screen::Preview(_)));
    driver.misses(&["zoom"]);
}

/// Tables beside each other show columns whole or not at all, and say what is left out.
#[test]
fn no_number_is_cut_where_tables_stand_beside_each_other() {
    let columns = ["name", "support", "precision", "recall", "f1-score", "weight"];
    let title = |name: &&str| signoff::domain::preview::GridColumn {
        title: (*name).to_owned(),
        numeric: *name != "name",
        widest: if *name == "name" { "a rather long name of a class".to_owned() } else { "0.123456789".to_owned() },
    };
    let row = |i: usize| {
        let mut row = vec![format!("a rather long name of clas{i}")];
        row.extend((1..columns.len()).map(|c| format!("0.{c}2345678{i}")));
        row
    };
    let grid = signoff::domain::preview::Grid {
        columns: columns.iter().map(title).collect(),
        rows: (0..9).map(row).collect(),
    };
    for (width, more) in [(30, "+ 5 columns"), (37, "+ 4 columns"), (60, "+ 3 columns"), (88, "+ 1 column,"), (120, "")]
    {
        let rows: Vec<usize> = (0..9).collect();
        let part = signoff::screens::parts::shown_view::Part { rows: &rows, offset: 0, column: 0 };
        let area = ratatui::layout::Rect::new(0, 0, width, 12);
        let mut buf = ratatui::buffer::Buffer::empty(area);
        let skin = signoff::ui::Skin::new(signoff::ui::skin::Theme::Dark, true);
        signoff::screens::parts::shown_view::draw_beginning(&grid, part, "Enter", area, &mut buf, &skin);
        let text = crate::support::screen::text(&buf).join("\n");
        let says = text.contains("Enter shows");
        assert_eq!((says, text.contains(more)), (!more.is_empty(), true), "{width}:\n{text}");
        for number in text.split_whitespace().filter(|word| word.starts_with("0.")) {
            assert_eq!(number.len(), 11, "{number} at {width}:\n{text}");
        }
        let short = ratatui::layout::Rect::new(0, 0, width, 6);
        let mut buf = ratatui::buffer::Buffer::empty(short);
        signoff::screens::parts::shown_view::draw_beginning(&grid, part, "Enter", short, &mut buf, &skin);
        let text = crate::support::screen::text(&buf).join("\n");
        assert!(text.contains("5 rows, E"), "{text}");
    }
}
