//! A world that nobody changes: whatever is looked at, however often, nothing is told.

use std::sync::Arc;
use std::time::Duration;

use signoff::adapters::outbox::OutboxDir;
use signoff::domain::event::EventKind;
use signoff::services::status::Memory;
use signoff::services::watch::{Desk as Watch, poll};

use super::*;

/// The demo's models and a release of our own, with its record, its files and its CD.
#[tokio::test]
async fn a_thousand_looks_at_an_unchanged_world_tell_of_nothing() {
    let desk = Desk::new();
    let ran = desk.run("approve telco-churn/42 --confirm v42 --reason fine --wait").await;
    assert_eq!(ran.exit, Exit::Done, "{}", ran.err);
    let store = OutboxDir::new(&desk.loaded.paths.state_of(true));
    let watch = Watch { store: Arc::new(store), channels: Vec::new(), memory: Memory::default() };
    let first = poll(&desk.services, &watch, true).await.unwrap();
    assert_eq!(first.events.iter().map(|e| e.kind).collect::<Vec<_>>(), [EventKind::Digest]);
    for look in 0..1_000 {
        desk.services.clock.sleep(Duration::from_secs(60)).await;
        let polled = poll(&desk.services, &watch, look % 3 != 0).await.unwrap();
        assert!(polled.events.is_empty() && polled.failures.is_empty(), "look {look}: {polled:?}");
    }
    let status = desk.run("status telco-churn --json").await;
    assert_eq!((status.exit, status.json()["models"][0]["drift"].as_array().unwrap().len()), (Exit::Done, 0));
}
