//! Installs MLflow and other Python packages into a cache outside the checkout, once per machine and version.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Python versions known to work with both MLflow versions, then any other.
const PYTHONS: [&str; 5] = ["python3.11", "python3.12", "python3.10", "python3.13", "python3"];
/// Written last, so that an interrupted install is detected.
const MARKER: &str = "installed";

/// The directory of a virtual environment with `mlflow==version` and the `extra` packages, installed if needed.
///
/// # Panics
/// With a message, if Python is missing or the packages cannot be installed.
pub fn mlflow(version: &str, extra: &[&str]) -> PathBuf {
    let mlflow = format!("mlflow=={version}");
    let packages: Vec<&str> = [mlflow.as_str()].into_iter().chain(extra.iter().copied()).collect();
    let install = |venv: &Path| pip(venv, &packages);
    environment(&format!("mlflow-{version}"), &packages.join("\n"), install, |venv| works(venv, version))
}

/// The directory of a virtual environment with these packages, installed if needed.
///
/// # Panics
/// As [`mlflow`].
pub fn packages(name: &str, packages: &[&str]) -> PathBuf {
    environment(name, &packages.join("\n"), |venv| pip(venv, packages), |venv| venv.join("bin/python").exists())
}

/// The same with exactly the packages of a list, one a line as `name==version`.
///
/// # Panics
/// As [`mlflow`].
pub fn pinned(name: &str, list: &str) -> PathBuf {
    let packages: Vec<&str> = list.lines().filter(|line| line.contains("==")).collect();
    let install = |venv: &Path| {
        // Takes seconds where pip takes minutes.
        pip(venv, &["uv==0.13.9"]);
        let python = venv.join("bin/python");
        // Nothing is left to resolve.
        run(
            Command::new(&python)
                .args(["-m", "uv", "pip", "install", "--quiet", "--no-deps", "--python"])
                .arg(&python)
                .args(&packages),
            &format!("install {name} with uv (is the package index reachable?)"),
        );
    };
    environment(name, &packages.join("\n"), install, |venv| venv.join("bin/python").exists())
}

/// Test binaries that start concurrently wait for each other.
fn environment(name: &str, wanted: &str, install: impl Fn(&Path), works: impl Fn(&Path) -> bool) -> PathBuf {
    let cache = cache_dir();
    fs::create_dir_all(&cache).unwrap_or_else(|e| panic!("cannot create {}: {e}", cache.display()));
    let lock_path = cache.join(format!("{name}.lock"));
    let lock = File::create(&lock_path).unwrap_or_else(|e| panic!("cannot create {}: {e}", lock_path.display()));
    lock.lock().unwrap_or_else(|e| panic!("cannot lock {}: {e}", lock_path.display()));

    let venv = cache.join(name);
    if fs::read_to_string(venv.join(MARKER)).is_ok_and(|found| found == wanted) && works(&venv) {
        return venv;
    }
    if venv.exists() {
        fs::remove_dir_all(&venv).unwrap_or_else(|e| panic!("cannot remove the broken {}: {e}", venv.display()));
    }
    let python = python();
    run(
        Command::new(&python).args(["-m", "venv"]).arg(&venv),
        "make a virtual environment (on Debian and Ubuntu: apt-get install python3-venv)",
    );
    install(&venv);
    assert!(works(&venv), "{} was installed but does not run", venv.display());
    fs::write(venv.join(MARKER), wanted).unwrap_or_else(|e| panic!("cannot write into {}: {e}", venv.display()));
    venv
}

fn pip(venv: &Path, packages: &[&str]) {
    run(
        Command::new(venv.join("bin/python")).args(["-m", "pip", "install", "--quiet", "--no-input"]).args(packages),
        &format!("install {} with pip (is the package index reachable?)", packages.join(", ")),
    );
}

/// `SIGNOFF_TEST_CACHE`, or the platform's cache directory.
fn cache_dir() -> PathBuf {
    if let Some(dir) = std::env::var_os("SIGNOFF_TEST_CACHE").filter(|d| !d.is_empty()) {
        return dir.into();
    }
    let dirs = directories::ProjectDirs::from("", "", "signoff-tests");
    dirs.map(|d| d.cache_dir().to_owned()).expect("no home directory to cache MLflow in: set SIGNOFF_TEST_CACHE")
}

fn works(venv: &Path, version: &str) -> bool {
    let ask = "import importlib.metadata as m; print(m.version('mlflow'))";
    let output = Command::new(venv.join("bin/python")).args(["-c", ask]).output();
    venv.join("bin/mlflow").exists() && output.is_ok_and(|o| String::from_utf8_lossy(&o.stdout).trim() == version)
}

fn python() -> String {
    let usable = |name: &str| {
        Command::new(name).args(["-c", "import venv, ensurepip"]).output().is_ok_and(|o| o.status.success())
    };
    PYTHONS.iter().find(|name| usable(name)).map(|name| (*name).to_owned()).unwrap_or_else(|| {
        panic!(
            "these tests need Python 3.10 or newer with venv and pip, to install and start real MLflow servers; \
             none of {PYTHONS:?} works (on Debian and Ubuntu: apt-get install python3-venv)"
        )
    })
}

fn run(command: &mut Command, what: &str) {
    let output = command.output().unwrap_or_else(|e| panic!("cannot {what}: {e}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cannot {what}:\n{}", said.lines().rev().take(15).collect::<Vec<_>>().join("\n"));
}
