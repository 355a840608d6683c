//! SSH signatures of records, made and checked by `ssh-keygen`.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::domain::failure::{Failure, FailureKind, Outcome, Service};
use crate::domain::text;
use crate::ports::records::RecordSigner;
use crate::ports::unsupported;

/// No key is configured: nothing is signed.
#[derive(Clone, Copy, Debug)]
pub struct NoKey;

#[async_trait]
impl RecordSigner for NoKey {
    async fn sign(&self, _bytes: &[u8]) -> Outcome<Option<String>> {
        Ok(None)
    }

    async fn verify(&self, login: &str, _bytes: &[u8], _signature: &str) -> Outcome<Result<(), String>> {
        let failure =
            unsupported(Service::Config, format!("check the signature of {login}"), "no list of signers is configured");
        debug_assert_eq!(failure.kind, FailureKind::Config);
        Err(failure)
    }
}

/// A signature is valid for this purpose only, so one made for another (a Git commit) cannot be reused.
const NAMESPACE: &str = "signoff";
/// An agent may ask the user to touch a key.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Signs and checks with OpenSSH's `ssh-keygen`, 8.2 or newer.
#[derive(Clone, Debug)]
pub struct SshSigner {
    program: PathBuf,
    key: Option<PathBuf>,
    allowed_signers: Option<PathBuf>,
}

impl SshSigner {
    /// Signs with `key` (a private key, or the `.pub` of one held by an agent) and checks against the file
    /// `allowed_signers`, whose principals are logins (see ssh-keygen(1)). No I/O yet.
    pub fn new(key: Option<PathBuf>, allowed_signers: Option<PathBuf>) -> Self {
        Self { program: "ssh-keygen".into(), key, allowed_signers }
    }

    async fn run(&self, operation: &str, args: &[&std::ffi::OsStr], input: &[u8]) -> Outcome<Output> {
        let mut command = Command::new(&self.program);
        command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // `never` would let it prompt on the terminal, over the screen: make it call a program that always refuses.
        command.env("SSH_ASKPASS_REQUIRE", "force").env("SSH_ASKPASS", "false");
        #[cfg(unix)]
        command.process_group(0);
        let fail = |reason: String| Failure::new(FailureKind::Local, Service::Local, operation, reason);
        let mut child = command
            .spawn()
            .map_err(|e| fail(format!("`ssh-keygen` cannot be run: {e}")).with_hint("Install OpenSSH 8.2 or newer."))?;
        let stdin = child.stdin.take();
        let whole = async {
            if let Some(mut stdin) = stdin {
                // If it exits early, it reports the reason itself.
                let _ = stdin.write_all(input).await;
            }
            child.wait_with_output().await
        };
        match tokio::time::timeout(TIMEOUT, whole).await {
            Err(_) => Err(fail(format!("`ssh-keygen` did not answer within {} s", TIMEOUT.as_secs()))
                .with_hint("Does the key's agent or hardware wait for you?")),
            Ok(output) => output.map_err(|e| fail(format!("`ssh-keygen` was lost: {e}"))),
        }
    }
}

#[async_trait]
impl RecordSigner for SshSigner {
    async fn sign(&self, bytes: &[u8]) -> Outcome<Option<String>> {
        let Some(key) = &self.key else { return Ok(None) };
        let operation = format!("sign the record with {}", show(key));
        let args = ["-Y".as_ref(), "sign".as_ref(), "-n".as_ref(), NAMESPACE.as_ref(), "-f".as_ref(), key.as_os_str()];
        let output = self.run(&operation, &args, bytes).await?;
        let signature = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() && signature.starts_with("-----BEGIN SSH SIGNATURE-----") {
            return Ok(Some(signature));
        }
        let reason = format!("`ssh-keygen` says \"{}\"", said(&output.stderr));
        Err(Failure::new(FailureKind::Local, Service::Local, operation, reason)
            .with_hint("Check the key's path; add a key with a passphrase to ssh-agent (`ssh-add`) and name its .pub."))
    }

    async fn verify(&self, login: &str, bytes: &[u8], signature: &str) -> Outcome<Result<(), String>> {
        let Some(allowed) = &self.allowed_signers else { return NoKey.verify(login, bytes, signature).await };
        let operation = format!("check the signature of {}", text::clean_line(login));
        let plain = !login.is_empty() && login.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_[]".contains(&b));
        if !plain {
            return Ok(Err("the signer's login is none".to_owned()));
        }
        let local = |reason: String| Failure::new(FailureKind::Config, Service::Config, &operation, reason);
        if !allowed.is_file() {
            return Err(local(format!("there is no {}", show(allowed))).with_hint("Check the path of allowed_signers."));
        }
        let written = tempfile::NamedTempFile::new().and_then(|mut file| {
            file.write_all(signature.as_bytes())?;
            Ok(file)
        });
        let file = written.map_err(|e| Failure {
            kind: FailureKind::Local,
            service: Service::Local,
            ..local(format!("no temporary file can be made: {e}"))
        })?;
        let [y, v, f, i, n, s] = ["-Y", "verify", "-f", "-I", "-n", "-s"].map(std::ffi::OsStr::new);
        let args = [y, v, f, allowed.as_os_str(), i, login.as_ref(), n, NAMESPACE.as_ref(), s, file.path().as_os_str()];
        let output = self.run(&operation, &args, bytes).await?;
        if output.status.success() {
            return Ok(Ok(()));
        }
        let why = [output.stderr, output.stdout].concat();
        Ok(Err(format!("the SSH signature does not hold: {}", said(&why))))
    }

    fn asks_for_signatures(&self) -> bool {
        self.allowed_signers.is_some()
    }
}

fn said(output: &[u8]) -> String {
    text::clean_line(String::from_utf8_lossy(output).trim()).chars().take(200).collect()
}

fn show(path: &Path) -> String {
    text::clean_line(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// A new key, and a file that allows it for `rev1`. Needs OpenSSH; fails without it.
    fn key(passphrase: &str) -> (tempfile::TempDir, SshSigner) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let made = std::process::Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-C", "test", "-N", passphrase, "-f"])
            .arg(&path)
            .status()
            .expect("these tests need ssh-keygen (OpenSSH 8.2 or newer)");
        assert!(made.success());
        let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
        let allowed = dir.path().join("allowed");
        std::fs::write(&allowed, format!("rev1 namespaces=\"signoff\" {public}")).unwrap();
        (dir, SshSigner::new(Some(path), Some(allowed)))
    }

    #[tokio::test]
    async fn a_signature_holds_for_its_signer_and_its_bytes_only() {
        let (_dir, signer) = key("");
        let signature = signer.sign(b"record").await.unwrap().unwrap();
        assert_eq!(signer.verify("rev1", b"record", &signature).await.unwrap(), Ok(()));
        assert!(signer.verify("rev2", b"record", &signature).await.unwrap().is_err());
        assert!(signer.verify("rev1", b"recorD", &signature).await.unwrap().is_err());
        assert!(signer.verify("rev1", b"record", "nonsense").await.unwrap().is_err());
        assert!(signer.verify("*", b"record", &signature).await.unwrap().is_err());
        let (_other, stranger) = key("");
        let forged = stranger.sign(b"record").await.unwrap().unwrap();
        assert!(signer.verify("rev1", b"record", &forged).await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_locked_or_missing_key_and_a_missing_program_are_told() {
        let (dir, locked) = key("secret");
        assert_eq!(locked.sign(b"x").await.unwrap_err().kind, FailureKind::Local);
        let missing = SshSigner::new(Some(dir.path().join("none")), Some(dir.path().join("none")));
        assert!(missing.sign(b"x").await.unwrap_err().hint.unwrap().contains("path"));
        assert_eq!(missing.verify("rev1", b"x", "y").await.unwrap_err().kind, FailureKind::Config);
        let nowhere = SshSigner { program: dir.path().join("no-such-program"), ..locked };
        assert!(nowhere.sign(b"x").await.unwrap_err().reason.contains("cannot be run"));
        assert_eq!(SshSigner::new(None, None).sign(b"x").await.unwrap(), None);
    }
}
