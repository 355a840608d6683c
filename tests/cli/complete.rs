//! Completion in a real bash: names from the file that lists keep, no server asked, nothing that a name says is run.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use signoff::adapters::names::{Names, NamesFile};
use signoff::app::query::Query;
use signoff::cli::wire;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::ports::names::SeenNames as _;
use signoff::runtime::answer::answer;

use super::binary::{Machine, text};
use super::*;

const BASH: &str = "/usr/bin/bash";

/// Runs a script in bash with the completions loaded. `complete_line LINE` prints the candidates, one a line.
fn bash(machine: &Machine, script: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_signoff")).parent().unwrap();
    let prelude = r#"
        source <(signoff completions bash)
        complete_line() {
            COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
            _signoff signoff
            [[ ${#COMPREPLY[@]} -eq 0 ]] || printf '%s\n' "${COMPREPLY[@]}"
        }
    "#;
    let ran = Command::new(BASH)
        .args(["--norc", "--noprofile", "-c", &format!("{prelude}\n{script}")])
        .env_clear()
        .env("HOME", machine.path(""))
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", format!("{}:/usr/bin:/bin", program.display()))
        .current_dir(machine.path(""))
        .output()
        .expect("bash is needed for this test");
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    assert_eq!(text(&ran.stderr), "");
    text(&ran.stdout)
}

fn lines(output: &str) -> Vec<&str> {
    output.lines().collect()
}

/// Keeps names for the demo, as lists do.
fn keep(machine: &Machine, names: &[(&str, &[u64])]) -> std::path::PathBuf {
    let cli = Cli::try_parse_from(["signoff", "--demo", "inbox"]).unwrap();
    let loaded = load(Env::of(&[], machine.path("")), cli.flags()).unwrap();
    let file = wire::names_file(&loaded.paths, &loaded.target().unwrap()).unwrap();
    let kept = NamesFile::new(file.clone(), Arc::new(signoff::adapters::clock::SystemClock));
    for (name, versions) in names {
        let versions: Vec<_> = versions.iter().copied().map(VersionNumber).collect();
        kept.versions(&ModelName::new(*name), &versions, true);
    }
    file
}

#[test]
fn what_was_listed_is_completed_and_what_was_not_is_not() {
    let machine = Machine::new();
    assert_eq!(bash(&machine, "complete_line 'signoff --demo show te'"), "");
    assert_eq!(machine.run(&["--demo", "versions", "telco-churn", "--limit", "3"], &[]).status.code(), Some(0));
    assert_eq!(bash(&machine, "complete_line 'signoff --demo show te'"), "telco-churn/\n");
    let versions = bash(&machine, "complete_line 'signoff --demo show telco-churn/'");
    assert_eq!(lines(&versions)[..2], ["telco-churn/42", "telco-churn/41"], "{versions}");
    assert_eq!(machine.run(&["--demo", "models"], &[]).status.code(), Some(0));
    let models = bash(&machine, "complete_line 'signoff --demo versions '");
    assert!(lines(&models).contains(&"credit-limit") && lines(&models).contains(&"telco-churn"), "{models}");
    assert!(lines(&models).iter().all(|line| !line.starts_with('-')), "no option before one is begun: {models}");
    // Names of another target are not offered.
    assert_eq!(bash(&machine, "complete_line 'signoff show te'"), "");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let file = keep(&machine, &[]);
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn commands_options_values_and_targets_are_completed_too() {
    let machine = Machine::new();
    machine.write_config(
        "[targets.staging]\ntracking_uri = \"http://127.0.0.1:1\"\nrepository = \"a/b\"\n\
         [targets.prod]\ntracking_uri = \"http://127.0.0.1:1\"\nrepository = \"a/b\"\n",
    );
    for (line, wanted) in [
        ("signoff roll", "rollback"),
        ("signoff runs 1 --sort sta", "started"),
        ("signoff inbox --j", "--json"),
        ("signoff --target pr", "prod"),
        ("signoff --target=st", "staging"),
        ("signoff completions ba", "bash"),
    ] {
        let found = bash(&machine, &format!("complete_line '{line}'"));
        assert!(lines(&found).contains(&wanted), "{line}: {found}");
    }
    assert_eq!(bash(&machine, "complete_line 'signoff __'"), "");
}

#[test]
fn what_a_name_says_is_not_run_and_the_word_is_the_name() {
    let machine = Machine::new();
    let hostile =
        ["a $(touch ran)", "b`touch ran`", "c;touch ran", "d'e\"f", "g*?[h]", "i\\j", "~k", "l!m#n&o|p>q", "客户 r"];
    let names: Vec<(&str, &[u64])> = hostile.iter().map(|name| (*name, &[1_u64] as &[u64])).collect();
    keep(&machine, &names);
    keep(&machine, &[("evil\u{1b}[2J", &[1]), ("evil\u{202e}", &[1])]);
    let first = |name: &str| name.chars().next().unwrap();
    for name in hostile {
        let typed = if first(name) == '~' { r"\~".to_owned() } else { first(name).to_string() };
        // What bash puts on the line is read back by bash: one word, the name.
        let script = format!(
            "word=$(complete_line 'signoff --demo show {typed}'); eval \"set -- $word\"; printf '%s|%s' \"$#\" \"$1\""
        );
        assert_eq!(bash(&machine, &script), format!("1|{name}/"), "{name}");
    }
    assert_eq!(bash(&machine, "complete_line 'signoff --demo show evil'"), "");
    // A word that was begun with an escape goes on.
    assert_eq!(bash(&machine, r"complete_line 'signoff --demo show a\ '"), "a\\ \\$\\(touch\\ ran\\)/\n");
    assert_eq!(bash(&machine, "complete_line 'signoff --demo show \"客户'"), "客户 r/\n");
    assert!(!machine.path("ran").exists());
}

/// Bash replaces a word from its last `@` on, which it takes for the beginning of a host, unless that was switched off.
#[test]
fn a_name_with_an_at_sign_is_completed() {
    let machine = Machine::new();
    keep(&machine, &[("at@x", &[2, 1])]);
    assert_eq!(bash(&machine, "complete_line 'signoff --demo show at'"), "at@x/\n");
    assert_eq!(bash(&machine, "complete_line 'signoff --demo show at@'"), "@x/\n");
    assert_eq!(bash(&machine, "complete_line 'signoff --demo show at@x/'"), "@x/2\n@x/1\n");
    assert_eq!(bash(&machine, "shopt -u hostcomplete; complete_line 'signoff --demo show at@'"), "at@x/\n");
}

#[test]
fn versions_to_roll_back_to_are_those_of_the_model() {
    let machine = Machine::new();
    keep(&machine, &[("m", &[3, 12, 1]), ("other", &[7])]);
    assert_eq!(bash(&machine, "complete_line 'signoff --demo rollback m --to '"), "v12\nv3\nv1\n");
    assert_eq!(bash(&machine, "complete_line 'signoff --demo rollback m --to 1'"), "12\n1\n");
    assert_eq!(bash(&machine, "complete_line 'signoff --demo rollback m --to=v1'"), "v12\nv1\n");
    assert_eq!(bash(&machine, "complete_line 'signoff --demo rollback --to '"), "");
}

/// What the scripts of the other shells hand on: the words as they are meant, the last of which may be within a quote.
#[test]
fn the_other_shells_hand_on_words_without_their_quotes() {
    let machine = Machine::new();
    keep(&machine, &[("Credit L", &[4])]);
    for (shell, hands_on) in [
        ("zsh", r#"signoff __complete zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>"#),
        ("fish", "signoff __complete fish -- (commandline -opc) (commandline -ct | string unescape) 2>"),
    ] {
        let script = text(&machine.run(&["completions", shell], &[]).stdout);
        assert!(script.contains(hands_on), "{script}");
        for typed in ["Cr", "Credit ", "Credit L"] {
            let ran = machine.run(&["__complete", shell, "--", "signoff", "--demo", "show", typed], &[]);
            assert_eq!(text(&ran.stdout).trim_end(), "Credit L/", "{shell}: {typed}");
        }
    }
}

#[test]
fn completion_asks_no_server_and_says_nothing_where_it_knows_nothing() {
    let machine = Machine::new();
    machine.write_config("[targets.t]\ntracking_uri = \"http://127.0.0.1:1\"\nrepository = \"a/b\"\n");
    assert_eq!(bash(&machine, "complete_line 'signoff show te'"), "");
    machine.write_config("no = toml [");
    assert_eq!(bash(&machine, "complete_line 'signoff show te'"), "");
    let found = bash(&machine, "complete_line 'signoff sho'");
    assert_eq!(lines(&found), ["show"]);
}

#[tokio::test]
async fn lists_on_screens_keep_names_as_those_of_commands_do() {
    let mut desk = Desk::new();
    let file = desk.home.path().join("names.json");
    let read = |desk: &Desk| Names::read(&file, desk.services.clock.now());
    desk.services.names = Some(Arc::new(NamesFile::new(file.clone(), desk.services.clock.clone())));
    answer(&desk.services, &desk.services, Query::Models { page: None }).await;
    assert!(read(&desk).models().any(|model| model == "telco-churn"));
    let model = ModelName::new("telco-churn");
    answer(&desk.services, &desk.services, Query::Versions { model, page: None }).await;
    assert!(read(&desk).versions("telco-churn").len() > 3, "{:?}", read(&desk));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(desk.run("inbox").await.exit, Exit::Done);
    assert!(read(&desk).models().any(|model| model == "telco-churn"));
}
