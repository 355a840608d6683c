//! What the servers take at most is known before the first write.

use std::sync::Arc;

use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::limits::{self, length};
use signoff::domain::preflight::{CheckState, Preflight};
use signoff::domain::promotion::{Ending, Entry, Event, Phase};
use signoff::domain::record::{ASSET, Decision, SignOff};
use signoff::domain::release::notes_marker;
use signoff::domain::run::MetricValue;
use signoff::ports::Clock as _;
use signoff::services::prepare;

use crate::lab::{CANDIDATE, CHURN, Lab, now};

/// A world whose candidate has this many metrics.
fn with_metrics(count: usize) -> Lab {
    let lab = Lab::new();
    lab.meddle(|world, _| {
        let run = world.models[&ModelName::new(CHURN)].versions[&CANDIDATE].run_id.clone().unwrap();
        let value = MetricValue(0.123_456_789);
        let run = Arc::make_mut(&mut world.runs).get_mut(&run).unwrap();
        run.metrics.extend((0..count).map(|n| (format!("per_class/some_quite_long_metric_name_{n:05}"), value)));
    });
    lab
}

fn preflight(lab: &Lab, number: VersionNumber) -> Preflight {
    now(prepare::promotion(&lab.services, &ModelName::new(CHURN), number, Decision::Approve)).unwrap()
}

#[test]
fn three_thousand_metrics_are_released_with_shortened_notes_and_a_whole_record() {
    let lab = with_metrics(3_000);
    let checks = preflight(&lab, CANDIDATE).checks;
    let said = checks.iter().find(|c| c.title == "notes").expect("the plan says it");
    assert_eq!(said.state, CheckState::Warn);
    let plan = lab.plan(CANDIDATE);
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    let world = lab.world();
    let release = world.repo.releases.iter().find(|r| r.tag == plan.draft.tag).unwrap();
    assert!(length(&release.body) <= limits::NOTES);
    assert!(release.body.contains(ASSET) && release.body.contains(&notes_marker(&plan.id.to_string())));
    let record = std::str::from_utf8(&release.assets[0].content.0).unwrap();
    assert!(record.contains("metric_name_00000") && record.contains("metric_name_02999"));
}

#[test]
fn a_promotion_begun_by_an_earlier_version_with_too_long_notes_can_be_finished() {
    let lab = Lab::new();
    let mut plan = lab.plan(CANDIDATE);
    let tail = format!("\n\n{}\n", notes_marker(&plan.id.to_string()));
    plan.notes = format!("{}{tail}", "| metric | 1 | 2 |\n".repeat(20_000));
    assert_eq!(length(&plan.body()), length(&limits::notes(&plan.notes, ASSET)));
    // Opened, and died before the first step.
    let event = Event::Opened { plan: Box::new(plan.clone()) };
    lab.journals.put(plan.id, &[Entry { v: 1, seq: 0, at: plan.signed_at, event }]);
    let state = lab.resume(plan.id).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
}

#[test]
fn what_no_server_takes_is_refused_before_anything_is_written() {
    let lab = Lab::new();
    let before = lab.world();
    let draft = preflight(&lab, CANDIDATE).draft.unwrap();
    let reason = SignOff::because("x".repeat(limits::MESSAGE));
    let plan = draft.sign(lab.clock.new_id(), lab.clock.now(), &reason).unwrap();
    let failure = lab.approve(&plan).unwrap_err();
    assert!(failure.reason.contains("the tag's message would have"), "{failure}");
    assert_eq!(lab.world(), before);
    assert!(now(lab.services.records.read()).unwrap().is_empty(), "not even the record is kept");
}
