//! What a key leaves for after its frame, and what is copied from the frame before.

use signoff::app::effect::Effect;
use signoff::app::input::{Input, Key};
use signoff::app::msg::Msg;
use signoff::program::ask::ask;
use signoff::program::update::begin;
use signoff::program::view::view_again;
use signoff::ui::skin::Theme;
use signoff::ui::{Kept, Skin};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::support::driver::Driver;

fn press(driver: &mut Driver, key: char) -> (Vec<Effect>, bool) {
    begin(&mut driver.state, Msg::Input(Input::Key(Key::char(key))))
}

fn fetches(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Fetch(..))).count()
}

#[test]
fn a_moved_cursor_asks_after_its_frame_and_a_new_screen_before() {
    let mut driver = Driver::demo();
    driver.resize(120, 36);
    let (effects, owes) = press(&mut driver, 'j');
    assert!(effects.is_empty() && owes, "{effects:?}");
    ask(&mut driver.state);
    let (effects, owes) = press(&mut driver, 'H');
    assert!(fetches(&effects) > 0 && !owes, "{effects:?}");
    driver.misses(&["No decisions found"]);
}

#[test]
fn a_moved_cursor_draws_two_rows_and_an_answer_all() {
    let (mut driver, skin, kept) = (Driver::demo(), Skin::new(Theme::Dark, true), Kept::default());
    let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
    let mut lines = |driver: &Driver| view_again(&driver.state, &skin, &kept, &mut buf).iter().map(|a| a.height).sum();
    let mut drawn = |driver: &Driver| -> u16 { lines(driver) };
    assert_eq!(drawn(&driver), 24);
    let few = drawn(&driver);
    driver.keys("j");
    assert_eq!(drawn(&driver), few + 2);
    assert!(few < 6, "the headings and the empty lines stay too: {few}");
    driver.keys("r");
    assert_eq!(drawn(&driver), 24);
}

/// Nothing arrives: only the time passes, and rows that say ages follow it.
#[test]
fn ages_go_on_while_only_the_cursor_moves() {
    for (size, keys) in [((80, 24), ""), ((160, 50), ""), ((160, 50), "m"), ((120, 36), "H"), ((120, 36), "<enter>")] {
        let mut driver = Driver::demo();
        driver.resize(size.0, size.1);
        driver.keys(keys);
        let mut now = driver.state.now;
        let mut seen = Vec::new();
        for seconds in [0, 1, 7, 52, 60, 600, 3_000, 3_600, 40_000, 86_400, 8_000_000, 90_000_000] {
            now += jiff::SignedDuration::from_secs(seconds);
            driver.send(Msg::Clock(now));
            // Each picture is compared with one that is drawn from nothing.
            seen.push(driver.picture());
            driver.keys("j");
            driver.picture();
            driver.keys("k");
        }
        seen.dedup();
        let says_ages = !matches!(keys, "H" | "<enter>");
        assert!(!says_ages || seen.len() > 3, "{size:?} {keys}: the ages stand still");
    }
}
