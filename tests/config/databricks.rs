//! Databricks workspaces: which address, and whose credentials.

use signoff::config::{RegistryApi, TrackingApi};

use super::*;

const CFG: &str = "[DEFAULT]\nhost = https://default.cloud.databricks.com\ntoken = dapi-default\n\n\
    [Prod]\nhost = prod.cloud.databricks.com/?o=42\nclient_id = app\nclient_secret = s3c;r#et\n\n\
    [me]\nhost = https://me.cloud.databricks.com\n\n\
    [both]\nhost = https://b\ntoken = t\nclient_id = i\nclient_secret = s\n\n\
    [azure]\nhost = https://adb-1.2.azuredatabricks.net\nazure_client_id = x\nazure_client_secret = y\nazure_tenant_id = z\n\n\
    [plain]\nhost = http://workspace.example\ntoken = t\n\n[hostless]\ntoken = t\n";

/// A home with `.databrickscfg`, and a configuration file if `toml` is not empty.
fn home(toml: &str, cfg: &str) -> Home {
    let home = Home::with(toml);
    std::fs::write(home.0.path().join(".databrickscfg"), cfg).unwrap();
    home
}

/// Address of the tracking server and what is sent there.
fn found(home: &Home, vars: &[(&str, &str)]) -> Result<(String, String), String> {
    let target = home.target(vars).map_err(|failure| failure.sentence())?;
    let mlflow = &connections(&target).mlflow;
    let auth = match &mlflow.auth {
        MlflowAuth::Bearer(token) => token.expose_secret().to_owned(),
        MlflowAuth::ServicePrincipal { client_id, secret } => format!("{client_id}/{}", secret.expose_secret()),
        MlflowAuth::DatabricksCli { profile, .. } => format!("cli {profile}"),
        other => panic!("{other:?}"),
    };
    Ok((mlflow.tracking.host_str().unwrap_or_default().to_owned(), auth))
}

fn uri(text: &str) -> Vec<(&str, &str)> {
    vec![("MLFLOW_TRACKING_URI", text)]
}

fn with<'a>(text: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [uri(text), more.to_vec()].concat()
}

#[test]
fn credentials_are_one_whole_set_from_one_source() {
    let there = home("", CFG);
    let host = ("DATABRICKS_HOST", "env.cloud.databricks.com");
    for (vars, wanted) in [
        (uri("databricks"), ("default.cloud.databricks.com", "dapi-default")),
        (uri("databricks://Prod"), ("prod.cloud.databricks.com", "app/s3c;r#et")),
        (uri("databricks://me"), ("me.cloud.databricks.com", "cli me")),
        // The SDKs would send the token of the environment to the profile's host.
        (
            with("databricks://Prod", &[host, ("DATABRICKS_TOKEN", "dapi-env")]),
            ("prod.cloud.databricks.com", "app/s3c;r#et"),
        ),
        (with("databricks", &[host, ("DATABRICKS_TOKEN", "dapi-env")]), ("env.cloud.databricks.com", "dapi-env")),
        (
            with("databricks", &[host, ("DATABRICKS_CLIENT_ID", "i"), ("DATABRICKS_CLIENT_SECRET", "s")]),
            ("env.cloud.databricks.com", "i/s"),
        ),
        (with("databricks", &[("DATABRICKS_CONFIG_PROFILE", "me")]), ("me.cloud.databricks.com", "cli me")),
        (with("databricks", &[("DATABRICKS_TOKEN", "stray")]), ("default.cloud.databricks.com", "dapi-default")),
    ] {
        let (at, sent) = wanted;
        assert_eq!(found(&there, &vars), Ok((at.to_owned(), sent.to_owned())), "{vars:?}");
    }
    let settings = format!("[__settings__]\ndefault_profile = me\n\n{CFG}");
    let wanted = ("me.cloud.databricks.com".to_owned(), "cli me".to_owned());
    assert_eq!(found(&home("", &settings), &uri("databricks")), Ok(wanted));
}

#[test]
fn what_is_no_whole_set_is_refused_with_the_names() {
    let home = home("", CFG);
    let host = ("DATABRICKS_HOST", "https://env");
    for (vars, names) in [
        (with("databricks", &[host]), vec!["DATABRICKS_TOKEN", "DATABRICKS_HOST"]),
        (
            with("databricks", &[host, ("DATABRICKS_TOKEN", "dapi-1"), ("DATABRICKS_CLIENT_SECRET", "dapi-2")]),
            vec!["DATABRICKS_TOKEN", "DATABRICKS_CLIENT_SECRET"],
        ),
        (with("databricks", &[host, ("DATABRICKS_CLIENT_ID", "dapi-i")]), vec!["DATABRICKS_CLIENT_SECRET is not set"]),
        (with("databricks", &[("DATABRICKS_HOST", "http://env.example"), ("DATABRICKS_TOKEN", "t")]), vec!["https"]),
        (uri("databricks://prod"), vec!["no profile 'prod'", "Prod"]),
        (uri("databricks://both"), vec!["token", "client_secret"]),
        (uri("databricks://azure"), vec!["azure_client_id", "Azure service principal"]),
        (uri("databricks://plain"), vec!["over https"]),
        (uri("databricks://hostless"), vec!["has no host"]),
        (uri("databricks://scope:prefix"), vec!["secret scope"]),
        (uri("databricks:/Prod"), vec!["names no profile"]),
        (uri("databricks-uc"), vec!["not runs"]),
    ] {
        let error = found(&home, &vars).unwrap_err();
        assert!(names.iter().all(|name| error.contains(name)), "{vars:?}: {error}");
        assert!(!error.contains("dapi-") && !error.contains("s3c;r#et"), "{error}");
    }
}

#[test]
fn a_file_may_name_variables_or_a_profile() {
    let by_variables = "[targets.a]\ntracking_uri = \"databricks\"\nproduction = true\n\
        databricks_host_env = \"A_HOST\"\ndatabricks_token_env = \"A_TOKEN\"\n";
    let vars = [("A_HOST", "a.example"), ("A_TOKEN", "dapi-a"), ("DATABRICKS_HOST", "b"), ("DATABRICKS_TOKEN", "b")];
    assert_eq!(found(&home(by_variables, CFG), &vars), Ok(("a.example".to_owned(), "dapi-a".to_owned())));
    let error = found(&home(by_variables, CFG), &vars[..1]).unwrap_err();
    assert!(error.contains("A_TOKEN is not set"), "{error}");
    let by_profile = "[targets.a]\ntracking_uri = \"databricks\"\nproduction = true\ndatabricks_profile = \"Prod\"\n";
    let wanted = ("prod.cloud.databricks.com".to_owned(), "app/s3c;r#et".to_owned());
    assert_eq!(found(&home(by_profile, CFG), &vars), Ok(wanted));
    // Nothing of a production target comes from a variable that it does not name.
    let bare = "[targets.a]\ntracking_uri = \"databricks\"\nproduction = true\n";
    let error = found(&home(bare, CFG), &vars).unwrap_err();
    assert!(error.contains("DATABRICKS_HOST") && error.contains("production"), "{error}");
}

#[test]
fn the_registry_follows_the_tracking_server() {
    let api = |registry: Option<&str>| {
        let mut vars = uri("databricks");
        vars.extend(registry.map(|uri| ("MLFLOW_REGISTRY_URI", uri)));
        let target = home("", CFG).target(&vars).unwrap();
        let mlflow = &connections(&target).mlflow;
        assert_eq!(mlflow.tracking_api, TrackingApi::Databricks);
        (mlflow.registry_api, target.rules.promote_to.clone())
    };
    let champion = PromotionTarget::Alias("champion".to_owned());
    let production = PromotionTarget::Stage(Stage::Production);
    assert_eq!(api(None), (RegistryApi::Catalog { assumed: true }, champion.clone()));
    assert_eq!(api(Some("databricks-uc")), (RegistryApi::Catalog { assumed: false }, champion));
    assert_eq!(api(Some("databricks")), (RegistryApi::Workspace, production.clone()));
    assert_eq!(api(Some("http://127.0.0.1:5000")), (RegistryApi::Mlflow, production));
    let open = [
        ("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"),
        ("MLFLOW_REGISTRY_URI", "uc:http://127.0.0.1:8080"),
        ("MLFLOW_TRACKING_TOKEN", "of-mlflow"),
        ("GH_REPO", "acme/churn"),
    ];
    let target = home("", CFG).target(&open).unwrap();
    let mlflow = &connections(&target).mlflow;
    assert_eq!((mlflow.registry_api, &target.rules.promote_to), (RegistryApi::OpenCatalog, &PromotionTarget::Release));
    assert_eq!(mlflow.registry.as_str(), "http://127.0.0.1:8080/");
    assert!(matches!(mlflow.registry_auth, MlflowAuth::None), "MLflow's token is not sent there");
    let own = [open.as_slice(), &[("MLFLOW_UC_OSS_TOKEN", "of-catalog")]].concat();
    let target = home("", CFG).target(&own).unwrap();
    match &connections(&target).mlflow.registry_auth {
        MlflowAuth::Bearer(token) => assert_eq!(token.expose_secret(), "of-catalog"),
        other => panic!("{other:?}"),
    }
    let unread = home("", CFG).target(&with("uc:http://127.0.0.1:8080", &[("GH_REPO", "acme/churn")])).unwrap_err();
    assert!(unread.reason.contains("holds models, not runs"), "{unread}");
    let moved = "[targets.a]\npromote_to = \"alias:champion\"\n";
    let error = home(moved, CFG).target(&open).unwrap_err();
    assert!(error.reason.contains("neither stages nor aliases") && error.hint.unwrap().contains("release"));
    let unfit = "[targets.a]\ntracking_uri = \"databricks\"\npromote_to = \"stage:Production\"\n";
    let error = found(&home(unfit, CFG), &[]).unwrap_err();
    assert!(error.contains("no stages") && error.contains("alias:champion"), "{error}");
}

/// The secrets of a project with a staging and a production workspace, as its workflows have them.
const SEED: [(&str, &str); 5] = [
    ("DATABRICKS_STAGING_HOST", "https://staging.cloud.databricks.com"),
    ("DATABRICKS_STAGING_TOKEN", "dapi-staging"),
    ("DATABRICKS_PROD_HOST", "https://prod.cloud.databricks.com"),
    ("DATABRICKS_PROD_TOKEN", "dapi-prod"),
    ("GH_TOKEN", "ghp_seed"),
];

#[test]
fn the_five_secrets_make_two_targets_without_a_file() {
    let home = Home::with("");
    let named = |name: &str, vars: &[(&str, &str)]| {
        home.load(vars, Flags { target: Some(name.to_owned()), ..Flags::default() })?.target()
    };
    let mut vars = SEED.to_vec();
    vars.push(("GH_REPO", "acme/churn"));
    // It is about another server.
    vars.push(("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"));
    for (name, host, production) in [("staging", "staging", false), ("prod", "prod", true)] {
        let target = named(name, &vars).unwrap();
        let mlflow = &connections(&target).mlflow;
        assert_eq!(mlflow.tracking.host_str(), Some(format!("{host}.cloud.databricks.com").as_str()));
        assert!(matches!(&mlflow.auth, MlflowAuth::Bearer(token) if token.expose_secret() == format!("dapi-{host}")));
        assert_eq!(target.rules.production, production);
        assert_eq!(token(&target).as_deref(), Some("ghp_seed"));
        assert_eq!(target.rules.repository.fixed.as_ref().map(ToString::to_string).as_deref(), Some("acme/churn"));
    }
    let failure = home.target(&vars).unwrap_err();
    assert!(failure.reason.contains("prod, staging") && failure.kind == FailureKind::Config, "{failure}");
    // Half a pair.
    let failure = named("prod", &[&SEED[..3], &SEED[4..]].concat()).unwrap_err();
    assert!(failure.reason.contains("DATABRICKS_PROD_TOKEN is not set"), "{failure}");
    assert!(named("staging", &SEED[..3]).is_ok());
    let failure = named("prod", &SEED[3..]).unwrap_err();
    assert!(failure.reason.contains("DATABRICKS_PROD_HOST is not set"), "{failure}");
    // One alone needs no choice.
    assert_eq!(home.target(&SEED[2..]).unwrap().name, "prod");
    // The registry is in the same workspace, one or the other.
    let registry = |uri| [SEED.to_vec(), vec![("MLFLOW_REGISTRY_URI", uri)]].concat();
    let api = |uri| connections(&named("prod", &registry(uri)).unwrap()).mlflow.registry_api;
    assert_eq!(
        (api("databricks"), api("databricks-uc")),
        (RegistryApi::Workspace, RegistryApi::Catalog { assumed: false })
    );
    assert!(named("prod", &registry("http://127.0.0.1:5000")).is_err());
    // Certificates are checked on a production target, whatever the environment says.
    assert!(named("prod", &[SEED.to_vec(), vec![("MLFLOW_TRACKING_INSECURE_TLS", "true")]].concat()).is_err());
}

#[test]
fn where_a_file_has_targets_the_secrets_make_none() {
    let loaded = Home::with("[targets.a]\ntracking_uri = \"https://a\"\n").load(&SEED, Flags::default()).unwrap();
    assert_eq!(loaded.target_names().collect::<Vec<_>>(), ["a"]);
    assert_eq!(loaded.target().unwrap().name, "a");
}
