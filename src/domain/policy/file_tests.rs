//! Tests of policy files.
#![allow(clippy::unwrap_used)]

use super::super::{FourEyes, MetricRule, Policy, Severity, TagRule};
use super::parse;
use crate::domain::compare::Direction;
use crate::domain::ids::ModelName;

fn policy(toml: &str) -> Policy {
    parse(toml).unwrap().for_model(&ModelName::new("telco-churn")).unwrap()
}

fn refused(toml: &str) -> String {
    parse(toml).unwrap_err()
}

const WHOLE: &str = r#"
[policy]
description = true
signature = true
default_branch = true
checks = ["unit*", "integration*"]
pull_request_approvals = 1
dataset_digest = true
max_age_days = 30
first_release = "warn"
unknown = "warn"
approvals = 2
approvers = ["lee", "@acme/ml-reviewers"]
require_reason = true
allow_override = true
rollback = "block"

[policy.metrics.recall]
floor = 0.5

[policy.metrics.auc]
direction = "higher"
floor = 0.88
ceiling = 1
max_loss = 0.01
max_loss_percent = 1
severity = "warn"

[policy.tags]
owner = "*"

[policy.four_eyes]
trainer = "block"

[[policy.checklist]]
id = "bias"
text = "Looked at fairness?"

[[policy.checklist]]
id = "load"
text = "How was it loaded?"
required = false
answers = ["shadow", "canary"]
"#;

#[test]
fn everything_that_can_be_said_is_understood() {
    let p = policy(WHOLE);
    assert!(
        p.description
            && p.signature
            && p.default_branch == Some(Severity::Block)
            && p.dataset_digest
            && p.require_reason
            && p.allow_override
    );
    assert_eq!((p.checks.len(), p.pull_request_approvals, p.max_age_days, p.approvals), (2, 1, Some(30), 2));
    assert_eq!((p.first_release, p.unknown, p.rollback), (Severity::Warn, Severity::Warn, Severity::Block));
    let recall =
        MetricRule { metric: "recall".into(), floor: Some(0.5), severity: Severity::Block, ..Default::default() };
    let auc = MetricRule {
        metric: "auc".into(),
        direction: Some(Direction::Higher),
        floor: Some(0.88),
        ceiling: Some(1.0),
        max_loss: Some(0.01),
        max_loss_percent: Some(1.0),
        severity: Severity::Warn,
    };
    assert_eq!(p.metrics, [recall, auc], "in the order of the file, not of the alphabet");
    assert_eq!(p.tags, [TagRule { key: "owner".into(), pattern: "*".into() }]);
    assert_eq!(p.four_eyes, FourEyes { trainer: Severity::Block, ..Default::default() });
    assert_eq!(p.approvers, ["lee", "@acme/ml-reviewers"]);
    let [bias, load] = p.checklist.as_slice() else { panic!("two questions") };
    assert!(bias.required && !load.required);
    assert_eq!((bias.answers.join(" "), bias.pass.join(" ")), ("yes no n/a".into(), "yes n/a".into()));
    assert_eq!(load.pass, load.answers, "all answers of one's own pass unless it says otherwise");
}

#[test]
fn what_is_left_out_asks_for_nothing() {
    assert_eq!(policy("[policy]"), Policy::default());
    assert_eq!(parse("").unwrap().for_model(&ModelName::new("m")), None);
    let d = Policy::default();
    assert_eq!(
        (d.approvals, d.unknown, d.rollback, d.first_release),
        (1, Severity::Block, Severity::Warn, Severity::Ignore)
    );
}

#[test]
fn the_digest_is_of_the_rules_and_not_of_how_they_are_written() {
    let other =
        WHOLE.replace("description = true\nsignature = true", "signature  = true\n# a remark\ndescription = true");
    assert_ne!(WHOLE, other);
    assert_eq!(policy(WHOLE).digest(), policy(&other).digest());
    assert_ne!(policy(WHOLE).digest(), policy(&WHOLE.replace("0.88", "0.87")).digest());
    assert!(policy(WHOLE).digest().starts_with("sha256:"));
}

#[test]
fn a_model_s_own_table_replaces_what_it_names_and_nothing_else() {
    let general = "[policy]\ndescription = true\nchecks = [\"a\", \"b\"]\n[policy.metrics.auc]\nfloor = 0.8\nceiling = 0.9\n\
        [policy.metrics.f1]\nfloor = 0.1\n[policy.tags]\nowner = \"*\"\nteam = \"*\"\n[policy.four_eyes]\ntrainer = \"block\"\n\
        [[policy.checklist]]\nid = \"a\"\ntext = \"A?\"\n[[policy.checklist]]\nid = \"b\"\ntext = \"B?\"\n";
    let own = "[models.\"telco-*\".policy]\nchecks = [\"c\"]\nmetrics.auc.floor = 0.7\nmetrics.new.floor = 1\n\
        tags = { owner = \"\", team = \"ml\" }\nfour_eyes.author = \"warn\"\n\
        checklist = [{ id = \"a\", text = \"Other?\" }, { id = \"c\", text = \"C?\" }]\n\
        [models.\"*\".policy]\ndescription = false\n";
    let p = policy(&format!("{general}{own}"));
    assert!(p.description, "of the tables that fit, only the first counts");
    assert_eq!(p.checks, ["c"]);
    let metrics: Vec<_> = p.metrics.iter().map(|m| (m.metric.as_str(), m.floor, m.ceiling)).collect();
    assert_eq!(metrics, [("auc", Some(0.7), None), ("f1", Some(0.1), None), ("new", Some(1.0), None)]);
    assert_eq!(p.tags, [TagRule { key: "team".into(), pattern: "ml".into() }], "an empty pattern asks for nothing");
    assert_eq!((p.four_eyes.trainer, p.four_eyes.author), (Severity::Block, Severity::Warn));
    let texts: Vec<_> = p.checklist.iter().map(|q| q.text.as_str()).collect();
    assert_eq!(texts, ["Other?", "B?", "C?"]);
    let other = parse(&format!("{general}{own}")).unwrap().for_model(&ModelName::new("fraud")).unwrap();
    assert!(!other.description);
}

#[test]
fn every_mistake_is_said_with_its_line() {
    for (toml, said) in [
        ("[policy]\nsignatur = true", "line 2: unknown key 'signatur' (did you mean 'signature'?)"),
        ("[policy.metrics.auc]\nflor = 1", "line 2: unknown key 'flor' (did you mean 'floor'?)"),
        ("[polcy]", "line 1: unknown key 'polcy' (did you mean 'policy'?)"),
        ("[models.x]\nrepository = \"a/b\"", "line 2: unknown key 'repository'"),
        ("[policy]\n\nunknown = \"maybe\"", "line 3: 'maybe' is none of ignore, warn, block"),
        ("[policy]\nsignature = \"yes\"", "line 2: "),
        ("[policy]\nmax_age_days = -1", "line 2: "),
        ("[policy]\n[policy.metrics.auc]\nmax_loss = 0.1", "line 2: max_loss needs direction"),
        ("[policy.metrics.auc]\nfloor = 2\nceiling = 1", "line 1: floor (2) is above ceiling (1)"),
        ("[policy.metrics.auc]\nfloor = nan", "line 1: floor has to be a finite number"),
        ("[policy.metrics.auc]\nceiling = inf", "line 1: ceiling has to be a finite number"),
        ("[policy.metrics.auc]\nmax_loss = -0.1\ndirection = \"lower\"", "max_loss has to be 0 or more"),
        ("[policy.metrics.\"a[\"]\nfloor = 1", "'a[' is not a pattern"),
        ("[policy]\nchecks = [\"ok\", \"[\"]", "line 2: '[' is not a pattern"),
        ("[policy]\napprovals = 0", "line 2: approvals has to be from 1 to 100"),
        ("[policy]\napprovers = [\"@acme\"]", "line 2: '@acme' is neither a GitHub login nor a team"),
        (
            "[[policy.checklist]]\nid = \"a\"\ntext = \"A\"\n[[policy.checklist]]\nid = \"a\"\ntext = \"B\"",
            "two questions have the id 'a'",
        ),
        (
            "[[policy.checklist]]\nid = \"a\"\ntext = \"A\"\npass = [\"maybe\"]",
            "line 1: question 'a': 'maybe' is in pass, and not in answers",
        ),
        ("[[policy.checklist]]\nid = \"a b\"\ntext = \"A\"", "'a b' cannot be the id of a question"),
        ("[[policy.checklist]]\nid = \"a\"", "missing field `text`"),
        ("[policy\n", "line 1: "),
        ("[policy]\nchecks = [\"\u{202e}\"]\nx = 1", "line 3: unknown key 'x'"),
    ] {
        let why = refused(toml);
        assert!(why.contains(said) && why.starts_with("line "), "{toml:?}: {why}");
        assert!(!why.contains('\n'), "{why}");
    }
}
