//! `signoff check`: the policy's result, the source of the rules, and the exit code.

use std::collections::BTreeMap;

use signoff::adapters::demo::github::Blob;
use signoff::domain::policy::file;
use signoff::domain::rules::{PolicyFrom, PolicyRule, Rules};

use super::*;

/// The commit of telco-churn v42.
const REVIEWED: &str = "3f9c1ab0df14804094ce2c71bacb99a9dad6be89";

fn configured(toml: &str) -> impl FnOnce(&mut Rules) {
    let configured = file::parse(toml).unwrap();
    move |rules| rules.policy = PolicyRule { configured, ..PolicyRule::default() }
}

/// A desk whose policy is in the repository: these files, at these commits.
fn in_repository(from: PolicyFrom, files: &[(&str, &str)]) -> Desk {
    Desk::changed(
        |rules| rules.policy.from = from,
        |world| {
            for (sha, text) in files {
                let commits = Arc::make_mut(&mut world.repo.commits);
                let commit = commits.get_mut(&sha.parse().unwrap()).unwrap();
                commit.contents = BTreeMap::from([("signoff.toml".to_owned(), Blob((*text).into()))]);
            }
        },
    )
}

#[tokio::test]
async fn the_exit_code_says_whether_anything_blocks() {
    let desk = Desk::new();
    for (version, exit, said) in [
        ("telco-churn/42", Exit::Done, "✓ pass"),
        ("churn-uplift/2", Exit::Done, "! warn"),
        ("card-fraud/9", Exit::Refused, "✗ block"),
    ] {
        let ran = desk.run(&format!("check {version}")).await;
        assert_eq!((ran.exit, ran.err.as_str()), (exit, ""), "{version}: {}", ran.out);
        assert!(ran.out.contains(said), "{}", ran.out);
        let json = desk.run(&format!("check {version} --json")).await;
        assert_eq!(json.exit, exit);
        let json = json.json();
        assert_eq!(
            (&json["schema"], &json["verdict"]["sources"][0]["name"]),
            (&"signoff.check/1".into(), &"configuration".into())
        );
    }
    assert_eq!(desk.run("check telco-churn/999").await.exit, Exit::Refused);
}

#[tokio::test]
async fn every_rule_has_a_line_and_the_worst_stands_first() {
    let ran = Desk::new().run("check card-fraud/9").await;
    insta::assert_snapshot!("check", ran.out);
    let show = Desk::new().run("show card-fraud/9").await;
    assert!(show.out.contains("\nVERDICT\n") && show.out.contains("checks.data-contract"), "{}", show.out);
}

#[tokio::test]
async fn without_a_policy_it_passes_and_says_so() {
    let ran = Desk::with(|rules| rules.policy = PolicyRule::default()).run("check telco-churn/42").await;
    assert_eq!(ran.exit, Exit::Done);
    assert!(ran.out.contains("there is no policy for this model"), "{}", ran.out);
}

#[tokio::test]
async fn what_cannot_be_read_stands_as_the_policy_says() {
    let policy = "[policy]\ndefault_branch = true\nsignature = true\n";
    for (unknown, exit) in [("block", Exit::Refused), ("warn", Exit::Done), ("ignore", Exit::Done)] {
        let toml = format!("{policy}unknown = \"{unknown}\"\n");
        let desk = Desk::with(|rules| {
            configured(&toml)(rules);
            rules.repository.fixed = Some("acme/secret".parse().unwrap());
        });
        let ran = desk.run("check telco-churn/42").await;
        assert_eq!(ran.exit, exit, "{}", ran.out);
        assert!(ran.out.contains("could not read commit"), "{}", ran.out);
        assert!(ran.out.contains("the model has a signature"), "one hides no other: {}", ran.out);
    }
}

#[tokio::test]
async fn the_repository_s_policy_is_that_of_the_reviewed_commit() {
    let files = [(REVIEWED, "[policy]\ndescription = true\n")];
    let ran = in_repository(PolicyFrom::Repository, &files).run("check telco-churn/42").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.out);
    assert!(ran.out.contains("1 rule: 1 pass"), "{}", ran.out);
    assert!(ran.out.contains("policy acme/churn-models@3f9c1ab:signoff.toml "), "{}", ran.out);
}

#[tokio::test]
async fn a_policy_file_that_is_missing_or_broken_blocks_and_says_where() {
    let missing = in_repository(PolicyFrom::Repository, &[]).run("check telco-churn/42").await;
    assert_eq!(missing.exit, Exit::Refused);
    assert!(missing.out.contains("there is no signoff.toml in acme/churn-models at commit 3f9c1ab"), "{}", missing.out);
    let broken = in_repository(PolicyFrom::Both, &[(REVIEWED, "[policy]\n\nmetrics.auc.flor = 1\n")]);
    let broken = broken.run("check telco-churn/42").await;
    assert_eq!(broken.exit, Exit::Refused);
    assert!(broken.out.contains("line 3: unknown key 'flor' (did you mean 'floor'?)"), "{}", broken.out);
    assert!(
        broken.out.contains("metric.auc.floor"),
        "the configuration's rules are judged all the same: {}",
        broken.out
    );
}

#[tokio::test]
async fn with_both_sources_neither_loosens_the_other() {
    let lenient = "[policy]\nmetrics.auc.floor = 0.1\n";
    let strict = "[policy]\nmetrics.auc.floor = 0.99\n";
    for (config, repository) in [(lenient, strict), (strict, lenient)] {
        let mut desk = in_repository(PolicyFrom::Both, &[(REVIEWED, repository)]);
        let mut rules = (*desk.services.rules).clone();
        rules.policy.configured = file::parse(config).unwrap();
        desk.services.rules = Arc::new(rules);
        let ran = desk.run("check telco-churn/42").await;
        assert_eq!(ran.exit, Exit::Refused, "{}", ran.out);
        assert!(ran.out.contains("2 rules: 1 block, 1 pass"), "{}", ran.out);
    }
}

#[tokio::test]
async fn an_approval_says_each_thing_once_and_names_what_is_missing() {
    let ran = Desk::new().run("approve telco-churn/35").await;
    assert_eq!(ran.exit, Exit::Refused, "{} {}", ran.out, ran.err);
    let lines: Vec<&str> = ran.out.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let once: std::collections::BTreeSet<&str> = lines.iter().copied().collect();
    assert_eq!(once.len(), lines.len(), "{}", ran.out);
    let (_, reasons) = ran.err.split_once("cannot be approved (").unwrap_or_else(|| panic!("{}", ran.err));
    let names: Vec<&str> = reasons.split(')').next().unwrap().split(", ").collect();
    let once: std::collections::BTreeSet<&str> = names.iter().copied().collect();
    assert_eq!(once.len(), names.len(), "{}", ran.err);
}

#[tokio::test]
async fn a_check_that_the_commit_does_not_have_is_named() {
    let toml = "[policy]\nchecks = [\"no-such-check\", \"nor-this\"]";
    let ran = Desk::changed(configured(toml), |_| {}).run("approve telco-churn/42").await;
    for name in ["no-such-check", "nor-this"] {
        assert!(ran.out.contains(&format!("the commit has no check '{name}'")), "{}", ran.out);
    }
}

#[tokio::test]
async fn who_wrote_a_change_is_not_asked_of_a_pull_request_that_is_not_there() {
    let four_eyes = "[policy.four_eyes]\nauthor = \"block\"\nunknown = \"block\"";
    let said = async |change: fn(&mut World)| {
        Desk::changed(configured(four_eyes), change).run("approve telco-churn/42").await.out
    };
    let out = said(|world| Arc::make_mut(&mut world.repo.pulls).clear()).await;
    assert!(out.contains("the commit came without a pull request"), "{out}");
    let out = said(|world| {
        for pull in Arc::make_mut(&mut world.repo.pulls) {
            pull.author = None;
        }
    })
    .await;
    assert!(out.contains("GitHub does not say who wrote the pull request"), "{out}");
}
