#![allow(clippy::unwrap_used)]

use super::*;
use crate::domain::promotion::samples;
use crate::domain::record::chain;
use std::fs;

fn line(note: &str) -> ChainLine {
    let outcome = chain::Outcome {
        record_id: samples::plan().id,
        at: samples::now(),
        done: true,
        notes: vec![note.to_owned()],
        comment: None,
        asked: false,
        noted_by: None,
    };
    ChainLine::Outcome(outcome)
}

fn bytes(lines: &[ChainLine]) -> Vec<u8> {
    lines.iter().flat_map(|l| [serde_json::to_vec(l).unwrap(), b"\n".to_vec()].concat()).collect()
}

#[tokio::test]
async fn what_was_appended_is_read_back_and_only_its_owner_can() {
    let state = tempfile::tempdir().unwrap();
    let store = RecordDir::new(&state.path().join("not/there/yet"));
    assert_eq!(store.read().await.unwrap(), []);
    let mut file = store.lock().await.unwrap();
    file.append(line("a")).await.unwrap();
    file.append(line("b")).await.unwrap();
    assert_eq!(file.lines(), store.read().await.unwrap());
    drop(file);
    assert_eq!(store.lock().await.unwrap().lines(), [line("a"), line("b")]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&store.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[tokio::test]
async fn a_torn_last_line_is_ignored_and_then_dropped_and_other_damage_names_its_line() {
    let state = tempfile::tempdir().unwrap();
    let store = RecordDir::new(state.path());
    let whole = bytes(&[line("a"), line("b")]);
    let first = bytes(&[line("a")]).len();
    for cut in first..whole.len() {
        fs::write(&store.path, &whole[..cut]).unwrap();
        assert_eq!(store.read().await.unwrap(), [line("a")], "{cut}");
        drop(store.lock().await.unwrap());
        assert_eq!(fs::read(&store.path).unwrap(), whole[..first], "{cut}");
    }
    for damage in [&b"nonsense\n"[..], b"{\"line\":\"other\"}\n", b"\n"] {
        let content = [&whole[..first], damage, &whole[first..]].concat();
        fs::write(&store.path, &content).unwrap();
        for failure in [store.read().await.err().unwrap(), store.lock().await.err().unwrap()] {
            assert!(failure.reason.starts_with("line 2 of "), "{failure}");
        }
        assert_eq!(fs::read(&store.path).unwrap(), content, "damage is left as it is");
    }
    // Complete JSON that is not a valid line cannot come from a crash, even at the end.
    fs::write(&store.path, b"{}\n").unwrap();
    assert!(store.read().await.is_err());
}

#[tokio::test]
async fn a_second_writer_is_turned_away_until_the_first_lets_go() {
    let state = tempfile::tempdir().unwrap();
    let store = RecordDir::new(state.path());
    let first = store.lock().await.unwrap();
    let failure = lock_now(&store.path, 2).err().unwrap();
    assert_eq!((failure.kind, failure.service), (FailureKind::Conflict, Service::Journal));
    assert_eq!(store.read().await.unwrap(), []);
    drop(first);
    assert!(lock_now(&store.path, 2).is_ok());
}

#[test]
fn many_writers_lose_and_mix_nothing() {
    let state = tempfile::tempdir().unwrap();
    let path = RecordDir::new(state.path()).path;
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                for n in 0..10 {
                    let open = lock_now(path, 10_000).unwrap();
                    let known = open.lines.len();
                    let note = format!("{writer}/{n} {}", "x".repeat(20_000));
                    open.end.lock().unwrap().append(known, &bytes(&[line(&note)]), path).unwrap();
                }
            });
        }
    });
    let (lines, whole) = parse(&fs::read(&path).unwrap(), &path).unwrap();
    assert_eq!((lines.len(), whole as u64), (40, fs::metadata(&path).unwrap().len()));
}

/// A disk that accepts half a line and then reports that it is full.
struct Full {
    written: Arc<Mutex<Vec<u8>>>,
    cut_fails: bool,
    sync_fails: bool,
}

impl Disk for Full {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let take = if self.sync_fails { bytes.len() } else { bytes.len() / 2 };
        self.written.lock().unwrap().extend_from_slice(&bytes[..take]);
        if self.sync_fails { Ok(()) } else { Err(io::Error::from(io::ErrorKind::StorageFull)) }
    }

    fn sync(&mut self) -> io::Result<()> {
        Err(io::Error::other("lost"))
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        if self.cut_fails {
            return Err(io::Error::other("stuck"));
        }
        self.written.lock().unwrap().truncate(len as usize);
        Ok(())
    }
}

#[tokio::test]
async fn a_disk_that_fails_leaves_no_half_line_and_is_not_believed_afterwards() {
    for (cut_fails, sync_fails) in [(false, false), (true, false), (false, true)] {
        let written = Arc::new(Mutex::new(Vec::new()));
        let disk = Full { written: Arc::clone(&written), cut_fails, sync_fails };
        let mut open = Open::new(disk, Path::new("records.jsonl"), Vec::new(), 0);
        let failure = open.append(line("a")).await.unwrap_err();
        assert_eq!((failure.kind, failure.service), (FailureKind::Local, Service::Journal));
        assert_eq!(open.lines(), []);
        assert_eq!(written.lock().unwrap().is_empty(), !cut_fails);
        let again = open.append(line("b")).await.unwrap_err();
        assert_eq!(again.reason.contains("half-way"), cut_fails || sync_fails, "{again}");
    }
}
