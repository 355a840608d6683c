//! Deciding without promoting: reject, hold, the checklist, approvals that others add to, rollback.
#![allow(clippy::unwrap_used)]

use super::simulator::{Simulator, answer, decision_draft, preflight, refused};
use super::state::Driving;
use super::tests::screen_text;
use crate::app::effect::Effect;
use crate::app::msg::Msg;
use crate::app::prefs::{Prefs, Remember};
use crate::app::query::{Answer, Query};
use crate::app::route::Route;
use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::policy::Finding;
use crate::domain::policy::{Policy, PolicySource, Question};
use crate::domain::preflight::{Check, CheckState, Preflight};
use crate::domain::promotion::samples;
use crate::domain::record::{Decision, SignOff};
use crate::screens::Screen;
use crate::services::Decided;

fn subject() -> (ModelName, VersionNumber) {
    (ModelName::new("telco-churn"), VersionNumber(42))
}

fn decides(effects: &[Effect]) -> Vec<SignOff> {
    let said = |e: &Effect| match e {
        Effect::Decide { sign_off, .. } => Some(sign_off.clone()),
        _ => None,
    };
    effects.iter().filter_map(said).collect()
}

fn promotes(effects: &[Effect]) -> Vec<SignOff> {
    let said = |e: &Effect| match e {
        Effect::Promote { sign_off, .. } => Some(sign_off.clone()),
        _ => None,
    };
    effects.iter().filter_map(said).collect()
}

fn decided(decision: Decision) -> Msg {
    let mut plan = samples::draft();
    plan.basis.decision = decision;
    let sealed = plan.record(samples::id(3), samples::now(), &SignOff::because("no"), None);
    let outcome = Ok(Box::new(Decided { sealed, comment: None, notes: vec!["a note".into()] }));
    Msg::Decided { model: subject().0, version: subject().1, decision, outcome }
}

fn failed(decision: Decision) -> Msg {
    Msg::Decided { model: subject().0, version: subject().1, decision, outcome: Err(refused()) }
}

/// A rejection came to its end, somehow.
pub(super) fn settled(fine: bool) -> Msg {
    if fine { decided(Decision::Reject) } else { failed(Decision::Reject) }
}

/// Questions on the sample version.
fn questions() -> Vec<Question> {
    let question = |id: &str, required| Question {
        id: id.into(),
        text: format!("Is the {id} fine?"),
        required,
        answers: ["yes", "no", "n/a"].map(str::to_owned).to_vec(),
        pass: ["yes", "n/a"].map(str::to_owned).to_vec(),
    };
    vec![question("drift", true), question("docs", false)]
}

/// On the approval form, after the preflight was made other than it is.
fn form(change: impl Fn(&mut Preflight)) -> Simulator {
    let mut simulator = Simulator::new(&[]);
    simulator.answering = false;
    simulator.keys("a");
    reply(&mut simulator, |query| match query {
        Query::Preflight { .. } => {
            let mut there = preflight();
            change(&mut there);
            Some(Answer::Preflight(Box::new(there)))
        }
        _ => None,
    });
    simulator
}

fn reply(simulator: &mut Simulator, with: impl Fn(&Query) -> Option<Answer>) {
    for effect in simulator.asked() {
        if let Effect::Fetch(id, query) = effect {
            let answer = with(&query).map_or_else(|| answer(&query), Ok);
            simulator.send(Msg::Reply { id, query, answer });
        }
    }
}

/// On the checklist of the review, which asks two questions.
fn checklist() -> Simulator {
    let mut simulator = Simulator::new(&[]);
    simulator.state.rules.policy.from = crate::domain::rules::PolicyFrom::Repository;
    simulator.answering = false;
    simulator.keys("<enter>5");
    reply(&mut simulator, |query| {
        let Ok(Answer::Evaluation(mut evaluation)) = answer(query) else { return None };
        let policy = Policy { checklist: questions(), ..Policy::default() };
        evaluation.sources = vec![PolicySource::new("configuration", policy)];
        Some(Answer::Evaluation(evaluation))
    });
    simulator
}

#[test]
fn a_rejection_takes_two_keys_and_a_reason() {
    for (key, decision) in [("x", Decision::Reject), ("z", Decision::Hold)] {
        let mut simulator = Simulator::new(&[]);
        simulator.keys(key);
        simulator.keys("not yet<enter>see the ticket<ctrl-s>");
        let asked = simulator.asked();
        let said = SignOff::because("not yet\nsee the ticket");
        assert!(asked.contains(&Effect::Decide { draft: Box::new(decision_draft(decision)), sign_off: said }));
        assert_eq!(simulator.state.driving, Driving::Deciding);
        simulator.send(decided(decision));
        assert!(matches!(simulator.state.top(), Screen::Inbox(_)));
        let text = screen_text(&simulator.state, 100, 24);
        assert!(text.contains("telco-churn v42") && text.contains("a note"), "{text}");
    }
}

#[test]
fn without_a_reason_no_key_decides() {
    let mut simulator = Simulator::new(&[]);
    simulator.keys("x<ctrl-s>  <enter><ctrl-s><enter><tab><ctrl-s>");
    assert_eq!(decides(&simulator.asked()), []);
    assert!(screen_text(&simulator.state, 80, 24).contains("Enter a reason to reject"));
}

#[test]
fn a_second_submit_does_nothing() {
    let mut simulator = Simulator::new(&[]);
    simulator.keys("xbad<ctrl-s><ctrl-s><ctrl-s>");
    assert_eq!(decides(&simulator.asked()).len(), 1);
    simulator.keys("<esc>xagain<ctrl-s>");
    assert_eq!(decides(&simulator.asked()), [], "one decision at a time");
    simulator.keys("<esc>av42<enter>");
    assert_eq!(promotes(&simulator.asked()), [], "and no promotion beside it");
}

#[test]
fn nothing_is_decided_before_it_is_read() {
    let mut simulator = Simulator::new(&[]);
    simulator.answering = false;
    simulator.keys("xbad<ctrl-s>");
    assert_eq!(decides(&simulator.asked()), []);
}

#[test]
fn typed_words_survive_leaving_failing_and_quitting() {
    let mut simulator = Simulator::new(&[]);
    simulator.keys("xdrift is high<esc>");
    let asked = simulator.asked();
    assert!(matches!(&asked[..], [Effect::SavePrefs(Remember::Draft(_))]), "{asked:?}");
    simulator.keys("x");
    assert!(screen_text(&simulator.state, 80, 24).contains("drift is high"));
    simulator.keys("<ctrl-s>");
    assert_eq!(decides(&simulator.asked()).len(), 1);
    simulator.send(failed(Decision::Reject));
    let text = screen_text(&simulator.state, 80, 24);
    assert!(text.contains("drift is high") && text.contains("connection was refused"), "{text}");
    simulator.keys("<ctrl-s>");
    assert_eq!(decides(&simulator.asked()), [], "everything must be read again first");
    simulator.keys("<ctrl-r><ctrl-s>");
    assert_eq!(decides(&simulator.asked()), [SignOff::because("drift is high")]);
    simulator.send(failed(Decision::Reject));
    simulator.keys(", too<ctrl-c>");
    let asked = simulator.asked();
    let [Effect::SavePrefs(Remember::Draft(draft)), Effect::Quit] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(draft.reason(Decision::Reject), "drift is high, too");
}

#[test]
fn a_decision_forgets_what_was_drafted_for_it() {
    let mut simulator = Simulator::new(&[]);
    simulator.keys("xbad<ctrl-s>");
    simulator.asked();
    simulator.send(decided(Decision::Reject));
    let forgot = Effect::SavePrefs(Remember::Decided(subject().0, subject().1));
    assert!(simulator.asked().contains(&forgot));
    assert_eq!(simulator.state.prefs.drafts, []);
}

#[test]
fn quitting_waits_for_a_decision_that_is_being_written() {
    let mut simulator = Simulator::new(&[]);
    simulator.keys("xbad<ctrl-s>");
    simulator.asked();
    simulator.keys("<ctrl-c>");
    assert_eq!(simulator.asked(), []);
    simulator.send(decided(Decision::Reject));
    assert_eq!(simulator.asked().last(), Some(&Effect::Quit));
}

#[test]
fn answers_and_notes_are_kept_and_go_with_the_approval() {
    let mut simulator = checklist();
    simulator.keys("yneold one<enter>");
    let asked = simulator.asked();
    let Some(Effect::SavePrefs(Remember::Draft(draft))) = asked.last() else { panic!("{asked:?}") };
    assert_eq!(draft.answers["drift"].answer, "yes");
    assert_eq!((draft.answers["docs"].answer.as_str(), draft.answers["docs"].note.as_str()), ("no", "old one"));
    let text = screen_text(&simulator.state, 100, 30);
    assert!(text.contains("Checklist 2/2") && text.contains("old one"), "{text}");

    let mut other = checklist();
    let mut prefs = Prefs::default();
    prefs.remember(Remember::Draft(draft.clone()));
    other.send(Msg::Prefs(Prefs::from_text(&prefs.to_text()).unwrap()));
    assert!(screen_text(&other.state, 100, 30).contains("Checklist 2/2"));
}

#[test]
fn a_note_that_is_left_changes_nothing() {
    let mut simulator = checklist();
    simulator.keys("y<up>enever mind<esc>");
    let asked = simulator.asked();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(matches!(simulator.state.top(), Screen::Review(_)));
}

#[test]
fn open_questions_hinder_and_are_named() {
    let mut simulator = form(|p| p.draft.as_mut().unwrap().basis.demands.checklist = questions());
    simulator.keys("v42<enter>");
    assert_eq!(promotes(&simulator.asked()), []);
    let text = screen_text(&simulator.state, 120, 40);
    assert!(text.contains("'Is the drift fine?' is not answered") && text.contains("tab 5"), "{text}");
    let mut draft = simulator.state.prefs.draft(&subject().0, subject().1);
    draft.answers.entry("drift".into()).or_default().answer = "yes".into();
    simulator.state.prefs.remember(Remember::Draft(draft));
    simulator.keys("<enter>");
    assert_eq!(promotes(&simulator.asked())[0].answers["drift"].answer, "yes");
}

#[test]
fn an_override_says_so_and_needs_a_reason() {
    let mut simulator = form(|p| {
        let basis = &mut p.draft.as_mut().unwrap().basis;
        basis.demands.allow_override = true;
        basis.verdict.findings.push(Finding {
            rule: "auc".into(),
            state: CheckState::Block,
            detail: "auc is too low".into(),
            metric: None,
            unreadable: false,
        });
        p.checks.push(Check {
            title: "policy".into(),
            state: CheckState::Block,
            detail: "auc is too low".into(),
            hint: None,
            failure: None,
            overridable: true,
        });
    });
    assert!(screen_text(&simulator.state, 100, 30).contains("OVERRIDE 1 rule"));
    simulator.keys("v42<enter>");
    assert_eq!(promotes(&simulator.asked()), []);
    simulator.keys("<tab>agreed with risk<enter><enter>");
    let said = promotes(&simulator.asked());
    assert_eq!(said, [SignOff { overrides: true, ..SignOff::because("agreed with risk") }]);
}

#[test]
fn an_approval_that_others_have_to_add_to_is_recorded_and_promotes_nothing() {
    let mut simulator = form(|p| p.draft.as_mut().unwrap().basis.demands.approvals = 2);
    let text = screen_text(&simulator.state, 100, 30);
    assert!(text.contains("approval 1 of 2: recorded, promotes nothing yet"), "{text}");
    simulator.keys("v42<enter><enter>");
    let asked = simulator.asked();
    assert_eq!((decides(&asked).len(), promotes(&asked).len()), (1, 0));
    simulator.send(failed(Decision::Approve));
    assert!(screen_text(&simulator.state, 100, 30).contains("connection was refused"));
}

#[test]
fn a_rollback_takes_seven_keys_and_a_reason() {
    let mut simulator = Simulator::new(&[Route::Review(subject().0, subject().1)]);
    simulator.keys("R<enter>");
    let text = screen_text(&simulator.state, 100, 30);
    assert!(text.contains("ROLL BACK"), "{text}");
    // The world of these tests plans the same version whatever it is asked for.
    simulator.keys("it worked<enter>v41<enter>");
    assert_eq!(promotes(&simulator.asked()).len(), 1);
}

#[test]
fn the_first_opening_of_the_review_goes_into_the_record() {
    let mut simulator = Simulator::new(&[]);
    simulator.keys("<enter>");
    let later = samples::now().checked_add(jiff::SignedDuration::from_secs(30)).unwrap();
    simulator.send(Msg::Tick(later));
    simulator.keys("<esc><enter>av42<enter>");
    assert_eq!(promotes(&simulator.asked())[0].opened_at, Some(samples::now()));
}

#[test]
fn the_reason_of_an_approval_that_was_left_is_there_the_next_time_and_the_version_is_not() {
    let mut simulator = Simulator::new(&[]);
    simulator.keys("a<tab>reviewed the bias report<tab>v4<esc>");
    assert!(matches!(simulator.state.top(), Screen::Inbox(_)));
    let kept =
        |e: &Effect| matches!(e, Effect::SavePrefs(Remember::Draft(d)) if !d.reason(Decision::Approve).is_empty());
    assert!(simulator.asked().iter().any(kept));
    simulator.keys("a2<enter>");
    assert!(screen_text(&simulator.state, 80, 24).contains("reviewed the bias report"));
    assert_eq!(promotes(&simulator.asked()).len(), 0, "half a version is not kept");
    simulator.keys("<esc>av42<enter>");
    assert_eq!(promotes(&simulator.asked())[0].reason, "reviewed the bias report");
}
