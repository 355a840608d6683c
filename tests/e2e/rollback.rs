//! A bad release and its rollback: a new tag on the old commit, never a moved tag.

use crate::site::{OLD_COMMIT, Site};

/// v2 was released by this program; v1 was in production before it.
fn bad_release(model: &str) -> (Site, crate::desk::Desk) {
    let site = Site::new(model);
    let desk = site.desk();
    desk.run(&["approve", &site.candidate(), "--confirm", "v2", "--wait"]).ends(0);
    site.assert_released_once("rev1");
    (site, desk)
}

#[test]
fn after_a_bad_release_the_version_before_it_goes_back_under_a_new_tag() {
    let (site, desk) = bad_release("e2e-rollback");
    let first = site.github.repo().target(&site.tag()).to_owned();
    let back = ["rollback", "e2e-rollback", "--to", "1", "--confirm", "v1", "--reason", "alarms doubled", "--wait"];
    let said = desk.run(&back).ends(0);
    assert!(said.err.contains("v1 was in production before"), "{said:?}");
    assert!(said.out.starts_with("e2e-rollback v1: done\n"), "{said:?}");
    assert!(said.out.contains("tagged e2e-rollback-v1-r2 at 2222222"), "{said:?}");
    assert_eq!((site.stage(1), site.stage(2)), ("Production".to_owned(), "Archived".to_owned()));
    let repo = site.github.repo();
    let tags: Vec<_> = repo.tags.keys().map(|tag| tag.as_str()).collect();
    assert_eq!(tags, ["e2e-rollback-v1-r2", "e2e-rollback-v2"]);
    assert_eq!(repo.target("e2e-rollback-v2"), first, "a tag was moved");
    let (commit, object) = repo.peel(&"e2e-rollback-v1-r2".parse().unwrap()).unwrap();
    assert_eq!(commit.as_str(), OLD_COMMIT);
    let message = &object.unwrap().1.message;
    assert!(message.contains("Signoff-Decision: rollback\n") && message.contains("alarms doubled"), "{message}");
    assert_eq!(repo.runs.len(), 2, "CD was not started for it");
    let mark = site.version_tag(1, "signoff.decision").unwrap();
    assert!(mark.contains("rollback") && mark.contains("alarms doubled"), "{mark}");

    // And back to v2: the next tag of v2.
    let forth = ["rollback", "e2e-rollback", "--to", "2", "--confirm", "v2", "--reason", "it was the data"];
    desk.run(&forth).ends(0).says("e2e-rollback-v2-r2");
    assert_eq!((site.stage(1), site.stage(2)), ("Archived".to_owned(), "Production".to_owned()));
    assert_eq!(site.github.repo().tags.len(), 3);
}

#[test]
fn another_machine_finds_what_was_in_production_on_releases_and_versions() {
    let (site, _desk) = bad_release("e2e-rollback-far");
    let other = site.desk();
    let plan = other.json(&["rollback", "e2e-rollback-far", "--to", "1", "--dry-run"]);
    assert_eq!((&plan["decision"], &plan["plan"]["tag"]), (&"rollback".into(), &"e2e-rollback-far-v1-r2".into()));
    // The information comes from the record on the release of v2.
    let said = other.run(&["rollback", "e2e-rollback-far", "--to", "1", "--dry-run"]);
    assert!(said.err.contains("in production before the record on v2"), "{said:?}");
    assert_eq!(site.github.repo().tags.len(), 1);
}

#[test]
fn a_version_that_never_was_in_production_is_refused_with_those_that_were() {
    let (site, desk) = bad_release("e2e-rollback-never");
    site.add_version(OLD_COMMIT, 0.7, "Never used.");
    let to = |version: &str| {
        let confirm = format!("v{version}");
        desk.run(&["rollback", "e2e-rollback-never", "--to", version, "--confirm", &confirm, "--reason", "x"]).ends(1)
    };
    let said = to("3");
    assert!(said.err.contains("there is no evidence that v3 was ever in Production"), "{said:?}");
    assert!(said.err.contains("Versions that were: v1."), "{said:?}");
    assert!(to("2").err.contains("v2 is in Production now"));
    desk.run(&["rollback", "e2e-rollback-never", "--to", "1", "--confirm", "v2", "--reason", "x"])
        .ends(1)
        .says("--confirm says v2, but --to is v1");
    let said = desk.run(&["rollback", "e2e-rollback-never", "--to", "1", "--confirm", "v1"]).ends(1);
    assert!(said.err.contains("a reason is needed"), "{said:?}");
    site.assert_released_once("rev1");
}
