//! Flows through the inbox: which versions it finds, what it asks for that, and what stays under the cursor.

use jiff::SignedDuration;
use proptest::prelude::*;
use signoff::app::effect::Effect;
use signoff::app::query::{Query, Reply};
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::inbox::all_waiting;
use signoff::domain::page::Page;
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
        _ => answer(query),
    }
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

/// All rows, from the first to the last.
fn rows(driver: &mut Driver) -> Vec<String> {
    driver.keys("g");
    let mut found = vec![selected(driver).unwrap()];
    loop {
        driver.keys("j");
        let next = selected(driver).unwrap();
        if found.last() == Some(&next) {
            return found;
        }
        found.push(next);
    }
}

#[test]
fn every_undecided_version_that_is_staged_aliased_or_newer_has_its_row() {
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    driver.answer_all();
    let mut found = rows(&mut driver);
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

#[derive(Clone, Debug)]
enum Step {
    /// Answer one of the open queries.
    Answer(usize),
    Key(&'static str),
    Resize(u16),
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    /// Answers come in any order, and what was read is read again meanwhile: the version under the cursor stays, and in
    /// the end everything that waits is there.
    #[test]
    fn nothing_moves_under_the_cursor_when_rows_arrive(
        steps in prop::collection::vec(prop_oneof![
            6 => (0usize..9).prop_map(Step::Answer),
            3 => prop::sample::select(vec!["j", "k", "G", "g"]).prop_map(Step::Key),
            1 => Just(Step::Key("r")),
            1 => (15u16..30).prop_map(Step::Resize),
        ], 0..60),
    ) {
        let mut driver = Driver::of(world, rules(), samples::now(), &[]);
        for step in steps {
            let before = selected(&mut driver);
            let may_move = matches!(step, Step::Key(key) if key != "r");
            match step {
                Step::Answer(nth) => {
                    let open: Vec<Query> = driver.open().cloned().collect();
                    if let Some(query) = (!open.is_empty()).then(|| open[nth % open.len()].clone()) {
                        driver.reply(world(&query));
                    }
                }
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
        let mut found = rows(&mut driver);
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
