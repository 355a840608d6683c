//! Hostile text from servers is displayed, but reaches neither the terminal nor a file in active form.

use signoff::domain::confirmation::confirmation;
use signoff::domain::ids::{ModelName, VersionNumber};

use crate::approve::to_the_form;
use crate::site::{COMMIT, OLD_COMMIT, Site};
use crate::support::mlflow_server::Version;
use crate::support::pty::Key;
use crate::support::seed::{HOSTILE, RunSeed};

/// A model whose name clears the screen.
const MODEL: &str = "e2e-nasty\u{1b}[2J";
/// Text that sets the title, clears the screen, hides and reverses text, and fills the clipboard.
fn evil() -> String {
    format!("{HOSTILE}\u{1b}]52;c;cHduZWQ=\u{7}\u{1b}[?1049l\u{1b}P+q\u{1b}\\")
}

fn site() -> Site {
    let site = Site::bare(Version::V3_17, MODEL);
    let (api, evil) = (site.api(), evil());
    let experiment = api.experiment("e2e-nasty");
    for commit in [OLD_COMMIT, COMMIT] {
        let tags = [
            ("mlflow.user", evil.as_str()),
            ("mlflow.source.name", &evil),
            ("mlflow.source.git.branch", &evil),
            ("mlflow.source.git.commit", commit),
        ];
        let depth = format!("{commit}{evil}");
        let run = RunSeed { name: &evil, metrics: &[("test_auc", 0.84)], params: &[("depth", &depth)], tags: &tags };
        let run = api.run(&experiment, &run);
        api.version(MODEL, Some(&run), &evil, &[("note", &depth)]);
    }
    api.stage(MODEL, 1, "Production");
    api.stage(MODEL, 2, "Staging");
    site.github.change(|world| {
        for user in world.users.values_mut() {
            user.name = Some(evil.clone());
        }
        let repo = world.repo_mut(crate::site::REPO);
        repo.commit_mut(COMMIT).message = evil.clone();
        repo.workflows[0].jobs[1].name = evil.clone();
    });
    site
}

/// What confirms version 2 of a model whose name holds what cannot be seen.
fn typed(model: &str) -> String {
    let typed = confirmation(&ModelName::new(model), VersionNumber(2));
    assert!(typed.starts_with("v2-"), "{typed}");
    typed
}

/// Asserts that there is no terminal control sequence, and nothing that misleads a reader.
#[track_caller]
fn assert_inert(what: &str, text: &str) {
    let bad = |c: &char| {
        (c.is_control() && *c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{200b}' | '\u{2028}' | '\u{2029}')
    };
    let found: Vec<char> = text.chars().filter(bad).collect();
    assert!(found.is_empty(), "{what} holds {found:?}:\n{text:?}");
}

#[test]
fn no_screen_lets_it_act() {
    let site = site();
    let desk = site.desk();
    let mut pty = desk.sit_down(&[]);
    pty.wait_for("waiting");
    pty.press(Key::Char('/'));
    pty.type_slowly("e2e-nasty");
    pty.press(Key::Enter);
    let mut seen =
        vec![pty.wait_until("the row", |s| s.lines().any(|l| l.contains('▸') && l.contains("e2e-nasty␛[2J")))];
    pty.press(Key::Char('v'));
    seen.push(pty.wait_for("ALIASES"));
    pty.press(Key::Esc);
    pty.wait_for("waiting");
    pty.press(Key::Enter);
    seen.push(pty.wait_until("the param", |s| s.contains("depth") && s.contains('␛')));
    pty.press(Key::Char('2'));
    seen.push(pty.wait_for("experiment"));
    pty.press(Key::Char('G'));
    seen.push(pty.wait_for("commit"));
    pty.press(Key::Char('6'));
    seen.push(pty.wait_for("fine␛]0;pwned␇"));
    pty.press(Key::Esc);
    pty.wait_for("waiting");
    seen.push(to_the_form(&mut pty));
    pty.press(Key::Ctrl('p'));
    seen.push(pty.wait_for("Release notes"));
    pty.press(Key::Ctrl('p'));
    pty.type_slowly(&typed(MODEL));
    pty.press(Key::Enter);
    seen.push(pty.wait_for("Done: "));
    pty.press(Key::Char('H'));
    seen.push(pty.wait_for("released, CD success"));
    for screen in &seen {
        assert_inert("the screen", screen);
    }
    pty.press(Key::Char('q'));
    let ended = pty.wait_exit();
    ended.assert_restored();
    assert!(ended.told.titles.is_empty(), "{:?}", ended.told);
    assert!(ended.told.clipboard.is_empty(), "{:?}", ended.told);
    assert!(ended.told.strange.is_empty(), "{:?}", ended.told);

    // What was written about it is harmless too.
    let repo = site.github.repo();
    assert_eq!((repo.tags.len(), repo.releases.len()), (1, 1));
    for tag in repo.tag_objects.values() {
        assert_inert("the tag message", &tag.message);
    }
    let release = &repo.releases[0];
    assert_inert("the release", &format!("{}\n{:?}\n{}", release.tag, release.title, release.body));
}

/// Copying is the only thing that may reach the clipboard, and it copies the text as displayed.
#[test]
fn a_copied_description_holds_nothing_that_acts() {
    let site = site_named_apart();
    let desk = site.desk();
    let mut pty = desk.sit_down(&["open", "e2e-copied/1"]);
    pty.wait_for("METRICS");
    pty.press(Key::Char('6'));
    pty.wait_for("fine␛]0;pwned␇");
    pty.press(Key::Char('y'));
    pty.press(Key::Char('1'));
    pty.wait_for("METRICS");
    pty.press(Key::Char('q'));
    let told = pty.wait_exit().told;
    assert_eq!(told.clipboard.len(), 1, "{told:?}");
    assert!(told.strange.is_empty(), "{told:?}");
    let copied = told.clipboard[0].clone();
    // "fine" and the visible replacement of an escape, in base64.
    assert!(copied.starts_with("ZmluZeKQm"), "{copied}");
}

fn site_named_apart() -> Site {
    let site = Site::bare(Version::V3_17, "e2e-copied");
    site.add_version(COMMIT, 0.84, &evil());
    site
}

#[test]
fn no_command_lets_it_act() {
    let site = site_for_commands();
    let desk = site.desk();
    let reference = format!("{}/2", site.model);
    let missing = format!("{}/99", site.model);
    let confirm = typed(&site.model);
    let commands: [&[&str]; 9] = [
        &["inbox"],
        &["models"],
        &["versions", &site.model],
        &["show", &reference],
        &["compare", &reference],
        &["compare", "--all", &reference],
        &["approve", &reference, "--dry-run"],
        &["approve", &reference, "--confirm", &confirm, "--wait", "--reason", &evil()],
        &["promotions"],
    ];
    for command in commands {
        let said = desk.run(command).ends(0);
        assert_inert(&format!("stdout of {command:?}"), &said.out);
        assert_inert(&format!("stderr of {command:?}"), &said.err);
        assert!(!said.out.is_empty());
        if command.contains(&"--confirm") {
            continue;
        }
        let said = desk.run(&[command, &["--json"]].concat()).ends(0);
        assert_inert(&format!("JSON of {command:?}"), &said.out);
        serde_json::from_str::<serde_json::Value>(&said.out).unwrap();
    }
    let said = desk.run(&["show", &missing]).ends(1);
    assert_inert("the failure", &format!("{}{}", said.out, said.err));
    let said = desk.run(&["show", &format!("{}\u{9b}2J", site.model)]).ends(2);
    assert_inert("the usage", &format!("{}{}", said.out, said.err));
}

fn site_for_commands() -> Site {
    let site = Site::bare(Version::V3_17, "e2e-evils\u{1b}]0;pwned\u{7}");
    for (commit, auc) in [(OLD_COMMIT, 0.81), (COMMIT, 0.84)] {
        site.add_version(commit, auc, &evil());
    }
    site.api().stage(&site.model, 1, "Production");
    site.api().stage(&site.model, 2, "Staging");
    site.github.change_repo(|repo| repo.commit_mut(COMMIT).message = evil());
    site
}
