//! Real MLflow servers: one of each version per test binary, started on first use.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::group::Group;
use super::{http, install};

/// Time limit for the server to answer. On an idle machine it takes 4 to 5 s, mostly Python imports.
const START_DEADLINE: Duration = Duration::from_secs(180);
const START_TRIES: usize = 3;
/// The administrator of servers with sign-in.
pub const ADMIN: (&str, &str) = ("admin", "loopback-Admin-1");

/// Lets 3.x send its webhooks to a watch on this machine, as the README says.
const WEBHOOKS: [(&str, &str); 4] = [
    ("MLFLOW_WEBHOOK_ALLOWED_SCHEMES", "http,https"),
    ("MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS", "true"),
    // A webhook that was just made is sent to at once, and not within a minute.
    ("MLFLOW_WEBHOOK_CACHE_TTL", "0"),
    ("MLFLOW_WEBHOOK_SECRET_ENCRYPTION_KEY", "bG9vcGJhY2stb25seS1sb29wYmFjay1vbmx5LTAxMjM="),
];

/// The releases the adapter is tested against: the last of 2.x, and a 3.x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V2_22,
    V3_17,
}

impl Version {
    pub fn number(self) -> &'static str {
        match self {
            Self::V2_22 => "2.22.5",
            Self::V3_17 => "3.17.2",
        }
    }

    pub fn extra_packages(self) -> &'static [&'static str] {
        match self {
            // SQLAlchemy 2.1 dropped a pool class that 2.22 imports.
            Self::V2_22 => &["sqlalchemy<2.1"],
            // Required by the sign-in app.
            Self::V3_17 => &["Flask-WTF<2"],
        }
    }
}

/// How a server runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// It asks for user and password.
    SignIn,
    /// It hands out no files. They are in a store of S3 that it cannot reach.
    Unserved,
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Server {
    pub version: Version,
    pub port: u16,
    /// Where its database and files are.
    pub dir: PathBuf,
    group: Group,
}

impl Server {
    /// The server of this version shared by all tests of this binary.
    pub fn shared(version: Version) -> &'static Self {
        static V2: OnceLock<Server> = OnceLock::new();
        static V3: OnceLock<Server> = OnceLock::new();
        let cell = if version == Version::V2_22 { &V2 } else { &V3 };
        cell.get_or_init(|| Self::start(version, false))
    }

    /// A new, empty server; with `sign_in` it asks for user and password ([`ADMIN`]).
    pub fn start(version: Version, sign_in: bool) -> Self {
        Self::started(version, if sign_in { Way::SignIn } else { Way::Open })
    }

    /// A new, empty server that hands out no files: they are in `s3://models/root`, which it cannot reach.
    pub fn without_files(version: Version) -> Self {
        Self::started(version, Way::Unserved)
    }

    fn started(version: Version, way: Way) -> Self {
        let venv = install::mlflow(version.number(), version.extra_packages());
        for _ in 1..START_TRIES {
            // Another process may have taken the free port in the meantime.
            if let Ok(server) = Self::try_start(version, &venv, way) {
                return server;
            }
        }
        Self::try_start(version, &venv, way).unwrap_or_else(|log| {
            panic!(
                "MLflow {} did not start; delete {} if it is broken. Its log ends:\n{log}",
                version.number(),
                venv.display()
            )
        })
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn try_start(version: Version, venv: &Path, way: Way) -> Result<Self, String> {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("no free port").port();
        let dir = tempfile::Builder::new().prefix("signoff-mlflow-").tempdir().expect("no temporary folder").keep();
        let log_path = dir.join("log");
        let log = File::create(&log_path).expect("cannot write the log");
        let mut command = Command::new(venv.join("bin/mlflow"));
        for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("MLFLOW_")) {
            command.env_remove(name);
        }
        command
            .args(["server", "--host", "127.0.0.1", "--workers", "1", "--port", &port.to_string()])
            .arg("--backend-store-uri")
            .arg(format!("sqlite:///{}", dir.join("mlflow.db").display()))
            .envs([("MLFLOW_DISABLE_TELEMETRY", "true"), ("DO_NOT_TRACK", "true"), ("GIT_PYTHON_REFRESH", "quiet")])
            // Saves eight processes and a third of the start on 3.x.
            .env("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
            .envs(WEBHOOKS)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("cannot write the log"))
            .stderr(log)
            .current_dir(&dir);
        match way {
            Way::Open | Way::SignIn => command.arg("--artifacts-destination").arg(dir.join("artifacts")),
            Way::Unserved => command.args(["--no-serve-artifacts", "--default-artifact-root", "s3://models/root"]),
        };
        if way == Way::SignIn {
            let ini = format!(
                "[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{}/auth.db\nadmin_username = {}\nadmin_password = {}\n\
                 authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n",
                dir.display(),
                ADMIN.0,
                ADMIN.1
            );
            std::fs::write(dir.join("auth.ini"), ini).expect("cannot write auth.ini");
            command
                .args(["--app-name", "basic-auth"])
                .env("MLFLOW_AUTH_CONFIG_PATH", dir.join("auth.ini"))
                .env("MLFLOW_FLASK_SERVER_SECRET_KEY", "loopback-only");
        }
        let mut server = Self { version, port, group: Group::start(command, &dir), dir };
        let deadline = Instant::now() + START_DEADLINE;
        while Instant::now() < deadline {
            if server.group.has_ended() {
                break;
            }
            if http::request(port, "GET", "/health", "", "").is_ok_and(|(status, _)| status == 200) {
                return Ok(server);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(&log_path).unwrap_or_default();
        Err(log.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"))
    }
}
