//! `--jq`: on every command that prints JSON; compiled before anything is asked, and it changes no exit code but that of
//! success.

use clap::CommandFactory as _;

use super::binary::{Machine, text};
use super::*;

fn with_json<'a>(command: &'a clap::Command, path: &str, found: &mut Vec<(String, &'a clap::Command)>) {
    for below in command.get_subcommands() {
        with_json(below, &format!("{path} {}", below.get_name()), found);
    }
    found.push((path.to_owned(), command));
}

#[test]
fn every_command_that_prints_json_takes_an_expression() {
    let (cli, mut commands) = (Cli::command(), Vec::new());
    with_json(&cli, "", &mut commands);
    let has = |command: &clap::Command, name: &str| command.get_arguments().any(|arg| arg.get_id() == name);
    let json: Vec<&str> = commands.iter().filter(|(_, c)| has(c, "json")).map(|(path, _)| path.as_str()).collect();
    let jq: Vec<&str> = commands.iter().filter(|(_, c)| has(c, "jq")).map(|(path, _)| path.as_str()).collect();
    assert_eq!(json, jq);
    assert!(jq.len() > 20 && jq.contains(&" watch") && jq.contains(&" config show"), "{jq:?}");
    // The command line hands it on, for each of them.
    let line = |path: &str| {
        let rest = match path.trim() {
            "versions" | "log" | "status" => "m",
            "show" | "check" | "compare" | "files" | "notify" | "approve" => "m/1",
            "reject" | "hold" => "m/1 --reason r",
            "rollback" => "m --to v1",
            "runs" | "undo" | "verify" | "record" | "cd" => "x",
            _ => "",
        };
        format!("signoff {} {rest} --jq .a", path.trim())
    };
    for path in jq {
        let cli = Cli::try_parse_from(line(path).split_whitespace()).unwrap_or_else(|e| panic!("{path}: {e}"));
        let command = cli.command.unwrap();
        assert!(command.query().is_some() && command.format().unwrap().json, "{path}");
    }
    let plain = Cli::try_parse_from(["signoff", "inbox"]).unwrap().command.unwrap();
    assert!(plain.query().is_none() && !plain.format().unwrap().json);
    for wrong in ["signoff log --jq . --markdown", "signoff show m/1 --jq . --web"] {
        assert!(Cli::try_parse_from(wrong.split(' ')).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn results_are_printed_raw_or_as_json_on_one_line() {
    let desk = Desk::new();
    let models = desk.run("models --jq .models[].name").await;
    assert_eq!((models.exit, models.err.as_str()), (Exit::Done, ""));
    assert!(models.out.lines().any(|line| line == "telco-churn"), "{}", models.out);
    let counted = desk.run("inbox --jq [.waiting[]|.model]|length").await;
    let waiting = desk.run("inbox --json").await.json()["waiting"].as_array().unwrap().len();
    assert_eq!(counted.out, format!("{waiting}\n"));
    let one = desk.run("show telco-churn/42 --jq {m:.version.model,v:.version.version}").await;
    assert_eq!(one.out, "{\"m\":\"telco-churn\",\"v\":42}\n");
}

#[tokio::test]
async fn the_exit_code_stays_that_of_the_command_and_an_error_spoils_only_success() {
    let desk = Desk::new();
    let without = desk.run("approve telco-churn/42 --jq .plan.tag").await;
    assert_eq!((without.exit, without.out.as_str()), (Exit::Usage, "telco-churn-v42\n"), "{}", without.err);
    let plan = desk.run("approve telco-churn/42 --jq .plan.tag.x").await;
    assert_eq!((plan.exit, plan.out.as_str()), (Exit::Usage, ""), "{}", plan.err);
    assert!(plan.err.contains("could not apply --jq '.plan.tag.x': cannot index"), "{}", plan.err);
    let listed = desk.run("models --jq .models[].name.x").await;
    assert_eq!(listed.exit, Exit::Refused);
    // What was done is done, and is not undone by a mistake in what to print of it.
    let approved = desk.run("approve telco-churn/42 --confirm v42 --jq .tag,.tag.x").await;
    assert_eq!((approved.exit, approved.out.as_str()), (Exit::Refused, "telco-churn-v42\n"), "{}", approved.err);
    let promotions = desk.run("promotions --jq .promotions[].state").await;
    assert_eq!(promotions.out, "released\n");
}

#[test]
fn an_expression_is_read_before_any_server_is_asked() {
    let machine = Machine::new();
    let ran = machine.run(&["inbox", "--jq", ".waiting["], &[("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")]);
    let said = text(&ran.stderr);
    assert_eq!((ran.status.code(), text(&ran.stdout).as_str()), (Some(2), ""), "{said}");
    assert!(said.contains("at its end: a closing bracket is missing") && said.contains("--jq"), "{said}");
}

#[test]
fn each_event_of_a_watch_is_a_document() {
    let machine = Machine::new();
    let ran = machine.run(&["--demo", "watch", "--once", "--jq", ".type, (.data.waiting | length > 1)"], &[]);
    assert_eq!(text(&ran.stdout), "inbox.digest\ntrue\n", "{}", text(&ran.stderr));
    let again = machine.run(&["--demo", "watch", "--once", "--jq", ".type"], &[]);
    assert_eq!((again.status.code(), text(&again.stdout).as_str()), (Some(0), ""));
}
