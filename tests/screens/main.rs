//! Every screen as rendered: keys in, screens out, at three sizes.
//!
//! A snapshot holds the screen at 80x24 with its styles, and its text at 120x40 and 60x15. Times are fixed, so any
//! change of a snapshot comes from the program.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod approve;
mod browse;
mod decide;
mod deployment;
mod elsewhere;
mod files;
mod flows;
mod frame;
mod lineage;
mod monkey;
mod promotion;
mod review;
mod runs;
mod sample;
/// The samples of the unit tests, which import the domain under its in-crate path.
#[path = "../../src/domain/promotion/samples.rs"]
#[allow(dead_code)]
mod samples;
mod targets;
mod welcome;

use signoff::domain;
use signoff::ui::Skin;
use signoff::ui::skin::Theme;

use support::driver::Driver;
use support::screen;

/// The screen at all sizes, for a snapshot.
fn pictures(driver: &mut Driver) -> String {
    let skin = Skin::new(Theme::Dark, true);
    let small = screen::dump(&driver.draw(80, 24, &skin));
    let large = text(driver, 120, 40);
    let least = text(driver, 60, 15);
    format!("=== 80x24\n{small}=== 120x40\n{large}=== 60x15\n{least}")
}

/// The screen's text at one size, without the blank lines in the middle.
fn text(driver: &mut Driver, width: u16, height: u16) -> String {
    let lines = screen::text(&driver.draw(width, height, &Skin::new(Theme::Dark, true)));
    let mut out = String::new();
    let mut blank = 0;
    for line in lines {
        if line.is_empty() {
            blank += 1;
            continue;
        }
        match blank {
            0 => {}
            1..4 => out.push_str(&"|\n".repeat(blank)),
            n => out.push_str(&format!("| ({n} blank lines)\n")),
        }
        blank = 0;
        out.push_str(&format!("|{line}\n"));
    }
    out
}

/// The screen at 80x24 with its styles in another theme.
fn themed(driver: &mut Driver, theme: Theme) -> String {
    screen::dump(&driver.draw(80, 24, &Skin::new(theme, true)))
}
