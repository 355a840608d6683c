//! Random input: with any keys, pastes, resizes, unanswered or refused queries, in a world full of hostile text,
//! nothing panics, no terminal control sequence is drawn, and nothing is decided that was not typed.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;
use signoff::adapters::demo::World;
use signoff::app::effect::Effect;
use signoff::app::input::{Input, Key, KeyCode};
use signoff::app::msg::Msg;
use signoff::app::route::Route;
use signoff::domain::failure::{Failure, FailureKind, Service};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::record::Decision;
use signoff::domain::run::MetricValue;
use signoff::ui::Skin;
use signoff::ui::skin::Theme;

use super::support::driver::{Driver, demo_rules};
use super::support::seed::HOSTILE;

/// Unusual names and texts: escapes, wide and joined characters, and very long ones.
const ODD: [&str; 5] =
    [HOSTILE, "👩\u{200d}👩\u{200d}👧客户流失", "e\u{301}\u{301}\u{301}ﾞ", "", "\u{202e}\u{2066}ab\u{feff}"];
/// Key sequences to screens that random keys seldom reach.
const PATHS: [&str; 20] = [
    "",
    "<enter>",
    "<enter>2",
    "<enter>3",
    "<enter>5",
    "<enter>b",
    "<enter>f",
    "<enter>f<enter>",
    "<enter>t",
    "<enter>jj<enter>",
    "v",
    "v  c",
    "a",
    "x",
    "e<enter>",
    "e<enter><enter>",
    "m<enter>R",
    "H",
    "v R",
    ":",
];

#[derive(Clone, Debug)]
enum Step {
    Press(Key),
    Paste(&'static str),
    Resize(u16, u16),
    Wait(u64),
    /// Answer the open queries, and those that follow.
    Answer,
    /// Leave queries open from now on.
    Silence,
    /// Fail queries from now on.
    Refuse,
}

fn key() -> impl Strategy<Value = Key> {
    use KeyCode::{BackTab, Backspace, Delete, Down, End, Enter, Esc, F, Home, Left, PageDown, PageUp, Right, Tab, Up};
    let named = vec![
        BackTab,
        Backspace,
        Delete,
        Down,
        Down,
        End,
        Enter,
        Enter,
        Enter,
        Esc,
        F(1),
        Home,
        Left,
        PageDown,
        PageUp,
        Right,
        Tab,
        Up,
    ];
    // `q` and Ctrl-C quit; they would end a case and are tested elsewhere.
    let letters: Vec<char> = (' '..='~').filter(|c| *c != 'q').chain(['猫', 'ﾞ', '\u{301}', '\u{200d}', '👧']).collect();
    prop_oneof![
        4 => select(named).prop_map(Key::plain),
        6 => select(letters).prop_map(Key::char),
        1 => select(vec!['s', 'p', 'o', 'r', 'd', 'u', 'w', 'a', 'e', 'k']).prop_map(Key::ctrl),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        40 => key().prop_map(Step::Press),
        1 => select(&ODD[..]).prop_map(Step::Paste),
        3 => (0u16..200, 0u16..60).prop_map(|(w, h)| Step::Resize(w, h)),
        2 => (0u64..100).prop_map(Step::Wait),
        2 => Just(Step::Answer),
        1 => Just(Step::Silence),
        1 => Just(Step::Refuse),
    ]
}

/// Makes every text written by others hostile.
fn vandalise(world: &mut World) {
    let mut odd = ODD.iter().cycle();
    let mut next = || (*odd.next().unwrap()).to_owned();
    world.identity.name = next();
    for model in world.models.values_mut() {
        model.description = next();
        for version in model.versions.values_mut() {
            version.description = next();
            version.author = Some(next());
            version.tags.insert(next(), next());
        }
    }
    for experiment in world.experiments.values_mut() {
        experiment.name = next();
    }
    for run in Arc::make_mut(&mut world.runs).values_mut() {
        run.name = next();
        run.user = next();
        let long = next().repeat(400);
        run.params.insert(next(), long);
        run.tags.insert(next(), next());
        for value in [f64::NAN, f64::INFINITY, f64::MIN, 5e-324, -0.0] {
            run.metrics.insert(format!("{}{value}", next()), MetricValue(value));
        }
        for set in &mut run.datasets {
            set.name = next();
        }
    }
    for commit in Arc::make_mut(&mut world.repo.commits).values_mut() {
        commit.message = next();
        commit.author = next();
    }
    for pull in Arc::make_mut(&mut world.repo.pulls) {
        pull.title = next();
        pull.author = Some(next());
    }
}

/// Whether `word` was typed, one character after the other, with any keys in between.
fn typed(word: &str, keys: &[Key]) -> bool {
    let mut wanted = word.chars().peekable();
    for key in keys {
        if wanted.peek().is_some_and(|c| *key == Key::char(*c)) {
            wanted.next();
        }
    }
    wanted.peek().is_none()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pressed_the_program_stands_and_decides_nothing_by_itself(
        hostile in any::<bool>(),
        promoted in any::<bool>(),
        path in select(&PATHS[..]),
        theme in select(&Theme::ALL[..]),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        let skin = Skin::new(theme, hostile);
        let form = Route::Approve(ModelName::new("telco-churn"), VersionNumber(42), Decision::Approve);
        let routes = if promoted { vec![form] } else { Vec::new() };
        let mut driver = Driver::asking(demo_rules(), &routes, |world| if hostile { vandalise(world) });
        driver.answer_all();
        if promoted {
            driver.keys("<tab>metrics read<tab>v42<enter>");
            let entries = driver.promote();
            driver.show(&entries[..entries.len() - steps.len() % entries.len()]);
        }
        driver.keys(path);
        driver.asked();
        let (mut size, mut pressed) = ((80, 24), Vec::new());
        for step in steps {
            match step {
                Step::Press(key) => {
                    pressed.push(key);
                    driver.send(Msg::Input(Input::Key(key)));
                }
                Step::Paste(text) => driver.send(Msg::Input(Input::Paste(text.to_owned()))),
                Step::Resize(width, height) => size = (width, height),
                Step::Wait(seconds) => drop(driver.wait(Duration::from_secs(seconds))),
                Step::Answer => {
                    driver.answer_from_the_world();
                    driver.answer_all();
                }
                Step::Silence => driver.answering = false,
                Step::Refuse => driver.refuse(
                    |_| true,
                    Failure::new(FailureKind::Unavailable, Service::Mlflow, HOSTILE, HOSTILE).with_hint(HOSTILE),
                ),
            }
            let buf = driver.draw(size.0, size.1, &skin);
            for cell in buf.content() {
                let bad = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                prop_assert!(!cell.symbol().contains(bad), "{:?} was drawn", cell.symbol());
            }
            for effect in driver.asked() {
                let last = pressed.last().copied();
                match effect {
                    Effect::Promote { draft, .. } => {
                        prop_assert_eq!(last, Some(Key::plain(KeyCode::Enter)));
                        prop_assert!(typed(&draft.facts.version.number.to_string(), &pressed));
                    }
                    Effect::Decide { .. } => {
                        prop_assert!(last == Some(Key::ctrl('s')) || last == Some(Key::plain(KeyCode::Enter)));
                    }
                    _ => {}
                }
            }
        }
    }
}
