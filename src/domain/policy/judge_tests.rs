//! Tests of verdicts.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::super::{Effective, Finding, MetricRule, Policy, PolicySource, Severity, TagRule};
use super::{judge, partial};
use crate::domain::artifact::Signature;
use crate::domain::cd::CdState;
use crate::domain::commit::CommitOrigin;
use crate::domain::compare::{Direction, Directions};
use crate::domain::evidence::{Code, Evidence, Source, not_asked};
use crate::domain::facts::RunFacts;
use crate::domain::failure::{Failure, FailureKind, Service};
use crate::domain::lineage::{CheckResult, PullRequest};
use crate::domain::preflight::CheckState::{self, Block, Pass, Unknown, Warn};
use crate::domain::promotion::samples;
use crate::domain::run::{MetricPoint, MetricValue};

/// Everything was read and passes: auc 0.914 against 0.902.
fn evidence() -> Evidence {
    let check = |name: &str| CheckResult { name: name.into(), state: CdState::Success, web_url: None };
    let pull = PullRequest {
        number: 7,
        title: "Tune".into(),
        author: Some("dana".into()),
        approvers: vec!["lee".into()],
        merged_by: Some("lee".into()),
        merged_at: Some(samples::now()),
        web_url: String::new(),
    };
    Evidence {
        facts: samples::facts(),
        signature: Ok(Some(Signature::default())),
        code: Code {
            source: Ok(Source {
                repo: "acme/churn".parse().unwrap(),
                commit: samples::draft().commit,
                origin: CommitOrigin::Run,
            }),
            on_default_branch: Ok(true),
            pull_request: Ok(Some(pull)),
            checks: Ok(vec![check("unit-tests"), check("unit-slow"), check("lint")]),
            training: Ok(None),
            ..Code::unread(&not_asked("it"))
        },
        requests: Ok(Vec::new()),
        artifact: None,
        read_at: samples::now(),
    }
}

fn down() -> Failure {
    Failure::new(FailureKind::Unavailable, Service::Github, "read it", "down").with_hint("Try again.")
}

fn auc() -> MetricRule {
    MetricRule {
        metric: "auc".into(),
        direction: Some(Direction::Higher),
        severity: Severity::Block,
        ..MetricRule::default()
    }
}

fn metric(rule: MetricRule) -> Policy {
    Policy { metrics: vec![rule], ..Policy::default() }
}

fn findings(policy: Policy, evidence: &Evidence) -> Vec<(CheckState, String, String)> {
    let verdict = judge(&[PolicySource::new("configuration", policy)], evidence);
    verdict.findings.into_iter().map(|f| (f.state, f.rule, f.detail)).collect()
}

fn states(policy: Policy, evidence: &Evidence) -> Vec<CheckState> {
    findings(policy, evidence).into_iter().map(|f| f.0).collect()
}

fn set(evidence: &mut Evidence, of_baseline: bool, metric: &str, value: Option<f64>) {
    let run = if of_baseline { &mut evidence.facts.baseline.as_mut().unwrap().run } else { &mut evidence.facts.run };
    let RunFacts::Known(run) = run else { panic!("known") };
    match value {
        Some(v) => run.metrics.insert(metric, MetricPoint { value: MetricValue(v), step: 0, at: None }),
        None => run.metrics.retain(|name| name != metric),
    }
}

#[test]
fn no_rules_pass() {
    assert_eq!(findings(Policy::default(), &evidence()), []);
    assert_eq!(judge(&[], &evidence()).state(), Pass);
}

#[test]
fn limits_include_their_bound() {
    for (floor, ceiling, wanted) in
        [(0.914, 0.914, [Pass, Pass]), (0.9141, 1.0, [Block, Pass]), (0.0, 0.9, [Block, Pass])]
    {
        let rule = MetricRule { floor: Some(floor), ceiling: Some(ceiling), ..auc() };
        assert_eq!(states(metric(rule), &evidence()), wanted, "{floor} {ceiling}");
    }
    let said = findings(metric(MetricRule { floor: Some(0.95), ..auc() }), &evidence());
    assert_eq!(said, [(Block, "metric.auc.floor".into(), "auc 0.914, at least 0.95".into())]);
}

#[test]
fn a_loss_is_measured_in_the_stated_direction_and_its_bound_is_included_in_spite_of_rounding() {
    let mut e = evidence();
    // 0.91 - 0.9 is 0.010000000000000009.
    set(&mut e, true, "auc", Some(0.91));
    set(&mut e, false, "auc", Some(0.9));
    let rule = |max, direction| metric(MetricRule { max_loss: Some(max), direction: Some(direction), ..auc() });
    assert_eq!(states(rule(0.01, Direction::Higher), &e), [Pass]);
    assert_eq!(states(rule(0.0099, Direction::Higher), &e), [Block]);
    assert_eq!(states(rule(0.0, Direction::Lower), &e), [Pass]);
    let percent = |max| metric(MetricRule { max_loss_percent: Some(max), ..auc() });
    assert_eq!(states(percent(1.1), &e), [Pass]);
    assert_eq!(states(percent(1.0), &e), [Block]);
    let (_, rule, said) = findings(percent(1.0), &e).remove(0);
    assert_eq!(
        (rule.as_str(), said.as_str()),
        ("metric.auc.max_loss_percent", "auc 0.9, v39 has 0.91: loses 0.01, may lose 1 %")
    );
}

#[test]
fn what_is_no_number_or_not_there_fails() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut e = evidence();
        set(&mut e, false, "auc", Some(value));
        assert_eq!(states(metric(MetricRule { floor: Some(0.0), max_loss: Some(9.0), ..auc() }), &e), [Block]);
    }
    let mut e = evidence();
    set(&mut e, false, "auc", None);
    assert_eq!(states(metric(auc()), &e), [Block]);
    assert_eq!(states(metric(MetricRule { severity: Severity::Warn, ..auc() }), &e), [Warn]);
    assert_eq!(states(metric(MetricRule { severity: Severity::Ignore, ..auc() }), &e), []);
    e.facts.run = RunFacts::NotRecorded;
    assert_eq!(states(metric(auc()), &e), [Block]);
}

#[test]
fn a_pattern_judges_every_metric_that_fits() {
    let mut e = evidence();
    set(&mut e, false, "val_auc", Some(0.5));
    let rule = MetricRule { metric: "*auc".into(), floor: Some(0.9), ..auc() };
    let found = findings(metric(rule), &e);
    let rules: Vec<_> = found.iter().map(|(state, rule, _)| (*state, rule.as_str())).collect();
    assert_eq!(rules, [(Block, "metric.val_auc.floor"), (Pass, "metric.auc.floor")]);
}

#[test]
fn nothing_in_production_is_a_case_of_its_own() {
    let mut e = evidence();
    (e.facts.baseline, e.facts.holders) = (None, Vec::new());
    let policy = |first_release| Policy { first_release, ..metric(MetricRule { max_loss: Some(0.0), ..auc() }) };
    assert_eq!(states(policy(Severity::Ignore), &e), [Pass]);
    assert_eq!(states(policy(Severity::Warn), &e), [Warn, Pass]);
    assert_eq!(states(policy(Severity::Block), &e), [Block, Pass]);
    assert_eq!(states(policy(Severity::Block), &evidence()), [Pass, Pass]);
}

#[test]
fn what_cannot_be_read_stands_as_the_policy_says() {
    let mut e = evidence();
    e.facts.run = RunFacts::Unreadable("no such run".into());
    e.facts.version.created_at = None;
    e.signature = Err(down());
    e.code = Code::unread(&down());
    let policy = |unknown| Policy {
        unknown,
        signature: true,
        default_branch: Some(Severity::Block),
        checks: vec!["unit*".into()],
        pull_request_approvals: 1,
        dataset_digest: true,
        max_age_days: Some(1),
        tags: vec![TagRule { key: "owner".into(), pattern: "*".into() }],
        ..metric(auc())
    };
    for (unknown, state) in [(Severity::Ignore, Unknown), (Severity::Warn, Warn), (Severity::Block, Block)] {
        let verdict = judge(&[PolicySource::new("configuration", policy(unknown))], &e);
        assert!(verdict.findings.iter().all(|f| f.state == state && f.unreadable), "{verdict:?}");
        assert_eq!(verdict.findings.len(), 8);
    }
    let mut lacking = evidence();
    set(&mut lacking, true, "auc", None);
    let verdict = judge(&[PolicySource::new("c", metric(MetricRule { max_loss: Some(1.0), ..auc() }))], &lacking);
    assert!(verdict.findings[0].unreadable && verdict.state() == Block);
}

#[test]
fn code_rules_hold_only_on_good_evidence() {
    let policy =
        |checks: &[&str]| Policy { checks: checks.iter().map(|c| (*c).to_owned()).collect(), ..Policy::default() };
    let mut e = evidence();
    assert_eq!(states(policy(&["unit*", "nothing*"]), &e), [Block, Pass]);
    e.code.checks.as_mut().unwrap()[1].state = CdState::Failed("skipped".into());
    assert_eq!(states(policy(&["unit*"]), &e), [Block], "skipped is not successful");
    e.code.checks.as_mut().unwrap()[1].state = CdState::Running;
    assert_eq!(states(policy(&["unit*"]), &e), [Block]);
    e.code.checks.as_mut().unwrap().remove(1);
    let rest = CheckResult { name: "(57 more checks)".into(), state: CdState::Other("not read".into()), web_url: None };
    e.code.checks.as_mut().unwrap().push(rest);
    assert_eq!(
        states(Policy { unknown: Severity::Warn, ..policy(&["unit*"]) }, &e),
        [Warn],
        "the rest may hold a failure"
    );

    let approvals = |n| Policy { pull_request_approvals: n, ..Policy::default() };
    assert_eq!((states(approvals(1), &e), states(approvals(2), &e)), (vec![Pass], vec![Block]));
    e.code.pull_request.as_mut().unwrap().as_mut().unwrap().merged_at = None;
    assert_eq!(states(approvals(1), &e), [Block]);
    e.code.pull_request = Ok(None);
    assert_eq!(states(approvals(1), &e), [Block]);
    (e.signature, e.code.on_default_branch) = (Ok(None), Ok(false));
    assert_eq!(
        states(Policy { signature: true, default_branch: Some(Severity::Block), ..Policy::default() }, &e),
        [Block, Block]
    );
}

#[test]
fn tags_description_data_and_age_are_judged() {
    let mut e = evidence();
    let tag = |key: &str, pattern: &str| Policy {
        tags: vec![TagRule { key: key.into(), pattern: pattern.into() }],
        ..Policy::default()
    };
    assert_eq!(states(tag("team", "ret*"), &e), [Pass]);
    assert_eq!(states(tag("team", "fraud"), &e), [Block]);
    assert_eq!(states(tag("owner", "*"), &e), [Block]);
    e.facts.version.tags.insert("owner", " ");
    assert_eq!(states(tag("owner", "*"), &e), [Block], "empty is nothing");
    assert_eq!(states(tag("mlflow.source.git.commit", "3f9c*"), &e), [Pass], "the run's tags count too");
    let described = Policy { description: true, ..Policy::default() };
    assert_eq!(states(described.clone(), &e), [Pass]);
    e.facts.version.description = " \n".into();
    assert_eq!(states(described, &e), [Block]);
    let data = Policy { dataset_digest: true, ..Policy::default() };
    assert_eq!(states(data.clone(), &e), [Pass]);
    let RunFacts::Known(run) = &mut e.facts.run else { panic!("known") };
    run.datasets.clear();
    assert_eq!(states(data, &e), [Block]);
    let age = |days| Policy { max_age_days: Some(days), ..Policy::default() };
    assert_eq!((states(age(3), &e), states(age(2), &e)), (vec![Pass], vec![Block]), "two days and an hour");
}

#[test]
fn a_source_that_cannot_be_used_blocks_and_says_where() {
    let why = Failure { reason: "line 3: unknown key 'x'".to_owned(), ..down() };
    let broken = PolicySource::broken("acme/churn@3f9c1ab:signoff.toml", why.clone());
    let verdict = judge(std::slice::from_ref(&broken), &evidence());
    assert_eq!(verdict.state(), Block);
    assert!(verdict.findings[0].detail.contains("acme/churn@3f9c1ab:signoff.toml cannot be used: line 3"));
    assert_eq!(verdict.findings[0].failure.as_deref(), Some(&why), "kind and hint are kept");
    let lenient = PolicySource::new("configuration", Policy { allow_override: true, ..Policy::default() });
    assert!(Effective::of(std::slice::from_ref(&lenient)).allow_override);
    assert!(!Effective::of(&[lenient, broken]).allow_override);
}

#[test]
fn sources_add_up_and_none_loosens_another() {
    use super::super::Question;
    let question = |text: &str| Question { id: "q".into(), text: text.into(), ..Question::default() };
    let a =
        Policy { approvals: 2, approvers: vec!["lee".into()], checklist: vec![question("A?")], ..Policy::default() };
    let b = Policy {
        require_reason: true,
        rollback: Severity::Block,
        checklist: vec![question("B?")],
        ..Policy::default()
    };
    let sources = [PolicySource::new("a", a), PolicySource::new("b", b)];
    let both = Effective::of(&sources);
    assert_eq!((both.approvals, both.require_reason, both.rollback), (2, true, Severity::Block));
    assert_eq!((both.approvers.len(), both.checklist.len(), both.conflicts.as_slice()), (1, 1, &["q".to_owned()][..]));
    let verdict = judge(&sources, &evidence());
    assert_eq!((verdict.state(), verdict.findings[0].rule.as_str()), (Block, "checklist.q"));
    assert_eq!(Effective::of(&[]).approvals, 1);
}

#[test]
fn what_two_sources_ask_alike_is_said_once() {
    let p = metric(MetricRule { floor: Some(0.5), ..auc() });
    let verdict = judge(&[PolicySource::new("a", p.clone()), PolicySource::new("b", p)], &evidence());
    assert_eq!((verdict.findings.len(), verdict.sources.len()), (1, 2));
}

#[test]
fn a_verdict_that_is_not_whole_is_no_pass_and_what_blocks_blocks() {
    let e = evidence();
    let of = |floor: f64| {
        let rule = MetricRule { floor: Some(floor), ..auc() };
        let policy = Policy { metrics: vec![rule], signature: true, ..Policy::default() };
        partial(&[PolicySource::new("configuration", policy)], &e.facts, e.read_at).so_far("too many rows")
    };
    assert_eq!(of(0.5).state(), Unknown);
    assert!(of(0.5).findings.iter().any(|finding| finding.unreadable && finding.detail == "too many rows"));
    assert_eq!(of(0.99).state(), Block);
}

#[test]
fn a_list_judges_what_it_has_and_counts_the_rest() {
    let policy = Policy {
        signature: true,
        checks: vec!["a".into(), "b".into()],
        pull_request_approvals: 1,
        description: true,
        ..metric(MetricRule { floor: Some(0.5), max_loss: Some(0.1), ..auc() })
    };
    let sources = [PolicySource::new("c", policy)];
    let mut e = evidence();
    let found = partial(&sources, &e.facts, e.read_at);
    assert_eq!((found.verdict.findings.len(), found.unseen, found.verdict.state()), (3, 4, Pass));
    e.facts.baseline = None;
    let found = partial(&sources, &e.facts, e.read_at);
    assert_eq!((found.verdict.findings.len(), found.unseen), (2, 5), "the version in production was not read");
    assert_eq!(found.verdict.state(), Pass);
}

fn severity() -> impl Strategy<Value = Severity> {
    prop_oneof![Just(Severity::Ignore), Just(Severity::Warn), Just(Severity::Block)]
}

fn metric_rule() -> impl Strategy<Value = MetricRule> {
    let limit = || proptest::option::of(0.0..1.0f64);
    ("(auc|latency_ms|\\*|x|a\\*)", limit(), limit(), limit(), severity(), any::<bool>()).prop_map(
        |(metric, floor, ceiling, max_loss, severity, higher)| MetricRule {
            metric,
            direction: Some(if higher { Direction::Higher } else { Direction::Lower }),
            floor,
            ceiling,
            max_loss,
            max_loss_percent: None,
            severity,
        },
    )
}

fn policies() -> impl Strategy<Value = Policy> {
    let metrics = proptest::collection::vec(metric_rule(), 0..4);
    (metrics, severity(), severity(), any::<[bool; 4]>(), 0..3u32).prop_map(
        |(metrics, unknown, first_release, [description, signature, default_branch, dataset_digest], approvals)| {
            Policy {
                metrics,
                unknown,
                first_release,
                description,
                signature,
                default_branch: default_branch.then_some(Severity::Block),
                dataset_digest,
                pull_request_approvals: approvals,
                ..Policy::default()
            }
        },
    )
}

fn sources() -> impl Strategy<Value = Vec<PolicySource>> {
    let source = (policies(), any::<bool>(), 0..9u8).prop_map(|(policy, broken, n)| match broken && n == 0 {
        true => PolicySource::broken("broken", down()),
        false => PolicySource::new(format!("s{n}"), policy),
    });
    proptest::collection::vec(source, 0..4)
}

/// Evidence with one part missing or bad.
fn some_evidence() -> impl Strategy<Value = Evidence> {
    (0..6u8).prop_map(|n| {
        let mut e = evidence();
        match n {
            1 => e.facts.run = RunFacts::Unreadable("gone".into()),
            2 => (e.facts.baseline, e.facts.holders) = (None, Vec::new()),
            3 => e.code = Code::unread(&down()),
            4 => set(&mut e, false, "auc", Some(f64::NAN)),
            5 => e.signature = Ok(None),
            _ => {}
        }
        e
    })
}

fn sorted(mut findings: Vec<Finding>) -> Vec<String> {
    findings.sort_by(|a, b| (a.state, &a.rule, &a.detail).cmp(&(b.state, &b.rule, &b.detail)));
    findings.into_iter().map(|f| format!("{f:?}")).collect()
}

proptest! {
    #[test]
    fn the_order_of_sources_means_nothing(sources in sources(), e in some_evidence()) {
        let mut turned = sources.clone();
        turned.reverse();
        let (a, b) = (judge(&sources, &e), judge(&turned, &e));
        prop_assert_eq!(a, b);
    }

    #[test]
    fn the_order_of_metric_rules_means_nothing_but_the_order_of_findings(policy in policies(), e in some_evidence()) {
        let mut turned = policy.clone();
        turned.metrics.reverse();
        let of = |p| judge(&[PolicySource::new("c", p)], &e);
        let (a, b) = (of(policy), of(turned));
        prop_assert_eq!(a.state(), b.state());
        prop_assert_eq!(sorted(a.findings), sorted(b.findings));
    }

    #[test]
    fn another_source_never_makes_a_verdict_better(sources in sources(), more in policies(), e in some_evidence()) {
        let before = judge(&sources, &e);
        let mut all = sources.clone();
        all.push(PolicySource::new("more", more));
        let after = judge(&all, &e);
        prop_assert!(after.state() >= before.state());
        for finding in &before.findings {
            prop_assert!(after.findings.contains(finding), "{:?} was lost", finding);
        }
        let (was, is) = (Effective::of(&sources), Effective::of(&all));
        prop_assert!(is.approvals >= was.approvals && (is.require_reason || !was.require_reason));
        prop_assert!(is.rollback >= was.rollback && is.approvers.len() >= was.approvers.len());
    }

    #[test]
    fn the_worst_stands_first(sources in sources(), e in some_evidence()) {
        let states: Vec<_> = judge(&sources, &e).findings.iter().map(|f| f.state).collect();
        prop_assert!(states.is_sorted_by(|a, b| a >= b));
    }
}

#[test]
fn what_a_policy_states_counts_and_what_contradicts_it_leaves_nothing_stated() {
    let rule = |metric: &str, direction| MetricRule { metric: metric.into(), direction, ..MetricRule::default() };
    let metrics = vec![rule("auc", Some(Direction::Higher)), rule("*_ms", Some(Direction::Lower)), rule("psi", None)];
    let policy = Policy { metrics, ..Policy::default() };
    let stated = Directions { higher: vec!["fast_ms".into()], lower: vec!["loss".into()], ..Directions::default() };
    let all = stated.and_of([&policy]);
    let of = |metric| all.of(metric);
    assert_eq!(
        (of("auc"), of("p99_ms"), of("loss")),
        (Some(Direction::Higher), Some(Direction::Lower), Some(Direction::Lower))
    );
    assert_eq!((of("psi"), of("fast_ms")), (None, None));
}
