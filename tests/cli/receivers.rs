//! Mail and webhooks to servers that nobody here wrote (`receivers.py`).

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use super::binary::{Machine, text};
use crate::support::install;

const PASSWORD: &str = "c0rrect-horse";
const SECRET: &str = "whsec_c2lnbm9mZi10ZXN0LXNlY3JldC0wMQ==";

struct Receiver {
    process: Child,
    said: BufReader<ChildStdout>,
    port: u64,
}

impl Receiver {
    fn start(args: &[&str]) -> Self {
        let packages = ["aiosmtpd==1.4.6", "standardwebhooks==1.0.0", "trustme==1.2.1"];
        let python = install::packages("receivers", &packages).join("bin/python");
        let mut process = Command::new(python)
            .args(["-c", include_str!("receivers.py")])
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let mut receiver = Self { process, said, port: 0 };
        receiver.port = receiver.next()["port"].as_u64().unwrap();
        receiver
    }

    /// The next message, accepted or refused.
    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: '{line}'"))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Desk(Machine);

impl Desk {
    fn configured(channel: &str) -> Self {
        let machine = Machine::new();
        machine.write_config(channel);
        Self(machine)
    }

    /// Runs a command on the demo; the exit code, and what it said of failures.
    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let args: Vec<&str> = ["--demo"].into_iter().chain(args.iter().copied()).collect();
        let ran = self.0.run(&args, &[("MAIL_PASSWORD", PASSWORD), ("HOOK_SECRET", SECRET)]);
        let said = format!("{}{}", text(&ran.stdout), text(&ran.stderr));
        assert!(!said.contains(PASSWORD) && !said.contains(SECRET), "{said}");
        (ran.status.code(), said)
    }
}

fn mail(mode: &str, ca: &std::path::Path, port: u64, more: &str) -> String {
    format!(
        "[notify.mail]\ntype = \"email\"\nhost = \"localhost\"\nport = {port}\ntls = \"{mode}\"\nca_file = \"{}\"\n\
         username = \"signoff\"\npassword_env = \"MAIL_PASSWORD\"\nfrom = \"signoff <gate@acme.example>\"\n\
         to = [\"dana@acme.example\", \"lee@acme.example\"]\n{more}",
        ca.display()
    )
}

const VERSION: &str = "telco-churn/42";

#[test]
fn mail_is_one_thread_a_version_encrypted_and_signed_in() {
    for mode in ["starttls", "tls"] {
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca.pem");
        let mut server = Receiver::start(&["mail", mode, ca.to_str().unwrap(), PASSWORD, "0", "0"]);
        let desk = Desk::configured(&mail(mode, &ca, server.port, ""));
        assert_eq!(desk.run(&["watch", "--once"]).0, Some(0));
        let digest = server.next();
        assert_eq!(digest["headers"]["Auto-Submitted"], "auto-generated");
        let (code, said) = desk.run(&["notify", VERSION]);
        assert_eq!(code, Some(0), "{mode}: {said}");
        let arrived = server.next();
        assert_eq!((&arrived["user"], &arrived["encrypted"]), (&"signoff".into(), &true.into()), "{mode}");
        assert_eq!(arrived["to"], serde_json::json!(["dana@acme.example", "lee@acme.example"]));
        let subject = arrived["headers"]["Subject"].as_str().unwrap();
        assert!(subject.contains("telco-churn") && subject.contains("v42"), "{subject}");
        for part in ["text", "html"] {
            let body = arrived[part].as_str().unwrap();
            assert!(body.contains("signoff open telco-churn/42") && body.contains("auc"), "{part}: {body}");
        }
        assert!(arrived["headers"].get("In-Reply-To").is_none());
        assert_eq!(desk.run(&["reject", VERSION, "--reason", "Drifts"]).0, Some(0));
        assert_eq!(desk.run(&["watch", "--once"]).0, Some(0));
        let rejected = server.next();
        let first = &arrived["headers"]["Message-ID"];
        assert_eq!((&rejected["headers"]["In-Reply-To"], &rejected["headers"]["References"]), (first, first));
        assert!(rejected["text"].as_str().unwrap().contains("Drifts"));
    }
}

#[test]
fn mail_refused_after_data_waits_and_is_sent_with_the_same_id() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    let mut server = Receiver::start(&["mail", "starttls", ca.to_str().unwrap(), PASSWORD, "1", "0"]);
    let desk = Desk::configured(&mail("starttls", &ca, server.port, ""));
    let (code, said) = desk.run(&["watch", "--once"]);
    assert!(code == Some(1) && said.contains("554") && said.contains("Not today"), "{said}");
    let refused = server.next();
    let (code, said) = desk.run(&["watch", "--once"]);
    assert_eq!(code, Some(0), "{said}");
    let sent = server.next();
    assert_eq!((&refused["accepted"], &sent["accepted"]), (&false.into(), &true.into()));
    assert_eq!(refused["headers"]["Message-ID"], sent["headers"]["Message-ID"]);
    assert_eq!(desk.run(&["watch", "--once"]).0, Some(0), "and nothing is left");
}

#[test]
fn a_mail_server_that_is_slow_that_nobody_vouches_for_or_that_does_not_know_us_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (ca, other) = (dir.path().join("ca.pem"), dir.path().join("other.pem"));
    let slow = Receiver::start(&["mail", "starttls", ca.to_str().unwrap(), PASSWORD, "0", "30"]);
    let strict = Receiver::start(&["mail", "tls", other.to_str().unwrap(), "another", "0", "0"]);
    for (channel, says) in [
        (mail("starttls", &ca, slow.port, "timeout_seconds = 1\n"), "within 1 s"),
        (mail("starttls", &other, slow.port, ""), "certificate"),
        (mail("tls", &other, strict.port, ""), "535"),
    ] {
        let (code, said) = Desk::configured(&channel).run(&["watch", "--once"]);
        assert!(code == Some(1) && said.contains(says) && said.contains("'mail'"), "{says}: {said}");
    }
}

#[test]
fn the_library_of_standard_webhooks_accepts_every_delivery_and_none_is_lost() {
    let mut receiver = Receiver::start(&["webhook", SECRET, "2"]);
    let hook = format!(
        "[notify.hook]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/in\"\nsecret_env = \"HOOK_SECRET\"\n",
        receiver.port
    );
    let desk = Desk::configured(&hook);
    assert_eq!(desk.run(&["watch", "--once"]).0, Some(0));
    let digest = receiver.next();
    assert_eq!((&digest["event"]["type"], &digest["id"]), (&"inbox.digest".into(), &digest["event"]["id"]));
    // Every second delivery is answered with an error.
    assert_eq!(desk.run(&["notify", VERSION]).0, Some(1));
    assert_eq!(desk.run(&["watch", "--once"]).0, Some(0));
    let (failed, sent) = (receiver.next(), receiver.next());
    assert_eq!((&failed["accepted"], &sent["accepted"]), (&false.into(), &true.into()));
    assert_eq!((&failed["id"], &failed["event"]), (&sent["id"], &sent["event"]));
    assert_eq!(sent["event"]["type"], "version.arrived");
}
