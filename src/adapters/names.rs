//! Names of models and their versions in a file of the cache directory, one file a target.
//!
//! Completion reads it and asks no server. Each name is kept for a day after it was last listed. Names only: nothing
//! that says more of a model, and no secret.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::ids::{ModelName, VersionNumber};
use crate::domain::registry::RegisteredModel;
use crate::local::{self, MIB};
use crate::ports::Clock;
use crate::ports::names::SeenNames;

/// What was listed longer ago is listed anew. Younger entries are written only if something is new.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// What was not listed for so long is forgotten.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// Most versions of a model, newest first.
const VERSIONS: usize = 100;
/// Most models, and the longest name of one in bytes.
const MODELS: usize = 10_000;
const LONGEST: usize = 512;
/// Largest file.
const LIMIT: u64 = 8 * MIB;

/// The names of one target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    models: BTreeMap<String, Seen>,
}

/// When a model was listed last, and its newest versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Seen {
    at: Timestamp,
    versions: Vec<u64>,
}

impl Names {
    /// The names at `path` that are not too old; none if there is no such file, or it cannot be read.
    pub fn read(path: &Path, now: Timestamp) -> Self {
        let text = local::read(path, LIMIT).unwrap_or_default();
        let mut names: Self = serde_json::from_slice(&text).unwrap_or_default();
        names.forget(now);
        names
    }

    /// Each model, by name.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    /// The versions of a model, newest first.
    pub fn versions(&self, model: &str) -> &[u64] {
        self.models.get(model).map(|seen| seen.versions.as_slice()).unwrap_or_default()
    }

    /// A clock that was set back makes nothing old for ever.
    fn forget(&mut self, now: Timestamp) {
        self.models.retain(|_, seen| now.duration_since(seen.at).abs() < KEPT);
    }

    /// Takes a model in. Whether that is worth writing.
    fn see(&mut self, name: &str, now: Timestamp, change: impl FnOnce(&mut Vec<u64>)) -> bool {
        if name.len() > LONGEST || (self.models.len() >= MODELS && !self.models.contains_key(name)) {
            return false;
        }
        let before = self.models.get(name).cloned();
        let mut versions = before.as_ref().map(|seen| seen.versions.clone()).unwrap_or_default();
        change(&mut versions);
        versions.sort_unstable_by(|a, b| b.cmp(a));
        versions.dedup();
        versions.truncate(VERSIONS);
        let worth = before.is_none_or(|seen| seen.versions != versions || now.duration_since(seen.at).abs() >= FRESH);
        if worth {
            self.models.insert(name.to_owned(), Seen { at: now, versions });
        }
        worth
    }
}

/// Keeps the names of a target in a file.
#[allow(missing_debug_implementations)]
pub struct NamesFile {
    path: PathBuf,
    clock: Arc<dyn Clock>,
}

impl NamesFile {
    pub fn new(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { path, clock }
    }

    /// Reads, changes and replaces the file. Of two processes that do it at once, the later one's names stay: the
    /// other's are back with the next list.
    fn change(&self, change: impl FnOnce(&mut Names, Timestamp) -> bool) {
        let now = self.clock.now();
        let mut names = Names::read(&self.path, now);
        if change(&mut names, now)
            && let Err(error) = replace(&self.path, &names)
        {
            tracing::debug!(%error, path = %self.path.display(), "names for completion were not kept");
        }
    }
}

impl SeenNames for NamesFile {
    fn models(&self, seen: &[RegisteredModel]) {
        self.change(|names, now| {
            let see = |model: &RegisteredModel| {
                let latest = model.latest.iter().map(|version| version.number.0);
                names.see(model.name.as_str(), now, |versions| versions.extend(latest))
            };
            // All of them are seen, whatever the first is worth.
            seen.iter().map(see).fold(false, |worth, one| worth | one)
        });
    }

    fn versions(&self, model: &ModelName, seen: &[VersionNumber], newest: bool) {
        let (Some(first), Some(last)) = (seen.iter().max(), seen.iter().min()) else { return };
        // What lies within the page and is not on it was deleted.
        let is_on = |number: u64| number >= last.0 && (newest || number <= first.0);
        self.change(|names, now| {
            names.see(model.as_str(), now, |versions| {
                versions.retain(|number| !is_on(*number));
                versions.extend(seen.iter().map(|VersionNumber(number)| *number));
            })
        });
    }
}

fn replace(path: &Path, names: &Names) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    local::private_dir(folder)?;
    // Readable by its owner only, like every temporary file.
    let mut file = tempfile::Builder::new().prefix(".names-").tempfile_in(folder)?;
    file.write_all(&serde_json::to_vec(names)?)?;
    // Not synced: after a crash of the machine the next list writes it again.
    file.persist(path).map(drop).map_err(|e| e.error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Mutex;
    use std::time::Duration;

    use futures_util::future::BoxFuture;

    use super::*;
    use crate::domain::ids::PromotionId;
    use crate::domain::promotion::samples;

    struct Hands(Mutex<Timestamp>);

    impl Hands {
        fn advance(&self, by: SignedDuration) {
            *self.0.lock().unwrap() += by;
        }
    }

    impl Clock for Hands {
        fn now(&self) -> Timestamp {
            *self.0.lock().unwrap()
        }
        fn new_id(&self) -> PromotionId {
            samples::plan().id
        }
        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
    }

    struct Desk {
        folder: tempfile::TempDir,
        clock: Arc<Hands>,
        file: NamesFile,
    }

    impl Desk {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let clock = Arc::new(Hands(Mutex::new("2026-11-30T05:00:00Z".parse().unwrap())));
            let file = NamesFile::new(folder.path().join("names/prod.json"), clock.clone());
            Self { folder, clock, file }
        }

        fn path(&self) -> PathBuf {
            self.folder.path().join("names/prod.json")
        }

        fn see(&self, name: &str, numbers: &[u64], newest: bool) {
            let numbers: Vec<_> = numbers.iter().copied().map(VersionNumber).collect();
            self.file.versions(&ModelName::new(name), &numbers, newest);
        }

        fn read(&self) -> Names {
            Names::read(&self.path(), self.clock.now())
        }
    }

    #[test]
    fn versions_are_kept_newest_first_and_deleted_ones_go() {
        let desk = Desk::new();
        desk.see("telco", &[9, 8, 7], true);
        desk.see("telco", &[6, 5], false);
        assert_eq!(desk.read().versions("telco"), [9, 8, 7, 6, 5]);
        desk.see("telco", &[8, 6], true);
        assert_eq!(desk.read().versions("telco"), [8, 6, 5]);
        desk.see("telco", &(1..=300).rev().collect::<Vec<_>>(), true);
        assert_eq!((desk.read().versions("telco").len(), desk.read().versions("telco")[0]), (VERSIONS, 300));
        assert_eq!(desk.read().versions("other"), [0_u64; 0]);
    }

    #[test]
    fn a_fresh_file_is_left_alone_an_older_one_is_written_and_a_day_later_it_says_nothing() {
        let desk = Desk::new();
        desk.see("telco", &[2, 1], true);
        let written = || std::fs::read(desk.path()).unwrap();
        let first = written();
        desk.clock.advance(SignedDuration::from_mins(9));
        desk.see("telco", &[2, 1], true);
        assert_eq!(written(), first);
        desk.see("fraud", &[1], true);
        assert_ne!(written(), first, "what is new is kept at once");
        desk.clock.advance(SignedDuration::from_mins(1));
        let before = written();
        desk.see("telco", &[2, 1], true);
        assert_ne!(written(), before);
        desk.clock.advance(SignedDuration::from_hours(23) + SignedDuration::from_mins(58));
        assert_eq!(desk.read().models().collect::<Vec<_>>(), ["fraud", "telco"]);
        desk.clock.advance(SignedDuration::from_mins(1));
        assert_eq!(desk.read().models().collect::<Vec<_>>(), ["telco"]);
        desk.clock.advance(SignedDuration::from_hours(1));
        assert_eq!(desk.read(), Names::default());
    }

    #[test]
    fn a_file_that_is_damaged_or_missing_says_nothing_and_is_replaced() {
        let desk = Desk::new();
        assert_eq!(desk.read(), Names::default());
        desk.see("telco", &[1], true);
        std::fs::write(desk.path(), "{\"models\": 7").unwrap();
        assert_eq!(desk.read(), Names::default());
        desk.see("telco", &[1], true);
        assert_eq!(desk.read().models().collect::<Vec<_>>(), ["telco"]);
    }

    #[cfg(unix)]
    #[test]
    fn it_is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let desk = Desk::new();
        desk.see("telco", &[1], true);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&desk.path()), mode(desk.path().parent().unwrap())), (0o600, 0o700));
        // A place that cannot be written to stops nothing.
        std::fs::set_permissions(desk.path().parent().unwrap(), std::fs::Permissions::from_mode(0o777)).unwrap();
        desk.see("fraud", &[1], true);
        assert_eq!(desk.read().models().collect::<Vec<_>>(), ["telco"]);
    }
}
