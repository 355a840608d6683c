//! The example workflows: what they say is what the program does, and they deploy only what it verified.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use signoff::config::model;

use super::*;

const GATE: &str = include_str!("../../assets/workflows/verified-deploy.yml");
const DATABRICKS: &str = include_str!("../../assets/workflows/databricks-verified-deploy.yml");
const GATES: [&str; 2] = [GATE, DATABRICKS];
const CALLER: &str = include_str!("../../assets/workflows/cd.yml");

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

/// The step of a gate that has this id.
fn step(gate: &str, id: &str) -> Value {
    let steps = read(gate)["jobs"]["signed-off"]["steps"].clone();
    steps.as_array().unwrap().iter().find(|step| step["id"] == id).unwrap().clone()
}

/// Every `uses:` of a workflow.
fn used(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value.as_str() {
                Some(text) if key == "uses" => vec![text.to_owned()],
                _ => used(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(used).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn nothing_that_runs_can_be_replaced_under_its_name() {
    for text in [GATE, DATABRICKS, CALLER] {
        let uses = used(&read(text));
        assert!(!uses.is_empty());
        for used in uses {
            let (_, at) = used.split_once('@').unwrap();
            assert!(at.len() == 40 && at.bytes().all(|b| b.is_ascii_hexdigit()), "{used} is not pinned");
        }
    }
    for gate in GATES {
        let install = read(gate)["jobs"]["signed-off"]["steps"][1].clone();
        assert!(install["run"].as_str().unwrap().contains("sha256sum --check --strict"), "{install}");
    }
}

#[test]
fn what_is_deployed_is_the_commit_that_was_verified() {
    for gate in GATES {
        let deploy = read(gate)["jobs"]["deploy"].clone();
        assert_eq!(deploy["needs"], "signed-off");
        assert_eq!(deploy["steps"][0]["with"]["ref"], "${{ needs.signed-off.outputs.commit }}");
        // No script contains text from outside: it comes by environment.
        for step in read(gate)["jobs"].as_object().unwrap().values().flat_map(|job| job["steps"].as_array().unwrap()) {
            assert!(!step["run"].as_str().unwrap_or_default().contains("${{"), "{step}");
        }
    }
}

#[test]
fn the_configuration_in_the_example_is_one() {
    let text = read(GATE)["env"]["CONFIG"].as_str().unwrap().to_owned();
    let parsed = model::parse(Path::new("signoff.toml"), &text, None);
    assert_eq!(parsed.problems, []);
    let target = &parsed.file.targets["production"];
    assert!(target.production.as_ref().unwrap().value && target.tracking_uri.is_some());
}

/// The five secrets are all that the example for Databricks needs: they make the target that it verifies in.
#[test]
fn the_five_secrets_make_the_target_of_the_databricks_example() {
    let gate = read(DATABRICKS);
    let verify = step(DATABRICKS, "verify");
    let mut variables: Vec<String> = verify["env"].as_object().unwrap().keys().cloned().collect();
    variables.retain(|name| name != "TAG");
    variables.sort();
    let five = [
        "DATABRICKS_PROD_HOST",
        "DATABRICKS_PROD_TOKEN",
        "DATABRICKS_STAGING_HOST",
        "DATABRICKS_STAGING_TOKEN",
        "GH_TOKEN",
    ];
    assert_eq!(variables, five);
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("signoff.toml");
    std::fs::write(&config, gate["env"]["CONFIG"].as_str().unwrap()).unwrap();
    let line: Vec<&str> = vec!["signoff", "verify", "churn-v2", "--target", gate["env"]["TARGET"].as_str().unwrap()];
    let line = line.into_iter().chain(["--repo", "acme/churn", "--config", config.to_str().unwrap(), "--wait", "300"]);
    let cli = Cli::try_parse_from(line).unwrap();
    let value =
        |name: &str| if name.ends_with("HOST") { format!("https://{name}.example") } else { "dapi0".to_owned() };
    for staging in [true, false] {
        // Secrets that are not set come as empty variables.
        let value = |name: &str| if name.contains("STAGING") && !staging { String::new() } else { value(name) };
        let set: Vec<(&str, String)> = five.iter().map(|name| (*name, value(name))).collect();
        let set: Vec<(&str, &str)> = set.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let target = load(Env::of(&set, home.path()), cli.flags()).unwrap().target().unwrap();
        assert!(target.rules.production && target.rules.configures_policy(), "staging: {staging}");
        assert_eq!(target.name, "prod");
    }
}

/// Runs the script of the step with a `signoff` that prints this and exits so; gives its exit code and output.
fn run(gate: &str, printed: &str, code: i32) -> (Option<i32>, String) {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { dir.path().join(name) };
    std::fs::write(path("printed"), printed).unwrap();
    std::fs::write(path("signoff"), format!("#!/bin/sh\ncat {:?}\nexit {code}\n", path("printed"))).unwrap();
    std::fs::write(path("output"), "").unwrap();
    let mut permissions = std::fs::metadata(path("signoff")).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(path("signoff"), permissions).unwrap();
    let ran = Command::new("bash")
        .args(["-eo", "pipefail", "-c", step(gate, "verify")["run"].as_str().unwrap()])
        .env("PATH", format!("{}:{}", dir.path().display(), std::env::var("PATH").unwrap()))
        .env("RUNNER_TEMP", dir.path())
        .env("GITHUB_OUTPUT", path("output"))
        .env("GITHUB_REPOSITORY", "acme/churn")
        .env("TAG", "churn-v2")
        .env("CONFIG", "")
        .env("TARGET", "prod")
        .output()
        .unwrap();
    (ran.status.code(), std::fs::read_to_string(path("output")).unwrap())
}

#[cfg(unix)]
#[test]
fn the_script_hands_on_a_commit_only_if_verify_exits_0_and_says_that_it_holds() {
    let commit = "3f9c1ab000000000000000000000000000000000";
    let said = |holds: bool, commit: &str| format!(r#"{{"holds": {holds}, "record": {{"commit": {commit}}}}}"#);
    let quoted = format!("\"{commit}\"");
    for gate in GATES {
        assert_eq!(run(gate, &said(true, &quoted), 0), (Some(0), format!("commit={commit}\n")));
        for (printed, code) in [
            (said(true, &quoted), 1),
            (said(false, &quoted), 1),
            (said(false, &quoted), 0),
            (said(true, "null"), 0),
            (said(true, "\"main\""), 0),
            (said(true, &format!("\"{commit}\\nx=y\"")), 0),
            (String::new(), 0),
            ("no json".to_owned(), 0),
            (String::new(), 4),
        ] {
            let (exit, output) = run(gate, &printed, code);
            assert!(exit != Some(0) && output.is_empty(), "{printed}: {exit:?} {output}");
            assert!(code == 0 || exit == Some(code), "{exit:?}");
        }
    }
}

/// Runs a script with these variables; gives its exit code and what it printed.
#[cfg(unix)]
fn script(run: &str, variables: &[(String, String)]) -> (Option<i32>, String) {
    let nowhere = tempfile::tempdir().unwrap();
    let ran = Command::new("bash")
        .args(["-eo", "pipefail", "-c", run])
        .envs(variables.iter().cloned())
        .env("TAG", "churn-v2")
        .current_dir(nowhere.path())
        .output()
        .unwrap();
    (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
}

#[cfg(unix)]
#[test]
fn what_is_not_filled_in_is_named_before_anything_else() {
    is_named(GATE, &["SIGNOFF_URL", "SIGNOFF_SHA256", "CONFIG"]);
    is_named(DATABRICKS, &["SIGNOFF_URL", "SIGNOFF_SHA256"]);
}

/// These are to be filled in; the others are usable as they are.
#[cfg(unix)]
fn is_named(text: &str, open: &[&str]) {
    let gate = read(text);
    let example: Vec<(String, String)> = gate["env"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(gate["jobs"]["signed-off"]["steps"][0], step(text, "filled-in"), "it comes first");
    let check = step(text, "filled-in")["run"].as_str().unwrap().to_owned();
    let (exit, said) = script(&check, &example);
    assert_eq!(exit, Some(1), "{said}");
    // Each is named in the step and at the top of the file, alone too.
    let real = |name: &str| match name {
        "SIGNOFF_URL" => "https://github.com/acme/signoff/releases/download/v1/signoff.tar.gz",
        "SIGNOFF_SHA256" => "0b7f000000000000000000000000000000000000000000000000000000000000",
        "CONFIG" => "[targets.production]",
        other => gate["env"][other].as_str().unwrap(),
    };
    let head = text.split("\nname:").next().unwrap();
    for (left, _) in example.iter().filter(|(name, _)| open.contains(&name.as_str())) {
        assert!(said.contains(&format!("::{left} still")) || said.contains(&format!("::{left} is still")), "{said}");
        assert!(head.contains(left), "{left} is not named at the top");
        let one = example.iter().cloned().map(|(name, text)| {
            let text = if name == *left { text } else { real(&name).to_owned() };
            (name, text)
        });
        let (exit, said) = script(&check, &one.collect::<Vec<_>>());
        assert_eq!((exit, said.lines().count()), (Some(1), 1), "{left}: {said}");
    }
    let filled: Vec<_> = example.iter().map(|(name, _)| (name.clone(), real(name).to_owned())).collect();
    assert_eq!(script(&check, &filled), (Some(0), String::new()));
    let deploy = gate["jobs"]["deploy"]["steps"][1]["run"].as_str().unwrap().to_owned();
    let (exit, said) = script(&deploy, &[]);
    assert!(exit == Some(1) && said.contains("There is no executable deploy.sh"), "{said}");
    // No other placeholder is left in what runs.
    for step in gate["jobs"].as_object().unwrap().values().flat_map(|job| job["steps"].as_array().unwrap()) {
        let text = step.to_string();
        assert!(step["id"] == "filled-in" || !(text.contains("OWNER") || text.contains(".example")), "{text}");
    }
}
