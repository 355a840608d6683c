//! A real open-source Unity Catalog: `uc-server` of the crate `olai-uc-server`, built once by whoever wants that test.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::http;

const ROUTES: &str = "/api/2.1/unity-catalog";

/// A running server, in memory. Dropping it stops it.
#[derive(Debug)]
pub struct OpenCatalog {
    pub port: u16,
    process: Child,
    /// Closing its stdin stops the server, whatever ends the tests.
    watchdog: Child,
    _dir: tempfile::TempDir,
}

impl OpenCatalog {
    pub fn start(program: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.yaml");
        std::fs::write(&config, "managed_storage_root: \"s3://bucket/meta\"\n").unwrap();
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).unwrap().port();
        let process = Command::new(program)
            .args(["serve", "--host", "127.0.0.1", "--no-ui", "-p", &port.to_string(), "-c"])
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir(dir.path())
            .process_group(0)
            .spawn()
            .unwrap();
        let watchdog = Command::new("sh")
            .args(["-c", r#"cat >/dev/null; kill -s KILL -- "-$1""#, "watchdog", &process.id().to_string()])
            .stdin(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let server = Self { port, process, watchdog, _dir: dir };
        let deadline = Instant::now() + Duration::from_secs(60);
        while http::request(port, "GET", &format!("{ROUTES}/catalogs"), "", "").is_err() {
            assert!(Instant::now() < deadline, "uc-server did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let (status, said) =
            http::request(self.port, method, &format!("{ROUTES}{path}"), "", &body.to_string()).unwrap();
        assert!((200..300).contains(&status), "{method} {path}: {status} {said}");
        serde_json::from_str(&said).unwrap_or(Value::Null)
    }

    /// Adds a version that was trained by this run.
    pub fn version(&self, run: &str) {
        let body = json!({
            "catalog_name": "prod", "schema_name": "telco", "model_name": "churn", "source": format!("runs:/{run}/model"),
            "run_id": run,
        });
        let made = self.call("POST", "/models/versions", &body);
        let number = made["version"].as_str().map_or_else(|| made["version"].to_string(), str::to_owned);
        let body = json!({"full_name": "prod.telco.churn", "version": number.parse::<u64>().unwrap()});
        self.call("PATCH", &format!("/models/prod.telco.churn/versions/{number}/finalize"), &body);
    }
}

impl Drop for OpenCatalog {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
