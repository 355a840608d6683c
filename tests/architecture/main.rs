//! Checks the invariants of ARCHITECTURE.md: which modules may depend on which, and the maximum length of a file.
#![allow(clippy::unwrap_used)]

mod arms;
mod keys;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use source::{Library, Module, Source, files};

/// Allowed dependencies between rooms. Every room is listed; each folder of `adapters` is a room of its own.
const ROOMS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("local", &[]),
    ("ports", &["domain"]),
    ("services", &["ports", "domain"]),
    ("present", &["domain"]),
    ("preview", &["domain"]),
    ("ui", &["present"]),
    ("app", &["domain"]),
    ("screens", &["app", "present", "preview", "domain", "ui"]),
    ("program", &["screens", "app", "present", "domain", "ui"]),
    ("runtime", &["program", "app", "services", "ports", "preview", "domain", "local", "ui"]),
    ("config", &["app", "domain", "local", "ui"]),
    ("adapters", &["ports", "domain", "local"]),
    ("adapters/http", &["adapters", "ports", "domain", "local"]),
    ("adapters/mlflow", &["adapters/http", "adapters", "ports", "domain"]),
    ("adapters/databricks", &["adapters/mlflow", "adapters/http", "adapters", "ports", "domain"]),
    ("adapters/stores", &["adapters/mlflow", "adapters/http", "adapters", "ports", "domain", "local"]),
    ("adapters/github", &["adapters/http", "adapters", "ports", "domain"]),
    ("adapters/demo", &["adapters", "ports", "domain", "local"]),
    ("adapters/journal", &["adapters", "ports", "domain", "local"]),
    ("adapters/records", &["adapters", "ports", "domain", "local"]),
    ("adapters/witness", &["adapters/http", "adapters", "ports", "domain"]),
    ("adapters/notify", &["adapters/http", "adapters", "ports", "domain", "local"]),
    ("adapters/outbox", &["adapters", "ports", "domain", "local"]),
    (
        "cli",
        &[
            "runtime",
            "program",
            "app",
            "services",
            "present",
            "preview",
            "ports",
            "domain",
            "local",
            "ui",
            "config",
            "adapters",
            "adapters/http",
            "adapters/mlflow",
            "adapters/databricks",
            "adapters/stores",
            "adapters/github",
            "adapters/demo",
            "adapters/journal",
            "adapters/records",
            "adapters/witness",
            "adapters/notify",
            "adapters/outbox",
        ],
    ),
    // `main.rs` and `lib.rs`.
    ("", &["cli"]),
];

/// Known violations: from, to, and why. One that is no longer needed fails, so that it gets removed.
const EXCEPTIONS: &[(&str, &str, &str)] =
    &[("config", "adapters/demo", "the demo's target is configuration, and stands with its world")];

/// Known dependency cycles between siblings, by their folder and their names in order.
const CIRCLES: &[(&str, &[&str], &str)] = &[("cli", &["args", "commands"], "a command's arguments know how to run it")];

const IO: &[&str] = &[
    "tokio",
    "reqwest",
    "octocrab",
    "hyper",
    "http",
    "ratatui",
    "crossterm",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "SystemTime::now",
    "Timestamp::now",
    "Instant::now",
    "TimeZone::system",
    "Zoned::now",
];

/// Files in these places (less the exceptions) must not name these crates, modules or functions.
struct Ban {
    invariant: &'static str,
    places: &'static [&'static str],
    but: fn(&str) -> bool,
    banned: &'static [&'static str],
}

const BANS: &[Ban] = &[
    Ban {
        invariant: "1: the core is pure",
        places: &["src/domain/", "src/app/", "src/screens/", "src/program/", "src/present/"],
        but: is_view,
        banned: IO,
    },
    Ban {
        invariant: "2: ratatui is for drawing",
        places: &["src/"],
        but: |file| is_view(file) || file.starts_with("src/ui/") || file.starts_with("src/runtime/terminal"),
        banned: &["ratatui"],
    },
    Ban {
        invariant: "2: the terminal belongs to the runtime",
        places: &["src/"],
        but: |file| file.starts_with("src/runtime/"),
        banned: &["crossterm"],
    },
    Ban {
        invariant: "2: tasks are spawned by the runtime; adapters may only use blocking threads",
        places: &["src/"],
        but: |file| file.starts_with("src/runtime/"),
        banned: &["tokio::spawn"],
    },
    Ban {
        invariant: "3: HTTP belongs to the adapters",
        places: &["src/"],
        but: |file| file.starts_with("src/adapters/"),
        banned: &["reqwest", "octocrab", "hyper"],
    },
];

/// Port methods that write to a server.
const WRITES: &[&str] = &[
    "set_version_tag",
    "delete_version_tag",
    "move_stage",
    "set_alias",
    "delete_alias",
    "create_tag_object",
    "create_tag_ref",
    "create_release",
    "publish_release",
    "dispatch",
    "rerun_failed",
    "approve_deployments",
    "attach",
    "comment",
    "remove_unfinished_asset",
];

/// Maximum length of a file, in lines.
const MAX_LINES: usize = 600;

fn is_view(file: &str) -> bool {
    file.ends_with("view.rs") || file.contains("/view/")
}

fn name(source: &Source) -> String {
    source.file.display().to_string()
}

fn room(module: &[String]) -> String {
    match module {
        [adapters, inner, ..]
            if adapters == "adapters" && ROOMS.iter().any(|(r, _)| *r == format!("adapters/{inner}")) =>
        {
            format!("adapters/{inner}")
        }
        [room, ..] => room.clone(),
        [] => String::new(),
    }
}

fn none(broken: &[String]) {
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn a_room_names_only_the_rooms_below_it() {
    let library = Library::read();
    let (mut broken, mut needed) = (Vec::new(), BTreeSet::new());
    for source in &library.sources {
        let from = room(&source.module);
        let Some((_, allowed)) = ROOMS.iter().find(|(room, _)| *room == from) else {
            broken.push(format!("{}: '{from}' has no rule", name(source)));
            continue;
        };
        for (line, module) in library.uses(source) {
            let to = room(&module);
            if to == from || allowed.contains(&to.as_str()) {
                continue;
            }
            match EXCEPTIONS.iter().position(|(f, t, _)| *f == from && *t == to) {
                Some(at) => drop(needed.insert(at)),
                None => broken.push(format!("{}:{line}: '{from}' names '{}'", name(source), module.join("::"))),
            }
        }
    }
    let unneeded = (0..EXCEPTIONS.len()).filter(|at| !needed.contains(at));
    broken.extend(unneeded.map(|at| format!("no longer needed: {:?}", EXCEPTIONS[at])));
    none(&broken);
}

#[test]
fn screens_do_not_import_one_another() {
    let library = Library::read();
    let mut broken = Vec::new();
    for source in &library.sources {
        let [screens, own, ..] = source.module.as_slice() else { continue };
        for (line, module) in library.uses(source) {
            if let ("screens", [of, other, ..]) = (screens.as_str(), module.as_slice())
                && of == "screens"
                && other != own
                && other != "parts"
            {
                broken.push(format!("{}:{line}: '{own}' names '{other}'", name(source)));
            }
        }
    }
    none(&broken);
}

/// Dependencies among the files and folders of one folder, without its `mod.rs`.
fn neighbours(library: &Library) -> BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> {
    let mut folders: BTreeMap<Module, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for source in &library.sources {
        for (_, target) in library.uses(source) {
            let shared = source.module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (source.module.get(shared), target.get(shared)) {
                let folder = folders.entry(source.module[..shared].to_vec()).or_default();
                folder.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    folders
}

fn reachable(of: &BTreeMap<String, BTreeSet<String>>, from: &str) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_owned()]);
    while let Some(next) = open.pop() {
        for to in of.get(&next).into_iter().flatten() {
            if seen.insert(to.clone()) {
                open.push(to.clone());
            }
        }
    }
    seen
}

#[test]
fn no_two_neighbours_need_one_another() {
    let (mut broken, mut needed) = (Vec::new(), BTreeSet::new());
    for (folder, uses) in neighbours(&Library::read()) {
        let reach: BTreeMap<&String, BTreeSet<String>> =
            uses.keys().map(|name| (name, reachable(&uses, name))).collect();
        let mut circles = BTreeSet::new();
        for (name, seen) in &reach {
            let circle: Vec<&str> = seen
                .iter()
                .filter(|other| reach.get(other).is_some_and(|back| back.contains(*name)))
                .map(String::as_str)
                .collect();
            if !circle.is_empty() {
                circles.insert(circle.into_iter().map(str::to_owned).collect::<Vec<_>>());
            }
        }
        let folder = folder.join("/");
        for circle in circles {
            match CIRCLES.iter().position(|(f, members, _)| *f == folder && circle == *members) {
                Some(at) => drop(needed.insert(at)),
                None => broken.push(format!("in '{folder}': {}", circle.join(", "))),
            }
        }
    }
    let unneeded = (0..CIRCLES.len()).filter(|at| !needed.contains(at));
    broken.extend(unneeded.map(|at| format!("no longer needed: {:?}", CIRCLES[at])));
    none(&broken);
}

#[test]
fn nobody_names_what_is_not_theirs() {
    let mut broken = Vec::new();
    for source in &Library::read().sources {
        let file = name(source);
        for ban in BANS.iter().filter(|ban| ban.places.iter().any(|p| file.starts_with(p)) && !(ban.but)(&file)) {
            for named in &source.named {
                let path = named.path.join("::");
                let names = |banned: &&&str| {
                    let ends = path.ends_with(&format!("::{banned}")) && banned.contains("::");
                    path == **banned || path.starts_with(&format!("{banned}::")) || ends
                };
                if ban.banned.iter().any(|banned| names(&banned)) {
                    broken.push(format!("invariant {}: {file}:{} names {path}", ban.invariant, named.line));
                }
            }
        }
    }
    none(&broken);
}

#[test]
fn only_services_write_to_servers() {
    let may = |file: &str| ["src/services/", "src/adapters/", "src/ports/"].iter().any(|place| file.starts_with(place));
    let mut broken = Vec::new();
    for source in Library::read().sources.iter().filter(|source| !may(&name(source))) {
        let writes = source.calls.iter().filter(|(_, method)| WRITES.contains(&method.as_str()));
        broken.extend(writes.map(|(line, method)| format!("invariant 4: {}:{line} calls {method}", name(source))));
    }
    none(&broken);
}

#[test]
fn no_match_over_our_own_enums_drops_the_rest_silently() {
    let library = Library::read();
    let own: BTreeSet<String> = library.sources.iter().flat_map(|source| arms::enums(&source.tokens)).collect();
    let silent = |source: &Source| {
        let lines = arms::silent(&source.tokens, &own);
        lines.into_iter().map(|line| format!("{}:{line} drops the rest silently", name(source))).collect::<Vec<_>>()
    };
    none(&library.sources.iter().flat_map(silent).collect::<Vec<_>>());
}

/// Sentences that name a key which nobody can bind anew: file, text, and why.
const FIXED_KEYS: &[(&str, &str, &str)] = &[
    ("src/screens/decide/view.rs", "Enter starts a new line", "the text box takes it itself"),
    ("src/screens/decide/mod.rs", "Enter a reason", "a verb"),
    ("src/program/update.rs", "Esc ends that", "so does every key that is not typed"),
    ("src/screens/help/view.rs", "PgDn, Ctrl-D, Ctrl-F", "a sample, for the width"),
];

#[test]
fn no_sentence_names_a_key_that_may_be_bound_anew() {
    let mut broken = Vec::new();
    for place in ["src/screens", "src/program", "src/present", "src/preview", "src/services"] {
        for file in files(Path::new(place)) {
            let (source, name) = (fs::read_to_string(&file).unwrap(), file.to_string_lossy().into_owned());
            if name.ends_with("tests.rs") {
                continue;
            }
            let is_fixed = |text: &str| FIXED_KEYS.iter().any(|(file, fixed, _)| *file == name && text.contains(fixed));
            let said =
                keys::literals(&source).into_iter().filter(|(_, text)| keys::names_a_key(text) && !is_fixed(text));
            broken.extend(said.map(|(line, text)| format!("{name}:{line}: ask `Ctx::keys`: {text}")));
            broken.extend(keys::drawn(&source).into_iter().map(|line| format!("{name}:{line}: ask `Ctx::keys`")));
        }
    }
    none(&broken);
}

#[test]
fn no_file_is_longer_than_one_can_read_and_none_stands_beside_its_folder() {
    let mut broken = Vec::new();
    for path in ["src", "tests", "benches"].iter().flat_map(|place| files(Path::new(place))) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        if lines > MAX_LINES {
            broken.push(format!("{} has {lines} lines", path.display()));
        }
        if path.with_extension("").is_dir() {
            broken.push(format!("{} belongs into the folder of its name, as mod.rs", path.display()));
        }
    }
    none(&broken);
}

#[test]
fn tests_do_not_sleep() {
    // One place polls a real process, which needs time.
    let polls = |path: &Path| path.starts_with("tests/support") || path.starts_with("tests/architecture");
    let mut broken = Vec::new();
    for path in files(Path::new("tests")).iter().filter(|path| !polls(path)) {
        let text = fs::read_to_string(path).unwrap();
        let sleeps = text.lines().enumerate().filter(|(_, line)| {
            let code = line.split("//").next().unwrap_or_default();
            code.contains("thread::sleep(") || code.contains("time::sleep(")
        });
        broken.extend(sleeps.map(|(line, _)| format!("{}:{}", path.display(), line + 1)));
    }
    none(&broken);
}

/// `dist` inherits from `release`, and what that says of single packages too.
#[test]
fn published_binaries_are_optimised_in_every_package() {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let packages = |profile: &str| manifest["profile"][profile]["package"].as_table().unwrap().clone();
    let dist = packages("dist");
    let forgotten: Vec<String> = packages("release").keys().filter(|name| !dist.contains_key(*name)).cloned().collect();
    none(&forgotten);
}
