//! Tests of the rules on what the model itself says: whose metrics count, and how its run ended.
#![allow(clippy::unwrap_used)]

use jiff::Timestamp;

use super::super::{MetricRule, Policy, PolicySource, Severity};
use super::judge;
use crate::domain::compare::Direction;
use crate::domain::evidence::{Code, Evidence, not_asked};
use crate::domain::facts::{LoggedFacts, ReviewedFacts, RunFacts};
use crate::domain::logged::{DataRef, LoggedModel, ModelMetric};
use crate::domain::policy::People;
use crate::domain::preflight::CheckState::{self, Block, Pass};
use crate::domain::promotion::samples;
use crate::domain::run::MetricValue;
use crate::domain::score::MetricsFrom;

/// Name, value, and name and digest of the data it was measured on.
type Measured<'a> = (&'a str, f64, Option<(&'a str, &'a str)>);

fn logged(metrics: &[Measured<'_>], tags: &[(&str, &str)]) -> LoggedFacts {
    let metric = |(at, (name, value, data)): (usize, &Measured<'_>)| ModelMetric {
        name: (*name).to_owned(),
        value: MetricValue(*value),
        step: 0,
        // The first is the latest.
        at: Timestamp::from_second(1_000 - at as i64).ok(),
        run: None,
        data: data.map(|(name, digest)| DataRef { name: name.to_owned(), digest: digest.to_owned() }),
    };
    LoggedFacts::Known(Box::new(LoggedModel {
        id: "m-1".to_owned(),
        metrics: LoggedModel::latest(metrics.iter().enumerate().map(metric).collect()),
        tags: tags.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
        ..LoggedModel::default()
    }))
}

/// A run that ended with auc 0.914; production has 0.902.
fn facts(metrics: &[Measured<'_>]) -> ReviewedFacts {
    ReviewedFacts { logged: Some(logged(metrics, &[])), ..samples::facts() }
}

fn evidence(facts: ReviewedFacts) -> Evidence {
    let code = Code { training: Ok(None), ..Code::unread(&not_asked("it")) };
    Evidence { facts, signature: Ok(None), requests: Ok(Vec::new()), code, artifact: None, read_at: samples::now() }
}

fn said(policy: Policy, facts: ReviewedFacts) -> Vec<(CheckState, String)> {
    let verdict = judge(&[PolicySource::new("configuration", policy)], &evidence(facts));
    verdict.findings.into_iter().map(|f| (f.state, f.detail)).collect()
}

fn auc(from: MetricsFrom, floor: Option<f64>, max_loss: Option<f64>) -> Policy {
    let direction = Some(Direction::Higher);
    let rule = MetricRule {
        metric: "auc".into(),
        direction,
        floor,
        max_loss,
        severity: Severity::Block,
        ..MetricRule::default()
    };
    Policy { metrics: vec![rule], metrics_from: from, ..Policy::default() }
}

fn one(state: CheckState, detail: &str) -> Vec<(CheckState, String)> {
    vec![(state, detail.to_owned())]
}

#[test]
fn a_checkpoint_is_judged_by_its_own_value_unless_the_policy_says_otherwise() {
    let checkpoint = || facts(&[("auc", 0.6, None)]);
    assert_eq!(
        said(auc(MetricsFrom::Model, Some(0.75), None), checkpoint()),
        one(Block, "auc 0.6 of the model (its run has 0.914), at least 0.75")
    );
    assert_eq!(
        said(auc(MetricsFrom::Run, Some(0.75), None), checkpoint()),
        one(Pass, "auc 0.914 of its run (the model has 0.6), at least 0.75")
    );
    let alone = ReviewedFacts { run: RunFacts::NotRecorded, ..checkpoint() };
    assert_eq!(said(auc(MetricsFrom::Model, Some(0.5), None), alone), one(Pass, "auc 0.6, at least 0.5"));
    let mut run_only = facts(&[("other", 1.0, None)]);
    assert_eq!(
        said(auc(MetricsFrom::Model, Some(0.75), None), run_only.clone()),
        one(Pass, "auc 0.914 of its run, at least 0.75")
    );
    run_only.logged = None;
    assert_eq!(said(auc(MetricsFrom::Model, Some(0.75), None), run_only), one(Pass, "auc 0.914, at least 0.75"));
}

#[test]
fn what_cannot_be_read_is_not_replaced_by_the_other_of_the_two() {
    let unread = || Some(LoggedFacts::Unreadable("no permission".into()));
    let facts = || ReviewedFacts { logged: unread(), ..samples::facts() };
    assert_eq!(said(auc(MetricsFrom::Model, Some(0.1), None), facts()), one(Block, "no permission"));
    assert_eq!(said(auc(MetricsFrom::Run, Some(0.1), None), facts()), one(Pass, "auc 0.914, at least 0.1"));
    let mut base = samples::facts();
    base.baseline.as_mut().unwrap().logged = unread();
    let detail = "the model of v39 in production: no permission";
    assert_eq!(said(auc(MetricsFrom::Model, None, Some(9.0)), base), one(Block, detail));
    let gone = ReviewedFacts { run: RunFacts::Unreadable("gone".into()), ..super::score_tests::facts(&[]) };
    let detail = "the model has no metric auc, and its run: gone";
    assert_eq!(said(auc(MetricsFrom::Model, Some(0.1), None), gone), one(Block, detail));
}

#[test]
fn a_loss_is_measured_between_models_and_says_when_they_saw_other_data() {
    let mut facts = facts(&[("auc", 0.7, Some(("holdout-09", "a1")))]);
    let base = facts.baseline.as_mut().unwrap();
    base.logged = Some(logged(&[("auc", 0.72, Some(("holdout-08", "b2")))], &[]));
    assert_eq!(
        said(auc(MetricsFrom::Model, None, Some(0.01)), facts.clone()),
        one(
            Block,
            "auc 0.7 of the model (its run has 0.914) on holdout-09, v39 has 0.72 on holdout-08: loses 0.02, may lose 0.01"
        )
    );
    let base = facts.baseline.as_mut().unwrap();
    base.logged =
        Some(logged(&[("auc", 0.9, Some(("holdout-08", "b2"))), ("auc", 0.7, Some(("holdout-09", "a1")))], &[]));
    let (state, detail) = said(auc(MetricsFrom::Model, None, Some(0.0)), facts).remove(0);
    assert_eq!(state, Pass, "the value on the same data is laid beside: {detail}");
}

#[test]
fn a_metric_is_judged_on_every_data_set_it_was_measured_on() {
    let facts = facts(&[("auc", 0.9, Some(("holdout", "a"))), ("auc", 0.6, Some(("rural", "b")))]);
    assert_eq!(
        said(auc(MetricsFrom::Model, Some(0.8), None), facts),
        [
            (Block, "auc on rural 0.6, at least 0.8".to_owned()),
            (Pass, "auc 0.9 of the model (its run has 0.914) on holdout, at least 0.8".to_owned()),
        ]
    );
}

#[test]
fn a_run_that_has_not_ended_well_fails_where_the_policy_asks_for_it() {
    let rule = || Policy { run_finished: true, ..Policy::default() };
    assert_eq!(said(rule(), samples::facts()), one(Pass, "the training run has finished"));
    for status in ["RUNNING", "FAILED", "KILLED", "SCHEDULED", ""] {
        let mut facts = samples::facts();
        let RunFacts::Known(run) = &mut facts.run else { unreachable!() };
        run.status = status.to_owned();
        assert_eq!(said(rule(), facts.clone()), one(Block, &format!("the training run is {status}")));
        assert_eq!(said(Policy::default(), facts), []);
    }
    let mut facts = samples::facts();
    let RunFacts::Known(run) = &mut facts.run else { unreachable!() };
    run.deleted = true;
    assert_eq!(said(rule(), facts), one(Block, "the training run was deleted"));
    let none = ReviewedFacts { run: RunFacts::NotRecorded, ..samples::facts() };
    assert_eq!(said(rule(), none), one(Block, "the version names no training run"));
}

#[test]
fn a_checkout_with_changes_fails_where_the_policy_asks_for_a_clean_one() {
    const DIRTY: &str = "mlflow.source.git.dirty";
    let rule = |unknown| Policy { clean_checkout: true, unknown, ..Policy::default() };
    let with = |of_run: Option<&str>, of_model: Option<&str>| {
        let mut facts = samples::facts();
        let RunFacts::Known(run) = &mut facts.run else { unreachable!() };
        if let Some(value) = of_run {
            run.tags.insert(DIRTY, value);
        }
        facts.logged = of_model.map(|value| logged(&[], &[(DIRTY, value)]));
        facts
    };
    for (of_run, of_model, state) in [
        (Some("false"), None, Pass),
        (Some("true"), None, Block),
        (None, Some("True"), Block),
        (Some("true"), Some("false"), Pass),
        (None, None, Block),
        (Some("perhaps"), None, Block),
    ] {
        assert_eq!(said(rule(Severity::Block), with(of_run, of_model))[0].0, state, "{of_run:?} {of_model:?}");
    }
    assert_eq!(said(rule(Severity::Warn), with(None, None))[0].0, CheckState::Warn);
}

#[test]
fn rules_that_are_off_do_not_change_the_digest_of_a_policy() {
    let json = serde_json::to_string(&Policy::default()).unwrap();
    assert!(!["metrics_from", "run_finished", "clean_checkout"].iter().any(|key| json.contains(key)), "{json}");
    let read: Policy = serde_json::from_str(&json).unwrap();
    assert_eq!(read, Policy::default());
}

#[test]
fn who_logged_a_model_outside_a_run_trained_it() {
    let facts = ReviewedFacts {
        run: RunFacts::NotRecorded,
        logged: Some(logged(&[], &[("mlflow.user", "amara")])),
        ..samples::facts()
    };
    assert!(People::of(&evidence(facts)).trainers.contains(&"amara".to_owned()));
}
