//! Tag and release: those of others are respected, our own are recognised.

use signoff::adapters::demo::github::{NewRelease, TagObject};
use signoff::domain::failure::FailureKind;
use signoff::domain::ids::{CommitSha, TagName};
use signoff::domain::promotion::{Ending, Phase, PromotionPlan, Step, StepState};
use signoff::domain::release::notes_marker;

use crate::doubles::{FORBIDDEN, Fault, REJECTED};
use crate::lab::{CANDIDATE, HOLDER, Lab};
use crate::reviews::why_undone;

/// An annotated tag, or a commit for a lightweight one.
type TagTarget = Result<TagObject, CommitSha>;

/// Creates a tag right before ours would be created.
fn with_tag_before_ours(lab: &Lab, plan: &PromotionPlan, make: impl Fn(&PromotionPlan) -> TagTarget) {
    let made = make(plan);
    let (store, tag) = (lab.store.clone(), plan.draft.tag.clone());
    lab.script.before_call(move |call| {
        if call.name == "create_tag_ref" && call.nth == 0 {
            let at = "2026-11-23T09:00:00Z".parse().unwrap();
            let change = |w: &mut signoff::adapters::demo::World| {
                let target = match &made {
                    Ok(object) => w.repo.create_tag_object(object.clone())?,
                    Err(commit) => commit.to_string(),
                };
                w.repo.create_tag_ref(&tag, &target, at)
            };
            store.change(change).unwrap().unwrap();
        }
    });
}

fn object(plan: &PromotionPlan, message: String) -> TagObject {
    TagObject {
        tag: plan.draft.tag.clone(),
        message,
        commit: plan.commit().clone(),
        tagger: "somebody".into(),
        email: "somebody@example.org".into(),
        at: "2026-11-23T08:59:59Z".parse().unwrap(),
    }
}

#[test]
fn a_foreign_tag_of_our_name_turns_the_promotion_back_and_stays() {
    // On another commit, on the same one, and annotated by somebody else for another purpose.
    let other: CommitSha = "f3c8cd9fae88dea9584308761970e0cfae33725f".parse().unwrap();
    let by_hand = "Release by hand\n\nSignoff-Operation: not-a-promotion";
    let makes: [&dyn Fn(&PromotionPlan) -> TagTarget; 3] =
        [&|_| Err(other.clone()), &|plan| Err(plan.commit().clone()), &|plan| Ok(object(plan, by_hand.into()))];
    for make in makes {
        let lab = Lab::new();
        let plan = lab.plan(CANDIDATE);
        with_tag_before_ours(&lab, &plan, make);
        let state = lab.approve(&plan).unwrap();
        assert!(why_undone(&state).contains("the tag telco-churn-v42 exists already"), "{}", why_undone(&state));
        assert_eq!(lab.holders(), [HOLDER]);
        let world = lab.world();
        assert!(world.repo.tags.contains_key(&plan.draft.tag), "a foreign tag is never deleted");
        assert!(!world.repo.releases.iter().any(|r| r.tag == plan.draft.tag));
        assert_eq!(lab.script.wrong(), Vec::<String>::new());
    }
}

#[test]
fn the_same_version_released_by_somebody_else_an_instant_before_supersedes_ours() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let theirs = lab.colleague().plan(CANDIDATE);
    with_tag_before_ours(&lab, &plan, move |plan| Ok(object(plan, theirs.tag_message.clone())));
    let state = lab.approve(&plan).unwrap();
    let Phase::Ended(Ending::Superseded { by }) = &state.phase else { panic!("{:?}", state.phase) };
    assert!(by.contains("v42 was already released by another promotion"), "{by}");
    assert_eq!(lab.holders(), [CANDIDATE], "the target is their work, too: it stays");
    assert!(matches!(state.step(Step::Move), StepState::Done(_)));
    assert!(state.truth.iter().all(|t| t.as_meant == Some(true)), "{:?}", state.truth);
}

#[test]
fn a_release_somebody_else_put_on_our_tag_is_left_alone_and_asked_about() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let (store, tag) = (lab.store.clone(), plan.draft.tag.clone());
    lab.script.before_call(move |call| {
        if call.name == "releases" && call.nth == 0 {
            let new = NewRelease {
                tag: tag.clone(),
                title: "mine".into(),
                body: "by a bot".into(),
                draft: false,
                author: "release-bot".into(),
            };
            let at = "2026-11-23T09:00:00Z".parse().unwrap();
            store.change(|w| w.repo.create_release(new, at)).unwrap().unwrap();
        }
    });
    let state = lab.approve(&plan).unwrap();
    let (failure, truth) = state.paused.clone().expect("a person has to look");
    assert!(failure.reason.contains("a release of telco-churn-v42 by release-bot exists"), "{failure}");
    assert_eq!(failure.hint.as_deref(), Some("Look at what is there, remove what does not belong, then resume."));
    let release = truth.iter().find(|t| t.what == "release").unwrap();
    assert_eq!(release.as_meant, Some(false), "{release:?}");
    assert_eq!(lab.script.count("create_release"), 0);
    // Undo is no longer possible, and resuming without a change asks again.
    assert!(!state.may_undo());
    assert!(lab.resume(plan.id).unwrap().paused.is_some());
    // Once the bot's release is removed, it goes on.
    lab.meddle(|w, _| w.repo.releases.retain(|r| r.author != "release-bot"));
    assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
}

#[test]
fn a_draft_that_a_failed_create_left_behind_is_published_and_not_made_twice() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let (store, new) = (lab.store.clone(), draft_of(&plan));
    lab.script.on_call(move |call| {
        (call.name == "create_release").then(|| {
            // GitHub does this: it answers 502, and a draft exists.
            let at = "2026-11-23T09:00:00Z".parse().unwrap();
            store.change(|w| w.repo.create_release(new.clone(), at)).unwrap().unwrap();
            Fault::Lost
        })
    });
    let state = lab.approve(&plan).unwrap();
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    assert_eq!((lab.script.count("create_release"), lab.script.count("publish_release")), (1, 1));
    let releases: Vec<_> = lab.world().repo.releases.into_iter().filter(|r| r.tag == plan.draft.tag).collect();
    assert!(releases.len() == 1 && !releases[0].draft, "{releases:?}");
}

fn draft_of(plan: &PromotionPlan) -> NewRelease {
    NewRelease {
        tag: plan.draft.tag.clone(),
        title: plan.draft.title.clone(),
        body: plan.notes.clone(),
        draft: true,
        author: "rev1".into(),
    }
}

#[test]
fn a_draft_somebody_else_keeps_for_our_tag_is_neither_published_nor_in_the_way() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    let theirs = NewRelease { body: "notes for later".into(), author: "dana".into(), ..draft_of(&plan) };
    lab.meddle(|w, now| w.repo.create_release(theirs, now).unwrap());
    assert_eq!(lab.approve(&plan).unwrap().phase, Phase::Ended(Ending::Done));
    let marker = notes_marker(&plan.id.to_string());
    let releases: Vec<_> = lab.world().repo.releases.into_iter().filter(|r| r.tag == plan.draft.tag).collect();
    assert_eq!(
        releases.iter().map(|r| (r.draft, r.body.contains(&marker))).collect::<Vec<_>>(),
        [(true, false), (false, true)]
    );
}

#[test]
fn a_reviewer_who_may_not_write_any_more_leaves_nothing_half_done() {
    // Before the tag everything is undone.
    for name in ["set_version_tag", "move_stage", "create_tag_object", "create_tag_ref"] {
        for fault in [FORBIDDEN, REJECTED] {
            let lab = Lab::new();
            let plan = lab.plan(CANDIDATE);
            lab.script.fail_first(name, fault);
            let state = lab.approve(&plan).unwrap();
            assert!(why_undone(&state).contains("the double says"), "{name}: {}", why_undone(&state));
            assert_eq!(lab.holders(), [HOLDER], "{name}");
            assert!(state.truth.iter().all(|t| t.as_meant == Some(true)), "{name}: {:?}", state.truth);
        }
    }
}

#[test]
fn a_reviewer_who_may_not_publish_the_release_is_told_and_resumes_later() {
    for name in ["create_release", "set_version_tag"] {
        let lab = Lab::new();
        let plan = lab.plan(CANDIDATE);
        // The mark is the first of the version's tags; the links come after the tag.
        lab.script.on_call(move |call| {
            (call.name == name && (name != "set_version_tag" || call.nth > 0)).then_some(FORBIDDEN)
        });
        let state = lab.approve(&plan).unwrap();
        let (failure, _) = state.paused.clone().expect("the tag is cut: it can only go on");
        assert_eq!(failure.kind, FailureKind::Forbidden);
        assert!(!state.may_undo());
        assert_eq!(lab.undo(plan.id).unwrap_err().kind, FailureKind::Conflict);
        assert_eq!(lab.holders(), [CANDIDATE], "{name}");
        lab.script.mend();
        assert_eq!(lab.resume(plan.id).unwrap().phase, Phase::Ended(Ending::Done));
    }
}

#[test]
fn a_ruleset_that_refuses_after_a_lost_try_is_asked_about_and_not_unwound() {
    // The first attempt is lost without effect, every later one is refused: the outcome of the first is unknown.
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.on_call(|call| match (call.name, call.nth) {
        ("create_tag_ref", 0) => Some(Fault::Lost),
        ("create_tag_ref", _) => Some(REJECTED),
        _ => None,
    });
    let state = lab.approve(&plan).unwrap();
    assert!(state.paused.is_some() && state.may_be_cut(), "{:?}", state.phase);
    assert!(matches!(state.step(Step::TagRef), StepState::Unknown(_)));
    assert_eq!(lab.holders(), [CANDIDATE]);
    // Resume checks and tries again; undo checks, and is then possible.
    assert!(lab.resume(plan.id).unwrap().paused.is_some());
    assert_eq!(lab.script.count("create_tag_ref"), 3);
    assert!(why_undone(&lab.undo(plan.id).unwrap()).contains("at the request of rev1"));
    assert_eq!(lab.holders(), [HOLDER]);
}

#[test]
fn a_tag_that_was_lost_and_refused_and_was_there_all_the_time_is_ours() {
    let lab = Lab::new();
    let plan = lab.plan(CANDIDATE);
    lab.script.lag(14);
    lab.script.fail_first("create_tag_ref", Fault::ReplyLost);
    let mut state = lab.approve(&plan).unwrap();
    assert!(state.paused.is_some(), "{:?}", state.phase);
    while !state.is_over() {
        state = lab.resume(plan.id).unwrap();
    }
    assert_eq!(state.phase, Phase::Ended(Ending::Done));
    assert!(!lab.journals.entries(plan.id).iter().any(|e| format!("{:?}", e.event).contains("Undo")));
    let tags: Vec<TagName> = lab.world().repo.tags.into_keys().collect();
    assert!(tags.contains(&plan.draft.tag));
}
