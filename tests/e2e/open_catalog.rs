//! Open-source Unity Catalog by a server that nobody here wrote: `uc-server` of the crate `olai-uc-server`, which takes half
//! an hour to build. The test runs if `SIGNOFF_TEST_UC_SERVER` names the program, and says so if not.

use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::site::{COMMIT, REPO, Site};
use crate::support::mlflow_server::Version;
use crate::support::seed::RunSeed;
use crate::support::uc_server::OpenCatalog;

#[test]
fn a_version_in_a_real_open_catalog_is_read_and_released() {
    let Some(program) = std::env::var_os("SIGNOFF_TEST_UC_SERVER").filter(|path| !path.is_empty()) else {
        // Not `eprintln`, which the test runner keeps to itself.
        writeln!(std::io::stderr(), "not run: open_catalog, because SIGNOFF_TEST_UC_SERVER is not set").unwrap();
        return;
    };
    let catalog = OpenCatalog::start(Path::new(&program));
    catalog.call("POST", "/catalogs", &json!({"name": "prod"}));
    catalog.call("POST", "/schemas", &json!({"name": "telco", "catalog_name": "prod"}));
    catalog.call("POST", "/models", &json!({"name": "churn", "catalog_name": "prod", "schema_name": "telco"}));
    let site = Site::bare(Version::V3_17, "e2e-open-catalog");
    let experiment = site.api().experiment("open-catalog");
    for auc in [0.81, 0.84] {
        let tags = [("mlflow.source.git.commit", COMMIT)];
        let seed = RunSeed { name: "gbm", metrics: &[("test_auc", auc)], params: &[], tags: &tags };
        catalog.version(&site.api().run(&experiment, &seed).id);
    }
    let desk = site.desk().configured(&format!(
        "[targets.open]\ntracking_uri = \"{}\"\nregistry_uri = \"uc:http://127.0.0.1:{}\"\nrepository = \"{REPO}\"\n\
         promote_to = \"release\"\n",
        site.server.url(),
        catalog.port
    ));
    let desk = desk.without("MLFLOW_TRACKING_URI");
    let listed = desk.json(&["models"]);
    assert_eq!(listed["models"][0]["name"], "prod.telco.churn", "{listed}");
    let versions = desk.json(&["versions", "prod.telco.churn"]).to_string();
    assert!(versions.contains("\"version\":2") && versions.contains("\"version\":1"), "{versions}");
    let shown = desk.json(&["show", "prod.telco.churn/2"]).to_string();
    assert!(shown.contains("0.84") && shown.contains(COMMIT), "{shown}");
    let before = catalog.call("GET", "/models/prod.telco.churn/versions", &Value::Null);
    let approve = ["approve", "prod.telco.churn/2", "--confirm", "v2", "--reason", "fine", "--wait"];
    desk.run(&approve).ends(0).says("done");
    let repo = site.github.repo();
    assert_eq!(repo.tags.keys().map(|tag| tag.as_str()).collect::<Vec<_>>(), ["prod.telco.churn-v2"]);
    assert_eq!(repo.releases.len(), 1);
    let after = catalog.call("GET", "/models/prod.telco.churn/versions", &Value::Null);
    assert_eq!(before, after, "the registry is only read");
    assert!(!desk.json(&["inbox"]).to_string().contains("\"version\":2"), "it does not wait any more");
}
