#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::failure::{FailureKind, Service};

fn model(name: &str) -> RegisteredModel {
    RegisteredModel {
        name: ModelName::new(name),
        description: String::new(),
        tags: Default::default(),
        aliases: Default::default(),
        told: true,
        browse_only: false,
        there: Default::default(),
        latest: Vec::new(),
        created_at: None,
        updated_at: None,
    }
}

fn read(cache: &mut Cache, n: u64, page: Option<&str>, answer: Outcome<Page<RegisteredModel>>) -> bool {
    let reply = Reply::Models { page: page.map(str::to_owned), answer };
    cache.begin(&reply.query(), RequestId(n));
    cache.settle(RequestId(n), reply, Timestamp::UNIX_EPOCH)
}

fn names(cache: &Cache) -> Vec<String> {
    cache.models.items.iter().map(|m| m.name.to_string()).collect()
}

fn page(name: &str, next: Option<&str>) -> Outcome<Page<RegisteredModel>> {
    Ok(Page { items: vec![model(name)], next: next.map(str::to_owned) })
}

#[test]
fn a_failed_refresh_keeps_every_row() {
    let mut cache = Cache::default();
    read(&mut cache, 1, None, page("a", None));
    cache.refresh(&Query::Models { page: None });
    let failure = Failure::new(FailureKind::Unavailable, Service::Mlflow, "list models", "refused");
    read(&mut cache, 2, None, Err(failure.clone()));
    assert_eq!(names(&cache), ["a"]);
    assert_eq!(cache.failure(&Query::Models { page: None }), Some(&failure));
}

#[test]
fn a_refresh_replaces_the_list_only_when_it_is_complete() {
    let mut cache = Cache::default();
    read(&mut cache, 1, None, page("a", Some("2")));
    read(&mut cache, 2, Some("2"), page("b", None));
    cache.refresh(&Query::Models { page: None });
    read(&mut cache, 3, None, page("c", Some("2")));
    assert_eq!(names(&cache), ["a", "b"]);
    read(&mut cache, 4, Some("2"), page("d", None));
    assert_eq!(names(&cache), ["c", "d"]);
}

#[test]
fn an_answer_to_an_abandoned_question_is_dropped() {
    let mut cache = Cache::default();
    let query = Query::Models { page: None };
    cache.begin(&query, RequestId(1));
    cache.abandon(&query);
    let reply = || Reply::Models { page: None, answer: page("a", None) };
    assert!(!cache.settle(RequestId(1), reply(), Timestamp::UNIX_EPOCH));
    cache.begin(&query, RequestId(2));
    assert!(!cache.settle(RequestId(1), reply(), Timestamp::UNIX_EPOCH));
    assert!(names(&cache).is_empty());
}

#[test]
fn what_failed_is_asked_again_only_on_request() {
    let mut cache = Cache::default();
    let query = Query::Session;
    assert!(cache.is_due(&query));
    cache.begin(&query, RequestId(1));
    assert!(!cache.is_due(&query));
    let failure = Failure::new(FailureKind::Unavailable, Service::Mlflow, "x", "y");
    cache.settle(RequestId(1), Reply::failed(query.clone(), failure), Timestamp::UNIX_EPOCH);
    assert!(!cache.is_due(&query));
    cache.refresh(&query);
    assert!(cache.is_due(&query));
}
