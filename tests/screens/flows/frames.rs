//! What a key leaves for after its frame, and what is copied from the frame before.

use signoff::app::effect::Effect;
use signoff::app::input::{Input, Key};
use signoff::app::msg::Msg;
use signoff::program::ask::ask;
use signoff::program::update::begin;
use signoff::program::view::view_again;
use signoff::ui::skin::Theme;
use signoff::ui::{Kept, Skin};

use ratatui::buffer::{Buffer, CellDiffOption};
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
    let drawn = |driver: &Driver| {
        let mut buf = Buffer::empty(Rect::new(0, 0, 80, 24));
        view_again(&driver.state, &skin, &kept, buf.area, &mut buf);
        let same = buf.content.iter().filter(|cell| cell.diff_option == CellDiffOption::Skip).count() / 80;
        kept.settle(&mut buf);
        same
    };
    assert_eq!(drawn(&driver), 0);
    let all = drawn(&driver);
    driver.keys("j");
    assert_eq!(drawn(&driver), all - 2);
    assert!(all > 18, "the headings and the empty lines too: {all}");
    driver.keys("r");
    assert_eq!(drawn(&driver), 0);
}
