//! Flows through the inbox: which versions it finds, what it asks for that, and what stays under the cursor.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use proptest::prelude::*;
use signoff::app::effect::Effect;
use signoff::app::msg::Msg;
use signoff::app::query::{Query, Reply};
use signoff::domain::evidence::{Code, Evidence, not_asked};
use signoff::domain::facts::SharedFacts;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::inbox::all_waiting;
use signoff::domain::page::Page;
use signoff::domain::policy::{Evaluation, Finding, Verdict};
use signoff::domain::preflight::CheckState;
use signoff::domain::record::{Decision, DecisionMark};
use signoff::domain::registry::{ModelVersion, PromotionTarget, RegisteredModel, Stage, VersionStatus};

use crate::sample::{answer, refused, rules};
use crate::samples;
use crate::support::driver::Driver;

fn version(model: &str, number: u64, stage: Stage) -> ModelVersion {
    // Spread, so that the order by age mixes the models.
    let hours = (number * 37 + model.bytes().map(u64::from).sum::<u64>() * 11) % 97;
    let created = samples::now() - SignedDuration::from_hours(i64::try_from(hours).unwrap() + 24);
    ModelVersion {
        model: ModelName::new(model),
        number: VersionNumber(number),
        created_at: Some(created),
        run_id: None,
        tags: Default::default(),
        ..samples::version(number, stage)
    }
}

fn marked(mut version: ModelVersion, decision: Decision) -> ModelVersion {
    let mark = DecisionMark {
        decision,
        by: "lee".into(),
        at: samples::now(),
        reason: "waiting for legal".into(),
        until: None,
        record: "sha256:0".into(),
        to: None,
        of: version.stamp(),
    };
    version.tags.insert("signoff.decision", mark.to_value());
    version
}

/// The entry of a model in the list of models: the highest of each stage only.
fn entry(versions: &[ModelVersion], aliases: &[(&str, u64)]) -> RegisteredModel {
    let highest = |v: &&ModelVersion| !versions.iter().any(|o| o.stage == v.stage && o.number > v.number);
    RegisteredModel {
        name: versions[0].model.clone(),
        description: String::new(),
        tags: Default::default(),
        aliases: aliases.iter().map(|(alias, n)| ((*alias).to_owned(), VersionNumber(*n))).collect(),
        told: true,
        browse_only: false,
        there: Default::default(),
        latest: versions.iter().filter(highest).cloned().collect(),
        created_at: None,
        updated_at: None,
    }
}

/// Six models whose lists of versions take several pages.
fn registry() -> Vec<(RegisteredModel, Vec<ModelVersion>)> {
    let of = |name: &'static str, versions: &[(u64, Stage)], aliases: &[(&str, u64)]| {
        let versions: Vec<_> = versions.iter().map(|(n, stage)| version(name, *n, stage.clone())).collect();
        (entry(&versions, aliases), versions)
    };
    let (none, staging, production) = (Stage::None, Stage::Staging, Stage::Production);
    let mut all = vec![
        of("a", &[(1, none.clone()), (2, production.clone()), (3, none.clone()), (4, none.clone())], &[]),
        of("b", &[(1, staging.clone()), (2, staging.clone()), (3, production.clone())], &[]),
        of("c", &[(1, none.clone()), (2, none.clone()), (3, none.clone())], &[]),
        of("d", &[(1, none.clone()), (2, none.clone()), (3, production.clone())], &[("challenger", 1)]),
        of("e", &[(1, production.clone()), (2, staging.clone()), (3, staging.clone())], &[]),
        of("f", &[(1, production), (2, none.clone()), (3, none.clone()), (4, none)], &[]),
    ];
    // Rejected, held and failed ones hide nothing.
    let change = |entry: &mut (RegisteredModel, Vec<ModelVersion>), number: u64, f: &dyn Fn(&mut ModelVersion)| {
        let (model, versions) = entry;
        versions.iter_mut().chain(&mut model.latest).filter(|v| v.number.0 == number).for_each(f);
    };
    change(&mut all[4], 3, &|v| *v = marked(v.clone(), Decision::Reject));
    change(&mut all[5], 4, &|v| v.status = VersionStatus::Failed("no files".into()));
    change(&mut all[5], 3, &|v| *v = marked(v.clone(), Decision::Hold));
    all
}

fn cut<T: Clone>(items: &[T], page: Option<&str>, size: usize) -> Page<T> {
    let from: usize = page.map_or(0, |page| page.parse().unwrap());
    let next = (from + size < items.len()).then(|| (from + size).to_string());
    Page { items: items[from..items.len().min(from + size)].to_vec(), next }
}

fn world(query: &Query) -> Reply {
    match query.clone() {
        Query::Models { page } => {
            let models: Vec<_> = registry().into_iter().map(|(model, _)| model).collect();
            Reply::Models { answer: Ok(cut(&models, page.as_deref(), 2)), page }
        }
        Query::Versions { model, page } => {
            let (_, mut versions) = registry().into_iter().find(|(entry, _)| entry.name == model).unwrap();
            versions.reverse();
            Reply::Versions { answer: Ok(cut(&versions, page.as_deref(), 2)), model, page }
        }
        Query::Evaluation { facts } => judged(facts),
        _ => answer(query),
    }
}

/// What the code host adds to a verdict here: it depends on the version alone.
fn judged(facts: SharedFacts) -> Reply {
    let number = facts.version.number.0 + facts.version.model.as_str().len() as u64;
    let state = [CheckState::Pass, CheckState::Warn, CheckState::Block][number as usize % 3];
    said(facts, state)
}

fn said(facts: SharedFacts, state: CheckState) -> Reply {
    let code = Code::unread(&not_asked("it"));
    let evidence = Evidence {
        facts: (*facts).clone(),
        signature: Ok(None),
        requests: Ok(Vec::new()),
        artifact: None,
        code,
        read_at: samples::now(),
    };
    let evaluation = Evaluation::of(Vec::new(), evidence);
    let finding = Finding::new("checks.unit", state, "the check unit");
    let verdict = Verdict { findings: vec![finding], ..Verdict::default() };
    Reply::Evaluation { facts, answer: Ok(Evaluation { verdict, ..evaluation }) }
}

/// Every version that waits, as the rule says that the command line follows as well.
fn wanted() -> Vec<String> {
    let target = rules().promote_to;
    let mut all: Vec<String> = registry()
        .iter()
        .flat_map(|(model, versions)| {
            all_waiting(model, versions, &target).into_iter().map(|w| link(w.candidate)).collect::<Vec<_>>()
        })
        .collect();
    all.sort();
    all
}

fn link(version: &ModelVersion) -> String {
    format!("models:/{}/{}", version.model.as_str(), version.number.0)
}

/// The version under the cursor.
fn selected(driver: &mut Driver) -> Option<String> {
    driver.asked();
    driver.keys("y");
    driver.asked().into_iter().find_map(|effect| match effect {
        Effect::Copy(text) => Some(text),
        _ => None,
    })
}

/// All versions: those with a row of their own, and those folded under one.
fn unfolded(driver: &mut Driver) -> Vec<String> {
    driver.keys("g");
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    loop {
        let here = selected(driver).unwrap();
        if found.last() == Some(&here) {
            return found;
        }
        if seen.insert(here.split('/').nth(1).unwrap().to_owned()) {
            driver.keys("<space>");
            assert_eq!(selected(driver).as_ref(), Some(&here), "the cursor stays");
        }
        found.push(here);
        driver.keys("j");
    }
}

/// The lines of the list below its header.
fn lines(driver: &Driver) -> Vec<String> {
    let picture = driver.picture();
    let below = picture.lines().skip_while(|line| !line.contains("MODEL")).skip(1);
    let rows =
        below.take_while(|line| !line.starts_with('─')).map(|line| line.trim().trim_start_matches("▸ ").to_owned());
    rows.filter(|line| !line.is_empty()).collect()
}

#[test]
fn every_undecided_version_that_is_staged_aliased_or_newer_has_its_row() {
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    driver.resize(80, 40);
    driver.answer_all();
    let mut found = unfolded(&mut driver);
    found.sort();
    assert_eq!(found, wanted());
    for expected in ["models:/a/3", "models:/b/1", "models:/c/1", "models:/d/1", "models:/e/2", "models:/f/2"] {
        assert!(found.iter().any(|row| row == expected), "{expected} is not in the list of models");
    }
    driver.sees(&["HELD BACK", "waiting for legal", &format!(" {} waiting", found.len() - 1)]);
}

#[test]
fn older_versions_that_cannot_be_read_are_said_and_nothing_is_asked_again() {
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    driver.refuse(|query| matches!(query, Query::Versions { .. }), refused());
    driver.answer_all();
    driver.resize(120, 30);
    driver.sees(&["+ waiting", "the connection was refused"]);
    driver.answer_from_the_world();
    driver.keys("r");
    driver.misses(&["+ waiting", "the connection was refused"]);
}

#[test]
fn what_is_out_of_sight_is_read_when_it_comes_into_sight_and_the_title_says_so() {
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    driver.resize(80, 15);
    driver.answer_all();
    driver.sees(&["+ waiting"]);
    driver.keys("G");
    driver.misses(&["+ waiting"]);
}

fn is_verdict(query: &Query) -> bool {
    matches!(query, Query::Evaluation { .. })
}

#[test]
fn rows_stand_in_the_section_of_their_verdict_and_only_a_complete_one_moves_them() {
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    driver.resize(80, 40);
    driver.answer_only(|query| !is_verdict(query));
    let before = lines(&driver);
    assert_eq!((before[0].as_str(), before.iter().filter(|line| line.contains('…')).count()), ("NEEDS A LOOK", 7));
    driver.misses(&["READY", "CANNOT BE APPROVED", "✓"]);
    driver.sees(&["HELD BACK"]);
    let under_cursor = selected(&mut driver);
    driver.answer_all();
    assert_eq!(selected(&mut driver), under_cursor);
    let after = lines(&driver);
    let at = |heading: &str| after.iter().position(|line| line == heading).unwrap_or_else(|| panic!("{after:#?}"));
    let places = ["READY", "NEEDS A LOOK", "CANNOT BE APPROVED", "HELD BACK"].map(at);
    assert!(places.is_sorted(), "{after:#?}");
    for (heading, word) in [("READY", "✓ pass 1"), ("NEEDS A LOOK", "! 1 warn"), ("CANNOT BE APPROVED", "✗ 1 blocking")]
    {
        let of_section =
            after.iter().skip(at(heading) + 1).take_while(|line| !line.chars().all(|c| c.is_uppercase() || c == ' '));
        let rows: Vec<_> = of_section.filter(|line| !line.starts_with('+')).collect();
        assert!(!rows.is_empty() && rows.iter().all(|line| line.contains(word)), "{heading}: {after:#?}");
        let days: Vec<u32> = rows
            .iter()
            .filter_map(|line| line.split_whitespace().find_map(|w| w.strip_suffix('d')?.parse().ok()))
            .collect();
        assert!(days.len() == rows.len() && days.is_sorted_by(|a, b| a >= b), "oldest first: {after:#?}");
    }
}

#[test]
fn a_rule_that_was_not_read_is_not_passed() {
    let mut rules = rules();
    let toml = "[policy]\ndescription = true\nchecks = [\"unit\", \"lint\"]\npull_request_approvals = 1\n";
    rules.policy.configured = signoff::domain::policy::file::parse(toml).unwrap();
    let mut driver = Driver::of(answer, rules, samples::now(), &[]);
    driver.answer_only(|query| !is_verdict(query));
    driver.sees(&["NEEDS A LOOK", "… 1/4"]);
    driver.misses(&["pass", "READY"]);
    driver.refuse(is_verdict, refused());
    driver.answer_all();
    driver.sees(&["NEEDS A LOOK", "? 1/4"]);
    driver.misses(&["pass", "READY"]);
    driver.answer_from_the_world();
    driver.answer_with(|query| match query {
        Query::Evaluation { facts } => Some(said(facts.clone(), CheckState::Pass)),
        _ => None,
    });
    driver.keys("r");
    driver.sees(&["READY", "✓ pass 1"]);
}

#[test]
fn verdicts_are_read_for_what_is_in_sight_a_few_at_a_time_and_not_again_and_again() {
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    driver.resize(80, 40);
    driver.answer_only(|query| !is_verdict(query));
    let open = |driver: &Driver| driver.open().filter(|query| is_verdict(query)).count();
    assert_eq!(open(&driver), 2);
    // A review that lies on the list reads its own verdict only.
    driver.keys("<enter>");
    driver.answer_only(|query| !is_verdict(query));
    assert!(open(&driver) <= 1, "{}", open(&driver));
    driver.keys("<esc>");
    assert_eq!(open(&driver), 2);
    driver.answer_all();
    driver.asked();
    let asked = |driver: &mut Driver| {
        let is_it = |effect: &Effect| matches!(effect, Effect::Fetch(_, query) if is_verdict(query));
        driver.asked().iter().filter(|effect| is_it(effect)).count()
    };
    driver.answering = false;
    driver.send(Msg::Refresh);
    driver.answer_only(|query| !is_verdict(query));
    assert_eq!((open(&driver), asked(&mut driver)), (0, 0), "the timer reads no verdict of a minute ago");
    driver.wait(Duration::from_secs(700));
    driver.send(Msg::Refresh);
    assert!(open(&driver) > 0, "but one of ten minutes ago");
    driver.answer_only(|_| true);
    driver.keys("r");
    assert!(open(&driver) > 0, "and all if somebody asks for it");
}

#[test]
fn what_a_review_found_is_shown_once_it_was_opened() {
    let mut driver = Driver::of(answer, rules(), samples::now(), &[]);
    driver.state.rules.policy.configured =
        signoff::domain::policy::file::parse("[policy]\nsignature = true\n").unwrap();
    driver.refuse(is_verdict, refused());
    driver.answer_all();
    driver.sees(&["NEEDS A LOOK"]);
    driver.answer_with(|query| match query {
        Query::Evaluation { facts } => Some(said(facts.clone(), CheckState::Block)),
        _ => None,
    });
    driver.keys("<enter>r<esc>");
    driver.sees(&["CANNOT BE APPROVED", "✗ 1 blocking"]);
}

#[test]
fn what_nobody_staged_folds_under_what_somebody_did() {
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    driver.resize(80, 40);
    driver.answer_all();
    driver.sees(&["+ 1 older, not staged", "+ 2 older, not staged"]);
    let folded = lines(&driver).iter().filter(|line| !line.starts_with('+')).count();
    while !selected(&mut driver).unwrap().starts_with("models:/c/") {
        driver.keys("j");
    }
    assert_eq!(selected(&mut driver).as_deref(), Some("models:/c/3"));
    driver.keys("<space>");
    driver.misses(&["+ 2 older, not staged"]);
    assert_eq!(lines(&driver).iter().filter(|line| !line.starts_with('+')).count(), folded + 2);
    driver.keys("jj");
    assert_eq!(selected(&mut driver).as_deref(), Some("models:/c/1"));
    driver.keys("<space>");
    assert_eq!(selected(&mut driver).as_deref(), Some("models:/c/3"), "the cursor goes to the row that stands for it");
    driver.sees(&["+ 2 older, not staged"]);
    driver.keys("/^c\\ v1<enter>");
    assert_eq!(selected(&mut driver).as_deref(), Some("models:/c/1"), "a filter finds what is folded");
}

/// The models of the rows, in their order, by section.
fn order(driver: &Driver) -> Vec<String> {
    let names = |line: &String| line.split_whitespace().next().unwrap_or_default().to_owned();
    lines(driver).iter().filter(|line| !line.starts_with('+')).map(names).collect()
}

#[test]
fn a_column_sorts_each_section_and_the_choice_is_remembered() {
    let mut driver = Driver::demo();
    driver.resize(100, 30);
    let sections: Vec<String> = order(&driver);
    driver.keys("smodel");
    driver.sees(&["sort by", "MODEL"]);
    driver.keys("<enter>");
    driver.sees(&["MODEL↑"]);
    let up = order(&driver);
    let of = |rows: &[String], heading: &str| -> Vec<String> {
        let rows = rows.iter().skip_while(|row| *row != heading).skip(1);
        rows.take_while(|row| !["READY", "NEEDS", "CANNOT", "HELD"].contains(&row.as_str())).cloned().collect()
    };
    assert_eq!(of(&up, "READY"), ["credit-limit", "telco-churn"]);
    assert!(of(&up, "CANNOT").is_sorted() && of(&up, "CANNOT").len() > 1, "{up:?}");
    let kept = |driver: &mut Driver| driver.asked().iter().any(|effect| matches!(effect, Effect::SavePrefs(_)));
    assert!(kept(&mut driver));
    driver.keys("smodel<enter>");
    driver.sees(&["MODEL↓"]);
    assert_eq!(of(&order(&driver), "READY"), ["telco-churn", "credit-limit"]);
    driver.keys("smodel<enter>");
    driver.misses(&["MODEL↓", "MODEL↑"]);
    assert_eq!(order(&driver), sections);
    driver.keys("sprod<enter>");
    assert_eq!(of(&order(&driver), "CANNOT").first().map(String::as_str), Some("card-fraud"), "the worst first");
}

#[test]
fn columns_are_hidden_and_shown_and_versions_have_their_own() {
    let mut driver = Driver::demo();
    driver.resize(110, 30);
    driver.sees(&["AUTHOR", "METRIC"]);
    driver.keys("Cauthor<enter>");
    driver.sees(&["[ ] AUTHOR"]);
    driver.keys("<esc>");
    driver.misses(&["AUTHOR"]);
    driver.sees(&["METRIC", "VERDICT"]);
    driver.keys("v");
    driver.sees(&["AUTHOR"]);
    driver.keys("sage<enter>");
    driver.sees(&["↓AGE"]);
    let ages: Vec<String> = driver.picture().lines().filter(|line| line.contains(" v")).map(str::to_owned).collect();
    assert!(ages.len() > 2, "{ages:?}");
    driver.keys("<esc>Cauthor<enter><esc>");
    driver.sees(&["AUTHOR"]);
}

#[test]
fn numbers_beside_the_inbox_are_whole_however_long_a_name_is() {
    let mut driver = Driver::demo();
    driver.resize(120, 36);
    driver.answer_all();
    driver.keys("/credit<enter>");
    driver.answer_all();
    driver.sees(&["18.9 →  23.7  ▼ +4.8", "0.021 → 0.019  ? -0.002", "demograph…arity_gap"]);
}

/// Whether the cursor is on the first row below the first heading.
fn stands_first(driver: &Driver) -> bool {
    let picture = driver.picture();
    let mut below = picture.lines().skip_while(|line| !line.contains("MODEL")).skip(1);
    let is_heading = |line: &&str| line.trim().is_empty() || line.trim().chars().all(|c| c.is_uppercase() || c == ' ');
    let first = below.find(|line| !is_heading(line));
    first.is_none_or(|line| line.trim_start().starts_with('▸'))
}

#[test]
fn the_cursor_is_on_the_first_thing_to_do_until_a_key_is_pressed() {
    let mut driver = Driver::asking(crate::support::driver::demo_rules(), &[], |_| {});
    driver.resize(100, 30);
    driver.answer_all();
    driver.sees(&["READY"]);
    assert!(stands_first(&driver), "{}", driver.picture());
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    driver.resize(80, 40);
    driver.answer_only(|query| !is_verdict(query));
    driver.keys("j");
    let chosen = selected(&mut driver);
    driver.answer_all();
    assert_eq!(selected(&mut driver), chosen, "then it follows its row");
}

#[derive(Clone, Debug)]
enum Step {
    /// Answer one of the open queries.
    Answer(usize),
    Key(&'static str),
    Resize(u16),
}

/// Answers one of the open queries.
fn reply_to(driver: &mut Driver, nth: usize) {
    let open: Vec<Query> = driver.open().cloned().collect();
    if let Some(query) = (!open.is_empty()).then(|| open[nth % open.len()].clone()) {
        driver.reply(world(&query));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    /// Answers come in any order, and what was read is read again meanwhile: until a key is pressed the first row is under
    /// the cursor, and then the version under it stays; in the end everything that waits is there.
    #[test]
    fn nothing_moves_under_the_cursor_when_rows_arrive(
        before in prop::collection::vec(prop_oneof![
            6 => (0usize..9).prop_map(Step::Answer),
            1 => Just(Step::Key("r")),
            1 => (15u16..30).prop_map(Step::Resize),
        ], 0..30),
        steps in prop::collection::vec(prop_oneof![
            6 => (0usize..9).prop_map(Step::Answer),
            3 => prop::sample::select(vec!["j", "k", "G", "g"]).prop_map(Step::Key),
            1 => Just(Step::Key("r")),
            1 => (15u16..30).prop_map(Step::Resize),
        ], 0..60),
    ) {
        let mut driver = Driver::of(world, rules(), samples::now(), &[]);
        for step in before {
            match step {
                Step::Answer(nth) => reply_to(&mut driver, nth),
                Step::Resize(height) => driver.resize(80, height),
                // To read again chooses no row.
                Step::Key(_) => driver.send(Msg::Refresh),
            }
            prop_assert!(stands_first(&driver), "{}", driver.picture());
        }
        for step in steps {
            let before = selected(&mut driver);
            let may_move = matches!(step, Step::Key(key) if key != "r");
            match step {
                Step::Answer(nth) => reply_to(&mut driver, nth),
                Step::Key(key) => drop(driver.keys(key)),
                Step::Resize(height) => driver.resize(80, height),
            }
            let after = selected(&mut driver);
            prop_assert!(may_move || before.is_none() || before == after, "{before:?} became {after:?}");
        }
        let before = selected(&mut driver);
        driver.answer_all();
        // Only what is in sight is read.
        driver.resize(80, 40);
        prop_assert!(before.is_none() || before == selected(&mut driver));
        driver.misses(&["+ waiting"]);
        let mut found = unfolded(&mut driver);
        found.sort();
        prop_assert_eq!(found, wanted());
    }
}

/// Two thousand models, each with an alias on an older version: nothing waits as far as the list of models says.
fn crowd(query: &Query) -> Reply {
    match query.clone() {
        Query::Models { page } => {
            let model = |n: usize| {
                let name = format!("m{n:04}");
                entry(&[version(&name, 7, Stage::None)], &[("champion", 7), ("previous", 6)])
            };
            let models: Vec<_> = (0..2000).map(model).collect();
            Reply::Models { answer: Ok(cut(&models, page.as_deref(), 500)), page }
        }
        Query::Versions { model, page } => {
            let items = (1..=7).rev().map(|n| version(model.as_str(), n, Stage::None)).collect();
            Reply::Versions { answer: Ok(Page { items, next: None }), model, page }
        }
        _ => answer(query),
    }
}

#[test]
fn two_thousand_models_are_not_read_one_by_one() {
    let mut rules = rules();
    rules.promote_to = PromotionTarget::Alias("champion".into());
    let mut driver = Driver::of(crowd, rules, samples::now(), &[]);
    let mut asked = 0;
    let mut at_once = 0;
    while let Some(query) = driver.answer_next(crowd) {
        asked += usize::from(matches!(query, Query::Versions { .. }));
        at_once = at_once.max(driver.open().filter(|q| matches!(q, Query::Versions { .. })).count());
        assert!(asked <= 200, "asks for model after model");
    }
    assert!(asked >= 100, "{asked}");
    assert!(at_once <= 24, "{at_once} at once");
    driver.sees(&["100+ waiting", "1900 models not looked through"]);
}
