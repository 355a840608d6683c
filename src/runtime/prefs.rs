//! Stores preferences on disk: read once at startup, written item by item in a task.
//!
//! Several instances may run at once: each item is merged into the current file, which is replaced atomically.
//! Failures never stop the program; each is reported once.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use crate::app::msg::Msg;
use crate::app::prefs::{Prefs, PrefsError, Remember};
use crate::domain::text::clean_line;
use crate::local::{self, MIB};

/// How long exiting waits for pending writes.
const LAST_WRITE: Duration = Duration::from_millis(500);

/// The preferences file of one server, below the state directory.
pub fn file_for(state: &Path, server: &str) -> PathBuf {
    file_in(&state.join("prefs"), server)
}

/// The file in `folder` that is about one server.
pub fn file_in(folder: &Path, server: &str) -> PathBuf {
    // Addresses that differ only in characters not allowed in file names must not share a file, hence the hash.
    // FNV-1a, because it must be stable across compiler versions.
    let sum = server
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let host = server.split_once("://").map_or(server, |(_, rest)| rest);
    let name: String =
        host.chars().take(60).map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let name = name.trim_matches(['-', '.']);
    folder.join(format!("{name}-{:08x}.json", sum as u32))
}

/// The task that reads and writes the file.
#[derive(Debug)]
pub(super) struct Keeper {
    items: UnboundedSender<Remember>,
    task: JoinHandle<()>,
}

impl Keeper {
    /// Starts the task: it reads the file, sends the preferences to `news`, and then waits for items.
    pub(super) fn spawn(path: PathBuf, news: UnboundedSender<Msg>) -> Self {
        let (items, queue) = unbounded_channel();
        Self { items, task: tokio::spawn(keep(path, queue, news)) }
    }

    /// Stores one more item.
    pub(super) fn remember(&self, what: Remember) {
        // Closed only if the task is gone, which it reported.
        let _ = self.items.send(what);
    }

    /// Waits briefly for pending writes.
    pub(super) async fn finish(self) {
        drop(self.items);
        let _ = tokio::time::timeout(LAST_WRITE, self.task).await;
    }
}

async fn keep(path: PathBuf, mut queue: UnboundedReceiver<Remember>, news: UnboundedSender<Msg>) {
    let file = path.clone();
    // A panic here is a bug; it only loses the preferences of this session.
    match tokio::task::spawn_blocking(move || read(&file)).await {
        Ok(Ok(prefs)) => drop(news.send(Msg::Prefs(prefs))),
        Ok(Err(why)) => say(&news, &path, &why),
        Err(_) => return,
    }
    let mut told = false;
    while let Some(first) = queue.recv().await {
        let mut items = vec![first];
        while let Ok(next) = queue.try_recv() {
            items.push(next);
        }
        let file = path.clone();
        let Ok(written) = tokio::task::spawn_blocking(move || write(&file, items)).await else { return };
        if let Err(why) = written
            && !std::mem::replace(&mut told, true)
        {
            say(&news, &path, &why);
        }
    }
}

/// Why preferences could not be stored.
#[derive(Debug)]
enum Trouble {
    /// I/O error.
    Disk(std::io::Error),
    /// The existing file cannot be used.
    Content(PrefsError),
}

fn say(news: &UnboundedSender<Msg>, path: &Path, trouble: &Trouble) {
    let path = clean_line(&path.display().to_string());
    tracing::warn!(%path, ?trouble, "preferences");
    let word = match trouble {
        Trouble::Content(PrefsError::Newer(_)) => "Nothing is changed in it; what you choose holds for this session.",
        Trouble::Content(PrefsError::Damaged(_)) => "The next choice begins a new file and keeps this one as .bak.",
        Trouble::Disk(_) => "What you choose holds for this session.",
    };
    let why = match trouble {
        Trouble::Content(why) => why.to_string(),
        Trouble::Disk(why) => clean_line(&why.to_string()),
    };
    let _ = news.send(Msg::Notice(format!("Columns and filters are not remembered, {path}: {why}. {word}")));
}

fn read(path: &Path) -> Result<Prefs, Trouble> {
    match local::read_text(path, 4 * MIB) {
        Ok(text) => Prefs::from_text(&text).map_err(Trouble::Content),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(Prefs::default()),
        Err(e) if e.kind() == ErrorKind::InvalidData => {
            Err(Trouble::Content(PrefsError::Damaged("it is no text".to_owned())))
        }
        Err(e) => Err(Trouble::Disk(e)),
    }
}

/// Merges `items` into the current file. A damaged file is kept as `.bak`; one of a later format is left alone.
fn write(path: &Path, items: Vec<Remember>) -> Result<(), Trouble> {
    let mut prefs = match read(path) {
        Ok(prefs) => prefs,
        Err(Trouble::Content(PrefsError::Damaged(_))) => {
            std::fs::rename(path, path.with_extension("json.bak")).map_err(Trouble::Disk)?;
            Prefs::default()
        }
        Err(other) => return Err(other),
    };
    for item in items {
        prefs.remember(item);
    }
    replace(path, &prefs.to_text()).map_err(Trouble::Disk)
}

fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    local::private_dir(folder)?;
    // Readable by its owner only, like every temporary file.
    let mut file = tempfile::Builder::new().prefix(".prefs-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|e| e.error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn filter(text: &str) -> Vec<Remember> {
        vec![Remember::Filter(text.to_owned())]
    }

    #[test]
    fn what_another_session_kept_meanwhile_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_for(folder.path(), "http://mlflow:5000");
        write(&path, filter("one")).unwrap();
        write(&path, filter("two")).unwrap();
        assert_eq!(read(&path).unwrap().filters, ["one", "two"]);
        let names: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|f| f.unwrap().path()).collect();
        assert_eq!(names, [path]);
    }

    #[test]
    fn a_damaged_file_is_kept_beside_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        for content in [b"{\"v\": 1, \"fil".as_slice(), &[0xff, 0xfe, 0]] {
            let path = folder.path().join("prefs.json");
            std::fs::write(&path, content).unwrap();
            assert!(matches!(read(&path), Err(Trouble::Content(PrefsError::Damaged(_)))));
            write(&path, filter("one")).unwrap();
            assert_eq!(std::fs::read(folder.path().join("prefs.json.bak")).unwrap(), content);
            assert_eq!(read(&path).unwrap().filters, ["one"]);
        }
    }

    #[test]
    fn a_file_of_a_newer_signoff_is_never_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prefs.json");
        let newer = r#"{"v": 9, "everything": "else"}"#;
        std::fs::write(&path, newer).unwrap();
        assert!(write(&path, filter("one")).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), newer);
    }

    #[test]
    fn every_server_has_a_file_of_its_own_with_a_harmless_name() {
        let name = |server| file_for(Path::new("/s"), server).file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name("http://mlflow.staging:5000").starts_with("mlflow.staging-5000-"));
        assert_ne!(name("http://a/b"), name("http://a-b"));
        assert_ne!(name("http://a"), name("https://a"));
        for server in ["http://../../etc", "", "http://:::/", "http://x/\u{202e}"] {
            assert!(!name(server).contains(['/', '\\']) && !name(server).starts_with('.'), "{server}");
        }
    }

    #[tokio::test]
    async fn trouble_is_said_once_and_what_is_chosen_before_the_end_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("prefs.json");
        let (news, mut told) = unbounded_channel();
        let keeper = Keeper::spawn(path.clone(), news.clone());
        assert!(matches!(told.recv().await, Some(Msg::Prefs(prefs)) if prefs == Prefs::default()));
        keeper.remember(Remember::Filter("last".into()));
        keeper.finish().await;
        assert_eq!(read(&path).unwrap().filters, ["last"]);
        std::fs::write(&path, "{").unwrap();
        let keeper = Keeper::spawn(path.clone(), news);
        assert!(
            matches!(told.recv().await, Some(Msg::Notice(word)) if word.contains("damaged") && word.contains(".bak"))
        );
        keeper.remember(Remember::Filter("new".into()));
        keeper.finish().await;
        assert!(told.try_recv().is_err());
        assert_eq!(read(&path).unwrap().filters, ["new"]);
    }
}
