//! Where credentials come from, where they go, and where they are never shown.

use super::*;

fn github(toml: &str, vars: &[(&str, &str)]) -> Option<String> {
    let mut all = vec![("MLFLOW_TRACKING_URI", "https://mlflow.staging:5000")];
    all.extend_from_slice(vars);
    token(&target(toml, &all))
}

#[test]
fn they_are_hidden_wherever_a_target_is_shown() {
    let vars = [
        ("MLFLOW_TRACKING_URI", "https://dana:url-pw@x:5000"),
        ("MLFLOW_TRACKING_TOKEN", "bearer-secret"),
        ("GH_TOKEN", "gh-secret"),
    ];
    let target = target("", &vars);
    let text = format!("{target:?} {:?}", Env::of(&vars, "/"));
    for secret in ["url-pw", "bearer-secret", "gh-secret"] {
        assert!(!text.contains(secret), "{text}");
    }
    assert_eq!(shown(&target, "tracking_token"), (Some("***"), "environment variable MLFLOW_TRACKING_TOKEN"));
    assert_eq!(shown(&target, "github_token"), (Some("***"), "environment variable GH_TOKEN"));
    assert_eq!(shown(&target, "tracking_uri").0, Some("https://x:5000/"));
}

#[test]
fn credentials_in_an_address_are_taken_from_the_environment_only() {
    let target = target("", &[("MLFLOW_TRACKING_URI", "https://dana:p%40w@x:5000")]);
    match &connections(&target).mlflow.auth {
        MlflowAuth::Basic { username, password } => {
            assert_eq!((username.as_str(), password.expose_secret()), ("dana", "p@w"));
        }
        other => panic!("{other:?}"),
    }
    let failure = refused("[targets.a]\ntracking_uri = \"https://dana:hunter2@x\"\n", &[]);
    assert!(failure.reason.contains("environment") && !failure.reason.contains("hunter2"), "{failure}");
    let flags = Flags { tracking_uri: Some("https://dana:hunter2@x".into()), ..Flags::default() };
    let failure = Home::with("").load(&[], flags).unwrap().target().unwrap_err();
    assert!(!failure.to_string().contains("hunter2"), "{failure}");
}

fn shown_auth(auth: &MlflowAuth) -> String {
    match auth {
        MlflowAuth::None => "none".to_owned(),
        MlflowAuth::Basic { username, password } => format!("{username}:{}", password.expose_secret()),
        MlflowAuth::Bearer(token) => token.expose_secret().to_owned(),
        MlflowAuth::ServicePrincipal { .. } | MlflowAuth::DatabricksCli { .. } => panic!("{auth:?}"),
    }
}

/// Credentials in an address go to the server of that address, others to both servers, as MLflow's client does.
#[test]
fn a_password_in_an_address_goes_to_no_other_server() {
    for (tracking, registry, more, tracks, registers) in [
        ("https://ann:pw@a", None, None, "ann:pw", "ann:pw"),
        ("https://ann:pw@a/x", Some("https://a/y"), None, "ann:pw", "ann:pw"),
        ("https://ann:pw@a", Some("https://b"), None, "ann:pw", "none"),
        ("https://ann:pw@a", Some("https://a:8443"), None, "ann:pw", "none"),
        ("https://ann:pw@a", Some("https://bob:x@b"), None, "ann:pw", "bob:x"),
        ("https://a", Some("https://bob:x@b"), None, "none", "bob:x"),
        ("https://ann:pw@a", Some("https://b"), Some("tok"), "tok", "tok"),
    ] {
        let mut vars = vec![("MLFLOW_TRACKING_URI", tracking)];
        vars.extend(registry.map(|r| ("MLFLOW_REGISTRY_URI", r)));
        vars.extend(more.map(|t| ("MLFLOW_TRACKING_TOKEN", t)));
        let target = target("", &vars);
        let mlflow = &connections(&target).mlflow;
        let found = (shown_auth(&mlflow.auth), shown_auth(&mlflow.registry_auth));
        assert_eq!((found.0.as_str(), found.1.as_str()), (tracks, registers), "{tracking} {registry:?}");
    }
}

#[test]
fn credentials_go_unencrypted_to_this_machine_only_unless_the_file_allows_it() {
    let mlflow = |uri| vec![("MLFLOW_TRACKING_URI", uri), ("MLFLOW_TRACKING_TOKEN", "s3cret")];
    let github = |uri| vec![("MLFLOW_TRACKING_URI", "https://a"), ("GITHUB_API_URL", uri), ("GH_TOKEN", "s3cret")];
    let two = vec![("MLFLOW_TRACKING_URI", "https://u:s3cret@a"), ("MLFLOW_REGISTRY_URI", "http://u:s3cret@b")];
    for vars in [mlflow("http://h:5000"), mlflow("http://10.0.0.7"), github("http://h/api/v3"), two] {
        let failure = refused("", &vars);
        assert!(failure.reason.contains("unencrypted") && !failure.to_string().contains("s3cret"), "{failure}");
        let hint = failure.hint.unwrap();
        assert!(hint.contains("`allow_plain_http = true`") && hint.contains("[targets.default]"), "{hint}");
        let allowed = target("[targets.a]\nallow_plain_http = true\n", &vars);
        assert!(allowed.notices.iter().any(|n| n.contains("unencrypted")), "{:?}", allowed.notices);
        assert!(refused("[targets.a]\nallow_plain_http = false\n", &vars).hint.unwrap().contains("[targets.a]"));
    }
    for vars in [
        mlflow("http://127.0.0.1:5000"),
        mlflow("http://localhost:5000"),
        mlflow("https://h"),
        github("http://[::1]:1"),
        vec![("MLFLOW_TRACKING_URI", "http://h:5000")],
        vec![("MLFLOW_TRACKING_URI", "https://h"), ("GITHUB_API_URL", "http://h")],
    ] {
        target("", &vars);
    }
}

#[test]
fn an_address_that_cannot_be_read_does_not_show_what_is_secret_in_it() {
    for (variable, value) in [
        ("MLFLOW_TRACKING_URI", "u:s3cret@h:5000"),
        ("MLFLOW_TRACKING_URI", "http://u:s3cret@ho st"),
        ("MLFLOW_TRACKING_URI", "http://u:p/s3cret@h"),
        ("MLFLOW_TRACKING_URI", "databricks://u:s3cret@h"),
        ("MLFLOW_TRACKING_URI", "dapi-s3cret-0123456789"),
        ("GITHUB_API_URL", "u:s3cret@h"),
        ("GITHUB_API_URL", "https://u:s3cret@h"),
        ("GH_HOST", "u:s3cret@h"),
        ("GH_REPO", "https://u:s3cret@github.com/acme/churn"),
        ("GH_REPO", "u:s3cret@github.com/acme"),
    ] {
        let vars = [("MLFLOW_TRACKING_URI", "https://h"), (variable, value)];
        let failure = refused("", &vars[usize::from(variable == "MLFLOW_TRACKING_URI")..]);
        assert!(!format!("{failure:?}").contains("s3cret"), "{failure:?}");
    }
}

#[test]
fn a_targets_own_mlflow_token_stays_with_its_own_server() {
    let toml = format!("{STAGING}tracking_token_env = \"STAGING_TOKEN\"\n");
    let vars = [("STAGING_TOKEN", "own"), ("MLFLOW_TRACKING_TOKEN", "generic")];
    let bearer = |target: &Target| match &connections(target).mlflow.auth {
        MlflowAuth::Bearer(token) => token.expose_secret().to_owned(),
        other => panic!("{other:?}"),
    };
    let home = Home::with(&toml);
    assert_eq!(bearer(&home.target(&vars).unwrap()), "own");
    let elsewhere = Flags { tracking_uri: Some("https://evil:5000".into()), ..Flags::default() };
    let target = home.load(&vars, elsewhere).unwrap().target().unwrap();
    assert_eq!(bearer(&target), "generic");
    assert!(target.notices[0].contains("not used"));
    let registry = Flags { registry_uri: Some("https://evil:5000".into()), ..Flags::default() };
    assert_eq!(bearer(&home.load(&vars, registry).unwrap().target().unwrap()), "generic");
}

#[test]
fn a_github_token_goes_only_to_the_host_it_is_for() {
    let cloud = [("GH_TOKEN", "cloud"), ("GITHUB_TOKEN", "second")];
    assert_eq!(github("", &cloud).as_deref(), Some("cloud"));
    assert_eq!(github("", &[("GITHUB_TOKEN", "second")]).as_deref(), Some("second"));
    let server = "[targets.s]\ngithub_host = \"github.acme.example\"\n";
    assert_eq!(github(server, &cloud), None);
    assert_eq!(github(server, &[cloud[0], ("GH_ENTERPRISE_TOKEN", "ent")]).as_deref(), Some("ent"));
    assert_eq!(github("", &[cloud[0], ("GH_HOST", "github.acme.example")]), None);
    // On an Actions runner the environment names the server and holds its token.
    let runner = [("GITHUB_TOKEN", "runner"), ("GITHUB_API_URL", "https://github.acme.example/api/v3")];
    assert_eq!(github("", &runner).as_deref(), Some("runner"));
}

#[test]
fn a_token_the_target_names_is_not_sent_to_a_host_the_environment_names() {
    let toml = "[targets.s]\ngithub_host = \"github.acme.example\"\ngithub_token_env = \"ACME\"\n";
    assert_eq!(github(toml, &[("ACME", "acme")]).as_deref(), Some("acme"));
    let moved = [("ACME", "acme"), ("GITHUB_API_URL", "https://api.github.com")];
    assert_eq!(github(toml, &moved), None);
    let default_host = "[targets.s]\ngithub_token_env = \"ACME\"\n";
    assert_eq!(github(default_host, &[("ACME", "acme")]).as_deref(), Some("acme"));
    assert_eq!(github(default_host, &[("ACME", "acme"), ("GH_HOST", "github.acme.example")]), None);
}

#[test]
fn without_a_token_gh_is_asked_only_where_the_file_allows_it() {
    let vars = [("MLFLOW_TRACKING_URI", "https://x")];
    let asks = |toml| matches!(connections(&target(toml, &vars)).github.token, GithubToken::GhCli);
    assert!(!asks(""));
    assert!(asks("[github]\nuse_gh_cli = true\n"));
}
