//! `verify` in CD: from an approval to `verify` on real servers, and a record changed afterwards.

use crate::site::Site;

#[test]
fn cd_takes_what_was_signed_and_refuses_what_was_changed() {
    let site = Site::new("e2e-verify");
    let desk = site.desk();
    desk.run(&["approve", &site.candidate(), "--reason", "metrics are fine", "--confirm", "v2"]).ends(0);

    // Another machine that only knows the two servers.
    let cd = site.desk();
    let found = cd.run(&["verify", &site.tag()]).ends(0);
    assert!(found.out.contains("✓ signed off"), "{}", found.out);
    let log = cd.json(&["log", &site.model]);
    let entry = &log["entries"][0];
    assert_eq!((&entry["version"], &entry["by"]), (&2.into(), &"rev1".into()), "{log}");
    assert_eq!((&entry["effect"], &entry["reason"]), (&"production".into(), &"metrics are fine".into()), "{log}");
    assert_eq!(entry["sources"], serde_json::json!(["release", "version_tag"]));

    site.github.change_repo(|repo| {
        let bytes = &mut repo.releases[0].assets[0].content.0;
        let text = String::from_utf8(bytes.clone()).unwrap();
        *bytes = text.replacen("metrics are fine", "metrics are good", 1).into_bytes();
    });
    let found = cd.run(&["verify", &site.tag()]).ends(1);
    assert!(found.out.contains("signoff.json was changed"), "{}", found.out);

    // A tag made by hand has no record.
    cd.run(&["verify", "e2e-verify-v3"]).ends(1).says("has no tag e2e-verify-v3");
}

#[test]
fn servers_that_do_not_answer_have_codes_of_their_own() {
    let site = Site::new("e2e-verify-deny");
    site.desk().run(&["approve", &site.candidate(), "--confirm", "v2"]).ends(0);
    site.desk_of("nobody-s-token").run(&["verify", &site.tag()]).ends(3);
    site.desk().with("GITHUB_API_URL", "http://127.0.0.1:9").run(&["verify", &site.tag()]).ends(4);
    // A registry other than the signed one is a mismatch, not a registry that cannot be read.
    site.desk().with("MLFLOW_TRACKING_URI", "http://127.0.0.1:9").run(&["verify", &site.tag()]).ends(1);
}
