//! Where the demo's world is stored.

use super::*;

fn file_store(folder: &tempfile::TempDir) -> Store {
    Store::file(folder.path().join("state/demo-world.json"), Arc::new(ManualClock::at(NOW)))
}

#[test]
fn two_handles_to_one_file_never_lose_an_update() {
    const EACH: u64 = 40;
    let folder = tempfile::tempdir().unwrap();
    let (model, number) = (name(CHURN), VersionNumber(42));
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let (store, model) = (file_store(&folder), &model);
            scope.spawn(move || {
                for n in 0..EACH {
                    let key = format!("{thread}.{n}");
                    store.change(|w| w.set_version_tag(model, number, &key, "x")).unwrap().unwrap();
                    store.look(|w| assert!(w.version(model, number).unwrap().tags.contains_key(&key))).unwrap();
                }
            });
        }
    });
    let world = file_store(&folder).snapshot().unwrap();
    let added = world.version(&model, number).unwrap().tags.keys().filter(|k| k.starts_with(['0', '1']));
    assert_eq!(added.count(), 2 * usize::try_from(EACH).unwrap());
    let left: Vec<_> =
        std::fs::read_dir(folder.path().join("state")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "only the world and its lock stay behind: {left:?}");
}

#[tokio::test]
async fn the_file_keeps_the_world_as_it_is_and_reset_starts_over() {
    let folder = tempfile::tempdir().unwrap();
    let fresh = World::new(NOW.parse().unwrap()).unwrap();
    assert_eq!(file_store(&folder).snapshot().unwrap(), fresh);
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
    let (registry, _) = open(&file_store(&folder), &clock, Latency::DEMO);
    let j = journaled().await;
    registry.move_stage(&j, &name(CHURN), VersionNumber(42), &Stage::Production, true, "").await.unwrap();
    let stage = |w: &World| w.version(&name(CHURN), VersionNumber(42)).unwrap().stage.clone();
    assert_eq!(file_store(&folder).look(stage).unwrap(), Stage::Production);
    file_store(&folder).reset().unwrap();
    assert_eq!(file_store(&folder).snapshot().unwrap(), fresh);
}

#[test]
fn a_refused_change_leaves_the_file_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let store = file_store(&folder);
    let before = store.snapshot().unwrap();
    let refused = store.change(|w| {
        w.models.clear();
        Err::<(), _>("no")
    });
    assert_eq!(refused.unwrap(), Err("no"));
    assert_eq!(store.snapshot().unwrap(), before);
}

#[test]
fn a_world_of_another_format_or_a_damaged_one_is_refused_until_reset() {
    let folder = tempfile::tempdir().unwrap();
    let store = file_store(&folder);
    store.snapshot().unwrap();
    let path = folder.path().join("state/demo-world.json");
    for (content, says) in
        [("{\"format\": 7, \"new\": true}", "format 7"), ("{\"format\": 1", "damaged"), ("", "damaged")]
    {
        std::fs::write(&path, content).unwrap();
        let failure = store.snapshot().unwrap_err();
        assert_eq!(failure.kind, FailureKind::Local);
        assert!(failure.reason.contains(says), "{failure}");
        assert!(failure.hint.unwrap().contains("signoff demo --reset"));
        assert!(store.change::<(), ()>(|_| Ok(())).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), content, "nothing but a reset replaces it");
    }
    store.reset().unwrap();
    store.snapshot().unwrap();
}

#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = file_store(&folder);
    store.snapshot().unwrap();
    store.reset().unwrap();
    for entry in std::fs::read_dir(folder.path().join("state")).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_a_failure_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("state"), "a file, not a folder").unwrap();
    let failure = file_store(&folder).snapshot().unwrap_err();
    assert_eq!(failure.kind, FailureKind::Local);
    assert!(failure.hint.unwrap().contains("SIGNOFF_STATE_DIR"));
}

#[test]
fn copies_of_a_world_in_memory_are_independent() {
    let world = World::new(NOW.parse().unwrap()).unwrap();
    let (a, b) = (Store::memory(world.clone()), Store::memory(world.clone()));
    a.change(|w| w.set_alias(&name(CHURN), "champion", VersionNumber(42))).unwrap().unwrap();
    assert_eq!(b.snapshot().unwrap(), world);
    assert_ne!(a.snapshot().unwrap(), world);
    a.reset().unwrap();
    assert_eq!(a.snapshot().unwrap(), world);
}
