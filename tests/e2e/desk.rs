//! A reviewer's machine: its own home, state directory, configuration and token, isolated from this machine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use signoff::domain::record::chain::ChainLine;

use crate::support::pty::{self, Pty};

/// Time limit of a command. Only a failing test waits that long.
const DEADLINE: Duration = Duration::from_secs(90);
/// The minimum size at which everything must be usable.
pub const SMALL: (u16, u16) = (80, 24);

/// A machine. Its files are removed when it is dropped.
pub struct Desk {
    home: tempfile::TempDir,
    env: BTreeMap<String, String>,
}

/// The output and exit code of a command.
#[derive(Clone, Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A process that does not outlive a test that fails.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running command.
pub struct Running {
    child: Guarded,
    what: String,
    out: JoinHandle<String>,
    /// Lines of stderr as they arrive.
    lines: mpsc::Receiver<String>,
    err: RefCell<String>,
}

impl Desk {
    /// A machine without a configured server.
    pub fn empty() -> Self {
        let home = tempfile::Builder::new().prefix("signoff-e2e-").tempdir().unwrap();
        let state = home.path().join("state");
        let mut env = BTreeMap::from([
            ("HOME".to_owned(), text(home.path())),
            ("SIGNOFF_STATE_DIR".to_owned(), text(&state)),
            ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ]);
        // For the shell used by tests that look at the terminal from outside.
        env.extend(std::env::var("PATH").map(|path| ("PATH".to_owned(), path)));
        Self { home, env }
    }

    /// Sets an environment variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Removes an environment variable.
    pub fn without(mut self, name: &str) -> Self {
        self.env.remove(name);
        self
    }

    /// Writes a configuration file.
    pub fn configured(self, toml: &str) -> Self {
        let path = self.home.path().join("signoff.toml");
        std::fs::write(&path, toml).unwrap();
        self.with("SIGNOFF_CONFIG", &text(&path))
    }

    /// Directory of the journals.
    pub fn promotions_dir(&self) -> PathBuf {
        self.home.path().join("state").join("promotions")
    }

    /// The file with the chain of records.
    pub fn records_file(&self) -> PathBuf {
        self.home.path().join("state").join("records.jsonl")
    }

    /// The lines of the chain of records.
    pub fn records(&self) -> Vec<ChainLine> {
        let text = std::fs::read_to_string(self.records_file()).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The entries of the only journal.
    pub fn journal(&self) -> Vec<Value> {
        let files: Vec<_> = std::fs::read_dir(self.promotions_dir())
            .map(|dir| dir.map(|f| f.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e == "jsonl")).collect())
            .unwrap_or_default();
        assert_eq!(files.len(), 1, "{files:?}");
        let text = std::fs::read_to_string(&files[0]).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs the program on a terminal of 80x24.
    pub fn sit_down(&self, args: &[&str]) -> Pty {
        self.sit_down_at(SMALL, args)
    }

    /// Runs the program on a terminal of this size.
    pub fn sit_down_at(&self, size: (u16, u16), args: &[&str]) -> Pty {
        Pty::start(program(), args, &self.env, self.home.path(), size)
    }

    /// Runs a shell script on a terminal of 80x24; `$0` is the program.
    pub fn shell(&self, script: &str) -> Pty {
        Pty::start(Path::new("/bin/sh"), &["-c", script, &text(program())], &self.env, self.home.path(), SMALL)
    }

    /// A path in the home directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Content of a file in the home directory.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.home.path().join(name)).unwrap()
    }

    /// Everything in the home directory, state and log included.
    pub fn everything(&self) -> String {
        fn read(dir: &Path, into: &mut String) {
            for entry in std::fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    read(&path, into);
                } else {
                    into.push_str(&String::from_utf8_lossy(&std::fs::read(&path).unwrap()));
                }
            }
        }
        let mut all = String::new();
        read(self.home.path(), &mut all);
        assert!(!all.is_empty());
        all
    }

    /// Runs a command to completion, without a terminal.
    pub fn run(&self, args: &[&str]) -> Said {
        self.start(args).wait()
    }

    /// Runs a command with `--json` that must succeed, and returns its document.
    pub fn json(&self, args: &[&str]) -> Value {
        let mut args = args.to_vec();
        args.push("--json");
        let said = self.run(&args).ends(0);
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:?}"))
    }

    /// Starts a command, without a terminal.
    pub fn start(&self, args: &[&str]) -> Running {
        let one_at_a_time = pty::starting();
        let mut child = Command::new(program())
            .args(args)
            .env_clear()
            .envs(&self.env)
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(one_at_a_time);
        let mut stdout = child.stdout.take().unwrap();
        let out = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            stdout.read_to_end(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.split(b'\n') {
                let _ = sender.send(format!("{}\n", String::from_utf8_lossy(&line.unwrap())));
            }
        });
        Running { child: Guarded(child), what: args.join(" "), out, lines, err: RefCell::default() }
    }
}

impl Running {
    /// Waits for it to exit.
    pub fn wait(mut self) -> Said {
        // stderr closes on exit.
        while self.next_line() {}
        let status = self.child.0.wait().unwrap();
        Said { code: status.code(), out: self.out.join().unwrap(), err: self.err.into_inner() }
    }

    /// Waits until it prints this on stderr.
    pub fn wait_until_it_says(&self, words: &str) {
        while !self.err.borrow().contains(words) {
            assert!(self.next_line(), "`{}` ended without {words:?}:\n{}", self.what, self.err.borrow());
        }
    }

    /// What follows these words on the first line of stderr that has them.
    pub fn told_after(&self, words: &str) -> String {
        self.wait_until_it_says(words);
        let said = self.err.borrow();
        said.lines().find_map(|line| Some(line.split_once(words)?.1.to_owned())).unwrap()
    }

    /// Sends a signal such as `INT`.
    pub fn signal(&self, name: &str) {
        pty::signal(self.child.0.id(), name);
    }

    /// Whether there was another line on stderr before it exited.
    fn next_line(&self) -> bool {
        match self.lines.recv_timeout(DEADLINE) {
            Ok(line) => self.err.borrow_mut().push_str(&line),
            Err(mpsc::RecvTimeoutError::Disconnected) => return false,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                self.signal("KILL");
                panic!("`{}` did not end; it said\n{}", self.what, self.err.borrow());
            }
        }
        true
    }
}

impl Said {
    /// Asserts the exit code.
    #[track_caller]
    pub fn ends(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n{}{}", self.out, self.err);
        self
    }

    /// Asserts that this is on stdout or stderr.
    #[track_caller]
    pub fn says(self, words: &str) -> Self {
        // Without a terminal lines are not wrapped, so a sentence is on one line.
        assert!(self.out.contains(words) || self.err.contains(words), "no {words:?} in\n{}{}", self.out, self.err);
        self
    }
}

/// The binary under test.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_signoff"))
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}
