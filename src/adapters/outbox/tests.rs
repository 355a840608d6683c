#![allow(clippy::unwrap_used)]
use super::*;
use crate::domain::event::{Event, samples};
use crate::domain::outbox::Delivery;

fn told(event: &Event) -> OutboxLine {
    let channels = vec!["mail".to_owned(), "chat".to_owned()];
    OutboxLine::Told { at: samples::now(), event: Box::new(event.clone()), channels }
}

fn sent(event: &Event, channel: &str) -> OutboxLine {
    OutboxLine::Sent { at: samples::now(), id: event.id.clone(), channel: channel.to_owned() }
}

fn open(outbox: &Outbox, channel: &str) -> Vec<String> {
    outbox.open(channel).map(|(event, _)| event.id.to_string()).collect()
}

/// Cut at every byte, as by a power failure: what is read is what a prefix of the lines says, and the next line is whole.
#[tokio::test]
async fn an_outbox_cut_anywhere_reads_as_its_whole_lines_and_is_written_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = OutboxDir::new(dir.path());
    let events = [samples::arrived("m", 1), samples::arrived("m", 2)];
    let lines = vec![told(&events[0]), sent(&events[0], "mail"), told(&events[1])];
    for line in lines.clone() {
        store.lock().await.unwrap().append(vec![line]).await.unwrap();
    }
    let path = store.path();
    let bytes = fs::read(&path).unwrap();
    for cut in 0..=bytes.len() {
        fs::write(&path, &bytes[..cut]).unwrap();
        let whole = bytes[..cut].iter().filter(|b| **b == b'\n').count();
        let wanted = Outbox::of(lines[..whole].to_vec());
        assert_eq!(OutboxDir::new(dir.path()).read().await.unwrap(), wanted, "{cut}");
        let store = OutboxDir::new(dir.path());
        let mut file = store.lock().await.unwrap();
        assert_eq!(*file.outbox(), wanted, "{cut}");
        file.append(vec![told(&events[1])]).await.unwrap();
        drop(file);
        let read = OutboxDir::new(dir.path()).read().await.unwrap();
        assert!(open(&read, "chat").contains(&events[1].id.to_string()), "{cut}");
    }
}

#[tokio::test]
async fn damage_in_the_middle_is_told_with_its_line_and_nothing_is_thrown_away() {
    let dir = tempfile::tempdir().unwrap();
    let store = OutboxDir::new(dir.path());
    store.lock().await.unwrap().append(vec![told(&samples::arrived("m", 1))]).await.unwrap();
    let mut bytes = b"{broken\n".to_vec();
    bytes.extend(fs::read(store.path()).unwrap());
    fs::write(store.path(), &bytes).unwrap();
    let failure = store.read().await.unwrap_err();
    assert!(failure.reason.starts_with("line 1 of "), "{failure}");
    assert!(OutboxDir::new(dir.path()).lock().await.is_err());
    assert_eq!(fs::read(store.path()).unwrap(), bytes);
}

#[tokio::test]
async fn what_another_process_wrote_is_seen_and_a_large_outbox_is_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (OutboxDir::new(dir.path()), OutboxDir::new(dir.path()));
    let event = samples::arrived("m", 1);
    one.lock().await.unwrap().append(vec![told(&event)]).await.unwrap();
    other.lock().await.unwrap().append(vec![sent(&event, "mail")]).await.unwrap();
    assert_eq!(one.lock().await.unwrap().outbox().delivery(&event.id, "mail"), Some(&Delivery::Sent));
    let failed = |n: usize| OutboxLine::Failed {
        at: samples::now(),
        id: event.id.clone(),
        channel: "chat".to_owned(),
        reason: "x".repeat(1_000 + n % 2),
    };
    one.lock().await.unwrap().append((0..3_000).map(failed).collect()).await.unwrap();
    let before = fs::metadata(one.path()).unwrap().len();
    drop(OutboxDir::new(dir.path()).lock().await.unwrap());
    let after = fs::metadata(one.path()).unwrap().len();
    assert!(before > COMPACT_BYTES && after < before / 50, "{before} {after}");
    for (number, store) in [(2, one), (3, other)] {
        let mut file = store.lock().await.unwrap();
        assert_eq!(file.outbox().delivery(&event.id, "mail"), Some(&Delivery::Sent));
        file.append(vec![told(&samples::arrived("m", number))]).await.unwrap();
        assert_eq!(open(file.outbox(), "chat").len() as u64, number);
    }
}

#[tokio::test]
async fn one_watch_holds_a_state_directory_and_the_second_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let held = OutboxDir::new(dir.path()).hold_watch().await.unwrap();
    let failure = OutboxDir::new(dir.path()).hold_watch().await.err().unwrap();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert!(failure.reason.contains(&format!("process {} on ", std::process::id())), "{failure}");
    drop(held);
    assert!(OutboxDir::new(dir.path()).hold_watch().await.is_ok());
    let mail = OutboxDir::new(dir.path()).hold_channel("mail").await.unwrap();
    assert!(OutboxDir::new(dir.path()).hold_channel("mail").await.unwrap().is_none());
    assert!(OutboxDir::new(dir.path()).hold_channel("chat").await.unwrap().is_some());
    drop(mail);
}

#[tokio::test]
async fn a_cursor_is_replaced_whole() {
    let dir = tempfile::tempdir().unwrap();
    let store = OutboxDir::new(dir.path());
    assert_eq!(store.cursor("a").await.unwrap(), None);
    let cursor = Cursor { since: samples::now(), ..Cursor::default() };
    store.keep_cursor("a", &cursor).await.unwrap();
    assert_eq!(store.cursor("a").await.unwrap(), Some(cursor));
    assert_eq!(store.cursor("b").await.unwrap(), None);
    fs::write(store.cursor_path("a"), "{").unwrap();
    assert!(store.cursor("a").await.unwrap_err().hint.unwrap().contains("digest"));
}
