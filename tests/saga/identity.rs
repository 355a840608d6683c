//! A version is what it is, not what it is called: copies, models that were deleted and made again, workspaces.

use jiff::SignedDuration;
use signoff::adapters::demo::World;
use signoff::adapters::demo::world::Version;
use signoff::domain::cd::CdTrigger;
use signoff::domain::decision::Found;
use signoff::domain::failure::FailureKind;
use signoff::domain::identity::About;
use signoff::domain::ids::{ModelName, RunId, VersionNumber};
use signoff::domain::log::Effect;
use signoff::domain::preflight::{CheckState, Preflight};
use signoff::domain::promotion::{Event, PromotionPlan, Receipt, Step, StepState};
use signoff::domain::record::Decision;
use signoff::domain::registry::Stage;
use signoff::services::audit::log;
use signoff::services::{prepare, rollback};

use crate::doubles::{Journals, Point};
use crate::lab::{CANDIDATE, CHURN, HOLDER, Lab, champion, now, production, world};
use crate::support::clock::ManualClock;
use crate::support::rules::rules_for;

fn churn() -> ModelName {
    ModelName::new(CHURN)
}

fn copied() -> ModelName {
    ModelName::new("copied")
}

/// A lab in which v42 took the place of v39.
fn released() -> Lab {
    let lab = Lab::new();
    let state = lab.approve(&lab.plan(CANDIDATE)).unwrap();
    assert!(state.is_released(), "{:?}", state.phase);
    lab
}

/// What `copy_model_version` does: another name, a source that names the original, and every tag.
fn copy(lab: &Lab, number: VersionNumber) {
    lab.meddle(|w, now| {
        let mut model = w.models[&churn()].clone();
        let mut version = model.versions[&number].clone();
        version.source = format!("models:/{CHURN}/{}", number.0);
        version.created_at = now + SignedDuration::from_secs(1);
        version.stage = Stage::None;
        model.versions = [(VersionNumber(1), version)].into();
        model.aliases.clear();
        w.models.insert(copied(), model);
    });
}

/// The version as it is after the model was deleted and made again.
fn made_again(version: &Version, lab: &Lab) -> Version {
    Version {
        stage: Stage::None,
        created_at: signoff::ports::Clock::now(&*lab.clock),
        run_id: version.run_id.as_ref().map(|run| RunId::new(format!("{}-again", run.as_str()))),
        source: format!("{}-again", version.source),
        tags: Default::default(),
        ..version.clone()
    }
}

/// Deletes the model and makes it again; the new versions have the old numbers, and other runs of the same commits.
fn make_again(lab: &Lab) {
    lab.meddle(|w, _| {
        let versions: Vec<_> = w.models[&churn()].versions.iter().map(|(n, v)| (*n, made_again(v, lab))).collect();
        let runs = std::sync::Arc::make_mut(&mut w.runs);
        let old: Vec<_> =
            runs.iter().map(|(id, run)| (RunId::new(format!("{}-again", id.as_str())), run.clone())).collect();
        runs.extend(old);
        let model = w.models.get_mut(&churn()).unwrap();
        model.versions = versions.into_iter().collect();
        model.aliases.clear();
    });
}

fn notes(log: &log::Log) -> Vec<String> {
    log.notes.iter().map(ToString::to_string).collect()
}

fn found(lab: &Lab, model: &ModelName) -> Found {
    now(rollback::found(&lab.services, model)).unwrap()
}

fn candidates(lab: &Lab, model: &ModelName) -> Vec<u64> {
    found(lab, model).candidates.iter().map(|c| c.version.0).collect()
}

fn preflight(lab: &Lab, model: &ModelName, number: VersionNumber, decision: Decision) -> Preflight {
    now(prepare::promotion(&lab.services, model, number, decision)).unwrap()
}

#[track_caller]
fn says(found: &Preflight, title: &str, state: CheckState, detail: &str) {
    let there = found.checks.iter().any(|c| c.title == title && c.state == state && c.detail.contains(detail));
    assert!(there, "no '{title}' {state:?} '{detail}' in {:#?}", found.checks);
}

#[test]
fn a_copy_of_a_released_version_was_never_in_production() {
    let lab = released();
    lab.clock.advance(std::time::Duration::from_secs(60));
    copy(&lab, CANDIDATE);
    let was = found(&lab, &copied());
    assert_eq!(was.candidates, [], "the copied tags say 'released'");
    assert!(was.doubts[&VersionNumber(1)].contains("copied from another version"), "{:?}", was.doubts);
    let back = preflight(&lab, &copied(), VersionNumber(1), Decision::Rollback);
    assert!(!back.may_confirm());
    says(&back, "rollback", CheckState::Block, "there is no evidence that this very v1 was ever in Production");
    let first = preflight(&lab, &copied(), VersionNumber(1), Decision::Approve);
    says(&first, "decision", CheckState::Warn, "nothing was decided on v1");
    assert_eq!(first.draft.unwrap().basis.supersedes, None);
    let said = now(log::read(&lab.services, Some(&copied())));
    assert_eq!(said.entries, [], "the copy was not approved");
    assert!(
        notes(&said).iter().any(|n| n.contains("v1 of copied was approved by rev1; they were copied")),
        "{:?}",
        said.notes
    );
}

#[test]
fn a_copied_mark_of_a_running_promotion_does_not_hinder_the_copy() {
    let lab = Lab::new();
    let theirs = lab.colleague().plan(CANDIDATE).mark_promoting();
    lab.meddle(|w, _| w.set_version_tag(&churn(), CANDIDATE, "signoff.promotion", &theirs).unwrap());
    lab.clock.advance(std::time::Duration::from_secs(60));
    lab.meddle(|w, now| w.models.get_mut(&churn()).unwrap().versions.get_mut(&CANDIDATE).unwrap().created_at = now);
    let state = lab.approve(&lab.plan(CANDIDATE)).unwrap();
    assert!(state.is_released(), "{:?}", state.phase);
}

#[test]
fn a_version_of_a_model_made_again_is_not_the_one_that_was_in_production() {
    for other_machine in [false, true] {
        let lab = released();
        assert_eq!(candidates(&lab, &churn()), [39]);
        lab.clock.advance(std::time::Duration::from_secs(60));
        make_again(&lab);
        let lab = if other_machine { lab.colleague() } else { lab };
        let was = found(&lab, &churn());
        assert_eq!(was.candidates, [], "{:?}", was);
        for number in [HOLDER, CANDIDATE] {
            assert!(was.doubts[&number].contains("another v"), "{:?}", was.doubts);
            let failure = now(rollback::choose(&lab.services, &churn(), number)).unwrap_err();
            assert_eq!(failure.kind, FailureKind::Rejected);
            assert!(failure.reason.contains("run ") && failure.reason.contains("-again now"), "{failure}");
        }
        // It can be approved, under a tag of its own.
        let again = preflight(&lab, &churn(), CANDIDATE, Decision::Approve);
        assert!(again.may_confirm(), "{:#?}", again.checks);
        says(&again, "tag", CheckState::Warn, "the tag telco-churn-v42 released another v42 of that name (run ");
        assert_eq!(again.draft.unwrap().tag.as_str(), "telco-churn-v42-r2");
        if other_machine {
            // The double lists no releases.
            continue;
        }
        let said = now(log::read(&lab.services, Some(&churn())));
        let approved = said.entries.iter().find(|e| e.version == CANDIDATE).unwrap();
        assert_eq!(approved.effect, Effect::Production);
        assert!(matches!(approved.about, Some(About::Another(_))), "{approved:?}");
    }
}

#[test]
fn what_is_in_production_under_a_signed_number_but_is_another_version_is_told() {
    let lab = released();
    lab.clock.advance(std::time::Duration::from_secs(60));
    make_again(&lab);
    lab.meddle(|w, now| w.move_stage(&churn(), CANDIDATE, &Stage::Production, false, now).unwrap());
    let said = now(log::read(&lab.services, Some(&churn())));
    let told = "v42 of telco-churn is in production, but it is not the v42 that was signed off last: ";
    assert!(notes(&said).iter().any(|n| n.starts_with(told)), "{:?}", said.notes);
}

/// The promotion dies after every entry of its journal, and the model is made again: neither resume nor undo touches
/// the new version.
#[test]
fn nothing_is_written_to_a_version_that_took_the_name() {
    for target in [production(), champion()] {
        for entries in 1..2 * Step::sequence(&production(), CdTrigger::Release).len() + 2 {
            for undo in [false, true] {
                let lab = Lab::on(target.clone(), CdTrigger::Release);
                let plan = dead_after(&lab, entries);
                lab.clock.advance(std::time::Duration::from_secs(60));
                make_again(&lab);
                let before = model(&lab.world());
                let _ = if undo { lab.undo(plan.id) } else { lab.resume(plan.id) };
                assert_eq!(model(&lab.world()), before, "{target}, {entries} entries, undo: {undo}");
            }
        }
    }
}

/// After the tag there is no way back, and nothing to link: the release stands, and the end says what is there now.
#[test]
fn a_release_whose_version_is_gone_ends_and_says_so() {
    for deleted in [false, true] {
        for target in [production(), champion()] {
            let lab = Lab::on(target.clone(), CdTrigger::Release);
            let plan = lab.plan(CANDIDATE);
            lab.clock.advance(std::time::Duration::from_secs(60));
            let store = lab.store.clone();
            let mut done = false;
            lab.script.before_call(move |call| {
                if call.name != "publish_release" || std::mem::replace(&mut done, true) {
                    return;
                }
                let change = |w: &mut World| {
                    let model = w.models.get_mut(&churn()).unwrap();
                    model.aliases.clear();
                    if deleted {
                        model.versions.remove(&CANDIDATE);
                    } else {
                        let version = model.versions.get_mut(&CANDIDATE).unwrap();
                        version.run_id = Some(RunId::new("another"));
                        (version.source, version.tags, version.stage) =
                            ("another".to_owned(), Default::default(), Stage::None);
                    }
                    Ok::<_, signoff::domain::failure::Failure>(())
                };
                store.change(change).unwrap().unwrap();
            });
            let state = lab.approve(&plan).unwrap();
            assert!(state.is_over() && state.is_released(), "{target}, deleted: {deleted}: {:?}", state.paused);
            let StepState::Done(Receipt::Unlinked { why }) = state.step(Step::Link) else {
                panic!("{:?}", state.step(Step::Link))
            };
            let said = if deleted {
                "does not have v42 of telco-churn any more"
            } else {
                "v42 is another version of that name"
            };
            assert!(why.contains(said), "{why}");
            let odd = signoff::present::promotion::oddity(&state).unwrap();
            assert_eq!(odd.contains("not there: "), deleted, "{odd}");
            assert_eq!(lab.state(plan.id), state, "the journal says so too");
        }
    }
}

fn model(world: &World) -> signoff::adapters::demo::world::Model {
    world.models[&churn()].clone()
}

fn dead_after(lab: &Lab, entries: usize) -> PromotionPlan {
    let plan = lab.plan(CANDIDATE);
    lab.journals.die_at(Point::After(entries - 1));
    let _ = lab.approve(&plan);
    lab.journals.live_on();
    plan
}

/// Two workspaces of one server, each with a model of the same name, on one machine.
fn workspaces() -> (Lab, Lab) {
    let clock = std::sync::Arc::new(ManualClock::at(crate::lab::NOW));
    let journals = Journals::default();
    let lab = |name: &str| {
        let store = signoff::adapters::demo::Store::memory(world(CdTrigger::Release));
        let rules = rules_for(production(), CdTrigger::Release);
        Lab::wired(store, clock.clone(), journals.clone(), rules).in_workspace(name)
    };
    let (retention, mut pricing) = (lab("retention"), lab("pricing"));
    pricing.services.records = retention.services.records.clone();
    (retention, pricing)
}

#[test]
fn a_promotion_belongs_to_its_workspace() {
    let (retention, pricing) = workspaces();
    let plan = dead_after(&retention, 5);
    assert_eq!(plan.record.record.model.workspace.as_deref(), Some("retention"));
    let (world, journal) = (pricing.world(), retention.journals.len(plan.id));
    for refused in [pricing.resume(plan.id), pricing.undo(plan.id), pricing.approve(&plan)] {
        let failure = refused.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config);
        assert!(failure.reason.contains("(workspace retention)"), "{failure}");
        assert!(failure.reason.contains("(workspace pricing)"), "{failure}");
        assert_eq!(failure.hint.as_deref(), Some("Set `workspace = \"retention\"` for this target."));
    }
    assert_eq!((pricing.world(), retention.journals.len(plan.id)), (world, journal));
    // It does not stand in the way of the other one either.
    assert!(preflight(&pricing, &churn(), CANDIDATE, Decision::Approve).may_confirm());
    let unfinished = preflight(&retention, &churn(), CANDIDATE, Decision::Approve);
    says(&unfinished, "promotion", CheckState::Block, "the promotion of v42 is unfinished");
    assert!(retention.resume(plan.id).unwrap().is_released());
}

#[test]
fn what_was_released_in_one_workspace_was_not_in_production_in_another() {
    let (retention, pricing) = workspaces();
    assert!(retention.approve(&retention.plan(CANDIDATE)).unwrap().is_released());
    // The other workspace's model was made later, from the same runs.
    pricing.meddle(|w, now| {
        for version in w.models.get_mut(&churn()).unwrap().versions.values_mut() {
            version.created_at = now;
            version.tags.clear();
        }
    });
    assert_eq!(candidates(&retention, &churn()), [39]);
    assert_eq!(candidates(&pricing, &churn()), [] as [u64; 0]);
    let said = now(log::read(&pricing.services, Some(&churn())));
    assert!(said.entries.iter().all(|e| e.version != CANDIDATE), "{:?}", said.entries);
    assert!(
        notes(&said).iter().any(|n| n.contains("belong elsewhere: ") && n.contains("workspace retention")),
        "{:?}",
        said.notes
    );
}

/// A journal of an earlier version names no workspace: the version itself decides.
#[test]
fn a_journal_without_a_workspace_goes_on_only_where_its_version_is() {
    let (retention, pricing) = workspaces();
    let plan = dead_after(&retention, 5);
    let mut entries = retention.journals.entries(plan.id);
    if let Event::Opened { plan } = &mut entries[0].event {
        plan.draft.decision.workspace = None;
    }
    retention.journals.put(plan.id, &entries);
    pricing.meddle(|w, now| {
        w.models.get_mut(&churn()).unwrap().versions.get_mut(&CANDIDATE).unwrap().created_at = now;
    });
    assert_eq!(pricing.undo(plan.id).unwrap_err().kind, FailureKind::Config);
    assert_eq!(pricing.resume(plan.id).unwrap_err().kind, FailureKind::Config);
    assert!(retention.resume(plan.id).unwrap().is_released());
}

#[test]
fn a_promotion_goes_on_only_to_the_place_it_was_signed_for() {
    let lab = Lab::new();
    let plan = dead_after(&lab, 5);
    let mut rules = (*lab.services.rules).clone();
    rules.promote_to = champion();
    let changed = Lab::wired(lab.store.clone(), lab.clock.clone(), lab.journals.clone(), rules);
    for refused in [changed.resume(plan.id), changed.undo(plan.id)] {
        let failure = refused.unwrap_err();
        assert!(failure.reason.contains("(Production in ") && failure.reason.contains("(@champion in "), "{failure}");
    }
    assert!(lab.resume(plan.id).unwrap().is_released());
}

#[test]
fn the_log_keeps_what_was_signed_for_another_place() {
    let lab = released();
    let mut rules = (*lab.services.rules).clone();
    rules.promote_to = champion();
    let mut changed = Lab::wired(lab.store.clone(), lab.clock.clone(), lab.journals.clone(), rules);
    changed.services.records = lab.services.records.clone();
    let said = now(log::read(&changed.services, Some(&churn())));
    let approved = said.entries.iter().find(|e| e.version == CANDIDATE).expect("it is still told");
    assert!(approved.is_beside(&champion()));
    let put = said.production_at(jiff::Timestamp::MAX);
    assert!(put.values().all(|entry| entry.version != CANDIDATE), "and was never @champion: {put:?}");
    let note = "1 decision is about Production, not about @champion of this target";
    assert!(notes(&said).iter().any(|n| n == note), "{:?}", said.notes);
}
