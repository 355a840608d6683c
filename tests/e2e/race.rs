//! Two reviewers, two machines, one version: at most one release.

use crate::site::{Held, Site};
use crate::support::fake_github::{Fault, Gate, Rule, SECOND_REVIEWER};

#[test]
fn who_comes_second_is_told_who_is_at_it() {
    let site = Site::new("e2e-race");
    let (one, two) = (site.desk(), site.desk_of(SECOND_REVIEWER));
    let approve = ["approve", &site.candidate(), "--confirm", "v2", "--wait"];
    let held = site.hold("POST", "*/git/refs");
    let first = one.start(&approve);
    held.wait();
    two.run(&approve).ends(1).says("rev1 is promoting this version");
    assert!(!two.promotions_dir().exists());
    held.release();
    first.wait().ends(0);
    site.assert_released_once("rev1");
    two.run(&approve).ends(1).says("exists already");
    site.assert_released_once("rev1");
}

#[test]
fn who_looked_before_the_other_began_is_stopped_by_the_second_look() {
    let site = Site::new("e2e-race-look");
    let (one, two) = (site.desk(), site.desk_of(SECOND_REVIEWER));
    let approve = ["approve", &site.candidate(), "--confirm", "v2", "--wait"];
    // Hold the first reviewer's second check for a free tag: nothing was written yet.
    let gate = Gate::default();
    site.github.fault(Rule::new("GET", "*/git/matching-refs/tags/*", Fault::Delay(gate.clone())).after(1));
    let held = Held(gate);
    let first = one.start(&approve);
    held.wait();
    two.run(&approve).ends(0);
    held.release();
    first.wait().ends(1).says("exists now");
    site.assert_released_once("rev2");
    assert_eq!(one.json(&["promotions"])["promotions"][0]["state"], "refused");
}

#[test]
fn the_tag_is_the_lock_where_every_look_came_too_early() {
    let site = Site::new("e2e-race-lock");
    let (one, two) = (site.desk(), site.desk_of(SECOND_REVIEWER));
    let approve = ["approve", &site.candidate(), "--confirm", "v2", "--wait"];
    // The same, but the answer was computed before the other reviewer started: it says the tag is free.
    let gate = Gate::default();
    site.github.fault(Rule::new("GET", "*/git/matching-refs/tags/*", Fault::DelayReply(gate.clone())).after(1));
    let held = Held(gate);
    let first = one.start(&approve);
    held.wait();
    two.run(&approve).ends(0);
    held.release();
    first.wait().ends(1);
    site.assert_released_once("rev2");
}
