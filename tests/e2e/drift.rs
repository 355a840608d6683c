//! Drift on real MLflow servers: every kind made by an edit through MLflow's own API (or GitHub's), found and named, and
//! none invented in a world that nobody changed.

use serde_json::{Value, json};

use crate::desk::Desk;
use crate::site::{COMMIT, OLD_COMMIT, Site};
use crate::support::mlflow_server::Version;
use crate::support::proxy::Proxy;
use crate::support::seed::{RunSeed, SeededRun};

/// A model whose v2 was approved, with the run and the files of v2.
pub struct Signed {
    pub site: Site,
    pub desk: Desk,
    run: SeededRun,
}

/// Digests of files follow their content, so a file of the same size can be told from another.
const FILES: [(&str, &str); 3] =
    [("model/MLmodel", "flavors: {}\n"), ("model/data/model.bin", "0123456789"), ("model/conda.yaml", "name: x\n")];

fn signed(version: Version, model: &str, config: Option<&str>) -> Signed {
    signed_at(Site::bare(version, model), config)
}

/// The same at a site without versions.
pub fn signed_at(site: Site, config: Option<&str>) -> Signed {
    let model = &*site.model.clone();
    site.add_version(OLD_COMMIT, 0.81, "In production.");
    let api = site.api();
    let experiment = api.experiment(&format!("{model}-signed"));
    let tags = [("mlflow.user", "dana"), ("mlflow.source.git.commit", COMMIT), ("team", "retention")];
    let seed = RunSeed { name: "gbm", metrics: &[("auc", 0.914)], params: &[("depth", "8")], tags: &tags };
    let run = api.run(&experiment, &seed);
    for (path, content) in FILES {
        api.put_file(&run.artifacts, path, content);
    }
    api.version(model, Some(&run), "Fewer false alarms.", &[("qa", "passed")]);
    api.stage(model, 1, "Production");
    api.stage(model, 2, "Staging");
    api.alias(model, "blue", 2);
    let desk = match config {
        None => site.desk(),
        Some(toml) => {
            let toml = toml.replace("URL", &site.server.url()).replace("GITHUB", &site.github.url());
            Desk::empty().configured(&toml).with("GH_TOKEN", crate::support::fake_github::REVIEWER)
        }
    };
    desk.run(&["approve", &site.candidate(), "--confirm", "v2", "--reason", "fine"]).ends(0);
    Signed { site, desk, run }
}

impl Signed {
    fn status(&self, args: &[&str]) -> Value {
        let line: Vec<&str> = ["status", &self.site.model, "--json"].iter().chain(args).copied().collect();
        let said = self.desk.run(&line);
        let json: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"));
        let model = json["models"][0].clone();
        let wrong = matches!(model["state"].as_str(), Some("drift" | "disagrees"));
        assert_eq!(said.code, Some(i32::from(wrong)), "{said:?}");
        model
    }

    /// Kind and name of every finding.
    fn found(&self, args: &[&str]) -> Vec<(String, String)> {
        let model = self.status(args);
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        model["drift"].as_array().unwrap().iter().map(|f| (text(&f["kind"]), text(&f["what"]))).collect()
    }

    #[track_caller]
    fn is(&self, kind: &str, what: &str) {
        assert_eq!(self.found(&[]), [(kind.to_owned(), what.to_owned())]);
    }

    #[track_caller]
    fn is_clean(&self) {
        let model = self.status(&[]);
        assert_eq!((&model["state"], &model["drift"]), (&json!("ok"), &json!([])), "{model}");
    }
}

/// One edit after the other, each found alone and then taken back where that is possible.
fn every_kind(version: Version, model: &str) {
    let signed = signed(version, model, None);
    let (api, run) = (signed.site.api(), &signed.run);
    for _ in 0..5 {
        signed.is_clean();
    }
    assert_eq!(signed.found(&["--deep"]), [], "deep");
    let version = |extra: Value| {
        let mut body = json!({"name": model, "version": "2"});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };

    api.call("PATCH", "model-versions/update", &version(json!({"description": "Edited."})));
    signed.is("description", "");
    let finding = signed.status(&[])["drift"][0].clone();
    assert_eq!((&finding["old"], &finding["new"]), (&json!("Fewer false alarms."), &json!("Edited.")));
    assert!(finding["since"].is_string() && finding["by"].is_null(), "{finding}");
    api.call("PATCH", "model-versions/update", &version(json!({"description": "Fewer false alarms."})));
    signed.is_clean();

    api.post("model-versions/set-tag", version(json!({"key": "qa", "value": "failed"})));
    signed.is("version_tag", "qa");
    api.post("model-versions/set-tag", version(json!({"key": "qa", "value": "passed"})));

    api.post("runs/set-tag", json!({"run_id": run.id, "key": "team", "value": "fraud"}));
    signed.is("run_tag", "team");
    api.post("runs/set-tag", json!({"run_id": run.id, "key": "team", "value": "retention"}));
    signed.is_clean();

    signed.site.api().stage(model, 2, "Archived");
    signed.is("stage", "Production");
    signed.site.api().stage(model, 2, "Production");
    signed.site.api().stage(model, 1, "Production");
    signed.is("stage", "Production");
    signed.site.api().stage(model, 1, "Archived");

    api.alias(model, "blue", 1);
    signed.is("alias", "blue");
    api.alias(model, "blue", 2);
    signed.is_clean();

    api.put_file(&run.artifacts, "model/data/model.bin", "01234567890");
    signed.is("artifact", "data/model.bin");
    api.put_file(&run.artifacts, "model/data/model.bin", "9876543210");
    signed.is_clean();
    assert_eq!(signed.found(&["--deep"]), [("artifact".to_owned(), "data/model.bin".to_owned())], "same size");
    api.put_file(&run.artifacts, "model/data/model.bin", "0123456789");
    assert_eq!(signed.found(&["--deep"]), []);

    signed.site.github.change_repo(|repo| {
        let bytes = &mut repo.releases[0].assets[0].content.0;
        *bytes = String::from_utf8(bytes.clone()).unwrap().replacen("fine", "good", 1).into_bytes();
    });
    signed.is("release_asset", "signoff.json");
    signed.site.github.change_repo(|repo| {
        let bytes = &mut repo.releases[0].assets[0].content.0;
        *bytes = String::from_utf8(bytes.clone()).unwrap().replacen("good", "fine", 1).into_bytes();
    });
    signed.is_clean();

    api.post("runs/delete", json!({"run_id": run.id}));
    signed.is("run_deleted", &run.id);
    api.post("runs/restore", json!({"run_id": run.id}));
    signed.is_clean();

    // What MLflow cannot take back comes last.
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis());
    let point = json!({"run_id": run.id, "key": "auc", "value": 0.95, "timestamp": now.unwrap() + 60_000, "step": 9});
    api.post("runs/log-metric", point);
    let finding = signed.status(&[])["drift"][0].clone();
    assert_eq!((&finding["kind"], &finding["old"], &finding["new"]), (&"metric".into(), &0.914.into(), &0.95.into()));
    assert!(finding["since"].is_string(), "{finding}");
    api.post("runs/log-parameter", json!({"run_id": run.id, "key": "late", "value": "1"}));
    assert_eq!(signed.found(&[]), [("metric".into(), "auc".into()), ("param".into(), "late".into())]);

    let renamed = format!("{model}-renamed");
    api.post("registered-models/rename", json!({"name": model, "new_name": renamed}));
    let kinds: Vec<String> = signed.found(&[]).into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["model_renamed", "metric", "param"]);
    let all = signed.desk.run(&["status", "--json"]);
    assert!(
        !all.out.contains(&format!("\"model\":\"{renamed}\"")),
        "listed under the name that was signed: {}",
        all.out
    );
    api.post("registered-models/rename", json!({"name": renamed, "new_name": model}));

    api.call("DELETE", "model-versions/delete", &version(json!({})));
    signed.is("version_deleted", "v2");
    api.call("DELETE", "registered-models/delete", &json!({"name": model}));
    signed.is("version_deleted", "v2");
    api.model(model, &[]);
    signed.is("model_recreated", model);
    signed.site.add_version(OLD_COMMIT, 0.5, "Another first.");
    signed.site.add_version(COMMIT, 0.6, "Another second.");
    api.stage(model, 2, "Production");
    signed.is("model_recreated", model);
}

#[test]
fn every_kind_of_drift_is_found_on_mlflow_3() {
    every_kind(Version::V3_17, "e2e-drift-3");
}

#[test]
fn every_kind_of_drift_is_found_on_mlflow_2() {
    every_kind(Version::V2_22, "e2e-drift-2");
}

/// The alias is the place, and another machine has only the release.
#[test]
fn an_alias_that_was_moved_is_found_by_a_machine_that_did_not_sign() {
    let toml = "[targets.prod]\ntracking_uri = \"URL\"\npromote_to = \"alias:champion\"\n\
                repository = \"acme/churn-model\"\ngithub_api_url = \"GITHUB\"\n";
    let signed = signed(Version::V3_17, "e2e-drift-alias", Some(toml));
    let api = signed.site.api();
    signed.is_clean();
    let toml = toml.replace("URL", &signed.site.server.url()).replace("GITHUB", &signed.site.github.url());
    let desk = Desk::empty().configured(&toml).with("GH_TOKEN", crate::support::fake_github::REVIEWER);
    let there = Signed { desk, ..signed };
    there.is_clean();
    api.alias("e2e-drift-alias", "champion", 1);
    there.is("alias", "champion");
    let finding = there.status(&[])["drift"][0].clone();
    assert_eq!((&finding["old"], &finding["new"]), (&2.into(), &1.into()), "{finding}");
    api.call("DELETE", "registered-models/alias", &json!({"name": "e2e-drift-alias", "alias": "champion"}));
    assert!(there.status(&[])["drift"][0]["new"].is_null());
    let audit = there.desk.run(&["audit", "--json"]).ends(1);
    assert!(audit.out.contains("\"alias\""), "{audit:?}");
}

#[test]
fn a_later_approval_and_a_rollback_are_no_drift() {
    let signed = signed(Version::V3_17, "e2e-drift-moved", None);
    let model = signed.site.model.clone();
    signed.site.add_version(COMMIT, 0.95, "Better.");
    signed.desk.run(&["approve", &format!("{model}/3"), "--confirm", "v3", "--reason", "fine"]).ends(0);
    assert_eq!(signed.status(&[])["version"], 3);
    signed.is_clean();
    let back = ["rollback", &model, "--to", "2", "--confirm", "v2", "--reason", "alarms"];
    signed.desk.run(&back).ends(0);
    assert_eq!(signed.status(&[])["version"], 2);
    signed.is_clean();
}

/// Files in two folders, a run, stage and release: three requests a model at most, all lists included.
#[test]
fn a_look_asks_no_more_than_three_requests_a_model() {
    let server = crate::support::mlflow_server::Server::shared(Version::V3_17);
    let wire = Proxy::to(server.port);
    let toml = format!(
        "[targets.prod]\ntracking_uri = \"{}\"\nrepository = \"acme/churn-model\"\ngithub_api_url = \"GITHUB\"\n",
        wire.url()
    );
    let signed = signed(Version::V3_17, "e2e-drift-requests", Some(&toml));
    for n in 0..3 {
        let name = format!("e2e-drift-requests-{n}");
        signed.site.api().model(&name, &[]);
        signed.site.api().version(&name, None, "", &[]);
        signed.site.api().stage(&name, 1, "Production");
    }
    let desk = &signed.desk;
    let before = wire.requests().len();
    let said = desk.run(&["status", "e2e-drift-requests", "--json"]).ends(0);
    let asked = wire.requests().split_off(before);
    // One model alone bears the lists of models, runs and workspaces.
    assert!(asked.len() <= 6, "{asked:#?} {said:?}");
    let before = wire.requests().len();
    let said = desk.run(&["status", "--json"]);
    let json: Value = serde_json::from_str(&said.out).unwrap();
    let models = json["models"].as_array().unwrap().len();
    let asked = wire.requests().split_off(before);
    assert!(models >= 4 && asked.len() <= 3 * models, "{models} models: {asked:#?}");
}
