//! A server that speaks S3, IAM, STS and the machine's metadata service, and that nobody here wrote: `moto`, installed by
//! the tests.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{http, install};

const PACKAGE: &str = "moto[server,s3,iam,sts]==5.2.5";
const START_DEADLINE: Duration = Duration::from_secs(120);

/// Makes buckets, files, users and roles. Its arguments: the address, what to make, and with what.
const SEED: &str = r#"
import json, sys, boto3
endpoint, act, *rest = sys.argv[1:]
client = lambda name: boto3.client(name, endpoint_url=endpoint, region_name="us-east-1",
                                   aws_access_key_id="seed", aws_secret_access_key="seed")
if act == "files":
    bucket, files = rest[0], json.loads(rest[1])
    s3 = client("s3")
    s3.create_bucket(Bucket=bucket)
    for key, text in files.items():
        s3.put_object(Bucket=bucket, Key=key, Body=text.encode())
if act == "user":
    iam = client("iam")
    iam.create_user(UserName=rest[0])
    actions = ["s3:GetObject", "s3:ListBucket"]
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    iam.put_user_policy(UserName=rest[0], PolicyName="reads", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName=rest[0])["AccessKey"]
    print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
if act == "stranger":
    iam = client("iam")
    iam.create_user(UserName=rest[0])
    key = iam.create_access_key(UserName=rest[0])["AccessKey"]
    print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
"#;

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct S3Server {
    port: u16,
    python: PathBuf,
    process: Child,
    /// Closing its stdin stops the server, whatever ends the tests.
    watchdog: Child,
}

impl S3Server {
    pub fn start() -> Self {
        let bin = install::packages("moto", &[PACKAGE]).join("bin");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).unwrap().port();
        let process = Command::new(bin.join("moto_server"))
            .args(["-H", "127.0.0.1", "-p", &port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let watchdog = Command::new("sh")
            .args(["-c", r#"cat >/dev/null; kill -s KILL -- "-$1""#, "watchdog", &process.id().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let server = Self { port, python: bin.join("python"), process, watchdog };
        let deadline = Instant::now() + START_DEADLINE;
        while http::request(port, "GET", "/moto-api/data.json", "", "").is_err() {
            assert!(Instant::now() < deadline, "moto did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        server
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn seed(&self, arguments: &[&str]) -> String {
        let output =
            Command::new(&self.python).args(["-c", SEED, &self.url()]).args(arguments).output().expect("python runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Makes a bucket with these files.
    pub fn files(&self, bucket: &str, files: &Value) {
        self.seed(&["files", bucket, &files.to_string()]);
    }

    /// Makes a user who may read, or one who may nothing. Returns id and secret of the key.
    pub fn user(&self, name: &str, reads: bool) -> (String, String) {
        let said = self.seed(&[if reads { "user" } else { "stranger" }, name]);
        serde_json::from_str(&said).unwrap()
    }

    /// From now on every request must be signed by somebody who may do it.
    pub fn asks_who(&self) {
        let (status, said) = http::request(self.port, "POST", "/moto-api/reset-auth", "", "0").unwrap();
        assert_eq!(status, 200, "{said}");
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
