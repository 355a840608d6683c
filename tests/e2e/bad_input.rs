//! Bad input: a message, a next step, the right exit code, and no partial effect.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::desk::{Desk, Said};
use crate::site::{OLD_COMMIT, Site};
use crate::support::fake_github::{NARROW, READER};
use crate::support::mlflow_server::Version;

/// Tries to approve the candidate: must fail with this code and have no effect.
#[track_caller]
fn refused(site: &Site, desk: &Desk, code: i32) -> Said {
    let said = desk.run(&["approve", &site.candidate(), "--confirm", "v2", "--wait"]).ends(code);
    site.assert_untouched();
    assert!(!desk.promotions_dir().exists(), "a journal of nothing");
    said
}

#[test]
fn a_token_nobody_knows_is_not_authenticated() {
    let site = Site::new("e2e-token");
    let said = refused(&site, &site.desk_of("ghp_revoked"), 3);
    assert!(!said.out.contains("ghp_revoked") && !said.err.contains("ghp_revoked"), "{said:?}");
    refused(&site, &site.desk().without("GH_TOKEN"), 3).says("GH_TOKEN");
}

#[test]
fn a_token_that_may_not_write_is_not_permitted() {
    let site = Site::new("e2e-reader");
    refused(&site, &site.desk_of(READER), 3).says("cannot write to acme/churn-model");
    refused(&site, &site.desk_of(NARROW), 3).says("Contents: write");
}

#[test]
fn a_readonly_target_is_configuration() {
    let site = Site::new("e2e-readonly");
    let desk = site.desk();
    let said = desk.run(&["--readonly", "approve", &site.candidate(), "--confirm", "v2"]);
    said.ends(2).says("read-only");
    site.assert_untouched();
}

#[test]
fn an_mlflow_that_is_down_cannot_be_reached() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let desk = Desk::empty().with("MLFLOW_TRACKING_URI", &format!("http://{closed}")).with("GH_REPO", "a/b");
    desk.run(&["approve", "m/2", "--confirm", "v2"]).ends(4).says("no server answers");
    desk.run(&["inbox"]).ends(4).says("no server answers");
}

#[test]
fn a_web_page_in_place_of_mlflow_is_told_as_one() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let page = "<!doctype html><title>Sign in</title>";
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length";
            let _ = write!(stream, "{head}: {}\r\n\r\n{page}", page.len());
        }
    });
    let desk = Desk::empty().with("MLFLOW_TRACKING_URI", &url).with("GH_REPO", "a/b");
    let said = desk.run(&["approve", "m/2", "--confirm", "v2"]).ends(4);
    assert!(!said.err.contains("<title>") && said.err.contains("answered with a web page"), "{}", said.err);
}

#[test]
fn a_github_that_is_down_cannot_be_reached() {
    let site = Site::new("e2e-nogithub");
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let desk = site.desk().with("GITHUB_API_URL", &format!("http://{closed}"));
    refused(&site, &desk, 4).says("cannot be reached");
}

#[test]
fn a_version_or_a_model_that_is_not_there_is_refused() {
    let site = Site::new("e2e-unknown");
    let desk = site.desk();
    desk.run(&["approve", "e2e-unknown/9", "--confirm", "v9"]).ends(1).says("e2e-unknown");
    desk.run(&["approve", "e2e-nobody/1", "--confirm", "v1"]).ends(1).says("e2e-nobody");
    desk.run(&["approve", "e2e-unknown@nobody", "--confirm", "v1"]).ends(1).says("nobody");
    desk.run(&["show", "e2e-unknown/9"]).ends(1);
    desk.run(&["approve", "no number", "--confirm", "v1"]).ends(2);
    site.assert_untouched();
}

#[test]
fn only_a_merged_commit_that_github_knows_can_be_tagged() {
    for (model, commit, says) in [
        ("e2e-lost-commit", "abcdefabcdefabcdefabcdefabcdefabcdefabcd", "does not have commit"),
        ("e2e-no-commit", "", "recorded no commit"),
        ("e2e-off-branch", "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", "is not on main"),
    ] {
        let site = Site::bare(Version::V3_17, model);
        site.add_version(OLD_COMMIT, 0.81, "");
        site.add_version(commit, 0.84, "");
        site.api().stage(model, 1, "Production");
        site.api().stage(model, 2, "Staging");
        refused(&site, &site.desk(), 1).says(says);
    }
}

#[test]
fn a_tag_that_exists_is_never_moved() {
    let site = Site::new("e2e-taken");
    site.github.change_repo(|repo| repo.tags.insert(site.tag().parse().unwrap(), OLD_COMMIT.to_owned()));
    refused(&site, &site.desk(), 1).says("the tag e2e-taken-v2 exists already, at 2222222");
    assert_eq!(site.github.repo().target(&site.tag()), OLD_COMMIT);
}

#[test]
fn a_protected_tag_takes_back_what_was_done_before_it() {
    let site = Site::new("e2e-protected");
    site.github.change_repo(|repo| repo.protected_tags.push("e2e-protected".to_owned()));
    let desk = site.desk();
    desk.run(&["approve", &site.candidate(), "--confirm", "v2"]).ends(1).says("rule");
    assert_eq!((site.stage(1), site.stage(2)), ("Production".to_owned(), "Staging".to_owned()));
    assert_eq!(site.own_tags(), Vec::<String>::new());
    assert_eq!((site.github.repo().tags.len(), site.github.repo().releases.len()), (0, 0));
    assert_eq!(desk.json(&["promotions"])["promotions"][0]["state"], "undone");
}

#[test]
fn a_local_store_gets_a_sentence_that_says_how_to_serve_it() {
    for uri in ["sqlite:///mlflow.db", "file:///tmp/mlruns", "./mlruns"] {
        let desk = Desk::empty().with("MLFLOW_TRACKING_URI", uri);
        desk.run(&["inbox"]).ends(2).says("mlflow server");
    }
}

#[test]
fn wrong_configuration_names_line_and_nearest_word() {
    let desk = Desk::empty().configured("[release]\ncd_triger = \"tag\"\n");
    let said = desk.run(&["inbox"]).ends(2);
    for wanted in ["cd_triger", "cd_trigger", "2"] {
        assert!(said.err.contains(wanted), "no {wanted:?} in {}", said.err);
    }
    Desk::empty().run(&["inbox"]).ends(2).says("MLFLOW_TRACKING_URI");
    Desk::empty().run(&["--target", "nowhere", "inbox"]).ends(2).says("nowhere");
}

#[test]
fn a_journal_that_cannot_be_written_stops_everything() {
    let site = Site::new("e2e-nojournal");
    // A file where the directory should be.
    let desk = site.desk().configured("");
    let desk = desk.with("SIGNOFF_STATE_DIR", "signoff.toml");
    desk.run(&["approve", &site.candidate(), "--confirm", "v2"]).ends(5);
    site.assert_untouched();
}

#[test]
fn the_screens_need_a_terminal() {
    let site = Site::new("e2e-pipe");
    site.desk().run(&[]).ends(2).says("not a terminal");
}
