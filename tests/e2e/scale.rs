//! Thousands of models on a real MLflow: how much a look asks.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;
use signoff::adapters::demo::github::{Blob, TagObject};
use signoff::domain::ids::{ModelName, PromotionId, TagName};
use signoff::domain::record::chain::{ChainLine, head};
use signoff::domain::record::{Sealed, text};

use crate::drift::{Signed, signed_at};
use crate::site::Site;
use crate::support::install;
use crate::support::mlflow_server::{Server, Version};
use crate::support::proxy::Proxy;
use crate::support::receiver::Receiver;

const MODEL: &str = "crowd";
/// Models in production with a sign-off. `SIGNOFF_TEST_SIGNED` takes more, to measure the time.
const SIGNED: usize = 60;
/// All models.
const ALL: usize = 2_000;

/// Copies all rows of a model, as a server with many models has them.
const COPY: &str = r#"
import sqlite3, sys
path, model, first, last, stage = sys.argv[1:]
with sqlite3.connect(path, timeout=60) as db:
    of_models = ["registered_models", "registered_model_tags", "registered_model_aliases"]
    for table in [*of_models, "model_versions", "model_version_tags"]:
        columns = [column[1] for column in db.execute(f"pragma table_info({table})")]
        at = columns.index("name")
        # What nobody decided on has no tags of ours.
        if stage and table == "model_version_tags":
            continue
        for row in db.execute(f"select * from {table} where name = ?", (model,)).fetchall():
            row = list(row)
            if "current_stage" in columns and stage:
                # The list of models names the newest version of each stage, and so hides none.
                newest = int(row[columns.index("version")]) == 2
                row[columns.index("current_stage")] = stage if newest else "Archived"
            for number in range(int(first), int(last)):
                row[at] = f"{model}-{number:04}"
                db.execute(f"insert into {table} values ({','.join('?' * len(row))})", row)
"#;

fn signed_models() -> usize {
    std::env::var("SIGNOFF_TEST_SIGNED").ok().and_then(|number| number.parse().ok()).unwrap_or(SIGNED)
}

fn name(number: usize) -> String {
    format!("{MODEL}-{number:04}")
}

impl Signed {
    fn copy(&self, range: std::ops::Range<usize>, stage: &str) {
        let server = self.site.server;
        let python = install::mlflow(server.version.number(), server.version.extra_packages()).join("bin/python");
        let done = Command::new(python)
            .args(["-c", COPY])
            .arg(server.dir.join("mlflow.db"))
            .args([MODEL, &range.start.to_string(), &range.end.to_string(), stage])
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Records and releases of the copies, as if each had been approved.
    fn sign_copies(&self) {
        let mut lines = self.desk.records();
        let first = lines.iter().find_map(|line| match line {
            ChainLine::Record(sealed) => Some(sealed.record.clone()),
            ChainLine::Outcome(_) => None,
        });
        let (first, mut file) = (first.unwrap(), std::fs::read_to_string(self.desk.records_file()).unwrap());
        let (mut releases, mut messages) = (Vec::new(), Vec::new());
        for number in 0..signed_models() {
            let mut record = first.clone();
            record.record_id =
                PromotionId::from_uuid(uuid::Uuid::from_u128(0x0191_0000_0000_7000_8000 << 48 | number as u128));
            record.model.name = ModelName::new(name(number));
            record.prev_hash = head(&lines);
            let tag: TagName = format!("{}-v2", name(number)).parse().unwrap();
            record.change.as_mut().unwrap().tag = tag.clone();
            let sealed = Sealed::new(record);
            let mut release = self.site.github.repo().releases[0].clone();
            release.id += 10 * (number as u64 + 1);
            release.body = release.body.replace(&first.record_id.to_string(), &sealed.record.record_id.to_string());
            release.tag = tag;
            release.assets[0].id += 10 * (number as u64 + 1);
            release.assets[0].content = Blob(sealed.to_bytes());
            messages.push(text::tag_message(&sealed));
            releases.push(release);
            let line = ChainLine::Record(Box::new(sealed));
            writeln!(file, "{}", serde_json::to_string(&line).unwrap()).unwrap();
            lines.push(line);
        }
        std::fs::write(self.desk.records_file(), file).unwrap();
        self.site.github.change_repo(|repo| {
            let object = repo.tag_objects[repo.tags.values().next().unwrap()].clone();
            for (release, message) in releases.iter().zip(messages) {
                let object = TagObject { tag: release.tag.clone(), message, ..object.clone() };
                repo.tags.insert(release.tag.clone(), object.id());
                repo.tag_objects.insert(object.id(), object);
            }
            repo.releases.extend(releases);
        });
    }
}

/// The requests of each look at the list of models: it begins with the first page.
fn looks(requests: &[String]) -> Vec<Vec<&String>> {
    let mut out: Vec<Vec<&String>> = Vec::new();
    for request in requests {
        let begins = request.contains("registered-models/search") && !request.contains("page_token=");
        match out.last_mut() {
            Some(look) if !begins => look.push(request),
            Some(_) | None => out.push(vec![request]),
        }
    }
    out
}

#[test]
fn many_models_cost_few_requests() {
    let server: &'static Server = Box::leak(Box::new(Server::start(Version::V3_17, false)));
    let (wire, receiver) = (Proxy::to(server.port), Receiver::start());
    let toml = format!(
        "[targets.prod]\ntracking_uri = \"{}\"\nrepository = \"acme/churn-model\"\ngithub_api_url = \"GITHUB\"\n\
         [watch]\ninterval_seconds = 1\ndrift_interval_seconds = 86400\n{}",
        wire.url(),
        receiver.channel("hook", "")
    );
    let signed = signed_at(Site::at(server, MODEL), Some(&toml));
    signed.copy(0..signed_models(), "");
    signed.sign_copies();
    // Drift of 500 models: every look at them, lists and releases included.
    let before = wire.requests().len();
    signed.site.github.forget();
    let said = signed.desk.run(&["status", "--json"]);
    let json: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
    let models = json["models"].as_array().unwrap();
    assert_eq!(models.len(), signed_models() + 1);
    let drifted: Vec<&Value> = models.iter().filter(|m| m["drift"] != serde_json::json!([])).collect();
    assert!(drifted.is_empty(), "none is invented: {drifted:#?}");
    let mlflow = wire.requests().len() - before;
    // Three a model, and the lists.
    assert!(mlflow <= 3 * models.len() + 8, "{mlflow}");
    // The look of a watch, and what is seldom looked at by it.
    signed.copy(signed_models()..ALL - 1, "None");
    signed.site.github.forget();
    let watch = signed.desk.start(&["watch", "--target", "prod"]);
    let digest = receiver.next();
    assert_eq!(digest.event["data"]["drift"], serde_json::json!([]), "none is invented");
    assert_eq!(digest.event["data"]["waiting"].as_array().unwrap().len(), ALL - 1 - signed_models());
    digest.answer(204);
    let begun_at = wire.requests().len();
    let asked = wire.wait_until(|requests| looks(&requests[begun_at.min(requests.len())..]).len() > 4);
    watch.signal("TERM");
    watch.wait().ends(0);
    let quiet = looks(&asked[begun_at..]);
    // The first may be the rest of the look before, and the last is not over.
    for look in &quiet[1..quiet.len() - 1] {
        assert!(look.len() <= 3, "{look:#?}");
    }
}
