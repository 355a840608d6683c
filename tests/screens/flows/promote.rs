//! Flows through `update`: keys in, effects out.

use proptest::prelude::*;

use super::decide;
use crate::sample::{answer, preflight, refused, sample};
use crate::samples;
use crate::support::driver::Driver;
use signoff::app::effect::{Effect, Place};
use signoff::app::input::{Input, Key, KeyCode};
use signoff::app::msg::Msg;
use signoff::app::query::{Query, Reply, RequestId};
use signoff::app::route::Route;
use signoff::domain::failure::Outcome;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::preflight::{CheckState, Preflight};
use signoff::domain::promotion::Progress;
use signoff::domain::promotion::{Entry, Event};
use signoff::domain::record::{Decision, SignOff};
use signoff::program::state::Driving;
use signoff::program::update::update;
use signoff::screens::Screen;

fn subject() -> (ModelName, VersionNumber) {
    (ModelName::new("telco-churn"), VersionNumber(42))
}

fn on_approve() -> Driver {
    let mut driver = sample(&[]);
    driver.keys("a");
    driver.asked();
    driver
}

fn promotes(effects: &[Effect]) -> usize {
    effects.iter().filter(|e| matches!(e, Effect::Promote { .. })).count()
}

fn opened() -> Msg {
    let plan = Box::new(samples::plan());
    let entry = Entry { v: 1, seq: 0, at: samples::now(), event: Event::Opened { plan } };
    Msg::Promotion(Box::new(Progress { id: samples::id(1), entry }))
}

#[test]
fn the_shortest_way_to_approve_takes_six_keys() {
    let mut driver = sample(&[]);
    driver.keys("av42<enter>");
    let asked = driver.asked();
    assert_eq!(asked, [Effect::Promote { draft: Box::new(samples::draft()), sign_off: SignOff::default() }]);
    driver.send(opened());
    assert!(matches!(driver.state.top(), Screen::Promotion(_)));
}

#[test]
fn the_reason_is_one_tab_away_and_goes_with_the_promotion() {
    let mut driver = on_approve();
    driver.keys("<tab>looks good<tab>v42<enter>");
    assert_eq!(
        driver.asked(),
        [Effect::Promote { draft: Box::new(samples::draft()), sign_off: SignOff::because("looks good") }]
    );
}

#[test]
fn nothing_but_the_exact_version_confirms() {
    for typed in ["", "v4", "v422", "V42", "42", "v43", " v42"] {
        let mut driver = on_approve();
        driver.keys(typed);
        driver.keys("<enter><enter>");
        assert_eq!(promotes(&driver.asked()), 0, "{typed:?}");
    }
}

#[test]
fn a_paste_or_a_held_key_does_not_confirm() {
    let mut driver = on_approve();
    driver.send(Msg::Input(Input::Paste("v42".into())));
    driver.keys("<enter>");
    for c in "v42".chars() {
        driver.send(Msg::Input(Input::Key(Key { repeat: true, ..Key::char(c) })));
    }
    driver.keys("<enter>");
    assert_eq!(promotes(&driver.asked()), 0);
    driver.keys("v42");
    driver.send(Msg::Input(Input::Key(Key { repeat: true, ..Key::plain(KeyCode::Enter) })));
    assert_eq!(promotes(&driver.asked()), 0);
}

#[test]
fn a_second_enter_does_nothing() {
    let mut driver = on_approve();
    driver.keys("v42<enter><enter><enter>v42<enter>");
    assert_eq!(promotes(&driver.asked()), 1);
    driver.send(opened());
    driver.keys("<enter>a<enter><esc>av42<enter>");
    assert_eq!(promotes(&driver.asked()), 0);
}

#[test]
fn a_blocking_check_a_missing_plan_and_a_failed_read_hinder() {
    let mut blocked = preflight();
    blocked.checks[0].state = CheckState::Block;
    let mut planless = preflight();
    planless.draft = None;
    for reply in [Ok(blocked), Ok(planless), Err(refused())] {
        let mut driver = sample(&[]);
        driver.answering = false;
        driver.keys("a");
        answer_preflight(&mut driver, reply);
        driver.keys("v42<enter>");
        assert_eq!(promotes(&driver.asked()), 0);
    }
}

#[test]
fn what_is_said_of_a_plan_that_is_being_read_goes_when_it_is_there() {
    let mut driver = sample(&[]);
    driver.answering = false;
    driver.keys("av42<enter>");
    driver.sees(&["Still reading. Wait for it, then press Enter."]);
    answer_preflight(&mut driver, Ok(preflight()));
    driver.misses(&["Still reading"]);
    driver.keys("<enter>");
    assert_eq!(promotes(&driver.asked()), 1);
}

fn answer_preflight(driver: &mut Driver, answer: Outcome<Preflight>) {
    driver.asked();
    driver.reply(Reply::Preflight { model: subject().0, version: subject().1, decision: Decision::Approve, answer });
}

#[test]
fn facts_older_than_a_minute_are_read_again_before_anything_happens() {
    let mut driver = on_approve();
    let later = samples::now().checked_add(jiff::SignedDuration::from_secs(61)).unwrap();
    driver.send(Msg::Tick(later));
    driver.answering = false;
    driver.keys("v42<enter>");
    let asked = driver.asked();
    assert_eq!(promotes(&asked), 0);
    assert!(asked.iter().any(|e| matches!(e, Effect::Fetch(_, Query::Preflight { .. }))), "{asked:?}");
}

#[test]
fn what_changed_since_the_review_hinders() {
    let mut driver = sample(&[Route::Review(subject().0, subject().1)]);
    driver.answering = false;
    driver.keys("a");
    let mut changed = preflight();
    changed.draft.as_mut().unwrap().decision.facts.version.description = "other".into();
    answer_preflight(&mut driver, Ok(changed));
    driver.keys("v42<enter>");
    assert_eq!(promotes(&driver.asked()), 0);
    assert!(driver.picture_at(100, 30).contains("the description was"), "{}", driver.picture_at(100, 30));
}

#[test]
fn leaving_a_screen_cancels_what_it_asked_for() {
    let mut driver = sample(&[]);
    driver.answering = false;
    driver.keys("<enter>");
    let asked = driver.asked();
    let id = asked.iter().find_map(|e| match e {
        Effect::Fetch(id, Query::Facts { .. }) => Some(*id),
        _ => None,
    });
    driver.keys("<esc>");
    assert_eq!(driver.asked(), [Effect::Cancel(id.unwrap())]);
}

#[test]
fn a_failed_refresh_keeps_the_rows_and_says_so() {
    let mut driver = sample(&[]);
    driver.answering = false;
    driver.keys("r");
    for effect in driver.asked() {
        if let Effect::Fetch(id, query @ Query::Models { .. }) = effect {
            driver.send(Msg::Reply(id, Box::new(Reply::failed(query, refused()))));
        }
    }
    let text = driver.picture_at(100, 24);
    assert!(
        text.contains("telco-churn") && text.contains("connection was refused") && text.contains("Is the server up?"),
        "{text}"
    );
}

#[test]
fn quitting_while_a_promotion_is_at_work_stops_it_first() {
    let mut driver = on_approve();
    driver.keys("v42<enter>");
    driver.asked();
    driver.send(opened());
    driver.keys("q");
    assert_eq!(driver.asked(), [Effect::StopPromotion]);
    driver.send(Msg::PromotionSettled { id: Some(samples::id(1)), outcome: Ok(()) });
    assert_eq!(driver.asked(), [Effect::Quit]);
}

#[test]
fn a_promotion_that_cannot_begin_returns_to_the_form_and_says_why() {
    let mut driver = on_approve();
    driver.keys("v42<enter>");
    driver.asked();
    driver.send(Msg::PromotionSettled { id: None, outcome: Err(refused()) });
    assert_eq!(driver.state.driving, Driving::Idle);
    driver.keys("v42<enter>");
    assert_eq!(promotes(&driver.asked()), 0, "everything must be read again first");
    driver.keys("<ctrl-r><enter>");
    assert_eq!(promotes(&driver.asked()), 1);
}

#[test]
fn the_palette_finds_and_runs_commands_of_the_screen_below() {
    let mut driver = sample(&[]);
    driver.keys(":models<enter>");
    assert!(matches!(driver.state.top(), Screen::Models(_)));
    driver.keys("?");
    assert!(driver.picture_at(100, 40).contains("open this in the browser"));
    driver.keys("<esc>o");
    assert_eq!(driver.asked(), [Effect::Browse(Place::Version(subject().0, subject().1))]);
}

#[test]
fn the_filter_takes_letters_that_are_keys_elsewhere() {
    let mut driver = sample(&[]);
    driver.keys("/aqx");
    assert!(driver.picture_at(80, 24).contains("Nothing waiting matches"));
    driver.keys("<esc>");
    assert!(driver.picture_at(80, 24).contains("telco-churn"));
    assert_eq!(driver.asked(), []);
}

#[test]
fn the_enter_that_keeps_a_filter_opens_nothing() {
    let mut driver = sample(&[]);
    driver.keys("m/telco<enter>");
    assert!(matches!(driver.state.top(), Screen::Models(_)));
    driver.keys("<enter>");
    assert!(matches!(driver.state.top(), Screen::Versions(_)));
}

#[test]
fn nobody_decides_on_a_screen_too_small_to_read() {
    let mut driver = on_approve();
    driver.keys("v42");
    driver.send(Msg::Input(Input::Resize { width: 50, height: 10 }));
    driver.keys("<enter>");
    assert_eq!(promotes(&driver.asked()), 0);
    assert!(driver.picture_at(50, 10).contains("make it 60x15"));
}

fn any_msg() -> impl Strategy<Value = Msg> {
    let key = prop_oneof![
        8 => prop::sample::select("av42v42qjkGgdohlmHi?:/ryuJ1234xzRn-e5\u{e9}".chars().collect::<Vec<_>>()).prop_map(Key::char),
        5 => prop::sample::select(vec![KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::Up, KeyCode::Down, KeyCode::PageDown, KeyCode::Backspace]).prop_map(Key::plain),
        1 => prop::sample::select("cprdus".chars().collect::<Vec<_>>()).prop_map(Key::ctrl),
    ];
    let query = prop_oneof![
        Just(Query::Session),
        Just(Query::Models { page: None }),
        Just(Query::Facts { model: subject().0, version: subject().1 }),
        Just(Query::Preflight { model: subject().0, version: subject().1, decision: Decision::Approve }),
        Just(Query::Promotions),
        Just(Query::Log { model: None }),
    ];
    prop_oneof![
        20 => (key, any::<bool>()).prop_map(|(key, repeat)| Msg::Input(Input::Key(Key { repeat, ..key }))),
        1 => "[v42\n]{0,4}".prop_map(|t| Msg::Input(Input::Paste(t))),
        1 => (0u16..160, 0u16..60).prop_map(|(width, height)| Msg::Input(Input::Resize { width, height })),
        6 => (query, 0u64..40, any::<bool>()).prop_map(|(query, id, fine)| {
            let reply = if fine { answer(&query) } else { Reply::failed(query, refused()) };
            Msg::Reply(RequestId(id), Box::new(reply))
        }),
        1 => Just(opened()),
        1 => any::<bool>().prop_map(decide::settled),
        1 => any::<bool>().prop_map(|fine| Msg::PromotionSettled {
            id: Some(samples::id(1)),
            outcome: if fine { Ok(()) } else { Err(refused()) },
        }),
        1 => (0i64..200).prop_map(|s| Msg::Clock(samples::now().checked_add(jiff::SignedDuration::from_secs(s)).unwrap())),
        1 => (0i64..200).prop_map(|s| Msg::Tick(samples::now().checked_add(jiff::SignedDuration::from_secs(s)).unwrap())),
    ]
}

/// Mostly noise, with sometimes the right keys, so that promotions really start.
fn any_burst() -> impl Strategy<Value = Vec<Msg>> {
    let typed = |keys: &str| {
        keys.chars()
            .map(|c| Msg::Input(Input::Key(if c == '\n' { Key::plain(KeyCode::Enter) } else { Key::char(c) })))
            .collect::<Vec<_>>()
    };
    prop_oneof![
        6 => any_msg().prop_map(|m| vec![m]),
        1 => Just(typed("iav42\n")),
        1 => Just(typed("v42\n\n")),
        1 => Just(vec![Msg::Input(Input::Key(Key::char('x'))), Msg::Input(Input::Key(Key::char('b'))), Msg::Input(Input::Key(Key::ctrl('s')))]),
        1 => Just(vec![Msg::Input(Input::Resize { width: 100, height: 40 }), opened()]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_message_sequence_starts_two_promotions(bursts in prop::collection::vec(any_burst(), 0..80), answering in prop::bool::weighted(0.8)) {
        let mut driver = sample(&[]);
        driver.answering = answering;
        let mut running = false;
        for msg in bursts.into_iter().flatten() {
            if matches!(msg, Msg::PromotionSettled { .. } | Msg::Decided { .. }) {
                running = false;
            }
            driver.send(msg);
            for effect in driver.asked() {
                if matches!(effect, Effect::Promote { .. } | Effect::Decide { .. } | Effect::Resume(_) | Effect::Undo(_)) {
                    prop_assert!(!running, "a second promotion began while one was at work");
                    running = true;
                }
            }
        }
    }

    #[test]
    fn any_messages_at_any_size_are_drawn_without_panic_or_control_characters(
        msgs in prop::collection::vec(any_msg(), 0..40), width in 0u16..170, height in 0u16..50,
    ) {
        let mut driver = sample(&[]);
        for msg in msgs {
            driver.send(msg);
        }
        update(&mut driver.state, Msg::Input(Input::Resize { width, height }));
        let text = driver.picture_at(width, height);
        prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    }
}
