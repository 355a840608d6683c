//! The real binary: exit codes, streams, usage, completions, and the demo across processes.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// A home directory and an environment isolated from this machine.
pub struct Machine {
    home: tempfile::TempDir,
}

impl Machine {
    pub fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    fn command(&self, args: &[&str], vars: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signoff"));
        command.env_clear().env("HOME", self.home.path()).envs(vars.iter().copied()).args(args).stdin(Stdio::null());
        command
    }

    pub fn run(&self, args: &[&str], vars: &[(&str, &str)]) -> Output {
        self.command(args, vars).output().unwrap()
    }

    /// A file in the home directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.path(".config/signoff/config.toml")
    }

    pub fn write_config(&self, text: &str) {
        std::fs::create_dir_all(self.config().parent().unwrap()).unwrap();
        std::fs::write(self.config(), text).unwrap();
    }
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn doctor_goes_as_far_as_it_can_without_a_target() {
    let machine = Machine::new();
    machine.write_config(
        "[targets.good]\ntracking_uri = \"http://127.0.0.1:1\"\nrepository = \"acme/churn\"\n\
         [targets.half]\ntracking_uri = \"databricks\"\ndatabricks_host_env = \"NO_SUCH_HOST\"\n\
         databricks_token_env = \"NO_SUCH_TOKEN\"\nrepository = \"acme/churn\"\n",
    );
    let ran = machine.run(&["doctor"], &[]);
    let said = text(&ran.stdout);
    assert_eq!(ran.status.code(), Some(2), "{said}");
    for word in [
        "good, half",
        "config.toml can be read",
        "target good",
        "127.0.0.1:1",
        "target half",
        "NO_SUCH_",
        "is writable",
    ] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn wrong_usage_exits_2_and_says_what_is_right() {
    let machine = Machine::new();
    for (args, says) in [
        (vec!["inbux"], "inbox"),
        (vec!["show", "telco"], "NAME/VERSION"),
        (vec!["--demo", "approve", "telco-churn/42", "--confirm", "42nd"], "--confirm"),
        (vec!["--target"], "--target"),
        (vec!["completions", "tcsh"], "bash"),
        (vec!["--demo", "inbox", "--limit", "0"], "take 1 or more"),
        (vec!["--demo", "models", "--limit", "0"], "take 1 or more"),
        (vec!["--demo", "versions", "telco-churn", "--limit", "0"], "take 1 or more"),
        (vec!["--demo", "experiments", "--limit", "0"], "take 1 or more"),
        (vec!["--demo", "runs", "1", "--limit", "0"], "take 1 or more"),
    ] {
        let ran = machine.run(&args, &[]);
        assert_eq!(ran.status.code(), Some(2), "{args:?}");
        assert!(text(&ran.stderr).contains(says), "{args:?}: {}", text(&ran.stderr));
        assert!(ran.stdout.is_empty());
    }
}

#[test]
fn help_version_completions_and_manual_go_to_stdout() {
    let machine = Machine::new();
    for (args, says) in [
        (vec!["--help"], "Exit codes"),
        (vec!["approve", "--help"], "--dry-run"),
        (vec!["--version"], env!("CARGO_PKG_VERSION")),
        (vec!["completions", "bash"], "_signoff"),
        (vec!["completions", "zsh"], "#compdef signoff"),
        (vec!["completions", "fish"], "signoff __complete fish"),
        (vec!["completions", "elvish"], "promotions"),
        (vec!["man"], ".SH \"EXIT STATUS\""),
    ] {
        let ran = machine.run(&args, &[]);
        assert_eq!(ran.status.code(), Some(0), "{args:?}");
        assert!(text(&ran.stdout).contains(says), "{args:?}: {}", text(&ran.stdout));
    }
}

#[test]
fn without_configuration_it_says_how_to_begin() {
    let ran = Machine::new().run(&["inbox"], &[]);
    let said = text(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2));
    assert!(said.contains("MLFLOW_TRACKING_URI") && said.contains("signoff demo"), "{said}");
}

#[test]
fn mistakes_in_the_configuration_exit_2_all_at_once() {
    let machine = Machine::new();
    std::fs::create_dir_all(machine.config().parent().unwrap()).unwrap();
    std::fs::write(machine.config(), "[ui]\nthem = \"dark\"\n[targets.a]\nproduction = 1\n").unwrap();
    let ran = machine.run(&["inbox"], &[]);
    let said = text(&ran.stderr);
    assert_eq!(ran.status.code(), Some(2));
    assert!(said.contains("line 2") && said.contains("'theme'") && said.contains("line 4"), "{said}");
}

#[test]
fn two_actions_on_one_key_exit_2_of_every_command_with_both_names_and_the_line() {
    let machine = Machine::new();
    machine.write_config("[ui]\ntheme = \"dark\"\n\n[keys.inbox]\napprove = [\"x\"]\n");
    for args in [vec!["inbox"], vec!["demo"], vec!["doctor"], vec!["config", "show"], vec!["--demo", "models"], vec![]]
    {
        let ran = machine.run(&args, &[]);
        let said = text(&ran.stderr);
        assert_eq!(ran.status.code(), Some(2), "{args:?}: {said}");
        assert!(said.contains("line 5") && said.contains("approve") && said.contains("reject"), "{args:?}: {said}");
    }
}

#[test]
fn config_init_show_and_path_work_together() {
    let machine = Machine::new();
    let path = machine.config().display().to_string();
    assert_eq!(text(&machine.run(&["config", "path"], &[]).stdout).trim(), path);
    assert_eq!(machine.run(&["config", "init"], &[]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(machine.config()).unwrap(), signoff::config::example::EXAMPLE);
    let again = machine.run(&["config", "init"], &[]);
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("was not overwritten"));
    let vars = [("MLFLOW_TRACKING_URI", "https://dana:hunter2@h:5000"), ("GH_TOKEN", "ghp_hunter3")];
    let shown = machine.run(&["config", "show"], &vars);
    let shown = format!("{}{}", text(&shown.stdout), text(&shown.stderr));
    assert!(shown.contains("environment variable GH_TOKEN") && shown.contains("***"), "{shown}");
    assert!(!shown.contains("hunter"), "{shown}");
    let json = machine.run(&["config", "show", "--json"], &vars);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&json["schema"], &json["target"]), (&"signoff.config/1".into(), &"default".into()));
}

#[test]
fn the_demo_is_one_world_for_every_process_and_starts_over_on_request() {
    let machine = Machine::new();
    let demo = |args: &[&str]| machine.run(&[&["--demo"], args].concat(), &[]);
    let approved = demo(&["approve", "telco-churn/42", "--confirm", "v42", "--reason", "fine"]);
    assert_eq!(approved.status.code(), Some(0), "{}", text(&approved.stderr));
    assert!(text(&approved.stderr).contains("DEMO"));
    let shown = demo(&["show", "telco-churn/42", "--json"]);
    let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
    assert_eq!((&shown["version"]["stage"], &shown["demo"]), (&"Production".into(), &true.into()));
    assert!(!text(&demo(&["inbox"]).stdout).contains("telco-churn"));
    // The screens need a terminal, but resetting the demo does not.
    let reset = machine.run(&["demo", "--reset"], &[]);
    assert_eq!(reset.status.code(), Some(2));
    assert!(text(&demo(&["inbox"]).stdout).contains("telco-churn"));
    assert!(text(&demo(&["promotions"]).stdout).contains("No promotion"));
}

#[test]
fn a_pipe_gets_no_escape_sequence_and_a_closed_one_is_no_failure() {
    let machine = Machine::new();
    let ran = machine.run(&["--demo", "inbox"], &[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]);
    assert!(!ran.stdout.contains(&0x1b) && !ran.stderr.contains(&0x1b));
    let mut child = machine
        .command(&["--demo", "models", "--json"], &[])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(text(&ended.stderr), "");
}

#[test]
fn the_screens_need_a_terminal() {
    for args in [vec!["demo"], vec!["--demo"], vec!["--demo", "open", "telco-churn/42"]] {
        let ran = Machine::new().run(&args, &[]);
        assert_eq!(ran.status.code(), Some(2), "{args:?}");
        assert!(text(&ran.stderr).contains("not a terminal"), "{args:?}");
    }
}
