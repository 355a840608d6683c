//! Deciding without promoting: reject, hold, the checklist, approvals short of the quorum, rollback.

use crate::sample::{answer, decision_draft, refused, sample, unanswered};
use crate::samples;
use crate::support::driver::Driver;
use signoff::app::effect::Effect;
use signoff::app::msg::Msg;
use signoff::app::prefs::{Prefs, Remember};
use signoff::app::query::Reply;
use signoff::app::route::Route;
use signoff::domain::decision::{Decided, Found};
use signoff::domain::failure::{Failure, Note};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::policy::Finding;
use signoff::domain::policy::{Policy, PolicySource, Question};
use signoff::domain::preflight::{Check, CheckState, Preflight};
use signoff::domain::record::{Decision, SignOff};
use signoff::program::state::Driving;
use signoff::screens::Screen;

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
    plan.decision.basis.decision = decision;
    let sealed = plan.record(samples::id(3), samples::now(), &SignOff::because("no"), None);
    let outcome = Ok(Box::new(Decided { sealed, comment: None, notes: vec!["a note".into()] }));
    Msg::Decided { model: subject().0, version: subject().1, decision, outcome }
}

fn failed(decision: Decision) -> Msg {
    Msg::Decided { model: subject().0, version: subject().1, decision, outcome: Err(refused()) }
}

/// The result of a rejection.
pub(super) fn settled(fine: bool) -> Msg {
    if fine { decided(Decision::Reject) } else { failed(Decision::Reject) }
}

/// Questions about the sample version.
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

/// On the approval form, with a changed preflight.
fn form(change: impl Fn(&mut Preflight)) -> Driver {
    let mut driver = sample(&[]);
    driver.answering = false;
    driver.keys("a");
    driver.answer_from(|query| match answer(query) {
        Reply::Preflight { model, version, decision, answer: Ok(mut there) } => {
            change(&mut there);
            Reply::Preflight { model, version, decision, answer: Ok(there) }
        }
        other => other,
    });
    driver
}

/// On the checklist of the review, which has two questions.
fn checklist() -> Driver {
    let mut driver = sample(&[]);
    driver.state.rules.policy.from = signoff::domain::rules::PolicyFrom::Repository;
    driver.answering = false;
    // The list has read a verdict on the same facts.
    driver.keys("<enter>");
    driver.answer_from(answer);
    driver.keys("r5");
    driver.answer_from(|query| {
        let mut reply = answer(query);
        if let Reply::Evaluation { answer: Ok(evaluation), .. } = &mut reply {
            let policy = Policy { checklist: questions(), ..Policy::default() };
            evaluation.sources = vec![PolicySource::new("configuration", policy)];
        }
        reply
    });
    driver
}

#[test]
fn a_rejection_takes_two_keys_and_a_reason() {
    for (key, decision) in [("x", Decision::Reject), ("z", Decision::Hold)] {
        let mut driver = sample(&[]);
        driver.keys(key);
        driver.keys("not yet<enter>see the ticket<ctrl-s>");
        let asked = driver.asked();
        let said = SignOff::because("not yet\nsee the ticket");
        assert!(asked.contains(&Effect::Decide { draft: Box::new(decision_draft(decision)), sign_off: said }));
        assert_eq!(driver.state.driving, Driving::Deciding);
        driver.send(decided(decision));
        assert!(matches!(driver.state.top(), Screen::Inbox(_)));
        let text = driver.picture_at(100, 24);
        assert!(text.contains("telco-churn v42") && text.contains("a note"), "{text}");
    }
}

/// Tab goes to the day and back; what is no day to come decides nothing, and a rejection has none.
#[test]
fn a_hold_may_be_given_a_day() {
    let mut driver = sample(&[]);
    driver.keys("zwait for the A/B test<tab>2020-01-01<ctrl-s>");
    assert_eq!(decides(&driver.asked()), []);
    driver.sees(&["2020-01-01 has passed"]);
    driver.keys("<ctrl-u>soon<ctrl-s>");
    assert_eq!(decides(&driver.asked()), []);
    driver.sees(&["'soon' is no day"]);
    driver.keys("<ctrl-u>2099-12-15<tab>!<ctrl-s>");
    let until = Some("2099-12-15T23:59:59Z".parse().unwrap());
    let said = SignOff { until, ..SignOff::because("wait for the A/B test!") };
    let wanted = Effect::Decide { draft: Box::new(decision_draft(Decision::Hold)), sign_off: said };
    assert!(driver.asked().contains(&wanted));
    let mut driver = sample(&[]);
    driver.keys("xbad<tab> indeed<ctrl-s>");
    let said = SignOff::because("bad indeed");
    let wanted = Effect::Decide { draft: Box::new(decision_draft(Decision::Reject)), sign_off: said };
    assert!(driver.asked().contains(&wanted));
    assert!(!driver.picture_at(80, 24).contains("Until"));
}

#[test]
fn without_a_reason_no_key_decides() {
    let mut driver = sample(&[]);
    driver.keys("x<ctrl-s>  <enter><ctrl-s><enter><tab><ctrl-s>");
    assert_eq!(decides(&driver.asked()), []);
    assert!(driver.picture_at(80, 24).contains("Enter a reason to reject"));
}

#[test]
fn a_second_submit_does_nothing() {
    let mut driver = sample(&[]);
    driver.keys("xbad<ctrl-s><ctrl-s><ctrl-s>");
    assert_eq!(decides(&driver.asked()).len(), 1);
    driver.keys("<esc>xagain<ctrl-s>");
    assert_eq!(decides(&driver.asked()), [], "one decision at a time");
    driver.keys("<esc>av42<enter>");
    assert_eq!(promotes(&driver.asked()), [], "and no promotion beside it");
}

#[test]
fn nothing_is_decided_before_it_is_read() {
    let mut driver = sample(&[]);
    driver.answering = false;
    driver.keys("xbad<ctrl-s>");
    assert_eq!(decides(&driver.asked()), []);
}

#[test]
fn typed_words_survive_leaving_failing_and_quitting() {
    let mut driver = sample(&[]);
    driver.keys("xdrift is high<esc>");
    let asked = driver.asked();
    assert!(matches!(&asked[..], [Effect::SavePrefs(Remember::Draft(_))]), "{asked:?}");
    driver.keys("x");
    assert!(driver.picture_at(80, 24).contains("drift is high"));
    driver.keys("<ctrl-s>");
    assert_eq!(decides(&driver.asked()).len(), 1);
    driver.send(failed(Decision::Reject));
    let text = driver.picture_at(80, 24);
    assert!(text.contains("drift is high") && text.contains("connection was refused"), "{text}");
    driver.keys("<ctrl-s>");
    assert_eq!(decides(&driver.asked()), [], "everything must be read again first");
    driver.keys("<ctrl-r><ctrl-s>");
    assert_eq!(decides(&driver.asked()), [SignOff::because("drift is high")]);
    driver.send(failed(Decision::Reject));
    driver.keys(", too<ctrl-c>");
    let asked = driver.asked();
    let [Effect::SavePrefs(Remember::Draft(draft)), Effect::Quit] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(draft.reason(Decision::Reject), "drift is high, too");
}

#[test]
fn a_decision_forgets_what_was_drafted_for_it() {
    let mut driver = sample(&[]);
    driver.keys("xbad<ctrl-s>");
    driver.asked();
    driver.send(decided(Decision::Reject));
    let forgot = Effect::SavePrefs(Remember::Decided(subject().0, subject().1));
    assert!(driver.asked().contains(&forgot));
    assert_eq!(driver.state.prefs.drafts, []);
}

#[test]
fn quitting_waits_for_a_decision_that_is_being_written() {
    let mut driver = sample(&[]);
    driver.keys("xbad<ctrl-s>");
    driver.asked();
    driver.keys("<ctrl-c>");
    assert_eq!(driver.asked(), []);
    driver.send(decided(Decision::Reject));
    assert_eq!(driver.asked().last(), Some(&Effect::Quit));
}

#[test]
fn answers_and_notes_are_kept_and_go_with_the_approval() {
    let mut driver = checklist();
    driver.keys("yneold one<enter>");
    let asked = driver.asked();
    let Some(Effect::SavePrefs(Remember::Draft(draft))) = asked.last() else { panic!("{asked:?}") };
    assert_eq!(draft.answers["drift"].answer, "yes");
    assert_eq!((draft.answers["docs"].answer.as_str(), draft.answers["docs"].note.as_str()), ("no", "old one"));
    let text = driver.picture_at(100, 30);
    assert!(text.contains("Checklist 2/2") && text.contains("old one"), "{text}");

    let mut other = checklist();
    let mut prefs = Prefs::default();
    prefs.remember(Remember::Draft(draft.clone()));
    other.send(Msg::Prefs(Prefs::from_text(&prefs.to_text()).unwrap()));
    assert!(other.picture_at(100, 30).contains("Checklist 2/2"));
}

#[test]
fn a_note_that_is_left_changes_nothing() {
    let mut driver = checklist();
    driver.keys("y<up>enever mind<esc>");
    let asked = driver.asked();
    let kept = |effect: &&Effect| matches!(effect, Effect::SavePrefs(_));
    assert_eq!(asked.iter().filter(kept).count(), 1, "the answer, and not the note: {asked:?}");
    assert!(matches!(driver.state.top(), Screen::Review(_)));
}

#[test]
fn open_questions_hinder_and_are_named() {
    let mut driver = form(|p| p.draft.as_mut().unwrap().decision.basis.demands.checklist = questions());
    driver.keys("v42<enter>");
    assert_eq!(promotes(&driver.asked()), []);
    let text = driver.picture_at(120, 40);
    assert!(text.contains("'Is the drift fine?' is not answered") && text.contains("tab 5"), "{text}");
    let mut draft = driver.state.ctx().draft(&subject().0, subject().1);
    draft.answers.entry("drift".into()).or_default().answer = "yes".into();
    driver.state.prefs.remember(Remember::Draft(draft));
    driver.keys("<enter>");
    assert_eq!(promotes(&driver.asked())[0].answers["drift"].answer, "yes");
}

#[test]
fn an_override_says_so_and_needs_a_reason() {
    let mut driver = form(|p| {
        let basis = &mut p.draft.as_mut().unwrap().decision.basis;
        basis.demands.allow_override = true;
        basis.verdict.findings.push(Finding {
            rule: "auc".into(),
            state: CheckState::Block,
            detail: "auc is too low".into(),
            metric: None,
            failure: None,
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
    assert!(driver.picture_at(100, 30).contains("OVERRIDE 1 rule"));
    driver.keys("v42<enter>");
    assert_eq!(promotes(&driver.asked()), []);
    driver.keys("<tab>agreed with risk<enter><enter>");
    let said = promotes(&driver.asked());
    assert_eq!(said, [SignOff { overrides: true, ..SignOff::because("agreed with risk") }]);
}

#[test]
fn an_approval_that_others_have_to_add_to_is_recorded_and_promotes_nothing() {
    let mut driver = form(|p| p.draft.as_mut().unwrap().decision.basis.demands.approvals = 2);
    let text = driver.picture_at(100, 30);
    assert!(text.contains("approval 1 of 2: recorded, promotes nothing yet"), "{text}");
    driver.keys("v42<enter><enter>");
    let asked = driver.asked();
    assert_eq!((decides(&asked).len(), promotes(&asked).len()), (1, 0));
    driver.send(failed(Decision::Approve));
    assert!(driver.picture_at(100, 30).contains("connection was refused"));
}

#[test]
fn a_rollback_takes_seven_keys_and_a_reason() {
    let mut driver = sample(&[Route::Review(subject().0, subject().1)]);
    driver.keys("R<enter>");
    let text = driver.picture_at(100, 30);
    assert!(text.contains("ROLL BACK"), "{text}");
    // The sample world plans the same version for every query.
    driver.keys("v41<tab>it worked<enter>");
    assert_eq!(promotes(&driver.asked()).len(), 1);
}

#[test]
fn what_a_rollback_could_not_look_at_is_said_with_what_to_do() {
    let model = subject().0;
    let mut driver = unanswered(&[Route::Rollback(model.clone())]);
    let why = Failure { reason: "connection refused".into(), ..refused() }.with_hint("Is the proxy up?");
    let notes = vec![Note::Unread(why), Note::Said("v3 was in production, and is gone".into())];
    driver.reply(Reply::RollbackCandidates { model, answer: Ok(Found { notes, ..Found::default() }) });
    driver.sees(&["connection refused. Is the proxy up?", "v3 was in production, and is gone"]);
    driver.misses(&["was in production."]);
    driver.sees(&["was found in what could be read."]);
}

#[test]
fn the_first_opening_of_the_review_goes_into_the_record() {
    let mut driver = sample(&[]);
    driver.keys("<enter>");
    let later = samples::now().checked_add(jiff::SignedDuration::from_secs(30)).unwrap();
    driver.send(Msg::Tick(later));
    driver.keys("<esc><enter>av42<enter>");
    assert_eq!(promotes(&driver.asked())[0].opened_at, Some(samples::now()));
}

#[test]
fn the_reason_of_an_approval_that_was_left_is_there_the_next_time_and_the_version_is_not() {
    let mut driver = sample(&[]);
    driver.keys("a<tab>reviewed the bias report<tab>v4<esc>");
    assert!(matches!(driver.state.top(), Screen::Inbox(_)));
    let kept =
        |e: &Effect| matches!(e, Effect::SavePrefs(Remember::Draft(d)) if !d.reason(Decision::Approve).is_empty());
    assert!(driver.asked().iter().any(kept));
    driver.keys("a2<enter>");
    assert!(driver.picture_at(80, 24).contains("reviewed the bias report"));
    assert_eq!(promotes(&driver.asked()).len(), 0, "half a version is not kept");
    driver.keys("<esc>av42<enter>");
    assert_eq!(promotes(&driver.asked())[0].reason, "reviewed the bias report");
}

#[test]
fn the_rollback_is_one_key_from_wherever_a_version_is() {
    let (model, version) = subject();
    let places = [
        Route::Inbox,
        Route::Versions(model.clone()),
        Route::Review(model.clone(), version),
        Route::Trend(model.clone(), version, "auc".into()),
        Route::Curve(model.clone(), version, "auc".into()),
        Route::Files(signoff::app::owner::Owner::Version(model.clone(), version)),
    ];
    for place in places {
        let mut driver = sample(std::slice::from_ref(&place));
        driver.keys("R");
        let at = driver.state.top().heading();
        assert_eq!(at, "roll back", "{place:?}");
    }
}
