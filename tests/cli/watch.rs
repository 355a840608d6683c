//! `watch` and `notify` as processes, over the demo's world: what is told, when, and how often.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use serde_json::Value;

use super::binary::{Machine, text};

/// A machine whose channel `log` appends each event to a file, and whose other channels are `more`.
struct Watched {
    machine: Machine,
    log: PathBuf,
}

/// What a process ended with.
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Watched {
    fn new(more: &str) -> Self {
        let machine = Machine::new();
        let log = machine.path("told.jsonl");
        let watched = Self { machine, log };
        watched.configure(more);
        watched
    }

    fn configure(&self, more: &str) {
        // The event is one line of JSON.
        let log = format!("[notify.log]\ntype = \"command\"\nrun = [\"tee\", \"-a\", \"{}\"]\n", self.log.display());
        self.machine.write_config(&format!("{log}\n{more}"));
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.run_with(args, &[])
    }

    fn run_with(&self, args: &[&str], vars: &[(&str, &str)]) -> Ran {
        let path = std::env::var("PATH").unwrap();
        let vars: Vec<(&str, &str)> = vars.iter().copied().chain([("PATH", path.as_str())]).collect();
        let args: Vec<&str> = ["--demo"].into_iter().chain(args.iter().copied()).collect();
        let ran = self.machine.run(&args, &vars);
        Ran { code: ran.status.code(), out: text(&ran.stdout), err: text(&ran.stderr) }
    }

    /// What the channel `log` was told.
    fn told(&self) -> Vec<Value> {
        let told = fs::read_to_string(&self.log).unwrap_or_default();
        told.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

fn events(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|e| e["type"].as_str().unwrap()).collect()
}

#[test]
fn what_waits_is_one_digest_then_each_decision_is_told_once_with_who_and_why() {
    let watched = Watched::new("");
    let first = watched.run(&["watch", "--once", "--json"]);
    assert_eq!((first.code, types(&events(&first))), (Some(0), vec!["inbox.digest"]), "{}", first.err);
    let digest = &events(&first)[0];
    assert_eq!((&digest["schema"], &digest["demo"]), (&"signoff.event/1".into(), &true.into()));
    let waiting = digest["data"]["waiting"].as_array().unwrap();
    assert!(waiting.len() > 1 && waiting.iter().all(|w| w["verdict"]["state"].is_string()), "{digest:#}");
    assert_eq!(watched.told(), events(&first), "the channel got the same document");
    let second = watched.run(&["watch", "--once", "--json"]);
    assert_eq!((second.code, second.out.as_str()), (Some(0), ""), "{}", second.err);
    let (model, version) = (waiting[0]["model"].as_str().unwrap(), waiting[0]["version"].as_u64().unwrap());
    let reference = format!("{model}/{version}");
    let rejected = watched.run(&["reject", &reference, "--reason", "Drifts on new customers"]);
    assert_eq!(rejected.code, Some(0), "{}", rejected.err);
    let third = watched.run(&["watch", "--once", "--json"]);
    let told = events(&third);
    assert_eq!(types(&told), ["version.rejected"], "{}", third.err);
    let data = &told[0]["data"];
    assert_eq!((data["model"].as_str(), data["version"].as_u64()), (Some(model), Some(version)));
    assert!(data["reason"].as_str().unwrap().starts_with("Drifts on new") && data["actor"].is_string(), "{data:#}");
    assert_eq!(data["open"], format!("signoff open {reference}"));
    assert!(data.get("params").is_none() && data.get("tags").is_none());
    assert_eq!(watched.told().len(), 2);
    let text = watched.run(&["watch", "--once"]);
    assert_eq!((text.code, text.out.as_str()), (Some(0), ""));
}

#[test]
fn a_channel_that_fails_stops_no_other_and_its_message_waits() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let failing = format!(
        "[notify.refuses]\ntype = \"command\"\nrun = [\"false\"]\n[notify.away]\ntype = \"webhook\"\nurl = \"http://{address}/x\"\n\
         [notify.unset]\ntype = \"slack\"\nurl_env = \"SLACK_URL\"\n"
    );
    let watched = Watched::new(&failing);
    let first = watched.run(&["watch", "--once", "--json"]);
    assert_eq!((first.code, watched.told().len()), (Some(1), 1), "{}", first.err);
    for says in ["'refuses'", "exit code 1", "'away'", "connection refused", "'unset'", "SLACK_URL is not set"] {
        assert!(first.err.contains(says), "{says}: {}", first.err);
    }
    let doctor = watched.run(&["doctor"]);
    for says in
        ["channel log", "the last message went out", "channel refuses", "did not go out", "SLACK_URL is not set"]
    {
        assert!(doctor.out.contains(says), "{says}: {}", doctor.out);
    }
    // Two messages that fail for one reason are one warning.
    watched.run(&["reject", "telco-churn/42", "--reason", "x"]);
    let more = watched.run(&["watch", "--once"]);
    assert_eq!(more.err.matches("through the channel 'refuses'").count(), 1, "{}", more.err);
    // A channel that cannot be used is named once, with why.
    for err in [&first.err, &more.err] {
        assert_eq!((err.matches("'unset'").count(), err.matches("SLACK_URL is not set").count()), (1, 1), "{err}");
        assert!(err.contains("its messages wait"), "{err}");
    }
    // Whatever its pause: `--once` tries again, and what was sent is not sent again.
    let again = watched.machine.path("again.jsonl");
    let mended = format!("[notify.refuses]\ntype = \"command\"\nrun = [\"tee\", \"-a\", \"{}\"]\n", again.display());
    watched.configure(&mended);
    let second = watched.run(&["watch", "--once", "--json"]);
    assert_eq!((second.code, second.out.as_str(), watched.told().len()), (Some(0), "", 2), "{}", second.err);
    let late: Value = serde_json::from_str(fs::read_to_string(again).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(late["id"], watched.told()[0]["id"]);
}

#[test]
fn an_arrival_is_told_once_whether_by_notify_or_by_the_watch() {
    let watched = Watched::new("[notify.other]\ntype = \"command\"\nrun = [\"true\"]\nmodels = [\"none-*\"]\n");
    let inbox = watched.run(&["inbox", "--json"]);
    let inbox: Value = serde_json::from_str(&inbox.out).unwrap();
    let reference = format!("{}/{}", inbox["waiting"][0]["model"].as_str().unwrap(), inbox["waiting"][0]["version"]);
    let states = |ran: &Ran| -> Vec<(String, String)> {
        let json: Value = serde_json::from_str(&ran.out).unwrap_or_else(|e| panic!("{e}: {} {}", ran.out, ran.err));
        assert_eq!((&json["schema"], &json["event"]["type"]), (&"signoff.notify/1".into(), &"version.arrived".into()));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        json["channels"].as_array().unwrap().iter().map(|c| (text(&c["name"]), text(&c["state"]))).collect()
    };
    let pair = |log: &str| vec![("log".to_owned(), log.to_owned()), ("other".to_owned(), "skipped".to_owned())];
    for wanted in ["sent", "already_sent"] {
        let ran = watched.run(&["notify", &reference, "--json"]);
        assert_eq!((ran.code, states(&ran)), (Some(0), pair(wanted)));
    }
    assert_eq!(types(&watched.told()), ["version.arrived"]);
    let elsewhere = Watched::new("");
    let there = elsewhere.run(&["notify", &reference, "--json"]);
    assert_eq!(there.code, Some(0), "{}", there.err);
    assert_eq!(types(&elsewhere.told()), ["version.arrived"]);
}

#[test]
fn a_channel_is_tried_and_the_exit_code_says_how_it_went() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    drop(taken);
    let watched = Watched::new(&format!(
        "[notify.refuses]\ntype = \"command\"\nrun = [\"false\"]\n[notify.away]\ntype = \"teams\"\nurl = \"http://{address}/x\"\n\
         [notify.unset]\ntype = \"webhook\"\nurl_env = \"HOOK_URL\"\n\
         [notify.short]\ntype = \"webhook\"\nurl = \"http://{address}/x\"\nsecret_env = \"KEY\"\n"
    ));
    for (name, code) in [("log", 0), ("refuses", 1), ("unset", 2), ("lgo", 2), ("short", 2), ("away", 4)] {
        let ran = watched.run_with(&["notify", "--test", name], &[("KEY", "no-such-form")]);
        assert_eq!(ran.code, Some(code), "{name}: {} {}", ran.out, ran.err);
        assert!(!ran.err.contains("no-such-form"));
    }
    assert_eq!(types(&watched.told()), ["test"]);
    // An address in a variable is a secret, whatever goes wrong.
    let secret = format!("http://{address}/services/T0-very-secret");
    for args in [&["notify", "--test", "unset"][..], &["doctor"], &["watch", "--once"], &["config", "show"]] {
        let ran = watched.run_with(args, &[("HOOK_URL", &secret)]);
        assert!(!format!("{}{}", ran.out, ran.err).contains("very-secret"), "{args:?}: {} {}", ran.out, ran.err);
    }
    let state = watched.machine.path(".local/state/signoff/demo/notify/outbox.jsonl");
    assert!(!fs::read_to_string(state).unwrap().contains("very-secret"));
}

#[test]
fn a_server_that_cannot_be_read_is_exit_code_4_and_mistakes_in_the_file_are_named() {
    let watched = Watched::new("");
    let ran = watched.machine.run(
        &["--tracking-uri", "http://127.0.0.1:9", "watch", "--once"],
        &[("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0"), ("GH_REPO", "acme/churn")],
    );
    assert_eq!(ran.status.code(), Some(4), "{}", text(&ran.stderr));
    for (table, says) in [
        ("[notify.x]\ntype = \"pigeon\"", "'pigeon' is none of email"),
        ("[notify.x]\nrun = [\"true\"]", "a channel needs a type"),
        ("[notify.x]\ntype = \"email\"\nhost = \"h\"", "needs host, from and to"),
        (
            "[notify.x]\ntype = \"email\"\nhost = \"h\"\nfrom = \"a@b\"\nto = [\"c@d\"]\ntls = \"none\"",
            "this machine only",
        ),
        ("[notify.x]\ntype = \"slack\"\nurl = \"http://chat.example/x\"", "allow_plain_http"),
        ("[notify.x]\ntype = \"webhook\"", "needs an address"),
        ("[notify.x]\ntype = \"command\"\nrun = [\"true\"]\nevents = [\"version.arived\"]", "no event is called"),
        ("[notify.\"a b\"]\ntype = \"command\"\nrun = [\"true\"]", "cannot be the name of a channel"),
        ("[notify.x]\ntype = \"webhook\"\nurl = \"https://h\"\nsecret = \"s\"", "secrets are not read from this file"),
        ("[watch]\ninterval_seconds = 0", "from 1 to 86400"),
    ] {
        watched.configure(table);
        let ran = watched.run(&["watch", "--once"]);
        assert_eq!(ran.code, Some(2), "{table}: {}", ran.err);
        assert!(ran.err.contains(says), "{table}: {}", ran.err);
    }
}

/// In the demo only the training run names the repository.
#[test]
fn cd_is_followed_where_only_the_run_names_the_repository() {
    let watched = Watched::new("");
    watched.run(&["watch", "--once", "--json"]);
    let approve = ["approve", "telco-churn/42", "--reason", "fine", "--confirm", "v42", "--wait"];
    let answers = ["--answer", "bias=yes", "--answer", "rollback=yes"];
    let approved = watched.run(&[approve.as_slice(), &answers].concat());
    let approved = if approved.code == Some(0) { approved } else { watched.run(&approve) };
    assert_eq!(approved.code, Some(0), "{}{}", approved.out, approved.err);
    let told = events(&watched.run(&["watch", "--once", "--json"]));
    let types = types(&told);
    assert!(types.contains(&"version.released") && types.contains(&"cd.succeeded"), "{types:?}");
}
