//! Keeps the invariants of ARCHITECTURE.md: who may name what, and how long a file may be.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

/// One rule: files under these places (less the exceptions) must not contain these words in code.
struct Rule {
    invariant: &'static str,
    places: &'static [&'static str],
    but: &'static [&'static str],
    forbidden: &'static [&'static str],
}

const IO: &[&str] = &[
    "tokio::",
    "reqwest",
    "octocrab",
    "ratatui::",
    "crossterm",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "SystemTime::now",
    "Timestamp::now",
    "Instant::now",
];

const RULES: &[Rule] = &[
    Rule {
        invariant: "1: the core is pure",
        places: &["src/domain", "src/present", "src/app", "src/screens", "src/program"],
        but: &["view.rs", "src/program/tests"],
        forbidden: IO,
    },
    Rule {
        invariant: "2: ratatui is for drawing",
        places: &["src"],
        but: &["src/ui/", "view.rs", "src/runtime/terminal", "src/program/tests"],
        forbidden: &["ratatui::"],
    },
    Rule {
        invariant: "2: the terminal belongs to the runtime",
        places: &["src"],
        but: &["src/runtime/"],
        forbidden: &["crossterm::"],
    },
    Rule {
        invariant: "2: tasks are spawned by the runtime; adapters may only use blocking threads",
        places: &["src"],
        but: &["src/runtime/"],
        forbidden: &["tokio::spawn("],
    },
    Rule {
        invariant: "3: HTTP belongs to the adapters",
        places: &["src"],
        but: &["src/adapters/"],
        forbidden: &["reqwest", "octocrab::", "hyper"],
    },
    Rule {
        invariant: "4: only promoter and decisions write to servers",
        places: &["src"],
        but: &["src/adapters/", "src/promoter/", "src/decision/", "src/ports/"],
        forbidden: &[
            ".set_version_tag(",
            ".delete_version_tag(",
            ".move_stage(",
            ".set_alias(",
            ".delete_alias(",
            ".create_tag_object(",
            ".create_tag_ref(",
            ".create_release(",
            ".publish_release(",
            ".dispatch(",
            ".attach(",
            ".comment(",
            ".remove_unfinished_asset(",
        ],
    },
    Rule {
        invariant: "5: dependencies point down",
        places: &["src/domain"],
        but: &[],
        forbidden: &[
            "crate::app",
            "crate::screens",
            "crate::program",
            "crate::adapters",
            "crate::ports",
            "crate::ui",
            "crate::config",
            "crate::cli",
            "crate::runtime",
            "crate::services::promote",
        ],
    },
    Rule {
        invariant: "5: dependencies point down",
        places: &["src/app"],
        but: &[],
        forbidden: &[
            "crate::screens",
            "crate::program",
            "crate::adapters",
            "crate::ui",
            "crate::config",
            "crate::cli",
            "crate::runtime",
        ],
    },
    Rule {
        invariant: "5: dependencies point down",
        places: &["src/screens", "src/program"],
        but: &[],
        forbidden: &["crate::adapters", "crate::config", "crate::cli", "crate::runtime"],
    },
    Rule {
        invariant: "5: dependencies point down",
        places: &["src/promoter", "src/decision", "src/evidence.rs", "src/lineage.rs", "src/verdict.rs"],
        but: &[],
        forbidden: &[
            "crate::app",
            "crate::screens",
            "crate::program",
            "crate::adapters",
            "crate::ui",
            "crate::config",
            "crate::cli",
            "crate::runtime",
        ],
    },
    Rule {
        invariant: "5: words rest on the domain alone",
        places: &["src/present"],
        but: &[],
        forbidden: &[
            "crate::app",
            "crate::screens",
            "crate::program",
            "crate::services",
            "crate::ports",
            "crate::adapters",
            "crate::ui",
            "crate::config",
            "crate::cli",
            "crate::runtime",
        ],
    },
    Rule {
        invariant: "5: the toolkit knows nothing of ours",
        places: &["src/ui"],
        but: &[],
        forbidden: &["crate::app", "crate::screens", "crate::program", "crate::domain", "crate::ports"],
    },
];

/// Longest file there may be, in lines.
const MAX_LINES: usize = 600;

fn files(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(place).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}

/// The code of a file: comments and its own unit tests left out.
fn code(path: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .enumerate()
        .take_while(|(_, line)| line.trim() != "mod tests {")
        .map(|(n, line)| (n + 1, line.split("//").next().unwrap_or("").to_owned()))
        .collect()
}

#[test]
fn nobody_names_what_is_not_theirs() {
    let mut broken = Vec::new();
    for rule in RULES {
        for path in rule.places.iter().flat_map(|p| files(Path::new(p))) {
            let name = path.display().to_string();
            if rule.but.iter().any(|b| name.contains(b)) {
                continue;
            }
            for (number, line) in code(&path) {
                for word in rule.forbidden.iter().filter(|w| line.contains(**w)) {
                    broken.push(format!("invariant {}: {name}:{number} names {word}", rule.invariant));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn screens_do_not_import_one_another() {
    let mut broken = Vec::new();
    for entry in fs::read_dir("src/screens").unwrap() {
        let folder = entry.unwrap().path();
        if !folder.is_dir() || folder.ends_with("parts") {
            continue;
        }
        let own = format!("crate::screens::{}", folder.file_name().unwrap().to_string_lossy());
        for path in files(&folder) {
            for (number, line) in code(&path) {
                if line.contains("crate::screens::") && !line.contains("crate::screens::parts") && !line.contains(&own)
                {
                    broken.push(format!("{}:{number}: {}", path.display(), line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_file_is_longer_than_one_can_read() {
    let long: Vec<String> = ["src", "tests", "benches"]
        .into_iter()
        .filter(|p| Path::new(p).exists())
        .flat_map(|p| files(Path::new(p)))
        .filter_map(|path| {
            let lines = fs::read_to_string(&path).unwrap().lines().count();
            (lines > MAX_LINES).then(|| format!("{} has {lines} lines", path.display()))
        })
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn tests_do_not_sleep() {
    let sleeping: Vec<String> = files(Path::new("tests"))
        .into_iter()
        .filter(|p| !p.ends_with("architecture.rs"))
        .flat_map(|path| {
            code(&path)
                .into_iter()
                .filter(|(_, l)| l.contains("thread::sleep(") || l.contains("time::sleep("))
                .map(move |(n, _)| format!("{}:{n}", path.display()))
                .collect::<Vec<_>>()
        })
        .collect();
    // One place polls a real process: it has to give the process time.
    let others: Vec<_> = sleeping.iter().filter(|s| !s.contains("tests/support/")).collect();
    assert!(others.is_empty(), "{others:?}");
}
