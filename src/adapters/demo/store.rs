//! Where the demo's world is stored: in memory, or in a file that several processes use at once.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;

use super::world::{FORMAT, World};
use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text;
use crate::local::{self, MIB};
use crate::ports::Clock;

/// The largest world that is read.
const MOST_BYTES: u64 = 64 * MIB;

/// Storage for one world. Clones are handles to the same storage.
#[derive(Clone)]
#[allow(missing_debug_implementations)]
pub struct Store(Place);

#[derive(Clone)]
enum Place {
    Memory(Arc<Mutex<World>>),
    File { path: Arc<Path>, clock: Arc<dyn Clock>, read: Arc<Mutex<Option<Read>>> },
}

/// The world as it was read last: parsing takes a hundred times as long as reading.
struct Read {
    json: Vec<u8>,
    world: Arc<World>,
}

impl Store {
    /// Keeps `world` in memory. Cheap: copies of a world share what is never written.
    pub fn memory(world: World) -> Self {
        Self(Place::Memory(Arc::new(Mutex::new(world))))
    }

    /// Keeps the world in the file `path`, created on first use. `clock` determines how old it looks then.
    ///
    /// Every read locks the file, and every change replaces it as a whole, so several processes see the same world and
    /// no change is lost.
    pub fn file(path: impl Into<PathBuf>, clock: Arc<dyn Clock>) -> Self {
        Self(Place::File { path: Arc::from(path.into()), clock, read: Arc::default() })
    }

    /// A copy of the current world.
    ///
    /// # Errors
    /// [`FailureKind::Local`] if the file cannot be used; never for a world in memory.
    pub fn snapshot(&self) -> Outcome<World> {
        self.look(World::clone)
    }

    /// Starts over with a new world. Replaces a file that cannot be read or has another format.
    ///
    /// # Errors
    /// [`FailureKind::Local`] if the file cannot be written.
    pub fn reset(&self) -> Outcome<()> {
        match &self.0 {
            Place::Memory(world) => {
                let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
                *world = World::new(world.made_at)?;
                Ok(())
            }
            Place::File { path, clock, .. } => {
                let _guard = lock(path, Access::Change)?;
                save(path, &World::new(clock.now())?)
            }
        }
    }

    /// Reads the world. Blocks on disk I/O.
    ///
    /// # Errors
    /// As [`Store::snapshot`].
    pub fn look<T>(&self, f: impl FnOnce(&World) -> T) -> Outcome<T> {
        match &self.0 {
            Place::Memory(world) => Ok(f(&world.lock().unwrap_or_else(PoisonError::into_inner))),
            Place::File { path, clock, read } => {
                let found = {
                    let _guard = lock(path, Access::Look)?;
                    load(path, read)?
                };
                match found {
                    Some(world) => Ok(f(&world)),
                    None => {
                        let _guard = lock(path, Access::Change)?;
                        let world = load_or_make(path, &**clock, read)?;
                        Ok(f(&world))
                    }
                }
            }
        }
    }

    /// Changes the world. If `f` returns an error, it must not have changed anything. Blocks on disk I/O.
    ///
    /// # Errors
    /// [`FailureKind::Local`] if the file cannot be used. The inner result is that of `f`.
    pub fn change<T, E>(&self, f: impl FnOnce(&mut World) -> Result<T, E>) -> Outcome<Result<T, E>> {
        match &self.0 {
            Place::Memory(world) => Ok(f(&mut world.lock().unwrap_or_else(PoisonError::into_inner))),
            Place::File { path, clock, read } => {
                let _guard = lock(path, Access::Change)?;
                let mut world = World::clone(&*load_or_make(path, &**clock, read)?);
                let done = f(&mut world);
                if done.is_ok() {
                    save(path, &world)?;
                }
                Ok(done)
            }
        }
    }

    /// [`Store::look`] on a blocking thread.
    pub(super) async fn look_async<T: Send + 'static>(
        &self,
        f: impl FnOnce(&World) -> T + Send + 'static,
    ) -> Outcome<T> {
        match &self.0 {
            Place::Memory(_) => self.look(f),
            Place::File { .. } => {
                let store = self.clone();
                off_thread(move || store.look(f)).await
            }
        }
    }

    /// [`Store::change`] on a blocking thread. Once started it runs to completion, even if the caller stops waiting.
    pub(super) async fn change_async<T: Send + 'static, E: Send + 'static>(
        &self,
        f: impl FnOnce(&mut World) -> Result<T, E> + Send + 'static,
    ) -> Outcome<Result<T, E>> {
        match &self.0 {
            Place::Memory(_) => self.change(f),
            Place::File { .. } => {
                let store = self.clone();
                off_thread(move || store.change(f)).await
            }
        }
    }
}

async fn off_thread<T: Send + 'static>(f: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
    tokio::task::spawn_blocking(f).await.unwrap_or_else(|e| {
        Err(Failure::new(FailureKind::Bug, Service::Local, "use the demo world", text::clean_line(&e.to_string())))
    })
}

#[derive(Clone, Copy)]
enum Access {
    Look,
    Change,
}

/// Locks the world at `path` until the returned file is dropped.
///
/// The lock is a separate file, because the world's file is replaced on every change. Readers take it too: on Windows
/// an open file cannot be replaced.
fn lock(path: &Path, access: Access) -> Outcome<File> {
    let failed = |e: io::Error| trouble("lock", path, &e);
    if let Some(folder) = path.parent() {
        local::private_dir(folder).map_err(failed)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    local::writable(&path.with_extension("lock"), true).map_err(failed)?;
    let file = options.open(path.with_extension("lock")).map_err(failed)?;
    match access {
        Access::Look => file.lock_shared(),
        Access::Change => file.lock(),
    }
    .map_err(failed)?;
    Ok(file)
}

/// Reads the world, or creates one. The caller holds the exclusive lock.
fn load_or_make(path: &Path, clock: &dyn Clock, read: &Mutex<Option<Read>>) -> Outcome<Arc<World>> {
    if let Some(world) = load(path, read)? {
        return Ok(world);
    }
    let world = World::new(clock.now())?;
    save(path, &world)?;
    Ok(Arc::new(world))
}

fn load(path: &Path, read: &Mutex<Option<Read>>) -> Outcome<Option<Arc<World>>> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let json = match local::read(path, MOST_BYTES) {
        Ok(json) => json,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(trouble("read", path, &e)),
    };
    // Held while it is parsed: whoever comes meanwhile needs the same.
    let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = read.as_ref().filter(|known| known.json == json) {
        return Ok(Some(Arc::clone(&known.world)));
    }
    let strange = |what: String| {
        Failure::new(FailureKind::Local, Service::Local, format!("read the demo world in {}", shown(path)), what)
            .with_hint("`signoff demo --reset` replaces it with a fresh world.")
    };
    let broken = |e: serde_json::Error| strange(format!("it is damaged ({})", text::clean_line(&e.to_string())));
    let head: Head = serde_json::from_slice(&json).map_err(broken)?;
    if head.format != FORMAT {
        return Err(strange(format!(
            "it has format {}, and this version of signoff uses format {FORMAT}",
            head.format
        )));
    }
    let world: Arc<World> = Arc::new(serde_json::from_slice(&json).map_err(broken)?);
    *read = Some(Read { json, world: Arc::clone(&world) });
    Ok(Some(world))
}

/// Replaces the whole world. The caller holds the exclusive lock.
fn save(path: &Path, world: &World) -> Outcome<()> {
    let failed = |e: io::Error| trouble("write", path, &e);
    let json = serde_json::to_vec(world).map_err(|e| failed(e.into()))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Temporary files are private to their owner (mode 0600), and stay so when they replace another file.
    let mut file = tempfile::Builder::new().prefix(".demo-world-").tempfile_in(folder).map_err(failed)?;
    file.write_all(&json).map_err(failed)?;
    file.persist(path).map_err(|e| failed(e.error))?;
    Ok(())
}

fn trouble(act: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        FailureKind::Local,
        Service::Local,
        format!("{act} the demo world in {}", shown(path)),
        text::clean_line(&error.to_string()),
    )
    .with_hint("Check the state directory, or name another with SIGNOFF_STATE_DIR.")
}

fn shown(path: &Path) -> String {
    text::clean_line(&path.display().to_string())
}
