//! Configuration sources: layers, origins, errors, secrets, and the documented example.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod databricks;
mod keys;
mod promote;
mod release;
mod secrets;

use std::path::Path;

use secrecy::ExposeSecret as _;
use signoff::app::prefs::ShownTime;
use signoff::config::{
    Env, Flags, GithubToken, Loaded, MlflowAuth, SymbolSet, Target, TargetConnections, Theme, example, load, model,
};
use signoff::domain::cd::CdTrigger;
use signoff::domain::failure::{Failure, FailureKind, Outcome};
use signoff::domain::registry::{PromotionTarget, Stage};

/// A home directory with a configuration file, if `toml` is not empty.
struct Home(tempfile::TempDir);

impl Home {
    fn with(toml: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        if !toml.is_empty() {
            std::fs::create_dir_all(dir.path().join(".config/signoff")).unwrap();
            std::fs::write(dir.path().join(".config/signoff/config.toml"), toml).unwrap();
        }
        Self(dir)
    }

    fn load(&self, vars: &[(&str, &str)], flags: Flags) -> Outcome<Loaded> {
        load(Env::of(vars, self.0.path()), flags)
    }

    fn target(&self, vars: &[(&str, &str)]) -> Outcome<Target> {
        self.load(vars, Flags::default())?.target()
    }
}

fn target(toml: &str, vars: &[(&str, &str)]) -> Target {
    Home::with(toml).target(vars).unwrap()
}

fn refused(toml: &str, vars: &[(&str, &str)]) -> Failure {
    let failure = Home::with(toml).target(vars).unwrap_err();
    assert_eq!(failure.kind, FailureKind::Config);
    failure
}

fn connections(target: &Target) -> &TargetConnections {
    target.connections.as_ref().unwrap()
}

fn token(target: &Target) -> Option<String> {
    match &connections(target).github.token {
        GithubToken::Value(token) => Some(token.expose_secret().to_owned()),
        _ => None,
    }
}

fn shown<'t>(target: &'t Target, key: &str) -> (Option<&'t str>, &'t str) {
    let key = format!("targets.{}.{key}", target.name);
    let row = target.values.iter().find(|v| v.key == key).unwrap_or_else(|| panic!("no {key}"));
    (row.value.as_deref(), &row.origin)
}

const STAGING: &str =
    "[targets.staging]\ntracking_uri = \"https://mlflow.staging:5000\"\nrepository = \"acme/churn\"\n";

mod policies {
    use signoff::domain::ids::ModelName;
    use signoff::domain::policy::{Policy, Severity};
    use signoff::domain::rules::PolicyFrom;

    use super::*;

    fn policy(target: &Target, model: &str) -> Option<Policy> {
        target.rules.policy.configured.for_model(&ModelName::new(model))
    }

    #[test]
    fn without_a_policy_nothing_is_asked_for() {
        let target = target(STAGING, &[]);
        assert_eq!(policy(&target, "churn"), None);
        assert_eq!(target.rules.policy.from, PolicyFrom::Configuration);
        assert_eq!(shown(&target, "policy_from"), (Some("configuration"), "default"));
        assert_eq!(shown(&target, "policy_file"), (Some("signoff.toml"), "default"));
    }

    #[test]
    fn a_model_s_own_table_goes_over_the_general_one_and_both_are_shown_with_their_lines() {
        let toml = format!(
            "{STAGING}[policy]\ndescription = true\nmetrics.auc.floor = 0.8\n\n[models.\"fraud-*\".policy]\napprovals = 2\n"
        );
        let home = Home::with(&toml);
        let loaded = home.load(&[], Flags::default()).unwrap();
        let target = loaded.target().unwrap();
        let (general, own) = (policy(&target, "churn").unwrap(), policy(&target, "fraud-eu").unwrap());
        assert_eq!((general.approvals, general.description, own.approvals, own.description), (1, true, 2, true));
        assert_eq!(own.metrics, general.metrics);
        let values = loaded.shared_values();
        let shown = |key: &str| values.iter().find(|v| v.key == key).map(|v| (v.value.clone().unwrap(), &v.origin));
        let (what, origin) = shown("policy").unwrap();
        assert_eq!(what, "metrics (auc), description");
        assert!(origin.ends_with("config.toml:4"), "{origin}");
        let (what, origin) = shown("models.\"fraud-*\".policy").unwrap();
        assert_eq!(what, "approvals");
        assert!(origin.ends_with("config.toml:8"), "{origin}");
    }

    #[test]
    fn a_target_may_take_its_rules_from_elsewhere() {
        let review = "[review]\npolicy_from = \"both\"\npolicy_file = \"ops/signoff.toml\"\n";
        let both = target(&format!("{STAGING}{review}"), &[]);
        assert_eq!((both.rules.policy.from, both.rules.policy.file.as_str()), (PolicyFrom::Both, "ops/signoff.toml"));
        let own = target(&format!("{STAGING}policy_from = \"repository\"\n{review}[policy]\nsignature = true\n"), &[]);
        assert_eq!(own.rules.policy.from, PolicyFrom::Repository);
        assert_eq!(own.rules.configured_policy(&ModelName::new("churn")), None);
        assert!(own.notices.iter().any(|n| n.contains("is ignored")), "{:?}", own.notices);
    }

    #[test]
    fn mistakes_in_a_policy_refuse_the_configuration_and_name_their_line() {
        for (policy, said) in [
            ("[policy]\ndescriptoin = true", "line 5: policy: unknown key 'descriptoin' (did you mean 'description'?)"),
            ("[policy.metrics.auc]\n\nmax_loss = 0.1", "needs direction"),
            ("[policy]\nunknown = \"blok\"", "line 5: policy: 'blok' is none of ignore, warn, block (did you mean"),
            ("[policy]\n\napprovals = 0", "line 6: policy: approvals has to be from 1 to 100"),
            ("policy = 3", "line 4: policy"),
            ("[models.x.policy]\nsignature = 1", "line 5: models.x.policy"),
            ("[review]\npolicy_from = \"repo\"", "line 5: review.policy_from: 'repo' is none of configuration"),
            ("[review]\npolicy_file = \"../x\"", "line 5: review.policy_file: '../x' is not a path in a repository"),
        ] {
            let top = if policy.starts_with('[') {
                format!("{STAGING}{policy}\n")
            } else {
                format!("\n\n\n{policy}\n{STAGING}")
            };
            let failure = refused(&top, &[]);
            assert!(failure.reason.contains(said), "{policy}: {failure}");
        }
    }

    #[test]
    fn severities_are_read_as_they_are_called() {
        let toml = format!("{STAGING}[policy]\nfirst_release = \"warn\"\nrollback = \"block\"\nunknown = \"ignore\"\n");
        let policy = policy(&target(&toml, &[]), "m").unwrap();
        let read = (policy.first_release, policy.rollback, policy.unknown);
        assert_eq!(read, (Severity::Warn, Severity::Block, Severity::Ignore));
    }
}

mod defaults_and_the_example {
    use super::*;

    /// The example with its options uncommented; those without a default only if `all`.
    fn uncommented(all: bool) -> String {
        let mut out = String::new();
        for line in example::EXAMPLE.lines() {
            match line.strip_prefix('#') {
                Some(option) if !option.starts_with([' ', '#']) && !option.is_empty() => {
                    if all || !option.contains("# example") {
                        out.push_str(option);
                    } else if option.starts_with("[targets.staging]") {
                        out.push_str("[targets.staging]\ntracking_uri = \"https://x:1\"");
                    } else if option.starts_with('[') {
                        out.push_str("# section without a default");
                    }
                }
                _ => out.push_str(line),
            }
            out.push('\n');
        }
        out
    }

    #[test]
    fn the_example_as_written_configures_nothing() {
        let parsed = model::parse(Path::new("config.example.toml"), example::EXAMPLE, None);
        assert_eq!(parsed.problems, []);
        assert!(parsed.file.targets.is_empty() && parsed.file.default_target.is_none());
    }

    #[test]
    fn the_example_with_everything_switched_on_knows_every_option() {
        let text = uncommented(true);
        let parsed = model::parse(Path::new("config.example.toml"), &text, None);
        assert_eq!(parsed.problems, [], "{text}");
        // The target's own release table is an excerpt of `[release]`.
        let missing: Vec<_> = parsed.unset.iter().filter(|k| !k.starts_with("targets.staging.release.")).collect();
        assert!(missing.is_empty(), "not in config.example.toml: {missing:?}");
    }

    #[test]
    fn the_defaults_the_example_shows_are_the_defaults() {
        let text = uncommented(false);
        let (with, without) = (Home::with(&text), Home::with("[targets.staging]\ntracking_uri = \"https://x:1\"\n"));
        let (a, b) = (with.load(&[], Flags::default()).unwrap(), without.load(&[], Flags::default()).unwrap());
        assert_eq!((&a.ui.theme.value, a.ui.symbols.value), (&b.ui.theme.value, b.ui.symbols.value));
        let values = |values: Vec<signoff::config::Shown>| -> Vec<_> {
            values
                .into_iter()
                .filter(|v| !["config", "state_dir", "log"].contains(&v.key.as_str()))
                .map(|v| (v.key, v.value))
                .collect()
        };
        assert_eq!(values(a.shared_values()), values(b.shared_values()));
        let (mut a, b) = (a.target().unwrap(), b.target().unwrap());
        // The example writes it out.
        a.rules.promote_to_is_usual = b.rules.promote_to_is_usual;
        assert_eq!(a.rules, b.rules);
        let github = |t: &Target| (connections(t).github.host.clone(), connections(t).github.api_url.clone());
        assert_eq!(github(&a), github(&b));
        assert_eq!(connections(&a).mlflow.tls, connections(&b).mlflow.tls);
        assert_eq!(values(a.values), values(b.values));
    }

    #[test]
    fn config_init_writes_the_example_and_never_over_anything() {
        let home = Home::with("");
        let path = home.0.path().join("deep/er/config.toml");
        example::write(&path, example::EXAMPLE).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), example::EXAMPLE);
        std::fs::write(&path, "mine").unwrap();
        assert_eq!(example::write(&path, example::EXAMPLE).unwrap_err().kind, FailureKind::Conflict);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}

mod layers {
    use super::*;

    #[test]
    fn without_any_file_the_environment_makes_a_target() {
        let vars = [("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000"), ("GH_TOKEN", "t"), ("GH_REPO", "acme/churn")];
        let target = target("", &vars);
        assert_eq!(target.name, "default");
        assert_eq!(target.rules.promote_to, PromotionTarget::Stage(Stage::Production));
        assert_eq!(target.rules.repository.fixed.as_ref().unwrap().to_string(), "acme/churn");
        assert_eq!(connections(&target).mlflow.registry.as_str(), "http://127.0.0.1:5000/");
        assert_eq!(connections(&target).github.api_url.as_str(), "https://api.github.com/");
        assert_eq!(token(&target).as_deref(), Some("t"));
    }

    #[test]
    fn file_environment_and_flags_go_over_each_other_and_say_so() {
        let home = Home::with(STAGING);
        let plain = home.target(&[]).unwrap();
        let (value, origin) = shown(&plain, "tracking_uri");
        assert_eq!(value, Some("https://mlflow.staging:5000/"));
        assert!(origin.ends_with("config.toml:2"), "{origin}");

        let vars = [("MLFLOW_TRACKING_URI", "https://other:5000")];
        let by_env = home.target(&vars).unwrap();
        assert_eq!(
            shown(&by_env, "tracking_uri"),
            (Some("https://other:5000/"), "environment variable MLFLOW_TRACKING_URI")
        );
        assert!(by_env.notices[0].contains("MLFLOW_TRACKING_URI wins"), "{:?}", by_env.notices);

        let flags = Flags { tracking_uri: Some("https://third:5000".into()), ..Flags::default() };
        let by_flag = home.load(&vars, flags).unwrap().target().unwrap();
        assert_eq!(shown(&by_flag, "tracking_uri"), (Some("https://third:5000/"), "flag --tracking-uri"));
        assert_eq!(by_flag.notices, [] as [&str; 0]);
    }

    #[test]
    fn a_variable_cannot_send_a_production_target_elsewhere_but_a_flag_can() {
        let home = Home::with(&format!("{STAGING}production = true\n"));
        for (variable, value) in [("MLFLOW_TRACKING_URI", "https://other:5000"), ("GH_REPO", "acme/other")] {
            let failure = home.target(&[(variable, value)]).unwrap_err();
            assert!(failure.reason.contains(variable) && failure.hint.unwrap().contains("Unset"), "{variable}");
        }
        let flags = Flags { tracking_uri: Some("https://other:5000".into()), ..Flags::default() };
        assert!(home.load(&[], flags).unwrap().target().is_ok());
        assert!(
            home.target(&[("MLFLOW_TRACKING_URI", "https://mlflow.staging:5000/")]).is_ok(),
            "the same server is fine"
        );
    }

    /// Every variable that names an address, a host, a repository, a workspace or a TLS setting; the file has a value for
    /// it in the second column only.
    #[test]
    fn a_production_target_takes_nothing_of_where_it_is_from_the_environment() {
        let prod = "[targets.prod]\ntracking_uri = \"https://mlflow.staging:5000\"\nproduction = true\n";
        let ca = tempfile::NamedTempFile::new().unwrap();
        let file = ca.path().display().to_string();
        for (variable, value, filed) in [
            ("MLFLOW_TRACKING_URI", "https://other:5000", "registry_uri = \"https://r\""),
            ("MLFLOW_REGISTRY_URI", "https://other:5000", "registry_uri = \"https://r\""),
            ("MLFLOW_WORKSPACE", "other", "workspace = \"retention\""),
            ("MLFLOW_TRACKING_INSECURE_TLS", "true", "insecure_tls = false"),
            ("MLFLOW_TRACKING_SERVER_CERT_PATH", file.as_str(), "insecure_tls = false"),
            ("GH_REPO", "acme/other", "repository = \"acme/churn\""),
            ("GH_REPO", "github.acme.example/acme/churn", "repository = \"acme/churn\""),
            ("GH_HOST", "github.acme.example", "github_host = \"github.com\""),
            ("GITHUB_API_URL", "https://github.acme.example/api/v3", "github_host = \"github.com\""),
            ("GITHUB_API_URL", "https://api.github.com/x", "github_host = \"github.com\""),
        ] {
            for filed in ["", filed] {
                let failure = refused(&format!("{prod}{filed}\n"), &[(variable, value)]);
                assert!(failure.reason.contains("production") && failure.reason.contains(variable), "{failure}");
                assert!(failure.hint.as_ref().unwrap().contains(&format!("Unset {variable}")), "{failure:?}");
            }
            target(&format!("{}{filed}\n", prod.replace("true", "false")), &[(variable, value)]);
        }
        // The same as without them, as on an Actions runner; and credentials and time-outs.
        target(
            prod,
            &[
                ("MLFLOW_TRACKING_URI", "https://ann:pw@mlflow.staging:5000/"),
                ("MLFLOW_REGISTRY_URI", "https://mlflow.staging:5000"),
                ("MLFLOW_TRACKING_INSECURE_TLS", "false"),
                ("GITHUB_API_URL", "https://api.github.com"),
                ("GH_HOST", "github.com"),
                ("GH_TOKEN", "t"),
                ("MLFLOW_HTTP_REQUEST_TIMEOUT", "9"),
            ],
        );
        assert!(refused("[targets.p]\nproduction = true\n", &[("MLFLOW_TRACKING_URI", "https://x")]).hint.is_some());
    }

    /// Who can read and answer what is sent is said, by the variable's name and without a proxy's password.
    #[test]
    fn a_production_target_tells_what_the_environment_puts_in_between() {
        let prod = "[targets.prod]\ntracking_uri = \"https://mlflow.staging:5000\"\nproduction = true\n";
        let proxy = "http://ann:s3cret@proxy.example:3128";
        for (variable, value, shown) in [
            ("SSL_CERT_FILE", "/etc/other.pem", "/etc/other.pem"),
            ("SSL_CERT_DIR", "/etc/certs", "/etc/certs"),
            ("HTTPS_PROXY", proxy, "http://***@proxy.example:3128"),
            ("https_proxy", proxy, "http://***@proxy.example:3128"),
            ("HTTP_PROXY", proxy, "http://***@proxy.example:3128"),
            ("http_proxy", proxy, "http://***@proxy.example:3128"),
            ("ALL_PROXY", "socks5://ann:s3cret@proxy.example", "socks5://***@proxy.example"),
            ("all_proxy", proxy, "http://***@proxy.example:3128"),
        ] {
            let notices = target(prod, &[(variable, value)]).notices;
            let [notice] = notices.as_slice() else { panic!("{variable}: {notices:?}") };
            assert!(notice.contains(&format!("({variable})")) && notice.contains(shown), "{notice}");
            assert!(!notice.contains("s3cret"), "{notice}");
            assert_eq!(target(&prod.replace("true", "false"), &[(variable, value)]).notices, [] as [&str; 0]);
        }
        // Of two spellings the first counts, as for the client.
        let notices = target(prod, &[("HTTPS_PROXY", "http://one"), ("https_proxy", "http://two")]).notices;
        assert_eq!(notices, ["https:// requests to other machines go through the proxy http://one (HTTPS_PROXY)"]);
        assert_eq!(target(prod, &[]).notices, [] as [&str; 0]);
    }

    #[test]
    fn a_password_too_short_to_be_hidden_is_told() {
        for (password, told) in [("pw", true), ("12345", true), ("123456", false)] {
            let vars = [("MLFLOW_TRACKING_USERNAME", "ann"), ("MLFLOW_TRACKING_PASSWORD", password)];
            let notices = target(STAGING, &vars).notices;
            let said = notices.iter().filter(|n| n.contains("the MLflow password has fewer than 6")).count();
            assert_eq!(said, usize::from(told), "{notices:?}");
            assert!(notices.iter().all(|n| !n.contains(password)), "{notices:?}");
        }
    }

    #[test]
    fn a_targets_own_release_settings_go_before_the_shared_ones() {
        let toml = format!(
            "[release]\ncd_trigger = \"tag\"\ncd_workflow = \"cd.yml\"\n{STAGING}[targets.staging.release]\ncd_trigger = \"none\"\n"
        );
        let rules = target(&toml, &[]).rules;
        assert_eq!((rules.cd.trigger, rules.cd.workflow.as_deref()), (CdTrigger::None, Some("cd.yml")));
    }

    #[test]
    fn the_target_is_chosen_by_flag_variable_file_or_because_it_is_the_only_one() {
        let two = format!("{STAGING}[targets.prod]\ntracking_uri = \"https://prod:5000\"\nproduction = true\n");
        let home = Home::with(&two);
        let failure = home.target(&[]).unwrap_err();
        assert!(failure.reason.contains("prod, staging"), "{failure}");
        assert_eq!(home.target(&[("SIGNOFF_TARGET", "prod")]).unwrap().name, "prod");
        let flags = Flags { target: Some("staging".into()), ..Flags::default() };
        assert_eq!(home.load(&[("SIGNOFF_TARGET", "prod")], flags).unwrap().target().unwrap().name, "staging");
        assert_eq!(target(&format!("default_target = \"prod\"\n{two}"), &[]).name, "prod");
        assert_eq!(target(STAGING, &[]).name, "staging");
        let flags = Flags { target: Some("stagign".into()), ..Flags::default() };
        let failure = home.load(&[], flags).unwrap().target().unwrap_err();
        assert!(failure.reason.contains("did you mean 'staging'"), "{failure}");
    }

    #[test]
    fn the_repo_flag_is_the_last_word() {
        let toml = format!("{STAGING}[models.\"telco-*\"]\nrepository = \"acme/telco\"\n");
        let home = Home::with(&toml);
        assert_eq!(home.target(&[]).unwrap().rules.repository.per_model.len(), 1);
        let flags = Flags { repo: Some("me/fork".into()), ..Flags::default() };
        let rule = home.load(&[("GH_REPO", "acme/env")], flags).unwrap().target().unwrap().rules.repository;
        assert_eq!((rule.fixed.unwrap().to_string(), rule.per_model.len()), ("me/fork".into(), 0));
    }

    #[test]
    fn the_demo_is_a_target_that_needs_nothing() {
        let flags = Flags { demo: true, ..Flags::default() };
        let target = Home::with("").load(&[("MLFLOW_TRACKING_URI", "nonsense")], flags).unwrap().target().unwrap();
        assert!(target.rules.demo && target.connections.is_none());
        assert!(refused("[targets.demo]\n", &[]).reason.contains("taken"));
    }

    #[test]
    fn theme_colour_and_readonly_are_read() {
        let toml =
            format!("[ui]\ntheme = \"light\"\nsymbols = \"ascii\"\n{STAGING}colour = \"#aa3355\"\nreadonly = true\n");
        let home = Home::with(&toml);
        let loaded = home.load(&[], Flags::default()).unwrap();
        assert_eq!((&loaded.ui.theme.value, loaded.ui.symbols.value), (&Theme::Light, SymbolSet::Ascii));
        let target = loaded.target().unwrap();
        assert_eq!((target.rules.colour.as_deref(), target.rules.readonly), (Some("#aa3355"), true));
        assert!(refused(&format!("{STAGING}colour = \"rde\"\n"), &[]).reason.contains("not a colour"));
        let no_color = home.load(&[("NO_COLOR", "1")], Flags::default()).unwrap();
        assert_eq!(no_color.ui.theme.value, Theme::None);
    }

    #[test]
    fn times_are_local_unless_utc_is_asked_for_and_octants_are_chosen_by_name() {
        let ui = |toml: &str| Home::with(toml).load(&[], Flags::default()).unwrap().ui;
        assert_eq!(ui("").time.value, ShownTime::Local);
        assert_eq!(ui("[ui]\ntime = \"utc\"\n").time.value, ShownTime::Utc);
        assert_eq!(ui("[ui]\nimages = \"octants\"\n").images.value.name(), "octants");
        let text = refused("[ui]\ntime = \"berlin\"\n", &[]).to_string();
        assert!(text.contains("ui.time") && text.contains("local, utc"), "{text}");
    }

    #[test]
    fn a_relative_file_is_relative_to_the_configuration() {
        let home = Home::with(&format!("{STAGING}ca_file = \"ca.pem\"\n[release]\nnotes_template = \"notes.md\"\n"));
        let dir = home.0.path().join(".config/signoff");
        assert!(home.target(&[]).unwrap_err().reason.contains("ca.pem"));
        std::fs::write(dir.join("ca.pem"), "x").unwrap();
        assert!(home.target(&[]).unwrap_err().reason.contains("notes.md"));
        std::fs::write(dir.join("notes.md"), "{{ model }} {% if %}").unwrap();
        assert!(home.target(&[]).unwrap_err().reason.contains("cannot be rendered"));
        std::fs::write(dir.join("notes.md"), "{{ model }} is out").unwrap();
        let target = home.target(&[]).unwrap();
        assert_eq!(target.rules.notes_template, "{{ model }} is out");
        assert_eq!(connections(&target).mlflow.tls.ca_file.as_deref(), Some(dir.join("ca.pem").as_path()));
    }
}

/// Environment variables of MLflow's own client.
mod timing {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_variables_of_mlflows_client_are_honoured() {
        let variables = [
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "90"),
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7"),
            ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0.5"),
            ("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0.25"),
            ("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "False"),
        ];
        let target = target(STAGING, &variables);
        let timing = connections(&target).mlflow.timing;
        assert_eq!(timing.timeout, Some(Duration::from_secs(90)));
        assert_eq!((timing.repeats, timing.heed), (Some(7), Some(false)));
        assert_eq!(timing.pause, Some(Duration::from_millis(500)));
        assert_eq!(timing.jitter, Some(Duration::from_millis(250)));
        for ((variable, value), key) in variables.iter().zip(["timeout", "retries", "backoff", "jitter"]) {
            assert_eq!(
                shown(&target, &format!("request_{key}")),
                (Some(*value), format!("environment variable {variable}").as_str())
            );
        }
        assert_eq!(shown(&target, "respect_retry_after").0, Some("false"));
    }

    #[test]
    fn what_is_no_such_number_is_refused_and_named() {
        for (variable, value) in [
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "0"),
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon"),
            ("MLFLOW_HTTP_REQUEST_TIMEOUT", "inf"),
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "10"),
            ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "-1"),
            ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "120"),
            ("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "NaN"),
            ("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "-1"),
            ("MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER", "perhaps"),
        ] {
            assert!(refused(STAGING, &[(variable, value)]).reason.contains(variable), "{variable}={value}");
        }
    }
}

mod mistakes {
    use super::*;

    #[test]
    fn all_are_reported_at_once_with_line_and_nearest_name() {
        let toml = "defualt_target = \"x\"\n\
                    [ui]\ntheme = \"drak\"\nsymbols = true\n\
                    [release]\ncd_wait_seconds = -1\ntag = \"release\"\n\
                    [targets.staging]\ntrakcing_uri = \"https://x\"\ntracking_token = \"hunter2\"\npromote_to = \"stage:Prod\"\n";
        let failure = refused(toml, &[]);
        let text = failure.to_string();
        for part in [
            "line 1: unknown key 'defualt_target' at the top level (did you mean 'default_target'?)",
            "line 3: ui.theme: 'drak' is none of auto, dark, light, high-contrast, color-blind, none (did you mean 'dark'?)",
            "line 4: ui.symbols has to be a text in quotes, not true or false",
            "line 6: release.cd_wait_seconds has to be a whole number from 0 to 86400",
            "line 7: release.tag: without {version}",
            "line 9: unknown key 'trakcing_uri' in [targets.staging] (did you mean 'tracking_uri'?)",
            "line 10: unknown key 'tracking_token' in [targets.staging]; secrets are not read from this file",
            "line 11: targets.staging.promote_to: MLflow has no stage 'Prod'",
        ] {
            assert!(text.contains(part), "missing: {part}\nin: {text}");
        }
        assert!(!text.contains("hunter2"));
        assert!(text.contains(".config/signoff/config.toml"));
    }

    #[test]
    fn syntax_is_reported_with_its_line() {
        let text = refused("[ui]\ntheme = auto\n[release\n", &[]).to_string();
        assert!(text.contains("line 2:") && text.contains("line 3:"), "{text}");
    }

    #[test]
    fn a_file_that_was_named_has_to_exist_and_one_that_was_not_need_not() {
        let home = Home::with("");
        let flags = Flags { config: Some("/nowhere/x.toml".into()), ..Flags::default() };
        let failure = home.load(&[], flags).unwrap_err();
        assert!(failure.reason.contains("--config"), "{failure}");
        assert!(home.load(&[("SIGNOFF_CONFIG", "/nowhere/x.toml")], Flags::default()).is_err());
        assert!(home.load(&[("XDG_CONFIG_HOME", "/nowhere")], Flags::default()).is_ok());
    }

    #[test]
    fn nothing_configured_gets_the_next_step() {
        let failure = refused("", &[]);
        assert!(failure.hint.as_ref().unwrap().contains("MLFLOW_TRACKING_URI"));
        let hint = refused("", &[("DATABRICKS_HOST", "https://x")]).hint.unwrap();
        assert!(hint.contains("MLFLOW_TRACKING_URI=databricks"), "{hint}");
        let served = refused("", &[("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")]);
        assert!(served.reason.contains("mlflow server --backend-store-uri sqlite:///mlflow.db"), "{served}");
    }

    #[test]
    fn contradictions_are_refused() {
        let both = [
            ("MLFLOW_TRACKING_URI", "https://x"),
            ("MLFLOW_TRACKING_INSECURE_TLS", "true"),
            ("MLFLOW_TRACKING_SERVER_CERT_PATH", "/ca.pem"),
        ];
        assert!(refused("", &both).reason.contains("CA file"));
        let toml = format!("{STAGING}[release]\ncd_trigger = \"dispatch\"\n");
        assert!(refused(&toml, &[]).reason.contains("needs a workflow"));
        let flags = Flags { demo: true, target: Some("staging".into()), ..Flags::default() };
        assert!(Home::with(STAGING).load(&[], flags).unwrap().target().is_err());
    }

    #[test]
    fn a_misspelt_variable_of_our_own_is_noticed() {
        let target = target(STAGING, &[("SIGNOFF_TARGTE", "prod")]);
        assert!(target.notices[0].contains("did you mean 'SIGNOFF_TARGET'"), "{:?}", target.notices);
    }
}
