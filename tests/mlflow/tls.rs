//! TLS certificates: trusted, untrusted, and missing.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use signoff::adapters::http::Tls;
use signoff::adapters::mlflow::{Auth, Mlflow};
use signoff::domain::failure::{FailureKind, Outcome};
use signoff::ports::ModelRegistry;

use crate::connection;
use crate::support::install;
use crate::support::mlflow_server::Version;
use crate::support::stub::{Act, Stub};

/// Creates a certificate for 127.0.0.1 with its own CA and answers `{}` to everything. Exits when its stdin closes.
const SERVER: &str = r#"
import datetime, http.server, ipaddress, os, ssl, sys, threading
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

now = datetime.datetime.now(datetime.timezone.utc)
def certificate(name, key, issuer, signer, ca):
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    if not ca:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

folder = sys.argv[1]
ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
for file, data in {
    "ca.pem": certificate(name("test authority"), ca_key, name("test authority"), ca_key, True),
    "server.pem": certificate(name("server"), key, name("test authority"), ca_key, False) + private,
}.items():
    with open(os.path.join(folder, file), "wb") as f:
        f.write(data)

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *args):
        pass

context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(os.path.join(folder, "server.pem"))
class Server(http.server.ThreadingHTTPServer):
    def get_request(self):
        sock, address = super().get_request()
        return context.wrap_socket(sock, server_side=True), address

server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
"#;

struct TlsServer {
    process: Child,
    dir: tempfile::TempDir,
    url: String,
}

impl TlsServer {
    /// Uses the Python of the MLflow install, which has the `cryptography` package.
    fn start() -> Self {
        let venv = install::mlflow(Version::V3_17.number(), Version::V3_17.extra_packages());
        let dir = tempfile::tempdir().unwrap();
        let mut process = Command::new(venv.join("bin/python"))
            .args(["-c", SERVER])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, dir, url: format!("https://127.0.0.1:{}", port.trim()) }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn read(url: &str, tls: Tls) -> Outcome<usize> {
    let mut connection = connection(url, Auth::None);
    connection.settings.tls = tls;
    Mlflow::new(&connection).models(None, None).await.map(|page| page.items.len())
}

fn ca(file: impl Into<PathBuf>) -> Tls {
    Tls { insecure: false, ca_file: Some(file.into()) }
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_when_named() {
    let server = TlsServer::start();
    let failure = read(&server.url, Tls::default()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.reason.contains("is not trusted"), "{failure:?}");
    assert!(failure.hint.unwrap().contains("MLFLOW_TRACKING_SERVER_CERT_PATH"));
    assert_eq!(read(&server.url, ca(server.dir.path().join("ca.pem"))).await, Ok(0));
    assert_eq!(read(&server.url, Tls { insecure: true, ca_file: None }).await, Ok(0));
}

#[tokio::test]
async fn a_ca_file_that_is_none_is_a_configuration_mistake() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("empty.pem"), "not a certificate").unwrap();
    for (file, part) in [("missing.pem", "cannot be read"), ("empty.pem", "holds no certificate")] {
        let failure = read("https://127.0.0.1:1", ca(dir.path().join(file))).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Config);
        assert!(failure.reason.contains(part) && failure.reason.contains(file), "{failure:?}");
    }
}

#[tokio::test]
async fn https_to_a_server_without_it_says_so() {
    let stub = Stub::start(vec![Act::json("{}")]);
    let failure = read(&stub.url().replace("http:", "https:"), Tls::default()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.hint.is_some(), "{failure:?}");
}
