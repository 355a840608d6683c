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
fn who_looked_before_the_other_began_is_stopped_before_anything_is_written() {
    let site = Site::new("e2e-race-look");
    let (one, two) = (site.desk(), site.desk_of(SECOND_REVIEWER));
    let approve = ["approve", &site.candidate(), "--confirm", "v2", "--wait"];
    // The first reviewer hears late that the tag is free, and acts on it: by then the second has released.
    let gate = Gate::default();
    site.github.fault(Rule::new("GET", "*/git/matching-refs/tags/*", Fault::DelayReply(gate.clone())));
    let held = Held(gate);
    let first = one.start(&approve);
    held.wait();
    two.run(&approve).ends(0);
    let mark = site.version_tag(2, "signoff.promotion");
    held.release();
    first.wait().ends(1);
    site.assert_released_once("rev2");
    assert_eq!(site.version_tag(2, "signoff.promotion"), mark, "the mark of who released stays");
}
