//! No widget panics, whatever its size and text, and none draws outside its area.
#![allow(clippy::unwrap_used)]

mod support;

use proptest::prelude::*;
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::widgets::Widget;
use signoff::ui::layout::{Column, Widths};
use signoff::ui::skin::Theme;
use signoff::ui::widgets::{
    Banner, Dialog, Field, Footer, Ground, HeaderBar, Hint, Moment, Pager, Row, Rule, Sorted, Spark, Tab, Table, Tabs,
    TargetMark, Timeline, TimelineMark, Tone, TooSmall,
};
use signoff::ui::{Draw as _, Phrase, Role, Skin};
use support::screen;

/// Any text, with a bias towards problematic characters.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z ]{0,30}",
        any::<String>(),
        "(猫|👩‍👩‍👧|e\u{301}|\u{202e}|\u{1b}\\[2J|\n|\t|\u{0}|\u{9b}|\u{feff}|ﾞ|🇩🇪|[0-9.]){0,20}",
    ]
}

#[derive(Debug, Clone)]
struct Case {
    area: Rect,
    texts: Vec<String>,
    numbers: Vec<usize>,
    flag: bool,
    theme: Theme,
}

fn any_case() -> impl Strategy<Value = Case> {
    let area = (0u16..8, 0u16..5, 0u16..70, 0u16..16).prop_map(|(x, y, w, h)| Rect::new(x, y, w, h));
    let texts = prop::collection::vec(any_text(), 6..7);
    let numbers = prop::collection::vec(prop_oneof![0usize..12, any::<usize>()], 4..5);
    (area, texts, numbers, any::<bool>(), prop::sample::select(&Theme::ALL[..]))
        .prop_map(|(area, texts, numbers, flag, theme)| Case { area, texts, numbers, flag, theme })
}

/// Draws into `area` of a larger buffer, and again into smaller buffers than the area.
fn check(area: Rect, widget: impl Widget + Copy) -> Result<(), TestCaseError> {
    let outer = Rect::new(0, 0, 80, 24);
    let untouched = Cell::new("x");
    let mut buf = Buffer::filled(outer, untouched.clone());
    widget.render(area, &mut buf);
    for y in 0..outer.height {
        for x in 0..outer.width {
            let cell = &buf[(x, y)];
            prop_assert!(!cell.symbol().contains(char::is_control), "control character at {x},{y}");
            prop_assert!(area.contains((x, y).into()) || *cell == untouched, "drawn outside at {x},{y}: {cell:?}");
        }
    }
    widget.render(area, &mut Buffer::empty(Rect::new(3, 2, 9, 4)));
    widget.render(area, &mut Buffer::empty(Rect::new(0, 0, 0, 0)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bars_and_notices_stay_in_their_area(case in any_case()) {
        let skin = &Skin::new(case.theme, case.flag);
        let t = |i: usize| case.texts[i].as_str();
        let phrase = |i: usize| Phrase::of(Role::Title, t(i)).text(t(i + 1));
        let target = case.flag.then_some(TargetMark { name: t(2), colour: Some(t(3)), production: t(0).len() % 2 == 0 });
        let right = [phrase(4), phrase(1)];
        check(case.area, &HeaderBar { skin, left: phrase(0), more: phrase(3), target, demo: !case.flag, right: &right })?;
        let hints = [Hint::new(t(0), t(1)), Hint::new("a", t(2)), Hint::new(t(3), "x")];
        let last = [Hint::new("?", t(4)), Hint::new(t(5), "y")];
        check(case.area, &Footer { skin, hints: &hints, last: &last[..case.numbers[0] % 3], right: phrase(4) })?;
        check(case.area, &Rule { skin, left: phrase(0), right: phrase(2) })?;
        check(case.area, &Banner { skin, tone: Tone::Bad, text: t(0), hint: case.flag.then_some(t(1)) })?;
        check(case.area, &Ground { skin })?;
        check(case.area, &TooSmall { skin })?;
        let tabs = [Tab::new("1", t(0)), Tab { badge: phrase(1), ..Tab::new(t(3), t(4)) }, Tab::new("3", t(5))];
        check(case.area, &Tabs { skin, tabs: &tabs[..case.numbers[0] % 4], active: case.numbers[1] })?;
    }

    #[test]
    fn tables_and_texts_stay_in_their_area(case in any_case()) {
        let skin = &Skin::new(case.theme, case.flag);
        let t = |i: usize| case.texts[i % 6].as_str();
        let columns = [
            Column::left(t(0)).min(3).max(20).stretch(),
            Column::point(t(1)).rank(1),
            Column::right(t(2)).rank(2).max(9),
            Column::left(t(3)),
        ];
        let phrase = |i: usize| Phrase::of(Role::Title, t(i)).text(t(i + 1));
        let row = |i: usize| {
            if i % 7 == 6 {
                return Row::across(phrase(i % 5));
            }
            let cells = (0..=i % 5).map(|c| Phrase::of(Role::Bad, t(i.wrapping_add(c))).text(t(c))).collect();
            Row::new(cells).marked(i.is_multiple_of(2)).over(Role::Muted)
        };
        let measured = if case.flag { Widths::of(&columns, (0..6).map(row)) } else { Widths::default() };
        let len = case.numbers[0];
        let table = Table::new(skin, &columns, &measured, len, &row)
            .cursor(case.flag.then_some(case.numbers[1]))
            .scrolled(case.numbers[2])
            .sorted(Some(Sorted { column: case.numbers[3], descending: case.flag }));
        check(case.area, &table)?;
        check(case.area, &table.without_header())?;
        let line = |i: usize| Phrase::new(t(i % 6));
        check(case.area, &Pager::new(skin, len, case.numbers[2], &line))?;
    }

    #[test]
    fn timelines_fields_dialogs_and_curves_stay_in_their_area(case in any_case(), values in prop::collection::vec(any::<f64>(), 0..90)) {
        let skin = &Skin::new(case.theme, case.flag);
        let t = |i: usize| case.texts[i].as_str();
        let marks = [TimelineMark::Waiting, TimelineMark::Running, TimelineMark::Done, TimelineMark::Failed, TimelineMark::Unknown, TimelineMark::Attention, TimelineMark::Undone];
        let moments: Vec<_> = marks[..case.numbers[0] % 8]
            .iter()
            .map(|mark| Moment {
                mark: *mark,
                title: t(0).into(),
                detail: Phrase::new(t(1)),
                duration: t(2).into(),
                notes: vec![Phrase::new(t(3)), Phrase::of(Role::Key, t(4))],
            })
            .collect();
        check(case.area, &Timeline { skin, moments: &moments, tick: case.numbers[1], offset: case.numbers[2] })?;
        let input = tui_input::Input::new(t(0).to_owned()).with_cursor(case.numbers[1] % 40);
        let field = Field { skin, label: Phrase::new(t(1)), input: &input, placeholder: t(2).into(), focused: case.flag };
        check(case.area, &field)?;
        check(case.area, &Dialog { skin, title: Phrase::new(t(0)), right: Phrase::new(t(1)), danger: case.flag })?;
        let inner = Dialog::inner(case.area);
        prop_assert_eq!(inner.intersection(case.area), inner);
        check(case.area, &Spark { skin, values: &values, role: Role::Good })?;
    }
}

#[test]
fn a_dump_shows_text_and_style_runs_and_counts_wide_characters_once() {
    let skin = Skin::new(Theme::Dark, true);
    let mut buf = Buffer::empty(Rect::new(0, 0, 14, 2));
    Phrase::of(Role::Good, "猫").text(" ok ").add(Role::Title, "now").draw(buf.area, &mut buf, &skin);
    insta::assert_snapshot!(screen::dump(&buf), @r"
    |猫 ok now
    |
    --- styles
      0: 0-1 114
      0: 6-8 bold
    ");
    assert_eq!(screen::text(&buf), ["猫 ok now", ""]);
}

#[test]
fn without_colours_a_whole_screen_holds_none() {
    let skin = &Skin::new(Theme::NoColor, true);
    let mut buf = Buffer::empty(Rect::new(0, 0, 60, 4));
    let line = |y| Rect::new(0, y, 60, 1);
    let target = Some(TargetMark { name: "eu", colour: Some("red"), production: true });
    let (left, right) = (Phrase::of(Role::Title, "signoff"), [Phrase::new("rev1")]);
    let header = HeaderBar { skin, left, more: Phrase::default(), target, demo: true, right: &right };
    header.render(line(0), &mut buf);
    let columns = [Column::left("MODEL"), Column::point("AUC")];
    let row = |_| Row::new(vec![Phrase::new("telco"), Phrase::of(Role::Good, "▲ +0.01")]);
    let widths = Widths::of(&columns, [row(0)]);
    Table::new(skin, &columns, &widths, 1, &row).cursor(Some(0)).render(Rect::new(0, 1, 60, 2), &mut buf);
    let hints = [Hint::new("a", "approve")];
    Footer { skin, hints: &hints, last: &[], right: Phrase::default() }.render(line(3), &mut buf);
    insta::assert_snapshot!(screen::dump(&buf), @r"
    |  DEMO    eu PRODUCTION   signoff                      rev1
    |   MODEL       AUC
    | ▸ telco   ▲ +0.01
    | a approve
    --- styles
      0: 0-59 bold reversed
      1: 3-7 bold
      1: 15-17 bold
      2: 0-59 reversed
      3: 1-1 bold
      3: 3-9 dim
    ");
}
