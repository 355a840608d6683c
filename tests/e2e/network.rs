//! Terminal resizes and network failures.

use crate::approve::find_in_inbox;
use crate::site::Site;
use crate::support::proxy::Proxy;
use crate::support::pty::Key;

#[test]
fn any_size_is_survived_and_too_small_says_so() {
    let site = Site::new("e2e-size");
    let desk = site.desk();
    let mut pty = find_in_inbox(&desk, &site.model);
    pty.press(Key::Enter);
    pty.wait_for("METRICS");
    for n in 1..=60_u16 {
        pty.resize((20 + n * 3, 5 + n));
    }
    for size in [(59, 14), (60, 14), (59, 15)] {
        pty.resize(size);
        pty.wait_for(&format!("{}x{} is too small", size.0, size.1));
        assert!(!pty.screen().contains("METRICS"));
    }
    // Nobody can confirm what they cannot see.
    pty.press(Key::Char('a'));
    // A key may be handled after a resize sent with it, so there is another resize in between.
    pty.resize((59, 13));
    pty.wait_for("59x13 is too small");
    pty.resize((60, 15));
    let screen = pty.wait_for("METRICS");
    assert!(screen.contains("test_auc") && !screen.contains("APPROVE"), "{screen}");
    pty.resize((1, 1));
    pty.resize((140, 40));
    pty.wait_until("the whole width", |s| s.contains("METRICS") && s.lines().any(|l| l.chars().count() == 140));
    pty.resize((80, 24));
    pty.wait_until("80 columns", |s| s.contains("METRICS") && s.lines().any(|l| l.chars().count() == 80));
    pty.press(Key::Char('a'));
    pty.wait_for("from here on it cannot be undone");
    site.assert_untouched();
}

/// The double accepts requests as a proxy does: with an absolute URL as target.
#[test]
fn github_is_asked_through_the_proxy_of_the_environment() {
    let site = Site::new("e2e-proxied");
    let desk = site
        .desk()
        .with("GITHUB_API_URL", "http://github.invalid")
        .configured("[targets.e2e]\nallow_plain_http = true\n")
        .with("HTTP_PROXY", &site.github.url())
        .with("NO_PROXY", "127.0.0.1");
    desk.run(&["show", &site.candidate()]).ends(0).says("3f9c1ab");
    desk.run(&["doctor"]).ends(0).says("rev1");
    let without = desk.without("HTTP_PROXY");
    without.run(&["doctor"]).ends(4).says("github.invalid cannot be reached");
}

#[test]
fn when_the_network_goes_the_rows_stay_and_refresh_recovers() {
    let site = Site::new("e2e-pulled");
    let mut wire = Proxy::to(site.server.port);
    let desk = site.desk().with("MLFLOW_TRACKING_URI", &wire.url());
    let mut pty = find_in_inbox(&desk, &site.model);
    pty.wait_for("? +0.03");
    wire.cut();
    pty.press(Key::Char('r'));
    let screen = pty.wait_for("connection refused");
    for wanted in ["▸ e2e-pulled", "0.84", "? +0.03", "What you see was read at"] {
        assert!(screen.contains(wanted), "no {wanted:?} in\n{screen}");
    }
    // A pane whose data was not read says so, and going back works.
    pty.press(Key::Enter);
    let screen = pty.wait_for("connection refused");
    assert!(!screen.contains("METRICS"), "{screen}");
    pty.press(Key::Char('a'));
    pty.wait_for("APPROVE");
    // A plan that was never read asks for nothing, and nothing confirms it.
    let screen = pty.wait_for("v2 cannot be approved");
    assert!(screen.contains("connection refused") && !screen.contains("Type v2"), "{screen}");
    for key in [Key::Char('v'), Key::Char('2'), Key::Enter, Key::Esc] {
        pty.press(key);
    }
    pty.wait_gone("APPROVE");
    wire.mend();
    pty.press(Key::Char('r'));
    pty.wait_for("METRICS");
    pty.press(Key::Esc);
    pty.wait_for("▸ e2e-pulled");
    pty.press(Key::Char('r'));
    pty.wait_gone("connection refused");
    site.assert_untouched();
}

#[test]
fn when_github_goes_the_reviewer_is_told_and_mlflow_can_still_be_read() {
    let site = Site::new("e2e-hubless");
    let port = site.github.url().rsplit(':').next().unwrap().parse().unwrap();
    let mut wire = Proxy::to(port);
    wire.cut();
    let desk = site.desk().with("GITHUB_API_URL", &wire.url());
    let mut pty = find_in_inbox(&desk, &site.model);
    pty.wait_for("not signed in to GitHub");
    pty.press(Key::Enter);
    pty.wait_for("METRICS");
    pty.press(Key::Char('a'));
    pty.wait_for("✗ signer");
    // Nothing asks for the version to be typed.
    let screen = pty.wait_for("v2 cannot be approved: see above");
    assert!(!screen.contains("press Enter"), "{screen}");
    wire.mend();
    pty.press(Key::Ctrl('r'));
    pty.wait_for("from here on it cannot be undone");
    site.assert_untouched();
}
