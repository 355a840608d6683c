//! Signatures of records with the signer's SSH key, made and checked by `ssh-keygen`.

use async_trait::async_trait;

use crate::failure::{FailureKind, Outcome, Service};
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
