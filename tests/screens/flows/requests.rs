//! Requests to move a version to a stage: who asked for what, in the inbox, the review and its lineage.

use insta::assert_snapshot;
use jiff::SignedDuration;
use signoff::app::query::{Query, Reply, Session};
use signoff::app::route::Route;
use signoff::domain::ids::{ModelName, VersionNumber};
use signoff::domain::page::Page;
use signoff::domain::registry::{
    ModelVersion, OpenRequests, RegisteredModel, RegistryInfo, Stage, TransitionRequest, VersionKey,
};

use crate::sample::{answer, refused, rules};
use crate::support::driver::Driver;
use crate::{pictures, samples, text};

/// Number of models in the inbox; each has one version that waits.
const MODELS: u64 = 60;

fn keeps(query: &Query, requests: bool) -> Option<Reply> {
    let Query::Session = query else { return None };
    let Reply::Session { answer: Ok(Session { registry: Ok(info), host }) } = answer(query) else { return None };
    let registry = Ok(RegistryInfo { requests, ..info });
    Some(Reply::Session { answer: Ok(Session { registry, host }) })
}

fn open_of(key: &VersionKey) -> OpenRequests {
    let request = |to, by: &str, comment: &str, hours| TransitionRequest {
        to,
        by: by.to_owned(),
        comment: comment.to_owned(),
        at: Some(samples::now() - SignedDuration::from_hours(hours)),
    };
    let requests = match key.1.0 % 3 {
        0 => vec![request(Stage::Production, "quinn@acme.example", "tests are green", 2)],
        1 => Vec::new(),
        _ => vec![
            request(Stage::Production, "quinn@acme.example", "tests are green", 2),
            request(Stage::Archived, "sam@acme.example", "", 30),
        ],
    };
    OpenRequests { of: key.clone(), requests: Ok(requests) }
}

fn world(query: &Query) -> Reply {
    match query {
        Query::Requests { of } => Reply::Requests { of: of.clone(), answer: Ok(of.iter().map(open_of).collect()) },
        Query::Models { page } => {
            let model = |n: u64| {
                let mut version = samples::version(n, Stage::Staging);
                version.model = ModelName::new(format!("model-{n:02}"));
                RegisteredModel {
                    name: version.model.clone(),
                    description: String::new(),
                    tags: Default::default(),
                    aliases: Default::default(),
                    told: true,
                    browse_only: false,
                    there: Default::default(),
                    latest: vec![version],
                    created_at: None,
                    updated_at: None,
                }
            };
            Reply::Models {
                page: page.clone(),
                answer: Ok(Page { items: (1..=MODELS).map(model).collect(), next: None }),
            }
        }
        Query::Versions { model, page } => {
            let number = model.as_str().trim_start_matches("model-").parse().unwrap_or(42);
            let version = samples::version(number, Stage::Staging);
            let items = vec![ModelVersion { model: model.clone(), ..version }];
            Reply::Versions { model: model.clone(), page: page.clone(), answer: Ok(Page { items, next: None }) }
        }
        _ => keeps(query, true).unwrap_or_else(|| answer(query)),
    }
}

/// The versions whose requests were asked for, each time.
fn asked(queries: &[Query]) -> Vec<&VersionKey> {
    queries.iter().filter_map(|q| if let Query::Requests { of } = q { Some(of) } else { None }).flatten().collect()
}

#[test]
fn only_the_rows_in_sight_are_asked_for_once_and_in_batches() {
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    let first = driver.answer_from(world);
    let keys = asked(&first);
    let shown = driver.picture().matches("model-").count();
    // One more where a heading took the place of a row meanwhile.
    assert!(shown > 10 && (shown..=shown + 1).contains(&keys.len()), "{} of {shown} rows", keys.len());
    assert!(first.iter().filter(|q| matches!(q, Query::Requests { .. })).count() <= 2);
    // Nothing is asked again, and what comes into sight is.
    driver.keys("kj");
    assert_eq!(asked(&driver.answer_from(world)), Vec::<&VersionKey>::new());
    driver.keys("<pagedown>");
    let next = driver.answer_from(world);
    let next = asked(&next);
    assert!(!next.is_empty() && next.len() <= shown && next.iter().all(|key| !keys.contains(key)), "{next:?}");
    // A refresh asks for those in sight, and no others.
    driver.keys("r");
    let again = driver.answer_from(world);
    // Further down no heading takes the place of a row.
    assert!(asked(&again).len() <= shown + 2, "{again:?}");
}

#[test]
fn a_registry_without_requests_is_not_asked_and_shows_none() {
    let without = |query: &Query| keeps(query, false).unwrap_or_else(|| world(query));
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    let queries = driver.answer_from(without);
    assert_eq!(asked(&queries), Vec::<&VersionKey>::new());
    assert!(!driver.picture().contains("REQUEST"), "{}", driver.picture());
}

#[test]
fn the_inbox_names_stage_and_requester_and_the_selected_row_s_comment() {
    let mut driver = Driver::of(world, rules(), samples::now(), &[]);
    driver.answer_all();
    driver.keys("jj");
    assert_snapshot!("requests_in_the_inbox", pictures(&mut driver));
}

#[test]
fn the_review_and_its_lineage_name_requester_comment_and_stage() {
    let route = Route::Review(ModelName::new("telco-churn"), VersionNumber(42));
    let mut driver = Driver::of(world, rules(), samples::now(), &[route]);
    driver.answer_all();
    let said = "quinn@acme.example asks for Production, 2h ago: tests are green";
    for tab in ["1", "2", "3", "4", "5"] {
        driver.keys(tab);
        assert!(driver.picture().contains(said), "{tab}: {}", driver.picture());
    }
    driver.keys("2");
    assert!(text(&mut driver, 120, 40).matches(said).count() >= 2, "{}", driver.picture());
    driver.keys("1");
    assert_snapshot!("requests_in_the_review", pictures(&mut driver));
}

#[test]
fn requests_that_cannot_be_read_say_why() {
    let route = Route::Review(ModelName::new("telco-churn"), VersionNumber(42));
    let mut driver = Driver::of(world, rules(), samples::now(), &[route]);
    driver.answer_with(|query| {
        let Query::Requests { of } = query else { return None };
        let unread = |key: &VersionKey| OpenRequests { of: key.clone(), requests: Err(refused()) };
        Some(Reply::Requests { of: of.clone(), answer: Ok(of.iter().map(unread).collect()) })
    });
    driver.answer_all();
    assert!(driver.picture().contains("? requests: "), "{}", driver.picture());
    assert!(driver.picture().contains("auc"), "the rest is shown: {}", driver.picture());
}
