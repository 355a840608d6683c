#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use proptest::prelude::*;

use super::*;
use crate::adapters::append::Disk;
use crate::domain::promotion::event::{Ending, JOURNAL_VERSION};
use crate::domain::promotion::{Event, Receipt, Step, samples};

fn entry(seq: u64, event: Event) -> Entry {
    Entry { v: JOURNAL_VERSION, seq, at: samples::now(), event }
}

/// A valid journal: opened, verified, and two steps done.
fn entries() -> Vec<Entry> {
    let events = [
        Event::Opened { plan: Box::new(samples::plan()) },
        Event::Verified,
        Event::Started { step: Step::Mark },
        Event::Succeeded { step: Step::Mark, receipt: Receipt::Marked },
        Event::Started { step: Step::Move },
    ];
    events.into_iter().enumerate().map(|(i, e)| entry(i as u64, e)).collect()
}

fn bytes(entries: &[Entry]) -> Vec<u8> {
    entries.iter().flat_map(|e| [serde_json::to_vec(e).unwrap(), b"\n".to_vec()].concat()).collect()
}

fn id() -> PromotionId {
    samples::plan().id
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// A store whose journal of `id()` holds `content`.
fn store_with(content: &[u8]) -> (tempfile::TempDir, JournalDir) {
    let state = tempfile::tempdir().unwrap();
    let store = JournalDir::new(state.path());
    fs::create_dir_all(&store.dir).unwrap();
    fs::write(store.path(id()), content).unwrap();
    (state, store)
}

async fn write_all(file: &mut Box<dyn JournalFile>, entries: &[Entry]) {
    for entry in entries {
        file.append(entry).await.unwrap();
    }
}

fn refused<T>(outcome: Outcome<T>) -> Failure {
    outcome.err().unwrap()
}

#[tokio::test]
async fn what_was_appended_is_read_back_and_can_be_gone_on_with() {
    let state = tempfile::tempdir().unwrap();
    let store = JournalDir::new(state.path());
    let all = entries();
    let mut file = store.create(id()).await.unwrap();
    write_all(&mut file, &all[..3]).await;
    assert_eq!(store.read(id()).await.unwrap(), all[..3]);
    drop(file);
    let (read, mut file) = store.open(id()).await.unwrap();
    assert_eq!(read, all[..3]);
    write_all(&mut file, &all[3..]).await;
    assert_eq!(store.read(id()).await.unwrap(), all);
    assert_eq!(fs::read(store.path(id())).unwrap(), bytes(&all));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_can_read_journals() {
    use std::os::unix::fs::PermissionsExt as _;
    let state = tempfile::tempdir().unwrap();
    let store = JournalDir::new(&state.path().join("not/there/yet"));
    drop(store.create(id()).await.unwrap());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&store.dir), mode(&store.path(id()))), (0o700, 0o600));
}

#[tokio::test]
async fn a_second_driver_is_turned_away_until_the_first_lets_go() {
    let (_state, store) = store_with(&bytes(&entries()));
    let first = store.open(id()).await.unwrap();
    let failure = refused(store.open(id()).await);
    assert_eq!((failure.kind, failure.service), (FailureKind::Conflict, Service::Journal));
    assert!(failure.reason.contains("another signoff"), "{failure}");
    assert!(store.list().await.unwrap()[0].driven);
    assert_eq!(store.read(id()).await.unwrap(), entries());
    drop(first);
    assert!(!store.list().await.unwrap()[0].driven);
    assert!(store.open(id()).await.is_ok());
}

#[tokio::test]
async fn a_new_journal_is_locked_too_and_never_replaces_one() {
    let state = tempfile::tempdir().unwrap();
    let store = JournalDir::new(state.path());
    let file = store.create(id()).await.unwrap();
    assert_eq!(refused(store.open(id()).await).kind, FailureKind::Conflict);
    drop(file);
    assert_eq!(refused(store.create(id()).await).kind, FailureKind::Conflict);
}

#[cfg(unix)]
#[tokio::test]
async fn another_process_that_drives_is_seen() {
    use std::io::{BufRead as _, BufReader};
    use std::process::{Command, Stdio};
    let (_state, store) = store_with(&bytes(&entries()));
    // flock(1) is not available everywhere; the server tests need python anyway.
    let script = "import fcntl,sys\nf=open(sys.argv[1])\nfcntl.flock(f,fcntl.LOCK_EX)\nprint('held',flush=True)\nsys.stdin.read()";
    let mut other = Command::new("python3")
        .args(["-c", script])
        .arg(store.path(id()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(other.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    assert!(store.list().await.unwrap()[0].driven);
    assert_eq!(refused(store.open(id()).await).kind, FailureKind::Conflict);
    drop(other.stdin.take());
    assert!(other.wait().unwrap().success());
    assert!(store.open(id()).await.is_ok());
}

#[tokio::test]
async fn listing_is_newest_first_and_one_bad_journal_hides_no_other() {
    let (_state, store) = store_with(&bytes(&entries()));
    let newer = samples::id(2);
    fs::write(store.path(newer), "{}\n{}\n").unwrap();
    fs::write(store.dir.join("notes.txt"), "mine").unwrap();
    fs::write(store.dir.join("x.jsonl"), "mine").unwrap();
    let list = store.list().await.unwrap();
    assert_eq!(list.iter().map(|s| s.id).collect::<Vec<_>>(), [newer, id()]);
    assert!(list[0].entries.is_err());
    assert_eq!(list[1].entries, Ok(entries()));
}

#[tokio::test]
async fn no_directory_is_no_promotions_and_no_journal_is_not_found() {
    let state = tempfile::tempdir().unwrap();
    let store = JournalDir::new(state.path());
    assert_eq!(store.list().await, Ok(Vec::new()));
    for failure in [refused(store.read(id()).await), refused(store.open(id()).await)] {
        assert_eq!(failure.kind, FailureKind::NotFound);
        assert!(failure.hint.unwrap().contains("signoff promotions"));
    }
    assert!(!store.dir.exists(), "reading makes nothing");
}

#[tokio::test]
async fn reading_leaves_a_torn_tail_for_its_writer() {
    let mut content = bytes(&entries());
    content.extend(b"{\"v\":1,\"se");
    let (_state, store) = store_with(&content);
    assert_eq!(store.read(id()).await.unwrap(), entries());
    assert_eq!(fs::read(store.path(id())).unwrap(), content);
    assert_eq!(store.open(id()).await.unwrap().0, entries());
    assert_eq!(fs::read(store.path(id())).unwrap(), bytes(&entries()));
}

#[tokio::test]
async fn a_last_line_of_zeros_or_garbage_is_torn_even_with_its_newline() {
    for tail in [&b"\0\0\0\0\n"[..], b"\xff\xfe{\n", b"\n", b"\0\0"] {
        let (_state, store) = store_with(&[&bytes(&entries())[..], tail].concat());
        assert_eq!(store.open(id()).await.unwrap().0, entries(), "{tail:?}");
    }
}

#[tokio::test]
async fn damage_is_refused_with_file_and_line() {
    let all = entries();
    let line = |e: &Entry| serde_json::to_string(e).unwrap();
    let garbled = format!("{}\n{{]\n{}\n", line(&all[0]), line(&all[1]));
    let gap = format!("{}\n{}\n", line(&all[0]), line(&all[2]));
    let other = format!("{}\n{{\"v\":1,\"seq\":1}}\n", line(&all[0]));
    let ended = Event::Ended { ending: Ending::Done, truth: Vec::new() };
    let illegal = format!("{}\n{}\n", line(&all[0]), line(&entry(1, ended)));
    let blank = format!("{}\n\n{}\n", line(&all[0]), line(&all[1]));
    for (content, what) in [(garbled, ""), (gap, "missing"), (other, "missing field"), (illegal, "due"), (blank, "")] {
        let (_state, store) = store_with(content.as_bytes());
        for failure in [refused(store.open(id()).await), refused(store.read(id()).await)] {
            assert_eq!((failure.kind, failure.service), (FailureKind::Local, Service::Journal));
            assert!(failure.reason.starts_with("line 2 of ") && failure.reason.contains(".jsonl"), "{failure}");
            assert!(failure.reason.contains(what), "{failure}");
        }
        assert_eq!(fs::read(store.path(id())).unwrap(), content.as_bytes(), "a damaged journal is left as it is");
    }
}

#[tokio::test]
async fn a_newer_format_is_refused_even_in_the_last_line() {
    let (newer, whole) = (JOURNAL_VERSION + 1, String::from_utf8(bytes(&entries())).unwrap());
    let content = format!("{whole}{{\"v\":{newer},\"seq\":5,\"what\":\"else\"}}\n");
    let (_state, store) = store_with(content.as_bytes());
    let failure = refused(store.open(id()).await);
    assert!(failure.reason.contains("line 6") && failure.reason.contains(&format!("format {newer}")), "{failure}");
    assert!(failure.hint.unwrap().contains("newer"));
}

#[tokio::test]
async fn a_journal_under_anothers_name_is_refused() {
    let (_state, store) = store_with(b"");
    fs::write(store.path(samples::id(9)), bytes(&entries())).unwrap();
    let failure = refused(store.read(samples::id(9)).await);
    assert!(failure.reason.contains(&id().to_string()), "{failure}");
}

#[tokio::test]
async fn a_place_that_cannot_be_written_gets_a_sentence_and_a_hint() {
    let state = tempfile::tempdir().unwrap();
    let file = state.path().join("file");
    fs::write(&file, "").unwrap();
    let failure = refused(JournalDir::new(&file).create(id()).await);
    assert_eq!((failure.kind, failure.service), (FailureKind::Local, Service::Journal));
    assert!(failure.hint.is_some());
    for (kind, word) in [
        (io::ErrorKind::ReadOnlyFilesystem, "read-only"),
        (io::ErrorKind::StorageFull, "no room"),
        (io::ErrorKind::PermissionDenied, "may not"),
    ] {
        let failure = say::disk("write", &file, &io::Error::from(kind));
        assert!(failure.reason.contains(word) && failure.hint.is_some(), "{failure}");
    }
}

#[tokio::test]
async fn entries_out_of_order_are_never_written() {
    let (_state, store) = store_with(&bytes(&entries()[..2]));
    let (_, mut file) = store.open(id()).await.unwrap();
    assert_eq!(refused(file.append(&entries()[3]).await).kind, FailureKind::Bug);
    assert!(file.append(&entries()[2]).await.is_ok());
    assert_eq!(store.read(id()).await.unwrap(), entries()[..3]);
}

/// An in-memory disk that fills up, or fails to sync or truncate.
#[derive(Clone, Default)]
struct Faulty(std::sync::Arc<Mutex<FaultyState>>);

#[derive(Default)]
struct FaultyState {
    data: Vec<u8>,
    room: Option<usize>,
    no_sync: bool,
    no_cut: bool,
}

impl Disk for Faulty {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        let takes = state.room.unwrap_or(usize::MAX).min(bytes.len());
        state.data.extend(&bytes[..takes]);
        if takes < bytes.len() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.0.lock().unwrap().no_sync { Err(io::Error::other("I/O error")) } else { Ok(()) }
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        if state.no_cut {
            return Err(io::Error::other("I/O error"));
        }
        state.data.truncate(len as usize);
        Ok(())
    }
}

fn faulty() -> (Faulty, LockedJournal<Faulty>) {
    let disk = Faulty::default();
    (disk.clone(), LockedJournal::new(disk, "/state/j.jsonl".into(), 0, 0))
}

#[tokio::test]
async fn half_an_entry_on_a_full_disk_is_taken_off_again() {
    let (disk, mut journal) = faulty();
    let all = entries();
    journal.append(&all[0]).await.unwrap();
    disk.0.lock().unwrap().room = Some(7);
    let failure = refused(journal.append(&all[1]).await);
    assert!(failure.reason.contains("no room"), "{failure}");
    disk.0.lock().unwrap().room = None;
    journal.append(&all[1]).await.unwrap();
    assert_eq!(disk.0.lock().unwrap().data, bytes(&all[..2]));
}

#[tokio::test]
async fn after_a_failed_sync_or_cut_the_journal_is_given_up() {
    let (disk, mut journal) = faulty();
    disk.0.lock().unwrap().no_sync = true;
    assert!(journal.append(&entries()[0]).await.is_err());
    disk.0.lock().unwrap().no_sync = false;
    assert!(refused(journal.append(&entries()[0]).await).hint.unwrap().contains("resume"));
    assert!(disk.0.lock().unwrap().data.is_empty());

    let (disk, mut journal) = faulty();
    (disk.0.lock().unwrap().room, disk.0.lock().unwrap().no_cut) = (Some(3), true);
    assert!(journal.append(&entries()[0]).await.is_err());
    disk.0.lock().unwrap().room = None;
    assert!(journal.append(&entries()[0]).await.is_err());
    assert_eq!(disk.0.lock().unwrap().data.len(), 3);
}

#[test]
fn every_cut_of_a_journal_opens_as_a_prefix_and_can_be_gone_on_with() {
    let all = entries();
    let content = bytes(&all);
    let first = bytes(&all[..1]).len();
    // Every offset after the long first line, and a sample within it.
    for cut in (0..first).step_by(97).chain(first - 2..=content.len()) {
        let (_state, store) = store_with(&content[..cut]);
        block_on(async {
            let (read, mut file) = store.open(id()).await.unwrap();
            assert_eq!(read, all[..read.len()], "cut at {cut}");
            assert_eq!(fs::read(store.path(id())).unwrap(), bytes(&read), "cut at {cut}");
            write_all(&mut file, &all[read.len()..]).await;
            assert_eq!(fs::read(store.path(id())).unwrap(), content, "cut at {cut}");
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_behind_a_journal_are_dropped_or_refused_but_never_believed(tail in prop::collection::vec(any::<u8>(), 0..40)) {
        let all = entries();
        let (_state, store) = store_with(&[bytes(&all), tail].concat());
        match block_on(store.open(id())) {
            Ok((read, _)) => prop_assert_eq!(read, all),
            Err(failure) => prop_assert_eq!(failure.service, Service::Journal),
        }
    }
}
